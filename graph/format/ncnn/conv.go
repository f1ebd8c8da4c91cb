package ncnn

import "github.com/gaugenn/gaugenn/graph"

// spatial reads one value per spatial axis, outermost first: parameter ids
// for w, h and d; h and d default to the value of w.
func spatial(c *call, n int, w, h, d int, def int64) []int64 {
	x := c.params.int(w, def)
	switch n {
	case 1:
		return []int64{x}
	case 2:
		return []int64{c.params.int(h, x), x}
	}
	return []int64{c.params.int(d, x), c.params.int(h, x), x}
}

// Values of pad_left that ask for padding by size.
const (
	padSameUpper = -233
	padSameLower = -234
)

// window reads kernel, dilation, stride and padding of a convolution.
func window(c *call, n int) graph.Window {
	w := graph.Window{
		Kernel:    spatial(c, n, 1, 11, 21, 0),
		Dilations: spatial(c, n, 2, 12, 22, 1),
		Strides:   spatial(c, n, 3, 13, 23, 1),
	}
	setPads(c, &w, n, 4, 14, 24, 15, 16, 17)
	return w
}

// setPads reads padding: left, top, front, right, bottom, behind.
func setPads(c *call, w *graph.Window, n int, left, top, front, right, bottom, behind int) {
	w.PadBegin = spatial(c, n, left, top, front, 0)
	l := w.PadBegin[n-1]
	switch l {
	case padSameUpper:
		w.PadMode, w.PadBegin = graph.PadSameUpper, nil
		return
	case padSameLower:
		w.PadMode, w.PadBegin = graph.PadSameLower, nil
		return
	}
	ends := [3]int64{c.params.int(right, l)}
	if n > 1 {
		ends[1] = c.params.int(bottom, w.PadBegin[n-2])
	}
	if n > 2 {
		ends[2] = c.params.int(behind, w.PadBegin[0])
	}
	for i := range n {
		w.PadEnd = append(w.PadEnd, ends[n-1-i])
	}
}

func product(a []int64) int64 {
	p := int64(1)
	for _, v := range a {
		if v <= 0 || p > (1<<40)/v {
			return 0
		}
		p *= v
	}
	return p
}

// quotient is a/b where it is a whole positive number, -1 otherwise.
func quotient(a, b int64) int64 {
	if a <= 0 || b <= 0 || a%b != 0 {
		return -1
	}
	return a / b
}

// convolution has weights [out, in/groups, kernel...]; with dynamic_weight
// (19) they are inputs. A convolution of 1x1 over a vector is a fully
// connected layer to the runtime.
func convolution(c *call, n int) {
	co, size := c.params.int(0, 0), c.params.int(6, 0)
	a := &graph.ConvAttrs{Window: window(c, n), Groups: c.params.int(7, 1), OutChannels: co, Data: graph.CHW(n), Filter: graph.OIHW(n)}
	c.n.Fused = fused(c)
	c.n.Op, c.n.Attrs = graph.Conv, a
	vector := n == 2 && c.rank(0) == 1 && product(a.Kernel) == 1
	c.out(int8(n + 1))
	if c.params.int(19, 0) != 0 {
		return
	}
	k := product(a.Kernel)
	shape := append([]int64{co, quotient(size, co*k)}, a.Kernel...)
	if vector {
		c.op(graph.FullyConnected, &graph.FullyConnectedAttrs{OutFeatures: co})
		c.out(1)
		shape = shape[:2]
	}
	w := c.weight("weight", shape...)
	c.operands(w)
	if c.params.int(5, 0) != 0 {
		c.operands(c.floats("bias", co))
	}
	int8Scales(c, w, a.Groups)
}

// int8Scales reads the scale tables of a convolution with int8_scale_term (8):
// per output or group, one for all with term 2 or 102, then one or two of
// activations.
func int8Scales(c *call, w graph.TensorID, groups int64) {
	term := c.params.int(8, 0)
	if term == 0 {
		return
	}
	n := c.params.int(0, 0)
	if c.kind == "ConvolutionDepthWise" {
		n = groups
		if term == 2 || term == 102 {
			n = 1
		}
	}
	c.scales(w, n)
	c.skip(1)
	if term > 100 {
		c.skip(1)
	}
}

