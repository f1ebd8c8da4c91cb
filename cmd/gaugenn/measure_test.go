package main

import (
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/graph"
)

// looped is a matrix product of 2*3*4 MACs, then a loop of unknown trip count
// whose body is one node.
func looped(body graph.Op) *graph.Model {
	square := graph.ShapeOf(2, 2)
	main := &graph.Graph{
		Tensors: []graph.Tensor{{Name: "x", DType: graph.Float32, Shape: graph.ShapeOf(2, 3)}, {Name: "w", DType: graph.Float32, Shape: graph.ShapeOf(3, 4)}, {Name: "y"}, {Name: "s", DType: graph.Float32, Shape: square}, {Name: "z"}},
		Nodes: []graph.Node{
			{Op: graph.MatMul, Attrs: &graph.MatMulAttrs{}, Inputs: []graph.TensorID{0, 1}, Outputs: []graph.TensorID{2}},
			{Op: graph.While, Attrs: &graph.LoopAttrs{TripCount: -1, Reason: "not known"}, Inputs: []graph.TensorID{3}, Outputs: []graph.TensorID{4}, Subgraphs: []int{1, 2}},
		},
		Inputs: []graph.TensorID{0, 1, 3}, Outputs: []graph.TensorID{2, 4},
	}
	cond := &graph.Graph{Role: graph.RoleBody, Tensors: []graph.Tensor{{DType: graph.Float32, Shape: square}, {DType: graph.Bool, Shape: graph.ShapeOf()}}, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1}}
	step := &graph.Graph{Role: graph.RoleBody, Tensors: []graph.Tensor{{DType: graph.Float32, Shape: square}, {}}, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1},
		Nodes: []graph.Node{{Op: body, Inputs: []graph.TensorID{0, 0}, Outputs: []graph.TensorID{1}}}}
	if body == graph.MatMul {
		step.Nodes[0].Attrs = &graph.MatMulAttrs{}
	}
	return &graph.Model{Graphs: []*graph.Graph{main, cond, step}}
}

func TestMeasure_loopOfUnknownTripsThatMultipliesLeavesMACsUnknown(t *testing.T) {
	f := &extract.Finding{Status: extract.Parsed}
	if d := measure(f, looped(graph.MatMul), measureOptions{}); d.model.MACs != nil || d.model.UnknownCostNodes == 0 {
		t.Errorf("MACs %v, %d nodes unknown; want null for a product in a loop", d.model.MACs, d.model.UnknownCostNodes)
	}
	d := measure(f, looped(graph.Add), measureOptions{})
	if d.model.MACs == nil || *d.model.MACs != 2*3*4 || d.model.UnknownCostNodes == 0 {
		t.Errorf("MACs %v, %d nodes unknown; want 24 and the loop: additions are no MACs", d.model.MACs, d.model.UnknownCostNodes)
	}
}

// TestMeasure_sizesThatFitTheNetwork: a reader of lines of text halves their height until
// one row is left, which it drops. Images of 224 x 224 do not fit it, lines of 48 x 320 do:
// 320 columns of 3 values times a matrix of 3 x 10.
func TestMeasure_sizesThatFitTheNetwork(t *testing.T) {
	rows := graph.Window{Kernel: []int64{48, 1}, Strides: []int64{48, 1}}
	m := &graph.Model{Graphs: []*graph.Graph{{
		Tensors: []graph.Tensor{{Name: "x", DType: graph.Float32, Shape: graph.ShapeOfDims(graph.SymbolDim("N"), graph.DimOf(3), graph.SymbolDim("height"), graph.SymbolDim("width"))},
			{Name: "rows"}, {Name: "columns"}, {Name: "turned"}, {Name: "w", DType: graph.Float32, Shape: graph.ShapeOf(3, 10)}, {Name: "y"}},
		Nodes: []graph.Node{
			{Op: graph.MaxPool, Attrs: &graph.PoolAttrs{Window: rows, Data: graph.NCHW(2)}, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1}},
			{Op: graph.Squeeze, Attrs: &graph.AxesAttrs{Axes: []int{2}}, Inputs: []graph.TensorID{1}, Outputs: []graph.TensorID{2}},
			{Op: graph.Transpose, Attrs: &graph.PermAttrs{Perm: []int{0, 2, 1}}, Inputs: []graph.TensorID{2}, Outputs: []graph.TensorID{3}},
			{Op: graph.MatMul, Attrs: &graph.MatMulAttrs{}, Inputs: []graph.TensorID{3, 4}, Outputs: []graph.TensorID{5}},
		},
		Inputs: []graph.TensorID{0, 4}, Outputs: []graph.TensorID{5},
	}}}
	d := measure(&extract.Finding{Status: extract.Parsed}, m, measureOptions{})
	if got := d.model.AssumedMACs; d.model.MACs != nil || got == nil || *got != 320*3*10 || !strings.Contains(d.model.AssumedBinding, `(height) = 48, assumed`) {
		t.Errorf("MACs %v, assumed %v at %s; want 9600 at height 48", d.model.MACs, got, d.model.AssumedBinding)
	}
}
