package aten_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
)

func tensor(id graph.TensorID) aten.Value { return aten.Value{Kind: aten.Tensor, Tensor: id} }
func integer(n int64) aten.Value          { return aten.Value{Kind: aten.Int, Int: n} }
func list(v ...int64) aten.Value          { return aten.Value{Kind: aten.IntList, Ints: v} }
func truth(n int64) aten.Value            { return aten.Value{Kind: aten.Bool, Int: n} }

var none aten.Value

// subject is a graph with an activation [1, 3, 8, 8], a filter [4, 3, 3, 3], a
// bias [4], a matrix [4, 5] and a scalar.
func subject() *graph.Graph {
	shapes := []graph.Shape{graph.ShapeOf(1, 3, 8, 8), graph.ShapeOf(4, 3, 3, 3), graph.ShapeOf(4), graph.ShapeOf(4, 5), graph.ShapeOf()}
	g := &graph.Graph{}
	for _, s := range shapes {
		g.Tensors = append(g.Tensors, graph.Tensor{Shape: s, DType: graph.Float32})
	}
	return g
}

func TestTranslate(t *testing.T) {
	x, w, b, m := tensor(0), tensor(1), tensor(2), tensor(3)
	window := graph.Window{Strides: []int64{2, 2}, Dilations: []int64{1, 1}, PadBegin: []int64{1, 1}, PadEnd: []int64{1, 1}}
	tests := []struct {
		name     string
		overload string
		args     []aten.Value
		op       graph.Op
		attrs    graph.Attrs
		inputs   []graph.TensorID
	}{
		{"aten::conv2d", "", []aten.Value{x, w, b, list(2, 2), list(1, 1), list(1, 1), integer(1)}, graph.Conv,
			&graph.ConvAttrs{Window: window, Groups: 1, Data: graph.NCHW(2), Filter: graph.OIHW(2)}, []graph.TensorID{0, 1, 2}},
		{"aten::convolution", "", []aten.Value{x, w, none, list(2), list(1), list(1), truth(1), list(0, 0), integer(1)}, graph.ConvTranspose,
			&graph.ConvAttrs{Window: window, Groups: 1, Data: graph.NCHW(2), Filter: graph.IOHW(2), OutputPadding: []int64{0, 0}}, []graph.TensorID{0, 1}},
		{"aten::addmm", "", []aten.Value{b, m, m}, graph.Gemm, &graph.MatMulAttrs{}, []graph.TensorID{3, 3, 2}},
		{"aten::linear", "", []aten.Value{m, m, none}, graph.FullyConnected, &graph.FullyConnectedAttrs{KeepDims: true}, []graph.TensorID{3, 3}},
		{"aten::embedding", "", []aten.Value{m, b}, graph.EmbeddingLookup, nil, []graph.TensorID{2, 3}},
		{"aten::layer_norm", "", []aten.Value{x, list(8, 8), w, none}, graph.LayerNormalization, &graph.ReduceAttrs{Axes: []int{-2, -1}, KeepDims: true}, []graph.TensorID{0, 1}},
		{"aten::hardtanh", "", []aten.Value{x, integer(0), integer(6)}, graph.Relu6, nil, []graph.TensorID{0}},
		{"aten::hardtanh", "", []aten.Value{x, integer(-2), integer(2)}, graph.Clip, nil, []graph.TensorID{0}},
		{"aten::relu_", "", []aten.Value{x}, graph.Relu, nil, []graph.TensorID{0}},
		{"aten::mean", "dim", []aten.Value{x, list(2, 3), truth(1)}, graph.ReduceMean, &graph.ReduceAttrs{Axes: []int{2, 3}, KeepDims: true}, []graph.TensorID{0}},
		{"aten::max", "other", []aten.Value{x, x}, graph.Max, nil, []graph.TensorID{0, 0}},
		{"aten::transpose_copy", "int", []aten.Value{x, integer(1), integer(-1)}, graph.Transpose, &graph.PermAttrs{Perm: []int{0, 3, 2, 1}}, []graph.TensorID{0}},
		{"aten::cat", "", []aten.Value{{Kind: aten.TensorList, Tensors: []graph.TensorID{0, 1}}, integer(1)}, graph.Concat, &graph.AxisAttrs{Axis: 1}, []graph.TensorID{0, 1}},
		{"aten::constant_pad_nd", "", []aten.Value{x, list(1, 2, 3, 4)}, graph.Pad,
			&graph.PadAttrs{Mode: "constant", Begin: []int64{0, 0, 3, 1}, End: []int64{0, 0, 4, 2}}, []graph.TensorID{0}},
		{"aten::max_pool2d", "", []aten.Value{x, list(2, 2), list(), list(0, 0), list(1, 1), truth(1)}, graph.MaxPool,
			&graph.PoolAttrs{Window: graph.Window{Kernel: []int64{2, 2}, Strides: []int64{2, 2}, Dilations: []int64{1, 1}, PadBegin: []int64{0, 0}, PadEnd: []int64{0, 0}}, Data: graph.NCHW(2), Ceil: true, ClipCeil: true}, []graph.TensorID{0}},
		{"aten::never_heard_of", "", []aten.Value{x, integer(3), b}, graph.Unknown, nil, []graph.TensorID{0, 2}},
		{"mine::thing", "", []aten.Value{x}, graph.Custom, &graph.CustomAttrs{Domain: "mine"}, []graph.TensorID{0}},
	}
	for _, tt := range tests {
		n := graph.Node{}
		aten.Translate(&n, aten.Call{Name: tt.name, Overload: tt.overload, Args: tt.args, Graph: subject()})
		if n.Op != tt.op || !slices.Equal(n.Inputs, tt.inputs) {
			t.Errorf("%s: %s of %v, want %s of %v", tt.name, n.Op, n.Inputs, tt.op, tt.inputs)
		}
		if tt.attrs != nil && !reflect.DeepEqual(n.Attrs, tt.attrs) {
			t.Errorf("%s: %+v, want %+v", tt.name, n.Attrs, tt.attrs)
		}
	}
}

