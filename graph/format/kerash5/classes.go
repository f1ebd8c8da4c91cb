package kerash5

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// classes maps a layer class to the function that fills its node.
var classes = map[string]func(*call){
	"Conv1D": conv(1), "Conv2D": conv(2), "Conv3D": conv(3), "Convolution1D": conv(1), "Convolution2D": conv(2), "DepthwiseConv1D": depthwise(1), "DepthwiseConv2D": depthwise(2),
	"SeparableConv1D": separable(1), "SeparableConv2D": separable(2), "SeparableConvolution2D": separable(2), "Conv1DTranspose": transposed(1), "Conv2DTranspose": transposed(2), "Conv3DTranspose": transposed(3),
	"Deconvolution2D": transposed(2), "Dense": dense, "EinsumDense": einsumDense, "Embedding": embedding, "LSTM": recurrent(graph.LSTM), "CuDNNLSTM": recurrent(graph.LSTM), "GRU": recurrent(graph.GRU), "CuDNNGRU": recurrent(graph.GRU),
	"SimpleRNN": recurrent(graph.RNN), "Bidirectional": bidirectional, "TimeDistributed": timeDistributed, "MultiHeadAttention": attention, "Attention": same(graph.Attention),
	"BatchNormalization": batchNorm, "BatchNormalizationV1": batchNorm, "SyncBatchNormalization": batchNorm, "LayerNormalization": layerNorm, "GroupNormalization": groupNorm, "UnitNormalization": same(graph.LpNormalization), "RMSNormalization": rmsNorm,
	"Activation": activation, "ReLU": relu, "LeakyReLU": same(graph.LeakyRelu), "PReLU": prelu, "ELU": same(graph.Elu), "ThresholdedReLU": same(graph.ThresholdedRelu), "Softmax": softmax,
	"Dropout": same(graph.Dropout), "SpatialDropout1D": same(graph.Dropout), "SpatialDropout2D": same(graph.Dropout), "SpatialDropout3D": same(graph.Dropout), "AlphaDropout": same(graph.Dropout), "GaussianDropout": same(graph.Dropout),
	"GaussianNoise": same(graph.Dropout), "ActivityRegularization": same(graph.Identity), "Masking": same(graph.UnaryOther), "Identity": same(graph.Identity),
	"RandomFlip": same(graph.Dropout), "RandomRotation": same(graph.Dropout), "RandomZoom": same(graph.Dropout), "RandomTranslation": same(graph.Dropout), "RandomContrast": same(graph.Dropout),
	"MaxPooling1D": pool(graph.MaxPool, 1), "MaxPooling2D": pool(graph.MaxPool, 2), "MaxPooling3D": pool(graph.MaxPool, 3), "AveragePooling1D": pool(graph.AveragePool, 1), "AveragePooling2D": pool(graph.AveragePool, 2), "AveragePooling3D": pool(graph.AveragePool, 3),
	"GlobalMaxPooling1D": global(graph.MaxPool, 1), "GlobalMaxPooling2D": global(graph.MaxPool, 2), "GlobalMaxPooling3D": global(graph.MaxPool, 3),
	"GlobalAveragePooling1D": global(graph.AveragePool, 1), "GlobalAveragePooling2D": global(graph.AveragePool, 2), "GlobalAveragePooling3D": global(graph.AveragePool, 3),
	"Flatten": func(c *call) { c.op(graph.Flatten, &graph.FlattenAttrs{Axis: 1, EndAxis: -1}) }, "Reshape": reshape, "Permute": permute, "RepeatVector": repeat,
	"ZeroPadding1D": padding(1), "ZeroPadding2D": padding(2), "ZeroPadding3D": padding(3), "Cropping1D": cropping(1), "Cropping2D": cropping(2), "Cropping3D": cropping(3), "UpSampling1D": upsampling(1), "UpSampling2D": upsampling(2), "Resizing": resizing,
	"Rescaling": same(graph.UnaryOther), "Normalization": same(graph.UnaryOther),
	"Add": merge(graph.Sum), "Subtract": merge(graph.Sub), "Multiply": merge(graph.Mul), "Average": merge(graph.Mean), "Maximum": merge(graph.Max), "Minimum": merge(graph.Min), "Concatenate": concatenate, "Merge": oldMerge, "Dot": same(graph.MatMul),
}

