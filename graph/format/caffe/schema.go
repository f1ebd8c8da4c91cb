package caffe

import "strconv"

// kind says how a bytes field is to be read.
type kind uint8

const (
	integer kind = iota // varints, single or packed
	text
)

// fieldDef is one field of a message: what it is called in a prototxt.
type fieldDef struct {
	name    string
	kind    kind
	message map[int32]fieldDef
	enum    []string
}

// word returns an integer or enum value as a prototxt writes it.
func (d fieldDef) word(v int64) string {
	if v >= 0 && v < int64(len(d.enum)) && d.enum[v] != "" {
		return d.enum[v]
	}
	return strconv.FormatInt(v, 10)
}

func num(name string) fieldDef                   { return fieldDef{name: name} }
func str(name string) fieldDef                   { return fieldDef{name: name, kind: text} }
func enum(name string, words ...string) fieldDef { return fieldDef{name: name, enum: words} }
func msg(name string, fields map[int32]fieldDef) fieldDef {
	return fieldDef{name: name, message: fields}
}

// The messages of caffe.proto, field numbers by name. Only fields that decide
// shapes, costs or operators are listed.
var (
	shapeSchema = map[int32]fieldDef{1: num("dim")}
	ruleSchema  = map[int32]fieldDef{1: enum("phase", "TRAIN", "TEST"), 4: str("stage"), 5: str("not_stage")}

	argMaxSchema = map[int32]fieldDef{1: num("out_max_val"), 2: num("top_k"), 3: num("axis")}
	concatSchema = map[int32]fieldDef{1: num("concat_dim"), 2: num("axis")}
	convSchema   = map[int32]fieldDef{
		1: num("num_output"), 2: num("bias_term"), 3: num("pad"), 4: num("kernel_size"), 5: num("group"), 6: num("stride"),
		9: num("pad_h"), 10: num("pad_w"), 11: num("kernel_h"), 12: num("kernel_w"), 13: num("stride_h"), 14: num("stride_w"),
		16: num("axis"), 18: num("dilation"),
	}
	dummySchema   = map[int32]fieldDef{2: num("num"), 3: num("channels"), 4: num("height"), 5: num("width"), 6: msg("shape", shapeSchema)}
	eltwiseSchema = map[int32]fieldDef{1: enum("operation", "PROD", "SUM", "MAX")}
	denseSchema   = map[int32]fieldDef{1: num("num_output"), 2: num("bias_term"), 5: num("axis"), 6: num("transpose")}
	lrnSchema     = map[int32]fieldDef{1: num("local_size"), 4: enum("norm_region", "ACROSS_CHANNELS", "WITHIN_CHANNEL")}
	memorySchema  = map[int32]fieldDef{1: num("batch_size"), 2: num("channels"), 3: num("height"), 4: num("width")}
	mvnSchema     = map[int32]fieldDef{1: num("normalize_variance"), 2: num("across_channels")}
	poolSchema    = map[int32]fieldDef{
		1: enum("pool", "MAX", "AVE", "STOCHASTIC"), 2: num("kernel_size"), 3: num("stride"), 4: num("pad"), 5: num("kernel_h"), 6: num("kernel_w"),
		7: num("stride_h"), 8: num("stride_w"), 9: num("pad_h"), 10: num("pad_w"), 12: num("global_pooling"), 13: enum("round_mode", "CEIL", "FLOOR"),
	}
	axisSchema      = map[int32]fieldDef{2: num("axis")}
	sliceSchema     = map[int32]fieldDef{1: num("slice_dim"), 2: num("slice_point"), 3: num("axis")}
	reluSchema      = map[int32]fieldDef{1: num("negative_slope")}
	preluSchema     = map[int32]fieldDef{2: num("channel_shared")}
	reshapeSchema   = map[int32]fieldDef{1: msg("shape", shapeSchema), 2: num("axis"), 3: num("num_axes")}
	flattenSchema   = map[int32]fieldDef{1: num("axis"), 2: num("end_axis")}
	reductionSchema = map[int32]fieldDef{1: enum("operation", "", "SUM", "ASUM", "SUMSQ", "MEAN"), 2: num("axis")}
	embedSchema     = map[int32]fieldDef{1: num("num_output"), 2: num("input_dim"), 3: num("bias_term")}
	tileSchema      = map[int32]fieldDef{1: num("axis"), 2: num("tiles")}
	scaleSchema     = map[int32]fieldDef{1: num("axis"), 2: num("num_axes"), 4: num("bias_term")}
	biasSchema      = map[int32]fieldDef{1: num("axis"), 2: num("num_axes")}
	inputSchema     = map[int32]fieldDef{1: msg("shape", shapeSchema)}
	cropSchema      = map[int32]fieldDef{1: num("axis"), 2: num("offset")}
	recurrentSchema = map[int32]fieldDef{1: num("num_output")}
	permuteSchema   = map[int32]fieldDef{1: num("order")}
	priorBoxSchema  = map[int32]fieldDef{1: num("min_size"), 2: num("max_size"), 3: num("aspect_ratio"), 4: num("flip")}
	normSchema      = map[int32]fieldDef{1: num("across_spatial"), 3: num("channel_shared")}
)

// netSchema are the fields of NetParameter beside name and layers.
var netSchema = map[int32]fieldDef{3: str("input"), 4: num("input_dim"), 8: msg("input_shape", shapeSchema)}

