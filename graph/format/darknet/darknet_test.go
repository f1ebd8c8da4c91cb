package darknet_test

import (
	"errors"
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/darknet"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, darknet.Format, formattest.Load(t, "*.cfg"))
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, darknet.Format, formattest.Load(f, "*.cfg")) }

func TestParse_golden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.cfg") {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, darknet.Format, fx, formattest.Update(*update)) })
	}
}

func tensors(m *graph.Model) map[string]*graph.Tensor {
	out := map[string]*graph.Tensor{}
	for i := range m.Graphs[0].Tensors {
		out[m.Graphs[0].Tensors[i].Name] = &m.Graphs[0].Tensors[i]
	}
	return out
}

func TestParse_shapesFollowDarknetsRules(t *testing.T) {
	m, err := darknet.Parse(formattest.Load(t, "tiny.cfg")[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	got := tensors(m)
	for name, want := range map[string]graph.Shape{
		"convolutional_0": graph.ShapeOf(1, 8, 8, 8), "convolutional_1": graph.ShapeOf(1, 8, 8, 8),
		// size 2, stride 2, padding 1: (8+1-2)/2+1
		"maxpool_2": graph.ShapeOf(1, 8, 4, 4), "route_3": graph.ShapeOf(1, 8, 8, 8), "shortcut_4": graph.ShapeOf(1, 8, 8, 8),
		"upsample_5": graph.ShapeOf(1, 8, 16, 16), "route_6": graph.ShapeOf(1, 4, 16, 16), "avgpool_7": graph.ShapeOf(1, 4, 1, 1),
		"connected_8": graph.ShapeOf(1, 6, 1, 1), "softmax_9": graph.ShapeOf(1, 6, 1, 1), "strange_10": graph.UnknownOfRank(4),
	} {
		if x := got[name]; x == nil || !x.Shape.Equal(want) {
			t.Errorf("%s: %+v, want %s", name, x, want)
		}
	}
}

func TestParse_weightsAreCutInFileOrder(t *testing.T) {
	fx := formattest.Load(t, "tiny.cfg")[0]
	m, err := darknet.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	got, file := tensors(m), fx.Companions["tiny.weights"]
	at := 20
	for _, name := range []string{"convolutional_0.bias", "convolutional_0.scales", "convolutional_0.mean", "convolutional_0.variance", "convolutional_0.weights", "convolutional_1.bias", "convolutional_1.weights", "connected_8.bias", "connected_8.weights"} {
		c := got[name].Const
		if c.Data == nil || &c.Data[0] != &file[at] {
			t.Errorf("%s does not lie at %d", name, at)
		}
		at += len(c.Data)
	}
	if at != len(file) || m.FormatVersion != "0.2.5" || m.IsPartial() {
		t.Errorf("%d of %d bytes, version %q, notes %v", at, len(file), m.FormatVersion, m.Notes)
	}
}

func TestParse_withoutOrWithShortWeightsIsPartial(t *testing.T) {
	fx := formattest.Load(t, "tiny.cfg")[0]
	short := fx.Companions["tiny.weights"][:400]
	for name, companions := range map[string]map[string][]byte{"none": nil, "short": {"tiny.weights": short}} {
		fx.Companions = companions
		m, err := darknet.Parse(fx.Input())
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := formattest.Params(m); !m.IsPartial() || !ok || n != 32+216+8+72+30 {
			t.Errorf("%s: partial %v, params %d", name, m.IsPartial(), n)
		}
	}
}

func TestParse_findsWeightsBySize(t *testing.T) {
	fx := formattest.Load(t, "tiny.cfg")[0]
	w := fx.Companions["tiny.weights"]
	fx.Companions = map[string][]byte{"a.weights": w[:100], "z.bin": w}
	m, err := darknet.Parse(fx.Input())
	if err != nil || len(m.Parts) != 1 || m.Parts[0].Name != "z.bin" {
		t.Errorf("error %v, model %+v", err, m)
	}
}

func TestParse_weightsAloneArePart(t *testing.T) {
	fx := formattest.Load(t, "tiny.weights")[0]
	fx.Companions = nil
	if _, err := darknet.Parse(fx.Input()); !errors.Is(err, format.ErrPart) || darknet.Format.Match(fx.Head()) != format.Weak {
		t.Errorf("error %v", err)
	}
}

func TestParse_badFiles(t *testing.T) {
	for text, kind := range map[string]error{
		"[net]\nwidth=8\n":                                                      format.ErrNotModel,
		"[core]\neditor=vi\n[user]\nname=x\n":                                   format.ErrNotModel,
		"[net]\nwidth=8\n[remote]\nurl=x\n":                                     format.ErrNotModel,
		"[net]\nwidth=8\n[route]\nlayers=5\n":                                   format.ErrMalformed,
		"[net]\nwidth=8\n[maxpool]\nsize=2\n[convolutional\n":                   format.ErrMalformed,
		"[net]\nwidth=8\nheight=8\nchannels=3\n[upsample]\nstride=1000000000\n": format.ErrMalformed,
	} {
		if _, err := darknet.Parse(format.Input{Name: "x.cfg", Data: []byte(text)}); !errors.Is(err, kind) {
			t.Errorf("%q: error %v, want %v", text, err, kind)
		}
	}
}
