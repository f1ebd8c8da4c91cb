package axml

import (
	"encoding/binary"
	"fmt"
)

// Field numbers of aapt.pb (Resources.proto), in which bundles keep their XML:
// XmlNode, XmlElement and XmlAttribute.
const (
	nodeElement      = 1
	elementName      = 3
	elementAttribute = 4
	elementChild     = 5
	attributeName    = 2
	attributeValue   = 3
	attributeID      = 5
)

// ParseProto reads a document in the protobuf form of app bundles. Values are
// strings as written, references ("@string/name") included. The error is
// ErrNotXML where no element can be read.
func ParseProto(b []byte) (*Document, error) {
	p := &parser{doc: &Document{}}
	fields(b, func(number int, _ uint64, inner []byte) {
		if number == nodeElement && p.doc.Root == nil {
			p.doc.Root = p.protoElement(inner, 0)
		}
	})
	if p.doc.Root == nil || p.doc.Root.Name == "" {
		return nil, fmt.Errorf("%w: no element in %d bytes of protobuf", ErrNotXML, len(b))
	}
	return p.doc, nil
}

// protoElement reads an XmlElement; nil where a bound is passed.
func (p *parser) protoElement(b []byte, depth int) *Element {
	if p.elements++; p.elements > maxElements || depth >= maxDepth {
		return nil
	}
	e := &Element{}
	fields(b, func(number int, _ uint64, inner []byte) {
		switch number {
		case elementName:
			e.Name = string(inner[:min(len(inner), maxString)])
		case elementAttribute:
			if p.attributes++; p.attributes <= maxAttributes {
				e.Attributes = append(e.Attributes, protoAttribute(inner))
			}
		case elementChild:
			fields(inner, func(number int, _ uint64, inner []byte) {
				if number != nodeElement {
					return
				}
				if c := p.protoElement(inner, depth+1); c != nil {
					e.Children = append(e.Children, c)
				}
			})
		}
	})
	return e
}

func protoAttribute(b []byte) Attribute {
	a := Attribute{Type: TypeString}
	fields(b, func(number int, value uint64, inner []byte) {
		switch number {
		case attributeName:
			a.Name = string(inner[:min(len(inner), maxString)])
		case attributeValue:
			a.Text = string(inner[:min(len(inner), maxString)])
		case attributeID:
			a.ID = uint32(value)
		}
	})
	if known := frameworkNames[a.ID]; known != "" {
		a.Name = known
	}
	return a
}

// fields calls visit with the fields of a message, as far as they can be read: the
// value of a number, or the bytes of what has a length.
func fields(b []byte, visit func(number int, value uint64, inner []byte)) {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		if n <= 0 || key>>3 == 0 || key>>3 > 1<<29 {
			return
		}
		b = b[n:]
		number := int(key >> 3)
		switch key & 7 {
		case 0:
			v, n := binary.Uvarint(b)
			if n <= 0 {
				return
			}
			visit(number, v, nil)
			b = b[n:]
		case 2:
			size, n := binary.Uvarint(b)
			if n <= 0 || size > uint64(len(b)-n) {
				return
			}
			visit(number, 0, b[n:n+int(size)])
			b = b[n+int(size):]
		case 1, 5:
			size := map[uint64]int{1: 8, 5: 4}[key&7]
			if len(b) < size {
				return
			}
			b = b[size:]
		default:
			return
		}
	}
}
