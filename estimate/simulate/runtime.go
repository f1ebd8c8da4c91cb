package simulate

import (
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// rules are what is particular to a runtime, as nominal values.
type rules struct {
	fusion     feature.Fusion
	winograd   bool    // 3x3 convolutions of stride 1 by Winograd's transform
	half       bool    // float16 arithmetic by default where the CPU has it
	speed      float64 // of its CPU kernels, against hand-written assembly = 1
	launchUS   float64 // cost of starting a CPU kernel at 2 GHz
	wakeUS     float64 // more for each thread that is woken per kernel at 2 GHz
	sessionUS  float64 // per inference: copies of inputs and outputs, bookkeeping
	weightCopy float64 // extra copies of the weights that it keeps, packed for its kernels
	baseMB     float64 // memory of the runtime itself
}

// runtimes holds the rules by runtime name. The values are from knowledge of the runtimes, not from a fit.
var runtimes = map[string]rules{
	"ncnn":       {fusion: feature.FuseNone, winograd: true, half: true, speed: 1, launchUS: 8, wakeUS: 4, sessionUS: 10, weightCopy: 1, baseMB: 3},
	"litert":     {fusion: feature.FuseNone, speed: 0.95, launchUS: 3, wakeUS: 4, sessionUS: 20, weightCopy: 1, baseMB: 4},
	"mnn":        {fusion: feature.FusePointwise, winograd: true, speed: 1, launchUS: 3, wakeUS: 4, sessionUS: 15, weightCopy: 1, baseMB: 4},
	"ort":        {fusion: feature.FusePointwise, speed: 0.8, launchUS: 5, wakeUS: 6, sessionUS: 30, weightCopy: 1, baseMB: 15},
	"executorch": {fusion: feature.FusePointwise, speed: 0.95, launchUS: 3, wakeUS: 4, sessionUS: 15, weightCopy: 1, baseMB: 3},
	"qnn":        {fusion: feature.FusePointwise, speed: 0.6, launchUS: 5, wakeUS: 5, sessionUS: 100, weightCopy: 1, baseMB: 30},
	"snpe":       {fusion: feature.FusePointwise, speed: 0.6, launchUS: 5, wakeUS: 5, sessionUS: 150, weightCopy: 1, baseMB: 30},
	"tnn":        {fusion: feature.FusePointwise, winograd: true, speed: 1, launchUS: 4, wakeUS: 4, sessionUS: 15, weightCopy: 1, baseMB: 3},
	"paddlelite": {fusion: feature.FusePointwise, winograd: true, speed: 0.9, launchUS: 4, wakeUS: 4, sessionUS: 15, weightCopy: 1, baseMB: 4},
}

// aliases are other names of runtimes in recorded data.
var runtimeAliases = map[string]string{"tflite": "litert", "": "litert", "onnx": "ort", "onnxruntime": "ort", "qnn_dlc": "qnn", "qnn_context_binary": "qnn",
	"precompiled_qnn_onnx": "qnn", "torchscript_onnx": "ort"}

func rulesOf(runtime string) (rules, bool) {
	r, ok := runtimes[canonicalRuntime(runtime)]
	return r, ok
}

// canonicalRuntime returns the name in Runtimes of another spelling.
func canonicalRuntime(runtime string) string {
	if a, ok := runtimeAliases[runtime]; ok {
		return a
	}
	return runtime
}

// Runtimes returns the names that a Target may carry, in order.
func Runtimes() []string {
	return []string{"executorch", "litert", "mnn", "ncnn", "ort", "paddlelite", "qnn", "snpe", "tnn"}
}

// Fusion returns the fusion rule of a runtime, for callers that cut a graph into kernels themselves.
func Fusion(runtime string) feature.Fusion {
	r, _ := rulesOf(runtime)
	return r.fusion
}

// takes reports whether the delegate runs a kind of kernel; the others fall back to the CPU. From memory of the delegates' operator lists.
// LiteRT's GPU delegate takes int8 kernels, which it computes in float16; recorded AI Hub runs place w8a8 networks on it whole.
func (m *Machine) takes(l *feature.Layer) bool {
	switch m.delegate {
	case device.CPU:
		return true
	case device.GPUDelegate:
		return l.Kind != feature.Detect && l.Kind != feature.Embed && l.Kind != feature.Recurrent && l.Kind != feature.Other && (!l.Int8 || m.runtime == "litert")
	default:
		return l.Kind != feature.Detect && l.Kind != feature.Recurrent && l.Kind != feature.Other
	}
}
