package coreml_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/coreml"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// fixtures offers weight.bin under the name it has in a package.
func fixtures(t testing.TB) []formattest.Fixture {
	all := append(formattest.Load(t, "*.mlmodel"), formattest.Load(t, "model.mil")...)
	for i := range all {
		all[i].Companions = map[string][]byte{"weights/weight.bin": all[i].Companions["weight.bin"]}
	}
	return append(all, formattest.Load(t, "model.espresso.net")...)
}

func load(t testing.TB, name string) *graph.Model {
	t.Helper()
	for _, fx := range fixtures(t) {
		if fx.Name == name {
			return formattest.Parse(t, coreml.Format, fx)
		}
	}
	t.Fatalf("no fixture %q", name)
	return nil
}

func TestConformance(t *testing.T) { formattest.Run(t, coreml.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, coreml.Format, fx, formattest.Update(*update)) })
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, coreml.Format, fixtures(f)) }

func TestParse_network(t *testing.T) {
	g := load(t, "network.mlmodel").Graphs[0]
	conv := formattest.Node(t, g, "conv")
	a := conv.Attrs.(*graph.ConvAttrs)
	if conv.SourceOp != "convolution" || a.PadMode != graph.PadSameUpper || a.Strides[0] != 2 || a.OutChannels != 4 || a.Data.Batch != -1 {
		t.Errorf("conv %+v", a)
	}
	if s := g.Tensor(conv.Input(1)).Shape.String(); s != "[4, 3, 3, 3]" {
		t.Errorf("filter %s", s)
	}
	if g.Tensor(conv.Input(0)).Name != "image/scaler" || g.Nodes[len(g.Nodes)-1].SourceOp != "scaler" {
		t.Error("the first layer must read the scaled image, the scaler stand last")
	}
	if n := formattest.Node(t, g, "deconv"); n.Op != graph.ConvTranspose {
		t.Errorf("deconv is %s", n.Op)
	}
	fc := g.Tensor(formattest.Node(t, g, "fc").Input(1))
	if fc.DType != graph.Uint8 || fc.Quant == nil || fc.Quant.Scales[0] != 0.1 || len(fc.Const.Data) != 20 {
		t.Errorf("quantised weights %+v %+v", fc, fc.Quant)
	}
}

func TestParse_exactMappingAndBranch(t *testing.T) {
	m := load(t, "exact.mlmodel")
	g := m.Graphs[0]
	br := formattest.Node(t, g, "branch")
	if br.Op != graph.If || len(br.Subgraphs) != 2 || len(br.Outputs) != 1 || g.Tensor(br.Outputs[0]).Name != "y" {
		t.Errorf("branch %+v", br)
	}
	if len(g.Outputs) != 1 || g.Outputs[0] != br.Outputs[0] {
		t.Errorf("outputs %v", g.Outputs)
	}
	mm := formattest.Node(t, g, "mm")
	if s := g.Tensor(mm.Input(1)).Shape.String(); mm.Op != graph.MatMul || s != "[4, 4]" {
		t.Errorf("batched matmul with weights %s", s)
	}
}

