package paddle

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/paddleop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// operators reads the operators of a block.
func (b *builder) operators(m protowire.Message) error {
	var f protowire.Field
	for m.Next(&f) {
		if !f.Is(blockOps, protowire.Bytes) {
			continue
		}
		if b.p.nodes++; b.p.nodes > b.p.limits.Nodes {
			return format.Errorf(format.ErrLimit, f.Offset, "more than %d operators", b.p.limits.Nodes)
		}
		if err := b.operator(f.Message()); err != nil {
			return fmt.Errorf("operator %d: %w", len(b.g.Nodes), err)
		}
	}
	return m.Err()
}

func (b *builder) operator(m protowire.Message) error {
	op := paddleop.Op{}
	var f protowire.Field
	var ins, outs []protowire.Message
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case opType:
			op.Type = b.p.text(f.String())
		case opInputs:
			ins = append(ins, f.Message())
		case opOutputs:
			outs = append(outs, f.Message())
		case opAttrs:
			a, sub := readAttr(f.Message())
			op.Attrs = append(op.Attrs, a)
			if sub > 0 && sub < int64(b.blocks) {
				op.Subgraphs = append(op.Subgraphs, int(sub))
			}
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	for _, in := range ins {
		p, err := b.param(in, b.resolve)
		if err != nil {
			return err
		}
		if op.Type != "feed" {
			op.Inputs = append(op.Inputs, p)
		}
	}
	for _, out := range outs {
		p, err := b.param(out, b.define)
		if err != nil {
			return err
		}
		if op.Type != "fetch" {
			op.Outputs = append(op.Outputs, p)
		}
	}
	b.ends(&op)
	paddleop.Append(b.g, &op)
	for len(b.taken) < len(b.g.Tensors) {
		b.taken = append(b.taken, true)
	}
	return nil
}

// ends makes what feed writes an input of the graph, what fetch reads an output.
func (b *builder) ends(op *paddleop.Op) {
	switch op.Type {
	case "feed":
		for _, p := range op.Outputs {
			b.g.Inputs = append(b.g.Inputs, p.IDs...)
		}
	case "fetch":
		for _, p := range op.Inputs {
			b.g.Outputs = append(b.g.Outputs, p.IDs...)
		}
	}
}

// param reads an OpDesc.Var: a parameter's name and its variables.
func (b *builder) param(m protowire.Message, id func(string) (graph.TensorID, error)) (paddleop.Param, error) {
	var p paddleop.Param
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			p.Name = f.String()
		case f.Is(2, protowire.Bytes):
			t, err := id(f.String())
			if err != nil {
				return p, err
			}
			p.IDs = append(p.IDs, t)
		}
	}
	return p, m.Err()
}

// maxList bounds lists of attributes.
const maxList = 1 << 16

// readAttr reads an OpDesc.Attr; sub is the block that it names, 0 if none.
func readAttr(m protowire.Message) (a paddleop.Attr, sub int64) {
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1:
			a.Name = f.String()
		case 3, 10, 13: // i, b, l
			a.Int = f.Int64()
			a.Float = float64(a.Int)
		case 4:
			a.Float = float64(f.Float32())
		case 19:
			a.Float = f.Float64()
		case 5:
			a.Str = f.String()
		case 6, 11, 15: // ints, bools, longs
			a.Ints, _ = f.AppendInts(a.Ints, maxList)
		case 7:
			v, _ := f.AppendFloats(nil, maxList)
			for _, x := range v {
				a.Floats = append(a.Floats, float64(x))
			}
		case 12: // block_idx
			sub = f.Int64()
		}
	}
	return a, sub
}

// resolve returns the tensor that a variable means now.
func (b *builder) resolve(name string) (graph.TensorID, error) {
	if id, ok := b.ids[name]; ok {
		return id, nil
	}
	return b.add(name, false)
}

// define returns the tensor that an operator writes.
func (b *builder) define(name string) (graph.TensorID, error) {
	if id, ok := b.ids[name]; ok && !b.taken[id] {
		b.taken[id] = true
		return id, nil
	}
	return b.add(name, true)
}

func (b *builder) add(name string, taken bool) (graph.TensorID, error) {
	if b.p.tensors++; b.p.tensors > b.p.limits.Tensors {
		return 0, format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.p.limits.Tensors)
	}
	v, own := b.vars[name]
	if !own && b.outer != nil {
		v = b.outer.vars[name]
	}
	t := graph.Tensor{Name: b.p.text(name), DType: v.dtype, Shape: v.shape}
	if !taken {
		if c := b.p.consts[name]; c != nil {
			t.Const, taken = c, true
		}
	}
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, t)
	b.taken = append(b.taken, taken)
	b.ids[name] = id
	return id, nil
}
