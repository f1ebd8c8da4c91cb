package tflite_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"math"
	"math/rand"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/tflite"
)

var update = flag.Bool("update", false, "rewrite golden files")

func TestFormat(t *testing.T) {
	formattest.Run(t, tflite.Format, formattest.Load(t, "*.tflite"))
}

func TestGolden(t *testing.T) {
	for _, fx := range formattest.Load(t, "*.tflite") {
		formattest.Golden(t, tflite.Format, fx, formattest.Update(*update))
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, tflite.Format, formattest.Load(f, "*.tflite")) }

// fixture returns a parsed fixture.
func fixture(t testing.TB, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, tflite.Format, formattest.Load(t, name)[0])
}

// nodeOf returns the first node with the given word.
func nodeOf(t testing.TB, m *graph.Model, word string) (*graph.Graph, *graph.Node) {
	t.Helper()
	for _, g := range m.Graphs {
		for i := range g.Nodes {
			if g.Nodes[i].SourceOp == word {
				return g, &g.Nodes[i]
			}
		}
	}
	t.Fatalf("no %s", word)
	return nil, nil
}

func tensorOf(t testing.TB, m *graph.Model, name string) *graph.Tensor {
	t.Helper()
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			if g.Tensors[i].Name == name {
				return &g.Tensors[i]
			}
		}
	}
	t.Fatalf("no tensor %q", name)
	return nil
}

func TestParse_operandsStandInCanonicalOrder(t *testing.T) {
	m := fixture(t, "operands.tflite")
	tests := []struct {
		word string
		want []string
	}{
		{"SPLIT", []string{"x"}},
		{"TRANSPOSE_CONV", []string{"split_a", "w", "", "up_shape"}},
		{"SPLIT_V", []string{"split_b", "sizes"}},
		{"SPARSE_TO_DENSE", []string{"at", "val", "dense_shape", "def"}},
		{"CONV_2D", []string{"x", "group_w"}},
	}
	for _, tt := range tests {
		g, n := nodeOf(t, m, tt.word)
		var have []string
		for _, id := range n.Inputs {
			name := ""
			if id != graph.NoTensor {
				name = g.Tensors[id].Name
			}
			have = append(have, name)
		}
		if !slices.Equal(have, tt.want) {
			t.Errorf("%s operands %q, want %q", tt.word, have, tt.want)
		}
	}
}

func TestParse_groupsFollowFromTheFilter(t *testing.T) {
	_, n := nodeOf(t, fixture(t, "operands.tflite"), "CONV_2D")
	if a := n.Attrs.(*graph.ConvAttrs); a.Groups != 2 || n.Fused != graph.Relu6 || a.PadMode != graph.PadValid {
		t.Errorf("groups %d, fused %s, padding %d; want 2, Relu6, valid", a.Groups, n.Fused, a.PadMode)
	}
}

func TestParse_shapeSignatureMakesFreeDimensions(t *testing.T) {
	s := tensorOf(t, fixture(t, "operands.tflite"), "free").Shape
	if got := s.Ints(); !slices.Equal(got, []int64{-1, 8, -1, 5}) {
		t.Errorf("shape %v", got)
	}
	if d, ok := s.Dim(2).Default(); !ok || d != 8 {
		t.Errorf("default of dimension 2 = %d, %v; want 8", d, ok)
	}
}

func TestParse_rankIsUnknownOnlyWhereTheFileStatesRanks(t *testing.T) {
	m := fixture(t, "operands.tflite")
	if tensorOf(t, m, "unranked").Shape.IsRanked() {
		t.Error("tensor without has_rank has a rank")
	}
	if !tensorOf(t, m, "split_axis").Shape.IsRanked() {
		t.Error("scalar with has_rank has no rank")
	}
}

