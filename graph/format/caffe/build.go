package caffe

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
)

const missing = "weights file not found"

// network is a description as written, from text or wire.
type network struct {
	name    string
	message *textproto.Message
	layers  []layer
	binary  bool
}

// layer is one layer with the blobs that a caffemodel holds for it.
type layer struct {
	message *textproto.Message
	offset  int64
	v1      bool
	blobs   []blob
}

// kind returns the layer's type in its current spelling.
func (l *layer) kind() string {
	t := l.message.Text("type")
	if n, ok := v1Names[t]; ok && l.v1 {
		return n
	}
	return t
}

// builder makes the graph. Names map to the newest tensor of that name; a
// layer that is not for training does not see what training layers wrote.
type builder struct {
	g       *graph.Graph
	lim     format.Limits
	blobs   map[string]graph.TensorID
	train   map[string]graph.TensorID
	used    []bool
	weights map[string][]blob
	binary  bool
	unknown map[string]int
	order   []string
}

// build makes the model of net with the blobs of weights, which may be nil.
func build(net, weights *network, lim format.Limits) (*graph.Model, error) {
	b := &builder{
		g: &graph.Graph{Name: net.name}, lim: lim, blobs: map[string]graph.TensorID{}, train: map[string]graph.TensorID{},
		weights: map[string][]blob{}, binary: net.binary, unknown: map[string]int{},
	}
	from := weights
	if net.binary {
		from = net
	}
	if from != nil {
		for i := range from.layers {
			if l := &from.layers[i]; len(l.blobs) > 0 {
				b.weights[l.message.Text("name")] = l.blobs
			}
		}
	}
	b.inputs(net.message)
	for i := range net.layers {
		if err := b.layer(&net.layers[i]); err != nil {
			return nil, err
		}
	}
	b.outputs()
	m := &graph.Model{Format: name, Name: net.name, FormatVersion: version(net), Graphs: []*graph.Graph{b.g}}
	for _, k := range b.order {
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("layer type %q is not known (%d times)", clip(k), b.unknown[k])})
	}
	return m, nil
}

func version(net *network) string {
	for i := range net.layers {
		if net.layers[i].v1 {
			return "V1"
		}
	}
	return "2"
}

// inputs are declared with input and input_shape, or four input_dim each.
func (b *builder) inputs(m *textproto.Message) {
	dims := m.Ints("input_dim")
	shapes := m.All("input_shape")
	for i, f := range m.All("input") {
		t := graph.Tensor{Name: f.Text, DType: graph.Float32}
		switch {
		case i < len(shapes):
			t.Shape = shapeOf(shapes[i].Message.Ints("dim"))
		case 4*i+4 <= len(dims):
			t.Shape = shapeOf(dims[4*i : 4*i+4])
		}
		id := b.tensor(t)
		b.blobs[f.Text] = id
		b.g.Inputs = append(b.g.Inputs, id)
	}
}

func shapeOf(dims []int64) graph.Shape {
	if len(dims) == 0 {
		return graph.Shape{}
	}
	return graph.ShapeOf(dims...)
}

func (b *builder) tensor(t graph.Tensor) graph.TensorID {
	b.g.Tensors = append(b.g.Tensors, t)
	b.used = append(b.used, false)
	return graph.TensorID(len(b.g.Tensors) - 1)
}

// lookup finds the tensor that a layer reads under a name.
func (b *builder) lookup(name string, train bool) graph.TensorID {
	first, second := b.blobs, b.train
	if train {
		first, second = b.train, b.blobs
	}
	id, ok := first[name]
	if !ok {
		id, ok = second[name]
	}
	if !ok { // not written by any layer: an input that is not declared
		id = b.tensor(graph.Tensor{Name: name, DType: graph.Float32})
		b.blobs[name] = id
		b.g.Inputs = append(b.g.Inputs, id)
	}
	b.used[id] = true
	return id
}

