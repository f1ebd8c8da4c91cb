package device

import (
	"fmt"
	"strings"
)

// Precision is the arithmetic that a runtime uses for most of a network.
type Precision string

// The precisions. Auto leaves the choice to the runtime (ncnn: float16 where the CPU can).
const (
	F32  Precision = "f32"
	F16  Precision = "f16"
	I8   Precision = "i8"
	Auto Precision = "auto"
)

// Delegate is the processor that runs a network.
type Delegate string

// The delegates.
const (
	CPU           Delegate = "cpu"
	GPUDelegate   Delegate = "gpu"
	NPUDelegate   Delegate = "npu"
	DSPDelegate   Delegate = "dsp"
	NNAPIDelegate Delegate = "nnapi"
)

// Affinity is the set of cores that threads are bound to.
type Affinity string

// The affinities; see SoC.CoresFor.
const (
	AffinityAny    Affinity = ""
	AffinityBig    Affinity = "big"
	AffinityLittle Affinity = "little"
)

// Target is the full key of a latency number: which device runs a network, and how.
type Target struct {
	Device         Device
	Runtime        string // "litert", "ncnn", "mnn", "ort", "executorch", "snpe", "qnn"
	RuntimeVersion string // "" unknown
	Delegate       Delegate
	Threads        int // 0 when the runtime or delegate decides
	Affinity       Affinity
	Precision      Precision
}

// Key returns the target as one line that is equal for equal targets, for the target column of tables.
func (t Target) Key() string {
	parts := []string{t.Device.Name, t.Device.SoC.ID, t.Runtime, t.RuntimeVersion, string(t.Delegate), fmt.Sprint(t.Threads), string(t.Affinity), string(t.Precision)}
	for i, p := range parts {
		parts[i] = strings.NewReplacer("|", "/", "\n", " ").Replace(p)
	}
	return strings.Join(parts, "|")
}
