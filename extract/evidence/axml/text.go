package axml

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
)

// ParseText reads a document in text, as libraries have it. What follows an error
// of the text is not read; the error is ErrNotXML where no element can be read.
func ParseText(b []byte) (*Document, error) {
	p := &parser{doc: &Document{}}
	d := xml.NewDecoder(bytes.NewReader(b))
	d.Strict = false
	d.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	for {
		t, err := d.Token()
		if err != nil {
			if err != io.EOF {
				p.warn("text: %v", err)
			}
			break
		}
		switch t := t.(type) {
		case xml.StartElement:
			p.textElement(t)
		case xml.EndElement:
			if n := len(p.open); n > 0 {
				p.open = p.open[:n-1]
			}
		}
	}
	if p.doc.Root == nil {
		return nil, fmt.Errorf("%w: no element in %d bytes of text", ErrNotXML, len(b))
	}
	return p.doc, nil
}

func (p *parser) textElement(t xml.StartElement) {
	if p.elements++; p.elements > maxElements {
		return
	}
	e := &Element{Name: t.Name.Local}
	for _, a := range t.Attr {
		if p.attributes++; p.attributes <= maxAttributes {
			e.Attributes = append(e.Attributes, Attribute{Name: a.Name.Local, Type: TypeString, Text: a.Value})
		}
	}
	p.place(e)
}
