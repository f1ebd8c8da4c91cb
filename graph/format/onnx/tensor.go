package onnx

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// constTensor turns a TensorProto into a tensor with its value.
func (p *parser) constTensor(t *tensorProto) graph.Tensor {
	out := graph.Tensor{
		Name: p.text(t.name), DType: onnxop.DType(t.dataType), Shape: constShape(t.dims),
	}
	out.Const = p.constant(t, &out)
	return out
}

// constShape is the shape of stored dimensions; a negative one is unknown.
func constShape(dims []int64) graph.Shape { return graph.ShapeOf(dims...) }

func (p *parser) constant(t *tensorProto, out *graph.Tensor) *graph.Const {
	if t.external {
		return p.externalConst(t, out)
	}
	n, known := out.Shape.Elements()
	want, sized := out.DType.ByteCount(n)
	switch {
	case !known:
		return p.unreadable(t, out, "its dimensions are absurd")
	case t.hasRaw && t.lists == 0:
		if sized && int64(len(t.raw)) != want {
			return p.unreadable(t, out, fmt.Sprintf("it has %d bytes where its shape needs %d", len(t.raw), want))
		}
		return &graph.Const{Data: t.raw, StoredBytes: int64(len(t.raw))}
	case t.lists == 0 && n == 0:
		return &graph.Const{Data: []byte{}}
	case t.lists == 0 && sized:
		return p.unreadable(t, out, "it has no value")
	case t.lists == 1 && viewable(t.listField, out.DType) && int64(len(t.list)) == want && sized:
		return &graph.Const{Data: t.list, StoredBytes: want}
	}
	whole, dt, limit := t.whole, out.DType, p.limits.DecodedBytes
	return &graph.Const{
		StoredBytes: t.listBytes,
		Decode:      func() ([]byte, error) { return decode(whole, dt, n, limit) },
	}
}

// unreadable is a constant whose payload contradicts its shape.
func (p *parser) unreadable(t *tensorProto, out *graph.Tensor, why string) *graph.Const {
	p.lose("tensor %q: %s", out.Name, why)
	return &graph.Const{StoredBytes: int64(len(t.raw)) + t.listBytes, Missing: why}
}

// viewable reports whether a packed list's wire form is the payload itself.
func viewable(field int32, dt graph.DType) bool {
	switch field {
	case tensorFloatData:
		return dt == graph.Float32 || dt == graph.Complex64
	case tensorDoubleData:
		return dt == graph.Float64 || dt == graph.Complex128
	}
	return false
}

// decode gathers the typed lists of a tensor into packed little-endian form.
// Types narrower than the list's keep their low bits, sub-byte types come
// packed by the byte already (onnx.proto, int32_data).
func decode(m protowire.Message, dt graph.DType, n, limit int64) ([]byte, error) {
	want, sized := dt.ByteCount(n)
	if !sized {
		return nil, fmt.Errorf("%s values have no packed form", dt)
	}
	if want > limit {
		return nil, format.Errorf(format.ErrLimit, m.Offset(), "tensor of %d bytes is more than the limit of %d", want, limit)
	}
	width := max(dt.Bits()/8, 1)
	out := make([]byte, 0, min(want, int64(m.Remaining())*int64(width)))
	var f protowire.Field
	for m.Next(&f) {
		var ok bool
		switch f.Number {
		case tensorFloatData, tensorDoubleData:
			out, ok = appendFixed(out, &f)
		case tensorInt32Data, tensorInt64Data, tensorUint64Data:
			out, ok = appendVarints(out, &f, width, want)
		default:
			continue
		}
		if !ok || int64(len(out)) > want {
			return nil, format.Errorf(format.ErrMalformed, f.Offset, "typed list does not fit the tensor's %d bytes", want)
		}
	}
	if int64(len(out)) != want {
		return nil, format.Errorf(format.ErrMalformed, m.Offset(), "tensor has %d bytes where its shape needs %d", len(out), want)
	}
	return out, m.Err()
}

func appendFixed(out []byte, f *protowire.Field) ([]byte, bool) {
	switch f.Type {
	case protowire.Bytes:
		return append(out, f.Bytes...), true
	case protowire.Fixed32:
		return binary.LittleEndian.AppendUint32(out, uint32(f.Uint)), true
	case protowire.Fixed64:
		return binary.LittleEndian.AppendUint64(out, f.Uint), true
	}
	return out, false
}

func appendVarints(out []byte, f *protowire.Field, width int, want int64) ([]byte, bool) {
	one := func(v uint64) {
		switch width {
		case 1:
			out = append(out, byte(v))
		case 2:
			out = binary.LittleEndian.AppendUint16(out, uint16(v))
		case 4:
			out = binary.LittleEndian.AppendUint32(out, uint32(v))
		default:
			out = binary.LittleEndian.AppendUint64(out, v)
		}
	}
	switch f.Type {
	case protowire.Varint:
		one(f.Uint)
		return out, true
	case protowire.Bytes:
		for b := f.Bytes; len(b) > 0; {
			v, k := protowire.ReadVarint(b)
			if k == 0 || int64(len(out)) > want {
				return out, false
			}
			one(v)
			b = b[k:]
		}
		return out, true
	}
	return out, false
}

