package regress_test

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/regress"
)

type oracle struct {
	NNLS []struct {
		A        [][]float64
		B, X     []float64
		Residual float64
	}
	GP []struct {
		X, Q       [][]float64
		Y, Mean    []float64
		Cov        [][]float64
		LOO        []float64
		Block      []int
		BlockError []float64   `json:"block_error"`
		BlockCov   [][]float64 `json:"block_cov"`
		Noise      float64
	}
}

func readOracle(t *testing.T) oracle {
	t.Helper()
	b, err := os.ReadFile("testdata/oracle.json")
	if err != nil {
		t.Fatal(err)
	}
	var o oracle
	if err := json.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	return o
}

func near(t *testing.T, what string, got, want, tol float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tol*(1+math.Abs(want)) {
		t.Errorf("%s: got %.10g, want %.10g", what, got, want)
	}
}

func TestNNLS_agreesWithSciPy(t *testing.T) {
	for i, c := range readOracle(t).NNLS {
		a := mat.NewDense(len(c.A), len(c.X), nil)
		for r := range c.A {
			a.SetRow(r, c.A[r])
		}
		x := regress.NNLS(a, c.B)
		for j := range x {
			if x[j] < 0 {
				t.Errorf("case %d: x[%d] = %g is negative", i, j, x[j])
			}
			near(t, "x", x[j], c.X[j], 1e-8)
		}
	}
}

func TestNNLS_allNegativeGivesZero(t *testing.T) {
	x := regress.NNLS(mat.NewDense(2, 2, []float64{1, 0, 0, 1}), []float64{-1, -2})
	if x[0] != 0 || x[1] != 0 {
		t.Errorf("got %v, want zeros", x)
	}
}

func TestNNLS_dependentColumnsStillAnswer(t *testing.T) {
	a := mat.NewDense(3, 2, []float64{1, 1, 1, 1, 1, 1})
	x := regress.NNLS(a, []float64{2, 2, 2})
	near(t, "sum", x[0]+x[1], 2, 1e-6)
}

// kernel is the covariance of the oracle.
func kernel(a, b []float64) float64 {
	u, v := (a[0]-b[0])/1.2, (a[1]-b[1])/.8
	return 1.7 * math.Exp(-.5*(u*u+v*v))
}

func TestGaussian_agreesWithScikitLearn(t *testing.T) {
	for _, c := range readOracle(t).GP {
		n, m := len(c.X), len(c.Q)
		cov := mat.NewSymDense(n, nil)
		cross, prior := mat.NewDense(n, m, nil), mat.NewSymDense(m, nil)
		for i := range n {
			for j := i; j < n; j++ {
				cov.SetSym(i, j, kernel(c.X[i], c.X[j]))
			}
			cov.SetSym(i, i, cov.At(i, i)+c.Noise)
			for j := range m {
				cross.Set(i, j, kernel(c.X[i], c.Q[j]))
			}
		}
		for i := range m {
			for j := i; j < m; j++ {
				prior.SetSym(i, j, kernel(c.Q[i], c.Q[j]))
			}
		}
		g, err := regress.NewGaussian(cov, c.Y)
		if err != nil {
			t.Fatal(err)
		}
		mean, post := g.Predict(make([]float64, m), cross, prior)
		for i := range m {
			near(t, "mean", mean[i], c.Mean[i], 1e-8)
			for j := range m {
				near(t, "covariance", post.At(i, j), c.Cov[i][j], 1e-7)
			}
		}
		loo, err := g.LeaveOneOut()
		if err != nil {
			t.Fatal(err)
		}
		for i := range loo {
			near(t, "leave one out", loo[i], c.LOO[i], 1e-6)
		}
		errs, bc, err := g.LeaveOut(c.Block)
		if err != nil {
			t.Fatal(err)
		}
		for i := range errs {
			near(t, "block error", errs[i], c.BlockError[i], 1e-7)
			for j := range errs {
				near(t, "block covariance", bc.At(i, j), c.BlockCov[i][j], 1e-7)
			}
		}
	}
}

func TestNewGaussian_refusesIndefinite(t *testing.T) {
	if _, err := regress.NewGaussian(mat.NewSymDense(2, []float64{1, 2, 2, 1}), []float64{0, 0}); err == nil {
		t.Error("no error for an indefinite covariance")
	}
}

func TestCondition_matchesTheBivariateFormula(t *testing.T) {
	cov := mat.NewSymDense(2, []float64{4, 1.5, 1.5, 2})
	mu, v, err := regress.Condition([]float64{1, -1}, cov, []int{0}, []float64{3}, []int{1})
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", mu[0], -1+1.5/4*2, 1e-12)
	near(t, "variance", v[0], 2-1.5*1.5/4, 1e-12)
}

func TestWeightedQuantile(t *testing.T) {
	for _, c := range []struct {
		values, weights []float64
		p, want         float64
	}{
		{[]float64{3, 1, 2}, []float64{1, 1, 1}, .5, 2},
		{[]float64{3, 1, 2}, []float64{0, 1, 0}, .9, 1},
		{[]float64{3, 1, 2}, []float64{8, 1, 1}, .5, 3},
		{nil, nil, .9, 7},
	} {
		if got := regress.WeightedQuantile(c.values, c.weights, c.p, 7); got != c.want {
			t.Errorf("%v %v %v: got %v, want %v", c.values, c.weights, c.p, got, c.want)
		}
	}
}

func TestMedian(t *testing.T) {
	v := []float64{5, 1, 3, 2}
	if got := regress.Median(v); got != 2.5 {
		t.Errorf("got %v, want 2.5", got)
	}
	if v[0] != 5 {
		t.Error("the input was changed")
	}
	if got := regress.Median(nil); got != 0 {
		t.Errorf("of nothing: got %v, want 0", got)
	}
}
