package mnn

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// padModes of convolutions: 0 explicit, 1 VALID, 2 SAME.
func padMode(code uint8) graph.PadMode {
	switch code {
	case 1:
		return graph.PadValid
	case 2:
		return graph.PadSameUpper
	}
	return graph.PadExplicit
}

// commonAttrs reads Convolution2DCommon.
func commonAttrs(c flatbuf.Table, fused *graph.Op) *graph.ConvAttrs {
	get := func(slot int, def int32) int64 { return int64(c.Int32(slot, def)) }
	a := &graph.ConvAttrs{Data: graph.NCHW(2), Filter: graph.OIHW(2), Groups: get(commonGroup, 1), OutChannels: get(commonOutputCount, 0)}
	a.Kernel = []int64{get(commonKernelY, 1), get(commonKernelX, 1)}
	a.Strides = []int64{get(commonStrideY, 1), get(commonStrideX, 1)}
	a.Dilations = []int64{get(commonDilateY, 1), get(commonDilateX, 1)}
	a.PadMode = padMode(c.Uint8(commonPadMode, 0))
	if a.PadMode == graph.PadExplicit {
		a.PadBegin = []int64{get(commonPadY, 0), get(commonPadX, 0)}
		a.PadEnd = a.PadBegin
		if v := c.Vector(commonPads, 4).Int64s(); len(v) == 4 { // top, left, bottom, right
			a.PadBegin, a.PadEnd = v[:2], v[2:]
		}
	}
	if v := c.Vector(commonOutPads, 4).Int64s(); len(v) == 2 {
		a.OutputPadding = v
	}
	switch {
	case c.Bool(commonRelu6):
		*fused = graph.Relu6
	case c.Bool(commonRelu):
		*fused = graph.Relu
	}
	return a
}

// convolution reads Convolution2D: the weights as floats, quantised, symmetric
// int8, external or, in benchmark models, only declared.
func convolution(s *site) {
	c := s.p.Table(convCommon)
	a := commonAttrs(c, &s.n.Fused)
	s.n.Attrs = a
	if s.n.Op == graph.Im2Col || s.n.Op == graph.Col2Im {
		return
	}
	if s.n.Op == graph.ConvTranspose && c.Bool(commonHasOutputShape) && len(s.n.Inputs) == 2 {
		s.outputShape(a)
	}
	if len(s.n.Inputs) > 1 {
		return // weights are operands
	}
	w, bias := convWeights(s)
	out, in := int64(c.Int32(commonOutputCount, 0)), int64(c.Int32(commonInputCount, 0))
	depthwise := s.code == 13 || s.code == 18 || s.code == 515
	cells := product(out, a.Kernel[0], a.Kernel[1])
	group := max(a.Groups, 1)
	perGroup := in / group
	switch {
	case depthwise:
		a.Groups, perGroup = out, 1
	case w.elements > 0 && cells > 0 && w.elements%cells == 0:
		perGroup = w.elements / cells
	}
	shape := []int64{out, perGroup, a.Kernel[0], a.Kernel[1]}
	if s.n.Op == graph.ConvTranspose {
		a.Filter = graph.IOHW(2)
		if depthwise {
			shape[0], shape[1] = out, 1
		} else {
			shape[0], shape[1] = perGroup*group, out/group
		}
	}
	if perGroup <= 0 || out <= 0 {
		shape = []int64{-1, -1, a.Kernel[0], a.Kernel[1]}
	}
	s.operand("weight", w, shape...)
	if w.c == nil || bias.c != nil {
		s.operand("bias", bias, out)
	}
}

// outputShape takes the result's size from operand 1 and drops the operand: it
// is in the source's order, NHWC for TensorFlow and TFLite.
func (s *site) outputShape(a *graph.ConvAttrs) {
	t := s.g.Tensor(s.n.Inputs[1])
	s.n.Inputs = s.n.Inputs[:1]
	if t == nil || t.Const == nil || t.DType != graph.Int32 || len(t.Const.Data) != 16 {
		return
	}
	at := func(i int) int64 { return int64(int32(binary.LittleEndian.Uint32(t.Const.Data[4*i:]))) }
	a.OutputShape = []int64{at(2), at(3)}
	if s.r.channelsLast() {
		a.OutputShape = []int64{at(1), at(2)}
	}
}

