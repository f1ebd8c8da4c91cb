package tensorflow_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/tensorflow"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func fixtures(t testing.TB) []formattest.Fixture {
	return append(slices.Concat(formattest.Load(t, "*.pb"), formattest.Load(t, "*.pbtxt"), formattest.Load(t, "web.json")), checkpoint(t))
}

// checkpoint is the index of the SavedModel's variables by itself.
func checkpoint(t testing.TB) formattest.Fixture {
	t.Helper()
	fx := formattest.Fixture{Name: "variables.index", Companions: map[string][]byte{}}
	for _, name := range []string{fx.Name, "variables.data-00000-of-00001"} {
		b, err := os.ReadFile(filepath.Join("testdata", "variables", name))
		if err != nil {
			t.Fatal(err)
		}
		fx.Companions[name] = b
	}
	fx.Data = fx.Companions[fx.Name]
	return fx
}

func TestConformance(t *testing.T) { formattest.Run(t, tensorflow.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, tensorflow.Format, fx, formattest.Update(*update)) })
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, tensorflow.Format, fixtures(f)) }

func load(t testing.TB, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, tensorflow.Format, formattest.Load(t, name)[0])
}

func TestParse_textGivesTheSameGraph(t *testing.T) {
	var a, b bytes.Buffer
	if err := errors.Join(graph.Dump(&a, load(t, "frozen.pb")), graph.Dump(&b, load(t, "frozen.pbtxt"))); err != nil {
		t.Fatal(err)
	}
	strip := func(s []byte) string { // typed lists take another number of bytes
		var out []byte
		for _, l := range bytes.Split(s, []byte("\n")) {
			if i := bytes.Index(l, []byte(" const bytes=")); i >= 0 {
				l = l[:i]
			}
			out = append(append(out, l...), '\n')
		}
		return string(out)
	}
	if strip(a.Bytes()) != strip(b.Bytes()) {
		t.Errorf("binary:\n%s\ntext:\n%s", a.String(), b.String())
	}
}

func TestParse_operandsAndAttributes(t *testing.T) {
	g := load(t, "frozen.pb").Graphs[0]
	conv := formattest.Node(t, g, "conv")
	a := conv.Attrs.(*graph.ConvAttrs)
	if conv.Op != graph.Conv || a.PadMode != graph.PadSameUpper || a.Strides[0] != 2 || a.Data.Channel != 3 || a.Filter.Out != 3 {
		t.Errorf("conv %+v", a)
	}
	if s := g.Tensor(conv.Input(1)).Shape.String(); s != "[3, 3, 3, 4]" {
		t.Errorf("the filter behind Identity has shape %s", s)
	}
	if a := formattest.Node(t, g, "depthwise").Attrs.(*graph.ConvAttrs); !a.Depthwise || a.OutChannels != 8 {
		t.Errorf("depthwise %+v", a)
	}
	deconv := formattest.Node(t, g, "deconv")
	if a := deconv.Attrs.(*graph.ConvAttrs); deconv.Op != graph.ConvTranspose || a.OutputShape[0] != 4 || len(deconv.Inputs) != 2 {
		t.Errorf("deconv %+v %v", a, deconv.Inputs)
	}
	if n := formattest.Node(t, g, "concat"); len(n.Inputs) != 2 || n.Attrs.(*graph.AxisAttrs).Axis != 3 {
		t.Errorf("concat %+v", n)
	}
	if n := formattest.Node(t, g, "split"); len(n.Outputs) != 2 || n.Attrs.(*graph.SplitAttrs).Axis != 3 {
		t.Errorf("split %+v", n)
	}
	if a := formattest.Node(t, g, "mean").Attrs.(*graph.ReduceAttrs); !a.KeepDims || len(a.Axes) != 2 {
		t.Errorf("mean %+v", a)
	}
	if x := g.Tensor(g.Inputs[0]); x.Name != "input" || x.Shape.String() != "[?, 8, 8, 3]" {
		t.Errorf("input %s %s", x.Name, x.Shape)
	}
}

func TestParse_shortListRepeatsItsLastValue(t *testing.T) {
	g := load(t, "frozen.pb").Graphs[0]
	c := g.Tensor(formattest.Node(t, g, "repeated").Outputs[0]).Const
	b, err := c.Bytes()
	if want := bytes.Repeat([]byte{3, 0, 0, 0}, 4); err != nil || !bytes.Equal(b, want) {
		t.Errorf("got %x, %v; want %x", b, err, want)
	}
}

func TestParse_savedModelReachesFunctions(t *testing.T) {
	m := load(t, "saved_model.pb")
	if !m.IsPartial() || len(m.Parts) != 1 || m.Parts[0].Found {
		t.Errorf("variables are not there: partial %v, parts %+v", m.IsPartial(), m.Parts)
	}
	consts := map[*graph.Const]int64{}
	ops := map[graph.Op]int{}
	for _, g := range m.Graphs {
		for i := range g.Nodes {
			ops[g.Nodes[i].Op]++
		}
		for i := range g.Tensors {
			if tn := &g.Tensors[i]; tn.Const != nil && tn.Const.Missing != "" {
				n, _ := tn.Shape.Elements()
				consts[tn.Const] = n
			}
		}
	}
	var params int64
	for _, n := range consts {
		params += n
	}
	if params != 4*3+3 {
		t.Errorf("variables have %d elements, want 15, each counted once", params)
	}
	if ops[graph.MatMul] != 1 || ops[graph.If] != 1 || ops[graph.Call] < 2 || ops[graph.StateRead] == 0 {
		t.Errorf("operators %v", ops)
	}
	if len(m.Graphs[0].Inputs) != 1 || len(m.Graphs[0].Outputs) != 1 {
		t.Errorf("signature gives inputs %v, outputs %v", m.Graphs[0].Inputs, m.Graphs[0].Outputs)
	}
	if p := tensorflow.Format.Parts(formattest.Load(t, "saved_model.pb")[0].Head()); len(p) < 2 || p[0] != "variables/variables.index" {
		t.Errorf("parts %v", p)
	}
}

