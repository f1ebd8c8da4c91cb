package data_test

import (
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/graph"
)

func TestRebuild_givesTheGraphAndCostsBack(t *testing.T) {
	g := &graph.Graph{
		Tensors: []graph.Tensor{
			{Name: "x", DType: graph.Float32, Shape: graph.ShapeOf(-1, 8, 8, 3)},
			{Name: "w16", DType: graph.Float16, Shape: graph.ShapeOf(4, 3, 3, 3), Const: &graph.Const{StoredBytes: 216}},
			{Name: "w", DType: graph.Float32, Shape: graph.ShapeOf(4, 3, 3, 3)},
			{Name: "b", DType: graph.Float32, Shape: graph.ShapeOf(4), Const: &graph.Const{StoredBytes: 16}},
			{Name: "y", DType: graph.Float32, Shape: graph.ShapeOf(-1, 8, 8, 4)},
		},
		Nodes: []graph.Node{
			{Op: graph.DequantizeLinear, SourceOp: "DEQUANTIZE", Inputs: []graph.TensorID{1}, Outputs: []graph.TensorID{2}},
			{Op: graph.Conv, SourceOp: "CONV_2D", Fused: graph.Relu, Inputs: []graph.TensorID{0, 2, 3}, Outputs: []graph.TensorID{4},
				Attrs: &graph.ConvAttrs{Window: graph.Window{Strides: []int64{1, 1}, PadMode: graph.PadSameUpper}, Data: graph.NHWC(2), Filter: graph.OHWI(2)}},
		},
		Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{4},
	}
	costs := [][]graph.Cost{{{Ops: 108, Params: 108, Known: true}, {MACs: 6912, Ops: 256, Params: 4, Known: true}}}
	rows := data.LayerRows("m", &graph.Model{Graphs: []*graph.Graph{g}}, costs)
	got, gotCosts, err := data.Rebuild(rows)
	if err != nil {
		t.Fatal(err)
	}
	if gotCosts[1].MACs != 6912 || !gotCosts[0].Known {
		t.Errorf("costs: %+v", gotCosts)
	}
	if len(got.Inputs) != 1 || got.Inputs[0] != 0 || len(got.Outputs) != 1 || got.Outputs[0] != 4 {
		t.Errorf("inputs %v, outputs %v", got.Inputs, got.Outputs)
	}
	if got.Tensors[1].Const == nil || got.Tensors[3].Const == nil || got.Tensors[0].Const != nil || got.Tensors[2].Const != nil {
		t.Error("constants are not told from activations")
	}
	if a, ok := got.Nodes[1].Attrs.(*graph.ConvAttrs); !ok || a.Data.Channel != 3 {
		t.Errorf("attributes: %+v", got.Nodes[1].Attrs)
	}
	if s := got.Tensors[0].Shape.String(); s != "[1, 8, 8, 3]" {
		t.Errorf("input shape %s", s)
	}
}

// What a body does is not in its node's operands, so a loop over constants is no constant.
func TestRebuild_givesBodiesBack(t *testing.T) {
	g := &graph.Graph{
		Tensors: []graph.Tensor{{Name: "from", Shape: graph.ShapeOf(1), Const: &graph.Const{StoredBytes: 4}}, {Name: "y", Shape: graph.ShapeOf(1)}},
		Nodes:   []graph.Node{{Op: graph.While, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1}, Subgraphs: []int{1, 2}}},
		Outputs: []graph.TensorID{1},
	}
	got, _, err := data.Rebuild(data.LayerRows("m", &graph.Model{Graphs: []*graph.Graph{g}}, [][]graph.Cost{{{Params: 1, Known: true}}}))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.Nodes[0].Subgraphs, []int{1, 2}) {
		t.Errorf("bodies %v", got.Nodes[0].Subgraphs)
	}
}

// Some converters to ONNX keep weights in Constant nodes.
func TestRebuild_outputOfAConstantNodeIsConstant(t *testing.T) {
	g := &graph.Graph{
		Tensors: []graph.Tensor{{Name: "x", Shape: graph.ShapeOf(1, 3)}, {Name: "w", Shape: graph.ShapeOf(3, 4), Const: &graph.Const{StoredBytes: 48, NotParam: true}}, {Name: "y", Shape: graph.ShapeOf(1, 4)}},
		Nodes:   []graph.Node{{Op: graph.Constant, Outputs: []graph.TensorID{1}}, {Op: graph.MatMul, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2}, Attrs: &graph.MatMulAttrs{}}},
		Inputs:  []graph.TensorID{0}, Outputs: []graph.TensorID{2},
	}
	got, _, err := data.Rebuild(data.LayerRows("m", &graph.Model{Graphs: []*graph.Graph{g}}, [][]graph.Cost{{{Known: true}, {MACs: 12, WeightBytes: 48, Known: true}}}))
	if err != nil {
		t.Fatal(err)
	}
	if got.Tensors[1].Const == nil || got.Tensors[0].Const != nil || len(got.Inputs) != 1 || got.Inputs[0] != 0 {
		t.Errorf("inputs %v, tensors %+v", got.Inputs, got.Tensors)
	}
}

// Which operands are constants follows from the bytes of weights that the row states.
func TestRebuild_tellsConstantsByTheirBytes(t *testing.T) {
	float, text := func(name string, n int64, weight bool) graph.Tensor {
		x := graph.Tensor{Name: name, DType: graph.Float32, Shape: graph.ShapeOf(n)}
		if weight {
			x.Const = &graph.Const{StoredBytes: 4 * n}
		}
		return x
	}, graph.Tensor{Name: "s", DType: graph.String, Shape: graph.ShapeOf(2)}
	for name, c := range map[string]struct {
		operands []graph.Tensor
		cost     graph.Cost
		constant []bool
	}{
		"the first operand":      {[]graph.Tensor{float("c", 1, true), float("x", 8, false)}, graph.Cost{Params: 1, WeightBytes: 4, Known: true}, []bool{true, false}},
		"not a parameter":        {[]graph.Tensor{float("x", 8, false), float("c", 2, true)}, graph.Cost{WeightBytes: 8, Known: true}, []bool{false, true}},
		"the last of equal ones": {[]graph.Tensor{float("x", 8, false), float("c", 8, true)}, graph.Cost{Params: 8, WeightBytes: 32, Known: true}, []bool{false, true}},
		"no weights":             {[]graph.Tensor{float("x", 8, false), float("y", 8, false)}, graph.Cost{Known: true}, []bool{false, false}},
		"text has no size":       {[]graph.Tensor{text}, graph.Cost{}, []bool{false}},
		"weights stored smaller": {[]graph.Tensor{float("x", 8, false), float("c", 6, true)}, graph.Cost{Params: 6, WeightBytes: 7, Known: true}, []bool{false, true}},
	} {
		g := &graph.Graph{Tensors: append(c.operands, float("out", 8, false))}
		n := graph.Node{Op: graph.Add, Outputs: []graph.TensorID{graph.TensorID(len(c.operands))}}
		for i := range c.operands {
			n.Inputs = append(n.Inputs, graph.TensorID(i))
		}
		g.Nodes = []graph.Node{n}
		got, _, err := data.Rebuild(data.LayerRows("m", &graph.Model{Graphs: []*graph.Graph{g}}, [][]graph.Cost{{c.cost}}))
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.constant {
			id := graph.TensorID(i)
			if is := got.Tensors[i].Const != nil; is != want || slices.Contains(got.Inputs, id) == want {
				t.Errorf("%s: operand %d constant %v, inputs %v; want constant %v", name, i, is, got.Inputs, want)
			}
		}
	}
}
