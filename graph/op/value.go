package op

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// Bounds of value propagation: a folded tensor has at most maxElems elements
// (maxFloats if floating point), all of a model together at most maxFolded;
// folding reads at most maxWork elements.
const (
	maxElems  = 4096
	maxFloats = 64
	maxFolded = 1 << 20
	maxWork   = 1 << 24
	maxRank   = 64
)

// num is one element of a folded tensor: a number, a dimension that is not a
// value (sym), or unknown.
type num struct {
	i     int64
	f     float64
	float bool
	known bool
	sym   string
}

func intNum(i int64) num     { return num{i: i, known: true} }
func floatNum(f float64) num { return num{f: f, float: true, known: true} }

func dimNum(d graph.Dim) num {
	if v, ok := d.Value(); ok {
		return intNum(v)
	}
	return num{sym: d.Symbol()}
}

// int returns the element as an integer, truncated and saturated.
func (n num) int() int64 {
	if !n.float {
		return n.i
	}
	switch {
	case n.f >= math.MaxInt64:
		return math.MaxInt64
	case n.f <= math.MinInt64:
		return math.MinInt64
	case math.IsNaN(n.f):
		return 0
	}
	return int64(n.f)
}

func (n num) real() float64 {
	if n.float {
		return n.f
	}
	return float64(n.i)
}

// dim returns the element as a dimension; negative numbers are unknown.
func (n num) dim() graph.Dim {
	if n.known {
		return known(n.int())
	}
	return graph.SymbolDim(n.sym)
}

// value is a small folded tensor in row-major order.
type value struct {
	shape []int64
	elems []num
}

func scalar(n num) *value { return &value{elems: []num{n}} }

func vector(elems []num) *value { return &value{shape: []int64{int64(len(elems))}, elems: elems} }

// sized returns an empty value of the shape, nil where it is too large.
func sized(shape []int64) *value {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > maxElems {
			return nil
		}
		if n *= d; n > maxElems {
			return nil
		}
	}
	return &value{shape: shape, elems: make([]num, n)}
}

// strides returns the row-major strides of v.
func (v *value) strides() []int64 {
	s := make([]int64, len(v.shape))
	n := int64(1)
	for i := len(s) - 1; i >= 0; i-- {
		s[i] = n
		n *= v.shape[i]
	}
	return s
}

// each calls f with every index of the shape in row-major order.
func each(shape []int64, f func(flat int, index []int64)) {
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	index := make([]int64, len(shape))
	for k := range int(n) {
		f(k, index)
		for a := len(index) - 1; a >= 0; a-- {
			if index[a]++; index[a] < shape[a] {
				break
			}
			index[a] = 0
		}
	}
}

// constant decodes a stored tensor of at most maxElems numbers (maxFloats if
// floating point), nil where it is larger, absent or not numeric.
func constant(t *graph.Tensor) *value {
	n, ok := t.Shape.Elements()
	if !ok || n > maxElems || t.DType.IsFloat() && n > maxFloats || t.Sparsity != nil {
		return nil
	}
	read := reader(t.DType)
	if read == nil || t.Const.Missing != "" {
		return nil
	}
	if t.Const.Data == nil && t.Const.StoredBytes > 64*maxElems {
		return nil
	}
	data, err := t.Const.Bytes()
	width := int64(t.DType.Bits() / 8)
	if err != nil || int64(len(data)) < n*width {
		return nil
	}
	v := &value{shape: t.Shape.Ints(), elems: make([]num, n)}
	for i := range v.elems {
		v.elems[i] = read(data[int64(i)*width:])
	}
	return v
}

// reader decodes one little-endian element; nil for types that shapes are
// never made of.
func reader(dt graph.DType) func([]byte) num {
	le := binary.LittleEndian
	switch dt {
	case graph.Int64:
		return func(b []byte) num { return intNum(int64(le.Uint64(b))) }
	case graph.Uint64:
		return func(b []byte) num { return intNum(int64(min(le.Uint64(b), math.MaxInt64))) }
	case graph.Int32:
		return func(b []byte) num { return intNum(int64(int32(le.Uint32(b)))) }
	case graph.Uint32:
		return func(b []byte) num { return intNum(int64(le.Uint32(b))) }
	case graph.Int16:
		return func(b []byte) num { return intNum(int64(int16(le.Uint16(b)))) }
	case graph.Uint16:
		return func(b []byte) num { return intNum(int64(le.Uint16(b))) }
	case graph.Int8:
		return func(b []byte) num { return intNum(int64(int8(b[0]))) }
	case graph.Uint8, graph.Bool:
		return func(b []byte) num { return intNum(int64(b[0])) }
	case graph.Float32:
		return func(b []byte) num { return floatNum(float64(math.Float32frombits(le.Uint32(b)))) }
	case graph.Float64:
		return func(b []byte) num { return floatNum(math.Float64frombits(le.Uint64(b))) }
	}
	return nil
}
