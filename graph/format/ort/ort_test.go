package ort_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/ort"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestParse_corpus(t *testing.T) {
	formattest.CheckTruth(t, ort.Format, formattest.Truths(t, "ort"), nil)
}

func TestFormat(t *testing.T) { formattest.Run(t, ort.Format, formattest.Load(t, "*.ort")) }

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.ort") {
		formattest.Golden(t, ort.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, ort.Format, formattest.Load(f, "*.ort")) }

func BenchmarkParse(b *testing.B) {
	for _, r := range formattest.Truths(b, "ort") {
		in := formattest.FileInput(b, r.File)
		b.Run(in.Name, func(b *testing.B) {
			b.SetBytes(int64(len(in.Data)))
			b.ReportAllocs()
			for range b.N {
				if _, err := ort.Format.Parse(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
