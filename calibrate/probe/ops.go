package probe

import "slices"

// The operators that a chain of images [1, H, W, C] or of rows [1, T, D] can grow by. Each reports whether it did: one that would be too
// large or does not fit the shape leaves the chain as it is.

// conv is a convolution of kernel kh x kw.
func (c *chain) conv(out, kh, kw, stride int, padding, act byte) bool {
	s := c.shape()
	if len(s) != 4 {
		return false
	}
	h, w := (s[1]+stride-1)/stride, (s[2]+stride-1)/stride
	if padding == paddingValid {
		h, w = (s[1]-kh)/stride+1, (s[2]-kw)/stride+1
	}
	if h < 1 || w < 1 || s[1] < kh && padding == paddingValid || !c.room(float64(h*w*out)*float64(kh*kw*s[3]), kh*kw*s[3]*out, h*w*out) {
		return false
	}
	f, b := c.weights([]int{out, kh, kw, s[3]}, 0, out)
	c.add(opConv, c.activation([]int{1, h, w, out}, activeScale, 0), []int{c.at, f, b},
		slot{0, padding}, slot{1, int32(stride)}, slot{2, int32(stride)}, slot{3, act}, slot{4, int32(1)}, slot{5, int32(1)})
	return true
}

// grouped is a 3x3 convolution in groups.
func (c *chain) grouped(groups int) bool {
	s := c.shape()
	if len(s) != 4 || s[1] < smallestSide || s[3]%groups != 0 || s[3]/groups < 2 || c.narrow && !c.int8 {
		return false
	}
	if !c.room(float64(s[1]*s[2]*s[3])*float64(9*s[3]/groups), 9*s[3]*s[3]/groups, volume(s)) {
		return false
	}
	f, b := c.weights([]int{s[3], 3, 3, s[3] / groups}, 0, s[3])
	c.add(opConv, c.activation(s, activeScale, 0), []int{c.at, f, b}, slot{1, int32(1)}, slot{2, int32(1)}, slot{4, int32(1)}, slot{5, int32(1)})
	return true
}

// room reports whether an operator is within the limits, and counts its work.
func (c *chain) room(macs float64, weights, elements int) bool {
	if macs > maxOpMACs || weights > maxWeights || c.weight+weights > allWeights || elements > maxElements {
		return false
	}
	c.macs += macs
	c.weight += weights
	return true
}

// depthwise is a depthwise convolution.
func (c *chain) depthwise(k, stride int, padding, act byte) bool {
	s := c.shape()
	if len(s) != 4 || s[1] < max(k, smallestSide) || s[2] < max(k, smallestSide) {
		return false
	}
	h, w := (s[1]+stride-1)/stride, (s[2]+stride-1)/stride
	if padding == paddingValid {
		h, w = (s[1]-k)/stride+1, (s[2]-k)/stride+1
	}
	if !c.room(float64(h*w*s[3]*k*k), k*k*s[3], h*w*s[3]) {
		return false
	}
	f, b := c.weights([]int{1, k, k, s[3]}, 3, s[3])
	c.add(opDepthwise, c.activation([]int{1, h, w, s[3]}, activeScale, 0), []int{c.at, f, b},
		slot{0, padding}, slot{1, int32(stride)}, slot{2, int32(stride)}, slot{3, int32(1)}, slot{4, act}, slot{5, int32(1)}, slot{6, int32(1)})
	return true
}

// dense is a fully connected layer over the last axis.
func (c *chain) dense(out int, act byte) bool {
	s := c.shape()
	rows := 1
	for _, d := range s[:len(s)-1] {
		rows *= d
	}
	if len(s) == 4 && rows > 1 || !c.room(float64(rows*out*s[len(s)-1]), out*s[len(s)-1], rows*out) {
		return false
	}
	f, b := c.weights([]int{out, s[len(s)-1]}, 0, out)
	shape := []int{1, out}
	keep := byte(0)
	if len(s) == 3 {
		shape, keep = []int{1, s[1], out}, 1
	}
	c.add(opDense, c.activation(shape, activeScale, 0), []int{c.at, f, b}, slot{0, act}, slot{2, keep})
	return true
}

// pool is a maximum or average over windows.
func (c *chain) pool(op opcode, k, stride int) bool {
	s := c.shape()
	if len(s) != 4 || s[1] < max(k, smallestSide) || s[2] < max(k, smallestSide) {
		return false
	}
	c.add(op, c.like([]int{1, (s[1] + stride - 1) / stride, (s[2] + stride - 1) / stride, s[3]}), []int{c.at},
		slot{1, int32(stride)}, slot{2, int32(stride)}, slot{3, int32(k)}, slot{4, int32(k)})
	return true
}

// mean is the mean over positions, whose axis stays.
func (c *chain) mean() bool {
	s := c.shape()
	if len(s) == 4 && s[1]*s[2] > 1 {
		c.add(opMean, c.activation([]int{1, 1, 1, s[3]}, activeScale, 0), []int{c.at, c.indices([]int{2}, 1, 2)}, slot{0, byte(1)})
		return true
	}
	return false
}

