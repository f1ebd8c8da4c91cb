package op_test

import (
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/op"
)

// typed returns the operand with another dtype.
func (o operand) typed(dt graph.DType) operand { o.dtype = dt; return o }

// open is a weight whose sizes the file leaves open.
func open() operand { return operand{dtype: graph.Float32, con: true} }

// sym is an activation of symbolic sizes: a name, or a number.
func sym(dims ...any) operand {
	var d []graph.Dim
	for _, x := range dims {
		switch x := x.(type) {
		case int:
			d = append(d, graph.DimOf(int64(x)))
		case string:
			d = append(d, graph.SymbolDim(x))
		}
	}
	return operand{shape: graph.ShapeOfDims(d...), dtype: graph.Float32}
}

// scalarInt is a stored Int64 scalar.
func scalarInt(v int64) operand {
	o := ints(v)
	o.shape = graph.ShapeOf()
	return o
}

func window(k, s, p int64) graph.Window {
	return graph.Window{Kernel: []int64{k, k}, Strides: []int64{s, s}, PadBegin: []int64{p, p}, PadEnd: []int64{p, p}}
}

type shapeCase struct {
	name string
	op   graph.Op
	a    graph.Attrs
	in   []operand
	// want are the results' shapes, separated by ';'.
	want string
}

// nchw is the ONNX form of a convolution.
func nchw(w graph.Window, groups int64) *graph.ConvAttrs {
	return &graph.ConvAttrs{Window: w, Groups: groups, Data: graph.NCHW(2), Filter: graph.OIHW(2)}
}

