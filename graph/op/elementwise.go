package op

import "github.com/gaugenn/gaugenn/graph"

// inferSame: the result has operand 0's shape and dtype; further outputs of
// the same rank-free kind stay as stated.
func inferSame(s *site) { s.set(0, free2(s.shape(0)), s.dtype(0)) }

// inferCopies gives every output operand 0's shape.
func inferCopies(s *site) {
	for i := range s.n.Outputs {
		from := 0
		if len(s.n.Inputs) == len(s.n.Outputs) { // one for one (TensorFlow IdentityN)
			from = i
		}
		s.set(i, free2(s.shape(from)), s.dtype(from))
	}
}

// inferTyped is inferSame with a fixed result dtype.
func inferTyped(dt graph.DType) func(*site) {
	return func(s *site) { s.set(0, free2(s.shape(0)), dt) }
}

// inferDropout: output 1 is the mask.
func inferDropout(s *site) {
	inferSame(s)
	s.set(1, free2(s.shape(0)), graph.Bool)
}

// inferCast: x, [like]; the attribute's dtype, else that of like.
func inferCast(s *site) {
	to := attrs[graph.CastAttrs](s).To
	if to == graph.UnknownDType && s.has(1) {
		to = s.dtype(1)
	}
	s.set(0, free2(s.shape(0)), to)
}

func inferQuantize(s *site) {
	to := attrs[graph.CastAttrs](s).To
	if to == graph.UnknownDType && s.has(2) {
		to = s.dtype(2)
	}
	if to == graph.UnknownDType {
		to = graph.Uint8
	}
	s.set(0, free2(s.shape(0)), to)
}

func inferDequantize(s *site) {
	to := attrs[graph.CastAttrs](s).To
	if to == graph.UnknownDType {
		to = graph.Float32
	}
	s.set(0, free2(s.shape(0)), to)
}

func inferDynamicQuantize(s *site) {
	s.set(0, free2(s.shape(0)), graph.Uint8)
	s.set(1, graph.ShapeOf(), graph.Float32)
	s.set(2, graph.ShapeOf(), graph.Uint8)
}

// inferBroadcast: all operands broadcast together, dtype of the first that has one.
func inferBroadcast(s *site) { broadcastTo(s, 0, costType(s)) }

// inferCompare is inferBroadcast with a boolean result.
func inferCompare(s *site) { broadcastTo(s, 0, graph.Bool) }

// inferWhere: condition, a, b.
func inferWhere(s *site) { broadcastTo(s, 0, s.dtype(1)) }

func inferComplex(s *site) { broadcastTo(s, 0, graph.Complex64) }

func broadcastTo(s *site, from int, dt graph.DType) {
	sh := s.shape(from)
	for i := from + 1; i < len(s.n.Inputs); i++ {
		if !s.has(i) {
			continue
		}
		var ok bool
		if sh, ok = s.broadcastAligned(sh, s.shape(i)); !ok {
			s.complain("the operands' shapes do not broadcast")
			s.set(0, graph.Shape{}, dt)
			return
		}
	}
	s.set(0, free2(sh), dt)
}

// broadcastAligned is broadcast where AxisAttrs may say that the operand of
// lower rank stands at the axes of the other from Axis on; where the sizes do
// not fit there, the axes are aligned at the end as usual.
func (s *site) broadcastAligned(a, b graph.Shape) (graph.Shape, bool) {
	at, given := s.n.Attrs.(*graph.AxisAttrs)
	if !given || !a.IsRanked() || !b.IsRanked() || a.Len() == b.Len() {
		return broadcast(a, b)
	}
	large, small := a, b
	if a.Len() < b.Len() {
		large, small = b, a
	}
	axis, ok := normAxis(at.Axis, large.Len())
	if !ok || axis+small.Len() > large.Len() {
		return broadcast(a, b)
	}
	dims := make([]graph.Dim, large.Len())
	for i := range dims {
		dims[i] = graph.DimOf(1)
	}
	copy(dims[axis:], small.Dims())
	if sh, ok := broadcast(large, graph.ShapeOfDims(dims...)); ok {
		return sh, true
	}
	return broadcast(a, b)
}

// inferGLU halves the axis.
func inferGLU(s *site) {
	x := s.shape(0)
	axis, ok := normAxis(attrs[graph.AxisAttrs](s).Axis, x.Len())
	if !ok || s.n.Attrs == nil {
		return
	}
	s.set(0, free2(x).With(axis, divDim(x.Dim(axis), 2)), s.dtype(0))
}

// inferPRelu: x, slope; an open slope of one axis is completed where the
// attributes name the channel axis.
func inferPRelu(s *site) {
	if a, given := s.n.Attrs.(*graph.AxisAttrs); given && s.has(1) && s.shape(1).Len() == 1 && !s.shape(1).IsStatic() {
		if axis, ok := normAxis(a.Axis, s.shape(0).Len()); ok {
			s.want(1, graph.ShapeOfDims(free(s.shape(0).Dim(axis))))
		}
	}
	inferSame(s)
}

// inferChannel completes per-channel operands (scale, bias, mean, variance)
// of a normalisation whose channel axis the attributes name.
func inferChannel(s *site) {
	x := s.shape(0)
	a := attrs[graph.AxisAttrs](s)
	if axis, ok := normAxis(a.Axis, x.Len()); ok {
		for i := 1; i < len(s.n.Inputs) && i < 5; i++ {
			if sh := s.shape(i); !sh.IsRanked() || sh.Len() == 1 {
				s.want(i, graph.ShapeOfDims(free(x.Dim(axis))))
			}
		}
	}
	inferSame(s)
}

