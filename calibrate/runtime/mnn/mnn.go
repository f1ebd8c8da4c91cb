// Package mnn starts and reads MNN's benchmark.out. It takes a folder of models and prints a line for each:
//
//	[ - ] squeezenetv1.0.mnn          max =   10.123 ms  min =    9.001 ms  avg =    9.500 ms
package mnn

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Tool is benchmark.out. Its models lie in a folder: the model must be alone there.
var Tool = runtime.Tool{Name: "mnn", Binary: "benchmark.out", Args: Args, Parse: Parse}

// forwards are MNNForwardType.
var forwards = map[string]int{"cpu": 0, "gpu": 3, "nnapi": 5}

// precisions are BackendConfig::PrecisionMode.
var precisions = map[string]int{"": 0, "f32": 1, "f16": 2}

// Args returns the arguments: models_folder loop_count warmup forwardtype numberThread precision.
func Args(file string, o runtime.Options) ([]string, error) {
	o = o.Filled()
	forward, ok := forwards[o.Delegate]
	if !ok {
		return nil, fmt.Errorf("%w: MNN has no delegate %q here", runtime.ErrOption, o.Delegate)
	}
	precision, ok := precisions[o.Precision]
	if !ok {
		return nil, fmt.Errorf("%w: MNN has no precision %q", runtime.ErrOption, o.Precision)
	}
	if o.Affinity != "" || o.Profile {
		return nil, fmt.Errorf("%w: benchmark.out has neither affinity nor times per operator", runtime.ErrOption)
	}
	return []string{path.Dir(file), strconv.Itoa(o.Repeats), strconv.Itoa(o.Warmup), strconv.Itoa(forward), strconv.Itoa(o.Threads), strconv.Itoa(precision)}, nil
}

var line = regexp.MustCompile(`^\[ - \]\s+(\S.*?)\s+max\s*=\s*(\S+)\s*ms\s+min\s*=\s*(\S+)\s*ms\s+avg\s*=\s*(\S+)\s*ms\s*$`)

// Parse reads the line of a single model.
func Parse(stdout, stderr []byte) (runtime.Result, error) {
	res, found, n := runtime.Result{Runtime: "mnn"}, 0, 0
	for s := range strings.Lines(string(stdout) + "\n" + string(stderr)) {
		n++
		s = strings.TrimRight(s, "\r\n")
		if !strings.HasPrefix(s, "[ - ]") {
			continue
		}
		m := line.FindStringSubmatch(s)
		if m == nil {
			return runtime.Result{}, &runtime.OutputError{Tool: "benchmark.out", Line: n, Msg: fmt.Sprintf("not a timing: %.160q", s)}
		}
		var v [3]float64 // max, min, avg
		for i := range v {
			x, err := strconv.ParseFloat(m[2+i], 64)
			if err != nil || x < 0 || math.IsInf(x, 0) || math.IsNaN(x) {
				return runtime.Result{}, &runtime.OutputError{Tool: "benchmark.out", Line: n, Msg: fmt.Sprintf("number %.40q", m[2+i])}
			}
			v[i] = x
		}
		if v[1] > v[2]+0.0011 || v[2] > v[0]+0.0011 {
			return runtime.Result{}, &runtime.OutputError{Tool: "benchmark.out", Line: n, Msg: "min, avg and max are out of order"}
		}
		found++
		res.Summary = &runtime.Summary{MinMS: &v[1], MaxMS: &v[0], MeanMS: &v[2]}
	}
	if found != 1 {
		return runtime.Result{}, &runtime.OutputError{Tool: "benchmark.out", Msg: fmt.Sprintf("%d timings, one is expected", found)}
	}
	return res, nil
}
