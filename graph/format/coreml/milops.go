package coreml

import "github.com/gaugenn/gaugenn/graph"

// milEntry is one line of the table of operations. args are the arguments that
// are canonical operands, in order; nil takes all.
type milEntry struct {
	op        graph.Op
	args      []string
	translate func(*milCall)
}

var (
	argX       = []string{"x"}
	argXY      = []string{"x", "y"}
	argValues  = []string{"values"}
	argReduce  = argX
	argConv    = []string{"x", "weight", "bias"}
	argNorm    = []string{"x", "gamma", "beta"}
	argRNN     = []string{"x", "weight_ih", "weight_hh", "bias", "initial_h", "initial_c", "weight_ih_back", "weight_hh_back", "bias_back"}
	argGather  = []string{"x", "indices"}
	argScatter = []string{"data", "indices", "updates"}
)

// milOps maps MIL's operations (opsets iOS 15 to 18) to canonical ones. Source:
// coremltools, the reference of MIL operations.
var milOps = map[string]milEntry{
	"abs": {graph.Abs, argX, nil}, "acos": {graph.Acos, argX, nil}, "asin": {graph.Asin, argX, nil}, "atan": {graph.Atan, argX, nil},
	"atanh": {graph.Atanh, argX, nil}, "ceil": {graph.Ceil, argX, nil}, "cos": {graph.Cos, argX, nil}, "cosh": {graph.Cosh, argX, nil},
	"erf": {graph.Erf, argX, nil}, "exp": {graph.Exp, argX, nil}, "exp2": {graph.Exp, argX, nil}, "floor": {graph.Floor, argX, nil},
	"inverse": {graph.Reciprocal, argX, nil}, "log": {graph.Log, argX, nil}, "logical_not": {graph.LogicalNot, argX, nil},
	"round": {graph.Round, argX, nil}, "rsqrt": {graph.Rsqrt, argX, nil}, "sign": {graph.Sign, argX, nil}, "sin": {graph.Sin, argX, nil},
	"sinh": {graph.Sinh, argX, nil}, "sqrt": {graph.Sqrt, argX, nil}, "square": {graph.Square, argX, nil}, "tan": {graph.Tan, argX, nil},
	"tanh": {graph.Tanh, argX, nil}, "threshold": {graph.UnaryOther, argX, nil}, "identity": {graph.Identity, argX, nil},
	"clip": {graph.Clip, []string{"x", "alpha", "beta"}, nil}, "cast": {graph.Cast, argX, castOutput},

	"relu": {graph.Relu, argX, nil}, "relu6": {graph.Relu6, argX, nil}, "leaky_relu": {graph.LeakyRelu, argX, nil},
	"prelu": {graph.PRelu, []string{"x", "alpha"}, nil}, "elu": {graph.Elu, argX, nil}, "gelu": {graph.Gelu, argX, nil},
	"sigmoid": {graph.Sigmoid, argX, nil}, "sigmoid_hard": {graph.HardSigmoid, argX, nil}, "silu": {graph.Silu, argX, nil},
	"softplus": {graph.Softplus, argX, nil}, "softplus_parametric": {graph.Softplus, argX, nil}, "softsign": {graph.Softsign, argX, nil},
	"scaled_tanh": {graph.Tanh, argX, nil}, "clamped_relu": {graph.Clip, argX, nil}, "linear_activation": {graph.Power, argX, nil},
	"thresholded_relu": {graph.ThresholdedRelu, argX, nil}, "softmax": {graph.Softmax, argX, milAxis(-1)},

	"add": {graph.Add, argXY, nil}, "sub": {graph.Sub, argXY, nil}, "mul": {graph.Mul, argXY, nil}, "real_div": {graph.Div, argXY, nil},
	"floor_div": {graph.FloorDiv, argXY, nil}, "mod": {graph.FloorMod, argXY, nil}, "pow": {graph.Pow, argXY, nil},
	"maximum": {graph.Max, argXY, nil}, "minimum": {graph.Min, argXY, nil}, "equal": {graph.Equal, argXY, nil},
	"not_equal": {graph.NotEqual, argXY, nil}, "greater": {graph.Greater, argXY, nil}, "greater_equal": {graph.GreaterOrEqual, argXY, nil},
	"less": {graph.Less, argXY, nil}, "less_equal": {graph.LessOrEqual, argXY, nil}, "logical_and": {graph.LogicalAnd, argXY, nil},
	"logical_or": {graph.LogicalOr, argXY, nil}, "logical_xor": {graph.LogicalXor, argXY, nil},
	"select": {graph.Where, []string{"cond", "a", "b"}, nil},

	"conv": {graph.Conv, argConv, milConv}, "conv_quantized": {graph.Conv, argConv, milConv},
	"conv_transpose":               {graph.ConvTranspose, argConv, milConvTranspose},
	"linear":                       {graph.FullyConnected, argConv, milLinear},
	"matmul":                       {graph.MatMul, argXY, milMatMul},
	"einsum":                       {graph.Einsum, argValues, func(c *milCall) { c.out.Attrs = &graph.EinsumAttrs{Equation: c.str("equation", "")} }},
	"scaled_dot_product_attention": {graph.Attention, []string{"query", "key", "value", "attn_mask"}, func(c *milCall) { c.out.Attrs = &graph.AttentionAttrs{} }},
	"lstm":                         {graph.LSTM, argRNN, milRNN(4)}, "gru": {graph.GRU, argRNN, milRNN(3)}, "rnn": {graph.RNN, argRNN, milRNN(1)},

	"avg_pool": {graph.AveragePool, argX, milPool}, "max_pool": {graph.MaxPool, argX, milPool}, "l2_pool": {graph.LpPool, argX, milPool},
	"batch_norm":          {graph.BatchNormalization, []string{"x", "gamma", "beta", "mean", "variance"}, fixedAxis(1)},
	"instance_norm":       {graph.InstanceNormalization, argNorm, fixedAxis(1)},
	"layer_norm":          {graph.LayerNormalization, argNorm, milLayerNorm},
	"l2_norm":             {graph.LpNormalization, argX, func(c *milCall) { c.out.Attrs = &graph.ReduceAttrs{Axes: []int{-3, -2, -1}, KeepDims: true} }},
	"local_response_norm": {graph.LRN, argX, func(c *milCall) { c.out.Attrs = &graph.LRNAttrs{Size: c.int("size", 1), Axis: 1} }},

	"reduce_sum": {graph.ReduceSum, argReduce, milReduce}, "reduce_mean": {graph.ReduceMean, argReduce, milReduce},
	"reduce_max": {graph.ReduceMax, argReduce, milReduce}, "reduce_min": {graph.ReduceMin, argReduce, milReduce},
	"reduce_prod": {graph.ReduceProd, argReduce, milReduce}, "reduce_l1_norm": {graph.ReduceL1, argReduce, milReduce},
	"reduce_l2_norm": {graph.ReduceL2, argReduce, milReduce}, "reduce_log_sum": {graph.ReduceLogSum, argReduce, milReduce},
	"reduce_log_sum_exp": {graph.ReduceLogSumExp, argReduce, milReduce}, "reduce_sum_square": {graph.ReduceSumSquare, argReduce, milReduce},
	"reduce_argmax": {graph.ArgMax, argReduce, milArgReduce}, "reduce_argmin": {graph.ArgMin, argReduce, milArgReduce},
	"cumsum": {graph.CumSum, argX, milAxis(0)}, "argsort": {graph.Sort, argX, milAxis(-1)},
	"topk": {graph.TopK, argX, func(c *milCall) { c.out.Attrs = &graph.TopKAttrs{K: max(0, c.int("k", 1)), Axis: c.axis("axis", -1)} }},

	"reshape":     {graph.Reshape, []string{"x", "shape"}, func(c *milCall) { c.out.Attrs = &graph.ReshapeAttrs{Shape: c.ints("shape")} }},
	"flatten2d":   {graph.Flatten, argX, func(c *milCall) { c.out.Attrs = &graph.FlattenAttrs{Axis: c.axis("axis", 1), TwoD: true} }},
	"squeeze":     {graph.Squeeze, argX, func(c *milCall) { c.out.Attrs = &graph.AxesAttrs{Axes: c.axes("axes")} }},
	"expand_dims": {graph.Unsqueeze, argX, func(c *milCall) { c.out.Attrs = &graph.AxesAttrs{Axes: c.axes("axes")} }},
	"transpose":   {graph.Transpose, argX, func(c *milCall) { c.out.Attrs = &graph.PermAttrs{Perm: c.axes("perm")} }},
	"concat":      {graph.Concat, argValues, milAxis(0)},
	"stack":       {graph.Pack, argValues, milAxis(0)},
	"split": {graph.Split, argX, func(c *milCall) {
		c.out.Attrs = &graph.SplitAttrs{Axis: c.axis("axis", 0), Sizes: c.ints("split_sizes")}
	}},
	"slice_by_index": {graph.StridedSlice, []string{"x", "begin", "end", "stride"}, milSlice},
	"slice_by_size":  {graph.SliceBySize, []string{"x", "begin", "size"}, nil},
	"slice_update":   {graph.DynamicUpdateSlice, []string{"x", "update", "begin"}, nil},
	"pad":            {graph.Pad, argX, milPad},
	"tile":           {graph.Tile, argX, func(c *milCall) { c.out.Attrs = &graph.ReshapeAttrs{Shape: c.ints("reps")} }},
	"gather": {graph.Gather, argGather, func(c *milCall) {
		c.out.Attrs = &graph.GatherAttrs{Axis: c.axis("axis", 0), BatchDims: c.axis("batch_dims", 0)}
	}},
	"gather_nd":                 {graph.GatherND, argGather, func(c *milCall) { c.out.Attrs = &graph.GatherAttrs{BatchDims: c.axis("batch_dims", 0)} }},
	"gather_along_axis":         {graph.GatherElements, argGather, milAxis(0)},
	"scatter":                   {graph.ScatterElements, argScatter, nil},
	"scatter_along_axis":        {graph.ScatterElements, argScatter, nil},
	"scatter_nd":                {graph.ScatterND, argScatter, nil},
	"reverse":                   {graph.Reverse, argX, nil},
	"reverse_sequence":          {graph.ReverseSequence, []string{"x", "lengths"}, nil},
	"band_part":                 {graph.Trilu, argX, nil},
	"crop":                      {graph.Crop, argX, milCrop},
	"space_to_batch":            {graph.SpaceToBatch, []string{"x", "block_shape", "paddings"}, nil},
	"batch_to_space":            {graph.BatchToSpace, []string{"x", "block_shape", "crops"}, nil},
	"depth_to_space":            {graph.DepthToSpace, argX, milBlock("block_size")},
	"space_to_depth":            {graph.SpaceToDepth, argX, milBlock("block_size")},
	"pixel_shuffle":             {graph.DepthToSpace, argX, milBlock("upscale_factor")},
	"pixel_unshuffle":           {graph.SpaceToDepth, argX, milBlock("downscale_factor")},
	"upsample_nearest_neighbor": {graph.Resize, argX, milUpsample("nearest")},
	"upsample_bilinear":         {graph.Resize, argX, milUpsample("linear")},
	"resize_bilinear":           {graph.Resize, argX, milResize("linear")},
	"resize_nearest_neighbor":   {graph.Resize, argX, milResize("nearest")},
	"resample":                  {graph.GridSample, []string{"x", "coordinates"}, func(c *milCall) { c.out.Attrs = &graph.LayoutAttrs{Data: graph.NCHW(2)} }},
	"crop_resize":               {graph.RoiAlign, []string{"x", "roi"}, milCropResize},

	"shape":                   {graph.ShapeOp, argX, func(c *milCall) { c.out.Attrs = &graph.ShapeAttrs{To: graph.Int32} }},
	"fill":                    {graph.Fill, []string{"shape", "value"}, func(c *milCall) { c.out.Attrs = &graph.ReshapeAttrs{Shape: c.ints("shape")} }},
	"fill_like":               {graph.ZerosLike, nil, nil},
	"range_1d":                {graph.Range, []string{"start", "end", "step"}, nil},
	"one_hot":                 {graph.OneHot, []string{"indices", "one_hot_vector_size"}, milAxis(-1)},
	"non_zero":                {graph.NonZero, argX, nil},
	"non_maximum_suppression": {graph.NonMaxSuppression, []string{"boxes", "scores"}, func(c *milCall) { c.out.Attrs = &graph.NMSAttrs{MaxOutputs: c.int("max_boxes", 0)} }},
	"random_normal":           {graph.RandomNormal, []string{"shape"}, nil},
	"random_uniform":          {graph.RandomUniform, []string{"shape"}, nil},
	"random_bernoulli":        {graph.Bernoulli, []string{"shape"}, nil},
	"random_categorical":      {graph.Multinomial, argX, nil},
	"classify":                {graph.Lookup, nil, nil},
	"quantize":                {graph.QuantizeLinear, []string{"input", "scale", "zero_point"}, castOutput},
	"dequantize":              {graph.DequantizeLinear, []string{"input", "scale", "zero_point"}, castOutput},
	"make_list":               {graph.SequenceOp, nil, nil},
	"list_length":             {graph.SequenceOp, nil, nil},
	"list_read":               {graph.SequenceOp, nil, nil},
	"list_write":              {graph.SequenceOp, nil, nil},
	"list_gather":             {graph.SequenceOp, nil, nil},
	"list_scatter":            {graph.SequenceOp, nil, nil},
	"read_state":              {graph.StateRead, nil, nil},
	"write_state":             {graph.StateWrite, nil, nil},
	"coreml_update_state":     {graph.StateWrite, nil, nil},

	"constexpr_affine_dequantize":            {graph.DequantizeLinear, []string{"quantized_data", "scale", "zero_point"}, castOutput},
	"constexpr_blockwise_shift_scale":        {graph.DequantizeLinear, []string{"data", "scale", "offset"}, castOutput},
	"constexpr_cast":                         {graph.Cast, []string{"source_val"}, castOutput},
	"constexpr_lut_to_dense":                 {graph.Densify, []string{"indices", "lut"}, nil},
	"constexpr_sparse_to_dense":              {graph.Densify, []string{"nonzero_data", "mask"}, nil},
	"constexpr_lut_to_sparse":                {graph.Densify, nil, nil},
	"constexpr_sparse_blockwise_shift_scale": {graph.Densify, nil, nil},

	"cond": {graph.If, []string{"pred"}, nil},
	"while_loop": {graph.While, []string{"loop_vars"}, func(c *milCall) {
		c.out.Attrs = &graph.LoopAttrs{TripCount: -1, Reason: "the condition is computed at run time"}
	}},
}

