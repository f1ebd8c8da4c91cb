package caffe

import (
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
)

// Field numbers of NetParameter.
const (
	netName       = 1
	netLayersV1   = 2
	netInput      = 3
	netInputDim   = 4
	netInputShape = 8
	netLayer      = 100
)

// blob is a BlobProto: its dimensions and where its values lie.
type blob struct {
	dims   []int64
	dtype  graph.DType
	data   []byte // little-endian values, nil where they are scattered or absent
	values int64  // number of stored values
	stored int64
}

// matchBinary walks the first fields: all must be NetParameter's, and the
// first layer must read as one.
func matchBinary(h format.Head) format.Confidence {
	m := protowire.NewMessage(h.Bytes)
	var f protowire.Field
	for n := 0; m.Next(&f) && n < 1000; n++ {
		switch {
		case f.Number == netLayer && f.Type == protowire.Bytes, f.Number == netLayersV1 && f.Type == protowire.Bytes:
			if layerLike(f) {
				return format.Likely
			}
			return format.No
		case !netField(f):
			return format.No
		}
	}
	// A first layer larger than the head: its beginning must do.
	rest := h.Bytes[min(int(m.Offset()), len(h.Bytes)):]
	var e *protowire.Error
	if !errors.As(m.Err(), &e) || !e.Truncated || int64(len(h.Bytes)) == h.Size || len(rest) < 8 {
		return format.No
	}
	tag, n := binary.Uvarint(rest)
	if n <= 0 || tag != netLayer<<3|2 && tag != netLayersV1<<3|2 {
		return format.No
	}
	_, k := binary.Uvarint(rest[n:])
	if k <= 0 {
		return format.No
	}
	if layerLike(protowire.Field{Number: int32(tag >> 3), Bytes: rest[n+k:]}) {
		return format.Likely
	}
	return format.No
}

func netField(f protowire.Field) bool {
	switch f.Number {
	case netName, netInput:
		return f.Type == protowire.Bytes && printable(f.Bytes)
	case netInputDim:
		return f.Type == protowire.Varint || f.Type == protowire.Bytes
	case 5, 7:
		return f.Type == protowire.Varint && f.Uint <= 1
	case 6, netInputShape:
		return f.Type == protowire.Bytes
	}
	return false
}

// layerLike wants a printable name and a type: text in a current layer, a
// number of the list in a V1 layer.
func layerLike(f protowire.Field) bool {
	v1 := f.Number == netLayersV1
	m := f.Message()
	var g protowire.Field
	named, typed := false, false
	for n := 0; n < 64 && m.Next(&g); n++ {
		switch {
		case !v1 && g.Number == 1, v1 && g.Number == 4:
			named = g.Type == protowire.Bytes && printable(g.Bytes)
			if !named {
				return false
			}
		case !v1 && g.Number == 2:
			typed = g.Type == protowire.Bytes && printable(g.Bytes) && typeWord(string(g.Bytes))
			if !typed {
				return false
			}
		case v1 && g.Number == 5:
			typed = g.Type == protowire.Varint && g.Uint < uint64(len(v1Types)) && v1Types[g.Uint] != ""
			if !typed {
				return false
			}
		}
		if named && typed {
			return true
		}
	}
	return false
}

func typeWord(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '_') {
			return false
		}
	}
	return s != ""
}

func printable(b []byte) bool {
	if !utf8.Valid(b) || len(b) > 1<<12 {
		return false
	}
	for _, c := range b {
		if c < ' ' {
			return false
		}
	}
	return true
}

// readBinary reads a caffemodel. Layers become the same trees that a prototxt
// has, with the blobs beside them.
func readBinary(data []byte, lim format.Limits) (*network, error) {
	net := &network{message: &textproto.Message{}, binary: true}
	m := protowire.NewMessage(data)
	var f protowire.Field
	unknown := 0
	for m.Next(&f) {
		switch {
		case f.Number == netLayer || f.Number == netLayersV1:
			if f.Type != protowire.Bytes || len(net.layers) == 0 && !layerLike(f) {
				return nil, format.Errorf(format.ErrNotModel, f.Offset, "first layer has no name and type")
			}
			if len(net.layers) >= lim.Nodes {
				return nil, format.Errorf(format.ErrLimit, f.Offset, "more than %d layers", lim.Nodes)
			}
			l, err := wireLayer(f, lim)
			if err != nil {
				return nil, err
			}
			net.layers = append(net.layers, l)
		case f.Number == netName && f.Type == protowire.Bytes && printable(f.Bytes):
			net.name = f.String()
		case netField(f):
			if d, ok := netSchema[f.Number]; ok {
				if err := addField(net.message, d, f, 0); err != nil {
					return nil, err
				}
			}
		default:
			if unknown++; len(net.layers) == 0 || unknown > 100 {
				return nil, format.Errorf(format.ErrNotModel, f.Offset, "field %d is not NetParameter's", f.Number)
			}
		}
	}
	if err := m.Err(); err != nil {
		if len(net.layers) == 0 {
			return nil, format.Errorf(format.ErrNotModel, m.Offset(), "no layers: %v", err)
		}
		return nil, protofmt.Error(err)
	}
	if len(net.layers) == 0 {
		return nil, format.Errorf(format.ErrNotModel, 0, "no layers")
	}
	return net, nil
}

