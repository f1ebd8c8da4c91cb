package flatbuf

import (
	"encoding/binary"
	"math"
)

// Vector is a vector of fixed-width elements; offsets (tables, strings,
// vectors) are elements of 4 bytes. The zero Vector is empty.
type Vector struct {
	b     *Buffer
	pos   int // of the first element
	n     int
	width int
}

func (b *Buffer) vector(pos, at, width int) Vector {
	if !b.need(pos, 4, at, "vector") {
		return Vector{}
	}
	n := b.u32(pos)
	if n > (len(b.data)-pos-4)/width {
		b.fail(Beyond, pos, "vector of %d elements of %d bytes is beyond the end at %d", n, width, len(b.data))
		return Vector{}
	}
	if !b.need(pos+4, n*width, pos, "vector") || !b.charge(n*width, pos) {
		return Vector{}
	}
	return Vector{b, pos + 4, n, width}
}

// Len returns the number of elements.
func (v Vector) Len() int { return v.n }

// Exists reports whether the file stores the vector, be it empty.
func (v Vector) Exists() bool { return v.b != nil }

// Pos returns the offset of the first element, for error messages.
func (v Vector) Pos() int { return v.pos }

func (v Vector) at(i, width int) int {
	if v.b == nil || v.b.err != nil || i < 0 || i >= v.n || width > v.width {
		return -1
	}
	return v.pos + i*v.width
}

// Table returns element i of a vector of tables.
func (v Vector) Table(i int) Table {
	p := v.at(i, 4)
	if p < 0 {
		return Table{}
	}
	return v.b.table(p+v.b.u32(p), p)
}

// String returns element i of a vector of strings.
func (v Vector) String(i int) string {
	p := v.at(i, 4)
	if p < 0 {
		return ""
	}
	return v.b.str(p+v.b.u32(p), p)
}

// Uint8 returns element i of a vector of bytes.
func (v Vector) Uint8(i int) uint8 {
	if p := v.at(i, 1); p >= 0 {
		return v.b.data[p]
	}
	return 0
}

// Uint16 returns element i of a vector of u16.
func (v Vector) Uint16(i int) uint16 {
	if p := v.at(i, 2); p >= 0 {
		return binary.LittleEndian.Uint16(v.b.data[p:])
	}
	return 0
}

// Int32 returns element i of a vector of i32.
func (v Vector) Int32(i int) int32 { return int32(v.Uint32(i)) }

// Uint32 returns element i of a vector of u32.
func (v Vector) Uint32(i int) uint32 {
	if p := v.at(i, 4); p >= 0 {
		return binary.LittleEndian.Uint32(v.b.data[p:])
	}
	return 0
}

// Int64 returns element i of a vector of i64.
func (v Vector) Int64(i int) int64 {
	if p := v.at(i, 8); p >= 0 {
		return int64(binary.LittleEndian.Uint64(v.b.data[p:]))
	}
	return 0
}

// Float32 returns element i of a vector of f32.
func (v Vector) Float32(i int) float32 { return math.Float32frombits(v.Uint32(i)) }

// Struct returns the bytes of element i of a vector of structs.
func (v Vector) Struct(i int) []byte {
	p := v.at(i, v.width)
	if p < 0 {
		return nil
	}
	return v.b.data[p : p+v.width : p+v.width]
}

// Raw returns the bytes of all elements as a view of the buffer.
func (v Vector) Raw() []byte {
	if v.b == nil {
		return nil
	}
	end := v.pos + v.n*v.width
	return v.b.data[v.pos:end:end]
}

// Int64s returns a vector of i32 or i64, by its width, as int64s; nil when the
// vector is absent.
func (v Vector) Int64s() []int64 {
	if v.b == nil {
		return nil
	}
	out := make([]int64, v.n)
	for i := range out {
		if v.width == 8 {
			out[i] = v.Int64(i)
		} else {
			out[i] = int64(v.Int32(i))
		}
	}
	return out
}

// Float32s returns a copy of a vector of f32, nil when the vector is absent.
func (v Vector) Float32s() []float32 {
	if v.b == nil {
		return nil
	}
	out := make([]float32, v.n)
	for i := range out {
		out[i] = v.Float32(i)
	}
	return out
}

// Strings returns the elements of a vector of strings.
func (v Vector) Strings() []string {
	if v.b == nil {
		return nil
	}
	out := make([]string, v.n)
	for i := range out {
		out[i] = v.String(i)
	}
	return out
}
