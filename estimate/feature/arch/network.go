package arch

import (
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/graph"
)

// Network returns the network of an architecture string as a latency model
// sees it.
func Network(s string, rule Rule) (*feature.Network, error) {
	m, err := Graph(s, rule)
	if err != nil {
		return nil, err
	}
	g := m.Graphs[0]
	n := &feature.Network{Name: s}
	for i := range g.Nodes {
		l, ok := layer(g, &g.Nodes[i])
		if ok {
			n.Layers = append(n.Layers, l)
		}
	}
	return n, nil
}

func layer(g *graph.Graph, n *graph.Node) (feature.Layer, bool) {
	l := feature.Layer{Name: n.Name, Op: string(n.Op), InChannels: 1, OutChannels: 1, KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1, Pixels: 1, Known: true}
	el := func(id graph.TensorID) float64 {
		v, _ := g.Tensor(id).Shape.Elements()
		return float64(v)
	}
	l.OutElems = el(n.Outputs[0])
	for _, id := range n.Inputs {
		if g.Tensor(id).Const == nil {
			l.InElems += el(id)
		} else {
			l.Params += el(id)
		}
	}
	in, out := g.Tensor(n.Inputs[0]).Shape.Ints(), g.Tensor(n.Outputs[0]).Shape.Ints()
	l.InChannels, l.OutChannels = int(in[1]), int(out[1])
	if len(out) == 4 {
		l.Pixels = int(out[2] * out[3])
		l.OutH, l.OutW, l.InH, l.InW = int(out[2]), int(out[3]), int(in[2]), int(in[3])
	}
	switch a := n.Attrs.(type) {
	case *graph.ConvAttrs:
		l.Groups, l.KernelH, l.KernelW, l.StrideH, l.StrideW = int(a.Groups), int(a.Kernel[0]), int(a.Kernel[1]), int(a.Strides[0]), int(a.Strides[1])
		l.Kind = feature.Conv
		if a.Groups > 1 {
			l.Kind = feature.GroupConv
			if a.Groups == in[1] {
				l.Kind = feature.DepthConv
			}
		}
		l.MACs = l.OutElems * float64(in[1]/a.Groups) * float64(l.KernelH*l.KernelW)
	case *graph.PoolAttrs:
		l.Kind, l.KernelH, l.KernelW = feature.Pool, int(a.Kernel[0]), int(a.Kernel[1])
		if a.Global {
			l.Kind = feature.GlobalPool
		}
	case *graph.FullyConnectedAttrs:
		l.Kind, l.MACs = feature.Dense, float64(in[1]*out[1])
	case *graph.GroupAttrs:
		l.Kind = feature.Move
	default:
		if n.Op == graph.Relu {
			return l, false
		}
		l.Kind = feature.Eltwise
	}
	return l, true
}
