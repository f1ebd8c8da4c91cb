package mindir_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mindir"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func fixtures(t testing.TB) []formattest.Fixture { return formattest.Load(t, "*.mindir") }

func TestConformance(t *testing.T) { formattest.Run(t, mindir.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		formattest.Golden(t, mindir.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, mindir.Format, fixtures(f)) }

func TestParse_operatorsShapesAndParameters(t *testing.T) {
	m, err := mindir.Format.Parse(fixtures(t)[0].Input())
	if err != nil || m.IsPartial() {
		t.Fatalf("%v, notes %v", err, m.Notes)
	}
	g := m.Graphs[0]
	var params int64
	for i := range g.Tensors {
		if c := g.Tensors[i].Const; c != nil && !c.NotParam {
			n, _ := g.Tensors[i].Shape.Elements()
			params += n
		}
	}
	// conv 4*3*3*3 + 4, batch norm 4*4, depthwise 4*9, dense 5*16 + 5
	if want := int64(108 + 4 + 16 + 36 + 80 + 5); params != want {
		t.Errorf("%d parameters, want %d", params, want)
	}
	seen := map[graph.Op]int{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		seen[n.Op]++
		if n.Op == graph.Unknown {
			t.Errorf("%s is unknown", n.SourceOp)
		}
		switch a := n.Attrs.(type) {
		case *graph.ConvAttrs:
			if a.Groups == 1 && a.PadMode != graph.PadSameUpper || a.Groups == 4 && a.PadBegin[0] != 1 {
				t.Errorf("conv %+v", a)
			}
		case *graph.MatMulAttrs:
			if a.TransA || !a.TransB || len(n.Inputs) != 2 {
				t.Errorf("matmul %+v %v", a, n.Inputs)
			}
		}
		if n.Op == graph.Concat && len(n.Inputs) != 2 {
			t.Errorf("concat has operands %v, want the tuple's two elements", n.Inputs)
		}
	}
	if seen[graph.Conv] != 2 || seen[graph.MatMul] != 1 || seen[graph.Concat] != 1 {
		t.Errorf("operators %v", seen)
	}
	if s := g.Tensor(g.Outputs[0]).Shape.String(); s != "[1, 5]" {
		t.Errorf("output %s, want [1, 5]", s)
	}
}

func TestParse_limits(t *testing.T) {
	formattest.Limits(t, mindir.Format, fixtures(t)[0], format.Limits{Nodes: 3}, format.Limits{Tensors: 3})
}

func BenchmarkParse(b *testing.B) { formattest.Bench(b, mindir.Format, fixtures(b)[0]) }