// inferBatchNorm also shapes the statistics that the training form gives.
func inferBatchNorm(s *site) {
	inferChannel(s)
	if axis, ok := normAxis(attrs[graph.AxisAttrs](s).Axis, s.shape(0).Len()); ok {
		for i := 1; i < len(s.n.Outputs); i++ {
			s.set(i, graph.ShapeOfDims(free(s.shape(0).Dim(axis))), s.dtype(0))
		}
	}
}

// inferScale: x, [scale], [bias]; a one-element or wider scale is legal, so
// only an open one-dimensional operand is completed.
func inferScale(s *site) {
	if s.has(1) && s.in(1).Const == nil {
		inferSame(s)
		return
	}
	inferChannel(s)
}

// inferLpNorm: x, [scale]; a scale of open size has one value per element of
// the first normalised axis (SSD's Normalize: the channels).
func inferLpNorm(s *site) {
	a := attrs[graph.ReduceAttrs](s)
	if sh := s.shape(1); s.has(1) && sh.Len() == 1 && !sh.IsStatic() && len(a.Axes) > 0 {
		if axis, ok := normAxis(a.Axes[0], s.shape(0).Len()); ok {
			s.want(1, graph.ShapeOfDims(free(s.shape(0).Dim(axis))))
		}
	}
	inferSame(s)
}

// inferGroupNorm completes scale and bias from the channel axis.
func inferGroupNorm(s *site) {
	x := s.shape(0)
	a := attrs[graph.GroupAttrs](s)
	if axis, ok := normAxis(a.Axis, x.Len()); ok {
		for i := 1; i < len(s.n.Inputs) && i < 3; i++ {
			if sh := s.shape(i); sh.Len() <= 1 {
				s.want(i, graph.ShapeOfDims(free(x.Dim(axis))))
			}
		}
	}
	inferSame(s)
}

// inferLayerNorm: y like x, then mean and inverse deviation with the
// normalised axes kept as 1.
func inferLayerNorm(s *site) {
	x := s.shape(0)
	inferSame(s)
	a := attrs[graph.ReduceAttrs](s)
	if !x.IsRanked() || len(s.n.Outputs) < 2 {
		return
	}
	dims := free2(x).Dims()
	for _, ax := range a.Axes {
		if ax, ok := normAxis(ax, x.Len()); ok {
			dims[ax] = graph.DimOf(1)
		}
	}
	s.set(1, graph.ShapeOfDims(dims...), graph.Float32)
	s.set(2, graph.ShapeOfDims(dims...), graph.Float32)
}

// reduceAxes are the axes of a reduction; known is false where they depend on
// a value that is not known.
func reduceAxes(s *site, rank int) (axes []int, known bool) {
	a := attrs[graph.ReduceAttrs](s)
	list := a.Axes
	if list == nil && s.has(1) {
		v, ok := s.ints(1)
		if !ok {
			return nil, false
		}
		for _, x := range v {
			list = append(list, int(min(max(x, -maxRank), maxRank)))
		}
	}
	if len(list) == 0 {
		if a.NoopWithEmptyAxes {
			return nil, true
		}
		for i := range rank {
			axes = append(axes, i)
		}
		return axes, true
	}
	for _, x := range list {
		if x, ok := normAxis(x, rank); ok {
			axes = append(axes, x)
		}
	}
	return axes, true
}

// inferReduce: x, [axes]; reduced axes vanish, or stay as 1 with KeepDims.
func inferReduce(s *site) { reduceTo(s, s.dtype(0)) }

func inferReduceBool(s *site) { reduceTo(s, graph.Bool) }

// inferArg is inferReduce with an index result, Int64 unless stated.
func inferArg(s *site) {
	to := attrs[graph.ReduceAttrs](s).To
	if to == graph.UnknownDType {
		to = graph.Int64
	}
	reduceTo(s, to)
}

func reduceTo(s *site, dt graph.DType) {
	x := s.shape(0)
	a := attrs[graph.ReduceAttrs](s)
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, dt)
		return
	}
	axes, ok := reduceAxes(s, x.Len())
	switch {
	case !ok && a.KeepDims:
		s.set(0, graph.UnknownOfRank(x.Len()), dt)
	case !ok:
		if n, k := elements(s.shape(1)).Value(); k && n <= int64(x.Len()) && s.shape(1).Len() == 1 {
			s.set(0, graph.UnknownOfRank(x.Len()-int(n)), dt)
			return
		}
		s.set(0, graph.Shape{}, dt)
	case a.KeepDims:
		dims := free2(x).Dims()
		for _, ax := range axes {
			dims[ax] = graph.DimOf(1)
		}
		s.set(0, graph.ShapeOfDims(dims...), dt)
	default:
		s.set(0, free2(dropAxes(x, axes)), dt)
	}
}

// inferTopK: x, [k] -> values, indices.
func inferTopK(s *site) {
	a := attrs[graph.TopKAttrs](s)
	x := s.shape(0)
	k := known(a.K)
	if a.K == 0 {
		k = unknownDim
		if v, ok := s.dims(1); ok && len(v) == 1 && s.has(1) {
			k = v[0]
		}
	}
	axis, ok := normAxis(a.Axis, x.Len())
	if !ok {
		return
	}
	out := free2(x).With(axis, k)
	s.set(0, out, s.dtype(0))
	s.set(1, out, graph.Int64)
}

func inferSort(s *site) {
	inferSame(s)
	s.set(1, free2(s.shape(0)), graph.Int64)
}