func TestParse_customOperatorKeepsItsWord(t *testing.T) {
	_, n := nodeOf(t, fixture(t, "operands.tflite"), "my:op")
	if n.Op != graph.Custom || n.Attrs.(*graph.CustomAttrs).Bytes != 3 {
		t.Errorf("op %q, attrs %+v", n.Op, n.Attrs)
	}
}

func TestParse_tripCounts(t *testing.T) {
	tests := []struct {
		file string
		want int64
	}{
		{"while_converted.tflite", 4}, // 2, 5, 8, 11
		{"signatures_converted.tflite", 4},
	}
	for _, tt := range tests {
		_, n := nodeOf(t, fixture(t, tt.file), "WHILE")
		if a := n.Attrs.(*graph.LoopAttrs); a.TripCount != tt.want {
			t.Errorf("%s: trip count %d (%s), want %d", tt.file, a.TripCount, a.Reason, tt.want)
		}
	}
}

func TestParse_tripCountsByForm(t *testing.T) {
	m := fixture(t, "loops.tflite")
	want := []struct {
		trips  int64
		reason string
	}{
		{12, "counter from 100 by -8, compared with 4"},
		{4, "counter from 0 by 3, compared with 10"},
		{4, "counter from 0 by 2, compared with 7"},
		{-1, "the counter does not start from a constant"},
		{-1, "the counter goes from 0 by -1 and does not meet 5"},
		{-1, "no compared operand is counted up or down by a constant"},
	}
	for i, w := range want {
		if a := m.Graphs[0].Nodes[i].Attrs.(*graph.LoopAttrs); a.TripCount != w.trips || a.Reason != w.reason {
			t.Errorf("loop %d: %d (%s), want %d (%s)", i, a.TripCount, a.Reason, w.trips, w.reason)
		}
	}
}

func TestParse_callOnceIsNoWorkOfAnInference(t *testing.T) {
	m := fixture(t, "loops.tflite")
	_, n := nodeOf(t, m, "CALL_ONCE")
	if n.Op != graph.Placeholder || len(n.Subgraphs) != 0 {
		t.Errorf("CALL_ONCE is %s with subgraphs %v", n.Op, n.Subgraphs)
	}
	if last := m.Graphs[len(m.Graphs)-1]; last.Role != graph.RoleBody {
		t.Errorf("its subgraph %q is not a body", last.Name)
	}
}

func TestParse_recurrentOperators(t *testing.T) {
	m := fixture(t, "recurrent.tflite")
	tests := []struct {
		word string
		want graph.RNNAttrs
	}{
		{"UNIDIRECTIONAL_SEQUENCE_LSTM", graph.RNNAttrs{Hidden: 7, ExternalInput: 5, TimeAxis: 1, DirectionAxis: -1, Projection: 3, Coupled: true, Peephole: true}},
		{"BIDIRECTIONAL_SEQUENCE_LSTM", graph.RNNAttrs{Hidden: 4, ExternalInput: 5, TimeAxis: 1, DirectionAxis: -1, Directions: 2}},
		{"UNIDIRECTIONAL_SEQUENCE_RNN", graph.RNNAttrs{Hidden: 2, ExternalInput: 5, TimeAxis: 1, DirectionAxis: -1}},
		{"LSTM", graph.RNNAttrs{Hidden: 4, ExternalInput: 5, TimeAxis: -1, DirectionAxis: -1}},
	}
	for _, tt := range tests {
		_, n := nodeOf(t, m, tt.word)
		if got := *n.Attrs.(*graph.RNNAttrs); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.word, got, tt.want)
		}
	}
	if _, n := nodeOf(t, m, "SVDF"); n.Attrs.(*graph.SVDFAttrs).Rank != 2 {
		t.Errorf("SVDF: %+v", n.Attrs)
	}
}

