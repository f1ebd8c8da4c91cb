package aten

import "github.com/gaugenn/gaugenn/graph"

// convolution reads x, weight, bias and the lists at the given positions; a
// position of -1 is not there.
func convolution(stride, pad, dilation, groups, isTransposed, outPad int) func(*site) {
	return func(s *site) {
		s.operands(0, 1, 2)
		n := s.shape(1).Len() - 2
		if n <= 0 {
			n = max(len(s.list(stride)), 1)
		}
		a := &graph.ConvAttrs{Data: graph.NCHW(n), Filter: graph.OIHW(n), Groups: s.int(groups, 1)}
		a.Strides, a.Dilations = spread(s.list(stride), n), spread(s.list(dilation), n)
		a.PadBegin = spread(s.list(pad), n)
		a.PadEnd = a.PadBegin
		switch s.arg(pad).Text {
		case "same":
			a.PadMode = graph.PadSameUpper
		case "valid":
			a.PadMode = graph.PadValid
		}
		if isTransposed >= 0 && s.flag(isTransposed) {
			s.n.Op, a.Filter, a.OutputPadding = graph.ConvTranspose, graph.IOHW(n), spread(s.list(outPad), n)
		}
		s.n.Attrs = a
	}
}

// transposed reads conv_transpose: x, weight, bias, stride, padding, output
// padding, groups, dilation.
func transposed(s *site) {
	convolution(3, 4, 7, 6, -1, -1)(s)
	a := s.n.Attrs.(*graph.ConvAttrs)
	n := len(a.Filter.Spatial)
	a.Filter, a.OutputPadding = graph.IOHW(n), spread(s.list(5), n)
}

func linear(s *site) {
	s.operands(0, 1, 2)
	s.n.Attrs = &graph.FullyConnectedAttrs{KeepDims: true}
}

func matMul(s *site) {
	s.operands(0, 1)
	s.n.Attrs = &graph.MatMulAttrs{}
}

func attention(s *site) {
	s.operands(0, 1, 2, 3)
	q := s.shape(0)
	s.n.Attrs = &graph.AttentionAttrs{Heads: size(q, 1), KVHeads: size(s.shape(1), 1), HeadDim: size(q, -1)}
}

// recurrent reads lstm and gru: x, states, weights, has_biases, layers,
// dropout, train, bidirectional, batch_first. Several layers in one call have
// no canonical operator.
func recurrent(s *site) {
	if s.int(4, 1) != 1 {
		s.n.Op = graph.Unknown
		return
	}
	a := &graph.RNNAttrs{Directions: 1, TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1}
	if s.flag(7) {
		a.Directions = 2
	}
	if s.flag(8) {
		a.TimeAxis, a.BatchAxis = 1, 0
	}
	gates := int64(4)
	if s.n.Op == graph.GRU {
		gates = 3
	}
	if w := s.arg(2); len(w.Tensors) > 0 {
		if t := s.g.Tensor(w.Tensors[0]); t != nil {
			a.Hidden, a.ExternalInput = size(t.Shape, 0)/gates, size(t.Shape, 1)
		}
	}
	s.n.Attrs = a
}

func batchNorm(s *site) {
	s.operands(0, 1, 2, 3, 4)
	s.n.Attrs = &graph.AxisAttrs{Axis: 1}
}

// layerNorm normalises the last axes, as many as normalized_shape has.
func layerNorm(s *site) {
	s.operands(0, 2, 3)
	a := &graph.ReduceAttrs{KeepDims: true}
	for i := len(s.list(1)); i > 0; i-- {
		a.Axes = append(a.Axes, -i)
	}
	s.n.Attrs = a
}

func groupNorm(groups, scale, bias int) func(*site) {
	return func(s *site) {
		s.operands(0, scale, bias)
		s.n.Attrs = &graph.GroupAttrs{Groups: s.int(groups, 1), Axis: 1}
	}
}

// clip: limits 0 and 6 make a Relu6.
func clip(s *site) {
	s.operands(0)
	lo, hi := s.arg(1), s.arg(2)
	value := func(v Value) float64 {
		if v.Kind == Int {
			return float64(v.Int)
		}
		return v.Float
	}
	if lo.Kind != None && hi.Kind != None && value(lo) == 0 && value(hi) == 6 {
		s.n.Op = graph.Relu6
	}
}

