package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

// maxThreads is more than any runtime on a phone would be given.
const maxThreads = 128

const noNCNNDelegate = "ncnn has no delegate for neural processors; use --runtime litert, ort or qnn, or --delegate cpu or gpu"

// check refuses flags that name nothing, before any file is opened.
func (o *estimateOptions) check() error {
	o.runtime, o.precision = canonicalRuntime(o.runtime), canonicalPrecision(o.precision)
	for _, err := range []error{
		oneOf("runtime", o.runtime, simulate.Runtimes()...),
		oneOf("delegate", o.delegate, "cpu", "gpu", "npu"),
		oneOf("precision", o.precision, "f32", "f16", "i8", "auto"),
		oneOf("affinity", o.affinity, "big", "little"),
	} {
		if err != nil {
			return err
		}
	}
	switch {
	case o.threads < 1 || o.threads > maxThreads:
		return usagef("--threads %d: want 1 to %d", o.threads, maxThreads)
	case o.runtime == "ncnn" && o.delegate == "npu":
		return usagef("%s", noNCNNDelegate)
	case o.affinity != "" && o.delegate != "cpu":
		return usagef("--affinity binds CPU threads; it says nothing with --delegate %s", o.delegate)
	case o.words.words < 0:
		return usagef("--words %d: want a number of words above zero", o.words.words)
	case o.words.words > 0 && o.given != "":
		return usagef("--given cannot be used with --words")
	case o.words.words > 0 && o.out != "":
		return usagef("--words shows its answer as text; leave out -o")
	}
	return nil
}

// oneOf refuses a flag's value that is not among those allowed; "" is not given.
func oneOf(flag, value string, allowed ...string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return usagef("--%s %q is not one of %s", flag, value, strings.Join(allowed, ", "))
}

// canonicalRuntime maps the names that people use for a runtime.
func canonicalRuntime(name string) string {
	switch n := strings.ToLower(strings.TrimSpace(name)); n {
	case "tflite", "tensorflow lite", "tensorflow-lite", "xnnpack":
		return "litert"
	case "onnxruntime", "onnx", "onnx runtime":
		return "ort"
	case "paddle-lite", "paddle":
		return "paddlelite"
	case "qairt":
		return "qnn"
	default:
		return n
	}
}

// canonicalPrecision maps the names that people use for a precision.
func canonicalPrecision(name string) string {
	switch n := strings.ToLower(strings.TrimSpace(name)); n {
	case "int8", "w8a8":
		return "i8"
	case "fp16", "float16", "half":
		return "f16"
	case "fp32", "float32", "float":
		return "f32"
	default:
		return n
	}
}

// impossible says why a target makes no sense, with the way out, "" where it
// does.
func impossible(t device.Target) string {
	s := &t.Device.SoC
	switch {
	case (t.Runtime == "qnn" || t.Runtime == "snpe") && s.Vendor != "" && !strings.Contains(s.Vendor, "Qualcomm"):
		return fmt.Sprintf("%s runs on Qualcomm chips, the %s of %s is not one; try --runtime litert", t.Runtime, s.Name, t.Device.Name)
	case t.Delegate == device.NPUDelegate && t.Runtime == "ncnn":
		return noNCNNDelegate
	case t.Delegate == device.NPUDelegate && s.NPU.Name == "":
		return fmt.Sprintf("no neural processor is known of the %s of %s; try --delegate cpu or gpu", s.Name, t.Device.Name)
	case t.Delegate == device.GPUDelegate && s.GPU.Name == "":
		return fmt.Sprintf("no graphics processor is known of the %s of %s; try --delegate cpu", s.Name, t.Device.Name)
	}
	return ""
}

// assumptions are what an answer takes for granted beyond the file and the
// device, one sentence each.
func assumptions(q *pricedModel, t device.Target) []string {
	var out []string
	if !q.quantised && t.Precision == device.I8 {
		out = append(out, "priced as if it were quantised to int8: its weights are floating point")
	}
	if q.quantised && t.Precision == device.F32 {
		out = append(out, "its weights are int8; --precision f32 prices them as they are and the rest as f32")
	}
	if t.Delegate == device.CPU && t.Precision == device.F16 && !t.Device.SoC.Common.Has(device.FP16) {
		out = append(out, "the CPU has no float16 arithmetic on every core: priced as f32")
	}
	if n := t.Device.SoC.CoreCount(); t.Delegate == device.CPU && n > 0 && t.Threads > n {
		out = append(out, fmt.Sprintf("%d threads on %d cores wait for each other: --threads %d or fewer is faster", t.Threads, n, n))
	}
	if !loads(t.Runtime, q.format) {
		out = append(out, fmt.Sprintf("%s does not read %s files: priced as if the model were converted", t.Runtime, q.format))
	}
	return out
}

// loads reports whether a runtime reads a format: what calibrate runs on it, its own, and what only its relatives do.
func loads(runtime, format string) bool {
	return runtime == format || runtime == "qnn" && format == "dlc" || runtime == "litert" && format == "litertlm" || slices.Contains(formatsOfRuntime[runtime], format)
}
