// Package additive is the plain latency model that a few dozen runs of one target can support: an inference takes the sum, over kinds of
// work, of an amount times a price, and no price is negative. Prices start at nominal values and move from them only as far as the runs ask,
// so that it answers after one run and does not break at fifty. The sampling of models (calibrate/plan) uses the same terms: the best models to
// run are those that tell the prices apart.
package additive

import (
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// term is a kind of work: its name, and the nominal price of a unit in nanoseconds on one core at about 2 GHz. The prices only shape the
// prior; a common factor is fitted. They follow from counting: a core with two 128-bit multiply-add units does 8 float32 MACs a cycle at
// best, pointwise convolutions reach about two thirds of that, depthwise ones are bound by loads, and a core copies about 8 GB/s.
type term struct {
	name string
	ns   float64
}

// The terms. Amounts are MACs, bytes, elements or counts as the names say.
const (
	session = iota
	launches
	pointwiseMACs
	convMACs
	depthMACs
	denseBytes
	matmulMACs
	deconvMACs
	recurrentMACs
	int8PointwiseMACs
	int8ConvMACs
	int8DepthMACs
	int8DenseBytes
	movedBytes
	pooledElems
	curvedElems
	resizedElems
	otherBytes
	paddedElems
	termCount
)

var terms = [termCount]term{
	session: {"session", 20000}, launches: {"launches", 2000}, pointwiseMACs: {"pointwise_macs", 0.1}, convMACs: {"conv_macs", 0.12},
	depthMACs: {"depth_macs", 0.35}, denseBytes: {"dense_bytes", 0.12}, matmulMACs: {"matmul_macs", 0.15}, deconvMACs: {"deconv_macs", 0.15},
	recurrentMACs: {"recurrent_macs", 0.2}, int8PointwiseMACs: {"int8_pointwise_macs", 0.05}, int8ConvMACs: {"int8_conv_macs", 0.06},
	int8DepthMACs: {"int8_depth_macs", 0.25}, int8DenseBytes: {"int8_dense_bytes", 0.12}, movedBytes: {"moved_bytes", 0.15},
	pooledElems: {"pooled_elems", 0.4}, curvedElems: {"curved_elems", 3}, resizedElems: {"resized_elems", 2}, otherBytes: {"other_bytes", 0.5}, paddedElems: {"padded_elems", 0.6},
}

// The blocks of terms whose prices move together from one processor to another.
const (
	starting = iota
	computing
	moving
	blockCount
)

// blockOf gives each term's block.
var blockOf = [termCount]int{session: starting, launches: starting, movedBytes: moving, pooledElems: moving, curvedElems: moving, resizedElems: moving,
	otherBytes: moving, paddedElems: moving, denseBytes: moving, int8DenseBytes: moving, pointwiseMACs: computing, convMACs: computing, depthMACs: computing, matmulMACs: computing,
	deconvMACs: computing, recurrentMACs: computing, int8PointwiseMACs: computing, int8ConvMACs: computing, int8DepthMACs: computing}

// Names returns the names of the terms in order.
func Names() []string {
	out := make([]string, termCount)
	for i, t := range terms {
		out[i] = t.name
	}
	return out
}

// Terms returns the amounts of work of a network in the order of Names, each in nominal milliseconds.
func Terms(net *feature.Network) []float64 {
	x := make([]float64, termCount)
	x[session] = 1
	for i := range net.Layers {
		addLayer(x, &net.Layers[i])
	}
	for i := range x {
		x[i] *= terms[i].ns * 1e-6
	}
	return x
}

func addLayer(x []float64, l *feature.Layer) {
	bytes := 4.0
	if l.Int8 {
		bytes = 1
	}
	moved := (l.InElems + l.OutElems) * bytes
	if l.Kind == feature.Reshape {
		return
	}
	x[launches]++
	switch l.Kind {
	case feature.Conv, feature.GroupConv:
		x[movedBytes] += moved
		point := l.KernelH*l.KernelW == 1
		x[pick(l.Int8, pick(point, convMACs, pointwiseMACs), pick(point, int8ConvMACs, int8PointwiseMACs))] += l.MACs
	case feature.DepthConv:
		x[movedBytes] += moved
		x[pick(l.Int8, depthMACs, int8DepthMACs)] += l.MACs
	case feature.Dense:
		if l.Pixels > 1 {
			x[movedBytes] += moved
			x[pick(l.Int8, pointwiseMACs, int8PointwiseMACs)] += l.MACs
			return
		}
		x[pick(l.Int8, denseBytes, int8DenseBytes)] += max(l.WeightBytes, l.Params*bytes)
	case feature.MatMul, feature.Attention:
		x[movedBytes] += moved
		x[matmulMACs] += l.MACs
	case feature.Deconv:
		x[movedBytes] += moved
		x[deconvMACs] += l.MACs
	case feature.Recurrent:
		x[recurrentMACs] += l.MACs
	case feature.Pool:
		x[pooledElems] += l.OutElems * float64(max(l.KernelH, 1)*max(l.KernelW, 1))
	case feature.GlobalPool:
		x[pooledElems] += l.InElems
	case feature.Softmax, feature.Activation, feature.Norm:
		x[curvedElems] += l.OutElems
	case feature.Resize:
		x[resizedElems] += l.OutElems
	case feature.Eltwise, feature.Move, feature.Embed:
		if l.Op == "Pad" {
			x[paddedElems] += l.OutElems
			return
		}
		x[movedBytes] += moved
	default:
		x[otherBytes] += moved
	}
}

// pick returns b when the condition holds, else a.
func pick(cond bool, a, b int) int {
	if cond {
		return b
	}
	return a
}

// Nominal returns the sum of a network's terms: milliseconds on the nominal core.
func Nominal(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v
	}
	return s
}

// Shares returns each term's part of the nominal time: the row of the design matrix of relative errors.
func Shares(x []float64) []float64 {
	s := Nominal(x)
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = v / s
	}
	return out
}
