package torch

import "github.com/gaugenn/gaugenn/graph"

// operators maps the last word of an operator's name to the canonical one.
// Attributes stand in the code as arguments and are not translated: without
// input shapes they would decide nothing.
var operators = map[string]graph.Op{
	"conv1d": graph.Conv, "conv2d": graph.Conv, "conv3d": graph.Conv, "_convolution": graph.Conv, "convolution": graph.Conv, "conv2d_relu": graph.Conv, "conv2d_clamp_run": graph.Conv,
	"conv_transpose1d": graph.ConvTranspose, "conv_transpose2d": graph.ConvTranspose, "conv_transpose3d": graph.ConvTranspose, "deform_conv2d": graph.DeformConv,
	"linear": graph.FullyConnected, "linear_dynamic": graph.FullyConnected, "linear_relu": graph.FullyConnected, "linear_clamp_run": graph.FullyConnected, "addmm": graph.Gemm, "matmul": graph.MatMul, "mm": graph.MatMul, "bmm": graph.MatMul, "baddbmm": graph.MatMul, "einsum": graph.Einsum,
	"lstm": graph.LSTM, "gru": graph.GRU, "rnn_tanh": graph.RNN, "rnn_relu": graph.RNN, "lstm_cell": graph.LSTM, "gru_cell": graph.GRU, "scaled_dot_product_attention": graph.Attention,
	"embedding": graph.EmbeddingLookup, "embedding_bag": graph.EmbeddingBag, "max_pool1d": graph.MaxPool, "max_pool2d": graph.MaxPool, "max_pool3d": graph.MaxPool, "max_pool2d_with_indices": graph.MaxPool,
	"avg_pool1d": graph.AveragePool, "avg_pool2d": graph.AveragePool, "avg_pool3d": graph.AveragePool, "adaptive_avg_pool1d": graph.AveragePool, "adaptive_avg_pool2d": graph.AveragePool, "adaptive_max_pool2d": graph.MaxPool,
	"batch_norm": graph.BatchNormalization, "layer_norm": graph.LayerNormalization, "instance_norm": graph.InstanceNormalization, "group_norm": graph.GroupNormalization, "rms_norm": graph.RMSNormalization,
	"softmax": graph.Softmax, "_softmax": graph.Softmax, "log_softmax": graph.LogSoftmax, "relu": graph.Relu, "relu6": graph.Relu6, "leaky_relu": graph.LeakyRelu, "prelu": graph.PRelu, "elu": graph.Elu, "selu": graph.Selu, "celu": graph.Celu,
	"gelu": graph.Gelu, "silu": graph.Silu, "mish": graph.Mish, "sigmoid": graph.Sigmoid, "tanh": graph.Tanh, "hardtanh": graph.Clip, "hardswish": graph.HardSwish, "hardsigmoid": graph.HardSigmoid, "softplus": graph.Softplus, "clamp": graph.Clip, "clamp_min": graph.Clip, "clamp_max": graph.Clip,
	"abs": graph.Abs, "neg": graph.Neg, "exp": graph.Exp, "log": graph.Log, "sqrt": graph.Sqrt, "rsqrt": graph.Rsqrt, "sin": graph.Sin, "cos": graph.Cos, "floor": graph.Floor, "ceil": graph.Ceil, "round": graph.Round, "erf": graph.Erf, "square": graph.Square, "reciprocal": graph.Reciprocal, "bitwise_not": graph.BitwiseNot, "logical_not": graph.LogicalNot,
	"add": graph.Add, "sub": graph.Sub, "rsub": graph.Sub, "mul": graph.Mul, "div": graph.Div, "floor_divide": graph.FloorDiv, "remainder": graph.Mod, "pow": graph.Pow, "maximum": graph.Max, "minimum": graph.Min, "where": graph.Where, "eq": graph.Equal, "ne": graph.NotEqual, "gt": graph.Greater, "ge": graph.GreaterOrEqual, "lt": graph.Less, "le": graph.LessOrEqual,
	"sum": graph.ReduceSum, "mean": graph.ReduceMean, "max": graph.ReduceMax, "min": graph.ReduceMin, "amax": graph.ReduceMax, "amin": graph.ReduceMin, "prod": graph.ReduceProd, "norm": graph.ReduceL2, "argmax": graph.ArgMax, "argmin": graph.ArgMin, "cumsum": graph.CumSum, "topk": graph.TopK, "sort": graph.Sort,
	"reshape": graph.Reshape, "view": graph.Reshape, "flatten": graph.Flatten, "squeeze": graph.Squeeze, "unsqueeze": graph.Unsqueeze, "transpose": graph.Transpose, "t": graph.Transpose, "permute": graph.Transpose, "cat": graph.Concat, "stack": graph.Pack, "split": graph.Split, "split_with_sizes": graph.Split, "chunk": graph.Split, "unbind": graph.Unpack,
	"slice": graph.Slice, "select": graph.Gather, "narrow": graph.Slice, "index_select": graph.Gather, "gather": graph.GatherElements, "index": graph.GatherND, "expand": graph.Expand, "expand_as": graph.Expand, "repeat": graph.Tile, "pad": graph.Pad, "constant_pad_nd": graph.Pad, "reflection_pad2d": graph.Pad, "replication_pad2d": graph.Pad,
	"upsample_nearest2d": graph.Resize, "upsample_bilinear2d": graph.Resize, "__interpolate": graph.Resize, "grid_sampler": graph.GridSample, "pixel_shuffle": graph.DepthToSpace, "pixel_unshuffle": graph.SpaceToDepth, "channel_shuffle": graph.ChannelShuffle, "flip": graph.Reverse, "roll": graph.Roll, "im2col": graph.Im2Col, "col2im": graph.Col2Im, "tril": graph.Trilu, "triu": graph.Trilu,
	"dropout": graph.Dropout, "contiguous": graph.Identity, "detach": graph.Identity, "clone": graph.Identity, "to": graph.Cast, "type_as": graph.Cast, "_cast_Long": graph.Cast, "_cast_Float": graph.Cast, "Int": graph.Cast, "Float": graph.Cast, "Bool": graph.Cast, "NumToTensor": graph.Identity,
	"size": graph.ShapeOp, "shape": graph.ShapeOp, "dim": graph.RankOp, "numel": graph.SizeOp, "len": graph.SizeOp, "zeros": graph.Fill, "ones": graph.Fill, "full": graph.Fill, "zeros_like": graph.ZerosLike, "ones_like": graph.ZerosLike, "arange": graph.Range, "linspace": graph.Range, "one_hot": graph.OneHot, "nonzero": graph.NonZero, "nms": graph.NonMaxSuppression, "roi_align": graph.RoiAlign,
	"quantize_per_tensor": graph.QuantizeLinear, "quantize_per_channel": graph.QuantizeLinear, "dequantize": graph.DequantizeLinear, "add_relu": graph.Add, "If": graph.If, "ListUnpack": graph.Identity, "TupleConstruct": graph.SequenceOp, "rand": graph.RandomUniform, "randn": graph.RandomNormal,
}
