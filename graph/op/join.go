package op

import "github.com/gaugenn/gaugenn/graph"

// inferConcat: xs...; the axis adds up, the others must agree.
func inferConcat(s *site) {
	a := attrs[graph.AxisAttrs](s)
	var out []graph.Dim
	axis := -1
	total := graph.DimOf(0)
	for i := range s.n.Inputs {
		x := s.shape(i)
		if !x.IsRanked() {
			total = unknownDim
			continue
		}
		if out == nil {
			var ok bool
			if axis, ok = normAxis(a.Axis, x.Len()); !ok {
				s.complain("the axis lies outside the rank")
				return
			}
			out = free2(x).Dims()
		}
		if x.Len() != len(out) {
			s.complain("the operands' ranks differ")
			s.set(0, graph.Shape{}, s.dtype(0))
			return
		}
		total = addDim(total, x.Dim(axis))
		for k := range out {
			if k != axis && !out[k].IsKnown() {
				out[k], _ = mergeDim(free(x.Dim(k)), out[k])
			}
		}
	}
	if out == nil {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	out[axis] = total
	s.set(0, graph.ShapeOfDims(out...), s.dtype(0))
}

func inferPack(s *site) {
	a := attrs[graph.AxisAttrs](s)
	x := s.shape(0)
	for i := 1; i < len(s.n.Inputs); i++ {
		x, _ = merge(x, s.shape(i))
	}
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	s.set(0, insertAxis(free2(x), a.Axis, known(int64(len(s.n.Inputs)))), s.dtype(0))
}

func inferUnpack(s *site) {
	a := attrs[graph.SplitAttrs](s)
	x := s.shape(0)
	axis, ok := normAxis(a.Axis, x.Len())
	if !ok {
		return
	}
	for i := range s.n.Outputs {
		s.set(i, free2(dropAxis(x, axis)), s.dtype(0))
	}
}

// inferSplit: sizes from the attributes or operand 1 (-1 is the rest), cut
// points, or equal parts.
func inferSplit(s *site) {
	a := attrs[graph.SplitAttrs](s)
	x := s.shape(0)
	axis, ok := normAxis(a.Axis, x.Len())
	if !ok {
		for i := range s.n.Outputs {
			s.set(i, graph.Shape{}, s.dtype(0))
		}
		return
	}
	sizes := splitSizes(s, a, x.Dim(axis))
	for i := range s.n.Outputs {
		d := unknownDim
		if i < len(sizes) {
			d = sizes[i]
		}
		s.set(i, free2(x).With(axis, d), s.dtype(0))
	}
}

func splitSizes(s *site, a *graph.SplitAttrs, total graph.Dim) []graph.Dim {
	n := len(s.n.Outputs)
	out := make([]graph.Dim, n)
	all, whole := total.Value()
	sizes := a.Sizes
	if sizes == nil && s.has(1) {
		v, ok := s.ints(1)
		if !ok {
			return out
		}
		sizes = v
	}
	switch {
	case len(a.Points) > 0:
		var last int64
		for i := range out {
			switch {
			case i < len(a.Points):
				out[i] = known(a.Points[i] - last)
				last = a.Points[i]
			case whole:
				out[i] = known(all - last)
			}
		}
	case len(sizes) > 0:
		var sum int64
		rest := -1
		for i := range min(n, len(sizes)) {
			if sizes[i] < 0 {
				rest = i
				continue
			}
			out[i] = known(sizes[i])
			sum += min(sizes[i], maxDim)
		}
		if rest >= 0 && whole {
			out[rest] = known(all - sum)
		}
	case whole && n > 0:
		// Equal parts; the last is smaller where they do not divide (ONNX opset 18).
		part := (all + int64(n) - 1) / int64(n)
		for i := range out {
			out[i] = known(min(part, max(all-int64(i)*part, 0)))
		}
	}
	return out
}

func inferTile(s *site) {
	a := attrs[graph.ReshapeAttrs](s)
	x := s.shape(0)
	want, ok := target(s, a.Shape)
	if !x.IsRanked() {
		return
	}
	dims := free2(x).Dims()
	for len(want) > len(dims) {
		dims = append([]graph.Dim{graph.DimOf(1)}, dims...)
	}
	off := len(dims) - len(want)
	for i := range dims {
		switch {
		case !ok:
			dims[i] = unknownDim
		case i >= off:
			dims[i] = mulDim(dims[i], want[i-off].dim())
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

func inferExpand(s *site) {
	a := attrs[graph.ReshapeAttrs](s)
	x := s.shape(0)
	want, ok := target(s, a.Shape)
	if !ok || !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	dims := make([]graph.Dim, len(want))
	for i, n := range want {
		if dims[i] = n.dim(); n.known && n.int() < 0 {
			dims[i] = graph.DimOf(1)
		}
	}
	out, ok := broadcast(x, graph.ShapeOfDims(dims...))
	if !ok {
		s.complain("the shape does not broadcast")
		return
	}
	s.set(0, out, s.dtype(0))
}
