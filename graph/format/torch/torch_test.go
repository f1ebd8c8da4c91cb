package torch_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"flag"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/torch"
)

var update = flag.Bool("update", false, "rewrite golden files")

func fixtures(t testing.TB) []formattest.Fixture {
	return slices.Concat(formattest.Load(t, "*.pth"), formattest.Load(t, "*.pt"), formattest.Load(t, "*.ptl"))
}

func TestFormat_conforms(t *testing.T) { formattest.Run(t, torch.Format, fixtures(t)) }

func FuzzParse(f *testing.F) { formattest.Fuzz(f, torch.Format, fixtures(f)) }

func TestParse_golden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, torch.Format, fx, formattest.Update(*update)) })
	}
}

func load(t *testing.T, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, torch.Format, formattest.Load(t, name)[0])
}

func TestParse_stateDictsInBothForms(t *testing.T) {
	for _, name := range []string{"state.pth", "legacy.pth"} {
		m := load(t, name)
		if n, ok := formattest.Params(m); !ok || n != 108+4+4+1+20+12 || !m.IsPartial() || len(m.Graphs[0].Nodes) != 0 {
			t.Errorf("%s: params %d, %d nodes, notes %v", name, n, len(m.Graphs[0].Nodes), m.Notes)
		}
		for _, x := range m.Graphs[0].Tensors {
			switch x.Name {
			case "conv.weight":
				if len(x.Const.Data) != 432 {
					t.Errorf("%s: %d bytes", name, len(x.Const.Data))
				}
			case "half":
				if x.DType != graph.Float16 {
					t.Errorf("%s: half is %s", name, x.DType)
				}
			case "q":
				if x.DType != graph.Int8 || x.Quant == nil || x.Quant.Scales[0] != 0.5 || x.Quant.ZeroPoints[0] != 3 {
					t.Errorf("%s: q %s %+v", name, x.DType, x.Quant)
				}
			case "strided":
				if x.Const.Data != nil || x.Const.Missing == "" {
					t.Errorf("%s: strided view has data", name)
				}
			}
		}
	}
}

func TestParse_operatorsOfForward(t *testing.T) {
	want := []string{"conv2d", "relu_", "add", "chunk", "ListUnpack", "size", "mul", "Int", "gt", "If", "cat", "cat", "flatten", "linear_dynamic", "softmax"}
	for _, name := range []string{"script.pt", "mobile.ptl"} {
		m := load(t, name)
		if got := formattest.SourceOps(m); !slices.Equal(got, want) {
			t.Errorf("%s\n got %v\nwant %v", name, got, want)
		}
		g := m.Graphs[0]
		conv := g.Nodes[0]
		if conv.Op != graph.Conv || len(conv.Inputs) != 3 || g.Tensors[conv.Inputs[1]].Name != "conv.weight" || conv.Inputs[0] != g.Inputs[0] {
			t.Errorf("%s: convolution %+v", name, conv)
		}
		if n := operandCount(g, "linear_dynamic"); n != 2 {
			t.Errorf("%s: linear_dynamic has %d inputs, want 2 with the packed weight", name, n)
		}
		if n, _ := formattest.Params(m); n != 108+4+320+1 {
			t.Errorf("%s: params %d", name, n)
		}
	}
}

func operandCount(g *graph.Graph, word string) int {
	for i := range g.Nodes {
		if g.Nodes[i].SourceOp == word {
			return len(g.Nodes[i].Inputs)
		}
	}
	return -1
}

func TestMatch_refusesOtherArchives(t *testing.T) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, _ := z.Create("AndroidManifest.xml")
	_, _ = w.Write([]byte("<manifest/>"))
	_ = z.Close()
	if c := torch.Format.Match(format.Head{Bytes: b.Bytes()}); c != format.No {
		t.Errorf("confidence %d", c)
	}
	if _, err := torch.Parse(format.Input{Name: "a.zip", Data: b.Bytes()}); !errors.Is(err, format.ErrNotModel) {
		t.Errorf("error %v", err)
	}
}
