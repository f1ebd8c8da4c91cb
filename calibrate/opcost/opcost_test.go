package opcost_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/opcost"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// layers draws a network of convolutions, depthwise convolutions and functions.
func layers(rng *rand.Rand, n int) *feature.Network {
	net := &feature.Network{Name: "net"}
	for range n {
		px, in, out := 16+rng.IntN(3000), 8+rng.IntN(200), 8+rng.IntN(200)
		l := feature.Layer{Known: true, InChannels: in, OutChannels: out, KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, Groups: 1, Pixels: px, Row: out}
		switch rng.IntN(4) {
		case 0:
			l.Kind, l.Op, l.Params = feature.Conv, "Conv", float64(in*out)
		case 1:
			l.Kind, l.Op, l.KernelH, l.KernelW, l.Params = feature.Conv, "Conv", 3, 3, float64(9*in*out)
		case 2:
			l.Kind, l.Op, l.KernelH, l.KernelW, l.OutChannels, l.Groups, l.Params = feature.DepthConv, "Conv", 3, 3, in, in, float64(9*in)
		case 3:
			l.Kind, l.Op, l.OutChannels, l.Row = feature.Activation, "Sigmoid", 1, in
		}
		l.InElems, l.OutElems = float64(px*in), float64(px*max(l.OutChannels, 1))
		if l.Kind == feature.Activation {
			l.OutElems = l.InElems
		} else {
			l.MACs = l.Params * float64(px)
		}
		net.Layers = append(net.Layers, l)
	}
	return net
}

// us is the time of a layer on a made-up processor: a price that bends with the size, which no single price per MAC can follow.
func us(l *feature.Layer) float64 {
	switch {
	case l.Op == "Tanh":
		return 0.8
	case l.Kind == feature.Activation:
		return 0.3 + 0.0005*l.InElems
	case l.Kind == feature.DepthConv:
		return 0.3 + 0.0001*l.MACs*(1+20/float64(l.InChannels))
	}
	return 0.3 + 0.00002*l.MACs*(1+30/float64(l.OutChannels)) + 0.0003*l.Params
}

var names = map[feature.Kind]string{feature.Activation: "Delegate/Sigmoid (NC)", feature.DepthConv: "Delegate/Convolution (NHWC, F32) DWConv", feature.Conv: "Delegate/Convolution (NHWC, F32) IGEMM"}

// measured runs a network on it: the profiler ticks in whole microseconds, and a run costs 2 % and 5 us more than its operators.
func measured(rng *rand.Rand, net *feature.Network, group string, probe bool) opcost.Run {
	r := opcost.Run{Group: group, Probe: probe, Net: net}
	sum := 0.0
	for i := range net.Layers {
		t := us(&net.Layers[i]) * math.Exp(0.02*rng.NormFloat64())
		sum += t
		name := names[net.Layers[i].Kind]
		if net.Layers[i].Op == "Tanh" {
			name = "TANH"
		}
		r.Ops = append(r.Ops, opcost.OpTime{Name: name, US: math.Floor(t)})
		if i%7 == 3 {
			r.Ops = append(r.Ops, opcost.OpTime{Name: "Delegate/Static Reshape (NC)"})
		}
	}
	r.LatencyMS = (1.02*sum + 5) / 1000
	return r
}

func runs(rng *rand.Rand, probes, networks int) []opcost.Run {
	var out []opcost.Run
	for i := range probes {
		out = append(out, measured(rng, layers(rng, 30), fmt.Sprint("probe", i), true))
	}
	for i := range networks {
		out = append(out, measured(rng, layers(rng, 12+rng.IntN(40)), fmt.Sprint("family", i/2), false))
	}
	return out
}

func TestFit_predictsNetworksItDidNotSee(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	rs := runs(rng, 12, 12)
	res, err := opcost.Fit(rs)
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range res.HeldOut {
		if h.Known == rs[i].Probe {
			t.Fatalf("run %d: known %v, probe %v", i, h.Known, rs[i].Probe)
		}
		if e := h.ValueMS/rs[i].LatencyMS - 1; h.Known && math.Abs(e) > 0.15 {
			t.Errorf("run %d held out: %.4f ms, measured %.4f", i, h.ValueMS, rs[i].LatencyMS)
		}
	}
	sum, inside := 0.0, 0
	for range 40 {
		r := measured(rng, layers(rng, 30), "new", false)
		v, lo, hi := res.Model.Predict(r.Net)
		sum += math.Abs(v/r.LatencyMS-1) / 40
		if lo <= r.LatencyMS && r.LatencyMS <= hi {
			inside++
		}
	}
	if sum > 0.05 || inside < 32 {
		t.Errorf("new networks: mean error %.3f, %d of 40 inside", sum, inside)
	}
}

func TestModel_sameAfterItsFileForm(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	res, err := opcost.Fit(runs(rng, 6, 6))
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(res.Model)
	if err != nil {
		t.Fatal(err)
	}
	back := &opcost.Model{}
	if err := json.Unmarshal(b, back); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		net := layers(rng, 20)
		v, lo, hi := res.Model.Predict(net)
		w, wlo, whi := back.Predict(net)
		if math.Abs(w/v-1) > 1e-3 || math.Abs(wlo/lo-1) > 1e-3 || math.Abs(whi/hi-1) > 1e-3 {
			t.Errorf("%v %v %v, after the file %v %v %v", v, lo, hi, w, wlo, whi)
		}
		parts := 0.0
		for _, ms := range back.Layers(net) {
			parts += ms
		}
		if parts > w*1.001 || parts < w*0.8 {
			t.Errorf("layers sum to %v of %v ms", parts, w)
		}
	}
	for _, bad := range []string{`{}`, `{"version":1,"columns":3}`, `{"version":9}`, `[1]`} {
		if err := json.Unmarshal([]byte(bad), &opcost.Model{}); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}

