package tflite_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/tflite"
)

// got names the folder with the files of registry packages, which the corpus
// describes but does not hold.
var got = flag.String("got", "", "folder of unpacked registry packages")

// unreachable says how many bytes at the end of a file belong to an object
// that nothing refers to: a second OperatorCode that TOCO left in one model.
var unreachable = map[string]int64{"rnet.tflite": 8}

// truths returns the corpus's records of real models, with those of *got.
func truths(t testing.TB) []formattest.Truth {
	t.Helper()
	path := formattest.Shared(t, "corpus/truth.jsonl.gz")
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []formattest.Truth
	for dec := json.NewDecoder(z); ; {
		var r formattest.Truth
		if err := dec.Decode(&r); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if r.Format != tflite.Name {
			continue
		}
		for _, dir := range []string{filepath.Dir(path), *got} {
			p := filepath.Join(dir, r.Path)
			if _, err := os.Stat(p); err == nil && dir != "" {
				r.File = p
				out = append(out, r)
				break
			}
		}
	}
	return out
}

func TestParse_corpus(t *testing.T) {
	shapes, wrong := 0, 0
	for _, r := range truths(t) {
		t.Run(r.Path, func(t *testing.T) {
			if c := tflite.Format.Match(formattest.FileHead(t, r.File)); c != format.Certain {
				t.Errorf("match = %d, want certain", c)
			}
			in := formattest.FileInput(t, r.File)
			m, err := tflite.Format.Parse(in)
			if err != nil {
				t.Fatal(err)
			}
			if err := graph.Validate(m); err != nil {
				t.Fatal(err)
			}
			if m.Length != int64(len(in.Data))-unreachable[filepath.Base(r.Path)] {
				t.Errorf("length %d of a file of %d bytes", m.Length, len(in.Data))
			}
			n, bad := compare(t, m, r)
			shapes, wrong = shapes+n, wrong+bad
			if got, ok := formattest.Params(m); r.Params != nil && (!ok || got != *r.Params) {
				t.Errorf("params = %d (known %v), want %d", got, ok, *r.Params)
			}
		})
	}
	t.Logf("%d output shapes compared, %d differ", shapes, wrong)
}

// compare checks operator words in order and the shapes of their results; it
// returns how many shapes were compared and how many differ.
func compare(t *testing.T, m *graph.Model, r formattest.Truth) (n, bad int) {
	t.Helper()
	i := 0
	for gi, g := range m.Graphs {
		for k := range g.Nodes {
			node := &g.Nodes[k]
			if i >= len(r.Ops) {
				t.Fatalf("more than %d operators", len(r.Ops))
			}
			want := r.Ops[i]
			i++
			if w := strings.TrimPrefix(want.Op, "CUSTOM:"); node.SourceOp != w || gi != want.G {
				t.Fatalf("graph %d operator %d is %s, want %s in graph %d", gi, k, node.SourceOp, w, want.G)
			}
			if node.Op == graph.Unknown {
				t.Errorf("%s has no canonical operator", node.SourceOp)
			}
			for o, shape := range want.OutShapes {
				if shape == nil || o >= len(node.Outputs) {
					continue
				}
				n++
				if have := g.Tensors[node.Outputs[o]].Shape.Ints(); !sameShape(shape, have) {
					bad++
					t.Errorf("operator %d %s output %d: shape %v, want %v", k, node.SourceOp, o, have, shape)
				}
			}
		}
	}
	if i != len(r.Ops) {
		t.Errorf("%d operators, want %d", i, len(r.Ops))
	}
	return n, bad
}

func sameShape(want, have []int64) bool {
	return have != nil && slices.EqualFunc(want, have, func(w, h int64) bool { return w == -1 || w == h || w == 1 && h == -1 })
}

// TestParse_embedded finds every model again inside a larger file.
func TestParse_embedded(t *testing.T) {
	for _, r := range truths(t) {
		in := formattest.FileInput(t, r.File)
		size := int64(len(in.Data)) - unreachable[filepath.Base(r.Path)]
		for _, tail := range [][]byte{{1, 2, 3}, bytes.Repeat([]byte{0xff}, 100), bytes.Repeat([]byte{0}, 5000), []byte("PK\x03\x04 not this model's archive PK\x05\x06")} {
			in.Data = append(slices.Clip(in.Data[:size]), tail...)
			in.Trailing = true
			m, err := tflite.Format.Parse(in)
			if err != nil {
				t.Errorf("%s: %v", r.Path, err)
				continue
			}
			if m.Length != size {
				t.Errorf("%s with %d bytes behind: length %d, want %d", r.Path, len(tail), m.Length, size)
			}
		}
	}
}
