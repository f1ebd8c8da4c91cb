package tengine

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// operator is one entry of the operator list.
type operator struct {
	name string
	fill func(*call)
}

// operators by type number; parameter words as in the structs of tm2_format.h.
var operators = [...]operator{
	0: {"Accuracy", same(graph.LossLayer)}, 1: {"BatchNormalization", batchNorm}, 2: {"BilinearResize", resize}, 3: {"Concat", axis(graph.Concat)},
	5: {"Convolution", convolution}, 6: {"DeConvolution", deconvolution}, 7: {"DetectionOutput", detection}, 8: {"DropOut", same(graph.Dropout)},
	9: {"Eltwise", eltwise}, 10: {"Flatten", flatten}, 11: {"FullyConnected", fullyConnected}, 13: {"LRN", lrn}, 14: {"Normalize", normalize},
	15: {"Permute", permute}, 16: {"Pooling", pooling}, 17: {"Prelu", prelu}, 18: {"PriorBox", priorBox}, 19: {"Region", same(graph.UnaryOther)},
	20: {"ReLU", relu}, 21: {"ReLU6", same(graph.Relu6)}, 22: {"Reorg", block(graph.Reorg)}, 23: {"Reshape", reshape}, 24: {"RoiPooling", roi}, 25: {"RPN", same(graph.Proposal)},
	26: {"Scale", func(c *call) { c.op(graph.Scale, &graph.AxisAttrs{Axis: int(c.int(0))}) }}, 27: {"Slice", slice}, 28: {"SoftMax", axis(graph.Softmax)}, 29: {"Split", split},
	30: {"DetectionPostProcess", same(graph.DetectionOutput)}, 31: {"Gemm", func(c *call) { c.op(graph.Gemm, &graph.MatMulAttrs{TransA: c.int(2) != 0, TransB: c.int(3) != 0}) }},
	32: {"Generic", same(graph.Custom)}, 33: {"Logistic", same(graph.Sigmoid)}, 34: {"LSTM", recurrent(graph.LSTM)}, 35: {"RNN", recurrent(graph.RNN)}, 36: {"TanH", same(graph.Tanh)},
	37: {"Sigmoid", same(graph.Sigmoid)}, 38: {"Squeeze", same(graph.Squeeze)}, 39: {"FusedbnScaleRelu", same(graph.Custom)}, 40: {"Pad", pad}, 41: {"StridedSlice", stridedSlice},
	42: {"ArgMax", argument(graph.ArgMax)}, 43: {"ArgMin", argument(graph.ArgMin)}, 44: {"TopKV2", func(c *call) { c.op(graph.TopK, &graph.TopKAttrs{K: max(c.int(0), 0), Axis: -1}) }},
	45: {"Reduction", reduction}, 46: {"Max", same(graph.Max)}, 47: {"Min", same(graph.Min)}, 48: {"GRU", recurrent(graph.GRU)}, 49: {"Addn", same(graph.Sum)}, 50: {"SwapAxis", same(graph.Transpose)},
	51: {"Upsample", upsample}, 52: {"SpaceToBatchND", same(graph.SpaceToBatch)}, 53: {"BatchToSpaceND", same(graph.BatchToSpace)}, 54: {"Resize", resize},
	55: {"ShuffleChannel", func(c *call) {
		c.op(graph.ChannelShuffle, &graph.GroupAttrs{Groups: max(c.int(0), 1), Axis: c.data().Channel})
	}}, 56: {"Crop", crop},
	57: {"ROIAlign", same(graph.RoiAlign)}, 58: {"Psroipooling", same(graph.RoiPool)}, 59: {"Unary", unary}, 60: {"Expanddims", func(c *call) { c.op(graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{int(c.int(0))}}) }},
	61: {"Bias", func(c *call) { c.op(graph.Bias, &graph.AxisAttrs{Axis: 1}) }}, 62: {"Noop", same(graph.Identity)}, 63: {"Threshold", same(graph.UnaryOther)}, 64: {"Hardsigmoid", same(graph.HardSigmoid)},
	65: {"Embed", same(graph.EmbeddingLookup)}, 66: {"InstanceNorm", func(c *call) { c.op(graph.InstanceNormalization, &graph.AxisAttrs{Axis: 1}) }}, 67: {"MVN", mvn}, 68: {"Absval", same(graph.Abs)},
	69: {"Cast", same(graph.Cast)}, 70: {"HardSwish", same(graph.HardSwish)}, 71: {"Interp", interp}, 72: {"SELU", same(graph.Selu)}, 73: {"ELU", same(graph.Elu)}, 74: {"BroadMul", same(graph.Mul)},
	75: {"Logical", same(graph.BinaryOther)}, 76: {"Gather", func(c *call) { c.op(graph.Gather, &graph.GatherAttrs{Axis: int(c.int(0))}) }}, 77: {"Transpose", transpose}, 78: {"Comparison", same(graph.Equal)},
	79: {"SpaceToDepth", block(graph.SpaceToDepth)}, 80: {"DepthToSpace", block(graph.DepthToSpace)}, 81: {"Reverse", same(graph.Reverse)}, 82: {"SparseToDense", same(graph.ScatterFromShape)},
	83: {"Ceil", same(graph.Ceil)}, 84: {"SquaredDifference", same(graph.SquaredDifference)}, 85: {"Round", same(graph.Round)}, 86: {"ZerosLike", same(graph.ZerosLike)}, 87: {"Clip", same(graph.Clip)},
	88: {"Unsqueeze", unsqueeze}, 89: {"ReduceL2", func(c *call) {
		c.op(graph.ReduceL2, &graph.ReduceAttrs{Axes: []int{int(c.int(0))}, KeepDims: c.int(1) != 0})
	}}, 90: {"Mean", same(graph.Mean)},
	91: {"MatMul", same(graph.MatMul)}, 92: {"Expand", same(graph.Expand)}, 93: {"Scatter", same(graph.ScatterElements)}, 94: {"Shape", same(graph.ShapeOp)}, 95: {"Where", same(graph.Where)},
	96: {"Tile", func(c *call) { c.op(graph.Tile, &graph.ReshapeAttrs{Shape: c.list(2)}) }}, 97: {"Mish", same(graph.Mish)}, 98: {"L2Pool", same(graph.LpPool)}, 99: {"LogSoftmax", axis(graph.LogSoftmax)},
	100: {"ReLU1", same(graph.ReluN1To1)}, 101: {"L2Normalization", normalize}, 102: {"Softplus", same(graph.Softplus)}, 103: {"Reciprocal", same(graph.Reciprocal)}, 105: {"SpatialTransformer", same(graph.Custom)},
}

