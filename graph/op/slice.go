package op

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// cut is one axis of a slice: begin, end and step as known numbers, or nil.
type cut struct {
	axis             int
	begin, end, step *int64
	// mask bits of TensorFlow: begin or end is ignored.
	noBegin, noEnd bool
}

// bounds clamps begin and end into an axis of n elements (numpy rules).
func (c cut) bounds(n int64) (begin, end, step int64, ok bool) {
	if c.step == nil || *c.step == 0 {
		return 0, 0, 0, false
	}
	step = *c.step
	clamp := func(v, low, high int64) int64 {
		if v < 0 && v >= math.MinInt64+n {
			v += n
		}
		return min(max(v, low), high)
	}
	low, high := int64(0), n
	if step < 0 {
		low, high = -1, n-1
	}
	switch {
	case c.noBegin && step > 0:
		begin = 0
	case c.noBegin:
		begin = n - 1
	case c.begin == nil:
		return 0, 0, 0, false
	default:
		begin = clamp(*c.begin, low, high)
	}
	switch {
	case c.noEnd && step > 0:
		end = n
	case c.noEnd:
		end = -1
	case c.end == nil:
		return 0, 0, 0, false
	default:
		end = clamp(*c.end, low, high)
	}
	return begin, end, step, true
}

// size is the number of elements the cut keeps of d.
func (c cut) size(d graph.Dim) graph.Dim {
	n, ok := d.Value()
	if !ok {
		return c.sizeOfFree(d)
	}
	begin, end, step, ok := c.bounds(n)
	if !ok {
		return unknownDim
	}
	return known(count(begin, end, step))
}

func count(begin, end, step int64) int64 {
	if step > 0 {
		return max((end-begin+step-1)/step, 0)
	}
	return max((begin-end-step-1)/-step, 0)
}

// sizeOfFree keeps a symbol where the whole axis is kept, and gives the size
// of a slice between two bounds counted from the same end.
func (c cut) sizeOfFree(d graph.Dim) graph.Dim {
	if c.step == nil || *c.step == 0 {
		return unknownDim
	}
	fromStart := c.noBegin || c.begin != nil && *c.begin == 0
	toEnd := c.noEnd || c.end != nil && *c.end >= math.MaxInt32
	if (*c.step == 1 && fromStart || *c.step == -1 && (c.noBegin || c.begin != nil && *c.begin == -1)) && toEnd {
		return free(d)
	}
	if *c.step == -1 && c.end != nil && *c.end <= math.MinInt32 && c.begin != nil && *c.begin == -1 {
		return free(d)
	}
	if *c.step != 1 || c.noBegin || c.begin == nil || c.noEnd || c.end == nil {
		return unknownDim
	}
	if (*c.begin < 0) && (*c.end < 0) {
		// Both counted from the end; a shorter axis would clip, which we
		// assume away for axes of unknown size.
		return known(max(*c.end-*c.begin, 0))
	}
	return unknownDim
}

// openLike is a shape of x's rank with nothing known of the sizes.
func openLike(x graph.Shape) graph.Shape {
	if !x.IsRanked() {
		return x
	}
	return graph.UnknownOfRank(x.Len())
}

func ptr(n int64) *int64 { return &n }

// list gives entries of a stated list, else of operand i, as known numbers or nil.
func (s *site) list(stated []int64, i int) []*int64 {
	if stated != nil {
		out := make([]*int64, len(stated))
		for k := range stated {
			out[k] = &stated[k]
		}
		return out
	}
	v := s.val(i)
	if v == nil {
		if d, ok := s.unknownDims(i); ok {
			return make([]*int64, len(d))
		}
		return nil
	}
	out := make([]*int64, len(v.elems))
	for k, e := range v.elems {
		if e.known {
			out[k] = ptr(e.int())
		}
	}
	return out
}

