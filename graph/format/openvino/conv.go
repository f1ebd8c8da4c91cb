package openvino

import "github.com/gaugenn/gaugenn/graph"

// window reads strides, dilations and padding for n spatial axes.
func window(c *call, n int) graph.Window {
	d := c.d
	w := graph.Window{Strides: sized(d.ints("strides"), n, 1), Dilations: sized(d.ints("dilations"), n, 1)}
	switch d.attr("auto_pad") {
	case "same_upper":
		w.PadMode = graph.PadSameUpper
	case "same_lower":
		w.PadMode = graph.PadSameLower
	case "valid":
		w.PadMode = graph.PadValid
	default:
		w.PadBegin, w.PadEnd = sized(d.ints("pads_begin"), n, 0), sized(d.ints("pads_end"), n, 0)
	}
	if k := d.ints("kernel"); len(k) == n {
		w.Kernel = k
	}
	return w
}

// sized is v where it has n values, else n times def.
func sized(v []int64, n int, def int64) []int64 {
	if len(v) == n {
		return v
	}
	v = make([]int64, n)
	for i := range v {
		v[i] = def
	}
	return v
}

// spatialRank is the number of spatial axes of the first input.
func (c *call) spatialRank() int { return min(max(c.shape(0).Len()-2, 1), 8) }

// outChannels is axis 1 of the result, 0 where it is not known.
func (c *call) outChannels() int64 {
	if s := c.outShape(); len(s) > 1 && s[1] > 0 {
		return s[1]
	}
	return 0
}

func convolution(c *call) {
	n := c.spatialRank()
	c.op(graph.Conv, &graph.ConvAttrs{Window: window(c, n), Groups: max(c.d.int("group", 1), 1), OutChannels: max(c.d.int("output", c.outChannels()), 0), Data: graph.NCHW(n), Filter: graph.OIHW(n)})
}

// grouped is a filter layout with the groups in front.
func grouped(out, in, n int) graph.FilterLayout {
	f := graph.FilterLayout{Out: out, In: in}
	for i := range n {
		f.Spatial = append(f.Spatial, 3+i)
	}
	return f
}

func (c *call) groups() int64 {
	if g, ok := c.shape(1).Dim(0).Value(); ok && g > 0 {
		return g
	}
	return 1
}

// groupConvolution has a filter [groups, out/groups, in/groups, spatial...].
func groupConvolution(c *call) {
	n := c.spatialRank()
	c.op(graph.Conv, &graph.ConvAttrs{Window: window(c, n), Groups: c.groups(), OutChannels: c.outChannels(), Data: graph.NCHW(n), Filter: grouped(1, 2, n)})
}

// backprop is the transposed convolution, its filter [in, out, spatial...]; a
// third operand gives the spatial output size.
func backprop(c *call) {
	n := c.spatialRank()
	transposed(c, &graph.ConvAttrs{Window: window(c, n), Groups: max(c.d.int("group", 1), 1), OutChannels: c.outChannels(), Data: graph.NCHW(n), Filter: graph.IOHW(n)})
}

// groupBackprop has a filter [groups, in/groups, out/groups, spatial...].
func groupBackprop(c *call) {
	n := c.spatialRank()
	transposed(c, &graph.ConvAttrs{Window: window(c, n), Groups: c.groups(), OutChannels: c.outChannels(), Data: graph.NCHW(n), Filter: grouped(2, 1, n)})
}

func transposed(c *call, a *graph.ConvAttrs) {
	if out := c.outShape(); len(out) == 2+len(a.Data.Spatial) {
		for _, v := range out[2:] {
			if v > 0 {
				a.OutputShape = append(a.OutputShape, v)
			}
		}
		if len(a.OutputShape) != len(a.Data.Spatial) {
			a.OutputShape = nil
		}
	}
	if c.n.SourceOp != "Deconvolution" && len(c.n.Inputs) > 2 {
		c.n.Inputs = append(c.n.Inputs[:2:2], append([]graph.TensorID{graph.NoTensor, graph.NoTensor}, c.n.Inputs[2:]...)...)
	}
	c.op(graph.ConvTranspose, a)
}

