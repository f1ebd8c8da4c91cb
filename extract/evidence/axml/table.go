package axml

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrNotTable says that the bytes hold no resource table.
var ErrNotTable = errors.New("not a resource table")

// Chunk types of resource tables.
const (
	chunkTable   = 0x0002
	chunkPackage = 0x0200
	chunkType    = 0x0201
)

// maxReferences bounds how many references are followed to one string.
const maxReferences = 8

// Table is the resource table of an app (resources.arsc), as far as strings go.
type Table struct {
	pool  pool
	types map[uint16][][]byte // package and type id to type chunks
}

// ReadTable reads the chunks of a table; values are read when asked for.
func ReadTable(b []byte) (*Table, error) {
	if len(b) < 12 || binary.LittleEndian.Uint16(b) != chunkTable {
		return nil, fmt.Errorf("%w: %d bytes", ErrNotTable, len(b))
	}
	t := &Table{types: map[uint16][][]byte{}}
	each(b, int(binary.LittleEndian.Uint16(b[2:])), func(kind uint16, c []byte) {
		switch {
		case kind == chunkStringPool && t.pool.data == nil:
			t.pool = readPool(c, func(string, ...any) {})
		case kind == chunkPackage && len(c) >= 12:
			id := uint16(c[8]) << 8
			each(c, int(binary.LittleEndian.Uint16(c[2:])), func(kind uint16, c []byte) {
				if kind == chunkType && len(c) >= 24 {
					k := id | uint16(c[8])
					t.types[k] = append(t.types[k], c)
				}
			})
		}
	})
	return t, nil
}

// each calls visit with the chunks of b from pos on, as far as their sizes are
// possible.
func each(b []byte, pos int, visit func(kind uint16, chunk []byte)) {
	for pos >= 8 && pos+8 <= len(b) {
		size := int64(binary.LittleEndian.Uint32(b[pos+4:]))
		if size < 8 || size > int64(len(b)-pos) {
			return
		}
		visit(binary.LittleEndian.Uint16(b[pos:]), b[pos:pos+int(size)])
		pos += int(size)
	}
}

// String returns the string with a resource id in the default configuration, or
// in the first that has it, following references; "" where there is none.
func (t *Table) String(id uint32) string {
	for range maxReferences {
		kind, value, ok := t.value(id)
		switch {
		case !ok:
			return ""
		case kind == TypeString:
			return t.pool.at(value)
		case kind != TypeReference:
			return ""
		}
		id = value
	}
	return ""
}

func (t *Table) value(id uint32) (kind Type, value uint32, ok bool) {
	for _, c := range t.types[uint16(id>>16)] {
		k, v, found := entryValue(c, uint16(id))
		if !found {
			continue
		}
		if !ok {
			kind, value, ok = k, v, true
		}
		if isDefault(c) {
			return k, v, true
		}
	}
	return kind, value, ok
}

// isDefault reports whether a type chunk is for any device: its configuration,
// u32 size at 20 and fields after it, is all zero.
func isDefault(c []byte) bool {
	size := int64(binary.LittleEndian.Uint32(c[20:]))
	for i := int64(24); i < 20+size && i < int64(len(c)); i++ {
		if c[i] != 0 {
			return false
		}
	}
	return true
}

// Flags of type chunks and entries.
const (
	typeSparse    = 0x01 // offsets are pairs of u16 index and u16 offset / 4
	typeOffset16  = 0x02 // offsets are u16, divided by 4
	entryComplex  = 0x01
	entryCompact  = 0x08
	noEntry       = 0xffffffff
	noEntryOffset = 0xffff
)

// entryValue reads entry i of a type chunk: u8 id, u8 flags at 9, u32 count at 12,
// u32 start of entries at 16, offsets behind the header.
func entryValue(c []byte, i uint16) (Type, uint32, bool) {
	header := int64(binary.LittleEndian.Uint16(c[2:]))
	count, start := int64(binary.LittleEndian.Uint32(c[12:])), int64(binary.LittleEndian.Uint32(c[16:]))
	offset := int64(-1)
	switch size := int64(len(c)); {
	case c[9]&typeSparse != 0:
		for k := int64(0); k < count && header+4*k+4 <= size; k++ {
			if binary.LittleEndian.Uint16(c[header+4*k:]) == i {
				offset = 4 * int64(binary.LittleEndian.Uint16(c[header+4*k+2:]))
			}
		}
	case int64(i) >= count:
	case c[9]&typeOffset16 != 0 && header+2*int64(i)+2 <= size:
		if o := binary.LittleEndian.Uint16(c[header+2*int64(i):]); o != noEntryOffset {
			offset = 4 * int64(o)
		}
	case c[9]&typeOffset16 == 0 && header+4*int64(i)+4 <= size:
		if o := binary.LittleEndian.Uint32(c[header+4*int64(i):]); o != noEntry {
			offset = int64(o)
		}
	}
	at := start + offset
	if offset < 0 || at+8 > int64(len(c)) {
		return 0, 0, false
	}
	flags := binary.LittleEndian.Uint16(c[at+2:])
	if flags&entryCompact != 0 {
		return Type(flags >> 8), binary.LittleEndian.Uint32(c[at+4:]), true
	}
	at += int64(binary.LittleEndian.Uint16(c[at:]))
	if flags&entryComplex != 0 || at+8 > int64(len(c)) {
		return 0, 0, false
	}
	return Type(c[at+3]), binary.LittleEndian.Uint32(c[at+4:]), true
}
