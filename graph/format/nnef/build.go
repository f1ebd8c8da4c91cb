package nnef

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// call is one operation being built.
type call struct {
	b          *builder
	word       string
	positional []value
	named      map[string]value
	order      []string
	at         int64
	n          *graph.Node
}

// arg returns an argument by name, or by its place where it was written
// without one.
func (c *call) arg(name string, place int) (value, bool) {
	if v, ok := c.named[name]; ok {
		return v, true
	}
	if place >= 0 && place < len(c.positional) {
		return c.positional[place], true
	}
	return value{}, false
}

func toInt(f float64) int64 {
	if f > 1<<52 || f < -(1<<52) || f != f {
		return 0
	}
	return int64(f)
}

// ints returns a list of whole numbers, nil where it is absent or empty.
func (c *call) ints(name string, place int) []int64 {
	v, _ := c.arg(name, place)
	var out []int64
	for _, x := range v.items {
		if x.kind != 'n' {
			return nil
		}
		out = append(out, toInt(x.num))
	}
	return out
}

func (c *call) int(name string, place int, def int64) int64 {
	if v, ok := c.arg(name, place); ok && v.kind == 'n' {
		return toInt(v.num)
	}
	return def
}

func (c *call) flag(name string, place int) bool {
	v, _ := c.arg(name, place)
	return v.kind == 'b' && v.text == "true"
}

func (c *call) text(name string, place int) string {
	v, _ := c.arg(name, place)
	if v.kind == 's' {
		return v.text
	}
	return ""
}

// operand returns the tensors of an argument: a name, a number as a constant, or
// a list of them.
func (c *call) operand(v value) []graph.TensorID {
	switch v.kind {
	case 'i':
		if id, ok := c.b.names[v.text]; ok {
			return []graph.TensorID{id}
		}
		return []graph.TensorID{graph.NoTensor}
	case 'n':
		b := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(v.num)))
		return []graph.TensorID{c.b.tensor(graph.Tensor{Name: v.text, DType: graph.Float32, Shape: graph.ShapeOf(), Const: &graph.Const{Data: b, NotParam: true}})}
	case 'l':
		var out []graph.TensorID
		for _, x := range v.items {
			out = append(out, c.operand(x)...)
		}
		return out
	}
	return nil
}

// in returns the operands of the arguments of the given names and places.
func (c *call) in(names ...string) []graph.TensorID {
	var out []graph.TensorID
	for i, n := range names {
		v, ok := c.arg(n, i)
		if !ok {
			out = append(out, graph.NoTensor)
			continue
		}
		out = append(out, c.operand(v)...)
	}
	for len(out) > 0 && out[len(out)-1] == graph.NoTensor {
		out = out[:len(out)-1]
	}
	return out
}

// build adds what an assignment stands for.
func (c *call) build(left value) error {
	b := c.b
	if len(b.g.Nodes) >= b.lim.Nodes || len(b.g.Tensors) >= b.lim.Tensors {
		return format.Errorf(format.ErrLimit, c.at, "more than %d operations", b.lim.Nodes)
	}
	switch c.word {
	case "external":
		id := b.tensor(graph.Tensor{Name: left.text, DType: graph.Float32, Shape: graph.ShapeOf(c.ints("shape", 0)...)})
		b.names[left.text] = id
		b.g.Inputs = append(b.g.Inputs, id)
		return nil
	case "variable":
		return c.variable(left)
	case "constant":
		shape := c.ints("shape", 0)
		b.names[left.text] = b.tensor(graph.Tensor{Name: left.text, DType: graph.Float32, Shape: graph.ShapeOf(shape...), Const: &graph.Const{StoredBytes: 0, Missing: "value is in the text", NotParam: true}})
		return nil
	}
	c.n = &graph.Node{SourceOp: c.word}
	if f, ok := operations[c.word]; ok && !b.fragments[c.word] {
		f(c)
	} else {
		c.n.Op = graph.Custom
		b.unknown = append(b.unknown, c.word)
		for _, v := range c.positional {
			c.n.Inputs = append(c.n.Inputs, c.names(v)...)
		}
		for _, k := range c.order {
			c.n.Inputs = append(c.n.Inputs, c.names(c.named[k])...)
		}
	}
	var outs []string
	if left.kind == 'l' {
		for _, v := range left.items {
			outs = append(outs, v.text)
		}
	} else {
		outs = []string{left.text}
	}
	for _, o := range outs {
		id := b.tensor(graph.Tensor{Name: o, DType: graph.Float32})
		b.names[o] = id
		c.n.Outputs = append(c.n.Outputs, id)
	}
	c.n.Name = strings.Join(outs, ",")
	b.g.Nodes = append(b.g.Nodes, *c.n)
	return nil
}

// names are the tensors that a value names; literals are left out.
func (c *call) names(v value) []graph.TensorID {
	switch v.kind {
	case 'i':
		return c.operand(v)
	case 'l':
		var out []graph.TensorID
		for _, x := range v.items {
			out = append(out, c.names(x)...)
		}
		return out
	}
	return nil
}

// variable is a constant in a file of its own.
func (c *call) variable(left value) error {
	b := c.b
	label := c.text("label", 1)
	t := graph.Tensor{Name: label, DType: graph.Float32, Shape: graph.ShapeOf(c.ints("shape", 0)...)}
	if label == "" {
		t.Name = left.text
	}
	t.Const = &graph.Const{StoredBytes: -1, Missing: "file of the variable not found", Location: label + ".dat"}
	if data, err := b.in.Companion(label + ".dat"); err != nil {
		b.missing++
	} else {
		dt, dims, body, err := readTensor(data)
		if err != nil {
			return err
		}
		t.DType = dt
		stored := graph.ShapeOf(dims...)
		n, ok := stored.Elements()
		size, fits := dt.ByteCount(n)
		if !stored.Equal(t.Shape) || !ok || fits && size != int64(len(body)) {
			return format.Errorf(format.ErrMalformed, c.at, "variable %.40q of shape %s has a file of shape %s and %d bytes", label, t.Shape, stored, len(body))
		}
		t.Const = &graph.Const{Data: body, StoredBytes: int64(len(body)), Location: label + ".dat"}
		if len(b.m.Parts) < 1<<12 {
			b.m.Parts = append(b.m.Parts, graph.Part{Name: label + ".dat", Found: true, Bytes: int64(len(data))})
		}
	}
	b.names[left.text] = b.tensor(t)
	return nil
}
