package op

import "github.com/gaugenn/gaugenn/graph"

// maxDim bounds a dimension that inference makes up, so that products of a
// few of them do not overflow silently.
const maxDim = 1 << 48

var unknownDim graph.Dim

// known returns the dimension n, unknown when n is negative or absurd.
func known(n int64) graph.Dim {
	if n < 0 || n > maxDim {
		return unknownDim
	}
	return graph.DimOf(n)
}

// free returns d without the default it may carry: a default belongs to the
// tensor that the file states it for.
func free(d graph.Dim) graph.Dim {
	if d.IsKnown() {
		return d
	}
	return graph.SymbolDim(d.Symbol())
}

// sameDim reports whether a and b are surely equal.
func sameDim(a, b graph.Dim) bool {
	if x, ok := a.Value(); ok {
		y, ok := b.Value()
		return ok && x == y
	}
	return a.Symbol() != "" && !b.IsKnown() && a.Symbol() == b.Symbol()
}

// isDim reports whether d is the value n.
func isDim(d graph.Dim, n int64) bool {
	v, ok := d.Value()
	return ok && v == n
}

func mulDim(a, b graph.Dim) graph.Dim {
	switch {
	case isDim(a, 0) || isDim(b, 0):
		return graph.DimOf(0)
	case isDim(a, 1):
		return free(b)
	case isDim(b, 1):
		return free(a)
	}
	x, ok := a.Value()
	y, ok2 := b.Value()
	if !ok || !ok2 || x > maxDim/y {
		return unknownDim
	}
	return graph.DimOf(x * y)
}

func addDim(a, b graph.Dim) graph.Dim {
	if x, ok := a.Value(); ok {
		return shiftDim(b, x)
	}
	if y, ok := b.Value(); ok {
		return shiftDim(a, y)
	}
	return unknownDim
}

// shiftDim returns d + n; a symbol survives only n == 0.
func shiftDim(d graph.Dim, n int64) graph.Dim {
	if n == 0 {
		return free(d)
	}
	v, ok := d.Value()
	if !ok {
		return unknownDim
	}
	return known(v + n)
}

// divDim returns d / n where that is whole.
func divDim(d graph.Dim, n int64) graph.Dim {
	if n == 1 {
		return free(d)
	}
	v, ok := d.Value()
	if !ok || n <= 0 || v%n != 0 {
		return unknownDim
	}
	return graph.DimOf(v / n)
}

// prod multiplies the dimensions from..to-1 of s.
func prod(s graph.Shape, from, to int) graph.Dim {
	if !s.IsRanked() {
		return unknownDim
	}
	p := graph.DimOf(1)
	for i := max(from, 0); i < min(to, s.Len()); i++ {
		p = mulDim(p, s.Dim(i))
	}
	return p
}

// elements returns the number of elements of s as a dimension.
func elements(s graph.Shape) graph.Dim { return prod(s, 0, s.Len()) }

// normAxis maps a possibly negative axis into 0..rank-1; ok is false outside.
func normAxis(axis, rank int) (int, bool) {
	if axis < 0 {
		axis += rank
	}
	return axis, axis >= 0 && axis < rank
}

// joinDim is the size of one axis after broadcasting; ok is false where the
// sizes contradict each other.
func joinDim(a, b graph.Dim) (d graph.Dim, ok bool) {
	x, okX := a.Value()
	y, okY := b.Value()
	switch {
	case okX && okY:
		if x == y || y == 1 {
			return a, true
		}
		return b, x == 1
	case okX && x != 1:
		return a, true
	case okY && y != 1:
		return b, true
	case okX || sameDim(a, b):
		return free(b), true
	case okY:
		return free(a), true
	}
	return unknownDim, true
}

// broadcast returns the shape of an elementwise result (numpy rules). Where
// they fail and the ranks differ, the lower rank is aligned to the outer axes,
// as ncnn's BinaryOp does. ok is false where neither fits.
func broadcast(a, b graph.Shape) (s graph.Shape, ok bool) {
	if !a.IsRanked() || !b.IsRanked() {
		return graph.Shape{}, true
	}
	if a.Len() < b.Len() {
		a, b = b, a
	}
	if s, ok = numpyBroadcast(a, b); ok || a.Len() == b.Len() {
		return s, ok
	}
	return joinAt(a, b, 0)
}

// numpyBroadcast aligns ranked shapes at their inner axes.
func numpyBroadcast(a, b graph.Shape) (graph.Shape, bool) {
	if a.Len() < b.Len() {
		a, b = b, a
	}
	return joinAt(a, b, a.Len()-b.Len())
}

// joinAt broadcasts b against a from axis off of a on.
func joinAt(a, b graph.Shape, off int) (graph.Shape, bool) {
	dims := a.Dims()
	for i := range b.Len() {
		d, ok := joinDim(a.Dim(off+i), b.Dim(i))
		if !ok {
			return graph.Shape{}, false
		}
		dims[off+i] = d
	}
	for i := range dims {
		dims[i] = free(dims[i])
	}
	return graph.ShapeOfDims(dims...), true
}

// mergeDim completes a stated dimension by an inferred one; ok is false where
// they contradict (the stated one is kept).
func mergeDim(stated, inferred graph.Dim) (d graph.Dim, ok bool) {
	x, okX := stated.Value()
	y, okY := inferred.Value()
	switch {
	case okX && okY:
		return stated, x == y
	case okX:
		return stated, true
	case okY:
		return inferred, true
	case stated.Symbol() != "":
		return stated, true
	case inferred.Symbol() != "":
		if n, ok := stated.Default(); ok {
			return inferred.WithDefault(n), true
		}
		return free(inferred), true
	}
	return stated, true
}

// merge completes a stated shape by an inferred one; ok is false where they
// contradict (what is stated is kept).
func merge(stated, inferred graph.Shape) (s graph.Shape, ok bool) {
	switch {
	case !inferred.IsRanked() || stated.IsStatic() && stated.Equal(inferred):
		return stated, true
	case !stated.IsRanked():
		return inferred, true
	case stated.Len() != inferred.Len():
		return stated, sameButOnes(stated, inferred)
	}
	dims := stated.Dims()
	ok = true
	for i := range dims {
		var fits bool
		dims[i], fits = mergeDim(dims[i], inferred.Dim(i))
		ok = ok && fits
	}
	return graph.ShapeOfDims(dims...), ok
}

// sameButOnes reports whether two shapes differ only in axes of size 1, as
// formats of fixed rank write them.
func sameButOnes(a, b graph.Shape) bool {
	i, k := 0, 0
	for {
		for i < a.Len() && isDim(a.Dim(i), 1) {
			i++
		}
		for k < b.Len() && isDim(b.Dim(k), 1) {
			k++
		}
		if i >= a.Len() || k >= b.Len() {
			return i >= a.Len() && k >= b.Len()
		}
		if a.Dim(i).IsKnown() && b.Dim(k).IsKnown() && !sameDim(a.Dim(i), b.Dim(k)) {
			return false
		}
		i++
		k++
	}
}
