package mxnet

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// layers maps an operator to the function that fills its node; names include
// the older capitalised ones.
var layers = map[string]func(*call){
	"Convolution": convolution, "Convolution_v1": convolution, "Deconvolution": deconvolution, "FullyConnected": fullyConnected, "Pooling": pooling, "Pooling_v1": pooling,
	"_contrib_quantized_conv": convolution, "_sg_mkldnn_conv": convolution, "_contrib_quantized_fully_connected": fullyConnected,
	"BatchNorm": batchNorm, "BatchNorm_v1": batchNorm, "CuDNNBatchNorm": batchNorm, "InstanceNorm": channel(graph.InstanceNormalization), "LayerNorm": layerNorm,
	"L2Normalization": l2, "LRN": lrn, "Activation": activation, "LeakyReLU": leaky, "Dropout": same(graph.Dropout),
	"SoftmaxOutput": softmax(1), "Softmax": softmax(1), "SoftmaxActivation": softmax(1), "softmax": softmax(-1), "log_softmax": func(c *call) { softmax(-1)(c); c.n.Op = graph.LogSoftmax },
	"LinearRegressionOutput": same(graph.Identity), "LogisticRegressionOutput": same(graph.Sigmoid), "MAERegressionOutput": same(graph.Identity), "MakeLoss": same(graph.LossLayer),
	"Concat": concat, "concat": concat, "Flatten": flatten, "flatten": flatten, "Reshape": reshape, "reshape": reshape, "transpose": transpose, "SwapAxis": unknownShape(graph.Transpose),
	"SliceChannel": split, "split": split, "slice_axis": sliceAxis, "slice": slice, "crop": slice, "Crop": crop, "Pad": pad, "pad": pad, "expand_dims": expandDims, "squeeze": squeeze,
	"UpSampling": upsampling, "_contrib_BilinearResize2D": resize, "stack": func(c *call) { c.op(graph.Pack, &graph.AxisAttrs{Axis: int(c.a.int("axis", 0))}) },
	"broadcast_like": same(graph.Expand), "tile": tile, "repeat": unknownShape(graph.Tile), "take": func(c *call) { c.op(graph.Gather, &graph.GatherAttrs{Axis: int(c.a.int("axis", 0))}) },
	"Embedding": embedding, "dot": matMul, "batch_dot": matMul, "_linalg_gemm2": matMul, "RNN": rnn, "Cast": cast, "cast": cast,
	"BlockGrad": same(graph.Identity), "_copy": same(graph.Identity), "identity": same(graph.Identity), "depth_to_space": block(graph.DepthToSpace), "space_to_depth": block(graph.SpaceToDepth),
	"ROIPooling": roi(graph.RoiPool), "_contrib_ROIAlign": roi(graph.RoiAlign), "_contrib_MultiBoxPrior": unknownShape(graph.PriorBox), "_contrib_MultiBoxDetection": detection,
	"_contrib_Proposal": same(graph.Proposal), "_contrib_MultiProposal": same(graph.Proposal), "_contrib_box_nms": same(graph.NonMaxSuppression), "_contrib_AdaptiveAvgPooling2D": adaptive,
	"clip": clipOp, "topk": unknownShape(graph.TopK), "argmax": reduce(graph.ArgMax), "argmin": reduce(graph.ArgMin), "sum": reduce(graph.ReduceSum), "mean": reduce(graph.ReduceMean),
	"max": reduce(graph.ReduceMax), "min": reduce(graph.ReduceMin), "prod": reduce(graph.ReduceProd), "norm": reduce(graph.ReduceL2), "_arange": same(graph.Range), "shape_array": same(graph.ShapeOp),
	"where": same(graph.Where), "add_n": same(graph.Sum), "ElementWiseSum": same(graph.Sum), "SequenceMask": same(graph.Mul), "hard_sigmoid": same(graph.HardSigmoid), "erf": same(graph.Erf),
	"relu": same(graph.Relu), "sigmoid": same(graph.Sigmoid), "tanh": same(graph.Tanh), "exp": same(graph.Exp), "log": same(graph.Log), "sqrt": same(graph.Sqrt), "rsqrt": same(graph.Rsqrt),
	"square": same(graph.Square), "abs": same(graph.Abs), "negative": same(graph.Neg), "floor": same(graph.Floor), "ceil": same(graph.Ceil), "round": same(graph.Round), "sin": same(graph.Sin), "cos": same(graph.Cos),
	"reciprocal": same(graph.Reciprocal), "softsign": same(graph.Softsign), "zeros_like": same(graph.ZerosLike), "ones_like": same(graph.ZerosLike),
	"elemwise_add": same(graph.Add), "elemwise_sub": same(graph.Sub), "elemwise_mul": same(graph.Mul), "elemwise_div": same(graph.Div), "_Plus": same(graph.Add), "_plus": same(graph.Add),
	"_Minus": same(graph.Sub), "_minus": same(graph.Sub), "_Mul": same(graph.Mul), "_mul": same(graph.Mul), "_Div": same(graph.Div), "_div": same(graph.Div), "_maximum": same(graph.Max), "_minimum": same(graph.Min),
	"broadcast_add": same(graph.Add), "broadcast_plus": same(graph.Add), "broadcast_sub": same(graph.Sub), "broadcast_minus": same(graph.Sub), "broadcast_mul": same(graph.Mul), "broadcast_div": same(graph.Div),
	"broadcast_maximum": same(graph.Max), "broadcast_minimum": same(graph.Min), "broadcast_power": same(graph.Pow), "broadcast_equal": same(graph.Equal), "broadcast_greater": same(graph.Greater), "broadcast_lesser": same(graph.Less),
	"_plus_scalar": scalar(graph.Add), "_PlusScalar": scalar(graph.Add), "_minus_scalar": scalar(graph.Sub), "_MinusScalar": scalar(graph.Sub), "_rminus_scalar": scalar(graph.Sub), "_mul_scalar": scalar(graph.Mul),
	"_MulScalar": scalar(graph.Mul), "_div_scalar": scalar(graph.Div), "_DivScalar": scalar(graph.Div), "_rdiv_scalar": scalar(graph.Div), "_power_scalar": scalar(graph.Pow), "_PowerScalar": scalar(graph.Pow),
	"_maximum_scalar": scalar(graph.Max), "_minimum_scalar": scalar(graph.Min), "_equal_scalar": scalar(graph.Equal), "_greater_scalar": scalar(graph.Greater), "_lesser_scalar": scalar(graph.Less),
}

