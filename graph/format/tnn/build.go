package tnn

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// builder makes the graph.
type builder struct {
	g       *graph.Graph
	lim     format.Limits
	blobs   map[string]graph.TensorID
	weights map[string][]buffer
	unknown []string
	lost    int
}

func (b *builder) tensor(t graph.Tensor) graph.TensorID {
	b.g.Tensors = append(b.g.Tensors, t)
	return graph.TensorID(len(b.g.Tensors) - 1)
}

func (b *builder) build(p *proto) error {
	for _, in := range p.inputs {
		id := b.tensor(graph.Tensor{Name: in.name, DType: in.dtype, Shape: graph.ShapeOf(in.dims...)})
		b.blobs[in.name] = id
		b.g.Inputs = append(b.g.Inputs, id)
	}
	for i := range p.layers {
		l := &p.layers[i]
		if len(b.g.Tensors) > b.lim.Tensors {
			return format.Errorf(format.ErrLimit, l.offset, "more than %d tensors", b.lim.Tensors)
		}
		b.layer(l)
	}
	for _, o := range p.outputs {
		if id, ok := b.blobs[o]; ok {
			b.g.Outputs = append(b.g.Outputs, id)
		}
	}
	return nil
}

func (b *builder) layer(l *layer) {
	n := graph.Node{Name: l.name, SourceOp: l.description}
	for _, s := range l.ins {
		id, ok := b.blobs[s]
		if !ok {
			id = b.tensor(graph.Tensor{Name: s, DType: graph.Float32})
			b.blobs[s] = id
			b.g.Inputs = append(b.g.Inputs, id)
		}
		n.Inputs = append(n.Inputs, id)
	}
	dt := graph.Float32
	if l.quantised {
		dt = graph.Int8
	}
	for _, s := range l.outs {
		id := b.tensor(graph.Tensor{Name: s, DType: dt})
		b.blobs[s] = id
		n.Outputs = append(n.Outputs, id)
	}
	c := &call{b: b, layer: l, n: &n, buffers: b.weights[l.name]}
	if f, ok := layers[l.kind]; ok {
		f(c)
	} else {
		n.Op = graph.Custom
		b.unknown = append(b.unknown, l.kind)
	}
	b.g.Nodes = append(b.g.Nodes, n)
}

// call is one layer being built.
type call struct {
	b *builder
	*layer
	n       *graph.Node
	buffers []buffer
	taken   int
}

func (c *call) op(op graph.Op, a graph.Attrs) { c.n.Op, c.n.Attrs = op, a }

// weight appends the layer's next buffer as an operand. shape is what the
// parameters say, with one -1 at most where the buffer's length tells.
func (c *call) weight(suffix string, shape ...int64) graph.TensorID {
	t := graph.Tensor{Name: c.name + "." + suffix, DType: graph.Float32}
	if c.quantised && suffix == "weight" {
		t.DType = graph.Int8
	}
	t.Const = &graph.Const{StoredBytes: -1, Missing: missing}
	if c.taken < len(c.buffers) {
		b := c.buffers[c.taken]
		t.DType = b.dtype
		t.Const = &graph.Const{Data: b.data, StoredBytes: int64(len(b.data))}
		shape = solve(shape, b)
	} else {
		c.b.lost++
		if c.b.weights != nil {
			t.Const.Missing = "not in the weights file"
		}
	}
	c.taken++
	t.Shape = graph.ShapeOf(shape...)
	id := c.b.tensor(t)
	c.n.Inputs = append(c.n.Inputs, id)
	return id
}

// solve completes an open dimension from the buffer's length; sizes that do
// not fit give a vector of the length.
func solve(shape []int64, b buffer) []int64 {
	bits := int64(b.dtype.Bits())
	if bits == 0 {
		return shape
	}
	n := int64(len(b.data)) * 8 / bits
	known, open := int64(1), -1
	for i, d := range shape {
		switch {
		case d < 0 && open < 0:
			open = i
		case d > 0 && known <= (1<<40)/d:
			known *= d
		default:
			return []int64{n}
		}
	}
	if open < 0 && known == n {
		return shape
	}
	if open < 0 || n%known != 0 {
		return []int64{n}
	}
	out := append([]int64{}, shape...)
	out[open] = n / known
	return out
}

// scales takes the last buffer of a quantised layer as scales of its weight.
func (c *call) scales(weight graph.TensorID) {
	t := c.b.g.Tensor(weight)
	if t.DType != graph.Int8 {
		return
	}
	t.Quant = &graph.Quant{Scheme: graph.QuantAffine}
	for ; c.taken < len(c.buffers); c.taken++ {
		b := c.buffers[c.taken]
		if b.dtype != graph.Float32 || len(b.data) > 1<<18 {
			continue
		}
		t.Quant.Scales = nil
		for d := b.data; len(d) >= 4; d = d[4:] {
			t.Quant.Scales = append(t.Quant.Scales, math.Float32frombits(binary.LittleEndian.Uint32(d)))
		}
	}
}
