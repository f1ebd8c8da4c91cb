package formattest

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Truth is what an independent tool says of one real file.
type Truth struct {
	// File is the file's place on this machine.
	File string `json:"-"`
	// Path is its place in the corpus; Format and Kind are the corpus's words.
	Path, Format, Kind string
	Ops                []TruthOp
	Params             *int64
	MACs               *int64
	Caveats            []string
}

// TruthOp is one operator in file order.
type TruthOp struct {
	Op, Name  string
	OutShapes [][]int64 `json:"out_shapes"`
	MACs      *int64
	G         int
}

// Truths returns the records of a format whose files are in the corpus beside
// the project, sorted by path; it skips the test where there is no corpus.
func Truths(t testing.TB, formats ...string) []Truth {
	t.Helper()
	path := Shared(t, "corpus/truth.jsonl.gz")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []Truth
	lines := bufio.NewScanner(z)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r Truth
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		for _, name := range formats {
			if r.Format != name {
				continue
			}
			r.File = filepath.Join(filepath.Dir(path), r.Path)
			if _, err := os.Stat(r.File); err == nil {
				out = append(out, r)
			}
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Path < out[j].Path })
	return out
}

// FileInput returns a file of the disk as a parser gets it, with the files
// beside it as companions.
func FileInput(t testing.TB, path string) format.Input {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(path)
	return format.Input{
		Path: path, Name: filepath.Base(path), Data: data,
		Open: func(name string) ([]byte, error) {
			if !filepath.IsLocal(name) {
				return nil, format.ErrNotFound
			}
			b, err := os.ReadFile(filepath.Join(dir, name))
			if errors.Is(err, os.ErrNotExist) {
				return nil, format.ErrNotFound
			}
			return b, err
		},
		List: func() []string {
			entries, _ := os.ReadDir(dir)
			var names []string
			for _, e := range entries {
				if !e.IsDir() {
					names = append(names, e.Name())
				}
			}
			return names
		},
	}
}

// FileHead returns a file of the disk as Match gets it.
func FileHead(t testing.TB, path string) format.Head {
	t.Helper()
	in := FileInput(t, path)
	return format.Head{Name: in.Name, Bytes: in.Data[:min(len(in.Data), format.MaxHead)], Size: int64(len(in.Data))}
}

// CheckTruth parses the corpus files of a format and compares operator lists
// and parameter counts with the truth. Records for which except returns a
// reason are logged instead of failed.
func CheckTruth(t *testing.T, f format.Format, records []Truth, except func(Truth) string) {
	t.Helper()
	for _, r := range records {
		t.Run(r.Path, func(t *testing.T) {
			if f.Match(FileHead(t, r.File)) == format.No {
				t.Fatal("not matched")
			}
			m, err := f.Parse(FileInput(t, r.File))
			if r.Kind == "part" && errors.Is(err, format.ErrPart) {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := graph.Validate(m); err != nil {
				t.Fatal(err)
			}
			if r.Kind == "part" {
				return
			}
			complain := t.Errorf
			if except != nil {
				if reason := except(r); reason != "" {
					complain = func(msg string, args ...any) { t.Logf("("+reason+") "+msg, args...) }
				}
			}
			compareOps(complain, m, r)
			if got, ok := Params(m); r.Params != nil && ok && got != *r.Params {
				complain("params = %d, want %d", got, *r.Params)
			}
		})
	}
}

func compareOps(complain func(string, ...any), m *graph.Model, r Truth) {
	got, want := SourceOps(m), make([]string, len(r.Ops))
	for i, o := range r.Ops {
		want[i] = o.Op
	}
	if len(want) == 0 {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			complain("op %d is %q, want %q (%d ops, want %d)", i, got[i], want[i], len(got), len(want))
			return
		}
	}
	if len(got) != len(want) {
		complain("%d ops, want %d: %s", len(got), len(want), strings.Join(got[min(len(got), len(want)):], " "))
	}
}

// SourceOps returns the file's own operator words, graph by graph.
func SourceOps(m *graph.Model) []string {
	var out []string
	for _, g := range m.Graphs {
		for i := range g.Nodes {
			out = append(out, g.Nodes[i].SourceOp)
		}
	}
	return out
}

// Params returns the element count of all constants, each stored value once;
// ok is false where a shape is not known.
func Params(m *graph.Model) (n int64, ok bool) {
	seen := map[*graph.Const]bool{}
	ok = true
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			t := &g.Tensors[i]
			if t.Const == nil || t.Const.NotParam || seen[t.Const] {
				continue
			}
			seen[t.Const] = true
			e, known := t.Shape.Elements()
			ok = ok && known
			n += e
		}
	}
	return n, ok
}
