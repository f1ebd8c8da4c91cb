package tnn_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/tnn"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, tnn.Format, formattest.Load(t, "*.tnnproto"))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, tnn.Format, append(formattest.Load(f, "*.tnnproto"), formattest.Load(f, "*.tnnmodel")...))
}

func TestParse_golden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.tnnproto") {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, tnn.Format, fx, formattest.Update(*update)) })
	}
}

func TestParse_realFilesAgreeWithTruth(t *testing.T) {
	formattest.CheckTruth(t, tnn.Format, formattest.Truths(t, "tnn"), nil)
}

func TestParse_weightsOfBothVersions(t *testing.T) {
	for _, name := range []string{"net.tnnproto", "v2.tnnproto"} {
		m, err := tnn.Parse(formattest.Load(t, name)[0].Input())
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := formattest.Params(m); !ok || n != 216+8+72+8+1280+5 || m.IsPartial() {
			t.Errorf("%s: params %d (%v), notes %v", name, n, ok, m.Notes)
		}
		for _, x := range m.Graphs[0].Tensors {
			switch x.Name {
			case "dw.weight":
				if x.DType != graph.Int8 || x.Quant == nil || len(x.Quant.Scales) != 8 || !x.Shape.Equal(graph.ShapeOf(8, 1, 3, 3)) {
					t.Errorf("%s: %s %s %+v", name, x.DType, x.Shape, x.Quant)
				}
			case "scale.constant":
				if !x.Shape.Equal(graph.ShapeOf(1, 8, 1, 1)) {
					t.Errorf("%s: constant %s", name, x.Shape)
				}
			case "input":
				if !x.Shape.Equal(graph.ShapeOf(1, 3, 16, 16)) {
					t.Errorf("%s: input %s", name, x.Shape)
				}
			}
		}
	}
}

func TestParse_findsWeightsByContent(t *testing.T) {
	fx := formattest.Load(t, "net.tnnproto")[0]
	fx.Companions = map[string][]byte{"a.bin": []byte("x"), "weights.bin": fx.Companions["net.tnnmodel"]}
	m, err := tnn.Parse(fx.Input())
	if err != nil || len(m.Parts) != 1 || m.Parts[0].Name != "weights.bin" {
		t.Errorf("error %v, model %+v", err, m)
	}
}

func TestParse_withoutWeightsIsPartial(t *testing.T) {
	fx := formattest.Load(t, "net.tnnproto")[0]
	fx.Companions = nil
	m, err := tnn.Parse(fx.Input())
	if err != nil || !m.IsPartial() || m.Parts[0].Found {
		t.Errorf("error %v, model %+v", err, m)
	}
}

func TestParse_weightsAlone(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.tnnmodel") {
		fx.Companions = nil
		if _, err := tnn.Parse(fx.Input()); !errors.Is(err, format.ErrPart) {
			t.Errorf("%s: error %v, want part", fx.Name, err)
		}
		fx.Data = fx.Data[:len(fx.Data)-5]
		if _, err := tnn.Parse(fx.Input()); !errors.Is(err, format.ErrTruncated) {
			t.Errorf("%s cut: error %v, want truncated", fx.Name, err)
		}
	}
}

func TestMatch_refusesOtherText(t *testing.T) {
	for _, text := range []string{"1, 2, 3\n4, 5, 6\n", "\"1 2 3\",\"a\"", "1 2 1 4206624772 ,", "\"1 9 1 5 ,\"", "", "hello, world"} {
		if c := tnn.Format.Match(format.Head{Bytes: []byte(text)}); c != format.No {
			t.Errorf("%q: confidence %d", text, c)
		}
	}
}
