package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// file is a GGUF file as read.
type file struct {
	version  uint32
	values   map[string]any // string, int64, float64, bool, []int64
	metadata []graph.KeyValue
	tensors  []graph.Tensor
	end      int64
	// rename turns a tensor's name into today's, nil where they are the same.
	rename func(string) string
}

func (f *file) key(name string) string {
	if f.rename == nil {
		return name
	}
	return f.rename(name)
}

func (f *file) text(key string) string { s, _ := f.values[key].(string); return s }

// int returns a whole number, or the largest of a list; def where absent.
func (f *file) int(key string, def int64) int64 {
	switch v := f.values[key].(type) {
	case int64:
		return v
	case []int64:
		for _, x := range v {
			def = max(def, x)
		}
	}
	return def
}

// ggmlType is a type of tensor: elements and bytes per block.
type ggmlType struct {
	name         string
	block, bytes int64
	dtype        graph.DType
}

// types by number; removed ones are missing.
var types = map[uint32]ggmlType{
	0: {"f32", 1, 4, graph.Float32}, 1: {"f16", 1, 2, graph.Float16}, 2: {"q4_0", 32, 18, graph.BlockQuantized}, 3: {"q4_1", 32, 20, graph.BlockQuantized},
	6: {"q5_0", 32, 22, graph.BlockQuantized}, 7: {"q5_1", 32, 24, graph.BlockQuantized}, 8: {"q8_0", 32, 34, graph.BlockQuantized}, 9: {"q8_1", 32, 40, graph.BlockQuantized},
	10: {"q2_k", 256, 84, graph.BlockQuantized}, 11: {"q3_k", 256, 110, graph.BlockQuantized}, 12: {"q4_k", 256, 144, graph.BlockQuantized}, 13: {"q5_k", 256, 176, graph.BlockQuantized},
	14: {"q6_k", 256, 210, graph.BlockQuantized}, 15: {"q8_k", 256, 292, graph.BlockQuantized}, 16: {"iq2_xxs", 256, 66, graph.BlockQuantized}, 17: {"iq2_xs", 256, 74, graph.BlockQuantized},
	18: {"iq3_xxs", 256, 98, graph.BlockQuantized}, 19: {"iq1_s", 256, 50, graph.BlockQuantized}, 20: {"iq4_nl", 32, 18, graph.BlockQuantized}, 21: {"iq3_s", 256, 110, graph.BlockQuantized},
	22: {"iq2_s", 256, 82, graph.BlockQuantized}, 23: {"iq4_xs", 256, 136, graph.BlockQuantized}, 24: {"i8", 1, 1, graph.Int8}, 25: {"i16", 1, 2, graph.Int16}, 26: {"i32", 1, 4, graph.Int32},
	27: {"i64", 1, 8, graph.Int64}, 28: {"f64", 1, 8, graph.Float64}, 29: {"iq1_m", 256, 56, graph.BlockQuantized}, 30: {"bf16", 1, 2, graph.BFloat16}, 34: {"tq1_0", 256, 54, graph.BlockQuantized},
	35: {"tq2_0", 256, 66, graph.BlockQuantized}, 39: {"mxfp4", 32, 17, graph.BlockQuantized}, 40: {"nvfp4", 64, 36, graph.BlockQuantized}, 41: {"q1_0", 128, 18, graph.BlockQuantized},
}

// reader reads little-endian values; after the end failed stays set.
type reader struct {
	data   []byte
	pos    int64
	wide   bool // counts and lengths have 64 bits
	failed bool
	lim    format.Limits
}

func (r *reader) take(n int64) []byte {
	if r.failed || n < 0 || n > int64(len(r.data))-r.pos {
		r.failed = true
		return nil
	}
	b := r.data[r.pos : r.pos+n : r.pos+n]
	r.pos += n
	return b
}

