package ncnn_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/ncnn"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat_conforms(t *testing.T) {
	formattest.Run(t, ncnn.Format, append(formattest.Load(t, "*.param"), formattest.Load(t, "*.param.bin")...))
}

func FuzzParse(f *testing.F) {
	formattest.Fuzz(f, ncnn.Format, append(formattest.Load(f, "*.param"), formattest.Load(f, "*.param.bin")...))
}

func TestParse_golden(t *testing.T) {
	for _, fx := range append(formattest.Load(t, "*.param"), formattest.Load(t, "*.param.bin")...) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, ncnn.Format, fx, formattest.Update(*update)) })
	}
}

// load parses one fixture.
func load(t *testing.T, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, ncnn.Format, formattest.Load(t, name)[0])
}

func tensor(t *testing.T, m *graph.Model, name string) *graph.Tensor {
	t.Helper()
	for i := range m.Graphs[0].Tensors {
		if x := &m.Graphs[0].Tensors[i]; x.Name == name {
			return x
		}
	}
	t.Fatalf("no tensor %q", name)
	return nil
}

func TestParse_weightsKeepTheirType(t *testing.T) {
	for _, c := range []struct {
		file, tensor string
		dtype        graph.DType
		bytes        int
	}{
		{"small.param", "conv1.weight", graph.Float32, 432},
		{"small.param", "conv1.bias", graph.Float32, 16},
		{"half.ncnn.param", "conv1.weight", graph.Float16, 216},
		{"half.ncnn.param", "conv1.bias", graph.Float32, 16},
		{"small8.param", "conv1.weight", graph.Int8, 108},
	} {
		x := tensor(t, load(t, c.file), c.tensor)
		if x.DType != c.dtype || len(x.Const.Data) != c.bytes || x.Const.Missing != "" {
			t.Errorf("%s %s: %s of %d bytes, want %s of %d", c.file, c.tensor, x.DType, len(x.Const.Data), c.dtype, c.bytes)
		}
	}
}

func TestParse_int8ScalesBecomeQuantisation(t *testing.T) {
	q := tensor(t, load(t, "small8.param"), "conv1.weight").Quant
	if q == nil || len(q.Scales) != 4 || q.Scales[0] != 0.01 {
		t.Errorf("quantisation %+v, want four scales of 1/100", q)
	}
}

func TestParse_binaryGraphEqualsText(t *testing.T) {
	text, bin := load(t, "small.param"), load(t, "tiny.param.bin")
	if a, b := formattest.SourceOps(text), formattest.SourceOps(bin); strings.Join(a, " ") != strings.Join(b, " ") {
		t.Errorf("operators %v and %v", a, b)
	}
	a, okA := formattest.Params(text)
	b, okB := formattest.Params(bin)
	if !okA || !okB || a != b || a != 108+4+16+36+4+4+16+4+320+5 {
		t.Errorf("params %d (%v) and %d (%v)", a, okA, b, okB)
	}
}

func TestParse_withoutWeightsSaysSo(t *testing.T) {
	fx := formattest.Load(t, "small.param")[0]
	fx.Companions = nil
	m, err := ncnn.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	w := tensor(t, m, "conv1.weight")
	if !m.IsPartial() || w.Const.Missing != "weights file not found" || !w.Shape.Equal(graph.ShapeOf(4, 3, 3, 3)) {
		t.Errorf("partial %v, weight %s missing %q", m.IsPartial(), w.Shape, w.Const.Missing)
	}
	if len(m.Parts) != 1 || m.Parts[0].Found || m.Parts[0].Name != "small.bin" {
		t.Errorf("parts %+v", m.Parts)
	}
}

func TestParse_findsWeightsByContent(t *testing.T) {
	fx := formattest.Load(t, "small.param")[0]
	bin := fx.Companions["small.bin"]
	fx.Companions = map[string][]byte{"a.txt": []byte("something else"), "model_weights": bin, "z.bin": bin[:len(bin)-4]}
	m, err := ncnn.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Parts) != 1 || m.Parts[0].Name != "model_weights" || m.IsPartial() {
		t.Errorf("parts %+v, notes %v", m.Parts, m.Notes)
	}
}

func TestParse_wrongWeightsAreRefused(t *testing.T) {
	fx := formattest.Load(t, "small.param")[0]
	fx.Companions = map[string][]byte{"small.bin": make([]byte, 100)}
	m, err := ncnn.Parse(fx.Input())
	if err != nil {
		t.Fatal(err)
	}
	if !m.IsPartial() || tensor(t, m, "conv1.weight").Const.Data != nil {
		t.Errorf("notes %v", m.Notes)
	}
}

