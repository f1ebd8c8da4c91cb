package caffe_test

import (
	"errors"
	"flag"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/caffe"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

var update = flag.Bool("update", false, "rewrite golden files")

func fixtures(t testing.TB) []formattest.Fixture {
	return append(formattest.Load(t, "*.prototxt"), formattest.Load(t, "*.caffemodel")...)
}

func TestFormat_conforms(t *testing.T) { formattest.Run(t, caffe.Format, fixtures(t)) }

func FuzzParse(f *testing.F) { formattest.Fuzz(f, caffe.Format, fixtures(f)) }

func TestParse_golden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, caffe.Format, fx, formattest.Update(*update)) })
	}
}

func load(t *testing.T, name string, companions ...string) *graph.Model {
	t.Helper()
	fx := formattest.Load(t, name)[0]
	have := map[string][]byte{}
	for _, c := range companions {
		have[c] = fx.Companions[c]
	}
	fx.Companions = have
	m, err := caffe.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func node(t *testing.T, m *graph.Model, name string) (*graph.Node, func(int) *graph.Tensor) {
	t.Helper()
	g := m.Graphs[0]
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Name == name {
			return n, func(k int) *graph.Tensor { return g.Tensor(n.Input(k)) }
		}
	}
	t.Fatalf("no node %q", name)
	return nil, nil
}

func TestParse_pairHasShapesAndValues(t *testing.T) {
	m := load(t, "small.prototxt", "small.caffemodel")
	for _, c := range []struct {
		node    string
		operand int
		shape   graph.Shape
		dtype   graph.DType
		bytes   int
	}{
		{"conv1", 1, graph.ShapeOf(4, 3, 3, 3), graph.Float32, 432},
		{"conv1", 2, graph.ShapeOf(4), graph.Float32, 16},
		{"bn1", 3, graph.ShapeOf(4), graph.Float64, 32},
		{"dw", 1, graph.ShapeOf(4, 1, 3, 1), graph.Float16, 24},
		{"fc", 1, graph.ShapeOf(5, 16), graph.Float32, 320},
		{"fc", 2, graph.ShapeOf(5), graph.Float32, 20},
	} {
		_, in := node(t, m, c.node)
		x := in(c.operand)
		if !x.Shape.Equal(c.shape) || x.DType != c.dtype || len(x.Const.Data) != c.bytes {
			t.Errorf("%s operand %d: %s %s of %d bytes, want %s %s of %d", c.node, c.operand, x.DType, x.Shape, len(x.Const.Data), c.dtype, c.shape, c.bytes)
		}
	}
	if m.IsPartial() || len(m.Parts) != 1 || !m.Parts[0].Found {
		t.Errorf("parts %+v notes %v", m.Parts, m.Notes)
	}
}

func TestParse_prototxtAloneStatesWhatParametersSay(t *testing.T) {
	m := load(t, "small.prototxt")
	_, in := node(t, m, "conv1")
	if got := in(1).Shape; got.String() != "[4, ?, 3, 3]" || in(1).Const.Missing == "" {
		t.Errorf("weight %s missing %q", got, in(1).Const.Missing)
	}
	if !m.IsPartial() || m.Parts[0].Name != "small.caffemodel" || m.Parts[0].Found {
		t.Errorf("parts %+v notes %v", m.Parts, m.Notes)
	}
}

func TestParse_findsWeightsByContent(t *testing.T) {
	fx := formattest.Load(t, "small.prototxt")[0]
	fx.Companions = map[string][]byte{"a.bin": []byte("no weights"), "net.bin": fx.Companions["small.caffemodel"], "old.caffemodel": fx.Companions["old.caffemodel"]}
	m, err := caffe.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Parts) != 1 || m.Parts[0].Name != "net.bin" {
		t.Errorf("parts %+v", m.Parts)
	}
}

func TestParse_trainingLayersAreListedAndMarked(t *testing.T) {
	m := load(t, "small.prototxt")
	for name, want := range map[string]bool{"train": true, "loss": true, "data": false, "conv1": false} {
		if n, _ := node(t, m, name); n.Train != want {
			t.Errorf("%s: Train = %v", name, n.Train)
		}
	}
	// The training data layer writes "data" too: inference reads the other one.
	n, in := node(t, m, "conv1")
	if got := in(0).Shape; got.String() != "[1, 3, 8, 8]" {
		t.Errorf("conv1 reads %s of shape %s", n.Name, got)
	}
	var outs []string
	for _, id := range m.Graphs[0].Outputs {
		outs = append(outs, m.Graphs[0].Tensors[id].Name)
	}
	if !slices.Equal(outs, []string{"prob"}) {
		t.Errorf("outputs %v, want prob", outs)
	}
}

func TestParse_inPlaceLayersGetNewTensors(t *testing.T) {
	n, _ := node(t, load(t, "small.prototxt"), "relu1")
	if n.Inputs[0] == n.Outputs[0] {
		t.Error("relu1 writes its own input")
	}
}

func TestParse_unknownLayerKeepsItsWord(t *testing.T) {
	n, _ := node(t, load(t, "small.prototxt"), "own")
	if n.Op != graph.Custom || n.SourceOp != "MyOwnLayer" {
		t.Errorf("op %q, word %q", n.Op, n.SourceOp)
	}
}

func TestParse_refusesOtherTextMessages(t *testing.T) {
	for name, text := range map[string]string{
		"solver":     "net: \"train.prototxt\"\nbase_lr: 0.01\nsolver_mode: GPU\n",
		"mediapipe":  "input_stream: \"in\"\nnode { calculator: \"X\" input_stream: \"in\" }\n",
		"graphdef":   "node { name: \"a\" op: \"Const\" }\nversions { producer: 1 }\n",
		"landmarks":  "landmark { x: 1 y: 2 }\n",
		"no type":    "layer { name: \"a\" }\n",
		"mixed":      "layer { name: \"a\" type: \"ReLU\" }\nmodel { ssd { } }\n",
		"prose":      "layer is a word of this text, and so are layers.\n",
		"empty":      "",
		"just name":  "name: \"x\"\n",
		"json":       "{\"layer\": 1}",
		"yaml":       "layer:\n  - a\n",
		"labels":     "layers: 5\nname: \"x\"\n",
		"shell code": "#!/bin/sh\necho layer { type: 1 }\n",
	} {
		if c := caffe.Format.Match(format.Head{Name: "x.prototxt", Bytes: []byte(text), Size: int64(len(text))}); c != format.No {
			t.Errorf("%s: confidence %d", name, c)
		}
		if _, err := caffe.Parse(format.Input{Name: "x.prototxt", Data: []byte(text)}); !errors.Is(err, format.ErrNotModel) {
			t.Errorf("%s: error %v, want not a model", name, err)
		}
	}
}

func TestParse_versionZeroIsUnsupported(t *testing.T) {
	text := "layers { layer { name: \"c\" type: \"conv\" } bottom: \"data\" top: \"c\" }\n"
	if _, err := caffe.Parse(format.Input{Name: "x", Data: []byte(text)}); !errors.Is(err, format.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}

func TestParse_cutFilesSaySo(t *testing.T) {
	for _, fx := range fixtures(t) {
		fx.Data = fx.Data[:len(fx.Data)-9]
		fx.Companions = nil
		if _, err := caffe.Parse(fx.Input()); !errors.Is(err, format.ErrTruncated) {
			t.Errorf("%s: error %v, want truncated", fx.Name, err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, fx := range fixtures(b) {
		b.Run(fx.Name, func(b *testing.B) {
			in := fx.Input()
			b.SetBytes(int64(len(in.Data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := caffe.Parse(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
