package calibrate

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/simulate"
)

// Simulated is a phone that is not there: its runs are made from published facts by estimate/simulate, with the noise of repeats and the heat
// of the runs before. It has a clock of its own, which only its runs and waits move, so that a plan of hours takes seconds. The same seed and
// the same jobs in the same order give the same numbers. All of them say that they are simulated.
type Simulated struct {
	device  device.Device
	seed    uint64
	network func(run.Job) (*feature.Network, error)
	heat    *simulate.Heat
	seconds float64 // since its start
	joules  float64 // drawn from its battery
}

// NewSimulated returns a cool phone. network reads a job's model.
func NewSimulated(d device.Device, seed uint64, network func(run.Job) (*feature.Network, error)) *Simulated {
	return &Simulated{device: d, seed: seed, network: network, heat: simulate.NewHeat(simulate.Thermal{})}
}

// batteryJ is a battery of 4.5 Ah at 3.85 V.
const batteryJ = 4.5 * 3600 * 3.85

// setupS is what it takes to push and load a model, while the phone idles.
const setupS = 2

// Now is the phone's clock. It begins at the same moment in every run, since nothing is measured at any.
func (s *Simulated) Now() time.Time {
	return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(s.seconds * 1e9))
}

// Sleep lets the phone cool for a while of its own time.
func (s *Simulated) Sleep(_ context.Context, d time.Duration) { s.pass(d.Seconds(), 0) }

// pass moves the clock on while the chip draws some watts above idle.
func (s *Simulated) pass(seconds, watts float64) {
	s.joules += s.heat.Pass(seconds, watts)
	s.seconds += seconds
}

// Facts are those of the catalogue.
func (s *Simulated) Facts(context.Context) (run.Facts, error) {
	f := run.Facts{ID: "sim:" + s.device.Name, Name: s.device.Name, SoC: s.device.SoC.Name, Simulated: true}
	for _, c := range s.device.SoC.Clusters {
		f.Cores += c.Count
	}
	return f, nil
}

// State is the simulated heat. A clock below the full one is throttling, of which Android has levels.
func (s *Simulated) State(context.Context) run.State {
	chip, level, load := s.heat.ChipC, max(100*(1-s.joules/batteryJ), 0), 0.0
	body, off, throttled := s.heat.BodyC, false, 0
	if s.heat.Speed < 0.95 {
		throttled = 1 + int((0.95-s.heat.Speed)/0.25)
	}
	return run.State{TemperatureC: &chip, BatteryC: &body, BatteryLevel: &level, Charging: &off, Load: &load, Thermal: &throttled, Screen: "simulated", Governors: []string{"simulated"}}
}

// Run simulates a job: repeats for as long as its options ask, each at the clock that the heat allows.
func (s *Simulated) Run(_ context.Context, job run.Job) run.Outcome {
	opt := job.Options.Filled()
	s.pass(setupS, 0)
	net, err := s.network(job)
	if err != nil {
		return run.Outcome{Answer: run.Answer{Status: run.StatusOf(err), Reason: err.Error()}}
	}
	m, err := simulate.NewMachine(device.Target{Device: s.device, Runtime: job.Runtime, Delegate: device.Delegate(opt.Delegate), Threads: opt.Threads,
		Precision: device.Precision(opt.Precision), Affinity: device.Affinity(opt.Affinity)})
	if err != nil {
		return run.Outcome{Answer: run.Answer{Status: run.Refused, Reason: err.Error()}}
	}
	r, err := m.RunNetwork(net)
	if err != nil {
		return run.Outcome{Answer: run.Answer{Status: run.Refused, Reason: err.Error()}}
	}
	out := run.Outcome{Answer: run.Answer{Status: run.OK, Result: runtime.Result{Runtime: job.Runtime, Version: simulate.Basis, Options: opt, OpsUnit: "us"}}}
	res := &out.Result
	noise := r.Repeats(maxSimulated, s.seedOf(job))
	inference := func(i int) float64 {
		ms := noise[i%len(noise)] / s.heat.Speed
		s.pass(ms/1000, r.PowerW.Value*math.Pow(s.heat.Speed, 3))
		return ms
	}
	res.FirstMS = inference(0)
	for i := 1; i < opt.Warmup; i++ {
		inference(i)
	}
	stride, began := 1, s.seconds
	for res.TimedRuns = 0; res.TimedRuns < maxInferences; {
		ms := inference(opt.Warmup + res.TimedRuns)
		if res.TimedRuns%stride == 0 {
			res.RepeatsMS = append(res.RepeatsMS, ms)
		}
		if len(res.RepeatsMS) == 2*maxSimulated { // keep every second, so that what is kept spans the whole run
			for i := range maxSimulated {
				res.RepeatsMS[i] = res.RepeatsMS[2*i]
			}
			res.RepeatsMS, stride = res.RepeatsMS[:maxSimulated], 2*stride
		}
		res.TimedRuns++
		if took := s.seconds - began; res.TimedRuns >= opt.Repeats && took >= opt.MinTime.Seconds() || took >= opt.MaxTime.Seconds() {
			break
		}
	}
	if opt.Profile {
		for i, l := range r.Layers {
			res.Ops = append(res.Ops, runtime.OpTime{Index: i, Node: -1, Type: l.Op, Name: l.Name, MeanUS: l.LatencyMS * 1000, Calls: 1})
		}
	}
	if e := r.EnergyMJ; e.Known {
		out.Energy = &run.Energy{Meter: simulate.Basis, EnergyMJ: e.Value, LoMJ: e.Lo, HiMJ: e.Hi, SigmaMJ: (e.Hi - e.Lo) / (2 * 1.645), PowerW: r.PowerW.Value,
			Notes: append([]string{"simulated from published power curves, at full clock"}, r.Notes...)}
	}
	return out
}

// maxSimulated is how many repeats are kept of a long run, up to twice that; maxInferences bounds how many are simulated.
const (
	maxSimulated  = 1000
	maxInferences = 1 << 20
)

// seedOf is the seed of a job's noise: the phone's and the job's together.
func (s *Simulated) seedOf(job run.Job) uint64 {
	b, err := hex.DecodeString(job.Key(fmt.Sprintf("%s %d", s.device.Name, s.seed)))
	if err != nil || len(b) < 8 {
		return s.seed
	}
	return binary.LittleEndian.Uint64(b)
}
