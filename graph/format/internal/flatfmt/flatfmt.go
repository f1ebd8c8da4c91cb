// Package flatfmt is what the formats built of FlatBuffers share: the
// translation of faults into the contract's errors, the single-assignment form
// of values, and the limits on counts and strings.
package flatfmt

import (
	"errors"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Error returns a fault of a FlatBuffer as a *format.Error: an object beyond
// the last byte is a truncated file. Other errors stay as they are, nil too.
func Error(err error) error {
	var fe *flatbuf.Error
	if !errors.As(err, &fe) {
		return err
	}
	kind := format.ErrMalformed
	switch fe.Reason {
	case flatbuf.Beyond:
		kind = format.ErrTruncated
	case flatbuf.Budget:
		kind = format.ErrLimit
	}
	return format.Errorf(kind, fe.Offset, "%s", fe.Msg)
}

// Wrap puts what was being read in front of an error's message and keeps its
// kind and offset.
func Wrap(err error, what string) error {
	var fe *format.Error
	if !errors.As(err, &fe) {
		return err
	}
	out := *fe
	out.Msg = what + ": " + fe.Msg
	return &out
}

// Count adds n to *total and checks it against limit.
func Count(total *int, n, limit int, what string) error {
	*total += n
	if *total > limit {
		return format.Errorf(format.ErrLimit, -1, "%d %s exceed the limit of %d", *total, what, limit)
	}
	return nil
}

// Text cuts a string from the file at the limit.
func Text(s string, l format.Limits) string { return s[:min(len(s), l.TextBytes)] }

// Single keeps a graph in single-assignment form while its nodes are added in
// order: a node that overwrites a tensor gets a new one, which later operands
// then mean. The zero value is ready for use.
type Single struct {
	written map[graph.TensorID]bool
	renamed map[graph.TensorID]graph.TensorID
}

// Assign turns the operands of n into the tensors they mean now and gives its
// results tensors of their own where they are written already.
func (s *Single) Assign(g *graph.Graph, n *graph.Node) {
	if s.written == nil {
		s.written = map[graph.TensorID]bool{}
		s.renamed = map[graph.TensorID]graph.TensorID{}
	}
	for i, id := range n.Inputs {
		n.Inputs[i] = s.Now(id)
	}
	for i, id := range n.Outputs {
		if id < 0 {
			continue
		}
		if !s.written[id] {
			s.written[id] = true
			continue
		}
		t := g.Tensors[id]
		g.Tensors = append(g.Tensors, t)
		n.Outputs[i] = graph.TensorID(len(g.Tensors) - 1)
		s.renamed[id] = n.Outputs[i]
	}
}

// Now returns the tensor that id means after the nodes assigned so far.
func (s *Single) Now(id graph.TensorID) graph.TensorID {
	if to, ok := s.renamed[id]; ok {
		return to
	}
	return id
}

// Finish turns the graph's outputs into the tensors they mean at the end.
func (s *Single) Finish(g *graph.Graph) {
	for i, id := range g.Outputs {
		g.Outputs[i] = s.Now(id)
	}
}

// AddConst appends a constant tensor to a graph and returns its id.
func AddConst(g *graph.Graph, name string, d graph.DType, shape graph.Shape, c *graph.Const) graph.TensorID {
	g.Tensors = append(g.Tensors, graph.Tensor{Name: name, DType: d, Shape: shape, Const: c})
	return graph.TensorID(len(g.Tensors) - 1)
}

// View returns a constant that is a view of the file, nil for no bytes.
func View(data []byte) *graph.Const {
	if len(data) == 0 {
		return nil
	}
	return &graph.Const{Data: data, StoredBytes: int64(len(data))}
}
