package flatbuf

import (
	"encoding/binary"
	"math"
)

// Table is a table of a Buffer. The zero Table is an absent one: every field
// of it has its default. Fields are named by slot: the number of the field in
// its schema, counted from 0, a union taking two (type, value).
type Table struct {
	b           *Buffer
	pos, vtable int
	fields      int
	size        int
}

// Exists reports whether the table is there.
func (t Table) Exists() bool { return t.b != nil }

// Pos returns the table's offset in the buffer, for error messages.
func (t Table) Pos() int { return t.pos }

// Has reports whether the file stores the field.
func (t Table) Has(slot int) bool { return t.field(slot, 1) >= 0 }

// Fields returns the number of slots that the table's vtable knows.
func (t Table) Fields() int { return t.fields }

// field returns the position of a field of n bytes, -1 when it is absent.
func (t Table) field(slot, n int) int {
	if t.b == nil || t.b.err != nil || slot >= t.fields {
		return -1
	}
	off := int(binary.LittleEndian.Uint16(t.b.data[t.vtable+4+2*slot:]))
	if off == 0 {
		return -1
	}
	if off < 4 {
		t.b.fail(Malformed, t.vtable+4+2*slot, "field %d at %d of a table", slot, off)
		return -1
	}
	// Writers that share vtables by their field offsets alone state a size too
	// small for some tables, so only the buffer bounds a field.
	if off+n > t.size && !t.b.need(t.pos+off, n, t.vtable+4+2*slot, "field") {
		return -1
	}
	return t.pos + off
}

// Bool returns a bool field.
func (t Table) Bool(slot int) bool { return t.Uint8(slot, 0) != 0 }

// Int8 returns an i8 field, def when absent.
func (t Table) Int8(slot int, def int8) int8 { return int8(t.Uint8(slot, uint8(def))) }

// Uint8 returns a u8 field, def when absent.
func (t Table) Uint8(slot int, def uint8) uint8 {
	if p := t.field(slot, 1); p >= 0 {
		return t.b.data[p]
	}
	return def
}

// Uint16 returns a u16 field, def when absent.
func (t Table) Uint16(slot int, def uint16) uint16 {
	if p := t.field(slot, 2); p >= 0 {
		return binary.LittleEndian.Uint16(t.b.data[p:])
	}
	return def
}

// Int32 returns an i32 field, def when absent.
func (t Table) Int32(slot int, def int32) int32 { return int32(t.Uint32(slot, uint32(def))) }

// Uint32 returns a u32 field, def when absent.
func (t Table) Uint32(slot int, def uint32) uint32 {
	if p := t.field(slot, 4); p >= 0 {
		return binary.LittleEndian.Uint32(t.b.data[p:])
	}
	return def
}

// Int64 returns an i64 field, def when absent.
func (t Table) Int64(slot int, def int64) int64 { return int64(t.Uint64(slot, uint64(def))) }

// Uint64 returns a u64 field, def when absent.
func (t Table) Uint64(slot int, def uint64) uint64 {
	if p := t.field(slot, 8); p >= 0 {
		return binary.LittleEndian.Uint64(t.b.data[p:])
	}
	return def
}

// Float32 returns an f32 field, def when absent.
func (t Table) Float32(slot int, def float32) float32 {
	if p := t.field(slot, 4); p >= 0 {
		return math.Float32frombits(binary.LittleEndian.Uint32(t.b.data[p:]))
	}
	return def
}

// Float64 returns an f64 field, def when absent.
func (t Table) Float64(slot int, def float64) float64 {
	if p := t.field(slot, 8); p >= 0 {
		return math.Float64frombits(binary.LittleEndian.Uint64(t.b.data[p:]))
	}
	return def
}

// Struct returns the n bytes of an inline struct field, nil when absent.
func (t Table) Struct(slot, n int) []byte {
	if p := t.field(slot, n); p >= 0 {
		return t.b.data[p : p+n : p+n]
	}
	return nil
}

// Pointed returns n bytes where the offset in a field leads, nil when it is
// absent: the form of a struct that is a union's value.
func (t Table) Pointed(slot, n int) []byte {
	pos, at := t.target(slot)
	if pos < 0 || !t.b.need(pos, n, at, "struct") {
		return nil
	}
	return t.b.data[pos : pos+n : pos+n]
}

// target follows the offset in a field, -1 when it is absent.
func (t Table) target(slot int) (pos, at int) {
	at = t.field(slot, 4)
	if at < 0 {
		return -1, at
	}
	off := t.b.u32(at)
	if off == 0 {
		return -1, at
	}
	return at + off, at
}

// Table returns a table field (or a union's value), the zero Table when absent.
func (t Table) Table(slot int) Table {
	pos, at := t.target(slot)
	if pos < 0 {
		return Table{}
	}
	return t.b.table(pos, at)
}

// Vector returns a vector field whose elements take width bytes, an empty
// Vector when absent.
func (t Table) Vector(slot, width int) Vector {
	pos, at := t.target(slot)
	if pos < 0 {
		return Vector{}
	}
	return t.b.vector(pos, at, width)
}

// Tables returns a vector of tables.
func (t Table) Tables(slot int) Vector { return t.Vector(slot, 4) }

// Bytes returns a vector of bytes as a view of the buffer, nil when absent;
// an empty vector that is there gives an empty slice that is not nil.
func (t Table) Bytes(slot int) []byte {
	pos, at := t.target(slot)
	if pos < 0 || !t.b.need(pos, 4, at, "vector") {
		return nil
	}
	n := t.b.u32(pos)
	if !t.b.need(pos+4, n, pos, "vector") {
		return nil
	}
	return t.b.data[pos+4 : pos+4+n : pos+4+n]
}

// String returns a string field, "" when absent.
func (t Table) String(slot int) string {
	pos, at := t.target(slot)
	if pos < 0 {
		return ""
	}
	return t.b.str(pos, at)
}

func (b *Buffer) str(pos, at int) string {
	if !b.need(pos, 4, at, "string") {
		return ""
	}
	n := b.u32(pos)
	if !b.need(pos+4, n, pos, "string") || !b.charge(n, pos) {
		return ""
	}
	if pos+4+n < len(b.data) && b.data[pos+4+n] == 0 {
		b.end = max(b.end, pos+5+n) // the terminator is part of the string
	}
	return string(b.data[pos+4 : pos+4+n])
}
