package nnef

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// operations maps a standard operation to the function that fills its node.
var operations = map[string]func(*call){
	"conv": conv, "deconv": deconv, "separable_conv": separable, "linear": linear, "matmul": matMul,
	"max_pool": pool(graph.MaxPool), "avg_pool": pool(graph.AveragePool), "rms_pool": pool(graph.LpPool), "box": box, "max_pool_with_index": pool(graph.MaxPool),
	"batch_normalization": batchNorm, "local_response_normalization": lrn, "l1_normalization": along(graph.LpNormalization), "l2_normalization": along(graph.LpNormalization),
	"local_mean_normalization": one(graph.Custom), "local_variance_normalization": one(graph.Custom), "local_contrast_normalization": one(graph.Custom), "softmax": softmax,
	"relu": one(graph.Relu), "leaky_relu": one(graph.LeakyRelu), "prelu": prelu, "elu": one(graph.Elu), "selu": one(graph.Selu), "gelu": one(graph.Gelu), "silu": one(graph.Silu), "sigmoid": one(graph.Sigmoid), "tanh": one(graph.Tanh),
	"softplus": one(graph.Softplus), "softabs": one(graph.UnaryOther), "copy": one(graph.Identity), "neg": one(graph.Neg), "rcp": one(graph.Reciprocal), "exp": one(graph.Exp), "log": one(graph.Log), "log2": one(graph.Log), "sin": one(graph.Sin), "cos": one(graph.Cos),
	"tan": one(graph.Tan), "asin": one(graph.Asin), "acos": one(graph.Acos), "atan": one(graph.Atan), "sinh": one(graph.Sinh), "cosh": one(graph.Cosh), "asinh": one(graph.Asinh), "acosh": one(graph.Acosh), "atanh": one(graph.Atanh),
	"abs": one(graph.Abs), "sign": one(graph.Sign), "not": one(graph.LogicalNot), "floor": one(graph.Floor), "ceil": one(graph.Ceil), "round": one(graph.Round), "sqr": one(graph.Square), "sqrt": one(graph.Sqrt), "rsqr": one(graph.UnaryOther), "rsqrt": one(graph.Rsqrt),
	"add": two(graph.Add), "sub": two(graph.Sub), "mul": two(graph.Mul), "div": two(graph.Div), "pow": two(graph.Pow), "lt": two(graph.Less), "gt": two(graph.Greater), "le": two(graph.LessOrEqual), "ge": two(graph.GreaterOrEqual), "eq": two(graph.Equal), "ne": two(graph.NotEqual),
	"and": two(graph.LogicalAnd), "or": two(graph.LogicalOr), "min": two(graph.Min), "max": two(graph.Max), "clamp": clamp, "select": selectOp, "add_n": list(graph.Sum), "copy_n": copyN,
	"sum_reduce": reduce(graph.ReduceSum), "mean_reduce": reduce(graph.ReduceMean), "max_reduce": reduce(graph.ReduceMax), "min_reduce": reduce(graph.ReduceMin), "any_reduce": reduce(graph.ReduceAny), "all_reduce": reduce(graph.ReduceAll),
	"argmax_reduce": reduce(graph.ArgMax), "argmin_reduce": reduce(graph.ArgMin), "moments": one(graph.Custom), "reshape": reshape, "transpose": transpose, "squeeze": axes(graph.Squeeze), "unsqueeze": axes(graph.Unsqueeze),
	"concat": concat, "split": split, "stack": stack, "unstack": unstack, "slice": slice, "pad": pad, "tile": tile, "gather": gather, "cast": one(graph.Cast), "update": two(graph.StateWrite),
	"nearest_upsample": resize("nearest", true), "multilinear_upsample": resize("linear", true), "nearest_downsample": resize("nearest", false), "area_downsample": resize("area", false), "desample": one(graph.MaxUnpool),
	"avg_roi_pool": roi(graph.RoiPool), "max_roi_pool": roi(graph.RoiPool), "roi_resample": roi(graph.RoiAlign), "avg_roi_align": roi(graph.RoiAlign), "max_roi_align": roi(graph.RoiAlign),
	"linear_quantize": one(graph.FakeQuantize), "logarithmic_quantize": one(graph.FakeQuantize), "min_max_linear_quantize": one(graph.FakeQuantize), "zero_point_linear_quantize": one(graph.FakeQuantize),
}

