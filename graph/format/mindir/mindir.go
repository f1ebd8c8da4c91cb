// Package mindir reads MindIR, MindSpore's exchange format (.mindir).
//
// # Recognition
//
// Protobuf whose first fields are a version as text ("1.1") and the producer
// "MindSpore".
//
// # Graph
//
// Nodes keep the file's order; their word is the primitive's type. Constant nodes
// are literals: constants, no nodes. Every node states its results' shapes; a tuple
// of results becomes several tensors. Parameters are constants, views of the file
// or missing where they lie in other files.
package mindir

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

const name = "mindir"

// Format is MindIR's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "MindIR (MindSpore)",
	Extensions: []string{"mindir"},
	Magic:      "protobuf \"0A len version 12 09 MindSpore\"",
	Container:  "protobuf",
	Reads:      "The main graph with stated shapes, primitives, parameters in the file.",
	ReadsNot:   "Further functions (closures, control flow), parameters in other files, encrypted models.",
	Match:      match,
	Parse:      parse,
}

func match(h format.Head) format.Confidence {
	m := protowire.NewMessage(h.Bytes)
	var f protowire.Field
	if !m.Next(&f) || !f.Is(1, protowire.Bytes) || len(f.Bytes) > 16 || !protowire.IsText(f.Bytes) {
		return format.No
	}
	if !m.Next(&f) || !f.Is(2, protowire.Bytes) || !bytes.Equal(f.Bytes, []byte("MindSpore")) {
		return format.No
	}
	return format.Certain
}

// parse reads a whole model; errors carry the format's name and the path.
func parse(in format.Input) (*graph.Model, error) {
	m, err := parseModel(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}

func parseModel(in format.Input) (*graph.Model, error) {
	if match(format.Head{Bytes: in.Data}) == format.No {
		return nil, format.Errorf(format.ErrNotModel, -1, "not written by MindSpore")
	}
	b := &builder{lim: in.Limits.OrDefault(), g: &graph.Graph{}, ids: map[string]graph.TensorID{}, prims: map[string]attrs{},
		literals: map[string]protowire.Message{}, tuples: map[graph.TensorID][]graph.TensorID{}}
	model := &graph.Model{Format: name, Graphs: []*graph.Graph{b.g}}
	b.m = model
	m := protowire.NewMessage(in.Data)
	var f protowire.Field
	var g protowire.Message
	functions := 0
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			model.FormatVersion = b.text(f.Bytes)
		case f.Is(2, protowire.Bytes), f.Is(3, protowire.Bytes), f.Is(5, protowire.Bytes):
			model.Producer = strings.TrimSpace(model.Producer + " " + b.text(f.Bytes))
		case f.Is(7, protowire.Bytes):
			g = f.Message()
		case f.Is(8, protowire.Bytes):
			functions++
		case f.Is(12, protowire.Bytes):
			key, kind, a := readPrimitive(f.Message())
			a.kind = kind
			b.prims[key] = a
		}
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	if functions > 0 {
		model.Notes = append(model.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d further functions are not read", functions)})
	}
	if err := b.graph(g); err != nil {
		return nil, err
	}
	model.Name = b.g.Name
	return model, nil
}

// attrs are the attributes of a primitive or node, by name, as views.
type attrs struct {
	kind string
	by   map[string]protowire.Message
}

func readPrimitive(m protowire.Message) (key, kind string, a attrs) {
	a.by = map[string]protowire.Message{}
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			key = f.String()
		case f.Is(2, protowire.Bytes):
			kind = f.String()
		case f.Is(3, protowire.Bytes):
			a.add(f.Message())
		}
	}
	return key, kind, a
}

func (a *attrs) add(m protowire.Message) {
	head := m
	var f protowire.Field
	if head.Next(&f) && f.Is(1, protowire.Bytes) {
		a.by[f.String()] = m
	}
}

func (a attrs) int(name string, def int64) int64 {
	m, ok := a.by[name]
	if !ok {
		return def
	}
	v := intsOf(m, 0)
	if len(v) == 0 {
		return 0 // a zero is left out of the file
	}
	return v[0]
}

func (a attrs) ints(name string) []int64 {
	m, ok := a.by[name]
	if !ok {
		return nil
	}
	return intsOf(m, 0)
}

func (a attrs) str(name, def string) string {
	m, ok := a.by[name]
	var f protowire.Field
	for ok && m.Next(&f) {
		if f.Is(5, protowire.Bytes) {
			return f.String()
		}
	}
	return def
}

// intsOf gathers the integers of an attribute: one, a list, or a tuple of
// attributes, in which zeros are left out of the file.
func intsOf(m protowire.Message, depth int) (out []int64) {
	var f protowire.Field
	for m.Next(&f) && len(out) < 4096 && depth < 4 {
		switch {
		case f.Is(3, protowire.Varint):
			out = append(out, f.Int64())
		case f.Number == 10:
			out, _ = f.AppendInts(out, 4096)
		case f.Is(17, protowire.Bytes):
			v := intsOf(f.Message(), depth+1)
			if len(v) == 0 {
				v = []int64{0}
			}
			out = append(out, v...)
		}
	}
	return out
}

