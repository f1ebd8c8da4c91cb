package simulate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// Levels says how far recorded runs lie from their simulation: a linear model with random effects on the logarithm of recorded over
// simulated latency. Runtimes, precisions, kinds of core, chips and the make-up of a network each move the level; what was not recorded
// keeps its prior spread, so that an answer for an unseen chip or runtime is wider by itself. It is safe for concurrent use.
type Levels struct {
	Tool     string // version of the program that made it
	RowsHash string // SHA-256 of the rows that it was fitted on
	Rows     int    // their number

	index map[string]int
	mean  []float64
	cov   *mat.SymDense
	scale map[string]float64 // of the standard deviation, by "processor" and "processor/runtime", from chips left out
	seen  map[string]bool    // "processor/runtime" and "processor/runtime/chip" of the rows
}

// Observation is one recorded run of a network on a target.
type Observation struct {
	Target    device.Target
	Network   *feature.Network
	LatencyMS float64
	Run       string // rows of one Run were taken together
	Era       string // other kernels of the same runtime name, "" for those of today
}

// HeldOut is what levels fitted without an observation's chip say of it.
type HeldOut struct {
	Index         int // of the observation
	Value, Lo, Hi float64
}

// effectSD is the prior standard deviation of each kind of effect, in natural logarithms. The values are those of largest marginal
// likelihood on the recorded CPU rows, rounded; README.md has the figures.
var effectSD = map[string]float64{"all": 0.6, "rt": 0.25, "era": 0.25, "class": 0.2, "core": 0.2, "gpu": 0.25, "soc": 0.25, "prec": 0.2, "precrt": 0.12,
	"thr": 0.15, "thrrt": 0.1, "mixed": 0.2, "share": 0.5, "sharert": 0.3, "size": 0.1, "run": 0.2}

// rowSD is the spread of single rows about their level.
const rowSD = 0.2

// z90 is the number of standard deviations that hold 90 %.
const z90 = 1.645

// ownShare is the least that a runtime's scale may be of that of all runtimes on its processor: a few chips that happen to fall close
// together are no reason for narrow intervals.
const ownShare = 0.8

// ErrNoRows says that no observation could be used.
var ErrNoRows = errors.New("no usable rows")

type effect struct {
	name  string
	value float64
}

func sdOf(name string) float64 {
	kind, _, _ := strings.Cut(name, ":")
	return effectSD[kind]
}

// effects describes one simulated run to a Levels, without its run.
func (m *Machine) effects(res *Result) []effect {
	t, proc := m.target, string(m.delegate)
	rt := m.runtime
	out := []effect{{"all:" + proc, 1}, {"rt:" + proc + "/" + rt, 1}, {"soc:" + proc + "/" + t.Device.SoC.ID, 1}, {"size:" + proc, math.Log(res.LatencyMS.Value) - 3}}
	if m.era != "" {
		out = append(out, effect{"era:" + proc + "/" + rt + "/" + m.era, 1})
	}
	if m.delegate == device.GPUDelegate {
		out = append(out, effect{"gpu:" + gpuFamily(t.Device.SoC.GPU.Name), 1})
	} else {
		out = append(out, m.coreEffects(rt)...)
	}
	if p := m.precisionClass(); p != "" {
		out = append(out, effect{"prec:" + proc + "/" + p, 1}, effect{"precrt:" + proc + "/" + rt + "/" + p, 1})
	}
	shares := map[string]float64{}
	for i := range res.Layers {
		l := &res.Layers[i]
		shares["start"] += l.LatencyMS - 1000*l.busy
		shares[shareClass(l.Kind)] += 1000 * l.busy
	}
	// Kernels of another era started, pooled and moved at other prices: what they say of such work is theirs alone.
	for _, k := range []string{"start", "depth", "dense", "light", "move"} {
		if s := shares[k] / res.LatencyMS.Value; s > 0.005 {
			out = append(out, effect{"share:" + proc + m.era + "/" + k, s}, effect{"sharert:" + proc + "/" + rt + m.era + "/" + k, s})
		}
	}
	return out
}

