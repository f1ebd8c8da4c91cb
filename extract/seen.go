package extract

import (
	"hash/maphash"
	"path"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Apps share their files: the same libraries, resources and models come again and
// again. What was looked at once is not decompressed, hashed, parsed and searched
// again; its rows are taken over with the new path.
const (
	// seenSize is the compressed size in bytes from which looking up pays.
	seenSize = 96
	// seenLate is the size from which hashing costs more than the first bytes, which
	// show most entries of that size to be no models.
	seenLate = 64 << 10
	// seenGeneration bounds memory: of older entries, only the last generation of
	// this many is remembered, and those met again since.
	seenGeneration = 1 << 16
)

// seenKey stands for an entry and everything else that its rows depend on: two
// hashes with a random seed, so that nobody can prepare content that is taken for
// another; by chance, two of a million entries agree with a probability below 10^-16.
type seenKey struct{ content, rest uint64 }

// seenKeys are the keys of one entry: a model that its first bytes give away is
// found whatever it is called, other rows may go by the name and by where it is.
type seenKeys struct{ model, named seenKey }

// seenRest is what rows depend on beside the compressed bytes.
type seenRest struct {
	crc              uint32
	method           uint16
	size, compressed int64
	named            nameKind
	name             string
	depth            int
}

// seenSet remembers the rows of entries.
type seenSet struct {
	seed       maphash.Seed
	mu         sync.Mutex
	young, old map[seenKey][]*Finding
}

// keys returns the keys of an entry; ok is false when it is not worth remembering
// or cannot be.
func (s *seenSet) keys(a *artifact, e *container.Entry, named nameKind) (k seenKeys, ok bool) {
	if e.CompressedSize < seenSize || a.note != "" || e.Encrypted {
		return seenKeys{}, false
	}
	raw := e.Compressed()
	if raw == nil {
		return seenKeys{}, false
	}
	rest := seenRest{crc: e.CRC32, method: e.Method, size: e.Size, compressed: e.CompressedSize}
	k.model.content = maphash.Bytes(s.seed, raw)
	k.model.rest = maphash.Comparable(s.seed, rest)
	rest.named, rest.depth, rest.name = named, a.depth, path.Base(a.path)
	if named == modelName {
		rest.name = extension(a.path) // no row goes by more of such a name
	}
	k.named = seenKey{content: k.model.content, rest: maphash.Comparable(s.seed, rest)}
	return k, true
}

// find returns the rows of an entry seen before, made out to a.
func (s *seenSet) find(keys seenKeys, a *artifact) ([]*Finding, bool) {
	s.mu.Lock()
	templates, ok := s.get(keys.named)
	if !ok {
		templates, ok = s.get(keys.model)
	}
	s.mu.Unlock()
	var rows []*Finding
	for _, t := range templates {
		f := *t
		f.Path, f.order = a.path+t.Path, a.order
		if t.Path == "" {
			f.Extension = extension(a.path)
		}
		rows = append(rows, &f)
	}
	return rows, ok
}

// get looks a key up and keeps what it finds from being forgotten.
func (s *seenSet) get(k seenKey) ([]*Finding, bool) {
	templates, ok := s.young[k]
	if !ok {
		if templates, ok = s.old[k]; ok {
			s.keep(k, templates)
		}
	}
	return templates, ok
}

// add remembers the rows of a, unless they depend on its neighbours; plain says
// that they would be the same under any name.
func (s *seenSet) add(keys seenKeys, a *artifact, rows []*Finding, plain bool) {
	if a.readErr != nil || a.note != "" || a.related {
		return
	}
	k := keys.named
	if plain {
		k = keys.model
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

// anyName reports whether the name of a, whose content has been read, had no say in
// its rows: the beginning alone made a format read it, and it is a model.
func (w *worker) anyName(a *artifact, rows []*Finding) bool {
	for i, f := range rows {
		if !f.Status.IsModel() || f.Path != a.path || i == 0 && f.Offset > 0 {
			return false
		}
	}
	head := a.data[:min(len(a.data), firstLook)]
	return len(rows) > 0 && len(w.ask(format.Head{Name: a.base(), Bytes: head, Size: a.size})) > 0
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