func milAxis(def int64) func(*milCall) {
	return func(c *milCall) { c.out.Attrs = &graph.AxisAttrs{Axis: c.axis("axis", def)} }
}

func fixedAxis(axis int) func(*milCall) {
	return func(c *milCall) { c.out.Attrs = &graph.AxisAttrs{Axis: axis} }
}

// castOutput takes the dtype that the operation states for its result.
func castOutput(c *milCall) {
	a := &graph.CastAttrs{}
	if len(c.out.Outputs) > 0 {
		a.To = c.g.Tensors[c.out.Outputs[0]].DType
	}
	c.out.Attrs = a
}

func milConv(c *milCall) {
	n := c.spatial("strides")
	c.out.Attrs = &graph.ConvAttrs{Window: c.window(), Groups: c.int("groups", 1), Data: graph.NCHW(n), Filter: graph.OIHW(n)}
}

func milConvTranspose(c *milCall) {
	milConv(c)
	a := c.out.Attrs.(*graph.ConvAttrs)
	a.Filter = graph.IOHW(len(a.Data.Spatial))
	a.OutputShape = c.ints("output_shape")
}

func milLinear(c *milCall) { c.out.Attrs = &graph.FullyConnectedAttrs{KeepDims: true} }

func milMatMul(c *milCall) {
	c.out.Attrs = &graph.MatMulAttrs{TransA: c.flag("transpose_x"), TransB: c.flag("transpose_y")}
}