func TestFit_refusesRunsWithoutTimesOfOperators(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	rs := runs(rng, 0, 6)
	for i := range rs {
		rs[i].Ops = nil
	}
	if _, err := opcost.Fit(rs); !errors.Is(err, opcost.ErrTooFew) {
		t.Errorf("error %v", err)
	}
}

func TestFit_fusedKernelsCostNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	rs := runs(rng, 8, 8)
	for i := range rs {
		var with []feature.Layer
		for _, l := range rs[i].Net.Layers {
			with = append(with, l)
			if l.MACs > 0 {
				with = append(with, feature.Layer{Kind: feature.Activation, Op: "Relu", InElems: l.OutElems, OutElems: l.OutElems, Known: true, InChannels: 1, OutChannels: 1,
					KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, Groups: 1, Pixels: 1, Row: l.OutChannels})
			}
		}
		rs[i].Net.Layers = with
	}
	res, err := opcost.Fit(rs)
	if err != nil {
		t.Fatal(err)
	}
	for i, ms := range res.Model.Layers(rs[0].Net) {
		if rs[0].Net.Layers[i].Op == "Relu" && ms > 0 {
			t.Errorf("layer %d: a fused function costs %v ms", i, ms)
		}
	}
}

func TestFit_kernelsThatRunsDoWithoutCostNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	rs := runs(rng, 8, 8)
	for i := range rs {
		quantize := feature.Layer{Kind: feature.Activation, Op: "QuantizeLinear", InElems: 4000, OutElems: 4000, Known: true, InChannels: 1, OutChannels: 1,
			KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, Groups: 1, Pixels: 1, Row: 16}
		rs[i].Net.Layers = append(rs[i].Net.Layers, quantize)
		if rs[i].Probe && i%2 == 0 { // an operator whose name says nothing may be the layer
			rs[i].Ops = append(rs[i].Ops, opcost.OpTime{Name: "secret"})
		}
	}
	res, err := opcost.Fit(rs)
	if err != nil {
		t.Fatal(err)
	}
	all := res.Model.Layers(rs[0].Net)
	if ms := all[len(all)-1]; ms > 0 {
		t.Errorf("a layer that no run does costs %v ms", ms)
	}
	state := &feature.Network{Layers: []feature.Layer{{Op: "StateRead", OutElems: 1e4, Known: true, Row: 16}, {Op: "ReduceMean", InElems: 1e4, OutElems: 1e4, Known: true, Row: 16}}}
	if ms := res.Model.Layers(state); ms[0] > 0 || !(ms[1] > 0) {
		t.Errorf("a variable handed over and a layer of unknown price cost %v ms", ms)
	}
}

// Half of the tiny networks are of a function that no other has and whose operators never take a tick: only the rests of their own runs tell.
func TestFit_networksBelowTheClocksTick(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	tiny := func(group string) opcost.Run {
		net := layers(rng, 20)
		for i := range net.Layers {
			l := &net.Layers[i]
			l.Pixels, l.InChannels = 1, max(l.InChannels/20, 1)
			if l.Kind == feature.Conv {
				l.OutChannels = max(l.OutChannels/20, 1)
				l.Params = float64(l.KernelH * l.KernelW * l.InChannels * l.OutChannels)
			} else {
				l.Params, l.Groups, l.OutChannels = 0, 1, l.InChannels
				if l.Kind == feature.DepthConv {
					l.Params, l.Groups = float64(9*l.InChannels), l.InChannels
				}
			}
			l.MACs, l.InElems, l.OutElems = l.Params, float64(l.InChannels), float64(l.OutChannels)
		}
		return measured(rng, net, group, false)
	}
	alone := func(group string) opcost.Run {
		net := &feature.Network{Name: "alone"}
		for range 10 + rng.IntN(20) {
			n := 1 + rng.IntN(10)
			net.Layers = append(net.Layers, feature.Layer{Kind: feature.Activation, Op: "Tanh", InElems: float64(n), OutElems: float64(n), Known: true, InChannels: n,
				OutChannels: 1, KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, Groups: 1, Pixels: 1, Row: n})
		}
		return measured(rng, net, group, false)
	}
	const each = 8
	rs := runs(rng, 12, 8)
	for i := range each {
		rs = append(rs, tiny(fmt.Sprint("tiny", i)), alone(fmt.Sprint("alone", i)))
	}
	res, err := opcost.Fit(rs)
	if err != nil {
		t.Fatal(err)
	}
	for i := len(rs) - 2*each; i < len(rs); i++ {
		for _, o := range rs[i].Ops {
			if o.US > 0 {
				t.Fatalf("operator of %v us", o.US)
			}
		}
		if e := res.HeldOut[i].ValueMS/rs[i].LatencyMS - 1; math.Abs(e) > 0.3 {
			t.Errorf("%s: %.4f ms, measured %.4f", rs[i].Group, res.HeldOut[i].ValueMS, rs[i].LatencyMS)
		}
	}
}

func BenchmarkFit(b *testing.B) {
	rs := runs(rand.New(rand.NewPCG(9, 10)), 8, 8)
	for b.Loop() {
		if _, err := opcost.Fit(rs); err != nil {
			b.Fatal(err)
		}
	}
}
