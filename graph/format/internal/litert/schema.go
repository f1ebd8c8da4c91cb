package litert

// Slots of the tables, by the schema's own names.
const (
	modelVersion              = 0
	modelOperatorCodes        = 1
	modelSubgraphs            = 2
	modelDescription          = 3
	modelBuffers              = 4
	modelMetadataBuffer       = 5
	modelMetadata             = 6
	modelSignatureDefs        = 7
	modelExternalBufferGroups = 8
	modelExternalBuffers      = 9

	codeDeprecatedBuiltinCode = 0
	codeCustomCode            = 1
	codeVersion               = 2
	codeBuiltinCode           = 3

	subgraphTensors   = 0
	subgraphInputs    = 1
	subgraphOutputs   = 2
	subgraphOperators = 3
	subgraphName      = 4

	tensorShape          = 0
	tensorType           = 1
	tensorBuffer         = 2
	tensorName           = 3
	tensorQuantization   = 4
	tensorIsVariable     = 5
	tensorSparsity       = 6
	tensorShapeSignature = 7
	tensorHasRank        = 8
	tensorVariantTensors = 9
	tensorExternalBuffer = 10

	operatorOpcodeIndex              = 0
	operatorInputs                   = 1
	operatorOutputs                  = 2
	operatorBuiltinOptions           = 4
	operatorCustomOptions            = 5
	operatorMutatingVariableInputs   = 7
	operatorIntermediates            = 8
	operatorLargeCustomOptionsOffset = 9
	operatorLargeCustomOptionsSize   = 10
	operatorBuiltinOptions2          = 12

	bufferData   = 0
	bufferOffset = 1
	bufferSize   = 2

	externalBufferID     = 0
	externalBufferGroup  = 1
	externalBufferOffset = 2
	externalBufferLength = 3
	externalPacking      = 4
	externalGroupName    = 0

	quantMin                = 0
	quantMax                = 1
	quantScale              = 2
	quantZeroPoint          = 3
	quantDetailsType        = 4
	quantDetails            = 5
	quantQuantizedDimension = 6

	quantDetailsCustom    = 1
	quantDetailsBlockwise = 2
	quantDetailsMultiAxis = 3

	blockwiseBlockSize  = 2
	blockwiseBlockShape = 3

	sparsityTraversalOrder = 0
	sparsityBlockMap       = 1
	sparsityDimMetadata    = 2

	dimensionFormat        = 0
	dimensionDenseSize     = 1
	dimensionSegmentsType  = 2
	dimensionArraySegments = 3
	dimensionIndicesType   = 4
	dimensionArrayIndices  = 5

	metadataName   = 0
	metadataBuffer = 1

	signatureInputs        = 0
	signatureOutputs       = 1
	signatureKey           = 2
	signatureDeprecatedTag = 3
	signatureSubgraphIndex = 4

	tensorMapName        = 0
	tensorMapTensorIndex = 1
)

// schemaVersion is the only value of Model.version since 2017.
const schemaVersion = 3

// placeholderForGreaterOpCodes in the old 8-bit code says: see the 32-bit one.
const (
	placeholderForGreaterOpCodes = 127
	builtinCustom                = 32
)
