package estimate

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/hub"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
	"github.com/gaugenn/gaugenn/estimate/simulate"
	"github.com/gaugenn/gaugenn/graph"
)

// Basis says what an answer rests on, surest first.
type Basis string

// The bases.
const (
	Measured   Basis = "measured"    // the caller measured this very model on this target
	SameTarget Basis = "same_target" // rows of this device, runtime and setting
	SameSoC    Basis = "same_soc"    // rows of the chip in another device or setting
	Unseen     Basis = "unseen"      // published facts and rows of other devices
	Simulated  Basis = "simulated"   // published facts alone
	Refused    Basis = "refused"     // no honest number: see Reason
)

// Range is a value with the bounds of its central 90 %.
type Range struct {
	Value, Lo, Hi float64
	Known         bool
}

// Question is one network to be priced. Graph and Costs are optional: without
// them memory is not known.
type Question struct {
	Name    string
	Network *feature.Network
	Graph   *graph.Graph
	Costs   []graph.Cost
	// Work keeps what all targets need of Graph and Costs, for a question that is
	// put to many; nil works it out for each.
	Work *simulate.Work
	// Brief leaves Layers out of the answer.
	Brief bool
	// WeightBytes of the file, 0 if unknown.
	WeightBytes int64
	// Unpriceable says why the network's cost is not known, "" when it is.
	Unpriceable string
	// Opaque is the number of compiled pieces whose operators cannot be seen.
	Opaque int
	// Times is how often one inference does the work of the network, where that
	// is the body of a loop; 0 is once.
	Times float64
}

// Layer is one kernel's share of an answer.
type Layer struct {
	Name, Op  string
	Share     float64 // of the latency, 0 to 1
	LatencyMS float64
	Bound     string // "compute", "memory", "start" or "unknown"
	Processor string // "cpu", "gpu", "npu": a fallback differs from the target
}

// Prediction is the answer to a Question on one target.
type Prediction struct {
	LatencyMS Range
	EnergyMJ  Range
	MemoryMB  Range // peak, 10^6 bytes
	Basis     Basis
	// EnergyBasis is how the energy is known, by itself: Simulated, or SameTarget where a profile was fitted on measured energies; "" when energy is
	// not known.
	EnergyBasis Basis
	// Reason says why an answer was refused or is wide.
	Reason string
	// BoundBy is what most of the time is bound by.
	BoundBy string
	Layers  []Layer
	// Fallbacks counts kernels that the delegate could not take.
	Fallbacks int
	Notes     []string
	// ProfileHash names the training rows of the profile that answered, "" for a simulation.
	ProfileHash string
}

// Given is a latency that the caller measured on the target.
type Given struct {
	Network   *feature.Network
	Name      string
	LatencyMS float64
}

// Profiles are the fits that an Estimator may ask for, each when it is first
// needed. A nil function, or a nil profile, means that there is none: then the
// answer is simulated.
type Profiles struct {
	// NCNN is for the ncnn runtime on CPU and Vulkan.
	NCNN func() (*ncnn.Profile, error)
	// NPU is for neural processors under LiteRT, QNN and ONNX Runtime.
	NPU func() (*hub.Profile, error)
	// Levels correct the simulation of the other runtimes on CPU and GPU.
	Levels func() (*simulate.Levels, error)
}

// Estimator answers questions. It is safe for concurrent use.
type Estimator struct {
	profiles Profiles

	mu      sync.Mutex
	targets map[string]*Target
}

// New returns an Estimator with the given profiles.
func New(p Profiles) *Estimator {
	return &Estimator{profiles: p, targets: map[string]*Target{}}
}

// Target is one target made ready to answer.
type Target struct {
	Target  device.Target
	machine *simulate.Machine
	facts   *record.Device
	fitted  *ncnn.Target
	npu     *hub.Profile
	levels  *simulate.Levels
	hash    string
	given   []Given
}

// Prepare makes a target ready, with rows that the caller measured on it.
// Without given rows targets are kept and answered at once the next time.
func (e *Estimator) Prepare(t device.Target, given []Given) (*Target, error) {
	key := t.Key()
	e.mu.Lock()
	defer e.mu.Unlock()
	if have := e.targets[key]; have != nil && len(given) == 0 {
		return have, nil
	}
	m, err := simulate.NewMachine(t)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Device.Name, err)
	}
	d := t.Device
	out := &Target{Target: t, machine: m, given: given, facts: record.FromCatalogue(&d)}
	if err := e.profile(out); err != nil {
		return nil, fmt.Errorf("%s: %w", t.Device.Name, err)
	}
	if len(given) == 0 {
		e.targets[key] = out
	}
	return out, nil
}

