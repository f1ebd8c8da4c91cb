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
// net.part1, net.bin.001 and net.bin.002, net.aa and net.ab. a is the first of them.
// The row is that of the whole, at the path of the first piece; the others are its
// companions. It is nil unless a format accepts what they are together, which is not
// asked about more than one file may hold.
func (w *worker) joined(a *artifact) *Finding {
	stem, next := pieces(a.base())
	if next == nil || w.Depth != Full || a.files == nil || a.offset >= 0 || a.readErr != nil || len(a.data) == 0 {
		return nil
	}
	head := a.data[:min(len(a.data), format.MaxHead)]
	if len(w.match(stem, head, a.size, true)) == 0 {
		return nil
	}
	a.related = true // whether or not there are more pieces here
	names := a.files.list(a)
	if !slices.Contains(names, next(1)) {
		return nil
	}
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
	found := w.accept(&whole, model)
	for _, p := range parts {
		p.piece = true
		found.Companions = append(found.Companions, p.path)
		a.files.claim(a, p, found.Format)
	}
	return found
}

// pieces tells the name of a first piece: the name of the whole, and the names of
// the pieces that follow; next is nil for any other name.
func pieces(base string) (stem string, next func(k int) string) {
	digits := len(base) - len(strings.TrimRight(base, "0123456789"))
	if digits == 0 {
		if stem, ok := strings.CutSuffix(base, "aa"); ok && pieceEnd(stem) != "" {
			return pieceEnd(stem), func(k int) string {
				return stem + string(rune('a'+k/26%26)) + string(rune('a'+k%26))
			}
		}
		return "", nil
	}
	front, number := base[:len(base)-digits], base[len(base)-digits:]
	first, err := strconv.Atoi(number)
	stem = pieceEnd(front)
	if err != nil || first > 1 || stem == "" || digits > 5 {
		return "", nil
	}
	return stem, func(k int) string { return fmt.Sprintf("%s%0*d", front, digits, first+k) }
}

// pieceEnd returns the name before what marks a number as that of a piece, "" if
// nothing does.
func pieceEnd(front string) string {
	lower := strings.ToLower(front)
	for _, word := range []string{"part", "split", "chunk", "piece", "block"} {
		for _, link := range []string{"", "_", "-", "."} {
			if rest, ok := strings.CutSuffix(lower, word+link); ok {
				return strings.TrimRight(front[:len(rest)], "._-")
			}
		}
	}
	if rest, ok := strings.CutSuffix(front, "."); ok {
		return rest
	}
	return ""
}
