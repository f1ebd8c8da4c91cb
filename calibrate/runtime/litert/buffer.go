//go:build linux && (amd64 || arm64) && !nolitert

package litert

import (
	"fmt"
	"math"
	"math/rand/v2"
	"unsafe"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// elementBytes are the sizes of LiteRtElementType, which keeps TfLiteType's numbers; text, resources and sub-byte types are left out.
var elementBytes = map[int32]int64{1: 4, 2: 4, 3: 1, 4: 8, 6: 1, 7: 2, 9: 1, 10: 2, 11: 8, 13: 8, 16: 4, 17: 2}

// maxTensorBytes bounds a single input or output.
const maxTensorBytes = 2 << 30

// allocate makes buffers for every input and output and fills the inputs.
func (s *session) allocate() error {
	if err := modelStatus("subgraph", s.fn.subgraph(s.model, 0, &s.graph)); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(1, 2)) // a fixed seed: the same numbers in every run
	var err error
	if s.in, s.inBytes, _, err = s.buffers("input", s.fn.inputs, s.fn.input, s.fn.inRequirements, rng); err != nil {
		return err
	}
	s.out, s.outBytes, s.firstSize, err = s.buffers("output", s.fn.outputs, s.fn.output, s.fn.outRequirements, nil)
	return err
}

// buffers makes one side's buffers, filled when there is a source of numbers. first is the size of the first one's values.
func (s *session) buffers(side string, count func(uintptr, *uintptr) int32, get func(s, i uintptr, t *uintptr) int32,
	require func(c, sig, i uintptr, r *uintptr) int32, rng *rand.Rand) (list []uintptr, total int64, first uintptr, err error) {
	var n uintptr
	if err := status(side+"s", count(s.graph, &n)); err != nil {
		return nil, 0, 0, err
	}
	if n > 1<<16 {
		return nil, 0, 0, fmt.Errorf("%w: %d %ss", runtime.ErrLibrary, n, side)
	}
	list = make([]uintptr, n)
	for i := range list {
		var tensor, req, size uintptr
		var t rankedType
		what := fmt.Sprintf("%s %d", side, i)
		if err := modelStatus(what, get(s.graph, uintptr(i), &tensor)); err != nil {
			return nil, 0, 0, err
		}
		if err := modelStatus(what+" type", s.fn.tensorType(tensor, &t)); err != nil {
			return nil, 0, 0, err
		}
		if err := modelStatus(what+" requirements", require(s.compiled, 0, uintptr(i), &req)); err != nil {
			return nil, 0, 0, err
		}
		if err := status(what+" size", s.fn.requiredSize(req, &size)); err != nil {
			return nil, 0, 0, err
		}
		values, err := t.check(what, size)
		if err != nil {
			return nil, 0, 0, err
		}
		const hostMemory = 1 // kLiteRtTensorBufferTypeHostMemory
		if err := status(what+" buffer", s.fn.createBuffer(s.env, hostMemory, &t, size, &list[i])); err != nil {
			return nil, 0, 0, err
		}
		if rng != nil {
			if err := s.fill(list[i], t.elem, uintptr(values), rng); err != nil {
				return nil, 0, 0, err
			}
		}
		if i == 0 {
			first = uintptr(values)
		}
		total += values
	}
	return list, total, first, nil
}

// check takes free sizes as 1 and reports the bytes of the tensor's values, or that what the library wrote is no tensor type as we know it.
func (t *rankedType) check(what string, size uintptr) (int64, error) {
	width, ok := elementBytes[t.elem]
	if !ok {
		return 0, fmt.Errorf("%w: %s has element type %d", runtime.ErrModel, what, t.elem)
	}
	rank := t.layout.rank & 0x7f
	if rank > 8 {
		return 0, fmt.Errorf("%w: %s has rank %d: another layout than the one this reader knows", runtime.ErrLibrary, what, rank)
	}
	bytes := width
	free := false
	for i, d := range t.layout.dims[:rank] {
		if d < 0 { // a free size is 1, if the buffer that the library asks for agrees
			t.layout.dims[i], d, free = 1, 1, true
		}
		if d > 0 && bytes > math.MaxInt64/int64(d) {
			return 0, fmt.Errorf("%w: %s overflows", runtime.ErrModel, what)
		}
		bytes *= int64(d)
	}
	if free && bytes != int64(size) {
		return 0, fmt.Errorf("%w: %s has a free size: %d bytes at 1, %d wanted", runtime.ErrModel, what, bytes, size)
	}
	if bytes > int64(size) || size > maxTensorBytes {
		return 0, fmt.Errorf("%w: %s: %d bytes of values in a buffer of %d", runtime.ErrLibrary, what, bytes, size)
	}
	return bytes, nil
}

// fill writes numbers that no model chokes on: floats in [-1, 1), bytes at random, and ones for wider integers, which may be indices.
func (s *session) fill(buffer uintptr, elem int32, n uintptr, rng *rand.Rand) error {
	var p unsafe.Pointer
	const write = 1
	if err := status("input", s.fn.lock(buffer, &p, write)); err != nil {
		return err
	}
	switch elem {
	case 1:
		v := unsafe.Slice((*float32)(p), n/4)
		for i := range v {
			v[i] = rng.Float32()*2 - 1
		}
	case 2, 16:
		fillOnes(unsafe.Slice((*int32)(p), n/4))
	case 4, 13:
		fillOnes(unsafe.Slice((*int64)(p), n/8))
	case 3, 9:
		v := unsafe.Slice((*byte)(p), n)
		for i := range v {
			v[i] = byte(rng.Uint32())
		}
	default:
		clear(unsafe.Slice((*byte)(p), n))
	}
	return status("input", s.fn.unlock(buffer))
}

func fillOnes[T int32 | int64](v []T) {
	for i := range v {
		v[i] = 1
	}
}
