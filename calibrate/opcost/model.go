package opcost

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/regress"
)

// ErrTooFew is returned when runs do not tell the times of enough operators.
var ErrTooFew = errors.New("too few operators with times")

// MinOperators is how many joined operators a fit needs at least.
const MinOperators = 50

// Run is a measured network with the times of its operators.
type Run struct {
	Group     string // networks of one group are held out together
	Probe     bool   // made for measuring: it teaches, and is not judged
	Net       *feature.Network
	LatencyMS float64 // positive
	Ops       []OpTime
}

// operators returns the time of all operators in microseconds, and how many took a tick or more.
func (r *Run) operators() (total, long float64) {
	for _, o := range r.Ops {
		total += o.US
		if o.US >= tick {
			long++
		}
	}
	return total, long
}

// Model prices networks. It is safe for concurrent use.
type Model struct {
	mu       sync.Mutex // guards the preparing of cells
	device   device
	classes  map[string]float64 // mean value of a class
	all      float64            // mean value of everything
	cells    map[string]*cell
	fused    map[string]map[string]*count // by key and group
	without  string                       // group whose runs do not count
	whole    whole
	quantile float64 // of held-out errors, in standard deviations of a prediction
}

// count is how many kernels were done inside others or not at all, and how many were launched by themselves.
type count struct{ Fused, Own int }

func (m *Model) counted(key, group string) *count {
	if m.fused[key] == nil {
		m.fused[key] = map[string]*count{}
	}
	c := m.fused[key][group]
	if c == nil {
		c = &count{}
		m.fused[key][group] = c
	}
	return c
}

// own returns the part of a kernel's key that is launched by itself, as seen in other groups than the model's own. Unseen, it is, unless it only hands a
// variable over, which moves nothing.
func (m *Model) own(k *kernel) float64 {
	if !k.light {
		return 1
	}
	fused, all := 0.0, 0.0
	for g, c := range m.fused[k.key] {
		if g != m.without {
			fused, all = fused+float64(c.Fused), all+float64(c.Fused+c.Own)
		}
	}
	if all == 0 && k.variable {
		return 0
	} else if all == 0 {
		return 1
	}
	return 1 - fused/all
}

// whole is what a run costs beside its operators: LatencyMS = Sum*operators + PerRun + PerOp*launches.
type whole struct {
	Sum, PerRun, PerOp float64 // milliseconds
}

// joined are the kernels of a run with their times.
type joined struct {
	samples []sample
	fused   []string // keys of kernels that were done inside others, or not at all
	ok      bool     // most of the run's time is joined
}

// minJoined is how much of the operators' time must be joined for a run to teach.
const minJoined = 0.7

// joinRun returns a run's kernels with their times, scaled so that operators and the run agree: profiling costs time, and the profiled runs may have been
// held up. A kernel that may be fused and has no operator took no time; so did one without weights where the run tells all that was done there: runtimes leave
// out reads of variables, conversions between equal types and the like.
func joinRun(r *Run, ks []kernel, c cuts) joined {
	var out joined
	at, _ := join(r.Net, ks, r.Ops)
	c = c.ofRun(r)
	all, known := 0.0, 0.0
	for _, o := range r.Ops {
		if o.US >= tick || !isReshape(o.Name) {
			all += o.US + c.of(o.US)
		}
	}
	if len(r.Ops) == 0 {
		return out
	}
	factor := 1.0
	if total, _ := r.operators(); total > 0 {
		factor = math.Min(1, 1000*r.LatencyMS/total)
	}
	for i, j := range at {
		switch {
		case j >= 0:
			if o := r.Ops[j]; o.US >= tick || !isReshape(o.Name) {
				known += o.US + c.of(o.US)
			}
			if !ks[i].free {
				out.samples = append(out.samples, sample{kernel: ks[i], us: r.Ops[j].US*factor + c.of(r.Ops[j].US), group: r.Group})
			}
		case ks[i].fusible, ks[i].light && !ks[i].free && told(at, i, r.Ops):
			out.fused = append(out.fused, ks[i].key)
		}
	}
	out.ok = known >= minJoined*all && len(out.samples) > 0
	return out
}

// cuts are what a profiler's clock, which counts whole ticks, leaves out of a run: microseconds of each operator that took a tick or more, and of each
// that took less. Gap is the part of a run's time that no operator has.
type cuts struct{ Gap, Long, Short float64 }

