package coreml

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// milCall is one operation's translation.
type milCall struct {
	*milBuilder
	op  *operation
	out *graph.Node
}

// emit translates an operation and appends it.
func (b *milBuilder) emit(op *operation) error {
	n := graph.Node{SourceOp: op.kind}
	if v, ok := op.attrs["name"]; ok {
		if lit, err := b.readValue(v); err == nil {
			n.Name = b.p.text([]byte(lit.str("")))
		}
	}
	c := &milCall{milBuilder: b, op: op, out: &n}
	e, known := milOps[op.kind]
	if known {
		n.Op = e.op
		if err := b.compressed(op, e.args); err != nil {
			return err
		}
	}
	if known && e.args != nil {
		c.operands(e.args...)
	} else {
		c.allOperands()
	}
	if err := c.bodies(); err != nil {
		return err
	}
	for _, m := range op.outputs {
		name, t := namedType(m)
		id, err := b.define(name, t)
		if err != nil {
			return err
		}
		n.Outputs = append(n.Outputs, id)
	}
	if known && e.translate != nil {
		e.translate(c)
	}
	return b.node(n)
}

// compressed adds the values that operations on compressed weights have among
// their attributes (opset iOS 16) instead of their arguments.
func (b *milBuilder) compressed(op *operation, args []string) error {
	for _, arg := range args {
		m, ok := op.attrs[arg]
		if !ok || len(op.args[arg]) > 0 {
			continue
		}
		id, err := b.inPlace(arg, m)
		if err != nil {
			return err
		}
		op.args[arg] = []graph.TensorID{id}
	}
	return nil
}

// operands sets the canonical operands to the named arguments.
func (c *milCall) operands(names ...string) {
	for _, name := range names {
		ids := c.op.args[name]
		if len(ids) == 0 {
			ids = []graph.TensorID{graph.NoTensor}
		}
		c.out.Inputs = append(c.out.Inputs, ids...)
	}
	for n := len(c.out.Inputs); n > 0 && c.out.Inputs[n-1] == graph.NoTensor; n-- {
		c.out.Inputs = c.out.Inputs[:n-1]
	}
}

// allOperands takes the arguments that are no literals first, then the rest,
// each in file order.
func (c *milCall) allOperands() {
	for _, wantConst := range []bool{false, true} {
		for _, name := range c.op.names {
			for _, id := range c.op.args[name] {
				if (c.g.Tensors[id].Const != nil) == wantConst {
					c.out.Inputs = append(c.out.Inputs, id)
				}
			}
		}
	}
}

// bodies builds the blocks of cond and while_loop.
func (c *milCall) bodies() error {
	for _, m := range c.op.blocks {
		b, err := c.p.newBuilder(graph.RoleBody, c.op.kind)
		if err != nil {
			return err
		}
		b.outer = c.builder
		inner := &milBuilder{builder: b, values: map[string]*milValue{}, up: c.milBuilder}
		err = inner.block(m)
		b.close()
		if err != nil {
			return err
		}
		c.out.Subgraphs = append(c.out.Subgraphs, b.index)
	}
	return nil
}

// lit returns the literal of an argument, nil if it has none.
func (c *milCall) lit(arg string) *milValue {
	ids := c.op.args[arg]
	if len(ids) != 1 {
		return nil
	}
	return c.literal(c.g.Tensors[ids[0]].Name)
}

// maxFolded bounds the lists that translation looks at.
const maxFolded = 1024

// ints returns a literal's integers, nil if there is none.
func (c *milCall) ints(arg string) []int64 {
	v := c.lit(arg)
	if v == nil {
		return nil
	}
	t := &v.tensor
	if n, ok := t.Shape.Elements(); !ok || n > maxFolded || t.Const == nil || t.DType != graph.Int32 && t.DType != graph.Int64 && t.DType != graph.Int16 && t.DType != graph.Uint16 && t.DType != graph.Int8 && t.DType != graph.Uint8 {
		return nil
	}
	data, err := t.Const.Bytes()
	if err != nil {
		return nil
	}
	var out []int64
	w := t.DType.Bits() / 8
	for ; len(data) >= w; data = data[w:] {
		switch t.DType {
		case graph.Int64:
			out = append(out, int64(binary.LittleEndian.Uint64(data)))
		case graph.Int32:
			out = append(out, int64(int32(binary.LittleEndian.Uint32(data))))
		case graph.Int16:
			out = append(out, int64(int16(binary.LittleEndian.Uint16(data))))
		case graph.Uint16:
			out = append(out, int64(binary.LittleEndian.Uint16(data)))
		case graph.Int8:
			out = append(out, int64(int8(data[0])))
		default:
			out = append(out, int64(data[0]))
		}
	}
	return out
}

