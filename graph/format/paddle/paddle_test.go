package paddle_test

import (
	"flag"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/paddle"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func fixtures(t testing.TB) []formattest.Fixture {
	return slices.Concat(formattest.Load(t, "*.pdmodel"), formattest.Load(t, "*.json"))
}

func TestConformance(t *testing.T) { formattest.Run(t, paddle.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, paddle.Format, fx, formattest.Update(*update)) })
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, paddle.Format, fixtures(f)) }

func TestParse_parametersComeFromTheirFile(t *testing.T) {
	m, err := paddle.Format.Parse(fixtures(t)[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	if m.IsPartial() || len(m.Parts) != 1 || m.Parts[0].Name != "tiny.pdiparams" {
		t.Fatalf("parts %+v notes %v", m.Parts, m.Notes)
	}
	g := m.Graphs[0]
	var params int64
	seen := map[*graph.Const]bool{}
	for i := range g.Tensors {
		if c := g.Tensors[i].Const; c != nil && !seen[c] {
			seen[c] = true
			n, _ := g.Tensors[i].Shape.Elements()
			params += n
			if c.Data == nil {
				t.Errorf("%s has no value: %s", g.Tensors[i].Name, c.Missing)
			}
		}
	}
	// conv 4*3*3*3 + bias 4, batch norm 4*4, depthwise 4*9, fc 4*5 + 5
	if want := int64(108 + 4 + 16 + 36 + 20 + 5); params != want {
		t.Errorf("%d parameters, want %d", params, want)
	}
	unknown := 0
	for i := range g.Nodes {
		if g.Nodes[i].Op == graph.Unknown {
			unknown++
			t.Errorf("%s is unknown", g.Nodes[i].SourceOp)
		}
	}
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 || g.Tensor(g.Inputs[0]).Shape.String() != "[?, 3, 8, 8]" {
		t.Errorf("inputs %v outputs %v", g.Inputs, g.Outputs)
	}
}

func TestParse_withoutParametersIsPartial(t *testing.T) {
	formattest.PartialAlone(t, paddle.Format, fixtures(t)[0])
}

func TestParse_cutParameterFile(t *testing.T) {
	in := fixtures(t)[0].Input()
	open := in.Open
	in.Open = func(name string) ([]byte, error) {
		b, err := open(name)
		return b[:len(b)/2], err
	}
	m, err := paddle.Format.Parse(in)
	if err != nil || !m.IsPartial() {
		t.Errorf("%v, %v", m, err)
	}
}

func TestParse_limits(t *testing.T) {
	formattest.Limits(t, paddle.Format, fixtures(t)[0], format.Limits{Nodes: 3}, format.Limits{Tensors: 3})
}

func TestMatch_refusesOtherFiles(t *testing.T) {
	formattest.Refuses(t, paddle.Format, "corpus/models")
}

func BenchmarkParse(b *testing.B) { formattest.Bench(b, paddle.Format, fixtures(b)[0]) }
