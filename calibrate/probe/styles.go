package probe

// style is a way in which chains grow.
type style struct {
	name  string
	build func(c *chain)
}

// styles are the ways, one after another by seed. Each draws its own sizes; together they span what mobile networks are made of.
var styles = []style{{"mobile", mobile}, {"dense", convolutions}, {"mixed", mixed}, {"rows", rows}, {"pixels", pixels}, {"small", small}, {"wide", wide}}

// mobile is a chain of inverted residual blocks.
func mobile(c *chain) {
	side := c.logInt(48, 224)
	c.start(1, side, side, 3)
	c.conv(c.channels(8, 32), 3, 3, 2, paddingSame, relu6)
	for tries := 0; !c.full() && tries < 100; tries++ {
		act := byte(c.pick(noActivation, relu, relu6))
		wide := c.channels(c.last(), min(6*c.last(), 1024))
		stride := 1
		if c.shape()[1] > 7 && c.rng.IntN(3) == 0 {
			stride = 2
		}
		c.conv(wide, 1, 1, 1, paddingSame, act)
		if act == noActivation {
			c.pointwise([]opcode{opHardSwish, opRelu, opHardSwish}[c.rng.IntN(3)])
		}
		if stride == 2 && c.rng.IntN(2) == 0 && c.pad(1, 0) {
			c.depthwise(3, stride, paddingValid, act)
		} else {
			c.depthwise(c.pick(3, 3, 3, 5, 5, 7), stride, paddingSame, act)
		}
		if c.rng.IntN(3) == 0 {
			c.gate()
		}
		c.conv(c.channels(max(c.last()/6, 8), max(c.last()/2, 9)), 1, 1, 1, paddingSame, noActivation)
		if c.residual(noActivation) && c.rng.IntN(3) == 0 {
			c.pointwise(opRelu)
		}
	}
	c.mean()
	c.dense(c.channels(10, 1000), noActivation)
}

// convolutions is a chain of dense convolutions of several kernels.
func convolutions(c *chain) {
	side := c.logInt(24, 192)
	c.start(1, side, side, c.pick(1, 3, 3))
	for tries := 0; !c.full() && tries < 100; tries++ {
		stride := 1
		if c.shape()[1] > 6 && c.rng.IntN(4) == 0 {
			stride = 2
		}
		if stride == 2 && c.rng.IntN(2) == 0 {
			c.pad(1, 0)
			c.conv(c.channels(8, 384), 3, 3, 2, paddingValid, relu)
			continue
		}
		k := c.pick(3, 3, 3, 1, 1, 5, 7)
		kh, kw := k, k
		if k == 7 && c.rng.IntN(2) == 0 {
			kh, kw = 1, 7
		}
		c.conv(c.channels(8, 384), kh, kw, stride, byte(c.pick(paddingSame, paddingSame, paddingValid)), byte(c.pick(noActivation, relu)))
		switch c.rng.IntN(6) {
		case 0:
			c.residual(relu)
		case 1:
			c.pool(opMaxPool, c.pick(2, 3), 2)
		case 2:
			c.grouped(c.pick(2, 4, 8))
		}
	}
	c.mean()
	c.dense(c.channels(10, 1000), noActivation)
}

// mixed takes operators of every kind on images.
func mixed(c *chain) {
	h, w := c.logInt(8, 128), c.logInt(8, 128)
	c.start(1, h, w, c.channels(4, 96))
	pointwise := []opcode{opRelu, opLogistic, opTanh, opHardSwish, opLeakyRelu, opPrelu, opPrelu, opGelu}
	for tries := 0; !c.full() && tries < 200; tries++ {
		switch c.rng.IntN(18) {
		case 0, 1:
			c.conv(c.channels(8, 256), 1, 1, 1, paddingSame, noActivation)
		case 2:
			c.conv(c.channels(8, 128), 3, 3, c.pick(1, 2), paddingSame, relu)
		case 3:
			c.depthwise(c.pick(3, 5, 7), c.pick(1, 1, 2), paddingSame, noActivation)
		case 4:
			c.pool(opMaxPool, c.pick(2, 3), c.pick(1, 2))
		case 5:
			c.pool(opAveragePool, c.pick(2, 3), c.pick(1, 2))
		case 6, 7:
			c.residual(noActivation) // so that functions follow other things than convolutions too
			c.pointwise(pointwise[c.rng.IntN(len(pointwise))])
		case 8:
			c.residual(noActivation)
		case 9:
			c.concat()
		case 10:
			c.pad(c.pick(0, 1), c.pick(0, 8))
		case 11:
			c.slice()
		case 12:
			c.resize()
		case 13:
			c.deconv(c.channels(4, 64), c.pick(2, 3, 4))
		case 14:
			c.gate()
		case 15:
			c.binary(opMul, c.constant(c.last()), noActivation)
		case 16:
			c.split()
		case 17:
			c.conv(c.last(), 3, 3, 1, paddingSame, noActivation)
			c.pointwise(opPrelu)
		}
	}
	c.pointwise(opSoftmax)
}

