package litert

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Dialect is what a format that uses the schema adds to it.
type Dialect struct {
	// Format is the name the model carries.
	Format string
	// Extra returns the word and canonical operator of codes that the schema
	// does not have (Circle's negative ones); nil for none.
	Extra func(code int32) (name string, op graph.Op, ok bool)
	// InlineOnly says that the tensor's slot 10 is not an external buffer
	// (Circle keeps a compression type there).
	InlineOnly bool
	// Versions are the values of Model.version that are read; nil means 3.
	Versions []uint32
}

func (d Dialect) reads(version uint32) bool {
	if d.Versions == nil {
		return version == schemaVersion
	}
	return slices.Contains(d.Versions, version)
}

// Read reads a model whose FlatBuffer starts at the first byte of in.Data.
// Errors are *format.Error that lack format and path.
func Read(in format.Input, d Dialect) (*graph.Model, error) {
	r := &reader{in: in, dialect: d, lim: in.Limits.OrDefault(), fb: flatbuf.New(in.Data), m: &graph.Model{Format: d.Format}}
	if err := r.read(); err != nil {
		return nil, r.judge(err)
	}
	return r.m, nil
}

type reader struct {
	in      format.Input
	dialect Dialect
	lim     format.Limits
	fb      *flatbuf.Buffer
	m       *graph.Model

	codes    []opcode
	consts   []*graph.Const          // by buffer index, nil for empty buffers
	external map[uint32]*graph.Const // by external buffer id
	called   map[int]bool            // subgraphs that control flow refers to
	notes    map[string]bool         // texts already noted
	end      int64                   // highest byte outside the FlatBuffer

	nodeCount, tensorCount int
}

func (r *reader) read() error {
	model := r.fb.Root()
	if err := r.err(); err != nil {
		return err
	}
	v := model.Uint32(modelVersion, 0)
	if !r.dialect.reads(v) {
		return format.Errorf(format.ErrUnsupported, int64(model.Pos()), "schema version %d is not read", v)
	}
	r.m.FormatVersion = strconv.Itoa(int(v))
	r.m.Description = r.text(model.String(modelDescription))
	r.reach(model.Vector(modelMetadataBuffer, 4))
	if !r.dialect.InlineOnly {
		r.externals(model)
	}
	if err := r.buffers(model); err != nil {
		return err
	}
	if err := r.opcodes(model); err != nil {
		return err
	}
	if err := r.subgraphs(model); err != nil {
		return err
	}
	r.signatures(model)
	r.tripCounts()
	if err := r.metadata(model); err != nil {
		return err
	}
	if err := r.err(); err != nil {
		return err
	}
	r.m.Length = r.length()
	r.associatedFiles()
	return r.err()
}

func (r *reader) subgraphs(model flatbuf.Table) error {
	list := model.Tables(modelSubgraphs)
	if list.Len() == 0 {
		return format.Errorf(format.ErrMalformed, int64(model.Pos()), "model without subgraphs")
	}
	if list.Len() > r.lim.Nodes {
		return format.Errorf(format.ErrLimit, int64(list.Pos()), "%d subgraphs", list.Len())
	}
	r.m.Graphs = make([]*graph.Graph, list.Len())
	for i := range r.m.Graphs {
		r.m.Graphs[i] = &graph.Graph{}
	}
	r.called = map[int]bool{}
	for i, g := range r.m.Graphs {
		sub := list.Table(i)
		g.Name = r.text(sub.String(subgraphName))
		if err := r.subgraph(sub, g); err != nil {
			return fmt.Errorf("subgraph %d: %w", i, err)
		}
	}
	for i, g := range r.m.Graphs {
		if i > 0 && r.called[i] {
			g.Role = graph.RoleBody
		}
	}
	return nil
}

func (r *reader) subgraph(sub flatbuf.Table, g *graph.Graph) error {
	if err := r.tensors(sub, g); err != nil {
		return err
	}
	in, err := r.ids(sub.Vector(subgraphInputs, 4), g, "inputs")
	if err != nil {
		return err
	}
	out, err := r.ids(sub.Vector(subgraphOutputs, 4), g, "outputs")
	if err != nil {
		return err
	}
	g.Inputs, g.Outputs = in, out
	return r.operators(sub, g)
}

// ids reads tensor indexes; -1 is an operand left out.
func (r *reader) ids(v flatbuf.Vector, g *graph.Graph, what string) ([]graph.TensorID, error) {
	if err := r.err(); err != nil {
		return nil, err
	}
	out := make([]graph.TensorID, v.Len())
	for i := range out {
		id := v.Int32(i)
		if id < -1 || int(id) >= len(g.Tensors) {
			return nil, format.Errorf(format.ErrMalformed, int64(v.Pos()+4*i), "%s: tensor %d of %d", what, id, len(g.Tensors))
		}
		out[i] = graph.TensorID(id)
	}
	return out, nil
}

// reach touches an object whose contents are not used, for its extent.
func (r *reader) reach(v flatbuf.Vector) { _ = v }

// text bounds a string from the file.
func (r *reader) text(s string) string {
	if len(s) > r.lim.TextBytes {
		return s[:r.lim.TextBytes]
	}
	return s
}

// note records once that something could not be read.
func (r *reader) note(loses bool, text string) {
	if r.notes[text] || len(r.notes) > 100 {
		return
	}
	if r.notes == nil {
		r.notes = map[string]bool{}
	}
	r.notes[text] = true
	r.m.Notes = append(r.m.Notes, graph.Note{Loses: loses, Text: text})
}

// err turns the FlatBuffer's first fault into the contract's error.
func (r *reader) err() error { return flatfmt.Error(r.fb.Err()) }

// judge decides whether a file that cannot be read is scrambled rather than
// damaged: the identifier is intact but what follows has no structure.
func (r *reader) judge(err error) error {
	var fe *format.Error
	if !errors.As(err, &fe) {
		return err
	}
	out := *fe
	out.Msg = err.Error()
	if inner := fe.Error(); len(out.Msg) >= len(inner) && out.Msg[len(out.Msg)-len(inner):] == inner {
		out.Msg = out.Msg[:len(out.Msg)-len(inner)] + fe.Msg
	}
	if (fe.Kind == format.ErrMalformed || fe.Kind == format.ErrTruncated) && len(r.m.Graphs) == 0 && !r.in.Trailing && looksEncrypted(r.in.Data) {
		out.Kind, out.Msg = format.ErrEncrypted, "the identifier is followed by bytes without structure: "+out.Msg
	}
	return &out
}

// looksEncrypted reports whether the bytes behind the identifier, where a
// model has its offset tables and names, are as even as cipher text: above
// 7.9 bits of entropy per byte over up to 64 KiB. (The tables of real models
// stay below 6; weights come later in the file.)
func looksEncrypted(data []byte) bool {
	if len(data) < 8+4096 {
		return false
	}
	data = data[8:min(len(data), 8+64<<10)]
	var count [256]int
	for _, b := range data {
		count[b]++
	}
	h := 0.0
	for _, c := range count {
		if c > 0 {
			p := float64(c) / float64(len(data))
			h -= p * math.Log2(p)
		}
	}
	return h > 7.9
}
