package op_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/op"
)

// one builds a model of a single node from operand shapes; constants are
// marked by dtype and data where given.
type operand struct {
	shape graph.Shape
	dtype graph.DType
	con   bool
	ints  []int64
}

func in(dims ...int64) operand { return operand{shape: graph.ShapeOf(dims...), dtype: graph.Float32} }
func w(dims ...int64) operand {
	return operand{shape: graph.ShapeOf(dims...), dtype: graph.Float32, con: true}
}
func ints(v ...int64) operand {
	return operand{shape: graph.ShapeOf(int64(len(v))), dtype: graph.Int64, con: true, ints: v}
}
func none() operand { return operand{} }

func pack64(v []int64) []byte {
	var b []byte
	for _, x := range v {
		for i := range 8 {
			b = append(b, byte(x>>(8*i)))
		}
	}
	return b
}

func model(o graph.Op, a graph.Attrs, outs int, operands ...operand) *graph.Model {
	g := &graph.Graph{}
	n := graph.Node{Op: o, SourceOp: string(o), Attrs: a}
	for _, x := range operands {
		if x.dtype == graph.UnknownDType && !x.shape.IsRanked() {
			n.Inputs = append(n.Inputs, graph.NoTensor)
			continue
		}
		id := graph.TensorID(len(g.Tensors))
		t := graph.Tensor{DType: x.dtype, Shape: x.shape}
		switch {
		case x.ints != nil:
			t.Const = &graph.Const{Data: pack64(x.ints), StoredBytes: int64(8 * len(x.ints))}
		case x.con:
			t.Const = &graph.Const{Missing: "test", StoredBytes: -1}
		default:
			g.Inputs = append(g.Inputs, id)
		}
		g.Tensors = append(g.Tensors, t)
		n.Inputs = append(n.Inputs, id)
	}
	for range outs {
		id := graph.TensorID(len(g.Tensors))
		g.Tensors = append(g.Tensors, graph.Tensor{})
		n.Outputs = append(n.Outputs, id)
		g.Outputs = append(g.Outputs, id)
	}
	g.Nodes = []graph.Node{n}
	return &graph.Model{Graphs: []*graph.Graph{g}}
}

func TestConv_countsMACsByGroup(t *testing.T) {
	a := &graph.ConvAttrs{Window: graph.Window{Strides: []int64{2, 2}, PadMode: graph.PadSameUpper}, Data: graph.NHWC(2), Filter: graph.OHWI(2)}
	m, issues := op.Infer(model(graph.Conv, a, 1, in(1, 224, 224, 3), w(32, 3, 3, 3), w(32)))
	if len(issues) > 0 {
		t.Fatal(issues)
	}
	c := op.Costs(m)[0][0]
	// 112*112*32*3*3*3
	if want := int64(112 * 112 * 32 * 27); c.MACs != want || !c.Known {
		t.Errorf("MACs = %d known=%v, want %d", c.MACs, c.Known, want)
	}
	if got := m.Graphs[0].Tensors[3].Shape.String(); got != "[1, 112, 112, 32]" {
		t.Errorf("shape = %s", got)
	}
}
