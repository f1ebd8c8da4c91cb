package mnn

import (
	"encoding/binary"
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// dataTypes is the schema's enum DataType.
var dataTypes = [...]graph.DType{
	1: graph.Float32, 2: graph.Float64, 3: graph.Int32, 4: graph.Uint8, 5: graph.Int16, 6: graph.Int8, 7: graph.String,
	8: graph.Complex64, 9: graph.Int64, 10: graph.Bool, 11: graph.Int8, 12: graph.Uint8, 13: graph.Int32, 14: graph.BFloat16,
	15: graph.Int16, 16: graph.Uint16, 17: graph.Uint16, 18: graph.Complex128, 19: graph.Float16, 20: graph.Resource, 21: graph.Variant,
}

func dataType(code int32) graph.DType {
	if code < 0 || int(code) >= len(dataTypes) {
		return graph.UnknownDType
	}
	return dataTypes[code]
}

// blob reads a constant. Half floats stand in the byte field.
func (r *reader) blob(t flatbuf.Table) (graph.DType, graph.Shape, *graph.Const) {
	d := dataType(t.Int32(blobDataType, 1))
	shape := graph.ShapeOf(t.Vector(blobDims, 4).Int64s()...)
	if v := t.Vector(blobExternal, 8); v.Len() >= 2 {
		return d, shape, r.outside(v.Int64(0), v.Int64(1))
	}
	for _, f := range []struct{ slot, width int }{{blobFloat32s, 4}, {blobInt32s, 4}, {blobInt64s, 8}, {blobUint8s, 1}, {blobInt8s, 1}} {
		if v := t.Vector(f.slot, f.width); v.Len() > 0 {
			return d, shape, flatfmt.View(v.Raw())
		}
	}
	if v := t.Tables(blobStrings); v.Len() > 0 {
		return graph.String, shape, &graph.Const{StoredBytes: -1, Missing: "strings"}
	}
	return d, shape, &graph.Const{Missing: "no value stored"}
}

// outside returns bytes of the companion NAME.weight.
func (r *reader) outside(off, n int64) *graph.Const {
	name := r.in.Name + ".weight"
	if !r.asked {
		r.asked = true
		data, err := r.in.Companion(name)
		r.m.Parts = append(r.m.Parts, graph.Part{Name: name, Found: err == nil, Bytes: int64(len(data))})
		if err == nil {
			r.external = data
		} else {
			r.m.Notes = append(r.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("external weights %q not found", name)})
		}
	}
	c := &graph.Const{Location: name, StoredBytes: max(n, 0)}
	switch {
	case r.external == nil:
		c.Missing = fmt.Sprintf("external file %q not found", name)
	case off < 0 || n < 0 || off > int64(len(r.external)) || n > int64(len(r.external))-off:
		c.Missing = fmt.Sprintf("%d bytes at %d beyond external file %q of %d bytes", n, off, name, len(r.external))
	default:
		c.Data = r.external[off : off+n : off+n]
	}
	return c
}

// weight is one stored array of parameters.
type weight struct {
	dtype graph.DType
	c     *graph.Const
	quant *graph.Quant
	// elements is how many values it stands for, -1 if the file does not say.
	elements int64
}

// floats is an array of f32, absent when empty.
func floats(v flatbuf.Vector) weight {
	if v.Len() == 0 {
		return weight{elements: -1}
	}
	return weight{dtype: graph.Float32, c: flatfmt.View(v.Raw()), elements: int64(v.Len())}
}

