package estimate_test

import (
	"math"
	"testing"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// convs returns a network of n equal 3x3 convolutions.
func convs(name string, n int) *feature.Network {
	net := &feature.Network{Name: name, InputElems: 56 * 56 * 64, OutputElems: 56 * 56 * 64}
	for range n {
		net.Layers = append(net.Layers, feature.Layer{
			Name: "conv", Op: "Conv", Kind: feature.Conv, Known: true, MACs: 56 * 56 * 64 * 64 * 9, Params: 64*64*9 + 64, WeightBytes: 4 * (64*64*9 + 64),
			InElems: 56 * 56 * 64, OutElems: 56 * 56 * 64, InChannels: 64, OutChannels: 64, KernelH: 3, KernelW: 3, StrideH: 1, StrideW: 1,
			DilationH: 1, DilationW: 1, Groups: 1, Pixels: 56 * 56,
		})
	}
	return net
}

func pixel7(t *testing.T, runtime string) device.Target {
	t.Helper()
	d, err := device.Embedded().Find("Pixel 7")
	if err != nil {
		t.Fatal(err)
	}
	return device.Target{Device: d, Runtime: runtime, Delegate: device.CPU, Threads: 4, Precision: device.F32}
}

func prepare(t *testing.T, tg device.Target, given []estimate.Given) *estimate.Target {
	t.Helper()
	out, err := estimate.New(estimate.Profiles{}).Prepare(tg, given)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPredict_withoutProfileIsSimulatedAndInside(t *testing.T) {
	p := prepare(t, pixel7(t, "litert"), nil).Predict(estimate.Question{Name: "a", Network: convs("a", 10)})
	if p.Basis != estimate.Simulated || !p.LatencyMS.Known || p.LatencyMS.Lo >= p.LatencyMS.Value || p.LatencyMS.Hi <= p.LatencyMS.Value {
		t.Errorf("prediction: %+v", p)
	}
	// 10 convolutions of 115.6 MMACs at no more than the published peak of four
	// threads, and at no less than a fiftieth of it.
	peak := pixel7(t, "litert").Device.SoC.Peak(device.F32, 4, device.AffinityAny)
	floor := 10 * 56 * 56 * 64 * 64 * 9 / peak.Value * 1000
	if p.LatencyMS.Value < floor || p.LatencyMS.Value > 50*floor {
		t.Errorf("latency %.3g ms, roofline floor %.3g ms", p.LatencyMS.Value, floor)
	}
	sum := 0.0
	for _, l := range p.Layers {
		sum += l.Share
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("shares add up to %g", sum)
	}
}

func TestPredict_twiceTheWorkCostsMore(t *testing.T) {
	tg := prepare(t, pixel7(t, "litert"), nil)
	one, two := tg.Predict(estimate.Question{Network: convs("a", 5)}), tg.Predict(estimate.Question{Network: convs("b", 10)})
	if r := two.LatencyMS.Value / one.LatencyMS.Value; r < 1.7 || r > 2.1 {
		t.Errorf("ratio %g", r)
	}
}

func TestPredict_givenRowsSharpen(t *testing.T) {
	net := convs("mine", 5)
	tg := prepare(t, pixel7(t, "litert"), []estimate.Given{{Network: net, Name: "mine", LatencyMS: 40}})
	if p := tg.Predict(estimate.Question{Name: "mine", Network: net}); p.Basis != estimate.Measured || p.LatencyMS.Value != 40 {
		t.Errorf("the measured model itself: %+v", p)
	}
	p := tg.Predict(estimate.Question{Name: "other", Network: convs("other", 10)})
	without := prepare(t, pixel7(t, "litert"), nil).Predict(estimate.Question{Name: "other", Network: convs("other", 10)})
	if p.Basis != estimate.SameTarget || p.LatencyMS.Value < 65 || p.LatencyMS.Value > 85 || p.LatencyMS.Hi/p.LatencyMS.Lo >= without.LatencyMS.Hi/without.LatencyMS.Lo {
		t.Errorf("another model: %+v, without the row %+v", p.LatencyMS, without.LatencyMS)
	}
}

func TestPredict_refusals(t *testing.T) {
	tg := prepare(t, pixel7(t, "litert"), nil)
	unknown := convs("u", 3)
	for i := range unknown.Layers {
		unknown.Layers[i].Known = false
	}
	for name, q := range map[string]estimate.Question{
		"no network":  {Name: "x"},
		"no operator": {Network: &feature.Network{}},
		"opaque":      {Network: convs("a", 2), Opaque: 1},
		"unknown":     {Network: unknown},
		"unpriceable": {Network: convs("a", 2), Unpriceable: "free dimensions"},
	} {
		if p := tg.Predict(q); p.Basis != estimate.Refused || p.LatencyMS.Known || p.EnergyMJ.Known || p.Reason == "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestPredict_multipliesWhatALoopRuns(t *testing.T) {
	tg := prepare(t, pixel7(t, "litert"), nil)
	once, six := tg.Predict(estimate.Question{Name: "a", Network: convs("a", 2)}), tg.Predict(estimate.Question{Name: "a", Network: convs("a", 2), Times: 6})
	for what, r := range map[string][2]estimate.Range{"latency": {once.LatencyMS, six.LatencyMS}, "energy": {once.EnergyMJ, six.EnergyMJ}} {
		if a, b := r[0], r[1]; !a.Known || !near(b.Value, 6*a.Value) || !near(b.Lo, 6*a.Lo) || !near(b.Hi, 6*a.Hi) {
			t.Errorf("%s %+v once, %+v six times", what, a, b)
		}
	}
	given := prepare(t, pixel7(t, "litert"), []estimate.Given{{Name: "a", Network: convs("a", 2), LatencyMS: 5}})
	if p := given.Predict(estimate.Question{Name: "a", Network: convs("a", 2), Times: 6}); p.LatencyMS.Value != 5 || p.Basis != estimate.Measured {
		t.Errorf("a measured whole is %+v", p.LatencyMS)
	}
}

func near(got, want float64) bool { return math.Abs(got-want) <= 1e-9*want }

func TestPrepare_unknownRuntimeIsAnError(t *testing.T) {
	if _, err := estimate.New(estimate.Profiles{}).Prepare(pixel7(t, "nosuch"), nil); err == nil {
		t.Error("a runtime that nobody knows was prepared")
	}
}

func BenchmarkPredict(b *testing.B) {
	d, err := device.Embedded().Find("Pixel 7")
	if err != nil {
		b.Fatal(err)
	}
	tg, err := estimate.New(estimate.Profiles{}).Prepare(device.Target{Device: d, Runtime: "litert", Delegate: device.CPU, Threads: 4, Precision: device.F32}, nil)
	if err != nil {
		b.Fatal(err)
	}
	q := estimate.Question{Network: convs("a", 60)}
	b.ReportAllocs()
	for b.Loop() {
		tg.Predict(q)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Minutes(), "predictions/min")
}
