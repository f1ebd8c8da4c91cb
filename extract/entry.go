package extract

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/graph/format"
)

const (
	// peekLen is what is read of every entry before deciding whether to read on.
	peekLen = firstLook
	// largeEntry is the size from which decompression counts against the memory limit.
	largeEntry = 1 << 20
	// keptBuffer is the largest buffer a worker keeps for its next entry.
	keptBuffer = 64 << 20
	// releaseSize is the size from which pages of a stored entry are given back.
	releaseSize = 256 << 10
)

// entry examines entry i of an archive and returns its rows.
func (w *worker) entry(files *archiveFiles, i, depth int) []*Finding {
	e := &files.archive.Entries[i]
	if e.Directory {
		return nil
	}
	a := &artifact{
		job: files.job, path: files.prefix + e.Name, offset: -1, note: e.Note,
		size: e.Size, compressed: e.CompressedSize, stored: e.Stored(),
		order: files.orderOf(i), files: files, depth: depth,
	}
	var rows []*Finding
	if failure := guard(func() { rows = w.readEntry(a, e) }); failure != "" {
		return []*Finding{a.finding(Malformed, failure)}
	}
	return rows
}

// readEntry returns the rows of an entry, from memory if it was seen before. A
// small compressed entry is looked up first, since even its first bytes cost
// decoding; others when they are more than an image.
func (w *worker) readEntry(a *artifact, e *container.Entry) []*Finding {
	named := w.names.kind(a.path)
	var keys seenKeys
	known := false
	if !e.Stored() && e.CompressedSize < seenLate {
		if keys, known = w.seen.keys(a, e, named); known {
			if rows, before := w.seen.find(keys, a); before {
				return rows
			}
		}
	}
	n, err := w.decoder.Peek(e, w.peek[:])
	rows, done := w.byHead(a, e, w.peek[:n], err, named)
	if !done {
		if !known && err == nil {
			if keys, known = w.seen.keys(a, e, named); known {
				if rows, before := w.seen.find(keys, a); before {
					return rows
				}
			}
		}
		if err == nil && n < peekLen {
			rows = w.readSmall(a, w.peek[:n])
		} else {
			rows = w.readWhole(a, e)
		}
	}
	if known && err == nil {
		w.seen.add(keys, a, rows, w.anyName(a, rows))
	}
	return rows
}

// byHead decides by the first bytes, and err from reading them, whether the entry
// is worth reading; done says that it is not, and rows is all there is to say.
func (w *worker) byHead(a *artifact, e *container.Entry, head []byte, err error, named nameKind) (rows []*Finding, done bool) {
	switch {
	case err != nil:
		return nil, false
	case named == plainName && skipSearch(head, e.Size):
		if e.Stored() {
			return w.behind(a, e.Compressed(), known(head)), true
		}
		// Packages seldom compress pictures: those whose end only reading tells are read.
		return nil, w.Depth != Full || !lookKnown(head).walked
	case w.Depth == Full || named == modelName || len(w.match(a.base(), head, e.Size, false)) > 0:
		return nil, false
	case named != plainName && w.scrambled(head, max(e.Size, int64(len(head)))):
		return nil, false // a sign of protection: worth a closer look
	}
	return w.unopened(a, head), true
}

// readSmall examines an entry that the first look has shown whole.
func (w *worker) readSmall(a *artifact, head []byte) []*Finding {
	w.room(a.depth)
	a.data = append(w.buffers[a.depth], head...)
	w.buffers[a.depth] = a.data[:0]
	a.size = int64(len(head))
	rows := w.examineEntry(a)
	if w.holds(a.job, rows) {
		w.buffers[a.depth] = nil
	}
	return rows
}

// unopened is the row of an archive that is not looked into at depth Peek.
func (w *worker) unopened(a *artifact, head []byte) []*Finding {
	kind := container.Sniff(head)
	if kind == container.None {
		return nil
	}
	f := a.finding(Limit, fmt.Sprintf("%s archive, not opened at depth peek", kind))
	f.Format = kind.String()
	return []*Finding{f}
}

