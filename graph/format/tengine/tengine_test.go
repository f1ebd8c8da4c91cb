package tengine_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/tengine"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, tengine.Format, formattest.Load(t, "*.tmfile"))
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, tengine.Format, formattest.Load(f, "*.tmfile")) }

func TestParse_golden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.tmfile") {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, tengine.Format, fx, formattest.Update(*update)) })
	}
}

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	formattest.CheckTruth(t, tengine.Format, formattest.Truths(t, "tengine"), nil)
}

func TestParse_constantsAndQuantisation(t *testing.T) {
	m, err := tengine.Parse(formattest.Load(t, "small.tmfile")[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := formattest.Params(m); !ok || n != 108+4+320 || m.IsPartial() || m.FormatVersion != "2.0.0" || m.Producer != "caffe" {
		t.Errorf("params %d, notes %v, version %q, producer %q", n, m.Notes, m.FormatVersion, m.Producer)
	}
	g := m.Graphs[0]
	if len(g.Nodes) != 5 || g.Nodes[0].Op != graph.Conv || g.Nodes[0].Fused != graph.Relu || len(g.Inputs) != 1 || len(g.Outputs) != 1 {
		t.Errorf("%d nodes, inputs %v, outputs %v", len(g.Nodes), g.Inputs, g.Outputs)
	}
	if q := g.Tensors[6].Quant; g.Tensors[6].DType != graph.Int8 || q == nil || q.Scales[0] != 0.5 {
		t.Errorf("weights %s %+v", g.Tensors[6].DType, q)
	}
}

func TestParse_strippedWeightsAreMissing(t *testing.T) {
	m, err := tengine.Parse(formattest.Load(t, "stripped.tmfile")[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := formattest.Params(m); !ok || n != 432 || !m.IsPartial() {
		t.Errorf("params %d, notes %v", n, m.Notes)
	}
}

func TestParse_whatDoesNotVerifyIsNoModel(t *testing.T) {
	zeros := make([]byte, 4096)
	zeros[0], zeros[8] = 2, 64
	text := append([]byte{2, 0, 0, 0, 0, 0, 0, 0, 20, 0, 0, 0}, []byte("some text that only begins like a header, and goes on for a while after it")...)
	for name, data := range map[string][]byte{"zeros": zeros, "text": text} {
		if _, err := tengine.Parse(format.Input{Name: "x", Data: data}); !errors.Is(err, format.ErrNotModel) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
