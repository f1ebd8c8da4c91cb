package onnx

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// function is a model-local FunctionProto, as views.
type function struct {
	name    []byte
	inputs  [][]byte
	outputs [][]byte
	nodes   []protowire.Message
	infos   []protowire.Message
	opsets  map[string]int
	// defaults are the attributes that a call may leave out.
	defaults []attrProto
}

// addFunction reads a FunctionProto.
func (p *parser) addFunction(m protowire.Message) error {
	fn := &function{opsets: map[string]int{}}
	var domain, overload []byte
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case functionName:
			fn.name = f.Bytes
		case functionDomain:
			domain = f.Bytes
		case functionOverload:
			overload = f.Bytes
		case functionInput:
			fn.inputs = append(fn.inputs, f.Bytes)
		case functionOutput:
			fn.outputs = append(fn.outputs, f.Bytes)
		case functionNode:
			fn.nodes = append(fn.nodes, f.Message())
		case functionValueInfo:
			fn.infos = append(fn.infos, f.Message())
		case functionOpset:
			d, v := readOpset(f.Message())
			fn.opsets[d] = v
		case functionAttrProto:
			var a attrProto
			if err := a.read(f.Message()); err != nil {
				return fmt.Errorf("function %q: %w", fn.name, err)
			}
			fn.defaults = append(fn.defaults, a)
		}
	}
	if err := m.Err(); err != nil {
		return fmt.Errorf("function %q: %w", fn.name, err)
	}
	p.functions[functionKey(domain, fn.name, overload)] = fn
	return nil
}

func functionKey(domain, name, overload []byte) string {
	return onnxop.Canonical(string(domain)) + "\x00" + string(name) + "\x00" + string(overload)
}

// call builds the body of a function's call and reports whether the node is
// one. Operators of ONNX's own domain keep their canonical form even where the
// model brings a body for them.
func (b *builder) call(n *nodeProto, out *onnxop.Node) (bool, error) {
	if len(b.p.functions) == 0 {
		return false, nil
	}
	key := functionKey(n.domain, n.opType, n.overload)
	fn := b.p.functions[key]
	if fn == nil {
		return false, nil
	}
	if _, known := onnxop.Lookup(out.Domain, out.OpType); known && onnxop.Canonical(out.Domain) == onnxop.Onnx {
		return false, nil
	}
	if b.p.active[key] {
		b.p.lose("function %q calls itself", b.p.text(fn.name))
		return false, nil
	}
	b.p.active[key] = true
	defer delete(b.p.active, key)
	inner := &builder{p: b.p, opsets: fn.opsets}
	for i := range n.attrs {
		if a := b.attr(&n.attrs[i]); len(a.ref) == 0 {
			inner.bound = append(inner.bound, *a)
		}
	}
	inner.bound = append(inner.bound, fn.defaults...)
	if err := inner.buildFunction(fn); err != nil {
		return false, fmt.Errorf("function %q: %w", fn.name, err)
	}
	out.Subgraphs = append(out.Subgraphs, inner.index)
	return true, nil
}

// maxUnfolded bounds the nodes that calls make of functions, since a small file
// can call functions that call functions.
const maxUnfolded = 1 << 17

func (b *builder) buildFunction(fn *function) error {
	if err := b.open(graph.RoleBody); err != nil {
		return err
	}
	defer b.close()
	if b.p.unfolded += len(fn.nodes); b.p.unfolded > min(maxUnfolded, b.p.limits.Nodes) {
		return format.Errorf(format.ErrLimit, -1, "calls of functions unfold to more than %d nodes", min(maxUnfolded, b.p.limits.Nodes))
	}
	b.Graph.Name = b.p.text(fn.name)
	for _, m := range fn.infos {
		b.stateType(m)
	}
	for _, name := range fn.inputs {
		id, err := b.add(name, b.stated(name), true)
		if err != nil {
			return err
		}
		b.Graph.Inputs = append(b.Graph.Inputs, id)
	}
	if err := b.allNodes(fn.nodes); err != nil {
		return err
	}
	for _, name := range fn.outputs {
		id, err := b.resolve(name)
		if err != nil {
			return err
		}
		b.Graph.Outputs = append(b.Graph.Outputs, id)
	}
	return nil
}
