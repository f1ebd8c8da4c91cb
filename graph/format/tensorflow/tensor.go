package tensorflow

import (
	"encoding/binary"
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// tensorProto is a TensorProto, as views.
type tensorProto struct {
	dtype   graph.DType
	shape   graph.Shape
	content []byte
	// list is the payload of the typed list where it is one packed field; lists
	// counts the fields that hold values, stored their bytes.
	list      []byte
	listField int32
	lists     int
	stored    int64
	whole     protowire.Message
}

func readTensor(m protowire.Message) (tensorProto, error) {
	t := tensorProto{whole: m, shape: graph.ShapeOf()}
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case tensorDType:
			t.dtype = dtypeOf(f.Int64())
		case tensorShape:
			if f.Type == protowire.Bytes {
				t.shape = readShape(f.Message())
			}
		case tensorContent:
			t.content = f.Bytes
		case tensorFloatVal, tensorDoubleVal, tensorIntVal, tensorStringVal, tensorSComplex, tensorInt64Val, tensorBoolVal,
			tensorDComplex, tensorHalfVal, tensorUint32Val, tensorUint64Val, tensorFloat8Val:
			t.lists++
			t.list, t.listField = f.Bytes, f.Number
			t.stored += max(int64(len(f.Bytes)), 1)
		}
	}
	return t, m.Err()
}

// constant turns a TensorProto into a value.
func (p *parser) constant(name string, t *tensorProto) *graph.Const {
	n, known := t.shape.Elements()
	want, sized := t.dtype.ByteCount(n)
	if !known {
		p.lose("constant %q: its shape %s is not fixed", name, t.shape)
		return &graph.Const{StoredBytes: int64(len(t.content)) + t.stored, Missing: "shape is not fixed"}
	}
	switch {
	case len(t.content) > 0 && sized:
		if int64(len(t.content)) != want {
			why := fmt.Sprintf("it has %d bytes where its shape needs %d", len(t.content), want)
			p.lose("constant %q: %s", name, why)
			return &graph.Const{StoredBytes: int64(len(t.content)), Missing: why}
		}
		return &graph.Const{Data: t.content, StoredBytes: want}
	case t.lists == 1 && sized && int64(len(t.list)) == want && viewable(t.listField, t.dtype):
		return &graph.Const{Data: t.list, StoredBytes: want}
	case n == 0:
		return &graph.Const{Data: []byte{}}
	}
	whole, dt, limit := t.whole, t.dtype, p.limits.DecodedBytes
	return &graph.Const{StoredBytes: int64(len(t.content)) + t.stored, Decode: func() ([]byte, error) { return decode(whole, dt, n, limit) }}
}

func viewable(field int32, dt graph.DType) bool {
	switch field {
	case tensorFloatVal, tensorSComplex:
		return dt == graph.Float32 || dt == graph.Complex64
	case tensorDoubleVal, tensorDComplex:
		return dt == graph.Float64 || dt == graph.Complex128
	}
	return false
}

// decode gathers the typed lists; a list that is too short repeats its last
// value, an empty one stands for zeros (tensor.proto).
func decode(m protowire.Message, dt graph.DType, n, limit int64) ([]byte, error) {
	want, sized := dt.ByteCount(n)
	if !sized {
		return nil, fmt.Errorf("%s values have no packed form", dt)
	}
	if want > limit {
		return nil, format.Errorf(format.ErrLimit, m.Offset(), "tensor of %d bytes is more than the limit of %d", want, limit)
	}
	width := max(dt.Bits()/8, 1)
	var out []byte
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case tensorFloatVal, tensorDoubleVal, tensorSComplex, tensorDComplex, tensorFloat8Val:
			switch f.Type {
			case protowire.Bytes:
				out = append(out, f.Bytes...)
			case protowire.Fixed32:
				out = binary.LittleEndian.AppendUint32(out, uint32(f.Uint))
			case protowire.Fixed64:
				out = binary.LittleEndian.AppendUint64(out, f.Uint)
			}
		case tensorIntVal, tensorInt64Val, tensorBoolVal, tensorHalfVal, tensorUint32Val, tensorUint64Val:
			out = appendVarints(out, &f, width)
		}
		if int64(len(out)) > want {
			return nil, format.Errorf(format.ErrMalformed, f.Offset, "list is longer than the tensor's %d bytes", want)
		}
	}
	if len(out)%width != 0 {
		return nil, format.Errorf(format.ErrMalformed, m.Offset(), "list ends inside an element")
	}
	full := make([]byte, want)
	k := copy(full, out)
	if k >= width {
		for last := full[k-width : k]; k < len(full); k += width {
			copy(full[k:], last)
		}
	}
	return full, m.Err()
}

func appendVarints(out []byte, f *protowire.Field, width int) []byte {
	one := func(v uint64) {
		for range width {
			out = append(out, byte(v))
			v >>= 8
		}
	}
	if f.Type == protowire.Varint {
		one(f.Uint)
		return out
	}
	for b := f.Bytes; len(b) > 0; {
		v, k := protowire.ReadVarint(b)
		if k == 0 {
			break
		}
		one(v)
		b = b[k:]
	}
	return out
}