func TestParse_programTakesWeightsFromItsFile(t *testing.T) {
	m := load(t, "program.mlmodel")
	if m.IsPartial() || len(m.Parts) != 1 || !m.Parts[0].Found {
		t.Errorf("parts %+v, notes %v", m.Parts, m.Notes)
	}
	if !strings.HasPrefix(m.FormatVersion, "specification 7, opset CoreML6") || !strings.HasPrefix(m.Producer, "coremltools") {
		t.Errorf("version %q producer %q", m.FormatVersion, m.Producer)
	}
	g := m.Graphs[0]
	conv := formattest.Node(t, g, "conv")
	if a := conv.Attrs.(*graph.ConvAttrs); a.PadMode != graph.PadSameUpper || a.Strides[1] != 2 {
		t.Errorf("conv %+v", a)
	}
	lut := 0
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.SourceOp == "const" {
			t.Error("const operations are no nodes")
		}
		if n.SourceOp == "constexpr_lut_to_dense" {
			lut++
			if w := g.Tensor(n.Input(0)); w == nil || w.Const == nil || len(w.Const.Data) == 0 {
				t.Errorf("indices of a palettised weight: %+v", w)
			}
		}
		for _, id := range n.Outputs {
			if !g.Tensor(id).Shape.IsStatic() {
				t.Errorf("%s has shape %s", n.Name, g.Tensor(id).Shape)
			}
		}
	}
	if lut == 0 {
		t.Error("no palettised weight")
	}
	if p := coreml.Format.Parts(fixtures(t)[2].Head()); len(p) == 0 || p[0] != "weights/weight.bin" {
		t.Errorf("parts %v of %s", p, fixtures(t)[2].Name)
	}
}

func TestParse_programWithoutItsFileIsPartial(t *testing.T) {
	in := formattest.Load(t, "program.mlmodel")[0].Input()
	in.Open = nil
	m, err := coreml.Format.Parse(in)
	if err != nil || !m.IsPartial() || len(m.Graphs[0].Nodes) == 0 {
		t.Errorf("%v %v", m, err)
	}
}

func TestParse_pipelineOfClassicModels(t *testing.T) {
	m := load(t, "trees.mlmodel")
	if len(m.Graphs) != 2 || m.Graphs[0].Nodes[0].Op != graph.Call || m.Graphs[1].Nodes[0].Op != graph.ClassicML || m.Graphs[1].Nodes[0].SourceOp != "treeEnsembleRegressor" {
		t.Errorf("graphs %+v", m.Graphs)
	}
}

func TestParse_manifestIsAPart(t *testing.T) {
	data := []byte(`{"fileFormatVersion": "1.0.0", "itemInfoEntries": {"A": {"path": "com.apple.CoreML/model.mlmodel"}}, "rootModelIdentifier": "A"}`)
	if coreml.Format.Match(format.Head{Bytes: data, Size: int64(len(data))}) == format.No {
		t.Error("manifest is not matched")
	}
	if _, err := coreml.Format.Parse(format.Input{Data: data}); !errors.Is(err, format.ErrPart) {
		t.Errorf("%v, want part", err)
	}
}

func TestParse_limits(t *testing.T) {
	formattest.Limits(t, coreml.Format, formattest.Load(t, "network.mlmodel")[0], format.Limits{Nodes: 3}, format.Limits{Tensors: 3}, format.Limits{Depth: 1})
}

func TestMatch_refusesOtherFiles(t *testing.T) {
	formattest.Refuses(t, coreml.Format, "corpus/models/negative", "corpus/models/onnx", "corpus/models/tf-graphdef", "corpus/models/caffe", "corpus/models/tflite")
}