var windowCases = []shapeCase{
	{"explicit padding", graph.Conv, nchw(window(3, 1, 1), 1), []operand{in(1, 3, 8, 8), w(16, 3, 3, 3)}, "[1, 16, 8, 8]"},
	{"stride and dilation", graph.Conv, nchw(graph.Window{Strides: []int64{2, 2}, Dilations: []int64{2, 2}}, 1), []operand{in(1, 3, 11, 11), w(4, 3, 3, 3)}, "[1, 4, 4, 4]"},
	{"valid", graph.Conv, nchw(graph.Window{PadMode: graph.PadValid}, 1), []operand{in(1, 3, 8, 9), w(4, 3, 3, 3)}, "[1, 4, 6, 7]"},
	{"same rounds up", graph.Conv, nchw(graph.Window{PadMode: graph.PadSameLower, Strides: []int64{2, 2}}, 1), []operand{in(1, 3, 7, 8), w(4, 3, 3, 3)}, "[1, 4, 4, 4]"},
	{"symbols survive stride 1", graph.Conv, nchw(window(3, 1, 1), 1), []operand{sym("N", 3, "H", "W"), w(4, 3, 3, 3)}, "[N, 4, H, W]"},
	{"no filter shape", graph.Conv, &graph.ConvAttrs{Window: window(3, 2, 1), OutChannels: 6, Data: graph.CHW(2), Filter: graph.OIHW(2)}, []operand{in(3, 10, 10), open()}, "[6, 5, 5]"},
	{"one axis", graph.Conv, &graph.ConvAttrs{Data: graph.NCHW(1), Filter: graph.OIHW(1)}, []operand{in(2, 4, 10), w(8, 4, 3)}, "[2, 8, 8]"},
	{"causal with state", graph.Conv, &graph.ConvAttrs{Window: graph.Window{Kernel: []int64{4}, PadBegin: []int64{3}, PadEnd: []int64{0}}, Depthwise: true, Data: graph.NCHW(1), Filter: graph.OIHW(1)}, []operand{in(2, 6, 9), w(6, 1, 4)}, "[2, 6, 9];[2, 6, 3]"},
	{"kernel larger than input", graph.Conv, nchw(graph.Window{}, 1), []operand{in(1, 3, 2, 2), w(4, 3, 3, 3)}, "[1, 4, 0, 0]"},
	{"depthwise", graph.Conv, &graph.ConvAttrs{Window: window(3, 2, 1), Depthwise: true, Data: graph.NHWC(2), Filter: graph.FilterLayout{Out: 3, In: 0, Spatial: []int{1, 2}}}, []operand{in(1, 8, 8, 6), w(1, 3, 3, 12)}, "[1, 4, 4, 12]"},
	{"transposed", graph.ConvTranspose, &graph.ConvAttrs{Window: window(4, 2, 1), Data: graph.NCHW(2), Filter: graph.IOHW(2)}, []operand{in(1, 8, 5, 5), w(8, 4, 4, 4)}, "[1, 4, 10, 10]"},
	{"transposed in groups with output padding", graph.ConvTranspose, &graph.ConvAttrs{Window: window(3, 2, 1), Groups: 2, OutputPadding: []int64{1, 1}, Data: graph.NCHW(2), Filter: graph.IOHW(2)}, []operand{in(1, 8, 5, 5), w(8, 3, 3, 3)}, "[1, 6, 10, 10]"},
	{"transposed to a stated shape", graph.ConvTranspose, &graph.ConvAttrs{Data: graph.NHWC(2), Filter: graph.OHWI(2)}, []operand{in(1, 5, 5, 8), w(4, 3, 3, 8), none(), ints(1, 11, 12, 4)}, "[1, 11, 12, 4]"},
	{"max pool floors", graph.MaxPool, &graph.PoolAttrs{Window: window(3, 2, 0), Data: graph.NCHW(2)}, []operand{in(1, 4, 8, 8)}, "[1, 4, 3, 3]"},
	{"ceil", graph.MaxPool, &graph.PoolAttrs{Window: window(3, 2, 0), Data: graph.NCHW(2), Ceil: true}, []operand{in(1, 4, 8, 8)}, "[1, 4, 4, 4]"},
	{"clipped ceil", graph.AveragePool, &graph.PoolAttrs{Window: window(2, 2, 1), Data: graph.NCHW(2), Ceil: true, ClipCeil: true}, []operand{in(1, 4, 5, 5)}, "[1, 4, 3, 3]"},
	{"global", graph.AveragePool, &graph.PoolAttrs{Global: true, Data: graph.NHWC(2)}, []operand{in(2, 7, 7, 10)}, "[2, 1, 1, 10]"},
	{"global dropping axes", graph.AveragePool, &graph.PoolAttrs{Global: true, DropSpatial: true, Data: graph.CHW(2)}, []operand{in(10, 7, 7)}, "[10]"},
	{"global of another rank", graph.MaxPool, &graph.PoolAttrs{Global: true, Data: graph.NCHW(2)}, []operand{in(1, 512, 508)}, "[1, 512, 1]"},
	{"adaptive", graph.AveragePool, &graph.PoolAttrs{AdaptiveOutput: []int64{7, 7}, Data: graph.NCHW(2)}, []operand{in(1, 4, 20, 30)}, "[1, 4, 7, 7]"},
	{"unpool", graph.MaxUnpool, &graph.PoolAttrs{Window: window(2, 2, 0), Data: graph.NCHW(2)}, []operand{in(1, 1, 3, 3), in(1, 1, 3, 3)}, "[1, 1, 6, 6]"},
	{"roi", graph.RoiAlign, &graph.RoiAttrs{PooledHeight: 7, PooledWidth: 5, Data: graph.NCHW(2)}, []operand{in(1, 32, 50, 50), in(100, 4), in(100)}, "[100, 32, 7, 5]"},
	{"im2col", graph.Im2Col, nchw(window(3, 1, 1), 1), []operand{in(2, 3, 8, 8)}, "[2, 27, 64]"},
	{"col2im", graph.Col2Im, nil, []operand{in(1, 12, 9), ints(6, 6), ints(2, 2)}, "[1, 3, 6, 6]"},
}

