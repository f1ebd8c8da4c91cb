package tfcheckpoint_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/tfcheckpoint"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, tfcheckpoint.Format, formattest.Load(t, "*.index"))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, tfcheckpoint.Format, formattest.Load(f, "*.index"))
}

func TestParse_golden(t *testing.T) {
	formattest.Golden(t, tfcheckpoint.Format, formattest.Load(t, "*.index")[0], formattest.Update(*update))
}

func TestParse_variablesAreParametersTheirHelpersAreNot(t *testing.T) {
	fx := formattest.Load(t, "*.index")[0]
	for _, with := range []bool{true, false} {
		if !with {
			fx.Companions = nil
		}
		m, err := tfcheckpoint.Parse(fx.Input())
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := formattest.Params(m); !ok || n != 12+3+4 || len(m.Graphs[0].Tensors) != 6 {
			t.Errorf("params %d of %d tensors", n, len(m.Graphs[0].Tensors))
		}
		for _, x := range m.Graphs[0].Tensors {
			if x.Name == "half" && (x.Const.Data != nil) != with {
				t.Errorf("half has data: %v, want %v", x.Const.Data != nil, with)
			}
		}
		if m.Parts[0].Found != with || m.Parts[0].Name != "variables.data-00000-of-00001" {
			t.Errorf("parts %+v", m.Parts)
		}
	}
}

func TestParse_badFiles(t *testing.T) {
	fx := formattest.Load(t, "*.index")[0]
	cut := fx
	cut.Data = fx.Data[:len(fx.Data)-20]
	if _, err := tfcheckpoint.Parse(cut.Input()); !errors.Is(err, format.ErrTruncated) {
		t.Errorf("cut: %v", err)
	}
	short := fx
	short.Companions = map[string][]byte{"variables.data-00000-of-00001": make([]byte, 5)}
	if _, err := tfcheckpoint.Parse(short.Input()); !errors.Is(err, format.ErrTruncated) {
		t.Errorf("short shard: %v", err)
	}
	for _, b := range [][]byte{make([]byte, 100), []byte("hello world, this is some text"), nil, {0, 0, 6, 8, 1, 26, 2}} {
		if c := tfcheckpoint.Format.Match(format.Head{Bytes: b, Size: int64(len(b))}); c != format.No {
			t.Errorf("%q: confidence %d", b, c)
		}
	}
}
