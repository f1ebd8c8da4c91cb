package circle

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/litert"
)

// Name is the format's name in the tables.
const Name = "circle"

const identifier = "CIR0"

// Format is Circle.
var Format = format.Format{
	Name:       Name,
	Title:      "Circle (Samsung ONE)",
	Extensions: []string{"circle"},
	Magic:      "\"CIR0\" at offset 4",
	Container:  "FlatBuffers",
	Reads:      "All that TensorFlow Lite has, and Circle's own operators.",
	ReadsNot:   "Compressed and binary-coded weights.",
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

// own are the operators that Circle adds to the schema.
var own = map[int32]struct {
	name string
	op   graph.Op
}{
	-2: {"INSTANCE_NORM", graph.Unknown},
	-3: {"BCQ_FULLY_CONNECTED", graph.Unknown},
	-4: {"BCQ_GATHER", graph.Gather},
	-5: {"GRU", graph.Unknown},
}

func parse(in format.Input) (*graph.Model, error) {
	if id := flatbuf.Identifier(in.Data); id != identifier {
		kind := format.ErrNotModel
		if len(in.Data) < 8 {
			kind = format.ErrTruncated
		}
		return nil, format.In(format.Errorf(kind, 4, "file identifier %q, not %q", id, identifier), Name, in)
	}
	m, err := litert.Read(in, litert.Dialect{Format: Name, InlineOnly: true, Versions: []uint32{0, 3}, Extra: extra})
	if err != nil {
		return nil, format.In(err, Name, in)
	}
	for _, g := range m.Graphs {
		for i := range g.Nodes {
			attributes(&g.Nodes[i])
		}
	}
	return m, nil
}

func extra(code int32) (string, graph.Op, bool) {
	o, ok := own[code]
	return o.name, o.op, ok
}

// attributes completes Circle's own operators: x, scale, bias in NHWC.
func attributes(n *graph.Node) {
	switch n.SourceOp {
	case "INSTANCE_NORM":
		n.Op, n.Attrs = graph.InstanceNormalization, &graph.AxisAttrs{Axis: 3}
	case "BCQ_GATHER":
		n.Op = graph.Unknown // operands are codes, scales and indices
	}
}