func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

// unknownShape is an operator whose attributes are not translated: without
// them its result stays unknown.
func unknownShape(op graph.Op) func(*call) { return same(op) }

func channel(op graph.Op) func(*call) {
	return func(c *call) { c.op(op, &graph.AxisAttrs{Axis: 1}) }
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

func window(c *call) graph.Window {
	k := c.a.ints("kernel")
	n := max(len(k), 1)
	w := graph.Window{Kernel: k, Strides: sized(c.a.ints("stride"), n, 1), Dilations: sized(c.a.ints("dilate"), n, 1), PadBegin: sized(c.a.ints("pad"), n, 0)}
	w.PadEnd = w.PadBegin
	return w
}

func (c *call) filters() int64 {
	if n := c.a.int("num_filter", 0); n > 0 {
		return n
	}
	return 0
}

func unset(n int64) int64 {
	if n <= 0 {
		return -1
	}
	return n
}

func convolution(c *call) {
	w := window(c)
	n := max(len(w.Kernel), 1)
	a := &graph.ConvAttrs{Window: w, Groups: max(c.a.int("num_group", 1), 1), OutChannels: c.filters(), Data: graph.NCHW(n), Filter: graph.OIHW(n)}
	if l := c.a["layout"]; l == "NHWC" || l == "NWC" || l == "NDHWC" {
		a.Data, a.Filter = graph.NHWC(n), graph.OHWI(n)
	}
	c.op(graph.Conv, a)
	if a.Data.Channel == 1 {
		c.complete(1, append([]int64{unset(a.OutChannels), -1}, w.Kernel...)...)
	}
	c.complete(2, unset(a.OutChannels))
}

// deconvolution has a filter [in, out/groups, spatial...]; adj is the output
// padding, target_shape the spatial output.
func deconvolution(c *call) {
	w := window(c)
	n := max(len(w.Kernel), 1)
	a := &graph.ConvAttrs{Window: w, Groups: max(c.a.int("num_group", 1), 1), OutChannels: c.filters(), Data: graph.NCHW(n), Filter: graph.IOHW(n)}
	a.OutputPadding = sized(c.a.ints("adj"), n, 0)
	if t := c.a.ints("target_shape"); len(t) == n && positive(t) {
		a.OutputShape = t
	}
	c.op(graph.ConvTranspose, a)
	per := int64(-1)
	if a.OutChannels > 0 && a.OutChannels%a.Groups == 0 {
		per = a.OutChannels / a.Groups
	}
	c.complete(1, append([]int64{-1, per}, w.Kernel...)...)
	c.complete(2, unset(a.OutChannels))
}

func fullyConnected(c *call) {
	n := max(c.a.int("num_hidden", 0), 0)
	a := &graph.FullyConnectedAttrs{OutFeatures: n, Axis: 1}
	if !c.a.flag("flatten", "True") {
		a.Axis, a.KeepDims = 0, true
	}
	c.op(graph.FullyConnected, a)
	c.complete(1, unset(n), -1)
	c.complete(2, unset(n))
}

// pooling rounds up with the convention "full"; "valid" rounds down.
func pooling(c *call) {
	op := graph.MaxPool
	switch c.a["pool_type"] {
	case "avg":
		op = graph.AveragePool
	case "lp":
		op = graph.LpPool
	case "sum":
		op = graph.AveragePool
	}
	w := window(c)
	n := len(w.Kernel)
	if n == 0 {
		n = 2
	}
	a := &graph.PoolAttrs{Data: graph.NCHW(n), CountPad: c.a.flag("count_include_pad", "True")}
	if c.a.flag("global_pool", "False") {
		a.Global = true
	} else {
		a.Window = w
		a.Window.Dilations = nil
		a.Ceil = c.a["pooling_convention"] == "full"
		if c.a["pooling_convention"] == "same" {
			a.PadMode, a.PadBegin, a.PadEnd = graph.PadSameUpper, nil, nil
		}
	}
	c.op(op, a)
}

func adaptive(c *call) {
	out := c.a.ints("output_size")
	if len(out) == 1 {
		out = append(out, out[0])
	}
	c.op(graph.AveragePool, &graph.PoolAttrs{Data: graph.NCHW(2), AdaptiveOutput: sized(out, 2, 1)})
}

// batchNorm: x, gamma, beta, mean, variance.
func batchNorm(c *call) {
	c.op(graph.BatchNormalization, &graph.AxisAttrs{Axis: int(c.a.int("axis", 1))})
	for i := 1; i < 5; i++ {
		c.complete(i, -1)
	}
}

func layerNorm(c *call) {
	c.op(graph.LayerNormalization, &graph.ReduceAttrs{Axes: []int{int(c.a.int("axis", -1))}, KeepDims: true})
}

func l2(c *call) {
	a := &graph.ReduceAttrs{KeepDims: true}
	if c.a["mode"] == "channel" {
		a.Axes = []int{1}
	}
	c.op(graph.LpNormalization, a)
}

func lrn(c *call) { c.op(graph.LRN, &graph.LRNAttrs{Size: c.a.int("nsize", 5), Axis: 1}) }

var activations = map[string]graph.Op{"relu": graph.Relu, "sigmoid": graph.Sigmoid, "tanh": graph.Tanh, "softrelu": graph.Softplus, "softsign": graph.Softsign}

func activation(c *call) {
	c.n.Op = graph.UnaryOther
	if op, ok := activations[c.a["act_type"]]; ok {
		c.n.Op = op
	}
}

func leaky(c *call) {
	switch c.a["act_type"] {
	case "prelu":
		c.op(graph.PRelu, &graph.AxisAttrs{Axis: 1})
		c.complete(1, -1)
		if t := c.b.g.Tensor(c.n.Input(1)); t != nil && t.Const == nil && c.b.arrays == nil {
			t.Const = &graph.Const{StoredBytes: -1, Missing: missing}
		}
	case "elu":
		c.n.Op = graph.Elu
	case "selu":
		c.n.Op = graph.Selu
	case "gelu":
		c.n.Op = graph.Gelu
	default:
		c.n.Op = graph.LeakyRelu
	}
}

// softmax reads its label in training only: it is no operand.
func softmax(axis int64) func(*call) {
	return func(c *call) {
		a := axis
		if c.n.SourceOp == "softmax" || c.n.SourceOp == "log_softmax" {
			a = c.a.int("axis", axis)
		}
		c.op(graph.Softmax, &graph.AxisAttrs{Axis: int(a)})
	}
}

func concat(c *call) { c.op(graph.Concat, &graph.AxisAttrs{Axis: int(c.a.int("dim", 1))}) }

func flatten(c *call) { c.op(graph.Flatten, &graph.FlattenAttrs{Axis: 1, EndAxis: -1}) }

// reshape's codes below -1 mean more than a reshape of sizes can say.
func reshape(c *call) {
	c.n.Op = graph.Reshape
	shape := c.a.ints("shape")
	if shape == nil {
		shape = c.a.ints("target_shape")
	}
	for _, v := range shape {
		if v < -1 {
			return
		}
	}
	if shape != nil && !c.a.flag("reverse", "False") {
		c.n.Attrs = &graph.ReshapeAttrs{Shape: shape}
	}
}

func transpose(c *call) {
	a := &graph.PermAttrs{}
	for _, v := range c.a.ints("axes") {
		a.Perm = append(a.Perm, int(v))
	}
	c.op(graph.Transpose, a)
}

func split(c *call) {
	c.outputs(c.a.int("num_outputs", 1))
	axis := int(c.a.int("axis", 1))
	if c.a.flag("squeeze_axis", "False") {
		c.op(graph.Unpack, &graph.SplitAttrs{Axis: axis})
		return
	}
	c.op(graph.Split, &graph.SplitAttrs{Axis: axis})
}

func end(v int64, given bool) int64 {
	if !given {
		return math.MaxInt64
	}
	return v
}

func sliceAxis(c *call) {
	_, given := c.a["end"]
	given = given && c.a["end"] != "None"
	c.op(graph.Slice, &graph.SliceAttrs{
		Starts: []int64{c.a.int("begin", 0)}, Ends: []int64{end(c.a.int("end", 0), given)}, Steps: []int64{1}, Axes: []int{int(c.a.int("axis", 0))},
	})
}

func slice(c *call) {
	c.n.Op = graph.Slice
	begin, stop := c.a.ints("begin"), c.a.ints("end")
	if begin == nil || len(begin) != len(stop) || c.a["step"] != "" && c.a["step"] != "[]" && c.a["step"] != "()" {
		return
	}
	a := &graph.SliceAttrs{Starts: begin, Ends: stop, Steps: sized(nil, len(begin), 1)}
	for i := range begin {
		a.Axes = append(a.Axes, i)
	}
	c.n.Attrs = a
}

func crop(c *call) {
	a := &graph.CropAttrs{Axis: 2, HasReference: len(c.n.Inputs) > 1, Offsets: c.a.ints("offset")}
	if !a.HasReference {
		a.Sizes = c.a.ints("h_w")
	}
	c.op(graph.Crop, a)
}

// pad writes begin and end of each axis in turn.
func pad(c *call) {
	c.n.Op = graph.Pad
	w := c.a.ints("pad_width")
	if len(w) == 0 || len(w)%2 != 0 {
		return
	}
	a := &graph.PadAttrs{Mode: c.a["mode"]}
	for i := 0; i < len(w); i += 2 {
		a.Begin, a.End = append(a.Begin, w[i]), append(a.End, w[i+1])
	}
	c.n.Attrs = a
}

func expandDims(c *call) {
	c.op(graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{int(c.a.int("axis", 0))}})
}