// dtypes by mind_ir.TensorProto.DataType.
var dtypes = [...]graph.DType{1: graph.Float32, 2: graph.Uint8, 3: graph.Int8, 4: graph.Uint16, 5: graph.Int16, 6: graph.Int32, 7: graph.Int64,
	8: graph.String, 9: graph.Bool, 10: graph.Float16, 11: graph.Float64, 12: graph.Uint32, 13: graph.Uint64, 14: graph.Complex64,
	15: graph.Complex128, 16: graph.BFloat16, 17: graph.Float64}

// tensorProto reads a TensorProto: dtype, shape, name and value.
func tensorProto(m protowire.Message) (key string, t graph.Tensor, raw []byte, external string) {
	dims := []int64{}
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Number == 1:
			dims, _ = f.AppendInts(dims, 256)
		case f.Is(2, protowire.Varint) && f.Uint < uint64(len(dtypes)):
			t.DType = dtypes[f.Uint]
		case f.Is(7, protowire.Bytes):
			key = f.String()
		case f.Is(9, protowire.Bytes):
			raw = f.Bytes
		case f.Is(12, protowire.Bytes):
			e := f.Message()
			for e.Next(&f) {
				if f.Is(1, protowire.Bytes) {
					external = f.String()
				}
			}
		}
	}
	t.Shape = graph.ShapeOf(dims...)
	return key, t, raw, external
}

// builder makes the graph.
type builder struct {
	lim      format.Limits
	m        *graph.Model
	g        *graph.Graph
	ids      map[string]graph.TensorID
	taken    []bool
	prims    map[string]attrs
	literals map[string]protowire.Message
	tuples   map[graph.TensorID][]graph.TensorID
	full     bool
}

func (b *builder) text(s []byte) string {
	if len(s) > b.lim.TextBytes {
		s = s[:b.lim.TextBytes]
	}
	return strings.ToValidUTF8(string(s), "\uFFFD")
}

func (b *builder) add(key string, t graph.Tensor, taken bool) graph.TensorID {
	if len(b.g.Tensors) >= b.lim.Tensors {
		b.full = true
		return graph.NoTensor
	}
	t.Name = b.text([]byte(key))
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, t)
	b.taken = append(b.taken, taken)
	b.ids[key] = id
	return id
}

func (b *builder) graph(m protowire.Message) error {
	var f protowire.Field
	var nodes, outs []protowire.Message
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case 1:
			if nodes = append(nodes, f.Message()); len(nodes) > b.lim.Nodes {
				return format.Errorf(format.ErrLimit, f.Offset, "more than %d nodes", b.lim.Nodes)
			}
		case 2:
			b.g.Name = b.text(f.Bytes)
		case 3:
			b.parameter(f.Message())
		case 5:
			key, t := valueInfo(f.Message())
			b.g.Inputs = append(b.g.Inputs, b.add(key, t, true))
		case 6:
			outs = append(outs, f.Message())
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	for i, n := range nodes {
		if err := b.node(n); err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
	}
	for _, out := range outs {
		key, t := valueInfo(out)
		id, ok := b.ids[key]
		if !ok {
			id = b.add(key, t, false)
		}
		b.g.Outputs = append(b.g.Outputs, id)
	}
	if b.full {
		return format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.lim.Tensors)
	}
	if len(b.g.Nodes) == 0 {
		return format.Errorf(format.ErrNotModel, -1, "graph without nodes")
	}
	return nil
}

// parameter adds a constant.
func (b *builder) parameter(m protowire.Message) {
	key, t, raw, external := tensorProto(m)
	c := &graph.Const{StoredBytes: int64(len(raw))}
	t.Const = c
	n, known := t.Shape.Elements()
	want, sized := t.DType.ByteCount(n)
	switch {
	case external != "":
		c.StoredBytes, c.Location = want, b.text([]byte(external))
		c.Missing = fmt.Sprintf("external file %q is not read", c.Location)
		b.lose(c.Missing)
	case known && sized && want == int64(len(raw)):
		c.Data = raw
	default:
		c.Missing = fmt.Sprintf("it has %d bytes where its shape needs %d", len(raw), want)
		b.lose(fmt.Sprintf("parameter %q: %s", b.text([]byte(key)), c.Missing))
	}
	b.add(key, t, true)
}

func (b *builder) lose(text string) {
	if len(b.m.Notes) < 1000 {
		b.m.Notes = append(b.m.Notes, graph.Note{Loses: true, Text: text})
	}
}

func valueInfo(m protowire.Message) (key string, t graph.Tensor) {
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			key = f.String()
		case f.Is(2, protowire.Bytes):
			_, t, _, _ = tensorProto(f.Message())
		}
	}
	return key, t
}

// literal adds the value of a Constant node: integers become a constant.
func (b *builder) literal(key string, m protowire.Message) {
	b.literals[key] = m
	v := intsOf(m, 0)
	t := graph.Tensor{DType: graph.Int64, Shape: graph.ShapeOf(int64(len(v)))}
	var data []byte
	for _, x := range v {
		data = binary.LittleEndian.AppendUint64(data, uint64(x))
	}
	t.Const = &graph.Const{Data: append([]byte{}, data...), StoredBytes: int64(len(data)), NotParam: true}
	b.add(key, t, true)
}
