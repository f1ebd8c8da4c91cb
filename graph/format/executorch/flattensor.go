package executorch

import (
	"encoding/binary"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// External weights are files of their own (.ptd): a FlatBuffer "FT01" with a
// header "FH01" at offset 8 (u32 length, u64 offset and size of the FlatBuffer,
// u64 base and size of the segments) and named segments behind. Source:
// pytorch/executorch extension/flat_tensor/serialize/flat_tensor.fbs.
const (
	dataIdentifier = "FT01"
	dataExtension  = ".ptd"

	flatSegments  = 1
	flatNamedData = 2
)

// lookup returns the named data of the program, or else of a .ptd file beside
// it, or nil. Only files that gave something are parts of the model.
func (r *reader) lookup(key string) *graph.Const {
	if c := r.named[key]; c != nil {
		return c
	}
	if r.beside == nil {
		r.beside = map[string]*graph.Const{}
		r.external()
	}
	c := r.beside[key]
	if c == nil {
		return nil
	}
	for _, p := range r.m.Parts {
		if p.Name == c.Location {
			return c
		}
	}
	r.m.Parts = append(r.m.Parts, graph.Part{Name: c.Location, Found: true, Bytes: r.sizes[c.Location]})
	return c
}

// external reads the .ptd files beside the program.
func (r *reader) external() {
	if r.in.List == nil {
		return
	}
	r.sizes = map[string]int64{}
	for _, name := range r.in.List() {
		if !strings.EqualFold(path.Ext(name), dataExtension) {
			continue
		}
		data, err := r.in.Companion(name)
		if err != nil || flatbuf.Identifier(data) != dataIdentifier {
			continue
		}
		r.sizes[name] = int64(len(data))
		if err := r.flatTensor(name, data); err != nil {
			r.m.Notes = append(r.m.Notes, graph.Note{Loses: true, Text: name + ": " + err.Error()})
		}
	}
}

func (r *reader) flatTensor(name string, data []byte) error {
	if len(data) < 48 || string(data[8:12]) != "FH01" {
		return format.Errorf(format.ErrMalformed, 8, "no header")
	}
	base := binary.LittleEndian.Uint64(data[32:])
	fb := flatbuf.New(data)
	root := fb.Root()
	segments, named := root.Tables(flatSegments), root.Tables(flatNamedData)
	shared := map[uint32]*graph.Const{} // keys may share a segment
	for i := range named.Len() {
		t := named.Table(i)
		k := t.Uint32(1, 0)
		if c := shared[k]; c != nil {
			r.beside[t.String(0)] = c
			continue
		}
		s := segments.Table(int(k))
		off, size, total := base+s.Uint64(0, 0), s.Uint64(1, 0), uint64(len(data))
		if off > total || size > total-off {
			return format.Errorf(format.ErrTruncated, int64(t.Pos()), "%d bytes at %d of %d", size, off, total)
		}
		if c := flatfmt.View(data[off : off+size : off+size]); c != nil {
			c.Location = name
			r.beside[t.String(0)], shared[k] = c, c
		}
	}
	return flatfmt.Error(fb.Err())
}
