package main

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/simulate"
)

// TestSystolic_agreesWithVelaOnRealModels holds the closed form of the NPU to the cycles that Vela 5.2.0 gives for published int8 models on an
// Ethos-U55 of 128 MACs a cycle (--accelerator-config ethos-u55-128, its other settings as they come; cycles_total of its summary).
func TestSystolic_agreesWithVelaOnRealModels(t *testing.T) {
	root, sum, n := filepath.Join("..", "..", "..", "shared", "corpus", "models", "tflite"), 0.0, 0
	for file, vela := range map[string]float64{
		"mlcommons+tiny/benchmark/training/anomaly_detection/trained_models/ToyCar/baseline_tf23/model/model_ToyCar_quant_fullint_micro_intio.tflite": 201184,
		"mlcommons+tiny/benchmark/training/image_classification/trained_models/pretrainedResnet_quant.tflite":                                         201747,
		"mlcommons+tiny/benchmark/training/streaming_wakeword/trained_models/str_ww_ref_model.tflite":                                                 59693,
		"tensorflow+tflite-micro/tensorflow/lite/micro/models/person_detect.tflite":                                                                   353931,
	} {
		c, err := candidateOf(filepath.Join(root, filepath.FromSlash(file)), []string{"tflite"})
		if err != nil {
			t.Skipf("corpus: %v", err)
		}
		got, unknown := simulate.EthosU55x128.NetworkCycles(c.Net)
		e := math.Log(got / vela)
		t.Logf("%-40s %7.0f cycles, Vela %7.0f: %+.0f %%", c.Name, got, vela, 100*(math.Exp(e)-1))
		if sum, n = sum+math.Abs(e), n+1; unknown > 0 || math.Abs(e) > 0.30 {
			t.Errorf("%s: %.0f cycles with %d kernels unknown, Vela %.0f", c.Name, got, unknown, vela)
		}
	}
	if mean := sum / float64(n); mean > 0.20 {
		t.Errorf("mean error %.2f", mean)
	}
}
