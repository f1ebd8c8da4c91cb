package feature

import (
	"github.com/gaugenn/gaugenn/graph"
)

// Fusion says which nodes a runtime folds into the kernel before them.
type Fusion uint8

// The fusion rules.
const (
	// FuseNone takes the graph as filed: right for formats whose files hold the runtime's own kernels (ncnn, TFLite).
	FuseNone Fusion = iota
	// FusePointwise folds batch normalisation, scale, bias and one-operand activations into the compute kernel whose only
	// consumer they are, as every mobile runtime does when it loads a training graph.
	FusePointwise
)

// Of returns the kernels of a shaped graph. costs has one entry per node of g; nodes with an unknown cost give layers whose Known is
// false. Nodes that cost nothing at run time (constants, identity, shape arithmetic) give no layer.
func Of(name string, g *graph.Graph, costs []graph.Cost, fusion Fusion) *Network {
	net := &Network{Name: name}
	weights := weightInputs(g)
	for _, id := range g.Inputs {
		if !weights[id] {
			net.InputElems += elements(g.Tensor(id))
		}
	}
	for _, id := range g.Outputs {
		net.OutputElems += elements(g.Tensor(id))
	}
	fixed := fromConstants(g)
	into := map[int]int{} // node -> layer
	used := map[graph.TensorID]bool{}
	var fused map[int]int
	var constant map[graph.TensorID]bool
	if fusion == FusePointwise {
		constant = constants(g, weights)
		fused = pointwiseChains(g, constant)
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if len(n.Outputs) > 0 && constant[n.Outputs[0]] {
			continue
		}
		kind, ok := kinds[n.Op]
		if fixed[i] {
			continue
		}
		if !ok || n.Train {
			kind = Other
			if free[n.Op] || n.Train {
				continue
			}
		}
		if head, ok := fused[i]; ok {
			if l, ok := into[head]; ok {
				layer := &net.Layers[l]
				layer.Fused = append(layer.Fused, string(n.Op))
				if len(n.Outputs) > 0 {
					layer.OutElems = elements(g.Tensor(n.Outputs[0]))
				}
				continue
			}
		}
		var c graph.Cost
		if i < len(costs) {
			c = costs[i]
		}
		into[i] = len(net.Layers)
		l := layerOf(g, n, kind, c, weights)
		if id := n.Input(1); l.Params > 0 && g.Tensor(id) != nil {
			l.Again = used[id]
			used[id] = true
		}
		net.Layers = append(net.Layers, l)
	}
	return net
}

// fromConstants marks the nodes whose every operand is a constant or follows from constants alone, such as the dequantisation of float16
// weights: runtimes do them once, when they load the model.
func fromConstants(g *graph.Graph) []bool {
	constant := make([]bool, len(g.Tensors))
	for i := range g.Tensors {
		constant[i] = g.Tensors[i].Const != nil
	}
	fixed := make([]bool, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		all := len(n.Inputs) > 0 && len(n.Subgraphs) == 0
		for _, id := range n.Inputs {
			all = all && (id == graph.NoTensor || constant[id])
		}
		if !all {
			continue
		}
		fixed[i] = true
		for _, id := range n.Outputs {
			if id != graph.NoTensor {
				constant[id] = true
			}
		}
	}
	return fixed
}

// free are the operators that no runtime executes per inference.
var free = map[graph.Op]bool{graph.Identity: true, graph.Dropout: true, graph.Copies: true, graph.Constant: true, graph.InputOp: true,
	graph.OutputOp: true, graph.Placeholder: true, graph.ShapeOp: true, graph.SizeOp: true, graph.RankOp: true, graph.ConstantOfShape: true,
	graph.Cast: true, graph.Range: true, graph.Fill: true, graph.LayoutCopy: true, graph.FakeQuantize: true}

// kinds maps operators to kernel classes; those absent are Other.
var kinds = kindTable()