// cutsOf finds the cuts that explain best how much longer runs took than their operators: non-negative least squares relative to the runs.
func cutsOf(runs []Run) cuts {
	a, b := mat.NewDense(len(runs)+3, 3, nil), make([]float64, len(runs)+3)
	for i := range runs {
		r := &runs[i]
		total, long := r.operators()
		us := 1000 * r.LatencyMS
		rest := us - total
		if len(r.Ops) == 0 || rest < 0 || rest > us/2 && long > 0 {
			continue // held up, or not what was timed
		}
		a.SetRow(i, []float64{total / us, long / us, (float64(len(r.Ops)) - long) / us})
		b[i] = rest / us
	}
	for j, v := range []float64{0, tick / 2, tick / 10} { // a prior that counts next to nothing
		a.Set(len(runs)+j, j, 0.01)
		b[len(runs)+j] = 0.01 * v
	}
	x := regress.NNLS(a, b)
	return cuts{Gap: x[0], Long: math.Min(x[1], tick), Short: math.Min(x[2], tick)}
}

// wholeNoise is the relative error of a run's time and of its operators' that a rest has to stand out of.
const wholeNoise = 0.02

// ofRun returns the cuts of one run: what its operators below a tick took on average, as far as the run's own rest tells it better than all runs do.
func (c cuts) ofRun(r *Run) cuts {
	total, long := r.operators()
	us, short := 1000*r.LatencyMS, float64(len(r.Ops))-long
	if short == 0 || c.Short == 0 {
		return c
	}
	own := math.Max(us-total*(1+c.Gap)-c.Long*long, 0) / short
	noise := wholeNoise * us / short
	c.Short += (math.Min(own, tick) - c.Short) * c.Short * c.Short / (c.Short*c.Short + noise*noise)
	return c
}

func (c cuts) of(us float64) float64 {
	if us >= tick {
		return c.Long
	}
	return c.Short
}

// fitCells learns the processes of all keys.
func fitCells(runs []Run) (*Model, error) {
	m := &Model{cells: map[string]*cell{}, fused: map[string]map[string]*count{}}
	cut := cutsOf(runs)
	probes := map[string]bool{}
	byKey := map[string][]sample{}
	var all []sample
	for i := range runs {
		r := &runs[i]
		if r.Probe {
			probes[r.Group] = true
		}
		j := joinRun(r, kernels(r.Net), cut)
		if !j.ok {
			continue
		}
		for _, key := range j.fused {
			m.counted(key, r.Group).Fused++
		}
		for _, s := range once(j.samples) {
			if s.light {
				m.counted(s.key, r.Group).Own++
			}
			byKey[s.key] = append(byKey[s.key], s)
			all = append(all, s)
		}
	}
	if len(all) < MinOperators {
		return nil, fmt.Errorf("%w: %d, at least %d are needed", ErrTooFew, len(all), MinOperators)
	}
	m.device = deviceOf(all)
	m.classes, m.all = classMeans(all, m.device, "")
	for key, samples := range byKey {
		c, err := newCell(samples, m.classes[samples[0].class], m.device, func(g string) bool { return probes[g] })
		if err != nil {
			return nil, err
		}
		m.cells[key] = c
	}
	return m, nil
}

// once joins kernels of one run that are the same: they share the mean of their times.
func once(samples []sample) []sample {
	type sum struct{ at, n int }
	seen := map[string]*sum{}
	var out []sample
	for _, s := range samples {
		id := fmt.Sprint(s.key, s.nominal, s.x)
		if p, ok := seen[id]; ok {
			p.n++
			out[p.at].us += (s.us - out[p.at].us) / float64(p.n)
			continue
		}
		seen[id] = &sum{len(out), 1}
		out = append(out, s)
	}
	return out
}

