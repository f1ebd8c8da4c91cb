package opcost

import (
	"fmt"
	"math"
	"slices"

	"github.com/gaugenn/gaugenn/estimate/regress/process"
)

// sample is a kernel with its measured time.
type sample struct {
	kernel
	us    float64
	group string
}

// device is how nominal times become those of a device.
type device struct {
	Scale  float64 // of work
	Launch float64 // microseconds of starting a kernel
}

// us returns the expected time of a kernel in microseconds before anything of its key is known, and with the clock's resolution added.
func (d device) us(nominal float64) float64 { return d.Scale*nominal + d.Launch + resolution }

// value is what the processes model: the logarithm of how much longer than expected a kernel took.
func (s *sample) value(d device) float64 { return math.Log((s.us + resolution) / d.us(s.nominal)) }

// cell is the process of one key.
type cell struct {
	class   string
	samples []sample
	theta   []float64
	weights []float64 // Student weights of a cell from a file
	mean    float64   // of values, from the cell's class
	cov     *process.Additive
	post    *process.Posterior
}

// The limits of a cell: so many samples are kept, so many are enough to learn lengths from, and fewer than so many teach none.
const (
	maxSamples   = 420
	learnSamples = 160
	leastSamples = 12
)

// The prior of a cell's process, in logarithms: a kernel's price changes by half when its size changes e^1.5 times, and noise is 10 %.
const (
	priorLength, priorLengthSpread = 1.5, 0.8
	priorSpread                    = 0.4 // of values over sizes
	priorOwn                       = 0.5 // of the key's own scale about its class's
	priorNoise                     = 0.1
	studentNu                      = 4 // outliers: one operator that was held up in every run
)

func blocks() []process.Block {
	return []process.Block{
		{Shape: process.ShapeMatern32, Cols: []int{colIn, colOut, colInChannels, colOutChannels, colPixels, colWindow, colStride, colWaste, colNetwork, colWork, colWeights},
			LogScale: math.Log(priorLength), ScaleSpread: priorLengthSpread, LogSD: math.Log(priorSpread), SDSpread: 0.7},
		{Shape: process.ShapeLinear, Cols: []int{colOne}, LogSD: math.Log(priorOwn), SDSpread: 0.2},
	}
}

// covariance describes samples to the process. Small times carry more noise: the clock's ticks.
func covariance(samples []sample) *process.Additive {
	c := &process.Additive{Blocks: blocks(), NoiseLogSD: math.Log(priorNoise)}
	size, mean := make([]float64, len(samples)), 0.0
	for i := range samples {
		size[i] = math.Log(samples[i].us + tick)
		mean += size[i] / float64(len(samples))
	}
	for i := range samples {
		s := &samples[i]
		cut := 0.3 * tick / (s.us + resolution) // the standard deviation of what is cut off a tick
		c.X, c.Size, c.Floor = append(c.X, s.x), append(c.Size, (mean-size[i])/2), append(c.Floor, min(cut*cut, 1))
	}
	return c
}

// newCell learns the lengths of a key's process. When there are enough samples of probes, only those teach.
func newCell(samples []sample, mean float64, d device, isProbe func(group string) bool) (*cell, error) {
	samples = chosen(samples, maxSamples)
	c := &cell{class: samples[0].class, samples: samples, mean: mean}
	var teachers []sample
	for i := range samples {
		if isProbe(samples[i].group) {
			teachers = append(teachers, samples[i])
		}
	}
	if len(teachers) < leastSamples {
		teachers = samples
	}
	teachers = chosen(teachers, learnSamples)
	cov := covariance(teachers)
	c.theta = cov.Start()
	if len(teachers) >= leastSamples {
		p, err := process.Fit(cov, values(teachers, d, mean), c.theta, process.Options{Nu: studentNu, Rounds: 2, Steps: 30})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", samples[0].key, err)
		}
		c.theta = p.Theta
	}
	return c, c.condition(d)
}

// condition sets the posterior of the cell's samples.
func (c *cell) condition(d device) (err error) {
	c.cov = covariance(c.samples)
	c.post, err = process.Condition(c.cov, values(c.samples, d, c.mean), c.theta, studentNu, 2)
	return err
}

// without returns the cell without the samples of a group, nil when none is left, and itself when it has none of it.
func (c *cell) without(group string, mean float64, d device) (*cell, error) {
	rest := slices.DeleteFunc(slices.Clone(c.samples), func(s sample) bool { return s.group == group })
	if len(rest) == 0 {
		return nil, nil
	}
	if len(rest) == len(c.samples) {
		return c, nil
	}
	out := &cell{class: c.class, samples: rest, theta: c.theta, mean: mean}
	return out, out.condition(d)
}

// at returns mean and variance of a new kernel's value.
func (c *cell) at(x []float64) (mean, variance float64) {
	k := make([]float64, len(c.samples))
	for i := range c.samples {
		k[i] = c.cov.At(c.theta, x, c.samples[i].x)
	}
	mean, variance = c.post.Predict(k, c.cov.At(c.theta, x, x))
	return c.mean + mean, variance
}

func values(samples []sample, d device, mean float64) []float64 {
	y := make([]float64, len(samples))
	for i := range samples {
		y[i] = samples[i].value(d) - mean
	}
	return y
}

// chosen returns at most n samples: mostly of those that took a few ticks or more, which say most about what networks take.
func chosen(samples []sample, n int) []sample {
	if len(samples) <= n {
		return samples
	}
	var long, short []sample
	for _, s := range samples {
		if s.us >= 3*tick {
			long = append(long, s)
		} else {
			short = append(short, s)
		}
	}
	few := spread(short, max(n/5, n-len(long)))
	return append(spread(long, n-len(few)), few...)
}

// spread returns at most n samples: those that lie furthest apart, the first to begin with.
func spread(samples []sample, n int) []sample {
	if len(samples) <= n {
		return samples
	}
	far := make([]float64, len(samples))
	for i := range far {
		far[i] = math.Inf(1)
	}
	out := make([]sample, 0, n)
	for at := 0; len(out) < n; {
		out = append(out, samples[at])
		far[at] = -1
		next := 0
		for i := range samples {
			if far[i] < 0 {
				continue
			}
			d := 0.0
			for c, v := range samples[i].x {
				d += (v - samples[at].x[c]) * (v - samples[at].x[c])
			}
			far[i] = math.Min(far[i], d)
			if far[i] > far[next] {
				next = i
			}
		}
		at = next
	}
	return out
}
