package kernel

import (
	"math"
	"sort"

	"github.com/gaugenn/gaugenn/estimate/regress/process"
)

// studentNu is the degrees of freedom of the noise.
const studentNu = 4

// Columns of the two processes. The first takes every feature of the recipe
// smoothly; the second only sizes, traffic and intensity, with rough parts.
var (
	wideColumns = span(0, 18)
	slimColumns = []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 18, 10, 13, 14, 15, 20, 22}
)

func span(lo, hi int) []int {
	var s []int
	for i := lo; i < hi; i++ {
		s = append(s, i)
	}
	return s
}

func blocks(variant int) []process.Block {
	raw := process.Block{Shape: process.ShapeMatern32, Cols: span(0, rawColumns),
		LogScale: 0, ScaleSpread: .7, LogSD: math.Log(.2), SDSpread: 1.5}
	if variant == 0 {
		return []process.Block{
			{Shape: process.ShapeSquared, Cols: wideColumns, LogScale: math.Log(4), ScaleSpread: 1, LogSD: 0, SDSpread: 1.5},
			raw,
			{Shape: process.ShapeLinear, Cols: wideColumns, LogSD: 0, SDSpread: 1.5},
		}
	}
	return []process.Block{
		{Shape: process.ShapeMatern32, Cols: slimColumns, LogScale: math.Log(4), ScaleSpread: 1, LogSD: math.Log(.5), SDSpread: 1.5},
		raw,
		{Shape: process.ShapeLinear, Cols: slimColumns, LogSD: 0, SDSpread: 1.5},
	}
}

func fitPart(samples []Sample, variant int) (part, error) {
	n := len(samples)
	y := make([]float64, n)
	x := make([][]float64, n)
	for i, s := range samples {
		y[i], x[i] = math.Log(s.EnergyMJ), s.Shape.Features()
	}
	p := part{sizeCol: 0}
	p.mean, p.sd = standardise(x)
	p.ym, p.ys = moments(y)
	c := &process.Additive{Blocks: blocks(variant), NoiseLogSD: math.Log(.05), Size: make([]float64, n), Floor: make([]float64, n)}
	for i := range y {
		c.X = append(c.X, p.scale(x[i]))
		c.Size[i] = c.X[i][p.sizeCol]
		c.Floor[i] = p.rounding(samples[i].EnergyMJ)
		y[i] = (y[i] - p.ym) / p.ys
	}
	post, err := process.Fit(c, y, c.Start(), process.Options{Nu: studentNu, Steps: 60, Rounds: 2})
	p.cov, p.post = c, post
	return p, err
}

// rounding is the variance, in standardised log units, of rounding an energy to
// the step of the records.
func (p *part) rounding(mj float64) float64 {
	e := resolutionMJ / mj / p.ys
	return math.Min(e*e/12, 1)
}

func (p *part) scale(f []float64) []float64 {
	z := make([]float64, len(f))
	for i, v := range f {
		z[i] = (v - p.mean[i]) / p.sd[i]
	}
	return z
}

// at returns the mean and the standard deviation of the log energy of a shape,
// noise included.
func (p *part) at(s Shape) (mean, sd float64) {
	z := p.scale(s.Features())
	c := make([]float64, len(p.cov.X))
	for i, x := range p.cov.X {
		c[i] = p.cov.At(p.post.Theta, z, x)
	}
	m, v := p.post.Predict(c, p.cov.At(p.post.Theta, z, z))
	mean = p.ym + p.ys*m
	v += noiseGain * p.cov.NoiseAt(p.post.Theta, z[p.sizeCol], p.rounding(math.Exp(mean)))
	return mean, p.ys * math.Sqrt(v)
}

// noiseGain widens the noise for its heavy tails: the variance of a Student-t
// with 4 degrees of freedom is twice its squared scale, most of it in outliers.
const noiseGain = 1.3

// shrink moves the point forecast down, since the mark is the relative error:
// for a log-normal forecast the median of values weighted by their inverse is
// exp(m - s^2). A part of it, at most maxShrink, guards against wrong spreads.
const (
	shrink    = .7
	maxShrink = .1
)

// Predict returns the energy of a kernel.
func (m *Model) Predict(s Shape) Prediction {
	mean, sd := m.combine(func(p *part) (float64, float64) { return p.at(s) })
	mean += treeWeight * (m.trees.at(s.Features()) - mean)
	h := m.factor * sd
	point := math.Exp(mean - math.Min(shrink*sd*sd, maxShrink))
	return Prediction{EnergyMJ: point, Lo: math.Exp(mean - h), Hi: math.Exp(mean + h)}
}

func (m *Model) combine(at func(*part) (float64, float64)) (mean, sd float64) {
	for i := range m.parts {
		a, b := at(&m.parts[i])
		mean, sd = mean+a, sd+b
	}
	n := float64(len(m.parts))
	return mean / n, sd / n
}

// calibrate returns the multiplier of the standard deviation that covers 90 %
// of the training rows when each is left out.
func (m *Model) calibrate(samples []Sample) float64 {
	n := len(samples)
	mean, sd := make([]float64, n), make([]float64, n)
	for k := range m.parts {
		p := &m.parts[k]
		y := make([]float64, n)
		for i, s := range samples {
			y[i] = (math.Log(s.EnergyMJ) - p.ym) / p.ys
		}
		lm, lv := p.post.LeaveOneOut(y)
		for i := range lm {
			own := p.cov.NoiseAt(p.post.Theta, p.cov.Size[i], p.cov.Floor[i])
			v := math.Max(lv[i]-own/p.post.Weights[i], 0) + noiseGain*own
			mean[i] += (p.ym + p.ys*lm[i]) / float64(len(m.parts))
			sd[i] += p.ys * math.Sqrt(v) / float64(len(m.parts))
		}
	}
	z := make([]float64, n)
	for i, s := range samples {
		mean[i] += treeWeight * (m.trees.out[i] - mean[i])
		z[i] = math.Abs(math.Log(s.EnergyMJ)-mean[i]) / sd[i]
	}
	sort.Float64s(z)
	k := int(math.Ceil(.9 * float64(n+1)))
	return z[min(k, n)-1]
}

func standardise(x [][]float64) (mean, sd []float64) {
	q := len(x[0])
	mean, sd = make([]float64, q), make([]float64, q)
	col := make([]float64, len(x))
	for c := 0; c < q; c++ {
		for i := range x {
			col[i] = x[i][c]
		}
		mean[c], sd[c] = moments(col)
		sd[c] += .02
	}
	return mean, sd
}

func moments(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean) / float64(len(x))
	}
	return mean, math.Sqrt(sd)
}