// product multiplies sizes, 0 where one is not positive or the result is absurd.
func product(v ...int64) int64 {
	n := int64(1)
	for _, x := range v {
		if x <= 0 || n > (1<<40)/x {
			return 0
		}
		n *= x
	}
	return n
}

// convWeights returns filter and bias as the file stores them.
func convWeights(s *site) (w, bias weight) {
	w, bias = floats(s.p.Vector(convWeight, 4)), floats(s.p.Vector(convBias, 4))
	if q := s.p.Table(convQuanParameter); q.Exists() && w.c == nil {
		w = quanWeight(q)
	}
	if q := s.p.Table(convSymmetricQuan); q.Exists() {
		if data := q.Bytes(floatWeight); len(data) > 0 && w.c == nil {
			w = weight{dtype: graph.Int8, c: flatfmt.View(data), elements: int64(len(data)), quant: &graph.Quant{Scales: q.Vector(floatScale, 4).Float32s(), Word: "symmetric"}}
		}
		if v := q.Vector(floatBias, 4); v.Len() > 0 && bias.c == nil {
			bias = weight{dtype: graph.Int32, c: flatfmt.View(v.Raw()), elements: int64(v.Len())}
		}
	}
	if v := s.p.Vector(convExternal, 8); v.Len() >= 3 && w.c == nil {
		off, n, m := v.Int64(0), v.Int64(1), v.Int64(2)
		w = weight{dtype: graph.Float32, c: s.r.outside(off, n), elements: n / 4}
		if q := s.p.Table(convQuanParameter); q.Exists() {
			w.dtype, w.elements, w.quant = graph.Int8, -1, &graph.Quant{Word: "IDSTQuan external"}
		}
		if m > 0 {
			bias = weight{dtype: graph.Float32, c: s.r.outside(off+n, m), elements: m / 4}
		}
	}
	return w, bias
}

// convolution3D reads Convolution3D; its lists are ordered depth, height, width.
func convolution3D(s *site) {
	c := s.p.Table(0)
	a := &graph.ConvAttrs{Data: graph.NCHW(3), Filter: graph.OIHW(3), Groups: int64(c.Int32(9, 1)), OutChannels: int64(c.Int32(6, 0))}
	a.Dilations, a.Strides, a.Kernel = c.Vector(0, 4).Int64s(), c.Vector(1, 4).Int64s(), c.Vector(2, 4).Int64s()
	a.PadMode = padMode(c.Uint8(4, 0))
	if v := c.Vector(3, 4).Int64s(); a.PadMode == graph.PadExplicit && len(v) == 3 {
		a.PadBegin, a.PadEnd = v, v
	} else if a.PadMode == graph.PadExplicit && len(v) == 6 {
		a.PadBegin, a.PadEnd = v[:3], v[3:]
	}
	s.n.Attrs = a
	if len(a.Kernel) != 3 {
		s.n.Op = graph.Unknown
		return
	}
	out, in := int64(c.Int32(6, 0)), int64(c.Int32(5, 0))
	if s.n.Op == graph.ConvTranspose {
		a.Filter = graph.IOHW(3)
		out, in = in, out
	}
	s.operand("weight", floats(s.p.Vector(1, 4)), out, in/max(a.Groups, 1), a.Kernel[0], a.Kernel[1], a.Kernel[2])
	s.operand("bias", floats(s.p.Vector(2, 4)), a.OutChannels)
}

// quantizedConv reads TfQuantizedConv2D.
func quantizedConv(s *site) {
	c := s.p.Table(2)
	a := commonAttrs(c, &s.n.Fused)
	data := s.p.Bytes(3)
	out := a.OutChannels
	per := int64(1)
	if k := product(a.Kernel[0], a.Kernel[1], out); k > 0 {
		per = int64(len(data)) / k
	}
	if s.code == 55 {
		a.Groups, per = out, 1
	}
	s.n.Attrs = a
	s.operand("weight", weight{dtype: graph.Uint8, c: flatfmt.View(data), elements: int64(len(data))}, out, per, a.Kernel[0], a.Kernel[1])
	if v := s.p.Vector(0, 4); v.Len() > 0 {
		s.operand("bias", weight{dtype: graph.Int32, c: flatfmt.View(v.Raw())}, int64(v.Len()))
	}
}

func quantizedConcat(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.int(1, 0))} }

