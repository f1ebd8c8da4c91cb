package ort

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
)

// node adds one operator: operands, bodies, results, in that order.
func (b *builder) node(t flatbuf.Table) error {
	n := onnxop.Node{
		Name: flatfmt.Text(t.String(nodeName), b.r.lim), OpType: flatfmt.Text(t.String(nodeOpType), b.r.lim),
		Domain: flatfmt.Text(t.String(nodeDomain), b.r.lim), Version: int(t.Int32(nodeSinceVersion, 0)),
	}
	if err := flatfmt.Error(b.r.fb.Err()); err != nil {
		return err
	}
	if n.OpType == "" {
		return format.Errorf(format.ErrMalformed, int64(t.Pos()), "operator without a type")
	}
	in, out := t.Tables(nodeInputs), t.Tables(nodeOutputs)
	for i := range in.Len() {
		n.Inputs = append(n.Inputs, b.resolve(in.String(i)))
	}
	attrs := t.Tables(nodeAttributes)
	for i := range attrs.Len() {
		if err := b.attribute(attrs.Table(i), &n); err != nil {
			return err
		}
	}
	for i := range out.Len() {
		n.Outputs = append(n.Outputs, b.define(out.String(i)))
	}
	b.assign(&n)
	b.Append(&n)
	if last := &b.Graph.Nodes[len(b.Graph.Nodes)-1]; n.OpType == "EPContext" {
		b.opaque(last, n.Attrs)
	}
	return flatfmt.Error(b.r.fb.Err())
}

// assign keeps single assignment for the node before it is translated.
func (b *builder) assign(n *onnxop.Node) {
	g := graph.Node{Inputs: n.Inputs, Outputs: n.Outputs}
	b.single.Assign(b.Graph, &g)
}

// attribute reads one attribute; graphs become bodies, then_branch first.
func (b *builder) attribute(t flatbuf.Table, n *onnxop.Node) error {
	a := onnxop.Attr{
		Name: t.String(attributeName), Float: t.Float32(attributeF, 0), Int: t.Int64(attributeI, 0), Bytes: []byte(t.String(attributeS)),
		Floats: t.Vector(attributeFloats, 4).Float32s(), Ints: t.Vector(attributeInts, 8).Int64s(),
	}
	for _, s := range t.Tables(attributeStrings).Strings() {
		a.Strings = append(a.Strings, []byte(s))
	}
	if v := t.Table(attributeT); v.Exists() {
		tensor := b.tensor(v)
		a.Tensor = &tensor
	}
	n.Attrs = append(n.Attrs, a)
	graphs := []flatbuf.Table{}
	if g := t.Table(attributeG); g.Exists() {
		graphs = append(graphs, g)
	}
	list := t.Tables(attributeGraphs)
	for i := range list.Len() {
		graphs = append(graphs, list.Table(i))
	}
	if err := flatfmt.Error(b.r.fb.Err()); err != nil {
		return err
	}
	for _, g := range graphs {
		index, err := b.r.graph(g, graph.RoleBody, b)
		if err != nil {
			return flatfmt.Wrap(err, "attribute "+a.Name)
		}
		n.Subgraphs = append(n.Subgraphs, index)
		n.Bodies = append(n.Bodies, b.r.m.Graphs[index])
		if k := len(n.Subgraphs) - 1; a.Name == "then_branch" && k > 0 {
			n.Subgraphs[0], n.Subgraphs[k] = n.Subgraphs[k], n.Subgraphs[0]
			n.Bodies[0], n.Bodies[k] = n.Bodies[k], n.Bodies[0]
		}
	}
	return nil
}

// opaque records a compiled context of an execution provider.
func (b *builder) opaque(n *graph.Node, attrs []onnxop.Attr) {
	var size int64
	for i := range attrs {
		if attrs[i].Name == "ep_cache_context" {
			size = int64(len(attrs[i].Bytes))
		}
	}
	n.Op = graph.OpaqueOp
	b.r.m.Opaque = append(b.r.m.Opaque, graph.Opaque{Kind: "ep_context", Where: "EPContext " + n.Name, Bytes: size})
}
