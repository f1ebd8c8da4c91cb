package coreml

import "github.com/gaugenn/gaugenn/graph"

// layerEntry is one line of the table of layers, by the field of
// NeuralNetworkLayer that holds the layer's parameters.
type layerEntry struct {
	word      string
	op        graph.Op
	translate func(*layerCall) error
}

// layers are all layer types of NeuralNetwork.proto.
var layers = map[int32]layerEntry{
	100: {"convolution", graph.Conv, nnConv}, 120: {"pooling", graph.AveragePool, nnPool}, 130: {"activation", graph.Relu, nnActivation},
	140: {"innerProduct", graph.FullyConnected, nnInnerProduct}, 150: {"embedding", graph.EmbeddingLookup, nnEmbedding(20, 2, 1)},
	160: {"batchnorm", graph.BatchNormalization, nnBatchNorm}, 165: {"mvn", graph.MeanVarianceNormalization, nnMVN},
	170: {"l2normalize", graph.LpNormalization, nnNormCHW}, 175: {"softmax", graph.Softmax, nnChannelAxis}, 180: {"lrn", graph.LRN, nnLRN},
	190: {"crop", graph.Crop, nnCrop}, 200: {"padding", graph.Pad, nnPadding}, 210: {"upsample", graph.Resize, nnUpsample},
	211: {"resizeBilinear", graph.Resize, nnResizeBilinear}, 212: {"cropResize", graph.RoiAlign, nnCropResize},
	220: {"unary", graph.UnaryOther, nnUnary}, 230: {"add", graph.Add, nnVariadic(graph.Sum)}, 231: {"multiply", graph.Mul, nnVariadic(graph.Eltwise)},
	240: {"average", graph.Mean, nil}, 245: {"scale", graph.Scale, nnScale}, 250: {"bias", graph.Bias, nnBias}, 260: {"max", graph.Max, nil},
	261: {"min", graph.Min, nil}, 270: {"dot", graph.MatMul, nnDot}, 280: {"reduce", graph.ReduceSum, nnReduce},
	290: {"loadConstant", graph.Constant, nnConstant}, 300: {"reshape", graph.Reshape, nnReshape(1)}, 301: {"flatten", graph.Reshape, nnFlatten},
	310: {"permute", graph.Transpose, nnPermute}, 320: {"concat", graph.Concat, nnConcat}, 330: {"split", graph.Split, nnSplit},
	340: {"sequenceRepeat", graph.Unknown, nil}, 345: {"reorganizeData", graph.SpaceToDepth, nnReorganize}, 350: {"slice", graph.Slice, nnSlice},
	400: {"simpleRecurrent", graph.RNN, nnRNN(30, 31, 32)}, 410: {"gru", graph.GRU, nnGRU}, 420: {"uniDirectionalLSTM", graph.LSTM, nnLSTM(1)},
	430: {"biDirectionalLSTM", graph.LSTM, nnLSTM(2)}, 500: {"custom", graph.Custom, nnCustom}, 600: {"copy", graph.Identity, nil},
	605: {"branch", graph.If, nil}, 615: {"loop", graph.While, nil}, 620: {"loopBreak", graph.Placeholder, nil},
	625: {"loopContinue", graph.Placeholder, nil}, 635: {"rangeStatic", graph.Range, nil}, 640: {"rangeDynamic", graph.Range, nil},
	660: {"clip", graph.Clip, nil}, 665: {"ceil", graph.Ceil, nil}, 670: {"floor", graph.Floor, nil}, 680: {"sign", graph.Sign, nil},
	685: {"round", graph.Round, nil}, 700: {"exp2", graph.Exp, nil}, 710: {"sin", graph.Sin, nil}, 715: {"cos", graph.Cos, nil},
	720: {"tan", graph.Tan, nil}, 730: {"asin", graph.Asin, nil}, 735: {"acos", graph.Acos, nil}, 740: {"atan", graph.Atan, nil},
	750: {"sinh", graph.Sinh, nil}, 755: {"cosh", graph.Cosh, nil}, 760: {"tanh", graph.Tanh, nil}, 770: {"asinh", graph.Asinh, nil},
	775: {"acosh", graph.Acosh, nil}, 780: {"atanh", graph.Atanh, nil}, 790: {"erf", graph.Erf, nil}, 795: {"gelu", graph.Gelu, nil},
	815: {"equal", graph.Equal, nil}, 820: {"notEqual", graph.NotEqual, nil}, 825: {"lessThan", graph.Less, nil},
	827: {"lessEqual", graph.LessOrEqual, nil}, 830: {"greaterThan", graph.Greater, nil}, 832: {"greaterEqual", graph.GreaterOrEqual, nil},
	840: {"logicalOr", graph.LogicalOr, nil}, 845: {"logicalXor", graph.LogicalXor, nil}, 850: {"logicalNot", graph.LogicalNot, nil},
	855: {"logicalAnd", graph.LogicalAnd, nil}, 865: {"modBroadcastable", graph.FloorMod, nil}, 870: {"minBroadcastable", graph.Min, nil},
	875: {"maxBroadcastable", graph.Max, nil}, 880: {"addBroadcastable", graph.Add, nil}, 885: {"powBroadcastable", graph.Pow, nil},
	890: {"divideBroadcastable", graph.Div, nil}, 895: {"floorDivBroadcastable", graph.FloorDiv, nil},
	900: {"multiplyBroadcastable", graph.Mul, nil}, 905: {"subtractBroadcastable", graph.Sub, nil}, 920: {"tile", graph.Tile, nnReshape(1)},
	925: {"stack", graph.Pack, nnAxis(1, 0)}, 930: {"gather", graph.Gather, nnGather}, 935: {"scatter", graph.ScatterElements, nil},
	940: {"gatherND", graph.GatherND, nnGatherND}, 945: {"scatterND", graph.ScatterND, nil}, 950: {"softmaxND", graph.Softmax, nnAxis(1, -1)},
	952: {"gatherAlongAxis", graph.GatherElements, nnAxis(1, 0)}, 954: {"scatterAlongAxis", graph.ScatterElements, nil},
	960: {"reverse", graph.Reverse, nil}, 965: {"reverseSeq", graph.ReverseSequence, nil}, 975: {"splitND", graph.Split, nnSplitND},
	980: {"concatND", graph.Concat, nnAxis(1, 0)}, 985: {"transpose", graph.Transpose, nnTranspose},
	995: {"sliceStatic", graph.StridedSlice, nnSliceStatic}, 1000: {"sliceDynamic", graph.Unknown, nil},
	1005: {"slidingWindows", graph.Unknown, nil}, 1015: {"topK", graph.TopK, nnTopK}, 1020: {"argMin", graph.ArgMin, nnArg},
	1025: {"argMax", graph.ArgMax, nnArg}, 1040: {"embeddingND", graph.EmbeddingLookup, nnEmbedding(20, 2, 1)},
	1045: {"batchedMatmul", graph.MatMul, nnBatchedMatMul}, 1065: {"getShape", graph.ShapeOp, nil}, 1070: {"loadConstantND", graph.Constant, nnConstant},
	1080: {"fillLike", graph.ZerosLike, nil}, 1085: {"fillStatic", graph.Fill, nnReshape(2)}, 1090: {"fillDynamic", graph.Fill, nil},
	1100: {"broadcastToLike", graph.Unknown, nil}, 1105: {"broadcastToStatic", graph.Expand, nnReshape(1)},
	1110: {"broadcastToDynamic", graph.Expand, nil}, 1120: {"squeeze", graph.Squeeze, nnAxes}, 1125: {"expandDims", graph.Unsqueeze, nnAxes},
	1130: {"flattenTo2D", graph.Flatten, nnFlatten2D}, 1135: {"reshapeLike", graph.Unknown, nil}, 1140: {"reshapeStatic", graph.Reshape, nnReshape(1)},
	1145: {"reshapeDynamic", graph.Reshape, nil}, 1150: {"rankPreservingReshape", graph.Reshape, nnReshape(1)},
	1155: {"constantPad", graph.Pad, nnConstantPad}, 1170: {"randomNormalLike", graph.RandomLike, nil}, 1175: {"randomNormalStatic", graph.RandomNormal, nnReshape(4)},
	1180: {"randomNormalDynamic", graph.RandomNormal, nil}, 1190: {"randomUniformLike", graph.RandomLike, nil},
	1195: {"randomUniformStatic", graph.RandomUniform, nnReshape(4)}, 1200: {"randomUniformDynamic", graph.RandomUniform, nil},
	1210: {"randomBernoulliLike", graph.Bernoulli, nil}, 1215: {"randomBernoulliStatic", graph.RandomUniform, nnReshape(3)},
	1220: {"randomBernoulliDynamic", graph.RandomUniform, nil}, 1230: {"categoricalDistribution", graph.Multinomial, nil},
	1250: {"reduceL1", graph.ReduceL1, nnReduceND}, 1255: {"reduceL2", graph.ReduceL2, nnReduceND}, 1260: {"reduceMax", graph.ReduceMax, nnReduceND},
	1265: {"reduceMin", graph.ReduceMin, nnReduceND}, 1270: {"reduceSum", graph.ReduceSum, nnReduceND}, 1275: {"reduceProd", graph.ReduceProd, nnReduceND},
	1280: {"reduceMean", graph.ReduceMean, nnReduceND}, 1285: {"reduceLogSum", graph.ReduceLogSum, nnReduceND},
	1290: {"reduceSumSquare", graph.ReduceSumSquare, nnReduceND}, 1295: {"reduceLogSumExp", graph.ReduceLogSumExp, nnReduceND},
	1313: {"whereNonZero", graph.NonZero, nil}, 1315: {"matrixBandPart", graph.Trilu, nil}, 1320: {"lowerTriangular", graph.Trilu, nil},
	1325: {"upperTriangular", graph.Trilu, nil}, 1330: {"whereBroadcastable", graph.Where, nil}, 1350: {"layerNormalization", graph.LayerNormalization, nnLayerNorm},
	1400: {"NonMaximumSuppression", graph.NonMaxSuppression, nnNMS}, 1450: {"oneHot", graph.OneHot, nnAxis(2, -1)}, 1455: {"cumSum", graph.CumSum, nnAxis(1, 0)},
	1460: {"clampedReLU", graph.Clip, nil}, 1461: {"argSort", graph.Sort, nnAxis(1, -1)}, 1465: {"pooling3d", graph.AveragePool, nnPool3D},
	1466: {"globalPooling3d", graph.AveragePool, nnGlobalPool3D}, 1470: {"sliceBySize", graph.Unknown, nil}, 1471: {"convolution3d", graph.Conv, nnConv3D},
}
