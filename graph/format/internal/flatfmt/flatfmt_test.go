package flatfmt_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

func TestError_kinds(t *testing.T) {
	for reason, want := range map[flatbuf.Reason]error{flatbuf.Beyond: format.ErrTruncated, flatbuf.Malformed: format.ErrMalformed, flatbuf.Budget: format.ErrLimit} {
		err := flatfmt.Error(&flatbuf.Error{Reason: reason, Offset: 7, Msg: "vector"})
		var fe *format.Error
		if !errors.Is(err, want) || !errors.As(err, &fe) || fe.Offset != 7 {
			t.Errorf("reason %d: %v", reason, err)
		}
	}
	if flatfmt.Error(nil) != nil {
		t.Error("nil becomes an error")
	}
}

func TestWrap_keepsKindAndOffset(t *testing.T) {
	err := flatfmt.Wrap(flatfmt.Wrap(format.Errorf(format.ErrMalformed, 9, "bad"), "tensor 3"), "graph 0")
	var fe *format.Error
	if !errors.As(err, &fe) || fe.Offset != 9 || fe.Msg != "graph 0: tensor 3: bad" || !errors.Is(err, format.ErrMalformed) {
		t.Errorf("%v", err)
	}
}

func TestCount(t *testing.T) {
	total := 0
	if err := flatfmt.Count(&total, 3, 5, "nodes"); err != nil || total != 3 {
		t.Errorf("%d, %v", total, err)
	}
	if err := flatfmt.Count(&total, 3, 5, "nodes"); !errors.Is(err, format.ErrLimit) {
		t.Errorf("%v", err)
	}
}

func TestSingle_overwrittenTensorsBecomeNewOnes(t *testing.T) {
	g := &graph.Graph{Tensors: []graph.Tensor{{Name: "x"}, {Name: "y"}}, Outputs: []graph.TensorID{1}}
	var s flatfmt.Single
	nodes := []graph.Node{
		{Inputs: []graph.TensorID{0}, Outputs: []graph.TensorID{1}},
		{Inputs: []graph.TensorID{1}, Outputs: []graph.TensorID{1}}, // in place
		{Inputs: []graph.TensorID{1, graph.NoTensor}, Outputs: []graph.TensorID{1, graph.NoTensor}},
	}
	for i := range nodes {
		s.Assign(g, &nodes[i])
	}
	s.Finish(g)
	g.Nodes = nodes
	if err := graph.Validate(&graph.Model{Graphs: []*graph.Graph{g}}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(nodes[2].Inputs, []graph.TensorID{2, -1}) || g.Outputs[0] != 3 || g.Tensors[3].Name != "y" {
		t.Errorf("last operand %v, output %v", nodes[2].Inputs, g.Outputs)
	}
}

func TestView(t *testing.T) {
	if flatfmt.View(nil) != nil {
		t.Error("no bytes become a constant")
	}
	if c := flatfmt.View([]byte{1, 2}); c.StoredBytes != 2 || len(c.Data) != 2 {
		t.Errorf("%+v", c)
	}
}
