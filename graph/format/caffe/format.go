package caffe

import (
	"errors"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
)

const name = "caffe"

// Format is Caffe's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Caffe",
	Extensions: []string{"prototxt", "caffemodel", "pbtxt", "pt", "txt"},
	Magic:      "none: text with layers of NetParameter, or a protobuf with layers in field 100 or 2",
	Container:  "protobuf text and protobuf",
	Reads:      "Current and V1 layers of prototxt and caffemodel, paired by name and content, training layers marked; layer types of common forks.",
	ReadsNot:   "V0 layers, HDF5 weights, int8 values of forks; input sizes of data layers are not in the file.",
	Match:      match,
	Parse:      Parse,
	Parts:      parts,
}

func match(h format.Head) format.Confidence {
	if len(h.Bytes) == 0 {
		return format.No
	}
	if textual(h.Bytes) {
		m, err := textproto.Parse(h.Bytes, textproto.Limits{Fields: 1 << 14, Depth: 16, Text: 1 << 12})
		var e *textproto.Error
		if errors.As(err, &e) && !e.Truncated && !e.Limit && int(e.Offset) < len(h.Bytes)-256 {
			return format.No
		}
		return netConfidence(m)
	}
	return matchBinary(h)
}

// textual reports that the first bytes are text.
func textual(b []byte) bool {
	for i, c := range b[:min(len(b), 256)] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' && !(i < 3) {
			return false
		}
		if i < 3 && c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}

// netFields are the top-level fields of NetParameter.
var netFields = map[string]bool{
	"name": true, "input": true, "input_shape": true, "input_dim": true, "force_backward": true,
	"state": true, "debug_info": true, "layer": true, "layers": true,
}

// netConfidence wants nothing but NetParameter's fields, and a layer with a type.
func netConfidence(m *textproto.Message) format.Confidence {
	typed := 0
	for _, f := range m.Fields {
		if !netFields[f.Name] {
			return format.No
		}
		if f.Name != "layer" && f.Name != "layers" {
			continue
		}
		if f.Message == nil {
			return format.No
		}
		if f.Message.Has("type") || f.Message.Has("layer") {
			typed++
		}
	}
	if typed == 0 {
		return format.No
	}
	return format.Likely
}

// parts names the other half of a pair.
func parts(h format.Head) []string {
	if match(h) == format.No || !textual(h.Bytes) {
		return nil
	}
	return []string{weightsName(h.Name)}
}

func weightsName(n string) string {
	for _, suffix := range []string{".prototxt", ".pbtxt", ".pt", ".txt"} {
		if s, ok := strings.CutSuffix(n, suffix); ok {
			return s + ".caffemodel"
		}
	}
	return n + ".caffemodel"
}

// Parse reads a prototxt, with the weights found beside it, or a caffemodel.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if len(in.Data) == 0 {
		return nil, format.Errorf(format.ErrNotModel, 0, "empty file")
	}
	if textual(in.Data) {
		net, err := readText(in.Data, lim)
		if err != nil {
			return nil, err
		}
		return pair(in, net, lim)
	}
	net, err := readBinary(in.Data, lim)
	if err != nil {
		return nil, err
	}
	return build(net, nil, lim)
}

// readText reads a prototxt.
func readText(data []byte, lim format.Limits) (*network, error) {
	m, err := textproto.Parse(data, textproto.Limits{Depth: lim.Depth, Text: lim.TextBytes})
	confidence := netConfidence(m)
	if err != nil {
		var e *textproto.Error
		errors.As(err, &e)
		switch {
		case confidence == format.No:
			return nil, format.Errorf(format.ErrNotModel, e.Offset, "no network description: %s", e.Msg)
		case e.Limit:
			return nil, format.Errorf(format.ErrLimit, e.Offset, "%s", e.Msg)
		case e.Truncated:
			return nil, format.Errorf(format.ErrTruncated, e.Offset, "%s", e.Msg)
		}
		return nil, format.Errorf(format.ErrMalformed, e.Offset, "%s", e.Msg)
	}
	if confidence == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "no layers with a type, or fields that NetParameter does not have")
	}
	net := &network{name: m.Text("name"), message: m}
	for _, f := range m.Fields {
		if f.Name != "layer" && f.Name != "layers" {
			continue
		}
		if f.Message.Has("layer") {
			return nil, format.Errorf(format.ErrUnsupported, f.Offset, "layers of version 0")
		}
		net.layers = append(net.layers, layer{message: f.Message, offset: f.Offset, v1: f.Name == "layers"})
		if len(net.layers) > lim.Nodes {
			return nil, format.Errorf(format.ErrLimit, f.Offset, "more than %d layers", lim.Nodes)
		}
	}
	return net, nil
}

