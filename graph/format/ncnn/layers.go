package ncnn

import "github.com/gaugenn/gaugenn/graph"

// layers maps a layer type to the function that fills its node. Parameter ids
// are those of ncnn's operators.md.
var layers = map[string]func(*call){
	"AbsVal":                   same(graph.Abs),
	"ArgMax":                   argMax,
	"BatchNorm":                batchNorm,
	"Bias":                     bias,
	"BNLL":                     same(graph.Softplus),
	"Concat":                   func(c *call) { c.op(graph.Concat, axis(c, 0)) },
	"Convolution":              func(c *call) { convolution(c, 2) },
	"Crop":                     crop,
	"Deconvolution":            func(c *call) { deconvolution(c, 2) },
	"Dropout":                  same(graph.Dropout),
	"Eltwise":                  same(graph.Eltwise),
	"ELU":                      same(graph.Elu),
	"Embed":                    embed,
	"Exp":                      same(graph.Exp),
	"Flatten":                  func(c *call) { c.op(graph.Flatten, &graph.FlattenAttrs{EndAxis: -1}); c.out(1) },
	"InnerProduct":             innerProduct,
	"Input":                    input,
	"Log":                      same(graph.Log),
	"LRN":                      lrn,
	"MemoryData":               memoryData,
	"MVN":                      mvn,
	"Pooling":                  func(c *call) { pooling(c, 2) },
	"Power":                    same(graph.Power),
	"PReLU":                    prelu,
	"Proposal":                 func(c *call) { c.op(graph.Proposal, nil); c.out(2) },
	"Reduction":                reduction,
	"ReLU":                     relu,
	"Reshape":                  reshape,
	"ROIPooling":               func(c *call) { roi(c, graph.RoiPool) },
	"Scale":                    scale,
	"Sigmoid":                  same(graph.Sigmoid),
	"Slice":                    slice,
	"Softmax":                  func(c *call) { c.op(graph.Softmax, axis(c, 0)) },
	"Split":                    same(graph.Copies),
	"SPP":                      unknown,
	"TanH":                     same(graph.Tanh),
	"Threshold":                same(graph.UnaryOther),
	"Tile":                     tile,
	"RNN":                      func(c *call) { recurrent(c, graph.RNN, 1, 1) },
	"LSTM":                     func(c *call) { recurrent(c, graph.LSTM, 4, 4) },
	"BinaryOp":                 binaryOp,
	"UnaryOp":                  unaryOp,
	"ConvolutionDepthWise":     func(c *call) { convolution(c, 2) },
	"Padding":                  padding,
	"Squeeze":                  func(c *call) { squeeze(c, graph.Squeeze, -1) },
	"ExpandDims":               func(c *call) { squeeze(c, graph.Unsqueeze, 1) },
	"Normalize":                normalize,
	"Permute":                  permute,
	"PriorBox":                 priorBox,
	"DetectionOutput":          detectionOutput,
	"Interp":                   interp,
	"DeconvolutionDepthWise":   func(c *call) { deconvolution(c, 2) },
	"ShuffleChannel":           shuffle,
	"InstanceNorm":             instanceNorm,
	"Clip":                     same(graph.Clip),
	"Reorg":                    func(c *call) { block(c, graph.SpaceToDepth) },
	"YoloDetectionOutput":      detectionOutput,
	"Quantize":                 quantize,
	"Dequantize":               dequantize,
	"Yolov3DetectionOutput":    detectionOutput,
	"PSROIPooling":             func(c *call) { roi(c, graph.RoiPool) },
	"ROIAlign":                 func(c *call) { roi(c, graph.RoiAlign) },
	"Packing":                  same(graph.LayoutCopy),
	"Requantize":               requantize,
	"Cast":                     cast,
	"HardSigmoid":              same(graph.HardSigmoid),
	"SELU":                     same(graph.Selu),
	"HardSwish":                same(graph.HardSwish),
	"Noop":                     noop,
	"PixelShuffle":             func(c *call) { block(c, graph.DepthToSpace) },
	"DeepCopy":                 same(graph.Identity),
	"Mish":                     same(graph.Mish),
	"StatisticsPooling":        unknown,
	"Swish":                    same(graph.Silu),
	"Gemm":                     gemm,
	"GroupNorm":                groupNorm,
	"LayerNorm":                layerNorm,
	"Softplus":                 same(graph.Softplus),
	"GRU":                      func(c *call) { recurrent(c, graph.GRU, 3, 4) },
	"MultiHeadAttention":       multiHead,
	"GELU":                     same(graph.Gelu),
	"Convolution1D":            func(c *call) { convolution(c, 1) },
	"Pooling1D":                func(c *call) { pooling(c, 1) },
	"ConvolutionDepthWise1D":   func(c *call) { convolution(c, 1) },
	"Convolution3D":            func(c *call) { convolution(c, 3) },
	"ConvolutionDepthWise3D":   func(c *call) { convolution(c, 3) },
	"Pooling3D":                func(c *call) { pooling(c, 3) },
	"MatMul":                   matMul,
	"Deconvolution1D":          func(c *call) { deconvolution(c, 1) },
	"DeconvolutionDepthWise1D": func(c *call) { deconvolution(c, 1) },
	"Deconvolution3D":          func(c *call) { deconvolution(c, 3) },
	"DeconvolutionDepthWise3D": func(c *call) { deconvolution(c, 3) },
	"Einsum":                   einsum,
	"DeformableConv2D":         deformable,
	"GLU":                      func(c *call) { c.op(graph.GLU, axis(c, 0)) },
	"Fold":                     unknown,
	"Unfold":                   unfold,
	"GridSample":               gridSample,
	"CumulativeSum":            func(c *call) { c.op(graph.CumSum, axis(c, 0)) },
	"CopyTo":                   same(graph.DynamicUpdateSlice),
	"Erf":                      same(graph.Erf),
	"Diag":                     unknown,
	"CELU":                     same(graph.Celu),
	"Shrink":                   same(graph.Shrink),
	"RMSNorm":                  rmsNorm,
	"Spectrogram":              func(c *call) { spectrogram(c, false) },
	"InverseSpectrogram":       func(c *call) { spectrogram(c, true) },
	"Flip":                     same(graph.Reverse),
	"SDPA":                     sdpa,
	"RotaryEmbed":              same(graph.RotaryEmbedding),
}