func TestParse_knownCustomOperators(t *testing.T) {
	m := fixture(t, "customs.tflite")
	_, n := nodeOf(t, m, "Convolution2DTransposeBias")
	if a := n.Attrs.(*graph.ConvAttrs); n.Op != graph.ConvTranspose || !slices.Equal(a.Strides, []int64{2, 2}) || a.PadMode != graph.PadSameUpper {
		t.Errorf("transposed convolution: %s %+v", n.Op, a)
	}
	_, n = nodeOf(t, m, "MaxPoolingWithArgmax2D")
	if a := n.Attrs.(*graph.PoolAttrs); n.Op != graph.MaxPool || !slices.Equal(a.Kernel, []int64{2, 2}) {
		t.Errorf("pooling: %s %+v", n.Op, a)
	}
	_, n = nodeOf(t, m, "TFLite_Detection_PostProcess")
	if a := n.Attrs.(*graph.NMSAttrs); n.Op != graph.DetectionOutput || a.MaxOutputs != 10 || a.Classes != 90 || a.MaxPerClass != 100 {
		t.Errorf("detection: %s %+v", n.Op, a)
	}
	for word, want := range map[string]graph.Op{"MaxUnpooling2D": graph.MaxUnpool, "FlexSub": graph.Sub, "FlexUnheardOf": graph.Custom, "edgetpu-custom-op": graph.OpaqueOp} {
		if _, n := nodeOf(t, m, word); n.Op != want {
			t.Errorf("%s is %s, want %s", word, n.Op, want)
		}
	}
	if len(m.Opaque) != 1 || m.Opaque[0].Kind != "edgetpu" || m.Opaque[0].Bytes != 1000 {
		t.Errorf("opaque %+v", m.Opaque)
	}
}

func TestParse_rolesOfSubgraphs(t *testing.T) {
	m := fixture(t, "signatures_converted.tflite")
	mains := 0
	for _, g := range m.Graphs {
		if g.Role == graph.RoleMain {
			mains++
		}
	}
	if mains != 2 || len(m.Graphs) != 6 {
		t.Errorf("%d main graphs of %d, want the 2 signatures of 6 (condition, body, then, else)", mains, len(m.Graphs))
	}
}

func TestParse_quantisation(t *testing.T) {
	m := fixture(t, "quantised.tflite")
	w := tensorOf(t, m, "w4")
	if w.DType != graph.Int4 || len(w.Quant.Scales) != 8 || len(w.Quant.ZeroPoints) != 8 || len(w.Const.Data) != 256 {
		t.Errorf("w4: %s, %+v", w.DType, w.Quant)
	}
	b := tensorOf(t, m, "w_block").Quant
	if b.Scheme != graph.QuantBlockwise || b.BlockSize != 32 || b.Axis != 1 {
		t.Errorf("w_block: %+v", b)
	}
	for name, want := range map[string]graph.DType{
		"x": graph.BFloat16, "scales": graph.Float16, "u4": graph.Uint4, "i2": graph.Int2,
		"f8a": graph.Float8E4M3FN, "f8b": graph.Float8E5M2, "u16": graph.Uint16,
	} {
		if got := tensorOf(t, m, name).DType; got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestConst_sparseDecodesToDense(t *testing.T) {
	m := fixture(t, "quantised.tflite")
	tests := []struct {
		name, word string
		stored     int64
		want       []float32
	}{
		{"sparse", "csr", 3, []float32{0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 3, 0, 0, 0, 0}},
		{"sparse_block", "csr block 2x2", 4, []float32{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 3, 4}},
	}
	for _, tt := range tests {
		x := tensorOf(t, m, tt.name)
		if x.Sparsity.Word != tt.word || x.Sparsity.StoredElements != tt.stored {
			t.Errorf("%s: %+v, want %s of %d", tt.name, x.Sparsity, tt.word, tt.stored)
		}
		data, err := x.Const.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		for i, w := range tt.want {
			if got := math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])); got != w {
				t.Errorf("%s[%d] = %g, want %g", tt.name, i, got, w)
			}
		}
	}
}

