package tensorflow

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// A checkpoint ("tensor bundle") is an index, which is a sorted string table
// from tensor names to places, and data files with the values. Sources: LevelDB,
// doc/table_format.md; tensorflow/core/protobuf/tensor_bundle.proto.

// tableMagic are the last bytes of a sorted string table.
var tableMagic = []byte{0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb}

const (
	tableFooter  = 48
	blockTrailer = 5
)

// bundle is a checkpoint's index.
type bundle struct {
	shards  int
	entries []bundleEntry
	byName  map[string]int
}

// bundleEntry is one tensor of a checkpoint.
type bundleEntry struct {
	name         string
	dtype        graph.DType
	shape        graph.Shape
	shard        int64
	offset, size int64
	sliced       bool
}

// bundleShards looks at the beginning of an index: its first entry has the empty
// key and the bundle's header, which tells the number of data files. A file that
// is there as a whole must also end as a table does. It returns 0 for others.
func bundleShards(b []byte, size int64) int {
	if int64(len(b)) >= size && (len(b) < tableFooter || !bytes.HasSuffix(b, tableMagic)) {
		return 0
	}
	if len(b) < 8 || b[0] != 0 || b[1] != 0 || b[2] < 2 || b[2] > 32 || int(b[2])+3 > len(b) {
		return 0
	}
	m := protowire.NewMessage(b[3 : 3+int(b[2])])
	var f protowire.Field
	shards := 0
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Varint) && f.Uint >= 1 && f.Uint < 1<<16:
			shards = int(f.Uint)
		case f.Is(2, protowire.Varint), f.Is(3, protowire.Bytes):
		default:
			return 0
		}
	}
	if m.Err() != nil {
		return 0
	}
	return shards
}

// readBundle reads an index file.
func readBundle(b []byte, lim format.Limits) (*bundle, error) {
	if len(b) < tableFooter || !bytes.HasSuffix(b, tableMagic) {
		return nil, format.Errorf(format.ErrNotModel, -1, "no table footer")
	}
	footer := b[len(b)-tableFooter:]
	_, n1 := readHandle(footer)
	index, n2 := readHandle(footer[n1:])
	if n1 == 0 || n2 == 0 {
		return nil, format.Errorf(format.ErrMalformed, int64(len(b)-tableFooter), "table footer has no handles")
	}
	out := &bundle{byName: map[string]int{}}
	err := walkBlock(b, index, func(_, value []byte) error {
		h, n := readHandle(value)
		if n == 0 {
			return format.Errorf(format.ErrMalformed, -1, "index entry has no handle")
		}
		return walkBlock(b, h, func(key, value []byte) error { return out.add(string(key), value, lim) })
	})
	if err != nil {
		return nil, err
	}
	if out.shards == 0 {
		return nil, format.Errorf(format.ErrNotModel, -1, "table without a bundle header")
	}
	return out, nil
}

// handle is the place of a block.
type handle struct{ offset, size uint64 }

func readHandle(b []byte) (h handle, n int) {
	var n1, n2 int
	h.offset, n1 = protowire.ReadVarint(b)
	h.size, n2 = protowire.ReadVarint(b[n1:])
	if n1 == 0 || n2 == 0 {
		return h, 0
	}
	return h, n1 + n2
}

// walkBlock visits the keys and values of a block; keys share prefixes with
// those before them.
func walkBlock(b []byte, h handle, visit func(key, value []byte) error) error {
	if h.offset > uint64(len(b)) || h.size > uint64(len(b))-h.offset || uint64(len(b))-h.offset-h.size < blockTrailer || h.size < 4 {
		return format.Errorf(format.ErrTruncated, int64(min(h.offset, 1<<62)), "block of %d bytes goes beyond the file", h.size)
	}
	block := b[h.offset : h.offset+h.size]
	if kind := b[h.offset+h.size]; kind != 0 {
		return format.Errorf(format.ErrUnsupported, int64(h.offset+h.size), "compressed table block of kind %d", kind)
	}
	restarts := uint64(binary.LittleEndian.Uint32(block[len(block)-4:]))
	if restarts > uint64(len(block)-4)/4 {
		return format.Errorf(format.ErrMalformed, int64(h.offset), "block has %d restarts in %d bytes", restarts, len(block))
	}
	rest := block[:uint64(len(block))-4-4*restarts]
	var key []byte
	for len(rest) > 0 {
		shared, n1 := protowire.ReadVarint(rest)
		own, n2 := protowire.ReadVarint(rest[n1:])
		size, n3 := protowire.ReadVarint(rest[n1+n2:])
		if n1 == 0 || n2 == 0 || n3 == 0 {
			return format.Errorf(format.ErrMalformed, int64(h.offset), "block entry is cut")
		}
		rest = rest[n1+n2+n3:]
		if shared > uint64(len(key)) || own > uint64(len(rest)) || size > uint64(len(rest))-own {
			return format.Errorf(format.ErrMalformed, int64(h.offset), "block entry goes beyond its block")
		}
		key = append(key[:shared:shared], rest[:own]...)
		if err := visit(key, rest[own:own+size]); err != nil {
			return err
		}
		rest = rest[own+size:]
	}
	return nil
}

