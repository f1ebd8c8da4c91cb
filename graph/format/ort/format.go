package ort

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Name is the format's name in the tables.
const Name = "ort"

const identifier = "ORTM"

// Format is the ONNX Runtime format.
var Format = format.Format{
	Name:       Name,
	Title:      "ONNX Runtime (ORT)",
	Extensions: []string{"ort"},
	Magic:      "\"ORTM\" at offset 4",
	Container:  "FlatBuffers",
	Reads:      "The optimised ONNX graph: operators, initializers, types, subgraphs, opsets, metadata.",
	ReadsNot:   "Runtime optimisation records, values of sparse and external initializers.",
	Match:      match,
	Parse:      parse,
	Embedded:   []format.Signature{{Bytes: []byte(identifier), Offset: 4}},
}

func match(h format.Head) format.Confidence {
	if flatbuf.Identifier(h.Bytes) != identifier {
		return format.No
	}
	if flatbuf.PlausibleRoot(h.Bytes, h.Size) {
		return format.Certain
	}
	return format.Weak
}

func parse(in format.Input) (*graph.Model, error) {
	if id := flatbuf.Identifier(in.Data); id != identifier {
		kind := format.ErrNotModel
		if len(in.Data) < 8 {
			kind = format.ErrTruncated
		}
		return nil, format.In(format.Errorf(kind, 4, "file identifier %q, not %q", id, identifier), Name, in)
	}
	m, err := read(in)
	if err != nil {
		return nil, format.In(err, Name, in)
	}
	return m, nil
}
