package qnn

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/qnncontext"
)

const (
	name = "qnn"
	kind = "qnn_context"
)

// Format is the entry of QNN context binaries in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Qualcomm QNN context binary",
	Extensions: []string{"bin", "serialized", "qnn", "dlc"},
	Magic:      "00 00 00 02 00 00 00 01..03 00 00 00 00, then sizes that fit the file or the build id of the tools",
	Container:  "own header, FlatBuffers, compiled code",
	Reads:      "Names, types and shapes of inputs and outputs, tool version and date, chip: compiled, so opaque.",
	ReadsNot:   "The compiled operators; the graphs of versions 2.1 and 2.2.",
	Match:      match,
	Parse:      parse,
}

func match(h format.Head) format.Confidence { return qnncontext.Match(h.Bytes, h.Size) }

func parse(in format.Input) (*graph.Model, error) {
	i, err := qnncontext.Read(in.Data, in.Limits.OrDefault())
	if err != nil {
		return nil, format.In(err, name, in)
	}
	m := &graph.Model{Format: name, FormatVersion: i.Version, Producer: i.Producer, Metadata: i.Metadata, Graphs: i.Graphs, Length: i.Length}
	size, where := i.Compiled, "the whole file"
	if size == 0 {
		size = int64(len(in.Data))
	}
	if len(m.Graphs) > 0 {
		where = "graph " + strings.Join(graphNames(m), ", ")
	}
	if len(m.Graphs) == 1 {
		m.Name = m.Graphs[0].Name
	}
	m.Opaque = []graph.Opaque{{Kind: kind, Where: where, Bytes: size}}
	return m, nil
}

func graphNames(m *graph.Model) []string {
	var names []string
	for _, g := range m.Graphs[:min(len(m.Graphs), 4)] {
		names = append(names, g.Name)
	}
	return names
}
