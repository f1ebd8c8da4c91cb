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

func TestBind_unrankedInputTakesTheFeaturesOfADenseLayer(t *testing.T) {
	for name, c := range map[string]struct {
		attrs  graph.FullyConnectedAttrs
		filter graph.Shape
		want   string
	}{
		"behind the batch":    {graph.FullyConnectedAttrs{Axis: 1}, graph.ShapeOf(5, 16), "[1, 16]"},
		"filter [K, N]":       {graph.FullyConnectedAttrs{Axis: 1, TransposedFilter: true}, graph.ShapeOf(16, 5), "[1, 16]"},
		"flattened":           {graph.FullyConnectedAttrs{FlattenTo2D: true}, graph.ShapeOf(5, 16), "[1, 16]"},
		"along the last axis": {graph.FullyConnectedAttrs{KeepDims: true}, graph.ShapeOf(5, 16), "unknown"},
		"from another axis":   {graph.FullyConnectedAttrs{Axis: 2}, graph.ShapeOf(5, 16), "unknown"},
		"open filter":         {graph.FullyConnectedAttrs{Axis: 1}, graph.ShapeOf(5, -1), "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			m := model(graph.Shape{}, graph.Float32)
			g := m.Graphs[0]
			g.Tensors = append(g.Tensors, graph.Tensor{Shape: c.filter, Const: &graph.Const{}}, graph.Tensor{}, graph.Tensor{})
			g.Nodes = []graph.Node{
				{Op: graph.Relu, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{2}},
				{Op: graph.FullyConnected, Inputs: []graph.TensorID{2, 1}, Outputs: []graph.TensorID{3}, Attrs: &c.attrs},
			}
			got, _ := bind.Bind(m, bind.Policy{})
			if s := got.Graphs[0].Tensors[0].Shape.String(); s != c.want {
				t.Errorf("shape = %s, want %s", s, c.want)
			}
		})
	}
}

func shapes(m *graph.Model) (out []string) {
	for i := range m.Graphs[0].Tensors {
		out = append(out, m.Graphs[0].Tensors[i].Shape.String())
	}
	return out
}

// TestBind_languageModel: ids, mask and cache of a decoder share symbols, and
// the mask's length is a sum of two of them.
func TestBind_languageModel(t *testing.T) {
	sym := graph.SymbolDim
	m := model(graph.ShapeOfDims(sym("batch_size"), sym("sequence_length")), graph.Int64)
	g := m.Graphs[0]
	g.Tensors = append(g.Tensors,
		graph.Tensor{Name: "mask", DType: graph.Int64, Shape: graph.ShapeOfDims(sym("batch_size"), sym("past_sequence_length + sequence_length"))},
		graph.Tensor{Name: "past", DType: graph.Float32, Shape: graph.ShapeOfDims(sym("batch_size"), graph.DimOf(8), sym("past_sequence_length"), graph.DimOf(64))})
	g.Inputs = []graph.TensorID{0, 1, 2}
	for name, c := range map[string]struct {
		p    bind.Policy
		want []string
	}{
		"open":     {bind.Policy{}, []string{"[1, sequence_length]", "[1, past_sequence_length + sequence_length]", "[1, 8, past_sequence_length, 64]"}},
		"prefill":  {bind.Policy{Assume: bind.Customary()}, []string{"[1, 128]", "[1, 128]", "[1, 8, 0, 64]"}},
		"one step": {bind.Policy{Explicit: map[string]int64{"sequence": 1, "past": 512}}, []string{"[1, 1]", "[1, 513]", "[1, 8, 512, 64]"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := bind.Bind(m, c.p)
			for i, s := range shapes(got) {
				if s != c.want[i] {
					t.Errorf("input %d has shape %s, want %s", i, s, c.want[i])
				}
			}
		})
	}
}

