// Package process fits Gaussian processes with Student-t noise over a fixed
// set of training rows.
//
// The covariance is given by its user as a [Covariance]: a function of free
// parameters (usually logarithms of length scales and standard deviations)
// with its gradient. [Fit] maximises the marginal likelihood times the prior of
// the parameters with L-BFGS; outliers are taken in by iteratively reweighted
// noise: a Student-t with nu degrees of freedom is a normal whose precision is
// multiplied by a weight, and the weight's expectation follows from the
// leave-one-out residual (Rasmussen and Williams, Gaussian Processes for
// Machine Learning, 2006, section 5.4.2; Tipping and Lawrence, Variational
// inference for Student-t models, 2005).
package process

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// ErrNotPositive is returned when a covariance matrix is not positive definite
// even with the jitter of 1e-6 that is always added to its diagonal.
var ErrNotPositive = errors.New("covariance is not positive definite")

// Covariance is a prior over functions on n fixed training rows with free
// parameters theta.
type Covariance interface {
	// Len is the number of training rows.
	Len() int
	// Cov writes the noise-free covariance of the training rows to k, which is
	// Len x Len.
	Cov(theta []float64, k *mat.SymDense)
	// Noise writes the noise variance of each row, before Student weights.
	Noise(theta []float64, v []float64)
	// Grad adds to out the derivative of sum g[i,j]*K[i,j] + sum gn[i]*v[i] by
	// each parameter, where g and gn are constants.
	Grad(theta []float64, g *mat.SymDense, gn, out []float64)
	// Prior returns the negative log density of theta, up to a constant, and
	// adds its gradient to out when out is not nil.
	Prior(theta, out []float64) float64
}

// Options controls Fit. The zero value is one normal round of 60 steps.
type Options struct {
	// Nu is the Student-t's degrees of freedom; 0 means normal noise.
	Nu float64
	// Steps is the number of L-BFGS steps of the first round, 60 when 0. Later
	// rounds take half of it.
	Steps int
	// Rounds is the number of alternations of parameters and weights, 1 when 0.
	Rounds int
}

// Posterior is a Gaussian process conditioned on training values. Predictions
// for new rows follow from the covariances of the new rows with the training
// rows: mean = c'Alpha and variance = prior - c'Inv c.
type Posterior struct {
	Theta   []float64     // parameters
	Weights []float64     // Student weights of the training rows, 1 = ordinary
	Alpha   []float64     // (K + noise)^-1 y
	Inv     *mat.SymDense // (K + noise)^-1
	Nu      float64
}

const jitter = 1e-6

// Fit estimates the parameters of c from theta0 and conditions on y, which has
// one value per row of c. The values should have mean zero.
func Fit(c Covariance, y, theta0 []float64, o Options) (*Posterior, error) {
	if o.Steps == 0 {
		o.Steps = 60
	}
	if o.Rounds == 0 {
		o.Rounds = 1
	}
	n := c.Len()
	theta := append([]float64(nil), theta0...)
	w := ones(n)
	for r := 0; r < o.Rounds; r++ {
		steps := o.Steps
		if r > 0 {
			steps /= 2
		}
		theta = maximise(c, y, w, theta, steps)
		if o.Nu > 0 {
			p, err := condition(c, y, theta, w, o.Nu, 3)
			if err != nil {
				return nil, err
			}
			w = p.Weights
		}
	}
	return condition(c, y, theta, w, o.Nu, 0)
}

// Condition conditions on y with fixed parameters, finding the Student weights
// in the given number of rounds from ordinary rows.
func Condition(c Covariance, y, theta []float64, nu float64, rounds int) (*Posterior, error) {
	return condition(c, y, theta, ones(c.Len()), nu, rounds)
}

// Weighted conditions on y with fixed parameters and known Student weights, such as those of an earlier Condition: it gives that one's posterior again.
func Weighted(c Covariance, y, theta, weights []float64) (*Posterior, error) {
	return condition(c, y, theta, weights, 0, 0)
}

func condition(c Covariance, y, theta, w0 []float64, nu float64, rounds int) (*Posterior, error) {
	n := c.Len()
	w := append([]float64(nil), w0...)
	v := make([]float64, n)
	c.Noise(theta, v)
	base := mat.NewSymDense(n, nil)
	c.Cov(theta, base)
	for r := 0; ; r++ {
		inv, _, err := invert(base, v, w)
		if err != nil {
			return nil, err
		}
		alpha := mulVec(inv, y)
		if r == rounds || nu == 0 {
			return &Posterior{Theta: theta, Weights: w, Alpha: alpha, Inv: inv, Nu: nu}, nil
		}
		for i := range w {
			loo := 1 / inv.At(i, i)
			e := alpha[i] * loo
			w[i] = (nu + 1) / (nu + e*e/math.Max(loo-v[i]/w[i]+v[i], 1e-9))
		}
	}
}