// TestCorpus_network: layers and weights as the corpus' truth has them.
func TestCorpus_network(t *testing.T) {
	data, err := os.ReadFile(formattest.Shared(t, "corpus/models/coreml/edvardHua+PoseEstimationForMobile/release/hourglass_model/model.mlmodel"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := coreml.Format.Parse(format.Input{Data: data})
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
	if n := len(m.Graphs[0].Nodes); n != 845 || params != 418828 {
		t.Errorf("%d layers, %d parameters; want 845 and 418828", n, params)
	}
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(formattest.Shared(b, "corpus/models/coreml/edvardHua+PoseEstimationForMobile/release/hourglass_model/model.mlmodel"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := coreml.Format.Parse(format.Input{Data: data}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestParse_compiledTextSaysWhatTheMessageSays: model.mil was printed from
// program.mlmodel.
func TestParse_compiledTextSaysWhatTheMessageSays(t *testing.T) {
	message, text := load(t, "program.mlmodel"), load(t, "model.mil")
	got, want := formattest.SourceOps(text), formattest.SourceOps(message)
	if strings.Join(got, " ") != strings.Join(want, " ") || len(got) == 0 {
		t.Errorf("operators %v, want %v", got, want)
	}
	g, _ := formattest.Params(text)
	w, _ := formattest.Params(message)
	if g != w || w == 0 {
		t.Errorf("params %d, want %d", g, w)
	}
	for i := range text.Graphs[0].Nodes {
		a, b := text.Graphs[0].Nodes[i], message.Graphs[0].Nodes[i]
		for k := range b.Outputs {
			if x, y := text.Graphs[0].Tensor(a.Outputs[k]), message.Graphs[0].Tensor(b.Outputs[k]); !x.Shape.Equal(y.Shape) || x.DType != y.DType || x.Name != y.Name {
				t.Errorf("result %d of %s: %s %s %s, want %s %s %s", k, a.SourceOp, x.Name, x.DType, x.Shape, y.Name, y.DType, y.Shape)
			}
		}
	}
	if text.Producer != "coremlc 3304.6.2" {
		t.Errorf("producer %q", text.Producer)
	}
}

func TestParse_espressoCountsWeights(t *testing.T) {
	m := load(t, "model.espresso.net")
	if n, ok := formattest.Params(m); !ok || n != 8*27+8+8*9+5*8+5 || m.IsPartial() {
		t.Errorf("params %d (%v), notes %v", n, ok, m.Notes)
	}
	g := m.Graphs[0]
	if len(g.Inputs) != 1 || len(g.Outputs) != 1 || g.Tensors[g.Inputs[0]].Name != "image" || !g.Tensors[g.Outputs[0]].Shape.Equal(graph.ShapeOf(1, 5, 1, 1)) {
		t.Errorf("inputs %v, outputs %v", g.Inputs, g.Outputs)
	}
}

// TestParse_compiledTextOfNewerCompilers: scalars without "tensor", several
// results, lists of operands, free dimensions.
func TestParse_compiledTextOfNewerCompilers(t *testing.T) {
	text := `program(1.3)
[buildInfo = dict<string, string>({{"coremlc-version", "3400.1"}})]
{
    func main<ios18>(tensor<fp16, [1, ?, 8]> x, state<tensor<fp16, [1, 8]>> memory) [FlexibleShapeInformation = tuple<tuple<string, dict<string, tensor<int32, [?]>>>>((("DefaultShapes", {{"x", [1, 4, 8]}})))] {
            int32 axis = const()[name = string("axis"), val = int32(-1)];
            bool keep = const()[name = string("a \" quote"), val = bool(false)];
            (tensor<fp16, [1, ?, 4]> a, tensor<fp16, [1, ?, 4]> b) = split(axis = axis, num_splits = int32(2), x = x)[name = string("halves")];
            tensor<fp16, [1, ?, 8]> y = concat(axis = axis, interleave = keep, values = (b, a))[name = string("y")];
        } -> (y);
}`
	m, err := coreml.Format.Parse(format.Input{Name: "model.mil", Data: []byte(text)})
	if err != nil {
		t.Fatal(err)
	}
	g := m.Graphs[0]
	if got := formattest.SourceOps(m); strings.Join(got, " ") != "split concat" || len(g.Inputs) != 2 || len(g.Nodes[0].Outputs) != 2 || m.Producer != "coremlc 3400.1" {
		t.Errorf("operators %v, inputs %v", got, g.Inputs)
	}
	if s := g.Tensor(g.Outputs[0]).Shape; s.Len() != 3 || s.Dim(1).IsKnown() {
		t.Errorf("shape of the result %s", s)
	}
	for cut := range len(text) {
		if m, err := coreml.Format.Parse(format.Input{Name: "model.mil", Data: []byte(text[:cut])}); err == nil && cut < len(text)-1 {
			t.Fatalf("cut at %d: %v", cut, m)
		}
	}
}
