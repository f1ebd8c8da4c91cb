package nas

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// intervalFactor turns a standard deviation into half a 90 % interval: the
// normal's 1.645, widened since variances are themselves estimates.
const intervalFactor = 1.8

// shrink and maxShrink move the point forecast towards the minimum of the mean
// relative error, which for a log-normal forecast lies at exp(m - s^2).
const (
	shrink    = .8
	maxShrink = .1
)

// Predict answers for architectures of a phone of which the samples of given
// are known; the Phone field of given is not used. It returns an error when an
// architecture was not asked for in Fit.
func (m *Model) Predict(given []Sample, archs []string) ([]Prediction, error) {
	gi, ti := make([]int, 0, len(given)), make([]int, 0, len(archs))
	for _, g := range given {
		i, ok := m.s.index[g.Arch]
		if !ok {
			return nil, fmt.Errorf("architecture %q was not prepared", g.Arch)
		}
		gi = append(gi, i)
	}
	for _, a := range archs {
		i, ok := m.s.index[a]
		if !ok {
			return nil, fmt.Errorf("architecture %q was not prepared", a)
		}
		ti = append(ti, i)
	}
	var fits []answer
	whole := isWhole(given)
	best := math.Inf(-1)
	for r := range m.s.rules {
		for _, noise := range noiseGrid {
			for _, p := range m.priors {
				f := m.target(p, r, noise*noise, given, gi, ti)
				f.evidence += m.noisePrior(noise, whole)
				fits = append(fits, f)
				best = math.Max(best, f.evidence)
			}
		}
	}
	total := 0.
	for r := range fits {
		fits[r].weight = math.Exp(fits[r].evidence - best)
		total += fits[r].weight
	}
	out := make([]Prediction, len(archs))
	for i := range archs {
		mean, second := 0., 0.
		for _, f := range fits {
			w := f.weight / total
			mean += w * f.mean[i]
			second += w * (f.variance[i] + f.mean[i]*f.mean[i])
		}
		v := math.Max(second-mean*mean, 1e-8)
		h := intervalFactor * math.Sqrt(v)
		out[i] = Prediction{math.Exp(mean - math.Min(shrink*v, maxShrink)), math.Exp(mean - h), math.Exp(mean + h)}
	}
	return out, nil
}

// noiseGrid are the standard deviations of the noise that are tried, in log
// latency.
var noiseGrid = []float64{.005, .01, .02, .04, .06, .08, .11, .15}

// spreadGrid are the spreads of the unit costs from phone to phone that are
// tried, in log.
var spreadGrid = []float64{.5, 1.2}

// noisePrior is the log density of a noise level, around those of the sources
// that were recorded at the same resolution: values in whole milliseconds come
// from coarser tools.
func (m *Model) noisePrior(sd float64, whole bool) float64 {
	centre, n := math.Log(startNoise), 1.
	for p := range m.phones {
		if m.whole[p] == whole {
			centre += m.theta[kernels+p]
			n++
		}
	}
	d := (math.Log(sd) - centre/n) / spreadNoise
	return -.5 * d * d
}

// spreadNoise is the standard deviation of the logarithm of a phone's noise.
const spreadNoise = .8

// answer is the answer under one rule and noise level.
type answer struct {
	evidence, weight float64
	mean, variance   []float64
}

