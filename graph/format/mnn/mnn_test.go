package mnn_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mnn"
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

func FuzzParse(f *testing.F) { formattest.Fuzz(f, mnn.Format, formattest.Load(f, "*.mnn")) }
