package tensorflow

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// layout is data_format with n spatial axes: "NHWC" and the like, or "NCHW".
func (c *call) layout(n int) graph.Layout {
	if strings.HasPrefix(c.n.str("data_format", "N"), "NC") {
		return graph.NCHW(n)
	}
	return graph.NHWC(n)
}

// window reads strides, dilations, kernel and padding, which have one entry per
// axis of the data.
func (c *call) window(l graph.Layout) graph.Window {
	pick := func(v []int64) []int64 {
		if len(v) != len(l.Spatial)+2 {
			return nil
		}
		var out []int64
		for _, a := range l.Spatial {
			out = append(out, v[a])
		}
		return out
	}
	w := graph.Window{Kernel: pick(c.n.ints("ksize")), Strides: pick(c.n.ints("strides")), Dilations: pick(c.n.ints("dilations"))}
	switch c.n.str("padding", "VALID") {
	case "SAME":
		w.PadMode = graph.PadSameUpper
	case "EXPLICIT":
		if p := c.n.ints("explicit_paddings"); len(p) == 2*(len(l.Spatial)+2) {
			for _, a := range l.Spatial {
				w.PadBegin, w.PadEnd = append(w.PadBegin, p[2*a]), append(w.PadEnd, p[2*a+1])
			}
		}
	default:
		w.PadMode = graph.PadValid
	}
	return w
}

func conv(n int) func(*call) {
	return func(c *call) {
		l := c.layout(n)
		c.out.Attrs = &graph.ConvAttrs{Window: c.window(l), Data: l, Filter: graph.HWIO(n)}
	}
}

// depthwise has a filter [h, w, channels, multiplier].
func depthwise(c *call) {
	l := c.layout(2)
	a := &graph.ConvAttrs{Window: c.window(l), Data: l, Depthwise: true, Filter: graph.FilterLayout{Out: 3, In: 3, Spatial: []int{0, 1}}}
	if s := c.shapeOf(1); s.Len() == 4 {
		ci, ok1 := s.Dim(2).Value()
		m, ok2 := s.Dim(3).Value()
		if ok1 && ok2 && ci < 1<<31 && m < 1<<31 {
			a.OutChannels = ci * m
		}
	}
	c.out.Attrs = a
}

// convTranspose has output shape, filter [h, w, out, in], x.
func convTranspose(n int) func(*call) {
	return func(c *call) {
		l := c.layout(n)
		a := &graph.ConvAttrs{Window: c.window(l), Data: l, Filter: graph.HWOI(n)}
		if v, ok := c.ints(0); ok && len(v) == n+2 {
			for _, ax := range l.Spatial {
				a.OutputShape = append(a.OutputShape, v[ax])
			}
			c.order(2, 1)
		} else {
			c.order(2, 1, -1, 0)
		}
		c.out.Attrs = a
	}
}

// fusedConv is the graph optimiser's x, filter, bias or batch norm, ....
func fusedConv(c *call) {
	conv(2)(c)
	c.fuse()
}

func fusedDepthwise(c *call) {
	depthwise(c)
	c.fuse()
}

// fuse reads fused_ops for an activation at the end.
func (c *call) fuse() {
	f, ok := c.n.value("fused_ops", attrList)
	if !ok {
		return
	}
	m := f.Message()
	for m.Next(&f) {
		switch string(f.Bytes) {
		case "Relu":
			c.out.Fused = graph.Relu
		case "Relu6":
			c.out.Fused = graph.Relu6
		case "Elu":
			c.out.Fused = graph.Elu
		case "LeakyRelu":
			c.out.Fused = graph.LeakyRelu
		case "Sigmoid":
			c.out.Fused = graph.Sigmoid
		case "Tanh":
			c.out.Fused = graph.Tanh
		}
	}
}

func pool(n int) func(*call) {
	return func(c *call) {
		l := c.layout(n)
		c.out.Attrs = &graph.PoolAttrs{Window: c.window(l), Data: l}
	}
}

func biasAdd(c *call) {
	a := &graph.AxisAttrs{Axis: -1}
	if strings.HasPrefix(c.n.str("data_format", "N"), "NC") {
		a.Axis = 1
	}
	c.out.Attrs = a
}

func batchNorm(c *call) {
	biasAdd(c)
	if c.n.op == "BatchNormWithGlobalNormalization" { // x, mean, variance, beta, gamma
		c.order(0, 4, 3, 1, 2)
	}
}

func matMul(c *call) {
	c.out.Attrs = &graph.MatMulAttrs{
		TransA: c.n.bool("transpose_a") || c.n.bool("adj_x") || c.n.bool("a_is_transposed"),
		TransB: c.n.bool("transpose_b") || c.n.bool("adj_y"),
	}
	c.fuse()
}

func einsum(c *call) { c.out.Attrs = &graph.EinsumAttrs{Equation: c.n.str("equation", "")} }

// lstmCell is LSTMBlockCell: x, cs, h, w [in+hidden, 4*hidden], ...; one step.
func lstmCell(c *call) {
	a := &graph.RNNAttrs{Directions: 1, TimeAxis: -1, BatchAxis: 0, DirectionAxis: -1, Peephole: c.n.bool("use_peephole")}
	if h, ok := c.shapeOf(3).Dim(1).Value(); ok {
		a.Hidden = h / 4
	}
	c.order(0, 3)
	c.out.Attrs = a
}

// blockLSTM has seq_len_max, x [time, batch, in], cs, h, w, ....
func blockLSTM(c *call) {
	a := &graph.RNNAttrs{Directions: 1, TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1, Peephole: c.n.bool("use_peephole")}
	if h, ok := c.shapeOf(4).Dim(1).Value(); ok {
		a.Hidden = h / 4
	}
	c.order(1, 4)
	c.out.Attrs = a
}

func lrn(c *call) {
	c.out.Attrs = &graph.LRNAttrs{Size: 2*min(c.n.int("depth_radius", 5), 1<<30) + 1, Axis: -1}
}
