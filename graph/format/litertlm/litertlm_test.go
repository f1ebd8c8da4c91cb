package litertlm_test

import (
	"flag"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/litertlm"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat(t *testing.T) {
	formattest.Run(t, litertlm.Format, formattest.Load(t, "*.litertlm"))
}

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.litertlm") {
		formattest.Golden(t, litertlm.Format, fx, formattest.Update(*update))
	}
}

func TestParse_subgraphsPointIntoTheirSection(t *testing.T) {
	fx := formattest.Load(t, "two.litertlm")[0]
	m, err := litertlm.Format.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Graphs) != 4 || m.Graphs[0].Name != "tf_lite_prefill_decode/main" || m.Graphs[3].Name != "tf_lite_embedder/main" || m.Graphs[0].Nodes[0].Subgraphs[0] != 1 {
		t.Errorf("%d graphs", len(m.Graphs))
	}
	if m.Length != int64(len(fx.Data)) {
		t.Errorf("length %d of %d bytes", m.Length, len(fx.Data))
	}
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, litertlm.Format, formattest.Load(f, "*.litertlm"))
}