func TestParse_weightsAloneArePart(t *testing.T) {
	fx := formattest.Load(t, "small.bin")[0]
	fx.Companions = nil
	if ncnn.Format.Match(fx.Head()) != format.Weak {
		t.Error("weights are not matched weakly")
	}
	if _, err := ncnn.Parse(fx.Input()); !errors.Is(err, format.ErrPart) {
		t.Errorf("error %v, want part", err)
	}
}

func TestMatch_refusesWhatIsNotNcnn(t *testing.T) {
	zeros := make([]byte, 256)
	magicOnly := binary.LittleEndian.AppendUint32(nil, 7767517)
	for name, data := range map[string][]byte{
		"zeros": zeros, "magic alone": magicOnly, "magic and huge counts": append(magicOnly, bytes.Repeat([]byte{0xff}, 60)...),
		"two numbers": []byte("3 4\n1 2 3 4\n5 6 7 8\n"), "csv": []byte("12,13\nab,cd\n"), "text": []byte("hello world\nthis is text\n"),
		"pnnx": []byte("77675170\n3 4\n"), "json": []byte(`{"a": 1}`), "one line": []byte("12 13\n"),
	} {
		if c := ncnn.Format.Match(format.Head{Name: "x.param", Bytes: data, Size: int64(len(data))}); c > format.Weak {
			t.Errorf("%s: confidence %d", name, c)
		}
		if _, err := ncnn.Parse(format.Input{Name: "x.param", Data: data}); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
}

func TestParse_malformedGraphReportsKind(t *testing.T) {
	for text, kind := range map[string]error{
		"7767517\n2 2\nInput a 0 1 x\n":                                  format.ErrTruncated,
		"7767517\n1 1\nInput a 0 9 x\n":                                  format.ErrMalformed,
		"7767517\n1 1\nInput a 0 1 x foo=1\n":                            format.ErrMalformed,
		"7767517\n1 1\nInput a 0 1 x -23300=5,1\n":                       format.ErrMalformed,
		"7767517\n99999999 1\nInput a 0 1 x\n":                           format.ErrLimit,
		"7767517\n1 1\nInput " + strings.Repeat("a", 1<<17) + " 0 1 x\n": format.ErrLimit,
	} {
		_, err := ncnn.Parse(format.Input{Name: "x.param", Data: []byte(text)})
		if !errors.Is(err, kind) {
			t.Errorf("%.40q: error %v, want %v", text, err, kind)
		}
	}
}

func TestParse_embeddedGraphEndsWhereItEnds(t *testing.T) {
	fx := formattest.Load(t, "tiny.param.bin")[0]
	in := format.Input{Name: "lib.so", Data: append(append([]byte{}, fx.Data...), make([]byte, 500)...), Trailing: true}
	m, err := ncnn.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	if m.Length != int64(len(fx.Data)) {
		t.Errorf("length %d, want %d", m.Length, len(fx.Data))
	}
}

// TestParse_weightsBehindAnEmbeddedGraph: the two arrays of ncnn2mem lie behind each
// other in a library; without them, or with others, the graph stands alone.
func TestParse_weightsBehindAnEmbeddedGraph(t *testing.T) {
	fx := formattest.Load(t, "tiny.param.bin")[0]
	weights, err := os.ReadFile(filepath.Join("testdata", "tiny.bin"))
	if err != nil {
		t.Fatal(err)
	}
	pad := make([]byte, (16-len(fx.Data)%16)%16)
	noise := []byte("strings that follow in read-only data and are no weights, whatever they say....")
	for _, c := range []struct {
		name   string
		behind []byte
		want   int
		lost   bool
	}{
		{"aligned", slices.Concat(pad, weights, noise), len(fx.Data) + len(pad) + len(weights), false},
		{"nothing", noise, len(fx.Data), true},
		{"zeros", make([]byte, 4096), len(fx.Data), true},
		{"cut", slices.Concat(pad, weights[:len(weights)/2]), len(fx.Data), true},
	} {
		m, err := ncnn.Parse(format.Input{Name: "lib.so", Data: slices.Concat(fx.Data, c.behind), Trailing: true})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if m.Length != int64(c.want) || m.IsPartial() != c.lost {
			t.Errorf("%s: length %d, partial %v; want %d, %v: %+v", c.name, m.Length, m.IsPartial(), c.want, c.lost, m.Notes)
		}
	}
}

func TestFormat_partsNameTheWeights(t *testing.T) {
	text := []byte("7767517\n1 1\nInput a 0 1 x\n")
	for name, want := range map[string]string{"a.param": "a.bin", "a.ncnn.param": "a.ncnn.bin", "a.param.bin": "a.bin", "graph": "graph.bin"} {
		got := ncnn.Format.Parts(format.Head{Name: name, Bytes: text, Size: int64(len(text))})
		if len(got) == 0 || got[0] != want {
			t.Errorf("%s: %v, want %s first", name, got, want)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	in := formattest.Load(b, "every.param")[0].Input()
	b.SetBytes(int64(len(in.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ncnn.Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
