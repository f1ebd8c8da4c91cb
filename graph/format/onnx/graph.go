package onnx

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// builder makes one graph.
type builder struct {
	onnxop.Scope
	p     *parser
	outer *builder
	index int
	ids   map[string]graph.TensorID
	// taken says of each tensor that no node may write it any more.
	taken []bool
	// types are the stated types of values by name.
	types map[string]protowire.Message
	// opsets are the versions that the model or the function imports.
	opsets map[string]int
	// bound are the attributes of a function's call.
	bound []attrProto
}

// graphParts are the fields of a GraphProto, as views.
type graphParts struct {
	name                               []byte
	nodes, inits, sparse, inputs, outs []protowire.Message
	quants                             []protowire.Message
}

// build makes the graph and returns its index in the model.
func (b *builder) build(m protowire.Message, role graph.Role) (int, error) {
	if err := b.open(role); err != nil {
		return 0, err
	}
	defer b.close()
	var parts graphParts
	if err := b.collect(m, &parts); err != nil {
		return 0, err
	}
	g := b.Graph
	g.Name = b.p.text(parts.name)
	if err := b.initializers(&parts); err != nil {
		return 0, err
	}
	for _, in := range parts.inputs {
		if id, isNew, err := b.input(in); err != nil {
			return 0, err
		} else if isNew {
			g.Inputs = append(g.Inputs, id)
		}
	}
	if err := b.allNodes(parts.nodes); err != nil {
		return 0, err
	}
	for _, out := range parts.outs {
		id, err := b.resolve(valueName(out))
		if err != nil {
			return 0, err
		}
		g.Outputs = append(g.Outputs, id)
	}
	b.annotate(parts.quants)
	return b.index, nil
}

// open gives the graph its place in the model.
func (b *builder) open(role graph.Role) error {
	if b.p.depth++; b.p.depth > b.p.limits.Depth {
		return format.Errorf(format.ErrLimit, -1, "graphs are nested more than %d deep", b.p.limits.Depth)
	}
	b.Graph = &graph.Graph{Role: role}
	b.ids = map[string]graph.TensorID{}
	b.types = map[string]protowire.Message{}
	b.index = len(b.p.model.Graphs)
	b.p.model.Graphs = append(b.p.model.Graphs, b.Graph)
	return nil
}

func (b *builder) close() { b.p.depth-- }

func (b *builder) collect(m protowire.Message, parts *graphParts) error {
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			return format.Errorf(format.ErrMalformed, f.Offset, "graph field %d has wire type %d", f.Number, f.Type)
		}
		switch f.Number {
		case graphNode:
			parts.nodes = append(parts.nodes, f.Message())
			if b.p.nodes++; b.p.nodes > b.p.limits.Nodes {
				return format.Errorf(format.ErrLimit, f.Offset, "more than %d nodes", b.p.limits.Nodes)
			}
		case graphName:
			parts.name = f.Bytes
		case graphInitializer:
			parts.inits = append(parts.inits, f.Message())
		case graphSparseInitializer:
			parts.sparse = append(parts.sparse, f.Message())
		case graphInput:
			parts.inputs = append(parts.inputs, f.Message())
		case graphOutput:
			parts.outs = append(parts.outs, f.Message())
			b.stateType(f.Message())
		case graphValueInfo:
			b.stateType(f.Message())
		case graphQuantization:
			parts.quants = append(parts.quants, f.Message())
		}
		if len(parts.inits)+len(parts.inputs)+len(parts.outs)+len(parts.sparse) > b.p.limits.Tensors {
			return format.Errorf(format.ErrLimit, f.Offset, "more than %d tensors", b.p.limits.Tensors)
		}
	}
	return m.Err()
}

// stateType remembers the type that a ValueInfoProto states.
func (b *builder) stateType(m protowire.Message) {
	if n := valueName(m); len(n) > 0 && len(b.types) < b.p.limits.Tensors {
		b.types[string(n)] = m
	}
}

