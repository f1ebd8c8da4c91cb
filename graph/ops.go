package graph

// Op is a canonical operator. Names follow the ONNX spelling where ONNX has
// the operator, TFLite's or ncnn's otherwise. The comment behind a constant
// gives its operands in order and its Attrs type; [x] is optional. An operand
// that an attribute also states may be left out (NoTensor or past the end):
// the attribute wins when it is set.
type Op string

// Unknown is an operator that the canonical table does not have; SourceOp
// keeps the file's word. Custom is a format's custom operator, OpaqueOp a
// compiled delegate blob: their cost is unknown.
const (
	Unknown  Op = ""
	Custom   Op = "Custom"
	OpaqueOp Op = "Opaque"
)

// Multiply-accumulate operators.
const (
	Conv               Op = "Conv"               // x, filter, [bias]; ConvAttrs
	ConvTranspose      Op = "ConvTranspose"      // x, filter, [bias], [output shape]; ConvAttrs
	DeformConv         Op = "DeformConv"         // x, filter, offset, [bias], [mask]; ConvAttrs
	SeparableConv      Op = "SeparableConv"      // x, depthwise filter, pointwise filter, [bias]; ConvAttrs of the depthwise part, OutChannels of the pointwise one
	MatMul             Op = "MatMul"             // a, b, [bias]; MatMulAttrs
	Gemm               Op = "Gemm"               // a, b, [c]; MatMulAttrs
	FullyConnected     Op = "FullyConnected"     // x, filter, [bias]; FullyConnectedAttrs
	Einsum             Op = "Einsum"             // operands...; EinsumAttrs
	LSTM               Op = "LSTM"               // x, [w], [r], rest as in the format; RNNAttrs
	GRU                Op = "GRU"                // x, [w], [r], rest; RNNAttrs
	RNN                Op = "RNN"                // x, [w], [r], rest; RNNAttrs
	SVDF               Op = "SVDF"               // x, weights_feature [filters, in], weights_time [filters, memory], [bias], state; SVDFAttrs
	Attention          Op = "Attention"          // q, k, v, [mask]...; AttentionAttrs (fused softmax(q·kᵀ)·v, no projections)
	MultiHeadAttention Op = "MultiHeadAttention" // q, [k], [v], weights...; AttentionAttrs (with projections where weights are operands)
	EmbeddingLookup    Op = "EmbeddingLookup"    // ids, table; no attrs
	EmbeddingBag       Op = "EmbeddingBag"       // ids, table, ...; no attrs
	Correlation        Op = "Correlation"        // a, b; no attrs
	RotaryEmbedding    Op = "RotaryEmbedding"    // x, cos, sin or positions; no attrs
	SSM                Op = "SSM"                // selective state-space scan: x, ...; no attrs
	SpectralTransform  Op = "SpectralTransform"  // FFT family: x, [length]; SpectralAttrs
)

// Pooling, normalisation and softmax.
const (
	MaxPool                   Op = "MaxPool"                   // x; PoolAttrs
	AveragePool               Op = "AveragePool"               // x; PoolAttrs
	LpPool                    Op = "LpPool"                    // x; PoolAttrs
	MaxUnpool                 Op = "MaxUnpool"                 // x, indices, [output shape]; PoolAttrs
	RoiPool                   Op = "RoiPool"                   // x, rois, [batch indices]; RoiAttrs
	RoiAlign                  Op = "RoiAlign"                  // x, rois, [batch indices]; RoiAttrs
	BatchNormalization        Op = "BatchNormalization"        // x, [scale], [bias], [mean], [variance]; AxisAttrs (channel axis)
	LayerNormalization        Op = "LayerNormalization"        // x, [scale], [bias]; ReduceAttrs (normalised axes)
	RMSNormalization          Op = "RMSNormalization"          // x, [scale]; ReduceAttrs
	InstanceNormalization     Op = "InstanceNormalization"     // x, [scale], [bias]; AxisAttrs (channel axis)
	GroupNormalization        Op = "GroupNormalization"        // x, [scale], [bias]; GroupAttrs
	LRN                       Op = "LRN"                       // x; LRNAttrs
	LpNormalization           Op = "LpNormalization"           // x, [scale]; ReduceAttrs (L1/L2 normalisation along axes)
	SkipLayerNormalization    Op = "SkipLayerNormalization"    // x, skip, [scale], [bias]...; ReduceAttrs (normalises x + skip)
	MeanVarianceNormalization Op = "MeanVarianceNormalization" // x; ReduceAttrs
	Softmax                   Op = "Softmax"                   // x; AxisAttrs
	LogSoftmax                Op = "LogSoftmax"                // x; AxisAttrs
	Hardmax                   Op = "Hardmax"                   // x; AxisAttrs
	Scale                     Op = "Scale"                     // x, [scale], [bias]; AxisAttrs (Caffe/ncnn per-channel scale)
	Bias                      Op = "Bias"                      // x, bias; AxisAttrs
	GLU                       Op = "GLU"                       // x: the first half of an axis times the sigmoid of the second; AxisAttrs
)