// sliceCuts are ONNX Slice's cuts: x, starts, ends, [axes], [steps].
func sliceCuts(s *site, rank int) ([]cut, bool) {
	a := attrs[graph.SliceAttrs](s)
	starts, ends, steps := s.list(a.Starts, 1), s.list(a.Ends, 2), s.list(a.Steps, 4)
	n := max(len(starts), len(ends))
	axes := a.Axes
	if axes == nil && s.has(3) {
		v, ok := s.ints(3)
		if !ok {
			return nil, false
		}
		for _, x := range v {
			axes = append(axes, int(min(max(x, -maxRank), maxRank)))
		}
	}
	if n == 0 && axes == nil {
		return nil, false
	}
	if axes != nil {
		n = len(axes)
	}
	cuts := make([]cut, 0, n)
	for i := range n {
		ax := i
		if axes != nil {
			ax = axes[i]
		}
		ax, ok := normAxis(ax, rank)
		if !ok {
			return nil, false
		}
		c := cut{axis: ax, step: ptr(1)}
		if i < len(starts) {
			c.begin = starts[i]
		}
		if i < len(ends) {
			c.end = ends[i]
		}
		if i < len(steps) {
			c.step = steps[i]
		}
		cuts = append(cuts, c)
	}
	return cuts, true
}

