package op

import "github.com/gaugenn/gaugenn/graph"

// inferShapeOp: x -> [rank], Int64 unless stated.
func inferShapeOp(s *site) {
	a := attrs[graph.ShapeAttrs](s)
	n, ok := s.shape(0).Rank()
	d := unknownDim
	if ok {
		from, to := shapeRange(a, n)
		d = known(int64(to - from))
	}
	s.set(0, graph.ShapeOfDims(d), orInt64(a.To))
}

func orInt64(dt graph.DType) graph.DType {
	if dt == graph.UnknownDType {
		return graph.Int64
	}
	return dt
}

// inferScalar gives an Int64 scalar (Size, Rank).
func inferScalar(s *site) { s.set(0, graph.ShapeOf(), graph.Int64) }

// inferShaped: the shape is operand 0's value (ConstantOfShape, Fill) or the
// attribute's.
func inferShaped(s *site) {
	a := attrs[graph.ReshapeAttrs](s)
	dt := a.To
	if dt == graph.UnknownDType && s.has(1) {
		dt = s.dtype(1)
	}
	if dt == graph.UnknownDType {
		dt = graph.Float32
	}
	if a.Shape != nil {
		s.set(0, graph.ShapeOf(a.Shape...), dt)
		return
	}
	d, ok := s.dims(0)
	if !ok || !s.has(0) {
		s.set(0, graph.Shape{}, dt)
		return
	}
	s.set(0, graph.ShapeOfDims(d...), dt)
}

func inferRange(s *site) {
	d := unknownDim
	if n, _, _, ok := rangeOf(s); ok {
		d = known(n)
	}
	s.set(0, graph.ShapeOfDims(d), s.dtype(0))
}

// inferOneHot: indices, depth, values; the axis is inserted.
func inferOneHot(s *site) {
	ix := s.shape(0)
	depth := unknownDim
	if v, ok := s.dims(1); ok && len(v) == 1 {
		depth = v[0]
	}
	if !ix.IsRanked() {
		return
	}
	s.set(0, insertAxis(free2(ix), attrs[graph.AxisAttrs](s).Axis, depth), s.dtype(2))
}

// inferNonZero: [rank, ?], the count depends on data.
func inferNonZero(s *site) {
	d := unknownDim
	if n, ok := s.shape(0).Rank(); ok {
		d = known(int64(n))
	}
	s.set(0, graph.ShapeOfDims(d, unknownDim), graph.Int64)
}

// inferWhereIndices: [?, rank].
func inferWhereIndices(s *site) {
	d := unknownDim
	if n, ok := s.shape(0).Rank(); ok {
		d = known(int64(n))
	}
	s.set(0, graph.ShapeOfDims(unknownDim, d), graph.Int64)
}

// inferUnique: a vector (or, with an axis, slices) of unknown number, its
// indexes and counts.
func inferUnique(s *site) {
	inferCompress(s)
	for i := 1; i < len(s.n.Outputs); i++ {
		s.set(i, graph.UnknownOfRank(1), graph.Int64)
	}
}

func inferNMS(s *site) {
	if len(s.n.Outputs) == 1 {
		s.set(0, graph.ShapeOfDims(unknownDim, known(3)), graph.Int64)
	}
}

// inferDetection: Caffe and ncnn give one row per detection, so only the
// number of columns is known, and only the file says how many.
func inferDetection(*site) {}

// inferPriorBox: [1, 2, cells*priors*4] (Caffe) from the feature's size.
func inferPriorBox(s *site) {
	a := attrs[graph.PriorBoxAttrs](s)
	x := s.shape(0)
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok || a.PriorsPerCell <= 0 {
		return
	}
	n := known(a.PriorsPerCell * 4)
	for _, ax := range l.Spatial {
		n = mulDim(n, x.Dim(ax))
	}
	if l.Batch < 0 {
		s.set(0, graph.ShapeOfDims(known(2), n), s.dtype(0))
		return
	}
	s.set(0, graph.ShapeOfDims(known(1), known(2), n), s.dtype(0))
}

func inferBroadcastArgs(s *site) {
	n := max(s.shape(0).Len(), s.shape(1).Len())
	d := unknownDim
	if n > 0 {
		a, okA := s.shape(0).Dim(0).Value()
		b, okB := s.shape(1).Dim(0).Value()
		if okA && okB {
			d = known(max(a, b))
		}
	}
	s.set(0, graph.ShapeOfDims(d), s.dtype(0))
}

// inferWindow: a vector of as many elements as operand 0 says.
func inferWindow(s *site) {
	d := unknownDim
	if v, ok := s.dims(0); ok && len(v) == 1 {
		d = v[0]
	}
	s.set(0, graph.ShapeOfDims(d), graph.Float32)
}

// inferLike: RandomLike, ZerosLike, EyeLike with an optional dtype.
func inferLike(s *site) {
	dt := attrs[graph.CastAttrs](s).To
	if dt == graph.UnknownDType {
		dt = s.dtype(0)
	}
	s.set(0, free2(s.shape(0)), dt)
}

// foldConstant passes on the value stored for a Constant node's output.
func foldConstant(s *site) []*value {
	t := s.output(0)
	if t == nil || t.Const == nil {
		return nil
	}
	return []*value{s.run.value(s.gi, s.n.Outputs[0])}
}

// inferMelWeights: bins, transform length, ... -> [length/2 + 1, bins].
func inferMelWeights(s *site) {
	bins, spectrum := unknownDim, unknownDim
	if v, ok := s.dims(0); ok && len(v) == 1 {
		bins = v[0]
	}
	if v, ok := s.ints(1); ok && len(v) == 1 && v[0] >= 0 {
		spectrum = known(v[0]/2 + 1)
	}
	s.set(0, graph.ShapeOfDims(spectrum, bins), graph.Float32)
}
