package litert

import "github.com/gaugenn/gaugenn/graph"

// depthwiseFilter is the layout [1, kh, kw, C*m] of DEPTHWISE_CONV_2D.
func depthwiseFilter() graph.FilterLayout {
	return graph.FilterLayout{Out: 3, In: 0, Spatial: []int{1, 2}}
}

// padding is the schema's enum Padding.
func padding(code int8) graph.PadMode {
	if code == 1 {
		return graph.PadValid
	}
	return graph.PadSameUpper
}

// pairs reads n values from slots given outermost axis first.
func (s *site) values(def int32, slots ...int) []int64 {
	out := make([]int64, len(slots))
	for i, slot := range slots {
		out[i] = int64(s.opt.Int32(slot, def))
	}
	return out
}

func conv2D(s *site) {
	a := &graph.ConvAttrs{Data: graph.NHWC(2), Filter: graph.OHWI(2)}
	a.PadMode = padding(s.opt.Int8(0, 0))
	a.Strides, a.Dilations = s.values(0, 2, 1), s.values(1, 5, 4)
	// Grouped convolution has no option: the filter's input channels divide x's.
	if in, per := dim(s.in(0), 3), dim(s.in(1), 3); per > 0 && in > per && in%per == 0 {
		a.Groups = in / per
	}
	s.n.Attrs = a
	s.fuse(3)
}

func depthwiseConv2D(s *site) {
	a := &graph.ConvAttrs{Data: graph.NHWC(2), Filter: depthwiseFilter(), Depthwise: true}
	a.PadMode = padding(s.opt.Int8(0, 0))
	a.Strides, a.Dilations = s.values(0, 2, 1), s.values(1, 6, 5)
	s.n.Attrs = a
	s.fuse(4)
}

// transposeConv has output shape, filter, x and bias as operands.
func transposeConv(s *site) {
	s.order(2, 1, 3, 0)
	a := &graph.ConvAttrs{Data: graph.NHWC(2), Filter: graph.OHWI(2)}
	a.PadMode = padding(s.opt.Int8(0, 0))
	a.Strides = s.values(0, 2, 1)
	s.n.Attrs = a
	s.fuse(3)
}

func conv3D(s *site) {
	a := &graph.ConvAttrs{Data: graph.NHWC(3), Filter: graph.HWIO(3)}
	a.PadMode = padding(s.opt.Int8(0, 0))
	a.Strides, a.Dilations = s.values(0, 1, 3, 2), s.values(1, 5, 7, 6)
	s.n.Attrs = a
	s.fuse(4)
}

func conv3DTranspose(s *site) {
	s.order(2, 1, 3, 0)
	a := &graph.ConvAttrs{Data: graph.NHWC(3), Filter: graph.HWOI(3)}
	a.PadMode = padding(s.opt.Int8(0, 0))
	a.Strides, a.Dilations = s.values(0, 1, 3, 2), s.values(1, 5, 7, 6)
	s.n.Attrs = a
	s.fuse(4)
}

func pool(s *site) {
	a := &graph.PoolAttrs{Data: graph.NHWC(2)}
	a.PadMode = padding(s.opt.Int8(0, 0))
	a.Strides, a.Kernel = s.values(0, 2, 1), s.values(0, 4, 3)
	s.n.Attrs = a
	s.fuse(5)
}

func fullyConnected(s *site) {
	keep := s.opt.Bool(2)
	s.n.Attrs = &graph.FullyConnectedAttrs{KeepDims: keep, FlattenTo2D: !keep}
	s.fuse(0)
}

func batchMatMul(s *site) {
	s.n.Attrs = &graph.MatMulAttrs{TransA: s.opt.Bool(0), TransB: s.opt.Bool(1)}
}

func svdf(s *site) {
	s.n.Attrs = &graph.SVDFAttrs{Rank: int64(s.opt.Int32(0, 0))}
	s.fuse(1)
}

// rnn is one step: x, weights [units, in], recurrent [units, units], bias, state.
func rnn(s *site) {
	s.n.Attrs = &graph.RNNAttrs{Hidden: dim(s.in(1), 0), ExternalInput: dim(s.in(1), 1), TimeAxis: -1, DirectionAxis: -1}
}

func sequenceRNN(s *site) {
	rnn(s)
	a := s.n.Attrs.(*graph.RNNAttrs)
	a.TimeAxis, a.BatchAxis = timeAxes(s.opt.Bool(0))
}

func bidirectionalRNN(s *site) {
	sequenceRNN(s)
	s.n.Attrs.(*graph.RNNAttrs).Directions = 2
}

func timeAxes(timeMajor bool) (time, batch int) {
	if timeMajor {
		return 0, 1
	}
	return 1, 0
}

// lstmGates reads what the operands of the full kernel say: input weights
// from operand first (input, forget, cell, output gate), then recurrent ones,
// peepholes, biases and the projection.
func lstmGates(s *site, first int) *graph.RNNAttrs {
	forget := s.in(first + 1)
	a := &graph.RNNAttrs{
		Hidden: dim(forget, 0), ExternalInput: dim(forget, 1), TimeAxis: -1, DirectionAxis: -1,
		Coupled: s.in(first) == nil, Peephole: s.in(first+9) != nil,
	}
	if p := s.in(first + 15); p != nil {
		a.Projection = dim(p, 0)
	}
	return a
}

// lstm is one step. The basic kernel (kernel_type 1) has x, the last
// activation, one weight matrix [4*H, in+H], biases [4*H] and the last state.
func lstm(s *site) {
	s.opt.Int8(0, 0)
	if s.opt.Int8(3, 0) == 1 {
		h := dim(s.in(2), 0) / 4
		s.n.Attrs = &graph.RNNAttrs{Hidden: h, ExternalInput: max(0, dim(s.in(2), 1)-h), TimeAxis: -1, DirectionAxis: -1}
		return
	}
	s.n.Attrs = lstmGates(s, 1)
}

func sequenceLSTM(s *site) {
	a := lstmGates(s, 1)
	a.TimeAxis, a.BatchAxis = timeAxes(s.opt.Bool(3))
	s.n.Attrs = a
}

// bidirectionalLSTM has the forward weights from operand 1 and the backward
// ones from operand 18. time_major is true unless stored as false.
func bidirectionalLSTM(s *site) {
	a := lstmGates(s, 1)
	a.TimeAxis, a.BatchAxis = timeAxes(s.opt.Uint8(4, 1) != 0)
	a.Directions = 2
	s.n.Attrs = a
}
