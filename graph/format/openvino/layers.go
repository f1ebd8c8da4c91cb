package openvino

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// layers maps an operation to the function that fills its node; names are those
// of the operation sets, older ones included.
var layers = map[string]func(*call){
	"Abs": same(graph.Abs), "Acos": same(graph.Acos), "Acosh": same(graph.Acosh), "Asin": same(graph.Asin), "Asinh": same(graph.Asinh),
	"Atan": same(graph.Atan), "Atanh": same(graph.Atanh), "BitwiseNot": same(graph.BitwiseNot), "Ceiling": same(graph.Ceil), "Clamp": clamp,
	"Cos": same(graph.Cos), "Cosh": same(graph.Cosh), "Elu": same(graph.Elu), "ELU": same(graph.Elu), "Erf": same(graph.Erf), "Exp": same(graph.Exp),
	"Floor": same(graph.Floor), "Gelu": same(graph.Gelu), "HardSigmoid": same(graph.HardSigmoid), "HSigmoid": same(graph.HardSigmoid),
	"HSwish": same(graph.HardSwish), "IsFinite": same(graph.IsFinite), "IsInf": same(graph.IsInf), "IsNaN": same(graph.IsNaN), "Log": same(graph.Log),
	"LogicalNot": same(graph.LogicalNot), "Mish": same(graph.Mish), "Negative": same(graph.Neg), "ReLU": same(graph.Relu), "Round": same(graph.Round),
	"Selu": same(graph.Selu), "Sigmoid": same(graph.Sigmoid), "Sign": same(graph.Sign), "Sin": same(graph.Sin), "Sinh": same(graph.Sinh),
	"SoftPlus": same(graph.Softplus), "SoftSign": same(graph.Softsign), "Sqrt": same(graph.Sqrt), "Swish": same(graph.Silu), "Tan": same(graph.Tan),
	"Tanh": same(graph.Tanh), "TanH": same(graph.Tanh), "PReLU": same(graph.PRelu), "Power": power, "Activation": activation,

	"Add": same(graph.Add), "BitwiseAnd": same(graph.BitwiseAnd), "BitwiseOr": same(graph.BitwiseOr), "BitwiseXor": same(graph.BitwiseXor),
	"BitwiseLeftShift": same(graph.BitShift), "BitwiseRightShift": same(graph.BitShift), "Divide": same(graph.Div), "Equal": same(graph.Equal),
	"FloorMod": same(graph.FloorMod), "Greater": same(graph.Greater), "GreaterEqual": same(graph.GreaterOrEqual), "Less": same(graph.Less),
	"LessEqual": same(graph.LessOrEqual), "LogicalAnd": same(graph.LogicalAnd), "LogicalOr": same(graph.LogicalOr), "LogicalXor": same(graph.LogicalXor),
	"Maximum": same(graph.Max), "Minimum": same(graph.Min), "Mod": same(graph.Mod), "Multiply": same(graph.Mul), "NotEqual": same(graph.NotEqual),
	"Select": same(graph.Where), "SquaredDifference": same(graph.SquaredDifference), "Subtract": same(graph.Sub), "Eltwise": same(graph.Eltwise),

	"ReduceL1": reduce(graph.ReduceL1), "ReduceL2": reduce(graph.ReduceL2), "ReduceLogicalAnd": reduce(graph.ReduceAll), "ReduceLogicalOr": reduce(graph.ReduceAny),
	"ReduceMax": reduce(graph.ReduceMax), "ReduceMean": reduce(graph.ReduceMean), "ReduceMin": reduce(graph.ReduceMin), "ReduceProd": reduce(graph.ReduceProd),
	"ReduceSum": reduce(graph.ReduceSum),

	"Convolution": convolution, "GroupConvolution": groupConvolution, "ConvolutionBackpropData": backprop, "GroupConvolutionBackpropData": groupBackprop,
	"Deconvolution": backprop, "DeformableConvolution": deformable, "BinaryConvolution": convolution, "MatMul": matMul, "FullyConnected": fullyConnected,
	"Einsum": func(c *call) { c.op(graph.Einsum, &graph.EinsumAttrs{Equation: c.d.attr("equation")}) }, "ScaledDotProductAttention": attention,
	"LSTMCell": cell(graph.LSTM), "GRUCell": cell(graph.GRU), "RNNCell": cell(graph.RNN),
	"LSTMSequence": sequence(graph.LSTM), "GRUSequence": sequence(graph.GRU), "RNNSequence": sequence(graph.RNN),

	"MaxPool": pool(graph.MaxPool), "AvgPool": pool(graph.AveragePool), "Pooling": oldPooling, "AdaptiveAvgPool": adaptive(graph.AveragePool),
	"AdaptiveMaxPool": adaptive(graph.MaxPool), "ROIPooling": roi(graph.RoiPool), "PSROIPooling": roi(graph.RoiPool), "ROIAlign": roi(graph.RoiAlign),
	"BatchNormInference": func(c *call) { c.op(graph.BatchNormalization, &graph.AxisAttrs{Axis: 1}) }, "ScaleShift": func(c *call) { c.op(graph.Scale, &graph.AxisAttrs{Axis: 1}) },
	"MVN": mvn, "NormalizeL2": normalizeL2, "LRN": lrn, "Norm": lrn, "GroupNormalization": groupNorm, "RMS": rms,
	"SoftMax": axisOp(graph.Softmax), "Softmax": axisOp(graph.Softmax), "LogSoftmax": axisOp(graph.LogSoftmax),

	"Concat": axisOp(graph.Concat), "Convert": convert, "ConvertLike": convert, "FakeQuantize": same(graph.FakeQuantize), "FakeConvert": same(graph.FakeQuantize),
	"Reshape": reshape, "Squeeze": same(graph.Squeeze), "Unsqueeze": same(graph.Unsqueeze), "Transpose": same(graph.Transpose), "Permute": permute, "Flatten": toOutput,
	"Split": split, "VariadicSplit": split, "StridedSlice": stridedSlice, "Slice": slice, "Crop": toOutput, "Pad": pad, "Tile": same(graph.Tile), "Broadcast": same(graph.Expand),
	"Gather": gather, "GatherND": func(c *call) { c.op(graph.GatherND, &graph.GatherAttrs{BatchDims: int(c.d.int("batch_dims", 0))}) },
	"GatherElements": axisOp(graph.GatherElements), "GatherTree": same(graph.Gather), "ScatterElementsUpdate": same(graph.ScatterElements),
	"ScatterNDUpdate": same(graph.ScatterND), "ScatterUpdate": same(graph.ScatterElements), "Interpolate": interpolate, "Resample": interpolate, "GridSample": gridSample,
	"DepthToSpace": blocks(graph.DepthToSpace), "SpaceToDepth": blocks(graph.SpaceToDepth), "BatchToSpace": same(graph.BatchToSpace), "SpaceToBatch": same(graph.SpaceToBatch),
	"ShuffleChannels": shuffle, "ReorgYolo": func(c *call) { c.op(graph.Reorg, &graph.BlockAttrs{Block: c.d.int("stride", 1), Data: graph.NCHW(2)}) },
	"ReverseSequence": same(graph.ReverseSequence), "Reverse": same(graph.Reverse), "Roll": same(graph.Roll), "ExtractImagePatches": same(graph.Im2Col), "Col2Im": same(graph.Col2Im),
	"CumSum": axisOp(graph.CumSum), "TopK": topK, "NonZero": same(graph.NonZero), "Unique": same(graph.Unique), "OneHot": oneHot, "Range": same(graph.Range), "Eye": same(graph.EyeLike),
	"ShapeOf": same(graph.ShapeOp), "Bucketize": same(graph.Bucketize), "SearchSorted": same(graph.Bucketize), "Copy": same(graph.Identity), "Identity": same(graph.Identity),
	"EmbeddingBagOffsetsSum": same(graph.EmbeddingBag), "EmbeddingBagPackedSum": same(graph.EmbeddingBag), "EmbeddingSegmentsSum": same(graph.EmbeddingBag),
	"DFT": spectral, "IDFT": spectral, "RDFT": spectral, "IRDFT": spectral, "STFT": same(graph.SpectralTransform), "ISTFT": same(graph.SpectralTransform),

	"NonMaxSuppression": nms, "MatrixNms": nms, "MulticlassNms": nms, "NMSRotated": nms, "DetectionOutput": detection, "PriorBox": priorBox, "PriorBoxClustered": priorBox,
	"Proposal": same(graph.Proposal), "RegionYolo": same(graph.UnaryOther), "CTCGreedyDecoder": same(graph.ArgMax), "CTCGreedyDecoderSeqLen": same(graph.ArgMax),
	"ReadValue": same(graph.StateRead), "Assign": same(graph.StateWrite), "RandomUniform": same(graph.RandomUniform), "Multinomial": same(graph.Multinomial),
	"Loop": loop, "TensorIterator": loop, "If": same(graph.If), "CTCLoss": same(graph.LossLayer), "StringTensorPack": same(graph.StringOp), "StringTensorUnpack": same(graph.StringOp),
}