func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

func axis(op graph.Op) func(*call) {
	return func(c *call) { c.op(op, &graph.AxisAttrs{Axis: int(c.int(0))}) }
}

// activation: -1 none, 0 relu, 1 clamp to 1, 6 clamp to 6.
func (c *call) activation(kind int64) {
	switch kind {
	case 0:
		c.n.Fused = graph.Relu
	case 1:
		c.n.Fused = graph.ReluN1To1
	case 6:
		c.n.Fused = graph.Relu6
	}
}

// convolution: kernel, stride, dilation (h, w), channels, group, activation,
// top, left, bottom, right. A padding of -1 is TensorFlow's SAME.
func convolution(c *call) {
	a := &graph.ConvAttrs{Groups: max(c.int(8), 1), OutChannels: max(c.int(7), 0), Data: c.data(), Filter: graph.OIHW(2)}
	a.Kernel, a.Strides, a.Dilations = []int64{c.int(0), c.int(1)}, []int64{c.int(2), c.int(3)}, []int64{c.int(4), c.int(5)}
	c.pads(&a.Window, c.int(10), c.int(11), c.int(12), c.int(13))
	if c.nhwc {
		a.Filter = graph.OHWI(2)
	}
	c.activation(c.int(9))
	c.op(graph.Conv, a)
}

