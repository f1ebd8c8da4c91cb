package paddleop_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/paddleop"
	"github.com/google/go-cmp/cmp"
)

// translate appends one operator over ten float tensors and returns its node.
func translate(op paddleop.Op, change func(g *graph.Graph)) (graph.Node, *graph.Graph) {
	g := &graph.Graph{}
	for range 10 {
		g.Tensors = append(g.Tensors, graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(1, 4, 8, 8)})
	}
	if change != nil {
		change(g)
	}
	paddleop.Append(g, &op)
	return g.Nodes[0], g
}

func param(name string, ids ...graph.TensorID) paddleop.Param {
	return paddleop.Param{Name: name, IDs: ids}
}

func params(p ...paddleop.Param) []paddleop.Param { return p }

func ints(name string, v ...int64) paddleop.Attr { return paddleop.Attr{Name: name, Ints: v} }

func num(name string, v int64) paddleop.Attr { return paddleop.Attr{Name: name, Int: v} }

func str(name, v string) paddleop.Attr { return paddleop.Attr{Name: name, Str: v} }

func TestAppend(t *testing.T) {
	out := params(param("Out", 9))
	for _, tc := range []struct {
		name  string
		op    paddleop.Op
		want  graph.Op
		fused graph.Op
		in    []graph.TensorID
		attrs graph.Attrs
	}{
		{"operands go by name", paddleop.Op{Type: "conv2d", Inputs: params(param("Filter", 1), param("Bias"), param("Input", 0)), Outputs: params(param("Output", 9)),
			Attrs: []paddleop.Attr{ints("strides", 2, 2), ints("paddings", 1, 2), num("groups", 4)}}, graph.Conv, "", []graph.TensorID{0, 1},
			&graph.ConvAttrs{Groups: 4, Data: graph.NCHW(2), Filter: graph.OIHW(2), Window: graph.Window{Strides: []int64{2, 2}, PadBegin: []int64{1, 2}, PadEnd: []int64{1, 2}}}},
		{"four paddings are pairs", paddleop.Op{Type: "conv2d", Inputs: params(param("Input", 0), param("Filter", 1)), Attrs: []paddleop.Attr{ints("paddings", 1, 2, 3, 4), str("fuse_activation", "relu6")}},
			graph.Conv, graph.Relu6, []graph.TensorID{0, 1},
			&graph.ConvAttrs{Groups: 1, Data: graph.NCHW(2), Filter: graph.OIHW(2), Window: graph.Window{PadBegin: []int64{1, 3}, PadEnd: []int64{2, 4}}}},
		{"average pool", paddleop.Op{Type: "pool2d", Inputs: params(param("X", 0)), Outputs: out, Attrs: []paddleop.Attr{str("pooling_type", "avg"), num("global_pooling", 1)}},
			graph.AveragePool, "", []graph.TensorID{0}, &graph.PoolAttrs{Data: graph.NCHW(2), Global: true}},
		{"adaptive pool", paddleop.Op{Type: "pool2d", Inputs: params(param("X", 0)), Outputs: out, Attrs: []paddleop.Attr{num("adaptive", 1), ints("ksize", 3, 3)}},
			graph.MaxPool, "", []graph.TensorID{0}, &graph.PoolAttrs{Data: graph.NCHW(2), AdaptiveOutput: []int64{3, 3}}},
		{"batch norm's order", paddleop.Op{Type: "batch_norm", Inputs: params(param("Bias", 3), param("Mean", 4), param("Scale", 2), param("Variance", 5), param("X", 0)),
			Outputs: params(param("MeanOut", 8), param("Y", 9))}, graph.BatchNormalization, "", []graph.TensorID{0, 2, 3, 4, 5}, &graph.AxisAttrs{Axis: 1}},
		{"transposed product", paddleop.Op{Type: "matmul_v2", Inputs: params(param("X", 0), param("Y", 1)), Outputs: out, Attrs: []paddleop.Attr{num("trans_y", 1)}},
			graph.MatMul, "", []graph.TensorID{0, 1}, &graph.MatMulAttrs{TransB: true}},
		{"slice", paddleop.Op{Type: "slice", Inputs: params(param("Input", 0)), Outputs: out, Attrs: []paddleop.Attr{ints("axes", 1), ints("starts", 0), ints("ends", 2)}},
			graph.Slice, "", []graph.TensorID{0}, &graph.SliceAttrs{Starts: []int64{0}, Ends: []int64{2}, Axes: []int{1}}},
		{"slice that drops an axis has no canonical form", paddleop.Op{Type: "slice", Inputs: params(param("Input", 0)), Outputs: out, Attrs: []paddleop.Attr{ints("decrease_axis", 1)}},
			graph.Unknown, "", []graph.TensorID{0}, nil},
		{"resize by scale", paddleop.Op{Type: "nearest_interp_v2", Inputs: params(param("X", 0)), Outputs: out, Attrs: []paddleop.Attr{{Name: "scale", Floats: []float64{2, 3}}}},
			graph.Resize, "", []graph.TensorID{0}, &graph.ResizeAttrs{Mode: "nearest", Data: graph.NCHW(2), Scales: []float64{2, 3}}},
		{"reduction of all axes", paddleop.Op{Type: "reduce_mean", Inputs: params(param("X", 0)), Outputs: out, Attrs: []paddleop.Attr{ints("dim", 1), num("reduce_all", 1)}},
			graph.ReduceMean, "", []graph.TensorID{0}, &graph.ReduceAttrs{}},
		{"unknown", paddleop.Op{Type: "no_such_op", Inputs: params(param("X", 0, 1))}, graph.Unknown, "", []graph.TensorID{0, 1}, nil},
	} {
		got, _ := translate(tc.op, nil)
		if got.Op != tc.want || got.Fused != tc.fused || got.SourceOp != tc.op.Type {
			t.Errorf("%s: op %q fused %q, want %q %q", tc.name, got.Op, got.Fused, tc.want, tc.fused)
		}
		if d := cmp.Diff(tc.in, got.Inputs); d != "" {
			t.Errorf("%s: operands (-want +got)\n%s", tc.name, d)
		}
		if d := cmp.Diff(tc.attrs, got.Attrs); d != "" {
			t.Errorf("%s: attributes (-want +got)\n%s", tc.name, d)
		}
	}
}

