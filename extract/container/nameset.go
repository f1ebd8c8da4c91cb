package container

import "hash/maphash"

// nameSet tells names seen before from new ones. It keeps 32-bit fingerprints of
// a 64-bit hash by open addressing, which costs a tenth of a map of strings; a
// false "seen" needs two names with the same 64 bits of slot and fingerprint.
type nameSet struct {
	seed  maphash.Seed
	slots []uint64
	used  int
}

func newNameSet(n int) *nameSet {
	size := 64
	for size < 2*n && size < 1<<22 {
		size *= 2
	}
	return &nameSet{seed: maphash.MakeSeed(), slots: make([]uint64, size)}
}

// add reports whether name is new.
func (s *nameSet) add(name string) bool {
	if 4*s.used > 3*len(s.slots) {
		s.grow()
	}
	h := maphash.String(s.seed, name) | 1
	mask := uint64(len(s.slots) - 1)
	for i := h >> 1 & mask; ; i = (i + 1) & mask {
		switch s.slots[i] {
		case 0:
			s.slots[i] = h
			s.used++
			return true
		case h:
			return false
		}
	}
}

func (s *nameSet) grow() {
	old := s.slots
	s.slots = make([]uint64, 2*len(old))
	mask := uint64(len(s.slots) - 1)
	for _, h := range old {
		if h == 0 {
			continue
		}
		i := h >> 1 & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = h
	}
}