// profile gives a target the profile of its world, if there is one.
func (e *Estimator) profile(out *Target) error {
	t := out.Target
	switch {
	case t.Runtime == "ncnn" && (t.Delegate == device.CPU || t.Delegate == device.GPUDelegate) && e.profiles.NCNN != nil:
		p, err := e.profiles.NCNN()
		if err != nil || p == nil {
			return err
		}
		rows := make([]ncnn.Given, len(out.given))
		for i, g := range out.given {
			rows[i] = ncnn.Given{Network: g.Network, LatencyMS: g.LatencyMS}
		}
		out.hash = p.RowsHash()
		out.fitted, err = p.Target(rowOf(t), out.facts, rows)
		return err
	case t.Delegate == device.NPUDelegate && e.profiles.NPU != nil:
		p, err := e.profiles.NPU()
		if err != nil || p == nil {
			return err
		}
		out.npu, out.hash = p, p.RowsHash
	case (t.Delegate == device.CPU || t.Delegate == device.GPUDelegate) && e.profiles.Levels != nil:
		p, err := e.profiles.Levels()
		if err != nil || p == nil {
			return err
		}
		out.levels, out.hash = p, p.RowsHash
	}
	return nil
}

// askNPU answers from the profile of neural processors.
func (t *Target) askNPU(q Question) (Range, Basis, bool) {
	row, ok := hub.Ask(t.Target, t.facts, q.Name, q.Network)
	if !ok {
		return Range{}, "", false
	}
	var given []hub.Row
	for _, g := range t.given {
		if r, ok := hub.Ask(t.Target, t.facts, g.Name, g.Network); ok {
			r.LatencyMS = g.LatencyMS
			given = append(given, r)
		}
	}
	a := t.npu.Predict(given, []hub.Row{row})
	if len(a) != 1 || !(a[0].LatencyMS > 0) || math.IsInf(a[0].LatencyMS, 0) {
		return Range{}, "", false
	}
	basis := Unseen
	switch {
	case len(given) > 0:
		basis = SameTarget
	case t.npu.HasSoC(row.SoCGroup):
		basis = SameSoC
	}
	return Range{a[0].LatencyMS, a[0].Lo, a[0].Hi, true}, basis, true
}

// rowOf describes a target as the recorded rows of the ncnn benchmark do.
func rowOf(t device.Target) *record.Row {
	notes := "powersave=0"
	if t.Affinity == device.AffinityBig {
		notes = "powersave=2"
	}
	if t.Affinity == device.AffinityLittle {
		notes = "powersave=1"
	}
	return &record.Row{
		Source: "target", Runtime: "ncnn", RuntimeVersion: t.RuntimeVersion, Device: t.Device.Name, SoC: t.Device.SoC.Name,
		SoCGroup: t.Device.SoC.Name, Processor: string(t.Delegate), Threads: fmt.Sprint(t.Threads), Precision: string(t.Precision),
		Metric: "latency", Unit: "ms", RunID: t.Key(), Notes: notes,
	}
}

// Predict prices one network.
func (t *Target) Predict(q Question) Prediction {
	if q.Unpriceable != "" {
		return refusal(q.Unpriceable)
	}
	if q.Network == nil || len(q.Network.Layers) == 0 {
		return refusal("no operator of it can be seen")
	}
	var sim simulate.Result
	var err error
	if q.Work != nil {
		sim, err = t.machine.RunWork(q.Work)
	} else if q.Graph != nil {
		sim, err = t.machine.Run(q.Graph, q.Costs)
	} else {
		sim, err = t.machine.RunNetwork(q.Network)
	}
	if err != nil {
		if errors.Is(err, simulate.ErrOpaque) {
			return refusal("more operators of unknown than of known cost")
		}
		return refusal(err.Error())
	}
	p := Prediction{
		Basis: Simulated, LatencyMS: Range(sim.LatencyMS), EnergyMJ: Range(sim.EnergyMJ), MemoryMB: Range(sim.Memory.PeakMB),
		Fallbacks: sim.Fallbacks, Notes: sim.Notes,
	}
	if p.EnergyMJ.Known {
		p.EnergyBasis = Simulated
	}
	t.correct(&p, &sim, q)
	p.layers(sim, q.Brief)
	if sim.Unknown > 0 {
		p.Reason = fmt.Sprintf("%d of %d kernels have no known cost and count as nothing; the upper end is raised for them", sim.Unknown, len(sim.Layers))
	}
	if q.Times > 1 {
		p.Reason = strings.TrimPrefix(p.Reason+fmt.Sprintf("; its work is in loops or functions: priced by the one with most of it, %.3g times", q.Times), "; ")
	}
	if q.Opaque > 0 {
		return refusal(fmt.Sprintf("%d compiled pieces cannot be looked into", q.Opaque))
	}
	return p
}

