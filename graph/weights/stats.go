package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// NearZero is the magnitude below which a real value counts as near zero.
const NearZero = 1e-9

// MaxDistinct is how many distinct values are counted before giving up.
const MaxDistinct = 65536

// Stats are the statistics of one constant. Where the payload cannot be had or
// decoded, Known is false and Reason says why; the counts that need no payload
// are still set.
type Stats struct {
	// SHA256 is the hash of the packed payload in 64 hex characters, "" without
	// a payload. Equal weights of equal dtype have equal hashes.
	SHA256 string
	// ElementCount is -1 where neither shape nor payload tells; ByteCount is
	// the packed payload's length, or what the file states, -1 if unknown.
	ElementCount, ByteCount int64
	// Known says that the figures below are set.
	Known  bool
	Reason string
	// ZeroFraction is the share of elements that stand for exactly 0 (for
	// quantised values: equal to the zero point); NearZeroFraction that of real
	// values with a magnitude below NearZero, zeros included.
	ZeroFraction, NearZeroFraction float64
	// DistinctValues is the number of different bit patterns, -1 above MaxDistinct.
	DistinctValues int64
	// NonFinite counts NaN and infinities; they are left out of the figures below.
	NonFinite int64
	// Min, Max, Mean and Std (of the population) are of the stored values,
	// without scale and zero point; 0 for an empty tensor.
	Min, Max, Mean, Std float64
}

// Measure returns the statistics of a tensor's constant. It reads every byte
// once or twice and allocates a bounded scratch buffer.
func Measure(t *graph.Tensor) Stats {
	s := Stats{ElementCount: -1, ByteCount: -1, DistinctValues: -1}
	if n, ok := t.Shape.Elements(); ok {
		s.ElementCount = n
	}
	if t.Const == nil {
		s.Reason = "no constant"
		return s
	}
	s.ByteCount = t.Const.StoredBytes
	data, err := t.Const.Bytes()
	switch {
	case err != nil:
		s.Reason = err.Error()
		return s
	case data == nil && s.ElementCount != 0:
		s.Reason = "no payload"
		return s
	}
	h := sha256.Sum256(data)
	s.SHA256, s.ByteCount = hex.EncodeToString(h[:]), int64(len(data))
	if reason := s.values(t, data); reason != "" {
		s.Reason = reason
		return s
	}
	s.Known = true
	return s
}

// values fills the figures that need decoded values.
func (s *Stats) values(t *graph.Tensor, data []byte) (reason string) {
	bits := int64(t.DType.Bits())
	if bits == 0 || t.DType == graph.Complex64 || t.DType == graph.Complex128 {
		return "no statistics of " + t.DType.String()
	}
	n := int64(len(data)) * 8 / bits
	if s.ElementCount >= 0 && t.Sparsity == nil {
		if n < s.ElementCount {
			return "the payload is shorter than the shape"
		}
		n = s.ElementCount
	}
	if s.ElementCount < 0 {
		s.ElementCount = n
	}
	a := newAccumulator(t)
	if err := a.add(t.DType, data, n); err != nil {
		return err.Error()
	}
	a.finish(s)
	return ""
}

// accumulator gathers counts over the blocks of one tensor.
type accumulator struct {
	n, zeros, near, nonFinite int64
	min, max, sum, squares    float64
	distinct                  int64 // -1 above MaxDistinct
	zeroPoint                 int64
	// nearWidth is the largest integer distance from the zero point that is
	// near zero: 0 for the usual scales.
	nearWidth int64
	quantised bool
}

func newAccumulator(t *graph.Tensor) *accumulator {
	a := &accumulator{min: math.Inf(1), max: math.Inf(-1)}
	q := t.Quant
	if q == nil || !t.DType.IsInteger() {
		return a
	}
	a.quantised = true
	if len(q.ZeroPoints) > 0 {
		a.zeroPoint = q.ZeroPoints[0]
	}
	if len(q.Scales) == 1 && q.Scales[0] > 0 {
		if w := NearZero / float64(q.Scales[0]); w < 1<<30 {
			a.nearWidth = int64(math.Ceil(w)) - 1
		}
	}
	return a
}

func (a *accumulator) finish(s *Stats) {
	s.DistinctValues, s.NonFinite = a.distinct, a.nonFinite
	if a.n > 0 {
		s.ZeroFraction = float64(a.zeros) / float64(a.n)
		s.NearZeroFraction = float64(a.near) / float64(a.n)
	}
	finite := float64(a.n - a.nonFinite)
	if finite == 0 {
		return
	}
	s.Min, s.Max, s.Mean = a.min, a.max, a.sum/finite
	if v := a.squares/finite - s.Mean*s.Mean; v > 0 {
		s.Std = math.Sqrt(v)
	}
}