// pointwise is a function of each element.
func (c *chain) pointwise(op opcode) bool {
	s := c.shape()
	scale, zero := float32(activeScale), int64(0)
	switch op {
	case opLogistic, opSoftmax:
		scale, zero = 1./256, -128
	case opTanh:
		scale = 1. / 128
	}
	var options []slot
	in := []int{c.at}
	switch op {
	case opSoftmax:
		options = []slot{{0, float32(1)}}
	case opLeakyRelu:
		options = []slot{{0, float32(0.1)}}
	case opPrelu:
		if len(s) != 4 {
			return false
		}
		in = append(in, c.constant(1, 1, s[3]))
	}
	c.add(op, c.activation(s, scale, zero), in, options...)
	return true
}

// binary combines the end with a tensor or constant.
func (c *chain) binary(op opcode, other int, act byte) bool {
	c.add(op, c.activation(c.shape(), activeScale, 0), []int{c.at, other}, slot{0, act})
	return true
}

// earlier returns an activation before the end of the same shape, -1 when there is none.
func (c *chain) earlier() int {
	s := c.shape()
	for i := c.at - 1; i >= 0; i-- {
		t := &c.tensors[i]
		if t.data == nil && slices.Equal(t.shape, s) && (!c.int8 || t.scale[0] == activeScale) {
			return i
		}
	}
	return -1
}

// residual adds an earlier tensor of the same shape.
func (c *chain) residual(act byte) bool {
	i := c.earlier()
	return i >= 0 && c.binary(opAdd, i, act)
}

// concat puts an earlier tensor of the same shape beside the end along the channels.
func (c *chain) concat() bool {
	i, s := c.earlier(), c.shape()
	if i < 0 || c.int8 && c.tensors[c.at].scale[0] != activeScale || !c.room(0, 0, 2*volume(s)) {
		return false
	}
	out := append([]int(nil), s...)
	out[len(out)-1] *= 2
	c.add(opConcatenation, c.like(out), []int{c.at, i}, slot{0, int32(len(s) - 1)})
	return true
}

func volume(s []int) int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// pad adds a border of zeros, and more channels of zeros.
func (c *chain) pad(border, channels int) bool {
	s := c.shape()
	if len(s) != 4 || s[1] < smallestSide || !c.room(0, 0, (s[1]+2*border)*(s[2]+2*border)*(s[3]+channels)) {
		return false
	}
	c.add(opPad, c.like([]int{1, s[1] + 2*border, s[2] + 2*border, s[3] + channels}), []int{c.at, c.indices([]int{4, 2}, 0, 0, border, border, border, border, 0, channels)})
	return true
}

// slice takes the first half of the channels.
func (c *chain) slice() bool {
	s := c.shape()
	if len(s) != 4 || s[3] < 4 {
		return false
	}
	half := s[3] / 2
	c.add(opStridedSlice, c.like([]int{1, s[1], s[2], half}), []int{c.at, c.indices([]int{4}, 0, 0, 0, 0),
		c.indices([]int{4}, 1, s[1], s[2], half), c.indices([]int{4}, 1, 1, 1, 1)})
	return true
}

// resize doubles both sides.
func (c *chain) resize() bool {
	s := c.shape()
	if len(s) != 4 || s[1] < smallestSide || !c.room(0, 0, 4*volume(s)) {
		return false
	}
	c.add(opResize, c.like([]int{1, 2 * s[1], 2 * s[2], s[3]}), []int{c.at, c.indices([]int{2}, 2*s[1], 2*s[2])}, slot{3, byte(1)})
	return true
}

// deconv doubles both sides by a transposed convolution.
func (c *chain) deconv(out, k int) bool {
	s := c.shape()
	if len(s) != 4 || !c.room(float64(s[1]*s[2]*s[3])*float64(out*k*k), out*k*k*s[3], 4*s[1]*s[2]*out) {
		return false
	}
	narrow := c.narrow
	c.narrow = c.int8 // runtimes have no transposed convolution with weights of another type
	f, b := c.weights([]int{out, k, k, s[3]}, 0, out)
	c.narrow = narrow
	shape := c.indices([]int{4}, 1, 2*s[1], 2*s[2], out)
	c.add(opDeconv, c.activation([]int{1, 2 * s[1], 2 * s[2], out}, activeScale, 0), []int{shape, f, c.at, b}, slot{1, int32(2)}, slot{2, int32(2)})
	return true
}

// gate multiplies the end by a number per channel that follows from its mean: squeeze and excite.
func (c *chain) gate() bool {
	x, s := c.at, c.shape()
	if len(s) != 4 || s[1] < smallestSide || c.int8 && c.tensors[x].scale[0] != activeScale || !c.mean() {
		return false
	}
	if !c.conv(max(s[3]/4, 4), 1, 1, 1, paddingSame, relu) || !c.conv(s[3], 1, 1, 1, paddingSame, noActivation) {
		return true
	}
	c.pointwise(opLogistic)
	g := c.at
	c.at = x
	return c.binary(opMul, g, noActivation)
}

