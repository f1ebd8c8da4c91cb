package op

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// matrices are the sizes of a product [..., M, K] x [..., K, N] after
// transposition.
type matrices struct {
	m, k, n graph.Dim
	batch   graph.Shape
	// vectorA and vectorB mark one-dimensional operands, whose M or N vanishes.
	vectorA, vectorB bool
	ok               bool
}

func product(s *site) matrices {
	at := attrs[graph.MatMulAttrs](s)
	a, b := s.shape(0), s.shape(1)
	if at.N > 0 {
		b = graph.ShapeOfDims(known(at.K), known(at.N))
		if at.K <= 0 {
			b = b.With(0, unknownDim)
		}
		at = &graph.MatMulAttrs{TransA: at.TransA}
	}
	var p matrices
	if !a.IsRanked() || !b.IsRanked() || a.Len() == 0 || b.Len() == 0 {
		return p
	}
	p.vectorA, p.vectorB = a.Len() == 1, b.Len() == 1
	rows, inner := a.Dim(-2), a.Dim(-1)
	if p.vectorA {
		rows = graph.DimOf(1)
	} else if at.TransA {
		rows, inner = inner, rows
	}
	k, cols := b.Dim(-2), b.Dim(-1)
	switch {
	case p.vectorB:
		k, cols = b.Dim(-1), graph.DimOf(1)
	case at.TransB:
		k, cols = cols, k
	}
	if !inner.IsKnown() {
		inner = k
	}
	p.m, p.k, p.n = free(rows), free(inner), free(cols)
	p.batch, p.ok = broadcast(leading(a), leading(b))
	return p
}

// leading drops the last two axes.
func leading(s graph.Shape) graph.Shape {
	return graph.ShapeOfDims(s.Dims()[:max(s.Len()-2, 0)]...)
}

// inferMatMul: a, b, [bias] with numpy matmul rules.
func inferMatMul(s *site) {
	p := product(s)
	if !p.ok {
		if s.shape(0).IsRanked() && s.shape(1).IsRanked() {
			s.complain("the batch axes of the matrices do not fit")
		}
		s.set(0, graph.Shape{}, productType(s))
		return
	}
	dims := p.batch.Dims()
	if !p.vectorA {
		dims = append(dims, p.m)
	}
	if !p.vectorB {
		dims = append(dims, p.n)
	}
	s.set(0, graph.ShapeOfDims(dims...), productType(s))
}

// productType is the dtype of a product: that of x, Int32 is left to the file.
func productType(s *site) graph.DType { return s.dtype(0) }

