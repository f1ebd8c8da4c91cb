// Package protowire reads untrusted protobuf messages field by field, without
// a schema, without copying and without allocating: a payload is a view of the
// input, so that 100 MB of weights cost one length check.
//
// A Message walks the fields of one message in file order. It never panics,
// never reads past its bytes, and stops at the first malformed field with an
// *Error that gives the position in the whole input.
package protowire

import (
	"fmt"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// Type is a wire type.
type Type uint8

// The wire types of the protobuf encoding.
const (
	Varint  Type = 0
	Fixed64 Type = 1
	Bytes   Type = 2
	Group   Type = 3
	Fixed32 Type = 5
)

// Error is a malformed or cut message.
type Error struct {
	// Offset is the position in the whole input.
	Offset int64
	// Truncated says that the input ends before the field does.
	Truncated bool
	// Msg says what is wrong.
	Msg string
}

// Error returns "offset 12: ...".
func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg) }

// Field is one field of a message. Which of Uint and Bytes is set depends on
// Type: Uint for Varint, Fixed32 and Fixed64, Bytes for Bytes and Group.
type Field struct {
	Number int32
	Type   Type
	Uint   uint64
	// Bytes is a view of the input, never nil for Type Bytes.
	Bytes []byte
	// Offset is the position of the payload in the whole input.
	Offset int64
}

// Message walks the fields of one message.
type Message struct {
	data []byte
	pos  int
	base int64
	err  *Error
}

// NewMessage returns a message over data, whose first byte has position 0.
func NewMessage(data []byte) Message { return Message{data: data} }

// MessageAt returns a message over data, whose first byte has the given
// position in the whole input.
func MessageAt(data []byte, offset int64) Message { return Message{data: data, base: offset} }

// Next reads the next field into f. It returns false at the end of the message
// and at the first malformed field; Err tells which.
func (m *Message) Next(f *Field) bool {
	if m.err != nil || m.pos >= len(m.data) {
		return false
	}
	rest := m.data[m.pos:]
	num, typ, n := protowire.ConsumeTag(rest)
	if n < 0 {
		return m.fail(n, "field tag")
	}
	f.Number, f.Uint, f.Bytes = int32(num), 0, nil
	body := rest[n:]
	var k int
	switch typ {
	case protowire.VarintType:
		f.Type = Varint
		f.Uint, k = protowire.ConsumeVarint(body)
	case protowire.Fixed64Type:
		f.Type = Fixed64
		f.Uint, k = protowire.ConsumeFixed64(body)
	case protowire.Fixed32Type:
		f.Type = Fixed32
		var v uint32
		v, k = protowire.ConsumeFixed32(body)
		f.Uint = uint64(v)
	case protowire.BytesType:
		f.Type = Bytes
		f.Bytes, k = protowire.ConsumeBytes(body)
		if k >= 0 {
			n += k - len(f.Bytes)
			k = len(f.Bytes)
		}
	case protowire.StartGroupType:
		f.Type = Group
		f.Bytes, k = protowire.ConsumeGroup(num, body)
	default:
		k = -1
		m.err = &Error{m.base + int64(m.pos), false, fmt.Sprintf("field %d has wire type %d", num, typ)}
		return false
	}
	if k < 0 {
		return m.fail(k, fmt.Sprintf("field %d", num))
	}
	f.Offset = m.base + int64(m.pos+n)
	m.pos += n + k
	return true
}

func (m *Message) fail(code int, what string) bool {
	err := protowire.ParseError(code)
	// The library reports every short read as io.ErrUnexpectedEOF, code -1.
	m.err = &Error{m.base + int64(m.pos), code == -1, what + ": " + err.Error()}
	return false
}

// Err returns nil at a clean end, else an *Error.
func (m *Message) Err() error {
	if m.err == nil {
		return nil
	}
	return m.err
}

// Offset returns the position of the next field in the whole input: after a
// clean walk the end of the message, after an error the start of the field
// that could not be read.
func (m *Message) Offset() int64 { return m.base + int64(m.pos) }

// Remaining returns the bytes that have not been walked.
func (m *Message) Remaining() int { return len(m.data) - m.pos }

// Message returns the field's payload as a message.
func (f *Field) Message() Message { return Message{data: f.Bytes, base: f.Offset} }

// String returns the payload as a string (a copy).
func (f *Field) String() string { return string(f.Bytes) }

// Int64 returns the value of an int64, int32, enum or bool field.
func (f *Field) Int64() int64 { return int64(f.Uint) }

// Float32 returns the value of a float field.
func (f *Field) Float32() float32 { return math.Float32frombits(uint32(f.Uint)) }

// Float64 returns the value of a double field.
func (f *Field) Float64() float64 { return math.Float64frombits(f.Uint) }

// Is reports whether the field has the given number and wire type.
func (f *Field) Is(number int32, t Type) bool { return f.Number == number && f.Type == t }

// AppendInts appends the values of a repeated integer field, packed or not, to
// dst; at most limit values in all. ok is false for another wire type, a
// malformed list or one that is too long; dst then holds what could be read.
func (f *Field) AppendInts(dst []int64, limit int) (values []int64, ok bool) {
	switch f.Type {
	case Varint:
		if len(dst) >= limit {
			return dst, false
		}
		return append(dst, int64(f.Uint)), true
	case Bytes:
		n := CountVarints(f.Bytes)
		if n > limit-len(dst) {
			return dst, false
		}
		if cap(dst)-len(dst) < n {
			dst = append(make([]int64, 0, len(dst)+n), dst...)
		}
		b := f.Bytes
		for len(b) > 0 {
			v, k := protowire.ConsumeVarint(b)
			if k < 0 {
				return dst, false
			}
			dst = append(dst, int64(v))
			b = b[k:]
		}
		return dst, true
	}
	return dst, false
}

// AppendFloats appends the values of a repeated float field, packed or not, to
// dst; at most limit values in all. ok is as for AppendInts.
func (f *Field) AppendFloats(dst []float32, limit int) (values []float32, ok bool) {
	switch f.Type {
	case Fixed32:
		if len(dst) >= limit {
			return dst, false
		}
		return append(dst, f.Float32()), true
	case Bytes:
		n := len(f.Bytes) / 4
		if len(f.Bytes)%4 != 0 || n > limit-len(dst) {
			return dst, false
		}
		for i := range n {
			v, _ := protowire.ConsumeFixed32(f.Bytes[4*i:])
			dst = append(dst, math.Float32frombits(v))
		}
		return dst, true
	}
	return dst, false
}

// CountVarints returns the number of varints that end in b.
func CountVarints(b []byte) int {
	n := 0
	for _, c := range b {
		if c < 0x80 {
			n++
		}
	}
	return n
}

// ReadVarint returns the varint at the start of b and its length, 0 where b
// holds none.
func ReadVarint(b []byte) (v uint64, n int) {
	v, n = protowire.ConsumeVarint(b)
	return v, max(n, 0)
}

// IsText reports whether b is UTF-8 without control characters other than tab
// and line ends: what names and words in a model file look like. Random bytes
// taken for a string field fail it soon.
func IsText(b []byte) bool {
	for i := 0; i < len(b); {
		c := b[i]
		if c < utf8.RuneSelf {
			if c < 0x20 && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return false
		}
		i += n
	}
	return true
}

// Rest returns the bytes that have not been walked, as a view.
func (m *Message) Rest() []byte { return m.data[m.pos:] }