func squeeze(c *call) {
	a := &graph.AxesAttrs{}
	for _, v := range c.a.ints("axis") {
		a.Axes = append(a.Axes, int(v))
	}
	c.op(graph.Squeeze, a)
}

func upsampling(c *call) {
	s := c.a.float("scale", 1)
	mode := "nearest"
	if c.a["sample_type"] == "bilinear" {
		mode = "linear"
	}
	if len(c.n.Inputs) > 1 && mode == "linear" { // a filter that the runtime does not use otherwise
		c.n.Inputs = append(c.n.Inputs[:1:1], append([]graph.TensorID{graph.NoTensor, graph.NoTensor}, c.n.Inputs[1:]...)...)
	}
	c.op(graph.Resize, &graph.ResizeAttrs{Mode: mode, Scales: []float64{s, s}, Data: graph.NCHW(2)})
}

func resize(c *call) {
	a := &graph.ResizeAttrs{Mode: "linear", Data: graph.NCHW(2)}
	if h, w := c.a.int("height", 0), c.a.int("width", 0); h > 0 && w > 0 {
		a.Sizes = []int64{h, w}
	} else if h, w := c.a.float("scale_height", 0), c.a.float("scale_width", 0); h > 0 && w > 0 {
		a.Scales = []float64{h, w}
	}
	c.op(graph.Resize, a)
}

