package extract

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph/format"
)

// matcher finds the signatures of all formats in one pass over the bytes. Every
// signature of three bytes or more covers one pair of bytes at an even offset,
// whichever way it is aligned; of the pairs that would do, the rarest is in the set
// for each way, and only pairs in the set are looked at closer.
type matcher struct {
	pairs      [1 << 16 / 64]uint64 // set of byte pairs, as little-endian words
	byPair     map[uint16][]pairHit
	signatures int
}

// pairHit is a signature whose bytes at delta, delta+1 are the pair.
type pairHit struct {
	format    int // index into Formats
	signature format.Signature
	delta     int
}

func newMatcher(formats []format.Format) *matcher {
	m := &matcher{byPair: map[uint16][]pairHit{}}
	for i := range formats {
		for _, s := range formats[i].Embedded {
			if len(s.Bytes) < 3 || s.Offset < 0 {
				continue // cannot be found this way
			}
			m.signatures++
			for parity := range 2 {
				delta := rarestPair(s.Bytes, parity)
				pair := binary.LittleEndian.Uint16(s.Bytes[delta:])
				m.pairs[pair>>6] |= 1 << (pair & 63)
				m.byPair[pair] = append(m.byPair[pair], pairHit{format: i, signature: s, delta: delta})
			}
		}
	}
	return m
}

// rarestPair returns the offset of the pair of bytes in s, at an even distance from
// parity, that is the least likely to stand in other content.
func rarestPair(s []byte, parity int) int {
	best := parity
	for d := parity + 2; d+2 <= len(s); d += 2 {
		if commonness(s[d])*commonness(s[d+1]) < commonness(s[best])*commonness(s[best+1]) {
			best = d
		}
	}
	return best
}

// commonness is roughly how often a byte stands in the files of apps: only the order
// counts.
func commonness(c byte) int {
	switch {
	case c == 0:
		return 40
	case c == 0xFF:
		return 12
	case c < 8:
		return 8
	case c == ' ', 'a' <= c && c <= 'z':
		return 5
	case '0' <= c && c <= '9', 'A' <= c && c <= 'Z':
		return 3
	}
	return 2
}

// hit is a place where a model of a format may start.
type hit struct {
	format int
	start  int64
}

// next returns the first hit whose signature's pair is at or behind pos, and where
// to go on after it; ok is false at the end.
func (m *matcher) next(data []byte, pos int, hits []hit) (found []hit, after int) {
	pos &^= 1
	for ; pos+8 <= len(data); pos += 8 {
		v := binary.LittleEndian.Uint64(data[pos:])
		a, b, c, d := uint16(v), uint16(v>>16), uint16(v>>32), uint16(v>>48)
		if (m.pairs[a>>6]>>(a&63)|m.pairs[b>>6]>>(b&63)|m.pairs[c>>6]>>(c&63)|m.pairs[d>>6]>>(d&63))&1 == 0 {
			continue
		}
		for i := pos; i < pos+8; i += 2 {
			hits = m.at(data, i, hits)
		}
		if len(hits) > 0 {
			return hits, pos + 8
		}
	}
	for ; pos+2 <= len(data); pos += 2 {
		hits = m.at(data, pos, hits)
	}
	return hits, len(data)
}

// at appends the signatures that stand around the pair at pos.
func (m *matcher) at(data []byte, pos int, hits []hit) []hit {
	pair := binary.LittleEndian.Uint16(data[pos:])
	if m.pairs[pair>>6]>>(pair&63)&1 == 0 {
		return hits
	}
	for _, h := range m.byPair[pair] {
		at := pos - h.delta
		end := at + len(h.signature.Bytes)
		if at < 0 || end > len(data) || string(data[at:end]) != string(h.signature.Bytes) {
			continue
		}
		if start := int64(at) - h.signature.Offset; start >= 0 {
			hits = append(hits, hit{format: h.format, start: start})
		}
	}
	return hits
}

// maxEmbedded bounds the models found in one file.
const maxEmbedded = 10_000

// search looks for models at any offset of the artifact's data from offset from
// on. Each hit is confirmed by the format's own parser, which also says where the
// model ends.
func (w *worker) search(a *artifact, from int64) []*Finding {
	if w.Depth != Full || w.matcher.signatures == 0 || from >= int64(len(a.data)) {
		return nil
	}
	var (
		rows []*Finding
		hits []hit
	)
	end := from // of the last model found
	for pos := int(from); pos < len(a.data) && len(rows) < maxEmbedded; {
		hits, pos = w.matcher.next(a.data, pos, hits[:0])
		for _, h := range hits {
			if h.start < end {
				continue
			}
			if f := w.embedded(a, h); f != nil {
				rows = append(rows, f)
				end = h.start + f.Size
				pos = max(pos, int(min(end, int64(len(a.data)))))
			}
		}
	}
	return rows
}

// embedded tries to read a model at a hit.
func (w *worker) embedded(a *artifact, h hit) *Finding {
	f := &w.Formats[h.format]
	rest := a.data[h.start:]
	head := format.Head{Name: a.base(), Bytes: rest[:min(len(rest), format.MaxHead)], Size: int64(len(rest)), Trailing: true}
	if f.Match(head) < format.Likely {
		return nil
	}
	m, files, err := w.parse(a, f, h.start, true)
	if err != nil {
		return nil
	}
	length, ended := m.Length, true
	if length <= 0 || length > int64(len(rest)) {
		length, ended = int64(len(rest)), false
	}
	piece := w.pieceAt(a, h.start, length)
	row := w.accept(piece, &recognised{f, m, files})
	if !ended && row.Reason == "" {
		row.Reason = "the format does not say where the model ends"
	}
	return row
}
