package coreml

import (
	"encoding/binary"
	"fmt"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers of MIL.proto.
const (
	programVersion   = 1
	programFunctions = 2

	functionInputs = 1
	functionOpset  = 2
	functionBlocks = 3

	blockInputs     = 1
	blockOutputs    = 2
	blockOperations = 3

	operationType       = 1
	operationInputs     = 2
	operationOutputs    = 3
	operationBlocks     = 4
	operationAttributes = 5

	valueTypeField = 2
	valueImmediate = 3
	valueBlob      = 5
)

// milDTypes by MIL's DataType. Types of 3 and 6 bits have no dtype of ours.
var milDTypes = map[uint64]graph.DType{
	1: graph.Bool, 2: graph.String, 10: graph.Float16, 11: graph.Float32, 12: graph.Float64, 13: graph.BFloat16,
	21: graph.Int8, 22: graph.Int16, 23: graph.Int32, 24: graph.Int64, 25: graph.Int4, 31: graph.Uint8, 32: graph.Uint16,
	33: graph.Uint32, 34: graph.Uint64, 35: graph.Uint4, 36: graph.Uint2, 37: graph.Uint1, 40: graph.Float8E4M3FN, 41: graph.Float8E5M2,
}

// milFunction is one function of a program.
type milFunction struct {
	name string
	body protowire.Message
}

// program reads an ML Program: each function becomes a graph, the main one first.
func (p *parser) program(m protowire.Message, d *modelDescription, role graph.Role) (int, error) {
	var fns []milFunction
	var f protowire.Field
	for m.Next(&f) {
		if !f.Is(programFunctions, protowire.Bytes) {
			continue
		}
		key, value, ok := mapEntry(f.Message())
		if ok && len(fns) < 10000 {
			fns = append(fns, milFunction{string(key), value})
		}
	}
	if err := m.Err(); err != nil {
		return 0, err
	}
	if len(fns) == 0 {
		return 0, format.Errorf(format.ErrMalformed, m.Offset(), "program without functions")
	}
	for i, fn := range fns {
		if i > 0 && (fn.name == d.defaultFunction || d.defaultFunction == "" && fn.name == "main") {
			fns[0], fns[i] = fns[i], fns[0]
		}
	}
	first := -1
	for _, fn := range fns {
		idx, err := p.function(fn, role)
		if err != nil {
			return 0, fmt.Errorf("function %q: %w", fn.name, err)
		}
		if first < 0 {
			first = idx
		}
	}
	return first, nil
}

// mapEntry reads the key and value of a map field's entry.
func mapEntry(m protowire.Message) (key []byte, value protowire.Message, ok bool) {
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			key = f.Bytes
		case f.Is(2, protowire.Bytes):
			value, ok = f.Message(), true
		}
	}
	return key, value, ok && m.Err() == nil
}

func (p *parser) function(fn milFunction, role graph.Role) (int, error) {
	b, err := p.newBuilder(role, fn.name)
	if err != nil {
		return 0, err
	}
	defer b.close()
	mb := &milBuilder{builder: b, values: map[string]*milValue{}}
	m := fn.body
	var f protowire.Field
	var block protowire.Message
	found := false
	for m.Next(&f) {
		switch {
		case f.Is(functionInputs, protowire.Bytes):
			if err := mb.input(f.Message()); err != nil {
				return 0, err
			}
		case f.Is(functionOpset, protowire.Bytes):
			if role == graph.RoleMain && b.index == 0 {
				p.model.FormatVersion += ", opset " + p.text(f.Bytes)
			}
		case f.Is(functionBlocks, protowire.Bytes) && !found:
			_, block, found = mapEntry(f.Message())
		}
	}
	if err := m.Err(); err != nil {
		return 0, err
	}
	if !found {
		return 0, format.Errorf(format.ErrMalformed, m.Offset(), "function without a block")
	}
	return b.index, mb.block(block)
}

// milBuilder makes one graph of an ML Program.
type milBuilder struct {
	*builder
	// values are the literals of const operations and of arguments, by name.
	values map[string]*milValue
	up     *milBuilder
}

