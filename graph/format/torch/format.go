package torch

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/pickle"
)

const name = "pytorch"

// Format is PyTorch's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "PyTorch (TorchScript, mobile, state dicts)",
	Extensions: []string{"pt", "pth", "ptl", "bin", "pkl"},
	Magic:      "zip with data.pkl, constants.pkl, code/ or bytecode.pkl, or that begins with data/0; or pickle 80 02 8A 0A 6C FC 9C 46 F9 20 6A A8 50 19",
	Container:  "zip of pickles, raw storages and code; pickles",
	Reads:      "Tensors of all of them; operators of TorchScript and mobile archives from their code.",
	ReadsNot:   "Input shapes (not in the files), mobile FlatBuffers (PTMF), TAR files of 0.1.1, optimiser states.",
	Match:      match,
	Parse:      Parse,
	Embedded:   []format.Signature{{Bytes: legacyMagic}},
}

// legacyMagic is the first pickle of the form before 1.6.
var legacyMagic = []byte{0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e}

func match(h format.Head) format.Confidence {
	switch {
	case bytes.HasPrefix(h.Bytes, legacyMagic):
		return format.Certain
	case bytes.HasPrefix(h.Bytes, []byte("PK\x03\x04")):
		for _, s := range []string{"/data.pkl", "/constants.pkl", "/bytecode.pkl", "/code/__torch__"} {
			if bytes.Contains(h.Bytes, []byte(s)) {
				return format.Likely
			}
		}
		return storageFirst(h.Bytes)
	}
	return format.No
}

// storageFirst knows archives that newer writers begin with the weights, so
// that the pickles lie behind what is seen here: their first entry is storage 0.
func storageFirst(b []byte) format.Confidence {
	const fixed = 30 // length of a local header before the name
	if len(b) < fixed {
		return format.No
	}
	n := int(binary.LittleEndian.Uint16(b[26:]))
	if n > len(b)-fixed {
		return format.No
	}
	name := string(b[fixed : fixed+n])
	if folder, ok := strings.CutSuffix(name, "data/0"); ok && strings.Count(folder, "/") <= 1 && (folder == "" || strings.HasSuffix(folder, "/")) {
		return format.Likely
	}
	return format.No
}

// Parse reads any of the forms.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	switch {
	case bytes.HasPrefix(in.Data, legacyMagic):
		return legacy(in.Data, lim)
	case bytes.HasPrefix(in.Data, []byte("PK\x03\x04")):
		a, err := openArchive(in.Data, lim)
		if err != nil {
			return nil, err
		}
		return a.model()
	}
	return nil, format.Errorf(format.ErrNotModel, 0, "neither an archive nor a pickle of PyTorch")
}

// archive is the entries of a zip below its one folder.
type archive struct {
	data    []byte
	lim     format.Limits
	entries map[string]*zip.File
	names   []string
}

func openArchive(data []byte, lim format.Limits) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, format.Errorf(format.ErrTruncated, -1, "zip: %v", err)
	}
	a := &archive{data: data, lim: lim, entries: map[string]*zip.File{}}
	prefix := ""
	for _, f := range z.File {
		if p, ok := strings.CutSuffix(f.Name, "data.pkl"); ok && (p == "" || strings.HasSuffix(p, "/")) && strings.Count(p, "/") <= 1 {
			prefix = p
		}
	}
	for _, f := range z.File {
		if n, ok := strings.CutPrefix(f.Name, prefix); ok {
			a.entries[n] = f
			a.names = append(a.names, n)
		}
	}
	if a.entries["data.pkl"] == nil {
		return nil, format.Errorf(format.ErrNotModel, -1, "zip without data.pkl")
	}
	return a, nil
}

// read returns an entry: a view where it is stored, inflated within the limit
// otherwise; nil where there is none.
func (a *archive) read(name string) ([]byte, error) {
	f := a.entries[name]
	if f == nil {
		return nil, nil
	}
	if f.Method == zip.Store {
		at, err := f.DataOffset()
		if err != nil || at < 0 || at > int64(len(a.data)) || f.UncompressedSize64 > uint64(int64(len(a.data))-at) {
			return nil, format.Errorf(format.ErrTruncated, at, "entry %q", clip(name))
		}
		return a.data[at : at+int64(f.UncompressedSize64) : at+int64(f.UncompressedSize64)], nil
	}
	if f.UncompressedSize64 > uint64(a.lim.DecodedBytes) {
		return nil, format.Errorf(format.ErrLimit, -1, "entry %q of %d bytes", clip(name), f.UncompressedSize64)
	}
	r, err := f.Open()
	if err != nil {
		return nil, format.Errorf(format.ErrMalformed, -1, "entry %q: %v", clip(name), err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, a.lim.DecodedBytes))
	if err != nil {
		return nil, format.Errorf(format.ErrTruncated, -1, "entry %q: %v", clip(name), err)
	}
	return b, nil
}

