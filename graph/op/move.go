package op

import "github.com/gaugenn/gaugenn/graph"

// target is a requested shape: from the attributes, else from operand 1.
// Elements stay as numbers so that 0 and -1 keep their meaning.
func target(s *site, stated []int64) ([]num, bool) {
	if stated != nil {
		elems := make([]num, len(stated))
		for i, n := range stated {
			elems[i] = intNum(n)
		}
		return elems, true
	}
	if v := s.val(1); v != nil && len(v.shape) <= 1 {
		return v.elems, true
	}
	if d, ok := s.unknownDims(1); ok && s.has(1) {
		return make([]num, len(d)), true
	}
	return nil, false
}

// inferReshape: -1 takes what is left, 0 copies (unless AllowZero); symbols
// cancel out on both sides.
func inferReshape(s *site) {
	a := attrs[graph.ReshapeAttrs](s)
	x := s.shape(0)
	want, ok := target(s, a.Shape)
	if !ok {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	if a.PartOfAxes {
		inferPartialReshape(s, a, want)
		return
	}
	s.set(0, reshape(x, want, a.AllowZero), s.dtype(0))
}

func reshape(x graph.Shape, want []num, allowZero bool) graph.Shape {
	dims := make([]graph.Dim, len(want))
	rest, open := -1, 0
	for i, n := range want {
		switch {
		case n.known && n.int() == 0 && !allowZero:
			dims[i] = free(x.Dim(i))
			if i >= x.Len() {
				dims[i] = unknownDim
			}
		case n.known && n.int() < 0:
			rest = i
			continue
		default:
			dims[i] = n.dim()
		}
		if !dims[i].IsKnown() && dims[i].Symbol() == "" {
			open++
			if rest < 0 && open == 1 {
				rest = i
			}
		}
	}
	if !x.IsRanked() || rest < 0 {
		return graph.ShapeOfDims(dims...)
	}
	if d, ok := remaining(x, dims, rest); ok {
		dims[rest] = d
	}
	return graph.ShapeOfDims(dims...)
}

// remaining solves for dimension rest: elements of x over the other dims, with
// equal symbols cancelled.
func remaining(x graph.Shape, dims []graph.Dim, rest int) (graph.Dim, bool) {
	num, den := int64(1), int64(1)
	symbols := map[string]int{}
	count := func(d graph.Dim, n *int64, sign int) bool {
		if v, ok := d.Value(); ok {
			if v != 0 && *n > maxDim/v {
				return false
			}
			*n *= v
			return true
		}
		symbols[d.Symbol()] += sign
		return d.Symbol() != ""
	}
	for i := range x.Len() {
		if !count(x.Dim(i), &num, 1) {
			return unknownDim, false
		}
	}
	for i, d := range dims {
		if i != rest && !count(d, &den, -1) {
			return unknownDim, false
		}
	}
	left := ""
	for name, n := range symbols {
		switch {
		case n == 0:
		case n == 1 && left == "":
			left = name
		default:
			return unknownDim, false
		}
	}
	switch {
	case den == 0 || num%den != 0:
		return unknownDim, false
	case left == "":
		return graph.DimOf(num / den), true
	}
	if num/den == 1 {
		return graph.SymbolDim(left), true
	}
	return unknownDim, false
}

// inferPartialReshape is Caffe's reshape of a range of axes.
func inferPartialReshape(s *site, a *graph.ReshapeAttrs, want []num) {
	x := s.shape(0)
	if !x.IsRanked() {
		return
	}
	from := a.Axis
	if from < 0 {
		from += x.Len() + 1
	}
	to := x.Len()
	if from < 0 || from > to || a.NumAxes > to-from {
		return
	}
	if a.NumAxes > 0 {
		to = from + a.NumAxes
	}
	dims := free2(x).Dims()
	part := reshape(graph.ShapeOfDims(dims[from:to]...), want, a.AllowZero).Dims()
	out := append(dims[:from:from], part...)
	s.set(0, graph.ShapeOfDims(append(out, dims[to:]...)...), s.dtype(0))
}

func inferFlatten(s *site) {
	a := attrs[graph.FlattenAttrs](s)
	x := s.shape(0)
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	from := a.Axis
	if from < 0 {
		from += x.Len()
	}
	from = min(max(from, 0), x.Len())
	if a.TwoD {
		s.set(0, graph.ShapeOfDims(prod(x, 0, from), prod(x, from, x.Len())), s.dtype(0))
		return
	}
	end := a.EndAxis
	if end < 0 {
		end += x.Len()
	}
	end = min(max(end, from), x.Len()-1)
	dims := free2(x).Dims()
	out := append(dims[:from:from], prod(x, from, end+1))
	s.set(0, graph.ShapeOfDims(append(out, dims[min(end+1, len(dims)):]...)...), s.dtype(0))
}

// axesOf are the axes from the attributes or operand 1.
func axesOf(s *site) (axes []int, stated, known bool) {
	a := attrs[graph.AxesAttrs](s)
	if a.Axes != nil {
		return a.Axes, true, true
	}
	if !s.has(1) {
		return nil, false, true
	}
	v, ok := s.ints(1)
	for _, x := range v {
		axes = append(axes, int(min(max(x, -maxRank), maxRank)))
	}
	return axes, true, ok
}

func inferSqueeze(s *site) {
	x := s.shape(0)
	axes, stated, ok := axesOf(s)
	if !x.IsRanked() || !ok {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	if stated && len(axes) > 0 {
		ones := singles(x, axes)
		if len(ones) < len(axes) && !attrs[graph.AxesAttrs](s).OnesAlone {
			s.complain("an axis to be left out is not 1")
			s.set(0, graph.Shape{}, s.dtype(0))
			return
		}
		axes = ones
	} else {
		for i := range x.Len() {
			if !x.Dim(i).IsKnown() {
				s.set(0, graph.Shape{}, s.dtype(0))
				return
			}
			if isDim(x.Dim(i), 1) {
				axes = append(axes, i)
			}
		}
	}
	s.set(0, free2(dropAxes(x, axes)), s.dtype(0))
}

// singles leaves out the axes whose size is known and not 1.
func singles(x graph.Shape, axes []int) []int {
	out := make([]int, 0, len(axes))
	for _, a := range axes {
		if i, ok := normAxis(a, x.Len()); ok && (!x.Dim(i).IsKnown() || isDim(x.Dim(i), 1)) {
			out = append(out, i)
		}
	}
	return out
}

func inferUnsqueeze(s *site) {
	x := s.shape(0)
	axes, _, ok := axesOf(s)
	if !x.IsRanked() || !ok || len(axes) > maxRank {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	rank := x.Len() + len(axes)
	made := make([]bool, rank)
	for _, a := range axes {
		a, ok := normAxis(a, rank)
		if !ok || made[a] {
			s.complain("the axes do not fit the rank")
			return
		}
		made[a] = true
	}
	dims := make([]graph.Dim, 0, rank)
	next := 0
	for i := range rank {
		if made[i] {
			dims = append(dims, graph.DimOf(1))
			continue
		}
		dims = append(dims, free(x.Dim(next)))
		next++
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// permutation is the node's axis order, reversed where nothing states it.
func permutation(s *site, rank int) ([]int, bool) {
	a := attrs[graph.PermAttrs](s)
	perm := a.Perm
	if perm == nil && s.has(1) {
		v, ok := s.ints(1)
		if !ok {
			return nil, false
		}
		for _, x := range v {
			perm = append(perm, int(min(max(x, -maxRank), maxRank)))
		}
	}
	if perm == nil {
		for i := range rank {
			perm = append(perm, rank-1-i)
		}
	}
	for len(perm) > rank && perm[len(perm)-1] == len(perm)-1 { // Caffe: of four axes
		perm = perm[:len(perm)-1]
	}
	if len(perm) != rank {
		return nil, false
	}
	out := make([]int, rank)
	seen := make([]bool, rank)
	for i, p := range perm {
		p, ok := normAxis(p, rank)
		if !ok || seen[p] {
			return nil, false
		}
		out[i], seen[p] = p, true
	}
	return out, true
}

func inferTranspose(s *site) {
	x := s.shape(0)
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	perm, ok := permutation(s, x.Len())
	if !ok {
		s.set(0, graph.UnknownOfRank(x.Len()), s.dtype(0))
		return
	}
	dims := make([]graph.Dim, len(perm))
	for i, p := range perm {
		dims[i] = free(x.Dim(p))
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}
