package caffe2_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/caffe2"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func fixtures(t testing.TB) []formattest.Fixture { return formattest.Load(t, "predict_net.pb") }

func TestConformance(t *testing.T) { formattest.Run(t, caffe2.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		formattest.Golden(t, caffe2.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, caffe2.Format, fixtures(f)) }

func TestParse_networkWithItsWeights(t *testing.T) {
	m, err := caffe2.Format.Parse(fixtures(t)[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	if m.IsPartial() || len(m.Parts) != 1 || m.Parts[0].Name != "init_net.pb" {
		t.Fatalf("parts %+v, notes %v", m.Parts, m.Notes)
	}
	g := m.Graphs[0]
	var params int64
	for i := range g.Tensors {
		if c := g.Tensors[i].Const; c != nil {
			n, _ := g.Tensors[i].Shape.Elements()
			params += n
			if b, err := c.Bytes(); err != nil || len(b) == 0 {
				t.Errorf("%s: %v", g.Tensors[i].Name, err)
			}
		}
	}
	if want := int64(4*27 + 4 + 16 + 36 + 20 + 5 + 4); params != want {
		t.Errorf("%d parameters, want %d", params, want)
	}
	if len(g.Inputs) != 1 || g.Tensor(g.Inputs[0]).Shape.String() != "[1, 3, 8, 8]" {
		t.Errorf("the first input's fill gives its shape, got %v", g.Inputs)
	}
	conv := g.Nodes[0].Attrs.(*graph.ConvAttrs)
	if conv.Strides[0] != 2 || conv.PadBegin[1] != 1 {
		t.Errorf("conv %+v", conv)
	}
	if bn := g.Nodes[1]; bn.Outputs[0] == bn.Inputs[0] {
		t.Error("an operator in place must write a tensor of its own")
	}
	if a := g.Nodes[3].Attrs.(*graph.ConvAttrs); a.Groups != 4 || a.PadEnd[0] != 1 {
		t.Errorf("grouped conv %+v", a)
	}
	for i := range g.Nodes {
		if g.Nodes[i].Op == graph.Unknown {
			t.Errorf("%s is unknown", g.Nodes[i].SourceOp)
		}
	}
}

func TestParse_weightsAloneAreAPart(t *testing.T) {
	in := formattest.Load(t, "init_net.pb")[0].Input()
	if _, err := caffe2.Format.Parse(in); !errors.Is(err, format.ErrPart) {
		t.Errorf("%v, want part", err)
	}
}

func TestParse_withoutWeightsIsPartial(t *testing.T) {
	if m := formattest.PartialAlone(t, caffe2.Format, fixtures(t)[0]); len(m.Graphs[0].Inputs) == 0 {
		t.Error("no inputs")
	}
}

func TestParse_limits(t *testing.T) {
	formattest.Limits(t, caffe2.Format, fixtures(t)[0], format.Limits{Nodes: 3}, format.Limits{Tensors: 3})
}

func TestMatch_refusesOtherFiles(t *testing.T) {
	formattest.Refuses(t, caffe2.Format, "corpus/models")
}

func BenchmarkParse(b *testing.B) { formattest.Bench(b, caffe2.Format, fixtures(b)[0]) }
