package opcost

import (
	"math"
	"strings"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// OpTime is the time of one operator in a run, under the runtime's own name for it, in run order. Node is the name of the node of the model's graph
// that it was made of, "" where the runtime does not tell.
type OpTime struct {
	Name string
	Node string
	US   float64
}

// word is a part of a runtime's name for an operator and the kinds of layers that it may be. The more special come first.
type word struct {
	part  string
	kinds []feature.Kind
	ops   string // canonical operators that it is sure to be, spaces between; "" any of the kinds
}

// words are those of TensorFlow Lite's builtin operators, of XNNPACK's and of ONNX's.
var words = []word{
	{"dwconv", []feature.Kind{feature.DepthConv, feature.Conv}, ""}, {"depthwise", []feature.Kind{feature.DepthConv}, ""},
	{"batch matrix", []feature.Kind{feature.MatMul}, ""}, {"batch_matmul", []feature.Kind{feature.MatMul}, ""}, {"matmul", []feature.Kind{feature.MatMul, feature.Dense}, ""},
	{"deconv", []feature.Kind{feature.Deconv}, ""}, {"transpose_conv", []feature.Kind{feature.Deconv}, ""}, {"convtranspose", []feature.Kind{feature.Deconv}, ""},
	{"conv", []feature.Kind{feature.Conv, feature.GroupConv, feature.DepthConv}, ""},
	{"fully", []feature.Kind{feature.Dense, feature.Conv}, ""}, {"gemm", []feature.Kind{feature.Dense, feature.Conv, feature.MatMul}, ""},
	{"max pool", []feature.Kind{feature.Pool, feature.GlobalPool}, "MaxPool"}, {"max_pool", []feature.Kind{feature.Pool, feature.GlobalPool}, "MaxPool"},
	{"average", []feature.Kind{feature.Pool, feature.GlobalPool, feature.Norm}, ""}, {"pool", []feature.Kind{feature.Pool, feature.GlobalPool}, ""},
	{"mean", []feature.Kind{feature.Norm, feature.GlobalPool}, ""}, {"reduce", []feature.Kind{feature.Norm, feature.GlobalPool}, ""}, {"sum", []feature.Kind{feature.Norm, feature.Eltwise}, ""},
	{"arg", []feature.Kind{feature.Norm}, ""}, {"resize", []feature.Kind{feature.Resize}, ""}, {"softmax", []feature.Kind{feature.Softmax}, ""},
	{"squared", []feature.Kind{feature.Eltwise}, "SquaredDifference"}, {"rsqrt", []feature.Kind{feature.Activation}, "Rsqrt"}, {"reciprocal square", []feature.Kind{feature.Activation}, "Rsqrt"},
	{"hard", []feature.Kind{feature.Activation}, "HardSwish HardSigmoid"}, {"sigmoid", []feature.Kind{feature.Activation}, "Sigmoid"}, {"logistic", []feature.Kind{feature.Activation}, "Sigmoid"},
	{"tanh", []feature.Kind{feature.Activation}, "Tanh"}, {"gelu", []feature.Kind{feature.Activation}, "Gelu"}, {"leaky", []feature.Kind{feature.Activation}, "LeakyRelu"},
	{"prelu", []feature.Kind{feature.Activation}, "PRelu"}, {"relu", []feature.Kind{feature.Activation}, ""}, {"clamp", []feature.Kind{feature.Activation}, ""},
	{"elu", []feature.Kind{feature.Activation}, "Elu"}, {"exp", []feature.Kind{feature.Activation}, "Exp"}, {"square", []feature.Kind{feature.Activation}, ""}, {"sqrt", []feature.Kind{feature.Activation}, ""},
	{"unary", []feature.Kind{feature.Activation}, ""}, {"convert", []feature.Kind{feature.Activation}, ""}, {"quantize", []feature.Kind{feature.Activation}, ""},
	{"add", []feature.Kind{feature.Eltwise}, "Add"}, {"sub", []feature.Kind{feature.Eltwise}, "Sub"}, {"mul", []feature.Kind{feature.Eltwise}, "Mul"}, {"div", []feature.Kind{feature.Eltwise}, "Div"},
	{"maximum", []feature.Kind{feature.Eltwise}, "Max"}, {"minimum", []feature.Kind{feature.Eltwise}, "Min"}, {"pad", []feature.Kind{feature.Move}, "Pad"},
	{"slice", []feature.Kind{feature.Move}, ""}, {"split", []feature.Kind{feature.Move}, "Split"}, {"concat", []feature.Kind{feature.Move}, "Concat"}, {"pack", []feature.Kind{feature.Move}, ""},
	{"transpose", []feature.Kind{feature.Move}, "Transpose"}, {"depth to", []feature.Kind{feature.Move}, "DepthToSpace"}, {"depth_to", []feature.Kind{feature.Move}, "DepthToSpace"},
	{"space", []feature.Kind{feature.Move}, ""}, {"gather", []feature.Kind{feature.Move, feature.Embed}, ""}, {"copy", []feature.Kind{feature.Move, feature.Reshape}, ""},
	{"reshape", []feature.Kind{feature.Reshape}, ""}, {"squeeze", []feature.Kind{feature.Reshape}, ""}, {"expand_dims", []feature.Kind{feature.Reshape}, ""},
}

// wordOf returns the word of an operator's name.
func wordOf(name string) (word, bool) {
	name = strings.ToLower(name)
	for _, w := range words {
		if strings.Contains(name, w.part) {
			return w, true
		}
	}
	return word{}, false
}

// isReshape reports whether an operator of this name moves nothing: runtimes add many.
func isReshape(name string) bool {
	w, ok := wordOf(name)
	return ok && len(w.kinds) == 1 && w.kinds[0] == feature.Reshape
}

// fits returns how well an operator's word fits a layer: 0 not at all.
func (w *word) fits(l *feature.Layer) float64 {
	if w.ops != "" {
		for op := range strings.FieldsSeq(w.ops) {
			if op == l.Op {
				return 3
			}
		}
		return 0
	}
	for i, k := range w.kinds {
		if k == l.Kind {
			return 3 - 0.5*float64(i)
		}
	}
	return 0
}

// maxCells bounds the table of a join.
const maxCells = 1 << 24

// join matches operators of a run to layers by kind and order, where pairs whose names agree come first, and then those that agree by name and ran in
// another order. It returns for each layer its operator, or -1, and that of the same name.
func join(net *feature.Network, ks []kernel, ops []OpTime) (at, named []int) {
	named = byName(net, ops)
	at = byKind(net, ks, ops, named)
	for i, j := range named {
		if j >= 0 {
			at[i] = j
		}
	}
	return at, named
}

// layoutMark ends the names of nodes that ONNX Runtime has put into its own order of channels.
const layoutMark = "_nchwc"

// byName returns for each layer the operator that carries its name, or -1. A name that either side has twice, and one whose operator is of another kind
// than the layer, joins nothing.
func byName(net *feature.Network, ops []OpTime) []int {
	at := make([]int, len(net.Layers))
	layer, times := map[string]int{}, map[string]int{}
	for i := range net.Layers {
		at[i] = -1
		layer[net.Layers[i].Name] = i
		times[net.Layers[i].Name]++
	}
	node := func(o *OpTime) string {
		if times[o.Node] == 0 {
			return strings.TrimSuffix(o.Node, layoutMark)
		}
		return o.Node
	}
	seen := map[string]int{}
	for j := range ops {
		seen[node(&ops[j])]++
	}
	for j := range ops {
		name := node(&ops[j])
		i, ok := layer[name]
		if !ok || name == "" || times[name] > 1 || seen[name] > 1 {
			continue
		}
		if w, known := wordOf(ops[j].Name); !known || w.fits(&net.Layers[i]) > 0 {
			at[i] = j
		}
	}
	return at
}

// Joined is how the operators of runs were matched to layers.
type Joined struct{ ByName, ByKind, Not int }

// Count adds how a run's operators are matched.
func (c *Joined) Count(r *Run) {
	at, named := join(r.Net, kernels(r.Net), r.Ops)
	c.Not += len(r.Ops)
	for i, j := range at {
		switch {
		case j < 0:
			continue
		case j == named[i]:
			c.ByName++
		default:
			c.ByKind++
		}
		c.Not--
	}
}

// byKind matches operators of a run to layers, both in order, so that the sum of how well pairs fit is largest (Needleman and Wunsch, 1970). Runtimes
// leave layers out (fused) and add operators (copies); a pair whose time is far from the layer's nominal one at the run's own scale fits less. It
// returns for each layer its operator, or -1.
func byKind(net *feature.Network, ks []kernel, ops []OpTime, named []int) []int {
	n, m := len(ks), len(ops)
	at := make([]int, n)
	for i := range at {
		at[i] = -1
	}
	if n == 0 || m == 0 || n*m > maxCells {
		return at
	}
	score := scores(net, ks, ops, named)
	best := make([]float64, (n+1)*(m+1))
	w := m + 1
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			v := math.Max(best[(i+1)*w+j], best[i*w+j+1])
			if s := score(i, j); s > 0 {
				v = math.Max(v, s+best[(i+1)*w+j+1])
			}
			best[i*w+j] = v
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		v := best[i*w+j]
		if s := score(i, j); s > 0 && v == s+best[(i+1)*w+j+1] {
			at[i] = j
			i, j = i+1, j+1
		} else if v == best[(i+1)*w+j] {
			i++
		} else {
			j++
		}
	}
	return at
}

