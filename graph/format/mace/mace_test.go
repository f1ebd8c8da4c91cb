package mace_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mace"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func fixtures(t testing.TB) []formattest.Fixture { return formattest.Load(t, "*.pb") }

func TestConformance(t *testing.T) { formattest.Run(t, mace.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		formattest.Golden(t, mace.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, mace.Format, fixtures(f)) }

func TestParse_graphWithItsWeights(t *testing.T) {
	m, err := mace.Format.Parse(fixtures(t)[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	if m.IsPartial() || len(m.Parts) != 1 || m.Parts[0].Name != "tiny.data" {
		t.Fatalf("parts %+v, notes %v", m.Parts, m.Notes)
	}
	g := m.Graphs[0]
	conv := g.Nodes[0].Attrs.(*graph.ConvAttrs)
	if conv.Data.Channel != 1 || conv.PadMode != graph.PadSameUpper || g.Nodes[0].Fused != graph.Relu {
		t.Errorf("conv %+v: [1, 4, 8, 10] with 4 filters is NCHW", conv)
	}
	if a := g.Nodes[1].Attrs.(*graph.ConvAttrs); !a.Depthwise || a.OutChannels != 4 {
		t.Errorf("depthwise %+v", a)
	}
	var params int64
	for i := range g.Tensors {
		if c := g.Tensors[i].Const; c != nil {
			n, _ := g.Tensors[i].Shape.Elements()
			params += n
			if int64(len(c.Data)) != 4*n {
				t.Errorf("%s has %d bytes", g.Tensors[i].Name, len(c.Data))
			}
		}
	}
	if want := int64(108 + 4 + 36 + 20 + 5); params != want {
		t.Errorf("%d parameters, want %d", params, want)
	}
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 || g.Outputs[0] != g.Nodes[6].Outputs[0] {
		t.Errorf("inputs %v outputs %v", g.Inputs, g.Outputs)
	}
}

func TestParse_withoutWeightsIsPartial(t *testing.T) {
	formattest.PartialAlone(t, mace.Format, fixtures(t)[0])
}

func TestParse_limits(t *testing.T) {
	formattest.Limits(t, mace.Format, fixtures(t)[0], format.Limits{Nodes: 3}, format.Limits{Tensors: 3})
}

func TestMatch_refusesOtherFiles(t *testing.T) {
	formattest.Refuses(t, mace.Format, "corpus/models")
}

func BenchmarkParse(b *testing.B) { formattest.Bench(b, mace.Format, fixtures(b)[0]) }
