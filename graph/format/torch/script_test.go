package torch_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/torch"
)

func TestParse_stepsOfASequential(t *testing.T) {
	m := load(t, "sequential_trace.pt")
	want := []string{"_convolution", "batch_norm", "hardswish", "_convolution", "hardtanh", "adaptive_avg_pool2d", "flatten", "linear"}
	if got := formattest.SourceOps(m); !slices.Equal(got, want) {
		t.Errorf("traced\n got %v\nwant %v", got, want)
	}
	if n, _ := formattest.Params(m); n != 216+8+32+1+72+8+36 {
		t.Errorf("params %d", n)
	}
}

func TestParse_followsFunctionsOutsideClasses(t *testing.T) {
	got := formattest.SourceOps(load(t, "sequential_script.pt"))
	for _, word := range []string{"conv2d", "batch_norm", "hardswish", "hardtanh", "adaptive_avg_pool2d", "flatten", "linear"} {
		if !slices.Contains(got, word) {
			t.Errorf("no %s in %v", word, got)
		}
	}
	for _, word := range got {
		if strings.HasPrefix(word, "_0") || word == "getattr" || word == "forward" {
			t.Errorf("%s is no operator", word)
		}
	}
}

// rewritten copies an archive with other bytes for some entries, after extra ones.
func rewritten(t *testing.T, data []byte, change map[string]string, extra map[string][]byte) []byte {
	t.Helper()
	old, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	put := func(name string, d []byte) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(d)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, f := range old.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		d, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := change[f.Name]; ok {
			d = []byte(text)
		}
		put(f.Name, d)
		if i == 0 {
			for name, d := range extra {
				put(name, d)
			}
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestMatch_archivesThatBeginWithWeights(t *testing.T) {
	small := formattest.Load(t, "sequential_trace.pt")[0].Input().Data
	data := rewritten(t, small, nil, map[string][]byte{"sequential/data/99": make([]byte, 2*format.MaxHead)})
	if c := torch.Format.Match(format.Head{Name: "x", Bytes: data[:format.MaxHead], Size: int64(len(data))}); c != format.Likely {
		t.Errorf("confidence %d, want likely: the pickles lie behind the head", c)
	}
	m, err := torch.Parse(format.Input{Name: "x", Data: data})
	if err != nil || len(m.Graphs[0].Nodes) != 8 {
		t.Errorf("parse: %v", err)
	}
}

func TestParse_codeThatCallsItselfEndsAtTheLimit(t *testing.T) {
	small := formattest.Load(t, "script.pt")[0].Input().Data
	code := "class Net(Module):\n  def forward(self: __torch__.Net, x: Tensor) -> Tensor:\n    _0 = (self).forward(x, )\n    _1 = (self).forward(x, )\n    return _1\n"
	data := rewritten(t, small, map[string]string{"net/code/__torch__.py": code}, nil)
	if _, err := torch.Parse(format.Input{Name: "x", Data: data}); !errors.Is(err, format.ErrLimit) {
		t.Errorf("got %v, want a limit", err)
	}
}

func TestParse_aCallsResultIsReadOnce(t *testing.T) {
	small := formattest.Load(t, "script.pt")[0].Input().Data
	code := "class Net(Module):\n  def forward(self: __torch__.Net, x: Tensor) -> Tensor:\n    return (torch.relu(x)).sigmoid()\n"
	m, err := torch.Parse(format.Input{Name: "x", Data: rewritten(t, small, map[string]string{"net/code/__torch__.py": code}, nil)})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := formattest.SourceOps(m), []string{"relu", "sigmoid"}; !slices.Equal(got, want) {
		t.Errorf("operators %v, want %v", got, want)
	}
}

func TestParse_argumentsBecomeAttributesWhereAllAreKnown(t *testing.T) {
	small := formattest.Load(t, "script.pt")[0].Input().Data
	for last, want := range map[string]bool{
		"torch.softmax(_0, -1)":                       true,
		"torch.softmax(_0, -1, dtype=None)":           true,
		"torch.softmax(_0, torch.dim(x))":             false,
		"torch.softmax(torch.unheard_of(_0, 2), -1)":  false,
		"torch.cat(torch.chunk(_0, 2, 1), 1)":         false,
		"torch.softmax(torch.view(_0, [-1, 10]), -1)": true,
	} {
		code := "class Net(Module):\n  def forward(self: __torch__.Net, x: Tensor) -> Tensor:\n    _0 = torch.relu(x)\n    return " + last + "\n"
		m, err := torch.Parse(format.Input{Name: "x", Data: rewritten(t, small, map[string]string{"net/code/__torch__.py": code}, nil)})
		if err != nil {
			t.Fatal(err)
		}
		n := m.Graphs[0].Nodes[len(m.Graphs[0].Nodes)-1]
		a, ok := n.Attrs.(*graph.AxisAttrs)
		if ok != want || ok && a.Axis != -1 {
			t.Errorf("%s: attributes %+v, want them %v", last, n.Attrs, want)
		}
	}
}
