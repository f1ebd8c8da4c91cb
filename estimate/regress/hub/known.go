package hub

import (
	"math"
)

// Priors of the mixture of sources, in log latency; see Table.Predict.
const (
	specSlope    = .9 // growth of speed with published throughput
	levelSpread  = .2 // of a device's level around a source of equal throughput
	levelPerGap  = .3 // added per unit of log throughput between them
	gapWidth     = .7 // throughputs this far apart halve trust in a source
	unknownGap   = .7 // gap assumed where a throughput is not known
	smoothSpread = .06
	slopeSpread  = .05
	studentNu    = 3.
	residualKeep = .8 // part of a source's residual that carries over
	noModelHere  = .2 // spread added when only other runtimes of a model are known
	noPrecision  = .6 // spread added when only other precisions are known
)

// claimSpread is the spread of a device's level around a source of equal published throughput while nothing was measured on it. Ninety of a
// hundred claims of 8-bit throughput are taken to be right within a factor of two; arithmetic in 16-bit floating point, which they do not state,
// runs at a half to an eighth of it.
func claimSpread(precision string) float64 {
	if precision == "float" {
		return .6
	}
	return .42
}

// widths are the ways in which a device may deviate from a source: how much of
// the devices' covariance it takes, and the growth of the smooth deviation.
var widths = []struct{ share, gain float64 }{{.3, 1}, {.8, 4. / 3}}

// cell is what the table says of one workload.
type cell struct {
	x       []float64 // forecast by source up to the level
	z       []float64
	slope   float64
	spread  float64
	unknown bool // the model is not in the table
}

// cell averages over the workload itself, else over other runtimes of the same
// model and precision, else over the model.
func (t *Table) cell(w workload) cell {
	var at []int
	extra := 0.
	if i, ok := t.index[w]; ok {
		at = []int{i}
	} else if at = t.matching(func(v workload) bool { return v.model == w.model && v.precision == w.precision }); len(at) > 0 {
		extra = noModelHere
	} else {
		at = t.matching(func(v workload) bool { return v.model == w.model })
		extra = noPrecision
	}
	c := cell{x: make([]float64, len(t.devices)), z: make([]float64, len(t.beta[0]))}
	if len(at) == 0 {
		c.unknown, c.spread = true, 2
		centre := mean(t.centre)
		for j := range c.x {
			c.x[j] = centre
		}
		return c
	}
	n := float64(len(at))
	centre, variance := 0., 0.
	for _, i := range at {
		centre += t.centre[i] / n
		c.slope += t.slope[i] / n
		variance += t.spread[i] * t.spread[i] / n
		for r := range c.z {
			c.z[r] += t.z[i][r] / n
		}
	}
	c.spread = math.Sqrt(variance + extra*extra)
	for j := range c.x {
		c.x[j] = centre
		for r, z := range c.z {
			c.x[j] += z * t.beta[j][r]
		}
		sum, count := 0., 0.
		for _, i := range at {
			if t.has[i][j] {
				sum += t.residual[i][j]
				count++
			}
		}
		if count > 0 {
			c.x[j] += residualKeep * sum / count
		}
	}
	return c
}

func (t *Table) matching(keep func(workload) bool) []int {
	var at []int
	for i, w := range t.works {
		if keep(w) {
			at = append(at, i)
		}
	}
	return at
}

// deviation is the covariance of a device's deviation from a source at two
// workloads, without the level.
func (t *Table) deviation(a, b *cell, share, gain float64) float64 {
	s, d2 := 0., (a.slope-b.slope)*(a.slope-b.slope)
	for r := range a.z {
		for q := range b.z {
			s += a.z[r] * t.betaCov[r][q] * b.z[q]
		}
		d2 += (a.z[r] - b.z[r]) * (a.z[r] - b.z[r])
	}
	g := gain * gain
	return share*share*s + g*(2*smoothSpread*smoothSpread*math.Exp(-.5*d2)+slopeSpread*slopeSpread*a.slope*b.slope)
}

