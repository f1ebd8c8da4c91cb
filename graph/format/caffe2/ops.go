package caffe2

import "github.com/gaugenn/gaugenn/graph"

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

// ops maps Caffe2's operators; their Int8 forms have the same entries. Source:
// the operators catalogue of Caffe2.
var ops = map[string]entry{
	"Conv": {graph.Conv, conv}, "ConvRelu": {graph.Conv, convRelu}, "ConvTranspose": {graph.ConvTranspose, convTranspose},
	"FC": {graph.FullyConnected, fc}, "FCTransposed": {graph.FullyConnected, fcTransposed}, "MatMul": {graph.MatMul, matMul}, "BatchMatMul": {graph.MatMul, matMul},
	"MaxPool": {graph.MaxPool, pool}, "AveragePool": {graph.AveragePool, pool}, "LpPool": {graph.LpPool, pool},
	"SpatialBN": {graph.BatchNormalization, channel}, "InstanceNorm": {graph.InstanceNormalization, channel},
	"GroupNorm": {graph.GroupNormalization, groupNorm}, "LayerNorm": {graph.LayerNormalization, layerNorm}, "LRN": {graph.LRN, lrn},
	"AffineChannel": {graph.Scale, channel}, "Softmax": {graph.Softmax, axis(1)}, "Relu": {graph.Relu, nil}, "PRelu": {graph.PRelu, nil},
	"LeakyRelu": {graph.LeakyRelu, nil}, "Elu": {graph.Elu, nil}, "Selu": {graph.Selu, nil}, "Sigmoid": {graph.Sigmoid, nil},
	"Tanh": {graph.Tanh, nil}, "Softplus": {graph.Softplus, nil}, "Softsign": {graph.Softsign, nil}, "Swish": {graph.Silu, nil}, "Gelu": {graph.Gelu, nil},
	"Exp": {graph.Exp, nil}, "Log": {graph.Log, nil}, "Sqrt": {graph.Sqrt, nil}, "Sqr": {graph.Square, nil}, "Abs": {graph.Abs, nil},
	"Negative": {graph.Neg, nil}, "Floor": {graph.Floor, nil}, "Ceil": {graph.Ceil, nil}, "Clip": {graph.Clip, nil}, "Dropout": {graph.Dropout, nil},
	"Copy": {graph.Identity, nil}, "CopyFromCPUInput": {graph.LayoutCopy, nil}, "CopyCPUToGPU": {graph.LayoutCopy, nil}, "CopyGPUToCPU": {graph.LayoutCopy, nil},
	"StopGradient": {graph.Identity, nil}, "Alias": {graph.Identity, nil}, "Cast": {graph.Cast, cast}, "Scale": {graph.Power, nil}, "Pow": {graph.Pow, nil},
	"Add": {graph.Add, broadcast}, "Sub": {graph.Sub, broadcast}, "Mul": {graph.Mul, broadcast}, "Div": {graph.Div, broadcast}, "Sum": {graph.Sum, nil},
	"SumRelu": {graph.Sum, fuseRelu}, "AddRelu": {graph.Add, fuseRelu}, "Max": {graph.Max, nil}, "Min": {graph.Min, nil}, "Mean": {graph.Mean, nil},
	"Concat": {graph.Concat, concat}, "DepthConcat": {graph.Concat, concat}, "Split": {graph.Split, split}, "Reshape": {graph.Reshape, reshape},
	"Flatten": {graph.Flatten, flatten}, "FlattenToVec": {graph.Reshape, toVector}, "Squeeze": {graph.Squeeze, dims}, "ExpandDims": {graph.Unsqueeze, dims},
	"Transpose": {graph.Transpose, transpose}, "NCHW2NHWC": {graph.Transpose, permute(0, 2, 3, 1)}, "NHWC2NCHW": {graph.Transpose, permute(0, 3, 1, 2)},
	"Slice": {graph.Slice, slice}, "PadImage": {graph.Pad, pad}, "Tile": {graph.Unknown, nil}, "Gather": {graph.Gather, gather},
	"ResizeNearest": {graph.Resize, resize("nearest")}, "ResizeBilinear": {graph.Resize, resize("linear")}, "UpsampleNearest": {graph.Resize, resize("nearest")},
	"ChannelShuffle": {graph.ChannelShuffle, shuffle}, "SpaceToBatch": {graph.SpaceToBatch, nil}, "BatchToSpace": {graph.BatchToSpace, nil},
	"ReduceMean": {graph.ReduceMean, reduce}, "ReduceSum": {graph.ReduceSum, reduce}, "ReduceMax": {graph.ReduceMax, reduce}, "ReduceMin": {graph.ReduceMin, reduce},
	"ArgMax": {graph.ArgMax, argReduce}, "ArgMin": {graph.ArgMin, argReduce}, "TopK": {graph.TopK, topK}, "Shape": {graph.ShapeOp, nil},
	"RoIAlign": {graph.RoiAlign, roi}, "RoIPool": {graph.RoiPool, roi}, "RoIWarp": {graph.RoiAlign, roi}, "GenerateProposals": {graph.Proposal, nil},
	"GenerateProposalsCPP": {graph.Proposal, nil}, "BoxWithNMSLimit": {graph.NonMaxSuppression, nil}, "BBoxTransform": {graph.UnaryOther, nil},
	"SparseLengthsSum": {graph.EmbeddingBag, bag}, "SparseLengthsMean": {graph.EmbeddingBag, bag}, "SparseLengthsWeightedSum": {graph.EmbeddingBag, nil},
	"Quantize": {graph.QuantizeLinear, quantize(graph.Uint8)}, "Dequantize": {graph.DequantizeLinear, quantize(graph.Float32)},
	"ConstantFill": {graph.ConstantOfShape, fill}, "GivenTensorFill": {graph.Constant, nil}, "GivenTensorIntFill": {graph.Constant, nil},
	"GivenTensorInt64Fill": {graph.Constant, nil}, "AveragedLoss": {graph.LossLayer, nil}, "LabelCrossEntropy": {graph.LossLayer, nil},
	"SoftmaxWithLoss": {graph.LossLayer, nil}, "Accuracy": {graph.LossLayer, nil},
}