// milRNN has x [time, batch, in] and stacked gates in weight_ih.
func milRNN(gates int64) func(*milCall) {
	return func(c *milCall) {
		a := &graph.RNNAttrs{Directions: 1, TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1, LastOnly: !c.flag("output_sequence")}
		if c.str("direction", "forward") == "bidirectional" {
			a.Directions = 2
		}
		if ids := c.op.args["weight_ih"]; len(ids) == 1 {
			if h, ok := c.g.Tensors[ids[0]].Shape.Dim(0).Value(); ok {
				a.Hidden = h / gates
			}
		}
		c.out.Attrs = a
	}
}

func milPool(c *milCall) {
	n := c.spatial("kernel_sizes")
	ceil := c.flag("ceil_mode")
	c.out.Attrs = &graph.PoolAttrs{Window: c.window(), Data: graph.NCHW(n), Ceil: ceil, ClipCeil: ceil, CountPad: !c.flag("exclude_padding_from_average")}
}

func milLayerNorm(c *milCall) {
	a := &graph.ReduceAttrs{Axes: c.axes("axes"), KeepDims: true}
	c.out.Attrs = a
}

func milReduce(c *milCall) {
	c.out.Attrs = &graph.ReduceAttrs{Axes: c.axes("axes"), KeepDims: c.flag("keep_dims")}
}

