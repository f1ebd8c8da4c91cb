package extract

import (
	"hash/maphash"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/extract/container"
)

// Apps share their files: the same libraries and models come again and again. What
// was looked at once is not decompressed, hashed, parsed and searched again; its
// rows are taken over with the new path.
const (
	// seenSize is the compressed size in bytes from which looking up pays.
	seenSize = 1 << 10
	// seenMax bounds the memory of a long scan; beyond it nothing new is remembered.
	seenMax = 1 << 20
)

// seenKey stands for an entry and everything else that its rows depend on. The hash
// has a random seed, so that nobody can prepare content that is taken for another;
// by chance, two of a million entries agree in hash, checksum and sizes with a
// probability below 10^-16.
type seenKey struct {
	hash             uint64
	crc              uint32
	method           uint16
	size, compressed int64
	extension        string
	named            nameKind
	word             bool
	depth            int
}

// seenSet remembers the rows of entries.
type seenSet struct {
	seed maphash.Seed
	mu   sync.Mutex
	rows map[seenKey][]*Finding
}

// key returns the key of an entry; ok is false when it is not worth remembering or
// cannot be.
func (s *seenSet) key(a *artifact, e *container.Entry, named nameKind) (k seenKey, ok bool) {
	if e.CompressedSize < seenSize || a.note != "" || e.Encrypted {
		return seenKey{}, false
	}
	raw := e.Compressed()
	if raw == nil {
		return seenKey{}, false
	}
	return seenKey{
		hash: maphash.Bytes(s.seed, raw), crc: e.CRC32, method: e.Method, size: e.Size, compressed: e.CompressedSize,
		extension: extension(a.path), named: named, word: hasWord(a.path), depth: a.depth,
	}, true
}

// find returns the rows of an entry seen before, made out to a.
func (s *seenSet) find(k seenKey, a *artifact) ([]*Finding, bool) {
	s.mu.Lock()
	templates, ok := s.rows[k]
	s.mu.Unlock()
	if !ok {
		return nil, false
	}
	var rows []*Finding
	for _, t := range templates {
		f := *t
		f.Path, f.order = a.path+t.Path, a.order
		rows = append(rows, &f)
	}
	return rows, true
}

// add remembers the rows of a, unless they depend on its neighbours.
func (s *seenSet) add(k seenKey, a *artifact, rows []*Finding) {
	if a.readErr != nil || a.note != "" || a.related {
		return
	}
	var templates []*Finding
	for _, f := range rows {
		if len(f.Companions) > 0 || f.Status == PartOf || f.Status == Limit || !strings.HasPrefix(f.Path, a.path) {
			return
		}
		t := *f
		t.Path = strings.TrimPrefix(f.Path, a.path)
		templates = append(templates, &t)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rows == nil {
		s.rows = map[seenKey][]*Finding{}
	}
	if len(s.rows) < seenMax {
		s.rows[k] = templates
	}
}