func (c *call) pads(w *graph.Window, top, left, bottom, right int64) {
	if top < 0 || left < 0 || bottom < 0 || right < 0 {
		w.PadMode = graph.PadSameUpper
		if top == -2 {
			w.PadMode = graph.PadSameLower
		}
		return
	}
	w.PadBegin, w.PadEnd = []int64{top, left}, []int64{bottom, right}
}

// deconvolution has a filter [in, out/group, h, w].
func deconvolution(c *call) {
	a := &graph.ConvAttrs{Groups: max(c.int(11), 1), OutChannels: max(c.int(0), 0), Data: c.data(), Filter: graph.IOHW(2)}
	a.Kernel, a.Strides, a.Dilations = []int64{c.int(1), c.int(2)}, []int64{c.int(3), c.int(4)}, []int64{c.int(9), c.int(10)}
	c.pads(&a.Window, c.int(6), c.int(5), c.int(8), c.int(7))
	a.OutputPadding = []int64{max(c.int(13), 0), max(c.int(14), 0)}
	c.activation(c.int(12))
	c.op(graph.ConvTranspose, a)
}

// pooling: algorithm, kernel, stride, global, caffe flavour (rounds up), pads.
func pooling(c *call) {
	op := graph.MaxPool
	if c.int(0) == 1 {
		op = graph.AveragePool
	}
	a := &graph.PoolAttrs{Data: c.data()}
	c.op(op, a)
	if c.int(5) != 0 {
		a.Global = true
		return
	}
	a.Kernel, a.Strides = []int64{c.int(1), c.int(2)}, []int64{c.int(3), c.int(4)}
	c.pads(&a.Window, c.int(7), c.int(8), c.int(9), c.int(10))
	a.Ceil = c.int(6) != 0
	a.ClipCeil = a.Ceil
}

// batchNorm: x, gamma, beta, mean, variance.
func batchNorm(c *call) { c.op(graph.BatchNormalization, &graph.AxisAttrs{Axis: c.data().Channel}) }

func fullyConnected(c *call) {
	c.op(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: max(c.int(0), 0), Axis: 1})
}

// eltwise kinds: product, its form with a scalar, sum, with a scalar,
// difference, with a scalar, maximum, reciprocal square root, quotient, log,
// exp, power, ...
func eltwise(c *call) {
	ops := []graph.Op{graph.Mul, graph.Mul, graph.Add, graph.Add, graph.Sub, graph.Sub, graph.Max, graph.Rsqrt, graph.Min, graph.Div, graph.Log, graph.Exp, graph.Pow, graph.Power, graph.Sqrt, graph.Floor, graph.Square}
	c.n.Op = graph.BinaryOther
	if k := c.int(0); k >= 0 && k < int64(len(ops)) {
		c.n.Op = ops[k]
	}
	if len(c.n.Inputs) == 1 {
		switch c.n.Op {
		case graph.Mul, graph.Add, graph.Sub, graph.Div, graph.Pow, graph.Max, graph.Min:
			c.n.Op = graph.UnaryOther // a scalar in the parameters
		}
	}
}

func flatten(c *call) {
	end := int(c.int(1))
	if end >= 3 || end < 0 {
		end = -1
	}
	c.op(graph.Flatten, &graph.FlattenAttrs{Axis: int(c.int(0)), EndAxis: end})
}

func lrn(c *call) {
	c.op(graph.LRN, &graph.LRNAttrs{Size: max(c.int(0), 1), Axis: c.data().Channel, WithinChannel: c.int(3) == 1})
}

func normalize(c *call) {
	c.op(graph.LpNormalization, &graph.ReduceAttrs{Axes: []int{c.data().Channel}, KeepDims: true})
}

