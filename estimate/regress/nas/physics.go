package nas

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// prior is a normal prior over the logarithms of the unit costs of the terms
// that are alive, correlated through a common level.
type prior struct {
	mean  []float64
	cov   *mat.SymDense
	shape *mat.SymDense // cov without the level
}

// baseShare is the share of a typical phone's latency that each term takes over
// the architectures of a space, before any phone was seen: most of it in
// arithmetic, some in launches and the fixed part.
var baseShare = []float64{.5, .4, .05, .1, .1, .1, .03, .03, .1, .1, .12}

// Spreads of the logarithm of a term's unit cost: from phone to phone, of the
// centre before any phone was seen, and of the common level.
const (
	spreadPhone  = .8
	spreadCentre = .8
	spreadLevel  = 3.
)

// newPrior returns the prior of an unseen phone, whose unit costs spread that
// much, given the unit costs of the
// source phones, each a vector over the live terms. Levels do not count.
func newPrior(alive []int, sources [][]float64, spread float64) *prior {
	q := len(alive)
	p := &prior{mean: make([]float64, q), cov: mat.NewSymDense(q, nil), shape: mat.NewSymDense(q, nil)}
	for c, t := range alive {
		base := math.Log(baseShare[t])
		w := 1 / (spreadCentre * spreadCentre)
		sum := base * w
		for _, s := range sources {
			sum += (s[c] - levelOf(s, alive)) / (spreadPhone * spreadPhone)
			w += 1 / (spreadPhone * spreadPhone)
		}
		p.mean[c] = sum / w
		p.shape.SetSym(c, c, spread*spread+1/w)
	}
	for i := 0; i < q; i++ {
		for j := i; j < q; j++ {
			p.cov.SetSym(i, j, p.shape.At(i, j)+spreadLevel*spreadLevel)
		}
	}
	return p
}

// levelOf is the logarithm of the total cost of an average architecture over
// that of the base shares.
func levelOf(theta []float64, alive []int) float64 {
	a, b := 0., 0.
	for c, t := range alive {
		a += math.Exp(theta[c])
		b += baseShare[t]
	}
	return math.Log(a / b)
}

// eval returns log(sum exp(theta)*x) and the share of each live term in the
// sum, which is the gradient by theta.
func eval(theta, x []float64, alive []int, share []float64) float64 {
	s := 0.
	for c, t := range alive {
		share[c] = math.Exp(theta[c]) * x[t]
		s += share[c]
	}
	for c := range share {
		share[c] /= s
	}
	return math.Log(s)
}

// fitUnits returns the unit costs of one phone that minimise a Student-t loss of
// log y with the prior, by reweighted Gauss-Newton steps. rows are the terms.
func fitUnits(rows [][]float64, logY []float64, alive []int, p *prior) []float64 {
	const scale, nu = .08, 4.
	q := len(alive)
	theta := append([]float64(nil), p.mean...)
	share := make([]float64, q)
	lift := 0.
	for i, x := range rows {
		lift += (logY[i] - eval(theta, x, alive, share)) / float64(len(rows))
	}
	for c := range theta {
		theta[c] += lift
	}
	var precision mat.SymDense
	invertInto(&precision, p.cov)
	for step := 0; step < 25; step++ {
		h := mat.NewSymDense(q, nil)
		h.CopySym(&precision)
		g := make([]float64, q)
		for c := range g {
			for d := range g {
				g[c] -= precision.At(c, d) * (theta[d] - p.mean[d])
			}
		}
		for i, x := range rows {
			e := logY[i] - eval(theta, x, alive, share)
			w := (nu + 1) / (nu + e*e/(scale*scale)) / (scale * scale)
			for c := range g {
				g[c] += w * e * share[c]
				for d := c; d < q; d++ {
					h.SetSym(c, d, h.At(c, d)+w*share[c]*share[d])
				}
			}
		}
		var ch mat.Cholesky
		if !ch.Factorize(h) {
			return theta
		}
		delta := make([]float64, q)
		if err := ch.SolveVecTo(mat.NewVecDense(q, delta), mat.NewVecDense(q, g)); err != nil {
			return theta
		}
		for c := range theta {
			theta[c] += math.Max(-1, math.Min(1, delta[c]))
		}
	}
	return theta
}

func invertInto(dst, a *mat.SymDense) bool {
	var ch mat.Cholesky
	if !ch.Factorize(a) {
		return false
	}
	dst.Reset()
	_ = ch.InverseTo(dst) // a badly conditioned inverse is good enough for a prior
	return true
}
