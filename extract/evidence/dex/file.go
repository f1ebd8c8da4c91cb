package dex

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrNotDex says that the bytes are no dex file.
var ErrNotDex = errors.New("not a dex file")

const headerBytes = 0x70

// File is an opened dex file. It aliases the bytes it was opened from.
type File struct {
	// Version is the three digits of the magic, such as "035".
	Version string
	// Warnings say which tables were cut to the file's size.
	Warnings []string

	data                                             []byte
	strings, types, protos, fields, methods, classes table
	sorted                                           []uint32 // strings by offset, when asked for
}

// table is a table of fixed-size records.
type table struct {
	data   []byte
	record int
}

func (t table) len() int { return len(t.data) / t.record }

// row returns record i, nil outside.
func (t table) row(i uint32) []byte {
	if int64(i) >= int64(t.len()) {
		return nil
	}
	return t.data[int(i)*t.record:][:t.record]
}

// Open reads the header. Compact dex and odex wrappers are ErrNotDex.
func Open(b []byte) (*File, error) {
	if len(b) < headerBytes || !bytes.HasPrefix(b, []byte("dex\n")) || b[7] != 0 {
		return nil, fmt.Errorf("%w: %d bytes", ErrNotDex, len(b))
	}
	if e := binary.LittleEndian.Uint32(b[0x28:]); e != 0x12345678 {
		return nil, fmt.Errorf("%w: endian tag 0x%08x", ErrNotDex, e)
	}
	f := &File{Version: string(b[4:7]), data: b}
	f.strings = f.table("strings", 0x38, 4)
	f.types = f.table("types", 0x40, 4)
	f.protos = f.table("prototypes", 0x48, 12)
	f.fields = f.table("fields", 0x50, 8)
	f.methods = f.table("methods", 0x58, 8)
	f.classes = f.table("classes", 0x60, 32)
	return f, nil
}

func (f *File) table(name string, header, record int) table {
	count, off := int64(binary.LittleEndian.Uint32(f.data[header:])), int64(binary.LittleEndian.Uint32(f.data[header+4:]))
	size := int64(len(f.data))
	if off > size {
		off = size
	}
	if most := (size - off) / int64(record); count > most {
		f.Warnings = append(f.Warnings, fmt.Sprintf("table of %d %s at offset %d has room for %d", count, name, off, most))
		count = most
	}
	return table{f.data[off : off+count*int64(record)], record}
}

// Strings, Types, Methods and Classes return the sizes of the tables.
func (f *File) Strings() int { return f.strings.len() }

// Types returns the number of types.
func (f *File) Types() int { return f.types.len() }

// Methods returns the number of methods that the file names.
func (f *File) Methods() int { return f.methods.len() }

// Classes returns the number of classes that the file defines.
func (f *File) Classes() int { return f.classes.len() }

// String returns the bytes of string i (modified UTF-8, without the final
// zero), nil outside. The result aliases the file.
func (f *File) String(i uint32) []byte {
	r := f.strings.row(i)
	if r == nil {
		return nil
	}
	off := int64(binary.LittleEndian.Uint32(r))
	if off >= int64(len(f.data)) {
		return nil
	}
	_, s := uleb(f.data[off:])
	if end := bytes.IndexByte(s, 0); end >= 0 {
		return s[:end]
	}
	return nil
}

// StringOffset returns where string i lies in the file, -1 outside.
func (f *File) StringOffset(i uint32) int64 {
	r := f.strings.row(i)
	if r == nil {
		return -1
	}
	return int64(binary.LittleEndian.Uint32(r))
}

// Type returns the descriptor of type i, such as "Lorg/tensorflow/lite/Interpreter;".
func (f *File) Type(i uint32) []byte {
	r := f.types.row(i)
	if r == nil {
		return nil
	}
	return f.String(binary.LittleEndian.Uint32(r))
}

// Method returns the class (a type index) and the name (a string index) of method i.
func (f *File) Method(i uint32) (class, name uint32, ok bool) {
	r := f.methods.row(i)
	if r == nil {
		return 0, 0, false
	}
	return uint32(binary.LittleEndian.Uint16(r)), binary.LittleEndian.Uint32(r[4:]), true
}

// Shorty returns the short form of a method's prototype: one letter for the result
// and one for each parameter, L for any reference; "" outside.
func (f *File) Shorty(method uint32) string {
	r := f.methods.row(method)
	if r == nil {
		return ""
	}
	p := f.protos.row(uint32(binary.LittleEndian.Uint16(r[2:])))
	if p == nil {
		return ""
	}
	return string(f.String(binary.LittleEndian.Uint32(p)))
}

// Fields returns the number of fields that the file names.
func (f *File) Fields() int { return f.fields.len() }

// Field returns the class (a type index) and the name (a string index) of field i.
func (f *File) Field(i uint32) (class, name uint32, ok bool) {
	r := f.fields.row(i)
	if r == nil {
		return 0, 0, false
	}
	return uint32(binary.LittleEndian.Uint16(r)), binary.LittleEndian.Uint32(r[4:]), true
}

// StringStart returns where the text of string i begins, behind its length; -1 outside.
func (f *File) StringStart(i uint32) int {
	off := f.StringOffset(i)
	if off < 0 || off >= int64(len(f.data)) {
		return -1
	}
	_, rest := uleb(f.data[off:])
	return len(f.data) - len(rest)
}

// StringAt returns the string in whose text the offset lies, ok is false where there
// is none. The first call sorts the strings by where they lie.
func (f *File) StringAt(offset int64) (index uint32, ok bool) {
	if f.sorted == nil {
		f.sorted = make([]uint32, f.Strings())
		for i := range f.sorted {
			f.sorted[i] = uint32(i)
		}
		slices.SortFunc(f.sorted, func(a, b uint32) int { return cmp.Compare(f.StringOffset(a), f.StringOffset(b)) })
	}
	i, _ := slices.BinarySearchFunc(f.sorted, offset, func(s uint32, at int64) int { return cmp.Compare(f.StringOffset(s), at+1) })
	if i == 0 {
		return 0, false
	}
	index = f.sorted[i-1]
	start := int64(f.StringStart(index))
	return index, start >= 0 && offset >= start && offset < start+int64(len(f.String(index)))
}

// Class returns the type index of class definition i.
func (f *File) Class(i int) (typ uint32, ok bool) {
	r := f.classes.row(uint32(i))
	if r == nil {
		return 0, false
	}
	return binary.LittleEndian.Uint32(r), true
}

// uleb reads an unsigned LEB128 of at most five bytes.
func uleb(b []byte) (v uint32, rest []byte) {
	for i := range min(5, len(b)) {
		v |= uint32(b[i]&0x7f) << (7 * i)
		if b[i]&0x80 == 0 {
			return v, b[i+1:]
		}
	}
	return v, nil
}
