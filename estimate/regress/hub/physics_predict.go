package hub

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// newcomer are the parameters of a device that was not in the training rows:
// level, level at the precision, groups, groups at the precision, run.
const newcomerParams = 9

// Forecast returns the mean and the standard deviation of the log latency of the
// asked rows, all of one run, of which the rows given were measured. Rows without
// a network, or of a precision that is not known, get NaN.
func (p *Physics) Forecast(given, asked []Row) (mean, sd []float64) {
	mean, sd = make([]float64, len(asked)), make([]float64, len(asked))
	known := len(asked) > 0 && p.devices[asked[0].Device]
	prior := p.newcomer(asked, known)
	theta, cov := p.adapt(prior, given, known)
	for i := range asked {
		mean[i], sd[i] = math.NaN(), math.NaN()
		if m, j, v, ok := p.row(&asked[i], prior, theta, known); ok {
			for a := range j {
				for b := range j {
					v += j[a] * cov.At(a, b) * j[b]
				}
			}
			mean[i], sd[i] = m, math.Sqrt(v)
		}
	}
	return mean, sd
}

// newcomer returns the prior means of a new device's parameters: the mean over
// the devices that were seen, shifted by published throughput.
func (p *Physics) newcomer(asked []Row, known bool) [newcomerParams]float64 {
	var m [newcomerParams]float64
	if known || len(asked) == 0 {
		return m
	}
	pr := asked[0].Precision
	names := p.deviceNames()
	avg := func(parts ...string) float64 {
		s, n := 0., 0.
		for _, d := range names {
			q := append([]string{parts[0], d}, parts[1:]...)
			if i, ok := p.find(q...); ok {
				s += p.phi[i]
				n++
			}
		}
		if n == 0 {
			return 0
		}
		return s / n
	}
	m[0], m[1] = avg("device"), avg("device", pr)
	for g := 0; g < 3; g++ {
		gn := string(rune('0' + g))
		m[2+g], m[5+g] = avg("group", gn), avg("group", gn, pr)
	}
	return m
}

// weightsOf returns what the newcomer's parameters do to a row with the given
// shares.
func (p *Physics) weightsOf(share []float64) (j [newcomerParams]float64) {
	s := &p.spreads
	for c := range terms {
		g := terms[c].group
		if g == fallback {
			j[0] += share[c] * s.Device * s.Fallback
			j[1] += share[c] * s.DevicePrecision * s.Fallback
			continue
		}
		j[0] += share[c] * s.Device
		j[1] += share[c] * s.DevicePrecision
		j[2+int(g)] += share[c] * s.Group
		j[5+int(g)] += share[c] * s.GroupPrecision
	}
	j[8] = s.Run
	return j
}

// row returns the mean log latency of a row, its slopes by the newcomer's
// parameters, and the variance that comes from the shared parameters and, for
// a network that was not seen, from what graphs do not tell.
func (p *Physics) row(r *Row, prior, theta [newcomerParams]float64, known bool) (mean float64, j [newcomerParams]float64, variance float64, ok bool) {
	d, ok := p.design(r, false)
	if !ok {
		return 0, j, 0, false
	}
	eta, share := make([]float64, len(terms)), make([]float64, len(terms))
	level := p.eta(&d, p.phi, eta)
	s := &p.spreads
	if !known {
		for c := range terms {
			g := terms[c].group
			if g == fallback {
				eta[c] += s.Fallback * (s.Device*theta[0] + s.DevicePrecision*theta[1])
				continue
			}
			eta[c] += s.Device*theta[0] + s.DevicePrecision*theta[1] + s.Group*theta[2+int(g)] + s.GroupPrecision*theta[5+int(g)]
		}
		level += s.Run * theta[8]
	}
	mean = level + evaluate(eta, d.x, share)
	if !known {
		j = p.weightsOf(share)
	}
	variance = p.sharedVariance(&d, share) + 1.5*s.Residual*s.Residual
	if _, seen := p.find("network", r.Model); !seen {
		variance += graphMisfit * graphMisfit
	}
	return mean, j, variance, true
}

// graphMisfit is the standard deviation of what a network's graph does not tell
// of its latency.
const graphMisfit = .2

func (p *Physics) sharedVariance(d *design, share []float64) float64 {
	row := map[int]float64{}
	p.slopes(d, share, 1, func(at int, v float64) { row[at] += v })
	at := make([]int, 0, len(row))
	for a := range row {
		at = append(at, a)
	}
	sortInts(at)
	v := 0.
	for _, a := range at {
		for _, b := range at {
			v += row[a] * p.half.At(a, b) * row[b]
		}
	}
	return v
}

// givenScale is the Student-t scale of given rows around the model.
const givenScale = .1

// adapt finds a new device's parameters from the given rows by reweighted
// Gauss-Newton steps, and their posterior covariance.
func (p *Physics) adapt(prior [newcomerParams]float64, given []Row, known bool) ([newcomerParams]float64, *mat.SymDense) {
	theta := prior
	cov := mat.NewSymDense(newcomerParams, nil)
	if known {
		return theta, cov
	}
	for i := 0; i < newcomerParams; i++ {
		cov.SetSym(i, i, 1)
	}
	const scale2, nu = givenScale * givenScale, 3.
	for step := 0; step < 30 && len(given) > 0; step++ {
		h, g := mat.NewSymDense(newcomerParams, nil), make([]float64, newcomerParams)
		for i := range g {
			h.SetSym(i, i, 1)
			g[i] = prior[i] - theta[i]
		}
		for i := range given {
			m, j, _, ok := p.row(&given[i], prior, theta, known)
			if !ok {
				continue
			}
			e := math.Log(given[i].LatencyMS) - m - p.offset[given[i].workload()]
			w := (nu + 1) / (nu*scale2 + e*e)
			for a := range j {
				g[a] += w * e * j[a]
				for b := a; b < newcomerParams; b++ {
					h.SetSym(a, b, h.At(a, b)+w*j[a]*j[b])
				}
			}
		}
		var ch mat.Cholesky
		if !ch.Factorize(h) {
			break
		}
		delta := make([]float64, newcomerParams)
		_ = ch.SolveVecTo(mat.NewVecDense(newcomerParams, delta), mat.NewVecDense(newcomerParams, g))
		cov = mat.NewSymDense(newcomerParams, nil)
		_ = ch.InverseTo(cov)
		for a := range theta {
			theta[a] += .8 * math.Max(-1.5, math.Min(1.5, delta[a]))
		}
	}
	return theta, cov
}
