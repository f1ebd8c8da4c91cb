// Package ncnn starts and reads benchncnn, ncnn's benchmark program. It prints one line per model to its standard error:
//
//	squeezenet  min =    3.32  max =    3.71  avg =    3.41
//
// It is told a single model by its param file (releases since 2020-12); arguments are loops, threads, powersave, GPU, cooling, then the
// param file and input shapes.
package ncnn

import (
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Tool is benchncnn.
var Tool = runtime.Tool{Name: "ncnn", Binary: "benchncnn", Args: Args, Parse: Parse}

// Args returns the arguments of benchncnn for a param file with inputs of known size. Delegate gpu takes the first Vulkan device.
func Args(file string, o runtime.Options) ([]string, error) {
	o = o.Filled()
	gpu := -1
	switch o.Delegate {
	case "cpu":
	case "gpu":
		gpu = 0
	default:
		return nil, fmt.Errorf("%w: benchncnn has no delegate %q", runtime.ErrOption, o.Delegate)
	}
	power, ok := map[string]int{"": 0, "little": 1, "big": 2}[o.Affinity]
	if !ok {
		return nil, fmt.Errorf("%w: benchncnn has no affinity %q", runtime.ErrOption, o.Affinity)
	}
	if o.Profile {
		return nil, fmt.Errorf("%w: benchncnn gives times per layer only when built with NCNN_BENCHMARK", runtime.ErrOption)
	}
	return []string{strconv.Itoa(o.Repeats), strconv.Itoa(o.Threads), strconv.Itoa(power), strconv.Itoa(gpu), "0", "param=" + file}, nil
}

// Timing is one line of benchncnn.
type Timing struct {
	Model               string
	MinMS, MaxMS, AvgMS float64
}

var line = regexp.MustCompile(`^\s*(\S.*?)\s+min\s*=\s*(\S+)\s+max\s*=\s*(\S+)\s+avg\s*=\s*(\S+)\s*$`)

// settings are the lines that name what was run.
var settings = regexp.MustCompile(`^(loop_count|num_threads|powersave|gpu_device|cooling_down) = (-?[0-9]+)$`)

// ParseAll reads every timing. Lines of settings and of Vulkan devices ("[0 Adreno ...]") are passed over; a line with "min =" that is no
// timing is refused, as is any "failed" or "error" of the loader.
func ParseAll(stdout, stderr []byte) ([]Timing, runtime.Options, error) {
	var out []Timing
	var opt runtime.Options
	n := 0
	for s := range strings.Lines(string(stdout) + "\n" + string(stderr)) {
		n++
		s = strings.TrimRight(s, "\r\n")
		if m := settings.FindStringSubmatch(s); m != nil {
			if v, err := strconv.Atoi(m[2]); err == nil {
				setting(&opt, m[1], v)
			}
			continue
		}
		if m := line.FindStringSubmatch(s); m != nil {
			t, err := timing(m)
			if err != nil {
				return nil, opt, &runtime.OutputError{Tool: "benchncnn", Line: n, Msg: err.Error()}
			}
			out = append(out, t)
			continue
		}
		if low := strings.ToLower(s); strings.Contains(s, "min =") || strings.Contains(low, "failed") || strings.Contains(low, "not found") {
			return nil, opt, &runtime.OutputError{Tool: "benchncnn", Line: n, Msg: fmt.Sprintf("%.160q", s)}
		}
	}
	return out, opt, nil
}

func setting(o *runtime.Options, name string, v int) {
	switch name {
	case "loop_count":
		o.Repeats = v
	case "num_threads":
		o.Threads = v
	case "powersave":
		o.Affinity = map[int]string{1: "little", 2: "big"}[v]
	case "gpu_device":
		o.Delegate = "cpu"
		if v >= 0 {
			o.Delegate = "gpu"
		}
	}
}

func timing(m []string) (Timing, error) {
	t := Timing{Model: m[1]}
	for i, at := range []*float64{&t.MinMS, &t.MaxMS, &t.AvgMS} {
		v, err := strconv.ParseFloat(m[2+i], 64)
		if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
			return t, fmt.Errorf("number %.40q", m[2+i])
		}
		*at = v
	}
	if t.MinMS > t.AvgMS+0.011 || t.AvgMS > t.MaxMS+0.011 {
		return t, fmt.Errorf("min %g, avg %g, max %g are out of order", t.MinMS, t.AvgMS, t.MaxMS)
	}
	return t, nil
}

// Parse reads a run of a single model.
func Parse(stdout, stderr []byte) (runtime.Result, error) {
	all, opt, err := ParseAll(stdout, stderr)
	if err != nil {
		return runtime.Result{}, err
	}
	if len(all) != 1 {
		return runtime.Result{}, &runtime.OutputError{Tool: "benchncnn", Msg: fmt.Sprintf("%d timings, one is expected", len(all))}
	}
	t := all[0]
	t.Model = path.Base(t.Model)
	return runtime.Result{Runtime: "ncnn", Options: opt, Summary: &runtime.Summary{Count: opt.Repeats, MinMS: &t.MinMS, MaxMS: &t.MaxMS, MeanMS: &t.AvgMS}}, nil
}