func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

// toOutput is a change of shape whose result the output port states.
func toOutput(c *call) { c.op(graph.Reshape, &graph.ReshapeAttrs{Shape: c.outShape()}) }

func (c *call) outShape() []int64 {
	if len(c.n.Outputs) == 0 {
		return nil
	}
	return c.g.Tensors[c.n.Outputs[0]].Shape.Ints()
}

func clamp(c *call) {
	c.n.Op = graph.Clip
	if lo, hi := c.d.attr("min"), c.d.attr("max"); (lo == "0" || lo == "0.0") && (hi == "6" || hi == "6.0") {
		c.n.Op = graph.Relu6
	}
}

// power has a second operand since version 10, attributes before.
func power(c *call) {
	c.n.Op = graph.Pow
	if len(c.n.Inputs) < 2 {
		c.n.Op = graph.Power
	}
}

var activations = map[string]graph.Op{"sigmoid": graph.Sigmoid, "tanh": graph.Tanh, "elu": graph.Elu, "relu6": graph.Relu6, "relu": graph.Relu, "exp": graph.Exp, "not": graph.LogicalNot}

func activation(c *call) {
	c.n.Op = graph.UnaryOther
	if op, ok := activations[c.d.attr("type")]; ok {
		c.n.Op = op
	}
}

