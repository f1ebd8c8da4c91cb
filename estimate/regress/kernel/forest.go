package kernel

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/regress/boost"
)

// forest is a linear trend in the logarithms of sizes with boosted trees on what
// it leaves over. Trees see steps (tiles, caches, kernels that a runtime
// switches between) that smooth processes blur.
type forest struct {
	trend []float64 // by trendColumns, then the constant
	trees []*boost.Model
	out   []float64 // predictions of the training rows by trees that did not see them
}

// trendColumns are the features of the linear trend.
var trendColumns = append(span(0, 10), 18)

const (
	trendRidge = .1
	treeCount  = 400
	treeFolds  = 5
	treeWeight = .3 // of the forest against the mean of the processes
)

func fitForest(samples []Sample) *forest {
	f := &forest{}
	x, y := make([][]float64, len(samples)), make([]float64, len(samples))
	for i, s := range samples {
		x[i], y[i] = s.Shape.Features(), math.Log(s.EnergyMJ)
	}
	f.trend = trend(x, y)
	rest := make([]float64, len(y))
	for i := range y {
		rest[i] = y[i] - f.line(x[i])
	}
	for s := uint64(0); s < 2; s++ {
		f.trees = append(f.trees, boost.Fit(x, rest, boost.Options{Trees: treeCount, Seed: s}))
	}
	f.out = make([]float64, len(y))
	for k := 0; k < treeFolds; k++ {
		var xs [][]float64
		var ys []float64
		for i := range y {
			if i%treeFolds != k {
				xs, ys = append(xs, x[i]), append(ys, rest[i])
			}
		}
		m := boost.Fit(xs, ys, boost.Options{Trees: treeCount})
		for i := k; i < len(y); i += treeFolds {
			f.out[i] = f.line(x[i]) + m.Predict(x[i])
		}
	}
	return f
}

// at returns the log energy of features x.
func (f *forest) at(x []float64) float64 {
	v := f.line(x)
	for _, m := range f.trees {
		v += m.Predict(x) / float64(len(f.trees))
	}
	return v
}

func (f *forest) line(x []float64) float64 {
	v := f.trend[len(trendColumns)]
	for k, c := range trendColumns {
		v += f.trend[k] * x[c]
	}
	return v
}

// trend solves the ridge regression of y on the trend columns.
func trend(x [][]float64, y []float64) []float64 {
	q := len(trendColumns) + 1
	a, b := mat.NewSymDense(q, nil), mat.NewVecDense(q, nil)
	row := make([]float64, q)
	for i := range x {
		for k, c := range trendColumns {
			row[k] = x[i][c]
		}
		row[q-1] = 1
		a.SymRankOne(a, 1, mat.NewVecDense(q, row))
		b.AddScaledVec(b, y[i], mat.NewVecDense(q, row))
	}
	for k := 0; k < q; k++ {
		a.SetSym(k, k, a.At(k, k)+trendRidge)
	}
	var ch mat.Cholesky
	out := mat.NewVecDense(q, nil)
	if ch.Factorize(a) {
		_ = ch.SolveVecTo(out, b) // the ridge keeps it solvable; a poor condition costs precision only
	}
	return out.RawVector().Data
}
