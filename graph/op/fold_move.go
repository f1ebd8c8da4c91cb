package op

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// mapped builds a result of the output's inferred shape whose element at an
// index comes from v at from(index); a negative position is unknown.
func mapped(s *site, out int, v *value, from func(index []int64) int64) *value {
	sh := s.outShape(out)
	if v == nil || !sh.IsStatic() {
		return nil
	}
	r := sized(sh.Ints())
	if r == nil {
		return nil
	}
	each(r.shape, func(k int, index []int64) {
		if p := from(index); p >= 0 && p < int64(len(v.elems)) {
			r.elems[k] = v.elems[p]
		}
	})
	return r
}

func foldTranspose(s *site) []*value {
	v := s.val(0)
	if v == nil {
		return nil
	}
	perm, ok := permutation(s, len(v.shape))
	if !ok {
		return nil
	}
	st := v.strides()
	return []*value{mapped(s, 0, v, func(index []int64) int64 {
		var p int64
		if len(index) != len(perm) {
			return -1
		}
		for i, a := range perm {
			p += index[i] * st[a]
		}
		return p
	})}
}

func foldExpand(s *site) []*value {
	v := s.val(0)
	if v == nil {
		return nil
	}
	st := v.strides()
	return []*value{mapped(s, 0, v, func(index []int64) int64 { return position(index, v.shape, st) })}
}

func foldTile(s *site) []*value {
	v := s.val(0)
	if v == nil || s.outShape(0).Len() != len(v.shape) {
		return nil
	}
	st := v.strides()
	return []*value{mapped(s, 0, v, func(index []int64) int64 {
		var p int64
		for i := range index {
			if v.shape[i] == 0 {
				return -1
			}
			p += index[i] % v.shape[i] * st[i]
		}
		return p
	})}
}

func foldGather(s *site) []*value {
	v, ix := s.val(0), s.val(1)
	a := attrs[graph.GatherAttrs](s)
	if v == nil || ix == nil || a.BatchDims != 0 {
		return nil
	}
	axis, ok := gatherAxis(s, a, len(v.shape))
	if !ok {
		return nil
	}
	vs, is := v.strides(), ix.strides()
	k := len(ix.shape)
	return []*value{mapped(s, 0, v, func(index []int64) int64 {
		if len(index) != len(v.shape)-1+k {
			return -1
		}
		row := position(index[axis:axis+k], ix.shape, is)
		if row < 0 || row >= int64(len(ix.elems)) {
			return -1
		}
		e := ix.elems[row]
		at := e.int()
		if at < 0 {
			at += v.shape[axis]
		}
		if !e.known || at < 0 || at >= v.shape[axis] {
			return -1
		}
		p := at * vs[axis]
		for i := range v.shape {
			if i < axis {
				p += index[i] * vs[i]
			} else if i > axis {
				p += index[i-1+k] * vs[i]
			}
		}
		return p
	})}
}

func foldConcat(s *site) []*value {
	axis, parts, ok := concatParts(s)
	if !ok || !s.outShape(0).IsStatic() {
		return nil
	}
	out := sized(s.outShape(0).Ints())
	if out == nil {
		return nil
	}
	a, fits := normAxis(axis, len(out.shape))
	if !fits {
		return nil
	}
	inner := int64(1)
	for _, d := range out.shape[a+1:] {
		inner *= d
	}
	var at int64
	row := out.shape[a] * inner
	for _, p := range parts {
		if len(p.shape) != len(out.shape) {
			return nil
		}
		n := p.shape[a] * inner
		for k := int64(0); n > 0 && k*n < int64(len(p.elems)); k++ {
			if k*row+at+n > int64(len(out.elems)) {
				return nil
			}
			copy(out.elems[k*row+at:k*row+at+n], p.elems[k*n:(k+1)*n])
		}
		at += n
	}
	return []*value{out}
}

// concatParts are the operands' values, an unknown vector for those without
// one but of known small shape.
func concatParts(s *site) (axis int, parts []*value, ok bool) {
	any := false
	total := 0
	for i := range s.n.Inputs {
		if total > maxElems {
			return 0, nil, false
		}
		p := s.val(i)
		if p == nil {
			if !s.shape(i).IsStatic() || s.dtype(i).IsFloat() {
				return 0, nil, false
			}
			if p = sized(s.shape(i).Ints()); p == nil {
				return 0, nil, false
			}
		} else {
			any = true
		}
		parts = append(parts, p)
		total += len(p.elems)
	}
	return attrs[graph.AxisAttrs](s).Axis, parts, any
}

