package executorch_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/executorch"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestParse_corpus(t *testing.T) {
	formattest.CheckTruth(t, executorch.Format, formattest.Truths(t, "executorch"), nil)
}

func TestFormat(t *testing.T) {
	formattest.Run(t, executorch.Format, formattest.Load(t, "*.pte"))
}

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.pte") {
		formattest.Golden(t, executorch.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, executorch.Format, formattest.Load(f, "*.pte")) }

func BenchmarkParse(b *testing.B) {
	for _, r := range formattest.Truths(b, "executorch") {
		in := formattest.FileInput(b, r.File)
		b.Run(in.Name, func(b *testing.B) {
			b.SetBytes(int64(len(in.Data)))
			b.ReportAllocs()
			for range b.N {
				if _, err := executorch.Format.Parse(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
