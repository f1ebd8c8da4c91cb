package coreml

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers of NeuralNetwork and NeuralNetworkLayer.
const (
	networkLayers        = 1
	networkPreprocessing = 2
	networkArrayMapping  = 5
	networkImageMapping  = 6

	layerName         = 1
	layerInput        = 2
	layerOutput       = 3
	layerInputTensor  = 4
	layerOutputTensor = 5
)

// network reads a neural network of any of the three kinds.
func (p *parser) network(m protowire.Message, d *modelDescription, role graph.Role) (int, error) {
	b, err := p.newBuilder(role, "neuralNetwork")
	if err != nil {
		return 0, err
	}
	defer b.close()
	nb := &netBuilder{builder: b}
	var layers, pre []protowire.Message
	var f protowire.Field
	rank4 := false
	for m.Next(&f) {
		switch {
		case f.Is(networkLayers, protowire.Bytes):
			layers = append(layers, f.Message())
			if len(layers) > p.limits.Nodes {
				return 0, format.Errorf(format.ErrLimit, f.Offset, "more than %d layers", p.limits.Nodes)
			}
		case f.Is(networkPreprocessing, protowire.Bytes) && len(pre) < 1000:
			pre = append(pre, f.Message())
		case f.Is(networkArrayMapping, protowire.Varint):
			nb.exact = f.Uint == 1
		case f.Is(networkImageMapping, protowire.Varint):
			rank4 = f.Uint == 1
		}
	}
	if err := m.Err(); err != nil {
		return 0, err
	}
	if nb.exact {
		d.batchImages(rank4)
	}
	if err := b.interfaceOf(d); err != nil {
		return 0, err
	}
	for _, m := range pre {
		if err := nb.preprocessing(m, d); err != nil {
			return 0, err
		}
	}
	scalers := b.g.Nodes
	b.g.Nodes = make([]graph.Node, 0, len(layers)+len(scalers))
	for i, l := range layers {
		if err := nb.layer(l); err != nil {
			return 0, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	b.g.Nodes = append(b.g.Nodes, scalers...)
	return b.index, b.outputs(d)
}

// batchImages gives images the rank that the image mapping says.
func (d *modelDescription) batchImages(rank4 bool) {
	for i := range d.inputs {
		if !d.inputs[i].image {
			continue
		}
		dims := append([]graph.Dim{graph.DimOf(1)}, d.inputs[i].shape.Dims()...)
		if !rank4 {
			dims = append([]graph.Dim{graph.DimOf(1)}, dims...)
		}
		d.inputs[i].shape = graph.ShapeOfDims(dims...)
	}
}

// netBuilder makes the graph of a neural network.
type netBuilder struct {
	*builder
	// exact says that tensors have the ranks that are stated; else all are
	// [C, H, W] without a batch.
	exact bool
}

// preprocessing is scaling of an image, or a mean image. The layers read its
// result; its node stands behind theirs, as in the file.
func (b *netBuilder) preprocessing(m protowire.Message, d *modelDescription) error {
	var f protowire.Field
	feature, kind := "", "scaler"
	var mean []byte
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			feature = f.String()
		case f.Is(11, protowire.Bytes):
			kind = "mean_image"
			mean = f.Bytes
		}
	}
	if feature == "" {
		for _, in := range d.inputs {
			if in.image {
				feature = in.name
				break
			}
		}
	}
	in, err := b.resolve(feature)
	if err != nil {
		return err
	}
	t := b.g.Tensors[in]
	n := graph.Node{Name: t.Name + "/" + kind, Op: graph.Scale, SourceOp: kind, Inputs: []graph.TensorID{in}, Attrs: &graph.AxisAttrs{Axis: max(t.Shape.Len()-3, 0)}}
	if len(mean) > 0 {
		n.Op, n.Attrs = graph.Sub, nil
	}
	id, err := b.add(feature, graph.Tensor{Name: t.Name + "/" + kind, DType: t.DType, Shape: t.Shape}, true)
	if err != nil {
		return err
	}
	n.Outputs = []graph.TensorID{id}
	return b.node(n)
}

// layerCall is one layer's translation.
type layerCall struct {
	*netBuilder
	params protowire.Message
	out    *graph.Node
	// ranks are the stated ranks of the operands, -1 if not stated.
	ranks []int
}

