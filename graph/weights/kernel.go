package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"unsafe"

	"github.com/gaugenn/gaugenn/graph"
)

// blockSize is the number of elements decoded at a time.
const blockSize = 1 << 16

var scratches = sync.Pool{New: func() any { return new([blockSize]float32) }}

// add takes n elements of packed little-endian data.
func (a *accumulator) add(dt graph.DType, data []byte, n int64) error {
	switch dt {
	case graph.Float32:
		return a.addFloat32(data, n)
	case graph.Float64:
		return a.addFloat64(data, n)
	case graph.Float16, graph.BFloat16, graph.Float8E4M3FN, graph.Float8E4M3FNUZ, graph.Float8E5M2, graph.Float8E5M2FNUZ, graph.Float8E8M0, graph.Float4E2M1:
		return a.addSmallFloats(dt, data, n)
	case graph.Int8, graph.Uint8, graph.Bool:
		a.addBytes(dt, data[:n])
		return nil
	case graph.Int4, graph.Uint4, graph.Int2, graph.Uint2, graph.Uint1:
		a.addPacked(dt, data, n)
		return nil
	case graph.Int16, graph.Uint16, graph.Int32, graph.Uint32, graph.Int64, graph.Uint64:
		a.addIntegers(dt, data, n)
		return nil
	}
	return fmt.Errorf("no statistics of %s", dt)
}

// littleEndian reports whether payloads can be viewed in place on this machine.
var littleEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}()

// view returns data as n values in place; ok is false where it is not aligned.
func view[T any](data []byte, n int64) (v []T, ok bool) {
	var zero T
	if n == 0 {
		return nil, true
	}
	p := unsafe.Pointer(unsafe.SliceData(data))
	if !littleEndian || uintptr(p)%unsafe.Alignof(zero) != 0 || int64(len(data)) < n*int64(unsafe.Sizeof(zero)) {
		return nil, false
	}
	return unsafe.Slice((*T)(p), n), true
}

// addFloat32 takes the values through a buffer of its own, block by block: that
// keeps them in the cache for every look at them, and the order in which the
// tensor library adds them up independent of where the payload lies.
func (a *accumulator) addFloat32(data []byte, n int64) error {
	distinct := newSet[uint32](&slots32, n)
	defer distinct.free()
	distinct.over = n >= 2*MaxDistinct && manyDistinct(data[:4*min(n, 4*MaxDistinct)])
	scratch := scratches.Get().(*[blockSize]float32)
	defer scratches.Put(scratch)
	for at := int64(0); at < n; at += blockSize {
		b := scratch[:min(n-at, blockSize)]
		part := data[4*at:]
		if v, ok := view[float32](part, int64(len(b))); ok {
			copy(b, v)
		} else {
			for i := range b {
				b[i] = math.Float32frombits(binary.LittleEndian.Uint32(part[4*i:]))
			}
		}
		if err := a.floats(b, distinct); err != nil {
			return err
		}
	}
	a.distinct = distinct.count()
	return nil
}

// floats counts one block of float32 values: zeros and patterns in a loop over
// the bits, sums and extremes by the tensor library.
func (a *accumulator) floats(v []float32, distinct *set[uint32]) error {
	bits := unsafe.Slice((*uint32)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
	a.n += int64(len(v))
	zeros, near, odd := scan(bits)
	a.zeros, a.near = a.zeros+zeros, a.near+near
	distinct.add(bits...)
	if odd > 0 {
		a.nonFinite += odd
		a.slow(v)
		return nil
	}
	r, err := reduce32(v)
	if err != nil {
		return err
	}
	a.min, a.max = math.Min(a.min, r.min), math.Max(a.max, r.max)
	a.sum, a.squares = a.sum+r.sum, a.squares+r.squares
	return nil
}

// scan counts zeros, near zeros and non-finite values of float32 bit patterns.
func scan(bits []uint32) (zeros, near, odd int64) {
	limit := math.Float32bits(NearZero)
	var z, s, o uint32
	for len(bits) > 0 {
		b := bits[:min(len(bits), 1<<20)]
		bits = bits[len(b):]
		for _, u := range b {
			m := u << 1 >> 1
			// Borrow bits: 1 where m == 0, m < limit, m >= 0x7f800000.
			z += (m - 1) >> 31
			s += (m - limit) >> 31
			o += (0x7f7fffff - m) >> 31
		}
		zeros, near, odd = zeros+int64(z), near+int64(s), odd+int64(o)
		z, s, o = 0, 0, 0
	}
	return zeros, near, odd
}

// slow handles blocks with NaN or infinity, which are left out.
func (a *accumulator) slow(v []float32) {
	for _, x := range v {
		f := float64(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			continue
		}
		a.one(f)
	}
}

func (a *accumulator) one(f float64) {
	a.min, a.max = math.Min(a.min, f), math.Max(a.max, f)
	a.sum += f
	a.squares += f * f
}

func (a *accumulator) addFloat64(data []byte, n int64) error {
	a.n += n
	distinct := newSet[uint64](&slots64, n)
	defer distinct.free()
	for i := range n {
		u := binary.LittleEndian.Uint64(data[8*i:])
		f := math.Float64frombits(u)
		distinct.add(u)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			a.nonFinite++
			continue
		}
		if f == 0 {
			a.zeros++
		}
		if math.Abs(f) < NearZero {
			a.near++
		}
		a.one(f)
	}
	a.distinct = distinct.count()
	return nil
}

