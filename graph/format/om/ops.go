package om

import "github.com/gaugenn/gaugenn/graph"

// elementwise are operators that need no attributes to be priced.
var elementwise = map[string]graph.Op{
	"Data": graph.Placeholder, "NetOutput": graph.Placeholder, "ReLU": graph.Relu, "Relu": graph.Relu, "Sigmoid": graph.Sigmoid, "Tanh": graph.Tanh, "Elu": graph.Elu,
	"HardSwish": graph.HardSwish, "Add": graph.Add, "Sub": graph.Sub, "Mul": graph.Mul, "RealDiv": graph.Div, "Maximum": graph.Max, "Minimum": graph.Min,
	"Abs": graph.Abs, "Exp": graph.Exp, "Log": graph.Log, "Sqrt": graph.Sqrt, "Rsqrt": graph.Rsqrt, "Neg": graph.Neg,
}

// convolutions are the operators with a filter in plain [O, I, H, W] order.
var convolutions = map[string]bool{
	"Convolution": true, "Conv2D": true, "ConvolutionDepthwise": true, "DepthwiseConv2D": true, "QuantizedConvolution": true, "QuantizedConvolutionDepthwise": true,
}

// translate gives a node its canonical operator where types and shapes say
// enough. layout is that of the result.
func translate(g *graph.Graph, n *graph.Node, layout string) {
	if op, ok := elementwise[n.SourceOp]; ok {
		n.Op = op
		return
	}
	if !convolutions[n.SourceOp] || layout != "" && layout != "NCHW" || len(n.Outputs) != 1 {
		return
	}
	x, filter, out := g.Tensor(n.Input(0)), g.Tensor(n.Input(1)), g.Tensor(n.Outputs[0])
	if x == nil || filter == nil || filter.Const == nil || x.Shape.Len() != 4 || filter.Shape.Len() != 4 || out.Shape.Len() != 4 {
		return
	}
	in, w, co := x.Shape.Dim(1).Int(), filter.Shape.Dims(), out.Shape.Dim(1).Int()
	if w[0].Int() != co || w[1].Int() <= 0 || in <= 0 || in%w[1].Int() != 0 {
		return
	}
	n.Op = graph.Conv
	n.Attrs = &graph.ConvAttrs{Data: graph.NCHW(2), Filter: graph.OIHW(2), Groups: in / w[1].Int(), Window: graph.Window{Kernel: []int64{w[2].Int(), w[3].Int()}}}
}
