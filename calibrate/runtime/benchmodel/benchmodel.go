// Package benchmodel starts and reads LiteRT's command-line benchmarks: benchmark_model (text), and litert-benchmark or
// benchmark_litert_model (JSON). The text is read as releases since TensorFlow 2.0 print it, with and without the "INFO: " that newer ones put
// before each line. The Android app of the same name gives other times than the program (up to twice on a GPU): the program is meant here.
package benchmodel

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/opprofile"
)

// Tool is benchmark_model.
var Tool = runtime.Tool{Name: "litert", Binary: "benchmark_model", Args: Args, Parse: Parse}

// Args returns the flags of benchmark_model.
func Args(path string, o runtime.Options) ([]string, error) {
	o = o.Filled()
	args := []string{
		"--graph=" + path, fmt.Sprintf("--num_threads=%d", o.Threads), fmt.Sprintf("--warmup_runs=%d", o.Warmup), "--warmup_min_secs=0",
		fmt.Sprintf("--num_runs=%d", o.Repeats), fmt.Sprintf("--min_secs=%g", o.MinTime.Seconds()), fmt.Sprintf("--max_secs=%g", o.MaxTime.Seconds()),
		"--report_peak_memory_footprint=true",
	}
	switch o.Delegate {
	case "cpu":
		args = append(args, fmt.Sprintf("--use_xnnpack=%t", o.Kernel == "" || o.Kernel == "delegate"))
	case "gpu":
		args = append(args, "--use_gpu=true")
		if o.Precision == "f32" {
			args = append(args, "--gpu_precision_loss_allowed=false")
		}
	case "nnapi":
		args = append(args, "--use_nnapi=true")
	default:
		return nil, fmt.Errorf("%w: benchmark_model has no delegate %q", runtime.ErrOption, o.Delegate)
	}
	if o.Kernel == "reference" {
		return nil, fmt.Errorf("%w: benchmark_model has no reference kernels", runtime.ErrOption)
	}
	if o.Affinity != "" {
		return nil, fmt.Errorf("%w: benchmark_model sets no affinity; start it under taskset", runtime.ErrOption)
	}
	if o.Profile {
		args = append(args, "--enable_op_profiling=true")
	}
	return args, nil
}

const number = `([-+0-9.eE]+|nan|inf)`

var (
	counts  = regexp.MustCompile(`^count=([0-9]+)(?: first=` + number + `)? curr=` + number + ` min=` + number + ` max=` + number + ` avg=` + number + ` std=` + number)
	single  = regexp.MustCompile(`^count=1 curr=` + number)
	final   = regexp.MustCompile(`^(?:Inference timings|Average inference timings) in us: (.*)$`)
	memory  = regexp.MustCompile(`^(?:Overall peak|Peak) memory footprint \(MB\) via periodic monitoring: ` + number)
	overall = regexp.MustCompile(`^Memory footprint delta from the start of the tool \(MB\): init=` + number + ` overall=` + number)
)

// Parse reads the text of benchmark_model, or the JSON of litert-benchmark.
func Parse(stdout, stderr []byte) (runtime.Result, error) {
	if t := strings.TrimSpace(string(stdout)); strings.HasPrefix(t, "{") {
		return ParseJSON([]byte(t))
	}
	p := parser{res: runtime.Result{Runtime: "litert"}}
	text := string(stdout) + "\n" + string(stderr) // builds differ in which of the two they print to
	n := 0
	var plain strings.Builder
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		line = strings.TrimPrefix(line, "INFO: ")
		plain.WriteString(line + "\n")
		if err := p.line(strings.TrimSpace(line)); err != nil {
			return runtime.Result{}, &runtime.OutputError{Tool: "benchmark_model", Line: n, Msg: err.Error()}
		}
	}
	if !p.finished || p.summary == nil {
		return runtime.Result{}, &runtime.OutputError{Tool: "benchmark_model", Msg: "no line of inference timings: the run did not end, or another version"}
	}
	p.res.Summary = p.summary
	ops, ok, err := opprofile.Parse(plain.String())
	if err != nil {
		return runtime.Result{}, err
	}
	if ok {
		p.res.Ops, p.res.OpsUnit = ops, "us"
	}
	return p.res, nil
}

type parser struct {
	res      runtime.Result
	summary  *runtime.Summary
	finished bool
}

// line takes one line; lines that are none of the known are notes of the tool.
func (p *parser) line(s string) error {
	switch {
	case strings.HasPrefix(s, "count="):
		return p.count(s)
	case final.MatchString(s):
		p.finished = true
		return p.timings(final.FindStringSubmatch(s)[1])
	case memory.MatchString(s):
		return p.megabytes(memory.FindStringSubmatch(s)[1])
	case overall.MatchString(s):
		return p.megabytes(overall.FindStringSubmatch(s)[2])
	case strings.HasPrefix(s, "Inference timings"), strings.HasPrefix(s, "Average inference timings"), strings.HasPrefix(s, "Memory footprint delta"):
		return fmt.Errorf("unknown form of a known line: %.160q", s)
	}
	return nil
}

