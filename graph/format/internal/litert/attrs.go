package litert

import "github.com/gaugenn/gaugenn/graph"

// activations is the schema's enum ActivationFunctionType.
var activations = [...]graph.Op{1: graph.Relu, 2: graph.ReluN1To1, 3: graph.Relu6, 4: graph.Tanh, 5: graph.Sign}

func (s *site) fuse(slot int) {
	if a := s.opt.Int8(slot, 0); a > 0 && int(a) < len(activations) {
		s.n.Fused = activations[a]
	}
}

// fused reads a fused activation and nothing else.
func fused(slot int) func(*site) { return func(s *site) { s.fuse(slot) } }

// ordered puts the operands into another order and does nothing else.
func ordered(old ...int) func(*site) { return func(s *site) { s.order(old...) } }

// axis reads an axis from the options.
func axis(slot int) func(*site) {
	return func(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.opt.Int32(slot, 0))} }
}

func lastAxis(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: -1} }

func concatenation(s *site) {
	axis(0)(s)
	s.fuse(1)
}

// castToOutput states the result's dtype, which the result's tensor fixes.
func castToOutput(s *site) {
	a := &graph.CastAttrs{}
	if t := s.out(0); t != nil {
		a.To = t.DType
	}
	s.n.Attrs = a
}

// quantize is a quantisation of floats or, between integers, a change of scale.
func quantize(s *site) {
	castToOutput(s)
	if t := s.in(0); t != nil && t.DType.IsInteger() {
		s.n.Op = graph.Requantize
	}
}

func l2Normalization(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true}
	s.fuse(0)
}

// localResponse: the radius counts neighbours on each side.
func localResponse(s *site) {
	s.n.Attrs = &graph.LRNAttrs{Size: 2*int64(s.opt.Int32(0, 0)) + 1, Axis: -1}
}

func block(s *site) {
	s.n.Attrs = &graph.BlockAttrs{Block: int64(s.opt.Int32(0, 0)), Data: graph.NHWC(2)}
}

func concatEmbeddings(s *site) {
	s.r.reach(s.opt.Vector(1, 4))
	s.r.reach(s.opt.Vector(2, 4))
}

// reshape takes the new shape from operand 1 where there is one, as the
// runtime does, and from the options otherwise; there [0] is how old
// converters wrote a scalar.
func reshape(s *site) {
	shape := s.opt.Vector(0, 4).Int64s()
	if s.in(1) != nil {
		s.n.Attrs = &graph.ReshapeAttrs{AllowZero: true}
		return
	}
	if len(shape) == 1 && shape[0] == 0 {
		shape = []int64{}
	}
	s.n.Attrs = &graph.ReshapeAttrs{Shape: shape, AllowZero: true}
}

func resize(mode string) func(*site) {
	return func(s *site) { s.n.Attrs = &graph.ResizeAttrs{Mode: mode, Data: graph.NHWC(2)} }
}

func gather(s *site) {
	s.n.Attrs = &graph.GatherAttrs{Axis: int(s.opt.Int32(0, 0)), BatchDims: int(s.opt.Int32(1, 0))}
}

func gatherND(s *site) { s.n.Attrs = &graph.GatherAttrs{} }

func transpose(s *site) { s.n.Attrs = &graph.PermAttrs{Perm: s.constAxes(1)} }

func reduce(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: s.constAxes(1), KeepDims: s.opt.Bool(0), NoopWithEmptyAxes: true}
}

func argExtreme(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: s.constAxes(1), To: typeOf(s.opt.Int8(0, 0))}
	if t := s.out(0); t != nil {
		s.n.Attrs.(*graph.ReduceAttrs).To = t.DType
	}
}

func squeeze(s *site) {
	v := s.opt.Vector(0, 4).Int64s()
	a := &graph.AxesAttrs{}
	for _, x := range v {
		a.Axes = append(a.Axes, int(x))
	}
	s.n.Attrs = a
}

func expandDims(s *site) { s.n.Attrs = &graph.AxesAttrs{Axes: s.constAxes(1)} }

func stridedSlice(s *site) {
	mask := func(slot int) int64 { return int64(s.opt.Int32(slot, 0)) }
	s.n.Attrs = &graph.StridedSliceAttrs{
		BeginMask: mask(0), EndMask: mask(1), EllipsisMask: mask(2), NewAxisMask: mask(3), ShrinkMask: mask(4),
		OffsetEnd: s.opt.Bool(5),
	}
}

func topK(s *site) {
	s.n.Attrs = &graph.TopKAttrs{K: max(0, s.constInt(1, 0)), Axis: -1}
}

// split has its axis as operand 0; one that is no constant leaves the node
// without a canonical operator.
func split(s *site) {
	a, ok := s.constInts(0)
	if !ok || len(a) != 1 {
		s.n.Op = graph.Unknown
		return
	}
	s.n.Attrs = &graph.SplitAttrs{Axis: int(a[0])}
	s.order(1)
}

// splitV has x, sizes and axis as operands.
func splitV(s *site) {
	a, ok := s.constInts(2)
	if !ok || len(a) != 1 {
		s.n.Op = graph.Unknown
		return
	}
	sizes, _ := s.constInts(1)
	s.n.Attrs = &graph.SplitAttrs{Axis: int(a[0]), Sizes: sizes}
	s.order(0, 1)
}

func unpack(s *site) { s.n.Attrs = &graph.SplitAttrs{Axis: int(s.opt.Int32(1, 0))} }

func cumSum(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.constInt(1, 0))} }

func shapeOp(s *site) {
	s.n.Attrs = &graph.ShapeAttrs{To: typeOf(s.opt.Int8(0, 2))}
	if t := s.out(0); t != nil {
		s.n.Attrs.(*graph.ShapeAttrs).To = t.DType
	}
}

func pad(mode string) func(*site) {
	return func(s *site) { s.n.Attrs = &graph.PadAttrs{Interleaved: true, Mode: mode} }
}

func mirrorPad(s *site) {
	mode := "reflect"
	if s.opt.Int8(0, 0) == 1 {
		mode = "symmetric"
	}
	pad(mode)(s)
}

func nonMaxSuppression(s *site) {
	s.n.Attrs = &graph.NMSAttrs{MaxOutputs: max(0, s.constInt(2, 0)), SelectedCount: true}
}

func rfft2D(s *site) {
	a := &graph.SpectralAttrs{Axis: -1, OneSided: true}
	if v, ok := s.constInts(1); ok && len(v) > 0 {
		a.Length = v[len(v)-1]
	}
	s.n.Attrs = a
}

func varHandle(s *site) {
	s.opt.String(0)
	s.opt.String(1)
}

func bucketize(s *site) { s.r.reach(s.opt.Vector(0, 4)) }

// subgraphs refers to the bodies in the given slots of the options.
func subgraphs(slots ...int) func(*site) {
	return func(s *site) { s.subgraph(s.opt, slots...) }
}

func call(s *site) { s.subgraph(s.opt, 0) }

// callOnce runs its subgraph when the model is loaded, not per inference. The
// subgraph stays a body, but the node does not refer to it, for it would count
// as work of every inference.
func callOnce(s *site) {
	s.subgraph(s.opt, 0)
	s.n.Subgraphs = nil
}
