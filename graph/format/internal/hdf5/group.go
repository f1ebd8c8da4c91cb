package hdf5

import (
	"bytes"
	"math"
	"strings"
)

// symbolTable reads an old-style group: a B-tree of symbol nodes, names in a
// local heap.
func (f *File) symbolTable(o *Object, m *cursor) error {
	tree, heap := m.address(), m.address()
	h := f.at(heap)
	if m.failed || !h.signature("HEAP") {
		return h.err("group's local heap")
	}
	h.skip(4)
	size := h.length()
	h.length()
	names := f.at(h.address()).take(size)
	if h.failed || names == nil {
		return h.err("group's local heap")
	}
	return f.treeNode(o, tree, names, 0)
}

// treeNode walks a version 1 B-tree of groups.
func (f *File) treeNode(o *Object, address int64, names []byte, depth int) error {
	if err := f.spend(address); err != nil {
		return err
	}
	c := f.at(address)
	if !c.signature("TREE") || depth > 32 {
		return c.err("group's B-tree node at depth %d", depth)
	}
	kind, level, used := c.u8(), c.u8(), int(c.u16())
	c.skip(2 * f.offsets)
	if c.failed || kind != 0 {
		return c.err("group's B-tree node of type %d", kind)
	}
	for range used {
		c.length() // key
		child := c.address()
		if c.failed {
			return c.err("group's B-tree node")
		}
		var err error
		if level > 0 {
			err = f.treeNode(o, child, names, depth+1)
		} else {
			err = f.symbolNode(o, child, names)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *File) symbolNode(o *Object, address int64, names []byte) error {
	c := f.at(address)
	if !c.signature("SNOD") {
		return c.err("symbol node")
	}
	c.skip(2)
	n := int(c.u16())
	for range n {
		if err := f.spend(c.offset()); err != nil {
			return err
		}
		name, object := c.address(), c.address()
		kind := c.u32()
		c.skip(4 + 16)
		if c.failed || name < 0 || name >= int64(len(names)) {
			return c.err("symbol table entry")
		}
		s := names[name:]
		if i := bytes.IndexByte(s, 0); i >= 0 {
			s = s[:i]
		}
		if kind == 2 { // a soft link
			f.skipped("soft links")
			continue
		}
		if len(s) > math.MaxUint16 {
			return c.err("name of %d bytes", len(s))
		}
		o.Links = append(o.Links, Link{Name: string(s), address: object})
	}
	return nil
}

// link reads a link message.
func (c *cursor) link(o *Object) error {
	version, flags := c.u8(), c.u8()
	if version != 1 {
		return c.err("link version %d", version)
	}
	kind := uint8(0)
	if flags&8 != 0 {
		kind = c.u8()
	}
	if flags&4 != 0 {
		c.skip(8)
	}
	if flags&0x10 != 0 {
		c.skip(1)
	}
	name := c.take(c.sized(1 << (flags & 3)))
	if c.failed || len(name) > math.MaxUint16 {
		return c.err("link name")
	}
	if kind != 0 {
		c.f.skipped("soft links")
		return nil
	}
	l := Link{Name: string(name), address: c.address()}
	if c.failed {
		return c.err("link %q", l.Name)
	}
	o.Links = append(o.Links, l)
	return nil
}

// attribute reads an attribute message.
func (c *cursor) attribute() (Attribute, error) {
	a := Attribute{f: c.f}
	version := c.u8()
	if version < 1 || version > 3 {
		return a, c.err("attribute version %d", version)
	}
	flags := c.u8()
	nameSize, typeSize, spaceSize := int64(c.u16()), int64(c.u16()), int64(c.u16())
	if version == 3 {
		c.skip(1)
	}
	part := func(n int64) *cursor {
		at := c.offset()
		p := &cursor{f: c.f, data: c.take(n), start: at}
		if version == 1 {
			c.align()
		}
		return p
	}
	name := part(nameSize)
	if version != 1 && flags&3 != 0 {
		c.f.skipped("shared messages")
		return a, nil
	}
	t, s := part(typeSize), part(spaceSize)
	if c.failed {
		return a, c.err("attribute")
	}
	a.Name = strings.TrimRight(string(name.data), "\x00")
	var err error
	if a.Type, err = t.datatype(0); err != nil {
		return a, err
	}
	if a.Shape, err = s.dataspace(); err != nil {
		return a, err
	}
	a.Data = c.data[c.pos:]
	if n := elements(a.Shape); n >= 0 && int64(a.Type.Size) > 0 && n <= int64(len(a.Data))/int64(a.Type.Size) {
		a.Data = a.Data[:n*int64(a.Type.Size)]
	} else {
		return a, c.err("attribute %q: %d elements of %d bytes", a.Name, n, a.Type.Size)
	}
	return a, nil
}
