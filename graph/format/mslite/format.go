package mslite

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Name is the format's name in the tables.
const Name = "mslite"

const identifier = "MSL2"

// Format is MindSpore Lite.
var Format = format.Format{
	Name:       Name,
	Title:      "MindSpore Lite",
	Extensions: []string{"ms"},
	Magic:      "\"MSL2\" at offset 4",
	Container:  "FlatBuffers",
	Reads:      "Nodes, tensors, quantisation, subgraphs, weights inline and in companions.",
	ReadsNot:   "MSL0 and MSL1, values of compressed weights.",
	Match: func(h format.Head) format.Confidence {
		switch id := flatbuf.Identifier(h.Bytes); {
		case id != identifier && id != "MSL1" && id != "MSL0":
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
	switch id := flatbuf.Identifier(in.Data); {
	case id == identifier:
	case id == "MSL0" || id == "MSL1":
		return nil, format.In(format.Errorf(format.ErrUnsupported, 4, "%s, an operator schema before 2021", id), Name, in)
	case len(in.Data) < 8:
		return nil, format.In(format.Errorf(format.ErrTruncated, 0, "%d bytes", len(in.Data)), Name, in)
	default:
		return nil, format.In(format.Errorf(format.ErrNotModel, 4, "file identifier %q", id), Name, in)
	}
	m, err := read(in)
	if err != nil {
		return nil, format.In(err, Name, in)
	}
	return m, nil
}
