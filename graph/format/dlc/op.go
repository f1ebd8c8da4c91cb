package dlc

import (
	"encoding/binary"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// attributes are a node's, of either version.
type attributes struct {
	v3      map[string]flatbuf.Table
	v4      map[string]flatbuf.Table
	tensors map[string]*graph.Tensor
}

// attributes3 lists the attributes of version 3 by name.
func attributes3(list flatbuf.Vector) attributes {
	a := attributes{v3: make(map[string]flatbuf.Table, list.Len())}
	for i := range list.Len() {
		t := list.Table(i)
		a.v3[t.String(attributeName)] = t
	}
	return a
}

// table returns the nested attributes of version 3.
func (a attributes) table(name string) flatbuf.Vector { return a.v3[name].Tables(attributeTable) }

// int returns an integer, def when it is not there.
func (a attributes) int(def int64, names ...string) int64 {
	for _, name := range names {
		if t, ok := a.v4[name]; ok {
			return int64(t.Int32(1, 0))
		}
		if t, ok := a.v3[name]; ok {
			if t.Has(attributeUint) {
				return int64(t.Uint32(attributeUint, 0))
			}
			return int64(t.Int32(attributeInt, 0))
		}
	}
	return def
}

// ints returns a list, nil when it is not there.
func (a attributes) ints(names ...string) []int64 {
	for _, name := range names {
		if t, ok := a.tensors[name]; ok && t.Const != nil && len(t.Const.Data)%4 == 0 && len(t.Const.Data) <= 256 {
			out := make([]int64, 0, len(t.Const.Data)/4)
			for b := t.Const.Data; len(b) > 0; b = b[4:] {
				out = append(out, int64(int32(binary.LittleEndian.Uint32(b))))
			}
			return out
		}
		if t, ok := a.v3[name]; ok {
			return t.Vector(attributeInts, 4).Int64s()
		}
	}
	return nil
}

func (a attributes) axes(names ...string) []int {
	v := a.ints(names...)
	out := make([]int, len(v))
	for i := range v {
		out[i] = int(v[i])
	}
	return out
}

type site struct {
	b  *builder
	n  *graph.Node
	at attributes
}

func (s *site) shape(i int) graph.Shape {
	if t := s.b.g.Tensor(s.n.Input(i)); t != nil {
		return t.Shape
	}
	return graph.Shape{}
}

type operator struct {
	op   graph.Op
	read func(*site)
}

// operators are the types of versions 3 (SNPE layers) and 4 (QNN operators).
var operators = map[string]operator{
	"Convolutional": {graph.Conv, conv}, "Deconvolution": {graph.ConvTranspose, conv}, "BatchNorm": {graph.Scale, channels}, "Concat": {graph.Concat, axis},
	"Gather": {graph.Gather, gather}, "FullyConnected": {graph.FullyConnected, fullyConnected}, "Neuron": {graph.UnaryOther, neuron}, "Reshape": {graph.Reshape, reshape},
	"Permute": {graph.Transpose, permute}, "Pooling": {graph.MaxPool, pool}, "SoftMax": {graph.Softmax, lastAxis}, "ElementwiseOp": {graph.BinaryOther, nil},
	"EltwiseBinary": {graph.BinaryOther, nil}, "Scaling": {graph.Resize, resize}, "CrossMapDeconvolution": {graph.LRN, nil}, "Slice": {graph.Split, split},

	"Conv1d": {graph.Conv, conv}, "Conv2d": {graph.Conv, conv}, "Conv3d": {graph.Conv, conv}, "DepthWiseConv1d": {graph.Conv, depthwise}, "DepthWiseConv2d": {graph.Conv, depthwise},
	"TransposeConv2d": {graph.ConvTranspose, conv}, "MatMul": {graph.MatMul, matMul}, "Batchnorm": {graph.Scale, channels}, "LayerNorm": {graph.LayerNormalization, norm}, "RmsNorm": {graph.RMSNormalization, norm},
	"InstanceNorm": {graph.InstanceNormalization, channels}, "L2Norm": {graph.LpNormalization, norm}, "Softmax": {graph.Softmax, axis}, "LogSoftmax": {graph.LogSoftmax, axis},
	"PoolMax2d": {graph.MaxPool, pool}, "PoolAvg2d": {graph.AveragePool, pool}, "Pool": {graph.MaxPool, pool}, "L2Pool2d": {graph.LpPool, pool}, "Lstm": {graph.LSTM, nil}, "Gru": {graph.GRU, nil},
	"Relu": {graph.Relu, nil}, "Relu1": {graph.ReluN1To1, nil}, "Relu6": {graph.Relu6, nil}, "ReluMinMax": {graph.Clip, nil}, "Sigmoid": {graph.Sigmoid, nil}, "Tanh": {graph.Tanh, nil}, "Gelu": {graph.Gelu, nil},
	"Elu": {graph.Elu, nil}, "HardSwish": {graph.HardSwish, nil}, "Prelu": {graph.PRelu, nil}, "LogSigmoid": {graph.LogSigmoid, nil},
	"ElementWiseAdd": {graph.Add, nil}, "ElementWiseSubtract": {graph.Sub, nil}, "ElementWiseMultiply": {graph.Mul, nil}, "ElementWiseDivide": {graph.Div, nil}, "ElementWisePower": {graph.Pow, nil},
	"ElementWiseMaximum": {graph.Max, nil}, "ElementWiseMinimum": {graph.Min, nil}, "ElementWiseSquaredDifference": {graph.SquaredDifference, nil}, "ElementWiseSquareRoot": {graph.Sqrt, nil}, "ElementWiseRsqrt": {graph.Rsqrt, nil},
	"ElementWiseExp": {graph.Exp, nil}, "ElementWiseLog": {graph.Log, nil}, "ElementWiseAbs": {graph.Abs, nil}, "ElementWiseNeg": {graph.Neg, nil}, "ElementWiseFloor": {graph.Floor, nil}, "ElementWiseCeil": {graph.Ceil, nil},
	"ElementWiseRound": {graph.Round, nil}, "ElementWiseSin": {graph.Sin, nil}, "ElementWiseCos": {graph.Cos, nil}, "ElementWiseSelect": {graph.Where, nil}, "ElementWiseEqual": {graph.Equal, nil}, "ElementWiseGreater": {graph.Greater, nil},
	"ElementWiseLess": {graph.Less, nil}, "ElementWiseNot": {graph.LogicalNot, nil}, "ElementWiseAnd": {graph.LogicalAnd, nil}, "ElementWiseOr": {graph.LogicalOr, nil}, "ElementWiseBinary": {graph.BinaryOther, nil}, "Eltwise_Binary": {graph.BinaryOther, nil},
	"ElementWiseUnary": {graph.UnaryOther, nil}, "ElementWiseNeuron": {graph.UnaryOther, nil}, "Eltwise_Unary": {graph.UnaryOther, nil},
	"ReduceMean": {graph.ReduceMean, reduce}, "ReduceSum": {graph.ReduceSum, reduce}, "ReduceMax": {graph.ReduceMax, reduce}, "ReduceMin": {graph.ReduceMin, reduce}, "ReduceProd": {graph.ReduceProd, reduce},
	"Argmax": {graph.ArgMax, argExtreme}, "Argmin": {graph.ArgMin, argExtreme}, "TopK": {graph.TopK, topK}, "Transpose": {graph.Transpose, permute}, "Split": {graph.Split, split}, "Pack": {graph.Pack, axis}, "UnPack": {graph.Unpack, unpack},
	"StridedSlice": {graph.StridedSlice, stridedSlice}, "Squeeze": {graph.Reshape, reshape}, "ExpandDims": {graph.Reshape, reshape}, "Tile": {graph.Tile, tile}, "Pad": {graph.Pad, pad}, "DepthToSpace": {graph.DepthToSpace, block}, "SpaceToDepth": {graph.SpaceToDepth, block},
	"Resize": {graph.Resize, resize}, "ResizeBilinear": {graph.Resize, resize}, "ResizeNearestNeighbor": {graph.Resize, resize}, "ChannelShuffle": {graph.ChannelShuffle, shuffle}, "GatherNd": {graph.GatherND, gather}, "GatherElements": {graph.GatherElements, axis},
	"Cast": {graph.Cast, cast}, "Quantize": {graph.QuantizeLinear, cast}, "Dequantize": {graph.DequantizeLinear, cast}, "Convert": {graph.Requantize, cast}, "NonMaxSuppression": {graph.NonMaxSuppression, nil}, "DetectionOutput": {graph.DetectionOutput, nil},
	"Lrn": {graph.LRN, lrn}, "OneHot": {graph.OneHot, axis}, "CumulativeSum": {graph.CumSum, axis}, "ScatterNd": {graph.ScatterND, nil}, "ScatterElements": {graph.ScatterElements, nil}, "RoiAlign": {graph.RoiAlign, nil}, "Shape": {graph.ShapeOp, shapeOp},
}

func spatial(rank int) int { return max(1, rank-2) }

// conv: x in NHWC, filter HWIO, bias. Groups follow from the filter.
func conv(s *site) {
	n := spatial(s.shape(1).Len())
	a := &graph.ConvAttrs{Data: graph.NHWC(n), Filter: graph.HWIO(n), Groups: s.at.int(0, "group", "groups")}
	a.Strides, a.Dilations = fit(s.at.ints("stride"), n), fit(s.at.ints("dilation"), n)
	if p := s.at.ints("pad_amount"); len(p) == 2*n {
		for i := range n {
			a.PadBegin, a.PadEnd = append(a.PadBegin, p[2*i]), append(a.PadEnd, p[2*i+1])
		}
	}
	in, _ := s.shape(0).Dim(-1).Value()
	per, _ := s.shape(1).Dim(n).Value()
	if a.Groups == 0 && s.n.Op == graph.Conv && per > 0 && in > per && in%per == 0 {
		a.Groups = in / per
	}
	s.n.Attrs = a
}

// depthwise: the filter is [kh, kw, 1, C*m].
func depthwise(s *site) {
	conv(s)
	a := s.n.Attrs.(*graph.ConvAttrs)
	a.Depthwise, a.Groups = true, 0
}

func fit(v []int64, n int) []int64 {
	if len(v) != n {
		return nil
	}
	return v
}

func pool(s *site) {
	a := &graph.PoolAttrs{Data: graph.NHWC(2)}
	a.Kernel, a.Strides = fit(s.at.ints("filter_size"), 2), fit(s.at.ints("stride"), 2)
	if p := s.at.ints("pad_amount"); len(p) == 4 {
		a.PadBegin, a.PadEnd = []int64{p[0], p[2]}, []int64{p[1], p[3]}
	}
	a.Ceil = s.at.int(0, "rounding_mode") == 1
	if a.Kernel == nil {
		s.n.Op = graph.Unknown // the window is not known, so neither is its cost
		return
	}
	s.n.Attrs = a
}

func fullyConnected(s *site) {
	s.n.Attrs = &graph.FullyConnectedAttrs{KeepDims: s.at.int(0, "keep_dims") != 0, FlattenTo2D: s.at.int(0, "keep_dims") == 0}
}

func matMul(s *site) {
	s.n.Attrs = &graph.MatMulAttrs{TransA: s.at.int(0, "transpose_in0") != 0, TransB: s.at.int(0, "transpose_in1") != 0}
}

// neuron: version 3 knows 1 ReLU and 3 sigmoid.
func neuron(s *site) {
	switch s.at.int(0, "type") {
	case 1:
		s.n.Op = graph.Relu
	case 3:
		s.n.Op = graph.Sigmoid
	}
}

func axis(s *site)     { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.at.int(-1, "axis"))} }
func lastAxis(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: -1} }
func channels(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: -1} }
func cast(s *site)     { s.n.Attrs = &graph.CastAttrs{} }
func shapeOp(s *site)  { s.n.Attrs = &graph.ShapeAttrs{} }
func gather(s *site)   { s.n.Attrs = &graph.GatherAttrs{Axis: int(s.at.int(0, "axis"))} }
func permute(s *site)  { s.n.Attrs = &graph.PermAttrs{Perm: s.at.axes("perm", "dims")} }
func split(s *site) {
	s.n.Attrs = &graph.SplitAttrs{Axis: int(s.at.int(0, "axis")), Points: s.at.ints("split_index")}
}
func unpack(s *site) { s.n.Attrs = &graph.SplitAttrs{Axis: int(s.at.int(0, "axis"))} }
func tile(s *site)   { s.n.Attrs = &graph.ReshapeAttrs{Shape: s.at.ints("multiples")} }
func topK(s *site)   { s.n.Attrs = &graph.TopKAttrs{K: s.at.int(0, "k"), Axis: -1} }
func block(s *site) {
	a := &graph.BlockAttrs{Data: graph.NHWC(2)}
	if v := s.at.ints("block_size"); len(v) > 0 {
		a.Block = v[0]
	}
	s.n.Attrs = a
}