// LeaveOneOut returns the mean and variance that the posterior would give to
// each training row's value if that row were left out with the parameters and
// the other rows' weights unchanged. The variance includes the row's noise.
func (p *Posterior) LeaveOneOut(y []float64) (mean, variance []float64) {
	n := len(y)
	mean, variance = make([]float64, n), make([]float64, n)
	for i := range y {
		variance[i] = 1 / p.Inv.At(i, i)
		mean[i] = y[i] - p.Alpha[i]*variance[i]
	}
	return mean, variance
}

// Predict returns the mean and the variance of the noise-free value of a new
// row, whose covariances with the training rows are c and whose own prior
// variance is prior.
func (p *Posterior) Predict(c []float64, prior float64) (mean, variance float64) {
	q := mulVec(p.Inv, c)
	for i, v := range c {
		mean += v * p.Alpha[i]
		prior -= v * q[i]
	}
	return mean, math.Max(prior, 0)
}

func ones(n int) []float64 {
	w := make([]float64, n)
	for i := range w {
		w[i] = 1
	}
	return w
}

func mulVec(a *mat.SymDense, x []float64) []float64 {
	out := make([]float64, len(x))
	mat.NewVecDense(len(x), out).MulVec(a, mat.NewVecDense(len(x), append([]float64(nil), x...)))
	return out
}

// invert returns (k + diag(v/w) + jitter)^-1 and the log determinant of the
// matrix that was inverted.
func invert(k *mat.SymDense, v, w []float64) (*mat.SymDense, float64, error) {
	n := k.SymmetricDim()
	a := mat.NewSymDense(n, nil)
	a.CopySym(k)
	for i := range v {
		a.SetSym(i, i, a.At(i, i)+v[i]/w[i]+jitter)
	}
	var ch mat.Cholesky
	if !ch.Factorize(a) {
		return nil, 0, ErrNotPositive
	}
	ld := ch.LogDet()
	if err := ch.InverseTo(a); err != nil && !isCondition(err) {
		return nil, 0, ErrNotPositive
	}
	return a, ld, nil
}

func isCondition(err error) bool {
	var c mat.Condition
	return errors.As(err, &c)
}

// maximise returns the parameters after at most steps of L-BFGS on the negative
// log posterior; when the optimiser stops early, the best point seen is kept.
func maximise(c Covariance, y, w, theta0 []float64, steps int) []float64 {
	o := &objective{c: c, y: y, w: w, best: math.Inf(1)}
	o.eval(theta0)
	_, _ = optimize.Minimize(
		optimize.Problem{
			Func: func(x []float64) float64 { o.eval(x); return o.f },
			Grad: func(g, x []float64) { o.eval(x); copy(g, o.g) },
		},
		theta0,
		&optimize.Settings{MajorIterations: steps, FuncEvaluations: 6 * steps, GradientThreshold: 1e-4,
			Converger: &optimize.FunctionConverge{Absolute: 1e-3, Iterations: 3}},
		&optimize.LBFGS{Store: 10, Linesearcher: &optimize.MoreThuente{}},
	)
	return o.bestX
}

// objective is the negative log posterior of the parameters with its gradient,
// remembering the last point so that value and gradient cost one factorisation.
type objective struct {
	c     Covariance
	y, w  []float64
	x, g  []float64
	f     float64
	best  float64
	bestX []float64
}

func (o *objective) eval(x []float64) {
	if o.x != nil && same(o.x, x) {
		return
	}
	n := o.c.Len()
	o.x = append(o.x[:0], x...)
	o.g = make([]float64, len(x))
	k, v := mat.NewSymDense(n, nil), make([]float64, n)
	o.c.Cov(x, k)
	o.c.Noise(x, v)
	inv, ld, err := invert(k, v, o.w)
	if err != nil {
		o.f = math.Inf(1)
		return
	}
	a := mulVec(inv, o.y)
	o.f = .5 * ld
	for i := range a {
		o.f += .5 * a[i] * o.y[i]
	}
	o.f += o.c.Prior(x, o.g)
	// dL/dK = (K^-1 - a a') / 2
	gn := make([]float64, n)
	for i := 0; i < n; i++ {
		for j := i; j < n; j++ {
			inv.SetSym(i, j, .5*(inv.At(i, j)-a[i]*a[j]))
		}
		gn[i] = inv.At(i, i) / o.w[i]
	}
	o.c.Grad(x, inv, gn, o.g)
	if math.IsNaN(o.f) {
		o.f = math.Inf(1)
	}
	if o.f < o.best {
		o.best, o.bestX = o.f, append([]float64(nil), x...)
	}
}

func same(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