func TestParse_outsideBuffersAndByteCode(t *testing.T) {
	fx := formattest.Load(t, "outside.tflite")[0]
	in := fx.Input()
	in.Data, in.Trailing = append(slices.Clone(fx.Data), "tail"...), true
	m, err := tflite.Format.Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	if c := tensorOf(t, m, "w").Const; len(c.Data) != 32 || c.Data[31] != 31 {
		t.Errorf("w has %d bytes", len(c.Data))
	}
	if len(m.Opaque) != 1 || m.Opaque[0].Kind != "dispatch_op" || m.Opaque[0].Bytes != 0x30 || m.Opaque[0].Where != "DISPATCH_OP qnn_partition_0" {
		t.Errorf("opaque %+v", m.Opaque)
	}
	if m.Length != int64(len(fx.Data)) {
		t.Errorf("length %d, want %d", m.Length, len(fx.Data))
	}
}

func TestParse_externalBufferGroups(t *testing.T) {
	m := fixture(t, "external.tflite")
	c := tensorOf(t, m, "w").Const
	if len(c.Data) != 32 || c.Data[0] != 16 || c.Location != "external.weights" {
		t.Errorf("w: %d bytes of %q", len(c.Data), c.Location)
	}
	if c := tensorOf(t, m, "w2").Const; c.Missing == "" || c.Data != nil || !m.IsPartial() {
		t.Errorf("w2 lies beyond the file, got %+v", c)
	}
}

func TestParse_metadataAndAssociatedFiles(t *testing.T) {
	m := fixture(t, "described.tflite")
	have := map[string]string{}
	for _, kv := range m.Metadata {
		have[kv.Key] = kv.Value
	}
	for key, want := range map[string]string{
		"min_runtime_version":                 "1.5.0",
		"metadata.name":                       "Fixture classifier",
		"metadata.license":                    "Apache-2.0",
		"metadata.input.0.content":            "image",
		"metadata.input.0.color_space":        "rgb",
		"metadata.input.0.default_size":       "32x24",
		"metadata.input.0.normalization.mean": "127.5",
		"metadata.input.0.normalization.std":  "128",
		"metadata.output.0.file":              "labels.txt (tensor_axis_labels) locale=en The classes.",
		"buffer.my_tool":                      "3 bytes",
		"file.labels.txt":                     "13 bytes",
		"text.labels.txt":                     "cat\ndog\nbird\n",
	} {
		if have[key] != want {
			t.Errorf("%s = %q, want %q", key, have[key], want)
		}
	}
	if m.Producer != "MLIR Converted." || m.Name != "Fixture classifier" {
		t.Errorf("producer %q, name %q", m.Producer, m.Name)
	}
}

func TestParse_stablehlo(t *testing.T) {
	m := fixture(t, "stablehlo.tflite")
	if _, n := nodeOf(t, m, "STABLEHLO_DOT_GENERAL"); n.Attrs.(*graph.EinsumAttrs).Equation != "acb,abd->acd" {
		t.Errorf("dot general is %q", n.Attrs.(*graph.EinsumAttrs).Equation)
	}
	if _, n := nodeOf(t, m, "STABLEHLO_REDUCE"); n.Op != graph.ReduceSum || len(n.Inputs) != 1 {
		t.Errorf("reduce by add is %s of %d operands", n.Op, len(n.Inputs))
	}
	if _, n := nodeOf(t, m, "STABLEHLO_COMPOSITE"); n.Op != graph.Call || n.Name != "odml.rms_norm" || !slices.Equal(n.Subgraphs, []int{2}) {
		t.Errorf("composite is %s %q %v", n.Op, n.Name, n.Subgraphs)
	}
}

