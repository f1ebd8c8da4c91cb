package all_test

import (
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/all"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/op"
)

// The network of testdata/gen.py, counted by hand: per convolution, outputs x
// input channels per group x kernel; weights and a bias each.
const (
	sameMACs = 16*16*16*27 +
		16*16*16*9 + 16*16*16*32 +
		8*8*32*9 + 8*8*32*64 +
		8*8*64*9 + 8*8*64*128 +
		128*10
	sameParams = 16*27 + 16 +
		16*9 + 16 + 16*32 + 32 +
		32*9 + 32 + 32*64 + 64 +
		64*9 + 64 + 64*128 + 128 +
		128*10 + 10
)

// sameNetwork is the network in every format that a converter was at hand for.
var sameNetwork = []struct {
	file, format string
	// integers is how many elements the integer constants have that the file
	// stores beside the weights; why says what they are.
	integers int64
	why      string
	// input is the one input's shape where the file does not state it; MACs are
	// unknown without.
	input []int64
}{
	{file: "mobile.onnx", format: "onnx"},
	{file: "mobile.h5", format: "keras"},
	{file: "mobile.keras", format: "keras"},
	{file: "mobile.mlmodel", format: "coreml"},
	{file: "mobile.prototxt", format: "caffe"},
	{file: "mobile.tflite", format: "tflite", integers: 2, why: "the axes of MEAN"},
	{file: "mobile.pb", format: "tensorflow", integers: 30, why: "the axes of Mean and one shape of four per depthwise bias"},
	{file: "mobile.xml", format: "openvino", integers: 4, why: "the axes of ReduceMean and the shape of Reshape"},
	{file: "mobile.mnn", format: "mnn", integers: 8, why: "a dense layer is a 1x1 convolution between two Reshapes with computed shapes"},
	{file: "mobile.ncnn.param", format: "ncnn", input: []int64{3, 32, 32}},
	{file: "mobile.pt", format: "pytorch", input: []int64{1, 3, 32, 32}},
}

// TestFormats_sameNetworkCountsTheSame: one network written by each framework's
// own converter has the same MACs and weights, whatever the format.
func TestFormats_sameNetworkCountsTheSame(t *testing.T) {
	byName := map[string]format.Format{}
	for _, f := range all.Formats() {
		byName[f.Name] = f
	}
	for _, c := range sameNetwork {
		t.Run(c.file, func(t *testing.T) {
			m, err := byName[c.format].Parse(formattest.FileInput(t, filepath.Join("testdata", c.file)))
			if err != nil {
				t.Fatal(err)
			}
			got := totals(m, nil)
			if integers := integerConstants(m); integers != c.integers || got.Params-integers != sameParams {
				t.Errorf("%d weights and %d integer constants, want %d and %d (%s)", got.Params-integers, integers, sameParams, c.integers, c.why)
			}
			if c.input != nil {
				if got.Known {
					t.Errorf("MACs known without the input's shape: %d", got.MACs)
				}
				got = totals(m, c.input)
			}
			if !got.Known || got.MACs != sameMACs {
				t.Errorf("%d MACs, known %v, unknown %d nodes %q; want %d", got.MACs, got.Known, got.UnknownNodes, got.Reasons, sameMACs)
			}
		})
	}
}

// totals counts a model whose only input has the given shape, nil as stored.
func totals(m *graph.Model, input []int64) op.Totals {
	var p bind.Policy
	if input != nil {
		g := m.Graphs[0]
		p.Shapes = map[string][]int64{g.Tensor(g.Inputs[0]).Name: input}
	}
	m, _ = bind.Bind(m, p)
	m, _ = op.Infer(m)
	return op.Total(m, op.Costs(m))
}

// integerConstants counts elements of integer constants that are counted as
// parameters: axes and shapes, no network's weights here.
func integerConstants(m *graph.Model) (n int64) {
	seen := map[*graph.Const]bool{}
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			t := &g.Tensors[i]
			if t.Const == nil || t.Const.NotParam || seen[t.Const] || t.DType != graph.Int32 && t.DType != graph.Int64 {
				continue
			}
			seen[t.Const] = true
			e, _ := t.Shape.Elements()
			n += e
		}
	}
	return n
}
