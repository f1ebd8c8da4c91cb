package extract

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
)

// Bounds of one joined file: how many pieces, and how many bytes where the limits
// set none for one entry.
const (
	maxPieces = 1000
	maxJoined = 1 << 30
)

// joined reads a model that is cut into files whose names count: net.part0 and
// net.part1, net.bin.001 and net.bin.002, net.aa and net.ab, net_1of2 and net_2of2. a
// is the first of them. The row is that of the whole, at the path of the first piece;
// the others are its companions. It is nil unless a format accepts what they are
// together and reads into the last of them, which is not asked about more than one
// file may hold.
func (w *worker) joined(a *artifact) *Finding {
	if w.Depth != Full || a.files == nil || a.offset >= 0 || a.readErr != nil || len(a.data) == 0 {
		return nil
	}
	head := a.data[:min(len(a.data), format.MaxHead)]
	for _, p := range pieces(a.base()) {
		if len(w.match(p.stem, head, a.size, true)) == 0 {
			continue
		}
		a.related = true // whether or not there are more pieces here
		names := a.files.list(a)
		if !slices.Contains(names, p.next(1)) {
			continue
		}
		if f := w.join(a, names, p.next); f != nil {
			return f
		}
	}
	return nil
}

// join reads a and the pieces that follow it as one.
func (w *worker) join(a *artifact, names []string, next func(int) string) *Finding {
	data := slices.Clone(a.data)
	var parts []*part
	for k := 1; k < maxPieces && slices.Contains(names, next(k)); k++ {
		p, err := a.files.open(a, next(k))
		if err != nil || !a.job.spend(int64(len(p.data))) {
			return nil
		}
		if int64(len(data))+int64(len(p.data)) > cmp.Or(w.limits.Container.EntryBytes, maxJoined) {
			return a.finding(Limit, "the pieces together are larger than the limit of one file")
		}
		data, parts = append(data, p.data...), append(parts, p)
	}
	if len(parts) == 0 {
		return nil
	}
	whole := *a
	whole.data, whole.size = data, int64(len(data))
	whole.addNote(fmt.Sprintf("joined from %d pieces", 1+len(parts)))
	model, _ := w.identify(&whole)
	if model == nil {
		return nil
	}
	if status, _ := model.status(&whole); status != Parsed && status != Opaque {
		return nil
	}
	if n := model.model.Length; n > 0 && n <= int64(len(data)-len(parts[len(parts)-1].data)) {
		return nil // the last of them is something else
	}
	found := w.accept(&whole, model)
	for _, p := range parts {
		p.piece = true
		found.Companions = append(found.Companions, p.path)
		a.files.claim(a, p, found.Format)
	}
	return found
}

// piece is a way to read the name of a first piece: the name of the whole, as far as
// that can be told, and those of the pieces that follow.
type piece struct {
	stem string
	next func(k int) string
}

// pieces tells in which ways a name can be that of a first piece: one for each number
// 0 or 1 in it, the last first (net_1of4.bin, net-00001-of-00004, chunk0, 0_net.bin),
// or one for the letters aa at its end.
func pieces(base string) []piece {
	var ways []piece
	if stem, ok := strings.CutSuffix(base, "aa"); ok {
		ways = append(ways, piece{strings.TrimRight(pieceStem(stem), "._-"), func(k int) string {
			return stem + string(rune('a'+k/26%26)) + string(rune('a'+k%26))
		}})
	}
	for end := len(base); end > 0; end-- {
		from := end
		for from > 0 && base[from-1] >= '0' && base[from-1] <= '9' {
			from--
		}
		digits := end - from
		if digits == 0 {
			continue
		}
		front, behind := base[:from], base[end:]
		if first, err := strconv.Atoi(base[from:end]); err == nil && first <= 1 && digits <= 5 {
			ways = append(ways, piece{strings.TrimRight(pieceStem(front), "._-") + behind, func(k int) string {
				return fmt.Sprintf("%s%0*d%s", front, digits, first+k, behind)
			}})
		}
		end = from
	}
	return ways
}

// pieceStem returns the name before a word that marks a number as that of a piece, or
// the name as it is.
func pieceStem(front string) string {
	lower := strings.ToLower(front)
	for _, word := range []string{"part", "split", "chunk", "piece", "block"} {
		for _, link := range []string{"", "_", "-", "."} {
			if rest, ok := strings.CutSuffix(lower, word+link); ok {
				return front[:len(rest)]
			}
		}
	}
	return front
}