// coreEffects are those of the CPU cores in use.
func (m *Machine) coreEffects(rt string) []effect {
	threads := max(m.target.Threads, 1)
	cores := m.target.Device.SoC.CoresFor(threads, m.target.Affinity)
	if len(cores) == 0 {
		return nil
	}
	lead := cores[0].Core
	out := []effect{{"class:" + coreClass(lead), 1}, {"core:" + lead.Name, 1}}
	if n := math.Log2(float64(threads)); n > 0 {
		out = append(out, effect{"thr:cpu", n}, effect{"thrrt:" + rt, n})
	}
	if cores[len(cores)-1].Core.Name != lead.Name {
		out = append(out, effect{"mixed:cpu", 1})
	}
	return out
}

func coreClass(c device.Core) string {
	switch macs := c.F32MACs.Value; {
	case !c.OutOfOrder:
		return fmt.Sprintf("in-order %.2g", macs)
	case macs <= 4:
		return "narrow"
	case macs <= 8:
		return "wide"
	}
	return "widest"
}

// gpuFamily is the maker's name with the first digit of the series: "Adreno 6", "Mali-G7".
func gpuFamily(name string) string {
	if i := strings.IndexAny(name, "0123456789"); i >= 0 {
		return name[:i+1]
	}
	return name
}

func (m *Machine) precisionClass() string {
	dot := m.target.Device.SoC.Common.Has(device.DotProd)
	switch {
	case m.int8 && dot:
		return "i8dot"
	case m.int8:
		return "i8"
	case m.main.floatBytes == 2 && m.delegate == device.CPU:
		return "f16"
	}
	return ""
}

func shareClass(k feature.Kind) string {
	switch k {
	case feature.DepthConv, feature.GroupConv:
		return "depth"
	case feature.Dense, feature.MatMul, feature.Recurrent, feature.Attention:
		return "dense"
	case feature.Eltwise, feature.Activation, feature.Norm, feature.Softmax, feature.Pool, feature.GlobalPool:
		return "light"
	case feature.Conv, feature.Deconv:
		return "conv"
	}
	return "move"
}

// sample is one observation in the form of the fit.
type sample struct {
	index     int // of the observation
	effects   []effect
	y         float64 // logarithm of recorded over simulated
	simulated float64
	soc       string
	world     string // processor and runtime
	processor string
}

// FitLevels fits on all observations that can be simulated; tool is the version that the result names. It also returns what the same fit
// without an observation's chip says of it, from which the widths of the intervals are set: once with the chip's own rows in no way used.
func FitLevels(obs []Observation, hash, tool string) (*Levels, []HeldOut, error) {
	samples := samplesOf(obs)
	if len(samples) == 0 {
		return nil, nil, ErrNoRows
	}
	l := solve(samples)
	held, scale := leaveChipsOut(samples)
	l.scale, l.Rows, l.RowsHash, l.Tool, l.seen = scale, len(samples), hash, tool, map[string]bool{}
	for i := range samples {
		l.seen[samples[i].world] = true
		l.seen[samples[i].world+"/"+samples[i].soc] = true
	}
	return l, held, nil
}

func samplesOf(obs []Observation) []sample {
	machines := map[string]*Machine{}
	var out []sample
	for i := range obs {
		o := &obs[i]
		key := o.Target.Key() + o.Era
		m, ok := machines[key]
		if !ok {
			m, _ = NewMachine(o.Target)
			machines[key] = m
		}
		if m == nil || o.Network == nil || !(o.LatencyMS > 0) {
			continue
		}
		m.era = o.Era
		res, err := m.RunNetwork(o.Network)
		if err != nil || !(res.LatencyMS.Value > 0) {
			continue
		}
		y := math.Log(o.LatencyMS / res.LatencyMS.Value)
		if math.Abs(y) > 2.5 {
			continue // an order of magnitude: another network or a failed run
		}
		proc := string(m.delegate)
		e := append(m.effects(&res), effect{"run:" + o.Run, 1})
		out = append(out, sample{i, e, y, res.LatencyMS.Value, o.Target.Device.SoC.ID, proc + "/" + m.runtime, proc})
	}
	return out
}

