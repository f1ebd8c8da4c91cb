package torch

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/pickle"
)

// builder collects tensors. storage returns a storage's bytes by key; it may
// be nil while only types are learned.
type builder struct {
	g       *graph.Graph
	lim     format.Limits
	storage func(string) ([]byte, error)
	widths  map[string]int64
	seen    map[any]bool
	ids     map[*pickle.Object]graph.TensorID
	consts  map[string]*graph.Const
	notes   []graph.Note
	work    int
	err     error
}

func newBuilder(lim format.Limits, storage func(string) ([]byte, error)) *builder {
	return &builder{g: &graph.Graph{}, lim: lim, storage: storage, seen: map[any]bool{}, ids: map[*pickle.Object]graph.TensorID{}, consts: map[string]*graph.Const{}}
}

// walk visits every part of a value once and adds the tensors in it, named by
// the way to them.
func (b *builder) walk(v pickle.Value, path string, depth int) {
	if b.err != nil || depth > b.lim.Depth {
		return
	}
	if b.work++; b.work > 16*b.lim.Tensors {
		b.err = format.Errorf(format.ErrLimit, -1, "object of more than %d parts", 16*b.lim.Tensors)
		return
	}
	switch v := v.(type) {
	case pickle.Tuple:
		for i, x := range v {
			b.walk(x, join(path, fmt.Sprint(i)), depth+1)
		}
	case *pickle.List:
		if b.visit(v) {
			for i, x := range v.Items {
				b.walk(x, join(path, fmt.Sprint(i)), depth+1)
			}
		}
	case *pickle.Dict:
		if b.visit(v) {
			b.pairs(v, path, depth)
		}
	case *pickle.Object:
		if !b.visit(v) {
			return
		}
		if b.tensor(v, path) {
			return
		}
		b.pairs(&v.Pairs, path, depth)
		for i, x := range v.Items {
			b.walk(x, join(path, fmt.Sprint(i)), depth+1)
		}
		if g, ok := v.Class.(pickle.Global); !ok || !strings.HasPrefix(g.Module, "torch._utils") {
			b.walk(v.Args, path, depth+1)
		}
		b.walk(v.State, path, depth+1)
	}
}

func (b *builder) visit(p any) bool {
	if b.seen[p] {
		return false
	}
	b.seen[p] = true
	return true
}

func (b *builder) pairs(d *pickle.Dict, path string, depth int) {
	for i, k := range d.Keys {
		s, ok := k.(string)
		if !ok {
			s = fmt.Sprint(i)
		}
		if len(s) > 1<<10 || strings.HasPrefix(s, "optimizer") {
			continue
		}
		switch s {
		case "_parameters", "_buffers", "_modules", "state_dict":
			b.walk(d.Values[i], path, depth+1)
		default:
			b.walk(d.Values[i], join(path, s), depth+1)
		}
	}
}

func join(path, s string) string {
	if path == "" {
		return s
	}
	if len(path) > 1<<12 {
		return path
	}
	return path + "." + s
}

// storageTypes are the element types by class of storage and by dtype.
var storageTypes = map[string]graph.DType{
	"FloatStorage": graph.Float32, "DoubleStorage": graph.Float64, "HalfStorage": graph.Float16, "BFloat16Storage": graph.BFloat16, "LongStorage": graph.Int64, "IntStorage": graph.Int32,
	"ShortStorage": graph.Int16, "CharStorage": graph.Int8, "ByteStorage": graph.Uint8, "BoolStorage": graph.Bool, "QInt8Storage": graph.Int8, "QUInt8Storage": graph.Uint8, "QInt32Storage": graph.Int32,
	"ComplexFloatStorage": graph.Complex64, "ComplexDoubleStorage": graph.Complex128,
	"float8_e4m3fn": graph.Float8E4M3FN, "float8_e5m2": graph.Float8E5M2, "uint16": graph.Uint16, "uint32": graph.Uint32, "uint64": graph.Uint64,
}

// tensor adds the tensor that a call of a rebuild function stands for; false
// when the object is none.
func (b *builder) tensor(o *pickle.Object, path string) bool {
	g, ok := o.Class.(pickle.Global)
	args, isTuple := o.Args.(pickle.Tuple)
	if !ok || !isTuple {
		return false
	}
	switch g.Name {
	case "_rebuild_parameter", "_rebuild_parameter_with_state":
		if len(args) > 0 {
			if inner, ok := args[0].(*pickle.Object); ok && b.tensor(inner, path) {
				b.ids[o] = b.ids[inner]
				return true
			}
		}
		return false
	case "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_qtensor":
	default:
		return false
	}
	if id, ok := b.ids[o]; ok {
		return id >= 0
	}
	t, err := b.view(args, g.Name)
	if err != nil {
		b.err = err
		return true
	}
	t.Name = path
	if len(b.g.Tensors) >= b.lim.Tensors {
		b.err = format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.lim.Tensors)
		return true
	}
	b.g.Tensors = append(b.g.Tensors, t)
	b.ids[o] = graph.TensorID(len(b.g.Tensors) - 1)
	return true
}