// forecast is a normal component of the mixture at every asked workload.
type forecast struct {
	evidence float64
	mean     []float64
	variance []float64
}

// Forecast returns the mean and the standard deviation of the log latency of
// each asked row on the device that the rows describe, of which the rows given
// were measured. All rows belong to one run: one device, runtime and precision.
func (t *Table) Forecast(given, asked []Row) (mean, sd []float64) {
	g, a := t.cells(given), t.cells(asked)
	var spec Spec
	precision := ""
	if len(asked) > 0 {
		spec, precision = asked[0].Spec, asked[0].Precision
	}
	y := make([]float64, len(given))
	for i := range given {
		y[i] = math.Log(given[i].LatencyMS)
	}
	siblings := map[string]int{}
	for _, g := range t.groups {
		siblings[g]++
	}
	var parts []forecast
	for j := range t.devices {
		gap, known := spec.gap(t.specs[j])
		if !known {
			gap = 0
		}
		far := math.Abs(gap)
		if !known {
			far = unknownGap
		}
		start := t.levelOf(precision, j) + specSlope*gap
		prior := -.5*(far/gapWidth)*(far/gapWidth) - math.Log(float64(siblings[t.groups[j]]))
		spread := math.Hypot(levelSpread, levelPerGap*far)
		if len(given) == 0 {
			parts = append(parts, t.unseen(a, j, start, math.Hypot(claimSpread(precision), levelPerGap*far), prior))
			continue
		}
		for _, w := range widths {
			parts = append(parts, t.source(g, a, y, j, start, spread, prior, w.share, w.gain))
		}
	}
	if len(given) == 0 {
		return vote(parts, a)
	}
	// Half way between mean and median: a few sources far off draw the mean, and the median alone jumps between two that disagree.
	mean, sd = mix(parts, a)
	middle, _ := vote(parts, a)
	for i := range mean {
		mean[i] = (mean[i] + middle[i]) / 2
	}
	return mean, sd
}

func (t *Table) cells(rows []Row) []cell {
	out := make([]cell, len(rows))
	for i := range rows {
		out[i] = t.cell(rows[i].workload())
	}
	return out
}

func (t *Table) levelOf(precision string, j int) float64 {
	if lv := t.level[precision]; lv != nil {
		return lv[j]
	}
	s := 0.
	for _, lv := range t.level {
		s += lv[j] / float64(len(t.level))
	}
	return s
}

// unseen is the forecast of source j without given rows.
func (t *Table) unseen(a []cell, j int, start, spread, prior float64) forecast {
	f := forecast{evidence: prior}
	for i := range a {
		f.mean = append(f.mean, start+a[i].x[j])
		f.variance = append(f.variance, spread*spread+t.deviation(&a[i], &a[i], widths[0].share, widths[0].gain))
	}
	return f
}

// source conditions source j's forecast on the given rows: a Gaussian process of
// level and deviation with Student-t noise, by expectation maximisation from
// two starts, with Laplace's evidence.
func (t *Table) source(g, a []cell, y []float64, j int, start, spread, prior, share, gain float64) forecast {
	k := len(g)
	cov, res := newSquare(k), make([]float64, k)
	for i := range g {
		res[i] = y[i] - start - g[i].x[j]
		for l := 0; l <= i; l++ {
			cov[i][l] = spread*spread + t.deviation(&g[i], &g[l], share, gain)
			cov[l][i] = cov[i][l]
		}
	}
	ones, doubt := make([]float64, k), make([]float64, k)
	centre := median(res)
	for i := range ones {
		ones[i], doubt[i] = 1, 1
		if math.Abs(res[i]-centre) > .5 {
			doubt[i] = .02
		}
	}
	best, inv := reweigh(cov, res, g, ones)
	if e, other := reweigh(cov, res, g, doubt); e > best {
		best, inv = e, other
	}
	alpha := make([]float64, k)
	inv.times(res, alpha)
	f := forecast{evidence: best + prior}
	cross, half := make([]float64, k), make([]float64, k)
	for i := range a {
		m, v := start+a[i].x[j], spread*spread+t.deviation(&a[i], &a[i], share, gain)
		for l := range g {
			cross[l] = spread*spread + t.deviation(&a[i], &g[l], share, gain)
			m += cross[l] * alpha[l]
		}
		inv.times(cross, half)
		for l := range half {
			v -= half[l] * cross[l]
		}
		f.mean, f.variance = append(f.mean, m), append(f.variance, math.Max(v, 0))
	}
	return f
}

