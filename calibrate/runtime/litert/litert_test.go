package litert_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/litert"
)

// root returns the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// library returns the LiteRT library of the Python environment that is active, given by GAUGENN_VENV or kept at build/venv. It skips without one, but
// fails where GAUGENN_VENV names an environment.
func library(t testing.TB) litert.Library {
	t.Helper()
	lib, err := litert.Find("", os.Getenv("GAUGENN_VENV"), os.Getenv("VIRTUAL_ENV"), filepath.Join(root(t), "build", "venv"))
	if err != nil {
		if os.Getenv("GAUGENN_VENV") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return lib
}

// model returns a real model, and skips where the collection is not.
func model(t testing.TB, path ...string) string {
	t.Helper()
	p := filepath.Join(append([]string{root(t), "..", "shared", "corpus", "models", "tflite"}, path...)...)
	if _, err := os.Stat(p); err != nil {
		t.Skipf("real model: %v", err)
	}
	return p
}

func TestRun_realModel(t *testing.T) {
	lib := library(t)
	path := model(t, "mlcommons+tiny", "benchmark", "training", "image_classification", "trained_models", "pretrainedResnet.tflite")
	for _, kernel := range []string{"delegate", "builtin"} {
		res, err := litert.Run(context.Background(), lib, path, runtime.Options{Repeats: 5, Kernel: kernel, Profile: true})
		if err != nil {
			t.Fatalf("%s: %v", kernel, err)
		}
		if len(res.RepeatsMS) != 5 || len(res.CPUMS) != 5 || res.InitMS <= 0 || res.FirstMS <= 0 || res.PeakBytes <= 0 || res.InputBytes != 32*32*3*4 {
			t.Errorf("%s: %+v", kernel, res)
		}
		if len(res.Ops) < 10 {
			t.Errorf("%s: %d operators", kernel, len(res.Ops))
		}
		sum := 0.0
		for _, op := range res.Ops {
			sum += op.MeanUS / 1000
			if (kernel == "builtin") != (op.Node >= 0) {
				t.Errorf("%s: operator %+v", kernel, op)
			}
		}
		if least := runtime.Quantile(res.RepeatsMS, 0); math.IsNaN(sum) || sum < least/3 {
			t.Errorf("%s: operators take %.3f ms of at least %.3f", kernel, sum, least)
		}
	}
}

func TestRun_refusals(t *testing.T) {
	lib := library(t)
	bad := filepath.Join(t.TempDir(), "bad.tflite")
	if err := os.WriteFile(bad, []byte("no model at all, but long enough to look"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := litert.Run(context.Background(), lib, bad, runtime.Options{}); !errors.Is(err, runtime.ErrModel) {
		t.Errorf("no model: %v", err)
	}
	if _, err := litert.Run(context.Background(), lib, bad, runtime.Options{Delegate: "gpu"}); !errors.Is(err, runtime.ErrOption) {
		t.Errorf("gpu: %v", err)
	}
}

func TestFind_saysHowToGetOne(t *testing.T) {
	if _, err := litert.Find("", t.TempDir()); !errors.Is(err, runtime.ErrLibrary) {
		t.Errorf("got %v", err)
	}
	dir := filepath.Join(t.TempDir(), "lib", "python3.11", "site-packages")
	for _, d := range []string{"ai_edge_litert", "ai_edge_litert-9.8.7.dist-info"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ai_edge_litert", "libLiteRt.so"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
	lib, err := litert.Find("", filepath.Join(dir, "..", "..", ".."))
	if err != nil || lib.Version != "9.8.7" || len(lib.SHA256) != 64 {
		t.Errorf("got %+v, %v", lib, err)
	}
}
