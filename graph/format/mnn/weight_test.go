package mnn_test

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mnn"
)

// TestConst_fourBitsStayFourBits: the decoded payload of int4 weights is packed.
func TestConst_fourBitsStayFourBits(t *testing.T) {
	for name, q := range weights(t, "mobile_int4.mnn") {
		n, _ := q.Shape.Elements()
		data, err := q.Const.Bytes()
		if err != nil || q.DType != graph.Int4 || int64(len(data)) != (n+1)/2 {
			t.Errorf("%s: %s, %d bytes for %d values, %v", name, q.DType, len(data), n, err)
		}
	}
}

func weights(t *testing.T, file string) map[string]*graph.Tensor {
	t.Helper()
	m, err := mnn.Format.Parse(formattest.Load(t, file)[0].Input())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*graph.Tensor{}
	for i := range m.Graphs[0].Tensors {
		if x := &m.Graphs[0].Tensors[i]; strings.HasSuffix(x.Name, ".weight") {
			out[x.Name] = x
		}
	}
	return out
}

// TestConst_codebookDecodesToTheFloatsItStandsFor compares the decoded int8
// weights, times their scales, with those of the same network in floats. The
// scales come in pairs of minimum and scale for asymmetric weights: the
// quantised value is (w - minimum)/scale - 128.
func TestConst_codebookDecodesToTheFloatsItStandsFor(t *testing.T) {
	float := weights(t, "mobile.mnn")
	for name, q := range weights(t, "mobile_int8.mnn") {
		f := float[name]
		if f == nil {
			t.Fatalf("no %s", name)
		}
		want, err := f.Const.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := q.Const.Bytes()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got)*4 != len(want) {
			t.Fatalf("%s: %d values, want %d", name, len(got), len(want)/4)
		}
		per := len(got) / (len(q.Quant.Scales) / 2)
		for i, v := range got {
			w := math.Float32frombits(binary.LittleEndian.Uint32(want[4*i:]))
			c := i / per
			low, scale := q.Quant.Scales[2*c], q.Quant.Scales[2*c+1]
			if r := low + (float32(int8(v))+128)*scale; math.Abs(float64(r-w)) > float64(scale)*0.51+1e-6 {
				t.Fatalf("%s[%d]: %g, want %g (scale %g)", name, i, r, w, scale)
			}
		}
	}
}