func cast(s *site) {
	if len(s.n.Inputs) > 0 {
		s.n.Inputs = s.n.Inputs[:1]
	}
	s.n.Attrs = &graph.CastAttrs{}
}

// reduce: x, axes, keepdim; the whole tensor without axes.
func reduce(s *site) {
	s.operands(0)
	a := &graph.ReduceAttrs{}
	if s.arg(1).Kind == IntList || s.arg(1).Kind == Int && s.overload != "" {
		a.Axes, a.KeepDims = s.axes(1), s.flag(2)
		if len(a.Axes) == 0 {
			a.Axes = nil
		}
	}
	s.n.Attrs = a
}

// reduceOrPair is a reduction, or with a second tensor an elementwise operator.
func reduceOrPair(op graph.Op) func(*site) {
	return func(s *site) {
		if s.arg(1).Kind == Tensor {
			s.n.Op = op
			s.operands(0, 1)
			return
		}
		reduce(s)
	}
}

func argExtreme(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.ReduceAttrs{Axes: s.axes(1), KeepDims: s.flag(2), To: graph.Int64}
}

func axis(at int) func(*site) {
	return func(s *site) {
		s.operands(0)
		s.n.Attrs = &graph.AxisAttrs{Axis: int(s.int(at, -1))}
	}
}

func topK(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.TopKAttrs{K: max(0, s.int(1, 0)), Axis: int(s.int(2, -1))}
}

// window reads kernel, stride (empty: the kernel) and padding.
func window(s *site) (graph.Window, int) {
	k := s.list(1)
	n := max(len(k), 1)
	if r := s.shape(0).Len(); r == 4 {
		n = 2
	}
	w := graph.Window{Kernel: spread(k, n), Strides: spread(s.list(2), n)}
	if len(s.list(2)) == 0 {
		w.Strides = w.Kernel
	}
	w.PadBegin = spread(s.list(3), n)
	w.PadEnd = w.PadBegin
	return w, n
}

func maxPool(s *site) {
	s.operands(0)
	w, n := window(s)
	w.Dilations = spread(s.list(4), n)
	s.n.Attrs = &graph.PoolAttrs{Window: w, Data: graph.NCHW(n), Ceil: s.flag(5), ClipCeil: s.flag(5)}
}

func avgPool(s *site) {
	s.operands(0)
	w, n := window(s)
	s.n.Attrs = &graph.PoolAttrs{Window: w, Data: graph.NCHW(n), Ceil: s.flag(4), ClipCeil: s.flag(4), CountPad: s.int(5, 1) != 0}
}

func adaptivePool(s *site) {
	s.operands(0)
	v := s.list(1)
	s.n.Attrs = &graph.PoolAttrs{Data: graph.NCHW(max(len(v), 1)), AdaptiveOutput: v}
}

// upsample: x, sizes or none, then for some overloads scales.
func upsample(mode string) func(*site) {
	return func(s *site) {
		s.operands(0)
		s.n.Attrs = &graph.ResizeAttrs{Mode: mode, Sizes: s.list(1), Data: graph.NCHW(max(s.shape(0).Len()-2, 1))}
	}
}

func pixelBlock(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.BlockAttrs{Block: s.int(1, 1), Data: graph.NCHW(2)}
}

// join: tensors, axis.
func join(s *site) {
	s.n.Inputs = append([]graph.TensorID(nil), s.arg(0).Tensors...)
	s.n.Attrs = &graph.AxisAttrs{Axis: int(s.int(1, 0))}
}

func view(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.ReshapeAttrs{Shape: s.list(1), AllowZero: true}
}

func expand(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.ReshapeAttrs{Shape: s.list(1)}
}

func fill(s *site) {
	s.n.Inputs = nil
	s.n.Attrs = &graph.ReshapeAttrs{Shape: s.list(0)}
}

func permute(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.PermAttrs{Perm: s.axes(1)}
}

// swap exchanges two axes, which needs the rank.
func swap(s *site) {
	s.operands(0)
	rank := s.shape(0).Len()
	a, b := int(s.int(1, 0)), int(s.int(2, 1))
	if a < 0 {
		a += rank
	}
	if b < 0 {
		b += rank
	}
	if a < 0 || b < 0 || a >= rank || b >= rank {
		s.n.Op = graph.LayoutCopy
		return
	}
	perm := make([]int, rank)
	for i := range perm {
		perm[i] = i
	}
	perm[a], perm[b] = b, a
	s.n.Attrs = &graph.PermAttrs{Perm: perm}
}

