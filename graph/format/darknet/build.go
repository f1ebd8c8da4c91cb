package darknet

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// size is a layer's output: channels, height, width; c 0 means unknown.
type size struct{ c, h, w int64 }

func (s size) known() bool { return s.c > 0 && s.h > 0 && s.w > 0 }

func (s size) shape() graph.Shape {
	if !s.known() {
		return graph.UnknownOfRank(4)
	}
	return graph.ShapeOf(1, s.c, s.h, s.w)
}

// builder makes the graph and cuts the weights in the order of the layers.
type builder struct {
	g       *graph.Graph
	sizes   []size           // per layer
	outs    []graph.TensorID // per layer
	in      size
	input   graph.TensorID
	data    []byte
	pos     int
	values  int64 // floats that the layers need
	sized   bool  // values is complete
	unknown []string
	version string
}

func build(sections []section, weights []byte, lim format.Limits) (*builder, error) {
	net := sections[0]
	b := &builder{g: &graph.Graph{}, data: weights, sized: true}
	b.in = size{net.int("channels", 0), net.int("height", 0), net.int("width", 0)}
	if len(weights) >= 20 {
		b.pos = headerSize(weights)
		b.version = fmt.Sprintf("%d.%d.%d", u32(weights, 0), u32(weights, 4), u32(weights, 8))
	}
	b.input = b.tensor(graph.Tensor{Name: "data", DType: graph.Float32, Shape: b.in.shape()})
	b.g.Inputs = []graph.TensorID{b.input}
	used := map[graph.TensorID]bool{}
	for i := range sections[1:] {
		s := &sections[i+1]
		if len(b.g.Tensors) > lim.Tensors {
			return nil, format.Errorf(format.ErrLimit, s.offset, "more than %d tensors", lim.Tensors)
		}
		if err := b.layer(i, s); err != nil {
			return nil, err
		}
		for _, id := range b.g.Nodes[i].Inputs {
			used[id] = true
		}
	}
	for _, id := range b.outs {
		if !used[id] {
			b.g.Outputs = append(b.g.Outputs, id)
		}
	}
	return b, nil
}

func (b *builder) model() *graph.Model {
	m := &graph.Model{Format: name, FormatVersion: b.version, Graphs: []*graph.Graph{b.g}}
	for _, k := range b.unknown {
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("section [%s] is not known", clip(k))})
	}
	return m
}

func (b *builder) tensor(t graph.Tensor) graph.TensorID {
	b.g.Tensors = append(b.g.Tensors, t)
	return graph.TensorID(len(b.g.Tensors) - 1)
}

// layer adds the node of section i.
func (b *builder) layer(i int, s *section) error {
	n := graph.Node{Name: fmt.Sprintf("%s_%d", s.kind, i), SourceOp: s.kind}
	in, from := b.in, b.input
	if i > 0 {
		in, from = b.sizes[i-1], b.outs[i-1]
	}
	n.Inputs = []graph.TensorID{from}
	c := &call{b: b, s: s, n: &n, i: i, in: in, out: in}
	if f := layers[s.kind]; f != nil {
		f(c)
	} else {
		n.Op = graph.Custom
		c.out = size{}
		b.unknown = append(b.unknown, s.kind)
	}
	if c.err != nil {
		return c.err
	}
	const most = 1 << 30
	if c.out.c > most || c.out.h > most || c.out.w > most {
		return format.Errorf(format.ErrMalformed, s.offset, "layer %d [%s]: output %dx%dx%d", i, clip(s.kind), c.out.c, c.out.h, c.out.w)
	}
	id := b.tensor(graph.Tensor{Name: n.Name, DType: graph.Float32, Shape: c.out.shape()})
	n.Outputs = []graph.TensorID{id}
	b.g.Nodes = append(b.g.Nodes, n)
	b.sizes = append(b.sizes, c.out)
	b.outs = append(b.outs, id)
	return nil
}

// call is one section being built.
type call struct {
	b       *builder
	s       *section
	n       *graph.Node
	i       int
	in, out size
	err     error
}

func (c *call) op(op graph.Op, a graph.Attrs) { c.n.Op, c.n.Attrs = op, a }

// refs resolves layer numbers: negative ones count back from this layer.
func (c *call) refs(key string) []int {
	var out []int
	for _, v := range c.s.ints(key) {
		at := v
		if v < 0 {
			at += int64(c.i)
		}
		if at < 0 || at >= int64(c.i) {
			c.err = format.Errorf(format.ErrMalformed, c.s.offset, "layer %d [%s]: %s=%d is no layer before it", c.i, clip(c.s.kind), key, v)
			return nil
		}
		out = append(out, int(at))
	}
	return out
}

// weight makes the constant for the next values of the weights file.
func (c *call) weight(suffix string, dims ...int64) graph.TensorID {
	b := c.b
	t := graph.Tensor{Name: c.n.Name + "." + suffix, DType: graph.Float32, Shape: graph.ShapeOf(dims...)}
	t.Const = &graph.Const{StoredBytes: -1, Missing: missing}
	n := int64(1)
	for _, d := range dims {
		if d <= 0 || n > (1<<40)/d {
			n = -1
			break
		}
		n *= d
	}
	switch {
	case n < 0:
		b.sized = false
		t.Const.Missing = "size not known"
	case b.data != nil && b.sized:
		if left := int64(len(b.data) - b.pos); n <= left/4 {
			t.Const = &graph.Const{Data: b.data[b.pos : b.pos+int(4*n) : b.pos+int(4*n)], StoredBytes: 4 * n}
			b.pos += int(4 * n)
		} else {
			b.pos = len(b.data)
			t.Const.Missing = "beyond the end of the weights file"
		}
	}
	b.values += max(n, 0)
	return b.tensor(t)
}
