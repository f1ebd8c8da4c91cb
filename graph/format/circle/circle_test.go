package circle_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/circle"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat(t *testing.T) { formattest.Run(t, circle.Format, formattest.Load(t, "*.circle")) }

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.circle") {
		formattest.Golden(t, circle.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, circle.Format, formattest.Load(f, "*.circle")) }
