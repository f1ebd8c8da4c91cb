package onnxop

import "github.com/gaugenn/gaugenn/graph"

// window reads kernel_shape, strides, dilations, pads and auto_pad.
func (c *call) window() graph.Window {
	w := graph.Window{Kernel: c.list("kernel_shape"), Strides: c.list("strides"), Dilations: c.list("dilations")}
	switch c.str("auto_pad", "NOTSET") {
	case "SAME_UPPER":
		w.PadMode = graph.PadSameUpper
	case "SAME_LOWER":
		w.PadMode = graph.PadSameLower
	case "VALID":
		w.PadMode = graph.PadValid
	default:
		pads := c.list("pads")
		w.PadBegin, w.PadEnd = pads[:len(pads)/2], pads[len(pads)/2:]
	}
	return w
}

// open is the layout [N, C, spatial...] of an operand; where nothing tells the
// number of spatial axes it is the zero Layout, which means all that there are.
func (c *call) open(data graph.TensorID) graph.Layout {
	if n := c.Rank(data) - 2; n > 0 && n <= maxSpatial {
		return graph.NCHW(n)
	}
	return graph.Layout{}
}

// spatial returns the number of spatial axes: from the window's lists, else
// from the rank of filter or data, else 2. A pooled window has at most maxSpatial.
func (c *call) spatial(w graph.Window, filter, data graph.TensorID) int {
	n := 0
	for _, l := range [][]int64{w.Kernel, w.Strides, w.Dilations, w.PadBegin} {
		n = max(n, len(l))
	}
	if n == 0 {
		n = c.Rank(filter) - 2
	}
	if n <= 0 {
		n = c.Rank(data) - 2
	}
	if n <= 0 || n > maxSpatial {
		n = 2
	}
	return n
}

const maxSpatial = 16

func (c *call) convAttrs() *graph.ConvAttrs {
	w := c.window()
	n := c.spatial(w, c.n.Input(1), c.n.Input(0))
	return &graph.ConvAttrs{Window: w, Groups: c.int("group", 1), Data: graph.NCHW(n), Filter: graph.OIHW(n)}
}

func conv(c *call) { c.n.Attrs = c.convAttrs() }

func convInteger(c *call) {
	c.operands(0, 1, -1)
	conv(c)
}

func qLinearConv(c *call) {
	c.operands(0, 3, 8)
	conv(c)
	if c.flag("channels_last") {
		c.channelsLast()
	}
	c.quantise(c.in(0), 1, 2, 0)
	c.quantise(c.in(3), 4, 5, 0)
	c.quantise(c.out(0), 6, 7, 0)
}

// channelsLast turns NCHW of the attributes just set into NHWC; filters keep
// their layout.
func (c *call) channelsLast() {
	switch a := c.n.Attrs.(type) {
	case *graph.ConvAttrs:
		a.Data = graph.NHWC(len(a.Data.Spatial))
	case *graph.PoolAttrs:
		n := len(a.Data.Spatial)
		if n == 0 {
			n = 2
		}
		a.Data = graph.NHWC(n)
	}
}

// nhwcConv is ONNX Runtime's channels-last convolution: data [N, spatial..., C].
// The filter is [O, spatial..., I] where kernel_shape says so, else OIHW.
func nhwcConv(c *call) {
	a := c.convAttrs()
	n := len(a.Data.Spatial)
	a.Data, a.Filter = graph.NHWC(n), graph.OHWI(n)
	if t := c.Graph.Tensor(c.n.Input(1)); t != nil && t.Shape.Len() == n+2 && len(a.Kernel) == n {
		last, first := true, true
		for i, k := range a.Kernel {
			last = last && t.Shape.Dim(1+i).Int() == k
			first = first && t.Shape.Dim(2+i).Int() == k
		}
		if first && !last {
			a.Filter = graph.OIHW(n)
		}
	}
	c.n.Attrs = a
	c.fuse()
}

func fusedConv(c *call) {
	conv(c)
	c.fuse()
}