func kindTable() map[graph.Op]Kind {
	t := map[graph.Op]Kind{}
	put := func(k Kind, ops ...graph.Op) {
		for _, o := range ops {
			t[o] = k
		}
	}
	put(Conv, graph.Conv, graph.DeformConv)
	put(Deconv, graph.ConvTranspose)
	put(Dense, graph.FullyConnected, graph.SVDF)
	put(MatMul, graph.MatMul, graph.Gemm, graph.Einsum)
	put(Attention, graph.Attention, graph.MultiHeadAttention)
	put(Pool, graph.MaxPool, graph.AveragePool, graph.LpPool, graph.RoiPool, graph.RoiAlign)
	put(Norm, graph.LayerNormalization, graph.RMSNormalization, graph.InstanceNormalization, graph.GroupNormalization, graph.LRN,
		graph.LpNormalization, graph.SkipLayerNormalization, graph.MeanVarianceNormalization, graph.ReduceSum, graph.ReduceMean,
		graph.ReduceMax, graph.ReduceMin, graph.ReduceProd, graph.ReduceL1, graph.ReduceL2, graph.ReduceSumSquare, graph.ArgMax, graph.ArgMin)
	put(Softmax, graph.Softmax, graph.LogSoftmax)
	put(Eltwise, graph.Add, graph.Sub, graph.Mul, graph.Div, graph.Max, graph.Min, graph.Mean, graph.Sum, graph.Pow,
		graph.SquaredDifference, graph.Where, graph.Eltwise, graph.BinaryOther)
	put(Activation, graph.BatchNormalization, graph.Scale, graph.Bias, graph.Relu, graph.Relu6, graph.ReluN1To1, graph.LeakyRelu, graph.PRelu,
		graph.Elu, graph.Celu, graph.Selu, graph.Gelu, graph.Silu, graph.Mish, graph.HardSigmoid, graph.HardSwish, graph.Sigmoid,
		graph.LogSigmoid, graph.Tanh, graph.Softplus, graph.Softsign, graph.Clip, graph.Abs, graph.Neg, graph.Exp, graph.Log, graph.Sqrt,
		graph.Rsqrt, graph.Square, graph.Reciprocal, graph.Erf, graph.Sin, graph.Cos, graph.UnaryOther, graph.Power,
		graph.QuantizeLinear, graph.DequantizeLinear, graph.Requantize)
	put(Move, graph.Concat, graph.Split, graph.Slice, graph.StridedSlice, graph.SliceBySize, graph.Crop, graph.Pad, graph.Transpose,
		graph.ChannelShuffle, graph.DepthToSpace, graph.SpaceToDepth, graph.Gather, graph.GatherND, graph.Tile, graph.Expand, graph.Reorg,
		graph.Pack, graph.Unpack, graph.SpaceToBatch, graph.BatchToSpace, graph.Roll, graph.Reverse)
	put(Reshape, graph.Reshape, graph.Flatten, graph.Squeeze, graph.Unsqueeze)
	put(Resize, graph.Resize)
	put(Detect, graph.DetectionOutput, graph.PriorBox, graph.Proposal, graph.NonMaxSuppression)
	put(Embed, graph.EmbeddingLookup, graph.EmbeddingBag)
	put(Recurrent, graph.LSTM, graph.GRU, graph.RNN)
	return t
}

// layerOf describes one node. Geometry comes from attributes and shapes, work from the cost.
func layerOf(g *graph.Graph, n *graph.Node, kind Kind, c graph.Cost, weights map[graph.TensorID]bool) Layer {
	l := Layer{Name: n.Name, Op: string(n.Op), Kind: kind, Known: c.Known, MACs: float64(c.MACs), Params: float64(c.Params),
		WeightBytes: float64(c.WeightBytes), InChannels: 1, OutChannels: 1, KernelH: 1, KernelW: 1, StrideH: 1, StrideW: 1,
		DilationH: 1, DilationW: 1, Groups: 1, Pixels: 1}
	if n.Fused != "" {
		l.Fused = append(l.Fused, string(n.Fused))
	}
	for _, id := range n.Inputs {
		t := g.Tensor(id)
		switch {
		case t == nil || t.Const != nil:
		case weights[id]:
			l.Params += elements(t)
		case !isWeight(g, n, id):
			l.InElems += elements(t)
		}
	}
	for _, id := range n.Outputs {
		l.OutElems += elements(g.Tensor(id))
	}
	l.Row = max(last(output(g, n), 1), 1)
	switch a := n.Attrs.(type) {
	case *graph.ConvAttrs:
		convGeometry(g, n, a, &l)
	case *graph.PoolAttrs:
		poolGeometry(g, n, a, &l)
	case *graph.RNNAttrs:
		l.Steps = 1
		if a.TimeAxis >= 0 {
			l.Steps = dim(g.Tensor(n.Input(0)), a.TimeAxis, 1)
		}
	case *graph.FullyConnectedAttrs:
		denseGeometry(g, n, &l)
	case *graph.MatMulAttrs:
		matMulGeometry(g, n, a, &l)
	case *graph.AttentionAttrs:
		attentionGeometry(g, n, a, &l)
	}
	return l
}

