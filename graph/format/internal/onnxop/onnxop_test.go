package onnxop_test

import (
	"encoding/binary"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/google/go-cmp/cmp"
)

const none = graph.NoTensor

// translate appends one node over ten float tensors of rank 4 and returns it.
func translate(n onnxop.Node, change func(g *graph.Graph)) (graph.Node, *graph.Graph) {
	g := &graph.Graph{}
	for range 12 {
		g.Tensors = append(g.Tensors, graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(1, 4, 8, 8)})
	}
	if change != nil {
		change(g)
	}
	if n.Outputs == nil {
		n.Outputs = []graph.TensorID{11}
	}
	s := &onnxop.Scope{Graph: g}
	s.Append(&n)
	return g.Nodes[0], g
}

func ids(v ...graph.TensorID) []graph.TensorID { return v }

func ints(name string, v ...int64) onnxop.Attr { return onnxop.Attr{Name: name, Ints: v} }

func num(name string, v int64) onnxop.Attr { return onnxop.Attr{Name: name, Int: v} }

func str(name, v string) onnxop.Attr { return onnxop.Attr{Name: name, Bytes: []byte(v)} }

// setInts makes tensor id a constant of int64.
func setInts(id int, v ...int64) func(*graph.Graph) {
	return func(g *graph.Graph) {
		var b []byte
		for _, x := range v {
			b = binary.LittleEndian.AppendUint64(b, uint64(x))
		}
		g.Tensors[id] = graph.Tensor{DType: graph.Int64, Shape: graph.ShapeOf(int64(len(v))), Const: &graph.Const{Data: b}}
	}
}

