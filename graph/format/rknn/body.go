package rknn

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Slots of the tables of the body.
const (
	modelGenerator = 1
	modelGraphs    = 2
	modelCompiler  = 7
	modelTarget    = 8
	modelSource    = 9

	graphTensors = 0
	graphNodes   = 1
	graphInputs  = 2
	graphOutputs = 3

	tensorType  = 0
	tensorKind  = 2
	tensorShape = 4
	tensorName  = 5
	tensorBytes = 12

	nodeType    = 1
	nodeName    = 2
	nodeInputs  = 4
	nodeOutputs = 5
	nodeAttrTag = 7
	nodeAttrs   = 8

	convDilations = 1
	convKernel    = 3
	convPads      = 4
	convStrides   = 5
)

// Values of tensor kind and node attribute tag that matter.
const (
	kindConstant     = 4
	kindConstant2    = 5
	kindRegisters    = 9 // from here on: the chip's own command lists
	tagConv          = 1
	packedForTheChip = "packed in the order of the chip"
)

var dtypes = map[uint8]graph.DType{1: graph.Int32, 3: graph.Int8, 5: graph.Int16, 6: graph.Float32, 7: graph.Int64, 10: graph.Float16}

// elementwise are operators that need no attributes to be priced.
var elementwise = map[string]graph.Op{
	"InputOperator": graph.Placeholder, "OutputOperator": graph.Placeholder,
	"Relu": graph.Relu, "Sigmoid": graph.Sigmoid, "Tanh": graph.Tanh, "LeakyRelu": graph.LeakyRelu, "exSwish": graph.Silu, "HardSigmoid": graph.HardSigmoid,
	"Add": graph.Add, "Mul": graph.Mul, "Sub": graph.Sub, "Div": graph.Div,
}

// readBody reads the FlatBuffer of version 2.
func readBody(m *graph.Model, data []byte, lim format.Limits) error {
	b := flatbuf.New(data)
	t := b.Root()
	describeTool(m, flatfmt.Text(t.String(modelCompiler), lim))
	addMeta(m, "generator", flatfmt.Text(t.String(modelGenerator), lim))
	if len(m.Metadata) == 0 || m.FormatVersion == "" {
		addMeta(m, "target", flatfmt.Text(t.String(modelTarget), lim))
		addMeta(m, "converted_from", flatfmt.Text(t.String(modelSource), lim))
	}
	nodes, tensors := 0, 0
	list := t.Tables(modelGraphs)
	for i := range list.Len() {
		g, err := readGraph(list.Table(i), &nodes, &tensors, lim)
		if err != nil {
			return err
		}
		if err := b.Err(); err != nil {
			return err
		}
		m.Graphs = append(m.Graphs, g)
	}
	if err := b.Err(); err != nil {
		return err
	}
	if nodes == 0 {
		m.Opaque = append(m.Opaque, graph.Opaque{Kind: name, Where: "body", Bytes: int64(len(data))})
		return nil
	}
	m.Notes = append(m.Notes, graph.Note{Loses: true, Text: "weights are packed for the chip: sizes without values"})
	return nil
}

func readGraph(t flatbuf.Table, nodes, tensors *int, lim format.Limits) (*graph.Graph, error) {
	g := &graph.Graph{}
	list, ops := t.Tables(graphTensors), t.Tables(graphNodes)
	if err := flatfmt.Count(tensors, list.Len(), lim.Tensors, "tensors"); err != nil {
		return nil, err
	}
	if err := flatfmt.Count(nodes, ops.Len(), lim.Nodes, "nodes"); err != nil {
		return nil, err
	}
	for i := range list.Len() {
		g.Tensors = append(g.Tensors, readTensor(list.Table(i), lim))
	}
	ids := func(v flatbuf.Vector) []graph.TensorID {
		var out []graph.TensorID
		for i := range v.Len() {
			if id := v.Int32(i); id >= 0 && int(id) < len(g.Tensors) {
				out = append(out, graph.TensorID(id))
			} else {
				out = append(out, graph.NoTensor)
			}
		}
		return out
	}
	g.Inputs, g.Outputs = ids(t.Vector(graphInputs, 4)), ids(t.Vector(graphOutputs, 4))
	var single flatfmt.Single
	for i := range ops.Len() {
		o := ops.Table(i)
		n := graph.Node{
			Name: flatfmt.Text(o.String(nodeName), lim), SourceOp: flatfmt.Text(o.String(nodeType), lim),
			Inputs: ids(o.Vector(nodeInputs, 4)), Outputs: ids(o.Vector(nodeOutputs, 4)),
		}
		translate(g, &n, o)
		single.Assign(g, &n)
		g.Nodes = append(g.Nodes, n)
	}
	return g, nil
}

