package mediapipe

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// model turns the configuration into a graph of custom nodes.
func (c *config) model(in format.Input) (*graph.Model, error) {
	m := &graph.Model{Format: name, Name: c.kind}
	g := &graph.Graph{Name: c.kind}
	m.Graphs = []*graph.Graph{g}
	b := &builder{g: g, ids: map[string]graph.TensorID{}, limit: in.Limits.OrDefault().Tensors}
	g.Inputs = append(b.all("", c.inputs), b.all("side:", c.inputSides)...)
	for _, id := range g.Inputs {
		b.written[id] = true
	}
	for _, n := range c.nodes {
		out := graph.Node{
			Name: n.name, Op: graph.Custom, SourceOp: n.calculator, Attrs: &graph.CustomAttrs{Domain: name, Bytes: n.options},
			Inputs: append(b.all("", n.inputs), b.all("side:", n.inputSides)...),
		}
		out.Outputs = append(b.define("", n.outputs), b.define("side:", n.outputSides)...)
		g.Nodes = append(g.Nodes, out)
	}
	g.Outputs = append(b.all("", c.outputs), b.all("side:", c.outputSides)...)
	if b.full {
		return nil, format.Errorf(format.ErrLimit, -1, "more than %d streams", b.limit)
	}
	for _, n := range c.models {
		data, err := in.Companion(n)
		m.Parts = append(m.Parts, graph.Part{Name: n, Found: err == nil, Bytes: int64(len(data))})
	}
	m.Notes = append(m.Notes, graph.Note{Text: "a graph of calculators: the networks that they run are files of their own"})
	return m, nil
}

type builder struct {
	g       *graph.Graph
	ids     map[string]graph.TensorID
	written []bool
	limit   int
	full    bool
}

// key is the stream's own name, without tag and index.
func key(prefix, stream string) string { return prefix + stream[strings.LastIndexByte(stream, ':')+1:] }

func (b *builder) add(k string) graph.TensorID {
	if len(b.g.Tensors) >= b.limit {
		b.full = true
		return graph.NoTensor
	}
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, graph.Tensor{Name: k, DType: graph.Variant})
	b.written = append(b.written, false)
	b.ids[k] = id
	return id
}

// all resolves the streams that are read.
func (b *builder) all(prefix string, streams []string) []graph.TensorID {
	var out []graph.TensorID
	for _, s := range streams {
		k := key(prefix, s)
		id, ok := b.ids[k]
		if !ok {
			id = b.add(k)
		}
		out = append(out, id)
	}
	return out
}

// define resolves the streams that a node writes; a second writer gets a tensor
// of its own.
func (b *builder) define(prefix string, streams []string) []graph.TensorID {
	var out []graph.TensorID
	for _, s := range streams {
		k := key(prefix, s)
		id, ok := b.ids[k]
		if !ok || b.written[id] {
			id = b.add(k)
		}
		if id != graph.NoTensor {
			b.written[id] = true
		}
		out = append(out, id)
	}
	return out
}
