package simulate

import (
	"errors"
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/graph"
)

// Basis is the word in the basis column of every row that this package stands behind.
const Basis = "simulated"

// The reasons for a refusal.
var (
	ErrRuntime  = errors.New("runtime cannot be simulated")
	ErrDelegate = errors.New("device has no such processor")
	ErrOpaque   = errors.New("most of the network has unknown cost")
)

// Layer is one kernel of a simulated run.
type Layer struct {
	Name, Op  string
	Kind      feature.Kind
	Processor device.Delegate // where it ran: the target's delegate, or cpu for a fallback
	LatencyMS float64
	EnergyMJ  float64 // 0 and Result.Energy.Known false when unknown
	Bound     string  // "compute", "memory", "start" or "unknown"
	KnownCost bool
	bytes     float64
	busy      float64 // seconds that the processor itself worked, launches left out
}

// Range is a value with the range that holds 90 % of like runs.
type Range struct {
	Value, Lo, Hi float64
	Known         bool
}

// Result is one simulated inference.
type Result struct {
	Basis     string // always Basis
	LatencyMS Range
	EnergyMJ  Range // above idle
	PowerW    Range // EnergyMJ over LatencyMS
	Memory    Memory
	Layers    []Layer
	Unknown   int // kernels of unknown cost, counted as nothing in the values
	Fallbacks int // kernels that the delegate could not take
	// Notes say what was assumed, one sentence each.
	Notes []string
}

// Run simulates one warm inference of a shaped graph on a target: NewMachine and Machine.Run in one, for a single question.
func Run(g *graph.Graph, costs []graph.Cost, t device.Target) (Result, error) {
	m, err := NewMachine(t)
	if err != nil {
		return Result{}, err
	}
	return m.Run(g, costs)
}

// RunNetwork is Run for a network that was already cut into kernels; it knows no arena.
func RunNetwork(net *feature.Network, t device.Target) (Result, error) {
	m, err := NewMachine(t)
	if err != nil {
		return Result{}, err
	}
	return m.RunNetwork(net)
}

// Machine is a target made ready to run networks. It is read-only and safe for use by many goroutines.
type Machine struct {
	rules    rules
	delegate device.Delegate
	int8     bool      // networks are quantised for this target
	main     processor // of the delegate
	cpu      processor
	power    corePower // of all cores in use
	notes    []string
	target   device.Target
	runtime  string // canonical name
	era      string // of the kernels of a recorded run, "" for those of today
}

// NewMachine reduces a target to rates. The runtime's name must be one of Runtimes (or a common other spelling), else the error is
// ErrRuntime; a processor that the device lacks is ErrDelegate.
func NewMachine(t device.Target) (*Machine, error) {
	r, ok := rulesOf(t.Runtime)
	if !ok {
		return nil, fmt.Errorf("%w: %q", ErrRuntime, t.Runtime)
	}
	m := &Machine{rules: r, delegate: t.Delegate, int8: t.Precision == device.I8, cpu: cpuOf(t, r), power: powerOfTarget(t), target: t, runtime: canonicalRuntime(t.Runtime)}
	if m.cpu.f32 <= 0 {
		return nil, fmt.Errorf("%w: the CPU of %q is not known", ErrDelegate, t.Device.Name)
	}
	switch t.Delegate {
	case device.CPU, "":
		m.delegate, m.main = device.CPU, m.cpu
	case device.GPUDelegate:
		m.main, ok = gpuOf(t)
	default: // NPU, DSP, NNAPI
		m.main, ok = npuOf(t)
	}
	if !ok {
		return nil, fmt.Errorf("%w: %q has no %s", ErrDelegate, t.Device.Name, t.Delegate)
	}
	if m.main.confidence <= device.ConfidenceAssumed {
		m.notes = append(m.notes, fmt.Sprintf("the peak of the %s of %s is assumed, not published", m.delegate, t.Device.SoC.Name))
	}
	return m, nil
}

