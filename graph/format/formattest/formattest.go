// Package formattest is the conformance suite that every format's test calls:
// what design and house style demand of all parsers, in one place.
package formattest

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Fixture is one file of a format, with its companions.
type Fixture struct {
	Name string
	Data []byte
	// Companions by name, nil for a single file.
	Companions map[string][]byte
}

// Load reads the fixtures testdata/*, one per file whose name matches pattern;
// every other file of the folder is offered as a companion.
func Load(t testing.TB, pattern string) []Fixture {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", pattern))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures testdata/%s: %v", pattern, err)
	}
	all := map[string][]byte{}
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		b, err := os.ReadFile(filepath.Join("testdata", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = b
	}
	var out []Fixture
	for _, p := range paths {
		n := filepath.Base(p)
		out = append(out, Fixture{n, all[n], all})
	}
	return out
}

// Input returns the fixture as a parser gets it.
func (f Fixture) Input() format.Input {
	return format.Input{
		Path: "testdata/" + f.Name, Name: f.Name, Data: f.Data,
		Open: func(name string) ([]byte, error) {
			if b, ok := f.Companions[name]; ok {
				return b, nil
			}
			return nil, format.ErrNotFound
		},
		List: func() []string {
			var names []string
			for n := range f.Companions {
				names = append(names, n)
			}
			return names
		},
	}
}

// Head returns the fixture as Match gets it.
func (f Fixture) Head() format.Head {
	return format.Head{Name: f.Name, Bytes: f.Data[:min(len(f.Data), format.MaxHead)], Size: int64(len(f.Data))}
}

// Run holds a format to the contract over its fixtures: it matches them under
// any name, parses deterministically to a valid graph, and answers every
// prefix and many single-byte changes with an error or a valid graph, never a
// panic.
func Run(t *testing.T, f format.Format, fixtures []Fixture) {
	t.Helper()
	if f.Name == "" || f.Title == "" || f.Magic == "" || f.Reads == "" || f.ReadsNot == "" || f.Match == nil || f.Parse == nil {
		t.Errorf("format %q: name, title, magic, reads, reads-not, match and parse must all be set", f.Name)
	}
	for _, fx := range fixtures {
		t.Run(fx.Name, func(t *testing.T) {
			matches(t, f, fx)
			want := parses(t, f, fx)
			prefixes(t, f, fx)
			mutants(t, f, fx)
			if got := parses(t, f, fx); got != want {
				t.Error("a second parse gives another model")
			}
		})
	}
}

func matches(t *testing.T, f format.Format, fx Fixture) {
	t.Helper()
	if f.Match(fx.Head()) == format.No {
		t.Fatal("own fixture is not matched")
	}
	h := fx.Head()
	h.Name = "renamed.xyz"
	if f.Match(h) == format.No {
		t.Error("fixture is not matched under another name: extensions must only be a hint")
	}
	if c := f.Match(format.Head{Name: fx.Name, Size: 0}); c != format.No {
		t.Errorf("empty file matched with confidence %d", c)
	}
}

func parses(t *testing.T, f format.Format, fx Fixture) string {
	t.Helper()
	m, err := f.Parse(fx.Input())
	if err != nil {
		t.Fatalf("parse: %v", err)
	}
	if m.Format != f.Name {
		t.Errorf("model's format is %q, want %q", m.Format, f.Name)
	}
	if err := graph.Validate(m); err != nil {
		t.Fatalf("validate: %v", err)
	}
	var b bytes.Buffer
	if err := graph.Dump(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func prefixes(t *testing.T, f format.Format, fx Fixture) {
	step := max(1, len(fx.Data)/300)
	for n := 0; n < len(fx.Data); n += step {
		cut := fx
		cut.Data = append([]byte(nil), fx.Data[:n]...)
		safe(t, f, cut, "prefix", n)
	}
}

func mutants(t *testing.T, f format.Format, fx Fixture) {
	step := max(1, len(fx.Data)/400)
	for i := 0; i < len(fx.Data); i += step {
		for _, x := range []byte{0xff, 0x80, 0x01} {
			bad := fx
			bad.Data = append([]byte(nil), fx.Data...)
			bad.Data[i] ^= x
			safe(t, f, bad, "changed byte", i)
		}
	}
}

// safe parses bytes that may be bad: an error must be a *format.Error without
// a model; a model must be valid.
func safe(t *testing.T, f format.Format, fx Fixture, what string, at int) {
	t.Helper()
	defer func() {
		if r := recover(); r != nil {
			t.Fatalf("%s %d: panic: %v", what, at, r)
		}
	}()
	m, err := f.Parse(fx.Input())
	if err != nil {
		var fe *format.Error
		if m != nil || !errors.As(err, &fe) || fe.Kind == nil {
			t.Fatalf("%s %d: error %q must be a *format.Error with a kind, and the model nil", what, at, err)
		}
		if !strings.Contains(err.Error(), f.Name) {
			t.Fatalf("%s %d: error %q does not name the format", what, at, err)
		}
		return
	}
	if err := graph.Validate(m); err != nil {
		t.Fatalf("%s %d: invalid graph: %v", what, at, err)
	}
}

// Golden compares the dump of a parsed model with testdata/<name>.golden and
// rewrites the file when update is set. Read the diff before committing it.
func Golden(t *testing.T, f format.Format, fx Fixture, update Update) {
	t.Helper()
	got := parses(t, f, fx)
	path := filepath.Join("testdata", fx.Name+".golden")
	if update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("golden: %v (run with -update and read the diff)", err)
	}
	if got != string(want) {
		t.Errorf("dump of %s differs from %s:\n%s", fx.Name, path, firstDifference(got, string(want)))
	}
}

// Update says that golden files are to be rewritten.
type Update bool

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return "line " + g[i] + "\nwant " + w[i]
		}
	}
	return "one is a prefix of the other"
}

// Fuzz runs a format's fuzz target, seeded with its fixtures.
func Fuzz(f *testing.F, ft format.Format, fixtures []Fixture) {
	for _, fx := range fixtures {
		f.Add(fx.Data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { Try(t, ft, data) })
}

// Try matches and parses bytes that may be anything: the body of a fuzz target. An
// error must leave no model, a model must be valid.
func Try(t *testing.T, ft format.Format, data []byte) {
	t.Helper()
	fx := Fixture{Name: "fuzz.bin", Data: data}
	ft.Match(fx.Head())
	m, err := ft.Parse(fx.Input())
	if err != nil {
		if m != nil {
			t.Fatal("error with a model")
		}
		return
	}
	if err := graph.Validate(m); err != nil {
		t.Fatalf("invalid graph: %v", err)
	}
}

// Shared returns the path of a file below the folder ../shared that stands
// beside the project in development, and skips the test where it is absent.
func Shared(t testing.TB, rel string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("no go.mod above the test: cannot find ../shared")
		}
		dir = up
	}
	p := filepath.Join(filepath.Dir(dir), "shared", rel)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("../shared/%s is not here", rel)
	}
	return p
}