func norm(s *site) {
	axes := s.at.axes("axes")
	if len(axes) == 0 {
		axes = []int{int(s.at.int(-1, "axis"))}
	}
	s.n.Attrs = &graph.ReduceAttrs{Axes: axes, KeepDims: true}
}

func reduce(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: s.at.axes("axes"), KeepDims: s.at.int(0, "keep_dims") != 0}
}

func argExtreme(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: []int{int(s.at.int(0, "axis"))}, KeepDims: s.at.int(0, "keep_dims") != 0, To: graph.Int32}
}

// reshape takes its shape from the stated result.
func reshape(s *site) {
	s.n.Inputs = s.n.Inputs[:min(1, len(s.n.Inputs))]
	a := &graph.ReshapeAttrs{AllowZero: true}
	if len(s.n.Outputs) > 0 {
		if t := s.b.g.Tensor(s.n.Outputs[0]); t.Shape.IsStatic() {
			a.Shape = t.Shape.Ints()
		}
	}
	if a.Shape == nil {
		s.n.Op = graph.LayoutCopy
		return
	}
	s.n.Attrs = a
}

// stridedSlice has one row of begin, end and stride per axis.
func stridedSlice(s *site) {
	a := &graph.StridedSliceAttrs{BeginMask: s.at.int(0, "begin_mask"), EndMask: s.at.int(0, "end_mask"), ShrinkMask: s.at.int(0, "shrink_axes"), NewAxisMask: s.at.int(0, "new_axes_mask")}
	v := s.at.ints("ranges")
	for i := 0; i+2 < len(v); i += 3 {
		a.Begin, a.End, a.Strides = append(a.Begin, v[i]), append(a.End, v[i+1]), append(a.Strides, v[i+2])
	}
	s.n.Attrs = a
}