// quanWeight reads IDSTQuan. Its type 1 and 2 pack indexes into a table of
// values, dense and sparse, behind a header with the weight's shape; 3 is half
// floats and 4 plain int8.
func quanWeight(q flatbuf.Table) weight {
	data := q.Bytes(quanBuffer)
	alpha := q.Vector(quanAlpha, 4)
	kind := q.Int32(quanType, 0)
	q.Vector(quanIndex, 4)
	w := weight{elements: -1}
	if len(data) == 0 {
		return w
	}
	w.c = &graph.Const{StoredBytes: int64(len(data))}
	w.quant = &graph.Quant{Scales: alpha.Float32s(), Word: fmt.Sprintf("IDSTQuan %d", kind)}
	switch kind {
	case 3:
		w.dtype, w.elements, w.c.Data, w.quant = graph.Float16, int64(len(data)/2), data, nil
	case 4:
		w.dtype, w.elements, w.c.Data = graph.Int8, int64(len(data)), data
	default:
		w.quant.Scheme = graph.QuantCodebook
		w.dtype = graph.Int8
		h := quanHeader(data, q.Bool(quanShapeInt32))
		if h.elements > 0 {
			w.elements = h.elements
		} else if s := q.Uint32(quanWeightSize, 0); s > 0 {
			w.elements = int64(s)
		}
		if kind == 1 && h.fits(len(data)) {
			width := h.width()
			w.dtype = map[int]graph.DType{2: graph.Int2, 4: graph.Int4, 8: graph.Int8}[width]
			w.c.Decode = func() ([]byte, error) { return h.decode(data, width), nil }
		} else {
			w.c.Missing = "weights of this encoding are not decoded"
		}
	}
	return w
}

// header is the head of a packed buffer.
type header struct {
	elements int64
	palette  []byte // int8 values that the indexes select
	bits     int    // of an index
	body     int    // where the indexes start
}

// fits reports whether a buffer of n bytes holds all indexes.
func (h header) fits(n int) bool {
	return h.elements > 0 && len(h.palette) > 0 && (h.elements*int64(h.bits)+7)/8 <= int64(n-h.body)
}

// width returns the bits that every value of the palette fits in: 2, 4 or 8.
func (h header) width() int {
	width := 2
	for _, v := range h.palette {
		for x := int(int8(v)); x < -1<<(width-1) || x >= 1<<(width-1); {
			width *= 2
		}
	}
	return width
}

// decode writes out the values as integers of width bits, the first in the
// lowest bits of a byte. Indexes are packed from the highest bit on.
func (h header) decode(data []byte, width int) []byte {
	per := 8 / width
	out := make([]byte, (h.elements+int64(per)-1)/int64(per))
	acc, have, at := uint32(0), 0, h.body
	for i := range int(h.elements) {
		for have < h.bits {
			acc, have, at = acc<<8|uint32(data[at]), have+8, at+1
		}
		k := int(acc>>(have-h.bits)) & (1<<h.bits - 1)
		have -= h.bits
		v := h.palette[min(k, len(h.palette)-1)] & (1<<width - 1)
		out[i/per] |= v << (width * (i % per))
	}
	return out
}

// quanHeader reads the head of a packed buffer: u8 rank, the dimensions as u16
// (or u32), u8 palette size (0 means 256) and the palette. What does not fit
// stays zero.
func quanHeader(data []byte, wide bool) header {
	rank, width := int(data[0]), 2
	if wide {
		width = 4
	}
	if rank == 0 || rank > 4 || 1+rank*width+1 > len(data) {
		return header{}
	}
	h := header{elements: 1}
	for i := range rank {
		p := data[1+i*width:]
		d := int64(binary.LittleEndian.Uint16(p))
		if wide {
			d = int64(binary.LittleEndian.Uint32(p))
		}
		if d == 0 || h.elements > (1<<40)/d {
			return header{}
		}
		h.elements *= d
	}
	at := 1 + rank*width
	n := int(data[at])
	if n == 0 {
		n = 256
	}
	if at+1+n > len(data) {
		return h
	}
	h.palette, h.body = data[at+1:at+1+n], at+1+n
	for h.bits = 1; 1<<h.bits < n; h.bits++ {
	}
	return h
}

// operand appends a weight as a constant operand. A weight that is declared by
// its shape but not stored is missing.
func (s *site) operand(name string, w weight, shape ...int64) {
	c := w.c
	if c == nil {
		c = &graph.Const{Missing: "declared but not stored"}
		s.r.stripped++
		w.dtype = graph.Float32
	}
	full := s.n.Name + "." + name
	id := flatfmt.AddConst(s.g, full, w.dtype, graph.ShapeOf(shape...), c)
	s.g.Tensors[id].Quant = w.quant
	s.n.Inputs = append(s.n.Inputs, id)
}

// vector appends an optional one-dimensional operand.
func (s *site) vector(name string, w weight) {
	if w.c == nil {
		s.n.Inputs = append(s.n.Inputs, graph.NoTensor)
		return
	}
	s.operand(name, w, w.elements)
}
