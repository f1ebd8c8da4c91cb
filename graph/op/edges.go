package op

import "github.com/gaugenn/gaugenn/graph"

// inferCrop: Caffe and ncnn crops.
func inferCrop(s *site) {
	a := attrs[graph.CropAttrs](s)
	x, ref := s.shape(0), s.shape(1)
	if !x.IsRanked() {
		return
	}
	dims := free2(x).Dims()
	from := a.Axis
	if from < 0 {
		from += x.Len()
	}
	if from < 0 || from > x.Len() {
		s.complain("the axis lies outside the rank")
		return
	}
	for i := from; i < x.Len(); i++ {
		k := i - from
		switch {
		case a.HasReference && ref.Len() == x.Len():
			dims[i] = free(ref.Dim(i))
		case a.HasReference:
			dims[i] = unknownDim
		case k < len(a.Sizes) && a.Sizes[k] >= 0:
			dims[i] = known(a.Sizes[k])
		default:
			dims[i] = shiftDim(dims[i], -pick(a.Offsets, k, 0)-pick(a.End, k, 0))
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferPad: x, [pads], [value], [axes]; axes count only beside pads.
func inferPad(s *site) {
	a := attrs[graph.PadAttrs](s)
	x := s.shape(0)
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	axes := a.Axes
	if axes == nil && s.has(1) && s.has(3) {
		v, ok := s.ints(3)
		if !ok {
			s.set(0, graph.UnknownOfRank(x.Len()), s.dtype(0))
			return
		}
		for _, ax := range v {
			axes = append(axes, int(min(max(ax, -maxRank), maxRank)))
		}
	}
	if axes == nil {
		for i := range x.Len() {
			axes = append(axes, i)
		}
	}
	begin, end := pads(s, a, len(axes))
	dims := free2(x).Dims()
	for i, ax := range axes {
		ax, ok := normAxis(ax, x.Len())
		if !ok {
			continue
		}
		if i >= len(begin) || i >= len(end) || begin[i] == nil || end[i] == nil {
			dims[ax] = unknownDim
			continue
		}
		dims[ax] = shiftDim(dims[ax], *begin[i]+*end[i])
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// pads are the paddings per axis from the attributes or operand 1, nil where
// neither states them.
func pads(s *site, a *graph.PadAttrs, n int) (begin, end []*int64) {
	if a.Begin != nil || a.End != nil {
		b, e := append([]int64(nil), a.Begin...), append([]int64(nil), a.End...)
		for len(b) < n {
			b = append(b, 0)
		}
		for len(e) < n {
			e = append(e, 0)
		}
		return s.list(b, 0), s.list(e, 0)
	}
	all := s.list(nil, 1)
	if len(all) != 2*n {
		return nil, nil
	}
	for i := range n {
		if a.Interleaved {
			begin, end = append(begin, all[2*i]), append(end, all[2*i+1])
		} else {
			begin, end = append(begin, all[i]), append(end, all[n+i])
		}
	}
	return begin, end
}
