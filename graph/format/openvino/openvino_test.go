package openvino_test

import (
	"errors"
	"flag"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/openvino"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, openvino.Format, formattest.Load(t, "*.xml"))
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, openvino.Format, formattest.Load(f, "*.xml")) }

func TestParse_golden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.xml") {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, openvino.Format, fx, formattest.Update(*update)) })
	}
}

func load(t *testing.T, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, openvino.Format, formattest.Load(t, name)[0])
}

func TestParse_constantsLieInTheWeightsFile(t *testing.T) {
	m := load(t, "small.xml")
	halves := 0
	for _, x := range m.Graphs[0].Tensors {
		if x.Const == nil {
			continue
		}
		if x.Const.Data == nil || x.Const.Missing != "" {
			t.Errorf("%s: missing %q", x.Name, x.Const.Missing)
		}
		if x.DType == graph.Float16 {
			halves++
		}
	}
	if halves == 0 || m.IsPartial() || !m.Parts[0].Found {
		t.Errorf("%d float16 constants, parts %+v", halves, m.Parts)
	}
}

func TestParse_withoutWeightsSaysSo(t *testing.T) {
	fx := formattest.Load(t, "small.xml")[0]
	for name, companions := range map[string]map[string][]byte{"none": nil, "short": {"small.bin": make([]byte, 10)}} {
		fx.Companions = companions
		m, err := openvino.Parse(fx.Input())
		if err != nil {
			t.Fatal(err)
		}
		if n, ok := formattest.Params(m); !m.IsPartial() || !ok || n == 0 {
			t.Errorf("%s: partial %v, params %d", name, m.IsPartial(), n)
		}
	}
}

func TestParse_bodiesAreGraphs(t *testing.T) {
	m := load(t, "bodies.xml")
	if len(m.Graphs) != 3 || m.Graphs[1].Role != graph.RoleBody {
		t.Fatalf("%d graphs", len(m.Graphs))
	}
	for _, n := range m.Graphs[0].Nodes {
		if n.Op == graph.If && len(n.Subgraphs) == 2 {
			return
		}
	}
	t.Error("no If with two bodies")
}

func TestParse_oldVersionsKeepWeightsInBlobs(t *testing.T) {
	m := load(t, "old.xml")
	if n, _ := formattest.Params(m); n != 56 || m.FormatVersion != "6" {
		t.Errorf("params %d, version %q", n, m.FormatVersion)
	}
}

func TestMatch_refusesOtherXML(t *testing.T) {
	for _, text := range []string{
		`<?xml version="1.0"?><manifest package="a"/>`, `<net>`, `<net version="1">`, `<network version="1"><layers/></network>`,
		`<net version="1"><nodes/></net>`, `<!-- x`, `<?xml`, ``, `net version layers`,
	} {
		if c := openvino.Format.Match(format.Head{Name: "x.xml", Bytes: []byte(text)}); c != format.No {
			t.Errorf("%q: confidence %d", text, c)
		}
	}
}

func TestParse_badFiles(t *testing.T) {
	for text, kind := range map[string]error{
		`<net name="a" version="11"><layers><layer id="0" name="x" type="Parameter">`:                                                           format.ErrTruncated,
		`<net name="a" version="11"><layers></wrong></net>`:                                                                                     format.ErrMalformed,
		`<net name="a" version="11"><layers><layer id="0" type="ReLU"><output><port id="0"><dim>x</dim></port></output></layer></layers></net>`: format.ErrMalformed,
		`<net name="a" version="11"><layers><layer id="0"/></layers></net>`:                                                                     format.ErrMalformed,
		`<net name="a" version="11"><layers><layer id="0" type="R"><output><port id="0"/><port id="0"/></output></layer></layers></net>`:        format.ErrMalformed,
		`<net name="a" version="11"><layers>` + strings.Repeat("<layer>", 100):                                                                  format.ErrLimit,
		`<net name="a" version="11"><layers><layer id="0" type="` + strings.Repeat("x", 1<<17) + `"/></layers></net>`:                           format.ErrLimit,
	} {
		if _, err := openvino.Parse(format.Input{Name: "x.xml", Data: []byte(text)}); !errors.Is(err, kind) {
			t.Errorf("%.80q: error %v, want %v", text, err, kind)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	in := formattest.Load(b, "small.xml")[0].Input()
	b.SetBytes(int64(len(in.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := openvino.Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
