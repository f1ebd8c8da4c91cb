package boost_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/regress/boost"
)

// friedman is Friedman's first test function on x in [0,1]^5.
func friedman(x []float64) float64 {
	return 10*math.Sin(math.Pi*x[0]*x[1]) + 20*(x[2]-.5)*(x[2]-.5) + 10*x[3] + 5*x[4]
}

func sample(n int, noise float64, seed uint64) (x [][]float64, y []float64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := 0; i < n; i++ {
		r := make([]float64, 7)
		for c := range r {
			r[c] = rng.Float64()
		}
		x, y = append(x, r), append(y, friedman(r)+noise*rng.NormFloat64())
	}
	return x, y
}

func TestFit_recoversFriedman(t *testing.T) {
	x, y := sample(600, .5, 1)
	m := boost.Fit(x, y, boost.Options{})
	xt, yt := sample(300, 0, 2)
	s, v := 0., 0.
	for i := range xt {
		d := m.Predict(xt[i]) - yt[i]
		s += d * d
		v += (yt[i] - 14.4) * (yt[i] - 14.4)
	}
	if r2 := 1 - s/v; r2 < .88 {
		t.Errorf("R2 on new rows %.3f, want at least .88", r2)
	}
}

func TestFit_outliersDoNotPull(t *testing.T) {
	x, y := sample(400, .1, 3)
	o := boost.Options{MinLeaf: 6}
	clean := boost.Fit(x, y, o)
	for i := 0; i < 20; i++ {
		y[i*20] += 100
	}
	dirty := boost.Fit(x, y, o)
	xt, yt := sample(200, 0, 4)
	var a, b float64
	for i := range xt {
		a += math.Abs(clean.Predict(xt[i]) - yt[i])
		b += math.Abs(dirty.Predict(xt[i]) - yt[i])
	}
	if b > 3*a {
		t.Errorf("mean error %.2f with outliers, %.2f without", b/200, a/200)
	}
}

func TestFit_sameInputSameModel(t *testing.T) {
	x, y := sample(100, .5, 5)
	a, b := boost.Fit(x, y, boost.Options{Seed: 7}), boost.Fit(x, y, boost.Options{Seed: 7})
	for _, r := range x {
		if a.Predict(r) != b.Predict(r) {
			t.Fatal("two fits differ")
		}
	}
}

func BenchmarkFit(b *testing.B) {
	x, y := sample(300, .5, 1)
	for b.Loop() {
		boost.Fit(x, y, boost.Options{})
	}
}
