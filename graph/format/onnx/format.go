package onnx

import (
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Format is the ONNX format.
var Format = format.Format{
	Name:       name,
	Title:      "ONNX",
	Extensions: []string{"onnx", "onn", "pb", "model", "bin"},
	Magic:      "none: protobuf tags of ModelProto (\"08 vv\" IR version, field 7 graph)",
	Container:  "protobuf, external data beside it",
	Reads: "all ai.onnx, ai.onnx.ml and most com.microsoft operators of every opset, initializers, Constant nodes, sparse tensors, " +
		"subgraphs, functions, external data, metadata; EPContext blobs as opaque.",
	ReadsNot: "The ONNX text forms, training_info, sharding configurations.",
	Match:    match,
	Parse:    parse,
	Parts:    parts,
	Embedded: beginnings(),
}

// beginnings are the first bytes of messages inside other files: an IR version that
// exists, then a producer's name or, where there is none, the graph.
func beginnings() []format.Signature {
	var all []format.Signature
	for ir := byte(minIRVersion); ir <= lastIRVersion; ir++ {
		for _, next := range []byte{modelProducerName, modelGraph} {
			all = append(all, format.Signature{Bytes: []byte{modelIRVersion << 3, ir, next<<3 | byte(protowire.Bytes)}})
		}
	}
	return all
}

const name = "onnx"

// parse reads a whole model; errors carry the format's name and the path.
func parse(in format.Input) (*graph.Model, error) {
	m, err := parseModel(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}

// parts names the files that may hold the model's tensors: those that the first
// initializers point at, and the names that exporters choose.
func parts(h format.Head) []string {
	stem := strings.TrimSuffix(h.Name, path.Ext(h.Name))
	names := []string{h.Name + ".data", h.Name + "_data", stem + ".data"}
	seen := map[string]bool{h.Name: true}
	for _, n := range names {
		seen[n] = true
	}
	for _, n := range locationsInHead(skipPrefix(h.Bytes, h.Size)) {
		if n, ok := cleanLocation(n); ok && !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	return names
}

// locationsInHead walks as many fields of the model's first bytes as there are
// and collects the locations of external tensors.
func locationsInHead(head []byte) []string {
	var out []string
	m := protowire.NewMessage(head)
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(modelGraph, protowire.Bytes) {
			out = graphLocations(f.Message(), out)
		}
	}
	if body, ok := cutField(head, &m, modelGraph); ok {
		out = graphLocations(body, out)
	}
	return out
}

func graphLocations(m protowire.Message, out []string) []string {
	var f protowire.Field
	for m.Next(&f) && len(out) < 64 {
		if !f.Is(graphInitializer, protowire.Bytes) {
			continue
		}
		var t tensorProto
		if t.read(f.Message()) == nil && t.external {
			out = append(out, t.location)
		}
	}
	return out
}

// cutField returns what is there of a length-delimited field that the end of
// the head cuts off; m is a walk over head that stopped there.
func cutField(head []byte, m *protowire.Message, number int32) (protowire.Message, bool) {
	if m.Err() == nil {
		return protowire.Message{}, false
	}
	at := m.Offset()
	tag, n := protowire.ReadVarint(head[at:])
	if n == 0 || tag != uint64(number)<<3|uint64(protowire.Bytes) {
		return protowire.Message{}, false
	}
	_, k := protowire.ReadVarint(head[at+int64(n):])
	if k == 0 {
		return protowire.Message{}, false
	}
	start := at + int64(n+k)
	return protowire.MessageAt(head[start:], start), true
}

// cleanLocation accepts relative names that stay in or below the model's folder.
func cleanLocation(loc string) (string, bool) {
	if loc == "" || strings.ContainsAny(loc, "\x00\\") || path.IsAbs(loc) {
		return "", false
	}
	p := path.Clean(loc)
	if p == "." || p == ".." || strings.HasPrefix(p, "../") {
		return "", false
	}
	return p, true
}