// literal finds a constant by name here or around.
func (b *milBuilder) literal(name string) *milValue {
	for ; b != nil; b = b.up {
		if v := b.values[name]; v != nil {
			return v
		}
	}
	return nil
}

func (b *milBuilder) input(m protowire.Message) error {
	name, t := namedType(m)
	t.Name = b.p.text([]byte(name))
	id, err := b.add(name, t, true)
	if err == nil {
		b.g.Inputs = append(b.g.Inputs, id)
	}
	return err
}

// namedType reads a NamedValueType.
func namedType(m protowire.Message) (name string, t graph.Tensor) {
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			name = f.String()
		case f.Is(2, protowire.Bytes):
			t.DType, t.Shape = valueType(f.Message(), 0)
		}
	}
	return name, t
}

// valueType reads a ValueType; lists, tuples and dictionaries are Variant.
func valueType(m protowire.Message, depth int) (graph.DType, graph.Shape) {
	var f protowire.Field
	for depth < 8 && m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			return tensorType(f.Message())
		case f.Is(5, protowire.Bytes): // StateType wraps another
			inner := f.Message()
			for inner.Next(&f) {
				if f.Is(1, protowire.Bytes) {
					return valueType(f.Message(), depth+1)
				}
			}
		}
	}
	return graph.Variant, graph.Shape{}
}

func tensorType(m protowire.Message) (dt graph.DType, shape graph.Shape) {
	var dims []graph.Dim
	rank := int64(0)
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Varint):
			dt = milDTypes[f.Uint]
		case f.Is(2, protowire.Varint):
			rank = f.Int64()
		case f.Is(3, protowire.Bytes) && len(dims) < 256:
			dims = append(dims, dimension(f.Message()))
		}
	}
	if rank < 0 || rank != int64(len(dims)) {
		return dt, graph.Shape{}
	}
	return dt, graph.ShapeOfDims(dims...)
}

func dimension(m protowire.Message) graph.Dim {
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(1, protowire.Bytes) {
			inner := f.Message()
			size := int64(0)
			for inner.Next(&f) {
				if f.Is(1, protowire.Varint) {
					size = f.Int64()
				}
			}
			return graph.DimOf(min(size, 1<<62))
		}
	}
	return graph.Dim{}
}

// block reads a block's operations and outputs into the graph.
func (b *milBuilder) block(m protowire.Message) error {
	var outs []string
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(blockInputs, protowire.Bytes):
			if err := b.input(f.Message()); err != nil {
				return err
			}
		case f.Is(blockOutputs, protowire.Bytes):
			outs = append(outs, f.String())
		case f.Is(blockOperations, protowire.Bytes):
			if err := b.operation(f.Message()); err != nil {
				return err
			}
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	for _, name := range outs {
		id, err := b.resolve(name)
		if err != nil {
			return err
		}
		b.g.Outputs = append(b.g.Outputs, id)
	}
	return nil
}

// operation is one Operation as views.
type operation struct {
	kind    string
	args    map[string][]graph.TensorID
	names   []string // in file order
	outputs []protowire.Message
	blocks  []protowire.Message
	attrs   map[string]protowire.Message
}

func (b *milBuilder) operation(m protowire.Message) error {
	op := operation{args: map[string][]graph.TensorID{}, attrs: map[string]protowire.Message{}}
	var f protowire.Field
	var inputs []protowire.Message
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case operationType:
			op.kind = b.p.text(f.Bytes)
		case operationInputs:
			inputs = append(inputs, f.Message())
		case operationOutputs:
			op.outputs = append(op.outputs, f.Message())
		case operationBlocks:
			op.blocks = append(op.blocks, f.Message())
		case operationAttributes:
			if key, value, ok := mapEntry(f.Message()); ok {
				op.attrs[string(key)] = value
			}
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	if op.kind == "" || !protowire.IsText([]byte(op.kind)) {
		return format.Errorf(format.ErrMalformed, m.Offset(), "operation has type %q", op.kind)
	}
	if op.kind == "const" {
		return b.constOperation(&op)
	}
	for _, in := range inputs {
		if err := b.argument(&op, in); err != nil {
			return err
		}
	}
	return b.emit(&op)
}