// readWhole reads all of the entry and examines it.
func (w *worker) readWhole(a *artifact, e *container.Entry) []*Finding {
	if !e.Stored() {
		if weight := min(max(e.Size, e.CompressedSize), w.limits.MemoryBytes); weight >= largeEntry && a.depth == 0 {
			// Only the outermost level waits: nobody waits while holding memory.
			if err := w.memory.Acquire(context.Background(), weight); err == nil {
				defer w.memory.Release(weight)
			}
		}
	}
	w.room(a.depth)
	c, err := w.decoder.Bytes(e, w.buffers[a.depth])
	a.data, a.readErr = c.Data, err
	if c.Note != "" {
		a.addNote(c.Note)
	}
	if a.size < 0 || err == nil {
		a.size = int64(len(c.Data))
	}
	if !c.Shared {
		w.buffers[a.depth] = c.Data[:0]
		if !a.job.spend(c.Unpacked) {
			return []*Finding{a.finding(Limit, "the file's content expands beyond its limit")}
		}
	}
	rows := w.examineEntry(a)
	if len(rows) > 0 {
		noteCheck(rows, a, e)
	}
	if w.Content != nil && a.depth == 0 && err == nil && !c.Shared {
		guard(func() { w.Content(e, c.Data) })
	}
	switch {
	case !c.Shared && (w.holds(a.job, rows) || cap(c.Data) > keptBuffer):
		w.buffers[a.depth] = nil
	case c.Shared && a.depth == 0 && len(c.Data) >= releaseSize:
		a.job.data.Release(c.Data)
	}
	return rows
}

// holds reports whether something still refers to the content that gave rows.
func (w *worker) holds(j *job, rows []*Finding) bool {
	if j.abandoned.Load() {
		return true
	}
	for _, f := range rows {
		if f.state != nil && w.Digest == nil {
			return true
		}
	}
	return false
}

// noteCheck adds to the rows of a whole entry what its archive declares wrongly.
func noteCheck(rows []*Finding, a *artifact, e *container.Entry) {
	if a.readErr != nil {
		return
	}
	text := e.Check(a.data)
	if text == "" {
		return
	}
	for _, f := range rows {
		if f.Path == a.path && !strings.Contains(f.Reason, text) {
			if f.Reason != "" {
				f.Reason += "; "
			}
			f.Reason += text
		}
	}
}

// room makes sure that there is a buffer for the given depth.
func (w *worker) room(depth int) {
	for len(w.buffers) <= depth {
		w.buffers = append(w.buffers, nil)
	}
}

func (a *artifact) addNote(note string) {
	if a.note != "" {
		a.note += "; "
	}
	a.note += note
}

// examineEntry returns the rows of an entry: of a picture, of what stands behind it.
func (w *worker) examineEntry(a *artifact) []*Finding {
	if k := lookKnown(a.data); k != nil && k.walked && a.readErr == nil && w.names.kind(a.path) == plainName {
		return w.behind(a, a.data, k.name)
	}
	return w.examine(a)
}

// examine returns the rows of an artifact whose content has been read.
func (w *worker) examine(a *artifact) []*Finding {
	found, failed := w.identify(a)
	return w.conclude(a, found, failed)
}

// conclude looks for what identify did not: models behind the first one, archives,
// models inside, protection. It returns the rows in order of offset.
func (w *worker) conclude(a *artifact, found *recognised, failed *Finding) []*Finding {
	whole := false
	if found != nil {
		status, _ := found.status(a)
		whole = status == Parsed
	}
	if !whole {
		if f := w.joined(a); f != nil {
			return []*Finding{f}
		}
	}
	if found == nil {
		if rows := w.unitySplit(a); len(rows) > 0 {
			return rows
		}
	}
	if found != nil {
		return w.bundle(a, found)
	}
	var rows []*Finding
	if failed != nil {
		rows = append(rows, failed)
	}
	if failed == nil || w.Depth == Full {
		if kind := container.Detect(a.data); kind != container.None {
			rows = append(rows, w.nested(a, kind)...)
		} else if w.Depth == Full {
			rows = w.searchAll(a, failed)
			if end := contentEnd(a.data, known(a.data)); len(rows) == 0 && end > 0 && end < len(a.data) {
				rows = w.readAt(a, end)
			}
			if len(rows) == 0 {
				rows = w.behindHeader(a)
			}
			rows = append(rows, w.base64(a)...)
			if len(rows) == 0 {
				rows = w.streamBehind(a)
			}
		}
	}
	if len(rows) > 0 {
		return rows
	}
	return w.leftover(a)
}

