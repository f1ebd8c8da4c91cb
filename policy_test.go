// Package gaugenn_test holds the project to its own layout: who may import
// whom, which package is the one door to a third-party module, and what a
// file, package or fixture may look like. It parses the source itself, so that
// no cache can hide a change.
//
// The tables are a statement of policy. Do not change them to fix a build.
package gaugenn_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/gaugenn/gaugenn"

// mayImport lists, for each package (a trailing /* stands for every package
// below), the packages of ours that it may import. More specific entries win.
// A trailing /... in a value allows the package and everything below it.
var mayImport = map[string][]string{
	"graph":                   {},
	"graph/format":            {"graph"},
	"graph/format/*":          {"graph", "graph/format", "graph/format/internal/..."},
	"graph/format/internal/*": {"graph", "graph/format", "graph/format/internal/..."},
	"graph/format/formattest": {"graph", "graph/format"},
	"graph/format/all":        {"graph/format/..."},
	"graph/weights":           {"graph"},
	"graph/bind":              {"graph"},
	"graph/op":                {"graph", "graph/weights"},
	"graph/identify":          {"graph", "graph/op"},
	"extract/container":       {},
	"extract/evidence":        {"extract/container", "extract/evidence/..."},
	"extract/evidence/*":      {"extract/container"},
	"extract/extracttest":     {},
	"extract":                 {"graph", "graph/format", "extract/..."},
	"estimate/device":         {},
	"estimate/text":           {},
	"estimate/record":         {"graph", "estimate/device", "estimate/feature"},
	"estimate/feature":        {"graph", "estimate/device"},
	"estimate/feature/*":      {"graph", "graph/op", "estimate/device", "estimate/record", "estimate/feature"},
	"estimate/regress":        {},
	"estimate/regress/*":      {"graph", "estimate/device", "estimate/record", "estimate/feature/...", "estimate/regress/..."},
	"estimate/simulate":       {"graph", "estimate/..."},
	"estimate":                {"graph", "estimate/..."},
	"calibrate":               {"graph", "estimate/...", "calibrate/..."},
	"calibrate/runtime":       {},
	"calibrate/runtime/*":     {"calibrate/runtime", "calibrate/runtime/opprofile"},
	"calibrate/additive":      {"estimate/feature", "estimate/regress"},
	"calibrate/opcost":        {"estimate/feature", "estimate/regress", "estimate/regress/process", "calibrate/additive"},
	"calibrate/plan":          {"estimate/feature", "calibrate/additive"},
	"calibrate/probe":         {},
	"calibrate/run":           {"calibrate/runtime", "calibrate/adb"},
	"calibrate/adb":           {},
	"calibrate/adb/*":         {"calibrate/adb"},
	"calibrate/meter":         {},
	"calibrate/meter/*":       {"calibrate/meter"},
	"data":                    {"graph/...", "extract/...", "estimate/...", "calibrate/..."},
	"cmd/*":                   {"graph/...", "extract/...", "estimate/...", "calibrate/...", "data", "cmd/..."},
}

// doors names the packages that may import a third-party module; every other
// use is refused. A module without an entry may not be imported at all.
var doors = map[string][]string{
	"github.com/apache/arrow/go/v15":     {"data"},
	"github.com/parquet-go/parquet-go":   {"data"},
	"github.com/klauspost/compress":      {"extract/container"},
	"github.com/ulikunitz/xz":            {"extract/container"},
	"github.com/edsrzf/mmap-go":          {"extract/container"},
	"github.com/sugarme/tokenizer":       {"estimate/text"},
	"golang.org/x/text":                  {"estimate/text"},
	"gorgonia.org/tensor":                {"graph/weights"},
	"go4.org/unsafe/assume-no-moving-gc": {"graph/weights"},
	"gonum.org/v1/gonum":                 {"estimate/regress", "estimate/regress/*", "estimate/simulate", "calibrate", "calibrate/additive", "calibrate/opcost"},
	"gonum.org/v1/plot":                  {"cmd/*"},
	"google.golang.org/protobuf":         {"graph/format/internal/protowire", "graph/format/internal/textwire", "calibrate/meter/perfetto", "tests"},
	"github.com/ebitengine/purego":       {"extract/container", "calibrate/runtime/*"},
	"github.com/spf13/cobra":             {"cmd/*"},
	"github.com/vbauerster/mpb/v8":       {"cmd/*"},
	"github.com/jedib0t/go-pretty/v6":    {"cmd/*"},
	"golang.org/x/term":                  {"cmd/*"},
	"golang.org/x/sync":                  {"extract", "extract/container", "calibrate", "calibrate/opcost", "cmd/*"},
	"golang.org/x/sys":                   {"extract/container", "calibrate/runtime/*", "cmd/*"},
	"github.com/google/flatbuffers":      {"calibrate/probe", "tests"},
	"github.com/google/go-cmp":           {"tests"},
}

