package simulate

import (
	"math"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// Systolic is an NPU made of an array of multiply-accumulate units that works on small blocks of the output, fed with blocks of input
// channels, while weights stream in from memory. The closed form gives cycles per kernel from shapes alone.
type Systolic struct {
	Name          string
	BlockH        int     // output rows of a block
	BlockW        int     // output columns of a block
	BlockDepth    int     // output channels of a block
	InputDepth    int     // input channels taken in one pass
	PassCycles    int     // cycles of one pass over one block
	ChannelsGroup int     // kernel positions that share a pass where there are few input channels
	OutputCycles  float64 // cycles to write one output with its activation
	WeightBytes   float64 // bytes of weights that arrive per cycle
	WeightRatio   float64 // size of the weights as stored for the NPU against plain int8
	ClockMHz      float64
}

// EthosU55x128 is Arm's Ethos-U55 with 128 MACs a cycle, as Vela 5.2.0 models it: blocks of 2x1x8 outputs, 32 input channels in passes
// of 4 cycles, weights in flash at one byte a cycle. Read from Vela's published source and checked with its per-layer report.
var EthosU55x128 = Systolic{Name: "Ethos-U55-128", BlockH: 2, BlockW: 1, BlockDepth: 8, InputDepth: 32, PassCycles: 4, ChannelsGroup: 4,
	OutputCycles: 0.5, WeightBytes: 1, WeightRatio: 0.94, ClockMHz: 500}

// Cycles returns the cycles of one kernel: of the array or its output stage, whichever is longer, against the streaming of its weights.
// Kernels without arithmetic of their own take the output stage. ok is false where the shape is not known.
func (n Systolic) Cycles(l *feature.Layer) (cycles float64, ok bool) {
	if !l.Known {
		return 0, false
	}
	outputs := l.OutElems
	array, weights := 0.0, l.Params
	switch l.Kind {
	case feature.Conv, feature.GroupConv, feature.DepthConv, feature.Deconv, feature.Dense, feature.MatMul:
		array = n.array(l)
	case feature.Pool:
		array = n.blocks(l) * float64(max(n.PassCycles, l.KernelH*l.KernelW))
		weights = 0
	case feature.GlobalPool, feature.Norm:
		// A mean is a depthwise convolution over the whole window.
		array = math.Ceil(l.InElems/float64(n.BlockDepth)) * float64(n.PassCycles) * 2
		weights = 0
	case feature.Softmax:
		outputs *= 8 // exponent and division by table, several passes
		weights = 0
	case feature.Reshape:
		return 0, true
	}
	stream := weights * n.WeightRatio / n.WeightBytes
	return max(array, outputs*n.OutputCycles, stream), true
}

// blocks is the number of output blocks of a kernel.
func (n Systolic) blocks(l *feature.Layer) float64 {
	h, w := l.OutH, l.OutW
	if h <= 0 || w <= 0 {
		h, w = l.Pixels, 1
	}
	return ceil(h, n.BlockH) * ceil(w, n.BlockW) * ceil(l.OutChannels, n.BlockDepth)
}

func ceil(a, b int) float64 { return float64((max(a, 1) + b - 1) / b) }

// array is the cycles of the multiply-accumulate array. Depth-first kernels take InputDepth channels of one kernel position per pass;
// with few channels several kernel positions share a pass; depthwise kernels have one channel and share likewise. A single output still
// takes the time of a block of eight columns to write back.
func (n Systolic) array(l *feature.Layer) float64 {
	h, w := l.OutH, l.OutW
	if h <= 0 || w <= 0 {
		h, w = l.Pixels, 1
	}
	plane := math.Max(float64(n.PassCycles)*ceil(h, n.BlockH)*ceil(w, n.BlockW), float64(4*n.BlockDepth))
	deep := ceil(l.OutChannels, n.BlockDepth)
	window := l.KernelH * l.KernelW
	in := l.InChannels / max(l.Groups, 1)
	switch {
	case l.Kind == feature.DepthConv:
		return plane * deep * ceil(window, n.ChannelsGroup)
	case in <= 8 && window > 1:
		return plane * deep * ceil(window, n.ChannelsGroup) * ceil(in, 8)
	}
	return plane * deep * float64(window) * ceil(in, n.InputDepth)
}

// NetworkCycles adds up a network; unknown counts the kernels whose shape is not known.
func (n Systolic) NetworkCycles(net *feature.Network) (cycles float64, unknown int) {
	for i := range net.Layers {
		c, ok := n.Cycles(&net.Layers[i])
		if !ok {
			unknown++
		}
		cycles += c
	}
	return cycles, unknown
}

// LatencyMS is the time of that many cycles.
func (n Systolic) LatencyMS(cycles float64) float64 { return cycles / (n.ClockMHz * 1000) }
