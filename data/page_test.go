package data_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/data"
)

// TestSchemaPage_isCurrent holds SCHEMA.md to the row types and their comments.
func TestSchemaPage_isCurrent(t *testing.T) {
	got := schemaPage(t)
	if *update {
		if err := os.WriteFile("SCHEMA.md", []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("SCHEMA.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Error("SCHEMA.md is stale: run go test ./data -update and read the diff")
	}
}

func schemaPage(t *testing.T) string {
	t.Helper()
	types := map[string]*ast.GenDecl{}
	fset := token.NewFileSet()
	for _, f := range []string{"schema.go", "schema_more.go"} {
		file, err := parser.ParseFile(fset, f, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.TYPE {
				types[g.Specs[0].(*ast.TypeSpec).Name.Name] = g
			}
		}
	}
	var b strings.Builder
	b.WriteString("# Tables\n\nGenerated from the row types of package data by its tests.\n\n")
	fmt.Fprintf(&b, "Plain Parquet, one folder a table: `TABLES/<table>/*.parquet`, one fixed flat schema in every file. Schema version %d. Columns are added, never renamed. Null is unknown; it is never 0. Sizes are bytes, `_ms` milliseconds, `_mj` millijoules.\n", data.SchemaVersion)
	names := map[string]string{"apps": "App", "files": "File", "models": "Model", "layers": "Layer", "tensors": "Tensor", "evidence": "Evidence", "relations": "Relation", "measurements": "Measurement", "predictions": "Prediction"}
	for _, tab := range data.Tables() {
		decl := types[names[tab.Name]]
		if decl == nil {
			t.Fatalf("no row type for table %s", tab.Name)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| column | type | meaning |\n|---|---|---|\n", tab.Name, strings.Join(strings.Fields(decl.Doc.Text()), " "))
		for _, f := range decl.Specs[0].(*ast.TypeSpec).Type.(*ast.StructType).Fields.List {
			tag, err := strconv.Unquote(f.Tag.Value)
			if err != nil {
				t.Fatal(err)
			}
			column, opts, _ := strings.Cut(reflect.StructTag(tag).Get("parquet"), ",")
			doc := strings.TrimSpace(f.Comment.Text())
			if doc == "" {
				t.Errorf("%s.%s has no comment", tab.Name, column)
			}
			fmt.Fprintf(&b, "| %s | %s | %s |\n", column, columnType(f.Type, strings.Contains(opts, "optional")), doc)
		}
	}
	return b.String()
}

func columnType(e ast.Expr, nullable bool) string {
	var s string
	switch e := e.(type) {
	case *ast.StarExpr:
		return columnType(e.X, true)
	case *ast.ArrayType:
		s = "LIST<" + columnType(e.Elt, false) + ">"
	case *ast.Ident:
		s = map[string]string{"string": "STRING", "int64": "INT64", "int32": "INT32", "float64": "DOUBLE", "bool": "BOOLEAN"}[e.Name]
	}
	if nullable {
		s += ", nullable"
	}
	return s
}