func TestAppend(t *testing.T) {
	for _, tc := range []struct {
		name   string
		node   onnxop.Node
		change func(*graph.Graph)
		op     graph.Op
		fused  graph.Op
		in     []graph.TensorID
		attrs  graph.Attrs
	}{
		{name: "convolution", node: onnxop.Node{OpType: "Conv", Version: 11, Inputs: ids(0, 1, 2),
			Attrs: []onnxop.Attr{ints("kernel_shape", 3, 3), ints("pads", 1, 2, 3, 4), num("group", 2)}},
			op: graph.Conv, in: ids(0, 1, 2), attrs: &graph.ConvAttrs{Groups: 2, Data: graph.NCHW(2), Filter: graph.OIHW(2),
				Window: graph.Window{Kernel: []int64{3, 3}, PadBegin: []int64{1, 2}, PadEnd: []int64{3, 4}}}},
		{name: "auto_pad wins over pads", node: onnxop.Node{OpType: "Conv", Inputs: ids(0, 1), Attrs: []onnxop.Attr{str("auto_pad", "SAME_LOWER"), ints("strides", 2)}},
			op: graph.Conv, in: ids(0, 1), attrs: &graph.ConvAttrs{Groups: 1, Data: graph.NCHW(1), Filter: graph.OIHW(1),
				Window: graph.Window{Strides: []int64{2}, PadMode: graph.PadSameLower}}},
		{name: "QLinearConv puts x, w, b first", node: onnxop.Node{OpType: "QLinearConv", Inputs: ids(0, 1, 2, 3, 4, 5, 6, 7, 8), Attrs: []onnxop.Attr{ints("kernel_shape", 1, 1)}},
			op: graph.Conv, in: ids(0, 3, 8, 1, 2, 4, 5, 6, 7), attrs: &graph.ConvAttrs{Groups: 1, Data: graph.NCHW(2), Filter: graph.OIHW(2), Window: graph.Window{Kernel: []int64{1, 1}}}},
		{name: "MatMulInteger leaves the bias out", node: onnxop.Node{OpType: "MatMulInteger", Inputs: ids(0, 1, 2, 3)},
			op: graph.MatMul, in: ids(0, 1, none, 2, 3), attrs: &graph.MatMulAttrs{}},
		{name: "QLinearMatMul", node: onnxop.Node{OpType: "QLinearMatMul", Inputs: ids(0, 1, 2, 3, 4, 5, 6, 7)},
			op: graph.MatMul, in: ids(0, 3, none, 1, 2, 4, 5, 6, 7), attrs: &graph.MatMulAttrs{}},
		{name: "Gemm", node: onnxop.Node{OpType: "Gemm", Inputs: ids(0, 1, 2), Attrs: []onnxop.Attr{num("transB", 1)}},
			op: graph.Gemm, in: ids(0, 1, 2), attrs: &graph.MatMulAttrs{TransB: true}},
		{name: "Squeeze with an attribute", node: onnxop.Node{OpType: "Squeeze", Version: 11, Inputs: ids(0), Attrs: []onnxop.Attr{ints("axes", 0, 2)}},
			op: graph.Squeeze, in: ids(0), attrs: &graph.AxesAttrs{Axes: []int{0, 2}}},
		{name: "Squeeze with an operand", node: onnxop.Node{OpType: "Squeeze", Version: 13, Inputs: ids(0, 1)},
			op: graph.Squeeze, in: ids(0, 1), attrs: &graph.AxesAttrs{}},
		{name: "ReduceSum 11", node: onnxop.Node{OpType: "ReduceSum", Version: 11, Inputs: ids(0), Attrs: []onnxop.Attr{ints("axes", 1), num("keepdims", 0)}},
			op: graph.ReduceSum, in: ids(0), attrs: &graph.ReduceAttrs{Axes: []int{1}}},
		{name: "ReduceMax 18", node: onnxop.Node{OpType: "ReduceMax", Version: 18, Inputs: ids(0, 1), Attrs: []onnxop.Attr{num("noop_with_empty_axes", 1)}},
			op: graph.ReduceMax, in: ids(0, 1), attrs: &graph.ReduceAttrs{KeepDims: true, NoopWithEmptyAxes: true}},
		{name: "Softmax before 13", node: onnxop.Node{OpType: "Softmax", Version: 12, Inputs: ids(0)}, op: graph.Softmax, in: ids(0), attrs: &graph.AxisAttrs{Axis: 1}},
		{name: "Softmax since 13", node: onnxop.Node{OpType: "Softmax", Version: 13, Inputs: ids(0)}, op: graph.Softmax, in: ids(0), attrs: &graph.AxisAttrs{Axis: -1}},
		{name: "no version is the newest", node: onnxop.Node{OpType: "Softmax", Inputs: ids(0)}, op: graph.Softmax, in: ids(0), attrs: &graph.AxisAttrs{Axis: -1}},
		{name: "TopK 9", node: onnxop.Node{OpType: "TopK", Version: 9, Inputs: ids(0), Attrs: []onnxop.Attr{num("k", 5), num("axis", 1)}},
			op: graph.TopK, in: ids(0), attrs: &graph.TopKAttrs{K: 5, Axis: 1}},
		{name: "Slice 9", node: onnxop.Node{OpType: "Slice", Version: 9, Inputs: ids(0), Attrs: []onnxop.Attr{ints("starts", 1), ints("ends", 2), ints("axes", 3)}},
			op: graph.Slice, in: ids(0), attrs: &graph.SliceAttrs{Starts: []int64{1}, Ends: []int64{2}, Axes: []int{3}}},
		{name: "Slice 13", node: onnxop.Node{OpType: "Slice", Version: 13, Inputs: ids(0, 1, 2, 3, 4)}, op: graph.Slice, in: ids(0, 1, 2, 3, 4), attrs: &graph.SliceAttrs{}},
		{name: "Pad with axes", node: onnxop.Node{OpType: "Pad", Version: 18, Inputs: ids(0, 1, none, 3)}, change: setInts(3, 2, 3),
			op: graph.Pad, in: ids(0, 1, none, 3), attrs: &graph.PadAttrs{Mode: "constant", Axes: []int{2, 3}}},
		{name: "Resize 10", node: onnxop.Node{OpType: "Resize", Version: 10, Inputs: ids(0, 1)},
			op: graph.Resize, in: ids(0, none, 1), attrs: &graph.ResizeAttrs{Mode: "nearest", OperandsAllAxes: true, Data: graph.NCHW(2)}},
		{name: "Resize 13", node: onnxop.Node{OpType: "Resize", Version: 13, Inputs: ids(0, none, none, 3), Attrs: []onnxop.Attr{str("mode", "cubic")}},
			op: graph.Resize, in: ids(0, 3), attrs: &graph.ResizeAttrs{Mode: "cubic", OperandsAllAxes: true, Data: graph.NCHW(2)}},
		{name: "Split 18 with a smaller last part", node: onnxop.Node{OpType: "Split", Version: 18, Inputs: ids(0), Outputs: ids(9, 10, 11), Attrs: []onnxop.Attr{num("axis", 1), num("num_outputs", 3)}},
			op: graph.Split, in: ids(0), attrs: &graph.SplitAttrs{Axis: 1, Sizes: []int64{2, 2, 0}}},
		{name: "remainder", node: onnxop.Node{OpType: "Mod", Inputs: ids(0, 1)}, op: graph.FloorMod, in: ids(0, 1)},
		{name: "C's remainder", node: onnxop.Node{OpType: "Mod", Inputs: ids(0, 1), Attrs: []onnxop.Attr{num("fmod", 1)}}, op: graph.Mod, in: ids(0, 1)},
		{name: "global pool", node: onnxop.Node{OpType: "GlobalAveragePool", Inputs: ids(0)}, op: graph.AveragePool, in: ids(0), attrs: &graph.PoolAttrs{Global: true, Data: graph.NCHW(2)}},
		{name: "global pool of unknown rank", node: onnxop.Node{OpType: "GlobalMaxPool", Inputs: ids(0)},
			change: func(g *graph.Graph) { g.Tensors[0].Shape = graph.Shape{} }, op: graph.MaxPool, in: ids(0), attrs: &graph.PoolAttrs{Global: true}},
		{name: "LSTM", node: onnxop.Node{OpType: "LSTM", Inputs: ids(0, 1, 2, 3, none, none, none, 7), Attrs: []onnxop.Attr{num("hidden_size", 6), str("direction", "bidirectional"), num("layout", 1)}},
			op: graph.LSTM, in: ids(0, 1, 2, 3, none, none, none, 7), attrs: &graph.RNNAttrs{Hidden: 6, Directions: 2, TimeAxis: 1, BatchAxis: 0, DirectionAxis: 2, Peephole: true}},
		{name: "layer norm from an axis on", node: onnxop.Node{OpType: "LayerNormalization", Inputs: ids(0, 1, 2), Attrs: []onnxop.Attr{num("axis", 2)}},
			op: graph.LayerNormalization, in: ids(0, 1, 2), attrs: &graph.ReduceAttrs{Axes: []int{-2, -1}, KeepDims: true}},
		{name: "fused convolution", node: onnxop.Node{Domain: "com.microsoft", OpType: "FusedConv", Inputs: ids(0, 1), Attrs: []onnxop.Attr{ints("kernel_shape", 1, 1), str("activation", "HardSigmoid")}},
			op: graph.Conv, fused: graph.HardSigmoid, in: ids(0, 1), attrs: &graph.ConvAttrs{Groups: 1, Data: graph.NCHW(2), Filter: graph.OIHW(2), Window: graph.Window{Kernel: []int64{1, 1}}}},
		{name: "channels last pool", node: onnxop.Node{Domain: "com.ms.internal.nhwc", OpType: "MaxPool", Inputs: ids(0), Attrs: []onnxop.Attr{ints("kernel_shape", 2, 2)}},
			op: graph.MaxPool, in: ids(0), attrs: &graph.PoolAttrs{Window: graph.Window{Kernel: []int64{2, 2}}, Data: graph.NHWC(2)}},
		{name: "FastGelu without bias", node: onnxop.Node{Domain: "com.microsoft", OpType: "FastGelu", Inputs: ids(0)}, op: graph.Gelu, in: ids(0)},
		{name: "BiasGelu", node: onnxop.Node{Domain: "com.microsoft", OpType: "BiasGelu", Inputs: ids(0, 1)}, op: graph.Add, fused: graph.Gelu, in: ids(0, 1)},
		{name: "attention block", node: onnxop.Node{Domain: "com.microsoft", OpType: "Attention", Inputs: ids(0, 1, 2), Attrs: []onnxop.Attr{num("num_heads", 8)}},
			op: graph.MultiHeadAttention, in: ids(0, none, none, 1, 2), attrs: &graph.AttentionAttrs{Heads: 8, PackedQKV: true}},
		{name: "grouped queries, packed", node: onnxop.Node{Domain: "com.microsoft", OpType: "GroupQueryAttention", Inputs: ids(0, none, none, 3), Attrs: []onnxop.Attr{num("num_heads", 8), num("kv_num_heads", 2)}},
			op: graph.Attention, in: ids(0, none, none, 3), attrs: &graph.AttentionAttrs{Heads: 8, KVHeads: 2, PackedQKV: true, PastKey: 3, PastValue: 4}},
		{name: "MatMulNBits", node: onnxop.Node{Domain: "com.microsoft", OpType: "MatMulNBits", Inputs: ids(0, 1, 2, 3), Attrs: []onnxop.Attr{num("N", 7)}},
			op: graph.FullyConnected, in: ids(0, 1, none, 2, 3), attrs: &graph.FullyConnectedAttrs{OutFeatures: 7, KeepDims: true}},
		{name: "SkipLayerNormalization", node: onnxop.Node{Domain: "com.microsoft", OpType: "SkipLayerNormalization", Inputs: ids(0, 1, 2, 3, 4)},
			op: graph.LayerNormalization, in: ids(0, 2, 3, 1, 4), attrs: &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true}},
		{name: "QLinearConcat", node: onnxop.Node{Domain: "com.microsoft", OpType: "QLinearConcat", Inputs: ids(0, 1, 2, 3, 4, 5, 6, 7), Attrs: []onnxop.Attr{num("axis", 3)}},
			op: graph.Concat, in: ids(2, 5), attrs: &graph.AxisAttrs{Axis: 3}},
		{name: "QLinearAdd", node: onnxop.Node{Domain: "com.microsoft", OpType: "QLinearAdd", Inputs: ids(0, 1, 2, 3, 4, 5, 6, 7)}, op: graph.Add, in: ids(0, 3, 1, 2, 4, 5, 6, 7)},
		{name: "QGemm", node: onnxop.Node{Domain: "com.microsoft", OpType: "QGemm", Inputs: ids(0, 1, 2, 3, 4, 5, 6), Attrs: []onnxop.Attr{num("transB", 1)}},
			op: graph.Gemm, in: ids(0, 3, 6, 1, 2, 4, 5), attrs: &graph.MatMulAttrs{TransB: true}},
		{name: "embedding has its ids first", node: onnxop.Node{Domain: "com.microsoft", OpType: "TorchEmbedding", Inputs: ids(0, 1)}, op: graph.EmbeddingLookup, in: ids(1, 0)},
		{name: "trees", node: onnxop.Node{Domain: "ai.onnx.ml", OpType: "TreeEnsembleRegressor", Inputs: ids(0), Attrs: []onnxop.Attr{num("n_targets", 3)}}, op: graph.ClassicML, in: ids(0),
			attrs: &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormRows, Last: 3}}}},
		{name: "a classifier", node: onnxop.Node{Domain: "ai.onnx.ml", OpType: "LinearClassifier", Inputs: ids(0), Attrs: []onnxop.Attr{ints("classlabels_ints", 4, 5)}}, op: graph.ClassicML, in: ids(0),
			attrs: &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormFirst}, {Kind: graph.FormRows, Last: 2}}}},
		{name: "a classifier of words", node: onnxop.Node{Domain: "ai.onnx.ml", OpType: "LinearClassifier", Inputs: ids(0), Attrs: []onnxop.Attr{{Name: "classlabels_strings", Strings: [][]byte{nil, nil, nil}}}}, op: graph.ClassicML, in: ids(0),
			attrs: &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormFirst}, {Kind: graph.FormRows, Last: 3}}}},
		{name: "one-hot of words", node: onnxop.Node{Domain: "ai.onnx.ml", OpType: "OneHotEncoder", Inputs: ids(0), Attrs: []onnxop.Attr{{Name: "cats_strings", Strings: [][]byte{nil, nil}}}}, op: graph.ClassicML, in: ids(0),
			attrs: &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormAppend, Last: 2}}}},
		{name: "one-hot without categories", node: onnxop.Node{Domain: "ai.onnx.ml", OpType: "OneHotEncoder", Inputs: ids(0)}, op: graph.ClassicML, in: ids(0),
			attrs: &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormAppend, Last: -1}}}},
		{name: "joined columns without numbers", node: onnxop.Node{Domain: "ai.onnx.ml", OpType: "FeatureVectorizer", Inputs: ids(0)}, op: graph.ClassicML, in: ids(0),
			attrs: &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormRows, Last: -1}}}},
		{name: "a loss that is reduced", node: onnxop.Node{OpType: "NegativeLogLikelihoodLoss", Inputs: ids(0, 1)}, op: graph.LossLayer, in: ids(0, 1),
			attrs: &graph.FormAttrs{Forms: []graph.Form{{Kind: graph.FormScalar}, {Kind: graph.FormSame}}}},
		{name: "a domain of its own", node: onnxop.Node{Domain: "acme", OpType: "Foo", Inputs: ids(0), Attrs: []onnxop.Attr{num("a", 1), str("b", "four")}},
			op: graph.Custom, in: ids(0), attrs: &graph.CustomAttrs{Domain: "acme", Bytes: 4}},
		{name: "unknown operator of a known domain", node: onnxop.Node{Domain: "com.microsoft", OpType: "NoSuchThing", Inputs: ids(0)}, op: graph.Unknown, in: ids(0)},
		{name: "absurd axes stay in range", node: onnxop.Node{OpType: "Concat", Inputs: ids(0), Attrs: []onnxop.Attr{num("axis", 1<<62)}}, op: graph.Concat, in: ids(0), attrs: &graph.AxisAttrs{Axis: 1<<31 - 1}},
	} {
		got, _ := translate(tc.node, tc.change)
		if got.Op != tc.op || got.Fused != tc.fused {
			t.Errorf("%s: op %q fused %q, want %q %q", tc.name, got.Op, got.Fused, tc.op, tc.fused)
		}
		if d := cmp.Diff(tc.in, got.Inputs); d != "" {
			t.Errorf("%s: operands (-want +got)\n%s", tc.name, d)
		}
		if d := cmp.Diff(tc.attrs, got.Attrs); d != "" {
			t.Errorf("%s: attributes (-want +got)\n%s", tc.name, d)
		}
	}
}

