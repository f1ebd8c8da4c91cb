package ncnn

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// candidates bounds how many files of a folder are tried as weights.
const candidates = 64

// build turns a network into a model and pairs it with its weights: by name,
// then by content among the files beside it.
func build(in format.Input, net *network) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	named, data := findNamed(in)
	b, err := buildWith(net, data, lim)
	if err != nil {
		return nil, err
	}
	m := b.model(in, net)
	switch {
	case b.weights == 0:
		return m, nil
	case named == "" && in.Trailing:
		if m := behindGraph(in, net, lim); m != nil {
			return m, nil
		}
	case named != "" && b.reader.err == nil:
		m.Parts = append(m.Parts, graph.Part{Name: named, Found: true, Bytes: int64(len(data))})
		if left := len(data) - b.reader.pos; left > 0 {
			m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("%d bytes after the last weight in %q", left, clip(named))})
		}
		return m, nil
	}
	if other, found, ok := findByContent(in, net, lim, named); ok {
		m := other.model(in, net)
		m.Parts = append(m.Parts, graph.Part{Name: found, Found: true, Bytes: int64(len(other.reader.data))})
		return m, nil
	}
	if named != "" {
		if b, err = buildWith(net, nil, lim); err != nil {
			return nil, err
		}
		m = b.model(in, net)
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("weights file %q does not hold the weights of these layers", clip(named))})
		return m, nil
	}
	m.Parts = append(m.Parts, graph.Part{Name: weightNames(in.Name)[0]})
	m.Notes = append(m.Notes, graph.Note{Loses: true, Text: missing + ": the types of the weights are assumed"})
	return m, nil
}

const missing = "weights file not found"

func findNamed(in format.Input) (string, []byte) {
	for _, n := range weightNames(in.Name) {
		if data, err := in.Companion(n); err == nil {
			return n, data
		}
	}
	return "", nil
}

// findByContent tries the other files of the folder: the one that holds
// exactly the buffers of the layers is the weights file.
func findByContent(in format.Input, net *network, lim format.Limits, not string) (*builder, string, bool) {
	if in.List == nil || in.Open == nil {
		return nil, "", false
	}
	tried := 0
	for _, n := range in.List() {
		if n == in.Name || n == not {
			continue
		}
		data, err := in.Open(n)
		if err != nil || len(data) < 8 {
			continue
		}
		if tried++; tried > candidates {
			break
		}
		b, err := buildWith(net, data, lim)
		if err == nil && b.weights > 0 && b.reader.err == nil && b.reader.pos == len(data) {
			return b, n, true
		}
	}
	return nil, "", false
}

// behindGraph looks for the weights right behind a graph that lies in the middle of
// other bytes: ncnn2mem writes both as arrays of one source file, which compilers put
// behind each other, aligned; a file may hold both without a gap. Every tag must be known and the first numbers plausible,
// or they are left out: nil.
func behindGraph(in format.Input, net *network, lim format.Limits) *graph.Model {
	tried := int64(-1)
	for align := int64(1); align <= 128; align *= 2 {
		start := (net.length + align - 1) &^ (align - 1)
		if start == tried || start >= int64(len(in.Data)) {
			continue
		}
		tried = start
		data := in.Data[start:]
		b, err := buildWith(net, data, lim)
		if err != nil || b.weights == 0 || b.reader.err != nil || b.reader.tables > 0 {
			continue
		}
		if !plausibleWeights(format.Head{Bytes: data[:min(b.reader.pos, 4096)]}) {
			continue
		}
		m := b.model(in, net)
		m.Length = start + int64(b.reader.pos)
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("weights found %d bytes behind the graph", start-net.length)})
		return m
	}
	return nil
}

// builder makes the graph. reader is nil where there is no weights file.
type builder struct {
	g       *graph.Graph
	lim     format.Limits
	blobs   map[string]graph.TensorID
	ranks   []int8 // per tensor, 0 = unknown
	used    []bool
	reader  *weightReader
	weights int
	unknown map[string]int
	order   []string
}

func buildWith(net *network, weights []byte, lim format.Limits) (*builder, error) {
	b := &builder{g: &graph.Graph{}, lim: lim, blobs: map[string]graph.TensorID{}, unknown: map[string]int{}}
	b.g.Nodes = make([]graph.Node, 0, len(net.layers))
	if weights != nil {
		b.reader = &weightReader{data: weights}
	}
	for i := range net.layers {
		if err := b.layer(&net.layers[i]); err != nil {
			return nil, err
		}
	}
	b.outputs()
	return b, nil
}

func (b *builder) model(in format.Input, net *network) *graph.Model {
	m := &graph.Model{Format: name, FormatVersion: "text", Graphs: []*graph.Graph{b.g}}
	switch {
	case net.binary:
		m.FormatVersion = "binary"
	case net.old:
		m.FormatVersion = "text without magic"
	}
	if in.Trailing {
		m.Length = net.length
	}
	for _, kind := range b.order {
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("layer type %q is not one of the runtime's (%d times)", clip(kind), b.unknown[kind])})
	}
	return m
}

