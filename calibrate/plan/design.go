package plan

import (
	"math"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// design is the covariance of the networks' relative errors given the runs so far: the candidates first, then networks that were run before.
type design struct {
	n, candidates int
	cov           []float64 // n by n
	noise         float64   // variance of a run that no other run can tell
	prior         string    // where the covariance is from
}

func newDesign(points []point, done []Candidate, prior func([]*feature.Network) ([]float64, float64, bool)) *design {
	nets := make([]*feature.Network, 0, len(points)+len(done))
	for i := range points {
		nets = append(nets, points[i].c.Net)
	}
	for i := range done {
		if done[i].Net != nil {
			nets = append(nets, done[i].Net)
		}
	}
	n := len(nets)
	d := &design{n: n, candidates: len(points)}
	if prior != nil {
		if cov, noise, ok := prior(nets); ok && len(cov) == n*n {
			d.cov, d.noise, d.prior = cov, noise, "records of other devices"
		}
	}
	if d.cov == nil {
		d.cov, d.noise, d.prior = additivePrior(nets), additive.Noise, "the kinds of work"
	}
	for i := len(points); i < n; i++ {
		d.add(i)
	}
	return d
}

// additivePrior is the covariance of networks by what their time is made of.
func additivePrior(nets []*feature.Network) []float64 {
	n := len(nets)
	places, cov := make([]additive.Place, n), make([]float64, n*n)
	for i, net := range nets {
		places[i] = additive.PlaceOf(additive.Terms(net))
	}
	for i := range n {
		for j := i; j < n; j++ {
			c := additive.Covariance(places[i], places[j])
			cov[i*n+j], cov[j*n+i] = c, c
		}
	}
	return cov
}

// gain is how much a run of network i lowers the sum of the candidates' variances.
func (d *design) gain(i int) float64 {
	s := 0.0
	for _, c := range d.cov[i*d.n : i*d.n+d.candidates] {
		s += c * c
	}
	return s / (d.cov[i*d.n+i] + d.noise)
}

// add takes a run of network i into account.
func (d *design) add(i int) {
	with := append([]float64(nil), d.cov[i*d.n:(i+1)*d.n]...)
	own := with[i] + d.noise
	for j, a := range with {
		f := a / own
		row := d.cov[j*d.n : (j+1)*d.n]
		for k, b := range with {
			row[k] -= f * b
		}
	}
}

// meanSD is the root of the mean variance of the candidates.
func (d *design) meanSD() float64 {
	s := 0.0
	for i := range d.candidates {
		s += max(d.cov[i*d.n+i], 0)
	}
	return math.Sqrt(s / float64(max(d.candidates, 1)))
}