func TestAppend_oldClipGetsConstantBounds(t *testing.T) {
	n, g := translate(onnxop.Node{Name: "c", OpType: "Clip", Version: 6, Inputs: ids(0), Attrs: []onnxop.Attr{{Name: "max", Float: 6}}}, nil)
	if len(n.Inputs) != 3 || n.Inputs[1] != none || !g.Tensors[n.Inputs[2]].Const.NotParam {
		t.Errorf("operands %v", n.Inputs)
	}
}

func TestAppend_constantScalesBecomeQuantisation(t *testing.T) {
	_, g := translate(onnxop.Node{OpType: "DequantizeLinear", Inputs: ids(0, 1, 2), Attrs: []onnxop.Attr{num("axis", 0)}}, func(g *graph.Graph) {
		g.Tensors[1] = graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(2), Const: &graph.Const{Data: []byte{0, 0, 0x80, 0x3f, 0, 0, 0, 0x40}}}
		g.Tensors[2] = graph.Tensor{DType: graph.Int8, Shape: graph.ShapeOf(2), Const: &graph.Const{Data: []byte{0xff, 3}}}
	})
	want := &graph.Quant{Scales: []float32{1, 2}, ZeroPoints: []int64{-1, 3}}
	if d := cmp.Diff(want, g.Tensors[0].Quant); d != "" {
		t.Error(d)
	}
}

