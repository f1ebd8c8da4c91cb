package mxnet

import (
	"encoding/binary"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Magic numbers in front of an array; older files have none.
const (
	arrayV1 = 0xF993FAC8
	arrayV2 = 0xF993FAC9
	arrayV3 = 0xF993FACA
)

// array is one dense array.
type array struct {
	dtype graph.DType
	shape graph.Shape
	data  []byte
}

var dtypes = map[int32]graph.DType{
	0: graph.Float32, 1: graph.Float64, 2: graph.Float16, 3: graph.Uint8, 4: graph.Int32, 5: graph.Int8, 6: graph.Int64, 7: graph.Bool, 12: graph.BFloat16,
}

// byteReader reads little-endian values; after the end failed stays set.
type byteReader struct {
	data   []byte
	pos    int
	failed bool
}

func (r *byteReader) take(n int64) []byte {
	if r.failed || n < 0 || n > int64(len(r.data)-r.pos) {
		r.failed = true
		return nil
	}
	b := r.data[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return b
}

func (r *byteReader) u32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *byteReader) u64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// readParams reads a .params file: arrays, then their names with the prefixes
// "arg:" and "aux:" taken off.
func readParams(data []byte, lim format.Limits) (map[string]array, error) {
	r := &byteReader{data: data}
	if r.u64() != paramsMagic {
		return nil, format.Errorf(format.ErrNotModel, 0, "no parameters")
	}
	r.u64()
	count := r.u64()
	if r.failed || count > uint64(len(data)/12) {
		return nil, format.Errorf(format.ErrTruncated, int64(r.pos), "%d arrays in %d bytes", count, len(data))
	}
	if count > uint64(lim.Tensors) {
		return nil, format.Errorf(format.ErrLimit, int64(r.pos), "%d arrays", count)
	}
	arrays := make([]array, count)
	for i := range arrays {
		at := int64(r.pos)
		a, err := r.array(at)
		if err != nil {
			return nil, err
		}
		if r.failed {
			return nil, format.Errorf(format.ErrTruncated, at, "array %d of %d", i, count)
		}
		arrays[i] = a
	}
	names := r.u64()
	if r.failed || names != count && names != 0 {
		return nil, format.Errorf(format.ErrMalformed, int64(r.pos), "%d names for %d arrays", names, count)
	}
	out := make(map[string]array, count)
	for i := range names {
		at := int64(r.pos)
		n := r.u64()
		if n > uint64(lim.TextBytes) {
			return nil, format.Errorf(format.ErrLimit, at, "name of %d bytes", n)
		}
		s := string(r.take(int64(n)))
		if r.failed {
			return nil, format.Errorf(format.ErrTruncated, at, "name %d of %d", i, names)
		}
		if _, rest, ok := strings.Cut(s, ":"); ok && (strings.HasPrefix(s, "arg:") || strings.HasPrefix(s, "aux:")) {
			s = rest
		}
		out[s] = arrays[i]
	}
	return out, nil
}

// array reads one array in any of its layouts.
func (r *byteReader) array(at int64) (array, error) {
	magic := r.u32()
	ndim, wide := magic, false
	switch magic {
	case arrayV3, arrayV2:
		if stype := int32(r.u32()); stype != 0 {
			return array{}, format.Errorf(format.ErrUnsupported, at, "sparse array (storage type %d)", stype)
		}
		ndim, wide = r.u32(), true
	case arrayV1:
		ndim, wide = r.u32(), true
	}
	if ndim > 32 {
		return array{}, format.Errorf(format.ErrMalformed, at, "array of rank %d", ndim)
	}
	dims := make([]int64, ndim)
	for i := range dims {
		if wide {
			dims[i] = int64(r.u64())
		} else {
			dims[i] = int64(r.u32())
		}
		if dims[i] < 0 {
			return array{}, format.Errorf(format.ErrMalformed, at, "dimension %d", dims[i])
		}
	}
	a := array{shape: graph.ShapeOf(dims...)}
	if ndim == 0 && magic != arrayV3 { // an empty slot
		return a, nil
	}
	r.u32()
	r.u32()
	flag := int32(r.u32())
	if r.failed {
		return a, nil
	}
	var known bool
	if a.dtype, known = dtypes[flag]; !known {
		return a, format.Errorf(format.ErrUnsupported, at, "element type %d", flag)
	}
	n, ok := a.shape.Elements()
	size, fits := a.dtype.ByteCount(n)
	if !ok || !fits {
		return a, format.Errorf(format.ErrMalformed, at, "array of shape %s", a.shape)
	}
	a.data = r.take(size)
	return a, nil
}
