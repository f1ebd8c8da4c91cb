package snpe

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// Tool is snpe-net-run. It runs files of inputs and writes what it measured into a log, which snpe-diagview prints on the host.
var Tool = runtime.Tool{Name: "snpe", Binary: "snpe-net-run", Args: Args, Parse: Parse, Lists: &runtime.Lists{
	Log: "SNPEDiag_0.log", Reader: "snpe-diagview", Read: func(log string) []string { return []string{"--input_log", log} },
	List: List, Flags: func(list, out string) []string { return []string{"--input_list", list, "--output_dir", out} }, Env: Env,
}}

// Args returns the flags of snpe-net-run without those of inputs and outputs. The CPU is its default and has no flag; dsp and npu are one flag, which
// takes the HTP on chips that have it. The program chooses its own threads, so more than one cannot be asked for; numbers are as the container has them.
func Args(file string, o runtime.Options) ([]string, error) {
	o = o.Filled()
	if o.Threads > 1 || o.Affinity != "" || o.Precision != "" || o.Kernel != "" {
		return nil, fmt.Errorf("%w: snpe-net-run has no flag for threads, affinity, precision or kernels", runtime.ErrOption)
	}
	args := []string{"--container", file}
	switch o.Delegate {
	case "cpu":
	case "gpu":
		args = append(args, "--use_gpu")
	case "dsp", "npu":
		args = append(args, "--use_dsp")
	default:
		return nil, fmt.Errorf("%w: snpe-net-run has no delegate %q", runtime.ErrOption, o.Delegate)
	}
	level := "basic"
	if o.Profile {
		level = "detailed"
	}
	return append(args, "--perf_profile", "high_performance", "--profiling_level", level), nil
}

// List returns the text of a list of inputs: the same files for each of n inferences, by name, since a container may order its inputs otherwise than
// its description.
func List(inputs []runtime.InputFile, n int) string {
	words := make([]string, len(inputs))
	for i, in := range inputs {
		words[i] = in.Name + ":=" + in.Path
	}
	return strings.Repeat(strings.Join(words, " ")+"\n", n)
}

// Env returns the variables that the DSP's loader reads: its folders are parted by semicolons, and these of the system must be among them.
func Env(dir string) []string {
	return []string{"ADSP_LIBRARY_PATH=" + dir + ";/system/lib/rfsa/adsp;/system/vendor/lib/rfsa/adsp;/vendor/lib/rfsa/adsp;/vendor/dsp/cdsp;/dsp"}
}
