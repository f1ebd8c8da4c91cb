package executorch

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Name is the format's name in the tables.
const Name = "executorch"

const identifier = "ET12"

// Format is ExecuTorch.
var Format = format.Format{
	Name:       Name,
	Title:      "ExecuTorch",
	Extensions: []string{"pte"},
	Magic:      "\"ET12\" at offset 4",
	Container:  "FlatBuffers, data segments behind",
	Reads:      "Methods with their kernel and delegate calls, values, shapes, constants inline and in segments, planned memory, XNNPACK delegates.",
	ReadsNot:   "Other delegate payloads (opaque), jumps, weights in .ptd files (missing).",
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
