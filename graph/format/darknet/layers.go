package darknet

import "github.com/gaugenn/gaugenn/graph"

// layers maps a section to the function that fills its node; the keys and
// defaults are those of Darknet's parser, short and long spelling.
var layers = map[string]func(*call){
	"activation":      func(c *call) { c.n.Op = activation(c.s, "linear"); identity(c) },
	"avgpool":         avgpool,
	"batchnorm":       batchnorm,
	"connected":       connected,
	"conn":            connected,
	"contrastive":     same(graph.LossLayer),
	"conv":            convolutional,
	"convolutional":   convolutional,
	"cost":            same(graph.LossLayer),
	"crop":            crop,
	"crnn":            recurrent,
	"deconv":          deconvolutional,
	"deconvolutional": deconvolutional,
	"detection":       same(graph.UnaryOther),
	"dropout":         same(graph.Dropout),
	"empty":           same(graph.Identity),
	"gaussian_yolo":   same(graph.UnaryOther),
	"Gaussian_yolo":   same(graph.UnaryOther),
	"gru":             recurrent,
	"iseg":            same(graph.UnaryOther),
	"l2norm":          func(c *call) { c.op(graph.LpNormalization, &graph.ReduceAttrs{Axes: []int{1}, KeepDims: true}) },
	"local":           local,
	"local_avgpool":   func(c *call) { maxpool(c); c.n.Op = graph.AveragePool },
	"logistic":        same(graph.Sigmoid),
	"lrn":             normalization,
	"lstm":            recurrent,
	"max":             maxpool,
	"maxpool":         maxpool,
	"normalization":   normalization,
	"region":          same(graph.UnaryOther),
	"reorg":           reorg,
	"reorg3d":         reorg,
	"rnn":             recurrent,
	"route":           route,
	"sam":             func(c *call) { c.withOther(graph.Mul) },
	"scale_channels":  func(c *call) { c.withOther(graph.Mul) },
	"shortcut":        shortcut,
	"silence":         same(graph.Placeholder),
	"soft":            softmax,
	"softmax":         softmax,
	"upsample":        upsample,
	"yolo":            same(graph.UnaryOther),
}

// same is an operator without attributes that keeps its input's size.
func same(op graph.Op) func(*call) { return func(c *call) { c.n.Op = op } }

func identity(c *call) {
	if c.n.Op == "" {
		c.n.Op = graph.Identity
	}
}

// activation returns the operator of the activation option, "" for linear.
func activation(s *section, def string) graph.Op {
	a := s.options["activation"]
	if a == "" {
		a = def
	}
	switch a {
	case "linear":
		return ""
	case "relu":
		return graph.Relu
	case "relu6":
		return graph.Relu6
	case "leaky", "relie", "ramp", "plse":
		return graph.LeakyRelu
	case "logistic", "lhtan", "loggy":
		return graph.Sigmoid
	case "tanh", "hardtan":
		return graph.Tanh
	case "elu":
		return graph.Elu
	case "selu":
		return graph.Selu
	case "gelu":
		return graph.Gelu
	case "mish":
		return graph.Mish
	case "swish":
		return graph.Silu
	case "hard_mish":
		return graph.HardSwish
	}
	return graph.UnaryOther
}

// slide is the output size of a window along one axis.
func slide(in, kernel, stride, pad int64) int64 {
	if in <= 0 || stride <= 0 || in+pad < kernel {
		return 0
	}
	return (in+pad-kernel)/stride + 1
}

// window reads size, strides, padding and dilation. pad=1 means half the size.
func window(c *call) graph.Window {
	s := c.s
	k := s.int("size", 1)
	stride := s.int("stride", 1)
	pad := s.int("padding", 0)
	if s.int("pad", 0) != 0 {
		pad = k / 2
	}
	d := max(s.int("dilation", 1), 1)
	return graph.Window{
		Kernel: []int64{k, k}, Strides: []int64{s.int("stride_y", stride), s.int("stride_x", stride)},
		Dilations: []int64{d, d}, PadBegin: []int64{pad, pad}, PadEnd: []int64{pad, pad},
	}
}

