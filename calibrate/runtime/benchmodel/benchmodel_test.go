package benchmodel_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/benchmodel"
)

// text follows the lines that benchmark_model prints, with values of our own.
const text = `STARTING!
Log parameter values verbosely: [0]
Num threads: [4]
Graph: [/data/local/tmp/m.tflite]
The input model file size (MB): 0.31
Initialized session in 0.855ms.
Running benchmark for at least 1 iterations and at least 0.5 seconds but terminate if exceeding 150 seconds.
count=3 first=1300 curr=1100 min=1050 max=1300 avg=1150 std=90
Running benchmark for at least 50 iterations and at least 1 seconds but terminate if exceeding 150 seconds.
count=50 first=910 curr=905 min=880 max=1200 avg=920.5 std=41
Inference timings in us: Init: 855, First inference: 1300, Warmup (avg): 1150, Inference (avg): 920.5
Memory footprint delta from the start of the tool (MB): init=3.5 overall=8.25
Overall peak memory footprint (MB) via periodic monitoring: 12.5
`

func TestParse_text(t *testing.T) {
	for name, in := range map[string]string{"plain": text, "INFO": "INFO: " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\nINFO: ") + "\n"} {
		for _, onStderr := range []bool{false, true} {
			out, errOut := []byte(in), []byte(nil)
			if onStderr {
				out, errOut = errOut, out
			}
			r, err := benchmodel.Parse(out, errOut)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			s := r.Summary
			if r.InitMS != 0.855 || r.FirstMS != 1.3 || s.Count != 50 || *s.MinMS != 0.88 || *s.MaxMS != 1.2 || *s.MeanMS != 0.9205 || r.PeakBytes != 12.5*(1<<20) {
				t.Errorf("%s: %+v %+v", name, r, s)
			}
		}
	}
}

func TestParse_olderLastLine(t *testing.T) {
	r, err := benchmodel.Parse([]byte("count=20 first=9 curr=9 min=8 max=10 avg=9 std=0\nAverage inference timings in us: Warmup: 12.5, Init: 855, Inference: 9\n"), nil)
	if err != nil || r.InitMS != 0.855 || r.Summary.Count != 20 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestParse_refusesWhatItDoesNotKnow(t *testing.T) {
	for name, in := range map[string]string{
		"empty":        "",
		"died":         strings.Split(text, "Inference timings")[0],
		"other series": strings.Replace(text, "count=50 first=910", "count=50 initial=910", 1),
		"other timing": strings.Replace(text, "Warmup (avg)", "Warm-up (p50)", 1),
		"other unit":   strings.Replace(text, "Inference timings in us:", "Inference timings in ms:", 1),
		"order":        strings.Replace(text, "min=880 max=1200", "min=1200 max=880", 1),
		"negative":     strings.Replace(text, "Init: 855", "Init: -855", 1),
		"not a number": strings.Replace(text, "avg=920.5", "avg=nan", 1),
	} {
		if r, err := benchmodel.Parse([]byte(in), nil); !errors.Is(err, runtime.ErrFormat) {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestArgs(t *testing.T) {
	got, err := benchmodel.Args("/m.tflite", runtime.Options{Threads: 4, Repeats: 50, Profile: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"--graph=/m.tflite", "--num_threads=4", "--num_runs=50", "--use_xnnpack=true", "--enable_op_profiling=true"} {
		if !slices.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	for _, o := range []runtime.Options{{Delegate: "npu"}, {Kernel: "reference"}, {Affinity: "big"}} {
		if _, err := benchmodel.Args("/m", o); !errors.Is(err, runtime.ErrOption) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func TestParse_recordedJSON(t *testing.T) {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "..", "..", "..", "..", "shared", "prototypes", "samples", "litert_bench.json"))
	if err != nil {
		t.Skipf("recorded output: %v", err)
	}
	r, err := benchmodel.Parse(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ms, stat := r.LatencyMS(); ms != 36.43 || stat != "median" || r.InitMS != 76.55 || r.Summary.Count != 20 || !r.Delegated || r.Options.Delegate != "cpu" {
		t.Errorf("%+v %+v", r, r.Summary)
	}
	other := strings.Replace(string(b), `"min_ms"`, `"minimum_ms"`, 1)
	if _, err := benchmodel.Parse([]byte(other), nil); !errors.Is(err, runtime.ErrFormat) {
		t.Errorf("another field: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(text))
	f.Add([]byte(`{"model":"m","latency":{"avg_ms":2,"min_ms":1,"max_ms":3,"num_runs":4}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := benchmodel.Parse(b, nil)
		if err == nil && r.Summary == nil {
			t.Error("no error and no summary")
		}
	})
}
