package additive_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// device is a fake device with known prices: a scale and a factor of each term.
type device struct {
	scale   float64
	factors []float64
}

func (d device) ms(x []float64) float64 {
	s := 0.0
	for i, v := range x {
		s += d.scale * d.factors[i] * v
	}
	return s
}

// samples draws n networks with random terms and their latency on the device, with noise.
func samples(rng *rand.Rand, d device, n int, noise float64) []additive.Sample {
	var out []additive.Sample
	for i := range n {
		x := make([]float64, len(additive.Names()))
		for j := range x {
			if rng.Float64() < 0.4 {
				x[j] = math.Exp(2 * rng.NormFloat64())
			}
		}
		x[0] = 0.02
		out = append(out, additive.Sample{Group: fmt.Sprint(i / 2), Terms: x, LatencyMS: d.ms(x) * math.Exp(noise*rng.NormFloat64())})
	}
	return out
}

func fakeDevice(rng *rand.Rand) device {
	d := device{scale: 0.3, factors: make([]float64, len(additive.Names()))}
	for i := range d.factors {
		d.factors[i] = math.Exp(0.5 * rng.NormFloat64())
	}
	return d
}

func TestFit_recoversKnownPrices(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	d := fakeDevice(rng)
	m, err := additive.Fit(samples(rng, d, 60, 0.02))
	if err != nil {
		t.Fatal(err)
	}
	inside, worst := 0, 0.0
	test := samples(rng, d, 200, 0.02)
	for _, s := range test {
		v, lo, hi := m.Predict(s.Terms)
		worst += math.Abs(v/s.LatencyMS-1) / 200
		if lo <= s.LatencyMS && s.LatencyMS <= hi {
			inside++
		}
	}
	if worst > 0.08 || inside < 160 {
		t.Errorf("mean error %.3f, %d of 200 inside the interval", worst, inside)
	}
	for i, f := range m.Factors {
		if f < 0 {
			t.Errorf("price of %s is negative: %v", additive.Names()[i], f)
		}
	}
}

func TestPoint_answersAfterOneRun(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	d := device{scale: 5, factors: make([]float64, len(additive.Names()))}
	for i := range d.factors {
		d.factors[i] = 1
	}
	s := samples(rng, d, 3, 0)
	m, err := additive.Point(s[:1])
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range s {
		if v := m.ValueMS(x.Terms); math.Abs(v/x.LatencyMS-1) > 0.02 {
			t.Errorf("%v, want %v", v, x.LatencyMS)
		}
	}
}

func TestFit_refuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	s := samples(rng, fakeDevice(rng), 10, 0)
	if _, err := additive.Fit(s[:4]); !errors.Is(err, additive.ErrTooFew) {
		t.Errorf("four runs: %v", err)
	}
	for _, bad := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		c := append([]additive.Sample(nil), s...)
		c[2].LatencyMS = bad
		if _, err := additive.Fit(c); err == nil {
			t.Errorf("latency %v was taken", bad)
		}
	}
}

func TestFit_oneWildRunDoesNotSpoilTheRest(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	d := fakeDevice(rng)
	s := samples(rng, d, 40, 0.02)
	s[11].LatencyMS *= 20
	m, err := additive.Fit(s)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, x := range samples(rng, d, 100, 0) {
		sum += math.Abs(m.ValueMS(x.Terms)/x.LatencyMS-1) / 100
	}
	if sum > 0.2 {
		t.Errorf("mean error %.3f", sum)
	}
}

func TestModel_sameAfterItsFileForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	s := samples(rng, fakeDevice(rng), 20, 0.05)
	m, err := additive.Fit(s)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back additive.Model
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	for _, x := range s {
		v, lo, hi := m.Predict(x.Terms)
		if v2, lo2, hi2 := back.Predict(x.Terms); v != v2 || lo != lo2 || hi != hi2 {
			t.Fatalf("%v %v %v, after the file %v %v %v", v, lo, hi, v2, lo2, hi2)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := samples(rng, fakeDevice(rng), 40, 0.05)
	for b.Loop() {
		if _, err := additive.Fit(s); err != nil {
			b.Fatal(err)
		}
	}
}

func TestParts_joinsByClass(t *testing.T) {
	net := &feature.Network{Layers: []feature.Layer{
		{Kind: feature.Conv, KernelH: 3, KernelW: 3, MACs: 1e6, InElems: 1e3, OutElems: 1e3, Known: true},
		{Kind: feature.DepthConv, KernelH: 3, KernelW: 3, MACs: 1e5, InElems: 1e3, OutElems: 1e3, Known: true},
		{Kind: feature.Move, Op: "Pad", InElems: 1e3, OutElems: 2e3, Known: true},
	}}
	ops := []additive.OpTime{
		{Name: "Delegate/Convolution (NHWC, F32) IGEMM", US: 60}, {Name: "Delegate/Convolution (NHWC, F32) DWConv", US: 30},
		{Name: "Delegate/Constant Pad (ND, X32)", US: 10},
	}
	parts := additive.Parts(net, ops)
	if len(parts) != 3 || parts[0].Share != 0.6 || parts[1].Share != 0.3 || parts[2].Share != 0.1 {
		t.Fatalf("parts %+v", parts)
	}
	whole, sum := additive.Terms(net), make([]float64, len(additive.Names()))
	for _, p := range parts {
		for i, v := range p.Terms {
			sum[i] += v
		}
	}
	for i := range sum[1:] {
		if math.Abs(sum[1+i]-whole[1+i]) > 1e-12 {
			t.Errorf("%s: parts %v, whole %v", additive.Names()[1+i], sum[1+i], whole[1+i])
		}
	}
	if p := additive.Parts(net, []additive.OpTime{{Name: "edgetpu-custom-op", US: 90}, {Name: "ADD", US: 10}}); p != nil {
		t.Errorf("a run of unknown operators was split: %+v", p)
	}
}
