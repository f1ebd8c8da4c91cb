package weights

import (
	"encoding/binary"
	"math/bits"
	"sync"
)

// maxSlots is the size of the largest set: at most half of it is filled.
const maxSlots = 2 * MaxDistinct

// set holds up to MaxDistinct bit patterns by open addressing. It is as large as the
// elements to come ask for, so that it never grows and short tensors stay in the cache.
type set[T uint32 | uint64] struct {
	slots []T // 0 marks a free one
	shift int
	used  int
	zero  bool
	over  bool
	whole *[maxSlots]T
	pool  *sync.Pool
}

var (
	slots32 = sync.Pool{New: func() any { return new([maxSlots]uint32) }}
	slots64 = sync.Pool{New: func() any { return new([maxSlots]uint64) }}
)

// newSet returns an empty set for the patterns of n elements. free gives its memory back.
func newSet[T uint32 | uint64](pool *sync.Pool, n int64) *set[T] {
	size := 1 << bits.Len64(uint64(2*min(max(n, 1), MaxDistinct)-1))
	s := &set[T]{whole: pool.Get().(*[maxSlots]T), pool: pool, shift: 64 - bits.TrailingZeros(uint(size))}
	s.slots = s.whole[:size]
	clear(s.slots)
	return s
}

func (s *set[T]) free() { s.pool.Put(s.whole) }

// add adds patterns until there are more than MaxDistinct.
func (s *set[T]) add(patterns ...T) {
	if s.over {
		return
	}
	slots, shift := s.slots, s.shift
	mask := uint64(len(slots) - 1)
next:
	for _, u := range patterns {
		if u == 0 {
			s.zero = true
			continue
		}
		// Multiplicative hashing (Knuth, TAOCP 6.4).
		i := uint64(u) * 0x9e3779b97f4a7c15 >> shift & mask
		for slots[i] != u {
			if slots[i] == 0 {
				slots[i] = u
				if s.used++; s.used > MaxDistinct {
					s.over = true
					return
				}
				continue next
			}
			i = (i + 1) & mask
		}
	}
}

// count returns the number of patterns, -1 above MaxDistinct.
func (s *set[T]) count() int64 {
	n := int64(s.used)
	if s.zero {
		n++
	}
	if s.over || n > MaxDistinct {
		return -1
	}
	return n
}

// sketch is a set of hashes of 32-bit patterns: it holds no more of them than there
// are patterns.
type sketch [1 << 21 / 64]uint64

var sketches = sync.Pool{New: func() any { return new(sketch) }}

// manyDistinct reports whether data certainly has more than MaxDistinct patterns of
// 32 bits, at a fraction of what counting them costs; false leaves it open.
func manyDistinct(data []byte) bool {
	set := sketches.Get().(*sketch)
	defer sketches.Put(set)
	clear(set[:])
	used := uint64(0)
	for ; len(data) >= 4; data = data[4:] {
		h := binary.LittleEndian.Uint32(data) * 0x9e3779b1 >> 11
		word, bit := &set[h>>6], uint64(1)<<(h&63)
		used += (*word&bit ^ bit) >> (h & 63)
		*word |= bit
	}
	return used > MaxDistinct
}

// set16 holds patterns of 16 bits.
type set16 [1 << 16 / 64]uint64

// add adds a pattern and returns 1 if it is new, else 0.
func (s *set16) add(u uint16) int64 {
	word, bit := &s[u>>6], u&63
	isNew := ^*word >> bit & 1
	*word |= 1 << bit
	return int64(isNew)
}