// addSmallFloats counts types of at most 16 bits by a histogram of their
// patterns, so that each pattern is decoded once; short tensors of 16 bits,
// not worth the histogram, one by one.
func (a *accumulator) addSmallFloats(dt graph.DType, data []byte, n int64) error {
	if dt.Bits() == 16 && n < 1<<13 {
		a.n += n
		var distinct set16
		for i := range n {
			u := binary.LittleEndian.Uint16(data[2*i:])
			a.distinct += distinct.add(u)
			a.weighted(smallFloat(dt, uint32(u)), 1)
		}
		return nil
	}
	hist := histograms.Get().(*histogram)
	defer histograms.Put(hist)
	switch dt.Bits() {
	case 16:
		if v, ok := view[uint16](data, n); ok {
			for _, u := range v {
				hist[u]++
			}
			break
		}
		for i := range n {
			hist[binary.LittleEndian.Uint16(data[2*i:])]++
		}
	case 8:
		for _, b := range data[:n] {
			hist[b]++
		}
	default:
		for i := range n {
			hist[data[i/2]>>(4*(i%2))&15]++
		}
	}
	a.n += n
	for u, k := range hist[:1<<dt.Bits()] {
		if k == 0 {
			continue
		}
		hist[u] = 0
		a.distinct++
		a.weighted(smallFloat(dt, uint32(u)), k)
	}
	return nil
}

// histogram counts patterns of at most 16 bits.
type histogram [1 << 16]int64

// histograms are ones that are all zero: clearing one for every tensor costs more
// than counting a usual one.
var histograms = sync.Pool{New: func() any { return new(histogram) }}

// weighted counts k elements of the real value f.
func (a *accumulator) weighted(f float64, k int64) {
	if f-f != 0 { // NaN or an infinity
		a.nonFinite += k
		return
	}
	if math.Abs(f) < NearZero {
		a.near += k
		if f == 0 {
			a.zeros += k
		}
	}
	if f < a.min {
		a.min = f
	}
	if f > a.max {
		a.max = f
	}
	a.sum += f * float64(k)
	a.squares += f * f * float64(k)
}

// integer counts k elements of the stored integer q.
func (a *accumulator) integer(q, k int64) {
	d := q - a.zeroPoint
	if d == 0 {
		a.zeros += k
	}
	if d == 0 || d <= a.nearWidth && -d <= a.nearWidth {
		a.near += k
	}
	f := float64(q)
	a.min, a.max = math.Min(a.min, f), math.Max(a.max, f)
	a.sum += f * float64(k)
	a.squares += f * f * float64(k)
}

// addBytes counts 8-bit integers by four interleaved histograms.
func (a *accumulator) addBytes(dt graph.DType, data []byte) {
	var h [4][256]int64
	i := 0
	for ; i+4 <= len(data); i += 4 {
		h[0][data[i]]++
		h[1][data[i+1]]++
		h[2][data[i+2]]++
		h[3][data[i+3]]++
	}
	for ; i < len(data); i++ {
		h[0][data[i]]++
	}
	a.n += int64(len(data))
	for u := range 256 {
		k := h[0][u] + h[1][u] + h[2][u] + h[3][u]
		if k == 0 {
			continue
		}
		a.distinct++
		q := int64(u)
		if dt == graph.Int8 {
			q = int64(int8(u))
		}
		a.integer(q, k)
	}
}

// addPacked counts 1-, 2- and 4-bit integers, lowest bits first.
func (a *accumulator) addPacked(dt graph.DType, data []byte, n int64) {
	var bytes [256]int64
	bits := int64(dt.Bits())
	per := 8 / bits
	whole := n / per
	for _, b := range data[:whole] {
		bytes[b]++
	}
	var hist [16]int64
	mask := byte(1<<bits - 1)
	for b, k := range bytes {
		for i := int64(0); k > 0 && i < per; i++ {
			hist[byte(b)>>(i*bits)&mask] += k
		}
	}
	for i := int64(0); i < n%per; i++ {
		hist[data[whole]>>(i*bits)&mask]++
	}
	a.n += n
	for u, k := range hist[:1<<bits] {
		if k == 0 {
			continue
		}
		a.distinct++
		q := int64(u)
		if (dt == graph.Int4 || dt == graph.Int2) && q >= 1<<(bits-1) {
			q -= 1 << bits
		}
		a.integer(q, k)
	}
}

// addIntegers counts 16- to 64-bit integers one by one.
func (a *accumulator) addIntegers(dt graph.DType, data []byte, n int64) {
	le := binary.LittleEndian
	a.n += n
	distinct := newSet[uint64](&slots64, n)
	defer distinct.free()
	for i := range n {
		var q int64
		switch dt {
		case graph.Int16:
			q = int64(int16(le.Uint16(data[2*i:])))
		case graph.Uint16:
			q = int64(le.Uint16(data[2*i:]))
		case graph.Int32:
			q = int64(int32(le.Uint32(data[4*i:])))
		case graph.Uint32:
			q = int64(le.Uint32(data[4*i:]))
		default:
			q = int64(le.Uint64(data[8*i:]))
		}
		distinct.add(uint64(q))
		if dt == graph.Uint64 && q < 0 {
			a.one(float64(uint64(q)))
			continue
		}
		a.integer(q, 1)
	}
	a.distinct = distinct.count()
}