var productCases = []shapeCase{
	{"matrices", graph.MatMul, nil, []operand{in(4, 5), in(5, 6)}, "[4, 6]"},
	{"batches broadcast", graph.MatMul, nil, []operand{in(2, 1, 4, 5), in(3, 5, 6)}, "[2, 3, 4, 6]"},
	{"vector by matrix", graph.MatMul, nil, []operand{in(5), in(2, 5, 6)}, "[2, 6]"},
	{"matrix by vector", graph.MatMul, nil, []operand{in(2, 4, 5), in(5)}, "[2, 4]"},
	{"transposed", graph.Gemm, &graph.MatMulAttrs{TransA: true, TransB: true}, []operand{in(5, 4), in(6, 5)}, "[4, 6]"},
	{"packed", graph.MatMul, &graph.MatMulAttrs{K: 64, N: 10}, []operand{in(1, 7, 64), w(10, 2, 16)}, "[1, 7, 10]"},
	{"dense keeps axes", graph.FullyConnected, &graph.FullyConnectedAttrs{KeepDims: true}, []operand{in(2, 3, 8), w(5, 8)}, "[2, 3, 5]"},
	{"dense flattens", graph.FullyConnected, &graph.FullyConnectedAttrs{FlattenTo2D: true}, []operand{in(2, 3, 8), w(5, 24)}, "[2, 5]"},
	{"dense from an axis", graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: 10, Axis: 1}, []operand{in(2, 3, 4, 5), open()}, "[2, 10]"},
	{"dense without batch", graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: 10}, []operand{in(3, 4, 5)}, "[10]"},
	{"dense with symbol", graph.FullyConnected, &graph.FullyConnectedAttrs{FlattenTo2D: true}, []operand{sym("N", 8), w(5, 8)}, "[N, 5]"},
	{"einsum", graph.Einsum, &graph.EinsumAttrs{Equation: "bhqd,bhkd->bhqk"}, []operand{in(2, 4, 5, 8), in(2, 4, 6, 8)}, "[2, 4, 5, 6]"},
	{"einsum with ellipsis", graph.Einsum, &graph.EinsumAttrs{Equation: "...ij, jk -> ...ik"}, []operand{in(2, 3, 4, 5), in(5, 6)}, "[2, 3, 4, 6]"},
	{"einsum implicit", graph.Einsum, &graph.EinsumAttrs{Equation: "ij,jk"}, []operand{in(4, 5), in(5, 6)}, "[4, 6]"},
	{"lstm", graph.LSTM, &graph.RNNAttrs{Hidden: 8, Directions: 2, BatchAxis: 1, DirectionAxis: 1}, []operand{in(10, 2, 4)}, "[10, 2, 2, 8];[2, 2, 8];[2, 2, 8]"},
	{"lstm concatenating directions", graph.LSTM, &graph.RNNAttrs{Hidden: 8, Directions: 2, BatchAxis: -1, DirectionAxis: -1}, []operand{in(10, 4)}, "[10, 16]"},
	{"gru last step", graph.GRU, &graph.RNNAttrs{Hidden: 8, TimeAxis: 1, DirectionAxis: -1, LastOnly: true}, []operand{in(2, 10, 4)}, "[2, 8]"},
	{"lstm of Core ML", graph.LSTM, &graph.RNNAttrs{Hidden: 8, Directions: 2, BatchAxis: 1, DirectionAxis: -1, Trailing: 2}, []operand{in(10, 2, 4, 1, 1)}, "[10, 2, 16, 1, 1];[1, 2, 8, 1, 1];[1, 2, 8, 1, 1]"},
	{"last step of Core ML", graph.GRU, &graph.RNNAttrs{Hidden: 8, BatchAxis: 1, DirectionAxis: -1, Trailing: 2, LastOnly: true}, []operand{in(10, 2, 4, 1, 1)}, "[1, 2, 8, 1, 1]"},
	{"projection", graph.LSTM, &graph.RNNAttrs{Hidden: 8, Projection: 3, TimeAxis: 1, DirectionAxis: -1}, []operand{in(2, 10, 4)}, "[2, 10, 3]"},
	{"svdf", graph.SVDF, &graph.SVDFAttrs{Rank: 2}, []operand{in(1, 16), w(64, 16), w(64, 10)}, "[1, 32]"},
	{"attention", graph.Attention, &graph.AttentionAttrs{}, []operand{in(1, 8, 10, 64), in(1, 8, 20, 64), in(1, 8, 20, 32)}, "[1, 8, 10, 32]"},
	{"grouped attention with cache", graph.Attention, &graph.AttentionAttrs{Heads: 8, KVHeads: 2, PastKey: 3, PastValue: 4}, []operand{in(1, 1, 512), in(1, 1, 128), in(1, 1, 128), in(1, 2, 9, 64), in(1, 2, 9, 64)}, "[1, 1, 512];[1, 2, 10, 64];[1, 2, 10, 64]"},
	{"packed attention", graph.Attention, &graph.AttentionAttrs{Heads: 4, PackedQKV: true}, []operand{in(1, 10, 192)}, "[1, 10, 64]"},
	{"embedding", graph.EmbeddingLookup, nil, []operand{in(1, 12).typed(graph.Int32), w(1000, 64)}, "[1, 12, 64]"},
	{"dft", graph.SpectralTransform, &graph.SpectralAttrs{Axis: 1, OneSided: true, Pairs: true}, []operand{in(1, 10, 6, 1)}, "[1, 6, 6, 2]"},
	{"stft with operands", graph.SpectralTransform, &graph.SpectralAttrs{Axis: 1, OneSided: true, Pairs: true, Framed: true}, []operand{in(1, 128, 1), ints(8), in(16)}, "[1, 15, 9, 2]"},
	{"stft of open frames", graph.SpectralTransform, &graph.SpectralAttrs{Axis: 1, OneSided: true, Pairs: true, Framed: true}, []operand{in(1, 128, 1), in(), in(), in()}, "[1, ?, ?, 2]"},
	{"dft over an axis found at run time", graph.SpectralTransform, &graph.SpectralAttrs{Axis: -2, OneSided: true, Pairs: true}, []operand{in(1, 10, 10, 1), in(), in()}, "[?, ?, ?, 2]"},
	{"glu", graph.GLU, &graph.AxisAttrs{Axis: 1}, []operand{in(3, 16, 2)}, "[3, 8, 2]"},
	{"glu without an axis", graph.GLU, nil, []operand{in(3, 16, 2)}, "unknown"},
	{"real fft of two axes", graph.SpectralTransform, &graph.SpectralAttrs{Axis: -1, OneSided: true}, []operand{in(2, 10, 12), ints(8, 16)}, "[2, 8, 9]"},
	{"real inverse", graph.SpectralTransform, &graph.SpectralAttrs{Axis: -1, OneSided: true, Inverse: true}, []operand{in(2, 5)}, "[2, 8]"},
	{"real inverse of a stated length", graph.SpectralTransform, &graph.SpectralAttrs{Axis: -1, OneSided: true, Inverse: true}, []operand{in(2, 5), ints(9)}, "[2, 9]"},
	{"fft without attributes", graph.SpectralTransform, nil, []operand{in(2, 5)}, "unknown"},
	{"spectrogram", graph.SpectralTransform, &graph.SpectralAttrs{Framed: true, BinsFirst: true, OneSided: true, Hop: 160, Length: 400}, []operand{in(2000)}, "[201, 11]"},
	{"complex centred spectrogram", graph.SpectralTransform, &graph.SpectralAttrs{Framed: true, BinsFirst: true, Centred: true, Pairs: true, Hop: 160, Length: 400}, []operand{in(2000)}, "[400, 13, 2]"},
	{"spectrogram turned back", graph.SpectralTransform, &graph.SpectralAttrs{Framed: true, BinsFirst: true, OneSided: true, Inverse: true, Hop: 160, Length: 400}, []operand{in(201, 11, 2)}, "[2000]"},
	{"centred one", graph.SpectralTransform, &graph.SpectralAttrs{Framed: true, BinsFirst: true, Centred: true, OneSided: true, Inverse: true, Pairs: true, Hop: 160, Length: 400}, []operand{in(201, 11, 2)}, "[1600, 2]"},
	{"stft", graph.SpectralTransform, &graph.SpectralAttrs{Axis: 1, OneSided: true, Pairs: true, Framed: true, Hop: 8, Length: 16}, []operand{in(1, 128, 1)}, "[1, 15, 9, 2]"},
}