func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

// layout reads data_format; Keras' default is channels last.
func (c *call) layout(n int) graph.Layout {
	if c.cfg.text("data_format") == "channels_first" {
		return graph.NCHW(n)
	}
	return graph.NHWC(n)
}

// padMode reads padding; border_mode in Keras 1. "causal" pads in front only.
func (c *call) padMode(w *graph.Window) {
	mode := c.cfg.text("padding")
	if mode == "" {
		mode = c.cfg.text("border_mode")
	}
	switch mode {
	case "same":
		w.PadMode = graph.PadSameUpper
	case "causal":
		w.PadBegin, w.PadEnd = []int64{(w.Kernel[0] - 1) * w.Dilations[0]}, []int64{0}
	default:
		w.PadMode = graph.PadValid
	}
}

func (c *call) window(n int) graph.Window {
	w := graph.Window{Kernel: c.cfg.ints("kernel_size", n, 1), Strides: c.cfg.ints("strides", n, 1), Dilations: c.cfg.ints("dilation_rate", n, 1)}
	if c.cfg["kernel_size"] == nil { // Keras 1
		w.Kernel = []int64{c.cfg.int("nb_row", 1), c.cfg.int("nb_col", 1)}[:min(n, 2)]
		if n == 1 {
			w.Kernel[0] = c.cfg.int("filter_length", 1)
		}
		w.Strides = c.cfg.ints("subsample", n, 1)
	}
	c.padMode(&w)
	return w
}

func (c *call) filters() int64 {
	return max(c.cfg.int("filters", c.cfg.int("nb_filter", 0)), 0)
}

func (c *call) bias() bool { return c.cfg.flag("use_bias", c.cfg.flag("bias", true)) }

var activations = map[string]graph.Op{
	"relu": graph.Relu, "relu6": graph.Relu6, "sigmoid": graph.Sigmoid, "tanh": graph.Tanh, "elu": graph.Elu, "selu": graph.Selu, "softplus": graph.Softplus, "softsign": graph.Softsign,
	"swish": graph.Silu, "silu": graph.Silu, "gelu": graph.Gelu, "exponential": graph.Exp, "hard_sigmoid": graph.HardSigmoid, "hard_swish": graph.HardSwish, "hard_silu": graph.HardSwish,
	"softmax": graph.Softmax, "log_softmax": graph.LogSoftmax, "mish": graph.Mish, "leaky_relu": graph.LeakyRelu,
}

// fused sets the activation of the layer itself.
func (c *call) fused() {
	a := c.cfg.text("activation")
	if a == "" || a == "linear" {
		return
	}
	c.n.Fused = graph.UnaryOther
	if op, ok := activations[a]; ok {
		c.n.Fused = op
	}
}

// conv has a kernel [spatial..., in/groups, out].
func conv(n int) func(*call) {
	return func(c *call) {
		c.op(graph.Conv, &graph.ConvAttrs{Window: c.window(n), Groups: max(c.cfg.int("groups", 1), 1), OutChannels: c.filters(), Data: c.layout(n), Filter: graph.HWIO(n)})
		c.weight(0, "kernel")
		if c.bias() {
			c.weight(1, "bias")
		}
		c.fused()
	}
}

// joined gives a depthwise kernel [spatial..., in, multiplier] the shape
// [spatial..., 1, in*multiplier], which is the same memory.
func (c *call) joined(id graph.TensorID) {
	t := c.s.g.Tensor(id)
	if t == nil || t.Shape.Len() < 2 {
		return
	}
	dims := t.Shape.Dims()
	k := len(dims)
	in, ok1 := dims[k-2].Value()
	m, ok2 := dims[k-1].Value()
	if ok1 && ok2 && in > 0 && m > 0 && in < 1<<30 && m < 1<<30 {
		dims[k-2], dims[k-1] = graph.DimOf(1), graph.DimOf(in*m)
		t.Shape = graph.ShapeOfDims(dims...)
	}
}