// externalConst finds a tensor's bytes in another file.
func (p *parser) externalConst(t *tensorProto, out *graph.Tensor) *graph.Const {
	c := &graph.Const{StoredBytes: -1, Location: p.text([]byte(t.location))}
	n, known := out.Shape.Elements()
	want, sized := out.DType.ByteCount(n)
	loc, ok := cleanLocation(t.location)
	switch {
	case !ok:
		c.Missing = fmt.Sprintf("external file %q lies outside the model's folder", c.Location)
	case t.badRange || !known:
		c.Missing = fmt.Sprintf("external data in %q: offset, length or dimensions are absurd", c.Location)
	case sized && t.length >= 0 && t.length != want:
		c.Missing = fmt.Sprintf("external data in %q has %d bytes where the shape needs %d", c.Location, t.length, want)
	}
	if c.Missing != "" {
		p.lose("tensor %q: %s", out.Name, c.Missing)
		return c
	}
	if t.length >= 0 {
		want = t.length
	}
	c.StoredBytes = want
	data, found := p.companion(loc)
	switch {
	case !found:
		c.Missing = fmt.Sprintf("external file %q not found", loc)
	case t.offset > int64(len(data)) || want > int64(len(data))-t.offset:
		c.Missing = fmt.Sprintf("external file %q has %d bytes, %d from %d are wanted", loc, len(data), want, t.offset)
		p.lose("tensor %q: %s", out.Name, c.Missing)
	default:
		c.Data = data[t.offset : t.offset+want : t.offset+want]
	}
	return c
}

// companion opens an external file once and notes it as a part.
func (p *parser) companion(loc string) ([]byte, bool) {
	if e, ok := p.external[loc]; ok {
		return e.data, e.found
	}
	data, err := p.in.Companion(loc)
	e := companion{data, err == nil}
	p.external[loc] = e
	p.model.Parts = append(p.model.Parts, graph.Part{Name: loc, Found: e.found, Bytes: int64(len(data))})
	if !e.found {
		p.lose("external file %q not found: the values of its tensors are missing", loc)
	}
	return data, e.found
}

type companion struct {
	data  []byte
	found bool
}

// sparseTensor reads a SparseTensorProto: a dense shape whose stored values
// and indices are counted by Sparsity.
func (p *parser) sparseTensor(m protowire.Message) (graph.Tensor, error) {
	var values, indices tensorProto
	values.dims = nil
	var dims []int64
	var f protowire.Field
	ok := true
	for ok && m.Next(&f) {
		var err error
		switch {
		case f.Is(sparseValues, protowire.Bytes):
			err = values.read(f.Message())
		case f.Is(sparseIndices, protowire.Bytes):
			err = indices.read(f.Message())
		case f.Number == sparseDims:
			dims, ok = f.AppendInts(dims, maxRank)
		}
		if err != nil {
			return graph.Tensor{}, err
		}
	}
	if err := m.Err(); err != nil || !ok {
		return graph.Tensor{}, err
	}
	v, ix := p.constTensor(&values), p.constTensor(&indices)
	out := graph.Tensor{Name: v.Name, DType: v.DType, Shape: constShape(dims)}
	stored, known := v.Shape.Elements()
	if !known {
		stored = -1
	}
	out.Sparsity = &graph.Sparsity{StoredElements: stored, Word: "coo"}
	out.Const = &graph.Const{StoredBytes: max(v.Const.StoredBytes, 0) + max(ix.Const.StoredBytes, 0)}
	limit := p.limits.DecodedBytes
	out.Const.Decode = func() ([]byte, error) { return densify(&out, &v, &ix, limit) }
	return out, nil
}

// densify writes the stored values into a dense payload. Indices are positions
// in the flattened tensor, or [values, rank] coordinates.
func densify(out, v, ix *graph.Tensor, limit int64) ([]byte, error) {
	n, ok := out.Shape.Elements()
	want, sized := out.DType.ByteCount(n)
	width := int64(out.DType.Bits() / 8)
	if !ok || !sized || width == 0 || want > limit {
		return nil, format.Errorf(format.ErrLimit, -1, "sparse tensor cannot be made dense within %d bytes", limit)
	}
	vals, err := v.Const.Bytes()
	if err != nil {
		return nil, err
	}
	idx, err := ix.Const.Bytes()
	if err != nil {
		return nil, err
	}
	count := int64(len(vals)) / width
	coords := int64(1)
	if ix.Shape.Len() == 2 {
		coords = int64(out.Shape.Len())
	}
	if ix.DType != graph.Int64 || int64(len(idx)) != 8*count*coords {
		return nil, format.Errorf(format.ErrMalformed, -1, "sparse tensor has %d bytes of indices for %d values", len(idx), count)
	}
	dense := make([]byte, want)
	for i := range count {
		at := int64(0)
		for k := range coords {
			c := int64(binary.LittleEndian.Uint64(idx[8*(i*coords+k):]))
			if coords == 1 {
				at = c
				continue
			}
			if c < 0 || c >= out.Shape.Dim(int(k)).Int() {
				at = -1
				break
			}
			at = at*out.Shape.Dim(int(k)).Int() + c
		}
		if at < 0 || at >= n {
			return nil, format.Errorf(format.ErrMalformed, -1, "sparse index %d is outside the tensor", i)
		}
		copy(dense[at*width:(at+1)*width], vals[i*width:])
	}
	return dense, nil
}

// floatBytes and intBytes are payloads of Constant nodes that hold plain lists.
func floatBytes(v []float32) []byte {
	out := make([]byte, 0, 4*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

func intBytes(v []int64) []byte {
	out := make([]byte, 0, 8*len(v))
	for _, x := range v {
		out = binary.LittleEndian.AppendUint64(out, uint64(x))
	}
	return out
}