var elementwiseCases = []shapeCase{
	{"unary", graph.Relu, nil, []operand{sym("N", 3)}, "[N, 3]"},
	{"broadcast", graph.Add, nil, []operand{in(2, 1, 4), in(3, 1)}, "[2, 3, 4]"},
	{"broadcast of a symbol", graph.Mul, nil, []operand{sym("N", 1), in(4)}, "[N, 4]"},
	{"symbol against a size", graph.Mul, nil, []operand{sym("N", 3), in(5, 3)}, "[5, 3]"},
	{"outer axes as in ncnn", graph.Mul, nil, []operand{in(16, 7, 7), in(16)}, "[16, 7, 7]"},
	{"variadic", graph.Sum, nil, []operand{in(4), in(3, 1), in(1, 1)}, "[3, 4]"},
	{"where", graph.Where, nil, []operand{in(3, 1), in(4), in()}, "[3, 4]"},
	{"batch norm", graph.BatchNormalization, &graph.AxisAttrs{Axis: 1}, []operand{in(2, 5, 4), open(), open(), open(), open()}, "[2, 5, 4]"},
	{"layer norm", graph.LayerNormalization, &graph.ReduceAttrs{Axes: []int{-1}}, []operand{in(2, 5, 4), w(4)}, "[2, 5, 4];[2, 5, 1]"},
	{"dynamic quantisation", graph.DynamicQuantizeLinear, nil, []operand{in(2, 5)}, "[2, 5];[];[]"},
	{"reduce all", graph.ReduceSum, nil, []operand{in(2, 3)}, "[]"},
	{"reduce and keep", graph.ReduceMean, &graph.ReduceAttrs{Axes: []int{1, -1}, KeepDims: true}, []operand{in(2, 3, 4)}, "[2, 1, 1]"},
	{"reduce by operand", graph.ReduceMax, nil, []operand{in(2, 3, 4), ints(0, 2)}, "[3]"},
	{"reduce nothing", graph.ReduceMax, &graph.ReduceAttrs{NoopWithEmptyAxes: true}, []operand{in(2, 3)}, "[2, 3]"},
	{"reduce by an unknown operand", graph.ReduceMax, &graph.ReduceAttrs{KeepDims: true}, []operand{in(2, 3), in(1).typed(graph.Int64)}, "[?, ?]"},
	{"arg max", graph.ArgMax, &graph.ReduceAttrs{Axes: []int{1}}, []operand{in(2, 3)}, "[2]"},
	{"top k", graph.TopK, &graph.TopKAttrs{Axis: -1}, []operand{in(2, 9), ints(5)}, "[2, 5];[2, 5]"},
}

