package caffe

import "github.com/gaugenn/gaugenn/graph"

// layers maps a layer type (current spelling) to the function that fills its
// node. Defaults are those of caffe.proto.
var layers = map[string]func(*call){
	"AbsVal":                  same(graph.Abs),
	"Accuracy":                same(graph.LossLayer),
	"AnnotatedData":           data,
	"ArgMax":                  argMax,
	"Axpy":                    axpy,
	"BatchNorm":               batchNorm,
	"BatchReindex":            func(c *call) { c.op(graph.Gather, &graph.GatherAttrs{}) },
	"Bias":                    bias,
	"BN":                      segnetNorm,
	"BNLL":                    same(graph.Softplus),
	"Clip":                    same(graph.Clip),
	"Concat":                  concat,
	"ContrastiveLoss":         same(graph.LossLayer),
	"Convolution":             convolution,
	"ConvolutionDepthwise":    depthwise,
	"Crop":                    crop,
	"Data":                    data,
	"Deconvolution":           deconvolution,
	"DepthwiseConvolution":    depthwise,
	"DetectionEvaluate":       same(graph.LossLayer),
	"DetectionOutput":         detectionOutput,
	"Dropout":                 same(graph.Dropout),
	"DummyData":               dummyData,
	"ELU":                     same(graph.Elu),
	"Eltwise":                 same(graph.Eltwise),
	"Embed":                   embed,
	"EuclideanLoss":           same(graph.LossLayer),
	"Exp":                     same(graph.Exp),
	"Flatten":                 flatten,
	"HDF5Data":                data,
	"HDF5Output":              same(graph.LossLayer),
	"HSigmoid":                same(graph.HardSigmoid),
	"HSwish":                  same(graph.HardSwish),
	"HardSigmoid":             same(graph.HardSigmoid),
	"HardSwish":               same(graph.HardSwish),
	"HingeLoss":               same(graph.LossLayer),
	"Im2col":                  func(c *call) { c.op(graph.Im2Col, convAttrs(c)) },
	"ImageData":               data,
	"InfogainLoss":            same(graph.LossLayer),
	"InnerProduct":            innerProduct,
	"Input":                   input,
	"Interp":                  interp,
	"LRN":                     lrn,
	"LSTM":                    func(c *call) { recurrent(c, graph.LSTM, 4) },
	"Log":                     same(graph.Log),
	"MemoryData":              memoryData,
	"Mish":                    same(graph.Mish),
	"MultiBoxLoss":            same(graph.LossLayer),
	"MultinomialLogisticLoss": same(graph.LossLayer),
	"MVN":                     mvn,
	"Normalize":               normalize,
	"Permute":                 permute,
	"PixelShuffle":            func(c *call) { blocks(c, graph.DepthToSpace, "pixelshuffle_param", "upscale_factor") },
	"Pooling":                 pooling,
	"Power":                   same(graph.Power),
	"PReLU":                   prelu,
	"PriorBox":                priorBox,
	"Proposal":                same(graph.Proposal),
	"PSROIPooling":            func(c *call) { roi(c, "psroi_pooling_param") },
	"Python":                  same(graph.Custom),
	"RNN":                     func(c *call) { recurrent(c, graph.RNN, 1) },
	"ROIPooling":              func(c *call) { roi(c, "roi_pooling_param") },
	"ReLU":                    relu,
	"ReLU6":                   same(graph.Relu6),
	"Reduction":               reduction,
	"Reorg":                   func(c *call) { blocks(c, graph.Reorg, "reorg_param", "stride") },
	"Reshape":                 reshape,
	"Scale":                   scale,
	"ShuffleChannel":          shuffle,
	"Sigmoid":                 same(graph.Sigmoid),
	"SigmoidCrossEntropyLoss": same(graph.LossLayer),
	"Silence":                 same(graph.Placeholder),
	"Slice":                   slice,
	"SmoothL1Loss":            same(graph.LossLayer),
	"Softmax":                 softmax,
	"SoftmaxWithLoss":         same(graph.LossLayer),
	"Split":                   same(graph.Copies),
	"Swish":                   same(graph.Silu),
	"TanH":                    same(graph.Tanh),
	"Threshold":               same(graph.UnaryOther),
	"Tile":                    tile,
	"Upsample":                upsample,
	"WindowData":              data,
}

// same is an operator without attributes.
func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

// data layers read their input's size from data that is not in the file.
func data(c *call) {
	c.n.Op = graph.InputOp
	if !c.n.Train {
		c.b.g.Inputs = append(c.b.g.Inputs, c.n.Outputs...)
	}
}

// declare gives output i its shape, the last shape where there are fewer.
func declare(c *call, shapes [][]int64) {
	data(c)
	for i, id := range c.n.Outputs {
		if len(shapes) > 0 {
			c.b.g.Tensors[id].Shape = shapeOf(shapes[min(i, len(shapes)-1)])
		}
	}
}

func input(c *call) { declare(c, shapes(c, "input_param")) }

func shapes(c *call, param string) [][]int64 {
	var out [][]int64
	for _, f := range c.param(param).All("shape") {
		out = append(out, f.Message.Ints("dim"))
	}
	return out
}

func dummyData(c *call) {
	s := shapes(c, "dummy_data_param")
	if s == nil {
		p := c.param("dummy_data_param")
		n, ch, h, w := p.Ints("num"), p.Ints("channels"), p.Ints("height"), p.Ints("width")
		for i := range min(len(n), len(ch), len(h), len(w)) {
			s = append(s, []int64{n[i], ch[i], h[i], w[i]})
		}
	}
	declare(c, s)
}

func memoryData(c *call) {
	p := c.param("memory_data_param")
	n := p.Int("batch_size", -1)
	declare(c, [][]int64{{n, p.Int("channels", -1), p.Int("height", -1), p.Int("width", -1)}, {n}})
}