// inferFullyConnected: x, filter [N, K], [bias].
func inferFullyConnected(s *site) {
	a := attrs[graph.FullyConnectedAttrs](s)
	x := s.shape(0)
	n := known(a.OutFeatures)
	outAxis, inAxis := 0, 1
	if a.TransposedFilter {
		outAxis, inAxis = 1, 0
	}
	if k := filterDim(s, inAxis); a.KeepDims && k.IsKnown() && x.Dim(-1).IsKnown() && !sameDim(k, x.Dim(-1)) && sameDim(k, elements(x)) {
		a = &graph.FullyConnectedAttrs{OutFeatures: a.OutFeatures} // ncnn flattens a matrix whose rows do not fit
	}
	if a.OutFeatures <= 0 {
		n = filterDim(s, outAxis)
	}
	k := features(s, a)
	if f := s.shape(1); s.has(1) && (!f.IsRanked() || f.Len() == 2) {
		dims := make([]graph.Dim, 2)
		dims[outAxis], dims[inAxis] = n, k
		s.want(1, graph.ShapeOfDims(dims...))
	}
	if !k.IsKnown() {
		k = filterDim(s, inAxis)
	}
	wantBias(s, 2, n)
	if !x.IsRanked() {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	s.set(0, fullyConnectedShape(x, a, n, k), s.dtype(0))
}

// features is K as the input has it.
func features(s *site, a *graph.FullyConnectedAttrs) graph.Dim {
	x := s.shape(0)
	switch {
	case !x.IsRanked() || a.FlattenTo2D && !a.KeepDims:
		return unknownDim
	case a.KeepDims:
		return free(x.Dim(-1))
	}
	axis := a.Axis
	if axis < 0 {
		axis += x.Len()
	}
	return prod(x, axis, x.Len())
}

func fullyConnectedShape(x graph.Shape, a *graph.FullyConnectedAttrs, n, k graph.Dim) graph.Shape {
	switch {
	case a.KeepDims && x.Len() > 0:
		return x.With(x.Len()-1, n)
	case a.FlattenTo2D:
		rows := unknownDim
		if kk, ok := k.Value(); ok && kk > 0 {
			rows = divDim(elements(x), kk)
			if x.Len() == 2 && sameDim(x.Dim(1), k) {
				rows = free(x.Dim(0))
			}
		}
		return graph.ShapeOfDims(rows, n)
	}
	axis := a.Axis
	if axis < 0 {
		axis += x.Len()
	}
	dims := x.Dims()[:min(max(axis, 0), x.Len())]
	return graph.ShapeOfDims(append(dims, n)...)
}

// einsum is a parsed equation with the sizes of its labels.
type einsum struct {
	inputs [][]rune
	output []rune
	size   map[rune]graph.Dim
}

// ellipsis labels stand for the axes of "...", counted from the right.
const ellipsis = rune(0x10000)

// parseEinsum reads "ij,jk->ik" against the operands' shapes; ok is false
// where they do not fit.
func parseEinsum(s *site) (e einsum, ok bool) {
	eq := strings.ReplaceAll(attrs[graph.EinsumAttrs](s).Equation, " ", "")
	left, right, explicit := strings.Cut(eq, "->")
	terms := strings.Split(left, ",")
	if len(terms) != len(s.n.Inputs) || len(eq) > 1024 {
		return e, false
	}
	e.size = map[rune]graph.Dim{}
	wide := 0
	for i, term := range terms {
		sh := s.shape(i)
		if !sh.IsRanked() {
			return e, false
		}
		labels, dots, fits := expand(term, sh.Len())
		if !fits {
			return e, false
		}
		wide = max(wide, dots)
		for a, l := range labels {
			d, fits := joinDim(sh.Dim(a), orOne(e.size, l))
			if !fits {
				return e, false
			}
			e.size[l] = d
		}
		e.inputs = append(e.inputs, labels)
	}
	if !explicit {
		e.output = implicit(e.inputs, wide)
		return e, true
	}
	e.output, _, ok = expand(right, len([]rune(strings.ReplaceAll(right, "...", "")))+wide)
	return e, ok
}

func orOne(m map[rune]graph.Dim, l rune) graph.Dim {
	if d, ok := m[l]; ok {
		return d
	}
	return graph.DimOf(1)
}

// expand turns a term into one label per axis of a tensor of the given rank.
func expand(term string, rank int) (labels []rune, dots int, ok bool) {
	before, after, has := strings.Cut(term, "...")
	if !has {
		labels = []rune(term)
		return labels, 0, len(labels) == rank
	}
	b, a := []rune(before), []rune(after)
	if dots = rank - len(a) - len(b); dots < 0 {
		return nil, 0, false
	}
	labels = b
	for i := dots; i > 0; i-- {
		labels = append(labels, ellipsis+rune(i))
	}
	return append(labels, a...), dots, true
}

// implicit output: the ellipsis, then the labels that appear once, sorted.
func implicit(inputs [][]rune, wide int) []rune {
	count := map[rune]int{}
	for _, in := range inputs {
		for _, l := range in {
			count[l]++
		}
	}
	var out []rune
	for i := wide; i > 0; i-- {
		out = append(out, ellipsis+rune(i))
	}
	for l := rune(0); l < 256; l++ {
		if count[l] == 1 {
			out = append(out, l)
		}
	}
	return out
}

func inferEinsum(s *site) {
	e, ok := parseEinsum(s)
	if !ok {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	dims := make([]graph.Dim, len(e.output))
	for i, l := range e.output {
		dims[i] = free(e.size[l])
	}
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(0))
}

// inferDet: [..., n, n] -> [...].
func inferDet(s *site) {
	if x := s.shape(0); x.Len() >= 2 {
		s.set(0, free2(leading(x)), s.dtype(0))
	}
}