func pad(s *site) {
	a := &graph.PadAttrs{Mode: "constant"}
	v := s.at.ints("pad_amount")
	for i := 0; i+1 < len(v); i += 2 {
		a.Begin, a.End = append(a.Begin, v[i]), append(a.End, v[i+1])
	}
	s.n.Attrs = a
}

// resize takes its size from the stated result.
func resize(s *site) {
	a := &graph.ResizeAttrs{Mode: "linear", Data: graph.NHWC(2)}
	if strings.Contains(s.n.SourceOp, "Nearest") {
		a.Mode = "nearest"
	}
	if len(s.n.Outputs) > 0 {
		if d := s.b.g.Tensor(s.n.Outputs[0]).Shape.Ints(); len(d) == 4 {
			a.Sizes = d[1:3]
		}
	}
	s.n.Inputs = s.n.Inputs[:min(1, len(s.n.Inputs))]
	s.n.Attrs = a
}

func shuffle(s *site) {
	s.n.Attrs = &graph.GroupAttrs{Groups: s.at.int(1, "num_groups"), Axis: int(s.at.int(-1, "axis"))}
}

func lrn(s *site) {
	s.n.Attrs = &graph.LRNAttrs{Size: 2*s.at.int(0, "radius") + 1, Axis: -1}
}