func axisOp(op graph.Op) func(*call) {
	return func(c *call) {
		def := int64(1)
		if op == graph.CumSum {
			def = 0
		}
		c.op(op, &graph.AxisAttrs{Axis: int(c.d.int("axis", def))})
	}
}

func reduce(op graph.Op) func(*call) {
	return func(c *call) { c.op(op, &graph.ReduceAttrs{KeepDims: c.d.flag("keep_dims", "false")}) }
}

func convert(c *call) {
	c.op(graph.Cast, &graph.CastAttrs{To: dtype(c.d.attr("destination_type"))})
}

func reshape(c *call) {
	if len(c.n.Inputs) < 2 {
		toOutput(c)
		return
	}
	c.op(graph.Reshape, &graph.ReshapeAttrs{AllowZero: !c.d.flag("special_zero", "false")})
}

func permute(c *call) {
	a := &graph.PermAttrs{}
	for _, v := range c.d.ints("order") {
		a.Perm = append(a.Perm, int(v))
	}
	c.op(graph.Transpose, a)
}

// split has x, axis, [lengths]: the canonical order puts the axis last.
func split(c *call) {
	a := &graph.SplitAttrs{Axis: int(c.scalar(1, c.d.int("axis", 1)))}
	c.op(graph.Split, a)
	if len(c.n.Inputs) > 1 {
		in := c.n.Inputs
		sizes := graph.NoTensor
		if len(in) > 2 {
			sizes = in[2]
		}
		c.n.Inputs = []graph.TensorID{in[0], sizes, in[1]}
	}
}

// scalar returns the value of a constant operand of one integer, def where it
// is not a constant at hand.
func (c *call) scalar(i int, def int64) int64 {
	if v := c.values(i); len(v) > 0 {
		return v[0]
	}
	return def
}

// values returns the integers of a small constant operand, nil where it is
// none at hand.
func (c *call) values(i int) []int64 {
	t := c.g.Tensor(c.n.Input(i))
	if t == nil || t.Const == nil || len(t.Const.Data) > 1<<10 {
		return nil
	}
	var out []int64
	switch b := t.Const.Data; t.DType {
	case graph.Int64:
		for ; len(b) >= 8; b = b[8:] {
			out = append(out, int64(le(b[:8])))
		}
	case graph.Int32:
		for ; len(b) >= 4; b = b[4:] {
			out = append(out, int64(int32(le(b[:4]))))
		}
	}
	return out
}

func le(b []byte) uint64 {
	v := uint64(0)
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	return v
}

// bits turns a mask written as 0,1,1 into bits.
func bits(v []int64) int64 {
	m := int64(0)
	for i, x := range v {
		if x != 0 && i < 62 {
			m |= 1 << i
		}
	}
	return m
}

// stridedSlice has masks written as lists; since version 10 a 1 ignores the
// operand, as a bit of TensorFlow's masks does.
func stridedSlice(c *call) {
	c.op(graph.StridedSlice, &graph.StridedSliceAttrs{
		BeginMask: bits(c.d.ints("begin_mask")), EndMask: bits(c.d.ints("end_mask")), EllipsisMask: bits(c.d.ints("ellipsis_mask")),
		NewAxisMask: bits(c.d.ints("new_axis_mask")), ShrinkMask: bits(c.d.ints("shrink_axis_mask")),
	})
}