// scaleOf returns the median of measured over nominal time of the kernels that take longest: half of all of the time.
func scaleOf(all []sample) float64 {
	s := slices.Clone(all)
	slices.SortFunc(s, func(a, b sample) int { return cmp.Compare(b.us, a.us) })
	total := 0.0
	for i := range s {
		total += s[i].us
	}
	var ratios []float64
	for i, sum := 0, 0.0; i < len(s) && sum < total/2; i++ {
		sum += s[i].us
		if s[i].nominal > 0 {
			ratios = append(ratios, s[i].us/s[i].nominal)
		}
	}
	if len(ratios) == 0 {
		return 1
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

// deviceOf returns the scale of work, and the median time of kernels that have next to none.
func deviceOf(all []sample) device {
	d := device{Scale: scaleOf(all)}
	var idle []float64
	for i := range all {
		if d.Scale*all[i].nominal < tick/4 {
			idle = append(idle, all[i].us)
		}
	}
	if len(idle) == 0 {
		return d
	}
	slices.Sort(idle)
	d.Launch = idle[len(idle)/2]
	return d
}

// classMeans returns the mean value of each class and of everything, without the samples of a group. Kernels count by the root of their time.
func classMeans(all []sample, d device, group string) (map[string]float64, float64) {
	sum, weight := map[string]float64{}, map[string]float64{}
	s0, w0 := 0.0, 0.0
	for i := range all {
		s := &all[i]
		if group != "" && s.group == group {
			continue
		}
		w := math.Sqrt(s.us + resolution)
		v := s.value(d)
		sum[s.class] += w * v
		weight[s.class] += w
		s0, w0 = s0+w*v, w0+w
	}
	for k := range sum {
		sum[k] /= weight[k]
	}
	return sum, s0 / math.Max(w0, 1e-9)
}

// The variances of the logarithm of a price where nothing of the key, and nothing of the class, was measured.
const (
	unseenKey   = priorSpread*priorSpread + priorOwn*priorOwn
	unseenClass = 1.5
)

// sumUS returns the sum of the prices of a network's kernels in microseconds, the variance of that sum when errors of one key go together, and
// the number of kernels that are launched.
func (m *Model) sumUS(ks []kernel) (us, variance float64, launches int) {
	spread := map[string]float64{}
	for i := range ks {
		k := &ks[i]
		if k.free {
			continue
		}
		mean, v := m.value(k)
		t := math.Max(m.device.us(k.nominal)*math.Exp(mean)-resolution, 0)
		own := m.own(k)
		us += t * own
		spread[k.key] += (t + resolution) * own * math.Sqrt(v)
		if own > 0.5 {
			launches++
		}
	}
	for _, s := range spread {
		variance += s * s
	}
	return us, variance, launches
}

// value returns mean and variance of a kernel's value.
func (m *Model) value(k *kernel) (mean, variance float64) {
	if c := m.cells[k.key]; c != nil {
		m.mu.Lock()
		err := c.prepare(m.device)
		m.mu.Unlock()
		if err == nil {
			return c.at(k.x)
		}
	}
	if mean, ok := m.classes[k.class]; ok {
		return mean, unseenKey
	}
	return m.all, unseenClass
}

// fitWhole fits what a run costs beside its operators: non-negative least squares on relative errors, held towards the plain sum. A run far off, as one of
// operators that nothing else has, counts less (Huber's weights on the logarithm).
func fitWhole(sums []float64, launches []int, ms []float64) whole {
	const (
		held   = 0.3 // a prior that counts like a run or less
		bend   = 0.1
		rounds = 12
	)
	n := len(sums)
	w := whole{Sum: 1}
	for range rounds {
		a, b := mat.NewDense(n+3, 3, nil), make([]float64, n+3)
		for i := range sums {
			weight := 1.0
			if r := math.Abs(math.Log(w.ms(sums[i], launches[i]) / ms[i])); r > bend {
				weight = math.Sqrt(bend / r)
			}
			ref := math.Max(ms[i], w.ms(sums[i], launches[i])) // far above the run: relative to itself, or least squares would only shrink
			a.SetRow(i, []float64{weight * sums[i] / ref, weight * 0.01 / ref, weight * 0.001 * float64(launches[i]) / ref})
			b[i] = weight * ms[i] / ref
		}
		for j, v := range []float64{1, 0, 0} {
			a.Set(n+j, j, held)
			b[n+j] = held * v
		}
		x := regress.NNLS(a, b)
		w = whole{Sum: x[0], PerRun: 0.01 * x[1], PerOp: 0.001 * x[2]}
	}
	return w
}

func (w whole) ms(sum float64, launches int) float64 {
	return math.Max(w.Sum*sum+w.PerRun+w.PerOp*float64(launches), 1e-6)
}