// told reports whether every operator between those of a layer's joined neighbours has a name that is known: none of them can be the layer's.
func told(at []int, i int, ops []OpTime) bool {
	from, to := 0, len(ops)
	for k := i - 1; k >= 0; k-- {
		if at[k] >= 0 {
			from = at[k] + 1
			break
		}
	}
	for k := i + 1; k < len(at); k++ {
		if at[k] >= 0 {
			to = at[k]
			break
		}
	}
	if from > to {
		return false // joined by name, in another order
	}
	for j := from; j < to; j++ {
		if _, ok := wordOf(ops[j].Name); !ok {
			return false
		}
	}
	return true
}

// sameName is how well a layer and an operator of its name fit: more than any two others.
const sameName = 7

// scores returns how well a layer and an operator fit.
func scores(net *feature.Network, ks []kernel, ops []OpTime, named []int) func(i, j int) float64 {
	known := make([]bool, len(ops))
	kinds := make([]word, len(ops))
	spent, nominal := 0.0, 0.0
	for j := range ops {
		kinds[j], known[j] = wordOf(ops[j].Name)
		spent += ops[j].US
	}
	for i := range ks {
		nominal += ks[i].nominal
	}
	owned := make([]bool, len(ops)) // by a layer of the same name
	for _, j := range named {
		if j >= 0 {
			owned[j] = true
		}
	}
	scale := spent / math.Max(nominal, 1e-9)
	return func(i, j int) float64 {
		if named[i] == j {
			return sameName
		}
		if named[i] >= 0 || owned[j] || !known[j] {
			return 0
		}
		s := kinds[j].fits(&net.Layers[i])
		if s == 0 {
			return 0
		}
		far := math.Abs(math.Log((ops[j].US + resolution) / (scale*ks[i].nominal + resolution)))
		return s - math.Min(1.5, 0.4*far)
	}
}

// Profilers' clocks tick in microseconds and cut off what is less. resolution is added to times before their logarithm is taken, so that what is below
// it, where only the run as a whole tells, counts little.
const (
	tick       = 1.0
	resolution = 0.2
)
