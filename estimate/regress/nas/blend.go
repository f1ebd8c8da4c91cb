package nas

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/regress/process"
)

// point is an architecture under a rule.
type point struct{ rule, arch int }

// blend is the covariance of what physics leaves over: a part shared by all
// phones and a part of each phone's own, each a sum of fixed covariance
// functions with free variances.
type blend struct {
	s      *space
	points []point
	phone  []int
	floor  []float64 // rounding noise
	phones int
	kernel [kernels]*mat.SymDense
}

// The covariance functions: smooth and rough over the shape features, linear
// over positions, likeness of positions, physics' slope, each shared or own.
const (
	sharedSmooth = iota
	sharedHot
	sharedLike
	ownSmooth
	ownHot
	ownLevel
	kernels
)

// startSD are prior standard deviations of the functions in log latency.
var startSD = [kernels]float64{.06, .06, .05, .05, .05, .02}

const startNoise = .06

func (b *blend) at(k int, p, q point) float64 {
	switch k {
	case sharedSmooth, ownSmooth:
		x, y := b.s.z[p.rule][p.arch], b.s.z[q.rule][q.arch]
		d := 0.
		for i := range x {
			d += (x[i] - y[i]) * (x[i] - y[i])
		}
		return math.Exp(-.5 * d / 4)
	case sharedHot, ownHot:
		x, y := b.s.hot[p.rule][p.arch], b.s.hot[q.rule][q.arch]
		d := 0.
		for i := range x {
			d += x[i] * y[i]
		}
		return d
	case sharedLike:
		x, y := b.s.same[p.rule][p.arch], b.s.same[q.rule][q.arch]
		n := 0
		for i := range x {
			if x[i] == y[i] {
				n++
			}
		}
		return math.Exp(4 * (float64(n)/float64(len(x)) - 1))
	}
	return 1
}

func (b *blend) prepare() {
	n := len(b.points)
	for k := range b.kernel {
		m := mat.NewSymDense(n, nil)
		for i := 0; i < n; i++ {
			for j := i; j < n; j++ {
				if k >= ownSmooth && b.phone[i] != b.phone[j] {
					continue
				}
				m.SetSym(i, j, b.at(k, b.points[i], b.points[j]))
			}
		}
		b.kernel[k] = m
	}
}

// Len returns the number of training rows.
func (b *blend) Len() int { return len(b.points) }

// Cov writes the covariance of the training rows.
func (b *blend) Cov(theta []float64, k *mat.SymDense) {
	n := len(b.points)
	dst := k.RawSymmetric()
	for i := range dst.Data {
		dst.Data[i] = 0
	}
	for c := range b.kernel {
		v, src := math.Exp(2*theta[c]), b.kernel[c].RawSymmetric()
		for i := 0; i < n; i++ {
			d, s := dst.Data[i*dst.Stride:i*dst.Stride+n], src.Data[i*src.Stride:i*src.Stride+n]
			for j := i; j < n; j++ {
				d[j] += v * s[j]
			}
		}
	}
}

// Noise writes the noise variances: one standard deviation per phone, and
// rounding.
func (b *blend) Noise(theta, v []float64) {
	for i := range v {
		v[i] = math.Exp(2*theta[kernels+b.phone[i]]) + b.floor[i]
	}
}

// Grad adds the gradient by the logarithms of standard deviations.
func (b *blend) Grad(theta []float64, g *mat.SymDense, gn, out []float64) {
	n := len(b.points)
	raw := g.RawSymmetric()
	for c := range b.kernel {
		src := b.kernel[c].RawSymmetric()
		sum := 0.
		for i := 0; i < n; i++ {
			sum += raw.Data[i*raw.Stride+i] * src.Data[i*src.Stride+i]
			for j := i + 1; j < n; j++ {
				sum += 2 * raw.Data[i*raw.Stride+j] * src.Data[i*src.Stride+j]
			}
		}
		out[c] += 2 * sum * math.Exp(2*theta[c])
	}
	for i := range gn {
		out[kernels+b.phone[i]] += 2 * gn[i] * math.Exp(2*theta[kernels+b.phone[i]])
	}
}

// Prior keeps the standard deviations near their start.
func (b *blend) Prior(theta, out []float64) float64 {
	s := 0.
	for c := 0; c < kernels; c++ {
		s += process.Normal(theta, out, c, math.Log(startSD[c]), .7)
	}
	for p := 0; p < b.phones; p++ {
		s += process.Normal(theta, out, kernels+p, math.Log(startNoise), 1)
	}
	return s
}

func (b *blend) start() []float64 {
	t := make([]float64, kernels+b.phones)
	for c := 0; c < kernels; c++ {
		t[c] = math.Log(startSD[c])
	}
	for p := 0; p < b.phones; p++ {
		t[kernels+p] = math.Log(startNoise)
	}
	return t
}

// shared returns the covariance of the part that all phones share.
func (b *blend) shared(theta []float64, p, q point) float64 {
	v := 0.
	for k := 0; k < ownSmooth; k++ {
		v += math.Exp(2*theta[k]) * b.at(k, p, q)
	}
	return v
}

// own returns the covariance of the part that one phone has for itself.
func (b *blend) own(theta []float64, p, q point) float64 {
	v := 0.
	for k := ownSmooth; k < kernels; k++ {
		v += math.Exp(2*theta[k]) * b.at(k, p, q)
	}
	return v
}