// target finds the phone's unit costs and process under rule r with the given
// noise variance.
func (m *Model) target(p *prior, r int, noise float64, given []Sample, gi, ti []int) answer {
	q, k := len(m.s.alive), len(given)
	theta := append([]float64(nil), p.mean...)
	u := &m.under[r]
	base := mat.NewSymDense(max(k, 1), nil)
	y, floor := make([]float64, k), make([]float64, k)
	whole := isWhole(given)
	for i, g := range given {
		y[i] = math.Log(g.LatencyMS) - u.mean[gi[i]]
		floor[i] = rounding(g.LatencyMS, whole)
		for j := 0; j <= i; j++ {
			base.SetSym(i, j, m.cov(r, gi[i], gi[j]))
		}
	}
	f := answer{}
	share := make([]float64, q)
	jac := mat.NewDense(max(k, 1), q, nil)
	alpha := make([]float64, k)
	w := make([]float64, k)
	for i := range w {
		w[i] = 1
	}
	var inv mat.SymDense
	if k > 0 {
		lift := 0.
		for i := range given {
			lift += (y[i] - eval(theta, m.s.terms[r][gi[i]], m.s.alive, share)) / float64(k)
		}
		for c := range theta {
			theta[c] += lift
		}
	}
	for step := 0; k > 0 && step < 12; step++ {
		e := make([]float64, k)
		for i := range given {
			l := eval(theta, m.s.terms[r][gi[i]], m.s.alive, share)
			jac.SetRow(i, share)
			e[i] = y[i] - l
			for c := range share {
				e[i] += share[c] * (theta[c] - p.mean[c])
			}
		}
		cov := p.withUnits(base, jac)
		for i := range w {
			cov.SetSym(i, i, cov.At(i, i)+(noise+floor[i])/w[i])
		}
		var ch mat.Cholesky
		if !ch.Factorize(cov) {
			break
		}
		inv.Reset()
		_ = ch.InverseTo(&inv)
		f.evidence = -.5 * ch.LogDet()
		for i := range alpha {
			alpha[i] = 0
			for j := range e {
				alpha[i] += inv.At(i, j) * e[j]
			}
			f.evidence -= .5 * alpha[i] * e[i]
		}
		for i := range w {
			loo := 1 / inv.At(i, i)
			d := alpha[i] * loo
			nv := noise + floor[i]
			w[i] = (studentNu + 1) / (studentNu + d*d/math.Max(loo-nv/w[i]+nv, 1e-9))
			f.evidence += .5 * math.Log(w[i])
		}
		p.step(theta, jac, alpha)
	}
	m.fill(p, r, noise, &f, theta, jac, alpha, &inv, gi, ti)
	return f
}

// step moves theta half-way to prior mean + Sigma J' alpha.
func (p *prior) step(theta []float64, jac *mat.Dense, alpha []float64) {
	q := len(theta)
	g := make([]float64, q)
	for i, a := range alpha {
		for c := range g {
			g[c] += jac.At(i, c) * a
		}
	}
	for c := range theta {
		next := p.mean[c]
		for d := range g {
			next += p.cov.At(c, d) * g[d]
		}
		theta[c] += .7 * math.Max(-1, math.Min(1, next-theta[c]))
	}
}

// withUnits returns base + J Sigma J'.
func (p *prior) withUnits(base *mat.SymDense, jac *mat.Dense) *mat.SymDense {
	var half, full mat.Dense
	half.Mul(jac, p.cov)
	full.Mul(&half, jac.T())
	n := base.SymmetricDim()
	out := mat.NewSymDense(n, nil)
	for i := 0; i < n; i++ {
		for j := i; j < n; j++ {
			out.SetSym(i, j, base.At(i, j)+full.At(i, j))
		}
	}
	return out
}

// fill fills in the means and variances at the asked architectures.
func (m *Model) fill(p *prior, r int, noise float64, f *answer, theta []float64, jac *mat.Dense, alpha []float64, inv *mat.SymDense, gi, ti []int) {
	q, k := len(theta), len(gi)
	share, lift := make([]float64, q), make([]float64, q)
	cross, half := make([]float64, k), make([]float64, k)
	gap := make([]float64, q)
	for c := range gap {
		gap[c] = theta[c] - p.mean[c]
	}
	for _, a := range ti {
		mean := eval(theta, m.s.terms[r][a], m.s.alive, share) + m.under[r].mean[a]
		for c := range lift {
			lift[c] = 0
			for d := range share {
				lift[c] += p.cov.At(c, d) * share[d]
			}
		}
		v := m.cov(r, a, a) + noise*noiseGain
		for c := range share {
			v += share[c] * lift[c]
			mean -= share[c] * gap[c]
		}
		for i := range cross {
			cross[i] = m.cov(r, a, gi[i])
			for c := range lift {
				cross[i] += jac.At(i, c) * lift[c]
			}
			mean += cross[i] * alpha[i]
		}
		for i := range half {
			half[i] = 0
			for j := range cross {
				half[i] += inv.At(i, j) * cross[j]
			}
			v -= half[i] * cross[i]
		}
		f.mean, f.variance = append(f.mean, mean), append(f.variance, math.Max(v, 1e-8))
	}
}

// noiseGain widens the noise for its heavy tails.
const noiseGain = 1.15
