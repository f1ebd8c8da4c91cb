package kerash5_test

import (
	"errors"
	"flag"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/kerash5"
)

var update = flag.Bool("update", false, "rewrite golden files")

func fixtures(t testing.TB) []formattest.Fixture {
	return slices.Concat(formattest.Load(t, "*.h5"), formattest.Load(t, "*.keras"), formattest.Load(t, "layers.json"))
}

func TestFormat_conforms(t *testing.T) { formattest.Run(t, kerash5.Format, fixtures(t)) }

func FuzzParse(f *testing.F) { formattest.Fuzz(f, kerash5.Format, fixtures(f)) }

func TestParse_golden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, kerash5.Format, fx, formattest.Update(*update)) })
	}
}

func load(t *testing.T, name string) *graph.Model {
	t.Helper()
	return formattest.Parse(t, kerash5.Format, formattest.Load(t, name)[0])
}

// The counts are those that Keras and TensorFlow.js print.
func TestParse_paramsAgreeWithKeras(t *testing.T) {
	for name, want := range map[string]int64{"functional.h5": 283, "functional.keras": 283, "functional.weights.h5": 283, "sequence.keras": 273, "keras2.h5": 15, "layers.json": 193} {
		if n, ok := formattest.Params(load(t, name)); !ok || n != want {
			t.Errorf("%s: params %d (%v), want %d", name, n, ok, want)
		}
	}
}

func TestParse_layersInOrderAndNestedModelsAsGraphs(t *testing.T) {
	want := []string{"InputLayer", "Conv2D", "BatchNormalization", "SeparableConv2D", "Add", "DepthwiseConv2D", "Conv2DTranspose", "Sequential", "GlobalAveragePooling2D", "Dense", "InputLayer", "Conv2D", "ReLU"}
	for _, name := range []string{"functional.h5", "functional.keras"} {
		m := load(t, name)
		if got := formattest.SourceOps(m); !slices.Equal(got, want) {
			t.Errorf("%s: %v", name, got)
		}
		if m.IsPartial() || len(m.Graphs) != 2 {
			t.Errorf("%s: %d graphs, notes %v", name, len(m.Graphs), m.Notes)
		}
		conv := m.Graphs[0].Nodes[1]
		if w := m.Graphs[0].Tensor(conv.Input(1)); w == nil || !w.Shape.Equal(graph.ShapeOf(3, 3, 3, 4)) || conv.Fused != graph.Relu {
			t.Errorf("%s: convolution %+v with weight %+v", name, conv, w)
		}
		if w := m.Graphs[1].Tensor(m.Graphs[1].Nodes[1].Input(1)); w == nil || !w.Shape.Equal(graph.ShapeOf(1, 1, 2, 3)) {
			t.Errorf("%s: inner weight %+v", name, w)
		}
	}
}

func TestParse_sharedLayersAndCodeAreNamed(t *testing.T) {
	m := load(t, "keras2.h5")
	if !m.IsPartial() || m.FormatVersion != "2.2.4" || m.Graphs[0].Nodes[3].Op != graph.Custom || len(m.Graphs[0].Inputs) != 2 {
		t.Errorf("version %q, notes %v", m.FormatVersion, m.Notes)
	}
}

func TestParse_weightsAloneAreTensors(t *testing.T) {
	m := load(t, "functional.weights.h5")
	if len(m.Graphs[0].Nodes) != 0 || !m.IsPartial() {
		t.Errorf("%d nodes, notes %v", len(m.Graphs[0].Nodes), m.Notes)
	}
}

func TestParse_otherHDF5IsNoModel(t *testing.T) {
	path := formattest.Shared(t, "corpus/models/negative/BVLC+caffe/src/caffe/test/test_data/sample_data.h5")
	if _, err := kerash5.Parse(formattest.FileInput(t, path)); !errors.Is(err, format.ErrNotModel) {
		t.Errorf("error %v", err)
	}
}

func TestParse_webModelWithoutItsShards(t *testing.T) {
	in := formattest.Load(t, "layers.json")[0].Input()
	in.Open = nil
	m, err := kerash5.Parse(in)
	if err != nil || !m.IsPartial() || len(m.Parts) != 2 || m.Parts[0].Found {
		t.Fatalf("%+v, %v", m, err)
	}
	if n, ok := formattest.Params(m); !ok || n != 193 {
		t.Errorf("params %d (%v): sizes are known without values", n, ok)
	}
}