// argument reads one named argument: names of values, or values in place.
func (b *milBuilder) argument(op *operation, entry protowire.Message) error {
	key, arg, ok := mapEntry(entry)
	if !ok {
		return nil
	}
	name := string(key)
	op.names = append(op.names, name)
	var f protowire.Field
	for arg.Next(&f) {
		if !f.Is(1, protowire.Bytes) {
			continue
		}
		binding := f.Message()
		for binding.Next(&f) {
			var id graph.TensorID
			var err error
			switch {
			case f.Is(1, protowire.Bytes):
				id, err = b.resolve(f.String())
			case f.Is(2, protowire.Bytes):
				id, err = b.inPlace(name, f.Message())
			default:
				continue
			}
			if err != nil {
				return err
			}
			op.args[name] = append(op.args[name], id)
		}
	}
	return arg.Err()
}

// inPlace makes a constant of an argument's literal.
func (b *milBuilder) inPlace(arg string, m protowire.Message) (graph.TensorID, error) {
	v, err := b.readValue(m)
	if err != nil {
		return 0, err
	}
	key := fmt.Sprintf("%s.%d", arg, len(b.g.Tensors))
	b.values[key] = v
	v.tensor.Name = key
	return b.add(key, v.tensor, true)
}

// constOperation gives its output the value of the attribute "val".
func (b *milBuilder) constOperation(op *operation) error {
	if len(op.outputs) == 0 {
		return nil
	}
	name, t := namedType(op.outputs[0])
	if m, ok := op.attrs["val"]; ok {
		v, err := b.readValue(m)
		if err != nil {
			return fmt.Errorf("const %q: %w", name, err)
		}
		if v.tensor.DType != graph.UnknownDType && v.tensor.DType != graph.Variant {
			t = v.tensor
		} else {
			t.Const = v.tensor.Const
		}
		b.values[name] = v
	}
	_, err := b.defineConst(name, t)
	return err
}

func (b *milBuilder) defineConst(name string, t graph.Tensor) (graph.TensorID, error) {
	id, err := b.define(name, t)
	if err == nil {
		b.g.Tensors[id].Const = t.Const
	}
	return id, err
}

// milValue is a literal: a tensor, and the message for strings and flags.
type milValue struct {
	tensor graph.Tensor
	imm    protowire.Message
}

// readValue reads a Value: in place or in the weight file.
func (b *milBuilder) readValue(m protowire.Message) (*milValue, error) {
	v := &milValue{}
	var f protowire.Field
	var blob protowire.Message
	hasBlob, hasImm := false, false
	for m.Next(&f) {
		switch {
		case f.Is(valueTypeField, protowire.Bytes):
			v.tensor.DType, v.tensor.Shape = valueType(f.Message(), 0)
		case f.Is(valueImmediate, protowire.Bytes):
			v.imm, hasImm = f.Message(), true
		case f.Is(valueBlob, protowire.Bytes):
			blob, hasBlob = f.Message(), true
		}
	}
	if err := m.Err(); err != nil {
		return nil, err
	}
	switch {
	case hasBlob:
		v.tensor.Const = b.p.blob(blob, &v.tensor)
	case hasImm:
		v.tensor.Const = b.p.immediate(v.imm, &v.tensor)
	}
	return v, nil
}

// immediate is a value in place, which writers choose for fewer than ten
// elements: no parameter. Lists of floats and bytes are views.
func (p *parser) immediate(m protowire.Message, t *graph.Tensor) *graph.Const {
	c := &graph.Const{NotParam: true}
	list, kind, ok := tensorValue(m)
	if !ok {
		return c
	}
	c.StoredBytes = int64(len(list))
	n, known := t.Shape.Elements()
	want, sized := t.DType.ByteCount(n)
	if known && sized && int64(len(list)) == want && (kind == 1 || kind == 6 || kind == 7) {
		c.Data = list
		return c
	}
	dt := t.DType
	c.Decode = func() ([]byte, error) { return decodeValue(list, kind, dt, want) }
	return c
}

