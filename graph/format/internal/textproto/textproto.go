// Package textproto reads untrusted protobuf text format (prototxt, pbtxt)
// into a tree of fields, without a schema. Work, memory and nesting are
// bounded; malformed text gives an *Error with its offset and the tree that
// was read so far, so that the beginning of a file can be looked at.
//
// Accepted is what the text format's specification describes: fields with and
// without colon, messages in {} or <>, lists in [], comments, separators,
// strings in either quote with escapes and adjacent parts, extension and Any
// names in [].
package textproto

import (
	"fmt"
	"strconv"
	"strings"
)

// Limits bound a parse. A zero field means the default.
type Limits struct {
	// Fields bounds all fields of the tree (default 1 << 20), Depth the nesting
	// (default 64), Text the bytes of one scalar (default 1 << 20).
	Fields, Depth, Text int
}

// Error is malformed text.
type Error struct {
	// Offset is the position in the text.
	Offset int64
	// Truncated says that the text ends inside a field, Limit that it asks for
	// more than the limits allow.
	Truncated, Limit bool
	Msg              string
}

// Error returns "offset 12: ...".
func (e *Error) Error() string { return fmt.Sprintf("offset %d: %s", e.Offset, e.Msg) }

// Message is the fields of one message in file order.
type Message struct{ Fields []Field }

// Field is one field; lists give one Field per element.
type Field struct {
	Name string
	// Message is set for a message, nil for a scalar.
	Message *Message
	// Text is a scalar's value: the unescaped string, or the word as written.
	Text string
	// Quoted says that Text was a string.
	Quoted bool
	Offset int64
}

// All returns the fields of the given name.
func (m *Message) All(name string) []Field {
	if m == nil {
		return nil
	}
	var out []Field
	for _, f := range m.Fields {
		if f.Name == name {
			out = append(out, f)
		}
	}
	return out
}

// Has reports whether there is a field of the given name.
func (m *Message) Has(name string) bool {
	_, ok := m.last(name)
	return ok
}

// last returns the last field of the given name: it is the one that counts.
func (m *Message) last(name string) (Field, bool) {
	if m != nil {
		for i := len(m.Fields) - 1; i >= 0; i-- {
			if m.Fields[i].Name == name {
				return m.Fields[i], true
			}
		}
	}
	return Field{}, false
}

// Message returns the sub-message of the given name, nil (which reads as
// empty) if there is none.
func (m *Message) Message(name string) *Message {
	f, _ := m.last(name)
	return f.Message
}

// Text returns the scalar of the given name, "" if there is none.
func (m *Message) Text(name string) string {
	f, _ := m.last(name)
	return f.Text
}

// Int returns the integer of the given name, def where it is absent or no integer.
func (m *Message) Int(name string, def int64) int64 {
	if f, ok := m.last(name); ok {
		if n, ok := f.Int(); ok {
			return n
		}
	}
	return def
}

// Bool returns the flag of the given name, def where it is absent.
func (m *Message) Bool(name string, def Flag) Flag {
	if f, ok := m.last(name); ok && f.Message == nil {
		return f.Text == "true" || f.Text == "True" || f.Text == "t" || f.Text == "1"
	}
	return def
}

// Flag is a boolean field's value.
type Flag bool

// Ints returns the integers of the given name, in order; words that are no
// integers are left out.
func (m *Message) Ints(name string) []int64 {
	var out []int64
	for _, f := range m.All(name) {
		if n, ok := f.Int(); ok {
			out = append(out, n)
		}
	}
	return out
}

// Int returns the field's value as an integer.
func (f Field) Int() (int64, bool) {
	if f.Message != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(f.Text, 0, 64)
	return n, err == nil
}

// Float returns the field's value as a number.
func (f Field) Float() (float64, bool) {
	if f.Message != nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.TrimRight(f.Text, "fF"), 64)
	return v, err == nil
}

// Parse reads a whole text. On error the message holds the fields before it.
func Parse(data []byte, lim Limits) (*Message, error) {
	if lim.Fields == 0 {
		lim.Fields = 1 << 20
	}
	if lim.Depth == 0 {
		lim.Depth = 64
	}
	if lim.Text == 0 {
		lim.Text = 1 << 20
	}
	p := &parser{data: data, lim: lim}
	if len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf" {
		p.pos = 3
	}
	m := &Message{}
	if err := p.message(m, 0, 0); err != nil {
		return m, err
	}
	return m, nil
}

type parser struct {
	data   []byte
	pos    int
	fields int
	lim    Limits
}

