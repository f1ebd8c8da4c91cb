// Package executorch starts ExecuTorch's executor_runner and reads the one line of time that it prints. The runner was not at hand when
// this was written: the line is as its source prints it, and anything else is refused.
package executorch

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Tool is executor_runner.
var Tool = runtime.Tool{Name: "executorch", Binary: "executor_runner", Args: Args, Parse: Parse}

// Args returns the flags of executor_runner. The delegate was chosen when the program was exported, so only cpu may be asked for.
func Args(file string, o runtime.Options) ([]string, error) {
	o = o.Filled()
	if o.Delegate != "cpu" || o.Affinity != "" || o.Profile {
		return nil, fmt.Errorf("%w: executor_runner takes threads and executions only; delegates are part of the program", runtime.ErrOption)
	}
	return []string{"--model_path=" + file, fmt.Sprintf("--num_executions=%d", o.Repeats), fmt.Sprintf("--cpu_threads=%d", o.Threads)}, nil
}

// executed is the line: Model executed successfully 20 time(s) in 123.456000 ms.
var executed = regexp.MustCompile(`Model executed successfully ([0-9]+) time\(s\) in ([0-9.]+) ms\.`)

// Parse reads the mean over all executions, the first included.
func Parse(stdout, stderr []byte) (runtime.Result, error) {
	all := executed.FindAllStringSubmatch(string(stdout)+"\n"+string(stderr), 2)
	if len(all) != 1 {
		msg := "no line of time: the run did not end, or another version"
		if strings.Contains(string(stderr), "failed with status") {
			msg = "execution failed"
		}
		return runtime.Result{}, &runtime.OutputError{Tool: "executor_runner", Msg: msg}
	}
	n, err := strconv.Atoi(all[0][1])
	ms, err2 := strconv.ParseFloat(all[0][2], 64)
	if err != nil || err2 != nil || n < 1 || ms <= 0 || math.IsInf(ms, 0) {
		return runtime.Result{}, &runtime.OutputError{Tool: "executor_runner", Msg: fmt.Sprintf("time %.80q", all[0][0])}
	}
	ms /= float64(n)
	return runtime.Result{Runtime: "executorch", Summary: &runtime.Summary{Count: n, MeanMS: &ms}}, nil
}