func inferSlice(s *site) {
	x := s.shape(0)
	cuts, ok := sliceCuts(s, x.Len())
	switch {
	case !x.IsRanked():
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	case !ok:
		s.set(0, graph.UnknownOfRank(x.Len()), s.dtype(0))
		return
	}
	dims := free2(x).Dims()
	for _, c := range cuts {
		dims[c.axis] = c.size(x.Dim(c.axis))
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

func foldSlice(s *site) []*value {
	v := s.val(0)
	if v == nil {
		return nil
	}
	cuts, ok := sliceCuts(s, len(v.shape))
	if !ok {
		return nil
	}
	return foldCuts(s, v, cuts)
}

// foldCuts keeps the elements that the cuts leave; the result has v's rank.
func foldCuts(s *site, v *value, cuts []cut) []*value {
	first, step := make([]int64, len(v.shape)), make([]int64, len(v.shape))
	shape := append([]int64(nil), v.shape...)
	for i := range step {
		step[i] = 1
	}
	for _, c := range cuts {
		b, e, st, ok := c.bounds(v.shape[c.axis])
		if !ok {
			return nil
		}
		first[c.axis], step[c.axis], shape[c.axis] = b, st, count(b, e, st)
	}
	out := sized(shape)
	if out == nil {
		return nil
	}
	strides := v.strides()
	each(shape, func(k int, index []int64) {
		var p int64
		for i := range index {
			p += (first[i] + index[i]*step[i]) * strides[i]
		}
		out.elems[k] = v.elems[p]
	})
	return []*value{out}
}

// stridedCuts reads TensorFlow's StridedSlice against a rank. Besides the cuts
// it gives the result's axes: an index into x, or -1 for a new axis.
func stridedCuts(s *site, rank int) (cuts []cut, axes []int, ok bool) {
	a := attrs[graph.StridedSliceAttrs](s)
	begin, end, step := s.list(a.Begin, 1), s.list(a.End, 2), s.list(a.Strides, 3)
	n := max(len(begin), len(end), len(step))
	if n == 0 && (s.has(1) || a.Begin != nil) && s.val(1) == nil && a.Begin == nil {
		return nil, nil, false
	}
	bit := func(mask int64, i int) bool { return i < 63 && mask>>i&1 != 0 }
	fixed := 0
	for i := range n {
		if !bit(a.NewAxisMask, i) && !bit(a.EllipsisMask, i) {
			fixed++
		}
	}
	axis := 0
	take := func() {
		if axis < rank {
			axes = append(axes, axis)
			axis++
		}
	}
	for i := range n {
		switch {
		case bit(a.EllipsisMask, i):
			for k := rank - fixed; k > 0; k-- {
				take()
			}
			continue
		case bit(a.NewAxisMask, i):
			axes = append(axes, -1)
			continue
		case axis >= rank:
			return nil, nil, false
		}
		c := cut{axis: axis, step: ptr(1), noBegin: bit(a.BeginMask, i), noEnd: bit(a.EndMask, i)}
		if i < len(begin) {
			c.begin = begin[i]
		}
		if i < len(end) {
			c.end = end[i]
		}
		if i < len(step) && (step[i] != nil || s.has(3)) {
			c.step = step[i]
		}
		if a.OffsetEnd && c.begin != nil && c.end != nil {
			c.end = ptr(*c.begin + *c.end)
		}
		if bit(a.ShrinkMask, i) {
			c = shrink(c)
			cuts = append(cuts, c)
			axis++
			continue
		}
		cuts = append(cuts, c)
		take()
	}
	for axis < rank {
		take()
	}
	return cuts, axes, true
}

// shrink makes a cut of one element at begin.
func shrink(c cut) cut {
	c.noBegin, c.noEnd, c.step = false, false, ptr(1)
	c.end = nil
	if c.begin != nil {
		c.end = ptr(*c.begin + 1)
		if *c.begin == -1 {
			c.end, c.noEnd = nil, true
		}
	}
	return c
}

func inferStridedSlice(s *site) {
	x := s.shape(0)
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	cuts, axes, ok := stridedCuts(s, x.Len())
	if !ok {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	sizes := free2(x).Dims()
	for _, c := range cuts {
		sizes[c.axis] = c.size(x.Dim(c.axis))
	}
	dims := make([]graph.Dim, len(axes))
	for i, ax := range axes {
		if dims[i] = graph.DimOf(1); ax >= 0 {
			dims[i] = sizes[ax]
		}
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

func foldStridedSlice(s *site) []*value {
	v := s.val(0)
	if v == nil {
		return nil
	}
	cuts, axes, ok := stridedCuts(s, len(v.shape))
	if !ok {
		return nil
	}
	return squeezed(foldCuts(s, v, cuts), axes)
}

// squeezed gives a cut value its final axes.
func squeezed(out []*value, axes []int) []*value {
	if len(out) == 0 || out[0] == nil {
		return nil
	}
	shape := make([]int64, len(axes))
	n := int64(1)
	for i, ax := range axes {
		if shape[i] = 1; ax >= 0 {
			shape[i] = out[0].shape[ax]
		}
		n *= shape[i]
	}
	if n != int64(len(out[0].elems)) {
		return nil
	}
	return []*value{{shape, out[0].elems}}
}

// sizeCuts are the cuts of x, begin, size.
func sizeCuts(s *site, rank int) ([]cut, bool) {
	begin, size := s.list(nil, 1), s.list(nil, 2)
	if len(begin) != rank || len(size) != rank {
		return nil, false
	}
	cuts := make([]cut, rank)
	for i := range cuts {
		c := cut{axis: i, step: ptr(1), begin: begin[i]}
		switch {
		case size[i] == nil:
		case *size[i] < 0:
			c.noEnd = true
		case begin[i] != nil:
			c.end = ptr(*begin[i] + *size[i])
		}
		cuts[i] = c
	}
	return cuts, true
}

func inferSliceBySize(s *site) {
	x := s.shape(0)
	cuts, ok := sizeCuts(s, x.Len())
	if !x.IsRanked() || !ok {
		s.set(0, openLike(x), s.dtype(0))
		return
	}
	size := s.list(nil, 2)
	dims := make([]graph.Dim, x.Len())
	for i, c := range cuts {
		if size[i] != nil && *size[i] >= 0 {
			dims[i] = known(*size[i])
			continue
		}
		dims[i] = c.size(x.Dim(i))
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

func foldSliceBySize(s *site) []*value {
	v := s.val(0)
	if v == nil {
		return nil
	}
	cuts, ok := sizeCuts(s, len(v.shape))
	if !ok {
		return nil
	}
	return foldCuts(s, v, cuts)
}

// inferDynamicSlice: sizes are attributes.
func inferDynamicSlice(s *site) {
	a := attrs[graph.ReshapeAttrs](s)
	if a.Shape == nil {
		s.set(0, openLike(s.shape(0)), s.dtype(0))
		return
	}
	s.set(0, graph.ShapeOf(a.Shape...), s.dtype(0))
}