// weightInputs returns the graph inputs that stand for weights: files whose weights were stripped declare them as inputs. It is so
// when there are inputs besides the first and most of them are never the first operand of their nodes.
func weightInputs(g *graph.Graph) map[graph.TensorID]bool {
	if len(g.Inputs) < 4 {
		return nil
	}
	first := map[graph.TensorID]bool{}
	for i := range g.Nodes {
		if op := g.Nodes[i].Op; op != graph.Add && op != graph.Mul { // whose operands have no order
			first[g.Nodes[i].Input(0)] = true
		}
	}
	w := map[graph.TensorID]bool{}
	for _, id := range g.Inputs[1:] {
		if !first[id] {
			w[id] = true
		}
	}
	if 4*len(w) < 3*(len(g.Inputs)-1) {
		return nil
	}
	return w
}

// isWeight reports whether the operand is one that only ever holds constants: formats without a weight file keep the tensor but not
// its value.
func isWeight(g *graph.Graph, n *graph.Node, id graph.TensorID) bool {
	switch n.Op {
	case graph.Conv, graph.ConvTranspose, graph.FullyConnected:
		return id == n.Input(1) || id == n.Input(2)
	}
	return false
}

func convGeometry(g *graph.Graph, n *graph.Node, a *graph.ConvAttrs, l *Layer) {
	in, out, filter := g.Tensor(n.Input(0)), output(g, n), g.Tensor(n.Input(1))
	l.InChannels, l.OutChannels = dim(in, a.Data.Channel, 1), dim(out, a.Data.Channel, int(max(a.OutChannels, 1)))
	l.SpatialAxes = len(a.Data.Spatial)
	l.Groups = int(max(a.Groups, 1))
	if a.Depthwise {
		l.Groups = l.InChannels
	}
	l.KernelH, l.KernelW = window(a.Kernel, filterSize(filter, a))
	l.StrideH, l.StrideW = window(a.Strides, nil)
	l.DilationH, l.DilationW = window(a.Dilations, nil)
	l.InH, l.InW, l.OutH, l.OutW = spatialSize(in, a.Data), spatialSizeW(in, a.Data), spatialSize(out, a.Data), spatialSizeW(out, a.Data)
	l.Pixels = pixels(out, a.Data)
	if l.Kind == Deconv {
		l.Pixels = pixels(in, a.Data)
	}
	if l.Kind == Conv && l.Groups > 1 {
		l.Kind = GroupConv
		if l.Groups == l.InChannels {
			l.Kind = DepthConv
		}
	}
	if filter != nil {
		l.Int8 = isInt8(filter)
		l.Mixed = l.Int8 && isPlainFloat(g.Tensor(n.Input(0)))
		if l.Params == 0 {
			l.Params = elements(filter)
		}
	}
}

// filterSize returns the spatial size of a filter, outermost first.
func filterSize(t *graph.Tensor, a *graph.ConvAttrs) []int64 {
	var out []int64
	for _, ax := range a.Filter.Spatial {
		out = append(out, int64(dim(t, ax, 1)))
	}
	return out
}

// window returns the two innermost entries of a window parameter; missing ones are those of other, or 1.
func window(v, other []int64) (h, w int) {
	if len(v) == 0 {
		v = other
	}
	h, w = 1, 1
	if k := len(v); k > 0 {
		w = int(max(v[k-1], 1))
		if k > 1 {
			h = int(max(v[k-2], 1))
		}
	}
	return h, w
}

func poolGeometry(g *graph.Graph, n *graph.Node, a *graph.PoolAttrs, l *Layer) {
	in, out := g.Tensor(n.Input(0)), output(g, n)
	l.InChannels = dim(in, a.Data.Channel, 1)
	l.OutChannels = l.InChannels
	l.KernelH, l.KernelW = window(a.Kernel, nil)
	l.StrideH, l.StrideW = window(a.Strides, nil)
	l.InH, l.InW = spatialSize(in, a.Data), spatialSizeW(in, a.Data)
	l.OutH, l.OutW = 1, 1
	if a.Global {
		l.Kind = GlobalPool
		return
	}
	l.OutH, l.OutW = spatialSize(out, a.Data), spatialSizeW(out, a.Data)
	l.Pixels = pixels(out, a.Data)
}

