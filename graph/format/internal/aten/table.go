package aten

import "github.com/gaugenn/gaugenn/graph"

func first(op graph.Op) entry { return entry{op, func(s *site) { s.operands(0) }} }
func pair(op graph.Op) entry  { return entry{op, func(s *site) { s.operands(0, 1) }} }

// operators are aten's, without the suffix "_" of in-place and "_copy" of
// copying variants.
var operators = map[string]entry{
	"convolution": {graph.Conv, convolution(3, 4, 5, 8, 6, 7)}, "_convolution": {graph.Conv, convolution(3, 4, 5, 8, 6, 7)},
	"conv1d": {graph.Conv, convolution(3, 4, 5, 6, -1, -1)}, "conv2d": {graph.Conv, convolution(3, 4, 5, 6, -1, -1)}, "conv3d": {graph.Conv, convolution(3, 4, 5, 6, -1, -1)},
	"conv_transpose1d": {graph.ConvTranspose, transposed}, "conv_transpose2d": {graph.ConvTranspose, transposed}, "conv_transpose3d": {graph.ConvTranspose, transposed},
	"linear": {graph.FullyConnected, linear}, "addmm": {graph.Gemm, func(s *site) { s.operands(1, 2, 0); s.n.Attrs = &graph.MatMulAttrs{} }},
	"mm": {graph.MatMul, matMul}, "bmm": {graph.MatMul, matMul}, "matmul": {graph.MatMul, matMul}, "baddbmm": {graph.MatMul, func(s *site) { s.operands(1, 2, 0); s.n.Attrs = &graph.MatMulAttrs{} }},
	"einsum":    {graph.Einsum, func(s *site) { s.n.Attrs = &graph.EinsumAttrs{Equation: s.arg(0).Text} }},
	"embedding": {graph.EmbeddingLookup, func(s *site) { s.operands(1, 0) }}, "embedding_bag": {graph.EmbeddingBag, func(s *site) { s.operands(1, 0, 2) }},
	"scaled_dot_product_attention": {graph.Attention, attention},
	"lstm":                         {graph.LSTM, recurrent}, "gru": {graph.GRU, recurrent},

	"batch_norm": {graph.BatchNormalization, batchNorm}, "_native_batch_norm_legit_no_training": {graph.BatchNormalization, batchNorm},
	"native_batch_norm": {graph.BatchNormalization, batchNorm}, "_native_batch_norm_legit": {graph.BatchNormalization, batchNorm},
	"layer_norm": {graph.LayerNormalization, layerNorm}, "native_layer_norm": {graph.LayerNormalization, layerNorm}, "rms_norm": {graph.RMSNormalization, layerNorm},
	"group_norm": {graph.GroupNormalization, groupNorm(1, 2, 3)}, "native_group_norm": {graph.GroupNormalization, groupNorm(6, 1, 2)},
	"instance_norm": {graph.InstanceNormalization, func(s *site) { s.operands(0, 1, 2); s.n.Attrs = &graph.AxisAttrs{Axis: 1} }},

	"relu": first(graph.Relu), "relu6": first(graph.Relu6), "sigmoid": first(graph.Sigmoid), "tanh": first(graph.Tanh), "gelu": first(graph.Gelu), "silu": first(graph.Silu), "mish": first(graph.Mish),
	"hardswish": first(graph.HardSwish), "hardsigmoid": first(graph.HardSigmoid), "leaky_relu": first(graph.LeakyRelu), "elu": first(graph.Elu), "selu": first(graph.Selu), "celu": first(graph.Celu),
	"softplus": first(graph.Softplus), "log_sigmoid": first(graph.LogSigmoid), "hardtanh": {graph.Clip, clip}, "clamp": {graph.Clip, clip}, "clamp_min": {graph.Clip, clip}, "clamp_max": {graph.Clip, clip}, "clip": {graph.Clip, clip},
	"prelu": pair(graph.PRelu), "_prelu_kernel": pair(graph.PRelu), "threshold": first(graph.ThresholdedRelu),
	"abs": first(graph.Abs), "neg": first(graph.Neg), "sign": first(graph.Sign), "ceil": first(graph.Ceil), "floor": first(graph.Floor), "round": first(graph.Round), "trunc": first(graph.Trunc),
	"exp": first(graph.Exp), "expm1": first(graph.Expm1), "log": first(graph.Log), "log1p": first(graph.Log1p), "sqrt": first(graph.Sqrt), "rsqrt": first(graph.Rsqrt), "square": first(graph.Square), "reciprocal": first(graph.Reciprocal),
	"sin": first(graph.Sin), "cos": first(graph.Cos), "tan": first(graph.Tan), "asin": first(graph.Asin), "acos": first(graph.Acos), "atan": first(graph.Atan), "sinh": first(graph.Sinh), "cosh": first(graph.Cosh),
	"asinh": first(graph.Asinh), "acosh": first(graph.Acosh), "atanh": first(graph.Atanh), "erf": first(graph.Erf), "logical_not": first(graph.LogicalNot), "bitwise_not": first(graph.BitwiseNot), "isnan": first(graph.IsNaN), "isinf": first(graph.IsInf),
	"dropout": first(graph.Dropout), "native_dropout": first(graph.Dropout), "feature_dropout": first(graph.Dropout), "clone": first(graph.Identity), "contiguous": first(graph.Identity), "detach": first(graph.Identity), "alias": first(graph.Identity),
	"lift_fresh": first(graph.Identity), "copy": {graph.Identity, func(s *site) { s.operands(1) }}, "to": {graph.Cast, cast}, "_to_copy": {graph.Cast, cast}, "type_as": {graph.Cast, cast}, "float": {graph.Cast, cast},

	"add": pair(graph.Add), "sub": pair(graph.Sub), "rsub": pair(graph.Sub), "mul": pair(graph.Mul), "div": pair(graph.Div), "true_divide": pair(graph.Div), "floor_divide": pair(graph.FloorDiv), "fmod": pair(graph.Mod), "remainder": pair(graph.FloorMod), "pow": pair(graph.Pow),
	"maximum": pair(graph.Max), "minimum": pair(graph.Min), "atan2": pair(graph.Atan2), "eq": pair(graph.Equal), "ne": pair(graph.NotEqual), "gt": pair(graph.Greater), "ge": pair(graph.GreaterOrEqual), "lt": pair(graph.Less), "le": pair(graph.LessOrEqual),
	"logical_and": pair(graph.LogicalAnd), "logical_or": pair(graph.LogicalOr), "logical_xor": pair(graph.LogicalXor), "bitwise_and": pair(graph.BitwiseAnd), "bitwise_or": pair(graph.BitwiseOr), "bitwise_xor": pair(graph.BitwiseXor),
	"__and__": pair(graph.LogicalAnd), "__or__": pair(graph.LogicalOr), "where": {graph.Where, func(s *site) { s.operands(0, 1, 2) }}, "masked_fill": {graph.Where, func(s *site) { s.operands(1, 2, 0); s.n.Op = graph.BinaryOther }},
	"addcmul": {graph.Mul, nil}, "addcdiv": {graph.Div, nil},

	"sum": {graph.ReduceSum, reduce}, "mean": {graph.ReduceMean, reduce}, "amax": {graph.ReduceMax, reduce}, "amin": {graph.ReduceMin, reduce}, "prod": {graph.ReduceProd, reduce}, "any": {graph.ReduceAny, reduce}, "all": {graph.ReduceAll, reduce},
	"max": {graph.ReduceMax, reduceOrPair(graph.Max)}, "min": {graph.ReduceMin, reduceOrPair(graph.Min)}, "argmax": {graph.ArgMax, argExtreme}, "argmin": {graph.ArgMin, argExtreme}, "logsumexp": {graph.ReduceLogSumExp, reduce},
	"norm": {graph.ReduceL2, func(s *site) { s.operands(0); s.n.Attrs = &graph.ReduceAttrs{Axes: s.axes(2), KeepDims: s.flag(3)} }}, "cumsum": {graph.CumSum, axis(1)}, "cumprod": {graph.CumProd, axis(1)},
	"topk": {graph.TopK, topK}, "sort": {graph.Sort, axis(1)}, "softmax": {graph.Softmax, axis(1)}, "_softmax": {graph.Softmax, axis(1)}, "log_softmax": {graph.LogSoftmax, axis(1)}, "_log_softmax": {graph.LogSoftmax, axis(1)},

	"max_pool1d": {graph.MaxPool, maxPool}, "max_pool2d": {graph.MaxPool, maxPool}, "max_pool3d": {graph.MaxPool, maxPool}, "max_pool2d_with_indices": {graph.MaxPool, maxPool},
	"avg_pool1d": {graph.AveragePool, avgPool}, "avg_pool2d": {graph.AveragePool, avgPool}, "avg_pool3d": {graph.AveragePool, avgPool},
	"adaptive_avg_pool1d": {graph.AveragePool, adaptivePool}, "adaptive_avg_pool2d": {graph.AveragePool, adaptivePool}, "_adaptive_avg_pool2d": {graph.AveragePool, adaptivePool},
	"adaptive_max_pool2d": {graph.MaxPool, adaptivePool},
	"upsample_nearest2d":  {graph.Resize, upsample("nearest")}, "upsample_bilinear2d": {graph.Resize, upsample("linear")}, "upsample_bicubic2d": {graph.Resize, upsample("cubic")}, "upsample_nearest1d": {graph.Resize, upsample("nearest")},
	"grid_sampler": {graph.GridSample, func(s *site) { s.operands(0, 1); s.n.Attrs = &graph.LayoutAttrs{Data: graph.NCHW(2)} }}, "grid_sampler_2d": {graph.GridSample, func(s *site) { s.operands(0, 1); s.n.Attrs = &graph.LayoutAttrs{Data: graph.NCHW(2)} }},
	"pixel_shuffle": {graph.DepthToSpace, pixelBlock}, "pixel_unshuffle": {graph.SpaceToDepth, pixelBlock}, "channel_shuffle": {graph.ChannelShuffle, func(s *site) { s.operands(0); s.n.Attrs = &graph.GroupAttrs{Groups: s.int(1, 1), Axis: 1} }},

	"cat": {graph.Concat, join}, "concat": {graph.Concat, join}, "stack": {graph.Pack, join}, "view": {graph.Reshape, view}, "reshape": {graph.Reshape, view}, "_unsafe_view": {graph.Reshape, view}, "_reshape_alias": {graph.Reshape, view},
	"permute": {graph.Transpose, permute}, "transpose": {graph.Transpose, swap}, "t": {graph.Transpose, func(s *site) { s.operands(0); s.n.Attrs = &graph.PermAttrs{} }}, "numpy_T": {graph.Transpose, func(s *site) { s.operands(0); s.n.Attrs = &graph.PermAttrs{} }},
	"flatten": {graph.Flatten, flatten}, "squeeze": {graph.Squeeze, axesAt(1)}, "unsqueeze": {graph.Unsqueeze, axesAt(1)}, "expand": {graph.Expand, expand}, "repeat": {graph.Tile, expand},
	"slice": {graph.Slice, slice}, "select": {graph.Gather, selectIndex}, "index_select": {graph.Gather, func(s *site) { s.operands(0, 2); s.n.Attrs = &graph.GatherAttrs{Axis: int(s.int(1, 0))} }},
	"gather": {graph.GatherElements, func(s *site) { s.operands(0, 2); s.n.Attrs = &graph.AxisAttrs{Axis: int(s.int(1, 0))} }}, "split": {graph.Split, splitBySize}, "split_with_sizes": {graph.Split, splitBySizes}, "chunk": {graph.Split, chunk}, "unbind": {graph.Unpack, func(s *site) { s.operands(0); s.n.Attrs = &graph.SplitAttrs{Axis: int(s.int(1, 0))} }},
	"constant_pad_nd": {graph.Pad, padding("constant")}, "pad": {graph.Pad, padding("constant")}, "reflection_pad1d": {graph.Pad, padding("reflect")}, "reflection_pad2d": {graph.Pad, padding("reflect")}, "replication_pad2d": {graph.Pad, padding("edge")},
	"flip": first(graph.Reverse), "roll": first(graph.Roll), "tril": first(graph.Trilu), "triu": first(graph.Trilu), "one_hot": {graph.OneHot, func(s *site) { s.operands(0); s.n.Attrs = &graph.AxisAttrs{Axis: -1} }},
	"full": {graph.ConstantOfShape, fill}, "zeros": {graph.ConstantOfShape, fill}, "ones": {graph.ConstantOfShape, fill}, "empty": {graph.ConstantOfShape, fill}, "full_like": first(graph.ZerosLike), "zeros_like": first(graph.ZerosLike), "ones_like": first(graph.ZerosLike), "empty_like": first(graph.ZerosLike),
	"arange": {graph.Range, nil}, "scalar_tensor": {graph.Identity, nil}, "nonzero": first(graph.NonZero), "bernoulli": first(graph.Bernoulli), "rand_like": first(graph.RandomLike), "randn_like": first(graph.RandomLike),
	"stft": {graph.SpectralTransform, nil}, "index_put": {graph.ScatterND, nil}, "scatter": {graph.ScatterElements, nil},
}

