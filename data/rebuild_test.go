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
