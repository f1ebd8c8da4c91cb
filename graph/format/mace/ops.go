package mace

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// call is one operator's translation.
type call struct {
	*builder
	op *opDef
	n  *graph.Node
}

type entry struct {
	op        graph.Op
	translate func(*call)
}

// table maps MACE's operators. Source: the registry in mace/ops and the
// converters in tools/python/transform.
var table = map[string]entry{
	"Activation": {graph.Relu, activation}, "AddN": {graph.Sum, nil}, "ArgMax": {graph.ArgMax, argMax}, "BatchNorm": {graph.BatchNormalization, channel},
	"BiasAdd": {graph.Bias, channel}, "Cast": {graph.Cast, nil}, "ChannelShuffle": {graph.ChannelShuffle, shuffle},
	"Concat": {graph.Concat, axis("axis", 3)}, "Conv2D": {graph.Conv, conv}, "Cumsum": {graph.CumSum, axis("axis", 0)},
	"Deconv2D": {graph.ConvTranspose, deconv}, "DepthToSpace": {graph.DepthToSpace, block}, "DepthwiseConv2d": {graph.Conv, depthwise},
	"DepthwiseDeconv2d": {graph.ConvTranspose, deconv}, "Dequantize": {graph.DequantizeLinear, castTo(graph.Float32)}, "Eltwise": {graph.Add, eltwise},
	"Fill": {graph.Fill, nil}, "FullyConnected": {graph.FullyConnected, fc}, "Gather": {graph.Gather, gather},
	"Identity": {graph.Identity, nil}, "InstanceNorm": {graph.InstanceNormalization, channel}, "LocalResponseNorm": {graph.LRN, lrn},
	"LSTMCell": {graph.LSTM, nil}, "LpNorm": {graph.LpNormalization, nil}, "MatMul": {graph.MatMul, matMul}, "MVNorm": {graph.MeanVarianceNormalization, nil},
	"OneHot": {graph.OneHot, nil}, "Pooling": {graph.MaxPool, pool}, "PriorBox": {graph.PriorBox, nil},
	"Quantize": {graph.QuantizeLinear, castTo(graph.Uint8)}, "Reduce": {graph.ReduceMean, reduce}, "Reshape": {graph.Reshape, nil},
	"ResizeBicubic": {graph.Resize, resize("cubic")}, "ResizeBilinear": {graph.Resize, resize("linear")}, "ResizeNearestNeighbor": {graph.Resize, resize("nearest")},
	"Reverse": {graph.Reverse, nil}, "Shape": {graph.ShapeOp, nil}, "Softmax": {graph.Softmax, axis("axis", -1)},
	"SpaceToDepth": {graph.SpaceToDepth, block}, "Split": {graph.Split, split}, "Squeeze": {graph.Squeeze, nil},
	"Stack": {graph.Pack, axis("axis", 0)}, "Tile": {graph.Tile, nil}, "Transpose": {graph.Transpose, transpose}, "Unsqueeze": {graph.Unsqueeze, nil},
}

func (c *call) int(name string, def int64) int64 {
	m := c.op.args[name]
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(3, protowire.Varint) {
			return f.Int64()
		}
	}
	return def
}

func (c *call) ints(name string) []int64 { return c.op.ints(name) }

func (op *opDef) ints(name string) []int64 {
	m := op.args[name]
	var out []int64
	var f protowire.Field
	for m.Next(&f) {
		if f.Number == 6 {
			out, _ = f.AppendInts(out, 256)
		}
	}
	return out
}

func (c *call) str(name string) string {
	m := c.op.args[name]
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(4, protowire.Bytes) {
			return f.String()
		}
	}
	return ""
}

// dataIsNHWC looks for a convolution whose result tells where the channels are.
func dataIsNHWC(ops []opDef, b *builder) bool {
	for i := range ops {
		op := &ops[i]
		if op.kind != "Conv2D" || len(op.inputs) < 2 || len(op.shapes) == 0 || len(op.shapes[0]) != 4 {
			continue
		}
		w := b.g.Tensor(b.resolve(op.inputs[1]))
		if w == nil || w.Shape.Len() != 4 {
			continue
		}
		out := w.Shape.Dim(0).Int()
		if first, last := op.shapes[0][1] == out, op.shapes[0][3] == out; first != last {
			return last
		}
	}
	return false
}

func (c *call) layout() graph.Layout {
	if c.nhwc {
		return graph.NHWC(2)
	}
	return graph.NCHW(2)
}

// window reads strides, dilations, and padding: 0 VALID, 1 SAME, 2 FULL, or
// padding_values, the total of both sides per axis.
func (c *call) window() graph.Window {
	w := graph.Window{Strides: c.ints("strides"), Dilations: c.ints("dilations"), Kernel: c.ints("kernels")}
	if p := c.ints("padding_values"); len(p) == 2 && p[0] >= 0 && p[1] >= 0 {
		w.PadBegin = []int64{p[0] / 2, p[1] / 2}
		w.PadEnd = []int64{p[0] - p[0]/2, p[1] - p[1]/2}
		return w
	}
	w.PadMode = graph.PadValid
	if c.int("padding", 0) == 1 {
		w.PadMode = graph.PadSameUpper
	}
	return w
}

func (c *call) fuse() {
	acts := map[string]graph.Op{"RELU": graph.Relu, "RELUX": graph.Relu6, "PRELU": graph.PRelu, "TANH": graph.Tanh, "SIGMOID": graph.Sigmoid,
		"LEAKYRELU": graph.LeakyRelu, "HARDSIGMOID": graph.HardSigmoid, "ELU": graph.Elu}
	c.n.Fused = acts[c.str("activation")]
}

