package hub

import (
	"math"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// Work is the work of a network by layer, in the order of execution, and their
// sum.
type Work struct {
	load
	layers []load
}

// load is the work of a layer or a network in the terms of Physics, before dtypes: counts
// of multiply-accumulates and of elements per inference.
type load struct {
	Dense, Padded, Grouped, Dilated, Depthwise float64 // multiply-accumulates; Padded counts those that tiles of 32 channels add
	Spatial3                                   float64 // those of Dense that slide over three axes
	Product                                    float64 // multiply-accumulates of two activations
	Weights                                    float64 // constant elements
	Conv, Eltwise, Move, Norm, Spill           float64 // activation elements read and written by kind of layer
	Compute, Moves, Steps                      float64 // launches: compute and elementwise (halved), moves; time steps
}

// Sizes that the terms are built on.
const (
	tileChannels  = 32  // channels that a matrix unit takes at once
	spillElements = 4e6 // activation elements that fit beside the processor
	reshapeLaunch = .25 // launches of a reshape, most of which cost nothing
	softmaxWeight = 3   // passes of a softmax over its elements
)

// WorkOf sums the layers of a network.
func WorkOf(n *feature.Network) *Work {
	w := &Work{}
	for i := range n.Layers {
		w.add(&n.Layers[i])
		var l load
		l.add(&n.Layers[i])
		w.layers = append(w.layers, l)
	}
	return w
}

func (w *load) add(l *feature.Layer) {
	traffic := l.InElems + l.OutElems
	w.Weights += l.Params
	if l.Kind != feature.Reshape {
		w.Spill += math.Max(0, traffic-spillElements)
	}
	switch l.Kind {
	case feature.Conv, feature.Deconv, feature.GroupConv, feature.Dense, feature.MatMul, feature.Attention, feature.Recurrent:
		w.compute(l, traffic)
	case feature.DepthConv:
		w.Depthwise += l.MACs
		w.Compute++
	case feature.Move, feature.Resize, feature.Embed, feature.Detect:
		w.Move += traffic
		w.Moves++
	case feature.Reshape:
		w.Moves += reshapeLaunch
	case feature.Softmax:
		w.Norm += softmaxWeight * traffic
		w.Compute++
	case feature.Norm:
		w.Norm += traffic
		w.Compute++
	case feature.GlobalPool, feature.Pool, feature.Eltwise, feature.Activation, feature.Other:
		if l.Kind == feature.Eltwise || l.Kind == feature.Activation || l.Kind == feature.Other {
			w.Eltwise += traffic
		}
		w.Compute += .5
	}
}

func (w *load) compute(l *feature.Layer, traffic float64) {
	w.Conv += traffic
	w.Compute++
	in, out := float64(max(1, l.InChannels)), float64(max(1, l.OutChannels))
	full := math.Ceil(in/tileChannels) * tileChannels * math.Ceil(out/tileChannels) * tileChannels / (in * out)
	switch l.Kind {
	case feature.GroupConv:
		per := math.Max(1, in/float64(max(1, l.Groups)))
		w.Grouped += l.MACs
		w.Padded += l.MACs * (math.Ceil(per/tileChannels)*tileChannels/per - 1)
	case feature.MatMul, feature.Attention:
		w.Product += l.MACs
	case feature.Recurrent:
		w.Dense += l.MACs
		w.Steps += float64(l.Steps)
	default:
		w.Dense += l.MACs
		w.Padded += l.MACs * (full - 1)
		if l.SpatialAxes >= 3 {
			w.Spatial3 += l.MACs
		}
		if l.DilationH > 1 || l.DilationW > 1 {
			w.Dilated += l.MACs
		}
	}
}
