package tnn

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// layers maps a layer type, without "Quantized", to the function that fills
// its node. Parameters are positional, as the layer interpreters read them.
var layers = map[string]func(*call){
	"Convolution": convolution(2), "Convolution1D": convolution(1), "Convolution3D": convolution(3), "ConvolutionDepthwise": convolution(2),
	"Deconvolution": deconvolution, "DeconvolutionDepthwise": deconvolution, "Pooling": pooling, "Pooling1D": same(""), "Pooling3D": same(""),
	"InnerProduct": innerProduct, "MatMul": same(graph.MatMul), "Einsum": same(graph.Einsum), "LSTMONNX": lstm, "GRUONNX": same(graph.Custom),
	"BatchNormCxx": norm(graph.BatchNormalization), "BatchNorm": norm(graph.BatchNormalization), "Scale": norm(graph.Scale), "InstBatchNormCxx": norm(graph.InstanceNormalization),
	"InstanceNorm": norm(graph.InstanceNormalization), "LayerNorm": same(graph.LayerNormalization), "GroupNorm": groupNorm, "BiasAdd": norm(graph.Bias), "PReLU": prelu,
	"LRN": lrn, "Normalize": same(graph.LpNormalization), "Softmax": axis(graph.Softmax), "SoftmaxCaffe": axis(graph.Softmax), "LogSoftmax": axis(graph.LogSoftmax),
	"Concat": axis(graph.Concat), "SplitV": splitV, "SplitTorch": same(graph.Split), "Slice": same(graph.Split), "Reshape": reshape, "Flatten": flatten, "Permute": permute, "PermuteV2": permute,
	"Squeeze": axes(graph.Squeeze), "Unsqueeze": axes(graph.Unsqueeze), "StridedSlice": stridedSlice, "StridedSliceV2": stridedSliceV2, "Pad": pad, "PadV2": same(graph.Pad),
	"Upsample": upsample, "ShuffleChannel": func(c *call) { c.op(graph.ChannelShuffle, &graph.GroupAttrs{Groups: max(c.int(0, 1), 1), Axis: 1}) },
	"PixelShuffle": func(c *call) { c.op(graph.DepthToSpace, &graph.BlockAttrs{Block: c.int(0, 1), Data: graph.NCHW(2)}) }, "Reorg": reorg, "GridSample": gridSample,
	"Gather": func(c *call) { c.op(graph.Gather, &graph.GatherAttrs{Axis: int(c.int(0, 0))}) }, "GatherND": same(graph.GatherND), "ScatterND": same(graph.ScatterND), "ScatterElements": same(graph.ScatterElements),
	"Tile": same(graph.Tile), "Repeat": same(graph.Tile), "Expand": same(graph.Expand), "Roll": same(graph.Roll), "Cast": same(graph.Cast), "Shape": same(graph.ShapeOp), "Size": same(graph.SizeOp),
	"Const": same(graph.Constant), "ConstantOfShape": same(graph.ConstantOfShape), "Range": same(graph.Range), "OneHot": same(graph.OneHot), "NonZero": same(graph.NonZero), "TopK": same(graph.TopK),
	"CumSum": same(graph.CumSum), "ArgMaxOrMin": same(graph.ArgMax), "Where": same(graph.Where), "Dropout": same(graph.Dropout), "SplitTorchV": same(graph.Split), "Reformat": same(graph.LayoutCopy),
	"PriorBox": same(graph.PriorBox), "DetectionOutput": same(graph.DetectionOutput), "DetectionPostProcess": same(graph.DetectionOutput), "NonMaxSuppression": same(graph.NonMaxSuppression),
	"RoiPooling": same(graph.RoiPool), "RoiAlign": same(graph.RoiAlign), "BlobScale": same(graph.Placeholder), "Histogram": same(graph.Custom), "HdrGuide": same(graph.Custom),

	"ReLU": same(graph.Relu), "ReLU6": same(graph.Relu6), "LeakyReLU": same(graph.LeakyRelu), "Elu": same(graph.Elu), "Selu": same(graph.Selu), "Sigmoid": same(graph.Sigmoid), "LogSigmoid": same(graph.LogSigmoid),
	"TanH": same(graph.Tanh), "Tanh": same(graph.Tanh), "HardSigmoid": same(graph.HardSigmoid), "HardSwish": hardSwish, "Swish": same(graph.Silu), "GELU": same(graph.Gelu), "Softplus": same(graph.Softplus),
	"Softsign": same(graph.Softsign), "Clip": clamp, "Abs": same(graph.Abs), "Neg": same(graph.Neg), "Sign": same(graph.Sign), "Ceil": same(graph.Ceil), "Floor": same(graph.Floor), "Round": same(graph.Round),
	"Exp": same(graph.Exp), "Log": same(graph.Log), "Sqrt": same(graph.Sqrt), "Rsqrt": same(graph.Rsqrt), "Sin": same(graph.Sin), "Cos": same(graph.Cos), "Tan": same(graph.Tan), "Asin": same(graph.Asin),
	"Acos": same(graph.Acos), "Atan": same(graph.Atan), "Erf": same(graph.Erf), "Reciprocal": same(graph.Reciprocal), "Power": same(graph.Power), "Not": same(graph.LogicalNot), "SignedMul": same(graph.UnaryOther),
	"Add": binary2(graph.Add), "Sub": binary2(graph.Sub), "Mul": binary2(graph.Mul), "Div": binary2(graph.Div), "Maximum": binary2(graph.Max), "Minimum": binary2(graph.Min), "Max": binary2(graph.Max), "Min": binary2(graph.Min),
	"SquaredDifference": binary2(graph.SquaredDifference), "Equal": same(graph.Equal), "Greater": same(graph.Greater), "Less": same(graph.Less), "And": same(graph.LogicalAnd), "Or": same(graph.LogicalOr), "Mod": same(graph.Mod), "BitShift": same(graph.BitShift),
	"ReduceMean": reduce(graph.ReduceMean), "ReduceSum": reduce(graph.ReduceSum), "ReduceMax": reduce(graph.ReduceMax), "ReduceMin": reduce(graph.ReduceMin), "ReduceProd": reduce(graph.ReduceProd),
	"ReduceL1": reduce(graph.ReduceL1), "ReduceL2": reduce(graph.ReduceL2), "ReduceLogSum": reduce(graph.ReduceLogSum), "ReduceLogSumExp": reduce(graph.ReduceLogSumExp), "ReduceSumSquare": reduce(graph.ReduceSumSquare),
}