// convolutional stores biases, then with batch_normalize scales, means and
// variances, then the filters. Dilation also widens the padding.
func convolutional(c *call) {
	s := c.s
	n, groups := s.int("filters", 1), max(s.int("groups", 1), 1)
	w := window(c)
	if d := w.Dilations[0]; d > 1 {
		for i := range 2 {
			w.PadBegin[i] *= d
		}
		w.PadEnd = w.PadBegin
	}
	a := &graph.ConvAttrs{Window: w, Groups: groups, OutChannels: max(n, 0), Data: graph.NCHW(2), Filter: graph.OIHW(2)}
	c.op(graph.Conv, a)
	c.n.Fused = activation(s, "logistic")
	k := (w.Kernel[0]-1)*w.Dilations[0] + 1
	c.out = size{n, slide(c.in.h, k, w.Strides[0], w.PadBegin[0]+w.PadEnd[0]), slide(c.in.w, k, w.Strides[1], w.PadBegin[1]+w.PadEnd[1])}
	if shared := s.int("share_index", -1<<30); shared != -1<<30 {
		return // filters of another layer
	}
	per := int64(-1)
	if c.in.c > 0 && c.in.c%groups == 0 {
		per = c.in.c / groups
	}
	bias, norm := c.weight("bias", n), []graph.TensorID(nil)
	if s.int("batch_normalize", 0) != 0 {
		norm = []graph.TensorID{c.weight("scales", n), c.weight("mean", n), c.weight("variance", n)}
	}
	f := c.weight("weights", n, per, w.Kernel[0], w.Kernel[1])
	c.n.Inputs = append(append(c.n.Inputs, f, bias), norm...)
}

func deconvolutional(c *call) {
	s := c.s
	n := s.int("filters", 1)
	w := window(c)
	c.op(graph.ConvTranspose, &graph.ConvAttrs{Window: w, OutChannels: max(n, 0), Data: graph.NCHW(2), Filter: graph.IOHW(2)})
	c.n.Fused = activation(s, "logistic")
	grow := func(in int64, i int) int64 { return (in-1)*w.Strides[i] + w.Kernel[i] - 2*w.PadBegin[i] }
	c.out = size{n, grow(c.in.h, 0), grow(c.in.w, 1)}
	bias, norm := c.weight("bias", n), []graph.TensorID(nil)
	if s.int("batch_normalize", 0) != 0 {
		norm = []graph.TensorID{c.weight("scales", n), c.weight("mean", n), c.weight("variance", n)}
	}
	f := c.weight("weights", c.in.c, n, w.Kernel[0], w.Kernel[1])
	c.n.Inputs = append(append(c.n.Inputs, f, bias), norm...)
}

// connected multiplies all inputs of an item: biases, weights, then with
// batch_normalize scales, means and variances.
func connected(c *call) {
	n := c.s.int("output", 1)
	in := c.in.c * c.in.h * c.in.w
	if !c.in.known() || c.in.c > 1<<20 || c.in.h > 1<<15 || c.in.w > 1<<15 {
		in = -1
	}
	c.op(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: max(n, 0), Axis: 1})
	c.n.Fused = activation(c.s, "logistic")
	c.out = size{n, 1, 1}
	if !c.in.known() {
		c.out = size{}
	}
	bias, w := c.weight("bias", n), c.weight("weights", n, in)
	c.n.Inputs = append(c.n.Inputs, w, bias)
	if c.s.int("batch_normalize", 0) != 0 {
		c.n.Inputs = append(c.n.Inputs, c.weight("scales", n), c.weight("mean", n), c.weight("variance", n))
	}
}

// local is a convolution with its own filters at every place; the work is a
// convolution's.
func local(c *call) {
	s := c.s
	n, k, stride := s.int("filters", 1), s.int("size", 1), s.int("stride", 1)
	pad := int64(0)
	if s.int("pad", 0) != 0 {
		pad = k / 2
	}
	w := graph.Window{Kernel: []int64{k, k}, Strides: []int64{stride, stride}, PadBegin: []int64{pad, pad}, PadEnd: []int64{pad, pad}}
	c.op(graph.Conv, &graph.ConvAttrs{Window: w, OutChannels: max(n, 0), Data: graph.NCHW(2), Filter: graph.OIHW(2)})
	c.n.Fused = activation(s, "logistic")
	// Darknet's local layer pads by nothing or by half its size in all.
	c.out = size{n, slide(c.in.h, k, stride, 2*pad), slide(c.in.w, k, stride, 2*pad)}
	places := c.out.h * c.out.w
	if !c.out.known() || c.out.h > 1<<15 || c.out.w > 1<<15 {
		places = -1
	}
	bias := c.weight("bias", n, places)
	f := c.weight("weights", places, n, c.in.c, k, k)
	c.n.Inputs = append(c.n.Inputs, graph.NoTensor, bias, f)
}

// maxpool pads by size-1 in all unless told otherwise, half of it in front.
func maxpool(c *call) {
	s := c.s
	stride := s.int("stride", 1)
	sx, sy := s.int("stride_x", stride), s.int("stride_y", stride)
	k := s.int("size", stride)
	pad := s.int("padding", k-1)
	before := pad / 2
	c.op(graph.MaxPool, &graph.PoolAttrs{Data: graph.NCHW(2), Window: graph.Window{
		Kernel: []int64{k, k}, Strides: []int64{sy, sx}, PadBegin: []int64{before, before}, PadEnd: []int64{pad - before, pad - before},
	}})
	c.out = size{c.in.c, slide(c.in.h, k, sy, pad), slide(c.in.w, k, sx, pad)}
}

