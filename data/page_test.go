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

// views are what the page says of questions that no table answers by itself.
const views = `
## Views

How many apps ship the same model, which marks what SDKs and published models bring along, is not a column: it belongs to the set of apps that one looks at, not to a model. Rows are written while apps are still being read, Arrow streams cannot be gone back to, and tables of several scans are read together, where a stored count would be wrong. Over whatever is in the folder it is this view (DuckDB; versions of one app count once in packages):

` + "```sql" + `
create view sharing as
select f.model_id, any_value(f.format) as format, min(f.path) as path,
       count(distinct f.app_sha256) as apps,
       count(distinct coalesce(a.package_name, a.app_sha256)) as packages,
       count(distinct f.app_sha256) filter (where f.owner <> 'app') as apps_by_owner
from 'TABLES/files/*.parquet' f join 'TABLES/apps/*.parquet' a using (app_sha256)
where f.status in ('parsed', 'partial', 'opaque') and a.container <> 'file'
group by f.model_id
` + "```" + `

apps_by_owner is in how many of them path, package or hash already tell an owner other than the app. A model that is not in the view was seen in loose files alone: how many apps ship it is unknown, not 0. A scan's summary tells the number of such models and the one in most apps.
`

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
	b.WriteString(views)
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