func tile(c *call) { c.op(graph.Tile, &graph.ReshapeAttrs{Shape: c.a.ints("reps")}) }

// embedding is ids, table.
func embedding(c *call) {
	c.op(graph.EmbeddingLookup, nil)
	c.complete(1, unset(c.a.int("input_dim", -1)), unset(c.a.int("output_dim", -1)))
}

func matMul(c *call) {
	c.op(graph.MatMul, &graph.MatMulAttrs{TransA: c.a.flag("transpose_a", "False"), TransB: c.a.flag("transpose_b", "False")})
}

// rnn keeps all matrices in one vector: x, parameters, states.
func rnn(c *call) {
	op := graph.RNN
	switch c.a["mode"] {
	case "lstm":
		op = graph.LSTM
		c.outputs(3)
	case "gru":
		op = graph.GRU
	}
	if c.a.int("num_layers", 1) != 1 { // several layers in one operator
		c.n.Op = graph.Custom
		return
	}
	a := &graph.RNNAttrs{Hidden: max(c.a.int("state_size", 0), 0), TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1, Directions: 1}
	if c.a.flag("bidirectional", "False") {
		a.Directions = 2
	}
	if in := c.n.Inputs; len(in) > 1 {
		c.n.Inputs = append([]graph.TensorID{in[0], graph.NoTensor, graph.NoTensor}, in[1:]...)
	}
	c.op(op, a)
}

