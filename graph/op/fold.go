package op

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// The fold functions compute small results from known operands; nil means not
// known. A single unknown element stays unknown, the rest is computed.

func foldShape(s *site) []*value {
	sh := s.shape(0)
	if !sh.IsRanked() {
		return nil
	}
	a := attrs[graph.ShapeAttrs](s)
	from, to := shapeRange(a, sh.Len())
	elems := make([]num, 0, max(to-from, 0))
	for i := from; i < to; i++ {
		elems = append(elems, dimNum(sh.Dim(i)))
	}
	return []*value{vector(elems)}
}

// shapeRange is the axes that Shape reports, after ONNX opset 15 clamping.
func shapeRange(a *graph.ShapeAttrs, rank int) (from, to int) {
	clamp := func(i int) int {
		if i < 0 {
			i += rank
		}
		return min(max(i, 0), rank)
	}
	from, to = clamp(a.Start), rank
	if a.HasEnd {
		to = clamp(a.End)
	}
	return from, max(from, to)
}

func foldSize(s *site) []*value {
	if !s.shape(0).IsRanked() {
		return nil
	}
	return []*value{scalar(dimNum(elements(s.shape(0))))}
}

func foldRank(s *site) []*value {
	n, ok := s.shape(0).Rank()
	if !ok {
		return nil
	}
	return []*value{scalar(intNum(int64(n)))}
}

func foldIdentity(s *site) []*value { return []*value{s.val(0)} }

func foldCopies(s *site) []*value {
	out := make([]*value, len(s.n.Outputs))
	for i := range out {
		out[i] = s.val(0)
	}
	return out
}

func foldCast(s *site) []*value {
	v := s.val(0)
	if v == nil {
		return nil
	}
	to := attrs[graph.CastAttrs](s).To
	if t := s.output(0); to == graph.UnknownDType && t != nil {
		to = t.DType
	}
	out := &value{v.shape, append([]num(nil), v.elems...)}
	for i, e := range out.elems {
		switch {
		case !e.known:
		case to.IsFloat():
			out.elems[i] = floatNum(e.real())
		case to == graph.Bool:
			out.elems[i] = truth(e.real() != 0)
		default:
			out.elems[i] = intNum(e.int())
		}
	}
	return []*value{out}
}

func truth(b bool) num {
	if b {
		return intNum(1)
	}
	return intNum(0)
}

// reshaped gives v the output's inferred shape.
func foldReshape(s *site) []*value {
	v := s.val(0)
	if v == nil || !s.outShape(0).IsStatic() {
		return nil
	}
	if n, ok := s.outShape(0).Elements(); !ok || n != int64(len(v.elems)) {
		return nil
	}
	return []*value{{s.outShape(0).Ints(), v.elems}}
}

// fold1 folds a unary function of real numbers.
func fold1(f func(float64) float64) func(*site) []*value {
	return func(s *site) []*value {
		v := s.val(0)
		if v == nil {
			return nil
		}
		out := &value{v.shape, make([]num, len(v.elems))}
		for i, e := range v.elems {
			if e.known {
				out.elems[i] = like(e, f(e.real()))
			}
		}
		return []*value{out}
	}
}

// like returns f as an integer where e is one.
func like(e num, f float64) num {
	if e.float {
		return floatNum(f)
	}
	return intNum(floatNum(f).int())
}

var foldNot = fold1(func(x float64) float64 {
	if x == 0 {
		return 1
	}
	return 0
})

// fold2 folds a binary operator over all operands, left to right, with
// broadcasting.
func fold2(f func(a, b num) num) func(*site) []*value {
	return func(s *site) []*value {
		acc := s.val(0)
		if len(s.n.Inputs) > maxRank {
			return nil
		}
		for i := 1; i < len(s.n.Inputs) && acc != nil; i++ {
			b := s.val(i)
			if b == nil {
				return nil
			}
			acc = zip(acc, b, f)
		}
		return []*value{acc}
	}
}

// zip applies f elementwise to a and b broadcast; nil where they do not fit.
func zip(a, b *value, f func(a, b num) num) *value {
	sh, ok := numpyBroadcast(graph.ShapeOf(a.shape...), graph.ShapeOf(b.shape...))
	if !ok {
		return nil
	}
	out := sized(sh.Ints())
	if out == nil {
		return nil
	}
	sa, sb := a.strides(), b.strides()
	each(out.shape, func(k int, index []int64) {
		out.elems[k] = f(a.elems[position(index, a.shape, sa)], b.elems[position(index, b.shape, sb)])
	})
	return out
}

// position is the flat index of a broadcast operand, -1 where it has more axes
// than the result.
func position(index, shape, strides []int64) int64 {
	off := len(index) - len(shape)
	if off < 0 {
		return -1
	}
	var p int64
	for i, st := range strides {
		if shape[i] != 1 && off+i < len(index) {
			p += index[off+i] * st
		}
	}
	return p
}

// arith makes an elementwise function of an integer and a real form; same
// returns the operand that the result equals although the other is unknown.
func arith(onInt func(a, b int64) (int64, bool), onFloat func(a, b float64) float64, neutral func(a, b num) (num, bool)) func(a, b num) num {
	return func(a, b num) num {
		if !a.known || !b.known {
			if neutral != nil {
				if n, ok := neutral(a, b); ok {
					return n
				}
			}
			return num{}
		}
		if a.float || b.float {
			return floatNum(onFloat(a.real(), b.real()))
		}
		if n, ok := onInt(a.i, b.i); ok {
			return intNum(n)
		}
		return num{}
	}
}