var movementCases = []shapeCase{
	{"reshape", graph.Reshape, &graph.ReshapeAttrs{Shape: []int64{2, -1}}, []operand{in(4, 6)}, "[2, 12]"},
	{"reshape copies", graph.Reshape, nil, []operand{in(4, 6), ints(0, 2, -1)}, "[4, 2, 3]"},
	{"reshape cancels symbols", graph.Reshape, nil, []operand{sym("N", 3, 8), ints(0, -1)}, "[N, 24]"},
	{"reshape leaves the symbol", graph.Reshape, nil, []operand{sym("N", 24), ints(-1, 4, 6)}, "[N, 4, 6]"},
	{"reshape to zero elements", graph.Reshape, &graph.ReshapeAttrs{AllowZero: true}, []operand{in(0, 3), ints(3, 0)}, "[3, 0]"},
	{"reshape of some axes", graph.Reshape, &graph.ReshapeAttrs{Shape: []int64{-1, 2}, Axis: 1, NumAxes: 1, PartOfAxes: true}, []operand{in(5, 6, 7)}, "[5, 3, 2, 7]"},
	{"flatten", graph.Flatten, &graph.FlattenAttrs{Axis: 1, EndAxis: -1}, []operand{in(2, 3, 4)}, "[2, 12]"},
	{"flatten to two", graph.Flatten, &graph.FlattenAttrs{Axis: 2, TwoD: true}, []operand{in(2, 3, 4)}, "[6, 4]"},
	{"squeeze all", graph.Squeeze, nil, []operand{in(1, 3, 1)}, "[3]"},
	{"squeeze ones alone", graph.Squeeze, &graph.AxesAttrs{Axes: []int{0, 1, 2}, OnesAlone: true}, []operand{in(1, 3, 1)}, "[3]"},
	{"squeeze one", graph.Squeeze, &graph.AxesAttrs{Axes: []int{-1}}, []operand{in(1, 3, 1)}, "[1, 3]"},
	{"unsqueeze", graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{0, -1}}, []operand{in(3)}, "[1, 3, 1]"},
	{"transpose", graph.Transpose, &graph.PermAttrs{Perm: []int{0, 2, 1}}, []operand{in(2, 3, 4)}, "[2, 4, 3]"},
	{"transpose reverses", graph.Transpose, nil, []operand{in(2, 3, 4)}, "[4, 3, 2]"},
	{"concat", graph.Concat, &graph.AxisAttrs{Axis: -1}, []operand{in(2, 3), in(2, 5)}, "[2, 8]"},
	{"concat completes other axes", graph.Concat, &graph.AxisAttrs{Axis: 1}, []operand{sym("N", 3), in(2, 5)}, "[2, 8]"},
	{"split equally", graph.Split, &graph.SplitAttrs{Axis: 1}, []operand{in(2, 7)}, "[2, 3];[2, 3];[2, 1]"},
	{"split by sizes", graph.Split, &graph.SplitAttrs{Axis: 1, Sizes: []int64{2, -1}}, []operand{in(2, 7)}, "[2, 2];[2, 5]"},
	{"split at points", graph.Split, &graph.SplitAttrs{Points: []int64{1, 4}}, []operand{in(6)}, "[1];[3];[2]"},
	{"pack", graph.Pack, &graph.AxisAttrs{Axis: 1}, []operand{in(2, 3), in(2, 3)}, "[2, 2, 3]"},
	{"unpack", graph.Unpack, &graph.SplitAttrs{Axis: 1}, []operand{in(2, 2, 3)}, "[2, 3];[2, 3]"},
	{"slice", graph.Slice, &graph.SliceAttrs{}, []operand{in(10, 8), ints(1, -3), ints(9, 100), ints(0, 1), ints(2, 1)}, "[4, 3]"},
	{"slice backwards", graph.Slice, nil, []operand{in(10), ints(-1), ints(-1 << 63), ints(0), ints(-3)}, "[4]"},
	{"slice keeps symbols", graph.Slice, nil, []operand{sym("N", 8), ints(0), ints(1<<63 - 1), ints(0)}, "[N, 8]"},
	{"strided slice with masks", graph.StridedSlice, &graph.StridedSliceAttrs{BeginMask: 1, EndMask: 1, ShrinkMask: 2}, []operand{in(4, 5, 6), ints(0, 2), ints(0, 3), ints(2, 1)}, "[2, 6]"},
	{"strided slice with ellipsis and new axis", graph.StridedSlice, &graph.StridedSliceAttrs{EllipsisMask: 1, NewAxisMask: 2}, []operand{in(4, 5, 6), ints(0, 0, 1), ints(0, 0, 3), ints(1, 1, 1)}, "[4, 5, 1, 2]"},
	{"slice by size", graph.SliceBySize, nil, []operand{in(4, 5), ints(1, 2), ints(2, -1)}, "[2, 3]"},
	{"crop to a reference", graph.Crop, &graph.CropAttrs{Axis: 2, HasReference: true}, []operand{in(1, 3, 10, 10), in(1, 8, 6, 7)}, "[1, 3, 6, 7]"},
	{"crop by border", graph.Crop, &graph.CropAttrs{Axis: 1, Offsets: []int64{1, 2}, Sizes: []int64{-1, -1}, End: []int64{1, 2}}, []operand{in(3, 10, 10)}, "[3, 8, 6]"},
	{"pad", graph.Pad, nil, []operand{in(1, 8), ints(0, 1, 0, 2)}, "[1, 11]"},
	{"pad interleaved", graph.Pad, &graph.PadAttrs{Interleaved: true}, []operand{in(1, 8), ints(0, 0, 1, 2)}, "[1, 11]"},
	{"pad some axes", graph.Pad, nil, []operand{in(1, 8, 9), ints(1, 2), none(), ints(-1)}, "[1, 8, 12]"},
	{"gather", graph.Gather, &graph.GatherAttrs{Axis: 1}, []operand{in(2, 9, 4), in(3, 5).typed(graph.Int64)}, "[2, 3, 5, 4]"},
	{"gather along an operand", graph.Gather, &graph.GatherAttrs{AxisOperand: true}, []operand{in(2, 9, 4), in(3, 5).typed(graph.Int64), scalarInt(-1)}, "[2, 9, 3, 5]"},
	{"gather along an unknown axis", graph.Gather, &graph.GatherAttrs{AxisOperand: true}, []operand{in(2, 9, 4), in(3, 5).typed(graph.Int64), in()}, "unknown"},
	{"gather in batches", graph.Gather, &graph.GatherAttrs{Axis: 1, BatchDims: 1}, []operand{in(2, 9, 4), in(2, 5).typed(graph.Int64)}, "[2, 5, 4]"},
	{"gather nd", graph.GatherND, &graph.GatherAttrs{}, []operand{in(2, 9, 4), in(7, 2).typed(graph.Int64)}, "[7, 4]"},
	{"scatter to a shape", graph.ScatterFromShape, nil, []operand{in(4, 1).typed(graph.Int32), in(4), ints(8)}, "[8]"},
	{"tile", graph.Tile, nil, []operand{in(2, 3), ints(2, 1)}, "[4, 3]"},
	{"expand", graph.Expand, nil, []operand{in(3, 1), ints(2, 1, 6)}, "[2, 3, 6]"},
	{"resize to sizes", graph.Resize, &graph.ResizeAttrs{Data: graph.NHWC(2)}, []operand{in(1, 4, 5, 3), ints(8, 9)}, "[1, 8, 9, 3]"},
	{"resize to sizes of all axes", graph.Resize, &graph.ResizeAttrs{Data: graph.NCHW(2)}, []operand{in(1, 3, 4, 5), ints(1, 3, 8, 9)}, "[1, 3, 8, 9]"},
	{"resize to another's size", graph.Resize, &graph.ResizeAttrs{Data: graph.CHW(2), Reference: true}, []operand{in(3, 4, 5), in(8, 7)}, "[3, 8, 7]"},
	{"resize by scales", graph.Resize, &graph.ResizeAttrs{Data: graph.NCHW(2), Scales: []float64{2, 1.5}}, []operand{in(1, 3, 4, 5)}, "[1, 3, 8, 7]"},
	{"resize whole", graph.Resize, &graph.ResizeAttrs{Data: graph.NCHW(2), OperandsAllAxes: true}, []operand{in(1, 3, 4, 5), ints(1, 3, 8, 8)}, "[1, 3, 8, 8]"},
	{"resize keeping aspect", graph.Resize, &graph.ResizeAttrs{Data: graph.NCHW(2), OperandsAllAxes: true, Axes: []int{2, 3}, KeepAspect: "not_larger"}, []operand{in(1, 3, 4, 8), ints(8, 8)}, "[1, 3, 4, 8]"},
	{"grid sample", graph.GridSample, &graph.LayoutAttrs{Data: graph.NCHW(2)}, []operand{in(1, 3, 4, 5), in(1, 6, 7, 2)}, "[1, 3, 6, 7]"},
	{"affine grid", graph.AffineGrid, nil, []operand{in(2, 2, 3), ints(2, 3, 5, 6)}, "[2, 5, 6, 2]"},
	{"depth to space", graph.DepthToSpace, &graph.BlockAttrs{Block: 2, Data: graph.NHWC(2)}, []operand{in(1, 2, 3, 8)}, "[1, 4, 6, 2]"},
	{"space to depth", graph.SpaceToDepth, &graph.BlockAttrs{Block: 2, Data: graph.NCHW(2)}, []operand{in(1, 2, 4, 6)}, "[1, 8, 2, 3]"},
	{"space to batch", graph.SpaceToBatch, nil, []operand{in(1, 5, 6, 3), ints(2, 3), ints(0, 1, 0, 0)}, "[6, 3, 2, 3]"},
	{"batch to space", graph.BatchToSpace, nil, []operand{in(6, 3, 2, 3), ints(2, 3), ints(0, 1, 0, 0)}, "[1, 5, 6, 3]"},
	{"copies", graph.Copies, nil, []operand{in(2, 3)}, "[2, 3];[2, 3]"},
	{"matrix diagonal", graph.MatrixDiag, nil, []operand{in(2, 3)}, "[2, 3, 3]"},
	{"bit cast", graph.BitCast, &graph.CastAttrs{To: graph.Int32}, []operand{in(2, 3)}, "[2, 3]"},
}

