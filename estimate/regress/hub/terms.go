package hub

import "math"

// group is what a device's deviations are shared by.
type group int

const (
	compute group = iota
	memory
	overhead
	fallback // layers on the CPU
	groupCount
)

// term is one part of a latency: its group and the prior centre of its unit
// cost in milliseconds, for float, w8a8 and w8a16, on a device at level 0.
type term struct {
	name   string
	group  group
	centre [3]float64
}

// terms are the parts of a latency. Units: 1e9 multiply-accumulates (depthwise:
// 1e6), megabytes, launches.
var terms = []term{
	{"dense", compute, [3]float64{.30, .10, .19}},
	{"padded", compute, [3]float64{.03, .01, .02}},
	{"dilated", compute, [3]float64{.8, .25, .4}},
	{"grouped", compute, [3]float64{.25, .15, .2}},
	{"depthwise", compute, [3]float64{.02, .012, .015}},
	{"product", compute, [3]float64{1, .6, .8}},
	{"weights", memory, [3]float64{.028, .026, .026}},
	{"conv", memory, [3]float64{.006, .006, .006}},
	{"eltwise", memory, [3]float64{.006, .006, .006}},
	{"move", memory, [3]float64{.02, .02, .02}},
	{"norm", memory, [3]float64{.03, .03, .03}},
	{"spill", memory, [3]float64{.03, .03, .03}},
	{"launch", overhead, [3]float64{.003, .003, .003}},
	{"move_launch", overhead, [3]float64{.003, .003, .003}},
	{"step", overhead, [3]float64{.012, .012, .012}},
	{"fixed", overhead, [3]float64{.12, .08, .1}},
	{"spatial3_cpu", fallback, [3]float64{8, 12, 12}},
	{"norm_cpu", fallback, [3]float64{.3, .3, .3}},
}

// TermNames names the terms of Physics, in order.
func TermNames() []string {
	out := make([]string, len(terms))
	for i, t := range terms {
		out[i] = t.name
	}
	return out
}

// precisionOf returns the place of a precision in term.centre, and false for
// precisions that Physics does not know.
func precisionOf(p string) (int, bool) {
	switch p {
	case "float":
		return 0, true
	case "w8a8":
		return 1, true
	case "w8a16":
		return 2, true
	}
	return 0, false
}

// bytes of a weight and of an activation by precision, in millionths.
var (
	weightMB     = [3]float64{2e-6, 1e-6, 1e-6}
	activationMB = [3]float64{2e-6, 1e-6, 2e-6}
)

// amounts returns the amount of each term for a network at a precision under a
// runtime. TFLite's delegate leaves convolutions over three axes to the CPU;
// ONNX Runtime leaves normalisations with 16-bit activations to it.
func (w *Work) amounts(precision int, runtime string) []float64 {
	a, wb := activationMB[precision], weightMB[precision]
	x := []float64{w.Dense / 1e9, w.Padded / 1e9, w.Dilated / 1e9, w.Grouped / 1e9, w.Depthwise / 1e6, w.Product / 1e9,
		w.Weights * wb, w.Conv * a, w.Eltwise * a, w.Move * a, w.Norm * a, w.Spill * a,
		w.Compute, w.Moves, w.Steps, 1, 0, 0}
	if runtime == "tflite" && w.Spatial3 > 0 {
		x[16] = x[0]
		x[0], x[1], x[7], x[11] = 0, 0, 0, 0
	}
	if runtime == "onnx" && precision == 2 && w.Norm > 1e5 {
		x[17] = (w.Eltwise + w.Norm) * a
	}
	return x
}

// evaluate returns log(sum exp(eta)*x) and writes each term's share.
func evaluate(eta, x, share []float64) float64 {
	s := 0.
	for c := range x {
		share[c] = 0
		if x[c] > 0 {
			share[c] = math.Exp(eta[c]) * x[c]
			s += share[c]
		}
	}
	for c := range share {
		share[c] /= s
	}
	return math.Log(s)
}
