package estimate

import "github.com/gaugenn/gaugenn/estimate/feature"

// Covariance returns how the errors of a target's answers for networks hang together, as the fitted profile of its world knows it from other
// devices: the covariance of the logarithms of their latencies, row by row, and the variance of one measurement's noise. ok is false where no
// such profile stands behind the target or where it would not answer for a network.
func (t *Target) Covariance(nets []*feature.Network) (cov []float64, noise float64, ok bool) {
	if t.fitted == nil {
		return nil, 0, false
	}
	return t.fitted.Covariance(nets)
}