var valueCases = []shapeCase{
	{"shape", graph.ShapeOp, nil, []operand{in(2, 3, 4)}, "[3]"},
	{"part of the shape", graph.ShapeOp, &graph.ShapeAttrs{Start: 1, End: -1, HasEnd: true}, []operand{in(2, 3, 4)}, "[1]"},
	{"constant of shape", graph.ConstantOfShape, nil, []operand{ints(2, 3)}, "[2, 3]"},
	{"range", graph.Range, nil, []operand{scalarInt(1), scalarInt(10), scalarInt(3)}, "[3]"},
	{"range backwards", graph.Range, nil, []operand{scalarInt(10), scalarInt(1), scalarInt(-2)}, "[5]"},
	{"mel weights", graph.MelWeights, nil, []operand{scalarInt(8), scalarInt(16), scalarInt(8192)}, "[9, 8]"},
	{"one hot", graph.OneHot, &graph.AxisAttrs{Axis: -1}, []operand{in(4).typed(graph.Int64), scalarInt(7), w(2)}, "[4, 7]"},
	{"non zero", graph.NonZero, nil, []operand{in(4, 5)}, "[2, ?]"},
	{"non zero of a constant", graph.NonZero, nil, []operand{ints(0, 3, 0, 4)}, "[1, 2]"},
	{"where", graph.WhereIndices, nil, []operand{in(4, 5).typed(graph.Bool)}, "[?, 2]"},
	{"priors", graph.PriorBox, &graph.PriorBoxAttrs{PriorsPerCell: 6, Data: graph.NCHW(2)}, []operand{in(1, 512, 10, 5), in(1, 3, 300, 300)}, "[1, 2, 1200]"},
	{"broadcast of shapes", graph.BroadcastArgs, nil, []operand{ints(2, 1, 3), ints(4, 1)}, "[3]"},
	{"unique along an axis", graph.Unique, &graph.AxisAttrs{Axis: 1}, []operand{in(2, 5)}, "[2, ?]"},
	{"unique", graph.Unique, nil, []operand{in(2, 5)}, "[?]"},
	{"segments", graph.SegmentReduce, nil, []operand{in(4, 3), ints(0, 0, 1, 2)}, "[3, 3]"},
}

