package feature_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/graph"
)

// sketch builds graphs of [1, 8, 4, 4] tensors.
type sketch struct{ g graph.Graph }

func (s *sketch) tensor(name string, c *graph.Const, sizes ...int64) graph.TensorID {
	s.g.Tensors = append(s.g.Tensors, graph.Tensor{Name: name, DType: graph.Float32, Shape: graph.ShapeOf(sizes...), Const: c})
	return graph.TensorID(len(s.g.Tensors) - 1)
}

func (s *sketch) data(name string) graph.TensorID { return s.tensor(name, nil, 1, 8, 4, 4) }

func (s *sketch) constant(name string, sizes ...int64) graph.TensorID {
	return s.tensor(name, &graph.Const{Missing: "test"}, sizes...)
}

func (s *sketch) node(op graph.Op, attrs graph.Attrs, in ...graph.TensorID) graph.TensorID {
	out := s.data(string(op))
	s.g.Nodes = append(s.g.Nodes, graph.Node{Op: op, SourceOp: string(op), Attrs: attrs, Inputs: in, Outputs: []graph.TensorID{out}})
	return out
}

func (s *sketch) input() graph.TensorID {
	x := s.data("x")
	s.g.Inputs = append(s.g.Inputs, x)
	return x
}

func (s *sketch) conv(x graph.TensorID) graph.TensorID {
	return s.node(graph.Conv, &graph.ConvAttrs{Data: graph.NCHW(2), Filter: graph.OIHW(2)}, x, s.constant("w", 8, 8, 1, 1))
}

func kinds(t *testing.T, s *sketch, f feature.Fusion) []string {
	t.Helper()
	costs := make([]graph.Cost, len(s.g.Nodes))
	for i := range costs {
		costs[i].Known = true
	}
	var out []string
	for _, l := range feature.Of("test", &s.g, costs, f).Layers {
		out = append(out, l.Kind.String())
	}
	return out
}

func wantKinds(t *testing.T, name string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: layers %v, want %v", name, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: layers %v, want %v", name, got, want)
			return
		}
	}
}

func TestOf_foldsLongGELUIntoTheConvolution(t *testing.T) {
	s := &sketch{}
	y := s.node(graph.Add, nil, s.constant("bias", 8, 1, 1), s.conv(s.input()))
	d := s.node(graph.Div, nil, y, s.constant("sqrt2"))
	a := s.node(graph.Add, nil, s.node(graph.Erf, nil, d), s.constant("one"))
	m := s.node(graph.Mul, nil, y, a)
	s.g.Outputs = []graph.TensorID{s.node(graph.Mul, nil, m, s.constant("half"))}
	wantKinds(t, "fused", kinds(t, s, feature.FusePointwise), "conv")
	if got := kinds(t, s, feature.FuseNone); len(got) != len(s.g.Nodes) {
		t.Errorf("as filed: layers %v of %d nodes", got, len(s.g.Nodes))
	}
}

func TestOf_gateOnASharedInputStays(t *testing.T) {
	s := &sketch{}
	y := s.conv(s.input())
	g := s.node(graph.Mul, nil, y, s.node(graph.Sigmoid, nil, y))
	s.g.Outputs = []graph.TensorID{g, s.conv(y)}
	wantKinds(t, "gate", kinds(t, s, feature.FusePointwise), "conv", "activation", "conv")
}

func TestOf_residualAdditionStays(t *testing.T) {
	s := &sketch{}
	x := s.input()
	y := s.node(graph.Relu, nil, s.node(graph.Add, nil, s.conv(x), x))
	s.g.Outputs = []graph.TensorID{y}
	wantKinds(t, "residual", kinds(t, s, feature.FusePointwise), "conv", "eltwise")
}

func TestOf_shapeArithmeticCostsNothing(t *testing.T) {
	s := &sketch{}
	x := s.input()
	n := s.node(graph.Gather, &graph.GatherAttrs{}, s.node(graph.ShapeOp, nil, x), s.constant("index"))
	half := s.node(graph.Div, nil, n, s.constant("two"))
	s.g.Outputs = []graph.TensorID{s.node(graph.Reshape, &graph.ReshapeAttrs{}, x, half)}
	wantKinds(t, "shape", kinds(t, s, feature.FusePointwise), "reshape")
}

func TestOf_strippedWeightsAreParameters(t *testing.T) {
	s := &sketch{}
	x := s.input()
	for i := 0; i < 4; i++ {
		w := s.tensor("w", nil, 8, 8)
		s.g.Inputs = append(s.g.Inputs, w)
		x = s.node(graph.MatMul, &graph.MatMulAttrs{}, x, w)
	}
	s.g.Outputs = []graph.TensorID{x}
	net := feature.Of("test", &s.g, make([]graph.Cost, 4), feature.FusePointwise)
	if net.InputElems != 128 {
		t.Errorf("%v input elements, want 128", net.InputElems)
	}
	for _, l := range net.Layers {
		if l.Kind != feature.Dense || l.Params != 64 {
			t.Errorf("%s with %v parameters, want dense with 64", l.Kind, l.Params)
		}
	}
}