func milArgReduce(c *milCall) {
	c.out.Attrs = &graph.ReduceAttrs{Axes: []int{c.axis("axis", -1)}, KeepDims: c.flag("keep_dims"), To: graph.Int32}
}

// milSlice has begin and end per axis with masks per axis.
func milSlice(c *milCall) {
	mask := func(arg string) (bits int64) {
		for i, on := range c.flags(arg) {
			if on && i < 62 {
				bits |= 1 << i
			}
		}
		return bits
	}
	c.out.Attrs = &graph.StridedSliceAttrs{
		Begin: c.ints("begin"), End: c.ints("end"), Strides: c.ints("stride"),
		BeginMask: mask("begin_mask"), EndMask: mask("end_mask"), ShrinkMask: mask("squeeze_mask"),
	}
}

// milPad has begin and end for each of the last axes.
func milPad(c *milCall) {
	a := &graph.PadAttrs{Mode: c.str("mode", "constant")}
	if a.Mode == "replicate" {
		a.Mode = "edge"
	}
	v := c.ints("pad")
	for i := 0; i+1 < len(v); i += 2 {
		a.Begin, a.End = append(a.Begin, v[i]), append(a.End, v[i+1])
		a.Axes = append(a.Axes, i/2-len(v)/2)
	}
	c.out.Attrs = a
}