func denseGeometry(g *graph.Graph, n *graph.Node, l *Layer) {
	out, filter := output(g, n), g.Tensor(n.Input(1))
	if out != nil && out.Shape.Len() > 0 {
		l.OutChannels = dim(out, out.Shape.Len()-1, 1)
	}
	l.Pixels = max(1, int(elements(out))/max(1, l.OutChannels))
	if filter != nil {
		l.Int8 = isInt8(filter)
		l.Mixed = l.Int8 && isPlainFloat(g.Tensor(n.Input(0)))
		if l.Params == 0 {
			l.Params = elements(filter)
		}
		l.InChannels = max(1, int(elements(filter))/max(1, l.OutChannels))
	}
}

func matMulGeometry(g *graph.Graph, n *graph.Node, a *graph.MatMulAttrs, l *Layer) {
	x, y, out := g.Tensor(n.Input(0)), g.Tensor(n.Input(1)), output(g, n)
	l.OutChannels = last(out, 1)
	l.Pixels = max(1, int(elements(out))/max(1, l.OutChannels))
	l.InChannels = last(x, 1)
	if a.TransA && x != nil && x.Shape.Len() > 1 {
		l.InChannels = dim(x, x.Shape.Len()-2, 1)
	}
	if l.Params > 0 || y != nil && y.Const != nil || x != nil && x.Const != nil {
		l.Kind = Dense
		l.Int8 = isInt8(y) || isInt8(x)
		if x != nil && x.Const != nil && y != nil && y.Const == nil { // the constant stands first: rows are the channels
			l.OutChannels, l.Pixels = l.Pixels, l.OutChannels
		}
	}
}

func attentionGeometry(g *graph.Graph, n *graph.Node, a *graph.AttentionAttrs, l *Layer) {
	x := g.Tensor(n.Input(0))
	l.Heads = int(a.Heads)
	l.InChannels = last(x, 1)
	l.OutChannels = last(output(g, n), l.InChannels)
	l.Pixels = max(1, int(elements(x))/max(1, l.InChannels))
	l.OutElems += float64(l.Pixels) * float64(l.Pixels) * float64(max(1, l.Heads)) // the scores are written and read once
}

func output(g *graph.Graph, n *graph.Node) *graph.Tensor {
	if len(n.Outputs) == 0 {
		return nil
	}
	return g.Tensor(n.Outputs[0])
}

// elements returns the element count, 0 when it is not known.
func elements(t *graph.Tensor) float64 {
	if t == nil {
		return 0
	}
	n, ok := t.Shape.Elements()
	if !ok {
		return 0
	}
	return float64(n)
}

// dim returns axis i of the tensor, or def when it is not known.
func dim(t *graph.Tensor, i, def int) int {
	if t == nil || i < 0 || i >= t.Shape.Len() {
		return def
	}
	if v, ok := t.Shape.Dim(i).Value(); ok && v > 0 {
		return int(v)
	}
	return def
}

func last(t *graph.Tensor, def int) int {
	if t == nil {
		return def
	}
	return dim(t, t.Shape.Len()-1, def)
}

func spatialSize(t *graph.Tensor, l graph.Layout) int {
	if k := len(l.Spatial); k > 1 {
		return dim(t, l.Spatial[k-2], 0)
	}
	return 1
}

func spatialSizeW(t *graph.Tensor, l graph.Layout) int {
	if k := len(l.Spatial); k > 0 {
		return dim(t, l.Spatial[k-1], 0)
	}
	return 1
}

// pixels returns the positions of a tensor over batch and space, at least 1.
func pixels(t *graph.Tensor, l graph.Layout) int {
	p := dim(t, l.Batch, 1)
	for _, ax := range l.Spatial {
		p *= dim(t, ax, 1)
	}
	return max(1, p)
}

// isPlainFloat reports whether a tensor holds floating-point numbers that stand for nothing else.
func isPlainFloat(t *graph.Tensor) bool {
	return t != nil && t.Quant == nil && (t.DType == graph.Float32 || t.DType == graph.Float16)
}

// isInt8 reports whether a constant is stored, or marked to be used, as 8-bit integers.
func isInt8(t *graph.Tensor) bool {
	if t == nil {
		return false
	}
	if t.DType == graph.Int8 || t.DType == graph.Uint8 {
		return true
	}
	return t.Quant != nil && t.DType.IsInteger() && t.DType.Bits() <= 8
}