// count takes the statistics of a series; the first series is the warm-up, the last the timed one.
func (p *parser) count(s string) error {
	m := counts.FindStringSubmatch(s)
	if m == nil {
		if m = single.FindStringSubmatch(s); m == nil {
			return fmt.Errorf("unknown form of a series: %.160q", s)
		}
		us, err := positive(m[1])
		if err != nil {
			return err
		}
		ms := us / 1000
		p.summary = &runtime.Summary{Count: 1, MinMS: &ms, MaxMS: &ms, MeanMS: &ms}
		return nil
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return fmt.Errorf("count %q", m[1])
	}
	var v [4]float64 // min, max, avg, std
	for i := range v {
		us, err := positive(m[4+i])
		if err != nil {
			return err
		}
		v[i] = us / 1000
	}
	if v[0] > v[1] || v[2] < v[0]*0.999-0.001 || v[2] > v[1]*1.001+0.001 {
		return fmt.Errorf("min %g, avg %g, max %g us are out of order", v[0]*1000, v[2]*1000, v[1]*1000)
	}
	p.summary = &runtime.Summary{Count: n, MinMS: &v[0], MaxMS: &v[1], MeanMS: &v[2], SDMS: &v[3]}
	return nil
}

// timings takes the last line: Init: 855, First inference: 1200, Warmup (avg): 900, Inference (avg): 880. Older releases leave the first
// two out and write "Warmup: 900, Init: 855, Inference: 880".
func (p *parser) timings(s string) error {
	found := false
	for _, part := range strings.Split(s, ",") {
		k, v, ok := strings.Cut(part, ":")
		if !ok {
			return fmt.Errorf("timing %.60q", part)
		}
		us, err := positive(strings.TrimSpace(v))
		if err != nil {
			return err
		}
		switch strings.TrimSpace(k) {
		case "Init":
			p.res.InitMS = us / 1000
		case "First inference":
			p.res.FirstMS = us / 1000
		case "Inference (avg)", "Inference":
			found = true
			if p.summary == nil {
				ms := us / 1000
				p.summary = &runtime.Summary{MeanMS: &ms}
			}
		case "Warmup (avg)", "Warmup":
		default:
			return fmt.Errorf("unknown timing %.60q", k)
		}
	}
	if !found {
		return fmt.Errorf("no inference among the timings: %.160q", s)
	}
	return nil
}

func (p *parser) megabytes(s string) error {
	mb, err := positive(s)
	if err != nil {
		return err
	}
	p.res.PeakBytes = max(p.res.PeakBytes, int64(mb*(1<<20)))
	return nil
}

// positive reads a number that is finite and not negative.
func positive(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0, fmt.Errorf("number %.40q", s)
	}
	return v, nil
}

// benchmarkJSON is what litert-benchmark writes with --result_json.
type benchmarkJSON struct {
	Model        string   `json:"model"`
	ModelSizeMB  *float64 `json:"model_size_mb"`
	Accelerators []string `json:"accelerators"`
	Signature    string   `json:"signature"`
	Accelerated  bool     `json:"fully_accelerated"`
	Threads      int      `json:"num_threads"`
	Throughput   *float64 `json:"throughput_mb_s"`
	Latency      *struct {
		Init       float64  `json:"init_ms"`
		First      float64  `json:"warmup_first_ms"`
		WarmupAvg  float64  `json:"warmup_avg_ms"`
		WarmupRuns int      `json:"num_warmup_runs"`
		Avg        *float64 `json:"avg_ms"`
		Min        *float64 `json:"min_ms"`
		Max        *float64 `json:"max_ms"`
		Median     *float64 `json:"median_ms"`
		SD         *float64 `json:"std_ms"`
		P5         *float64 `json:"p5_ms"`
		P95        *float64 `json:"p95_ms"`
		Runs       int      `json:"num_runs"`
	} `json:"latency"`
}

// ParseJSON reads the JSON of litert-benchmark. A field that it does not know is another version and refused.
func ParseJSON(b []byte) (runtime.Result, error) {
	var j benchmarkJSON
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return runtime.Result{}, &runtime.OutputError{Tool: "litert-benchmark", Msg: err.Error()}
	}
	l := j.Latency
	if l == nil || l.Avg == nil || l.Min == nil || l.Max == nil || *l.Min <= 0 || *l.Min > *l.Avg || *l.Avg > *l.Max || l.Runs < 1 {
		return runtime.Result{}, &runtime.OutputError{Tool: "litert-benchmark", Msg: "latencies are absent or out of order"}
	}
	res := runtime.Result{Runtime: "litert", InitMS: l.Init, FirstMS: l.First, Delegated: j.Accelerated}
	res.Options.Threads, res.Options.Warmup, res.Options.Repeats = j.Threads, l.WarmupRuns, l.Runs
	if len(j.Accelerators) == 1 {
		res.Options.Delegate = strings.ToLower(j.Accelerators[0])
	}
	res.Summary = &runtime.Summary{Count: l.Runs, MinMS: l.Min, MaxMS: l.Max, MeanMS: l.Avg, SDMS: l.SD, MedianMS: l.Median, P5MS: l.P5, P95MS: l.P95}
	return res, nil
}
