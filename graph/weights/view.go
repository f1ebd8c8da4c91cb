package weights

import (
	"errors"
	"fmt"
	"math"

	_ "go4.org/unsafe/assume-no-moving-gc" // keeps the tensor library's own import at a version that runs on current Go
	"gorgonia.org/tensor"

	"github.com/gaugenn/gaugenn/graph"
)

// ErrNoView is returned for constants that cannot be viewed in place: packed
// or half types, unaligned or absent payloads, open shapes.
var ErrNoView = errors.New("the constant cannot be viewed in place")

// View is a constant as a tensor that aliases the model's bytes. It must not
// be written through and is valid as long as the model's bytes are.
type View struct{ dense *tensor.Dense }

// Open returns a view of a Float32 or Float64 constant.
func Open(t *graph.Tensor) (*View, error) {
	n, ok := t.Shape.Elements()
	if t.Const == nil || !ok || n == 0 || t.Sparsity != nil {
		return nil, ErrNoView
	}
	data, err := t.Const.Bytes()
	if err != nil {
		return nil, err
	}
	shape := make([]int, t.Shape.Len())
	for i, d := range t.Shape.Ints() {
		shape[i] = int(d)
	}
	if len(shape) == 0 {
		shape = []int{1}
	}
	var backing any
	switch t.DType {
	case graph.Float32:
		v, ok := view[float32](data, n)
		if !ok {
			return nil, ErrNoView
		}
		backing = v
	case graph.Float64:
		v, ok := view[float64](data, n)
		if !ok {
			return nil, ErrNoView
		}
		backing = v
	default:
		return nil, ErrNoView
	}
	v := &View{}
	err = guard(func() error {
		v.dense = tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Shape returns the sizes of the axes.
func (v *View) Shape() []int { return append([]int(nil), v.dense.Shape()...) }

// Slice returns the elements from..to-1 along axis 0 as a view of the same memory.
func (v *View) Slice(from, to int) (*View, error) {
	if n := v.dense.Shape()[0]; from < 0 || to <= from || to > n {
		return nil, fmt.Errorf("slice %d:%d of an axis of %d", from, to, n)
	}
	out := &View{}
	err := guard(func() error {
		s, err := v.dense.Slice(tensor.S(from, to))
		if err != nil {
			return err
		}
		d, ok := s.(*tensor.Dense)
		if !ok {
			return ErrNoView
		}
		out.dense = d
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Channel is the summary of the values that share one index of an axis.
type Channel struct{ Min, Max, Mean float64 }

// Channels summarises each index of an axis over all other axes, for example
// the output channels of a filter.
func (v *View) Channels(axis int) ([]Channel, error) {
	shape := v.dense.Shape()
	if axis < 0 || axis >= len(shape) {
		return nil, fmt.Errorf("axis %d of a tensor of rank %d", axis, len(shape))
	}
	var along []int
	for i := range shape {
		if i != axis {
			along = append(along, i)
		}
	}
	var sum, low, high *tensor.Dense
	err := guard(func() (err error) {
		if len(along) == 0 {
			sum, low, high = v.dense, v.dense, v.dense
			return nil
		}
		if sum, err = v.dense.Sum(along...); err != nil {
			return err
		}
		if low, err = v.dense.Min(along...); err != nil {
			return err
		}
		high, err = v.dense.Max(along...)
		return err
	})
	if err != nil {
		return nil, err
	}
	count := float64(v.dense.Shape().TotalSize() / shape[axis])
	s, l, h := values(sum), values(low), values(high)
	if len(s) != shape[axis] || len(l) != len(s) || len(h) != len(s) {
		return nil, fmt.Errorf("%d sums of %d channels", len(s), shape[axis])
	}
	out := make([]Channel, shape[axis])
	for i := range out {
		out[i] = Channel{Min: l[i], Max: h[i], Mean: s[i] / count}
	}
	return out, nil
}

// values returns a reduction's results, one even if it is a scalar.
func values(d *tensor.Dense) []float64 {
	switch x := d.Data().(type) {
	case []float32:
		out := make([]float64, len(x))
		for i, f := range x {
			out[i] = float64(f)
		}
		return out
	case []float64:
		return x
	case float32:
		return []float64{float64(x)}
	case float64:
		return []float64{x}
	}
	return nil
}

// reduced are the sums and extremes of a block.
type reduced struct{ min, max, sum, squares float64 }

// row is the width of the rows that are summed in float32 before the row sums
// are added in float64, so that large tensors lose no precision.
const row = 256

// reduce32 sums finite values with the tensor library, rows first.
func reduce32(v []float32) (r reduced, err error) {
	r.min, r.max = math.Inf(1), math.Inf(-1)
	rows := len(v) / row
	if rows >= 8 {
		if r, err = reduceRows(v[:rows*row], rows); err != nil {
			return r, err
		}
		v = v[rows*row:]
	}
	for _, x := range v {
		f := float64(x)
		r.min, r.max = math.Min(r.min, f), math.Max(r.max, f)
		r.sum += f
		r.squares += f * f
	}
	return r, nil
}

func reduceRows(v []float32, rows int) (r reduced, err error) {
	err = guard(func() error {
		d := tensor.New(tensor.WithShape(rows, row), tensor.WithBacking(v))
		sum, err := d.Sum(1)
		if err != nil {
			return err
		}
		for _, x := range values(sum) {
			r.sum += x
		}
		low, err := d.Min()
		if err != nil {
			return err
		}
		high, err := d.Max()
		if err != nil {
			return err
		}
		r.min, r.max = values(low)[0], values(high)[0]
		return r.addSquares(v)
	})
	return r, err
}

// addSquares adds the inner products of long runs with themselves.
func (r *reduced) addSquares(v []float32) error {
	const run = 8192
	for len(v) > 0 {
		b := v[:min(run, len(v))]
		v = v[len(b):]
		d := tensor.New(tensor.WithShape(len(b)), tensor.WithBacking(b))
		x, err := d.Inner(d)
		if err != nil {
			return err
		}
		f, ok := x.(float32)
		if !ok {
			return fmt.Errorf("inner product is a %T", x)
		}
		r.squares += float64(f)
	}
	return nil
}

// guard turns a panic of the tensor library into an error.
func guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("tensor library: %v", p)
		}
	}()
	return f()
}