// Run simulates one warm inference of a shaped graph. costs has one entry per node, as graph/op counts them. A network with more unknown
// than known kernels is ErrOpaque.
func (m *Machine) Run(g *graph.Graph, costs []graph.Cost) (Result, error) {
	return m.RunWork(NewWork(g, costs))
}

// RunNetwork is Run for a network that was already cut into kernels; it knows no arena.
func (m *Machine) RunNetwork(net *feature.Network) (Result, error) {
	res := Result{Basis: Basis, Notes: m.notes[:len(m.notes):len(m.notes)], Layers: make([]Layer, 0, len(net.Layers))}
	res.LatencyMS.Value = m.rules.sessionUS * 1e-3
	on := m.delegate
	for i := range net.Layers {
		l := net.Layers[i]
		l.Int8 = l.Int8 || m.int8 && l.Params > 0
		k := m.layer(&l, &on)
		if !k.KnownCost {
			res.Unknown++
		}
		if k.Processor != m.delegate {
			res.Fallbacks++
		}
		res.LatencyMS.Value += k.LatencyMS
		res.Layers = append(res.Layers, k)
	}
	if len(net.Layers) == 0 || res.Unknown*2 > len(net.Layers) {
		return Result{}, fmt.Errorf("%w: %d of %d kernels", ErrOpaque, res.Unknown, len(net.Layers))
	}
	res.band(m, len(net.Layers))
	res.energy(m)
	return res, nil
}

// layer runs one kernel after the processor that on names, and moves on.
func (m *Machine) layer(l *feature.Layer, on *device.Delegate) Layer {
	k := Layer{Name: l.Name, Op: l.Op, Kind: l.Kind, Processor: m.delegate, KnownCost: l.Known, Bound: "unknown"}
	p := m.main
	if !m.takes(l) {
		k.Processor, p = device.CPU, m.cpu
	}
	seconds := 0.0
	if k.Processor != *on {
		seconds += handover(l, m.main, m.cpu)
		*on = k.Processor
	}
	if l.Known {
		total, compute, memory := p.seconds(l)
		seconds += total
		k.busy = total - p.launch*launches(l)
		k.Bound = "start"
		if max(compute, memory) > total/2 {
			k.Bound = map[bool]string{true: "compute", false: "memory"}[compute >= memory]
		}
	} else {
		seconds += p.launch
	}
	k.LatencyMS = seconds * 1000
	k.bytes = l.Params*p.floatBytes + (l.InElems+l.OutElems)*p.floatBytes
	if l.Int8 {
		k.bytes /= p.floatBytes
	}
	return k
}

// spread is the factor either way that holds 90 % of recorded runs against this simulation, by kind of processor. See README.md.
var spread = map[device.Delegate]float64{device.CPU: 2.4, device.GPUDelegate: 3, device.NPUDelegate: 5}

// band sets the range of the latency: wider with unsure facts, unknown kernels and fallbacks.
func (res *Result) band(m *Machine, kernels int) {
	f, ok := spread[m.delegate]
	if !ok {
		f = spread[device.NPUDelegate]
	}
	if m.main.confidence < device.ConfidenceMemory {
		f *= 1.3
	}
	unknown := float64(res.Unknown) / float64(max(kernels, 1))
	res.LatencyMS.Known = true
	res.LatencyMS.Lo = res.LatencyMS.Value / f
	res.LatencyMS.Hi = res.LatencyMS.Value * f * (1 + 8*unknown)
}

// Repeats returns n simulated timings of a result in milliseconds, as a phone would give them: the first a little slow, then a narrow
// spread with rare spikes from the scheduler. The same seed gives the same timings.
func (res Result) Repeats(n int, seed uint64) []float64 {
	rng := newRand(seed)
	out := make([]float64, 0, max(n, 0))
	for i := range n {
		x := res.LatencyMS.Value * math.Exp(0.03*rng.normal())
		if rng.uniform() < 0.03 {
			x *= 1 + 0.5*rng.uniform()
		}
		if i == 0 {
			x *= 1.1
		}
		out = append(out, x)
	}
	return out
}