// layerSchema is LayerParameter; 202 to 206 are SSD's additions.
var layerSchema = map[int32]fieldDef{
	1: str("name"), 2: str("type"), 3: str("bottom"), 4: str("top"), 8: msg("include", ruleSchema), 9: msg("exclude", ruleSchema),
	10:  enum("phase", "TRAIN", "TEST"),
	103: msg("argmax_param", argMaxSchema), 104: msg("concat_param", concatSchema), 106: msg("convolution_param", convSchema),
	109: msg("dummy_data_param", dummySchema), 110: msg("eltwise_param", eltwiseSchema), 117: msg("inner_product_param", denseSchema),
	118: msg("lrn_param", lrnSchema), 119: msg("memory_data_param", memorySchema), 120: msg("mvn_param", mvnSchema),
	121: msg("pooling_param", poolSchema), 123: msg("relu_param", reluSchema), 125: msg("softmax_param", axisSchema),
	126: msg("slice_param", sliceSchema), 131: msg("prelu_param", preluSchema), 133: msg("reshape_param", reshapeSchema),
	135: msg("flatten_param", flattenSchema), 136: msg("reduction_param", reductionSchema), 137: msg("embed_param", embedSchema),
	138: msg("tile_param", tileSchema), 141: msg("bias_param", biasSchema), 142: msg("scale_param", scaleSchema),
	143: msg("input_param", inputSchema), 144: msg("crop_param", cropSchema), 146: msg("recurrent_param", recurrentSchema),
	202: msg("permute_param", permuteSchema), 203: msg("prior_box_param", priorBoxSchema), 206: msg("norm_param", normSchema),
}

// v1Types are the layer types of V1LayerParameter by number, with the
// spelling of the current types beside them in v1Names.
var v1Types = [...]string{
	0: "NONE", 1: "ACCURACY", 2: "BNLL", 3: "CONCAT", 4: "CONVOLUTION", 5: "DATA", 6: "DROPOUT", 7: "EUCLIDEAN_LOSS", 8: "FLATTEN", 9: "HDF5_DATA",
	10: "HDF5_OUTPUT", 11: "IM2COL", 12: "IMAGE_DATA", 13: "INFOGAIN_LOSS", 14: "INNER_PRODUCT", 15: "LRN", 16: "MULTINOMIAL_LOGISTIC_LOSS",
	17: "POOLING", 18: "RELU", 19: "SIGMOID", 20: "SOFTMAX", 21: "SOFTMAX_LOSS", 22: "SPLIT", 23: "TANH", 24: "WINDOW_DATA", 25: "ELTWISE",
	26: "POWER", 27: "SIGMOID_CROSS_ENTROPY_LOSS", 28: "HINGE_LOSS", 29: "MEMORY_DATA", 30: "ARGMAX", 31: "THRESHOLD", 32: "DUMMY_DATA",
	33: "SLICE", 34: "MVN", 35: "ABSVAL", 36: "SILENCE", 37: "CONTRASTIVE_LOSS", 38: "EXP", 39: "DECONVOLUTION",
}

// v1Names are the current names of the V1 types, as Caffe's own upgrade has them.
var v1Names = map[string]string{
	"ACCURACY": "Accuracy", "BNLL": "BNLL", "CONCAT": "Concat", "CONVOLUTION": "Convolution", "DATA": "Data", "DROPOUT": "Dropout",
	"EUCLIDEAN_LOSS": "EuclideanLoss", "FLATTEN": "Flatten", "HDF5_DATA": "HDF5Data", "HDF5_OUTPUT": "HDF5Output", "IM2COL": "Im2col",
	"IMAGE_DATA": "ImageData", "INFOGAIN_LOSS": "InfogainLoss", "INNER_PRODUCT": "InnerProduct", "LRN": "LRN",
	"MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss", "POOLING": "Pooling", "RELU": "ReLU", "SIGMOID": "Sigmoid", "SOFTMAX": "Softmax",
	"SOFTMAX_LOSS": "SoftmaxWithLoss", "SPLIT": "Split", "TANH": "TanH", "WINDOW_DATA": "WindowData", "ELTWISE": "Eltwise", "POWER": "Power",
	"SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss", "HINGE_LOSS": "HingeLoss", "MEMORY_DATA": "MemoryData", "ARGMAX": "ArgMax",
	"THRESHOLD": "Threshold", "DUMMY_DATA": "DummyData", "SLICE": "Slice", "MVN": "MVN", "ABSVAL": "AbsVal", "SILENCE": "Silence",
	"CONTRASTIVE_LOSS": "ContrastiveLoss", "EXP": "Exp", "DECONVOLUTION": "Deconvolution",
}

// v1Schema is V1LayerParameter.
var v1Schema = map[int32]fieldDef{
	2: str("bottom"), 3: str("top"), 4: str("name"), 5: enum("type", v1Types[:]...), 32: msg("include", ruleSchema), 33: msg("exclude", ruleSchema),
	9: msg("concat_param", concatSchema), 10: msg("convolution_param", convSchema), 17: msg("inner_product_param", denseSchema),
	18: msg("lrn_param", lrnSchema), 19: msg("pooling_param", poolSchema), 22: msg("memory_data_param", memorySchema), 23: msg("argmax_param", argMaxSchema),
	24: msg("eltwise_param", eltwiseSchema), 26: msg("dummy_data_param", dummySchema), 30: msg("relu_param", reluSchema), 31: msg("slice_param", sliceSchema),
	34: msg("mvn_param", mvnSchema), 39: msg("softmax_param", axisSchema),
}