// Unary elementwise operators: x; no attrs unless said.
const (
	Identity              Op = "Identity"
	Dropout               Op = "Dropout" // x, ...; identity at inference
	Relu                  Op = "Relu"
	Relu6                 Op = "Relu6"
	ReluN1To1             Op = "ReluN1To1"
	Relu0To1              Op = "Relu0To1"
	LeakyRelu             Op = "LeakyRelu"
	PRelu                 Op = "PRelu" // x, slope; AxisAttrs (channel axis) where the slope's size is open
	Elu                   Op = "Elu"
	Celu                  Op = "Celu"
	Selu                  Op = "Selu"
	Gelu                  Op = "Gelu"
	Silu                  Op = "Silu"
	Mish                  Op = "Mish"
	HardSigmoid           Op = "HardSigmoid"
	HardSwish             Op = "HardSwish"
	Sigmoid               Op = "Sigmoid"
	LogSigmoid            Op = "LogSigmoid"
	Tanh                  Op = "Tanh"
	Softplus              Op = "Softplus"
	Softsign              Op = "Softsign"
	ThresholdedRelu       Op = "ThresholdedRelu"
	Shrink                Op = "Shrink"
	Clip                  Op = "Clip" // x, [min], [max]
	Abs                   Op = "Abs"
	Neg                   Op = "Neg"
	Sign                  Op = "Sign"
	Ceil                  Op = "Ceil"
	Floor                 Op = "Floor"
	Round                 Op = "Round"
	Trunc                 Op = "Trunc"
	Exp                   Op = "Exp"
	Expm1                 Op = "Expm1"
	Log                   Op = "Log"
	Log1p                 Op = "Log1p"
	Sqrt                  Op = "Sqrt"
	Rsqrt                 Op = "Rsqrt"
	Cbrt                  Op = "Cbrt"
	Square                Op = "Square"
	Reciprocal            Op = "Reciprocal"
	Sin                   Op = "Sin"
	Cos                   Op = "Cos"
	Tan                   Op = "Tan"
	Asin                  Op = "Asin"
	Acos                  Op = "Acos"
	Atan                  Op = "Atan"
	Sinh                  Op = "Sinh"
	Cosh                  Op = "Cosh"
	Asinh                 Op = "Asinh"
	Acosh                 Op = "Acosh"
	Atanh                 Op = "Atanh"
	Erf                   Op = "Erf"
	LogicalNot            Op = "LogicalNot"
	BitwiseNot            Op = "BitwiseNot"
	PopulationCount       Op = "PopulationCount"
	IsNaN                 Op = "IsNaN"
	IsInf                 Op = "IsInf"
	IsFinite              Op = "IsFinite"
	Real                  Op = "Real"
	Imag                  Op = "Imag"
	ComplexAbs            Op = "ComplexAbs"
	Power                 Op = "Power"                 // ncnn/Caffe (shift + scale*x)^power
	UnaryOther            Op = "UnaryOther"            // a named elementwise function without an own entry
	Cast                  Op = "Cast"                  // x; CastAttrs
	BitCast               Op = "BitCast"               // x; CastAttrs
	QuantizeLinear        Op = "QuantizeLinear"        // x, [scale], [zero point]; CastAttrs
	DequantizeLinear      Op = "DequantizeLinear"      // x, [scale], [zero point]; CastAttrs
	Requantize            Op = "Requantize"            // x; CastAttrs
	DynamicQuantizeLinear Op = "DynamicQuantizeLinear" // x -> y, scale, zero point
	FakeQuantize          Op = "FakeQuantize"          // x, ...
	Densify               Op = "Densify"               // sparse constant -> dense
)