func isInt(n num, v int64) bool { return n.known && !n.float && n.i == v }

// one returns the partner of a neutral element (left and right).
func one(left, right int64) func(a, b num) (num, bool) {
	return func(a, b num) (num, bool) {
		switch {
		case isInt(b, right):
			return a, true
		case left >= 0 && isInt(a, left):
			return b, true
		}
		return num{}, false
	}
}

func small(n int64) bool { return n < 1<<62 && n > -1<<62 }

func mulInt(a, b int64) (int64, bool) {
	if a != 0 && (a*b/a != b || !small(a) || !small(b)) {
		return 0, false
	}
	return a * b, true
}

func floorDivInt(a, b int64) (int64, bool) {
	if b == 0 {
		return 0, false
	}
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q, true
}

func floorModInt(a, b int64) (int64, bool) {
	if b == 0 {
		return 0, false
	}
	m := a % b
	if m != 0 && (m < 0) != (b < 0) {
		m += b
	}
	return m, true
}

var (
	foldAdd = fold2(arith(func(a, b int64) (int64, bool) { return a + b, small(a) && small(b) }, func(a, b float64) float64 { return a + b }, one(0, 0)))
	foldSub = fold2(arith(func(a, b int64) (int64, bool) { return a - b, small(a) && small(b) }, func(a, b float64) float64 { return a - b }, one(-1, 0)))
	foldMul = fold2(arith(mulInt, func(a, b float64) float64 { return a * b }, one(1, 1)))
	foldDiv = fold2(arith(func(a, b int64) (int64, bool) {
		if b == 0 {
			return 0, false
		}
		return a / b, true
	}, func(a, b float64) float64 { return a / b }, one(-1, 1)))
	foldFloorDiv = fold2(arith(floorDivInt, func(a, b float64) float64 { return math.Floor(a / b) }, one(-1, 1)))
	foldMod      = fold2(arith(floorModInt, math.Mod, nil))
	foldPow      = fold2(arith(func(a, b int64) (int64, bool) {
		f := math.Pow(float64(a), float64(b))
		return int64(f), math.Abs(f) < 1<<52
	}, math.Pow, nil))
	foldMax = fold2(arith(func(a, b int64) (int64, bool) { return max(a, b), true }, math.Max, nil))
	foldMin = fold2(arith(func(a, b int64) (int64, bool) { return min(a, b), true }, math.Min, nil))
)

// compare folds a comparison; two equal symbols are equal, and a dimension is
// never negative.
func compare(f func(a, b float64) bool) func(*site) []*value {
	return fold2(func(a, b num) num {
		switch {
		case a.known && b.known:
			return truth(f(a.real(), b.real()))
		case !a.known && !b.known && a.sym != "" && a.sym == b.sym:
			return truth(f(1, 1))
		case a.sym != "" && b.known && b.real() < 0, b.sym != "" && a.known && a.real() < 0:
			x, y := a.real(), b.real()
			if !a.known {
				x = 1
			} else {
				y = 1
			}
			return truth(f(x, y))
		}
		return num{}
	})
}

func logic(f func(a, b bool) bool) func(*site) []*value {
	return fold2(func(a, b num) num {
		if !a.known || !b.known {
			return num{}
		}
		return truth(f(a.real() != 0, b.real() != 0))
	})
}

// foldWhere picks per element; where the condition is unknown but both sides
// agree, the result is known.
func foldWhere(s *site) []*value {
	c, a, b := s.val(0), s.val(1), s.val(2)
	if c == nil || a == nil || b == nil {
		return nil
	}
	pairs := zip(c, a, func(c, a num) num {
		if !c.known || c.real() == 0 {
			return num{}
		}
		return a
	})
	pick := zip(c, b, func(c, b num) num {
		if !c.known || c.real() != 0 {
			return num{}
		}
		return b
	})
	if pairs == nil || pick == nil {
		return nil
	}
	return []*value{zip(pairs, pick, func(a, b num) num {
		if a.known || a.sym != "" {
			return a
		}
		return b
	})}
}

// reduce folds a reduction of a vector or along all axes.
func reduce(start num, f func(a, b num) num) func(*site) []*value {
	return func(s *site) []*value {
		v := s.val(0)
		n, ok := s.outShape(0).Elements()
		if v == nil || !ok || n != 1 || len(v.elems) == 0 && !start.known {
			return nil
		}
		acc := start
		for i, e := range v.elems {
			if i == 0 && !start.known {
				acc = e
				continue
			}
			acc = f(acc, e)
		}
		return []*value{{s.outShape(0).Ints(), []num{acc}}}
	}
}

var (
	foldReduceProd = reduce(intNum(1), arith(mulInt, func(a, b float64) float64 { return a * b }, one(1, 1)))
	foldReduceSum  = reduce(intNum(0), arith(func(a, b int64) (int64, bool) { return a + b, small(a) && small(b) }, func(a, b float64) float64 { return a + b }, one(0, 0)))
	foldReduceMax  = reduce(num{}, arith(func(a, b int64) (int64, bool) { return max(a, b), true }, math.Max, nil))
	foldReduceMin  = reduce(num{}, arith(func(a, b int64) (int64, bool) { return min(a, b), true }, math.Min, nil))
)
