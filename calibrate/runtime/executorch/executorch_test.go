package executorch_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/executorch"
)

const text = "I 00:00:00.5 executorch:executor_runner.cpp:300] Model executed successfully 20 time(s) in 123.500000 ms.\n"

func TestParse(t *testing.T) {
	r, err := executorch.Parse(nil, []byte(text))
	if err != nil || *r.Summary.MeanMS != 6.175 || r.Summary.Count != 20 {
		t.Errorf("%+v, %v", r, err)
	}
	for name, in := range map[string]string{
		"empty": "", "twice": text + text, "unit": strings.Replace(text, "ms.", "us.", 1), "none": strings.Replace(text, "20 time", "0 time", 1),
		"failed": "E executor_runner.cpp:299] Execution of method forward failed with status 0x20\n",
	} {
		if r, err := executorch.Parse(nil, []byte(in)); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestArgs(t *testing.T) {
	got, err := executorch.Args("/m.pte", runtime.Options{Threads: 2})
	if err != nil || strings.Join(got, " ") != "--model_path=/m.pte --num_executions=20 --cpu_threads=2" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := executorch.Args("/m.pte", runtime.Options{Delegate: "gpu"}); !errors.Is(err, runtime.ErrOption) {
		t.Errorf("gpu: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(text))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r, err := executorch.Parse(b, nil); err == nil && r.Summary == nil {
			t.Error("no error and no summary")
		}
	})
}
