package hdf5

import "strings"

// Class is the class of a datatype.
type Class uint8

// The classes of datatypes.
const (
	Integer Class = iota
	Float
	Time
	String
	Bits
	Opaque
	Compound
	Reference
	Enum
	Variable
	Array
)

// Type is a datatype.
type Type struct {
	Class Class
	// Size is an element's size in bytes.
	Size int
	// Signed is set for signed integers, BigEndian for numbers in that order.
	Signed, BigEndian bool
	// Text is set for variable-length strings.
	Text bool
	// Base is the element type of Enum, Variable and Array.
	Base *Type
}

// datatype reads a datatype message.
func (c *cursor) datatype(depth int) (Type, error) {
	head := c.u8()
	bits := c.take(3)
	t := Type{Class: Class(head & 15), Size: int(int32(c.u32()))}
	if c.failed || t.Size < 0 || depth > 8 {
		return t, c.err("datatype")
	}
	switch t.Class {
	case Integer:
		t.BigEndian, t.Signed = bits[0]&1 != 0, bits[0]&8 != 0
	case Float:
		t.BigEndian = bits[0]&1 != 0
	case Variable:
		t.Text = bits[0]&15 == 1
		base, err := c.datatype(depth + 1)
		if err != nil {
			return t, err
		}
		t.Base = &base
	case Enum:
		base, err := c.datatype(depth + 1)
		if err != nil {
			return t, err
		}
		t.Base = &base
	case Array:
		rank := int(c.u8())
		if head>>4 < 3 {
			c.skip(3)
		}
		c.skip(4 * rank)
		if head>>4 < 3 {
			c.skip(4 * rank)
		}
		base, err := c.datatype(depth + 1)
		if err != nil {
			return t, err
		}
		t.Base = &base
	}
	return t, nil
}

// Strings returns the value of a string attribute, one per element; nil for
// other types. At most limit bytes are returned in all.
func (a Attribute) Strings(limit int) ([]string, error) {
	n := elements(a.Shape)
	switch {
	case a.f == nil || a.Type.Size <= 0:
		return nil, nil
	case a.Type.Class == String:
		if len(a.Data) > limit {
			return nil, &Error{Limit: true, Msg: "attribute " + a.Name + " is too long"}
		}
		var out []string
		for i := range n {
			b := a.Data[i*int64(a.Type.Size) : (i+1)*int64(a.Type.Size)]
			s, _, _ := strings.Cut(string(b), "\x00")
			out = append(out, strings.TrimRight(s, " "))
		}
		return out, nil
	case a.Type.Class == Variable && a.Type.Text:
		c := &cursor{f: a.f, data: a.Data}
		var out []string
		for range n {
			size := int64(c.u32())
			address, index := c.address(), c.u32()
			if c.failed {
				return nil, c.err("attribute %q", a.Name)
			}
			if limit -= int(min(size, 1<<40)); limit < 0 {
				return nil, &Error{Limit: true, Msg: "attribute " + a.Name + " is too long"}
			}
			b, err := a.f.heapObject(address, index, size)
			if err != nil {
				return nil, err
			}
			s, _, _ := strings.Cut(string(b), "\x00")
			out = append(out, s)
		}
		return out, nil
	}
	return nil, nil
}

// heapObject returns the first size bytes of an object of a global heap.
func (f *File) heapObject(address int64, index uint32, size int64) ([]byte, error) {
	if size == 0 {
		return nil, nil
	}
	c := f.at(address)
	if !c.signature("GCOL") {
		return nil, c.err("global heap")
	}
	c.skip(4)
	total := c.length()
	if c.failed || total < 16 || total > int64(len(c.data)) {
		return nil, c.err("global heap of %d bytes", total)
	}
	c.data = c.data[:total]
	for c.left() >= 16 {
		if err := f.spend(c.offset()); err != nil {
			return nil, err
		}
		k := c.u16()
		c.skip(6)
		n := c.length()
		if k == 0 {
			break
		}
		b := c.take(n)
		if c.failed {
			return nil, c.err("global heap object %d of %d bytes", k, n)
		}
		if uint32(k) == index {
			if size > n {
				return nil, c.err("global heap object %d has %d bytes, not %d", k, n, size)
			}
			return b[:size], nil
		}
		if r := int(n % 8); r != 0 {
			c.skip(8 - r)
		}
	}
	return nil, c.err("global heap has no object %d", index)
}
