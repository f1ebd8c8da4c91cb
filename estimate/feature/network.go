// Package feature turns a network into what a latency or energy model may look at: one Layer per kernel that a runtime
// would launch, with its work, traffic and geometry, after the runtime's fusions. The same numbers are used for fitting
// and for predicting, so a profile and a question can never disagree about what a feature means.
package feature

// Kind is the coarse class of kernel that a layer runs.
type Kind uint8

// The kernel classes. Conv covers every dense convolution whatever its size; the geometry fields tell 1x1 from 3x3.
const (
	Other      Kind = iota // an operator with no class of its own
	Conv                   // dense convolution, one group
	GroupConv              // convolution with more than one group and more than one channel per group
	DepthConv              // convolution with one channel per group
	Deconv                 // transposed convolution
	Dense                  // fully connected layer or matrix product with constant weights
	MatMul                 // matrix product of two activations
	Attention              // fused attention as one operator
	Pool                   // window pooling
	GlobalPool             // pooling or reduction over all spatial positions
	Eltwise                // arithmetic on equal or broadcast shapes
	Activation             // one-input pointwise function
	Norm                   // normalisation with statistics taken at run time
	Softmax                // softmax and log-softmax
	Move                   // copies data: concat, slice, transpose, pad, shuffle, gather
	Reshape                // changes the shape only; free in most runtimes
	Resize                 // interpolation
	Detect                 // detection head: priors, decoding, suppression
	Embed                  // table lookup
	Recurrent              // LSTM, GRU, RNN cells
	kindCount
)

var kindNames = [kindCount]string{"other", "conv", "group_conv", "depth_conv", "deconv", "dense", "matmul", "attention",
	"pool", "global_pool", "eltwise", "activation", "norm", "softmax", "move", "reshape", "resize", "detect", "embed", "recurrent"}

// String returns the name of the class in snake case.
func (k Kind) String() string {
	if k < kindCount {
		return kindNames[k]
	}
	return "invalid"
}

// Layer is one kernel launch. Counts are per inference at the graph's own batch size; zero means "none of it".
type Layer struct {
	Name string // name of the first node that it stands for
	Op   string // canonical operator of the first node
	Kind Kind

	MACs        float64 // multiply-accumulates
	Params      float64 // constant elements read
	WeightBytes float64 // bytes of those elements as stored
	InElems     float64 // activation elements read
	OutElems    float64 // activation elements written

	InChannels, OutChannels int // per tensor, not per group; at least 1
	KernelH, KernelW        int // at least 1
	StrideH, StrideW        int // at least 1
	DilationH, DilationW    int // at least 1
	Groups                  int // at least 1
	Pixels                  int // output positions (H*W, or rows of a matrix product); at least 1
	SpatialAxes             int // axes that a convolution slides over; 0 otherwise
	Steps                   int // time steps of a recurrent cell; 0 otherwise
	Heads                   int // attention heads; 0 otherwise
	Row                     int // elements of the output's last axis; at least 1
	InH, InW, OutH, OutW    int // spatial sizes where the layer has them; 0 otherwise

	Int8  bool     // weights and arithmetic are 8-bit integers in the file
	Mixed bool     // with Int8: only the weights are, activations are float (dynamic range)
	Again bool     // its weights are those of an earlier layer, as in an unrolled recurrent network
	Fused []string // canonical operators folded into this kernel, in order
	Known bool     // false when the cost of a node in it is unknown
}

// Network is a network as a latency model sees it.
type Network struct {
	Name   string // base name of the file without extension, or the architecture string
	Layers []Layer
	// PeakElems is the largest number of activation elements alive at once; 0 when it is not known.
	PeakElems float64
	// InputElems and OutputElems are the elements of the graph's inputs and outputs.
	InputElems, OutputElems float64
}

// MACs returns the multiply-accumulates of the whole network.
func (n *Network) MACs() float64 {
	s := 0.0
	for i := range n.Layers {
		s += n.Layers[i].MACs
	}
	return s
}

// HasInt8 reports whether any kernel works on 8-bit integers.
func (n *Network) HasInt8() bool {
	for i := range n.Layers {
		if n.Layers[i].Int8 {
			return true
		}
	}
	return false
}