// reweigh runs ten rounds of expectation maximisation of Student weights from w
// and returns Laplace's evidence and the inverse of the noisy covariance.
func reweigh(cov square, res []float64, g []cell, w0 []float64) (evidence float64, inv square) {
	k := len(res)
	w := append([]float64(nil), w0...)
	noisy, work := newSquare(k), newSquare(k)
	inv = newSquare(k)
	alpha, fit := make([]float64, k), make([]float64, k)
	for round := 0; round < 10; round++ {
		for i := range cov {
			copy(noisy[i], cov[i])
			noisy[i][i] += g[i].spread * g[i].spread / w[i]
		}
		logDet := noisy.invert(inv, work)
		inv.times(res, alpha)
		cov.times(alpha, fit)
		// -f'K^-1 f/2 with f = K alpha, Student terms, -log|I + K W|/2
		evidence = -.5 * logDet
		for i := range w {
			s2 := g[i].spread * g[i].spread
			e := res[i] - fit[i]
			v := cov[i][i]
			for a := range cov {
				for b := range cov {
					v -= cov[i][a] * inv[a][b] * cov[b][i]
				}
			}
			evidence += .5*math.Log(s2/w[i]) - .5*fit[i]*alpha[i] - .5*(studentNu+1)*math.Log1p(e*e/(studentNu*s2))
			w[i] = (studentNu + 1) / (studentNu + (e*e+math.Max(v, 0))/s2)
		}
	}
	return evidence, inv
}

// mix returns the moments of the mixture, with each workload's own noise.
func mix(parts []forecast, a []cell) (mean, sd []float64) {
	weights := weightsOf(parts)
	mean, sd = make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		second := 0.
		for k, p := range parts {
			mean[i] += weights[k] * p.mean[i]
			second += weights[k] * (p.variance[i] + p.mean[i]*p.mean[i])
		}
		sd[i] = math.Sqrt(math.Max(second-mean[i]*mean[i], 0) + a[i].spread*a[i].spread)
	}
	return mean, sd
}

// vote returns the weighted median of the forecasts and the root of their mean variance, with each workload's own noise. Without given rows
// nothing tells which source is the odd one, and one chip whose throughput is claimed wrongly should not draw the answer or widen it.
func vote(parts []forecast, a []cell) (mean, sd []float64) {
	weights := weightsOf(parts)
	mean, sd = make([]float64, len(a)), make([]float64, len(a))
	for i := range a {
		values, variance := make([]float64, len(parts)), 0.
		for k, p := range parts {
			values[k] = p.mean[i]
			variance += weights[k] * p.variance[i]
		}
		mean[i], sd[i] = weightedMedian(values, weights), math.Sqrt(variance+a[i].spread*a[i].spread)
	}
	return mean, sd
}

func weightsOf(parts []forecast) []float64 {
	best, total := math.Inf(-1), 0.
	for _, p := range parts {
		best = math.Max(best, p.evidence)
	}
	out := make([]float64, len(parts))
	for k, p := range parts {
		out[k] = math.Exp(p.evidence - best)
		total += out[k]
	}
	for k := range out {
		out[k] /= total
	}
	return out
}
