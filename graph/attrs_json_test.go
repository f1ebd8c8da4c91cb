package graph_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/graph"
)

func TestMarshalAttrs_roundTrip(t *testing.T) {
	for _, a := range []graph.Attrs{
		nil,
		&graph.ConvAttrs{Window: graph.Window{Kernel: []int64{3, 3}, PadMode: graph.PadSameUpper}, Groups: 2, Data: graph.NHWC(2), Filter: graph.OHWI(2)},
		&graph.MatMulAttrs{},
		&graph.ResizeAttrs{Mode: "linear", Scales: []float64{2, 2}, Data: graph.NCHW(2)},
		&graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true, To: graph.Int64},
	} {
		s := graph.MarshalAttrs(a)
		got, err := graph.UnmarshalAttrs(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		if d := cmp.Diff(a, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", s, d)
		}
	}
}

func TestUnmarshalAttrs_refusesWhatItDoesNotKnow(t *testing.T) {
	for _, s := range []string{"{", `{"NoSuch":{}}`, `{"ConvAttrs":[]}`} {
		if a, err := graph.UnmarshalAttrs(s); err == nil {
			t.Errorf("%s gave %v", s, a)
		}
	}
}