func TestAppend_leavesOutResultsOfTheBackwardPass(t *testing.T) {
	n, _ := translate(paddleop.Op{Type: "reshape2", Inputs: params(param("X", 0)), Outputs: params(param("XShape", 8), param("Out", 9))}, nil)
	if d := cmp.Diff([]graph.TensorID{9}, n.Outputs); d != "" {
		t.Error(d)
	}
}

func TestAppend_biasIsAlignedAtItsAxis(t *testing.T) {
	n, g := translate(paddleop.Op{Type: "elementwise_add", Inputs: params(param("X", 0), param("Y", 1)), Attrs: []paddleop.Attr{num("axis", 1)}}, func(g *graph.Graph) {
		g.Tensors[1].Shape = graph.ShapeOf(4)
		g.Tensors[1].Const = &graph.Const{}
	})
	b := g.Tensor(n.Inputs[1])
	if b.Shape.String() != "[4, 1, 1]" || b.Const != g.Tensors[1].Const {
		t.Errorf("second operand %s", b.Shape)
	}
}

func TestLookup(t *testing.T) {
	if op, ok := paddleop.Lookup("depthwise_conv2d"); !ok || op != graph.Conv {
		t.Errorf("depthwise_conv2d is %q", op)
	}
	if _, ok := paddleop.Lookup("no_such_op"); ok {
		t.Error("no_such_op found")
	}
	if paddleop.DType(5) != graph.Float32 || paddleop.DType(99) != graph.UnknownDType {
		t.Error("dtypes")
	}
}