// libraries are operators of quantized::, quantized_decomposed::, cortex_m::
// and dim_order_ops:: that are not aten's under another name.
var libraries = map[string]entry{
	"quantize_per_tensor": {graph.QuantizeLinear, cast}, "quantize_per_channel": {graph.QuantizeLinear, cast}, "dequantize_per_tensor": {graph.DequantizeLinear, cast}, "dequantize_per_channel": {graph.DequantizeLinear, cast},
	"quantize": {graph.QuantizeLinear, cast}, "dequantize": {graph.DequantizeLinear, cast}, "_clone_dim_order": first(graph.LayoutCopy), "_to_dim_order_copy": {graph.Cast, cast}, "_empty_dim_order": {graph.ConstantOfShape, nil},
	"choose_qparams":   {graph.DynamicQuantizeLinear, nil},
	"quantized_conv2d": {graph.Conv, cortexConv(false)}, "quantized_depthwise_conv2d": {graph.Conv, cortexConv(true)}, "quantized_linear": {graph.FullyConnected, cortexLinear},
	"quantized_avg_pool2d": {graph.AveragePool, cortexPool}, "quantized_max_pool2d": {graph.MaxPool, cortexPool}, "quantized_add": pair(graph.Add), "quantized_mul": pair(graph.Mul), "softmax": {graph.Softmax, axis(1)}, "pad": first(graph.Pad),
	"conv2d_relu": {graph.Conv, fusedRelu}, "linear_relu": {graph.FullyConnected, fusedRelu}, "add_relu": {graph.Add, fusedRelu},
}