func avgpool(c *call) {
	c.op(graph.AveragePool, &graph.PoolAttrs{Data: graph.NCHW(2), Global: true})
	c.out = size{c.in.c, 1, 1}
}

func batchnorm(c *call) {
	n := c.in.c
	if n == 0 {
		n = -1
	}
	bias, scales := c.weight("bias", n), c.weight("scales", n)
	c.n.Inputs = append(c.n.Inputs, scales, bias, c.weight("mean", n), c.weight("variance", n))
	c.op(graph.BatchNormalization, &graph.AxisAttrs{Axis: 1})
}

func normalization(c *call) {
	c.op(graph.LRN, &graph.LRNAttrs{Size: c.s.int("size", 5), Axis: 1})
}

func softmax(c *call) { c.op(graph.Softmax, &graph.AxisAttrs{Axis: 1}) }

func crop(c *call) {
	h, w := c.s.int("crop_height", 1), c.s.int("crop_width", 1)
	c.op(graph.Crop, &graph.CropAttrs{Axis: 2, Sizes: []int64{h, w}})
	c.out = size{c.in.c, h, w}
}

func reorg(c *call) {
	k := c.s.int("stride", 1)
	if k <= 0 || k > 1<<10 {
		c.out = size{}
		return
	}
	if c.s.int("reverse", 0) != 0 {
		c.op(graph.DepthToSpace, &graph.BlockAttrs{Block: k, Data: graph.NCHW(2)})
		c.out = size{c.in.c / (k * k), c.in.h * k, c.in.w * k}
		return
	}
	c.op(graph.Reorg, &graph.BlockAttrs{Block: k, Data: graph.NCHW(2)})
	c.out = size{c.in.c * k * k, c.in.h / k, c.in.w / k}
}

func upsample(c *call) {
	k := c.s.int("stride", 2)
	scale := float64(k)
	if k < 0 { // downsampling
		scale = -1 / scale
		c.out = size{c.in.c, c.in.h / -k, c.in.w / -k}
	} else {
		c.out = size{c.in.c, c.in.h * k, c.in.w * k}
	}
	c.op(graph.Resize, &graph.ResizeAttrs{Mode: "nearest", Scales: []float64{scale, scale}, Data: graph.NCHW(2)})
}

// route concatenates the channels of earlier layers, or of one part of each
// with groups.
func route(c *call) {
	refs := c.refs("layers")
	if c.err != nil {
		return
	}
	groups, part := max(c.s.int("groups", 1), 1), c.s.int("group_id", 0)
	c.n.Inputs = nil
	c.out = size{}
	for k, r := range refs {
		from := c.b.sizes[r]
		c.n.Inputs = append(c.n.Inputs, c.b.outs[r])
		if k == 0 {
			c.out = size{0, from.h, from.w}
		}
		c.out.c += from.c / groups
	}
	switch {
	case len(refs) == 1 && groups == 1:
		c.n.Op = graph.Identity
	case len(refs) == 1:
		per := c.b.sizes[refs[0]].c / groups
		c.op(graph.Slice, &graph.SliceAttrs{Starts: []int64{part * per}, Ends: []int64{(part + 1) * per}, Steps: []int64{1}, Axes: []int{1}})
	case groups == 1:
		c.op(graph.Concat, &graph.AxisAttrs{Axis: 1})
	}
}

// shortcut adds earlier layers; the sum has the size of its input.
func shortcut(c *call) {
	for _, r := range c.refs("from") {
		c.n.Inputs = append(c.n.Inputs, c.b.outs[r])
	}
	c.n.Op = graph.Eltwise
	c.n.Fused = activation(c.s, "linear")
}

// withOther combines the layer of the from option with the input, which holds
// one value per channel or per place; the result has the other layer's size.
func (c *call) withOther(op graph.Op) {
	refs := c.refs("from")
	if len(refs) != 1 {
		c.out = size{}
		return
	}
	c.n.Inputs = []graph.TensorID{c.b.outs[refs[0]], c.n.Inputs[0]}
	c.n.Op = op
	c.n.Fused = activation(c.s, "linear")
	c.out = c.b.sizes[refs[0]]
}

// recurrent sections hold several connected layers each: their weights are not
// cut, so that nothing behind them can be.
func recurrent(c *call) {
	c.n.Op = graph.Custom
	c.b.sized = false
	c.b.values++
	c.out = size{c.s.int("output", 0), 1, 1}
	if !c.in.known() {
		c.out = size{}
	}
}
