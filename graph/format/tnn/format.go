package tnn

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const (
	name    = "tnn"
	magicV1 = 0xFABC0002
	magicV2 = 0xFABC0003
)

// Format is TNN's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "TNN",
	Extensions: []string{"tnnproto", "tnnmodel", "rapidproto", "rapidmodel"},
	Magic:      `text: first entry "1 N 1 4206624770 ,"; weights: 02 00 BC FA or 03 00 BC FA`,
	Container:  "quoted text, own binary weights beside it",
	Reads:      "Layers, inputs and weights of both versions, quantised layers with their scales.",
	ReadsNot:   "The constant map of newer weights, encrypted models.",
	Match:      match,
	Parse:      Parse,
	Parts: func(h format.Head) []string {
		if !isProto(h.Bytes) {
			return nil
		}
		return []string{weightsName(h.Name)}
	},
	Embedded: []format.Signature{{Bytes: []byte(" 4206624770 ,")}, {Bytes: []byte(" 4206624771 ,")}},
}

func match(h format.Head) format.Confidence {
	switch {
	case isProto(h.Bytes):
		return format.Certain
	case isWeights(h.Bytes):
		return format.Likely
	}
	return format.No
}

// isProto reports the first line of a tnnproto.
func isProto(b []byte) bool {
	line, rest, ok := bytes.Cut(b, []byte(","))
	if !ok || len(line) > 80 {
		return false
	}
	f := strings.Fields(strings.Trim(strings.TrimSpace(string(line)), `"`))
	if len(f) != 3 && len(f) != 4 || f[0] != "1" {
		return false
	}
	for _, w := range f {
		if _, err := strconv.ParseUint(w, 10, 32); err != nil {
			return false
		}
	}
	if len(f) == 4 {
		return f[3] == strconv.Itoa(magicV1) || f[3] == strconv.Itoa(magicV2)
	}
	// Old files: the quotes must be there, and a declared input.
	second, _, ok := bytes.Cut(rest, []byte(","))
	return ok && bytes.HasPrefix(bytes.TrimSpace(b), []byte(`"`)) && len(bytes.Fields(second)) >= 5
}

func isWeights(b []byte) bool {
	if len(b) < 16 {
		return false
	}
	m := binary.LittleEndian.Uint32(b)
	n := binary.LittleEndian.Uint32(b[4:])
	return (m == magicV1 || m == magicV2) && n > 0 && n < 10000
}

func weightsName(n string) string {
	for _, e := range []string{".tnnproto", ".rapidproto"} {
		if s, ok := strings.CutSuffix(n, e); ok {
			return s + strings.Replace(e, "proto", "model", 1)
		}
	}
	return n + ".tnnmodel"
}

// Parse reads a graph with the weights found beside it. Weights alone give
// ErrPart.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

const missing = "weights file not found"

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if isWeights(in.Data) {
		if _, err := readWeights(in.Data, lim); err != nil {
			return nil, err
		}
		return nil, format.Errorf(format.ErrPart, -1, "weights without their graph")
	}
	if !isProto(in.Data) {
		return nil, format.Errorf(format.ErrNotModel, 0, "first line is not TNN's")
	}
	p, err := readProto(in.Data, lim)
	if err != nil {
		return nil, err
	}
	file, size, weights := findWeights(in, p, lim)
	b := &builder{g: &graph.Graph{}, blobs: map[string]graph.TensorID{}, weights: weights, lim: lim}
	if err := b.build(p); err != nil {
		return nil, err
	}
	m := &graph.Model{Format: name, FormatVersion: p.version, Graphs: []*graph.Graph{b.g}}
	for _, k := range b.unknown {
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("layer type %q is not known", clip(k))})
	}
	switch {
	case weights != nil:
		m.Parts = append(m.Parts, graph.Part{Name: file, Found: true, Bytes: int64(size)})
		if b.lost > 0 {
			m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d weights are not in the weights file", b.lost)})
		}
	case b.lost > 0:
		m.Parts = append(m.Parts, graph.Part{Name: weightsName(in.Name)})
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: missing})
	}
	return m, nil
}

const candidates = 32

// findWeights takes the file of the same name, else the weights beside the
// graph that have all of its convolutions.
func findWeights(in format.Input, p *proto, lim format.Limits) (string, int, map[string][]buffer) {
	n := weightsName(in.Name)
	if data, err := in.Companion(n); err == nil && isWeights(data) {
		if w, err := readWeights(data, lim); err == nil {
			return n, len(data), w
		}
	}
	if in.List == nil {
		return "", 0, nil
	}
	for i, n := range in.List() {
		if i >= candidates {
			break
		}
		data, err := in.Companion(n)
		if n == in.Name || err != nil || !isWeights(data) {
			continue
		}
		if w, err := readWeights(data, lim); err == nil && p.fits(w) {
			return n, len(data), w
		}
	}
	return "", 0, nil
}