// pairOf reads a size for h and w: name_h and name_w, else one or two values
// of the repeated field, else def.
func pairOf(c *call, param, name, base string, def int64) []int64 {
	p := c.param(param)
	v := p.Ints(name)
	out := []int64{def, def}
	switch {
	case len(v) == 1:
		out = []int64{v[0], v[0]}
	case len(v) > 1:
		out = v
	}
	if p.Has(base+"_h") || p.Has(base+"_w") {
		out = []int64{p.Int(base+"_h", def), p.Int(base+"_w", def)}
	}
	return out
}

func convAttrs(c *call) *graph.ConvAttrs {
	const p = "convolution_param"
	a := &graph.ConvAttrs{Groups: c.param(p).Int("group", 1), OutChannels: c.param(p).Int("num_output", 0)}
	a.Kernel = pairOf(c, p, "kernel_size", "kernel", 0)
	n := len(a.Kernel)
	a.Strides = spread(pairOf(c, p, "stride", "stride", 1), n)
	a.PadBegin = spread(pairOf(c, p, "pad", "pad", 0), n)
	a.Dilations = spread(pairOf(c, p, "dilation", "dilation", 1), n)
	a.PadEnd = a.PadBegin
	a.Data, a.Filter = graph.NCHW(n), graph.OIHW(n)
	return a
}

// spread repeats the first of two equal values for more axes.
func spread(v []int64, n int) []int64 {
	for len(v) < n {
		v = append(v, v[0])
	}
	return v[:n]
}

func convolution(c *call) { conv(c, convAttrs(c)) }

func conv(c *call, a *graph.ConvAttrs) {
	c.op(graph.Conv, a)
	out := int64(-1)
	if a.OutChannels > 0 {
		out = a.OutChannels
	}
	in := int64(-1)
	if a.Depthwise {
		in = 1
	}
	c.operands(c.weight("weight", append([]int64{out, in}, a.Kernel...)...))
	if c.param("convolution_param").Bool("bias_term", true) {
		c.operands(c.weight("bias", out))
	}
}

// depthwise layers have one group per channel whatever the group field says.
func depthwise(c *call) {
	a := convAttrs(c)
	a.Depthwise = true
	conv(c, a)
}

// deconvolution has weights [in, out/group, h, w].
func deconvolution(c *call) {
	a := convAttrs(c)
	a.Filter = graph.IOHW(len(a.Kernel))
	c.op(graph.ConvTranspose, a)
	out := int64(-1)
	if a.OutChannels > 0 && a.Groups > 0 && a.OutChannels%a.Groups == 0 {
		out = a.OutChannels / a.Groups
	}
	c.operands(c.weight("weight", append([]int64{-1, out}, a.Kernel...)...))
	if c.param("convolution_param").Bool("bias_term", true) {
		c.operands(c.weight("bias", a.OutChannels))
	}
}

// pooling rounds up unless round_mode or a fork's ceil_mode says otherwise;
// averages count padding.
func pooling(c *call) {
	const p = "pooling_param"
	m := c.param(p)
	op := graph.MaxPool
	if k := m.Text("pool"); k == "AVE" || k == "1" {
		op = graph.AveragePool
	}
	a := &graph.PoolAttrs{Data: graph.NCHW(2), CountPad: true}
	c.op(op, a)
	if m.Bool("global_pooling", false) {
		a.Global = true
		return
	}
	a.Kernel = pairOf(c, p, "kernel_size", "kernel", 0)[:2]
	a.Strides = pairOf(c, p, "stride", "stride", 1)[:2]
	a.PadBegin = pairOf(c, p, "pad", "pad", 0)[:2]
	a.PadEnd = a.PadBegin
	round := m.Text("round_mode")
	a.Ceil = round != "FLOOR" && round != "1" && bool(m.Bool("ceil_mode", true))
	a.ClipCeil = a.PadBegin[0] != 0 || a.PadBegin[1] != 0
}

func innerProduct(c *call) {
	p := c.param("inner_product_param")
	n := p.Int("num_output", 0)
	a := &graph.FullyConnectedAttrs{OutFeatures: n, Axis: int(p.Int("axis", 1)), TransposedFilter: bool(p.Bool("transpose", false))}
	c.op(graph.FullyConnected, a)
	out := int64(-1)
	if n > 0 {
		out = n
	}
	shape := []int64{out, -1}
	if a.TransposedFilter {
		shape = []int64{-1, out}
	}
	c.operands(c.weight("weight", shape...))
	if p.Bool("bias_term", true) {
		c.operands(c.weight("bias", out))
	}
}

func embed(c *call) {
	p := c.param("embed_param")
	n := p.Int("num_output", -1)
	c.op(graph.EmbeddingLookup, nil)
	c.operands(c.weight("weight", p.Int("input_dim", -1), n))
	if p.Bool("bias_term", true) {
		c.operands(c.weight("bias", n))
	}
}

// recurrent is [T, N, in] with weights [gates*hidden, in], bias, hidden weights.
func recurrent(c *call, op graph.Op, gates int64) {
	n := c.param("recurrent_param").Int("num_output", -1)
	c.op(op, &graph.RNNAttrs{Hidden: max(n, 0), TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1})
	rows := int64(-1)
	if n > 0 && n < 1<<40 {
		rows = gates * n
	}
	x, b := c.weight("weight_x", rows, -1), c.weight("bias", rows)
	h := c.weight("weight_h", rows, n)
	in := append([]graph.TensorID{}, c.n.Inputs...)
	if len(in) == 0 {
		in = []graph.TensorID{graph.NoTensor}
	}
	c.n.Inputs = append([]graph.TensorID{in[0], x, h, b}, in[1:]...)
}