func (r *reader) uint(n int64) uint64 {
	v := uint64(0)
	for i, b := range r.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// count reads a count or length; one beyond the file fails.
func (r *reader) count() int64 {
	n := int64(4)
	if r.wide {
		n = 8
	}
	v := r.uint(n)
	if v > uint64(len(r.data)) {
		r.failed = true
		return 0
	}
	return int64(v)
}

func (r *reader) text() string { return string(r.take(r.count())) }

func read(data []byte, lim format.Limits) (*file, error) {
	if len(data) < 16 || string(data[:4]) != "GGUF" {
		return nil, format.Errorf(format.ErrNotModel, 0, "no GGUF")
	}
	f := &file{version: binary.LittleEndian.Uint32(data[4:]), values: map[string]any{}}
	if f.version < 1 || f.version > 3 {
		return nil, format.Errorf(format.ErrUnsupported, 4, "version %#x (big endian files are not read)", f.version)
	}
	r := &reader{data: data, pos: 8, wide: f.version > 1, lim: lim}
	tensors, pairs := r.count(), r.count()
	if r.failed {
		return nil, format.Errorf(format.ErrTruncated, 8, "counts beyond a file of %d bytes", len(data))
	}
	if tensors > int64(lim.Tensors) || pairs > int64(lim.Nodes) {
		return nil, format.Errorf(format.ErrLimit, 8, "%d tensors, %d keys", tensors, pairs)
	}
	for i := range pairs {
		at := r.pos
		if err := f.pair(r); err != nil {
			return nil, err
		}
		if r.failed {
			return nil, format.Errorf(format.ErrTruncated, at, "key %d of %d", i, pairs)
		}
	}
	if err := f.tensorList(r, tensors); err != nil {
		return nil, err
	}
	return f, nil
}

// pair reads one key and value.
func (f *file) pair(r *reader) error {
	at := r.pos
	key := r.text()
	if len(key) > r.lim.TextBytes {
		return format.Errorf(format.ErrLimit, at, "key of %d bytes", len(key))
	}
	kind := uint32(r.uint(4))
	v, err := r.value(kind, 0)
	if err != nil {
		return err
	}
	f.values[key] = v
	switch v := v.(type) {
	case string:
		if len(v) > 1<<10 {
			v = v[:1<<10] + "..."
		}
		f.metadata = append(f.metadata, graph.KeyValue{Key: key, Value: v})
	case []int64:
		s := fmt.Sprintf("%d numbers", len(v))
		if len(v) <= 16 {
			s = fmt.Sprint(v)
		}
		f.metadata = append(f.metadata, graph.KeyValue{Key: key, Value: s})
	case listOf:
		f.metadata = append(f.metadata, graph.KeyValue{Key: key, Value: fmt.Sprintf("%d values", int64(v))})
	default:
		f.metadata = append(f.metadata, graph.KeyValue{Key: key, Value: fmt.Sprint(v)})
	}
	return nil
}

// listOf is an array whose values are not kept.
type listOf int64

// Kinds of values.
const (
	kindBool   = 7
	kindString = 8
	kindArray  = 9
)

var widths = map[uint32]int64{0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

// value reads a value. Long lists and lists of text are counted, not kept.
func (r *reader) value(kind uint32, depth int) (any, error) {
	at := r.pos
	switch kind {
	case kindString:
		return r.text(), nil
	case kindArray:
		if depth > 4 {
			return nil, format.Errorf(format.ErrLimit, at, "arrays nested deeper than 4")
		}
		item := uint32(r.uint(4))
		n := r.count()
		w := widths[item]
		if w > 0 && (item > 5 && item < 10 || item == 12 || n > 4096) {
			r.take(n * w)
			return listOf(n), nil
		}
		var ints []int64
		for range n {
			v, err := r.value(item, depth+1)
			if err != nil || r.failed {
				return listOf(n), err
			}
			if k, ok := v.(int64); ok {
				ints = append(ints, k)
			}
		}
		if int64(len(ints)) == n && n > 0 {
			return ints, nil
		}
		return listOf(n), nil
	}
	w, ok := widths[kind]
	if !ok {
		return nil, format.Errorf(format.ErrMalformed, at, "value of type %d", kind)
	}
	v := r.uint(w)
	switch kind {
	case 1:
		return int64(int8(v)), nil
	case 3:
		return int64(int16(v)), nil
	case 5:
		return int64(int32(v)), nil
	case 6:
		return float64(math.Float32frombits(uint32(v))), nil
	case kindBool:
		return v != 0, nil
	case 12:
		return math.Float64frombits(v), nil
	}
	if v > math.MaxInt64 {
		v = math.MaxInt64
	}
	return int64(v), nil
}

// tensorList reads the list of tensors and views their values.
func (f *file) tensorList(r *reader, n int64) error {
	type place struct{ offset, size int64 }
	places := make([]place, 0, min(n, 1<<16))
	for i := range n {
		at := r.pos
		t := graph.Tensor{Name: r.text()}
		rank := r.uint(4)
		if rank > 8 {
			return format.Errorf(format.ErrMalformed, at, "tensor %d of rank %d", i, rank)
		}
		dims := make([]int64, rank)
		elems := int64(1)
		for k := range dims { // innermost first
			w := int64(8)
			if !r.wide {
				w = 4
			}
			d := r.uint(w)
			if d > 1<<40 || d > 0 && elems > (1<<50)/int64(d) {
				return format.Errorf(format.ErrMalformed, at, "tensor %q: dimension %d", clip(t.Name), d)
			}
			dims[len(dims)-1-k] = int64(d)
			elems *= int64(d)
		}
		kind, offset := uint32(r.uint(4)), r.uint(8)
		if r.failed {
			return format.Errorf(format.ErrTruncated, at, "tensor %d of %d", i, n)
		}
		g, ok := types[kind]
		if !ok {
			return format.Errorf(format.ErrUnsupported, at, "tensor %q of type %d", clip(t.Name), kind)
		}
		t.Shape, t.DType = graph.ShapeOf(dims...), g.dtype
		if g.dtype == graph.BlockQuantized {
			t.Quant = &graph.Quant{Scheme: graph.QuantBlockwise, BlockSize: g.block, Axis: max(len(dims)-1, 0), Word: g.name}
		}
		if elems%g.block != 0 || offset > 1<<50 {
			return format.Errorf(format.ErrMalformed, at, "tensor %q: %d elements of %s", clip(t.Name), elems, g.name)
		}
		f.tensors = append(f.tensors, t)
		places = append(places, place{int64(offset), elems / g.block * g.bytes})
	}
	align := f.int("general.alignment", 32)
	if align <= 0 || align > 1<<20 {
		return format.Errorf(format.ErrMalformed, -1, "alignment %d", align)
	}
	base := (r.pos + align - 1) / align * align
	f.end = base
	for i, p := range places {
		if p.offset+p.size > int64(len(r.data))-base {
			return format.Errorf(format.ErrTruncated, base+p.offset, "tensor %q of %d bytes beyond a file of %d", clip(f.tensors[i].Name), p.size, len(r.data))
		}
		at := base + p.offset
		f.tensors[i].Const = &graph.Const{Data: r.data[at : at+p.size : at+p.size], StoredBytes: p.size}
		f.end = max(f.end, at+p.size)
	}
	// Writers fill the last tensor, too, up to the alignment.
	if padded := (f.end + align - 1) / align * align; padded <= int64(len(r.data)) && len(bytes.Trim(r.data[f.end:padded], "\x00")) == 0 {
		f.end = padded
	}
	return nil
}
