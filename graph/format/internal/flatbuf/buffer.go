package flatbuf

import (
	"encoding/binary"
	"fmt"
)

// Reason says what kind of fault an Error is.
type Reason uint8

const (
	// Beyond: an object lies behind the last byte; a truncated file or a lie.
	Beyond Reason = iota
	// Malformed: the bytes contradict themselves.
	Malformed
	// Budget: the same bytes are visited more often than any honest file needs.
	Budget
)

// Error is a fault in the bytes.
type Error struct {
	Reason Reason
	// Offset is where the faulty value stands, in bytes from the buffer's start.
	Offset int64
	Msg    string
}

// Error returns "offset 12: vector of 7 elements ...".
func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg) }

// Buffer is a FlatBuffer that is being read. It is not safe for concurrent use.
type Buffer struct {
	data   []byte
	end    int
	budget int64
	err    *Error
}

// budgetFactor and budgetBase bound the bytes visited: an honest reader sees
// each object a handful of times, vtables aside.
const (
	budgetFactor = 16
	budgetBase   = 1 << 20
)

// New returns a reader of data, which it keeps and never changes.
func New(data []byte) *Buffer {
	return &Buffer{data: data, budget: budgetFactor*int64(len(data)) + budgetBase}
}

// Err returns the first fault met, nil if there was none.
func (b *Buffer) Err() error {
	if b.err == nil {
		return nil
	}
	return b.err
}

// End returns the offset behind the highest byte that belongs to any object
// read so far.
func (b *Buffer) End() int64 { return int64(b.end) }

// Length returns the size of the buffer that ends with the objects read so far:
// End with the zero bytes behind it up to a multiple of 4, to which every writer
// fills a buffer.
func (b *Buffer) Length() int64 {
	end := b.end
	for end%4 != 0 && end < len(b.data) && b.data[end] == 0 {
		end++
	}
	return int64(end)
}

// Len returns the number of bytes of the whole buffer.
func (b *Buffer) Len() int { return len(b.data) }

// Identifier returns the file identifier (the 4 bytes at offset 4), "" when
// the buffer is too short for one.
func Identifier(data []byte) string {
	if len(data) < 8 {
		return ""
	}
	return string(data[4:8])
}

// PlausibleRoot reports whether data may begin a FlatBuffer of size bytes
// (-1 if unknown): the root offset, and as far as data goes the root's vtable,
// hold together. It allocates nothing and is meant for signatures; a true
// answer proves nothing yet.
func PlausibleRoot(data []byte, size int64) bool {
	if len(data) < 8 {
		return false
	}
	root := int64(binary.LittleEndian.Uint32(data))
	if root < 4 || root&1 != 0 || (size >= 0 && root+4 > size && root > 1<<16) {
		return false
	}
	if root+4 > int64(len(data)) {
		return root <= 1<<20
	}
	soffset := int64(int32(binary.LittleEndian.Uint32(data[root:])))
	vt := root - soffset
	if vt < 0 || soffset == 0 {
		return false
	}
	if vt+4 > int64(len(data)) {
		return size < 0 || vt+4 <= size || vt < 1<<20
	}
	n, obj := binary.LittleEndian.Uint16(data[vt:]), binary.LittleEndian.Uint16(data[vt+2:])
	if n < 4 || n > 2048 || n&1 != 0 || obj < 4 {
		return false
	}
	for i := vt + 4; i+2 <= min(vt+int64(n), int64(len(data))); i += 2 {
		if f := binary.LittleEndian.Uint16(data[i:]); f != 0 && (f < 4 || f > obj) {
			return false
		}
	}
	return true
}

func (b *Buffer) fail(r Reason, at int, msg string, args ...any) {
	if b.err == nil {
		b.err = &Error{Reason: r, Offset: int64(at), Msg: fmt.Sprintf(msg, args...)}
	}
}

// Fail records a fault found by the caller in a value at offset at, unless one
// is recorded already.
func (b *Buffer) Fail(r Reason, at int, msg string) { b.fail(r, at, "%s", msg) }

// need checks that n bytes at pos are there and marks them as reached.
func (b *Buffer) need(pos, n int, at int, what string) bool {
	if b.err != nil {
		return false
	}
	if pos < 0 || n < 0 || pos > len(b.data) || n > len(b.data)-pos {
		b.fail(Beyond, at, "%s of %d bytes at %d is beyond the end at %d", what, n, pos, len(b.data))
		return false
	}
	b.end = max(b.end, pos+n)
	return true
}

// charge takes n bytes from the budget.
func (b *Buffer) charge(n, at int) bool {
	b.budget -= int64(n)
	if b.budget < 0 {
		b.fail(Budget, at, "objects are shared so often that reading them exceeds %d times the file", budgetFactor)
		return false
	}
	return true
}

func (b *Buffer) u32(pos int) int { return int(binary.LittleEndian.Uint32(b.data[pos:])) }

// Root returns the root table.
func (b *Buffer) Root() Table { return b.RootAt(0) }

// RootAt returns the root table of a FlatBuffer that starts at pos, such as
// one with a size prefix; offsets stay relative to the buffer.
func (b *Buffer) RootAt(pos int) Table {
	if !b.need(pos, 4, pos, "root offset") {
		return Table{}
	}
	off := b.u32(pos)
	if off < 4 {
		b.fail(Malformed, pos, "root offset %d", off)
		return Table{}
	}
	return b.table(pos+off, pos)
}

// table opens the table at pos; at is where the offset to it stands.
func (b *Buffer) table(pos, at int) Table {
	if !b.need(pos, 4, at, "table") {
		return Table{}
	}
	vt := pos - int(int32(binary.LittleEndian.Uint32(b.data[pos:])))
	if !b.need(vt, 4, pos, "vtable") {
		return Table{}
	}
	vtLen := int(binary.LittleEndian.Uint16(b.data[vt:]))
	objLen := int(binary.LittleEndian.Uint16(b.data[vt+2:]))
	if vtLen < 4 || vtLen&1 != 0 || objLen < 4 {
		b.fail(Malformed, vt, "vtable of %d bytes for a table of %d bytes", vtLen, objLen)
		return Table{}
	}
	if !b.need(vt, vtLen, vt, "vtable") || !b.need(pos, objLen, vt, "table") || !b.charge(objLen, at) {
		return Table{}
	}
	return Table{b: b, pos: pos, vtable: vt, fields: (vtLen - 4) / 2, size: objLen}
}