// correct replaces the simulated latency by the profile's, or by the caller's
// own measurement of the very network, and scales energy with the time.
func (t *Target) correct(p *Prediction, sim *simulate.Result, q Question) {
	before := p.LatencyMS.Value
	if t.npu != nil {
		if r, basis, ok := t.askNPU(q); ok {
			p.LatencyMS, p.Basis, p.ProfileHash = r, basis, t.hash
		} else {
			t.scaled(p)
		}
	} else if t.fitted != nil {
		if a, ok := t.fitted.Predict(q.Network); ok {
			p.LatencyMS = Range{a.LatencyMS, a.LoMS, a.HiMS, true}
			p.Basis, p.ProfileHash = Basis(a.Basis), t.hash
		}
	} else if t.levels != nil {
		t.askLevels(p, sim)
	} else {
		t.scaled(p)
	}
	if q.Times > 1 {
		p.LatencyMS.Value, p.LatencyMS.Lo, p.LatencyMS.Hi = p.LatencyMS.Value*q.Times, p.LatencyMS.Lo*q.Times, p.LatencyMS.Hi*q.Times
	}
	for _, g := range t.given {
		if g.Name == q.Name && g.LatencyMS > 0 {
			p.LatencyMS, p.Basis = Range{g.LatencyMS, g.LatencyMS, g.LatencyMS, true}, Measured
		}
	}
	if before > 0 && p.EnergyMJ.Known {
		k := p.LatencyMS.Value / before
		p.EnergyMJ.Value, p.EnergyMJ.Lo, p.EnergyMJ.Hi = p.EnergyMJ.Value*k, p.EnergyMJ.Lo*k, p.EnergyMJ.Hi*k
	}
}

// askLevels moves a simulated latency to the level of recorded runs, and of the
// caller's rows.
func (t *Target) askLevels(p *Prediction, sim *simulate.Result) {
	measured := t.measured()
	r := t.levels.Correct(t.machine, sim, measured)
	p.LatencyMS, p.ProfileHash = Range(r), t.hash
	switch {
	case len(measured) > 0:
		p.Basis = SameTarget
	case t.levels.Evidence(t.machine) == simulate.ChipRows:
		p.Basis = SameSoC
	case t.levels.Evidence(t.machine) == simulate.RuntimeRows:
		p.Basis = Unseen
	}
}

// The spread of simulated latencies where no profile helps, in natural
// logarithms: of the level of a target, and of single networks about it.
const (
	levelSD   = 0.7
	networkSD = 0.35
)

// scaled moves a simulation without a profile to the level of the caller's
// rows: the more rows, the narrower.
func (t *Target) scaled(p *Prediction) {
	sum, n := 0.0, 0.0
	for _, g := range t.measured() {
		sum += math.Log(g.LatencyMS / g.Simulated.LatencyMS.Value)
		n++
	}
	if n == 0 {
		return
	}
	precision := n/(networkSD*networkSD) + 1/(levelSD*levelSD)
	mean := sum / (networkSD * networkSD) / precision
	f := math.Exp(1.645 * math.Sqrt(1/precision+networkSD*networkSD))
	v := p.LatencyMS.Value * math.Exp(mean)
	p.LatencyMS = Range{v, v / f, v * f, true}
	p.Basis = SameTarget
}

// measured returns the given rows with their simulations.
func (t *Target) measured() []simulate.Measured {
	var out []simulate.Measured
	for _, g := range t.given {
		if g.Network == nil || !(g.LatencyMS > 0) {
			continue
		}
		r, err := t.machine.RunNetwork(g.Network)
		if err == nil && r.LatencyMS.Value > 0 {
			out = append(out, simulate.Measured{Simulated: r, LatencyMS: g.LatencyMS})
		}
	}
	return out
}

// layers shares the predicted latency out over the simulated kernels.
func (p *Prediction) layers(sim simulate.Result, brief bool) {
	total := 0.0
	for _, l := range sim.Layers {
		total += l.LatencyMS
	}
	if total <= 0 {
		return
	}
	bound := map[string]float64{}
	if !brief {
		p.Layers = make([]Layer, 0, len(sim.Layers))
	}
	for i := range sim.Layers {
		l := &sim.Layers[i]
		share := l.LatencyMS / total
		bound[l.Bound] += share
		if brief {
			continue
		}
		p.Layers = append(p.Layers, Layer{Name: l.Name, Op: l.Op, Share: share, LatencyMS: share * p.LatencyMS.Value, Bound: l.Bound, Processor: string(l.Processor)})
	}
	for _, b := range []string{"compute", "memory", "start", "unknown"} {
		if bound[b] > bound[p.BoundBy] || p.BoundBy == "" {
			p.BoundBy = b
		}
	}
}

func refusal(why string) Prediction {
	return Prediction{Basis: Refused, Reason: why}
}