// fuse sets the activation that ONNX Runtime's fused operators name.
func (c *call) fuse() {
	switch c.str("activation", "") {
	case "Relu", "relu":
		c.n.Fused = graph.Relu
	case "Tanh", "tanh":
		c.n.Fused = graph.Tanh
	case "Sigmoid", "sigmoid":
		c.n.Fused = graph.Sigmoid
	case "LeakyRelu":
		c.n.Fused = graph.LeakyRelu
	case "Clip":
		c.n.Fused = graph.Clip
	case "HardSigmoid":
		c.n.Fused = graph.HardSigmoid
	case "HardSwish":
		c.n.Fused = graph.HardSwish
	case "silu", "swish", "Swish":
		c.n.Fused = graph.Silu
	case "Gelu", "gelu", "FastGelu":
		c.n.Fused = graph.Gelu
	}
}

func convTranspose(c *call) {
	a := c.convAttrs()
	a.Filter = graph.IOHW(len(a.Data.Spatial))
	a.OutputPadding, a.OutputShape = c.list("output_padding"), c.list("output_shape")
	c.n.Attrs = a
}

// convTransposeDynamicPads has x, filter, [pads], [bias].
func convTransposeDynamicPads(c *call) {
	if pads, ok := c.ints(c.in(2)); ok {
		c.src.Attrs = append(c.src.Attrs, Attr{Name: "pads", Ints: pads})
	}
	c.operands(0, 1, 3)
	convTranspose(c)
}

// causalConv is a depthwise convolution of [N, C, L] padded at the front only.
func causalConv(c *call) {
	k := int64(1)
	if t := c.Graph.Tensor(c.in(1)); t != nil {
		if v, ok := t.Shape.Dim(2).Value(); ok {
			k = v
		}
	}
	c.n.Attrs = &graph.ConvAttrs{
		Window:    graph.Window{Kernel: []int64{k}, PadBegin: []int64{max(k-1, 0)}, PadEnd: []int64{0}},
		Depthwise: true, Data: graph.NCHW(1), Filter: graph.OIHW(1),
	}
	c.fuse()
}

func col2im(c *call) {
	w := c.window()
	c.n.Attrs = &graph.ConvAttrs{Window: w, Data: graph.NCHW(c.spatial(w, graph.NoTensor, graph.NoTensor))}
}

func pool(c *call) {
	w := c.window()
	c.n.Attrs = &graph.PoolAttrs{
		Window: w, Data: graph.NCHW(c.spatial(w, graph.NoTensor, c.in(0))),
		Ceil: c.flag("ceil_mode"), ClipCeil: c.flag("ceil_mode"), CountPad: c.flag("count_include_pad"),
	}
}

func nhwcPool(c *call) {
	pool(c)
	c.channelsLast()
}

func globalPool(c *call) {
	c.n.Attrs = &graph.PoolAttrs{Global: true, Data: c.open(c.in(0))}
}

func qLinearPool(c *call) {
	pool(c)
	c.finishQLinearPool()
}

func qLinearGlobalPool(c *call) {
	globalPool(c)
	c.finishQLinearPool()
}

func (c *call) finishQLinearPool() {
	if c.flag("channels_last") {
		c.channelsLast()
	}
	c.quantise(c.in(0), 1, 2, 0)
	c.quantise(c.out(0), 3, 4, 0)
}

func roiPool(c *call) {
	a := &graph.RoiAttrs{Data: graph.NCHW(2)}
	if p := c.list("pooled_shape"); len(p) == 2 {
		a.PooledHeight, a.PooledWidth = p[0], p[1]
	}
	c.n.Attrs = a
}

func roiAlign(c *call) {
	c.n.Attrs = &graph.RoiAttrs{
		PooledHeight: c.int("output_height", 1), PooledWidth: c.int("output_width", 1),
		SamplingRatio: c.int("sampling_ratio", 0), Data: graph.NCHW(2),
	}
}

// cropAndResize has x, rois, batch indices, crop size.
func cropAndResize(c *call) {
	a := &graph.RoiAttrs{Data: graph.NCHW(2), SamplingRatio: 1}
	if s, ok := c.ints(c.in(3)); ok && len(s) == 2 {
		a.PooledHeight, a.PooledWidth = s[0], s[1]
	}
	c.n.Attrs = a
}
