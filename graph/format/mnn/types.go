package mnn

import "github.com/gaugenn/gaugenn/graph"

// opInfo is one value of enum OpType: its name, canonical operator and what
// reads its parameters.
type opInfo struct {
	name string
	op   graph.Op
	read func(*site)
}

// types is the schema's enum OpType. Values 513.. are the quantised ones.
var types = map[int32]opInfo{
	0: {"AbsVal", graph.Abs, nil}, 1: {"QuantizedAdd", graph.Add, nil}, 2: {"ArgMax", graph.ArgMax, argExtreme},
	3: {"AsString", graph.StringOp, nil}, 4: {"InstanceNorm", graph.InstanceNormalization, batchNorm}, 5: {"BatchToSpaceND", graph.BatchToSpace, spaceBatch},
	6: {"Copy", graph.Identity, nil}, 7: {"BinaryOp", graph.BinaryOther, binaryOp}, 8: {"Bnll", graph.Softplus, nil}, 9: {"Cast", graph.Cast, cast},
	10: {"Concat", graph.Concat, axis}, 11: {"Const", graph.Constant, nil}, 12: {"Convolution", graph.Conv, convolution},
	13: {"ConvolutionDepthwise", graph.Conv, convolution}, 14: {"Crop", graph.Crop, crop}, 15: {"CropAndResize", graph.RoiAlign, nil},
	16: {"ImageProcess", graph.Unknown, nil}, 17: {"Deconvolution", graph.ConvTranspose, convolution}, 18: {"DeconvolutionDepthwise", graph.ConvTranspose, convolution},
	19: {"Dequantize", graph.DequantizeLinear, nil}, 20: {"DetectionOutput", graph.DetectionOutput, detectionOutput}, 21: {"Dropout", graph.Dropout, nil},
	22: {"Eltwise", graph.Eltwise, nil}, 23: {"ELU", graph.Elu, nil}, 24: {"Unique", graph.Unique, nil}, 25: {"Exp", graph.Exp, nil},
	26: {"ExpandDims", graph.Unsqueeze, expandDims}, 27: {"Fill", graph.Fill, nil}, 28: {"Flatten", graph.Flatten, flatten}, 29: {"Im2Col", graph.Im2Col, convolution},
	30: {"Gather", graph.Gather, gather}, 31: {"GatherV2", graph.Gather, gatherV2}, 32: {"Im2Seq", graph.Unknown, nil}, 33: {"InnerProduct", graph.FullyConnected, innerProduct},
	34: {"Input", graph.InputOp, nil}, 35: {"Interp", graph.Resize, interp}, 36: {"Log", graph.Log, nil}, 37: {"LRN", graph.LRN, lrn}, 38: {"LSTM", graph.LSTM, recurrent},
	39: {"MatMul", graph.MatMul, matMul}, 40: {"MVN", graph.MeanVarianceNormalization, nil}, 41: {"NonMaxSuppression", graph.NonMaxSuppression, nil},
	42: {"NonMaxSuppressionV2", graph.NonMaxSuppression, nil}, 43: {"Normalize", graph.LpNormalization, normalize}, 44: {"Pack", graph.Pack, pack},
	45: {"Padding", graph.Pad, padding}, 46: {"Permute", graph.Transpose, permute}, 47: {"Pooling", graph.MaxPool, pooling}, 48: {"Power", graph.Power, nil},
	49: {"PReLU", graph.PRelu, prelu}, 50: {"PriorBox", graph.PriorBox, priorBox}, 51: {"Proposal", graph.Proposal, nil}, 52: {"QuantizedAvgPool", graph.AveragePool, quantizedPool},
	53: {"QuantizedBiasAdd", graph.Bias, nil}, 54: {"QuantizedConcat", graph.Concat, quantizedConcat}, 55: {"QuantizedDepthwiseConv2D", graph.Conv, quantizedConv},
	56: {"QuantizedLogistic", graph.Sigmoid, nil}, 57: {"RasterAndInterpolate", graph.Unknown, nil}, 58: {"QuantizedMaxPool", graph.MaxPool, quantizedPool},
	59: {"Texture", graph.Unknown, nil}, 60: {"RasterDiff", graph.Unknown, nil}, 61: {"QuantizedReshape", graph.Reshape, reshape}, 62: {"QuantizedSoftmax", graph.Softmax, lastAxis},
	63: {"QuantizeMaxMin", graph.Unknown, nil}, 64: {"QuantizeV2", graph.QuantizeLinear, nil}, 65: {"Range", graph.Range, nil}, 66: {"Rank", graph.RankOp, nil},
	67: {"ReduceJoin", graph.StringOp, nil}, 68: {"Reduction", graph.ReduceSum, reduction}, 69: {"ReLU", graph.Relu, relu}, 70: {"ReLU6", graph.Relu6, relu6},
	71: {"RequantizationRange", graph.Unknown, nil}, 72: {"Requantize", graph.Requantize, nil}, 73: {"Reshape", graph.Reshape, reshape}, 74: {"Resize", graph.Resize, resizeScale},
	75: {"RNN", graph.RNN, recurrent}, 76: {"ROIPooling", graph.RoiPool, roi}, 77: {"Scale", graph.Scale, scale}, 78: {"Selu", graph.Selu, nil}, 79: {"Seq2Out", graph.Unknown, nil},
	80: {"Shape", graph.ShapeOp, shapeOp}, 81: {"Sigmoid", graph.Sigmoid, nil}, 82: {"Size", graph.SizeOp, nil}, 83: {"Slice", graph.Split, slice}, 84: {"SliceTf", graph.SliceBySize, nil},
	85: {"Softmax", graph.Softmax, axis}, 86: {"SpaceToBatchND", graph.SpaceToBatch, spaceBatch}, 87: {"SpatialProduct", graph.Mul, nil}, 88: {"Col2Im", graph.Col2Im, convolution},
	89: {"Segment", graph.SegmentReduce, nil}, 90: {"Squeeze", graph.Squeeze, squeeze}, 91: {"StridedSlice", graph.StridedSlice, stridedSlice}, 92: {"StringJoin", graph.StringOp, nil},
	93: {"StringSplit", graph.StringOp, nil}, 94: {"StringToNumber", graph.StringOp, nil}, 95: {"TanH", graph.Tanh, nil}, 96: {"TfQuantizedConv2D", graph.Conv, quantizedConv},
	97: {"Threshold", graph.Unknown, nil}, 98: {"Tile", graph.Tile, nil}, 99: {"TopKV2", graph.TopK, topK}, 100: {"Transpose", graph.Transpose, transpose},
	101: {"UnaryOp", graph.UnaryOther, unaryOp}, 102: {"Unpack", graph.Unpack, unpack}, 103: {"Where", graph.WhereIndices, nil}, 104: {"Moments", graph.Unknown, nil},
	105: {"RNNSequenceGRU", graph.GRU, gru}, 106: {"BatchMatMul", graph.MatMul, batchMatMul}, 107: {"Unsqueeze", graph.Unsqueeze, squeeze}, 108: {"CosineSimilarity", graph.Unknown, nil},
	109: {"DepthToSpace", graph.DepthToSpace, depthSpace}, 110: {"SpaceToDepth", graph.SpaceToDepth, depthSpace}, 111: {"ReverseSequence", graph.ReverseSequence, nil},
	112: {"Pooling3D", graph.MaxPool, pooling3D}, 113: {"Convolution3D", graph.Conv, convolution3D}, 114: {"MatrixBandPart", graph.Trilu, nil}, 115: {"GatherND", graph.GatherND, gatherND},
	116: {"DetectionPostProcess", graph.DetectionOutput, detectionPostProcess}, 117: {"UnravelIndex", graph.Unknown, nil}, 118: {"ScatterNd", graph.ScatterFromShape, nil},
	119: {"OneHot", graph.OneHot, oneHot}, 120: {"BroadcastTo", graph.Expand, broadcastTo}, 121: {"Dilation2D", graph.Unknown, nil}, 122: {"Interp3D", graph.Unknown, nil},
	128: {"Raster", graph.Unknown, nil}, 129: {"ConvertTensor", graph.LayoutCopy, convertTensor}, 130: {"ArgMin", graph.ArgMin, argExtreme}, 131: {"LinSpace", graph.Unknown, nil},
	132: {"RandomUniform", graph.RandomUniform, nil}, 133: {"TensorArray", graph.SequenceOp, nil}, 134: {"TensorArraySize", graph.SequenceOp, nil}, 135: {"TensorArrayRead", graph.SequenceOp, nil},
	136: {"TensorArrayWrite", graph.SequenceOp, nil}, 137: {"TensorArrayGather", graph.SequenceOp, nil}, 138: {"TensorArrayScatter", graph.SequenceOp, nil},
	139: {"TensorArraySplit", graph.SequenceOp, nil}, 140: {"TensorArrayConcat", graph.SequenceOp, nil}, 141: {"LSTMBlockCell", graph.Unknown, nil}, 142: {"Reverse", graph.Reverse, nil},
	143: {"ROIAlign", graph.RoiAlign, roi}, 144: {"RandomNormal", graph.RandomNormal, nil}, 145: {"TensorArrayInsert", graph.SequenceOp, nil}, 146: {"TensorArrayErase", graph.SequenceOp, nil},
	147: {"EyeLike", graph.EyeLike, nil}, 148: {"CumSum", graph.CumSum, cumulative}, 149: {"Det", graph.Unknown, nil}, 150: {"CumProd", graph.CumProd, cumulative},
	151: {"ScatterElements", graph.ScatterElements, nil}, 152: {"GatherElements", graph.GatherElements, gatherElements}, 153: {"Svd", graph.Unknown, nil}, 154: {"Histogram", graph.Unknown, nil},
	155: {"QuantizeLinear", graph.QuantizeLinear, nil}, 156: {"DequantizeLinear", graph.DequantizeLinear, nil},
	256: {"Plugin", graph.Custom, nil}, 257: {"Select", graph.Where, nil}, 258: {"ZerosLike", graph.ZerosLike, nil}, 259: {"Broastcast", graph.Expand, broadcastTo},
	260: {"SetDiff1D", graph.Unknown, nil}, 261: {"ReluGrad", graph.Unknown, nil}, 262: {"Identity", graph.Identity, nil}, 263: {"PoolGrad", graph.Unknown, nil},
	264: {"SoftmaxGrad", graph.Unknown, nil}, 265: {"Conv2DBackPropFilter", graph.Unknown, nil}, 266: {"TrainableParam", graph.Constant, nil}, 267: {"BatchNorm", graph.BatchNormalization, batchNorm},
	268: {"ConvTranspose3D", graph.ConvTranspose, convolution3D}, 269: {"ZeroGrad", graph.Unknown, nil}, 299: {"Attention", graph.Attention, nil}, 300: {"FmhaV2", graph.Attention, nil}, 301: {"Fmhca", graph.Attention, nil},
	302: {"SeqLen2Spatial", graph.Unknown, nil}, 303: {"SplitGeLU", graph.Unknown, nil}, 304: {"GroupNorm", graph.GroupNormalization, groupNorm},
	512: {"Extra", graph.Custom, extra}, 513: {"ConvInt8", graph.Conv, convolution}, 514: {"Int8ToFloat", graph.DequantizeLinear, nil}, 515: {"DepthwiseConvInt8", graph.Conv, convolution},
	516: {"PoolInt8", graph.MaxPool, pooling}, 517: {"FloatToInt8", graph.QuantizeLinear, toInt8}, 518: {"EltwiseInt8", graph.Eltwise, nil},
	600: {"While", graph.While, while}, 601: {"If", graph.If, conditional}, 603: {"LayerNorm", graph.LayerNormalization, layerNorm}, 604: {"GridSample", graph.GridSample, gridSample},
}