func TestMatch(t *testing.T) {
	old := formattest.Load(t, "old.tflite")[0]
	if c := tflite.Format.Match(old.Head()); c != format.Weak {
		t.Errorf("model without identifier: confidence %d, want weak", c)
	}
	tests := []struct {
		name string
		data string
		want format.Confidence
	}{
		{"text with the identifier", "the TFL3 identifier", format.Weak},
		{"identifier and no root", "\xff\xff\xff\xffTFL3 in the middle of a library", format.Weak},
		{"zip", "PK\x03\x04\x14\x00\x00\x00\x08\x00", format.No},
		{"zeros", strings.Repeat("\x00", 64), format.No},
		{"threes", strings.Repeat("\x03\x00\x00\x00", 64), format.No},
	}
	for _, tt := range tests {
		if c := tflite.Format.Match(format.Head{Bytes: []byte(tt.data), Size: int64(len(tt.data))}); c != tt.want {
			t.Errorf("%s: confidence %d, want %d", tt.name, c, tt.want)
		}
	}
}

func TestParse_kindsOfFailure(t *testing.T) {
	fx := formattest.Load(t, "mobile_converted.tflite")[0]
	scrambled := slices.Clone(fx.Data[:8])
	r := rand.New(rand.NewSource(1))
	for range 1 << 16 {
		scrambled = append(scrambled, byte(r.Intn(256)))
	}
	version := slices.Clone(fx.Data)
	root := binary.LittleEndian.Uint32(version)
	vt := root - binary.LittleEndian.Uint32(version[root:])
	version[root+uint32(binary.LittleEndian.Uint16(version[vt+4:]))] = 9
	tests := []struct {
		name string
		data []byte
		kind error
	}{
		{"cut in the weights", fx.Data[:len(fx.Data)-len(fx.Data)/4], format.ErrTruncated},
		{"cut after the header", fx.Data[:12], format.ErrTruncated},
		{"scrambled behind the identifier", scrambled, format.ErrEncrypted},
		{"version 9", version, format.ErrUnsupported},
		{"other bytes", []byte("no model at all, only text"), format.ErrNotModel},
	}
	for _, tt := range tests {
		_, err := tflite.Format.Parse(format.Input{Path: tt.name, Data: tt.data})
		var fe *format.Error
		if !errors.Is(err, tt.kind) || !errors.As(err, &fe) || fe.Offset < 0 {
			t.Errorf("%s: %v, want %v with an offset", tt.name, err, tt.kind)
		}
	}
}

func TestParse_limits(t *testing.T) {
	in := formattest.Load(t, "mobile_converted.tflite")[0].Input()
	for _, l := range []format.Limits{{Nodes: 3}, {Tensors: 3}} {
		in.Limits = l
		if _, err := tflite.Format.Parse(in); !errors.Is(err, format.ErrLimit) {
			t.Errorf("limits %+v: %v", l, err)
		}
	}
}

// TestParse_doesNotCopyWeights grows the weights of a model a thousandfold and
// expects the same allocations.
func TestParse_doesNotCopyWeights(t *testing.T) {
	small := formattest.Load(t, "outside.tflite")[0].Input()
	big := small
	big.Data = append(slices.Clone(small.Data), bytes.Repeat([]byte{1}, 8<<20)...)
	big.Trailing = true
	count := func(in format.Input) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			if _, err := tflite.Format.Parse(in); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		return (after.TotalAlloc - before.TotalAlloc) / 10
	}
	if a, b := count(small), count(big); b > a+a/4 {
		t.Errorf("%d bytes allocated with 8 MB more behind the model, %d without", b, a)
	}
}

func BenchmarkParse(b *testing.B) {
	for _, fx := range formattest.Load(b, "*_converted.tflite") {
		b.Run(fx.Name, func(b *testing.B) { bench(b, fx.Input()) })
	}
	for _, r := range truths(b) {
		if in := formattest.FileInput(b, r.File); len(in.Data) > 1<<20 {
			b.Run(in.Name, func(b *testing.B) { bench(b, in) })
		}
	}
}

func bench(b *testing.B, in format.Input) {
	b.SetBytes(int64(len(in.Data)))
	b.ReportAllocs()
	for range b.N {
		if _, err := tflite.Format.Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