// initializers adds the graph's constants.
func (b *builder) initializers(parts *graphParts) error {
	b.Graph.Tensors = make([]graph.Tensor, 0, len(parts.inits)+len(parts.inputs)+len(parts.nodes))
	for _, m := range parts.inits {
		var t tensorProto
		if err := t.read(m); err != nil {
			return fmt.Errorf("initializer %q: %w", t.name, err)
		}
		if _, dup := b.ids[string(t.name)]; dup {
			b.p.note(false, fmt.Sprintf("initializer %q is given twice; the first one counts", b.p.text(t.name)))
			continue
		}
		if _, err := b.add(t.name, b.p.constTensor(&t), true); err != nil {
			return err
		}
	}
	for _, m := range parts.sparse {
		t, err := b.p.sparseTensor(m)
		if err != nil {
			return fmt.Errorf("sparse initializer: %w", err)
		}
		if _, err := b.add([]byte(t.Name), t, true); err != nil {
			return err
		}
	}
	return nil
}

// input adds a graph input; isNew is false for one that has an initializer,
// which before IR version 4 every initializer had to be.
func (b *builder) input(m protowire.Message) (id graph.TensorID, isNew bool, err error) {
	n := valueName(m)
	if id, ok := b.ids[string(n)]; ok {
		return id, false, nil
	}
	t := graph.Tensor{Name: b.p.text(n)}
	t.DType, t.Shape = b.p.valueType(m)
	id, err = b.add(n, t, true)
	return id, true, err
}

// add appends a tensor under a name.
func (b *builder) add(name []byte, t graph.Tensor, taken bool) (graph.TensorID, error) {
	if b.p.tensors++; b.p.tensors > b.p.limits.Tensors {
		return 0, format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.p.limits.Tensors)
	}
	id := graph.TensorID(len(b.Graph.Tensors))
	b.Graph.Tensors = append(b.Graph.Tensors, t)
	b.taken = append(b.taken, taken)
	key := t.Name
	if len(key) != len(name) {
		key = string(name)
	}
	b.ids[key] = id
	return id, nil
}

// resolve returns the tensor that a name means here: one of this graph, or one
// captured from the graphs around it, or a new one that nothing has written yet.
func (b *builder) resolve(name []byte) (graph.TensorID, error) {
	if len(name) == 0 {
		return graph.NoTensor, nil
	}
	if id, ok := b.ids[string(name)]; ok {
		return id, nil
	}
	if b.outer != nil && b.outer.knows(name) {
		from, err := b.outer.resolve(name)
		if err != nil {
			return 0, err
		}
		t := *b.outer.Graph.Tensor(from)
		t.IsVariable = false
		id, err := b.add(name, t, true)
		return id, err
	}
	return b.add(name, b.stated(name), false)
}

// knows reports whether this graph or one around it has a value of that name.
func (b *builder) knows(name []byte) bool {
	for ; b != nil; b = b.outer {
		if _, ok := b.ids[string(name)]; ok {
			return true
		}
	}
	return false
}

// stated returns a tensor with what the file states about the name.
func (b *builder) stated(name []byte) graph.Tensor {
	t := graph.Tensor{Name: b.p.text(name)}
	if m, ok := b.types[string(name)]; ok {
		t.DType, t.Shape = b.p.valueType(m)
	}
	return t
}

// define returns the tensor that a node writes under a name; a name that is
// already taken gets a second tensor, so that each is written once.
func (b *builder) define(name []byte) (graph.TensorID, error) {
	if len(name) == 0 {
		return graph.NoTensor, nil
	}
	b.syncTaken()
	if id, ok := b.ids[string(name)]; ok && !b.taken[id] {
		b.taken[id] = true
		return id, nil
	}
	return b.add(name, b.stated(name), true)
}

// syncTaken accounts for constants that translation has added.
func (b *builder) syncTaken() {
	for len(b.taken) < len(b.Graph.Tensors) {
		b.taken = append(b.taken, true)
	}
}

// annotate reads quantization_annotation: the names of scale and zero point of
// a tensor.
func (b *builder) annotate(list []protowire.Message) {
	for _, m := range list {
		var tensor []byte
		keys := map[string]string{}
		var f protowire.Field
		for m.Next(&f) && len(keys) < 16 {
			switch {
			case f.Is(1, protowire.Bytes):
				tensor = f.Bytes
			case f.Is(2, protowire.Bytes):
				k, v := readPair(f.Message())
				keys[k] = v
			}
		}
		id, ok := b.ids[string(tensor)]
		scale, hasScale := b.ids[keys["SCALE_TENSOR"]]
		zero, hasZero := b.ids[keys["ZERO_POINT_TENSOR"]]
		if !hasZero {
			zero = graph.NoTensor
		}
		if ok && hasScale {
			b.Quantise(id, scale, zero, 0)
		}
	}
}
