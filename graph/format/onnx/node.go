package onnx

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	"github.com/gaugenn/gaugenn/graph/format/internal/qnncontext"
)

func (b *builder) allNodes(list []protowire.Message) error {
	b.Graph.Nodes = make([]graph.Node, 0, len(list))
	var n nodeProto
	for i, m := range list {
		at := m.Offset()
		if err := n.read(m); err != nil {
			return fmt.Errorf("node %d %q: %w", i, n.opType, err)
		}
		if !isIdentifier(n.opType) {
			return format.Errorf(format.ErrMalformed, at, "node %d has operator type %q", i, b.p.text(n.opType))
		}
		if err := b.node(&n); err != nil {
			return fmt.Errorf("node %d %q: %w", i, n.opType, err)
		}
	}
	return nil
}

// node adds one node: operands, bodies, results, in that order.
func (b *builder) node(n *nodeProto) error {
	out := onnxop.Node{Name: b.p.text(n.name), OpType: string(n.opType), Domain: string(n.domain)}
	out.Version = b.opsets[onnxop.Canonical(out.Domain)]
	ids := make([]graph.TensorID, len(n.input)+len(n.output))
	for i, name := range n.input {
		id, err := b.resolve(name)
		if err != nil {
			return err
		}
		ids[i] = id
	}
	out.Inputs = ids[:len(n.input):len(n.input)]
	if err := b.bodies(n, &out); err != nil {
		return err
	}
	call, err := b.call(n, &out)
	if err != nil {
		return err
	}
	for i, name := range n.output {
		id, err := b.define(name)
		if err != nil {
			return err
		}
		ids[len(n.input)+i] = id
	}
	out.Outputs = ids[len(n.input):]
	if call {
		b.Graph.Nodes = append(b.Graph.Nodes, graph.Node{
			Name: out.Name, Op: graph.Call, SourceOp: onnxop.SourceOp(out.Domain, out.OpType), Version: out.Version,
			Inputs: out.Inputs, Outputs: out.Outputs, Subgraphs: out.Subgraphs,
		})
		return nil
	}
	if err := b.convertAttrs(n, &out); err != nil {
		return err
	}
	b.Append(&out)
	b.syncTaken()
	b.finish(&out)
	return nil
}

// bodies builds the graphs among the attributes, in file order, and lists them
// with If's then before its else.
func (b *builder) bodies(n *nodeProto, out *onnxop.Node) error {
	first := -1
	for i := range n.attrs {
		a := b.attr(&n.attrs[i])
		for _, m := range a.graphs {
			inner := &builder{p: b.p, outer: b, opsets: b.opsets, bound: b.bound}
			idx, err := inner.build(m, graph.RoleBody)
			if err != nil {
				return fmt.Errorf("attribute %q: %w", a.name, err)
			}
			if string(a.name) == "then_branch" {
				first = len(out.Subgraphs)
			}
			out.Subgraphs = append(out.Subgraphs, idx)
			out.Bodies = append(out.Bodies, inner.Graph)
		}
	}
	if first > 0 {
		out.Subgraphs[0], out.Subgraphs[first] = out.Subgraphs[first], out.Subgraphs[0]
		out.Bodies[0], out.Bodies[first] = out.Bodies[first], out.Bodies[0]
	}
	return nil
}

// attr returns the attribute, or the one of the function's call that it refers to.
func (b *builder) attr(a *attrProto) *attrProto {
	if len(a.ref) == 0 {
		return a
	}
	for i := range b.bound {
		if string(b.bound[i].name) == string(a.ref) {
			bound := b.bound[i]
			bound.name, bound.ref = a.name, nil
			return &bound
		}
	}
	return a
}

