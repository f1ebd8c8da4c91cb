package extract

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// artifact is one file, or one piece of a file, that may be a model.
type artifact struct {
	job        *job
	path       string // as in Finding.Path
	data       []byte // all of it, or what could be read
	readErr    error  // why data is not all
	note       string // how it could be read all the same
	offset     int64  // of the candidate in the file, -1 for the whole
	size       int64  // of the whole file
	compressed int64
	stored     bool
	order      int     // of the archive's entry that it is in
	files      fileSet // its neighbours
	related    bool    // a parser looked at the neighbours
	depth      int     // how many archives it is in, below the first
}

func (a *artifact) base() string { return path.Base(a.path) }

// abandon leaves the bytes to a parser that did not return.
func (a *artifact) abandon() { a.job.abandoned.Store(true) }

// finding starts the row of the artifact.
func (a *artifact) finding(status Status, reason string) *Finding {
	f := &Finding{
		Path: a.path, Offset: a.offset, Size: a.size, CompressedSize: a.compressed, Stored: a.stored,
		Extension: extension(a.path), Status: status, Reason: reason, Entropy: -1, order: a.order,
	}
	if a.note != "" && f.Reason != "" {
		f.Reason += "; "
	}
	f.Reason += a.note
	return f
}

// measured is finding with hash and entropy of the bytes.
func (a *artifact) measured(status Status, reason string) *Finding {
	f := a.finding(status, reason)
	if len(a.data) > 0 || a.readErr == nil {
		f.SHA256, f.Entropy = hashOf(a.data), entropy(a.data)
	}
	return f
}

// candidate is a format that matched.
type candidate struct {
	format     *format.Format
	confidence format.Confidence
}

// firstLook is how many bytes formats see at first; only what looks like text, is
// called like a model or matched gets the whole head.
const firstLook = 512

// match asks every format about data, the beginning of a file of the given size,
// and returns those that may read it, the surest first.
func (w *worker) match(name string, data []byte, size int64, thorough bool) []candidate {
	head := format.Head{Name: name, Bytes: data[:min(len(data), firstLook)], Size: size}
	matches := w.ask(head)
	if len(data) > firstLook && (len(matches) > 0 || thorough || isText(head.Bytes)) {
		head.Bytes = data[:min(len(data), format.MaxHead)]
		matches = w.ask(head)
	}
	return matches
}

func (w *worker) ask(head format.Head) []candidate {
	var found []candidate
	for level := format.Certain; level > format.No; level-- {
		for i := range w.Formats {
			if level == format.Certain {
				w.answers[i] = w.Formats[i].Match(head)
			}
			if w.answers[i] == level {
				found = append(found, candidate{&w.Formats[i], level})
			}
		}
	}
	return found
}

// recognised is a model that was read and has no row yet.
type recognised struct {
	format *format.Format
	model  *graph.Model
	files  *companions
}

// identify tries to read the artifact as a model from its first byte. failed is the row
// of a format that was sure and could not read it.
func (w *worker) identify(a *artifact) (found *recognised, failed *Finding) {
	named := w.names.kind(a.path)
	thorough := named != plainName
	for _, c := range w.match(a.base(), a.data, a.size, thorough) {
		model, files, err := w.parse(a, c.format, 0, false)
		if err != nil && c.confidence == format.Certain && len(c.format.Embedded) > 0 && a.readErr == nil {
			// Perhaps only what follows the model is in the way.
			if m, fs, err2 := w.parse(a, c.format, 0, true); err2 == nil && m.Length > 0 {
				model, files, err = m, fs, nil
			}
		}
		if err == nil {
			return &recognised{c.format, model, files}, nil
		}
		status := statusOf(err)
		reported := c.confidence == format.Certain || c.confidence == format.Likely && named == modelName || errors.Is(err, format.ErrPart)
		if failed != nil || status == NotAModel || !reported {
			continue
		}
		if a.readErr != nil && status != Encrypted {
			status, err = statusOf(a.readErr), a.readErr
		}
		failed = a.measured(status, reasonOf(err))
		failed.Format = c.format.Name
	}
	return nil, failed
}

// reasonOf is the error without the path and format that the row has anyway.
func reasonOf(err error) string {
	var e *format.Error
	if errors.As(err, &e) {
		short := *e
		short.Path, short.Format = "", ""
		return short.Error()
	}
	return err.Error()
}

// status says how well a model was read from a, and why no better.
func (r *recognised) status(a *artifact) (Status, string) {
	status, reason := modelStatus(r.model)
	if a.readErr != nil && status == Parsed {
		status, reason = Partial, a.readErr.Error()
	}
	return status, reason
}

// accept makes the row of a model and has it digested if it is the first of its kind.
func (w *worker) accept(a *artifact, r *recognised) *Finding {
	status, reason := r.status(a)
	row := a.measured(status, reason)
	row.Format = r.format.Name
	row.ModelID = row.SHA256
	if parts := r.files.used(r.model); len(parts) > 0 {
		h := sha256.New()
		h.Write(a.data)
		for _, p := range parts {
			h.Write(p.data)
			row.Companions = append(row.Companions, p.path)
			a.files.claim(a, p, row.Format)
		}
		row.ModelID = hex.EncodeToString(h.Sum(nil))
	}
	state, first := w.models.claim(row.ModelID)
	row.state = state
	if first {
		w.digest(row, r.model, state)
	}
	return row
}

// digest fills in the state of a model met for the first time.
func (w *worker) digest(row *Finding, m *graph.Model, state *modelState) {
	defer close(state.done)
	if w.Digest == nil {
		state.model = m
		return
	}
	state.failure = guard(func() { state.digest = w.Digest(row, m) })
}

// extension returns the lower-case extension of a path without the dot.
func extension(p string) string {
	return strings.ToLower(strings.TrimPrefix(path.Ext(path.Base(p)), "."))
}
