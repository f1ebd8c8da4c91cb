package extracttest

import (
	"encoding/binary"
	"unicode/utf16"
)

// Element is an element of a binary XML document.
type Element struct {
	Name       string
	Attributes []Attribute
	Children   []Element
}

// Attribute is an attribute. ID is the framework's resource id of the name, 0 for
// none. Text is the value unless Type is set; then it is Data.
type Attribute struct {
	Name string
	ID   uint32
	Text string
	Type uint8
	Data uint32
}

// Text makes an attribute with a string value.
func Text(name string, id uint32, value string) Attribute {
	return Attribute{Name: name, ID: id, Text: value}
}

// Number makes an attribute with a decimal integer value.
func Number(name string, id uint32, value uint32) Attribute {
	return Attribute{Name: name, ID: id, Type: 0x10, Data: value}
}

// Resource ids of framework attributes that manifests use.
const (
	AttrLabel       = 0x01010001
	AttrName        = 0x01010003
	AttrValue       = 0x01010024
	AttrMinSDK      = 0x0101020c
	AttrVersionCode = 0x0101021b
	AttrVersionName = 0x0101021c
	AttrTargetSDK   = 0x01010270
)

// Manifest returns the binary manifest of a package; children stand below the
// root beside uses-sdk.
func Manifest(name, version string, children ...Element) []byte {
	return XML(Element{
		Name: "manifest",
		Attributes: []Attribute{
			Text("package", 0, name), Number("versionCode", AttrVersionCode, 7), Text("versionName", AttrVersionName, version),
		},
		Children: append([]Element{{Name: "uses-sdk", Attributes: []Attribute{
			Number("minSdkVersion", AttrMinSDK, 24), Number("targetSdkVersion", AttrTargetSDK, 35),
		}}}, children...),
	})
}

// XML writes a document in Android's binary form, with UTF-16 strings.
func XML(root Element) []byte {
	w := xmlWriter{index: map[string]uint32{}}
	w.framework(root)
	w.element(root)
	doc := append(Chunk(0x0001, w.poolHeader(), w.poolBody()), Chunk(0x0180, nil, w.ids)...)
	return Chunk(0x0003, nil, append(doc, w.body...))
}

// Chunk writes a resource chunk: type, header size and size, then both parts.
func Chunk(kind uint16, header, body []byte) []byte {
	out := binary.LittleEndian.AppendUint16(nil, kind)
	out = binary.LittleEndian.AppendUint16(out, uint16(8+len(header)))
	out = binary.LittleEndian.AppendUint32(out, uint32(8+len(header)+len(body)))
	return append(append(out, header...), body...)
}

// StringPool writes a chunk of UTF-16 strings.
func StringPool(strings ...string) []byte {
	w := xmlWriter{strings: strings}
	return Chunk(0x0001, w.poolHeader(), w.poolBody())
}

type xmlWriter struct {
	strings []string
	index   map[string]uint32
	ids     []byte
	body    []byte
}

// framework puts the names with resource ids first: the map goes by position.
func (w *xmlWriter) framework(e Element) {
	for _, a := range e.Attributes {
		if _, ok := w.index[a.Name]; a.ID != 0 && !ok {
			w.text(a.Name)
			w.ids = binary.LittleEndian.AppendUint32(w.ids, a.ID)
		}
	}
	for _, c := range e.Children {
		w.framework(c)
	}
}

func (w *xmlWriter) text(s string) uint32 {
	i, ok := w.index[s]
	if !ok {
		i = uint32(len(w.strings))
		w.index[s] = i
		w.strings = append(w.strings, s)
	}
	return i
}

func (w *xmlWriter) element(e Element) {
	const none = 0xffffffff
	node := binary.LittleEndian.AppendUint64(nil, none<<32|1)
	b := binary.LittleEndian.AppendUint32(nil, none)
	b = binary.LittleEndian.AppendUint32(b, w.text(e.Name))
	b = append(b, 20, 0, 20, 0, byte(len(e.Attributes)), 0, 0, 0, 0, 0, 0, 0)
	for _, a := range e.Attributes {
		raw, kind, value := uint32(none), a.Type, a.Data
		if kind == 0 {
			raw, kind = w.text(a.Text), 3
			value = raw
		}
		for _, v := range []uint32{none, w.text(a.Name), raw, uint32(kind)<<24 | 8, value} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
	}
	w.body = append(w.body, Chunk(0x0102, node, b)...)
	for _, c := range e.Children {
		w.element(c)
	}
	end := binary.LittleEndian.AppendUint32(nil, none)
	w.body = append(w.body, Chunk(0x0103, node, binary.LittleEndian.AppendUint32(end, w.text(e.Name)))...)
}

func (w *xmlWriter) poolHeader() []byte {
	var b []byte
	for _, v := range []int{len(w.strings), 0, 0, 28 + 4*len(w.strings), 0} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func (w *xmlWriter) poolBody() []byte {
	var offsets, data []byte
	for _, s := range w.strings {
		offsets = binary.LittleEndian.AppendUint32(offsets, uint32(len(data)))
		units := utf16.Encode([]rune(s))
		data = binary.LittleEndian.AppendUint16(data, uint16(len(units)))
		for _, u := range append(units, 0) {
			data = binary.LittleEndian.AppendUint16(data, u)
		}
	}
	for len(data)%4 != 0 {
		data = append(data, 0)
	}
	return append(offsets, data...)
}

// ProtoXML writes a document as app bundles have it: aapt's XmlNode in protobuf.
// Values are the attributes' Text.
func ProtoXML(root Element) []byte {
	var e []byte
	e = protoBytes(e, 3, []byte(root.Name))
	for _, a := range root.Attributes {
		var b []byte
		b = protoBytes(b, 2, []byte(a.Name))
		b = protoBytes(b, 3, []byte(a.Text))
		if a.ID != 0 {
			b = binary.AppendUvarint(append(b, 5<<3), uint64(a.ID))
		}
		e = protoBytes(e, 4, b)
	}
	for _, c := range root.Children {
		e = protoBytes(e, 5, ProtoXML(c))
	}
	return protoBytes(nil, 1, e)
}

func protoBytes(b []byte, field int, inner []byte) []byte {
	b = binary.AppendUvarint(append(b, byte(field<<3|2)), uint64(len(inner)))
	return append(b, inner...)
}