func (c *milCall) int(arg string, def int64) int64 {
	if v := c.ints(arg); len(v) > 0 {
		return v[0]
	}
	return def
}

func (c *milCall) axis(arg string, def int64) int {
	return int(max(-1<<31, min(c.int(arg, def), 1<<31-1)))
}

func (c *milCall) axes(arg string) []int {
	var out []int
	for _, v := range c.ints(arg) {
		out = append(out, int(max(-1<<31, min(v, 1<<31-1))))
	}
	return out
}

func (c *milCall) str(arg, def string) string {
	if v := c.lit(arg); v != nil {
		return v.str(def)
	}
	return def
}

// str returns a literal's first string.
func (v *milValue) str(def string) string {
	if list, kind, ok := tensorValue(v.imm); ok && kind == 4 {
		return string(list)
	}
	return def
}

// flags returns a literal's truth values.
func (c *milCall) flags(arg string) []bool {
	v := c.lit(arg)
	if v == nil {
		return nil
	}
	list, kind, ok := tensorValue(v.imm)
	if !ok || kind != 3 || len(list) > maxFolded {
		return nil
	}
	var out []bool
	for len(list) > 0 {
		x, k := protowire.ReadVarint(list)
		if k == 0 {
			break
		}
		out = append(out, x != 0)
		list = list[k:]
	}
	return out
}

func (c *milCall) flag(arg string) bool {
	f := c.flags(arg)
	return len(f) == 1 && f[0]
}

// float returns a literal's first number of 32 or 16 bits.
func (c *milCall) float(arg string) (float64, bool) {
	v := c.lit(arg)
	if v == nil || v.tensor.Const == nil {
		return 0, false
	}
	if n, ok := v.tensor.Shape.Elements(); !ok || n > maxFolded {
		return 0, false
	}
	data, err := v.tensor.Const.Bytes()
	switch {
	case err != nil:
	case v.tensor.DType == graph.Float32 && len(data) >= 4:
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(data))), true
	case v.tensor.DType == graph.Int32 && len(data) >= 4:
		return float64(int32(binary.LittleEndian.Uint32(data))), true
	}
	return 0, false
}

// rank of an argument's tensor, -1 if unknown.
func (c *milCall) rank(arg string) int {
	if ids := c.op.args[arg]; len(ids) > 0 {
		if r, ok := c.g.Tensors[ids[0]].Shape.Rank(); ok {
			return r
		}
	}
	return -1
}

func (c *milCall) spatial(kernelArg string) int {
	if n := len(c.ints(kernelArg)); n > 0 {
		return n
	}
	for _, arg := range []string{"x", "weight"} {
		if r := c.rank(arg); r > 2 && r <= 8 {
			return r - 2
		}
	}
	return 2
}

// window reads strides, dilations, pad_type and pad (begin and end per axis).
func (c *milCall) window() graph.Window {
	w := graph.Window{Kernel: c.ints("kernel_sizes"), Strides: c.ints("strides"), Dilations: c.ints("dilations")}
	switch c.str("pad_type", "valid") {
	case "same":
		w.PadMode = graph.PadSameUpper
	case "same_lower":
		w.PadMode = graph.PadSameLower
	case "custom":
		for i, v := range c.ints("pad") {
			if i%2 == 0 {
				w.PadBegin = append(w.PadBegin, v)
			} else {
				w.PadEnd = append(w.PadEnd, v)
			}
		}
		if len(w.PadEnd) < len(w.PadBegin) {
			w.PadBegin, w.PadEnd = nil, nil
		}
	default:
		w.PadMode = graph.PadValid
	}
	return w
}
