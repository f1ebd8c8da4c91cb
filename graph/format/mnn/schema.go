package mnn

// Slots of the tables, by the schema's own names.
const (
	netBizCode             = 0
	netExtraTensorDescribe = 1
	netOplists             = 3
	netOutputName          = 4
	netSourceType          = 6
	netTensorName          = 7
	netUsage               = 9
	netSubgraphs           = 10
	netUUID                = 11

	opInputIndexes  = 0
	opMain          = 2
	opName          = 3
	opOutputIndexes = 4
	opType          = 5

	subgraphName    = 0
	subgraphInputs  = 1
	subgraphOutputs = 2
	subgraphTensors = 3
	subgraphNodes   = 4

	describeIndex     = 1
	describeQuantInfo = 4
	quantInfoScale    = 0
	quantInfoZero     = 1

	blobDims     = 0
	blobDataType = 2
	blobUint8s   = 3
	blobInt8s    = 4
	blobInt32s   = 5
	blobInt64s   = 6
	blobFloat32s = 7
	blobStrings  = 8
	blobExternal = 9

	convCommon        = 0
	convWeight        = 1
	convBias          = 2
	convQuanParameter = 3
	convSymmetricQuan = 4
	convExternal      = 6

	commonPadX        = 0
	commonPadY        = 1
	commonKernelX     = 2
	commonKernelY     = 3
	commonStrideX     = 4
	commonStrideY     = 5
	commonDilateX     = 6
	commonDilateY     = 7
	commonPadMode     = 8
	commonGroup       = 9
	commonOutputCount = 10
	commonInputCount  = 11
	commonRelu        = 12
	commonRelu6       = 13
	commonPads        = 14
	commonOutPads     = 15

	commonHasOutputShape = 16

	quanBuffer     = 0
	quanAlpha      = 1
	quanType       = 2
	quanReadType   = 9
	quanShapeInt32 = 11
	quanWeightSize = 12
	quanIndex      = 13

	floatWeight = 0
	floatBias   = 1
	floatScale  = 2
	floatBits   = 5

	sourceTensorFlow = 1
	sourceTFLite     = 2

	typeConst = 11
	typeInput = 34
)
