package hdf5

import "fmt"

// Object is a group or a dataset.
type Object struct {
	f *File
	// Links are the members of a group in the file's order (by name in
	// symbol tables).
	Links []Link
	Attrs []Attribute
	// Dataset is nil for groups.
	Dataset *Dataset
}

// Link is a named member of a group.
type Link struct {
	Name    string
	address int64
}

// Attribute is a named value of an object.
type Attribute struct {
	Name  string
	Type  Type
	Shape []int64
	// Data is the value as stored.
	Data []byte
	f    *File
}

// Dataset is an array.
type Dataset struct {
	Type  Type
	Shape []int64
	// Data is the packed value of a compact or contiguous dataset, nil where it
	// is stored otherwise or not allocated; StoredBytes is its size, -1 unknown.
	Data        []byte
	StoredBytes int64
	// Chunked says that the value lies in chunks.
	Chunked bool
}

// Open returns the object that a link names.
func (o *Object) Open(l Link) (*Object, error) { return o.f.object(l.address) }

// Child returns the member of the given name, nil if there is none.
func (o *Object) Child(name string) (*Object, error) {
	for _, l := range o.Links {
		if l.Name == name {
			return o.Open(l)
		}
	}
	return nil, nil
}

// Attr returns the attribute of the given name; ok is false if there is none.
func (o *Object) Attr(name string) (Attribute, bool) {
	for _, a := range o.Attrs {
		if a.Name == name {
			return a, true
		}
	}
	return Attribute{}, false
}

// Message types.
const (
	msgDataspace    = 0x01
	msgLinkInfo     = 0x02
	msgDatatype     = 0x03
	msgLink         = 0x06
	msgExternal     = 0x07
	msgLayout       = 0x08
	msgAttribute    = 0x0c
	msgContinuation = 0x10
	msgSymbolTable  = 0x11
	msgAttrInfo     = 0x15
)

// message is one message of an object header.
type message struct {
	kind  int
	flags uint8
	body  *cursor
}