// binaryOps is the schema's enum BinaryOpOperation.
var binaryOps = map[int32]graph.Op{
	0: graph.Add, 1: graph.Sub, 2: graph.Mul, 3: graph.Div, 4: graph.Max, 5: graph.Min, 6: graph.Pow, 7: graph.Div, 8: graph.Min, 9: graph.Max,
	10: graph.Greater, 11: graph.GreaterOrEqual, 12: graph.Less, 13: graph.FloorDiv, 14: graph.SquaredDifference, 15: graph.Equal, 16: graph.LessOrEqual,
	17: graph.FloorMod, 19: graph.Mod, 20: graph.Atan2, 21: graph.LogicalOr, 22: graph.NotEqual, 23: graph.BitwiseAnd, 24: graph.BitwiseOr,
	25: graph.BitwiseXor, 26: graph.LogicalXor, 27: graph.BitShift, 28: graph.BitShift,
}

// unaryOps is the schema's enum UnaryOpOperation.
var unaryOps = [...]graph.Op{
	graph.Abs, graph.Neg, graph.Floor, graph.Ceil, graph.Square, graph.Sqrt, graph.Rsqrt, graph.Exp, graph.Log, graph.Sin, graph.Cos, graph.Tan,
	graph.Asin, graph.Acos, graph.Atan, graph.Reciprocal, graph.Log1p, graph.Softplus, graph.Acosh, graph.Sinh, graph.Asinh, graph.Atanh, graph.Sign,
	graph.Round, graph.Cosh, graph.Erf, graph.UnaryOther, graph.UnaryOther, graph.Expm1, graph.Sigmoid, graph.Tanh, graph.HardSwish, graph.Gelu, graph.Gelu, graph.Silu,
}

// reductions is the schema's enum ReductionType.
var reductions = [...]graph.Op{
	graph.ReduceSum, graph.ReduceL1, graph.ReduceSumSquare, graph.ReduceMean, graph.ReduceMax, graph.ReduceMin, graph.ReduceProd, graph.ReduceAny, graph.ReduceAll,
}
