package kernel_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/kernel"
)

func TestParseShape(t *testing.T) {
	got, err := kernel.ParseShape("conv-bn-relu:HW=14,CIN=64,COUT=128,K=3,S=2")
	if want := (kernel.Shape{HW: 14, CIn: 64, COut: 128, K: 3, Stride: 2}); err != nil || got != want {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
	if got.Out() != 7 || got.MACs() != 49*64*128*9 {
		t.Errorf("output %d, %v MACs", got.Out(), got.MACs())
	}
	if len(got.Features()) != len(kernel.FeatureNames()) {
		t.Errorf("%d features, %d names", len(got.Features()), len(kernel.FeatureNames()))
	}
	for _, s := range []string{"", "HW=14", "conv:HW=0,CIN=1,COUT=1,K=1,S=1", "conv:HW=-1,CIN=1,COUT=1,K=1,S=1",
		"conv:HW=9999999999,CIN=1,COUT=1,K=1,S=1", "conv:HW=1,CIN=1,COUT=1,K=1", "conv:HW=1,CIN=1,COUT=1,K=1,S=1,X=2", "conv:HW"} {
		if _, err := kernel.ParseShape(s); err == nil {
			t.Errorf("%q was accepted", s)
		}
	}
}

// physical is an energy with known coefficients: arithmetic on channels rounded
// up to 4, traffic, and a launch; noise is its relative standard deviation.
func physical(s kernel.Shape, noise float64, rng *rand.Rand) float64 {
	up := func(c int) float64 { return float64((c + 3) / 4 * 4) }
	o := float64(s.Out())
	work := o * o * up(s.CIn) * up(s.COut) * float64(s.K*s.K)
	bytes := float64(s.HW*s.HW*s.CIn) + o*o*float64(s.COut)
	return (.05e-6*work + 1e-6*bytes + .01) * math.Exp(noise*rng.NormFloat64())
}

func random(n int, noise float64, seed uint64) []kernel.Sample {
	rng := rand.New(rand.NewPCG(seed, 0))
	var out []kernel.Sample
	for i := 0; i < n; i++ {
		s := kernel.Shape{HW: []int{7, 14, 28, 56}[rng.IntN(4)], CIn: 8 + rng.IntN(300), COut: 8 + rng.IntN(300), K: []int{1, 1, 3}[rng.IntN(3)], Stride: 1}
		out = append(out, kernel.Sample{Shape: s, EnergyMJ: physical(s, noise, rng)})
	}
	return out
}

func TestFit_recoversPhysicalEnergy(t *testing.T) {
	m, err := kernel.Fit(random(150, .04, 1))
	if err != nil {
		t.Fatal(err)
	}
	inside, errors := 0, 0.
	test := random(120, .04, 2)
	for _, s := range test {
		p := m.Predict(s.Shape)
		errors += math.Abs(p.EnergyMJ/s.EnergyMJ-1) / float64(len(test))
		if p.Lo <= s.EnergyMJ && s.EnergyMJ <= p.Hi {
			inside++
		}
		if !(p.Lo < p.EnergyMJ && p.EnergyMJ < p.Hi) {
			t.Errorf("%+v: %v outside %v..%v", s.Shape, p.EnergyMJ, p.Lo, p.Hi)
		}
	}
	if errors > .07 {
		t.Errorf("mean relative error %.3f, noise alone gives .032", errors)
	}
	if c := float64(inside) / float64(len(test)); c < .8 || c > .98 {
		t.Errorf("intervals cover %.2f", c)
	}
}

func TestFit_refusesFewSamples(t *testing.T) {
	if _, err := kernel.Fit(random(5, 0, 1)); err == nil {
		t.Error("five samples were accepted")
	}
}

func TestPredictor_keepsProcessorsApart(t *testing.T) {
	fold := &record.Fold{}
	rng := rand.New(rand.NewPCG(3, 0))
	for _, p := range []string{"cpu", "gpu"} {
		for i, s := range random(40, .01, 4) {
			v := s.EnergyMJ
			if p == "gpu" {
				v /= 4
			}
			g := fmt.Sprintf("conv-bn-relu:HW=%d,CIN=%d,COUT=%d,K=%d,S=%d", s.Shape.HW, s.Shape.CIn, s.Shape.COut, s.Shape.K, s.Shape.Stride)
			r := record.Row{ID: fmt.Sprint(p, i), Case: p, Source: "s", Processor: p, Metric: "energy", Graph: g, Value: v * math.Exp(.01*rng.NormFloat64())}
			if i < 35 {
				fold.Train = append(fold.Train, r)
			} else {
				r.Value = math.NaN()
				fold.Test = append(fold.Test, r)
			}
		}
	}
	out, err := (kernel.Predictor{}).Predict(context.Background(), fold, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 5; i++ {
		if r := out[i].Value / out[i+5].Value; r < 3.5 || r > 4.5 {
			t.Errorf("row %d: cpu over gpu %.2f, want 4", i, r)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	s := random(150, .04, 1)
	for b.Loop() {
		if _, err := kernel.Fit(s); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPredict(b *testing.B) {
	m, err := kernel.Fit(random(150, .04, 1))
	if err != nil {
		b.Fatal(err)
	}
	s := kernel.Shape{HW: 14, CIn: 64, COut: 128, K: 3, Stride: 1}
	for b.Loop() {
		m.Predict(s)
	}
}
