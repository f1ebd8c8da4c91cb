package onnx_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/gaugenn/gaugenn/graph/format/onnx"
	wire "google.golang.org/protobuf/encoding/protowire"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func fixtures(t testing.TB) []formattest.Fixture {
	return append(formattest.Load(t, "*.onnx"), formattest.Load(t, "prefixed.bin")...)
}

func TestConformance(t *testing.T) { formattest.Run(t, onnx.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, onnx.Format, fx, formattest.Update(*update)) })
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, onnx.Format, fixtures(f)) }

func load(t testing.TB, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, onnx.Format, formattest.Load(t, name)[0])
}

func tensor(t testing.TB, g *graph.Graph, name string) *graph.Tensor {
	t.Helper()
	for i := range g.Tensors {
		if g.Tensors[i].Name == name {
			return &g.Tensors[i]
		}
	}
	t.Fatalf("graph %q has no tensor %q", g.Name, name)
	return nil
}

func node(t testing.TB, g *graph.Graph, source string) *graph.Node {
	t.Helper()
	for i := range g.Nodes {
		if g.Nodes[i].SourceOp == source {
			return &g.Nodes[i]
		}
	}
	t.Fatalf("graph %q has no node %q", g.Name, source)
	return nil
}

func TestParse_header(t *testing.T) {
	m := load(t, "conv.onnx")
	if m.FormatVersion != "ir 8, opset 13" || m.Producer != "gaugenn fixtures 1" || m.Name != "tiny" || m.Description != "a test model" {
		t.Errorf("version %q, producer %q, name %q, description %q", m.FormatVersion, m.Producer, m.Name, m.Description)
	}
	want := map[string]string{"props.task": "classification", "opset.my.domain": "2", "domain": "test", "model_version": "3"}
	for _, kv := range m.Metadata {
		if w, ok := want[kv.Key]; ok && w == kv.Value {
			delete(want, kv.Key)
		}
	}
	if len(want) > 0 {
		t.Errorf("metadata %v lacks %v", m.Metadata, want)
	}
	if m.Length != int64(len(formattest.Load(t, "conv.onnx")[0].Data)) {
		t.Errorf("length %d is not the file's", m.Length)
	}
}

