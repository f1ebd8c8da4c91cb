package op

import "github.com/gaugenn/gaugenn/graph"

// inferPool: x -> y, [indices].
func inferPool(s *site) {
	a := attrs[graph.PoolAttrs](s)
	x := s.shape(0)
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	dims := x.Dims()
	for i := range dims {
		dims[i] = free(dims[i])
	}
	for i, ax := range l.Spatial {
		switch {
		case a.Global:
			dims[ax] = known(1)
		case i < len(a.AdaptiveOutput):
			if a.AdaptiveOutput[i] > 0 {
				dims[ax] = known(a.AdaptiveOutput[i])
			}
		default:
			w := axisWindow(&a.Window, i, unknownDim)
			w.ceil, w.clip = a.Ceil, a.ClipCeil
			dims[ax] = w.forward(x.Dim(ax))
		}
	}
	out := graph.ShapeOfDims(dims...)
	if a.Global && a.DropSpatial {
		out = dropAxes(out, l.Spatial)
	}
	s.set(0, out, s.dtype(0))
	s.set(1, out, graph.Int64)
}

func dropAxes(s graph.Shape, axes []int) graph.Shape {
	drop := make([]bool, s.Len())
	for _, a := range axes {
		if a, ok := normAxis(a, s.Len()); ok {
			drop[a] = true
		}
	}
	var dims []graph.Dim
	for i, d := range s.Dims() {
		if !drop[i] {
			dims = append(dims, d)
		}
	}
	return graph.ShapeOfDims(dims...)
}

// inferUnpool: x, indices, [output shape]; the inverse of pooling.
func inferUnpool(s *site) {
	a := attrs[graph.PoolAttrs](s)
	if d, ok := s.dims(2); ok && s.has(2) {
		s.set(0, graph.ShapeOfDims(d...), s.dtype(0))
		return
	}
	x := s.shape(0)
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok {
		return
	}
	dims := x.Dims()
	for i, ax := range l.Spatial {
		if i < len(a.AdaptiveOutput) {
			dims[ax] = known(a.AdaptiveOutput[i])
		} else {
			dims[ax] = axisWindow(&a.Window, i, unknownDim).backward(x.Dim(ax))
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferRoi: x, rois [R, ...] -> [R, C, ph, pw].
func inferRoi(s *site) {
	a := attrs[graph.RoiAttrs](s)
	x, rois := s.shape(0), s.shape(1)
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok || len(l.Spatial) != 2 || s.n.Attrs == nil {
		return
	}
	dims := x.Dims()
	if a.Channels > 0 {
		dims[l.Channel] = known(a.Channels)
	}
	if l.Batch >= 0 {
		dims[l.Batch] = free(rois.Dim(0))
	}
	dims[l.Spatial[0]] = known(max(a.PooledHeight, 1))
	dims[l.Spatial[1]] = known(max(a.PooledWidth, 1))
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferIm2Col: x [N, C, spatial] -> [N, C*K, L], [C, spatial] -> [C*K, L] or,
// with NHWC, patches along the channels with the spatial axes kept.
func inferIm2Col(s *site) {
	a := attrs[graph.ConvAttrs](s)
	x := s.shape(0)
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok {
		return
	}
	dims := x.Dims()
	c, spots := x.Dim(l.Channel), graph.DimOf(1)
	for i, ax := range l.Spatial {
		w := axisWindow(&a.Window, i, unknownDim)
		c = mulDim(c, w.kernel)
		dims[ax] = w.forward(x.Dim(ax))
		spots = mulDim(spots, dims[ax])
	}
	dims[l.Channel] = c
	switch {
	case l.Channel == 1 && l.Batch == 0:
		dims = []graph.Dim{free(x.Dim(0)), c, spots}
	case l.Channel == 0:
		dims = []graph.Dim{c, spots}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferCol2Im: x [N, C*K, L], image shape, block shape -> [N, C, image...].
func inferCol2Im(s *site) {
	img, ok := s.dims(1)
	block, ok2 := s.ints(2)
	x := s.shape(0)
	if !ok || !ok2 || x.Len() != 3 {
		return
	}
	k := int64(1)
	for _, b := range block {
		k = max(k*b, 1)
	}
	dims := append([]graph.Dim{free(x.Dim(0)), divDim(x.Dim(1), k)}, img...)
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}
