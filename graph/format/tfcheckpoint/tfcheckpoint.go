// Package tfcheckpoint reads TensorFlow checkpoints: the index of a tensor
// bundle (.index) and its shards (.data-00000-of-00001). They hold tensors
// without operators.
//
// # Recognised by
//
// The index is a sorted string table whose last eight bytes are 57 FB 80 8B 24
// 75 47 DB; its first entry has an empty key and the bundle's header as value.
// Shards have no structure: they are parts of the index.
//
// # Read
//
// Name, type and shape of every tensor, values as views of the shards. The graph
// of objects that TensorFlow 2 keeps beside the tensors and optimiser slots are
// left out of the parameters.
//
// # Not read
//
// Operators: there are none. Compressed tables, checkpoints of version 1, slices
// of partitioned variables (their whole is listed), string tensors' values.
//
// Facts: tensorflow/core/protobuf/tensor_bundle.proto; LevelDB's table format
// (google/leveldb doc/table_format.md).
package tfcheckpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

const (
	name       = "tfcheckpoint"
	footerSize = 48
)

var tableMagic = []byte{0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb}

// Format is the entry of TensorFlow checkpoints in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "TensorFlow checkpoint",
	Extensions: []string{"index", "ckpt", "data-00000-of-00001"},
	Magic:      "57 FB 80 8B 24 75 47 DB as the last eight bytes of the index",
	Container:  "sorted string table, raw shards beside it",
	Reads:      "Tensors with name, type, shape and value.",
	ReadsNot:   "Operators: there are none. Compressed tables, version 1.",
	Match:      match,
	Parse:      Parse,
	Parts: func(h format.Head) []string {
		n, ok := header(h.Bytes)
		if !ok || n > 1000 {
			return nil
		}
		var out []string
		for i := range n {
			out = append(out, shardName(h.Name, i, n))
		}
		return out
	},
}

func match(h format.Head) format.Confidence {
	if _, ok := header(h.Bytes); !ok || h.Size >= 0 && h.Size < footerSize+16 {
		return format.No
	}
	if int64(len(h.Bytes)) == h.Size && !bytes.HasSuffix(h.Bytes, tableMagic) {
		return format.Weak
	}
	return format.Likely
}

// header reads the first entry of a table: the empty key with the bundle's
// header, of which the first field is the number of shards.
func header(b []byte) (shards int64, ok bool) {
	if len(b) < 16 || b[0] != 0 || b[1] != 0 || b[2] < 2 || b[2] > 64 || int(b[2]) > len(b)-3 {
		return 0, false
	}
	m := protowire.NewMessage(b[3 : 3+b[2]])
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Number == 1 && f.Type == protowire.Varint && f.Uint > 0 && f.Uint < 1<<20:
			shards = int64(f.Uint)
		case f.Number == 2 && f.Type == protowire.Varint && f.Uint <= 1:
		case f.Number == 3 && f.Type == protowire.Bytes:
		default:
			return 0, false
		}
	}
	return shards, m.Err() == nil && shards > 0
}

func shardName(index string, i, n int64) string {
	return fmt.Sprintf("%s.data-%05d-of-%05d", strings.TrimSuffix(index, ".index"), i, n)
}

// Parse reads an index with the shards beside it.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	shards, ok := header(in.Data)
	if !ok {
		return nil, format.Errorf(format.ErrNotModel, 0, "no header of a tensor bundle")
	}
	if !bytes.HasSuffix(in.Data, tableMagic) || len(in.Data) < footerSize {
		return nil, format.Errorf(format.ErrTruncated, int64(len(in.Data)), "table has no footer")
	}
	if shards > 1000 {
		return nil, format.Errorf(format.ErrLimit, 0, "%d shards", shards)
	}
	b := &bundle{m: &graph.Model{Format: name, FormatVersion: "2"}, g: &graph.Graph{}, lim: lim}
	for i := range shards {
		file := shardName(in.Name, i, shards)
		data, err := in.Companion(file)
		b.shards = append(b.shards, data)
		b.m.Parts = append(b.m.Parts, graph.Part{Name: file, Found: err == nil, Bytes: int64(len(data))})
		if err != nil {
			b.m.Notes = append(b.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("shard %.60q not found", file)})
		}
	}
	t := &table{data: in.Data}
	if err := t.each(b.entry); err != nil {
		return nil, err
	}
	b.m.Graphs = []*graph.Graph{b.g}
	b.m.Notes = append(b.m.Notes, graph.Note{Loses: true, Text: "tensors only: the file has no operators"})
	return b.m, nil
}

