package axml

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrNotXML says that the bytes hold no binary XML.
var ErrNotXML = errors.New("not binary XML")

// Bounds of what one document may build.
const (
	maxElements   = 100_000
	maxAttributes = 1_000_000
	maxDepth      = 256
	maxWarnings   = 20
)

// Chunk types of ResourceTypes.h.
const (
	chunkStringPool  = 0x0001
	chunkXML         = 0x0003
	chunkStart       = 0x0102
	chunkEnd         = 0x0103
	chunkResourceMap = 0x0180
)

// Document is a parsed file.
type Document struct {
	// Root is the outermost element, nil if there is none.
	Root *Element
	// Warnings say what was odd and how it was read all the same.
	Warnings []string
}

// Element is one XML element.
type Element struct {
	Name       string
	Attributes []Attribute
	Children   []*Element
}

// Type is the type of an attribute's value.
type Type uint8

// The value types that manifests use; others keep their number.
const (
	TypeNull      Type = 0x00
	TypeReference Type = 0x01
	TypeString    Type = 0x03
	TypeFloat     Type = 0x04
	TypeIntDec    Type = 0x10
	TypeIntHex    Type = 0x11
	TypeBoolean   Type = 0x12
)

// Attribute is one attribute of an element.
type Attribute struct {
	// Name is the name in the string pool, or the framework's name of ID where
	// the pool's is stripped.
	Name string
	// ID is the framework resource id of the name, 0 if it has none.
	ID   uint32
	Type Type
	// Text is the value of a string; Data that of all other types.
	Text string
	Data uint32
}

// Value returns the value as text: a string, a decimal integer, true or false,
// or "@0x7f010001" for a reference.
func (a *Attribute) Value() string {
	switch a.Type {
	case TypeString:
		return a.Text
	case TypeReference:
		return fmt.Sprintf("@0x%08x", a.Data)
	case TypeBoolean:
		if a.Data != 0 {
			return "true"
		}
		return "false"
	case TypeNull:
		return a.Text
	}
	return fmt.Sprint(int32(a.Data))
}

// Int returns the value of an integer attribute, or of a string of digits.
func (a *Attribute) Int() (int64, bool) {
	switch {
	case a.Type >= TypeIntDec && a.Type <= 0x1f:
		return int64(int32(a.Data)), true
	case a.Type == TypeString && a.Text != "":
		var n int64
		for _, c := range a.Text {
			if c < '0' || c > '9' || n > 1<<50 {
				return 0, false
			}
			n = n*10 + int64(c-'0')
		}
		return n, true
	}
	return 0, false
}

// Attr returns the attribute with the given name, nil if there is none. A
// framework attribute is found by its resource id first, whatever its name.
func (e *Element) Attr(name string) *Attribute {
	id := frameworkIDs[name]
	if id != 0 {
		for i := range e.Attributes {
			if e.Attributes[i].ID == id {
				return &e.Attributes[i]
			}
		}
	}
	for i := range e.Attributes {
		if e.Attributes[i].Name == name && (id == 0 || e.Attributes[i].ID == 0) {
			return &e.Attributes[i]
		}
	}
	return nil
}

// All yields the elements called name at any depth below e, e included.
func (e *Element) All(name string) []*Element {
	var out []*Element
	stack := []*Element{e}
	for len(stack) > 0 {
		x := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if x.Name == name {
			out = append(out, x)
		}
		for i := len(x.Children) - 1; i >= 0; i-- {
			stack = append(stack, x.Children[i])
		}
	}
	return out
}

// Parse reads a document. The error is ErrNotXML where no element can be read.
func Parse(b []byte) (*Document, error) {
	p := &parser{b: b, doc: &Document{}}
	if len(b) < 8 {
		return nil, fmt.Errorf("%w: %d bytes", ErrNotXML, len(b))
	}
	if t := binary.LittleEndian.Uint16(b); t != chunkXML {
		p.warn("document type 0x%04x instead of 0x0003", t)
	}
	pos := int(binary.LittleEndian.Uint16(b[2:]))
	if pos < 8 || pos > len(b) {
		p.warn("document header of %d bytes", pos)
		pos = 8
	}
	p.chunks(pos)
	if p.doc.Root == nil {
		return nil, fmt.Errorf("%w: no element in %d bytes", ErrNotXML, len(b))
	}
	return p.doc, nil
}