// searchAll searches content from its first byte on: where a format was sure and could
// not read it (failed), perhaps only what follows the model was in the way.
func (w *worker) searchAll(a *artifact, failed *Finding) []*Finding {
	switch {
	case failed == nil:
		return w.search(a, 0)
	case failed.Status == Truncated: // reading on would only hide that
		return append([]*Finding{failed}, w.search(a, 1)...)
	}
	rows := w.search(a, 0)
	if len(rows) > 0 && rows[0].Offset == 0 {
		return rows
	}
	return append([]*Finding{failed}, rows...)
}

// paddingMax is how many bytes behind a model's end are taken for its own.
const paddingMax = 15

// bundle makes the row of a model, and searches behind one that ends before its file
// does. With more than padding there, the model is one piece of the file, so that it
// is the same as where nothing follows.
func (w *worker) bundle(a *artifact, first *recognised) []*Finding {
	first = w.fuller(a, first)
	length := first.model.Length
	if length <= 0 && container.Sniff(a.data[:min(len(a.data), container.SniffLen)]) == container.ZIP {
		if archive, err := container.Open(a.data, w.limits.Container); err == nil {
			length = int64(len(a.data)) - archive.Trailer
		}
	}
	if w.Depth != Full || length <= 0 || length >= int64(len(a.data)) {
		return []*Finding{w.accept(a, first)}
	}
	more := w.search(a, length)
	if len(more) > 0 || int64(len(a.data))-length > paddingMax {
		piece := w.pieceAt(a, 0, length)
		if m, files, err := w.parse(piece, first.format, 0, true); err == nil {
			return append([]*Finding{w.accept(piece, &recognised{first.format, m, files})}, more...)
		}
	}
	return append([]*Finding{w.accept(a, first)}, more...)
}

// fuller is what was read of a model, or, where something was lost, what is read when
// the file may go on behind the model: its weights may stand there.
func (w *worker) fuller(a *artifact, first *recognised) *recognised {
	if status, _ := first.status(a); status != Partial || w.Depth != Full || len(first.format.Embedded) == 0 || a.readErr != nil {
		return first
	}
	m, files, err := w.parse(a, first.format, 0, true)
	if err != nil {
		return first
	}
	again := &recognised{first.format, m, files}
	if status, _ := again.status(a); status != Parsed {
		return first
	}
	return again
}

// pieceAt is the artifact of length bytes from offset in a's file.
func (w *worker) pieceAt(a *artifact, offset, length int64) *artifact {
	piece := *a
	piece.data = a.data[offset : offset+length]
	piece.offset, piece.size, piece.readErr = offset, length, nil
	return &piece
}

// upTo is a with its data cut at length.
func (w *worker) upTo(a *artifact, length int64) *artifact {
	cut := *a
	cut.data = a.data[:length]
	return &cut
}

// nested examines the entries of an archive inside an archive or beside models.
func (w *worker) nested(a *artifact, kind container.Kind) []*Finding {
	switch {
	case w.Depth == Peek:
		return w.unopened(a, a.data[:min(len(a.data), container.SniffLen)])
	case a.depth >= w.limits.Nesting:
		f := a.measured(Limit, fmt.Sprintf("%s archive nested deeper than %d", kind, w.limits.Nesting))
		f.Format = kind.String()
		return []*Finding{f}
	}
	archive, err := container.Open(a.data, w.limits.Container)
	if err != nil {
		if rows := w.search(a, 0); len(rows) > 0 {
			return rows
		}
		f := a.measured(statusOf(err), err.Error())
		f.Format = kind.String()
		return []*Finding{f}
	}
	if kind.Single() && archive.Entries[0].Name == "" {
		archive.Entries[0].Name = strings.TrimSuffix(a.base(), path.Ext(a.base()))
	}
	files := &archiveFiles{job: a.job, archive: archive, prefix: a.path + "!/", order: a.order}
	var rows []*Finding
	between := archive.Between()
	if len(between) > 0 && between[0].From == 0 {
		rows = append(rows, w.search(w.upTo(a, between[0].To), 0)...)
		between = between[1:]
	}
	model := w.archiveModel(a, archive)
	if model != nil {
		rows = append(rows, model)
	}
	for i := range archive.Entries {
		if model != nil {
			break // they are its parts
		}
		if a.job.hasStopped() {
			break
		}
		rows = append(rows, w.entry(files, i, a.depth+1)...)
	}
	for _, s := range between {
		rows = append(rows, w.search(w.upTo(a, s.To), s.From)...)
	}
	if archive.Repaired && len(rows) == 0 {
		reason := cmp.Or(joinLines(archive.Warnings), "the listing had to be put together from a damaged directory")
		status := Malformed // not Partial: that is a model's
		if strings.Contains(reason, "truncated") {
			status = Truncated
		}
		f := a.measured(status, reason)
		f.Format = kind.String()
		rows = append(rows, f)
	}
	return rows
}