func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

func axis(op graph.Op) func(*call) {
	return func(c *call) { c.op(op, &graph.AxisAttrs{Axis: int(c.int(0, 1))}) }
}

// numbers reads n parameters from i on.
func (c *call) numbers(i, n int, def int64) []int64 {
	v := make([]int64, n)
	for k := range v {
		v[k] = c.int(i+k, def)
	}
	return v
}

// padMode: -1 is explicit, 0 is SAME, 1 is VALID.
func padMode(w *graph.Window, kind int64) {
	switch kind {
	case 0:
		w.PadMode, w.PadBegin, w.PadEnd = graph.PadSameUpper, nil, nil
	case 1:
		w.PadMode, w.PadBegin, w.PadEnd = graph.PadValid, nil, nil
	}
}

// convAttrs: group, input channels, outputs, kernel, stride and pad per axis,
// bias, pad kind, dilation per axis, activation.
func convAttrs(c *call, n int) (a *graph.ConvAttrs, in, bias int64) {
	a = &graph.ConvAttrs{Groups: max(c.int(0, 1), 1), OutChannels: max(c.int(2, 0), 0), Data: graph.NCHW(n), Filter: graph.OIHW(n)}
	a.Kernel, a.Strides, a.PadBegin = c.numbers(3, n, 1), c.numbers(3+n, n, 1), c.numbers(3+2*n, n, 0)
	a.PadEnd = a.PadBegin
	bias = c.int(3+3*n, 0)
	a.Dilations = c.numbers(5+3*n, n, 1)
	for i, d := range a.Dilations {
		if d < 1 {
			a.Dilations[i] = 1
		}
	}
	padMode(&a.Window, c.int(4+3*n, -1))
	switch c.int(5+4*n, 0) {
	case 1:
		c.n.Fused = graph.Relu
	case 2:
		c.n.Fused = graph.Relu6
	case 0x100:
		c.n.Fused = graph.Silu
	}
	return a, c.int(1, 0), bias
}

func open(n int64) int64 {
	if n <= 0 {
		return -1
	}
	return n
}

func convolution(n int) func(*call) {
	return func(c *call) {
		a, in, bias := convAttrs(c, n)
		c.op(graph.Conv, a)
		if len(c.n.Inputs) > 1 { // weights are inputs
			return
		}
		if in > 0 && a.Groups > 1 && in == a.OutChannels && in%a.Groups == 0 && in != 1 {
			in = -1 // per group or in all: the length of the buffer tells
		}
		w := c.weight("weight", append([]int64{open(a.OutChannels), open(in)}, a.Kernel...)...)
		if bias != 0 {
			c.weight("bias", open(a.OutChannels))
		}
		c.scales(w)
	}
}