func foldPack(s *site) []*value {
	axis, parts, ok := concatParts(s)
	if !ok || !s.outShape(0).IsStatic() {
		return nil
	}
	out := sized(s.outShape(0).Ints())
	if out == nil {
		return nil
	}
	a, fits := normAxis(axis, len(out.shape))
	if !fits {
		return nil
	}
	bad := false
	each(out.shape, func(k int, index []int64) {
		p := parts[min(int(index[a]), len(parts)-1)]
		rest := append(append([]int64(nil), index[:a]...), index[a+1:]...)
		if pos := position(rest, p.shape, p.strides()); pos >= 0 && pos < int64(len(p.elems)) {
			out.elems[k] = p.elems[pos]
		} else {
			bad = true
		}
	})
	if bad {
		return nil
	}
	return []*value{out}
}

// foldSplit folds Split and Unpack of vectors.
func foldSplit(s *site) []*value {
	v := s.val(0)
	if v == nil || len(v.shape) != 1 {
		return nil
	}
	out := make([]*value, len(s.n.Outputs))
	at := 0
	for i := range out {
		n, ok := s.outShape(i).Elements()
		if !ok || at+int(n) > len(v.elems) {
			return out
		}
		out[i] = &value{s.outShape(i).Ints(), v.elems[at : at+int(n)]}
		at += int(n)
	}
	return out
}

func foldFilled(s *site) []*value {
	sh := s.outShape(0)
	if !sh.IsStatic() {
		return nil
	}
	out := sized(sh.Ints())
	if out == nil {
		return nil
	}
	fill := intNum(0)
	if v := s.val(1); v != nil && len(v.elems) == 1 {
		fill = v.elems[0]
	} else if s.has(1) {
		return nil
	} else if a := attrs[graph.ReshapeAttrs](s); s.n.Op == graph.ConstantOfShape && !a.HasFill {
		return nil
	} else {
		fill = floatNum(a.Fill)
	}
	if t := s.output(0); fill.float && t != nil && !t.DType.IsFloat() {
		fill = intNum(fill.int())
	}
	for i := range out.elems {
		out.elems[i] = fill
	}
	return []*value{out}
}

func foldRange(s *site) []*value {
	n, start, delta, ok := rangeOf(s)
	if !ok || n > maxElems {
		return nil
	}
	out := make([]num, n)
	for i := range out {
		if start.float || delta.float {
			out[i] = floatNum(start.real() + float64(i)*delta.real())
		} else {
			out[i] = intNum(start.i + int64(i)*delta.i)
		}
	}
	return []*value{vector(out)}
}

// rangeOf gives the length of Range: max(ceil((limit - start) / delta), 0).
func rangeOf(s *site) (n int64, start, delta num, ok bool) {
	get := func(i int) (num, bool) {
		v := s.val(i)
		if v == nil || len(v.elems) != 1 || !v.elems[0].known {
			return num{}, false
		}
		return v.elems[0], true
	}
	start, ok1 := get(0)
	limit, ok2 := get(1)
	delta, ok3 := get(2)
	if !ok1 || !ok2 || !ok3 || delta.real() == 0 {
		return 0, start, delta, false
	}
	f := math.Ceil((limit.real() - start.real()) / delta.real())
	if math.IsNaN(f) || f > maxDim {
		return 0, start, delta, false
	}
	return int64(max(f, 0)), start, delta, true
}

// foldNonZero lists the non-zero positions of a known tensor, [rank, count].
func foldNonZero(s *site) []*value {
	v := s.val(0)
	if v == nil {
		return nil
	}
	var hits [][]int64
	sure := true
	each(v.shape, func(k int, index []int64) {
		sure = sure && v.elems[k].known
		if v.elems[k].real() != 0 {
			hits = append(hits, append([]int64(nil), index...))
		}
	})
	if !sure || len(v.shape) == 0 {
		return nil
	}
	out := sized([]int64{int64(len(v.shape)), int64(len(hits))})
	if out == nil {
		return nil
	}
	for h, index := range hits {
		for a, x := range index {
			out.elems[a*len(hits)+h] = intNum(x)
		}
	}
	return []*value{out}
}

func foldBroadcastArgs(s *site) []*value {
	a, okA := s.dims(0)
	b, okB := s.dims(1)
	if !okA || !okB {
		return nil
	}
	sh, ok := broadcast(graph.ShapeOfDims(a...), graph.ShapeOfDims(b...))
	if !ok {
		return nil
	}
	elems := make([]num, sh.Len())
	for i := range elems {
		elems[i] = dimNum(sh.Dim(i))
	}
	return []*value{vector(elems)}
}