func readTensor(t flatbuf.Table, lim format.Limits) graph.Tensor {
	out := graph.Tensor{Name: flatfmt.Text(t.String(tensorName), lim), DType: dtypes[t.Uint8(tensorType, 0)]}
	if dims := t.Vector(tensorShape, 4); dims.Exists() && dims.Len() <= 64 {
		shape := make([]int64, dims.Len())
		for i := range shape {
			shape[i] = int64(dims.Int32(i))
		}
		out.Shape = graph.ShapeOf(shape...)
	}
	switch kind := t.Uint8(tensorKind, 0); {
	case kind == kindConstant || kind == kindConstant2:
		out.Const = &graph.Const{StoredBytes: int64(t.Uint32(tensorBytes, 0)), Missing: packedForTheChip}
	case kind >= kindRegisters:
		out.Const = &graph.Const{StoredBytes: -1, Missing: packedForTheChip, NotParam: true}
	}
	return out
}

// translate gives a node its canonical operator where the file says enough.
func translate(g *graph.Graph, n *graph.Node, o flatbuf.Table) {
	if op, ok := elementwise[n.SourceOp]; ok {
		n.Op = op
		return
	}
	if !strings.HasPrefix(n.SourceOp, "Conv") || strings.HasPrefix(n.SourceOp, "ConvTranspose") || o.Uint8(nodeAttrTag, 0) != tagConv {
		return
	}
	filter, out := g.Tensor(n.Input(1)), (*graph.Tensor)(nil)
	if len(n.Outputs) > 0 {
		out = g.Tensor(n.Outputs[0])
	}
	if filter == nil || out == nil || filter.Const == nil || filter.Shape.Len() != 4 || out.Shape.Len() != 4 {
		return
	}
	a := &graph.ConvAttrs{Data: graph.NCHW(2), Filter: graph.OIHW(2)}
	attrs := o.Table(nodeAttrs)
	a.Kernel, a.Strides, a.Dilations = words(attrs.Vector(convKernel, 4)), words(attrs.Vector(convStrides, 4)), words(attrs.Vector(convDilations, 4))
	if pads := words(attrs.Vector(convPads, 4)); len(pads) == 4 {
		a.PadBegin, a.PadEnd = pads[:2], pads[2:]
	}
	dims, channels := filter.Shape.Dims(), out.Shape.Dims()[1].Int()
	switch {
	case dims[0].Int() == channels:
		if x := g.Tensor(n.Input(0)); x != nil && x.Shape.Len() == 4 && dims[1].Int() > 0 {
			a.Groups = x.Shape.Dims()[1].Int() / dims[1].Int()
		}
	case dims[0].Int() == 1 && dims[1].Int() == channels:
		a.Depthwise, a.Filter.Out, a.Filter.In = true, 1, 0
	default:
		return
	}
	n.Op, n.Attrs = graph.Conv, a
	if op, ok := elementwise[strings.TrimPrefix(n.SourceOp, "Conv")]; ok && op != graph.Add && op != graph.Placeholder {
		n.Fused = op
	}
}

// words returns a vector of two or four small numbers, nil for another length.
func words(v flatbuf.Vector) []int64 {
	if v.Len() != 2 && v.Len() != 4 {
		return nil
	}
	out := make([]int64, v.Len())
	for i := range out {
		out[i] = int64(v.Int32(i))
	}
	return out
}
