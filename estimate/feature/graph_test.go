package feature_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/graph"
)

// build returns a batchless graph: image 3x8x8, convolution to 16x8x8, relu, depthwise stride 2, global pool, dense to 10.
func build() (*graph.Graph, []graph.Cost) {
	g := &graph.Graph{}
	tensor := func(dtype graph.DType, constant bool, sizes ...int64) graph.TensorID {
		t := graph.Tensor{DType: dtype, Shape: graph.ShapeOf(sizes...)}
		if constant {
			t.Const = &graph.Const{}
		}
		g.Tensors = append(g.Tensors, t)
		return graph.TensorID(len(g.Tensors) - 1)
	}
	x := tensor(graph.Float32, false, 3, 8, 8)
	w1 := tensor(graph.Float32, true, 16, 3, 3, 3)
	a := tensor(graph.Float32, false, 16, 8, 8)
	b := tensor(graph.Float32, false, 16, 8, 8)
	w2 := tensor(graph.Int8, true, 16, 1, 3, 3)
	c := tensor(graph.Float32, false, 16, 4, 4)
	p := tensor(graph.Float32, false, 16)
	w3 := tensor(graph.Float32, true, 10, 16)
	y := tensor(graph.Float32, false, 10)
	conv := func(groups int64, stride int64) *graph.ConvAttrs {
		return &graph.ConvAttrs{Window: graph.Window{Kernel: []int64{3, 3}, Strides: []int64{stride, stride}}, Groups: groups,
			Data: graph.CHW(2), Filter: graph.OIHW(2)}
	}
	ids := func(v ...graph.TensorID) []graph.TensorID { return v }
	g.Inputs, g.Outputs = ids(x), ids(y)
	g.Nodes = []graph.Node{
		{Name: "conv", Op: graph.Conv, Attrs: conv(1, 1), Inputs: ids(x, w1), Outputs: ids(a)},
		{Name: "relu", Op: graph.Relu, Inputs: ids(a), Outputs: ids(b)},
		{Name: "depth", Op: graph.Conv, Attrs: conv(16, 2), Inputs: ids(b, w2), Outputs: ids(c), Fused: graph.Relu6},
		{Name: "pool", Op: graph.AveragePool, Attrs: &graph.PoolAttrs{Data: graph.CHW(2), Global: true, DropSpatial: true}, Inputs: ids(c), Outputs: ids(p)},
		{Name: "dense", Op: graph.FullyConnected, Attrs: &graph.FullyConnectedAttrs{}, Inputs: ids(p, w3), Outputs: ids(y)},
	}
	costs := []graph.Cost{{MACs: 27648, Params: 432, Known: true}, {Known: true}, {MACs: 2304, Params: 144, Known: true}, {Known: true},
		{MACs: 160, Params: 160, Known: true}}
	return g, costs
}

func TestOf_describesEachKernel(t *testing.T) {
	g, costs := build()
	net := feature.Of("net", g, costs, feature.FuseNone)
	type row struct {
		Kind           string
		In, Out        int
		K, Stride, Gr  int
		Pixels         int
		MACs           float64
		InElems, OutEl float64
		Int8           bool
	}
	var got []row
	for _, l := range net.Layers {
		got = append(got, row{l.Kind.String(), l.InChannels, l.OutChannels, l.KernelW, l.StrideW, l.Groups, l.Pixels, l.MACs, l.InElems, l.OutElems, l.Int8})
	}
	want := []row{
		{"conv", 3, 16, 3, 1, 1, 64, 27648, 192, 1024, false},
		{"activation", 1, 1, 1, 1, 1, 1, 0, 1024, 1024, false},
		{"depth_conv", 16, 16, 3, 2, 16, 16, 2304, 1024, 256, true},
		{"global_pool", 16, 16, 1, 1, 1, 1, 0, 256, 16, false},
		{"dense", 16, 10, 1, 1, 1, 1, 160, 16, 10, false},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if net.MACs() != 30112 || !net.HasInt8() || net.InputElems != 192 || net.OutputElems != 10 {
		t.Errorf("net: %v MACs, int8 %v, %v in, %v out", net.MACs(), net.HasInt8(), net.InputElems, net.OutputElems)
	}
	if diff := cmp.Diff([]string{"Relu6"}, net.Layers[2].Fused); diff != "" {
		t.Error(diff)
	}
}

func TestOf_foldsActivationsIntoTheirKernel(t *testing.T) {
	g, costs := build()
	net := feature.Of("net", g, costs, feature.FusePointwise)
	if len(net.Layers) != 4 || net.Layers[0].Name != "conv" || !cmp.Equal(net.Layers[0].Fused, []string{"Relu"}) {
		t.Errorf("got %d layers, the first %+v", len(net.Layers), net.Layers[0])
	}
	g.Outputs = append(g.Outputs, 2) // the convolution's own result is wanted too
	if net := feature.Of("net", g, costs, feature.FusePointwise); len(net.Layers) != 5 {
		t.Errorf("an activation of a result with two readers was folded: %d layers", len(net.Layers))
	}
}

func TestOf_unknownCostsAreMarked(t *testing.T) {
	g, _ := build()
	for _, l := range feature.Of("net", g, nil, feature.FuseNone).Layers {
		if l.Known {
			t.Errorf("%s: known without a cost", l.Name)
		}
	}
}

func TestKind_String(t *testing.T) {
	if feature.Conv.String() != "conv" || feature.Recurrent.String() != "recurrent" || feature.Kind(200).String() != "invalid" {
		t.Error(feature.Conv, feature.Recurrent, feature.Kind(200))
	}
}
