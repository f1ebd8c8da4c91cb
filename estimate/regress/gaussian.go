package regress

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
)

// ErrNotPositive is returned for a covariance that is not positive definite.
var ErrNotPositive = errors.New("covariance is not positive definite")

// Gaussian is a factored covariance C with residuals r = y - mean, and what follows from them.
type Gaussian struct {
	Residual []float64
	Alpha    []float64 // C^-1 r
	factor   mat.Cholesky
	inverse  *mat.SymDense
}

// NewGaussian factors the covariance, which must include the noise. Only the upper triangle of cov is read; it is not changed.
func NewGaussian(cov *mat.SymDense, residual []float64) (*Gaussian, error) {
	g := &Gaussian{Residual: residual, Alpha: make([]float64, len(residual))}
	if !g.factor.Factorize(cov) {
		return nil, ErrNotPositive
	}
	if err := g.factor.SolveVecTo(mat.NewVecDense(len(residual), g.Alpha), mat.NewVecDense(len(residual), residual)); err != nil {
		var c mat.Condition
		if !errors.As(err, &c) {
			return nil, err
		}
	}
	return g, nil
}

// Lower returns the lower triangular factor of the covariance.
func (g *Gaussian) Lower() *mat.TriDense {
	var l mat.TriDense
	g.factor.LTo(&l)
	return &l
}

// Inverse returns C^-1. It is computed once; do not change it.
func (g *Gaussian) Inverse() (*mat.SymDense, error) {
	if g.inverse == nil {
		inv := &mat.SymDense{}
		if err := g.factor.InverseTo(inv); err != nil {
			var c mat.Condition
			if !errors.As(err, &c) {
				return nil, err
			}
		}
		g.inverse = inv
	}
	return g.inverse, nil
}

// LeaveOneOut returns for each point the squared residual of its prediction from all others, divided by its predictive variance:
// alpha_i^2 / (C^-1)_ii (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, equation 5.12).
func (g *Gaussian) LeaveOneOut() ([]float64, error) {
	inv, err := g.Inverse()
	if err != nil {
		return nil, err
	}
	z2 := make([]float64, len(g.Alpha))
	for i, a := range g.Alpha {
		z2[i] = a * a / inv.At(i, i)
	}
	return z2, nil
}

// LeaveOut returns the error (truth minus prediction) and the predictive covariance, noise included, of a block of points when it is
// predicted from all the others: V = (C^-1_BB)^-1 and V alpha_B.
func (g *Gaussian) LeaveOut(block []int) (errs []float64, cov *mat.SymDense, err error) {
	inv, err := g.Inverse()
	if err != nil {
		return nil, nil, err
	}
	sub, alpha := mat.NewSymDense(len(block), nil), mat.NewVecDense(len(block), nil)
	for i, p := range block {
		alpha.SetVec(i, g.Alpha[p])
		for j := i; j < len(block); j++ {
			sub.SetSym(i, j, inv.At(p, block[j]))
		}
	}
	var f mat.Cholesky
	if !f.Factorize(sub) {
		return nil, nil, ErrNotPositive
	}
	cov = &mat.SymDense{}
	if err := f.InverseTo(cov); err != nil {
		var c mat.Condition
		if !errors.As(err, &c) {
			return nil, nil, err
		}
	}
	e := mat.NewVecDense(len(block), nil)
	e.MulVec(cov, alpha)
	return e.RawVector().Data, cov, nil
}

// Predict returns the posterior mean and covariance, without noise, of new points whose prior has the covariance prior with each
// other and cross (rows: old points) with the old ones. mean is the prior mean of the new points. prior is overwritten by the result.
func (g *Gaussian) Predict(mean []float64, cross *mat.Dense, prior *mat.SymDense) ([]float64, *mat.SymDense) {
	n, m := cross.Dims()
	out := append([]float64(nil), mean...)
	mu := mat.NewVecDense(m, nil)
	mu.MulVec(cross.T(), mat.NewVecDense(n, g.Alpha))
	for i := range out {
		out[i] += mu.AtVec(i)
	}
	var l mat.TriDense
	g.factor.LTo(&l)
	var w mat.Dense
	w.CloneFrom(cross)
	SolveLower(&l, &w)
	var down mat.SymDense
	down.SymOuterK(1, w.T())
	for i := range m {
		for j := i; j < m; j++ {
			prior.SetSym(i, j, prior.At(i, j)-down.At(i, j))
		}
	}
	return out, prior
}

// SolveLower overwrites b by l^-1 b.
func SolveLower(l *mat.TriDense, b *mat.Dense) {
	raw, rb := l.RawTriangular(), b.RawMatrix()
	n := raw.N
	for i := range n {
		bi := rb.Data[i*rb.Stride : i*rb.Stride+rb.Cols]
		for k := range i {
			f := raw.Data[i*raw.Stride+k]
			if f == 0 {
				continue
			}
			bk := rb.Data[k*rb.Stride : k*rb.Stride+rb.Cols]
			for j, v := range bk {
				bi[j] -= f * v
			}
		}
		d := 1 / raw.Data[i*raw.Stride+i]
		for j := range bi {
			bi[j] *= d
		}
	}
}

// Condition returns mean and variance at the points want of a Gaussian after the values at the points given were seen. cov must include
// the noise of the given points on its diagonal.
func Condition(mean []float64, cov *mat.SymDense, given []int, values []float64, want []int) (mu, variance []float64, err error) {
	mu, variance = make([]float64, len(want)), make([]float64, len(want))
	for i, p := range want {
		mu[i], variance[i] = mean[p], cov.At(p, p)
	}
	if len(given) == 0 {
		return mu, variance, nil
	}
	k := len(given)
	sub, diff := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
	cross := mat.NewDense(k, len(want), nil)
	for i, p := range given {
		diff.SetVec(i, values[i]-mean[p])
		for j := i; j < k; j++ {
			sub.SetSym(i, j, cov.At(p, given[j]))
		}
		for j, q := range want {
			cross.Set(i, j, cov.At(p, q))
		}
	}
	var f mat.Cholesky
	if !f.Factorize(sub) {
		return nil, nil, ErrNotPositive
	}
	var w mat.Dense
	if err := f.SolveTo(&w, cross); err != nil {
		var c mat.Condition
		if !errors.As(err, &c) {
			return nil, nil, err
		}
	}
	for j := range want {
		for i := range k {
			mu[j] += w.At(i, j) * diff.AtVec(i)
			variance[j] -= w.At(i, j) * cross.At(i, j)
		}
		variance[j] = math.Max(variance[j], 0)
	}
	return mu, variance, nil
}