var typeNames = map[string]graph.DType{"float32": graph.Float32, "float64": graph.Float64, "float16": graph.Float16, "int32": graph.Int32, "int64": graph.Int64, "int8": graph.Int8, "uint8": graph.Uint8, "bool": graph.Bool}

func cast(c *call) {
	to := typeNames[c.a["dtype"]]
	c.op(graph.Cast, &graph.CastAttrs{To: to})
	c.b.g.Tensors[c.n.Outputs[0]].DType = to
}

func block(op graph.Op) func(*call) {
	return func(c *call) { c.op(op, &graph.BlockAttrs{Block: c.a.int("block_size", 1), Data: graph.NCHW(2)}) }
}

func roi(op graph.Op) func(*call) {
	return func(c *call) {
		p := sized(c.a.ints("pooled_size"), 2, 0)
		c.op(op, &graph.RoiAttrs{PooledHeight: p[0], PooledWidth: p[1], SamplingRatio: max(c.a.int("sample_ratio", 0), 0), Data: graph.NCHW(2)})
	}
}

func detection(c *call) { c.op(graph.DetectionOutput, &graph.NMSAttrs{}) }

func clipOp(c *call) {
	c.n.Op = graph.Clip
	if c.a.float("a_min", -1) == 0 && c.a.float("a_max", 0) == 6 {
		c.n.Op = graph.Relu6
	}
}

func reduce(op graph.Op) func(*call) {
	return func(c *call) {
		a := &graph.ReduceAttrs{KeepDims: c.a.flag("keepdims", "False")}
		for _, v := range c.a.ints("axis") {
			a.Axes = append(a.Axes, int(v))
		}
		if c.a.flag("exclude", "False") { // all axes but these: the rank is not known
			c.n.Op = op
			return
		}
		c.op(op, a)
	}
}

// scalar has its second operand in an attribute.
func scalar(op graph.Op) func(*call) {
	return func(c *call) {
		b := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(c.a.float("scalar", 0))))
		id := c.b.tensor(graph.Tensor{Name: c.n.Name + ".scalar", DType: graph.Float32, Shape: graph.ShapeOf(), Const: &graph.Const{Data: b, NotParam: true}})
		c.n.Inputs = append(c.n.Inputs, id)
		c.n.Op = op
	}
}
