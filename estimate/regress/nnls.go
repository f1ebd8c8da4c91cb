package regress

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// NNLS returns the x >= 0 that minimises |a x - b|, by the active-set method of Lawson and Hanson (Solving Least Squares Problems,
// 1974, chapter 23) on the normal equations. a has at least as many rows as columns.
func NNLS(a *mat.Dense, b []float64) []float64 {
	_, n := a.Dims()
	var gram mat.SymDense
	gram.SymOuterK(1, a.T())
	rhs := mat.NewVecDense(n, nil)
	rhs.MulVec(a.T(), mat.NewVecDense(len(b), b))
	return nnlsNormal(&gram, rhs.RawVector().Data)
}

// nnlsNormal solves the problem given a^T a and a^T b.
func nnlsNormal(gram *mat.SymDense, rhs []float64) []float64 {
	n := len(rhs)
	x, free := make([]float64, n), make([]bool, n)
	scale := 0.0
	for i := range n {
		scale = math.Max(scale, math.Abs(rhs[i]))
	}
	tol := 1e-12 * math.Max(scale, 1e-300)
	for range 3 * n {
		best, at := tol, -1
		for i := range n {
			if free[i] {
				continue
			}
			w := rhs[i]
			for j := range n {
				w -= gram.At(i, j) * x[j]
			}
			if w > best {
				best, at = w, i
			}
		}
		if at < 0 {
			return x
		}
		free[at] = true
		if !nnlsInner(gram, rhs, x, free) {
			free[at] = false
			return x
		}
	}
	return x
}

// nnlsInner moves x to the least-squares solution on the free columns, freeing none that would turn negative. It reports false when
// the columns are dependent.
func nnlsInner(gram *mat.SymDense, rhs, x []float64, free []bool) bool {
	for {
		z, ok := solveFree(gram, rhs, free)
		if !ok {
			return false
		}
		step, clipped := 1.0, false
		for i := range x {
			if free[i] && z[i] <= 0 {
				clipped = true
				if d := x[i] - z[i]; d > 0 {
					step = math.Min(step, x[i]/d)
				} else {
					step = 0
				}
			}
		}
		if !clipped {
			copy(x, z)
			return true
		}
		for i := range x {
			if !free[i] {
				continue
			}
			x[i] += step * (z[i] - x[i])
			if x[i] <= 1e-15 {
				x[i], free[i] = 0, false
			}
		}
	}
}

// solveFree solves the normal equations on the free columns; the others are 0.
func solveFree(gram *mat.SymDense, rhs []float64, free []bool) ([]float64, bool) {
	var idx []int
	for i, f := range free {
		if f {
			idx = append(idx, i)
		}
	}
	z := make([]float64, len(rhs))
	if len(idx) == 0 {
		return z, true
	}
	sub, r := mat.NewSymDense(len(idx), nil), mat.NewVecDense(len(idx), nil)
	for i, p := range idx {
		r.SetVec(i, rhs[p])
		for j := i; j < len(idx); j++ {
			sub.SetSym(i, j, gram.At(p, idx[j]))
		}
	}
	var f mat.Cholesky
	if !f.Factorize(sub) {
		return nil, false
	}
	s := mat.NewVecDense(len(idx), nil)
	_ = f.SolveVecTo(s, r) // a bad condition still gives the best step there is
	for i, p := range idx {
		z[p] = s.AtVec(i)
	}
	return z, true
}
