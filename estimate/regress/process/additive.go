package process

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// Shape names the covariance function of a Block.
type Shape int

// The covariance functions, all of variance 1 at distance 0 except Linear,
// whose value is the mean product of the coordinates.
const (
	ShapeSquared  Shape = iota // squared exponential
	ShapeMatern32              // Matern, smoothness 3/2
	ShapeLinear                // dot product over the number of columns
)

// Block is one term of an additive covariance: a variance times a covariance
// function over some columns of the inputs, each with its own length scale.
type Block struct {
	Shape Shape
	Cols  []int
	// LogScale and LogSD are the prior means of the logarithms of the length
	// scales and of the standard deviation; ScaleSpread and SDSpread their
	// prior standard deviations. LogScale is not used by ShapeLinear.
	LogScale, ScaleSpread float64
	LogSD, SDSpread       float64
}

// Additive is a sum of blocks over inputs X with noise
// exp(2*(a + b*Size)) + Floor, a and b free.
type Additive struct {
	X      [][]float64
	Blocks []Block
	// Size is the noise covariate of each row, standardised; Floor a known
	// noise variance, such as that of rounding.
	Size, Floor []float64
	// NoiseLogSD is the prior mean of a; its spread is 1.5, that of b is .5
	// around 0.
	NoiseLogSD float64
}

// Start returns the prior means of the parameters: for each block its length
// scales and its standard deviation, then a and b of the noise.
func (a *Additive) Start() []float64 {
	var t []float64
	for _, b := range a.Blocks {
		if b.Shape != ShapeLinear {
			for range b.Cols {
				t = append(t, b.LogScale)
			}
		}
		t = append(t, b.LogSD)
	}
	return append(t, a.NoiseLogSD, 0)
}

// Len returns the number of training rows.
func (a *Additive) Len() int { return len(a.X) }

// Cov writes the covariance of the training rows to k.
func (a *Additive) Cov(theta []float64, k *mat.SymDense) {
	for i := range a.X {
		for j := i; j < len(a.X); j++ {
			k.SetSym(i, j, a.At(theta, a.X[i], a.X[j]))
		}
	}
}

// At returns the covariance of the inputs x and y.
func (a *Additive) At(theta []float64, x, y []float64) float64 {
	s, p := 0., 0
	for _, b := range a.Blocks {
		v := 0.
		if b.Shape == ShapeLinear {
			v = dot(x, y, b.Cols)
		} else {
			d2 := 0.
			for i, c := range b.Cols {
				d := (x[c] - y[c]) * math.Exp(-theta[p+i])
				d2 += d * d
			}
			p += len(b.Cols)
			if b.Shape == ShapeSquared {
				v = Squared(d2)
			} else {
				v = Matern32(d2)
			}
		}
		s += math.Exp(2*theta[p]) * v
		p++
	}
	return s
}

func dot(x, y []float64, cols []int) float64 {
	s := 0.
	for _, c := range cols {
		s += x[c] * y[c]
	}
	return s / float64(len(cols))
}

// NoiseAt returns the noise variance of a row with the given size and floor.
func (a *Additive) NoiseAt(theta []float64, size, floor float64) float64 {
	n := len(theta)
	return math.Exp(2*(theta[n-2]+theta[n-1]*size)) + floor
}

// Noise writes the noise variances of the training rows to v.
func (a *Additive) Noise(theta, v []float64) {
	for i := range v {
		v[i] = a.NoiseAt(theta, a.Size[i], a.Floor[i])
	}
}

// Grad adds the gradient of sum g*K + sum gn*v to out.
func (a *Additive) Grad(theta []float64, g *mat.SymDense, gn, out []float64) {
	n, p := len(a.X), 0
	raw := g.RawSymmetric()
	for _, b := range a.Blocks {
		q := len(b.Cols)
		if b.Shape == ShapeLinear {
			s := 0.
			for i := 0; i < n; i++ {
				s += raw.Data[i*raw.Stride+i] * dot(a.X[i], a.X[i], b.Cols)
				for j := i + 1; j < n; j++ {
					s += 2 * raw.Data[i*raw.Stride+j] * dot(a.X[i], a.X[j], b.Cols)
				}
			}
			out[p] += 2 * s * math.Exp(2*theta[p])
			p++
			continue
		}
		a.gradRadial(b, theta[p:p+q+1], raw.Data, raw.Stride, out[p:p+q+1])
		p += q + 1
	}
	for i := range gn {
		v := gn[i] * a.NoiseAt(theta, a.Size[i], 0)
		out[p] += 2 * v
		out[p+1] += 2 * v * a.Size[i]
	}
}

// gradRadial adds the gradient of one radial block; theta and out are the
// block's own part: length scales, then log standard deviation.
//
// With D = sum (dx/l)^2: d exp(-D/2)/d log l = exp(-D/2) (dx/l)^2, and
// for Matern 3/2 with r = sqrt(3D): d/d log l = 3 exp(-r) (dx/l)^2.
func (a *Additive) gradRadial(b Block, theta, g []float64, stride int, out []float64) {
	q, n := len(b.Cols), len(a.X)
	z := make([]float64, n*q)
	for i, x := range a.X {
		for c, col := range b.Cols {
			z[i*q+c] = x[col] * math.Exp(-theta[c])
		}
	}
	v2 := math.Exp(2 * theta[q])
	sd, d := make([]float64, q), make([]float64, q)
	total := 0.
	for i := 0; i < n; i++ {
		total += g[i*stride+i] * v2
		for j := i + 1; j < n; j++ {
			d2 := 0.
			for c := range d {
				e := z[i*q+c] - z[j*q+c]
				d[c] = e * e
				d2 += d[c]
			}
			gij := 2 * g[i*stride+j] * v2
			var slope float64
			if b.Shape == ShapeSquared {
				slope = math.Exp(-.5 * d2)
				total += gij * slope
			} else {
				r := math.Sqrt(3 * d2)
				e := math.Exp(-r)
				total += gij * (1 + r) * e
				slope = 3 * e
			}
			for c := range d {
				sd[c] += gij * slope * d[c]
			}
		}
	}
	for c := range sd {
		out[c] += sd[c]
	}
	out[q] += 2 * total
}

// Prior returns the negative log prior of theta and adds its gradient to out.
func (a *Additive) Prior(theta, out []float64) float64 {
	s, p := 0., 0
	for _, b := range a.Blocks {
		if b.Shape != ShapeLinear {
			for range b.Cols {
				s += Normal(theta, out, p, b.LogScale, b.ScaleSpread)
				p++
			}
		}
		s += Normal(theta, out, p, b.LogSD, b.SDSpread)
		p++
	}
	return s + Normal(theta, out, p, a.NoiseLogSD, 1.5) + Normal(theta, out, p+1, 0, .5)
}