// Broadcasting elementwise operators: a, b (variadic where said). With AxisAttrs
// the operand of lower rank stands at the other's axes from Axis on (ncnn,
// ONNX before opset 7); without, axes are aligned at the end.
const (
	Add               Op = "Add"
	Sub               Op = "Sub"
	Mul               Op = "Mul"
	Div               Op = "Div"
	FloorDiv          Op = "FloorDiv"
	Mod               Op = "Mod"
	FloorMod          Op = "FloorMod"
	Pow               Op = "Pow"
	Max               Op = "Max"  // variadic
	Min               Op = "Min"  // variadic
	Mean              Op = "Mean" // variadic
	Sum               Op = "Sum"  // variadic (AddN)
	SquaredDifference Op = "SquaredDifference"
	Atan2             Op = "Atan2"
	BitShift          Op = "BitShift"
	BitwiseAnd        Op = "BitwiseAnd"
	BitwiseOr         Op = "BitwiseOr"
	BitwiseXor        Op = "BitwiseXor"
	LogicalAnd        Op = "LogicalAnd"
	LogicalOr         Op = "LogicalOr"
	LogicalXor        Op = "LogicalXor"
	Equal             Op = "Equal"
	NotEqual          Op = "NotEqual"
	Greater           Op = "Greater"
	GreaterOrEqual    Op = "GreaterOrEqual"
	Less              Op = "Less"
	LessOrEqual       Op = "LessOrEqual"
	Complex           Op = "Complex"
	BinaryOther       Op = "BinaryOther" // a named broadcasting function without an own entry
	Where             Op = "Where"       // condition, a, b
	Eltwise           Op = "Eltwise"     // variadic same-shape sum, product or max (Caffe/ncnn)
)

// Reductions: x, [axes]; ReduceAttrs.
const (
	ReduceSum       Op = "ReduceSum"
	ReduceMean      Op = "ReduceMean"
	ReduceMax       Op = "ReduceMax"
	ReduceMin       Op = "ReduceMin"
	ReduceProd      Op = "ReduceProd"
	ReduceL1        Op = "ReduceL1"
	ReduceL2        Op = "ReduceL2"
	ReduceLogSum    Op = "ReduceLogSum"
	ReduceLogSumExp Op = "ReduceLogSumExp"
	ReduceSumSquare Op = "ReduceSumSquare"
	ReduceAny       Op = "ReduceAny"
	ReduceAll       Op = "ReduceAll"
	Det             Op = "Det"     // x: determinant over the last two axes; ReduceAttrs
	ArgMax          Op = "ArgMax"  // x, [axis]; ReduceAttrs
	ArgMin          Op = "ArgMin"  // x, [axis]; ReduceAttrs
	CumSum          Op = "CumSum"  // x, [axis]; AxisAttrs
	CumProd         Op = "CumProd" // x, [axis]; AxisAttrs
	TopK            Op = "TopK"    // x, k; TopKAttrs -> values, indices
	Sort            Op = "Sort"    // x; AxisAttrs -> values, [indices]
)

// Layout and data movement.
const (
	Reshape            Op = "Reshape"            // x, [shape]; ReshapeAttrs
	Flatten            Op = "Flatten"            // x; FlattenAttrs
	Squeeze            Op = "Squeeze"            // x, [axes]; AxesAttrs (no axes: every 1)
	Unsqueeze          Op = "Unsqueeze"          // x, [axes]; AxesAttrs
	Transpose          Op = "Transpose"          // x, [perm]; PermAttrs
	Concat             Op = "Concat"             // xs...; AxisAttrs
	Split              Op = "Split"              // x, [sizes]; SplitAttrs
	Slice              Op = "Slice"              // x, [starts], [ends], [axes], [steps]; SliceAttrs
	StridedSlice       Op = "StridedSlice"       // x, begin, end, strides; StridedSliceAttrs (TensorFlow masks)
	SliceBySize        Op = "SliceBySize"        // x, begin, size (size -1: to the end; TFLite SLICE)
	DynamicSlice       Op = "DynamicSlice"       // x, start indices...; ReshapeAttrs (sizes)
	DynamicUpdateSlice Op = "DynamicUpdateSlice" // x, update, start indices
	Crop               Op = "Crop"               // x, [reference]; CropAttrs
	Pad                Op = "Pad"                // x, [pads as begin... end...], [value], [axes]; PadAttrs
	Gather             Op = "Gather"             // x, indices; GatherAttrs
	GatherElements     Op = "GatherElements"     // x, indices; AxisAttrs
	GatherND           Op = "GatherND"           // x, indices; GatherAttrs
	ScatterElements    Op = "ScatterElements"    // x, indices, updates
	ScatterND          Op = "ScatterND"          // x, indices, updates (TensorFlow form: indices, updates, shape with ReshapeAttrs unset and ScatterFromShape)
	ScatterFromShape   Op = "ScatterFromShape"   // indices, updates, shape
	SegmentReduce      Op = "SegmentReduce"      // x, segment ids, [count]
	Tile               Op = "Tile"               // x, repeats; ReshapeAttrs (repeats)
	Expand             Op = "Expand"             // x, shape; ReshapeAttrs (numpy broadcasting with shape)
	Resize             Op = "Resize"             // x, [sizes of the spatial axes or of all axes], [scales]; ResizeAttrs
	GridSample         Op = "GridSample"         // x, grid; LayoutAttrs
	AffineGrid         Op = "AffineGrid"         // theta, size
	DepthToSpace       Op = "DepthToSpace"       // x; BlockAttrs
	SpaceToDepth       Op = "SpaceToDepth"       // x; BlockAttrs
	SpaceToBatch       Op = "SpaceToBatch"       // x, block, paddings
	BatchToSpace       Op = "BatchToSpace"       // x, block, crops
	ChannelShuffle     Op = "ChannelShuffle"     // x; GroupAttrs
	Reorg              Op = "Reorg"              // x; BlockAttrs
	Reverse            Op = "Reverse"            // x, [axes]
	ReverseSequence    Op = "ReverseSequence"    // x, lengths
	Roll               Op = "Roll"               // x, ...
	Pack               Op = "Pack"               // xs...; AxisAttrs (stack)
	Unpack             Op = "Unpack"             // x; SplitAttrs (unstack: the axis is removed)
	Im2Col             Op = "Im2Col"             // x; ConvAttrs
	Col2Im             Op = "Col2Im"             // x, image shape, block shape; ConvAttrs
	Trilu              Op = "Trilu"              // x
	MatrixDiag         Op = "MatrixDiag"         // x
	MatrixSetDiag      Op = "MatrixSetDiag"      // x, diagonal
	LayoutCopy         Op = "LayoutCopy"         // x: memory layout, packing or device copy, no arithmetic
	Copies             Op = "Copies"             // x -> the same value under several names (ncnn/Caffe Split)
)

