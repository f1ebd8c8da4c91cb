package mnn_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mnn"
	"github.com/gaugenn/gaugenn/graph/op"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestParse_corpus(t *testing.T) {
	formattest.CheckTruth(t, mnn.Format, formattest.Truths(t, "mnn"), nil)
}

func TestFormat(t *testing.T) { formattest.Run(t, mnn.Format, formattest.Load(t, "*.mnn")) }

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.mnn") {
		formattest.Golden(t, mnn.Format, fx, formattest.Update(*update))
	}
}

// TestParse_unrolledConvolution3DCountsAsItsSource: the converter makes of each
// 3D convolution 2D ones over every output depth and filter depth.
func TestParse_unrolledConvolution3DCountsAsItsSource(t *testing.T) {
	m := formattest.Parse(t, mnn.Format, formattest.Load(t, "conv3d.mnn")[0])
	m, _ = op.Infer(m)
	const want = 4*(4*8*12)*(3*27) + 8*(2*4*6)*(4*27)
	if got := op.Total(m, op.Costs(m)); !got.Known || got.MACs != want {
		t.Errorf("%d MACs, known %v, want %d", got.MACs, got.Known, want)
	}
}

// TestParse_shapesAreTheRuntimes: MNN 3.6.1 gives these sizes for the results.
func TestParse_shapesAreTheRuntimes(t *testing.T) {
	for name, c := range map[string]struct {
		shape string
		macs  int64
	}{
		"recurrent.mnn":      {"[7, 2, 3, 6]", 7 * 3 * 2 * 6 * (5 + 6) * (4 + 3 + 1)},
		"pool.mnn":           {"[2, 4, 6, 9]", 0},
		"flatten.mnn":        {"[6, 4]", 0},
		"depth_to_space.mnn": {"[1, 3, 4, 6]", 0},
		"space_to_depth.mnn": {"[1, 12, 2, 3]", 0},
		"resize.mnn":         {"[1, 3, 8, 9]", 0},
		"gather.mnn":         {"[5, 2, 3]", 0},
		"gather_nd.mnn":      {"[2, 5, 4]", 0},
		"shape.mnn":          {"[2]", 0},
	} {
		m, issues := op.Infer(formattest.Parse(t, mnn.Format, formattest.Load(t, name)[0]))
		for _, i := range issues {
			t.Errorf("%s: %s", name, i)
		}
		for _, id := range m.Graphs[0].Outputs {
			if got := m.Graphs[0].Tensors[id].Shape.String(); got != c.shape {
				t.Errorf("%s: result %s, want %s", name, got, c.shape)
			}
		}
		if got := op.Total(m, op.Costs(m)); !got.Known || got.MACs != c.macs {
			t.Errorf("%s: %d MACs, known %v, want %d", name, got.MACs, got.Known, c.macs)
		}
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, mnn.Format, formattest.Load(f, "*.mnn")) }
