package extract

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph/format"
)

// unityPiece is the size of the pieces that Unity cuts its files of assets and
// resources into when it builds a package for Android: all but the last have it.
const unityPiece = 1 << 20

// unitySplit examines the file that a is the first piece of, sharedassets0.assets.split0
// of .split1 and so on. Its rows stand at the path of the first piece, with offsets in
// the whole; the other pieces are parts of it if it holds anything.
func (w *worker) unitySplit(a *artifact) []*Finding {
	stem, ok := strings.CutSuffix(a.base(), ".split0")
	if !ok || w.Depth != Full || a.files == nil || a.offset >= 0 || a.readErr != nil || len(a.data) != unityPiece {
		return nil
	}
	a.related = true // whether or not there are more pieces here
	var parts []*part
	size := int64(unityPiece)
	for k := 1; ; k++ {
		p, err := a.files.open(a, fmt.Sprintf("%s.split%d", stem, k))
		if errors.Is(err, format.ErrNotFound) {
			break
		}
		if err != nil || len(parts) > 0 && len(parts[len(parts)-1].data) != unityPiece {
			return nil
		}
		parts = append(parts, p)
		if size += int64(len(p.data)); size > cmp.Or(w.limits.Container.EntryBytes, maxJoined) {
			return []*Finding{a.finding(Limit, "the pieces together are larger than the limit of one file")}
		}
	}
	if len(parts) == 0 || !a.job.spend(size) {
		return nil
	}
	whole := *a
	whole.data, whole.size = slices.Grow(slices.Clone(a.data), int(size)-len(a.data)), size
	for _, p := range parts {
		whole.data = append(whole.data, p.data...)
	}
	var rows []*Finding
	if kind := container.Detect(whole.data); kind != container.None {
		rows = w.nested(&whole, kind)
	} else {
		rows = w.search(&whole, 0)
	}
	for _, p := range parts {
		if len(rows) == 0 {
			break
		}
		p.piece = true
		a.files.claim(a, p, "")
	}
	return rows
}

// unityWhole is data, the content of the entry called name, with the pieces that follow
// it, if it is the first of a file that Unity cut up.
func unityWhole(a *container.Archive, name string, data []byte, d *container.Decoder) []byte {
	stem, ok := strings.CutSuffix(name, ".split0")
	if !ok || len(data) != unityPiece {
		return data
	}
	whole := slices.Clone(data)
	for k := 1; len(whole)%unityPiece == 0 && len(whole) < maxJoined; k++ {
		next := a.Lookup(fmt.Sprintf("%s.split%d", stem, k))
		if len(next) == 0 {
			break
		}
		c, err := d.Bytes(next[0], nil)
		if err != nil {
			break
		}
		whole = append(whole, c.Data...)
	}
	return whole
}
