package nnef_test

import (
	"errors"
	"flag"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/nnef"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) { formattest.Run(t, nnef.Format, formattest.Load(t, "*.nnef")) }

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, nnef.Format, append(formattest.Load(f, "*.nnef"), formattest.Load(f, "*.dat")...))
}

func TestParse_golden(t *testing.T) {
	formattest.Golden(t, nnef.Format, formattest.Load(t, "*.nnef")[0], formattest.Update(*update))
}

func TestParse_operationsAndVariables(t *testing.T) {
	m, err := nnef.Parse(formattest.Load(t, "*.nnef")[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"conv", "relu", "conv", "max_pool", "mul", "split", "concat", "reshape", "linear", "softmax"}
	if got := formattest.SourceOps(m); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if n, ok := formattest.Params(m); !ok || n != 108+4+36+80 || m.IsPartial() || len(m.Parts) != 4 {
		t.Errorf("params %d, parts %+v, notes %v", n, m.Parts, m.Notes)
	}
	if a := m.Graphs[0].Nodes[0].Attrs.(*graph.ConvAttrs); !slices.Equal(a.Strides, []int64{2, 2}) || !slices.Equal(a.PadEnd, []int64{1, 1}) {
		t.Errorf("convolution %+v", a)
	}
}

func TestParse_withoutVariablesIsPartial(t *testing.T) {
	fx := formattest.Load(t, "*.nnef")[0]
	fx.Companions = nil
	m, err := nnef.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	if n, ok := formattest.Params(m); !ok || n != 228 || !m.IsPartial() {
		t.Errorf("params %d, notes %v", n, m.Notes)
	}
}

func TestParse_tensorFilesAreParts(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.dat") {
		if nnef.Format.Match(fx.Head()) == format.No {
			t.Errorf("%s is not matched", fx.Name)
		}
		if _, err := nnef.Parse(fx.Input()); !errors.Is(err, format.ErrPart) {
			t.Errorf("%s: %v", fx.Name, err)
		}
	}
}

func TestParse_fragmentsKeepTheirWord(t *testing.T) {
	text := "version 1.0;\nextension KHR_enable_fragment_definitions;\nfragment mine( x: tensor<scalar> ) -> ( y: tensor<scalar> ) { y = relu(x); }\ngraph g( i ) -> ( o ) { i = external(shape = [1, 2]); o = mine(i); }\n"
	m, err := nnef.Parse(format.Input{Name: "graph.nnef", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	if n := m.Graphs[0].Nodes[0]; n.Op != graph.Custom || n.SourceOp != "mine" || len(n.Inputs) != 1 {
		t.Errorf("%+v", n)
	}
}

func TestParse_badFiles(t *testing.T) {
	for text, kind := range map[string]error{
		"version 1.0;\ngraph g( i ) -> ( o ) { i = external(shape = [1, 2]);": format.ErrTruncated,
		"version 1.0;\ngraph g( i ) -> ( o ) { i = 5; }":                      format.ErrMalformed,
		"version 1.0;\ngraph g( i - ( o ) { }":                                format.ErrMalformed,
		"version 1.0;\nfragment f( x":                                         format.ErrTruncated,
		"version 3;\ngraph":                                                   format.ErrNotModel,
		"versions of this text":                                               format.ErrNotModel,
	} {
		if _, err := nnef.Parse(format.Input{Name: "graph.nnef", Data: []byte(text)}); !errors.Is(err, kind) {
			t.Errorf("%q: error %v, want %v", text, err, kind)
		}
	}
}