// layer reads a NeuralNetworkLayer.
func (b *netBuilder) layer(m protowire.Message) error {
	var f, params protowire.Field
	n := graph.Node{}
	var outs []string
	c := &layerCall{netBuilder: b, out: &n}
	var outShapes []graph.Shape
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case layerName:
			n.Name = b.p.text(f.Bytes)
		case layerInput:
			id, err := b.resolve(f.String())
			if err != nil {
				return err
			}
			n.Inputs = append(n.Inputs, id)
		case layerOutput:
			outs = append(outs, f.String())
		case layerInputTensor:
			rank, _ := layerTensor(f.Message())
			c.ranks = append(c.ranks, rank)
		case layerOutputTensor:
			_, s := layerTensor(f.Message())
			outShapes = append(outShapes, s)
		default:
			if f.Number >= 100 {
				params = f
			}
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	if params.Number == 0 {
		return format.Errorf(format.ErrMalformed, m.Offset(), "%q has no type", n.Name)
	}
	e, ok := layers[params.Number]
	if !ok {
		e.word = fmt.Sprintf("layer_%d", params.Number)
	}
	n.SourceOp, n.Op = e.word, e.op
	c.params = params.Message()
	if e.translate != nil {
		if err := e.translate(c); err != nil {
			return fmt.Errorf("%q: %w", n.Name, err)
		}
	}
	if err := c.bodies(); err != nil {
		return err
	}
	for i, name := range outs {
		t := graph.Tensor{}
		if b.exact && i < len(outShapes) {
			t.Shape = outShapes[i]
		}
		id, err := b.define(name, t)
		if err != nil {
			return err
		}
		n.Outputs = append(n.Outputs, id)
	}
	if n.Op == graph.Constant && len(n.Outputs) == 1 && len(n.Inputs) == 1 {
		if w := b.g.Tensor(n.Inputs[0]); w != nil {
			out := &b.g.Tensors[n.Outputs[0]]
			out.Const, out.Shape, out.DType = w.Const, w.Shape, w.DType
		}
		n.Inputs = nil
	}
	return b.node(n)
}

// bodies builds the networks inside branches and loops.
func (c *layerCall) bodies() error {
	switch c.out.Op {
	case graph.If:
		return nnBranch(c)
	case graph.While:
		return nnLoop(c)
	}
	return nil
}

// layerTensor reads a Tensor message: the rank, and the shape where all
// dimensions are stated.
func layerTensor(m protowire.Message) (rank int, shape graph.Shape) {
	rank = -1
	var dims []int64
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1:
			rank = int(min(f.Uint, 1<<10))
		case 2:
			dims, _ = f.AppendInts(dims, 1<<10)
		}
	}
	if rank < 0 || len(dims) != rank {
		return rank, graph.Shape{}
	}
	for i, d := range dims {
		if d <= 0 {
			dims[i] = -1
		}
	}
	return rank, graph.ShapeOf(dims...)
}

// layout is [C, H, W] of the operand's last axes, whatever stands before.
func (c *layerCall) layout() graph.Layout {
	r := c.rank(0)
	if !c.exact || r == 3 {
		return graph.CHW(2)
	}
	if r == 5 {
		return graph.Layout{Batch: 1, Channel: 2, Spatial: []int{3, 4}}
	}
	return graph.NCHW(2)
}

// rank is the stated rank of operand i, 3 in the old mapping, -1 if unknown.
func (c *layerCall) rank(i int) int {
	if !c.exact {
		return 3
	}
	if i < len(c.ranks) && c.ranks[i] > 0 {
		return c.ranks[i]
	}
	if i < len(c.out.Inputs) {
		if t := c.g.Tensor(c.out.Inputs[i]); t != nil && t.Shape.IsRanked() {
			return t.Shape.Len()
		}
	}
	return -1
}

// channelAxis is the axis of C.
func (c *layerCall) channelAxis() int {
	if !c.exact {
		return 0
	}
	return -3
}

// field returns the last field with the number among the layer's parameters.
func (c *layerCall) field(number int32) (protowire.Field, bool) {
	m := c.params
	var f, found protowire.Field
	ok := false
	for m.Next(&f) {
		if f.Number == number {
			found, ok = f, true
		}
	}
	return found, ok
}

func (c *layerCall) int(number int32, def int64) int64 {
	if f, ok := c.field(number); ok && f.Type == protowire.Varint {
		return f.Int64()
	}
	return def
}

func (c *layerCall) axis(number int32, def int64) int {
	return int(max(-1<<31, min(c.int(number, def), 1<<31-1)))
}

// ints returns a list of integers, nil if absent.
func (c *layerCall) ints(number int32) []int64 { return intsOf(c.params, number) }

func intsOf(m protowire.Message, number int32) []int64 {
	var out []int64
	var f protowire.Field
	for m.Next(&f) {
		if f.Number == number {
			out, _ = f.AppendInts(out, 1<<12)
		}
	}
	return out
}

func (c *layerCall) axesOf(number int32) []int {
	var out []int
	for _, v := range c.ints(number) {
		out = append(out, int(max(-1<<31, min(v, 1<<31-1))))
	}
	return out
}

// weight appends a constant operand from a WeightParams field of the given
// shape; an absent one leaves the operand out.
func (c *layerCall) weight(number int32, suffix string, dims ...int64) error {
	f, ok := c.field(number)
	if !ok || f.Type != protowire.Bytes || len(f.Bytes) == 0 {
		c.out.Inputs = append(c.out.Inputs, graph.NoTensor)
		return nil
	}
	return c.weightOf(f.Message(), suffix, dims...)
}

func (c *layerCall) weightOf(m protowire.Message, suffix string, dims ...int64) error {
	t, err := c.p.weights(m, graph.ShapeOf(dims...))
	if err != nil {
		return err
	}
	t.Name = c.out.Name + "/" + suffix
	id, err := c.add("", t, true)
	if err == nil {
		c.out.Inputs = append(c.out.Inputs, id)
	}
	return err
}