func permute(c *call) {
	var perm []int
	seen := map[int64]bool{}
	for i := 1; i <= 4; i++ {
		v := c.int(i)
		if v < 0 || v > 3 || seen[v] {
			c.n.Op = graph.Transpose
			return
		}
		seen[v] = true
		perm = append(perm, int(v))
	}
	c.op(graph.Transpose, &graph.PermAttrs{Perm: perm})
}

func transpose(c *call) {
	a := &graph.PermAttrs{}
	for _, v := range c.list(0) {
		a.Perm = append(a.Perm, int(v))
	}
	c.op(graph.Transpose, a)
}

func prelu(c *call) { c.op(graph.PRelu, &graph.AxisAttrs{Axis: c.data().Channel}) }

func relu(c *call) {
	c.n.Op = graph.Relu
	if c.float(0) != 0 {
		c.n.Op = graph.LeakyRelu
	}
}

func priorBox(c *call) {
	n := c.int(12)
	c.op(graph.PriorBox, &graph.PriorBoxAttrs{PriorsPerCell: max(n, 0), Data: c.data()})
}

func detection(c *call) {
	c.op(graph.DetectionOutput, &graph.NMSAttrs{Classes: max(c.int(0), 0), KeepTopK: max(c.int(1), 0)})
}

// reshape: whether MXNet's codes hold, reverse, sizes.
func reshape(c *call) {
	shape := c.list(2)
	c.n.Op = graph.Reshape
	for _, v := range shape {
		if v < -1 {
			return
		}
	}
	if shape != nil && c.int(1) == 0 {
		c.n.Attrs = &graph.ReshapeAttrs{Shape: shape}
	}
}

func block(op graph.Op) func(*call) {
	return func(c *call) { c.op(op, &graph.BlockAttrs{Block: c.int(0), Data: c.data()}) }
}

func roi(c *call) {
	c.op(graph.RoiPool, &graph.RoiAttrs{PooledHeight: c.int(0), PooledWidth: c.int(1), Data: c.data()})
}

// slice cuts at points (Caffe), or one range of an axis (MXNet, ONNX), or
// begins and sizes (TensorFlow).
func slice(c *call) {
	ax := int(c.int(0))
	switch {
	case c.int(4) != 0:
		c.op(graph.Split, &graph.SplitAttrs{Axis: ax, Points: c.list(1)})
	case c.int(5) != 0 || c.int(6) != 0:
		end, step := c.int(8), c.int(9)
		if step == 0 {
			step = 1
		}
		if c.int(5) != 0 && end == 0 {
			end = math.MaxInt64
		}
		c.op(graph.Slice, &graph.SliceAttrs{Starts: []int64{c.int(7)}, Ends: []int64{end}, Steps: []int64{step}, Axes: []int{ax}})
	default:
		c.n.Op = graph.Slice
	}
}

func split(c *call) {
	a := &graph.SplitAttrs{Axis: int(c.int(0))}
	if v := c.list(3); len(v) == len(c.n.Outputs) {
		a.Sizes = v
	}
	c.op(graph.Split, a)
}

func recurrent(op graph.Op) func(*call) {
	return func(c *call) {
		hidden := c.int(5)
		if op != graph.LSTM {
			hidden = c.int(4)
		}
		c.op(op, &graph.RNNAttrs{Hidden: max(hidden, 0), TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1})
	}
}

func pad(c *call) {
	a := &graph.PadAttrs{Mode: "constant"}
	for i := range 4 {
		a.Begin, a.End = append(a.Begin, max(c.int(2*i), 0)), append(a.End, max(c.int(2*i+1), 0))
	}
	c.op(graph.Pad, a)
}

