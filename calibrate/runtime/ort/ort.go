// Package ort starts onnxruntime_perf_test and reads what it prints, and the profile that ONNX Runtime writes (a Chrome trace). An
// optimised graph has other nodes than the file: a profile's nodes keep the runtime's names, and only those that the file has can be joined.
package ort

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Tool is onnxruntime_perf_test.
var Tool = runtime.Tool{Name: "ort", Binary: "onnxruntime_perf_test", Args: Args, Parse: Parse}

var providers = map[string]string{"cpu": "cpu", "nnapi": "nnapi", "npu": "qnn"}

// Args returns the arguments of onnxruntime_perf_test, with generated inputs.
func Args(file string, o runtime.Options) ([]string, error) {
	o = o.Filled()
	p, ok := providers[o.Delegate]
	if !ok {
		return nil, fmt.Errorf("%w: ONNX Runtime has no delegate %q here", runtime.ErrOption, o.Delegate)
	}
	if o.Affinity != "" {
		return nil, fmt.Errorf("%w: onnxruntime_perf_test sets no affinity; start it under taskset", runtime.ErrOption)
	}
	args := []string{"-I", "-e", p, "-m", "times", "-r", strconv.Itoa(o.Repeats), "-x", strconv.Itoa(o.Threads), "-y", "1", "-s"}
	return append(args, file), nil
}

var line = regexp.MustCompile(`^(Session creation time cost|First inference time cost|Total inference time cost|Total inference requests|Average inference time cost total|Average inference time cost|Total inference run time|Number of inferences per second|Avg CPU usage|Peak working set size|Min Latency|Max Latency|P50 Latency|P90 Latency|P95 Latency|P99 Latency|P999 Latency|Runs)\s*:\s*(\S+)\s*(.*)$`)

// Parse reads the printed statistics. A unit other than the one known for a line is refused.
func Parse(stdout, stderr []byte) (runtime.Result, error) {
	res, sum := runtime.Result{Runtime: "ort"}, &runtime.Summary{}
	n := 0
	for s := range strings.Lines(string(stdout) + "\n" + string(stderr)) {
		n++
		m := line.FindStringSubmatch(strings.TrimSpace(s))
		if m == nil {
			continue
		}
		if err := take(&res, sum, m[1], m[2], strings.TrimSpace(m[3])); err != nil {
			return runtime.Result{}, &runtime.OutputError{Tool: "onnxruntime_perf_test", Line: n, Msg: err.Error()}
		}
	}
	if sum.MeanMS == nil {
		return runtime.Result{}, &runtime.OutputError{Tool: "onnxruntime_perf_test", Msg: "no average inference time"}
	}
	res.Summary = sum
	return res, nil
}

// toMS are the units of times.
var toMS = map[string]float64{"s": 1000, "ms": 1}

func take(res *runtime.Result, sum *runtime.Summary, name, value, unit string) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(value, "%"), 64)
	if err != nil || v < 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return fmt.Errorf("%s: number %.40q", name, value)
	}
	timed := func(to **float64) error {
		f, ok := toMS[unit]
		if !ok {
			return fmt.Errorf("%s: unit %.20q", name, unit)
		}
		v *= f
		*to = &v
		return nil
	}
	var once *float64
	switch name {
	case "Session creation time cost":
		if err := timed(&once); err != nil {
			return err
		}
		res.InitMS = v
	case "First inference time cost":
		if err := timed(&once); err != nil {
			return err
		}
		res.FirstMS = v
	case "Average inference time cost total", "Average inference time cost":
		return timed(&sum.MeanMS)
	case "Total inference requests":
		sum.Count = int(v)
	case "Peak working set size":
		if unit == "bytes" {
			res.PeakBytes = int64(v)
		}
	case "Min Latency":
		return timed(&sum.MinMS)
	case "Max Latency":
		return timed(&sum.MaxMS)
	case "P50 Latency":
		return timed(&sum.MedianMS)
	case "P90 Latency":
		return timed(&sum.P90MS)
	case "P95 Latency":
		return timed(&sum.P95MS)
	}
	return nil
}

// event is an event of the profile.
type event struct {
	Cat  string `json:"cat"`
	Name string `json:"name"`
	Dur  *int64 `json:"dur"`
	Args struct {
		OpName    string `json:"op_name"`
		Provider  string `json:"provider"`
		NodeIndex string `json:"node_index"`
	} `json:"args"`
}

// kernelTime ends the name of an event that is a node's own time.
const kernelTime = "_kernel_time"

// MaxEvents bounds how many events a profile may hold.
const MaxEvents = 4 << 20

// ParseProfile reads a profile into the mean time of each node, in the order in which nodes first ran, and the wall time of every run.
func ParseProfile(b []byte) (ops []runtime.OpTime, runsMS []float64, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return nil, nil, &runtime.OutputError{Tool: "onnxruntime profile", Msg: "not a list of events"}
	}
	at := map[string]int{}
	for n := 0; d.More(); n++ {
		var e event
		if err := d.Decode(&e); err != nil {
			return nil, nil, &runtime.OutputError{Tool: "onnxruntime profile", Msg: fmt.Sprintf("event %d: %v", n, err)}
		}
		if n >= MaxEvents {
			return nil, nil, &runtime.OutputError{Tool: "onnxruntime profile", Msg: fmt.Sprintf("more than %d events", MaxEvents)}
		}
		if e.Cat == "Session" && e.Name == "model_run" && e.Dur != nil {
			runsMS = append(runsMS, float64(*e.Dur)/1000)
		}
		name, ok := strings.CutSuffix(e.Name, kernelTime)
		if e.Cat != "Node" || !ok {
			continue
		}
		if e.Dur == nil || *e.Dur < 0 || e.Args.OpName == "" {
			return nil, nil, &runtime.OutputError{Tool: "onnxruntime profile", Msg: fmt.Sprintf("event %d: node %.80q without time or operator", n, name)}
		}
		i, ok := at[name]
		if !ok {
			i = len(ops)
			at[name] = i
			ops = append(ops, runtime.OpTime{Index: i, Node: -1, Type: e.Args.OpName, Name: name, Delegated: e.Args.Provider != "" && e.Args.Provider != "CPUExecutionProvider"})
		}
		ops[i].Calls++
		ops[i].MeanUS += float64(*e.Dur)
	}
	if _, err := d.Token(); err != nil {
		return nil, nil, &runtime.OutputError{Tool: "onnxruntime profile", Msg: "list of events is cut off"}
	}
	for i := range ops {
		ops[i].MeanUS /= float64(ops[i].Calls)
	}
	if len(ops) == 0 {
		return nil, nil, &runtime.OutputError{Tool: "onnxruntime profile", Msg: "no times of nodes"}
	}
	return ops, runsMS, nil
}
