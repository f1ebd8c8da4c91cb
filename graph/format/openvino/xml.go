package openvino

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
)

// element is one XML element.
type element struct {
	name     string
	attrs    []xml.Attr
	children []*element
	text     string
	offset   int64
}

// readXML reads the document into a tree of at most 32 elements per allowed
// tensor and lim.Depth levels.
func readXML(data []byte, lim format.Limits) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	var stack []*element
	var root *element
	count := 0
	for {
		at := d.InputOffset()
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var syntax *xml.SyntaxError
			kind := format.ErrMalformed
			if errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF") {
				kind = format.ErrTruncated
			}
			return nil, format.Errorf(kind, d.InputOffset(), "%v", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if count++; count > 32*lim.Tensors || len(stack) >= lim.Depth {
				return nil, format.Errorf(format.ErrLimit, at, "more than %d elements or %d levels", 32*lim.Tensors, lim.Depth)
			}
			e := &element{name: t.Name.Local, attrs: t.Attr, offset: at}
			for _, a := range t.Attr {
				if len(a.Value) > lim.TextBytes {
					return nil, format.Errorf(format.ErrLimit, at, "attribute %q of %d bytes", a.Name.Local, len(a.Value))
				}
			}
			if len(stack) > 0 {
				top := stack[len(stack)-1]
				top.children = append(top.children, e)
			} else if root == nil {
				root = e
			}
			stack = append(stack, e)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 && stack[len(stack)-1].name == "dim" && len(t) < 32 {
				stack[len(stack)-1].text += string(t)
			}
		}
	}
	if root == nil || root.name != "net" {
		return nil, format.Errorf(format.ErrNotModel, 0, "root element is not <net>")
	}
	return root, nil
}

// attr returns an attribute, "" where it is absent.
func (e *element) attr(name string) string {
	if e != nil {
		for _, a := range e.attrs {
			if a.Name.Local == name {
				return a.Value
			}
		}
	}
	return ""
}

// child returns the first child of the given name, nil if there is none.
func (e *element) child(name string) *element {
	if e != nil {
		for _, c := range e.children {
			if c.name == name {
				return c
			}
		}
	}
	return nil
}

// all returns the children of the given name.
func (e *element) all(name string) []*element {
	var out []*element
	if e != nil {
		for _, c := range e.children {
			if c.name == name {
				out = append(out, c)
			}
		}
	}
	return out
}

// int returns a whole number, def where the attribute is absent or none.
func (e *element) int(name string, def int64) int64 {
	if n, err := strconv.ParseInt(strings.TrimSpace(e.attr(name)), 10, 64); err == nil {
		return n
	}
	return def
}

// flag reports whether an attribute is true; def where it is absent.
func (e *element) flag(name, def string) bool {
	v := e.attr(name)
	if v == "" {
		v = def
	}
	return v == "true" || v == "1" || v == "True"
}

// ints returns a list separated by commas, nil where it is absent or bad.
func (e *element) ints(name string) []int64 {
	v := strings.TrimSpace(e.attr(name))
	if v == "" {
		return nil
	}
	var out []int64
	for _, w := range strings.Split(v, ",") {
		n, err := strconv.ParseInt(strings.TrimSpace(w), 10, 64)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}