func (c *call) nhwc() bool { return c.op.str("order", "NCHW") == "NHWC" }

func (c *call) layout() graph.Layout {
	if c.nhwc() {
		return graph.NHWC(2)
	}
	return graph.NCHW(2)
}

// pair reads "names" or "name" or "name_h" and "name_w".
func (c *call) pair(list, one string, def int64) []int64 {
	if v := c.op.ints(list); len(v) > 0 {
		return v
	}
	v := c.op.int(one, def)
	return []int64{c.op.int(one+"_h", v), c.op.int(one+"_w", v)}
}

func (c *call) window() graph.Window {
	w := graph.Window{Strides: c.pair("strides", "stride", 1), Dilations: c.pair("dilations", "dilation", 1)}
	if k := c.pair("kernels", "kernel", 0); k[0] > 0 {
		w.Kernel = k
	}
	p := c.op.int("pad", 0)
	w.PadBegin = []int64{c.op.int("pad_t", p), c.op.int("pad_l", p)}
	w.PadEnd = []int64{c.op.int("pad_b", p), c.op.int("pad_r", p)}
	if v := c.op.ints("pads"); len(v) > 0 && len(v)%2 == 0 {
		w.PadBegin, w.PadEnd = v[:len(v)/2], v[len(v)/2:]
	}
	return w
}

func conv(c *call) {
	a := &graph.ConvAttrs{Window: c.window(), Groups: max(c.op.int("group", 1), 1), Data: c.layout(), Filter: graph.OIHW(2)}
	if c.nhwc() {
		a.Filter = graph.OHWI(2)
	}
	c.n.Attrs = a
}

