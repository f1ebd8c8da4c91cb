package graph

import (
	"strconv"
	"strings"
)

// Dim is one dimension of a shape: a value, a symbol, or unknown (the zero
// Dim). A free dimension (symbol or unknown) may carry the default that the
// file itself stores for it, such as the 1 that a TFLite file keeps in shape
// where shape_signature says -1.
type Dim struct {
	plus1  int64 // value + 1; 0 = not a value
	symbol string
	stored int64 // stored default + 1 of a free dimension; 0 = none
}

// DimOf returns the dimension n; a negative n gives an unknown dimension.
func DimOf(n int64) Dim {
	if n < 0 {
		return Dim{}
	}
	return Dim{plus1: n + 1}
}

// SymbolDim returns a free dimension with a name; an empty name gives an
// unknown dimension.
func SymbolDim(name string) Dim { return Dim{symbol: name} }

// WithDefault returns d with the value that the file stores for it; it has no
// effect on a dimension that is a value, or for n < 0.
func (d Dim) WithDefault(n int64) Dim {
	if d.plus1 == 0 && n >= 0 {
		d.stored = n + 1
	}
	return d
}

// Value returns the dimension's value; ok is false for symbols and unknowns.
func (d Dim) Value() (n int64, ok bool) { return d.plus1 - 1, d.plus1 > 0 }

// IsKnown reports whether the dimension is a value.
func (d Dim) IsKnown() bool { return d.plus1 > 0 }

// Symbol returns the name of a free dimension, "" if it has none.
func (d Dim) Symbol() string { return d.symbol }

// Default returns the value that the file stores for a free dimension.
func (d Dim) Default() (n int64, ok bool) { return d.stored - 1, d.stored > 0 }

// Int returns the value, or -1 for a free dimension: the form of the tables.
func (d Dim) Int() int64 { return d.plus1 - 1 }

// String returns "224", "batch" or "?".
func (d Dim) String() string {
	switch {
	case d.plus1 > 0:
		return strconv.FormatInt(d.plus1-1, 10)
	case d.symbol != "":
		return d.symbol
	}
	return "?"
}

// Shape is the dimensions of a tensor, outermost first. The zero Shape has
// unknown rank; a scalar is Shape of no dimensions (ShapeOf()).
// A Shape's dimensions are never changed in place.
type Shape struct {
	dims   []Dim
	ranked bool
}

// ShapeOf returns the shape with the given sizes; negative sizes are unknown.
// ShapeOf() is the scalar shape.
func ShapeOf(sizes ...int64) Shape {
	dims := make([]Dim, len(sizes))
	for i, n := range sizes {
		dims[i] = DimOf(n)
	}
	return Shape{dims, true}
}

// ShapeOfDims returns the shape of the given dimensions, which it keeps.
func ShapeOfDims(dims ...Dim) Shape { return Shape{dims, true} }

// UnknownOfRank returns a shape of n unknown dimensions.
func UnknownOfRank(n int) Shape { return Shape{make([]Dim, n), true} }

// Rank returns the number of dimensions; ok is false where it is not known.
func (s Shape) Rank() (n int, ok bool) { return len(s.dims), s.ranked }

// IsRanked reports whether the number of dimensions is known.
func (s Shape) IsRanked() bool { return s.ranked }

// Len returns the number of dimensions, 0 for unknown rank.
func (s Shape) Len() int { return len(s.dims) }

// Dim returns dimension i, counted from the end when negative; unknown when
// the rank is unknown or i is outside.
func (s Shape) Dim(i int) Dim {
	if i < 0 {
		i += len(s.dims)
	}
	if i < 0 || i >= len(s.dims) {
		return Dim{}
	}
	return s.dims[i]
}

// Dims returns a copy of the dimensions, nil for unknown rank.
func (s Shape) Dims() []Dim {
	if !s.ranked {
		return nil
	}
	return append(make([]Dim, 0, len(s.dims)), s.dims...)
}

// With returns s with dimension i (not negative) replaced.
func (s Shape) With(i int, d Dim) Shape {
	dims := s.Dims()
	if i >= 0 && i < len(dims) {
		dims[i] = d
	}
	return Shape{dims, s.ranked}
}

// IsStatic reports whether rank and every dimension are known values.
func (s Shape) IsStatic() bool {
	for _, d := range s.dims {
		if d.plus1 == 0 {
			return false
		}
	}
	return s.ranked
}

// Ints returns the sizes with -1 for each free dimension, nil for unknown
// rank, an empty non-nil slice for a scalar: the form of the tables.
func (s Shape) Ints() []int64 {
	if !s.ranked {
		return nil
	}
	out := make([]int64, len(s.dims))
	for i, d := range s.dims {
		out[i] = d.Int()
	}
	return out
}

// Elements returns the product of the dimensions (1 for a scalar); ok is false
// where a dimension or the rank is not known or the product exceeds 2^62.
func (s Shape) Elements() (n int64, ok bool) {
	if !s.IsStatic() {
		return 0, false
	}
	n = 1
	for _, d := range s.dims {
		v := d.plus1 - 1
		if v == 0 {
			return 0, true
		}
		if n > (1<<62)/v {
			return 0, false
		}
		n *= v
	}
	return n, true
}

// Equal reports whether both shapes have the same rank and dimensions
// (values, symbols); stored defaults are not compared.
func (s Shape) Equal(t Shape) bool {
	if s.ranked != t.ranked || len(s.dims) != len(t.dims) {
		return false
	}
	for i, d := range s.dims {
		if d.plus1 != t.dims[i].plus1 || d.symbol != t.dims[i].symbol {
			return false
		}
	}
	return true
}

// String returns "[1, 224, 224, 3]", "[batch, ?]" or "unknown".
func (s Shape) String() string {
	if !s.ranked {
		return "unknown"
	}
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s.dims {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.String())
	}
	b.WriteByte(']')
	return b.String()
}
