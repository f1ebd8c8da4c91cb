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

func FuzzParse(f *testing.F) { formattest.Fuzz(f, mnn.Format, formattest.Load(f, "*.mnn")) }
