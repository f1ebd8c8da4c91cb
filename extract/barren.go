package extract

import (
	"hash/maphash"
	"sync"
)

// Apps share their libraries: the same dex and .so files come again and again. What
// was searched once without finding anything is not inflated and searched again.
const (
	// barrenSize is the compressed size in bytes from which looking up pays.
	barrenSize = 1 << 10
	// barrenMax bounds the memory of a long scan; beyond it nothing new is remembered.
	barrenMax = 1 << 20
)

// barrenKey stands for a compressed entry. The hash has a random seed, so that
// nobody can prepare content that is taken for another; by chance, two of a
// million entries agree in it, checksum and sizes with a probability below 10^-16.
type barrenKey struct {
	hash      uint64
	crc       uint32
	size      int64
	extension string
}

// barrenSet remembers entries that gave no rows.
type barrenSet struct {
	seed maphash.Seed
	mu   sync.Mutex
	keys map[barrenKey]struct{}
}

func (s *barrenSet) has(k barrenKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.keys[k]
	return ok
}

func (s *barrenSet) add(k barrenKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = map[barrenKey]struct{}{}
	}
	if len(s.keys) < barrenMax {
		s.keys[k] = struct{}{}
	}
}