func (c *call) set(op graph.Op, a graph.Attrs, in ...graph.TensorID) {
	c.n.Op, c.n.Attrs, c.n.Inputs = op, a, in
}

func one(op graph.Op) func(*call) {
	return func(c *call) { c.set(op, nil, c.in("x")...) }
}

func two(op graph.Op) func(*call) {
	return func(c *call) { c.set(op, nil, c.in("x", "y")...) }
}

func list(op graph.Op) func(*call) {
	return func(c *call) { c.set(op, nil, c.in("x")...) }
}

// sized is v where it has n values, else n times def.
func sized(v []int64, n int, def int64) []int64 {
	if len(v) == n {
		return v
	}
	v = make([]int64, n)
	for i := range v {
		v[i] = def
	}
	return v
}

// window reads stride, dilation and padding for n axes. An empty padding is
// by size, the odd pixel at the end.
func (c *call) window(n int) graph.Window {
	w := graph.Window{Strides: sized(c.ints("stride", 5), n, 1), Dilations: sized(c.ints("dilation", 6), n, 1)}
	v, _ := c.arg("padding", 4)
	if len(v.items) != n {
		w.PadMode = graph.PadSameUpper
		return w
	}
	for _, p := range v.items {
		if len(p.items) == 2 {
			w.PadBegin, w.PadEnd = append(w.PadBegin, toInt(p.items[0].num)), append(w.PadEnd, toInt(p.items[1].num))
		}
	}
	return w
}

// rank is the number of dimensions of an operand, 4 where it is not known.
func (c *call) rank(name string, place int) int {
	if v, ok := c.arg(name, place); ok && v.kind == 'i' {
		if t := c.b.g.Tensor(c.operand(v)[0]); t != nil && t.Shape.Len() > 2 && t.Shape.Len() < 9 {
			return t.Shape.Len()
		}
	}
	return 4
}

func (c *call) filterShape() graph.Shape {
	if t := c.b.g.Tensor(c.n.Input(1)); t != nil {
		return t.Shape
	}
	return graph.Shape{}
}

// conv has a filter [out, in/groups, spatial...]; groups 0 is one per channel.
func conv(c *call) {
	n := c.rank("filter", 1) - 2
	a := &graph.ConvAttrs{Window: c.window(n), Data: graph.NCHW(n), Filter: graph.OIHW(n), Groups: c.int("groups", 7, 1)}
	a.Depthwise = a.Groups == 0
	c.set(graph.Conv, a, c.in("input", "filter", "bias")...)
}

// deconv has a filter [in, out/groups, spatial...].
func deconv(c *call) {
	n := c.rank("filter", 1) - 2
	a := &graph.ConvAttrs{Window: c.window(n), Data: graph.NCHW(n), Filter: graph.IOHW(n), Groups: c.int("groups", 8, 1)}
	a.Depthwise = a.Groups == 0
	if s := c.ints("output_shape", 7); len(s) == n+2 {
		a.OutputShape = s
	}
	c.set(graph.ConvTranspose, a, c.in("input", "filter", "bias")...)
}

// separable: input, plane filter [channels*m, 1, spatial...], point filter.
func separable(c *call) {
	n := c.rank("plane_filter", 1) - 2
	c.set(graph.SeparableConv, &graph.ConvAttrs{Window: c.window(n), Data: graph.NCHW(n), Filter: graph.OIHW(n), Depthwise: true}, c.in("input", "plane_filter", "point_filter", "bias")...)
	if t := c.b.g.Tensor(c.n.Input(2)); t != nil {
		c.n.Attrs.(*graph.ConvAttrs).OutChannels = max(t.Shape.Dim(0).Int(), 0)
	}
}