// pooling reads Pool.
func pooling(s *site) {
	a := &graph.PoolAttrs{Data: graph.NCHW(2), Global: s.p.Bool(2)}
	a.Kernel, a.Strides = []int64{s.int(4, 0), s.int(3, 0)}, []int64{s.int(6, 0), s.int(5, 0)}
	a.PadMode = padMode(s.p.Uint8(8, 0))
	if a.PadMode == graph.PadExplicit {
		a.PadBegin = []int64{s.int(1, 0), s.int(0, 0)}
		a.PadEnd = a.PadBegin
		if v := s.p.Vector(11, 4).Int64s(); len(v) == 4 {
			a.PadBegin, a.PadEnd = v[:2], v[2:]
		}
		a.Ceil = s.p.Uint8(10, 1) != 0
	}
	if s.p.Uint8(7, 0) == 1 {
		s.n.Op = graph.AveragePool
		a.CountPad = s.p.Uint8(12, 0) == 1
	}
	s.n.Attrs = a
}

func pooling3D(s *site) {
	a := &graph.PoolAttrs{Data: graph.NCHW(3), Global: s.p.Bool(5)}
	a.Strides, a.Kernel = s.p.Vector(0, 4).Int64s(), s.p.Vector(1, 4).Int64s()
	a.PadMode = padMode(s.p.Uint8(4, 0))
	if v := s.p.Vector(2, 4).Int64s(); a.PadMode == graph.PadExplicit && len(v) == 3 {
		a.PadBegin, a.PadEnd = v, v
	}
	if s.p.Uint8(3, 0) == 1 {
		s.n.Op = graph.AveragePool
	}
	s.n.Attrs = a
}

// quantizedPool reads QuantizedAvgPool and QuantizedMaxPool.
func quantizedPool(s *site) {
	a := &graph.PoolAttrs{Data: graph.NCHW(2)}
	a.Kernel, a.Strides = []int64{s.int(1, 0), s.int(0, 0)}, []int64{s.int(9, 0), s.int(8, 0)}
	a.PadMode = padMode(s.p.Uint8(5, 0))
	if a.PadMode == graph.PadExplicit {
		a.PadBegin = []int64{s.int(7, 0), s.int(6, 0)}
		a.PadEnd = a.PadBegin
	}
	s.n.Attrs = a
}

func innerProduct(s *site) {
	out, size := s.int(0, 0), s.int(2, 0)
	w := floats(s.p.Vector(3, 4))
	if q := s.p.Table(7); q.Exists() && w.c == nil {
		w = quanWeight(q)
	}
	in := int64(-1)
	if out > 0 {
		in = size / out
	}
	s.n.Attrs = &graph.FullyConnectedAttrs{OutFeatures: out, Axis: int(s.int(5, 0)), TransposedFilter: s.p.Bool(6)}
	shape := []int64{out, in}
	if s.p.Bool(6) {
		shape = []int64{in, out}
	}
	s.operand("weight", w, shape...)
	if s.int(1, 0) != 0 {
		s.operand("bias", floats(s.p.Vector(4, 4)), out)
	}
}

func matMul(s *site) {
	s.n.Attrs = &graph.MatMulAttrs{TransA: s.p.Bool(1), TransB: s.p.Bool(2)}
	s.p.Vector(3, 4)
	s.p.Vector(4, 4)
}

func batchMatMul(s *site) {
	s.n.Attrs = &graph.MatMulAttrs{TransA: s.p.Bool(0), TransB: s.p.Bool(1)}
}

func scale(s *site) {
	channels := s.int(0, 0)
	s.n.Attrs = &graph.AxisAttrs{Axis: 1}
	w, b := floats(s.p.Vector(1, 4)), floats(s.p.Vector(2, 4))
	if v := s.p.Vector(3, 8); v.Len() >= 3 && w.c == nil {
		w = weight{dtype: graph.Float32, c: s.r.outside(v.Int64(0), v.Int64(1)), elements: v.Int64(1) / 4}
		b = weight{dtype: graph.Float32, c: s.r.outside(v.Int64(0)+v.Int64(1), v.Int64(2)), elements: v.Int64(2) / 4}
	}
	s.operand("scale", w, channels)
	if w.c == nil || b.c != nil {
		s.operand("bias", b, channels)
	}
}

