package ptl

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Name is the format's name in the tables.
const Name = "pytorch-lite"

const identifier = "PTMF"

// Format is PyTorch Mobile (FlatBuffer).
var Format = format.Format{
	Name:       Name,
	Title:      "PyTorch Mobile (FlatBuffer)",
	Extensions: []string{"ptl", "ff", "ptmf"},
	Magic:      "\"PTMF\" at offset 4",
	Container:  "FlatBuffers",
	Reads:      "Methods as byte code run symbolically, weights by attribute path, quantisation.",
	ReadsNot:   "Activation shapes (not stored), branches not taken, operators of unknown arity.",
	Match: func(h format.Head) format.Confidence {
		switch {
		case flatbuf.Identifier(h.Bytes) != identifier:
			return format.No
		case flatbuf.PlausibleRoot(h.Bytes, h.Size):
			return format.Certain
		}
		return format.Weak
	},
	Parse:    parse,
	Embedded: []format.Signature{{Bytes: []byte(identifier), Offset: 4}},
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