func convRelu(c *call) {
	conv(c)
	fuseRelu(c)
}

func fuseRelu(c *call) { c.n.Fused = graph.Relu }

func convTranspose(c *call) {
	conv(c)
	a := c.n.Attrs.(*graph.ConvAttrs)
	a.Filter = graph.IOHW(2)
	if adj := c.pair("adjs", "adj", 0); adj[0] != 0 || len(adj) > 1 && adj[1] != 0 {
		a.OutputPadding = adj
	}
}

func fc(c *call) { c.n.Attrs = &graph.FullyConnectedAttrs{Axis: clamp(c.op.int("axis", 1))} }

func fcTransposed(c *call) {
	c.n.Attrs = &graph.FullyConnectedAttrs{Axis: clamp(c.op.int("axis", 1)), TransposedFilter: true}
}

func clamp(v int64) int { return int(max(-1<<31, min(v, 1<<31-1))) }

func matMul(c *call) {
	c.n.Attrs = &graph.MatMulAttrs{TransA: c.op.int("trans_a", 0) != 0, TransB: c.op.int("trans_b", 0) != 0}
}

func pool(c *call) {
	a := &graph.PoolAttrs{Data: c.layout(), Global: c.op.int("global_pooling", 0) != 0, CountPad: c.op.int("count_include_pad", 0) != 0}
	if !a.Global {
		a.Window = c.window()
	}
	// legacy_pad 3 is Caffe's rounding.
	if c.op.int("legacy_pad", 0) == 3 {
		a.Ceil, a.ClipCeil = true, true
	}
	c.n.Attrs = a
}

func channel(c *call) {
	a := &graph.AxisAttrs{Axis: 1}
	if c.nhwc() {
		a.Axis = -1
	}
	c.n.Attrs = a
}

func axis(def int64) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.AxisAttrs{Axis: clamp(c.op.int("axis", def))} }
}

func groupNorm(c *call) { c.n.Attrs = &graph.GroupAttrs{Groups: c.op.int("group", 32), Axis: 1} }

func layerNorm(c *call) {
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{clamp(c.op.int("axis", 1))}, KeepDims: true}
}

func lrn(c *call) { c.n.Attrs = &graph.LRNAttrs{Size: c.op.int("size", 1), Axis: 1} }

func cast(c *call) {
	to := map[int64]graph.DType{1: graph.Float32, 2: graph.Int32, 5: graph.Bool, 6: graph.Uint8, 7: graph.Int8, 8: graph.Uint16, 9: graph.Int16,
		10: graph.Int64, 12: graph.Float16, 13: graph.Float64}
	c.n.Attrs = &graph.CastAttrs{To: to[c.op.int("to", 1)]}
}

// broadcast aligns a constant second operand at an axis of the first.
func broadcast(c *call) {
	if c.op.int("broadcast", 0) == 0 || len(c.n.Inputs) != 2 {
		return
	}
	at := c.op.int("axis", -1)
	b := c.g.Tensor(c.n.Inputs[1])
	if at != 1 || b == nil || b.Const == nil || b.Shape.Len() != 1 {
		return
	}
	twin := *b
	twin.Name += "/aligned"
	twin.Shape = graph.ShapeOfDims(b.Shape.Dim(0), graph.DimOf(1), graph.DimOf(1))
	c.g.Tensors = append(c.g.Tensors, twin)
	c.taken = append(c.taken, true)
	c.n.Inputs = []graph.TensorID{c.n.Inputs[0], graph.TensorID(len(c.g.Tensors) - 1)}
}

// concat's second result tells the sizes of the parts.
func concat(c *call) {
	a := &graph.AxisAttrs{Axis: clamp(c.op.int("axis", 1))}
	if c.nhwc() && c.op.int("axis", -100) == -100 {
		a.Axis = 3
	}
	c.n.Attrs = a
	c.firstResult()
}

func (c *call) firstResult() { c.n.Outputs = c.n.Outputs[:min(len(c.n.Outputs), 1)] }