// deconvolution has weights [in, out/group, kernel...].
func deconvolution(c *call) {
	a, _, bias := convAttrs(c, 2)
	a.Filter = graph.IOHW(2)
	c.op(graph.ConvTranspose, a)
	if len(c.n.Inputs) > 1 {
		return
	}
	per := int64(-1)
	if a.OutChannels > 0 && a.OutChannels%a.Groups == 0 {
		per = a.OutChannels / a.Groups
	}
	c.weight("weight", append([]int64{-1, per}, a.Kernel...)...)
	if bias != 0 {
		c.weight("bias", open(a.OutChannels))
	}
}

// pooling: kind, kernel, stride, pad, kernel indexes, pad kind, ceil,
// adaptive, output. A kernel of 0 is the whole input.
func pooling(c *call) {
	op := graph.MaxPool
	if c.int(0, 0) == 1 {
		op = graph.AveragePool
	}
	a := &graph.PoolAttrs{Data: graph.NCHW(2)}
	c.op(op, a)
	k := c.numbers(1, 2, 0)
	switch {
	case c.int(11, 0) != 0:
		a.AdaptiveOutput = c.numbers(12, 2, 1)
	case k[0] <= 0 && k[1] <= 0:
		a.Global = true
	default:
		a.Kernel, a.Strides, a.PadBegin = k, c.numbers(3, 2, 1), c.numbers(5, 2, 0)
		a.PadEnd = a.PadBegin
		a.Ceil = c.int(10, 0) != 0
		a.ClipCeil = a.Ceil
		padMode(&a.Window, c.int(9, -1))
		if a.PadMode != graph.PadExplicit {
			a.Ceil, a.ClipCeil = false, false
		}
	}
}

// innerProduct: outputs, bias, transpose, axis. The resource always has a
// bias buffer, which may be empty.
func innerProduct(c *call) {
	n := c.int(0, 0)
	ax := c.int(3, 1)
	if ax < 0 || ax > 8 {
		ax = 1
	}
	c.op(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: max(n, 0), Axis: int(ax)})
	w := c.weight("weight", open(n), -1)
	if c.int(1, 0) != 0 {
		c.weight("bias", open(n))
	} else if c.taken < len(c.buffers) {
		c.taken++
	}
	c.scales(w)
}

func lstm(c *call) {
	a := &graph.RNNAttrs{Hidden: max(c.int(1, 0), 0), TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1, Directions: 1}
	if c.int(2, 0) == 2 {
		a.Directions = 2
	}
	c.op(graph.LSTM, a)
}

// norm has a scale and a bias per channel in its resource.
func norm(op graph.Op) func(*call) {
	return func(c *call) {
		c.op(op, &graph.AxisAttrs{Axis: 1})
		if op == graph.Scale && len(c.n.Inputs) > 1 {
			return
		}
		c.weight("scale", -1)
		if len(c.buffers) > 1 || c.buffers == nil && op != graph.Bias && op != graph.Scale {
			c.weight("bias", -1)
		}
	}
}

func groupNorm(c *call) {
	c.op(graph.GroupNormalization, &graph.GroupAttrs{Groups: max(c.int(0, 1), 1), Axis: 1})
}

func prelu(c *call) {
	n := int64(-1)
	if c.int(0, 0) != 0 {
		n = 1
	}
	c.op(graph.PRelu, &graph.AxisAttrs{Axis: 1})
	c.weight("slope", n)
}

func lrn(c *call) { c.op(graph.LRN, &graph.LRNAttrs{Size: max(c.int(3, 5), 1), Axis: 1}) }

// binary2 has a second input or a constant in its resource; parameter 0 says
// at which side the constant stands.
func binary2(op graph.Op) func(*call) {
	return func(c *call) {
		c.n.Op = op
		if len(c.n.Inputs) >= 2 {
			return
		}
		if len(c.buffers) == 0 {
			c.b.lost++
			t := graph.Tensor{Name: c.name + ".constant", DType: graph.Float32, Const: &graph.Const{StoredBytes: -1, Missing: missing}}
			// One value or one per channel: the result has the input's shape.
			c.n.Inputs = append(c.n.Inputs, c.b.tensor(t))
			c.n.Op = graph.Scale
			if op == graph.Add || op == graph.Sub {
				c.n.Op = graph.Bias
			}
			c.n.Attrs = &graph.AxisAttrs{Axis: 1}
			return
		}
		id := c.weight("constant", -1)
		t := c.b.g.Tensor(id)
		if len(c.buffers) > 1 && c.buffers[1].dtype == graph.Int32 {
			if dims := ints32(c.buffers[1].data); len(dims) > 0 {
				t.Shape = graph.ShapeOf(solve(dims, c.buffers[0])...)
				return
			}
		}
		if n, ok := t.Shape.Elements(); ok && n > 1 {
			c.n.Attrs = &graph.AxisAttrs{Axis: 1}
		}
	}
}

