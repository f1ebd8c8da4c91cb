package hub

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// newcomer are the parameters of a device that was not in the training rows:
// level, level at the precision, groups, groups at the precision, run.
const newcomerParams = 3 + 2*ownGroups

// ownGroups are the groups of terms that a device deviates in; the rest is on the
// CPU.
const ownGroups = int(fallback)

// Forecast returns the mean and the standard deviation of the log latency of the
// asked rows, all of one run, of which the rows given were measured. Rows without
// a network, or of a precision that is not known, get NaN.
func (p *Physics) Forecast(given, asked []Row) (mean, sd []float64) {
	mean, sd = make([]float64, len(asked)), make([]float64, len(asked))
	known := false
	if len(asked) > 0 {
		_, known = p.devices[asked[0].Device]
	}
	prior := p.newcomer(asked, known)
	theta, cov := p.adapt(prior, given, known)
	for i := range asked {
		mean[i], sd[i] = math.NaN(), math.NaN()
		if m, j, v, ok := p.row(&asked[i], theta, known); ok {
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

// newcomer is the prior of a new device's parameters, in prior standard
// deviations.
type newcomer struct{ mean, sd [newcomerParams]float64 }

// Prior slopes of a device's level and of its arithmetic and launches against
// the logarithm of its published throughput: arithmetic follows it, the cost of
// launches less, of traffic between.
const (
	levelSlope   = -.7
	computeSlope = -.2
	launchSlope  = .2
	slopeSpreadN = .25 // standard deviation of the slopes
	levelKnown   = .45
)

// newcomer returns the prior of a device that was not seen: the mean over the
// devices seen plus a slope against published throughput that the devices seen
// may correct.
func (p *Physics) newcomer(asked []Row, known bool) newcomer {
	var n newcomer
	for i := range n.sd {
		n.sd[i] = 1
	}
	if known || len(asked) == 0 {
		return n
	}
	pr, spec := asked[0].Precision, asked[0].Spec
	s := &p.spreads
	n.mean[0] = p.across(spec, levelSlope, s.Device, "device")
	n.mean[1] = p.across(spec, 0, s.DevicePrecision, "device", pr)
	for g := 0; g < ownGroups; g++ {
		slope := 0.
		switch group(g) {
		case compute:
			slope = computeSlope
		case overhead, entry:
			slope = launchSlope
		}
		gn := string(rune('0' + g))
		n.mean[2+g] = p.across(spec, slope, s.Group, "group", gn)
		n.mean[2+ownGroups+g] = p.across(spec, 0, s.GroupPrecision, "group", gn, pr)
	}
	if !math.IsNaN(spec.LogTOPS) {
		n.sd[0] = levelKnown / s.Device
	}
	return n
}

// across predicts a device parameter of the given spread from those of the
// devices seen: a line against the throughput whose slope has a prior. Siblings
// of one chip share one vote, and a chip far from the line has less of one.
func (p *Physics) across(spec Spec, slope, spread float64, parts ...string) float64 {
	var v, x, votes []float64
	siblings := map[string]float64{}
	for _, d := range p.deviceNames() {
		siblings[p.groups[d]]++
	}
	for _, d := range p.deviceNames() {
		q := append([]string{parts[0], d}, parts[1:]...)
		if i, ok := p.find(q...); ok {
			t := p.devices[d].LogTOPS
			if math.IsNaN(t) {
				t = spec.LogTOPS
			}
			v, x, votes = append(v, p.phi[i]), append(x, t), append(votes, 1/siblings[p.groups[d]])
		}
	}
	if len(v) == 0 {
		return 0
	}
	weights, at := slices.Clone(votes), spec.LogTOPS
	if math.IsNaN(at) || spread == 0 {
		at, x = 0, make([]float64, len(v)) // nothing to draw a line against
	}
	answer := 0.
	for range 8 {
		m, centre, tau := weightedMean(v, weights), weightedMean(x, weights), slopeSpreadN/math.Max(spread, 1e-9)
		sxx, sxy := 1/(tau*tau), slope/math.Max(spread, 1e-9)/(tau*tau)
		for i := range v {
			sxx += weights[i] * (x[i] - centre) * (x[i] - centre)
			sxy += weights[i] * (x[i] - centre) * (v[i] - m)
		}
		b := sxy / sxx
		answer = m + b*(at-centre)
		for i := range v {
			e := v[i] - m - b*(x[i]-centre)
			weights[i] = votes[i] * (oddDegrees + 1) / (oddDegrees + e*e/(oddScale*oddScale))
		}
	}
	return answer
}

// Student-t weights of chips around the line of across, in prior standard deviations.
const (
	oddDegrees = 3
	oddScale   = .5
)

func weightedMean(v, w []float64) float64 {
	s, n := 0., 0.
	for i := range v {
		s, n = s+w[i]*v[i], n+w[i]
	}
	return s / n
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
		j[2+ownGroups+int(g)] += share[c] * s.GroupPrecision
	}
	j[newcomerParams-1] = s.Run
	return j
}

// row returns the mean log latency of a row, its slopes by the newcomer's
// parameters, and the variance that comes from the shared parameters and, for
// a network that was not seen, from what graphs do not tell.
func (p *Physics) row(r *Row, theta [newcomerParams]float64, known bool) (mean float64, j [newcomerParams]float64, variance float64, ok bool) {
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
			eta[c] += s.Device*theta[0] + s.DevicePrecision*theta[1] + s.Group*theta[2+int(g)] + s.GroupPrecision*theta[2+ownGroups+int(g)]
		}
		level += s.Run * theta[newcomerParams-1]
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
func (p *Physics) adapt(prior newcomer, given []Row, known bool) ([newcomerParams]float64, *mat.SymDense) {
	theta := prior.mean
	cov := mat.NewSymDense(newcomerParams, nil)
	if known {
		return theta, cov
	}
	for i := 0; i < newcomerParams; i++ {
		cov.SetSym(i, i, prior.sd[i]*prior.sd[i])
	}
	const scale2, nu = givenScale * givenScale, 3.
	for step := 0; step < 30 && len(given) > 0; step++ {
		h, g := mat.NewSymDense(newcomerParams, nil), make([]float64, newcomerParams)
		for i := range g {
			h.SetSym(i, i, 1/(prior.sd[i]*prior.sd[i]))
			g[i] = (prior.mean[i] - theta[i]) / (prior.sd[i] * prior.sd[i])
		}
		for i := range given {
			m, j, _, ok := p.row(&given[i], theta, known)
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