func flatten(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.FlattenAttrs{Axis: int(s.int(1, 0)), EndAxis: int(s.int(2, -1))}
}

func axesAt(at int) func(*site) {
	return func(s *site) {
		s.operands(0)
		s.n.Attrs = &graph.AxesAttrs{Axes: s.axes(at), OnesAlone: s.n.Op == graph.Squeeze}
	}
}

// slice: x, axis, start, end, step; an end left out is the axis's.
func slice(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.SliceAttrs{
		Axes: []int{int(s.int(1, 0))}, Starts: []int64{s.int(2, 0)}, Ends: []int64{s.int(3, 1<<62)}, Steps: []int64{s.int(4, 1)},
	}
}

// selectIndex takes one position of an axis, which goes: a Gather by a scalar.
func selectIndex(s *site) {
	s.operands(0)
	s.g.Tensors = append(s.g.Tensors, graph.Tensor{
		Name: "index", DType: graph.Int64, Shape: graph.ShapeOf(),
		Const: &graph.Const{Data: le64(s.int(2, 0)), StoredBytes: 0, NotParam: true},
	})
	s.n.Inputs = append(s.n.Inputs, graph.TensorID(len(s.g.Tensors)-1))
	s.n.Attrs = &graph.GatherAttrs{Axis: int(s.int(1, 0))}
}

func le64(v int64) []byte {
	b := make([]byte, 8)
	for i := range b {
		b[i] = byte(v >> (8 * i))
	}
	return b
}

// splitBySize: x, size, axis. The last part may be smaller.
func splitBySize(s *site) {
	if s.arg(1).Kind == IntList {
		splitBySizes(s)
		return
	}
	s.operands(0)
	s.n.Attrs = &graph.SplitAttrs{Axis: int(s.int(2, 0))}
}

func splitBySizes(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.SplitAttrs{Axis: int(s.int(2, 0)), Sizes: s.list(1)}
}

func chunk(s *site) {
	s.operands(0)
	s.n.Attrs = &graph.SplitAttrs{Axis: int(s.int(2, 0))}
}

// padding lists pairs from the last axis on.
func padding(mode string) func(*site) {
	return func(s *site) {
		s.operands(0)
		v, rank := s.list(1), s.shape(0).Len()
		a := &graph.PadAttrs{Mode: mode, Begin: make([]int64, rank), End: make([]int64, rank)}
		if len(v)%2 != 0 || len(v)/2 > rank {
			s.n.Op = graph.Unknown
			return
		}
		for i := 0; i+1 < len(v); i += 2 {
			a.Begin[rank-1-i/2], a.End[rank-1-i/2] = v[i], v[i+1]
		}
		s.n.Attrs = a
	}
}

func fusedRelu(s *site) { s.n.Fused = graph.Relu }

// cortexConv reads cortex_m's quantised convolution: x, weight, bias, stride,
// padding, dilation, then quantisation. Its filters are OHWI, and 1, kh, kw, C
// for the depthwise form; activations keep the order NCHW.
func cortexConv(depthwise bool) func(*site) {
	return func(s *site) {
		s.operands(0, 1, 2)
		a := &graph.ConvAttrs{Data: graph.NCHW(2), Filter: graph.OHWI(2)}
		a.Strides, a.Dilations = spread(s.list(3), 2), spread(s.list(5), 2)
		a.PadBegin = spread(s.list(4), 2)
		a.PadEnd = a.PadBegin
		if depthwise {
			a.Depthwise, a.Filter = true, graph.FilterLayout{Out: 3, In: 0, Spatial: []int{1, 2}}
		}
		s.n.Attrs = a
	}
}

func cortexLinear(s *site) {
	s.operands(0, 1, 2)
	s.n.Attrs = &graph.FullyConnectedAttrs{KeepDims: true}
}

func cortexPool(s *site) {
	s.operands(0)
	w, n := window(s)
	s.n.Attrs = &graph.PoolAttrs{Window: w, Data: graph.NCHW(n)}
}
