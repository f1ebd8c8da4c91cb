package ort_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/ort"
)

const text = `Session creation time cost: 0.125 s
First inference time cost: 12 ms
Total inference time cost: 0.5 s
Total inference requests: 50
Average inference time cost total: 10.25 ms
Total inference run time: 0.51 s
Number of inferences per second: 98.0
Avg CPU usage: 100 %
Peak working set size: 41943040 bytes
Avg CPU usage:100
Runs:50
Min Latency: 0.0095 s
Max Latency: 0.0125 s
P50 Latency: 0.0101 s
P90 Latency: 0.011 s
P95 Latency: 0.012 s
P99 Latency: 0.0125 s
P999 Latency: 0.0125 s
`

func TestParse(t *testing.T) {
	r, err := ort.Parse([]byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Summary; r.InitMS != 125 || r.FirstMS != 12 || s.Count != 50 || *s.MeanMS != 10.25 || *s.MinMS != 9.5 || *s.MedianMS != 10.1 || r.PeakBytes != 40<<20 {
		t.Errorf("%+v %+v", r, s)
	}
	for name, in := range map[string]string{
		"empty": "", "unit": strings.Replace(text, "0.0095 s", "9500 us", 1), "number": strings.Replace(text, "10.25", "fast", 1),
		"no average": strings.Replace(text, "Average inference time", "Mean inference time", 1),
	} {
		if r, err := ort.Parse([]byte(in), nil); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestParseProfile_recorded(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "..", "..", "..", "..", "shared", "prototypes", "samples", "ort_profile.json"))
	if err != nil {
		t.Skipf("recorded output: %v", err)
	}
	ops, runs, err := ort.ParseProfile(b)
	if err != nil {
		t.Fatal(err)
	}
	if len(ops) != 32 || len(runs) == 0 || ops[0].Type != "Conv" || ops[0].Name != "r0_nchwc" || ops[0].Calls != len(runs) {
		t.Errorf("%d nodes, %d runs, first %+v", len(ops), len(runs), ops[0])
	}
	sum, wall := 0.0, 0.0
	for _, op := range ops {
		sum += op.MeanUS / 1000
	}
	for _, ms := range runs {
		wall += ms / float64(len(runs))
	}
	if sum > wall || sum < wall/2 {
		t.Errorf("nodes take %.2f ms of %.2f", sum, wall)
	}
	if _, _, err := ort.ParseProfile(b[:len(b)/2]); !errors.Is(err, runtime.ErrFormat) {
		t.Errorf("cut profile: %v", err)
	}
}

func TestParseProfile_refusesWhatItDoesNotKnow(t *testing.T) {
	for name, in := range map[string]string{
		"no list":  `{"traceEvents":[]}`,
		"empty":    `[]`,
		"no time":  `[{"cat":"Node","name":"a_kernel_time","args":{"op_name":"Conv"}}]`,
		"negative": `[{"cat":"Node","name":"a_kernel_time","dur":-1,"args":{"op_name":"Conv"}}]`,
		"no op":    `[{"cat":"Node","name":"a_kernel_time","dur":1,"args":{}}]`,
	} {
		if ops, _, err := ort.ParseProfile([]byte(in)); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, ops, err)
		}
	}
}

func TestArgs(t *testing.T) {
	got, err := ort.Args("/m.onnx", runtime.Options{Threads: 2, Repeats: 30})
	if err != nil || strings.Join(got, " ") != "-I -e cpu -m times -r 30 -x 2 -y 1 -s /m.onnx" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := ort.Args("/m", runtime.Options{Delegate: "gpu"}); !errors.Is(err, runtime.ErrOption) {
		t.Errorf("gpu: %v", err)
	}
}

func FuzzParseProfile(f *testing.F) {
	f.Add([]byte(`[{"cat":"Node","name":"a_kernel_time","dur":12,"args":{"op_name":"Conv","provider":"CPUExecutionProvider"}}]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if ops, _, err := ort.ParseProfile(b); err == nil && len(ops) == 0 {
			t.Error("no error and no node")
		}
	})
}
