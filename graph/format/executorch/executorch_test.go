package executorch_test

import (
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
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

func TestParse_weightsAlone(t *testing.T) {
	const name = "_default_external_constant.ptd"
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := executorch.Format.Parse(format.Input{Name: name, Data: data}); !errors.Is(err, format.ErrPart) {
		t.Errorf("Parse(%s) = %v, want %v", name, err, format.ErrPart)
	}
}

func TestParse_weightsMissing(t *testing.T) {
	data, err := os.ReadFile("testdata/external.pte")
	if err != nil {
		t.Fatal(err)
	}
	m, err := executorch.Format.Parse(format.Input{Name: "external.pte", Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if c := m.Graphs[0].Tensors[0].Const; c == nil || c.Missing == "" {
		t.Errorf("weights = %+v, want missing", c)
	}
	if len(m.Notes) == 0 || !m.Notes[0].Loses {
		t.Errorf("notes = %v, want a loss", m.Notes)
	}
}

// Equal constants share a segment, and are then one constant.
func TestParse_sharedSegment(t *testing.T) {
	for _, fx := range formattest.Load(t, "external.pte") {
		m, err := executorch.Format.Parse(fx.Input())
		if err != nil {
			t.Fatal(err)
		}
		norm, layer := m.Graphs[0].Tensors[4], m.Graphs[0].Tensors[6]
		if norm.Const == nil || norm.Const != layer.Const {
			t.Errorf("%s and %s have constants %p and %p, want one", norm.Name, layer.Name, norm.Const, layer.Const)
		}
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