// tensorValue returns the packed list of an ImmediateValue's tensor and the
// field of TensorValue that holds it.
func tensorValue(m protowire.Message) (list []byte, kind int32, ok bool) {
	var f protowire.Field
	for m.Next(&f) {
		if !f.Is(1, protowire.Bytes) {
			continue
		}
		t := f.Message()
		for t.Next(&f) {
			if f.Type != protowire.Bytes {
				continue
			}
			kind = f.Number
			inner := f.Message()
			for inner.Next(&f) {
				if f.Is(1, protowire.Bytes) {
					return f.Bytes, kind, true
				}
			}
			return nil, kind, true
		}
	}
	return nil, 0, false
}

// decodeValue turns packed varints (ints, bools, long ints) into a payload.
func decodeValue(list []byte, kind int32, dt graph.DType, want int64) ([]byte, error) {
	if kind != 2 && kind != 3 && kind != 5 || dt.Bits() == 0 {
		return nil, fmt.Errorf("value of %d bytes does not fit %s", len(list), dt)
	}
	width := max(dt.Bits()/8, 1)
	if n := int64(protowire.CountVarints(list)) * int64(width); n != want {
		return nil, fmt.Errorf("value of %d bytes where the shape needs %d", n, want)
	}
	out := make([]byte, 0, want)
	for len(list) > 0 {
		v, k := protowire.ReadVarint(list)
		if k == 0 {
			break
		}
		for range width {
			out = append(out, byte(v))
			v >>= 8
		}
		list = list[k:]
	}
	return out, nil
}

// Layout of a blob's header in the weight file (coremltools, MIL blob storage,
// version 2): u32 sentinel, u32 type, u64 size, u64 offset of the data.
const (
	blobSentinel = 0xDEADBEEF
	blobHeader   = 24
)

// blob is a value in the weight file.
func (p *parser) blob(m protowire.Message, t *graph.Tensor) *graph.Const {
	var file string
	var offset uint64
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			file = f.String()
		case f.Is(2, protowire.Varint):
			offset = f.Uint
		}
	}
	file = path.Clean(strings.TrimPrefix(file, "@model_path/"))
	c := &graph.Const{StoredBytes: -1, Location: p.text([]byte(file))}
	if n, ok := t.Shape.Elements(); ok {
		if bytes, ok := t.DType.ByteCount(n); ok {
			c.StoredBytes = bytes
		}
	}
	if path.IsAbs(file) || file == ".." || strings.HasPrefix(file, "../") {
		c.Missing = fmt.Sprintf("weight file %q lies outside the model's folder", c.Location)
		p.lose("%s", c.Missing)
		return c
	}
	data, ok := p.open(file)
	if !ok {
		c.Missing = fmt.Sprintf("weight file %q not found", c.Location)
		return c
	}
	if offset > uint64(len(data)) || uint64(len(data))-offset < blobHeader || binary.LittleEndian.Uint32(data[offset:]) != blobSentinel {
		c.Missing = fmt.Sprintf("weight file %q has no blob at %d", c.Location, offset)
		p.lose("%s", c.Missing)
		return c
	}
	size, at := binary.LittleEndian.Uint64(data[offset+8:]), binary.LittleEndian.Uint64(data[offset+16:])
	if at > uint64(len(data)) || size > uint64(len(data))-at {
		c.Missing = fmt.Sprintf("blob at %d goes beyond weight file %q", offset, c.Location)
		p.lose("%s", c.Missing)
		return c
	}
	if want := c.StoredBytes; want >= 0 && uint64(want) != size {
		c.Missing = fmt.Sprintf("blob at %d has %d bytes where its shape needs %d", offset, size, want)
		p.lose("%s", c.Missing)
		return c
	}
	c.StoredBytes = int64(size)
	c.Data = data[at : at+size : at+size]
	return c
}

// open returns a companion file, once.
func (p *parser) open(file string) ([]byte, bool) {
	if data, ok := p.blobs[file]; ok {
		return data, data != nil
	}
	data, err := p.in.Companion(file)
	if err == nil && data == nil {
		data = []byte{}
	}
	p.blobs[file] = data
	p.model.Parts = append(p.model.Parts, graph.Part{Name: p.text([]byte(file)), Found: err == nil, Bytes: int64(len(data))})
	if err != nil {
		p.lose("weight file %q not found: values are missing", p.text([]byte(file)))
	}
	return data, err == nil
}
