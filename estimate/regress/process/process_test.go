package process_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/regress/process"
)

// additive is a process over two columns: smooth in the first, rough in both.
func additive(x [][]float64) *process.Additive {
	return &process.Additive{X: x, NoiseLogSD: math.Log(.1), Size: make([]float64, len(x)), Floor: make([]float64, len(x)),
		Blocks: []process.Block{
			{Shape: process.ShapeSquared, Cols: []int{0, 1}, LogScale: .2, ScaleSpread: 1, LogSD: .1, SDSpread: 1},
			{Shape: process.ShapeMatern32, Cols: []int{1}, LogScale: -.3, ScaleSpread: 1, LogSD: -.5, SDSpread: 1},
			{Shape: process.ShapeLinear, Cols: []int{0, 1}, LogSD: -1, SDSpread: 1},
		}}
}

func inputs(n int, seed uint64) [][]float64 {
	rng := rand.New(rand.NewPCG(seed, 0))
	x := make([][]float64, n)
	for i := range x {
		x[i] = []float64{rng.NormFloat64(), rng.NormFloat64()}
	}
	return x
}

func TestAdditive_gradientMatchesDifferences(t *testing.T) {
	x := inputs(12, 1)
	a := additive(x)
	for i := range x {
		a.Size[i] = x[i][0]
	}
	rng := rand.New(rand.NewPCG(2, 0))
	g := mat.NewSymDense(len(x), nil)
	gn := make([]float64, len(x))
	for i := range x {
		gn[i] = rng.NormFloat64()
		for j := i; j < len(x); j++ {
			g.SetSym(i, j, rng.NormFloat64())
		}
	}
	value := func(theta []float64) float64 {
		k, v := mat.NewSymDense(len(x), nil), make([]float64, len(x))
		a.Cov(theta, k)
		a.Noise(theta, v)
		s := a.Prior(theta, nil)
		for i := range x {
			s += gn[i] * v[i]
			for j := range x {
				s += g.At(i, j) * k.At(i, j)
			}
		}
		return s
	}
	theta := a.Start()
	theta[len(theta)-1] = .2
	got := make([]float64, len(theta))
	a.Grad(theta, g, gn, got)
	a.Prior(theta, got)
	for i := range theta {
		const h = 1e-5
		p, q := append([]float64(nil), theta...), append([]float64(nil), theta...)
		p[i] += h
		q[i] -= h
		want := (value(p) - value(q)) / (2 * h)
		if math.Abs(got[i]-want) > 1e-5*(1+math.Abs(want)) {
			t.Errorf("parameter %d: gradient %.8g, differences give %.8g", i, got[i], want)
		}
	}
}

// oracle is testdata/gp.oracle.json, made by testdata/gen.py with scikit-learn.
type oracle struct {
	X, Test   [][]float64
	Y         []float64
	Scale     []float64
	SD, Noise float64
	Mean, Std []float64
}

func TestCondition_agreesWithScikitLearn(t *testing.T) {
	b, err := os.ReadFile("testdata/gp.oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var o oracle
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	n := len(o.X)
	a := &process.Additive{X: o.X, Size: make([]float64, n), Floor: make([]float64, n),
		Blocks: []process.Block{{Shape: process.ShapeSquared, Cols: []int{0, 1}}}}
	theta := []float64{math.Log(o.Scale[0]), math.Log(o.Scale[1]), math.Log(o.SD), math.Log(o.Noise), 0}
	p, err := process.Condition(a, o.Y, theta, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, x := range o.Test {
		c := make([]float64, n)
		for j := range c {
			c[j] = a.At(theta, x, o.X[j])
		}
		m, v := p.Predict(c, a.At(theta, x, x))
		if math.Abs(m-o.Mean[i]) > 1e-3 || math.Abs(math.Sqrt(v)-o.Std[i]) > 1e-3 {
			t.Errorf("point %d: %.5f +- %.5f, scikit-learn %.5f +- %.5f", i, m, math.Sqrt(v), o.Mean[i], o.Std[i])
		}
	}
}

func TestFit_studentWeightsFindOutliers(t *testing.T) {
	x := inputs(80, 3)
	y := make([]float64, len(x))
	for i := range x {
		y[i] = math.Sin(x[i][0]) + .5*x[i][1]
	}
	for i := 0; i < len(y); i += 20 {
		y[i] += 6
	}
	p, err := process.Fit(additive(x), y, additive(x).Start(), process.Options{Nu: 4, Steps: 40, Rounds: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range p.Weights {
		if i%20 == 0 && w > .3 {
			t.Errorf("outlier %d has weight %.2f", i, w)
		}
		if i%20 != 0 && w < .3 {
			t.Errorf("ordinary row %d has weight %.2f", i, w)
		}
	}
}

func TestLeaveOneOut_equalsRefit(t *testing.T) {
	x := inputs(15, 4)
	y := make([]float64, len(x))
	for i := range y {
		y[i] = x[i][0]
	}
	a := additive(x)
	p, err := process.Condition(a, y, a.Start(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	mean, _ := p.LeaveOneOut(y)
	b := additive(x[1:])
	q, err := process.Condition(b, y[1:], b.Start(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := make([]float64, len(x)-1)
	for j := range c {
		c[j] = b.At(b.Start(), x[0], x[j+1])
	}
	if m, _ := q.Predict(c, 0); math.Abs(m-mean[0]) > 1e-6 {
		t.Errorf("left out %.8f, refitted %.8f", mean[0], m)
	}
}

func BenchmarkFit(b *testing.B) {
	x := inputs(200, 5)
	y := make([]float64, len(x))
	for i := range y {
		y[i] = math.Sin(x[i][0])
	}
	for b.Loop() {
		if _, err := process.Fit(additive(x), y, additive(x).Start(), process.Options{Steps: 20}); err != nil {
			b.Fatal(err)
		}
	}
}
