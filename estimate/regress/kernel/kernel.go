// Package kernel predicts the energy of single convolution kernels on one
// processor of one phone from their shapes.
//
// The logarithm of the energy is a Gaussian process over the features of
// [Shape.Features]: a linear trend, a smooth part over all features and a rough
// part over the five sizes themselves, with Student-t noise whose spread may
// depend on the size of the input and which contains the rounding of the
// recorded value. Two such processes with different smooth parts and boosted
// trees on what a linear trend leaves over are averaged in log space.
package kernel

import (
	"errors"
	"fmt"

	"github.com/gaugenn/gaugenn/estimate/regress/process"
)

// Sample is one recorded kernel.
type Sample struct {
	Shape    Shape
	EnergyMJ float64 // energy of one execution, millijoules, above 0
}

// Prediction is the energy of a kernel, millijoules, with a 90 % interval.
type Prediction struct{ EnergyMJ, Lo, Hi float64 }

// resolutionMJ is the step of the recorded values.
const resolutionMJ = .001

// Model is a fitted predictor. It holds its training rows and is meant for
// evaluation, not for shipping.
type Model struct {
	parts  []part
	trees  *forest
	factor float64 // conformal multiplier of the standard deviation
}

// part is one process with the standardisation of its inputs and output.
type part struct {
	cov      *process.Additive
	post     *process.Posterior
	mean, sd []float64 // of the features
	ym, ys   float64   // of the log energies
	sizeCol  int
}

// ErrFewSamples is returned when there are too few kernels to learn from.
var ErrFewSamples = errors.New("too few kernel samples")

// Fit fits the model to at least 20 samples.
func Fit(samples []Sample) (*Model, error) {
	if len(samples) < 20 {
		return nil, fmt.Errorf("%w: %d, need 20", ErrFewSamples, len(samples))
	}
	m := &Model{}
	for v := 0; v < 2; v++ {
		p, err := fitPart(samples, v)
		if err != nil {
			return nil, fmt.Errorf("kernel process %d: %w", v, err)
		}
		m.parts = append(m.parts, p)
	}
	m.trees = fitForest(samples)
	m.factor = m.calibrate(samples)
	return m, nil
}