// solve returns the posterior of the effects, rows far off weighted down as under a Student t with four degrees of freedom.
func solve(samples []sample) *Levels {
	l := &Levels{index: map[string]int{}}
	for i := range samples {
		for _, e := range samples[i].effects {
			if _, ok := l.index[e.name]; !ok {
				l.index[e.name] = len(l.index)
			}
		}
	}
	n := len(l.index)
	weight := make([]float64, len(samples))
	for i := range weight {
		weight[i] = 1
	}
	l.mean = make([]float64, n)
	for range 4 {
		a, b := mat.NewSymDense(n, nil), make([]float64, n)
		for name, i := range l.index {
			a.SetSym(i, i, 1/(sdOf(name)*sdOf(name)))
		}
		for s := range samples {
			w := weight[s] / (rowSD * rowSD)
			for i, e := range samples[s].effects {
				p := l.index[e.name]
				b[p] += w * e.value * samples[s].y
				for _, f := range samples[s].effects[i:] {
					q := l.index[f.name]
					a.SetSym(p, q, a.At(p, q)+w*e.value*f.value)
				}
			}
		}
		var c mat.Cholesky
		c.Factorize(a) // positive definite: the priors are on its diagonal
		l.cov = mat.NewSymDense(n, nil)
		_ = c.InverseTo(l.cov)
		mean := mat.NewVecDense(n, l.mean)
		_ = c.SolveVecTo(mean, mat.NewVecDense(n, b))
		for s := range samples {
			r := (samples[s].y - l.dot(samples[s].effects)) / rowSD
			weight[s] = min(1, 5/(4+r*r))
		}
	}
	return l
}

func (l *Levels) dot(x []effect) float64 {
	sum := 0.0
	for _, e := range x {
		if i, ok := l.index[e.name]; ok {
			sum += e.value * l.mean[i]
		}
	}
	return sum
}

// covariance is that of the levels of two runs: of the effects they share.
func (l *Levels) covariance(x, y []effect) float64 {
	sum := 0.0
	for _, e := range x {
		i, known := l.index[e.name]
		for _, f := range y {
			j, ok := l.index[f.name]
			switch {
			case known && ok:
				sum += e.value * f.value * l.cov.At(i, j)
			case e.name == f.name:
				sum += e.value * f.value * sdOf(e.name) * sdOf(e.name)
			}
		}
	}
	return sum
}

// leaveChipsOut predicts every sample from the samples of other chips. The scale of a world is what makes 90 % of its held-out rows fall
// into their interval, each chip counting alike; never below that of its processor.
func leaveChipsOut(samples []sample) ([]HeldOut, map[string]float64) {
	type miss struct{ z, weight float64 }
	misses := map[string][]miss{}
	held := make([]HeldOut, 0, len(samples))
	type pending struct {
		s        *sample
		mean, sd float64
	}
	var all []pending
	for _, soc := range chipsOf(samples) {
		var rest, own []sample
		count := map[string]int{}
		for _, s := range samples {
			if s.soc == soc {
				own = append(own, s)
				count[s.world]++
				count[s.processor]++
			} else {
				rest = append(rest, s)
			}
		}
		if len(rest) == 0 {
			continue
		}
		l := solve(rest)
		for i := range own {
			s := &own[i]
			x := s.effects
			sd := math.Sqrt(l.covariance(x, x) + rowSD*rowSD)
			mean := l.dot(x)
			z := math.Abs(s.y-mean) / sd
			for _, key := range []string{s.processor, s.world} {
				misses[key] = append(misses[key], miss{z, 1 / float64(count[key])})
			}
			all = append(all, pending{s, mean, sd})
		}
	}
	scale := map[string]float64{}
	for key, ms := range misses {
		slices.SortFunc(ms, func(a, b miss) int { return cmp.Compare(a.z, b.z) })
		total, sum := 0.0, 0.0
		for _, m := range ms {
			total += m.weight
		}
		for _, m := range ms {
			if sum += m.weight; sum >= 0.9*total {
				scale[key] = m.z / z90
				break
			}
		}
	}
	for key := range scale {
		proc, _, own := strings.Cut(key, "/")
		if own {
			scale[key] = max(scale[key], ownShare*scale[proc])
		}
	}
	for _, p := range all {
		f := math.Exp(z90 * p.sd * scale[p.s.world])
		v := p.s.simulated * math.Exp(p.mean)
		held = append(held, HeldOut{p.s.index, v, v / f, v * f})
	}
	slices.SortFunc(held, func(a, b HeldOut) int { return a.Index - b.Index })
	return held, scale
}

