package vendor

import (
	"bytes"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// row is one compiled format as data.
type row struct {
	name, title string
	extensions  []string
	// magic describes the signature for people, container what follows.
	magic, container string
	// marks are the signatures, of which one must be there.
	marks []format.Signature
	// sure is how good a match of a mark is before the check.
	sure format.Confidence
	// check looks at the whole file and says what it found. It returns an error
	// where the structure does not hold.
	check func(data []byte, found *found) error
	// head, if set, must hold for the first bytes already.
	head func(format.Head) bool
	// inside says that the format may be looked for inside other files: its
	// check knows where it ends.
	inside bool
}

// found is what a check learnt from the header.
type found struct {
	version, producer, name string
	metadata                []graph.KeyValue
	// length is the model's own size, 0 if the header does not say.
	length int64
	// ops are the operators the header lists, in order: words without shapes.
	ops []string
	lim format.Limits
}

func (f *found) add(key, value string) {
	if value != "" {
		f.metadata = append(f.metadata, graph.KeyValue{Key: key, Value: value})
	}
}

// Formats returns the formats of the table.
func Formats() []format.Format {
	out := make([]format.Format, 0, len(rows))
	for i := range rows {
		out = append(out, rows[i].format())
	}
	return out
}

func (r *row) format() format.Format {
	f := format.Format{
		Name: r.name, Title: r.title, Extensions: r.extensions, Magic: r.magic, Container: r.container,
		Reads:    "Recognised, with what its header says: compiled, so opaque.",
		ReadsNot: "Operators and weights: the maker publishes no description.",
		Match:    r.match, Parse: r.parse,
	}
	if r.inside {
		f.Embedded = r.marks
	}
	return f
}

func (r *row) marked(b []byte) bool {
	for _, m := range r.marks {
		if int64(len(b)) > m.Offset && bytes.HasPrefix(b[m.Offset:], m.Bytes) {
			return true
		}
	}
	return false
}

func (r *row) match(h format.Head) format.Confidence {
	if !r.marked(h.Bytes) || r.head != nil && !r.head(h) {
		return format.No
	}
	return r.sure
}

func (r *row) parse(in format.Input) (*graph.Model, error) {
	f := &found{lim: in.Limits.OrDefault()}
	var err error
	if h := (format.Head{Name: in.Name, Bytes: in.Data[:min(len(in.Data), format.MaxHead)], Size: int64(len(in.Data))}); r.match(h) == format.No {
		err = format.Errorf(format.ErrNotModel, 0, "no signature")
	} else {
		err = r.check(in.Data, f)
	}
	if err != nil {
		return nil, format.In(flatfmt.Error(err), r.name, in)
	}
	size := int64(len(in.Data))
	if f.length > 0 {
		size = f.length
	}
	m := &graph.Model{
		Format: r.name, FormatVersion: f.version, Producer: f.producer, Name: f.name, Metadata: f.metadata, Length: f.length,
		Opaque: []graph.Opaque{{Kind: strings.ReplaceAll(r.name, "-", "_"), Where: "the whole file", Bytes: size}},
	}
	if len(f.ops) > 0 {
		g := &graph.Graph{Name: f.name}
		for _, op := range f.ops {
			g.Nodes = append(g.Nodes, graph.Node{SourceOp: op})
		}
		m.Graphs = []*graph.Graph{g}
	}
	return m, nil
}