// linear has a filter [out, in].
func linear(c *call) {
	c.set(graph.FullyConnected, &graph.FullyConnectedAttrs{Axis: 1}, c.in("input", "filter", "bias")...)
	c.n.Attrs.(*graph.FullyConnectedAttrs).OutFeatures = max(c.filterShape().Dim(0).Int(), 0)
}

func matMul(c *call) {
	a := &graph.MatMulAttrs{TransA: c.flag("transposeA", 2), TransB: c.flag("transposeB", 3)}
	c.set(graph.MatMul, a, c.in("A", "B")...)
}

// windowPerAxis cuts a window over all axes to the spatial ones.
func (c *call) pooling() *graph.PoolAttrs {
	k := c.ints("size", 1)
	n := max(len(k)-2, 1)
	a := &graph.PoolAttrs{Data: graph.NCHW(n), CountPad: true}
	if len(k) < 3 {
		return a
	}
	w := graph.Window{Kernel: k[2:], Strides: sized(c.ints("stride", 4), len(k), 1)[2:], Dilations: sized(c.ints("dilation", 5), len(k), 1)[2:]}
	v, _ := c.arg("padding", 3)
	if len(v.items) != len(k) {
		w.PadMode = graph.PadSameUpper
	} else {
		for _, p := range v.items[2:] {
			if len(p.items) == 2 {
				w.PadBegin, w.PadEnd = append(w.PadBegin, toInt(p.items[0].num)), append(w.PadEnd, toInt(p.items[1].num))
			}
		}
	}
	a.Window = w
	b := c.text("border", 2)
	a.CountPad = b != "ignore"
	return a
}

func pool(op graph.Op) func(*call) {
	return func(c *call) { c.set(op, c.pooling(), c.in("input")...) }
}

// box is a sum over a window.
func box(c *call) { c.set(graph.AveragePool, c.pooling(), c.in("input")...) }

// batchNorm: input, mean, variance, offset, scale, each [1, channels].
func batchNorm(c *call) {
	in := c.in("input", "mean", "variance", "offset", "scale")
	for len(in) < 5 {
		in = append(in, graph.NoTensor)
	}
	c.set(graph.BatchNormalization, &graph.AxisAttrs{Axis: 1}, in[0], in[4], in[3], in[1], in[2])
}

func lrn(c *call) {
	size := int64(1)
	for _, v := range c.ints("size", 1) {
		size = max(size, v)
	}
	c.set(graph.LRN, &graph.LRNAttrs{Size: size, Axis: 1}, c.in("input")...)
}

func (c *call) axisList(place int) []int {
	var out []int
	for _, v := range c.ints("axes", place) {
		out = append(out, int(v))
	}
	return out
}

func along(op graph.Op) func(*call) {
	return func(c *call) {
		c.set(op, &graph.ReduceAttrs{Axes: c.axisList(1), KeepDims: true}, c.in("input")...)
	}
}

func softmax(c *call) {
	a := &graph.AxisAttrs{Axis: 1}
	if v := c.axisList(1); len(v) > 0 {
		a.Axis = v[0]
	}
	c.set(graph.Softmax, a, c.in("x")...)
}

func prelu(c *call) { c.set(graph.PRelu, nil, c.in("x", "alpha")...) }

func clamp(c *call) { c.set(graph.Clip, nil, c.in("x", "a", "b")...) }

func selectOp(c *call) {
	c.set(graph.Where, nil, c.in("condition", "true_value", "false_value")...)
}

func copyN(c *call) { c.set(graph.Copies, nil, c.in("x")...) }

func reduce(op graph.Op) func(*call) {
	return func(c *call) {
		c.set(op, &graph.ReduceAttrs{Axes: c.axisList(1), KeepDims: true}, c.in("input")...)
	}
}