// batchNorm has slope, mean, variance and bias per channel.
func batchNorm(s *site) {
	n := s.int(0, 0)
	s.n.Attrs = &graph.AxisAttrs{Axis: 1}
	s.operand("slope", floats(s.p.Vector(1, 4)), n)
	s.operand("bias", floats(s.p.Vector(4, 4)), n)
	if s.n.Op == graph.BatchNormalization {
		s.operand("mean", floats(s.p.Vector(2, 4)), n)
		s.operand("variance", floats(s.p.Vector(3, 4)), n)
	}
}

func prelu(s *site) {
	w := floats(s.p.Vector(1, 4))
	s.operand("slope", w, max(s.int(0, 0), w.elements, 0))
}

func lrn(s *site) {
	s.n.Attrs = &graph.LRNAttrs{Size: s.int(1, 0), Axis: 1, WithinChannel: s.int(0, 0) == 1}
}

func normalize(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: []int{1}, KeepDims: true}
	s.vector("scale", floats(s.p.Vector(3, 4)))
}

func layerNorm(s *site) {
	axes := s.axes(0)
	if group := s.int(4, 1); group > 1 {
		s.n.Op, s.n.Attrs = graph.GroupNormalization, &graph.GroupAttrs{Groups: group, Axis: 1}
	} else {
		if s.p.Bool(6) {
			s.n.Op = graph.RMSNormalization
		}
		s.n.Attrs = &graph.ReduceAttrs{Axes: axes, KeepDims: true}
	}
	s.normWeights(2, 3, 5)
}

func groupNorm(s *site) {
	s.n.Attrs = &graph.GroupAttrs{Groups: s.int(4, 1), Axis: 1}
	s.normWeights(2, 3, 6)
}

// normWeights adds gamma and beta, stored here or in the companion.
func (s *site) normWeights(gamma, beta, external int) {
	g, b := floats(s.p.Vector(gamma, 4)), floats(s.p.Vector(beta, 4))
	if v := s.p.Vector(external, 8); v.Len() >= 3 && g.c == nil {
		g = weight{dtype: graph.Float32, c: s.r.outside(v.Int64(0), v.Int64(1)), elements: v.Int64(1) / 4}
		if v.Int64(2) > 0 {
			b = weight{dtype: graph.Float32, c: s.r.outside(v.Int64(0)+v.Int64(1), v.Int64(2)), elements: v.Int64(2) / 4}
		}
	}
	if g.c == nil {
		return
	}
	s.vector("gamma", g)
	if b.c != nil {
		s.vector("beta", b)
	}
}

func (s *site) blobs(first int, names ...string) {
	for i, name := range names {
		t := s.p.Table(first + i)
		if !t.Exists() {
			s.n.Inputs = append(s.n.Inputs, graph.NoTensor)
			continue
		}
		d, shape, c := s.r.blob(t)
		s.n.Inputs = append(s.n.Inputs, flatfmt.AddConst(s.g, s.n.Name+"."+name, d, shape, c))
	}
}

// recurrent reads LSTM and RNN; operands given as tensors (converted from ONNX)
// stand as there, weights with an axis of directions in front.
func recurrent(s *site) {
	a := &graph.RNNAttrs{Hidden: s.int(0, 0), TimeAxis: 0, BatchAxis: 1, DirectionAxis: 1}
	s.n.Attrs = a
	if len(s.n.Inputs) == 1 {
		s.blobs(3, "weight_i", "weight_h", "bias")
	} else if w := s.g.Tensor(s.n.Input(1)); w != nil && w.Shape.Len() == 3 {
		n, _ := w.Shape.Dim(0).Value()
		a.Directions = int(min(max(n, 1), 2))
	}
}

func gru(s *site) {
	a := &graph.RNNAttrs{Hidden: s.int(0, 0), TimeAxis: 0, BatchAxis: 1, DirectionAxis: 1, Directions: 1}
	if s.p.Bool(1) {
		a.Directions = 2
	}
	s.n.Attrs = a
	s.blobs(4, "fw_gate_weight", "fw_gate_bias", "fw_candidate_weight", "fw_candidate_bias", "fw_recurrent_bias")
	if a.Directions == 2 {
		s.blobs(9, "bw_gate_weight", "bw_gate_bias", "bw_candidate_weight", "bw_candidate_bias", "bw_recurrent_bias")
	}
}