// slice has x, start, stop, step, [axes]: the canonical order has axes first.
func slice(c *call) {
	in := c.n.Inputs
	if len(in) == 5 {
		c.n.Inputs = []graph.TensorID{in[0], in[1], in[2], in[4], in[3]}
	} else if len(in) == 4 {
		c.n.Inputs = []graph.TensorID{in[0], in[1], in[2], graph.NoTensor, in[3]}
	}
	c.op(graph.Slice, &graph.SliceAttrs{})
}

// pad has x, begins, ends, [value]: constant amounts become attributes.
func pad(c *call) {
	a := &graph.PadAttrs{Mode: c.d.attr("pad_mode"), Begin: c.values(1), End: c.values(2)}
	if a.Mode == "" {
		a.Mode = "constant"
	}
	c.n.Op = graph.Pad
	if in := c.n.Inputs; len(in) > 1 {
		c.n.Inputs = append([]graph.TensorID{in[0], graph.NoTensor}, in[1:]...)
	}
	if a.Begin != nil && len(a.Begin) == len(a.End) {
		c.n.Attrs = a
	}
}

func gather(c *call) {
	axis := c.scalar(2, c.d.int("axis", 0))
	c.op(graph.Gather, &graph.GatherAttrs{Axis: int(axis), BatchDims: int(c.d.int("batch_dims", 0))})
}

func interpolate(c *call) {
	mode := c.d.attr("mode")
	switch mode {
	case "linear", "linear_onnx", "bilinear_pillow", "caffe.ResampleParameter.LINEAR":
		mode = "linear"
	case "cubic", "bicubic_pillow":
		mode = "cubic"
	default:
		mode = "nearest"
	}
	in := c.n.Inputs
	if len(in) > 1 { // the operands speak of axes of their own: the result is stated
		c.n.Inputs = append([]graph.TensorID{in[0], graph.NoTensor, graph.NoTensor}, in[1:]...)
	}
	c.op(graph.Resize, &graph.ResizeAttrs{Mode: mode, Data: graph.NCHW(max(c.outRank()-2, 1))})
}

func gridSample(c *call) { c.op(graph.GridSample, &graph.LayoutAttrs{Data: graph.NCHW(2)}) }

func blocks(op graph.Op) func(*call) {
	return func(c *call) {
		c.op(op, &graph.BlockAttrs{Block: c.d.int("block_size", 1), Data: graph.NCHW(max(c.outRank()-2, 1))})
	}
}

func shuffle(c *call) {
	c.op(graph.ChannelShuffle, &graph.GroupAttrs{Groups: c.d.int("group", 1), Axis: int(c.d.int("axis", 1))})
}

func topK(c *call) { c.op(graph.TopK, &graph.TopKAttrs{Axis: int(c.d.int("axis", -1))}) }

func oneHot(c *call) { c.op(graph.OneHot, &graph.AxisAttrs{Axis: int(c.d.int("axis", -1))}) }

// spectral has x and axes, [lengths]; the last of the axes counts. Complex
// values have an axis of 2 behind, real ones none.
func spectral(c *call) {
	word := c.n.SourceOp
	a := &graph.SpectralAttrs{Axis: -1, OneSided: strings.HasSuffix(word, "RDFT"), Inverse: word[0] == 'I', Pairs: word != "RDFT"}
	rank := c.shape(0).Len()
	if a.Pairs {
		a.Axis, rank = -2, rank-1
	}
	if v := c.values(1); len(v) > 0 && rank > 0 {
		if a.Axis = int(max(min(v[len(v)-1], 1<<8), -1<<8)); a.Axis < 0 {
			a.Axis += rank
		}
	}
	if v := c.values(2); len(v) > 0 {
		a.Length = v[len(v)-1]
	}
	c.op(graph.SpectralTransform, a)
	c.n.Inputs = c.n.Inputs[:min(len(c.n.Inputs), 1)]
}

func nms(c *call) { c.op(graph.NonMaxSuppression, &graph.NMSAttrs{}) }

func detection(c *call) {
	c.op(graph.DetectionOutput, &graph.NMSAttrs{Classes: max(c.d.int("num_classes", 0), 0), KeepTopK: max(c.d.int("keep_top_k", 0), 0)})
}

func priorBox(c *call) { c.op(graph.PriorBox, &graph.PriorBoxAttrs{Data: graph.NCHW(2)}) }

func roi(op graph.Op) func(*call) {
	return func(c *call) {
		c.op(op, &graph.RoiAttrs{PooledHeight: c.d.int("pooled_h", 0), PooledWidth: c.d.int("pooled_w", 0), SamplingRatio: c.d.int("sampling_ratio", 0), Data: graph.NCHW(2)})
	}
}

func loop(c *call) {
	c.op(graph.Loop, &graph.LoopAttrs{Reason: "the port map of " + c.n.SourceOp + " is not evaluated"})
}