type parser struct {
	b          []byte
	doc        *Document
	pool       pool
	ids        []uint32
	open       []*Element
	elements   int
	attributes int
}

func (p *parser) warn(format string, args ...any) {
	if len(p.doc.Warnings) < maxWarnings {
		p.doc.Warnings = append(p.doc.Warnings, fmt.Sprintf(format, args...))
	}
}

// chunks walks the chunks from pos to the end. A chunk with an impossible size
// ends the walk: what was read until then is kept.
func (p *parser) chunks(pos int) {
	for pos+8 <= len(p.b) {
		kind, header := binary.LittleEndian.Uint16(p.b[pos:]), int(binary.LittleEndian.Uint16(p.b[pos+2:]))
		size := int64(binary.LittleEndian.Uint32(p.b[pos+4:]))
		if size < 8 || size > int64(len(p.b)-pos) {
			p.warn("chunk 0x%04x at offset %d has size %d of %d bytes left", kind, pos, size, len(p.b)-pos)
			if size < 8 {
				return
			}
			size = int64(len(p.b) - pos)
		}
		c := p.b[pos : pos+int(size)]
		switch kind {
		case chunkStringPool:
			if p.pool.data == nil {
				p.pool = readPool(c, p.warn)
			}
		case chunkResourceMap:
			p.resourceMap(c, header)
		case chunkStart:
			p.start(c, header)
		case chunkEnd:
			if n := len(p.open); n > 0 {
				p.open = p.open[:n-1]
			}
		}
		pos += int(size)
	}
}

func (p *parser) resourceMap(c []byte, header int) {
	if header < 8 || header > len(c) {
		header = 8
	}
	for i := header; i+4 <= len(c) && len(p.ids) < maxAttributes; i += 4 {
		p.ids = append(p.ids, binary.LittleEndian.Uint32(c[i:]))
	}
}

// start reads a start-element chunk: after the node header come u32 namespace,
// u32 name, u16 attribute start (from there), u16 record size, u16 count.
func (p *parser) start(c []byte, header int) {
	if header < 16 || header+20 > len(c) {
		header = 16
	}
	if header+20 > len(c) {
		p.warn("start element of %d bytes", len(c))
		return
	}
	if p.elements++; p.elements > maxElements || len(p.open) >= maxDepth {
		return
	}
	x := c[header:]
	e := &Element{Name: p.pool.at(binary.LittleEndian.Uint32(x[4:]))}
	first, record := int(binary.LittleEndian.Uint16(x[8:])), int(binary.LittleEndian.Uint16(x[10:]))
	count := int(binary.LittleEndian.Uint16(x[12:]))
	if record < 20 {
		record = 20
	}
	for i := range count {
		at := first + i*record
		if at+20 > len(x) || p.attributes >= maxAttributes {
			p.warn("element %q: attribute %d of %d lies beyond the chunk", e.Name, i, count)
			break
		}
		p.attributes++
		e.Attributes = append(e.Attributes, p.attribute(x[at:]))
	}
	p.place(e)
}

// place puts an element where the open ones say.
func (p *parser) place(e *Element) {
	if n := len(p.open); n > 0 {
		p.open[n-1].Children = append(p.open[n-1].Children, e)
	} else if p.doc.Root == nil {
		p.doc.Root = e
	} else {
		p.warn("a second root element %q", e.Name)
		p.doc.Root.Children = append(p.doc.Root.Children, e)
	}
	p.open = append(p.open, e)
}

func (p *parser) attribute(x []byte) Attribute {
	name, raw := binary.LittleEndian.Uint32(x[4:]), binary.LittleEndian.Uint32(x[8:])
	a := Attribute{Name: p.pool.at(name), Type: Type(x[15]), Data: binary.LittleEndian.Uint32(x[16:])}
	if int64(name) < int64(len(p.ids)) {
		a.ID = p.ids[name]
		if known := frameworkNames[a.ID]; known != "" {
			a.Name = known
		}
	}
	switch {
	case a.Type == TypeString:
		a.Text = p.pool.at(a.Data)
	case raw != 0xffffffff && a.Type == TypeNull:
		a.Text = p.pool.at(raw)
	}
	return a
}