// bundle collects the tensors.
type bundle struct {
	m      *graph.Model
	g      *graph.Graph
	lim    format.Limits
	shards [][]byte
}

// dtypes by number of TensorFlow's DataType.
var dtypes = map[uint64]graph.DType{
	1: graph.Float32, 2: graph.Float64, 3: graph.Int32, 4: graph.Uint8, 5: graph.Int16, 6: graph.Int8, 7: graph.String, 8: graph.Complex64, 9: graph.Int64, 10: graph.Bool,
	11: graph.Int8, 12: graph.Uint8, 13: graph.Int32, 14: graph.BFloat16, 15: graph.Int16, 16: graph.Uint16, 17: graph.Uint16, 18: graph.Complex128, 19: graph.Float16, 20: graph.Resource,
	21: graph.Variant, 22: graph.Uint32, 23: graph.Uint64, 24: graph.Float8E5M2, 25: graph.Float8E4M3FN, 29: graph.Int4, 30: graph.Uint4,
}

// entry reads a BundleEntryProto: dtype 1, shape 2, shard 3, offset 4, size 5.
func (b *bundle) entry(key, value []byte, at int64) error {
	if len(key) == 0 {
		return nil
	}
	if len(key) > b.lim.TextBytes || len(b.g.Tensors) >= b.lim.Tensors {
		return format.Errorf(format.ErrLimit, at, "%d tensors, name of %d bytes", len(b.g.Tensors), len(key))
	}
	t := graph.Tensor{Name: string(key), Shape: graph.ShapeOf()}
	var shard, offset, size uint64
	m := protowire.MessageAt(value, at)
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Type == protowire.Varint && f.Number == 1:
			t.DType = dtypes[f.Uint]
		case f.Type == protowire.Varint && f.Number == 3:
			shard = f.Uint
		case f.Type == protowire.Varint && f.Number == 4:
			offset = f.Uint
		case f.Type == protowire.Varint && f.Number == 5:
			size = f.Uint
		case f.Type == protowire.Bytes && f.Number == 2:
			var err error
			if t.Shape, err = shape(f); err != nil {
				return err
			}
		}
	}
	if err := m.Err(); err != nil {
		return wireError(err)
	}
	t.Const = &graph.Const{StoredBytes: int64(min(size, 1<<60)), Missing: "shard not found"}
	// What is kept beside the variables is no parameter.
	t.Const.NotParam = t.DType == graph.String || strings.Contains(t.Name, "OPTIMIZER_SLOT") || strings.HasPrefix(t.Name, "save_counter") || strings.HasPrefix(t.Name, "_CHECKPOINTABLE_OBJECT_GRAPH") || strings.HasPrefix(t.Name, "optimizer/")
	if shard < uint64(len(b.shards)) && b.shards[shard] != nil {
		data := b.shards[shard]
		if offset > uint64(len(data)) || size > uint64(len(data))-offset {
			return format.Errorf(format.ErrTruncated, at, "tensor %.60q of %d bytes at %d of shard %d with %d bytes", t.Name, size, offset, shard, len(data))
		}
		n, ok := t.Shape.Elements()
		want, fits := t.DType.ByteCount(n)
		if ok && fits && want != int64(size) && size > 0 {
			return format.Errorf(format.ErrMalformed, at, "tensor %.60q: %d bytes for shape %s of %s", t.Name, size, t.Shape, t.DType)
		}
		if fits && size > 0 {
			t.Const.Data, t.Const.Missing = data[offset:offset+size:offset+size], ""
		} else {
			t.Const.Missing = "value has no fixed width"
		}
	}
	b.g.Tensors = append(b.g.Tensors, t)
	return nil
}