func conv(c *call) {
	c.n.Attrs = &graph.ConvAttrs{Window: c.window(), Groups: max(c.int("group", 1), 1), Data: c.layout(), Filter: graph.OIHW(2)}
	c.fuse()
}

// depthwise has a filter [multiplier, in, h, w].
func depthwise(c *call) {
	a := &graph.ConvAttrs{Window: c.window(), Data: c.layout(), Depthwise: true, Filter: graph.FilterLayout{Out: 1, In: 1, Spatial: []int{2, 3}}}
	if w := c.g.Tensor(c.n.Input(1)); w != nil && w.Shape.Len() == 4 {
		m, ok1 := w.Shape.Dim(0).Value()
		in, ok2 := w.Shape.Dim(1).Value()
		if ok1 && ok2 && m < 1<<31 && in < 1<<31 {
			a.OutChannels = m * in
		}
	}
	c.n.Attrs = a
	c.fuse()
}

// deconv has a filter [out, in, h, w] and may take the output shape as an operand.
func deconv(c *call) {
	a := &graph.ConvAttrs{Window: c.window(), Groups: max(c.int("group", 1), 1), Data: c.layout(), Filter: graph.OIHW(2)}
	if c.op.kind == "DepthwiseDeconv2d" {
		a.Depthwise = true
		a.Filter = graph.FilterLayout{Out: 1, In: 1, Spatial: []int{2, 3}}
	}
	c.n.Attrs = a
	c.fuse()
}

func pool(c *call) {
	if c.int("pooling_type", 1) == 1 {
		c.n.Op = graph.AveragePool
	}
	a := &graph.PoolAttrs{Window: c.window(), Data: c.layout(), Global: c.int("global_pooling", 0) != 0}
	if c.int("round_mode", 0) == 1 {
		a.Ceil = true
	}
	c.n.Attrs = a
}

// fc has weights [out, in channels, h, w].
func fc(c *call) {
	a := &graph.FullyConnectedAttrs{Axis: 1}
	if w := c.g.Tensor(c.n.Input(1)); w != nil {
		a.OutFeatures = max(0, w.Shape.Dim(0).Int())
	}
	c.n.Attrs = a
	c.fuse()
}

func matMul(c *call) {
	c.n.Attrs = &graph.MatMulAttrs{TransA: c.int("transpose_a", 0) != 0, TransB: c.int("transpose_b", 0) != 0}
}

func activation(c *call) {
	c.fuse()
	c.n.Op, c.n.Fused = c.n.Fused, ""
	if c.n.Op == "" {
		c.n.Op = graph.UnaryOther
	}
}

// eltwise takes its operator from "type"; one operand alone meets a constant.
func eltwise(c *call) {
	kinds := []graph.Op{graph.Add, graph.Sub, graph.Mul, graph.Div, graph.Min, graph.Max, graph.Neg, graph.Abs, graph.SquaredDifference,
		graph.Pow, graph.Equal, graph.FloorDiv, graph.Clip, graph.Sign}
	if k := c.int("type", 0); k >= 0 && k < int64(len(kinds)) {
		c.n.Op = kinds[k]
	}
	if len(c.n.Inputs) == 1 {
		switch c.n.Op {
		case graph.Neg, graph.Abs, graph.Clip, graph.Sign:
		default:
			c.n.Op = graph.UnaryOther
		}
	}
}

func channel(c *call) {
	a := &graph.AxisAttrs{Axis: 1}
	if c.nhwc {
		a.Axis = -1
	}
	c.n.Attrs = a
}

func clamp(v int64) int { return int(max(-1<<31, min(v, 1<<31-1))) }

func axis(name string, def int64) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.AxisAttrs{Axis: clamp(c.int(name, def))} }
}

func argMax(c *call) {
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{clamp(c.int("axis", -1))}, KeepDims: c.int("keepdims", 0) != 0, To: graph.Int32}
}

func reduce(c *call) {
	kinds := []graph.Op{graph.ReduceMean, graph.ReduceMin, graph.ReduceMax, graph.ReduceProd, graph.ReduceSum}
	if k := c.int("reduce_type", 0); k >= 0 && k < int64(len(kinds)) {
		c.n.Op = kinds[k]
	}
	a := &graph.ReduceAttrs{KeepDims: c.int("keepdims", 0) != 0}
	for _, v := range c.ints("axis") {
		a.Axes = append(a.Axes, clamp(v))
	}
	c.n.Attrs = a
}

func shuffle(c *call) { c.n.Attrs = &graph.GroupAttrs{Groups: c.int("group", 1), Axis: 1} }

func block(c *call) { c.n.Attrs = &graph.BlockAttrs{Block: c.int("block_size", 1), Data: c.layout()} }

func castTo(to graph.DType) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.CastAttrs{To: to} }
}

func gather(c *call) { c.n.Attrs = &graph.GatherAttrs{Axis: clamp(c.int("axis", 0))} }

func lrn(c *call) { c.n.Attrs = &graph.LRNAttrs{Size: c.int("size", 5), Axis: 1} }

func resize(mode string) func(*call) {
	return func(c *call) {
		a := &graph.ResizeAttrs{Mode: mode, Data: c.layout()}
		if s := c.ints("size"); len(s) == 2 {
			a.Sizes = s
		}
		c.n.Attrs = a
	}
}

func split(c *call) { c.n.Attrs = &graph.SplitAttrs{Axis: clamp(c.int("axis", 3))} }

func transpose(c *call) {
	a := &graph.PermAttrs{}
	for _, v := range c.ints("dims") {
		a.Perm = append(a.Perm, clamp(v))
	}
	c.n.Attrs = a
}
