package mnn_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mnn"
)

func BenchmarkParse(b *testing.B) {
	for _, r := range formattest.Truths(b, "mnn") {
		in := formattest.FileInput(b, r.File)
		b.Run(in.Name, func(b *testing.B) {
			b.SetBytes(int64(len(in.Data)))
			b.ReportAllocs()
			for range b.N {
				if _, err := mnn.Format.Parse(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
