package mslite_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mslite"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat(t *testing.T) { formattest.Run(t, mslite.Format, formattest.Load(t, "*.ms")) }

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.ms") {
		formattest.Golden(t, mslite.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, mslite.Format, formattest.Load(f, "*.ms")) }

func TestParse_olderSchemasAreRecognised(t *testing.T) {
	data := append([]byte{16, 0, 0, 0}, "MSL1\x00\x00\x04\x00\x04\x00\x00\x00\x08\x00\x00\x00"...)
	if _, err := mslite.Format.Parse(format.Input{Data: data}); !errors.Is(err, format.ErrUnsupported) {
		t.Errorf("%v, want unsupported", err)
	}
}
