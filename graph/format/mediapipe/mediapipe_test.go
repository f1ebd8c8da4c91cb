package mediapipe_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/formattest"
	"github.com/gaugenn/gaugenn/graph/format/mediapipe"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func fixtures(t testing.TB) []formattest.Fixture {
	return append(formattest.Load(t, "*.binarypb"), formattest.Load(t, "*.pbtxt")...)
}

func TestConformance(t *testing.T) { formattest.Run(t, mediapipe.Format, fixtures(t)) }

func TestGolden(t *testing.T) {
	for _, fx := range fixtures(t) {
		t.Run(fx.Name, func(t *testing.T) { formattest.Golden(t, mediapipe.Format, fx, formattest.Update(*update)) })
	}
}

func FuzzParse(f *testing.F) { formattest.Fuzz(f, mediapipe.Format, fixtures(f)) }

func TestParse_bothForms(t *testing.T) {
	for _, fx := range fixtures(t) {
		m, err := mediapipe.Format.Parse(fx.Input())
		if err != nil {
			t.Fatal(err)
		}
		g := m.Graphs[0]
		var words []string
		for i := range g.Nodes {
			words = append(words, g.Nodes[i].SourceOp)
		}
		if want := []string{"FlowLimiterCalculator", "TfLiteModelCalculator", "InferenceCalculator"}; !slices.Equal(words, want) {
			t.Errorf("%s: calculators %v, want %v", fx.Name, words, want)
		}
		if n := g.Nodes[2]; g.Tensor(n.Input(0)).Name != "throttled" || g.Tensor(n.Input(1)).Name != "side:model" || n.Outputs[0] != g.Outputs[0] {
			t.Errorf("%s: streams %v -> %v", fx.Name, n.Inputs, n.Outputs)
		}
		if len(m.Parts) != 1 || m.Parts[0].Name != "tiny.tflite" || m.Name != "TinyDetectionCpu" || m.IsPartial() {
			t.Errorf("%s: name %q, parts %+v", fx.Name, m.Name, m.Parts)
		}
		if g.Nodes[0].Op != graph.Custom {
			t.Errorf("calculators must be custom, got %q", g.Nodes[0].Op)
		}
	}
}

func TestParse_limits(t *testing.T) {
	for _, fx := range fixtures(t) {
		for _, l := range []format.Limits{{Nodes: 2}, {Tensors: 2}} {
			in := fx.Input()
			in.Limits = l
			if _, err := mediapipe.Format.Parse(in); !errors.Is(err, format.ErrLimit) {
				t.Errorf("%s %+v: %v, want limit", fx.Name, l, err)
			}
		}
	}
}

func TestMatch_refusesOtherFiles(t *testing.T) {
	formattest.Refuses(t, mediapipe.Format, "corpus/models")
}

var models = flag.String("models", "", "folder with real graphs (.binarypb)")

func TestModels_allParse(t *testing.T) {
	if *models == "" {
		t.Skip("no folder given with -models")
	}
	n := 0
	err := filepath.WalkDir(*models, func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".binarypb" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		h := format.Head{Bytes: data[:min(len(data), format.MaxHead)], Size: int64(len(data))}
		m, err := mediapipe.Format.Parse(format.Input{Path: path, Data: data})
		if err != nil || mediapipe.Format.Match(h) == format.No {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		return graph.Validate(m)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d graphs", n)
}

func BenchmarkParse(b *testing.B) { formattest.Bench(b, mediapipe.Format, fixtures(b)[0]) }
