package extract

import (
	"hash/maphash"
	"path"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/extract/container"
)

// Apps share their files: the same libraries, resources and models come again and
// again. What was looked at once is not decompressed, hashed, parsed and searched
// again; its rows are taken over with the new path.
const (
	// seenSize is the compressed size in bytes from which looking up pays.
	seenSize = 96
	// seenGeneration bounds memory: of older entries, only the last generation of
	// this many is remembered, and those met again since.
	seenGeneration = 1 << 16
)

// seenKey stands for an entry and everything else that its rows depend on: two
// hashes with a random seed, so that nobody can prepare content that is taken for
// another; by chance, two of a million entries agree with a probability below 10^-16.
type seenKey struct{ content, rest uint64 }

// seenRest is what rows depend on beside the compressed bytes. Where the name does
// not say "model", a format may go by all of it.
type seenRest struct {
	crc              uint32
	method           uint16
	size, compressed int64
	name             string
	named            nameKind
	depth            int
}

// seenSet remembers the rows of entries.
type seenSet struct {
	seed       maphash.Seed
	mu         sync.Mutex
	young, old map[seenKey][]*Finding
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
	rest := seenRest{
		crc: e.CRC32, method: e.Method, size: e.Size, compressed: e.CompressedSize,
		name: path.Base(a.path), named: named, depth: a.depth,
	}
	if named == modelName {
		rest.name = extension(a.path)
	}
	return seenKey{content: maphash.Bytes(s.seed, raw), rest: maphash.Comparable(s.seed, rest)}, true
}

// find returns the rows of an entry seen before, made out to a.
func (s *seenSet) find(k seenKey, a *artifact) ([]*Finding, bool) {
	s.mu.Lock()
	templates, ok := s.young[k]
	if !ok {
		if templates, ok = s.old[k]; ok {
			s.keep(k, templates)
		}
	}
	s.mu.Unlock()
	var rows []*Finding
	for _, t := range templates {
		f := *t
		f.Path, f.order = a.path+t.Path, a.order
		rows = append(rows, &f)
	}
	return rows, ok
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
	s.keep(k, templates)
}

// keep puts rows into the young generation, and starts a new one when it is full.
func (s *seenSet) keep(k seenKey, templates []*Finding) {
	if len(s.young) >= seenGeneration {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = map[seenKey][]*Finding{}
	}
	s.young[k] = templates
}