// object reads an object header and what its messages say.
func (f *File) object(address int64) (*Object, error) {
	messages, err := f.header(address)
	if err != nil {
		return nil, err
	}
	o := &Object{f: f}
	var d Dataset
	var typed, spaced, laid bool
	for _, m := range messages {
		if m.flags&2 != 0 { // kept elsewhere and shared
			f.skipped("shared messages")
			continue
		}
		switch m.kind {
		case msgDataspace:
			d.Shape, err = m.body.dataspace()
			spaced = true
		case msgDatatype:
			d.Type, err = m.body.datatype(0)
			typed = true
		case msgLayout:
			err = m.body.layout(&d)
			laid = true
		case msgExternal:
			f.skipped("external data")
		case msgAttribute:
			var a Attribute
			if a, err = m.body.attribute(); err == nil {
				o.Attrs = append(o.Attrs, a)
			}
		case msgSymbolTable:
			err = f.symbolTable(o, m.body)
		case msgLink:
			err = m.body.link(o)
		case msgLinkInfo:
			if m.body.dense(true) {
				f.skipped("links in a fractal heap")
			}
		case msgAttrInfo:
			if m.body.dense(false) {
				f.skipped("attributes in a fractal heap")
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if typed && spaced && laid {
		o.Dataset = &d
	}
	return o, nil
}

// dense reports whether a link info or attribute info message points to a heap.
func (c *cursor) dense(links bool) bool {
	c.u8()
	flags := c.u8()
	if flags&1 != 0 {
		if links {
			c.skip(8)
		} else {
			c.skip(2)
		}
	}
	return c.address() >= 0 && !c.failed
}

// header reads the messages of an object header with its continuations.
func (f *File) header(address int64) ([]message, error) {
	c := f.at(address)
	if err := f.spend(address); err != nil {
		return nil, err
	}
	if c.left() >= 4 && string(c.data[:4]) == "OHDR" {
		return f.header2(c)
	}
	version := c.u8()
	c.skip(1)
	count := int(c.u16())
	c.skip(4)
	size := int64(c.u32())
	c.skip(4)
	if c.failed || version != 1 {
		return nil, c.err("object header version %d", version)
	}
	var out []message
	chunks := []*cursor{{f: f, data: c.take(size), start: c.offset() - size, failed: c.failed}}
	for len(chunks) > 0 && len(out) < count {
		ch := chunks[0]
		chunks = chunks[1:]
		for ch.left() >= 8 && len(out) < count {
			if err := f.spend(ch.offset()); err != nil {
				return nil, err
			}
			m := message{kind: int(ch.u16())}
			n := int64(ch.u16())
			m.flags = ch.u8()
			ch.skip(3)
			at := ch.offset()
			m.body = &cursor{f: f, data: ch.take(n), start: at}
			if ch.failed {
				return nil, ch.err("message %d of object header", len(out))
			}
			out = append(out, m)
			if m.kind == msgContinuation {
				next, err := f.continuation(m.body, false)
				if err != nil {
					return nil, err
				}
				chunks = append(chunks, next)
			}
		}
		if ch.failed {
			return nil, ch.err("object header")
		}
	}
	return out, nil
}

func (f *File) continuation(m *cursor, signed bool) (*cursor, error) {
	address, n := m.address(), m.length()
	c := f.at(address)
	b := c.take(n)
	if m.failed || c.failed {
		return nil, &Error{Offset: m.start, Truncated: true, Msg: "continuation of an object header"}
	}
	ch := &cursor{f: f, data: b, start: address}
	if signed {
		if !ch.signature("OCHK") || ch.left() < 4 {
			return nil, ch.err("continuation has no signature")
		}
		ch.data = ch.data[:len(ch.data)-4] // checksum
	}
	return ch, nil
}

// header2 reads a version 2 object header.
func (f *File) header2(c *cursor) ([]message, error) {
	c.skip(4)
	version, flags := c.u8(), c.u8()
	if version != 2 {
		return nil, c.err("object header version %d", version)
	}
	if flags&0x20 != 0 {
		c.skip(16)
	}
	if flags&0x10 != 0 {
		c.skip(4)
	}
	size := c.sized(1 << (flags & 3))
	at := c.offset()
	chunks := []*cursor{{f: f, data: c.take(size), start: at}}
	if c.failed {
		return nil, c.err("object header")
	}
	var out []message
	for len(chunks) > 0 {
		ch := chunks[0]
		chunks = chunks[1:]
		for ch.left() >= 4 {
			if err := f.spend(ch.offset()); err != nil {
				return nil, err
			}
			m := message{kind: int(ch.u8())}
			n := int64(ch.u16())
			m.flags = ch.u8()
			if flags&4 != 0 {
				ch.skip(2)
			}
			at := ch.offset()
			m.body = &cursor{f: f, data: ch.take(n), start: at}
			if ch.failed {
				return nil, ch.err("message %d of object header", len(out))
			}
			out = append(out, m)
			if m.kind == msgContinuation {
				next, err := f.continuation(m.body, true)
				if err != nil {
					return nil, err
				}
				chunks = append(chunks, next)
			}
		}
	}
	return out, nil
}

// dataspace returns the dimensions; a scalar has none, an empty one is [0].
func (c *cursor) dataspace() ([]int64, error) {
	version, rank := c.u8(), int(c.u8())
	c.u8() // flags: maximum sizes follow
	switch version {
	case 1:
		c.skip(5)
	case 2:
		if c.u8() == 2 { // null dataspace
			return []int64{0}, nil
		}
	default:
		return nil, c.err("dataspace version %d", version)
	}
	if rank > 32 {
		return nil, c.err("dataspace of rank %d", rank)
	}
	dims := make([]int64, rank)
	for i := range dims {
		dims[i] = c.length()
	}
	for _, d := range dims {
		if c.failed || d < 0 {
			return nil, c.err("dimension %d", d)
		}
	}
	return dims, nil
}

// layout reads where a dataset's value lies.
func (c *cursor) layout(d *Dataset) error {
	d.StoredBytes = -1
	version := c.u8()
	kind := uint8(0)
	switch version {
	case 1, 2:
		rank := int(c.u8())
		kind = c.u8()
		c.skip(5)
		if kind == 1 {
			address := c.address()
			size := elements(d.Shape) * int64(d.Type.Size)
			return c.contiguous(d, address, size)
		}
		if kind == 0 {
			c.skip(4 * rank)
			d.Data = c.take(int64(c.u32()))
		}
	case 3, 4, 5:
		kind = c.u8()
		switch kind {
		case 0:
			d.Data = c.take(int64(c.u16()))
		case 1:
			address := c.address()
			return c.contiguous(d, address, c.length())
		}
	default:
		return c.err("data layout version %d", version)
	}
	if c.failed {
		return c.err("data layout")
	}
	switch {
	case kind == 0:
		d.StoredBytes = int64(len(d.Data))
	case kind == 2:
		d.Chunked = true
		c.f.skipped("values in chunks")
	default:
		c.f.skipped(fmt.Sprintf("data layout class %d", kind))
	}
	return nil
}

// contiguous views a value; an undefined address is one that was never written.
func (c *cursor) contiguous(d *Dataset, address, size int64) error {
	if c.failed {
		return c.err("data layout")
	}
	if address < 0 {
		return nil
	}
	v := c.f.at(address)
	d.Data = v.take(size)
	if v.failed {
		return &Error{Offset: c.start, Truncated: true, Msg: fmt.Sprintf("value of %d bytes at %d beyond file of %d bytes", size, address, len(c.f.data))}
	}
	d.StoredBytes = size
	return nil
}

// elements is the product of dimensions, -1 where it is too large.
func elements(dims []int64) int64 {
	n := int64(1)
	for _, d := range dims {
		if d < 0 || d > 0 && n > (1<<50)/d {
			return -1
		}
		n *= d
	}
	return n
}
