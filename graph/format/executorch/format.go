package executorch

import (
	"path"
	"strings"

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
	Extensions: []string{"pte", "ptd"},
	Magic:      "\"ET12\" at offset 4; weights alone: \"FT01\"",
	Container:  "FlatBuffers, data segments behind",
	Reads:      "Methods with their kernel and delegate calls, values, shapes, constants inline, in segments and in .ptd files, planned memory, XNNPACK delegates.",
	ReadsNot:   "Other delegate payloads (named by kind, opaque), jumps.",
	Match:      match,
	Parse:      parse,
	Parts: func(h format.Head) []string {
		return []string{strings.TrimSuffix(h.Name, path.Ext(h.Name)) + dataExtension, "_default_external_constant" + dataExtension}
	},
	Embedded: []format.Signature{{Bytes: []byte(identifier), Offset: 4}},
}

func match(h format.Head) format.Confidence {
	if id := flatbuf.Identifier(h.Bytes); id != identifier && id != dataIdentifier {
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
		switch {
		case len(in.Data) < 8:
			kind = format.ErrTruncated
		case id == dataIdentifier:
			kind = format.ErrPart
		}
		return nil, format.In(format.Errorf(kind, 4, "file identifier %q, not %q", id, identifier), Name, in)
	}
	m, err := read(in)
	if err != nil {
		return nil, format.In(err, Name, in)
	}
	return m, nil
}