// rows is made of what transformers and recurrent networks are.
func rows(c *chain) {
	c.start(1, c.logInt(8, 256), c.channels(32, 384))
	for tries := 0; !c.full() && tries < 100; tries++ {
		switch c.rng.IntN(10) {
		case 8:
			c.share()
		case 9:
			c.heads(c.pick(2, 3, 4))
		case 0, 1, 2:
			c.dense(c.channels(32, 768), byte(c.pick(noActivation, relu)))
		case 3:
			c.attend()
		case 4:
			c.normalise()
		case 5:
			c.residual(noActivation)
		case 6:
			c.pointwise(opGelu)
			c.transpose()
		case 7:
			c.pointwise([]opcode{opTanh, opLogistic}[c.rng.IntN(2)])
			c.binary(opMul, c.constant(c.last()), noActivation)
		}
	}
	c.pointwise(opSoftmax)
}

// pixels keeps large images with few channels.
func pixels(c *chain) {
	side := c.logInt(64, 256)
	c.start(1, side, side, c.pick(1, 3, 4))
	for tries := 0; !c.full() && tries < 100; tries++ {
		switch c.rng.IntN(10) {
		case 8:
			c.pointwise([]opcode{opLogistic, opRelu, opPrelu, opTanh}[c.rng.IntN(4)])
		case 9:
			c.split()
		case 0, 1:
			c.conv(c.channels(2, 32), 3, 3, c.pick(1, 1, 2), paddingSame, relu)
		case 2:
			c.conv(c.channels(2, 32), 1, 1, 1, paddingSame, noActivation)
		case 3:
			c.depthwise(c.pick(3, 5), c.pick(1, 2), paddingSame, relu)
		case 4:
			c.pool(opMaxPool, 2, 2)
		case 5:
			c.resize()
		case 6:
			c.residual(noActivation)
		case 7:
			c.concat()
		}
	}
}

// small is made of vectors and tiny images, where starting a kernel costs as much as running it.
func small(c *chain) {
	side := c.logInt(3, 20)
	c.start(1, side, side, c.channels(4, 128))
	for tries := 0; len(c.nodes) < probeNodes/2 && tries < 100; tries++ {
		switch c.rng.IntN(6) {
		case 0:
			c.conv(c.channels(4, 192), 3, 3, c.pick(1, 2), paddingSame, relu)
		case 1:
			c.conv(c.channels(4, 384), 1, 1, 1, paddingSame, relu)
		case 2:
			c.depthwise(3, 1, paddingSame, relu)
		case 3:
			c.residual(relu)
		case 4:
			c.pointwise([]opcode{opLogistic, opHardSwish}[c.rng.IntN(2)])
		case 5:
			c.pool(opAveragePool, 2, 1)
		}
	}
	c.mean()
	for range 8 {
		c.dense(c.channels(16, 1024), byte(c.pick(noActivation, relu)))
	}
}

// wide has weights of megabytes on small images, as the end of a classifier. Every second one has more of them than any cache holds: several layers
// of one shape, whose weights are one in the file and many in the runtime.
func wide(c *chain) {
	side := c.logInt(2, 14)
	c.start(1, side, side, c.channels(128, 768))
	for tries := 0; len(c.nodes) < probeNodes/2 && tries < 40 && c.weight < allWeights/2 && !c.full(); tries++ {
		switch c.rng.IntN(4) {
		case 0:
			c.conv(c.channels(128, 768), 3, 3, 1, paddingSame, relu)
		case 1, 2:
			c.conv(c.channels(128, 2048), 1, 1, 1, paddingSame, relu)
		case 3:
			c.depthwise(c.pick(3, 5, 7), 1, paddingSame, relu)
		}
	}
	c.mean()
	if c.rng.IntN(2) == 0 {
		c.heavy()
	}
	for range 4 {
		c.dense(c.channels(256, 4096), byte(c.pick(noActivation, relu)))
	}
}

// heavy adds layers of 2 Mi weights each.
func (c *chain) heavy() {
	const wideEnd, narrowEnd, pairs = 2048, 1024, 6
	c.dense(wideEnd, noActivation)
	first := [2]int{-1, -1}
	for i := range 2 * pairs {
		filter := len(c.tensors)
		c.weight = 0 // they are one in the file
		if !c.dense([]int{narrowEnd, wideEnd}[i%2], relu) {
			return
		}
		if first[i%2] < 0 {
			first[i%2] = filter
		} else {
			c.again(filter, first[i%2])
		}
	}
}