func TestInfer_shapes(t *testing.T) {
	for family, cases := range map[string][]shapeCase{"window": windowCases, "product": productCases, "elementwise": elementwiseCases,
		"movement": movementCases, "value": valueCases} {
		for _, c := range cases {
			t.Run(family+"/"+string(c.op)+" "+c.name, func(t *testing.T) {
				want := strings.Split(c.want, ";")
				m := model(c.op, c.a, len(want), c.in...)
				shaped, issues := op.Infer(m)
				for _, i := range issues {
					t.Errorf("issue: %s", i)
				}
				g := shaped.Graphs[0]
				for i, id := range g.Nodes[0].Outputs {
					if got := g.Tensors[id].Shape.String(); got != want[i] {
						t.Errorf("result %d has shape %s, want %s", i, got, want[i])
					}
				}
			})
		}
	}
}

func TestInfer_completesOpenWeights(t *testing.T) {
	for name, c := range map[string]struct {
		m    *graph.Model
		want []string
	}{
		"convolution": {model(graph.Conv, &graph.ConvAttrs{Window: window(3, 1, 1), Groups: 2, OutChannels: 8, Data: graph.NCHW(2), Filter: graph.OIHW(2)}, 1, in(1, 6, 5, 5), open(), open()), []string{"[8, 3, 3, 3]", "[8]"}},
		"transposed":  {model(graph.ConvTranspose, &graph.ConvAttrs{Window: window(2, 2, 0), OutChannels: 4, Data: graph.NCHW(2), Filter: graph.IOHW(2)}, 1, in(1, 6, 5, 5), open(), open()), []string{"[6, 4, 2, 2]", "[4]"}},
		"dense":       {model(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: 10, Axis: 1}, 1, in(2, 3, 4), open(), open()), []string{"[10, 12]", "[10]"}},
		"batch norm":  {model(graph.BatchNormalization, &graph.AxisAttrs{Axis: 1}, 1, in(2, 5, 4), open(), open()), []string{"[5]", "[5]"}},
		"scale":       {model(graph.Scale, &graph.AxisAttrs{Axis: 1}, 1, in(2, 5, 4), open(), open()), []string{"[5]", "[5]"}},
	} {
		t.Run(name, func(t *testing.T) {
			shaped, issues := op.Infer(c.m)
			if len(issues) > 0 {
				t.Error(issues)
			}
			for i, want := range c.want {
				if got := shaped.Graphs[0].Tensors[i+1].Shape.String(); got != want {
					t.Errorf("operand %d has shape %s, want %s", i+1, got, want)
				}
			}
			if !c.m.Graphs[0].Tensors[1].Shape.Equal(graph.Shape{}) {
				t.Error("Infer changed its input")
			}
		})
	}
}