// layer adds one node.
func (b *builder) layer(l *layer) error {
	m := l.message
	n := graph.Node{Name: m.Text("name"), SourceOp: m.Text("type"), Train: trainOnly(m)}
	if l.v1 {
		n.SourceOp = l.kind()
	}
	for _, f := range m.All("bottom") {
		n.Inputs = append(n.Inputs, b.lookup(f.Text, n.Train))
	}
	for _, f := range m.All("top") {
		id := b.tensor(graph.Tensor{Name: f.Text, DType: graph.Float32})
		n.Outputs = append(n.Outputs, id)
	}
	for i, f := range m.All("top") {
		b.train[f.Text] = n.Outputs[i]
		if !n.Train {
			b.blobs[f.Text] = n.Outputs[i]
		}
	}
	if len(b.g.Tensors) > b.lim.Tensors {
		return format.Errorf(format.ErrLimit, l.offset, "more than %d tensors", b.lim.Tensors)
	}
	c := &call{b: b, m: m, n: &n, kind: l.kind(), blobs: b.weights[n.Name]}
	if f, ok := layers[c.kind]; ok {
		f(c)
	} else {
		n.Op = graph.Custom
		if b.unknown[c.kind]++; b.unknown[c.kind] == 1 {
			b.order = append(b.order, c.kind)
		}
	}
	c.rest()
	b.g.Nodes = append(b.g.Nodes, n)
	return nil
}

// trainOnly reports that the rules admit the layer to training only.
func trainOnly(m *textproto.Message) bool {
	if m.Text("phase") == "TRAIN" {
		return true
	}
	includes := m.All("include")
	for _, f := range includes {
		if p := f.Message.Text("phase"); p != "TRAIN" && p != "0" {
			return false
		}
	}
	if len(includes) > 0 {
		return true
	}
	for _, f := range m.All("exclude") {
		if p := f.Message.Text("phase"); p == "TEST" || p == "1" {
			return true
		}
	}
	return false
}

// outputs are the tensors of inference that no layer reads.
func (b *builder) outputs() {
	for i := range b.g.Nodes {
		if b.g.Nodes[i].Train {
			continue
		}
		for _, id := range b.g.Nodes[i].Outputs {
			if !b.used[id] {
				b.g.Outputs = append(b.g.Outputs, id)
			}
		}
	}
}

// call is one layer being built.
type call struct {
	b     *builder
	m     *textproto.Message
	n     *graph.Node
	kind  string
	blobs []blob
	taken int
}

func (c *call) op(op graph.Op, a graph.Attrs) { c.n.Op, c.n.Attrs = op, a }

// param returns the layer's parameters of the given name, nil for none.
func (c *call) param(name string) *textproto.Message { return c.m.Message(name) }

// operands appends tensors as operands.
func (c *call) operands(ids ...graph.TensorID) { c.n.Inputs = append(c.n.Inputs, ids...) }

// weight makes the constant for the layer's next blob. shape is what the
// parameters say, -1 where they do not; the blob's own shape completes it.
func (c *call) weight(suffix string, shape ...int64) graph.TensorID {
	t := graph.Tensor{Name: c.n.Name + "." + suffix, DType: graph.Float32, Shape: graph.ShapeOf(shape...)}
	if c.taken < len(c.blobs) {
		b := c.blobs[c.taken]
		t.DType = b.dtype
		t.Shape = fit(b, shape)
		t.Const = b.constant(t.DType)
	} else {
		t.Const = &graph.Const{StoredBytes: -1, Missing: missing}
		if c.b.binary || len(c.b.weights) > 0 {
			t.Const.Missing = "no blob for it in the weights file"
		}
	}
	c.taken++
	return c.b.tensor(t)
}

// rest adds blobs that no rule of the layer has taken as operands.
func (c *call) rest() {
	for c.taken < len(c.blobs) {
		c.operands(c.weight(fmt.Sprintf("blob%d", c.taken)))
	}
}

// fit returns the blob's shape, without the leading ones of the old
// four-dimensional blobs where the layer expects fewer dimensions.
func fit(b blob, want []int64) graph.Shape {
	dims := b.dims
	if dims == nil {
		return graph.ShapeOf(b.values)
	}
	for len(want) > 0 && len(dims) > len(want) && dims[0] == 1 {
		dims = dims[1:]
	}
	return graph.ShapeOf(dims...)
}

func (b blob) constant(t graph.DType) *graph.Const {
	c := &graph.Const{Data: b.data, StoredBytes: b.stored}
	n, ok := graph.ShapeOf(b.dims...).Elements()
	if b.dims == nil {
		n, ok = b.values, true
	}
	size, known := t.ByteCount(n)
	if !ok || !known || b.data == nil || int64(len(b.data)) != size {
		c.Data = nil
		c.Missing = fmt.Sprintf("%d values stored for %d elements", b.values, n)
	}
	return c
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