// add reads one entry: the header under the empty key, else a tensor.
func (bd *bundle) add(key string, value []byte, lim format.Limits) error {
	m := protowire.NewMessage(value)
	var f protowire.Field
	if key == "" {
		bd.shards = 1
		for m.Next(&f) {
			if f.Is(1, protowire.Varint) {
				bd.shards = int(max(1, min(f.Int64(), 1<<16)))
			}
		}
		return m.Err()
	}
	e := bundleEntry{name: key, shape: graph.ShapeOf()}
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Varint):
			e.dtype = dtypeOf(f.Int64())
		case f.Is(2, protowire.Bytes):
			e.shape = readShape(f.Message())
		case f.Is(3, protowire.Varint):
			e.shard = f.Int64()
		case f.Is(4, protowire.Varint):
			e.offset = f.Int64()
		case f.Is(5, protowire.Varint):
			e.size = f.Int64()
		case f.Number == 7:
			e.sliced = true
		}
	}
	if err := m.Err(); err != nil {
		return fmt.Errorf("entry %q: %w", strings.ToValidUTF8(key, "?"), err)
	}
	if len(bd.entries) >= lim.Tensors {
		return format.Errorf(format.ErrLimit, -1, "more than %d tensors", lim.Tensors)
	}
	bd.byName[key] = len(bd.entries)
	bd.entries = append(bd.entries, e)
	return nil
}

// shardName is the name of a data file, given what stands before ".index".
func shardName(prefix string, shard int64, shards int) string {
	return fmt.Sprintf("%s.data-%05d-of-%05d", prefix, shard, shards)
}

// shardFiles opens data files once.
type shardFiles struct {
	p      *parser
	prefix string
	shards int
	data   map[int64][]byte
}

func (s *shardFiles) open(shard int64) ([]byte, string) {
	name := shardName(s.prefix, shard, s.shards)
	if data, ok := s.data[shard]; ok {
		return data, name
	}
	data, err := s.p.in.Companion(name)
	s.data[shard] = data
	s.p.model.Parts = append(s.p.model.Parts, graph.Part{Name: name, Found: err == nil, Bytes: int64(len(data))})
	if err != nil {
		s.p.lose("companion file %q not found: values of variables are missing", name)
	}
	return data, name
}

// value is a tensor's value in its data file.
func (s *shardFiles) value(e *bundleEntry) *graph.Const {
	data, name := s.open(e.shard)
	c := &graph.Const{StoredBytes: e.size, Location: name}
	n, known := e.shape.Elements()
	want, sized := e.dtype.ByteCount(n)
	switch {
	case data == nil:
		c.Missing = fmt.Sprintf("companion file %q not found", name)
	case e.sliced:
		c.Missing = "the tensor is stored in slices, which are not put together"
	case e.offset < 0 || e.size < 0 || e.offset > int64(len(data)) || e.size > int64(len(data))-e.offset:
		c.Missing = fmt.Sprintf("%d bytes from %d go beyond %q", e.size, e.offset, name)
		s.p.lose("%q: %s", s.p.text([]byte(e.name)), c.Missing)
	case known && sized && want != e.size:
		c.Missing = fmt.Sprintf("it has %d bytes where its shape needs %d", e.size, want)
		s.p.lose("%q: %s", s.p.text([]byte(e.name)), c.Missing)
	default:
		c.Data = data[e.offset : e.offset+e.size : e.offset+e.size]
	}
	return c
}

// objectGraph is the entry that says which variable has which key.
const objectGraph = "_CHECKPOINTABLE_OBJECT_GRAPH"

// fullNames maps variables' own names to keys of the checkpoint, from the
// object graph that TensorFlow 2 stores among the values. Older checkpoints
// have the names as keys.
func (s *shardFiles) fullNames(bd *bundle) map[string]string {
	out := map[string]string{}
	i, ok := bd.byName[objectGraph]
	if !ok {
		return out
	}
	c := s.value(&bd.entries[i])
	if c.Data == nil {
		return out
	}
	// A string tensor: the lengths, a checksum of them, the strings.
	n, k := protowire.ReadVarint(c.Data)
	if k == 0 || n > uint64(len(c.Data)) || uint64(len(c.Data)) < uint64(k)+4+n {
		return out
	}
	m := protowire.NewMessage(c.Data[k+4 : uint64(k)+4+n])
	var f protowire.Field
	for m.Next(&f) {
		if !f.Is(1, protowire.Bytes) {
			continue
		}
		node := f.Message()
		for node.Next(&f) {
			if !f.Is(2, protowire.Bytes) {
				continue
			}
			attr := f.Message()
			var full, key string
			for attr.Next(&f) {
				switch f.Number {
				case 2:
					full = f.String()
				case 3:
					key = f.String()
				}
			}
			if full != "" {
				out[full] = key
			}
		}
	}
	return out
}

// checkpoint reads an index by itself: tensors without a graph.
func (p *parser) checkpoint() error {
	bd, err := readBundle(p.in.Data, p.limits)
	if err != nil {
		return err
	}
	files := &shardFiles{p: p, prefix: strings.TrimSuffix(p.in.Name, ".index"), shards: bd.shards, data: map[int64][]byte{}}
	g := &graph.Graph{Name: "checkpoint"}
	for i := range bd.entries {
		e := &bd.entries[i]
		t := graph.Tensor{Name: p.text([]byte(e.name)), DType: e.dtype, Shape: e.shape, Const: files.value(e)}
		t.Const.NotParam = e.dtype == graph.String || !e.dtype.IsFloat() && e.shape.Len() == 0
		g.Tensors = append(g.Tensors, t)
	}
	p.meta("container", "checkpoint")
	p.note(false, "a checkpoint: tensors only, the operators are in the graph that goes with it")
	p.model.Graphs = []*graph.Graph{g}
	return nil
}