func split(c *call) {
	a := &graph.SplitAttrs{Axis: clamp(c.op.int("axis", 1))}
	if s := c.op.ints("split"); len(s) > 0 {
		a.Sizes = s
	}
	c.n.Attrs = a
}

func reshape(c *call) {
	c.n.Attrs = &graph.ReshapeAttrs{Shape: c.op.ints("shape")}
	c.firstResult()
}

func flatten(c *call) {
	c.n.Attrs = &graph.FlattenAttrs{Axis: clamp(c.op.int("axis", 1)), TwoD: true}
}

func toVector(c *call) { c.n.Attrs = &graph.ReshapeAttrs{Shape: []int64{-1}} }

func dims(c *call) {
	a := &graph.AxesAttrs{}
	for _, v := range c.op.ints("dims") {
		a.Axes = append(a.Axes, clamp(v))
	}
	c.n.Attrs = a
}

func transpose(c *call) {
	a := &graph.PermAttrs{}
	for _, v := range c.op.ints("axes") {
		a.Perm = append(a.Perm, clamp(v))
	}
	c.n.Attrs = a
}

func permute(perm ...int) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.PermAttrs{Perm: perm} }
}

// slice's bounds are arguments or operands; -1 as an end is the end itself.
func slice(c *call) {
	a := &graph.SliceAttrs{Starts: c.op.ints("starts")}
	for _, e := range c.op.ints("ends") {
		if e == -1 {
			e = 1<<31 - 1
		} else if e < 0 {
			e++
		}
		a.Ends = append(a.Ends, e)
	}
	for i := range a.Starts {
		a.Axes = append(a.Axes, i)
	}
	c.n.Attrs = a
}

func pad(c *call) {
	w := c.window()
	c.n.Attrs = &graph.PadAttrs{Begin: w.PadBegin, End: w.PadEnd, Axes: c.layout().Spatial, Mode: c.op.str("mode", "constant")}
}

func gather(c *call) { c.n.Attrs = &graph.GatherAttrs{Axis: clamp(c.op.int("axis", 0))} }

func resize(mode string) func(*call) {
	return func(c *call) {
		s := c.op.float("scale", 1)
		c.n.Attrs = &graph.ResizeAttrs{Mode: mode, Data: c.layout(), Scales: []float64{c.op.float("height_scale", s), c.op.float("width_scale", s)}}
	}
}

func shuffle(c *call) { c.n.Attrs = &graph.GroupAttrs{Groups: c.op.int("group", 1), Axis: 1} }

func reduce(c *call) {
	a := &graph.ReduceAttrs{KeepDims: c.op.int("keepdims", 1) != 0}
	for _, v := range c.op.ints("axes") {
		a.Axes = append(a.Axes, clamp(v))
	}
	c.n.Attrs = a
}

func argReduce(c *call) {
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{clamp(c.op.int("axis", -1))}, KeepDims: c.op.int("keepdims", 1) != 0, To: graph.Int64}
}

func topK(c *call) {
	c.n.Attrs = &graph.TopKAttrs{K: c.op.int("k", 0), Axis: clamp(c.op.int("axis", -1))}
}

func roi(c *call) {
	c.n.Attrs = &graph.RoiAttrs{PooledHeight: c.op.int("pooled_h", 1), PooledWidth: c.op.int("pooled_w", 1),
		SamplingRatio: c.op.int("sampling_ratio", 0), Data: c.layout()}
}

// bag has table, ids, lengths.
func bag(c *call) {
	if len(c.n.Inputs) >= 2 {
		c.n.Inputs[0], c.n.Inputs[1] = c.n.Inputs[1], c.n.Inputs[0]
	}
}

func quantize(to graph.DType) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.CastAttrs{To: to} }
}

func fill(c *call) {
	c.n.Attrs = &graph.ReshapeAttrs{Shape: c.op.ints("shape"), To: graph.Float32}
}