// layer adds one node.
func (b *builder) layer(l *layer) error {
	n := graph.Node{Name: l.name, SourceOp: l.kind}
	for _, s := range l.bottoms {
		id, ok := b.blobs[s]
		if !ok { // never written: a network input without an Input layer
			id = b.blob(s)
			b.g.Inputs = append(b.g.Inputs, id)
		}
		b.used[id] = true
		n.Inputs = append(n.Inputs, id)
	}
	rank := int8(0)
	if len(n.Inputs) > 0 {
		rank = b.ranks[n.Inputs[0]]
	}
	for _, s := range l.top {
		id := b.blob(s)
		b.ranks[id] = rank
		n.Outputs = append(n.Outputs, id)
	}
	if len(b.g.Tensors) > b.lim.Tensors {
		return format.Errorf(format.ErrLimit, l.offset, "more than %d tensors", b.lim.Tensors)
	}
	if f, ok := layers[l.kind]; ok {
		f(&call{b, l, &n})
	} else {
		n.Op = graph.Custom
		if b.unknown[l.kind]++; b.unknown[l.kind] == 1 {
			b.order = append(b.order, l.kind)
		}
		b.setRank(&n, 0)
	}
	b.hints(l, &n)
	b.g.Nodes = append(b.g.Nodes, n)
	return nil
}

// blob makes the tensor of a blob; a name written again gets a new tensor.
func (b *builder) blob(name string) graph.TensorID {
	id := b.tensor(graph.Tensor{Name: name, DType: graph.Float32})
	b.blobs[name] = id
	return id
}

func (b *builder) tensor(t graph.Tensor) graph.TensorID {
	b.g.Tensors = append(b.g.Tensors, t)
	b.ranks = append(b.ranks, 0)
	b.used = append(b.used, false)
	return graph.TensorID(len(b.g.Tensors) - 1)
}

func (b *builder) setRank(n *graph.Node, rank int8) {
	for _, id := range n.Outputs {
		b.ranks[id] = rank
	}
}

// hints takes the ranks that ncnnoptimize writes for the outputs (parameter
// 30: rank, w, h, c per blob) where they are not known from the layers.
func (b *builder) hints(l *layer, n *graph.Node) {
	shapes := l.params.ints(30)
	if len(shapes) != 4*len(n.Outputs) {
		return
	}
	for i, id := range n.Outputs {
		if r := shapes[4*i]; b.ranks[id] == 0 && r >= 1 && r <= 4 {
			b.ranks[id] = int8(r)
		}
	}
}

// outputs are the blobs that no layer reads.
func (b *builder) outputs() {
	for i := range b.g.Nodes {
		for _, id := range b.g.Nodes[i].Outputs {
			if !b.used[id] {
				b.g.Outputs = append(b.g.Outputs, id)
			}
		}
	}
}

// call is one layer being built: the operator fills the node.
type call struct {
	b *builder
	*layer
	n *graph.Node
}

// rank returns the rank of input i, 0 where it is not known.
func (c *call) rank(i int) int8 {
	if i >= len(c.n.Inputs) || c.n.Inputs[i] == graph.NoTensor {
		return 0
	}
	return c.b.ranks[c.n.Inputs[i]]
}

func (c *call) out(rank int8) { c.b.setRank(c.n, rank) }

func (c *call) op(op graph.Op, a graph.Attrs) {
	c.n.Op, c.n.Attrs = op, a
}

// operands appends constants as operands.
func (c *call) operands(ids ...graph.TensorID) { c.n.Inputs = append(c.n.Inputs, ids...) }

// weight reads the next buffer of the weights file, which has a type tag, as
// a constant of the given shape.
func (c *call) weight(suffix string, shape ...int64) graph.TensorID {
	return c.constant(suffix, true, shape)
}

// floats reads the next buffer, which has no tag.
func (c *call) floats(suffix string, shape ...int64) graph.TensorID {
	return c.constant(suffix, false, shape)
}

func (c *call) constant(suffix string, tagged bool, shape []int64) graph.TensorID {
	n := int64(1)
	for _, d := range shape {
		if d <= 0 || n > (1<<40)/d {
			n = -1
			break
		}
		n *= d
	}
	c.b.weights++
	t := graph.Tensor{Name: c.name + "." + suffix, DType: graph.Float32, Shape: graph.ShapeOf(shape...)}
	if n < 0 {
		t.Const = &graph.Const{StoredBytes: -1, Missing: "size not known from the layer's parameters"}
		if c.b.reader != nil && c.b.reader.err == nil {
			c.b.reader.err = format.Errorf(format.ErrMalformed, c.offset, "layer %q: %s has no known size", clip(c.name), suffix)
		}
		return c.b.tensor(t)
	}
	t.Const = &graph.Const{StoredBytes: -1, Missing: missing}
	if r := c.b.reader; r != nil && r.err == nil {
		buf := buffer{}
		if tagged {
			buf = r.tagged(n)
		} else {
			buf = r.raw(n)
		}
		if r.err == nil {
			t.DType = buf.dtype
			t.Const = &graph.Const{Data: buf.data, StoredBytes: buf.stored}
			if buf.table {
				t.Quant = &graph.Quant{Scheme: graph.QuantCodebook, Word: "table of 256"}
			}
		}
	}
	return c.b.tensor(t)
}

// scales reads n int8 scales and puts them on the weight as quantisation:
// the runtime multiplies by them, so a real value is the stored one divided.
func (c *call) scales(weight graph.TensorID, n int64) {
	c.b.weights++
	t := &c.b.g.Tensors[weight]
	if t.Const.Missing != "" {
		t.DType = graph.Int8
	}
	q := &graph.Quant{Scheme: graph.QuantAffine, Word: "int8_scale"}
	t.Quant = q
	r := c.b.reader
	if r == nil || r.err != nil || n < 0 {
		return
	}
	for _, s := range r.raw(n).floats(1 << 16) {
		if s != 0 {
			s = 1 / s
		}
		q.Scales = append(q.Scales, s)
	}
}

// skip passes n floats that are no operand (scales of activations).
func (c *call) skip(n int64) {
	if r := c.b.reader; r != nil && r.err == nil {
		r.raw(n)
	}
}