// candidates bounds how many files of a folder are tried as weights.
const candidates = 32

// pair looks for the weights of a prototxt: the file of the same name, else
// the file beside it that holds the most of its layers, at least half of those
// with weights.
func pair(in format.Input, net *network, lim format.Limits) (*graph.Model, error) {
	want := weightsName(in.Name)
	if data, err := in.Companion(want); err == nil {
		if w, err := readBinary(data, lim); err == nil && overlap(net, w) > 0 {
			return paired(net, w, want, len(data), lim)
		}
	}
	if found, w, size := search(in, net, want, lim); w != nil {
		return paired(net, w, found, size, lim)
	}
	m, err := build(net, nil, lim)
	if err != nil {
		return nil, err
	}
	if hasConstants(m) {
		m.Parts = append(m.Parts, graph.Part{Name: want})
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: missing})
	}
	return m, nil
}

func paired(net, weights *network, file string, size int, lim format.Limits) (*graph.Model, error) {
	m, err := build(net, weights, lim)
	if err != nil {
		return nil, err
	}
	m.Parts = append(m.Parts, graph.Part{Name: file, Found: true, Bytes: int64(size)})
	return m, nil
}

// search tries the files beside the prototxt whose names may be weights.
func search(in format.Input, net *network, not string, lim format.Limits) (string, *network, int) {
	if in.List == nil || in.Open == nil {
		return "", nil, 0
	}
	var best *network
	var bestName string
	size, most, tried := 0, 0, 0
	for _, n := range in.List() {
		if n == in.Name || n == not || !mayBeWeights(n) {
			continue
		}
		if tried++; tried > candidates {
			break
		}
		data, err := in.Open(n)
		if err != nil || len(data) == 0 || textual(data) {
			continue
		}
		w, err := readBinary(data, lim)
		if err != nil {
			continue
		}
		if o := overlap(net, w); o > most && 2*o >= weighted(net) {
			best, bestName, size, most = w, n, len(data), o
		}
	}
	return bestName, best, size
}

func mayBeWeights(n string) bool {
	_, ext, dotted := strings.Cut(n, ".")
	if i := strings.LastIndexByte(n, '.'); i >= 0 {
		ext = n[i+1:]
	}
	switch strings.ToLower(ext) {
	case "caffemodel", "bin", "dat", "model", "weights":
		return true
	}
	return !dotted
}

// overlap counts the layers of net for which w holds blobs.
func overlap(net, w *network) int {
	have := map[string]bool{}
	for i := range w.layers {
		if len(w.layers[i].blobs) > 0 {
			have[w.layers[i].message.Text("name")] = true
		}
	}
	n := 0
	for i := range net.layers {
		if have[net.layers[i].message.Text("name")] {
			n++
		}
	}
	return n
}

// weighted counts the layers of net that have weights by their type.
func weighted(net *network) int {
	n := 0
	for i := range net.layers {
		switch net.layers[i].kind() {
		case "Convolution", "InnerProduct", "Deconvolution", "BatchNorm":
			n++
		}
	}
	return n
}

func hasConstants(m *graph.Model) bool {
	for i := range m.Graphs[0].Tensors {
		if m.Graphs[0].Tensors[i].Const != nil {
			return true
		}
	}
	return false
}
