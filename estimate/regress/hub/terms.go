package hub

import "math"

// group is what a device's deviations are shared by.
type group int

const (
	compute group = iota
	memory
	overhead
	entry    // once per inference
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
	{"fixed", entry, [3]float64{.12, .08, .1}},
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
//
// Arithmetic and memory traffic of one layer overlap: a layer takes the p-norm
// of the two. With p = 1 they add up, with large p the longer one counts. At the
// prior centres this is a sum again, of arithmetic and traffic each times its
// part (side/norm)^(p-1), so that amounts are scaled by these.
func (w *Work) amounts(precision int, runtime string, p float64) []float64 {
	x := make([]float64, len(terms))
	x[15] = 1
	cpu := runtime == "tflite" && w.Spatial3 > 0
	for i := range w.layers {
		l := w.layers[i].units(precision)
		if cpu {
			x[16] += l[0]
			l[0], l[1], l[7], l[11] = 0, 0, 0, 0
		}
		var side [2]float64
		for c := range terms {
			if g := terms[c].group; g == compute || g == memory {
				side[g] += terms[c].centre[precision] * l[c]
			}
		}
		norm := math.Pow(math.Pow(side[0], p)+math.Pow(side[1], p), 1/p)
		for c := range l {
			if g := terms[c].group; (g == compute || g == memory) && norm > 0 {
				l[c] *= math.Pow(side[g]/norm, p-1)
			}
			x[c] += l[c]
		}
	}
	if runtime == "onnx" && precision == 2 && w.Norm > 1e5 {
		x[17] = (w.Eltwise + w.Norm) * activationMB[precision]
	}
	return x
}

// units returns a layer's amounts of the terms up to the fixed one.
func (l *load) units(precision int) [15]float64 {
	a := activationMB[precision]
	return [15]float64{l.Dense / 1e9, l.Padded / 1e9, l.Dilated / 1e9, l.Grouped / 1e9, l.Depthwise / 1e6, l.Product / 1e9,
		l.Weights * weightMB[precision], l.Conv * a, l.Eltwise * a, l.Move * a, l.Norm * a, l.Spill * a, l.Compute, l.Moves, l.Steps}
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
