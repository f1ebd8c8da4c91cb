package ncnn

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// Covariance returns how the errors of this target's answers for networks hang together: the covariance of the logarithms of their latencies
// given all records and given rows, row by row (n x n, without the noise of a measurement), and that noise's variance. ok is false where
// Predict would not answer for a network. It is what a choice of networks to measure next rests on.
func (t *Target) Covariance(nets []*feature.Network) (cov []float64, noise float64, ok bool) {
	tab := &table{runs: []*setting{t.set}}
	phi := mat.NewDense(max(len(nets), 1), t.featureCount(), nil)
	var strange []float64
	for i, net := range nets {
		if net == nil || len(net.Layers) == 0 || unknownShare(net) > .5 || t.fallback != nil && net.HasInt8() {
			return nil, 0, false
		}
		x := nominalOf(t.set, net)
		if total := x.total(); !(total > 0) || math.IsInf(total, 0) {
			return nil, 0, false
		}
		n := networkOf(net)
		tab.nets = append(tab.nets, n)
		p := tab.linear(0, i, x, &offsets{})
		tab.points = append(tab.points, p)
		row := phi.RawRowView(i)
		t.similar(n, row)
		m := int(runWays) * len(t.like.tab.nets)
		copy(row[m:], p.share[:])
		copy(row[m+shareCount:], p.int8[:])
		strange = append(strange, t.strangeness(n))
	}
	l := newLikeness(t.like.th, tab)
	var half, explained mat.Dense
	half.Mul(phi, t.explained)
	explained.Mul(&half, phi.T())
	n := len(nets)
	cov = make([]float64, n*n)
	for i := range n {
		for j := range n {
			cov[i*n+j] = l.cov(&tab.points[i], &tab.points[j]) - explained.At(i, j)
		}
		cov[i*n+i] = max(cov[i*n+i], 0) + strange[i]
	}
	if n > 0 {
		noise = l.noise(&tab.points[0])
	}
	return cov, noise, true
}