// Bounds of looking for a compressed stream behind a header: how long that is, and how
// often what looks like a stream is none.
const (
	maxHeader  = 4096
	maxStreams = 16
)

// streamBehind reads the models in a compressed stream behind a header of an app's own.
// Signatures of streams are short: one counts only if there is a model in it.
func (w *worker) streamBehind(a *artifact) []*Finding {
	if a.depth >= w.limits.Nesting || known(a.data) != "" {
		return nil
	}
	tries := 0
	for at := 1; at <= maxHeader && at+64 <= len(a.data) && tries < maxStreams; at++ {
		kind := container.SniffStream(a.data[at:])
		if kind == container.None {
			continue
		}
		tries++
		stream := *a
		stream.data = a.data[at:]
		rows := w.nested(&stream, kind)
		if slices.ContainsFunc(rows, func(f *Finding) bool { return f.Status.IsModel() }) {
			for _, f := range rows {
				f.Reason = strings.TrimPrefix(f.Reason+fmt.Sprintf("; in a %s stream at offset %d", kind, at), "; ")
			}
			return rows
		}
	}
	return nil
}

// behindHeader reads a model of a format without a signature behind a header of an
// app's own.
func (w *worker) behindHeader(a *artifact) []*Finding {
	if known(a.data) != "" {
		return nil
	}
	tries := 0
	for i := range w.Formats {
		f := &w.Formats[i]
		if !f.Headed {
			continue
		}
		for at := int64(1); at <= maxHeader && at+64 <= int64(len(a.data)) && tries < maxStreams; at++ {
			rest := a.data[at:]
			if f.Match(format.Head{Name: a.base(), Bytes: rest[:min(len(rest), format.MaxHead)], Size: int64(len(rest)), Trailing: true}) == format.No {
				continue
			}
			tries++
			m, files, err := w.parse(a, f, at, true)
			if err == nil && m.Length >= int64(len(rest))/2 && len(m.Graphs) > 0 && len(m.Graphs[0].Nodes) > 0 {
				piece := w.pieceAt(a, at, min(m.Length, int64(len(rest))))
				return []*Finding{w.accept(piece, &recognised{f, m, files})}
			}
		}
	}
	return nil
}

// archiveModel reads an archive that other content surrounds as the model that it
// would be on its own, such as PyTorch's, and returns its row, or nil.
func (w *worker) archiveModel(a *artifact, archive *container.Archive) *Finding {
	size := int64(len(a.data)) - archive.Prefix - archive.Trailer
	if archive.Prefix+archive.Trailer <= 0 || size <= 0 {
		return nil // as a whole, it was no model
	}
	piece := w.pieceAt(a, archive.Prefix, size)
	found, _ := w.identify(piece)
	if found == nil {
		return nil
	}
	return w.accept(piece, found)
}

// leftover is the row, if there is to be one, of content that is no model and
// holds none: protected, cut short, or only called like a model.
func (w *worker) leftover(a *artifact) []*Finding {
	named := w.names.kind(a.path)
	if a.readErr != nil {
		f := a.measured(statusOf(a.readErr), a.readErr.Error())
		if named == plainName && f.Status != Encrypted {
			f.Format = known(a.data)
		}
		return []*Finding{f}
	}
	what := known(a.data)
	if what == "" {
		if f := w.protection(a, named); f != nil {
			return []*Finding{f}
		}
	}
	loose := a.files != nil && a.depth == 0 && a.job.archive == nil
	if named == plainName && !loose || named == maybeName && what != "" && !loose {
		return nil
	}
	reason := "no format recognises the content"
	switch {
	case len(a.data) == 0:
		reason = "empty file"
	case what != "":
		reason = "content is " + what
	}
	f := a.measured(NotAModel, reason)
	f.Format = what
	return []*Finding{f}
}