// reshape replaces axis_count axes (-1: all) from axis_start on.
func reshape(c *call) {
	a := &graph.ReshapeAttrs{Shape: c.ints("shape", 1), Axis: int(c.int("axis_start", 2, 0)), NumAxes: int(c.int("axis_count", 3, -1))}
	a.PartOfAxes = a.Axis != 0 || a.NumAxes != -1
	if a.Shape == nil {
		a.Shape = []int64{}
	}
	c.set(graph.Reshape, a, c.in("input")...)
}

func transpose(c *call) {
	c.set(graph.Transpose, &graph.PermAttrs{Perm: c.axisList(1)}, c.in("input")...)
}

func axes(op graph.Op) func(*call) {
	return func(c *call) { c.set(op, &graph.AxesAttrs{Axes: c.axisList(1)}, c.in("input")...) }
}

func concat(c *call) {
	c.set(graph.Concat, &graph.AxisAttrs{Axis: int(c.int("axis", 1, 0))}, c.in("values")...)
}

func stack(c *call) {
	c.set(graph.Pack, &graph.AxisAttrs{Axis: int(c.int("axis", 1, 0))}, c.in("values")...)
}

func unstack(c *call) {
	c.set(graph.Unpack, &graph.SplitAttrs{Axis: int(c.int("axis", 1, 0))}, c.in("value")...)
}

// split has ratios: equal ones are equal parts.
func split(c *call) {
	a := &graph.SplitAttrs{Axis: int(c.int("axis", 1, 0))}
	ratios := c.ints("ratios", 2)
	for _, r := range ratios {
		if r != ratios[0] {
			a.Sizes = ratios // sizes where they add up to the axis, as exporters write them
		}
	}
	c.set(graph.Split, a, c.in("value")...)
}

// slice: an end of 0 is the end of the axis.
func slice(c *call) {
	a := &graph.SliceAttrs{Axes: c.axisList(1), Starts: c.ints("begin", 2), Ends: c.ints("end", 3), Steps: c.ints("stride", 4)}
	for i, e := range a.Ends {
		if e == 0 {
			a.Ends[i] = math.MaxInt64
		}
	}
	a.Steps = sized(a.Steps, len(a.Starts), 1)
	c.set(graph.Slice, a, c.in("input")...)
}

func pad(c *call) {
	a := &graph.PadAttrs{Mode: c.text("border", 2)}
	v, _ := c.arg("padding", 1)
	for _, p := range v.items {
		if len(p.items) == 2 {
			a.Begin, a.End = append(a.Begin, toInt(p.items[0].num)), append(a.End, toInt(p.items[1].num))
		}
	}
	c.set(graph.Pad, a, c.in("input")...)
}

func tile(c *call) {
	c.set(graph.Tile, &graph.ReshapeAttrs{Shape: c.ints("repeats", 1)}, c.in("input")...)
}

func gather(c *call) {
	c.set(graph.Gather, &graph.GatherAttrs{Axis: int(c.int("axis", 2, 0))}, c.in("input", "indices")...)
}

// resize scales by whole factors.
func resize(mode string, up bool) func(*call) {
	return func(c *call) {
		factors := c.ints("factor", 1)
		a := &graph.ResizeAttrs{Mode: mode, Data: graph.NCHW(max(len(factors), 1))}
		for _, f := range factors {
			s := float64(f)
			if !up && f != 0 {
				s = 1 / s
			}
			a.Scales = append(a.Scales, s)
		}
		c.set(graph.Resize, a, c.in("input")...)
	}
}

func roi(op graph.Op) func(*call) {
	return func(c *call) {
		size := sized(c.ints("output_size", 3), 2, 0)
		c.set(op, &graph.RoiAttrs{PooledHeight: size[0], PooledWidth: size[1], Data: graph.NCHW(2)}, c.in("input", "rois", "batch_index")...)
	}
}