// deformable has x, offset, filter, [mask].
func deformable(c *call) {
	n := c.spatialRank()
	in := c.n.Inputs
	if len(in) >= 3 {
		c.n.Inputs = append([]graph.TensorID{in[0], in[2], in[1], graph.NoTensor}, in[3:]...)
	}
	c.op(graph.DeformConv, &graph.ConvAttrs{Window: window(c, n), Groups: max(c.d.int("group", 1), 1), OutChannels: c.outChannels(), Data: graph.NCHW(n), Filter: graph.OIHW(n)})
}

func pool(op graph.Op) func(*call) {
	return func(c *call) {
		n := c.spatialRank()
		a := &graph.PoolAttrs{Window: window(c, n), Data: graph.NCHW(n), CountPad: !c.d.flag("exclude-pad", "false")}
		a.Ceil = c.d.attr("rounding_type") == "ceil" || c.d.attr("rounding_type") == "ceil_torch"
		c.op(op, a)
	}
}

// oldPooling is Pooling of the versions before 10.
func oldPooling(c *call) {
	op := graph.MaxPool
	if c.d.attr("pool-method") == "avg" {
		op = graph.AveragePool
	}
	pool(op)(c)
}

func adaptive(op graph.Op) func(*call) {
	return func(c *call) {
		n := c.spatialRank()
		a := &graph.PoolAttrs{Data: graph.NCHW(n)}
		if s := c.outShape(); len(s) == n+2 {
			a.AdaptiveOutput = s[2:]
		}
		c.op(op, a)
	}
}

func matMul(c *call) {
	c.op(graph.MatMul, &graph.MatMulAttrs{TransA: c.d.flag("transpose_a", "false"), TransB: c.d.flag("transpose_b", "false")})
}

func fullyConnected(c *call) {
	c.op(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: max(c.d.int("out-size", 0), 0), Axis: 1})
}

func attention(c *call) { c.op(graph.Attention, &graph.AttentionAttrs{}) }

// cell is one step: x, state(s), w, r, b.
func cell(op graph.Op) func(*call) {
	return func(c *call) {
		states := 1
		if op == graph.LSTM {
			states = 2
		}
		recurrent(c, op, 1, states, &graph.RNNAttrs{TimeAxis: -1, BatchAxis: 0, DirectionAxis: -1})
	}
}

// sequence is [N, T, in]: x, state(s), lengths, w, r, b.
func sequence(op graph.Op) func(*call) {
	return func(c *call) {
		states := 2
		if op == graph.LSTM {
			states = 3
		}
		a := &graph.RNNAttrs{TimeAxis: 1, BatchAxis: 0, DirectionAxis: 1, Directions: 1}
		if c.d.attr("direction") == "bidirectional" {
			a.Directions = 2
		}
		recurrent(c, op, 1, states, a)
	}
}

// recurrent moves weights, which stand behind n others from first on, in front.
func recurrent(c *call, op graph.Op, first, n int, a *graph.RNNAttrs) {
	a.Hidden = max(c.d.int("hidden_size", 0), 0)
	if in := c.n.Inputs; len(in) > first+n {
		moved := append([]graph.TensorID{in[0]}, in[first+n:]...)
		c.n.Inputs = append(moved, in[first:first+n]...)
	}
	c.op(op, a)
}

func mvn(c *call) { c.op(graph.MeanVarianceNormalization, &graph.ReduceAttrs{KeepDims: true}) }

func normalizeL2(c *call) {
	c.op(graph.LpNormalization, &graph.ReduceAttrs{KeepDims: true, Axes: []int{1}})
}

func lrn(c *call) {
	c.op(graph.LRN, &graph.LRNAttrs{Size: max(c.d.int("size", c.d.int("local-size", 1)), 1), Axis: 1})
}

func groupNorm(c *call) {
	c.op(graph.GroupNormalization, &graph.GroupAttrs{Groups: max(c.d.int("num_groups", 1), 1), Axis: 1})
}

func rms(c *call) { c.op(graph.RMSNormalization, &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true}) }
