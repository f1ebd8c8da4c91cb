package process

import "math"

// Scaled returns the squared distance between a and b, each coordinate divided
// by exp(logScale).
func Scaled(a, b, logScale []float64) float64 {
	s := 0.
	for i := range a {
		d := (a[i] - b[i]) * math.Exp(-logScale[i])
		s += d * d
	}
	return s
}

// Matern32 returns the Matern covariance of smoothness 3/2 and variance 1 at
// the squared scaled distance d2.
func Matern32(d2 float64) float64 {
	r := math.Sqrt(3 * d2)
	return (1 + r) * math.Exp(-r)
}

// Squared returns the squared-exponential covariance of variance 1 at the
// squared scaled distance d2.
func Squared(d2 float64) float64 { return math.Exp(-.5 * d2) }

// Normal adds the negative log density of theta[i] under a normal of the given
// mean and standard deviation, and its gradient when out is not nil.
func Normal(theta, out []float64, i int, mean, sd float64) float64 {
	d := (theta[i] - mean) / sd
	if out != nil {
		out[i] += d / sd
	}
	return .5 * d * d
}