func depthwise(n int) func(*call) {
	return func(c *call) {
		c.op(graph.Conv, &graph.ConvAttrs{Window: c.window(n), Depthwise: true, Data: c.layout(n), Filter: graph.HWIO(n)})
		id := c.weight(0, "depthwise_kernel")
		if id == graph.NoTensor && !c.s.b.w.byClass { // Keras 3 calls it kernel
			c.n.Inputs = c.n.Inputs[:len(c.n.Inputs)-1]
			c.s.b.missing--
			id = c.weight(0, "kernel")
		}
		c.joined(id)
		if c.bias() {
			c.weight(1, "bias")
		}
		c.fused()
	}
}

// separable is a depthwise and a pointwise convolution.
func separable(n int) func(*call) {
	return func(c *call) {
		c.op(graph.SeparableConv, &graph.ConvAttrs{Window: c.window(n), Depthwise: true, OutChannels: c.filters(), Data: c.layout(n), Filter: graph.HWIO(n)})
		c.joined(c.weight(0, "depthwise_kernel"))
		c.weight(1, "pointwise_kernel")
		if c.bias() {
			c.weight(2, "bias")
		}
		c.fused()
	}
}

// transposed has a kernel [spatial..., out, in].
func transposed(n int) func(*call) {
	return func(c *call) {
		a := &graph.ConvAttrs{Window: c.window(n), OutChannels: c.filters(), Data: c.layout(n), Filter: graph.HWOI(n)}
		if c.cfg["output_padding"] != nil {
			a.OutputPadding = c.cfg.ints("output_padding", n, 0)
		}
		c.op(graph.ConvTranspose, a)
		c.weight(0, "kernel")
		if c.bias() {
			c.weight(1, "bias")
		}
		c.fused()
	}
}

// dense multiplies along the last axis; its kernel is [in, out].
func dense(c *call) {
	c.op(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: max(c.cfg.int("units", c.cfg.int("output_dim", 0)), 0), KeepDims: true, TransposedFilter: true})
	c.weight(0, "kernel")
	if c.bias() {
		c.weight(1, "bias")
	}
	c.fused()
}

func einsumDense(c *call) {
	c.op(graph.Einsum, &graph.EinsumAttrs{Equation: c.cfg.text("equation")})
	c.weight(0, "kernel")
	c.fused()
}

func embedding(c *call) {
	c.op(graph.EmbeddingLookup, nil)
	c.weight(0, "embeddings")
}

// recurrent: kernel [in, gates*units], recurrent_kernel [units, gates*units].
func recurrent(op graph.Op) func(*call) {
	return func(c *call) {
		c.op(op, rnnAttrs(c.cfg))
		x := append([]graph.TensorID{}, c.n.Inputs...)
		c.n.Inputs = nil
		k, r := c.weight(0, "kernel"), c.weight(1, "recurrent_kernel")
		b := graph.NoTensor
		if c.bias() {
			b = c.weight(2, "bias")
		}
		if len(x) == 0 {
			x = []graph.TensorID{graph.NoTensor}
		}
		c.n.Inputs = append([]graph.TensorID{x[0], k, r, b}, x[1:]...)
	}
}

func rnnAttrs(cfg object) *graph.RNNAttrs {
	return &graph.RNNAttrs{Hidden: max(cfg.int("units", cfg.int("output_dim", 0)), 0), TimeAxis: 1, BatchAxis: 0, DirectionAxis: -1, LastOnly: !cfg.flag("return_sequences", false)}
}

// bidirectional wraps a recurrent layer; its weights are both directions'.
func bidirectional(c *call) {
	inner := c.cfg.obj("layer")
	var op graph.Op
	switch inner.text("class_name") {
	case "LSTM", "CuDNNLSTM":
		op = graph.LSTM
	case "GRU", "CuDNNGRU":
		op = graph.GRU
	case "SimpleRNN":
		op = graph.RNN
	default:
		c.custom()
		return
	}
	a := rnnAttrs(inner.obj("config"))
	a.Directions = 2
	switch c.cfg.text("merge_mode") {
	case "sum", "ave", "mul":
		a.MergeDirections = true
	}
	c.op(op, a)
	c.n.Inputs = append(c.n.Inputs, graph.NoTensor, graph.NoTensor)
}

