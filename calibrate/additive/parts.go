package additive

import (
	"strings"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// class is a kind of work that both our kernels and a runtime's own words for operators tell apart. Runtimes merge, split and reorder operators, so
// that single ones often cannot be joined; the sums over classes can.
type class int

const (
	dense class = iota // convolutions and matrix products of every kind
	depthwise
	pooling
	curve // pointwise functions, softmax, normalisation
	resize
	move // arithmetic on tensors and copies
	classCount
)

// words are parts of operator names, the more special first. They are those of TensorFlow Lite's builtin operators and of XNNPACK's.
var words = []struct {
	word string
	class
}{
	{"dwconv", depthwise}, {"depthwise", depthwise}, {"gemm", dense}, {"conv", dense}, {"fully connected", dense}, {"fully_connected", dense},
	{"matrix multiply", dense}, {"matmul", dense}, {"pool", pooling}, {"mean", pooling}, {"reduce", pooling}, {"resize", resize}, {"relu", curve},
	{"clamp", curve}, {"sigmoid", curve}, {"logistic", curve}, {"swish", curve}, {"softmax", curve}, {"tanh", curve}, {"exp", curve}, {"elu", curve},
	{"sqrt", curve}, {"add", move}, {"sub", move}, {"mul", move}, {"div", move}, {"pad", move}, {"slice", move}, {"split", move}, {"concat", move},
	{"copy", move}, {"transpose", move}, {"reshape", move}, {"convert", move}, {"quantize", move}, {"gather", move}, {"pack", move}, {"maximum", move},
	{"minimum", move}, {"squeeze", move}, {"depth to space", move}, {"space_to", move}, {"depth_to", move},
}

// classOfOp returns the class of a runtime's operator by its name.
func classOfOp(name string) (class, bool) {
	name = strings.ToLower(name)
	for _, w := range words {
		if strings.Contains(name, w.word) {
			return w.class, true
		}
	}
	return 0, false
}

func classOfKind(k feature.Kind) (class, bool) {
	switch k {
	case feature.Conv, feature.GroupConv, feature.Dense, feature.MatMul, feature.Deconv:
		return dense, true
	case feature.DepthConv:
		return depthwise, true
	case feature.Pool, feature.GlobalPool:
		return pooling, true
	case feature.Activation, feature.Softmax, feature.Norm:
		return curve, true
	case feature.Resize:
		return resize, true
	case feature.Eltwise, feature.Move, feature.Embed, feature.Reshape:
		return move, true
	}
	return 0, false
}

// OpTime is the time of one operator in a run, under the runtime's own name for it.
type OpTime struct {
	Name string
	US   float64
}

// Part is the work of one class of a network, with its part of the measured time.
type Part struct {
	Terms []float64
	Share float64 // of the latency, 0 to 1
}

// minMapped is how much of a run's operator time must be of known classes.
const minMapped = 0.9

// Parts splits a network's work and its measured time by class. It returns nothing when too many operators of either side have no class.
func Parts(net *feature.Network, ops []OpTime) []Part {
	var spent [classCount]float64
	all, mapped := 0.0, 0.0
	for _, o := range ops {
		all += o.US
		if c, ok := classOfOp(o.Name); ok {
			spent[c] += o.US
			mapped += o.US
		}
	}
	if all <= 0 || mapped < minMapped*all {
		return nil
	}
	var work [classCount]feature.Network
	for i := range net.Layers {
		c, ok := classOfKind(net.Layers[i].Kind)
		if !ok {
			return nil
		}
		work[c].Layers = append(work[c].Layers, net.Layers[i])
	}
	var out []Part
	for c := range classCount {
		share := spent[c] / all
		if len(work[c].Layers) == 0 || share < 0.01 {
			continue
		}
		x := Terms(&work[c])
		x[session] = 0
		out = append(out, Part{Terms: x, Share: share})
	}
	return out
}