func TestBind_rolesOfUnnamedAxes(t *testing.T) {
	free := graph.Dim{}
	three := graph.DimOf(3)
	for name, c := range map[string]struct {
		shape graph.Shape
		dtype graph.DType
		want  string
	}{
		"image, channels last":  {graph.ShapeOfDims(free, free, free, three), graph.Float32, "[1, 224, 224, 3]"},
		"image, channels first": {graph.ShapeOfDims(free, three, free, free), graph.Float32, "[1, 3, 224, 224]"},
		"image without batch":   {graph.ShapeOfDims(free, free, three), graph.Uint8, "[224, 224, 3]"},
		"samples":               {graph.ShapeOfDims(free, free), graph.Float32, "[1, 100]"},
		"features over time":    {graph.ShapeOfDims(free, free, graph.DimOf(40)), graph.Float32, "[1, 100, 40]"},
		"a bare batch":          {graph.ShapeOfDims(free, graph.DimOf(40)), graph.Float32, "[1, 40]"},
		"no clue":               {graph.ShapeOfDims(graph.DimOf(2), free, free, free), graph.Float32, "[2, ?, ?, ?]"},
		"a word for time":       {graph.ShapeOfDims(free, graph.DimOf(80), graph.SymbolDim("n_frames")), graph.Float32, "[1, 80, 100]"},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := bind.Bind(model(c.shape, c.dtype), bind.Policy{Assume: bind.Customary()})
			if s := got.Graphs[0].Tensors[0].Shape.String(); s != c.want {
				t.Errorf("shape %s, want %s", s, c.want)
			}
		})
	}
}

// TestBind_consumerNamesTheAxes: a convolution behind a cast and a
// subtraction says which axes are height and width.
func TestBind_consumerNamesTheAxes(t *testing.T) {
	m := model(graph.ShapeOfDims(graph.Dim{}, graph.Dim{}, graph.Dim{}, graph.DimOf(5)), graph.Uint8)
	g := m.Graphs[0]
	g.Tensors = append(g.Tensors, graph.Tensor{}, graph.Tensor{}, graph.Tensor{})
	g.Nodes = []graph.Node{
		{Op: graph.Cast, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1}},
		{Op: graph.Sub, Inputs: []graph.TensorID{1}, Outputs: []graph.TensorID{2}},
		{Op: graph.Conv, Attrs: &graph.ConvAttrs{Data: graph.NHWC(2)}, Inputs: []graph.TensorID{2}, Outputs: []graph.TensorID{3}},
	}
	got, made := bind.Bind(m, bind.Policy{Explicit: map[string]int64{"height": 48, "width": 64}})
	if s := shapes(got)[0]; s != "[1, 48, 64, 5]" {
		t.Errorf("shape %s, bindings %v", s, made)
	}
}

func TestBind_inputNodesAndBodies(t *testing.T) {
	m := model(graph.ShapeOf(1), graph.Float32)
	g := m.Graphs[0]
	g.Tensors = append(g.Tensors, graph.Tensor{Name: "data", Shape: graph.ShapeOfDims(graph.Dim{}, graph.DimOf(7))})
	g.Nodes = []graph.Node{{Op: graph.InputOp, Outputs: []graph.TensorID{1}}}
	m.Graphs = append(m.Graphs, &graph.Graph{Role: graph.RoleBody, Inputs: []graph.TensorID{0},
		Tensors: []graph.Tensor{{Name: "inner", Shape: graph.ShapeOfDims(graph.Dim{})}}})
	got, made := bind.Bind(m, bind.Policy{})
	if s := shapes(got)[1]; s != "[1, 7]" || len(made) != 1 {
		t.Errorf("shape %s, bindings %v", s, made)
	}
	if s := got.Graphs[1].Tensors[0].Shape.String(); s != "[?]" {
		t.Errorf("the body's input was bound to %s", s)
	}
}

func TestBind_unrankedInputStaysUnknownWithoutAClue(t *testing.T) {
	got, made := bind.Bind(model(graph.Shape{}, graph.Float32), bind.Policy{Assume: bind.Customary()})
	if got.Graphs[0].Tensors[0].Shape.IsRanked() || len(made) != 1 || made[0].Why != bind.Unbound {
		t.Errorf("shape %s, bindings %v", shapes(got)[0], made)
	}
}