// timeDistributed is the wrapped layer over a further axis; a Dense one works
// along the last axis anyway.
func timeDistributed(c *call) {
	inner := c.cfg.obj("layer")
	outer := c.cfg
	c.cfg = inner.obj("config")
	switch inner.text("class_name") {
	case "Dense":
		dense(c)
	case "Activation":
		activation(c)
	case "Dropout":
		c.n.Op = graph.Dropout
	default:
		c.cfg = outer
		c.custom()
	}
}

func attention(c *call) {
	c.op(graph.MultiHeadAttention, &graph.AttentionAttrs{Heads: max(c.cfg.int("num_heads", 0), 0), HeadDim: max(c.cfg.int("key_dim", 0), 0)})
	for len(c.n.Inputs) < 3 {
		c.n.Inputs = append(c.n.Inputs, graph.NoTensor)
	}
}

// batchNorm: gamma, beta, moving mean, moving variance.
func batchNorm(c *call) {
	axis := c.cfg.int("axis", -1)
	if l := c.cfg.list("axis"); len(l) > 0 {
		axis, _ = toInt(l[0])
	}
	c.op(graph.BatchNormalization, &graph.AxisAttrs{Axis: int(axis)})
	k := 0
	for _, w := range []struct {
		word string
		has  bool
	}{{"gamma", c.cfg.flag("scale", true)}, {"beta", c.cfg.flag("center", true)}, {"moving_mean", true}, {"moving_variance", true}} {
		if !w.has {
			c.n.Inputs = append(c.n.Inputs, graph.NoTensor)
			continue
		}
		c.weight(k, w.word)
		k++
	}
}

func lastAxis(c *call) *graph.ReduceAttrs {
	a := &graph.ReduceAttrs{KeepDims: true}
	for _, v := range c.cfg.ints("axis", 0, -1) {
		a.Axes = append(a.Axes, int(v))
	}
	if a.Axes == nil {
		a.Axes = []int{int(c.cfg.int("axis", -1))}
	}
	return a
}

func layerNorm(c *call) {
	c.op(graph.LayerNormalization, lastAxis(c))
	c.weight(0, "gamma")
	c.weight(1, "beta")
}

func rmsNorm(c *call) {
	c.op(graph.RMSNormalization, lastAxis(c))
	c.weight(0, "scale")
}

func groupNorm(c *call) {
	c.op(graph.GroupNormalization, &graph.GroupAttrs{Groups: max(c.cfg.int("groups", 1), 1), Axis: int(c.cfg.int("axis", -1))})
	c.weight(0, "gamma")
	c.weight(1, "beta")
}

func activation(c *call) {
	a := c.cfg.text("activation")
	c.n.Op = graph.UnaryOther
	if a == "linear" {
		c.n.Op = graph.Identity
	}
	if op, ok := activations[a]; ok {
		c.n.Op = op
	}
	if c.n.Op == graph.Softmax || c.n.Op == graph.LogSoftmax {
		c.n.Attrs = &graph.AxisAttrs{Axis: -1}
	}
}

func relu(c *call) {
	c.n.Op = graph.Relu
	if v, ok := c.cfg["max_value"].(float64); ok && v == 6 {
		c.n.Op = graph.Relu6
	}
	if v, ok := c.cfg["negative_slope"].(float64); ok && v != 0 {
		c.n.Op = graph.LeakyRelu
	}
}

func prelu(c *call) {
	c.n.Op = graph.PRelu
	c.weight(0, "alpha")
}

func softmax(c *call) { c.op(graph.Softmax, &graph.AxisAttrs{Axis: int(c.cfg.int("axis", -1))}) }

