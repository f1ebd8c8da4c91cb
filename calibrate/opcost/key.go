package opcost

import (
	"math"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// kernel is a layer as this package prices it.
type kernel struct {
	key      string // kind of kernel and type of its numbers: those of one key share a process
	class    string // kinds that have something in common: the scale of a key that was never measured is that of its class
	x        []float64
	nominal  float64 // microseconds of work, without the start of the kernel
	fusible  bool    // a runtime may do it inside another kernel, for nothing
	light    bool    // without multiplications: a runtime may do without it
	variable bool    // reads or writes a variable: runtimes hand its buffer over
	free     bool    // does nothing at run time
}

// columns of kernel.x, logarithms but for the last.
const (
	colIn = iota
	colOut
	colInChannels
	colOutChannels
	colPixels
	colWindow
	colStride
	colWaste   // of a tile of channels that is not full
	colNetwork // bytes of the whole network's weights: those that no cache holds come from memory at every inference
	colWork    // MACs
	colWeights // bytes of the kernel's own weights
	colOne     // 1: the key's own scale
	columnCount
)

// tile is how many output channels kernels of common processors compute at once.
const tile = 16

// kernels returns the layers of a network in order.
func kernels(net *feature.Network) []kernel {
	types, weights := typesOf(net), 0.0
	for i := range net.Layers {
		if !net.Layers[i].Again {
			weights += weightBytes(&net.Layers[i])
		}
	}
	out := make([]kernel, len(net.Layers))
	for i := range net.Layers {
		l := &net.Layers[i]
		k := &out[i]
		k.key, k.class = keyOf(l)
		k.free, k.light = l.Kind == feature.Reshape, l.MACs <= 0
		k.variable = l.Op == "StateRead" || l.Op == "StateWrite"
		if k.fusible = fusible(net, i); k.fusible {
			k.key += " beside a convolution"
		}
		k.key += types[i]
		k.class += types[i]
		k.nominal = nominal(l, weights)
		k.x = columnsOf(l)
		k.x[colNetwork] = math.Log(weights + cacheBytes)
	}
	return out
}

// cacheBytes is a size of weights that any cache of a phone's core holds: networks below it do not differ by it.
const cacheBytes = 1 << 18

// typesOf returns what is added to a layer's key for the type of its numbers: " i8" for 8-bit integers, " w8" for such weights alone. Layers without
// weights are as the one with weights before them, the first ones as the first.
func typesOf(net *feature.Network) []string {
	out := make([]string, len(net.Layers))
	now, found := "", false
	for i := range net.Layers {
		l := &net.Layers[i]
		if l.Params <= 0 || l.MACs <= 0 {
			out[i] = now
			continue
		}
		now = ""
		if l.Int8 && !l.Mixed {
			now = " i8"
		}
		out[i] = now
		if l.Mixed {
			out[i] = " w8"
		}
		if !found {
			found = true
			for j := range i {
				out[j] = now
			}
		}
	}
	return out
}

func keyOf(l *feature.Layer) (key, class string) {
	switch l.Kind {
	case feature.Conv, feature.Dense:
		one := l.KernelH*l.KernelW == 1
		switch {
		case one && l.Pixels == 1:
			return "dense", "dense"
		case l.Kind == feature.Dense || one && l.StrideH == 1 && l.StrideW == 1:
			return "pointwise", "dense"
		}
		return "conv", "dense"
	case feature.GroupConv, feature.MatMul, feature.Deconv, feature.Attention, feature.Recurrent:
		return l.Kind.String(), "dense"
	case feature.DepthConv:
		return "depthwise", "depthwise"
	}
	return l.Op, l.Kind.String()
}

// clamps are the functions that runtimes do while a kernel writes its result.
var clamps = map[string]bool{"Relu": true, "Relu6": true, "ReluN1To1": true, "Clip": true}

// fusible reports whether a clamp follows, or a pad leads to, a kernel with weights that it may be done in.
func fusible(net *feature.Network, i int) bool {
	l := &net.Layers[i]
	if !clamps[l.Op] && l.Op != "Pad" {
		return false
	}
	if l.Op == "Pad" {
		if i+1 >= len(net.Layers) {
			return false
		}
		next := &net.Layers[i+1] // a convolution of the padded image, without a padding of its own
		return next.MACs > 0 && next.InElems == l.OutElems && next.KernelH > 1 && next.OutH == (next.InH-next.KernelH)/max(next.StrideH, 1)+1
	}
	return i > 0 && net.Layers[i-1].MACs > 0 && net.Layers[i-1].OutElems == l.InElems
}

// The nominal costs of weights: a layer's from memory in nanoseconds per byte, when the network has far more of them than roomBytes, and of a
// multiplication by them.
const (
	memoryNS  = 0.05
	roomBytes = 2 << 20
	denseNS   = 0.1
)

// weightBytes returns the bytes of a layer's weights as a runtime on a CPU holds them: half-precision files are run in single precision.
func weightBytes(l *feature.Layer) float64 {
	if l.Int8 {
		return l.Params
	}
	return 4 * l.Params
}

// nominal returns the nominal time in microseconds of a layer in a network with so many bytes of weights.
func nominal(l *feature.Layer, networkWeights float64) float64 {
	x := additive.Terms(&feature.Network{Layers: []feature.Layer{*l}})
	x[0], x[1] = 0, 0 // the session and the start
	us := 1000 * additive.Nominal(x)
	if l.MACs <= 0 || l.Params <= 0 {
		return us
	}
	if key, _ := keyOf(l); key == "dense" { // priced there by its bytes as if they always came from memory
		us = denseNS * l.MACs / 1000
	}
	return us + memoryNS*weightBytes(l)/1000*networkWeights/(networkWeights+roomBytes)
}

func columnsOf(l *feature.Layer) []float64 {
	x := make([]float64, columnCount)
	log := func(v float64) float64 { return math.Log(math.Max(v, 1)) }
	x[colIn], x[colOut] = log(l.InElems), log(l.OutElems)
	x[colInChannels] = log(float64(l.InChannels) / float64(max(l.Groups, 1)))
	x[colOutChannels], x[colPixels] = log(float64(l.OutChannels)), log(float64(l.Pixels))
	x[colWindow], x[colStride] = log(float64(l.KernelH*l.KernelW)), log(float64(l.StrideH*l.StrideW))
	if l.MACs <= 0 {
		x[colOutChannels] = log(float64(l.Row))
	}
	x[colWork], x[colWeights] = log(l.MACs), log(weightBytes(l))
	if l.MACs > 0 {
		c := float64(max(l.OutChannels, 1))
		x[colWaste] = math.Log(math.Ceil(c/tile) * tile / c)
	}
	x[colOne] = 1
	return x
}
