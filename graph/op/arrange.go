package op

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// inferGather: x, indices; x's axis is replaced by the indices' axes after
// the batch axes.
func inferGather(s *site) {
	a := attrs[graph.GatherAttrs](s)
	x, ix := s.shape(0), s.shape(1)
	axis, ok := gatherAxis(s, a, x.Len())
	if !x.IsRanked() || !ix.IsRanked() || !ok || a.BatchDims < 0 || a.BatchDims > ix.Len() || a.BatchDims > axis {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	dims := free2(x).Dims()
	out := append(dims[:axis:axis], free2(ix).Dims()[a.BatchDims:]...)
	s.set(0, graph.ShapeOfDims(append(out, dims[axis+1:]...)...), s.dtype(0))
}

// gatherAxis is where a Gather of x takes from.
func gatherAxis(s *site, a *graph.GatherAttrs, rank int) (int, bool) {
	if !a.AxisOperand {
		return normAxis(a.Axis, rank)
	}
	v, ok := s.ints(2)
	if !ok || len(v) != 1 || v[0] < -maxRank || v[0] > maxRank {
		return 0, false
	}
	return normAxis(int(v[0]), rank)
}

func inferGatherElements(s *site) { s.set(0, free2(s.shape(1)), s.dtype(0)) }

// inferGatherND: the indices' last axis addresses x's axes after the batch axes.
func inferGatherND(s *site) {
	a := attrs[graph.GatherAttrs](s)
	x, ix := s.shape(0), s.shape(1)
	depth, ok := ix.Dim(-1).Value()
	rank := int64(x.Len())
	from := int64(a.BatchDims) + depth
	if !x.IsRanked() || !ok || a.BatchDims < 0 || int64(a.BatchDims) > rank || depth > rank || from > rank {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	out := append(free2(ix).Dims()[:ix.Len()-1], free2(x).Dims()[from:]...)
	s.set(0, graph.ShapeOfDims(out...), s.dtype(0))
}

// inferScatterFromShape: indices, updates, shape.
func inferScatterFromShape(s *site) {
	d, ok := s.dims(2)
	if !ok {
		s.set(0, graph.Shape{}, s.dtype(1))
		return
	}
	s.set(0, graph.ShapeOfDims(d...), s.dtype(1))
}

// inferSegment: x, segment ids, [count]; without a count it depends on data.
func inferSegment(s *site) {
	x := s.shape(0)
	if x.Len() == 0 {
		return
	}
	n := unknownDim
	if v, ok := s.dims(2); ok && s.has(2) && len(v) == 1 {
		n = v[0]
	} else if v, ok := s.ints(1); ok && !s.has(2) {
		top := int64(-1)
		for _, id := range v {
			top = max(top, id)
		}
		n = known(top + 1)
	}
	s.set(0, free2(x).With(0, n), s.dtype(0))
}

// inferResize: sizes win over scales; output = floor(input * scale).
func inferResize(s *site) {
	a := attrs[graph.ResizeAttrs](s)
	x := s.shape(0)
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	if x.Len() == 1 && a.Data.Batch < 0 && len(a.Data.Spatial) == 2 { // ncnn: channels of one pixel
		x = graph.ShapeOfDims(x.Dim(0), graph.DimOf(1), graph.DimOf(1))
	}
	l, ok := layout(a.Data, x.Len())
	if !ok {
		return
	}
	axes := l.Spatial
	if a.OperandsAllAxes {
		if axes = a.Axes; axes == nil {
			for i := range x.Len() {
				axes = append(axes, i)
			}
		}
	}
	dims := free2(x).Dims()
	for i := range dims {
		if a.OperandsAllAxes && a.Axes == nil {
			dims[i] = unknownDim
		}
	}
	if a.Reference {
		for _, ax := range l.Spatial {
			dims[ax] = free(s.shape(1).Dim(ax - x.Len()))
		}
		s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
		return
	}
	if resizeWhole(s, a, x, l, dims) {
		return
	}
	sizes := resizeSizes(s, a, x, axes, l)
	for i, ax := range axesOrSpatial(axes, l, a, len(sizes)) {
		if ax, ok := normAxis(ax, x.Len()); ok && i < len(sizes) {
			dims[ax] = sizes[i]
		}
	}
	if len(sizes) == 0 {
		for _, ax := range l.Spatial {
			dims[ax] = unknownDim
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// resizeWhole reads an operand 1 that has an entry for every axis though spatial
// ones would do (MNN): sizes or, where it is real, scales; other axes stay.
func resizeWhole(s *site, a *graph.ResizeAttrs, x graph.Shape, l graph.Layout, dims []graph.Dim) bool {
	d, ok := s.dims(1)
	if !ok || !s.has(1) || a.OperandsAllAxes || a.Sizes != nil || a.Scales != nil || len(d) != x.Len() || len(d) == len(l.Spatial) {
		return false
	}
	for _, ax := range l.Spatial {
		if dims[ax] = d[ax]; s.dtype(1) == graph.Float32 {
			dims[ax] = unknownDim
			if v := s.val(1); v != nil && v.elems[ax].known {
				dims[ax] = scaled(x.Dim(ax), v.elems[ax].real())
			}
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
	return true
}

// axesOrSpatial are the axes that sizes speak of: those stated in attributes
// are spatial ones.
func axesOrSpatial(axes []int, l graph.Layout, a *graph.ResizeAttrs, n int) []int {
	if (a.Sizes != nil || a.Scales != nil) && n == len(l.Spatial) {
		return l.Spatial
	}
	return axes
}

func resizeSizes(s *site, a *graph.ResizeAttrs, x graph.Shape, axes []int, l graph.Layout) []graph.Dim {
	if a.Sizes != nil {
		return graph.ShapeOf(a.Sizes...).Dims()
	}
	if a.Scales == nil && s.has(1) {
		if d, ok := s.dims(1); ok && len(d) > 0 {
			return keepAspect(a.KeepAspect, x, axes, d)
		}
	}
	scales := a.Scales
	if scales == nil && s.has(2) {
		v := s.val(2)
		if v == nil {
			return nil
		}
		for _, e := range v.elems {
			if !e.known {
				return nil
			}
			scales = append(scales, e.real())
		}
	}
	out := make([]graph.Dim, len(scales))
	on := axes
	if a.Scales != nil && len(scales) == len(l.Spatial) {
		on = l.Spatial
	}
	for i, f := range scales {
		if i >= len(on) {
			break
		}
		ax, ok := normAxis(on[i], x.Len())
		if !ok {
			continue
		}
		if out[i] = scaled(x.Dim(ax), f); a.Corners {
			out[i] = addDim(scaled(shiftDim(x.Dim(ax), -1), f), graph.DimOf(1))
		}
	}
	return out
}

func scaled(d graph.Dim, f float64) graph.Dim {
	n, ok := d.Value()
	switch {
	case f == 1:
		return free(d)
	case !ok || math.IsNaN(f) || f < 0 || f > maxDim:
		return unknownDim
	}
	// The epsilon guards against 7 * (1/7) in float32.
	return known(int64(math.Floor(float64(n)*f + 1e-5)))
}

// keepAspect applies ONNX's keep_aspect_ratio_policy to requested sizes.
func keepAspect(policy string, x graph.Shape, axes []int, want []graph.Dim) []graph.Dim {
	if policy != "not_larger" && policy != "not_smaller" {
		return want
	}
	best := -1.0
	for i, w := range want {
		if i >= len(axes) {
			return nil
		}
		n, ok := x.Dim(axes[i]).Value()
		v, ok2 := w.Value()
		if !ok || !ok2 || n == 0 {
			return nil
		}
		f := float64(v) / float64(n)
		if best < 0 || policy == "not_larger" && f < best || policy == "not_smaller" && f > best {
			best = f
		}
	}
	out := make([]graph.Dim, len(want))
	for i := range want {
		n, _ := x.Dim(axes[i]).Value()
		out[i] = known(int64(math.Round(best * float64(n))))
	}
	return out
}

// inferGridSample: x, grid [N, Ho, Wo, 2] -> [N, C, Ho, Wo].
func inferGridSample(s *site) {
	l, ok := layout(attrs[graph.LayoutAttrs](s).Data, s.shape(0).Len())
	x, grid := s.shape(0), s.shape(1)
	if !x.IsRanked() || !ok || !grid.IsRanked() || grid.Len() < len(l.Spatial) {
		return
	}
	dims := free2(x).Dims()
	first := grid.Len() - 1 - len(l.Spatial)
	for i, ax := range l.Spatial {
		dims[ax] = free(grid.Dim(max(first, 0) + i))
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferAffineGrid: theta, size (N, C, H, W) -> [N, H, W, 2].
func inferAffineGrid(s *site) {
	d, ok := s.dims(1)
	if !ok || len(d) < 3 {
		return
	}
	out := append([]graph.Dim{d[0]}, d[2:]...)
	s.set(0, graph.ShapeOfDims(append(out, known(int64(len(d)-2)))...), s.dtype(0))
}

func inferDepthToSpace(s *site) { blockwise(s, true) }

func inferSpaceToDepth(s *site) { blockwise(s, false) }

func blockwise(s *site, toSpace bool) {
	a := attrs[graph.BlockAttrs](s)
	x := s.shape(0)
	l, ok := layout(a.Data, x.Len())
	if !x.IsRanked() || !ok || a.Block <= 0 || a.Block > 1<<20 {
		return
	}
	dims := free2(x).Dims()
	c := dims[l.Channel]
	for _, ax := range l.Spatial {
		if toSpace {
			dims[ax] = mulDim(dims[ax], known(a.Block))
			c = divDim(c, a.Block)
		} else {
			dims[ax] = divDim(dims[ax], a.Block)
			c = mulDim(c, known(a.Block))
		}
	}
	dims[l.Channel] = c
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferSpaceToBatch: x, block [m], paddings [m, 2]; inferBatchToSpace: crops.
func inferSpaceToBatch(s *site) { batchBlocks(s, true) }

func inferBatchToSpace(s *site) { batchBlocks(s, false) }

func batchBlocks(s *site, toBatch bool) {
	x := s.shape(0)
	block, ok := s.ints(1)
	edge, ok2 := s.ints(2)
	if !x.IsRanked() || x.Len() == 0 || !ok || !ok2 || len(edge) != 2*len(block) || len(block) >= x.Len() {
		if x.IsRanked() {
			s.set(0, graph.UnknownOfRank(x.Len()), s.dtype(0))
		}
		return
	}
	dims := free2(x).Dims()
	for i, b := range block {
		e := edge[2*i] + edge[2*i+1]
		if b <= 0 || b > 1<<20 {
			return
		}
		if toBatch {
			dims[1+i] = divDim(shiftDim(dims[1+i], e), b)
			dims[0] = mulDim(dims[0], known(b))
		} else {
			dims[1+i] = shiftDim(mulDim(dims[1+i], known(b)), -e)
			dims[0] = divDim(dims[0], b)
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferMatrixDiag: [..., n] -> [..., n, n].
func inferMatrixDiag(s *site) {
	x := s.shape(0)
	if x.Len() == 0 {
		return
	}
	s.set(0, insertAxis(free2(x), x.Len(), x.Dim(-1)), s.dtype(0))
}

// inferCorrelation keeps a's leading axes; the displacement count is not known.
func inferCorrelation(s *site) {
	if x := s.shape(0); x.Len() == 4 {
		s.set(0, free2(x).With(1, unknownDim), s.dtype(0))
	}
}

// inferSpectral: the transformed axis becomes length, or length/2+1 one-sided
// bins; with Pairs the last axis is 2, or 1 after a real inverse. A framed
// transform turns [N, T, ...] into [N, frames, bins, 2].
func inferSpectral(s *site) {
	a := attrs[graph.SpectralAttrs](s)
	x := s.shape(0)
	axis, ok := normAxis(a.Axis, x.Len())
	if !ok || s.n.Attrs == nil {
		return
	}
	if a.Framed {
		inferFrames(s, a, x)
		return
	}
	if stated := s.output(0).Shape; stated.IsRanked() && stated.Len() != x.Len() {
		return // OpenVINO: pairs beside real values without an axis for them
	}
	if a.Pairs && s.has(2) {
		v, ok := s.ints(2)
		if ok = ok && len(v) == 1; ok {
			axis, ok = normAxis(int(v[0]), x.Len())
		}
		if !ok { // the axis is found at run time
			out := free2(x)
			if a.OneSided || s.has(1) {
				out = graph.UnknownOfRank(x.Len())
			}
			s.set(0, pairs(out, a), s.dtype(0))
			return
		}
	}
	out := transformed(s, a, free2(x), axis)
	if a.Pairs {
		out = pairs(out, a)
	}
	s.set(0, out, graph.UnknownDType)
}

// transformed gives the transformed axis, and those before it that operand 1
// also has a length for, their sizes.
func transformed(s *site, a *graph.SpectralAttrs, x graph.Shape, axis int) graph.Shape {
	n := x.Dim(axis)
	switch v, ok := s.dims(1); {
	case s.has(1) && ok && len(v) > 0 && len(v) <= axis+1:
		for i, d := range v {
			x = x.With(axis+1-len(v)+i, d)
		}
		n = v[len(v)-1]
	case a.Length > 0:
		n = known(a.Length)
	case s.has(1):
		n = unknownDim
	case a.OneSided && a.Inverse: // n bins
		if v, ok := n.Value(); ok {
			return x.With(axis, known(2*(v-1)))
		}
		return x.With(axis, unknownDim)
	}
	return x.With(axis, spectrum(n, a.OneSided && !a.Inverse))
}

// pairs makes the last axis 2, or 1 for the real result of a one-sided inverse.
func pairs(out graph.Shape, a *graph.SpectralAttrs) graph.Shape {
	if a.OneSided && a.Inverse {
		return out.With(out.Len()-1, known(1))
	}
	return out.With(out.Len()-1, known(2))
}

func inferFrames(s *site, a *graph.SpectralAttrs, x graph.Shape) {
	length, hop := known(a.Length), a.Hop
	if a.Length <= 0 {
		length = s.shape(2).Dim(0)
		if v, ok := s.dims(3); ok && s.has(3) && len(v) == 1 {
			length = v[0]
		}
	}
	if v, ok := s.ints(1); hop <= 0 && ok && len(v) == 1 {
		hop = v[0]
	}
	n, ok := length.Value()
	margin := int64(0)
	if a.Centred {
		margin = n / 2 * 2
	}
	counted := func(d graph.Dim) (int64, bool) {
		v, fixed := d.Value()
		return v, ok && fixed && hop > 0
	}
	var out []graph.Dim
	if a.Inverse {
		out = append(out, unknownDim)
		if frames, ok := counted(x.Dim(1)); ok && frames > 0 && hop <= maxDim/frames {
			out[0] = known((frames-1)*hop + n - margin)
		}
	} else {
		bins, frames := spectrum(length, a.OneSided), unknownDim
		if signal, ok := counted(x.Dim(a.Axis)); ok && signal+margin >= n {
			frames = known((signal+margin-n)/hop + 1)
		}
		if out = append(out, free(x.Dim(0)), frames, bins); a.BinsFirst {
			out = []graph.Dim{bins, frames}
		}
	}
	if a.Pairs {
		out = append(out, known(2))
	}
	s.set(0, graph.ShapeOfDims(out...), s.dtype(0))
}

// spectrum is the number of bins of a transform.
func spectrum(length graph.Dim, oneSided bool) graph.Dim {
	if !oneSided {
		return free(length)
	}
	if n, ok := length.Value(); ok {
		return known(n/2 + 1)
	}
	return unknownDim
}

// inferBitCast: elements of the same width keep the shape.
func inferBitCast(s *site) {
	to := attrs[graph.CastAttrs](s).To
	if t := s.output(0); to == graph.UnknownDType && t != nil {
		to = t.DType
	}
	if from := s.dtype(0); to.Bits() > 0 && from.Bits() == to.Bits() {
		s.set(0, free2(s.shape(0)), to)
	}
}

// inferCompress: x, condition: the axis, or the flattened whole, shrinks to a
// size that depends on data.
func inferCompress(s *site) {
	a, ok := s.n.Attrs.(*graph.AxisAttrs)
	if !ok {
		s.set(0, graph.UnknownOfRank(1), s.dtype(0))
		return
	}
	if axis, ok := normAxis(a.Axis, s.shape(0).Len()); ok {
		s.set(0, free2(s.shape(0)).With(axis, unknownDim), s.dtype(0))
	}
}
