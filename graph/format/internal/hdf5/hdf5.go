// Package hdf5 reads the part of untrusted HDF5 files that model weights need:
// groups, attributes (fixed and variable-length strings, numbers), shapes and
// types of datasets, and the values of compact and contiguous ones as views of
// the file. Superblocks 0 to 3, object headers 1 and 2, symbol-table groups and
// compact link messages.
//
// Not read: values in chunks (filters), groups and attributes in fractal heaps
// (more than eight links or attributes in files of the "latest" library
// version), references, external and virtual datasets; what is met of them is
// said in File.Skipped.
//
// Every address and length is checked against the file; the number of
// objects, messages and links is bounded, so that cycles end.
//
// Facts: HDF5 File Format Specification, version 3.0.
package hdf5

import (
	"encoding/binary"
	"fmt"
)

// Error is a malformed file.
type Error struct {
	Offset int64
	// Truncated says that an address or length lies beyond the end, Limit that
	// the file asks for too much, Unsupported that a version is not read.
	Truncated, Limit, Unsupported bool
	Msg                           string
}

// Error returns "offset 12: ...".
func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg) }

// Signature is what an HDF5 file starts with.
const Signature = "\x89HDF\r\n\x1a\n"

// File is an open file.
type File struct {
	data []byte
	base int64
	// End is where the file ends by its own account, -1 if it does not say.
	End int64
	// offsets and lengths are the sizes of addresses and lengths in bytes.
	offsets, lengths int
	root             int64
	budget           int
	// Skipped says what was met and not read, each once.
	Skipped []string
}

// budget is how many messages, links and heap objects one file may have.
const budget = 1 << 20

// Open reads the superblock.
func Open(data []byte) (*File, error) {
	f := &File{data: data, budget: budget}
	if len(data) < 48 || string(data[:8]) != Signature {
		return nil, &Error{Msg: "no HDF5 signature", Truncated: len(data) < 48}
	}
	r := f.at(8)
	version := r.u8()
	switch version {
	case 0, 1:
		r.skip(4)
		f.offsets, f.lengths = int(r.u8()), int(r.u8())
		r.skip(1 + 2 + 2 + 4)
		if version == 1 {
			r.skip(4)
		}
		if err := f.checkSizes(); err != nil {
			return nil, err
		}
		f.base = r.address()
		r.skip(f.offsets) // free space
		f.End = r.address()
		r.skip(2 * f.offsets) // driver, name of the root entry
		f.root = r.address()
	case 2, 3:
		f.offsets, f.lengths = int(r.u8()), int(r.u8())
		r.skip(1)
		if err := f.checkSizes(); err != nil {
			return nil, err
		}
		f.base = r.address()
		r.skip(f.offsets) // extension
		f.End = r.address()
		f.root = r.address()
	default:
		return nil, &Error{Offset: 8, Unsupported: true, Msg: fmt.Sprintf("superblock version %d", version)}
	}
	if r.failed || f.base != 0 {
		return nil, &Error{Offset: 8, Truncated: r.failed, Unsupported: !r.failed, Msg: "superblock"}
	}
	if f.End > int64(len(data)) {
		return nil, &Error{Offset: 8, Truncated: true, Msg: fmt.Sprintf("the file is said to have %d bytes", f.End)}
	}
	return f, nil
}

func (f *File) checkSizes() error {
	if f.offsets != 4 && f.offsets != 8 || f.lengths != 4 && f.lengths != 8 {
		return &Error{Offset: 13, Msg: fmt.Sprintf("addresses of %d bytes, lengths of %d", f.offsets, f.lengths)}
	}
	return nil
}

// Root returns the root group.
func (f *File) Root() (*Object, error) { return f.object(f.root) }

// spend counts one unit of work.
func (f *File) spend(at int64) error {
	if f.budget--; f.budget < 0 {
		return &Error{Offset: at, Limit: true, Msg: fmt.Sprintf("more than %d messages and links", budget)}
	}
	return nil
}

func (f *File) skipped(what string) {
	for _, s := range f.Skipped {
		if s == what {
			return
		}
	}
	f.Skipped = append(f.Skipped, what)
}

// cursor reads little-endian values of the file; after a read beyond the end
// failed stays set.
type cursor struct {
	f      *File
	data   []byte
	start  int64 // of data in the file
	pos    int
	failed bool
}

// at returns a cursor from an offset to the end of the file.
func (f *File) at(offset int64) *cursor {
	if offset < 0 || offset > int64(len(f.data)) {
		return &cursor{f: f, failed: true, start: offset}
	}
	return &cursor{f: f, data: f.data[offset:], start: offset}
}

func (c *cursor) take(n int64) []byte {
	if c.failed || n < 0 || n > int64(len(c.data)-c.pos) {
		c.failed = true
		return nil
	}
	b := c.data[c.pos : c.pos+int(n) : c.pos+int(n)]
	c.pos += int(n)
	return b
}

func (c *cursor) skip(n int)    { c.take(int64(n)) }
func (c *cursor) offset() int64 { return c.start + int64(c.pos) }
func (c *cursor) left() int     { return len(c.data) - c.pos }

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

// sized reads a number of n bytes (1, 2, 4 or 8); larger than 2^62 fails.
func (c *cursor) sized(n int) int64 {
	b := c.take(int64(n))
	if b == nil {
		return 0
	}
	v := uint64(0)
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	if v > 1<<62 {
		return -1
	}
	return int64(v)
}

// address reads an address; -1 is the undefined one.
func (c *cursor) address() int64 {
	n := c.f.offsets
	v := c.sized(n)
	if n == 4 && v == 0xffffffff {
		return -1
	}
	return v
}

func (c *cursor) length() int64 { return c.sized(c.f.lengths) }

// align skips to a multiple of 8 from the cursor's beginning.
func (c *cursor) align() {
	if r := c.pos % 8; r != 0 {
		c.skip(8 - r)
	}
}

func (c *cursor) signature(s string) bool { return string(c.take(int64(len(s)))) == s }

func (c *cursor) err(msg string, args ...any) error {
	return &Error{Offset: c.offset(), Truncated: c.failed, Msg: fmt.Sprintf(msg, args...)}
}