// wireLayer reads one layer.
func wireLayer(f protowire.Field, lim format.Limits) (layer, error) {
	l := layer{message: &textproto.Message{}, offset: f.Offset, v1: f.Number == netLayersV1}
	schema, blobField := layerSchema, int32(7)
	if l.v1 {
		schema, blobField = v1Schema, 6
	}
	m := f.Message()
	var g protowire.Field
	for m.Next(&g) {
		if g.Number == blobField && g.Type == protowire.Bytes {
			if len(l.blobs) >= 1024 {
				return l, format.Errorf(format.ErrLimit, g.Offset, "more than 1024 blobs in a layer")
			}
			b, err := wireBlob(g)
			if err != nil {
				return l, err
			}
			l.blobs = append(l.blobs, b)
			continue
		}
		if d, ok := schema[g.Number]; ok {
			if err := addField(l.message, d, g, 0); err != nil {
				return l, err
			}
		}
	}
	if err := m.Err(); err != nil {
		return l, protofmt.Error(err)
	}
	if len(l.message.Text("name")) > lim.TextBytes {
		return l, format.Errorf(format.ErrLimit, f.Offset, "layer name of %d bytes", len(l.message.Text("name")))
	}
	return l, nil
}

// addField adds a wire field to the tree under the name of the schema.
func addField(m *textproto.Message, d fieldDef, f protowire.Field, depth int) error {
	if len(m.Fields) > 1<<16 {
		return format.Errorf(format.ErrLimit, f.Offset, "more than %d fields in a message", 1<<16)
	}
	add := func(text string) {
		m.Fields = append(m.Fields, textproto.Field{Name: d.name, Text: text, Offset: f.Offset})
	}
	switch {
	case d.message != nil:
		if f.Type != protowire.Bytes || depth > 8 {
			return format.Errorf(format.ErrMalformed, f.Offset, "field %q is no message", d.name)
		}
		sub := &textproto.Message{}
		in := f.Message()
		var g protowire.Field
		for in.Next(&g) {
			if sd, ok := d.message[g.Number]; ok {
				if err := addField(sub, sd, g, depth+1); err != nil {
					return err
				}
			}
		}
		if err := in.Err(); err != nil {
			return protofmt.Error(err)
		}
		m.Fields = append(m.Fields, textproto.Field{Name: d.name, Message: sub, Offset: f.Offset})
	case f.Type == protowire.Varint:
		add(d.word(int64(f.Uint)))
	case f.Type == protowire.Fixed32:
		add(strconv.FormatFloat(float64(math.Float32frombits(uint32(f.Uint))), 'g', -1, 32))
	case f.Type == protowire.Bytes && d.kind == text:
		add(f.String())
	case f.Type == protowire.Bytes && d.kind == integer: // packed
		for b := f.Bytes; len(b) > 0; {
			v, n := binary.Uvarint(b)
			if n <= 0 || len(m.Fields) > 1<<16 {
				return format.Errorf(format.ErrMalformed, f.Offset, "packed field %q", d.name)
			}
			add(d.word(int64(v)))
			b = b[n:]
		}
	}
	return nil
}

// wireBlob reads a BlobProto: num, channels, height, width in 1..4 or a shape
// in 7, values as packed floats in 5, packed doubles in 8, or raw in 12 with
// the type in 10 (0 double, 1 float, 2 float16).
func wireBlob(f protowire.Field) (blob, error) {
	b := blob{dtype: graph.Float32}
	var old [4]int64
	legacy, chunks := false, 0
	rawType := int64(-1)
	m := f.Message()
	var g protowire.Field
	take := func(t graph.DType, width int64) {
		chunks++
		b.dtype, b.data = t, g.Bytes
		b.values += int64(len(g.Bytes)) / width
		b.stored += int64(len(g.Bytes))
	}
	for m.Next(&g) {
		switch {
		case g.Number >= 1 && g.Number <= 4 && g.Type == protowire.Varint:
			legacy = true
			old[g.Number-1] = g.Int64()
		case g.Number == 5 && g.Type == protowire.Bytes:
			take(graph.Float32, 4)
		case g.Number == 5 && g.Type == protowire.Fixed32:
			b.values++
			b.stored += 4
			chunks = 2
		case g.Number == 8 && g.Type == protowire.Bytes:
			take(graph.Float64, 8)
		case g.Number == 10 && g.Type == protowire.Varint:
			rawType = g.Int64()
		case g.Number == 12 && g.Type == protowire.Bytes:
			take(graph.Float32, 4)
		case g.Number == 7 && g.Type == protowire.Bytes:
			shape := &textproto.Message{}
			if err := addField(shape, fieldDef{name: "shape", message: shapeSchema}, g, 0); err != nil {
				return b, err
			}
			b.dims = shape.Message("shape").Ints("dim")
			if b.dims == nil {
				b.dims = []int64{}
			}
		}
	}
	if err := m.Err(); err != nil {
		return b, protofmt.Error(err)
	}
	switch rawType {
	case 0:
		b.dtype = graph.Float64
	case 2:
		b.dtype = graph.Float16
	}
	if b.dims == nil && legacy {
		b.dims = old[:]
	}
	if chunks != 1 {
		b.data = nil
	}
	if len(b.dims) > 32 {
		return b, format.Errorf(format.ErrLimit, f.Offset, "blob of rank %d", len(b.dims))
	}
	for _, d := range b.dims {
		if d < 0 || d > 1<<40 {
			return b, format.Errorf(format.ErrMalformed, f.Offset, "blob dimension %d", d)
		}
	}
	return b, nil
}
