package paddle_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/paddle"
)

func pir(t *testing.T) *graph.Model {
	t.Helper()
	m, err := paddle.Format.Parse(formattest.Load(t, "pir.json")[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func node(t *testing.T, g *graph.Graph, word string) *graph.Node {
	t.Helper()
	for i := range g.Nodes {
		if g.Nodes[i].SourceOp == word {
			return &g.Nodes[i]
		}
	}
	t.Fatalf("no %s", word)
	return nil
}

func TestParsePIR_parametersOperatorsAndEnds(t *testing.T) {
	m := pir(t)
	// Two convolutions and a depthwise one, batch norm 4*8, LSTM 4*6*(4+6) with
	// two biases, linear.
	want := int64(8*27 + 8 + 4*8 + 8*9 + 8 + 8*4*4 + 4 + 24*10 + 2*24 + 6*5 + 5)
	if n, ok := formattest.Params(m); !ok || n != want || m.IsPartial() || len(m.Parts) != 1 {
		t.Errorf("params %d, parts %v, notes %v", n, m.Parts, m.Notes)
	}
	g := m.Graphs[0]
	for i := range g.Nodes {
		if g.Nodes[i].Op == graph.Unknown {
			t.Errorf("%s is unknown", g.Nodes[i].SourceOp)
		}
		if strings.HasPrefix(g.Nodes[i].SourceOp, "builtin.") {
			t.Errorf("%s is no operator of the network", g.Nodes[i].SourceOp)
		}
	}
	if len(g.Inputs) != 1 || g.Tensor(g.Inputs[0]).Name != "image" || len(g.Outputs) != 2 {
		t.Errorf("inputs %v outputs %v", g.Inputs, g.Outputs)
	}
}

func TestParsePIR_operandsBecomeAttributes(t *testing.T) {
	g := pir(t).Graphs[0]
	if p, ok := node(t, g, "pool2d").Attrs.(*graph.PoolAttrs); !ok || !slices.Equal(p.AdaptiveOutput, []int64{4, 2}) {
		t.Errorf("pool2d %+v", p)
	}
	if c, ok := node(t, g, "conv2d").Attrs.(*graph.ConvAttrs); !ok || !slices.Equal(c.Strides, []int64{2, 2}) {
		t.Errorf("conv2d %+v", c)
	}
	if n := node(t, g, "concat"); len(n.Inputs) < 2 {
		t.Errorf("concat has operands %v: the list is not spread", n.Inputs)
	}
	bn := node(t, g, "batch_norm_")
	if len(bn.Inputs) != 5 || !strings.HasSuffix(g.Tensor(bn.Inputs[1]).Name, ".w_0") || !strings.HasSuffix(g.Tensor(bn.Inputs[3]).Name, ".w_1") {
		t.Errorf("batch norm wants x, scale, bias, mean, variance")
	}
	if n := node(t, g, "einsum"); n.Op != graph.Einsum || len(n.Inputs) != 2 {
		t.Errorf("einsum %+v", n)
	}
}

func TestMatch_refusesOtherJSON(t *testing.T) {
	for _, s := range []string{`{"base_code":{"magic":"other"}}`, `{"nodes":[]}`, `["base_code","magic","pir"]`, ``} {
		if c := paddle.Format.Match(format.Head{Name: "a.json", Bytes: []byte(s), Size: int64(len(s))}); c != format.No {
			t.Errorf("%s: confidence %d", s, c)
		}
	}
	in := format.Input{Name: "a.json", Data: []byte(`{"base_code":{"magic":"pir"},"program":{}}`)}
	if _, err := paddle.Format.Parse(in); err == nil {
		t.Error("a program without regions is no model")
	}
	whole := formattest.Load(t, "pir.json")[0].Data
	if _, err := paddle.Format.Parse(format.Input{Name: "a.json", Data: whole[:len(whole)/2]}); !errors.Is(err, format.ErrTruncated) {
		t.Errorf("half a program: %v, want truncated", err)
	}
}
