package evidence

import (
	"hash/maphash"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/extract/container"
)

// maxMemo bounds the number of files whose evidence is remembered.
const maxMemo = 1 << 16

// memo remembers what was seen in files, by their stored bytes: apps of one
// corpus share most of their SDKs' code and libraries to the byte.
type memo struct {
	seed maphash.Seed
	mu   sync.Mutex
	seen map[memoKey]found
}

// memoKey stands for an entry by two hashes with a random seed: of its stored bytes and
// of what else its content depends on.
type memoKey struct{ content, rest uint64 }

// found is what one file gave, without its path: the same bytes stand elsewhere
// in another app.
type found struct {
	observations []Observation
	problems     []string
	named        []Observation
}

func (m *memo) get(k memoKey) (found, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.seen[k]
	return f, ok
}

func (m *memo) put(k memoKey, f found) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.seen) < maxMemo {
		m.seen[k] = f
	}
}

func (m *memo) key(e *container.Entry) memoKey {
	type rest struct {
		method           uint16
		size, compressed int64
	}
	return memoKey{
		content: maphash.Bytes(m.seed, e.Compressed()),
		rest:    maphash.Comparable(m.seed, rest{e.Method, e.Size, e.CompressedSize}),
	}
}

// once reads an entry with read, or takes over what the same bytes gave before.
func (w *reading) once(e *container.Entry, read func(file string, b []byte)) {
	key := w.r.memo.key(e)
	f, ok := w.r.memo.get(key)
	if !ok {
		outer, problems := w.best, w.report.Problems
		w.best, w.report.Problems = map[seenAs]*Observation{}, nil
		if b := w.content(e); len(b) > 0 {
			read(e.Name, b)
		}
		f = w.found(e.Name)
		w.best, w.report.Problems = outer, problems
		w.r.memo.put(key, f)
	}
	for _, o := range f.observations {
		o.Path = e.Name
		w.see(o)
	}
	w.absent(e.Name, f.named)
	for _, p := range f.problems {
		w.problem(e.Name + ": " + p)
	}
}

// found takes what the reading of one file gave.
func (w *reading) found(file string) (f found) {
	for _, o := range w.best {
		o.Path = ""
		f.observations = append(f.observations, *o)
	}
	for _, p := range w.report.Problems {
		f.problems = append(f.problems, strings.TrimPrefix(p, file+": "))
	}
	f.named, w.named = w.named, nil
	return f
}

// Note reads an entry of code whose content is at hand, so that Read of its archive
// need not decompress it again. It may be called by several goroutines.
func (r *Reader) Note(e *container.Entry, content []byte) {
	if len(content) == 0 || e.Size > r.limits.EntryBytes {
		return
	}
	w := &reading{r: r, report: &Report{}, best: map[seenAs]*Observation{}}
	read := w.codeOf(e.Name)
	if read == nil {
		return
	}
	key := r.memo.key(e)
	if _, ok := r.memo.get(key); !ok {
		read(e.Name, content)
		r.memo.put(key, w.found(e.Name))
	}
}
