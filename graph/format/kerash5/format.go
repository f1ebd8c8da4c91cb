package kerash5

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/hdf5"
	"github.com/gaugenn/gaugenn/graph/format/internal/tfjs"
)

const name = "keras"

// Format is Keras' entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Keras (HDF5, .keras, TensorFlow.js layers)",
	Extensions: []string{"h5", "hdf5", "hd5", "keras", "model", "json"},
	Magic:      "HDF5 signature 89 48 44 46 0D 0A 1A 0A with attribute model_config; zip with config.json, metadata.json, model.weights.h5; TensorFlow.js: JSON with modelTopology of layers",
	Container:  "HDF5; zip with JSON and HDF5; JSON with shards",
	Reads:      "Layers and connections of Functional, Sequential and nested models of Keras 1 to 3 and TensorFlow.js, weights by layer; weights alone as tensors.",
	ReadsNot:   "Values in compressed chunks, code of Lambda and custom layers.",
	Match:      match,
	Parse:      Parse,
	Embedded:   []format.Signature{{Bytes: []byte(hdf5.Signature)}},
}

// match cannot see the attributes of an HDF5 file, which may lie anywhere.
func match(h format.Head) format.Confidence {
	switch {
	case tfjs.Match(h.Bytes) == tfjs.Layers:
		return format.Likely
	case bytes.HasPrefix(h.Bytes, []byte(hdf5.Signature)):
		if bytes.Contains(h.Bytes, []byte("model_config")) || bytes.Contains(h.Bytes, []byte("keras_version")) || h.Trailing {
			return format.Likely
		}
		return format.Weak
	case bytes.HasPrefix(h.Bytes, []byte("PK\x03\x04")):
		if bytes.Contains(h.Bytes[:min(len(h.Bytes), 4096)], []byte("metadata.json")) && bytes.Contains(h.Bytes, []byte("config.json")) && bytes.Contains(h.Bytes, []byte("keras_version")) {
			return format.Likely
		}
	}
	return format.No
}

// Parse reads a model, or the weights of one.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if bytes.HasPrefix(in.Data, []byte("PK\x03\x04")) {
		return parseZip(in.Data, lim)
	}
	if tfjs.Match(in.Data) == tfjs.Layers {
		return parseWeb(in, lim)
	}
	if !bytes.HasPrefix(in.Data, []byte(hdf5.Signature)) {
		return nil, format.Errorf(format.ErrNotModel, 0, "neither HDF5 nor a Keras archive")
	}
	f, root, err := openHDF5(in.Data)
	if err != nil {
		return nil, err
	}
	config, err := text(root, "model_config", lim)
	if err != nil {
		return nil, err
	}
	version, err := text(root, "keras_version", lim)
	if err != nil {
		return nil, err
	}
	w := &weights{lim: lim, byLayer: map[string][]weight{}}
	group := root
	if g, err := root.Child("model_weights"); err != nil {
		return nil, hdf5Error(err)
	} else if g != nil {
		group = g
	}
	if err := w.readLayers(group); err != nil {
		return nil, err
	}
	if g, err := root.Child("layers"); err == nil && g != nil && config == "" && len(w.order) == 0 { // weights of Keras 3
		if err := w.readVars(root, "", 0); err != nil {
			return nil, err
		}
	}
	if config == "" && len(w.order) == 0 {
		return nil, format.Errorf(format.ErrNotModel, -1, "HDF5 without model_config and without weights of layers")
	}
	return assemble(config, version, w, f, lim)
}

// assemble makes the model of a configuration and weights.
func assemble(config, version string, w *weights, f *hdf5.File, lim format.Limits) (*graph.Model, error) {
	m := &graph.Model{Format: name, FormatVersion: version}
	if f != nil {
		m.Length = max(f.End, 0)
	}
	b := &builder{lim: lim, m: m, w: w, unknown: map[string]int{}}
	if config == "" {
		b.tensorsOnly()
	} else if err := b.model(config); err != nil {
		return nil, err
	}
	for _, k := range b.order {
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("layer class %q has no operator here (%d times)", clip(k), b.unknown[k])})
	}
	m.Notes = append(m.Notes, b.notes...)
	if f != nil {
		for _, s := range f.Skipped {
			m.Notes = append(m.Notes, graph.Note{Text: "not read: " + s})
		}
	}
	return m, nil
}