// deconvolution has weights of size in*out/groups*kernel, here as
// [out/groups, in, kernel...].
func deconvolution(c *call, n int) {
	co, size := c.params.int(0, 0), c.params.int(6, 0)
	a := &graph.ConvAttrs{Window: window(c, n), Groups: c.params.int(7, 1), OutChannels: co, Data: graph.CHW(n), Filter: graph.OIHW(n)}
	pad, size0 := [3]int{18, 19, 20}, [3]int{20, 21, 0}
	if n == 3 {
		size0 = [3]int{25, 26, 27}
	}
	a.PadMode = graph.PadExplicit // of "same" the runtime cuts nothing off
	a.OutputPadding = spatial(c, n, pad[0], pad[1], pad[2], 0)
	if c.params.int(size0[0], 0) > 0 {
		a.OutputShape = spatial(c, n, size0[0], size0[1], size0[2], 0)
	}
	c.n.Fused = fused(c)
	c.op(graph.ConvTranspose, a)
	c.out(int8(n + 1))
	if c.params.int(28, 0) != 0 { // dynamic weight
		return
	}
	k, perGroup := product(a.Kernel), quotient(co, a.Groups)
	shape := append([]int64{perGroup, quotient(size, perGroup*k)}, a.Kernel...)
	w := c.weight("weight", shape...)
	c.operands(w)
	if c.params.int(5, 0) != 0 {
		c.operands(c.floats("bias", co))
	}
}

// unfold lists the windows of a convolution side by side.
func unfold(c *call) {
	c.op(graph.Im2Col, &graph.ConvAttrs{Window: window(c, 2), Data: graph.CHW(2)})
	c.out(2)
}

// deformable has the inputs x, offset, [mask].
func deformable(c *call) {
	co, size := c.params.int(0, 0), c.params.int(6, 0)
	a := &graph.ConvAttrs{Window: window(c, 2), OutChannels: co, Data: graph.CHW(2), Filter: graph.OIHW(2)}
	c.n.Fused = fused(c)
	c.op(graph.DeformConv, a)
	c.out(3)
	in := append([]graph.TensorID{graph.NoTensor, graph.NoTensor, graph.NoTensor}[:0:0], c.n.Inputs...)
	for len(in) < 3 {
		in = append(in, graph.NoTensor)
	}
	w := c.weight("weight", append([]int64{co, quotient(size, co*product(a.Kernel))}, a.Kernel...)...)
	b := graph.NoTensor
	if c.params.int(5, 0) != 0 {
		b = c.floats("bias", co)
	}
	c.n.Inputs = []graph.TensorID{in[0], w, in[1], b, in[2]}
}

// pooling rounds output sizes up with pad_mode 0. A global one gives a vector.
func pooling(c *call, n int) {
	op := graph.MaxPool
	if c.params.int(0, 0) == 1 {
		op = graph.AveragePool
	}
	a := &graph.PoolAttrs{Data: graph.CHW(n), CountPad: c.params.int(6, 0) != 0}
	c.op(op, a)
	c.out(int8(n + 1))
	switch {
	case c.params.int(4, 0) != 0:
		a.Global, a.DropSpatial = true, true
		c.out(1)
		return
	case c.params.int(7, 0) != 0:
		a.AdaptiveOutput = spatial(c, n, 8, 18, 28, 0)
		for i, v := range a.AdaptiveOutput {
			if v == -233 { // keep the input's size
				a.AdaptiveOutput[i] = -1
			}
		}
		return
	}
	a.Window = graph.Window{Kernel: spatial(c, n, 1, 11, 21, 0), Strides: spatial(c, n, 2, 12, 22, 1)}
	setPads(c, &a.Window, n, 3, 13, 23, 14, 15, 16)
	switch c.params.int(5, 0) {
	case 0:
		a.Ceil = true
	case 2:
		a.PadMode, a.PadBegin, a.PadEnd = graph.PadSameUpper, nil, nil
	case 3:
		a.PadMode, a.PadBegin, a.PadEnd = graph.PadSameLower, nil, nil
	}
}
