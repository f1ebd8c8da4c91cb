package ptl_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/ptl"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat(t *testing.T) { formattest.Run(t, ptl.Format, formattest.Load(t, "*.ptl")) }

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.ptl") {
		formattest.Golden(t, ptl.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, ptl.Format, formattest.Load(f, "*.ptl")) }