// transpose swaps the last two axes of rows.
func (c *chain) transpose() bool {
	s := c.shape()
	if len(s) != 3 {
		return false
	}
	c.add(opTranspose, c.like([]int{1, s[2], s[1]}), []int{c.at, c.indices([]int{3}, 0, 2, 1)})
	return true
}

// attend multiplies rows by themselves, as attention does: softmax(x x') x.
func (c *chain) attend() bool {
	x, s := c.at, c.shape()
	if len(s) != 3 || c.int8 && c.tensors[x].scale[0] != activeScale || !c.room(2*float64(s[1]*s[1]*s[2]), 0, s[1]*s[1]) {
		return false
	}
	c.add(opMatMul, c.activation([]int{1, s[1], s[1]}, 1, 0), []int{x, x}, slot{1, byte(1)})
	c.pointwise(opSoftmax)
	c.add(opMatMul, c.activation(s, activeScale, 0), []int{c.at, x})
	return true
}

// share is softmax in its parts.
func (c *chain) share() bool {
	x, s := c.at, c.shape()
	if len(s) != 3 || c.int8 {
		return false
	}
	axis := c.indices([]int{1}, 2)
	c.add(opReduceMax, c.activation([]int{1, s[1], 1}, activeScale, 0), []int{x, axis}, slot{0, byte(1)})
	top := c.at
	c.at = x
	c.binary(opSub, top, noActivation)
	c.add(opExp, c.activation(s, activeScale, 0), []int{c.at})
	e := c.at
	c.add(opSum, c.activation([]int{1, s[1], 1}, activeScale, 0), []int{e, axis}, slot{0, byte(1)})
	sum := c.at
	c.at = e
	return c.binary(opDiv, sum, noActivation)
}

// split halves the channels and puts the halves together the other way round.
func (c *chain) split() bool {
	s := c.shape()
	if len(s) != 4 || s[3]%2 != 0 || s[3] < 4 {
		return false
	}
	half := []int{1, s[1], s[2], s[3] / 2}
	axis := c.indices([]int{}, 3)
	a := c.like(half)
	b := c.like(half)
	c.nodes = append(c.nodes, node{op: opSplit, in: []int{axis, c.at}, out: []int{a, b}, options: []slot{{0, int32(2)}}})
	c.at = b
	c.add(opConcatenation, c.like(s), []int{b, a}, slot{0, int32(3)})
	return true
}

// heads is attention with several heads, whose rows are put apart and together again.
func (c *chain) heads(n int) bool {
	s := c.shape()
	if len(s) != 3 || s[2]%n != 0 || s[2]/n < 8 || c.int8 && c.tensors[c.at].scale[0] != activeScale || !c.room(2*float64(s[1]*s[1]*s[2]), 0, n*s[1]*s[1]) {
		return false
	}
	apart, turned, order := []int{1, s[1], n, s[2] / n}, []int{1, n, s[1], s[2] / n}, c.indices([]int{4}, 0, 2, 1, 3)
	c.add(opReshape, c.like(apart), []int{c.at, c.indices([]int{4}, apart...)})
	c.add(opTranspose, c.like(turned), []int{c.at, order})
	x := c.at
	c.add(opMatMul, c.activation([]int{1, n, s[1], s[1]}, 1, activeZero), []int{x, x}, slot{1, byte(1)})
	c.pointwise(opSoftmax)
	c.add(opMatMul, c.activation(turned, activeScale, 0), []int{c.at, x})
	c.add(opTranspose, c.like(apart), []int{c.at, order})
	c.add(opReshape, c.like(s), []int{c.at, c.indices([]int{3}, s...)})
	return true
}

// normalise is layer normalisation in its parts.
func (c *chain) normalise() bool {
	x, s := c.at, c.shape()
	if c.int8 && c.tensors[x].scale[0] != activeScale || len(s) != 3 {
		return false
	}
	axis := c.indices([]int{1}, 2)
	c.add(opMean, c.activation([]int{1, s[1], 1}, activeScale, 0), []int{x, axis}, slot{0, byte(1)})
	mean := c.at
	c.add(opSquaredDiff, c.activation(s, activeScale, 0), []int{x, mean})
	c.add(opMean, c.activation([]int{1, s[1], 1}, activeScale, 0), []int{c.at, axis}, slot{0, byte(1)})
	c.binary(opAdd, c.constant(1), noActivation)
	c.add(opRsqrt, c.activation([]int{1, s[1], 1}, activeScale, 0), []int{c.at}) // of positive numbers: the constant is
	r := c.at
	c.at = x
	c.binary(opSub, mean, noActivation)
	c.binary(opMul, r, noActivation)
	return c.binary(opMul, c.constant(s[2]), noActivation)
}