func TestParse_prefixedFileGivesTheSameGraph(t *testing.T) {
	var a, b bytes.Buffer
	for name, buf := range map[string]*bytes.Buffer{"conv.onnx": &a, "prefixed.bin": &b} {
		if err := graph.Dump(buf, load(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	if a.String() != b.String() {
		t.Error("the length prefix changes the graph")
	}
}

func TestParse_weightsAreViewsOrDecode(t *testing.T) {
	fx := formattest.Load(t, "conv.onnx")[0]
	m := load(t, "conv.onnx")
	g := m.Graphs[0]
	w := tensor(t, g, "w")
	at := bytes.Index(fx.Data, w.Const.Data)
	if at < 0 || w.Const.StoredBytes != 4*3*3*3*4 {
		t.Fatalf("raw_data: %d bytes at %d", w.Const.StoredBytes, at)
	}
	for name, want := range map[string][]byte{
		"b":    floats(1, 2, 3, 4),
		"flat": ints(0, -1),
		"half": {0x00, 0x3c},
		"lo":   floats(0),
		"hi":   floats(6),
	} {
		got, err := tensor(t, g, name).Const.Bytes()
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, %v; want %x", name, got, err, want)
		}
	}
	if tensor(t, g, "b").Const.Data == nil {
		t.Error("packed float_data should be a view")
	}
	if !tensor(t, g, "hi").Const.NotParam || tensor(t, g, "w").Const.NotParam {
		t.Error("only the value of a Constant node is no parameter")
	}
}

// TestParse_weightsInNodes: 4 x 3 weights and three biases in Constant nodes of a model
// without initializers are its parameters.
func TestParse_weightsInNodes(t *testing.T) {
	if n := params(load(t, "constants.onnx")); n != 4*3+3 {
		t.Errorf("%d parameters, want 15", n)
	}
}

func floats(v ...float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

func ints(v ...int64) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint64(b, uint64(x))
	}
	return b
}

func TestParse_threeStatesOfADimension(t *testing.T) {
	g := load(t, "conv.onnx").Graphs[0]
	x := tensor(t, g, "x").Shape
	if x.Dim(0).Symbol() != "batch" || x.Dim(1).Int() != 3 {
		t.Errorf("shape of x is %s, want [batch, 3, 8, 8]", x)
	}
	if z := tensor(t, g, "z").Shape; z.IsRanked() {
		t.Errorf("shape of z is %s, want unknown", z)
	}
	if n := node(t, g, "my.domain.FancyOp"); n.Op != graph.Custom || n.Version != 2 {
		t.Errorf("custom node is %+v", n)
	}
}

func TestParse_oldOpsetsBecomeCanonical(t *testing.T) {
	g := load(t, "old.onnx").Graphs[0]
	add := node(t, g, "Add")
	if s := g.Tensor(add.Input(1)).Shape.String(); s != "[3, 1, 1]" {
		t.Errorf("aligned operand has shape %s, want [3, 1, 1]", s)
	}
	if g.Tensor(add.Input(1)).Const != tensor(t, g, "bias").Const {
		t.Error("the aligned twin must share the constant, so that it counts once")
	}
	clip := node(t, g, "Clip")
	if hi, err := g.Tensor(clip.Input(2)).Const.Bytes(); err != nil || !bytes.Equal(hi, floats(6)) {
		t.Errorf("clip's upper bound is %x, %v", hi, err)
	}
	if a := node(t, g, "Softmax").Attrs.(*graph.AxisAttrs); a.Axis != 1 {
		t.Errorf("softmax axis %d, want the old default 1", a.Axis)
	}
	if a := node(t, g, "Split").Attrs.(*graph.SplitAttrs); len(a.Sizes) != 2 || a.Sizes[1] != 2 {
		t.Errorf("split sizes %v", a.Sizes)
	}
	if a := node(t, g, "Upsample").Attrs.(*graph.ResizeAttrs); len(a.Scales) != 2 || a.Scales[0] != 2 {
		t.Errorf("upsample scales %v", a.Scales)
	}
	if a := node(t, g, "TopK").Attrs.(*graph.TopKAttrs); a.K != 1 {
		t.Errorf("topk %+v", a)
	}
	if len(g.Inputs) != 1 {
		t.Errorf("%d inputs: initializers listed as inputs are none", len(g.Inputs))
	}
}

func TestParse_bodiesCaptureByName(t *testing.T) {
	m := load(t, "control.onnx")
	main := m.Graphs[0]
	iff := node(t, main, "If")
	if len(iff.Subgraphs) != 2 || m.Graphs[iff.Subgraphs[0]].Name != "then" || m.Graphs[iff.Subgraphs[1]].Name != "else" {
		t.Fatalf("If has subgraphs %v", iff.Subgraphs)
	}
	then := m.Graphs[iff.Subgraphs[0]]
	deep := m.Graphs[node(t, then, "If").Subgraphs[0]]
	if tensor(t, deep, "k").Const != tensor(t, main, "k").Const || tensor(t, then, "k").Const != tensor(t, main, "k").Const {
		t.Error("a captured constant must be shared through every graph in between")
	}
	if s := tensor(t, deep, "x").Shape.String(); s != "[2, 3]" {
		t.Errorf("captured x has shape %s", s)
	}
	if a := node(t, main, "Loop").Attrs.(*graph.LoopAttrs); a.TripCount != 5 {
		t.Errorf("loop %+v, want 5 trips", a)
	}
	if a := node(t, main, "Scan").Attrs.(*graph.ScanAttrs); a.ScanInputs != 1 {
		t.Errorf("scan %+v", a)
	}
	for i, g := range m.Graphs {
		if (g.Role == graph.RoleMain) != (i == 0) {
			t.Errorf("graph %d %q has role %d", i, g.Name, g.Role)
		}
	}
}

func TestParse_functionsAreCalls(t *testing.T) {
	m := load(t, "function.onnx")
	if len(m.Graphs) != 3 {
		t.Fatalf("%d graphs, want main and one body per call", len(m.Graphs))
	}
	for i, n := range m.Graphs[0].Nodes {
		if n.Op != graph.Call || n.SourceOp != "local.Block" || len(n.Subgraphs) != 1 || n.Subgraphs[0] != i+1 {
			t.Errorf("node %d: %+v", i, n)
		}
	}
	if body := m.Graphs[1]; len(body.Inputs) != 2 || len(body.Outputs) != 1 || body.Nodes[0].Op != graph.MatMul {
		t.Errorf("body %+v", body)
	}
}

func TestParse_externalData(t *testing.T) {
	m := load(t, "external.onnx")
	g := m.Graphs[0]
	if w := tensor(t, g, "w"); len(w.Const.Data) != 64 || w.Const.Location != "external.onnx.data" {
		t.Errorf("w: %d bytes from %q", len(w.Const.Data), w.Const.Location)
	}
	if b, _ := tensor(t, g, "b").Const.Bytes(); !bytes.Equal(b, floats(0, 1, 2, 3)) {
		t.Errorf("b is %x", b)
	}
	lost := tensor(t, g, "lost")
	if lost.Const.Missing == "" || lost.Shape.String() != "[4]" || !m.IsPartial() {
		t.Errorf("lost: %+v, partial %v", lost.Const, m.IsPartial())
	}
	if len(m.Parts) != 2 || !m.Parts[0].Found || m.Parts[0].Bytes != 80 || m.Parts[1].Found {
		t.Errorf("parts %+v", m.Parts)
	}
	parts := strings.Join(onnx.Format.Parts(formattest.Load(t, "external.onnx")[0].Head()), " ")
	if !strings.Contains(parts, "external.onnx.data") || !strings.Contains(parts, "gone.bin") {
		t.Errorf("parts before parsing: %q", parts)
	}
}

func TestParse_quantisedOperators(t *testing.T) {
	g := load(t, "quant.onnx").Graphs[0]
	conv := node(t, g, "QLinearConv")
	if conv.Op != graph.Conv || g.Tensor(conv.Input(0)).Name != "xq" || g.Tensor(conv.Input(1)).Name != "wq" || g.Tensor(conv.Input(2)).Name != "bq" {
		t.Errorf("QLinearConv operands %v", conv.Inputs)
	}
	if q := tensor(t, g, "wq").Quant; q == nil || len(q.Scales) != 3 || q.Axis != 0 {
		t.Errorf("filter quantisation %+v", q)
	}
	if q := tensor(t, g, "xq").Quant; q == nil || q.ZeroPoints[0] != 128 {
		t.Errorf("activation quantisation %+v", q)
	}
	if n := node(t, g, "com.microsoft.FusedConv"); n.Op != graph.Conv || n.Fused != graph.Relu {
		t.Errorf("FusedConv %+v", n)
	}
	if a := node(t, g, "com.microsoft.MatMulNBits").Attrs.(*graph.FullyConnectedAttrs); a.OutFeatures != 2 {
		t.Errorf("MatMulNBits %+v", a)
	}
	if n := node(t, g, "ai.onnx.ml.LinearClassifier"); n.Op != graph.ClassicML {
		t.Errorf("LinearClassifier is %q", n.Op)
	}
	i4 := tensor(t, g, "i4")
	if b, err := i4.Const.Bytes(); i4.DType != graph.Int4 || err != nil || !bytes.Equal(b, []byte{0xe1, 0x03}) {
		t.Errorf("int4 constant %s %x %v", i4.DType, b, err)
	}
	sp := tensor(t, g, "sp")
	if b, err := sp.Const.Bytes(); err != nil || sp.Sparsity.StoredElements != 2 || !bytes.Equal(b, floats(0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0)) {
		t.Errorf("sparse constant %x %v", b, err)
	}
}

func TestParse_epContextIsOpaque(t *testing.T) {
	m := load(t, "context.onnx")
	if len(m.Opaque) != 1 || m.Opaque[0].Kind != "ep_context" || m.Opaque[0].Bytes != 64 || m.Graphs[0].Nodes[0].Op != graph.OpaqueOp {
		t.Errorf("opaque %+v", m.Opaque)
	}
}

func TestParse_embeddedModelEndsBeforeWhatFollows(t *testing.T) {
	in := formattest.Load(t, "conv.onnx")[0].Input()
	want := int64(len(in.Data))
	in.Data = append(append([]byte(nil), in.Data...), make([]byte, 100)...)
	if _, err := onnx.Format.Parse(in); err == nil {
		t.Error("trailing bytes must be refused in a file of its own")
	}
	in.Trailing = true
	m, err := onnx.Format.Parse(in)
	if err != nil || m.Length != want {
		t.Errorf("embedded: %v, %v; want length %d", m, err, want)
	}
}

// Another model, and text that could be a field of one, begin behind the model.
func TestParse_embeddedModelEndsBeforeAnother(t *testing.T) {
	for _, behind := range []string{"conv", "r\x03abc\x00\x00", "B\x02hi", "\x10\x01", "plain text"} {
		in := formattest.Load(t, "conv.onnx")[0].Input()
		want := int64(len(in.Data))
		tail := []byte(behind)
		if behind == "conv" {
			tail = in.Data
		}
		in.Data = slices.Concat(in.Data, tail)
		in.Trailing = true
		m, err := onnx.Format.Parse(in)
		if err != nil || m.Length != want {
			t.Errorf("before %.8q: %v, %v; want length %d", behind, m, err, want)
		}
		if c := onnx.Format.Match(format.Head{Bytes: in.Data, Size: int64(len(in.Data)), Trailing: true}); c < format.Likely {
			t.Errorf("before %.8q: match %v", behind, c)
		}
	}
}

func TestParse_cutFileIsTruncated(t *testing.T) {
	fx := formattest.Load(t, "conv.onnx")[0]
	in := fx.Input()
	in.Data = fx.Data[:len(fx.Data)/2]
	if _, err := onnx.Format.Parse(in); !errors.Is(err, format.ErrTruncated) {
		t.Errorf("cut in the middle: %v, want truncated", err)
	}
}

func TestParse_limits(t *testing.T) {
	for name, l := range map[string]format.Limits{"nodes": {Nodes: 3}, "tensors": {Tensors: 4}, "depth": {Depth: 2}} {
		fx := formattest.Load(t, "control.onnx")[0]
		if name != "depth" {
			fx = formattest.Load(t, "conv.onnx")[0]
		}
		in := fx.Input()
		in.Limits = l
		if _, err := onnx.Format.Parse(in); !errors.Is(err, format.ErrLimit) {
			t.Errorf("%s: %v, want limit", name, err)
		}
	}
}

func TestParse_hostileLocations(t *testing.T) {
	for _, loc := range []string{"../../etc/passwd", "/etc/passwd", "a/../../b", "", "a\x00b", `c:\x`} {
		opened := false
		in := format.Input{Data: externalModel(loc), Open: func(string) ([]byte, error) {
			opened = true
			return nil, format.ErrNotFound
		}}
		m, err := onnx.Format.Parse(in)
		if err != nil {
			t.Fatal(err)
		}
		if opened || m.Graphs[0].Tensors[0].Const.Missing == "" {
			t.Errorf("location %q was opened", loc)
		}
	}
}

func externalModel(location string) []byte {
	msg := func(fields ...[]byte) []byte { return bytes.Join(fields, nil) }
	str := func(n wire.Number, s string) []byte {
		return wire.AppendString(wire.AppendTag(nil, n, wire.BytesType), s)
	}
	num := func(n wire.Number, v uint64) []byte {
		return wire.AppendVarint(wire.AppendTag(nil, n, wire.VarintType), v)
	}
	init := msg(num(1, 2), num(2, 1), str(8, "w"), str(13, string(msg(str(1, "location"), str(2, location)))), num(14, 1))
	nd := msg(str(1, "w"), str(2, "y"), str(4, "Relu"))
	return msg(num(1, 8), str(7, string(msg(str(1, string(nd)), str(5, string(init))))), str(8, string(num(2, 13))))
}

// TestOperators_everySchemaHasACanonicalForm reads the list that the onnx
// package's own schemas gave (testdata/gen.py).
func TestOperators_everySchemaHasACanonicalForm(t *testing.T) {
	b, err := os.ReadFile("testdata/ops.tsv")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 3 {
			t.Fatalf("line %q", line)
		}
		if _, ok := onnxop.Lookup(f[0], f[1]); !ok {
			t.Errorf("%s has no canonical form", onnxop.SourceOp(f[0], f[1]))
		}
		n++
	}
	if n < 220 {
		t.Errorf("only %d operators in the list", n)
	}
}

// TestParse_functionsThatCallFunctionsAreBounded: each of 20 functions calls the
// next one ten times.
func TestParse_functionsThatCallFunctionsAreBounded(t *testing.T) {
	str := func(n wire.Number, s []byte) []byte {
		return wire.AppendBytes(wire.AppendTag(nil, n, wire.BytesType), s)
	}
	call := func(name byte) []byte {
		return bytes.Join([][]byte{str(1, []byte("x")), str(2, []byte("y")), str(4, []byte{'F', name}), str(7, []byte("d"))}, nil)
	}
	model := append(wire.AppendVarint(wire.AppendTag(nil, 1, wire.VarintType), 8), str(7, str(1, call('a')))...)
	for f := range byte(20) {
		fn := bytes.Join([][]byte{str(1, []byte{'F', 'a' + f}), str(10, []byte("d")), str(4, []byte("x")), str(5, []byte("y"))}, nil)
		for range 10 {
			fn = append(fn, str(7, call('b'+f))...)
		}
		model = append(model, str(25, fn)...)
	}
	if _, err := onnx.Format.Parse(format.Input{Data: model}); !errors.Is(err, format.ErrLimit) {
		t.Errorf("%v, want limit", err)
	}
}
