package plan

import (
	"math"

	"github.com/gaugenn/gaugenn/calibrate/additive"
)

// design is the covariance of the networks' relative errors given the runs so far: the candidates first, then networks that were run before.
type design struct {
	n, candidates int
	cov           []float64 // n by n
}

func newDesign(points []point, done []Candidate) *design {
	places := make([]additive.Place, 0, len(points)+len(done))
	for i := range points {
		places = append(places, points[i].place)
	}
	for i := range done {
		if done[i].Net != nil {
			places = append(places, additive.PlaceOf(additive.Terms(done[i].Net)))
		}
	}
	n := len(places)
	d := &design{n: n, candidates: len(points), cov: make([]float64, n*n)}
	for i := range n {
		for j := i; j < n; j++ {
			c := additive.Covariance(places[i], places[j])
			d.cov[i*n+j], d.cov[j*n+i] = c, c
		}
	}
	for i := len(points); i < n; i++ {
		d.add(i)
	}
	return d
}

// gain is how much a run of network i lowers the sum of the candidates' variances.
func (d *design) gain(i int) float64 {
	s := 0.0
	for _, c := range d.cov[i*d.n : i*d.n+d.candidates] {
		s += c * c
	}
	return s / (d.cov[i*d.n+i] + additive.Noise)
}

// add takes a run of network i into account.
func (d *design) add(i int) {
	with := append([]float64(nil), d.cov[i*d.n:(i+1)*d.n]...)
	own := with[i] + additive.Noise
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