// view reads storage, offset, size, stride and, for quantised tensors, their
// quantiser.
func (b *builder) view(args pickle.Tuple, kind string) (graph.Tensor, error) {
	t := graph.Tensor{}
	if len(args) < 4 {
		return t, format.Errorf(format.ErrMalformed, -1, "tensor of %d arguments", len(args))
	}
	key, dtype := storageOf(args[0])
	t.DType = dtype
	offset, ok1 := args[1].(int64)
	size, ok2 := ints(args[2])
	stride, ok3 := ints(args[3])
	if !ok1 || !ok2 || !ok3 || offset < 0 || len(size) > 64 {
		return t, format.Errorf(format.ErrMalformed, -1, "tensor with offset %v, size %v", args[1], args[2])
	}
	for _, d := range size {
		if d < 0 {
			return t, format.Errorf(format.ErrMalformed, -1, "tensor of size %v", size)
		}
	}
	t.Shape = graph.ShapeOf(size...)
	width := int64(t.DType.Bits() / 8)
	if b.widths != nil {
		b.widths[key] = width
	}
	n, ok := t.Shape.Elements()
	if kind == "_rebuild_qtensor" && len(args) > 4 {
		t.Quant = quantiser(args[4])
	}
	cacheKey := fmt.Sprint(key, "/", offset, "/", size, "/", stride)
	if c := b.consts[cacheKey]; c != nil {
		t.Const = c
		return t, nil
	}
	t.Const = &graph.Const{StoredBytes: -1, Missing: "storage is not in the file"}
	b.consts[cacheKey] = t.Const
	if b.storage == nil || !ok || width == 0 {
		return t, nil
	}
	data, err := b.storage(key)
	if err != nil {
		return t, err
	}
	t.Const.StoredBytes = n * width
	switch {
	case data == nil:
	case !contiguous(size, stride):
		t.Const.Missing = "strided view of a storage"
	case offset > int64(len(data))/width || n > int64(len(data))/width-offset:
		return t, format.Errorf(format.ErrMalformed, -1, "tensor of %d elements at %d of storage %q with %d bytes", n, offset, clip(key), len(data))
	default:
		t.Const.Missing = ""
		t.Const.Data = data[offset*width : (offset+n)*width : (offset+n)*width]
	}
	return t, nil
}

// storageOf reads ("storage", class, key, location, elements, ...).
func storageOf(v pickle.Value) (key string, dtype graph.DType) {
	p, ok := v.(*pickle.Persistent)
	if !ok {
		return "", graph.UnknownDType
	}
	t, _ := p.ID.(pickle.Tuple)
	if len(t) < 5 {
		return "", graph.UnknownDType
	}
	if g, ok := t[1].(pickle.Global); ok {
		dtype = storageTypes[g.Name]
	}
	key, _ = t[2].(string)
	return key, dtype
}

func ints(v pickle.Value) ([]int64, bool) {
	var items []pickle.Value
	switch v := v.(type) {
	case pickle.Tuple:
		items = v
	case *pickle.List:
		items = v.Items
	default:
		return nil, false
	}
	out := make([]int64, len(items))
	for i, x := range items {
		n, ok := x.(int64)
		if !ok {
			return nil, false
		}
		out[i] = n
	}
	return out, true
}

// contiguous reports row-major order; axes of size 1 may have any stride.
func contiguous(size, stride []int64) bool {
	if len(size) != len(stride) {
		return false
	}
	want := int64(1)
	for i := len(size) - 1; i >= 0; i-- {
		if size[i] == 0 {
			return true
		}
		if size[i] != 1 && stride[i] != want {
			return false
		}
		if want > 1<<50 {
			return false
		}
		want *= size[i]
	}
	return true
}

// quantiser reads (scheme, scale, zero point) per tensor.
func quantiser(v pickle.Value) *graph.Quant {
	q := &graph.Quant{Scheme: graph.QuantAffine}
	t, _ := v.(pickle.Tuple)
	if len(t) < 3 {
		return q
	}
	if s, ok := t[1].(float64); ok {
		q.Scales = []float32{float32(s)}
	}
	if z, ok := t[2].(int64); ok {
		q.ZeroPoints = []int64{z}
	}
	return q
}
