package bind_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
)

func model(shape graph.Shape, dt graph.DType) *graph.Model {
	g := &graph.Graph{Tensors: []graph.Tensor{{Name: "x", DType: dt, Shape: shape}}, Inputs: []graph.TensorID{0}}
	return &graph.Model{Graphs: []*graph.Graph{g}}
}

func TestBind_choosesInOrder(t *testing.T) {
	sym, open := graph.SymbolDim, graph.Dim{}
	image := graph.ShapeOfDims(sym("N"), graph.DimOf(3), sym("height"), sym("width"))
	for name, c := range map[string]struct {
		shape  graph.Shape
		dtype  graph.DType
		policy bind.Policy
		want   string
	}{
		"batch only":      {image, graph.Float32, bind.Policy{}, "[1, 3, height, width]"},
		"by role":         {image, graph.Float32, bind.Policy{Explicit: map[string]int64{"height": 320, "width": 640}}, "[1, 3, 320, 640]"},
		"by axis":         {image, graph.Float32, bind.Policy{Explicit: map[string]int64{"x:2": 64, "height": 320}}, "[1, 3, 64, width]"},
		"batch explicit":  {image, graph.Float32, bind.Policy{Explicit: map[string]int64{"batch": 8}}, "[8, 3, height, width]"},
		"assumed":         {image, graph.Float32, bind.Policy{Assume: bind.Customary()}, "[1, 3, 224, 224]"},
		"whole shape":     {image, graph.Float32, bind.Policy{Shapes: map[string][]int64{"x": {2, 3, 10, 20}}}, "[2, 3, 10, 20]"},
		"unknown rank":    {graph.Shape{}, graph.Float32, bind.Policy{Shapes: map[string][]int64{"x": {2, 3}}}, "[2, 3]"},
		"tokens":          {graph.ShapeOfDims(open, open), graph.Int64, bind.Policy{Assume: bind.Customary()}, "[1, 128]"},
		"stored":          {graph.ShapeOfDims(open.WithDefault(1), open.WithDefault(96), open.WithDefault(1), graph.DimOf(3)), graph.Float32, bind.Policy{}, "[1, 96, ?, 3]"},
		"nothing to bind": {graph.ShapeOf(1, 2), graph.Float32, bind.Policy{}, "[1, 2]"},
	} {
		t.Run(name, func(t *testing.T) {
			m := model(c.shape, c.dtype)
			got, _ := bind.Bind(m, c.policy)
			if s := got.Graphs[0].Tensors[0].Shape.String(); s != c.want {
				t.Errorf("shape = %s, want %s", s, c.want)
			}
			if !m.Graphs[0].Tensors[0].Shape.Equal(c.shape) {
				t.Error("Bind changed its input")
			}
		})
	}
}

func TestBind_recordsEveryChoice(t *testing.T) {
	m := model(graph.ShapeOfDims(graph.SymbolDim("unk__1"), graph.SymbolDim("h"), graph.DimOf(4), graph.DimOf(3)), graph.Float32)
	_, made := bind.Bind(m, bind.Policy{})
	if len(made) != 2 {
		t.Fatalf("bindings = %v", made)
	}
	for i, want := range []string{`x:0 "unk__1" (batch) = 1, batch`, `x:1 "h" (height) unbound`} {
		if made[i].String() != want {
			t.Errorf("binding %d = %s, want %s", i, made[i], want)
		}
	}
}

func TestBind_spreadsSymbols(t *testing.T) {
	m := model(graph.ShapeOfDims(graph.SymbolDim("batch"), graph.DimOf(4)), graph.Float32)
	m.Graphs[0].Tensors = append(m.Graphs[0].Tensors, graph.Tensor{Shape: graph.ShapeOfDims(graph.DimOf(7), graph.SymbolDim("batch"))})
	got, _ := bind.Bind(m, bind.Policy{})
	if s := got.Graphs[0].Tensors[1].Shape.String(); s != "[7, 1]" {
		t.Errorf("shape = %s", s)
	}
}

func TestBind_unrankedInputTakesItsConsumersLayout(t *testing.T) {
	m := model(graph.Shape{}, graph.Float32)
	g := m.Graphs[0]
	g.Tensors = append(g.Tensors, graph.Tensor{Shape: graph.ShapeOf(8, 3, 3, 3), Const: &graph.Const{}}, graph.Tensor{})
	g.Nodes = []graph.Node{{Op: graph.Conv, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2},
		Attrs: &graph.ConvAttrs{Data: graph.CHW(2), Filter: graph.OIHW(2)}}}
	got, _ := bind.Bind(m, bind.Policy{Assume: bind.Customary()})
	if s := got.Graphs[0].Tensors[0].Shape.String(); s != "[3, 224, 224]" {
		t.Errorf("shape = %s", s)
	}
}
