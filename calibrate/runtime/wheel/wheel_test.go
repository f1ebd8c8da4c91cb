package wheel_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/wheel"
)

// fake is a package that stands for ncnn's wheel: its nets take a model by name and count their runs.
const fake = `
import os, time
class Mat:
    def __init__(self, a): self.a = a
    def clone(self): return self
    def __array__(self, dtype=None, copy=None): return self.a
class Opt: pass
class Extractor:
    def input(self, name, m): self.m = m
    def extract(self, name): return 0, self.m
class Net:
    def __init__(self): self.opt = Opt()
    def load_param(self, path):
        print("a library prints this")
        if "crash" in path: os._exit(3)
        return 1 if "bad" in path else 0
    def load_model(self, r): return 0
    def input_names(self): return ["data"]
    def output_names(self): return ["out"]
    def create_extractor(self): return Extractor()
def DataReaderFromEmpty(): return None
`

// install makes the fake package in a folder that Python looks in.
func install(t *testing.T, source string) {
	t.Helper()
	if err := exec.Command("python3", "-c", "import numpy").Run(); err != nil && source == fake {
		t.Skip("python3 has no numpy")
	}
	dir := t.TempDir()
	for path, text := range map[string]string{"ncnn/__init__.py": source, "ncnn-1.2.3.dist-info/METADATA": "Metadata-Version: 2.1\nName: ncnn\nVersion: 1.2.3\n"} {
		full := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PYTHONPATH", dir)
}

type answer struct {
	Status string         `json:"status"`
	Reason string         `json:"reason"`
	Result runtime.Result `json:"result"`
}

// ask runs a model of ncnn with the python3 of the path.
func ask(t *testing.T, path string) (answer, error) {
	t.Helper()
	return run(t, "ncnn", "", path, map[string][]int{"data": {3, 8, 8}}, runtime.Options{Repeats: 5})
}

func run(t *testing.T, name, python, path string, shapes map[string][]int, o runtime.Options) (answer, error) {
	t.Helper()
	command, err := wheel.Command(name, python)
	if err != nil {
		t.Fatal(err)
	}
	request, err := json.Marshal(map[string]any{"job": map[string]any{"path": path, "runtime": name, "shapes": shapes, "options": o.Filled()}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin = strings.NewReader(string(request))
	out, err := cmd.Output()
	var a answer
	if err == nil {
		err = json.Unmarshal(out, &a)
	}
	return a, err
}

func TestChild_answersWhatTheRuntimeDid(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	install(t, fake)
	a, err := ask(t, "net.param")
	if err != nil || a.Status != "ok" || len(a.Result.RepeatsMS) != 5 || len(a.Result.CPUMS) != 5 || a.Result.Version != "1.2.3" || a.Result.InputBytes != 4*3*8*8 || a.Result.FirstOutput == "" {
		t.Errorf("%+v, %v", a, err)
	}
	if a, err := ask(t, "bad.param"); err != nil || a.Status != "refused" {
		t.Errorf("a model that is not taken: %+v, %v", a, err)
	}
	if a, err := ask(t, "crash.param"); err == nil {
		t.Errorf("a process that dies: %+v", a)
	}
}

// TestChild_runsRealWheels runs one network, made by the runtimes' own converters,
// with each runtime that has a wheel. GAUGENN_VENV names an environment with all of
// them; without it the test is skipped.
func TestChild_runsRealWheels(t *testing.T) {
	venv := os.Getenv("GAUGENN_VENV")
	if venv == "" {
		t.Skip("GAUGENN_VENV names no Python environment with onnxruntime, ncnn and MNN")
	}
	python := filepath.Join(venv, "bin", "python")
	models, err := filepath.Abs(filepath.Join("..", "..", "..", "graph", "format", "all", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, model string
		shapes      map[string][]int
		perOp       bool
	}{
		{"ort", "mobile.onnx", nil, true},
		{"ncnn", "mobile.ncnn.param", map[string][]int{"in0": {3, 32, 32}}, false}, // pnnx states no sizes; no times per operator
		{"mnn", "mobile.mnn", nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := run(t, c.name, python, filepath.Join(models, c.model), c.shapes, runtime.Options{Repeats: 5, Profile: true})
			if err != nil || a.Status != "ok" {
				t.Fatalf("%+v, %v", a, err)
			}
			r := &a.Result
			if len(r.RepeatsMS) != 5 || r.Version == "" || len(r.LibrarySHA) != 64 || r.InputBytes != 4*3*32*32 || (len(r.Ops) > 0) != c.perOp {
				t.Errorf("repeats %v, version %q, library %q, input of %d bytes, %d times of operators", r.RepeatsMS, r.Version, r.LibrarySHA, r.InputBytes, len(r.Ops))
			}
			for _, ms := range r.RepeatsMS {
				if ms <= 0 {
					t.Errorf("a repeat of %v ms", ms)
				}
			}
		})
	}
}

func TestChild_saysWhenTheWheelDoesNotLoad(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3")
	}
	install(t, "raise ImportError('no libgomp')")
	if a, err := ask(t, "net.param"); err != nil || a.Status != "unavailable" || !strings.Contains(a.Reason, "no libgomp") {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestCommand_refuses(t *testing.T) {
	if _, err := wheel.Command("snpe", ""); !errors.Is(err, runtime.ErrOption) {
		t.Errorf("no wheel: %v", err)
	}
	if _, err := wheel.Command("mnn", filepath.Join(t.TempDir(), "python3")); !errors.Is(err, runtime.ErrLibrary) || !strings.Contains(err.Error(), "pip install MNN") {
		t.Errorf("no interpreter: %v", err)
	}
}
