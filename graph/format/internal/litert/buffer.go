package litert

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// buffers reads Model.buffers: the constants that tensors, metadata and
// options refer to by index. An empty buffer is no constant.
func (r *reader) buffers(model flatbuf.Table) error {
	list := model.Tables(modelBuffers)
	r.consts = make([]*graph.Const, list.Len())
	all := make([]graph.Const, list.Len()) // one allocation for all
	for i := range r.consts {
		data, err := r.buffer(list.Table(i))
		if err != nil {
			return fmt.Errorf("buffer %d: %w", i, err)
		}
		if len(data) == 0 {
			continue
		}
		all[i] = graph.Const{Data: data, StoredBytes: int64(len(data))}
		r.consts[i] = &all[i]
	}
	return r.err()
}

// buffer returns the payload of a Buffer: inside the FlatBuffer, or at an
// offset from the file's start when the model is larger than 2 GB.
func (r *reader) buffer(t flatbuf.Table) ([]byte, error) {
	if data := t.Bytes(bufferData); len(data) > 0 {
		return data, nil
	}
	off, size := t.Uint64(bufferOffset, 0), t.Uint64(bufferSize, 0)
	if off <= 1 || size == 0 { // 0 and 1 are placeholders of unfinished writers
		return nil, r.err()
	}
	return r.outside(t.Pos(), off, size)
}

// outside returns bytes that lie behind the FlatBuffer.
func (r *reader) outside(at int, off, size uint64) ([]byte, error) {
	if total := uint64(len(r.in.Data)); off > total || size > total-off {
		return nil, format.Errorf(format.ErrTruncated, int64(at), "%d bytes at offset %d beyond the file of %d bytes", size, off, total)
	}
	r.end = max(r.end, int64(off+size))
	return r.in.Data[off : off+size : off+size], nil
}

// externals reads buffers that lie in companion files, one file per group.
func (r *reader) externals(model flatbuf.Table) {
	groups := model.Tables(modelExternalBufferGroups)
	files := make([][]byte, groups.Len())
	names := make([]string, groups.Len())
	for i := range files {
		names[i] = r.text(groups.Table(i).String(externalGroupName))
		data, err := r.in.Companion(names[i])
		if err == nil {
			files[i] = data
		}
		r.m.Parts = append(r.m.Parts, graph.Part{Name: names[i], Found: err == nil, Bytes: int64(len(data))})
	}
	list := model.Tables(modelExternalBuffers)
	r.external = make(map[uint32]*graph.Const, list.Len())
	for i := range list.Len() {
		t := list.Table(i)
		off, n := t.Uint64(externalBufferOffset, 0), t.Uint64(externalBufferLength, 0)
		t.String(externalPacking)
		g := int64(t.Uint32(externalBufferGroup, 0))
		c := &graph.Const{StoredBytes: int64(min(n, 1<<62))}
		switch {
		case g >= int64(len(files)):
			c.Missing = fmt.Sprintf("external buffer group %d of %d", g, len(files))
		case files[g] == nil:
			c.Location, c.Missing = names[g], fmt.Sprintf("external file %q not found", names[g])
		case off > uint64(len(files[g])) || n > uint64(len(files[g]))-off:
			c.Location, c.Missing = names[g], fmt.Sprintf("%d bytes at %d beyond external file %q of %d bytes", n, off, names[g], len(files[g]))
		default:
			c.Location, c.Data = names[g], files[g][off:off+n:off+n]
		}
		if c.Missing != "" {
			r.note(true, c.Missing)
		}
		r.external[t.Uint32(externalBufferID, 0)] = c
	}
}