// convertAttrs fills in the attributes that translation reads. One that refers
// to an attribute which the function's call leaves out is absent.
func (b *builder) convertAttrs(n *nodeProto, out *onnxop.Node) error {
	if len(n.attrs) == 0 {
		return nil
	}
	out.Attrs = make([]onnxop.Attr, 0, len(n.attrs))
	for i := range n.attrs {
		a := b.attr(&n.attrs[i])
		if len(a.ref) > 0 {
			continue
		}
		c := onnxop.Attr{Name: string(a.name), Int: a.i, Float: a.f, Bytes: a.s, Ints: a.ints, Floats: a.floats, Strings: a.strings}
		var t tensorProto
		switch {
		case a.hasTensor:
			if err := t.read(a.tensor); err != nil {
				return fmt.Errorf("attribute %q: %w", a.name, err)
			}
			v := b.p.constTensor(&t)
			c.Tensor = &v
		case a.hasSparse:
			v, err := b.p.sparseTensor(a.sparse)
			if err != nil {
				return fmt.Errorf("attribute %q: %w", a.name, err)
			}
			c.Tensor = &v
		}
		out.Attrs = append(out.Attrs, c)
	}
	return nil
}

// finish gives a Constant's value to its output and reports compiled blobs.
func (b *builder) finish(n *onnxop.Node) {
	switch {
	case n.OpType == "Constant" && onnxop.Canonical(n.Domain) == onnxop.Onnx && len(n.Outputs) > 0:
		b.giveValue(n)
	case b.Graph.Nodes[len(b.Graph.Nodes)-1].Op == graph.OpaqueOp:
		b.opaque(n)
	}
}

func (b *builder) giveValue(n *onnxop.Node) {
	out := b.Graph.Tensor(n.Outputs[0])
	if out == nil || out.Const != nil {
		return
	}
	for i := range n.Attrs {
		v, ok := constantValue(&n.Attrs[i])
		if !ok {
			continue
		}
		v.Name = out.Name
		c := *v.Const
		c.NotParam = true
		v.Const = &c
		*out = v
		return
	}
}

// constantValue returns the value that an attribute of a Constant node holds.
func constantValue(a *onnxop.Attr) (graph.Tensor, bool) {
	t := graph.Tensor{}
	var data []byte
	switch a.Name {
	case "value", "sparse_value":
		if a.Tensor == nil {
			return t, false
		}
		return *a.Tensor, true
	case "value_int":
		t.DType, t.Shape, data = graph.Int64, graph.ShapeOf(), intBytes([]int64{a.Int})
	case "value_ints":
		t.DType, t.Shape, data = graph.Int64, graph.ShapeOf(int64(len(a.Ints))), intBytes(a.Ints)
	case "value_float":
		t.DType, t.Shape, data = graph.Float32, graph.ShapeOf(), floatBytes([]float32{a.Float})
	case "value_floats":
		t.DType, t.Shape, data = graph.Float32, graph.ShapeOf(int64(len(a.Floats))), floatBytes(a.Floats)
	case "value_string":
		t.DType, t.Shape, data = graph.String, graph.ShapeOf(), a.Bytes
	case "value_strings":
		t.DType, t.Shape, data = graph.String, graph.ShapeOf(int64(len(a.Strings))), nil
	default:
		return t, false
	}
	t.Const = &graph.Const{Data: data, StoredBytes: int64(len(data))}
	return t, true
}

// opaque reports a compiled blob: EPContext keeps it in the attribute
// ep_cache_context, or with embed_mode 0 in a file that the attribute names.
func (b *builder) opaque(n *onnxop.Node) {
	o := graph.Opaque{Kind: "ep_context", Where: n.Name}
	if n.OpType != "EPContext" {
		o.Kind = n.OpType
	}
	embedded := true
	var cache []byte
	for i := range n.Attrs {
		a := &n.Attrs[i]
		switch a.Name {
		case "embed_mode":
			embedded = a.Int != 0
		case "ep_cache_context", "DLC":
			cache = a.Bytes
		case "source":
			o.Where += " " + b.p.text(a.Bytes)
		}
	}
	o.Bytes = int64(len(cache))
	if loc, ok := cleanLocation(string(cache[:min(len(cache), 4096)])); !embedded && ok {
		if data, found := b.p.companion(loc); found {
			o.Bytes, cache = int64(len(data)), data
		}
	}
	qnncontext.Describe(b.p.model, cache, b.p.limits)
	b.p.model.Opaque = append(b.p.model.Opaque, o)
	b.Graph.Nodes[len(b.Graph.Nodes)-1].Attrs = &graph.CustomAttrs{Domain: n.Domain, Bytes: o.Bytes}
}