func milCrop(c *milCall) {
	h, w := c.ints("crop_height"), c.ints("crop_width")
	a := &graph.CropAttrs{Axis: 2, Sizes: []int64{-1, -1}}
	if len(h) == 2 && len(w) == 2 {
		a.Offsets, a.End = []int64{h[0], w[0]}, []int64{h[1], w[1]}
	}
	c.out.Attrs = a
}

func milBlock(arg string) func(*milCall) {
	return func(c *milCall) { c.out.Attrs = &graph.BlockAttrs{Block: c.int(arg, 1), Data: graph.NCHW(2)} }
}

func milUpsample(mode string) func(*milCall) {
	return func(c *milCall) {
		a := &graph.ResizeAttrs{Mode: mode, Data: graph.NCHW(2)}
		h, ok1 := c.float("scale_factor_height")
		w, ok2 := c.float("scale_factor_width")
		if ok1 && ok2 {
			a.Scales = []float64{h, w}
		}
		c.out.Attrs = a
	}
}

func milResize(mode string) func(*milCall) {
	return func(c *milCall) {
		a := &graph.ResizeAttrs{Mode: mode, Data: graph.NCHW(2)}
		if h, w := c.int("target_size_height", 0), c.int("target_size_width", 0); h > 0 && w > 0 {
			a.Sizes = []int64{h, w}
		}
		c.out.Attrs = a
	}
}

func milCropResize(c *milCall) {
	c.out.Attrs = &graph.RoiAttrs{PooledHeight: c.int("target_height", 1), PooledWidth: c.int("target_width", 1), Data: graph.NCHW(2)}
}