// same is an operator without attributes whose output has the rank of its
// first input.
func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

// noop passes its inputs on; without outputs it only keeps them alive.
func noop(c *call) {
	c.n.Op = graph.Placeholder
	if len(c.n.Outputs) > 0 && len(c.n.Inputs) > 0 {
		c.n.Op = graph.Copies
	}
}

// unknown is a layer of the runtime that the canonical table does not have.
func unknown(c *call) { c.out(0) }

// axis reads an axis parameter. Axes count from the outermost dimension, as
// everywhere: 0 is c of [c, h, w].
func axis(c *call, id int) *graph.AxisAttrs {
	return &graph.AxisAttrs{Axis: int(c.params.int(id, 0))}
}

// input is a network input: w, h, d, c in parameters 0, 1, 11, 2, outermost
// last; 0 or less is not stated.
func input(c *call) {
	c.n.Op = graph.InputOp
	shape := declared(c)
	for _, id := range c.n.Outputs {
		c.b.g.Tensors[id].Shape = shape
		c.b.ranks[id] = int8(shape.Len())
		c.b.g.Inputs = append(c.b.g.Inputs, id)
	}
}

func declared(c *call) graph.Shape {
	w, h, d, ch := c.params.int(0, 0), c.params.int(1, 0), c.params.int(11, 0), c.params.int(2, 0)
	var dims []int64
	switch {
	case d > 0:
		dims = []int64{ch, d, h, w}
	case ch > 0:
		dims = []int64{ch, h, w}
	case h > 0:
		dims = []int64{h, w}
	case w > 0:
		dims = []int64{w}
	default:
		return graph.Shape{}
	}
	for i, n := range dims {
		if n <= 0 {
			dims[i] = -1
		}
	}
	return graph.ShapeOf(dims...)
}

// memoryData is a constant that the format writes as a layer. Its load type
// (parameter 21) 0 has a tag, 1, the default, has none.
func memoryData(c *call) {
	c.n.Op = graph.Constant
	shape := declared(c)
	var id graph.TensorID
	if c.params.int(21, 1) == 0 {
		id = c.weight("data", shape.Ints()...)
	} else {
		id = c.floats("data", shape.Ints()...)
	}
	c.operands(id)
	for _, o := range c.n.Outputs {
		c.b.g.Tensors[o].Shape = shape
		c.b.ranks[o] = int8(shape.Len())
	}
}

// fused returns the activation of parameters 9 (kind) and 10 (its numbers).
func fused(c *call) graph.Op {
	switch c.params.int(9, 0) {
	case 1:
		return graph.Relu
	case 2:
		return graph.LeakyRelu
	case 3:
		if a := c.params.floats(10); len(a) == 2 && a[0] == 0 && a[1] == 6 {
			return graph.Relu6
		}
		return graph.Clip
	case 4:
		return graph.Sigmoid
	case 5:
		return graph.Mish
	case 6:
		return graph.HardSwish
	case 7:
		return graph.Gelu
	}
	return ""
}