func TestInfer_keepsStatedShapeAndReports(t *testing.T) {
	m := model(graph.Relu, nil, 1, in(2, 3))
	m.Graphs[0].Tensors[1].Shape = graph.ShapeOf(2, 4)
	shaped, issues := op.Infer(m)
	if len(issues) != 1 || issues[0].Tensor != 1 {
		t.Fatalf("issues = %v", issues)
	}
	if want := "graph 0 node 0: tensor 1: the stated shape contradicts the inferred one: [2, 4] against [2, 3]"; issues[0].String() != want {
		t.Errorf("issue = %s", issues[0])
	}
	if got := shaped.Graphs[0].Tensors[1].Shape.String(); got != "[2, 4]" {
		t.Errorf("shape = %s", got)
	}
}

func TestInfer_ordersNodesItself(t *testing.T) {
	g := &graph.Graph{Inputs: []graph.TensorID{0}, Tensors: []graph.Tensor{{Shape: graph.ShapeOf(2, 3)}, {}, {}},
		Nodes: []graph.Node{
			{Op: graph.Transpose, Inputs: []graph.TensorID{1}, Outputs: []graph.TensorID{2}},
			{Op: graph.Relu, Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1}},
		}}
	shaped, _ := op.Infer(&graph.Model{Graphs: []*graph.Graph{g}})
	if got := shaped.Graphs[0].Tensors[2].Shape.String(); got != "[3, 2]" {
		t.Errorf("shape = %s", got)
	}
}