func pool(op graph.Op, n int) func(*call) {
	return func(c *call) {
		a := &graph.PoolAttrs{Data: c.layout(n)}
		key := "pool_size"
		if n == 1 && c.cfg["pool_size"] == nil {
			key = "pool_length"
		}
		a.Kernel = c.cfg.ints(key, n, 2)
		a.Strides = a.Kernel
		if c.cfg["strides"] != nil {
			a.Strides = c.cfg.ints("strides", n, 1)
		}
		c.padMode(&a.Window)
		c.op(op, a)
	}
}

func global(op graph.Op, n int) func(*call) {
	return func(c *call) {
		c.op(op, &graph.PoolAttrs{Data: c.layout(n), Global: true, DropSpatial: !c.cfg.flag("keepdims", false)})
	}
}

// reshape states the shape without its batch.
func reshape(c *call) {
	c.op(graph.Reshape, &graph.ReshapeAttrs{Shape: append([]int64{0}, c.cfg.ints("target_shape", 0, -1)...)})
}

// permute counts axes from 1, without the batch.
func permute(c *call) {
	a := &graph.PermAttrs{Perm: []int{0}}
	for _, v := range c.cfg.ints("dims", 0, 1) {
		a.Perm = append(a.Perm, int(v))
	}
	c.op(graph.Transpose, a)
}

// repeat makes [N, n, features] of [N, features].
func repeat(c *call) { c.n.Op = graph.Tile }

// pairs reads [[a, b], ...], [a, b, ...] for both sides, or one number.
func (c *call) pairs(key string, n int) (before, after []int64) {
	before, after = c.cfg.ints(key, n, 1), nil
	if l := c.cfg.list(key); len(l) > 0 {
		if n == 1 && len(l) == 2 {
			v := c.cfg.ints(key, 2, 1)
			return v[:1], v[1:]
		}
		if len(l) == n && asList(l[0]) != nil {
			before = nil
			for _, p := range l {
				v := object{"v": p}.ints("v", 2, 1)
				before, after = append(before, v[0]), append(after, v[1])
			}
			return before, after
		}
	}
	return before, before
}

func padding(n int) func(*call) {
	return func(c *call) {
		a := &graph.PadAttrs{Mode: "constant", Axes: c.layout(n).Spatial}
		a.Begin, a.End = c.pairs("padding", n)
		c.op(graph.Pad, a)
	}
}

func cropping(n int) func(*call) {
	return func(c *call) {
		before, after := c.pairs("cropping", n)
		a := &graph.SliceAttrs{Starts: before, Axes: c.layout(n).Spatial}
		for _, e := range after {
			if e <= 0 {
				e = -(1 << 62)
			}
			a.Ends, a.Steps = append(a.Ends, -e), append(a.Steps, 1)
		}
		c.op(graph.Slice, a)
	}
}

func upsampling(n int) func(*call) {
	return func(c *call) {
		a := &graph.ResizeAttrs{Mode: "nearest", Data: c.layout(n)}
		if c.cfg.text("interpolation") == "bilinear" {
			a.Mode = "linear"
		}
		for _, v := range c.cfg.ints("size", n, 2) {
			a.Scales = append(a.Scales, float64(v))
		}
		c.op(graph.Resize, a)
	}
}

func resizing(c *call) {
	a := &graph.ResizeAttrs{Mode: "linear", Data: c.layout(2), Sizes: []int64{c.cfg.int("height", 0), c.cfg.int("width", 0)}}
	if strings.HasPrefix(c.cfg.text("interpolation"), "nearest") {
		a.Mode = "nearest"
	}
	c.op(graph.Resize, a)
}

func merge(op graph.Op) func(*call) { return same(op) }

func concatenate(c *call) { c.op(graph.Concat, &graph.AxisAttrs{Axis: int(c.cfg.int("axis", -1))}) }

// oldMerge is the one merging layer of Keras 1.
func oldMerge(c *call) {
	switch c.cfg.text("mode") {
	case "concat":
		c.op(graph.Concat, &graph.AxisAttrs{Axis: int(c.cfg.int("concat_axis", -1))})
	case "mul":
		c.n.Op = graph.Mul
	case "max":
		c.n.Op = graph.Max
	case "ave":
		c.n.Op = graph.Mean
	default:
		c.n.Op = graph.Sum
	}
}