// load reads an entry that is a pickle.
func (a *archive) load(name string) (pickle.Value, error) {
	b, err := a.read(name)
	if err != nil || b == nil {
		return nil, err
	}
	v, _, err := pickle.Load(b, pickle.Limits{Text: a.lim.TextBytes})
	if err != nil {
		return nil, pickleError(err, name)
	}
	return v, nil
}

func pickleError(err error, where string) error {
	var e *pickle.Error
	if !errors.As(err, &e) {
		return format.Errorf(format.ErrMalformed, -1, "%s: %v", where, err)
	}
	kind := format.ErrMalformed
	switch {
	case e.Truncated:
		kind = format.ErrTruncated
	case e.Limit:
		kind = format.ErrLimit
	}
	return format.Errorf(kind, e.Offset, "%s: %s", where, e.Msg)
}

func (a *archive) model() (*graph.Model, error) {
	root, err := a.load("data.pkl")
	if err != nil {
		return nil, err
	}
	m := &graph.Model{Format: name, FormatVersion: "state dict"}
	b := newBuilder(a.lim, func(key string) ([]byte, error) {
		for _, folder := range []string{"data/", "constants/", ""} {
			if d, err := a.read(folder + key); d != nil || err != nil {
				return d, err
			}
		}
		return nil, nil
	})
	if v, _ := a.read("version"); len(v) > 0 && len(v) < 16 {
		m.Producer = "torch archive " + strings.TrimSpace(string(v))
	}
	b.walk(root, "", 0)
	if b.err != nil {
		return nil, b.err
	}
	script := a.entries["constants.pkl"] != nil || a.entries["bytecode.pkl"] != nil
	for _, n := range a.names {
		script = script || strings.HasPrefix(n, "code/")
	}
	if !script {
		if len(b.g.Tensors) == 0 {
			return nil, format.Errorf(format.ErrNotModel, -1, "saved object without tensors")
		}
		return finish(m, b), nil
	}
	m.FormatVersion = "TorchScript"
	if a.entries["bytecode.pkl"] != nil {
		m.FormatVersion = "mobile"
	}
	if err := b.script(a, root); err != nil {
		return nil, err
	}
	m.Graphs = []*graph.Graph{b.g}
	m.Notes = append(m.Notes, b.notes...)
	m.Notes = append(m.Notes, graph.Note{Text: "the file states no input shapes"})
	return m, nil
}

// finish makes a model of tensors alone.
func finish(m *graph.Model, b *builder) *graph.Model {
	m.Graphs = []*graph.Graph{b.g}
	m.Notes = append(m.Notes, graph.Note{Loses: true, Text: "tensors only: the file has no operators"})
	m.Notes = append(m.Notes, b.notes...)
	return m
}

// legacy reads the form before 1.6: magic, version, system and the object, each
// a pickle, then the keys of the storages and the storages with their sizes.
func legacy(data []byte, lim format.Limits) (*graph.Model, error) {
	pos := 0
	var values [5]pickle.Value
	for i := range values {
		v, n, err := pickle.Load(data[pos:], pickle.Limits{Text: lim.TextBytes})
		if err != nil {
			return nil, pickleError(err, "pickle of the file")
		}
		values[i] = v
		pos += n
	}
	keys, ok := values[4].(*pickle.List)
	if !ok {
		return nil, format.Errorf(format.ErrMalformed, int64(pos), "no list of storages")
	}
	widths := map[string]int64{}
	b := newBuilder(lim, nil)
	b.widths = widths
	b.walk(values[3], "", 0) // once to learn the types of the storages
	storages := map[string][]byte{}
	for _, k := range keys.Items {
		key, ok := k.(string)
		if !ok || len(data)-pos < 8 {
			return nil, format.Errorf(format.ErrTruncated, int64(pos), "storage %v", k)
		}
		n := binary.LittleEndian.Uint64(data[pos:])
		pos += 8
		w := widths[key]
		if w == 0 {
			w = 4
		}
		if n > uint64(len(data)-pos)/uint64(w) {
			return nil, format.Errorf(format.ErrTruncated, int64(pos), "storage %q of %d elements", clip(key), n)
		}
		size := int(n) * int(w)
		storages[key] = data[pos : pos+size : pos+size]
		pos += size
	}
	b = newBuilder(lim, func(key string) ([]byte, error) { return storages[key], nil })
	b.walk(values[3], "", 0)
	if b.err != nil {
		return nil, b.err
	}
	if len(b.g.Tensors) == 0 {
		return nil, format.Errorf(format.ErrNotModel, -1, "saved object without tensors")
	}
	return finish(&graph.Model{Format: name, FormatVersion: "before 1.6", Length: int64(pos)}, b), nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