var topFolders = []string{"cmd", "extract", "graph", "estimate", "calibrate", "data", "notebooks"}

type source struct {
	path, pkg string
	test      bool
	file      *ast.File
	lines     int
}

func sources(t *testing.T) []source {
	t.Helper()
	fset := token.NewFileSet()
	var out []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); path != "." && (strings.HasPrefix(n, ".") || n == "testdata" || n == "deps" || n == "node_modules" || n == "build") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, path, src, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{filepath.ToSlash(path), filepath.ToSlash(filepath.Dir(path)), strings.HasSuffix(path, "_test.go"), f, strings.Count(string(src), "\n")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 20 {
		t.Fatalf("only %d Go files found: the walk is broken", len(out))
	}
	return out
}

func TestPolicy_importsFollowTheLayers(t *testing.T) {
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		allowed, ok := rule(mayImport, s.pkg)
		if !ok {
			t.Errorf("%s: package %q is not in the table of ARCHITECTURE.md", s.path, s.pkg)
			continue
		}
		for _, spec := range s.file.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			if rest, ours := strings.CutPrefix(p, module+"/"); ours && rest != s.pkg && !matchesAny(allowed, rest) {
				t.Errorf("%s imports %s: not allowed for %s", s.path, rest, s.pkg)
			}
		}
	}
}

func TestPolicy_eachModuleHasItsDoor(t *testing.T) {
	for _, s := range sources(t) {
		for _, spec := range s.file.Imports {
			p, _ := strconv.Unquote(spec.Path.Value)
			first, _, _ := strings.Cut(p, "/")
			if !strings.Contains(first, ".") || strings.HasPrefix(p, module) {
				continue
			}
			packages, ok := doorOf(p)
			switch {
			case !ok:
				t.Errorf("%s imports %s: no door is listed for this module", s.path, p)
			case s.test && (slices.Contains(packages, "tests") || matchesDoor(packages, s.pkg)):
			case !s.test && matchesDoor(packages, s.pkg):
			default:
				t.Errorf("%s imports %s: its door is %v", s.path, p, packages)
			}
		}
	}
}

func TestPolicy_filesAndPackages(t *testing.T) {
	badName := regexp.MustCompile(`(^|/)(utils?|common|helpers?|misc|base|types|core|managers?)$`)
	documented := map[string]bool{}
	files := map[string]int{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if top, _, _ := strings.Cut(s.pkg, "/"); !slices.Contains(topFolders, top) {
			t.Errorf("%s: top-level folder %q", s.path, top)
		}
		if badName.MatchString(s.pkg) {
			t.Errorf("%s: package named for no noun of the field", s.path)
		}
		if s.file.Doc != nil {
			documented[s.pkg] = true
		}
		files[s.pkg]++
		generated := strings.HasSuffix(s.path, "_gen.go") || strings.HasSuffix(s.path, "_table.go")
		if s.lines > 800 && !generated {
			t.Errorf("%s has %d lines: one idea a file", s.path, s.lines)
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s: init(): registration is an explicit list", s.path)
			}
		}
	}
	for pkg := range files {
		if !documented[pkg] {
			t.Errorf("%s: no package comment", pkg)
		}
	}
}

func TestPolicy_fixturesAreSmall(t *testing.T) {
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if path != "." && strings.HasPrefix(d.Name(), ".") || d.Name() == "deps" || d.Name() == "build" {
				return filepath.SkipDir
			}
			if d.Name() == "testdata" {
				if n := folderBytes(t, path); n > 2<<20 {
					t.Errorf("%s holds %d bytes, more than 2 MiB", path, n)
				}
			}
			return nil
		}
		if !strings.Contains(filepath.ToSlash(path), "testdata/") {
			return nil
		}
		st, err := d.Info()
		if err == nil && st.Size() > 200<<10 {
			t.Errorf("%s has %d bytes, more than 200 KiB", path, st.Size())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func folderBytes(t *testing.T, dir string) (n int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err == nil {
			n += st.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// rule returns the most specific entry of table for pkg.
func rule(table map[string][]string, pkg string) ([]string, bool) {
	if v, ok := table[pkg]; ok {
		return v, true
	}
	for dir := pkg; ; {
		i := strings.LastIndexByte(dir, '/')
		if i < 0 {
			return nil, false
		}
		dir = dir[:i]
		if v, ok := table[dir+"/*"]; ok {
			return v, true
		}
	}
}

func matchesAny(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		if dir, ok := strings.CutSuffix(p, "/..."); ok {
			return pkg == dir || strings.HasPrefix(pkg, dir+"/")
		}
		return pkg == p
	})
}

func doorOf(path string) ([]string, bool) {
	for m, d := range doors {
		if path == m || strings.HasPrefix(path, m+"/") {
			return d, true
		}
	}
	return nil, false
}

func matchesDoor(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		dir, wild := strings.CutSuffix(p, "/*")
		return pkg == p || wild && strings.HasPrefix(pkg, dir+"/")
	})
}