// Values made from shapes, indexes and randomness.
const (
	Constant          Op = "Constant"          // -> value
	ConstantOfShape   Op = "ConstantOfShape"   // shape; ReshapeAttrs, CastAttrs
	Fill              Op = "Fill"              // shape, value
	ZerosLike         Op = "ZerosLike"         // x
	ShapeOp           Op = "Shape"             // x; ShapeAttrs
	SizeOp            Op = "Size"              // x
	RankOp            Op = "Rank"              // x
	Range             Op = "Range"             // start, limit, delta
	EyeLike           Op = "EyeLike"           // x
	OneHot            Op = "OneHot"            // indices, depth, [values]; AxisAttrs
	NonZero           Op = "NonZero"           // x (output size depends on data)
	WhereIndices      Op = "WhereIndices"      // condition (TFLite WHERE; output size depends on data)
	Unique            Op = "Unique"            // x
	Compress          Op = "Compress"          // x, condition; AxisAttrs
	NonMaxSuppression Op = "NonMaxSuppression" // boxes, scores, [max outputs], ...; NMSAttrs
	DetectionOutput   Op = "DetectionOutput"   // locations, scores, priors; NMSAttrs
	PriorBox          Op = "PriorBox"          // feature, [image]; PriorBoxAttrs
	Proposal          Op = "Proposal"          // scores, boxes, info
	Bernoulli         Op = "Bernoulli"         // x
	RandomNormal      Op = "RandomNormal"      // [shape]; ReshapeAttrs
	RandomUniform     Op = "RandomUniform"     // [shape]; ReshapeAttrs
	RandomLike        Op = "RandomLike"        // x
	Multinomial       Op = "Multinomial"       // x
	Bucketize         Op = "Bucketize"         // x, [boundaries]
	BroadcastArgs     Op = "BroadcastArgs"     // shape a, shape b
	WindowOp          Op = "Window"            // size (Hann, Hamming, Blackman)
	MelWeights        Op = "MelWeights"        // MelWeightMatrix
	SequenceOp        Op = "Sequence"          // ONNX sequences and optionals, TF tensor lists
	StringOp          Op = "StringOp"          // string normalisers, tokenisers, hash tables
	ClassicML         Op = "ClassicML"         // trees, SVM, linear models (ai.onnx.ml)
	Lookup            Op = "Lookup"            // hash tables, vocabularies
	StateRead         Op = "StateRead"         // variable handle, read
	StateWrite        Op = "StateWrite"        // assign
	Audio             Op = "Audio"             // spectrogram, MFCC front ends; SpectralAttrs
	LossLayer         Op = "LossLayer"         // training losses and metrics
	InputOp           Op = "Input"             // a graph input that the format writes as a node
	DecodeImage       Op = "DecodeImage"       // encoded image bytes -> pixels (size depends on data)
	OutputOp          Op = "Output"            // a graph output that the format writes as a node
	Placeholder       Op = "NoOp"              // no operation
)

// Control flow: Node.Subgraphs holds the bodies.
const (
	If    Op = "If"    // condition, operands...; subgraphs then, else
	While Op = "While" // state...; subgraphs cond, body; LoopAttrs
	Loop  Op = "Loop"  // trip count, condition, state...; subgraph body; LoopAttrs
	Scan  Op = "Scan"  // state..., scanned...; subgraph body; ScanAttrs
	Call  Op = "Call"  // operands...; subgraph
)