func TestAppend_loopTrips(t *testing.T) {
	body := &graph.Graph{Tensors: []graph.Tensor{{}, {}}, Inputs: ids(0, 1), Outputs: ids(1)}
	computed := &graph.Graph{Tensors: []graph.Tensor{{}, {}, {}}, Inputs: ids(0, 1), Outputs: ids(2)}
	for name, tc := range map[string]struct {
		body *graph.Graph
		in   []graph.TensorID
		want int64
	}{
		"constant count, condition handed on": {body, ids(0, none), 7},
		"computed condition":                  {computed, ids(0, none), -1},
		"computed count":                      {body, ids(5, none), -1},
		"no count":                            {body, ids(none, 5), -1},
	} {
		n, _ := translate(onnxop.Node{OpType: "Loop", Inputs: tc.in, Bodies: []*graph.Graph{tc.body}, Subgraphs: []int{1}}, setInts(0, 7))
		if a := n.Attrs.(*graph.LoopAttrs); a.TripCount != tc.want || a.Reason == "" {
			t.Errorf("%s: %+v, want %d", name, a, tc.want)
		}
	}
}

func TestSourceOp(t *testing.T) {
	for _, tc := range [][3]string{{"", "Conv", "Conv"}, {"ai.onnx", "Conv", "Conv"}, {"ai.onnx.ml", "Scaler", "ai.onnx.ml.Scaler"}} {
		if got := onnxop.SourceOp(tc[0], tc[1]); got != tc[2] {
			t.Errorf("SourceOp(%q, %q) = %q, want %q", tc[0], tc[1], got, tc[2])
		}
	}
}

func BenchmarkAppend_conv(b *testing.B) {
	n := onnxop.Node{OpType: "Conv", Inputs: ids(0, 1), Outputs: ids(2), Attrs: []onnxop.Attr{ints("kernel_shape", 3, 3), ints("pads", 1, 1, 1, 1)}}
	g := &graph.Graph{Tensors: make([]graph.Tensor, 3)}
	s := &onnxop.Scope{Graph: g}
	b.ReportAllocs()
	for b.Loop() {
		g.Nodes = g.Nodes[:0]
		s.Append(&n)
	}
}