func stridedSlice(c *call) {
	a := &graph.SliceAttrs{}
	for i := range 4 {
		end := c.int(3*i + 1)
		if end == 0 {
			end = math.MaxInt64
		}
		a.Starts, a.Ends = append(a.Starts, c.int(3*i)), append(a.Ends, end)
		a.Steps, a.Axes = append(a.Steps, max(c.int(3*i+2), 1)), append(a.Axes, i)
	}
	c.op(graph.Slice, a)
}

func argument(op graph.Op) func(*call) {
	return func(c *call) {
		c.op(op, &graph.ReduceAttrs{Axes: []int{int(c.int(0))}, KeepDims: c.int(1) != 0})
	}
}

// reduction: four axes (-2 for none), kind, keep.
func reduction(c *call) {
	ops := []graph.Op{graph.ReduceSum, graph.ReduceMean, graph.ReduceSumSquare, graph.ReduceMax, graph.ReduceMin, graph.ReduceProd, graph.ReduceL2, graph.ReduceLogSum, graph.ReduceLogSumExp, graph.ReduceL1}
	c.n.Op = graph.ReduceSum
	if k := c.int(4); k >= 0 && k < int64(len(ops)) {
		c.n.Op = ops[k]
	}
	a := &graph.ReduceAttrs{KeepDims: c.int(5) != 0}
	for i := range 4 {
		if v := c.int(i); v >= 0 && v < 4 {
			a.Axes = append(a.Axes, int(v))
		}
	}
	c.n.Attrs = a
}

func upsample(c *call) {
	s := c.float(0)
	c.op(graph.Resize, &graph.ResizeAttrs{Mode: "nearest", Scales: []float64{s, s}, Data: c.data()})
}

// resize: scale x, scale y, kind.
func resize(c *call) {
	a := &graph.ResizeAttrs{Mode: "linear", Scales: []float64{c.float(1), c.float(0)}, Data: c.data()}
	if c.int(2) == 0 {
		a.Mode = "nearest"
	}
	c.op(graph.Resize, a)
}

// interp: kind, width scale, height scale, width, height.
func interp(c *call) {
	a := &graph.ResizeAttrs{Mode: "linear", Data: c.data()}
	switch c.int(0) {
	case 1:
		a.Mode = "nearest"
	case 3:
		a.Mode = "cubic"
	}
	if h, w := c.int(4), c.int(3); h > 0 && w > 0 {
		a.Sizes = []int64{h, w}
	} else {
		a.Scales = []float64{c.float(2), c.float(1)}
	}
	c.op(graph.Resize, a)
}

// crop: inputs, offsets c, h, w, sizes h, w.
func crop(c *call) {
	a := &graph.CropAttrs{Axis: 2, Offsets: []int64{c.int(2), c.int(3)}, HasReference: len(c.n.Inputs) > 1}
	if !a.HasReference {
		a.Sizes = []int64{c.int(4), c.int(5)}
	}
	c.op(graph.Crop, a)
}

func unary(c *call) {
	ops := []graph.Op{graph.Abs, graph.Neg, graph.Floor, graph.Ceil, graph.Square, graph.Sqrt, graph.Rsqrt, graph.Exp, graph.Log, graph.Sin, graph.Cos, graph.Tan, graph.Asin, graph.Acos, graph.Atan, graph.Reciprocal, graph.Tanh}
	c.n.Op = graph.UnaryOther
	if k := c.int(0); k >= 0 && k < int64(len(ops)) {
		c.n.Op = ops[k]
	}
}

func mvn(c *call) {
	a := &graph.ReduceAttrs{Axes: []int{2, 3}, KeepDims: true}
	if c.int(0) != 0 {
		a.Axes = []int{1, 2, 3}
	}
	c.op(graph.MeanVarianceNormalization, a)
}

func unsqueeze(c *call) {
	a := &graph.AxesAttrs{}
	for _, v := range c.list(0) {
		a.Axes = append(a.Axes, int(v))
	}
	c.op(graph.Unsqueeze, a)
}