func (p *parser) fail(msg string, args ...any) *Error {
	return &Error{Offset: int64(p.pos), Truncated: p.pos >= len(p.data), Msg: fmt.Sprintf(msg, args...)}
}

func (p *parser) limit(msg string, n int) *Error {
	return &Error{Offset: int64(p.pos), Limit: true, Msg: fmt.Sprintf(msg, n)}
}

// message reads fields up to the closing byte, or the end where it is 0.
func (p *parser) message(m *Message, closing byte, depth int) error {
	if depth > p.lim.Depth {
		return p.limit("nested deeper than %d", p.lim.Depth)
	}
	for {
		p.space()
		if p.pos >= len(p.data) {
			if closing == 0 {
				return nil
			}
			return p.fail("text ends inside a message")
		}
		if closing != 0 && p.data[p.pos] == closing {
			p.pos++
			return nil
		}
		if err := p.field(m, depth); err != nil {
			return err
		}
		p.space()
		if c := p.peek(); c == ',' || c == ';' {
			p.pos++
		}
	}
}

func (p *parser) field(m *Message, depth int) error {
	f := Field{Offset: int64(p.pos)}
	var err error
	if f.Name, err = p.name(); err != nil {
		return err
	}
	p.space()
	colon := p.peek() == ':'
	if colon {
		p.pos++
		p.space()
	}
	if p.peek() != '[' {
		return p.value(m, f, colon, depth)
	}
	if !colon {
		return p.fail("list without a colon")
	}
	p.pos++
	for p.space(); p.peek() != ']'; p.space() {
		if err := p.value(m, f, true, depth); err != nil {
			return err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.pos++
		case ']':
		default:
			return p.fail("',' or ']' expected in a list")
		}
	}
	p.pos++
	return nil
}

// value reads one value of field f and adds it to m.
func (p *parser) value(m *Message, f Field, scalar bool, depth int) error {
	if p.fields++; p.fields > p.lim.Fields {
		return p.limit("more than %d fields", p.lim.Fields)
	}
	switch c := p.peek(); {
	case c == '{' || c == '<':
		p.pos++
		f.Message = &Message{}
		i := len(m.Fields)
		m.Fields = append(m.Fields, f)
		closing := byte('}')
		if c == '<' {
			closing = '>'
		}
		return p.message(m.Fields[i].Message, closing, depth+1)
	case !scalar:
		return p.fail("':' or '{' expected after %q", f.Name)
	case c == '"' || c == '\'':
		s, err := p.strings()
		if err != nil {
			return err
		}
		f.Text, f.Quoted = s, true
	default:
		s, err := p.word()
		if err != nil {
			return err
		}
		f.Text = s
	}
	m.Fields = append(m.Fields, f)
	return nil
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

// space skips blanks and comments.
func (p *parser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\r', '\n', '\v', '\f':
			p.pos++
		case '#':
			for p.pos < len(p.data) && p.data[p.pos] != '\n' {
				p.pos++
			}
		default:
			return
		}
	}
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// name reads a field name, or an extension or Any name in brackets.
func (p *parser) name() (string, error) {
	start := p.pos
	if p.peek() == '[' {
		for p.pos < len(p.data) && p.data[p.pos] != ']' && p.data[p.pos] > ' ' {
			p.pos++
		}
		if p.peek() != ']' {
			return "", p.fail("name in brackets does not end")
		}
		p.pos++
	} else {
		if c := p.peek(); c >= '0' && c <= '9' {
			return "", p.fail("field name starts with %q", c)
		}
		for p.pos < len(p.data) && isNameByte(p.data[p.pos]) {
			p.pos++
		}
	}
	if p.pos == start {
		return "", p.fail("field name expected, found %q", p.peek())
	}
	if p.pos-start > p.lim.Text {
		return "", p.limit("name longer than %d", p.lim.Text)
	}
	return string(p.data[start:p.pos]), nil
}

// word reads a number, an identifier, true, -inf and the like.
func (p *parser) word() (string, error) {
	start := p.pos
	if p.peek() == '-' || p.peek() == '+' {
		p.pos++
		p.space()
	}
	from := p.pos
	for p.pos < len(p.data) {
		c := p.data[p.pos]
		exponent := (c == '-' || c == '+') && p.pos > from && (p.data[p.pos-1]|0x20) == 'e'
		if !isNameByte(c) && c != '.' && !exponent {
			break
		}
		p.pos++
	}
	if p.pos == from {
		return "", p.fail("value expected, found %q", p.peek())
	}
	if p.pos-start > p.lim.Text {
		return "", p.limit("word longer than %d", p.lim.Text)
	}
	return string(p.data[start:start+min(1, from-start)]) + string(p.data[from:p.pos]), nil
}
