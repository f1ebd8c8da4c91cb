package ptl_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
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

// TestParse_trueLengthInsideOtherBytes: the last object of the file is a value
// that no method uses.
func TestParse_trueLengthInsideOtherBytes(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.ptl") {
		for _, behind := range [][]byte{{0xff, 1, 2, 3}, make([]byte, 100), []byte("PTMF")} {
			data := append(append([]byte(nil), fx.Data...), behind...)
			m, err := ptl.Format.Parse(format.Input{Name: fx.Name, Data: data, Trailing: true})
			if err != nil {
				t.Fatal(err)
			}
			if m.Length != int64(len(fx.Data)) {
				t.Errorf("%s before %x: length %d, want %d", fx.Name, behind[:1], m.Length, len(fx.Data))
			}
		}
	}
}