func TestTranslate_selectGathersByAScalar(t *testing.T) {
	g, n := subject(), graph.Node{}
	aten.Translate(&n, aten.Call{Name: "aten::select", Overload: "int", Args: []aten.Value{tensor(0), integer(1), integer(2)}, Graph: g})
	index := g.Tensor(n.Input(1))
	if n.Op != graph.Gather || index == nil || index.Shape.Len() != 0 || !index.Const.NotParam || index.Const.Data[0] != 2 {
		t.Errorf("%s %+v, index %+v", n.Op, n.Attrs, index)
	}
}

// TestTranslate_badArgumentsAreSafe calls every operator of the tests with
// arguments missing, absent and of the wrong kind.
func TestTranslate_badArgumentsAreSafe(t *testing.T) {
	names := []string{"conv2d", "convolution", "conv_transpose2d", "lstm", "layer_norm", "group_norm", "hardtanh", "sum", "max", "topk", "max_pool2d", "avg_pool2d",
		"upsample_nearest2d", "pixel_shuffle", "cat", "view", "permute", "transpose", "flatten", "squeeze", "slice", "select", "split", "chunk", "constant_pad_nd",
		"full", "einsum", "scaled_dot_product_attention", "quantized_conv2d", "batch_norm", "to", "gather", "one_hot", "adaptive_avg_pool2d"}
	bad := []aten.Value{none, integer(-1 << 62), list(), list(-1, 1<<62, 3), tensor(99), tensor(-1), {Kind: aten.TensorList, Tensors: []graph.TensorID{-1, 50}}, {Kind: aten.Text, Text: "same"}}
	for _, name := range names {
		for _, library := range []string{"aten::", "quantized::", "cortex_m::"} {
			for count := range 10 {
				for k := range bad {
					var args []aten.Value
					for i := range count {
						args = append(args, bad[(k+i)%len(bad)])
					}
					n := graph.Node{}
					aten.Translate(&n, aten.Call{Name: library + name, Args: args, Graph: subject()})
				}
			}
		}
	}
}

func TestShort(t *testing.T) {
	if aten.Short("aten::add") != "add" || aten.Short("add") != "add" {
		t.Error("name without library")
	}
}
