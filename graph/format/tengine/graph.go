package tengine

import (
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Words of the Subgraph, Node and Tensor tables.
const (
	subLayout, subInputs, subOutputs, subNodes, subTensors, subBuffers, subName = 1, 3, 4, 5, 6, 7, 8

	nodeInputs, nodeOutputs, nodeOperator, nodeName = 1, 2, 3, 4

	tensorBuffer, tensorDims, tensorName, tensorQuant, tensorType, tensorDataType = 1, 2, 3, 4, 6, 7
)

// tensorConst is the type of a constant tensor.
const tensorConst = 2

func notModel(at uint32, msg string, args ...any) error {
	return format.Errorf(format.ErrNotModel, int64(at), msg, args...)
}

// graph reads one subgraph.
func (f *file) graph(at uint32) (*graph.Graph, error) {
	nodes, ok1 := f.vector(f.at(at, subNodes))
	tensors, ok2 := f.vector(f.at(at, subTensors))
	buffers, ok3 := f.vector(f.at(at, subBuffers))
	if !ok1 || !ok2 || !ok3 || len(nodes) == 0 || len(tensors) == 0 {
		return nil, notModel(at, "subgraph without nodes or tensors")
	}
	f.nodes += len(nodes)
	f.tensors += len(tensors)
	if f.nodes > f.lim.Nodes || f.tensors > f.lim.Tensors {
		return nil, format.Errorf(format.ErrLimit, int64(at), "%d nodes, %d tensors", f.nodes, f.tensors)
	}
	g := &graph.Graph{}
	g.Name, _ = f.text(f.at(at, subName))
	for i, t := range tensors {
		x, err := f.tensor(t, buffers)
		if err != nil {
			return nil, fmt.Errorf("tensor %d: %w", i, err)
		}
		g.Tensors = append(g.Tensors, x)
	}
	nhwc := f.at(at, subLayout) == 1
	written := make([]bool, len(tensors))
	for i, n := range nodes {
		if err := f.node(g, n, nhwc, written); err != nil {
			return nil, fmt.Errorf("node %d: %w", i, err)
		}
	}
	outs, _ := f.vector(f.at(at, subOutputs))
	for _, k := range outs {
		if int64(k) >= int64(len(nodes)) {
			return nil, notModel(at, "output node %d of %d", k, len(nodes))
		}
		ids, _ := f.vector(f.at(nodes[k], nodeOutputs))
		for _, id := range ids {
			g.Outputs = append(g.Outputs, graph.TensorID(id))
		}
	}
	for _, id := range g.Outputs {
		if id < 0 || int(id) >= len(g.Tensors) {
			return nil, notModel(at, "output tensor %d of %d", id, len(g.Tensors))
		}
	}
	return g, nil
}

// tensor reads a tensor with its constant.
func (f *file) tensor(at uint32, buffers []uint32) (graph.Tensor, error) {
	t := graph.Tensor{}
	var ok bool
	if t.Name, ok = f.text(f.at(at, tensorName)); !ok {
		return t, notModel(at, "name outside the file")
	}
	k := f.at(at, tensorDataType)
	if k >= uint32(len(dataTypes)) {
		return t, notModel(at, "data type %d", k)
	}
	t.DType = dataTypes[k]
	dims, ok := f.vector(f.at(at, tensorDims))
	if !ok || len(dims) > 16 {
		return t, notModel(at, "%d dimensions", len(dims))
	}
	if len(dims) > 0 {
		sizes := make([]int64, len(dims))
		for i, d := range dims {
			sizes[i] = int64(int32(d))
		}
		t.Shape = graph.ShapeOf(sizes...)
	}
	if err := f.quant(&t, f.at(at, tensorQuant)); err != nil {
		return t, err
	}
	if f.at(at, tensorType) != tensorConst {
		return t, nil
	}
	id := f.at(at, tensorBuffer)
	if int64(id) >= int64(len(buffers)) {
		return t, notModel(at, "buffer %d of %d", id, len(buffers))
	}
	size, data := f.at(buffers[id], 0), f.at(buffers[id], 1)
	t.Const = &graph.Const{StoredBytes: int64(size)}
	n, known := t.Shape.Elements()
	want, _ := t.DType.ByteCount(n)
	switch {
	case data != 0 && int64(data)+int64(size) <= int64(len(f.data)):
		t.Const.Data = f.data[data : data+size : data+size]
		if known && want != int64(size) {
			return t, notModel(at, "%q: %d bytes for shape %s of %s", t.Name, size, t.Shape, t.DType)
		}
	default: // benchmark files have their weights taken out
		t.Const.Missing = "not in the file"
		f.stripped++
	}
	return t, nil
}

// quant reads scale and zero point per tensor or per channel.
func (f *file) quant(t *graph.Tensor, at uint32) error {
	params, ok := f.vector(at)
	if !ok || len(params) > 1<<16 {
		return notModel(at, "%d quantisation parameters", len(params))
	}
	if len(params) == 0 {
		return nil
	}
	t.Quant = &graph.Quant{Scheme: graph.QuantAffine}
	for _, p := range params {
		t.Quant.ZeroPoints = append(t.Quant.ZeroPoints, int64(int32(f.at(p, 0))))
		t.Quant.Scales = append(t.Quant.Scales, math.Float32frombits(f.at(p, 1)))
	}
	return nil
}

// Operator types that are no operators of the graph.
const (
	opConst = 4
	opInput = 12
)

// node reads a node and appends it.
func (f *file) node(g *graph.Graph, at uint32, nhwc bool, written []bool) error {
	ins, ok1 := f.vector(f.at(at, nodeInputs))
	outs, ok2 := f.vector(f.at(at, nodeOutputs))
	if !ok1 || !ok2 {
		return notModel(at, "inputs or outputs outside the file")
	}
	n := graph.Node{}
	n.Name, _ = f.text(f.at(at, nodeName))
	for _, id := range ins {
		if int64(id) >= int64(len(g.Tensors)) {
			return notModel(at, "input tensor %d of %d", id, len(g.Tensors))
		}
		n.Inputs = append(n.Inputs, graph.TensorID(id))
	}
	for _, id := range outs {
		if int64(id) >= int64(len(g.Tensors)) || written[id] {
			return notModel(at, "output tensor %d of %d, or written twice", id, len(g.Tensors))
		}
		written[id] = true
		n.Outputs = append(n.Outputs, graph.TensorID(id))
	}
	op := f.at(at, nodeOperator)
	kind, param := f.at(op, 1), f.at(op, 2)
	n.Version = int(f.at(op, 0))
	switch {
	case f.bad || kind > 1000:
		return notModel(at, "operator type %d", kind)
	case kind == opConst:
		return nil
	case kind == opInput:
		g.Inputs = append(g.Inputs, n.Outputs...)
		return nil
	}
	c := &call{f: f, g: g, n: &n, param: param, nhwc: nhwc}
	if kind < uint32(len(operators)) && operators[kind].name != "" {
		n.SourceOp = operators[kind].name
		operators[kind].fill(c)
	} else {
		n.SourceOp, n.Op = fmt.Sprintf("operator %d", kind), graph.Custom
		f.unknown = append(f.unknown, kind)
	}
	g.Nodes = append(g.Nodes, n)
	return nil
}

// call is one node being built.
type call struct {
	f     *file
	g     *graph.Graph
	n     *graph.Node
	param uint32
	nhwc  bool
}

func (c *call) op(op graph.Op, a graph.Attrs) { c.n.Op, c.n.Attrs = op, a }

// int returns word i of the operator's parameters.
func (c *call) int(i int) int64 {
	if c.param == 0 {
		return 0
	}
	return int64(int32(c.f.at(c.param, i)))
}

func (c *call) float(i int) float64 {
	if c.param == 0 {
		return 0
	}
	return float64(math.Float32frombits(c.f.at(c.param, i)))
}

// list returns the vector that word i points to.
func (c *call) list(i int) []int64 {
	if c.param == 0 {
		return nil
	}
	v, _ := c.f.vector(c.f.at(c.param, i))
	if len(v) > 1<<12 {
		return nil
	}
	var out []int64
	for _, x := range v {
		out = append(out, int64(int32(x)))
	}
	return out
}

func (c *call) data() graph.Layout {
	if c.nhwc {
		return graph.NHWC(2)
	}
	return graph.NCHW(2)
}