func ints32(b []byte) []int64 {
	var out []int64
	for ; len(b) >= 4; b = b[4:] {
		out = append(out, int64(int32(uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24)))
	}
	return out
}

// splitV: axis, sizes.
func splitV(c *call) {
	sizes, _ := c.list(1)
	c.op(graph.Split, &graph.SplitAttrs{Axis: int(c.int(0, 1)), Sizes: sizes})
}

// reshape: first axis, number of axes, sizes, kind.
func reshape(c *call) {
	shape, _ := c.list(2)
	c.n.Op = graph.Reshape
	if shape == nil {
		return
	}
	c.n.Attrs = &graph.ReshapeAttrs{Shape: shape}
}

func flatten(c *call) {
	c.op(graph.Flatten, &graph.FlattenAttrs{Axis: int(c.int(0, 1)), EndAxis: -1})
}

func permute(c *call) {
	a := &graph.PermAttrs{}
	order, _ := c.list(0)
	for _, v := range order {
		a.Perm = append(a.Perm, int(v))
	}
	c.op(graph.Transpose, a)
}

func axes(op graph.Op) func(*call) {
	return func(c *call) {
		a := &graph.AxesAttrs{}
		v, _ := c.list(0)
		for _, x := range v {
			a.Axes = append(a.Axes, int(x))
		}
		c.op(op, a)
	}
}

// stridedSlice: begins, ends and strides in the order n, c, h, w; an end of 0
// is the end of the axis.
func stridedSlice(c *call) {
	begin, i := c.list(0)
	end, i := c.list(i)
	step, _ := c.list(i)
	sliceOf(c, begin, end, step, nil)
}

// stridedSliceV2: begins, ends, axes, strides.
func stridedSliceV2(c *call) {
	begin, i := c.list(0)
	end, i := c.list(i)
	ax, i := c.list(i)
	step, _ := c.list(i)
	sliceOf(c, begin, end, step, ax)
}

func sliceOf(c *call, begin, end, step, ax []int64) {
	c.n.Op = graph.Slice
	if len(begin) == 0 || len(begin) != len(end) || len(step) != len(begin) || ax != nil && len(ax) != len(begin) {
		return
	}
	a := &graph.SliceAttrs{Starts: begin, Ends: end, Steps: step}
	for i := range begin {
		if end[i] == 0 {
			end[i] = math.MaxInt64
		}
		if ax != nil {
			a.Axes = append(a.Axes, int(ax[i]))
		} else {
			a.Axes = append(a.Axes, i)
		}
	}
	c.n.Attrs = a
}

// pad: a count, then begin and end for w, h and c, then the kind.
func pad(c *call) {
	v, _ := c.list(0)
	c.n.Op = graph.Pad
	if len(v) == 6 {
		c.n.Attrs = &graph.PadAttrs{Begin: []int64{v[4], v[2], v[0]}, End: []int64{v[5], v[3], v[1]}, Axes: []int{1, 2, 3}, Mode: "constant"}
	}
}

// upsample: mode (1 nearest, 2 bilinear, 3 cubic), scale h, scale w, align,
// height, width.
func upsample(c *call) {
	a := &graph.ResizeAttrs{Mode: "nearest", Data: graph.NCHW(2)}
	switch c.int(0, 1) {
	case 2:
		a.Mode = "linear"
	case 3:
		a.Mode = "cubic"
	}
	if h, w := c.int(4, 0), c.int(5, 0); h > 0 && w > 0 {
		a.Sizes = []int64{h, w}
	} else if h, w := c.float(1, 0), c.float(2, 0); h > 0 && w > 0 {
		a.Scales = []float64{h, w}
	}
	c.op(graph.Resize, a)
}

func reorg(c *call) {
	op := graph.Reorg
	if c.int(1, 1) == 0 {
		op = graph.DepthToSpace
	}
	c.op(op, &graph.BlockAttrs{Block: c.int(0, 2), Data: graph.NCHW(2)})
}

func gridSample(c *call) { c.op(graph.GridSample, &graph.LayoutAttrs{Data: graph.NCHW(2)}) }

// hardSwish multiplies two inputs in TNN's form, or one by itself.
func hardSwish(c *call) { c.n.Op = graph.HardSwish }

func clamp(c *call) {
	c.n.Op = graph.Clip
	if c.float(0, -1) == 0 && c.float(1, 0) == 6 {
		c.n.Op = graph.Relu6
	}
}

// reduce: keep dims, axes.
func reduce(op graph.Op) func(*call) {
	return func(c *call) {
		a := &graph.ReduceAttrs{KeepDims: c.int(0, 1) != 0}
		for i := 1; i < len(c.params) && i < 9; i++ {
			a.Axes = append(a.Axes, int(c.int(i, 0)))
		}
		c.op(op, a)
	}
}