func chipsOf(samples []sample) []string {
	var out []string
	for i := range samples {
		if !slices.Contains(out, samples[i].soc) {
			out = append(out, samples[i].soc)
		}
	}
	slices.Sort(out)
	return out
}

// Evidence is what the rows of a Levels are to a target.
type Evidence int

// The kinds of evidence, least first.
const (
	NoRows      Evidence = iota // rows of other runtimes only
	RuntimeRows                 // rows of this runtime and processor on other chips
	ChipRows                    // rows of this runtime and processor on this chip
)

// Evidence returns what was recorded of a machine's runtime, processor and chip.
func (l *Levels) Evidence(m *Machine) Evidence {
	world := string(m.delegate) + "/" + m.runtime
	switch {
	case l.seen[world+"/"+m.target.Device.SoC.ID]:
		return ChipRows
	case l.seen[world]:
		return RuntimeRows
	}
	return NoRows
}

// Measured is a latency that the caller measured on the machine, with the simulation of the same network.
type Measured struct {
	Simulated Result
	LatencyMS float64
}

// Correct returns the latency of a simulated run at the level of the recorded runs, and of the rows that the caller measured on the same
// machine. Unknown kernels keep the upper end raised as the simulation had it.
func (l *Levels) Correct(m *Machine, res *Result, given []Measured) Range {
	const own = "run:own"
	x := append(m.effects(res), effect{own, 1})
	mean, variance := l.dot(x), l.covariance(x, x)
	scale := l.scale[string(m.delegate)+"/"+m.runtime]
	if scale == 0 {
		scale = max(1, ownShare*l.scale[string(m.delegate)])
	}
	variance *= scale * scale
	noise := rowSD * rowSD * scale * scale
	if n := len(given); n > 0 {
		k, r, c := mat.NewSymDense(n, nil), mat.NewVecDense(n, nil), mat.NewVecDense(n, nil)
		xs := make([][]effect, n)
		for i := range given {
			xs[i] = append(m.effects(&given[i].Simulated), effect{own, 1})
			r.SetVec(i, math.Log(given[i].LatencyMS/given[i].Simulated.LatencyMS.Value)-l.dot(xs[i]))
			c.SetVec(i, scale*scale*l.covariance(x, xs[i]))
			for j := 0; j <= i; j++ {
				k.SetSym(j, i, scale*scale*l.covariance(xs[j], xs[i]))
			}
			k.SetSym(i, i, k.At(i, i)+noise)
		}
		var chol mat.Cholesky
		if chol.Factorize(k) {
			var a, b mat.VecDense
			if chol.SolveVecTo(&a, r) == nil && chol.SolveVecTo(&b, c) == nil {
				mean += mat.Dot(c, &a)
				variance = max(variance-mat.Dot(c, &b), 0)
			}
		}
	}
	f := math.Exp(z90 * math.Sqrt(variance+noise))
	v := res.LatencyMS.Value * math.Exp(mean)
	raise := 1.0
	if res.Unknown > 0 {
		raise = 1 + 8*float64(res.Unknown)/float64(max(len(res.Layers), 1))
	}
	return Range{v, v / f, v * f * raise, true}
}