func TestParse_savedModelTakesValuesFromItsCheckpoint(t *testing.T) {
	in := formattest.Load(t, "saved_model.pb")[0].Input()
	in.Open = func(name string) ([]byte, error) { return os.ReadFile(filepath.Join("testdata", name)) }
	m, err := tensorflow.Format.Parse(in)
	if err != nil || m.IsPartial() || len(m.Parts) != 2 || !m.Parts[1].Found {
		t.Fatalf("%v, notes %v, parts %+v", err, m.Notes, m.Parts)
	}
	sizes := map[int]bool{}
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			if c := g.Tensors[i].Const; c != nil && c.Location != "" {
				sizes[len(c.Data)] = true
			}
		}
	}
	if !sizes[48] || !sizes[12] || len(sizes) != 2 {
		t.Errorf("values of %v bytes, want those of [4, 3] and [3] floats", sizes)
	}
}

func TestParse_checkpointHasTensorsOnly(t *testing.T) {
	fx := checkpoint(t)
	m, err := tensorflow.Format.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	g := m.Graphs[0]
	if len(g.Nodes) != 0 || len(g.Tensors) != 3 || m.IsPartial() {
		t.Errorf("%d nodes, %d tensors, notes %v", len(g.Nodes), len(g.Tensors), m.Notes)
	}
	h := fx.Head()
	if p := tensorflow.Format.Parts(h); len(p) != 1 || p[0] != "variables.data-00000-of-00001" {
		t.Errorf("parts %v", p)
	}
	h.Bytes, h.Size = h.Bytes[:100], 1<<20
	if tensorflow.Format.Match(h) == format.No {
		t.Error("the beginning of a large index is not matched")
	}
}

func TestParse_controlFlow(t *testing.T) {
	m := load(t, "flow.pb")
	found := false
	for i := range m.Graphs[0].Nodes {
		n := &m.Graphs[0].Nodes[i]
		if n.Op == graph.While {
			found = true
			if len(n.Subgraphs) != 2 || m.Graphs[n.Subgraphs[1]].Role != graph.RoleBody {
				t.Errorf("while %+v", n)
			}
			if a := n.Attrs.(*graph.LoopAttrs); a.TripCount != 3 {
				t.Errorf("trips %+v, want 3: the counter runs from 0 to 3 by 1", a)
			}
		}
	}
	if !found {
		t.Error("no While")
	}
}

func TestParse_limits(t *testing.T) {
	formattest.Limits(t, tensorflow.Format, formattest.Load(t, "saved_model.pb")[0], format.Limits{Nodes: 5}, format.Limits{Tensors: 5}, format.Limits{Depth: 1})
}

// TestMatch_refusesLookAlikes: other protobuf messages that open with field 1.
func TestMatch_refusesLookAlikes(t *testing.T) {
	formattest.Refuses(t, tensorflow.Format, "corpus/models/negative", "corpus/models/onnx", "corpus/models/coreml", "corpus/models/caffe", "corpus/models/tflite")
}

// TestCorpus_frozenGraphs: operators and constants as the corpus' truth has them.
func TestCorpus_frozenGraphs(t *testing.T) {
	dir := formattest.Shared(t, "corpus/models/tf-graphdef/google-ai-edge+mediapipe/mediapipe/calculators/tensorflow/testdata")
	for name, want := range map[string]struct {
		nodes  int
		params int64
	}{"frozen_graph_def.pb": {12, 16}, "tf_graph_def.pb": {36, 30}} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		m, err := tensorflow.Format.Parse(format.Input{Path: name, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		var params int64
		for i := range m.Graphs[0].Tensors {
			if tn := &m.Graphs[0].Tensors[i]; tn.Const != nil {
				n, _ := tn.Shape.Elements()
				params += n
			}
		}
		if len(m.Graphs[0].Nodes) != want.nodes || params != want.params {
			t.Errorf("%s: %d nodes, %d constants; want %+v", name, len(m.Graphs[0].Nodes), params, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"frozen.pb", "saved_model.pb"} {
		b.Run(name, func(b *testing.B) { formattest.Bench(b, tensorflow.Format, formattest.Load(b, name)[0]) })
	}
}

// TestParse_webGraph: a graph of TensorFlow.js, its values in two shards, one of
// them across both.
func TestParse_webGraph(t *testing.T) {
	in := formattest.Load(t, "web.json")[0].Input()
	m, err := tensorflow.Format.Parse(in)
	if err != nil || m.IsPartial() || len(m.Parts) != 2 {
		t.Fatalf("%v, %v", m, err)
	}
	if n, ok := formattest.Params(m); !ok || n != 3*3*3*8+8+3*3*8+8*40+2 {
		t.Errorf("params %d", n)
	}
	for _, x := range m.Graphs[0].Tensors {
		if x.Const == nil {
			continue
		}
		if b, err := x.Const.Bytes(); err != nil || int64(len(b)) != x.Const.StoredBytes {
			t.Errorf("%s: %d bytes of %d, %v", x.Name, len(b), x.Const.StoredBytes, err)
		}
	}
	in.Open = nil
	if m, err := tensorflow.Format.Parse(in); err != nil || !m.IsPartial() || m.Parts[0].Found {
		t.Errorf("without its shards: %v, %v", m, err)
	}
}
