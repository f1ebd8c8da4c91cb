package additive

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// The prior of a network's relative error against nominal prices with the right scale: variances of the logarithm. They were chosen on the
// recorded ncnn runs of phones and boards (see ../README.md), where the result hardly depends on them within a factor of two.
const (
	priceVariance = 0.5  // of a price's factor: rarely off by more than twice
	blockVariance = 4.0  // of the factor of a block of terms
	shapeVariance = 0.1  // of what kernels of one kind differ by from network to network
	shapeLength   = 0.3  // distance of Places at which two networks still share most of that
	sizeWeight    = 0.25 // of the logarithm of the nominal time in a Place
	noise         = 0.03 // of one run, what nothing else explains
	scaleVariance = 0.3  // of the device's common scale, for designs that start from nothing
)

// Place is where a network stands among others: each term's part of its nominal time, and its size.
type Place struct {
	Shares []float64 `json:"shares"`
	Size   float64   `json:"size"`
}

// PlaceOf returns the place of a network from its terms.
func PlaceOf(x []float64) Place {
	return Place{Shares: Shares(x), Size: sizeWeight * math.Log(Nominal(x))}
}

// Covariance returns how much the relative errors of two networks have in common before any run of a device, whose scale is not known either.
func Covariance(a, b Place) float64 { return scaleVariance + prices(a, b) + shape(a, b) }

// Noise is the variance of a run's relative error that no other run can tell.
const Noise = noise

func prices(a, b Place) float64 {
	s := 0.0
	for i, x := range a.Shares {
		s += x * b.Shares[i]
	}
	return priceVariance * s
}

func shape(a, b Place) float64 {
	d := (a.Size - b.Size) * (a.Size - b.Size)
	for i, x := range a.Shares {
		d += (x - b.Shares[i]) * (x - b.Shares[i])
	}
	return shapeVariance * math.Exp(-d/(2*shapeLength*shapeLength))
}

// solver returns the Cholesky factor of the covariance of runs at places, given each run's noise.
func solver(places []Place, noises []float64, k func(a, b Place) float64) *mat.Cholesky {
	s := mat.NewSymDense(len(places), nil)
	for i := range places {
		for j := i; j < len(places); j++ {
			s.SetSym(i, j, k(places[i], places[j]))
		}
		s.SetSym(i, i, s.At(i, i)+noises[i])
	}
	c := &mat.Cholesky{}
	c.Factorize(s) // positive definite: a covariance plus noise
	return c
}