func openHDF5(data []byte) (*hdf5.File, *hdf5.Object, error) {
	f, err := hdf5.Open(data)
	if err != nil {
		return nil, nil, hdf5Error(err)
	}
	root, err := f.Root()
	if err != nil {
		return nil, nil, hdf5Error(err)
	}
	return f, root, nil
}

func hdf5Error(err error) error {
	var e *hdf5.Error
	if !errors.As(err, &e) {
		return format.Errorf(format.ErrMalformed, -1, "%v", err)
	}
	kind := format.ErrMalformed
	switch {
	case e.Truncated:
		kind = format.ErrTruncated
	case e.Limit:
		kind = format.ErrLimit
	case e.Unsupported:
		kind = format.ErrUnsupported
	}
	return format.Errorf(kind, e.Offset, "HDF5: %s", e.Msg)
}

// text returns a string attribute, "" where it is absent.
func text(o *hdf5.Object, attr string, lim format.Limits) (string, error) {
	a, ok := o.Attr(attr)
	if !ok {
		return "", nil
	}
	s, err := a.Strings(int(min(lim.DecodedBytes, 1<<30)))
	if err != nil {
		return "", hdf5Error(err)
	}
	return strings.Join(s, ""), nil
}

// parseZip reads a .keras archive.
func parseZip(data []byte, lim format.Limits) (*graph.Model, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, format.Errorf(format.ErrTruncated, -1, "zip: %v", err)
	}
	var config, meta, h5 []byte
	for _, f := range z.File {
		var to *[]byte
		switch f.Name {
		case "config.json":
			to = &config
		case "metadata.json":
			to = &meta
		case "model.weights.h5":
			to = &h5
		default:
			continue
		}
		if *to, err = entry(data, f, lim); err != nil {
			return nil, err
		}
	}
	if config == nil || meta == nil {
		return nil, format.Errorf(format.ErrNotModel, -1, "zip without config.json and metadata.json")
	}
	var info struct {
		Version string `json:"keras_version"`
	}
	if json.Unmarshal(meta, &info) != nil || info.Version == "" {
		return nil, format.Errorf(format.ErrNotModel, -1, "metadata.json names no Keras version")
	}
	w := &weights{lim: lim, byLayer: map[string][]weight{}, byClass: true}
	var f *hdf5.File
	if h5 != nil {
		var root *hdf5.Object
		if f, root, err = openHDF5(h5); err != nil {
			return nil, err
		}
		if err := w.readVars(root, "", 0); err != nil {
			return nil, err
		}
	}
	return assemble(string(config), info.Version, w, f, lim)
}

// entry returns an entry's bytes: a view where it is stored, inflated within
// the limit otherwise.
func entry(data []byte, f *zip.File, lim format.Limits) ([]byte, error) {
	if f.UncompressedSize64 > uint64(lim.DecodedBytes) && f.Method != zip.Store {
		return nil, format.Errorf(format.ErrLimit, -1, "entry %q of %d bytes", f.Name, f.UncompressedSize64)
	}
	if at, err := f.DataOffset(); err == nil && f.Method == zip.Store && at >= 0 && at <= int64(len(data)) && f.CompressedSize64 <= uint64(int64(len(data))-at) {
		return data[at : at+int64(f.CompressedSize64)], nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, format.Errorf(format.ErrMalformed, -1, "entry %q: %v", f.Name, err)
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, lim.DecodedBytes))
	if err != nil {
		return nil, format.Errorf(format.ErrTruncated, -1, "entry %q: %v", f.Name, err)
	}
	return b, nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