// shape reads a TensorShapeProto: dim 2 {size 1}, unknown rank 3.
func shape(f protowire.Field) (graph.Shape, error) {
	var dims []int64
	m := f.Message()
	var g protowire.Field
	for m.Next(&g) {
		switch {
		case g.Number == 2 && g.Type == protowire.Bytes:
			size := int64(0)
			d := g.Message()
			var h protowire.Field
			for d.Next(&h) {
				if h.Number == 1 && h.Type == protowire.Varint {
					size = h.Int64()
				}
			}
			if err := d.Err(); err != nil {
				return graph.Shape{}, wireError(err)
			}
			if len(dims) >= 64 {
				return graph.Shape{}, format.Errorf(format.ErrLimit, g.Offset, "more than 64 dimensions")
			}
			dims = append(dims, size)
		case g.Number == 3 && g.Uint != 0:
			return graph.Shape{}, nil
		}
	}
	if err := m.Err(); err != nil {
		return graph.Shape{}, wireError(err)
	}
	return graph.ShapeOf(dims...), nil
}

func wireError(err error) error {
	var e *protowire.Error
	if errors.As(err, &e) {
		return format.Errorf(format.ErrMalformed, e.Offset, "%s", e.Msg)
	}
	return format.Errorf(format.ErrMalformed, -1, "%v", err)
}

// table is a sorted string table.
type table struct{ data []byte }

// handle is the place of a block.
type handle struct{ offset, size uint64 }

func uvarint(b []byte) (uint64, []byte, bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 {
		return 0, nil, false
	}
	return v, b[n:], true
}

func readHandle(b []byte) (handle, []byte, bool) {
	off, b, ok1 := uvarint(b)
	size, b, ok2 := uvarint(b)
	return handle{off, size}, b, ok1 && ok2
}

// each calls f for every entry of every data block.
func (t *table) each(f func(key, value []byte, at int64) error) error {
	footer := t.data[len(t.data)-footerSize:]
	_, rest, ok := readHandle(footer) // metaindex
	index, _, ok2 := readHandle(rest)
	if !ok || !ok2 {
		return format.Errorf(format.ErrMalformed, int64(len(t.data)-footerSize), "footer of the table")
	}
	return t.block(index, func(_, value []byte, at int64) error {
		h, _, ok := readHandle(value)
		if !ok {
			return format.Errorf(format.ErrMalformed, at, "handle of a block")
		}
		return t.block(h, f)
	})
}

// block walks the entries of one block: length shared with the key before,
// length of the rest, length of the value, rest, value.
func (t *table) block(h handle, f func(key, value []byte, at int64) error) error {
	n := uint64(len(t.data))
	if h.offset > n || h.size > n-h.offset || n-h.offset-h.size < 5 || h.size < 4 {
		return format.Errorf(format.ErrTruncated, int64(min(h.offset, n)), "block of %d bytes at %d", h.size, h.offset)
	}
	b := t.data[h.offset : h.offset+h.size]
	if kind := t.data[h.offset+h.size]; kind != 0 {
		return format.Errorf(format.ErrUnsupported, int64(h.offset), "block compressed by method %d", kind)
	}
	restarts := uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	if restarts > uint64(len(b)-4)/4 {
		return format.Errorf(format.ErrMalformed, int64(h.offset), "%d restarts in a block of %d bytes", restarts, len(b))
	}
	whole := len(b)
	b = b[:uint64(len(b)-4)-4*restarts]
	var key []byte
	for len(b) > 0 {
		at := int64(h.offset) + int64(whole-len(b))
		shared, r, ok1 := uvarint(b)
		own, r, ok2 := uvarint(r)
		size, r, ok3 := uvarint(r)
		if !ok1 || !ok2 || !ok3 || shared > uint64(len(key)) || own > uint64(len(r)) || size > uint64(len(r))-own {
			return format.Errorf(format.ErrMalformed, at, "entry of a block")
		}
		key = append(key[:shared:shared], r[:own]...)
		if err := f(key, r[own:own+size], at); err != nil {
			return err
		}
		b = r[own+size:]
	}
	return nil
}
