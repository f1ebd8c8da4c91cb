package meter

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Mark is a stretch of time in which inferences ran back to back, on the clock of the trace.
type Mark struct {
	FromNS, ToNS int64
	Inferences   int
}

// Window is a stretch of time in which nothing ran.
type Window struct{ FromNS, ToNS int64 }

// Options says how to measure. The zero value takes all rails and the usual limits.
type Options struct {
	// Subsystems are the rails that count, by subsystem; empty takes all.
	Subsystems []string
	// Idle are the stretches without work; empty takes what lies outside all marks, with Guard of a second around them.
	Idle []Window
	// MinIntervals is how many intervals a mark must span; 0 is 3.
	MinIntervals int
}

// RailReading is one rail's part of a reading.
type RailReading struct {
	Name, Subsystem string
	EnergyMJ        float64 // per inference, above idle
	IdleW           float64
}

// Reading is the energy of one inference above idle.
type Reading struct {
	EnergyMJ float64
	SigmaMJ  float64 // one standard deviation
	LoMJ     float64 // 90 % range
	HiMJ     float64
	PowerW   float64 // mean while inferences ran, idle included
	IdleW    float64
	Seconds  float64 // measured time
	Marks    []float64
	Rails    []RailReading
	Coarse   bool
	Notes    []string
}

// guardNS is kept free around marks when idle time is taken from between them: work ramps up before and down after.
const guardNS = 1e9

// minIdleIntervals is how few intervals an idle level may rest on.
const minIdleIntervals = 5

// Measure prices inferences. The trace must be on battery (ErrCharging; an unknown supply is noted), must cover every mark (ErrGap), with at
// least MinIntervals intervals each (ErrTooShort, which says how long the window should be), and must hold idle time (ErrNoIdle).
func Measure(t *Trace, marks []Mark, opt Options) (Reading, error) {
	if t.Supply == Charging {
		return Reading{}, ErrCharging
	}
	if err := t.Validate(); err != nil {
		return Reading{}, err
	}
	rails := chosen(t, opt.Subsystems)
	if len(rails) == 0 || len(marks) == 0 {
		return Reading{}, fmt.Errorf("%w: %d rails chosen, %d marks", ErrNoIdle, len(rails), len(marks))
	}
	marks = slices.Clone(marks)
	slices.SortFunc(marks, func(a, b Mark) int { return int(sign(a.FromNS - b.FromNS)) })
	if err := checkMarks(rails, marks, max(opt.MinIntervals, 3)); err != nil {
		return Reading{}, err
	}
	idle := opt.Idle
	if len(idle) == 0 {
		idle = between(rails[0], marks)
	}
	m := &measurement{trace: t, marks: marks, idle: idle, perMark: make([]float64, len(marks))}
	for _, r := range rails {
		if err := m.add(r); err != nil {
			return Reading{}, err
		}
	}
	return m.reading(), nil
}

func sign(x int64) int64 {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

func chosen(t *Trace, subsystems []string) []Rail {
	var out []Rail
	for _, r := range t.Rails {
		if len(r.Intervals) > 0 && (len(subsystems) == 0 || slices.Contains(subsystems, r.Subsystem)) {
			out = append(out, r)
		}
	}
	return out
}

func checkMarks(rails []Rail, marks []Mark, least int) error {
	for i, m := range marks {
		if m.ToNS <= m.FromNS || m.Inferences < 1 || i > 0 && m.FromNS < marks[i-1].ToNS {
			return fmt.Errorf("%w: mark %d from %d to %d ns with %d inferences", ErrAlign, i, m.FromNS, m.ToNS, m.Inferences)
		}
		for _, r := range rails {
			step := r.step()
			if need := int64(least) * step; m.ToNS-m.FromNS < need {
				return fmt.Errorf("%w: mark %d lasts %.0f ms, rail %q needs %.0f ms; run more inferences", ErrTooShort, i, float64(m.ToNS-m.FromNS)/1e6, r.Name, float64(need)/1e6)
			}
			if _, covered, _ := r.within(m.FromNS, m.ToNS); float64(covered) < 0.95*float64(m.ToNS-m.FromNS) {
				return fmt.Errorf("%w: rail %q covers %.0f %% of mark %d", ErrGap, r.Name, 100*float64(covered)/float64(m.ToNS-m.FromNS), i)
			}
		}
	}
	return nil
}

// between is the time outside the marks, with a guard around each.
func between(r Rail, marks []Mark) []Window {
	var out []Window
	at := r.Intervals[0].FromNS
	for _, m := range append(slices.Clone(marks), Mark{FromNS: r.Intervals[len(r.Intervals)-1].ToNS + guardNS}) {
		if to := m.FromNS - guardNS; to > at {
			out = append(out, Window{at, to})
		}
		at = max(at, m.ToNS+guardNS)
	}
	return out
}

// measurement adds rails up.
type measurement struct {
	trace    *Trace
	marks    []Mark
	idle     []Window
	perMark  []float64 // mJ per inference above idle
	rails    []RailReading
	idleW    float64
	totalUJ  float64
	variance float64 // of the mean energy per inference, in mJ², without gain and scatter
}

// add takes one rail in: its energy in the marks less its idle level.
func (m *measurement) add(r Rail) error {
	level, sigma, err := idleLevel(r, m.idle)
	if err != nil {
		return err
	}
	out := RailReading{Name: r.Name, Subsystem: r.Subsystem, IdleW: level}
	m.idleW += level
	inferences, seconds, edge := 0.0, 0.0, 0.0
	for i, mk := range m.marks {
		uj, covered, edges := r.within(mk.FromNS, mk.ToNS)
		duration := float64(mk.ToNS-mk.FromNS) / 1e9
		uj *= float64(mk.ToNS-mk.FromNS) / float64(covered)
		above := uj - level*duration*1e6
		m.totalUJ += uj
		m.perMark[i] += above / 1000 / float64(mk.Inferences)
		out.EnergyMJ += above / 1000
		inferences += float64(mk.Inferences)
		seconds += duration
		for _, e := range edges { // an unknown share of the straddling interval belongs inside
			spread := math.Abs(uj/duration/1e6-level) * float64(e.ToNS-e.FromNS) / 1e9 // J
			edge += spread * spread / 12
		}
	}
	out.EnergyMJ /= inferences
	m.rails = append(m.rails, out)
	idle := sigma * seconds
	m.variance += (edge + idle*idle) * 1e6 / (inferences * inferences) // J² → mJ²
	return nil
}

// idleLevel is the mean idle power of a rail and the standard deviation of that mean: the scatter of its intervals, of which neighbours
// are alike (a quarter counts), and the drift between the first and the last window.
func idleLevel(r Rail, windows []Window) (watts, sigma float64, err error) {
	var powers, means []float64
	energy, seconds := 0.0, 0.0
	for _, w := range windows {
		uj, covered, _ := r.within(w.FromNS, w.ToNS)
		if covered == 0 {
			continue
		}
		energy, seconds = energy+uj/1e6, seconds+float64(covered)/1e9
		means = append(means, uj*1000/float64(covered))
		i, _ := slices.BinarySearchFunc(r.Intervals, w.FromNS, func(x Interval, ns int64) int { return cmp.Compare(x.FromNS, ns) })
		for ; i < len(r.Intervals) && r.Intervals[i].ToNS <= w.ToNS; i++ {
			powers = append(powers, r.Intervals[i].PowerW())
		}
	}
	if len(powers) < minIdleIntervals {
		return 0, 0, fmt.Errorf("%w: rail %q has %d idle intervals, at least %d are needed", ErrNoIdle, r.Name, len(powers), minIdleIntervals)
	}
	watts = energy / seconds
	variance := 0.0
	for _, p := range powers {
		variance += (p - watts) * (p - watts)
	}
	variance /= float64(len(powers) - 1)
	variance /= math.Max(float64(len(powers))/4, 1)
	if len(means) > 1 {
		drift := means[0] - means[len(means)-1]
		variance += drift * drift / 12
	}
	return watts, math.Sqrt(variance), nil
}

// reading joins the rails.
func (m *measurement) reading() Reading {
	r := Reading{IdleW: m.idleW, Marks: m.perMark, Rails: m.rails, Coarse: m.trace.Coarse, Notes: slices.Clone(m.trace.Notes)}
	n := 0.0
	for i, mk := range m.marks {
		r.EnergyMJ += m.perMark[i] * float64(mk.Inferences)
		n += float64(mk.Inferences)
		r.Seconds += float64(mk.ToNS-mk.FromNS) / 1e9
	}
	r.EnergyMJ /= n
	r.PowerW = m.totalUJ / 1e6 / r.Seconds
	variance := m.variance
	gain := r.EnergyMJ * m.trace.GainSigma
	variance += gain * gain
	if k := len(m.perMark); k >= 3 {
		scatter := 0.0
		for _, e := range m.perMark {
			scatter += (e - r.EnergyMJ) * (e - r.EnergyMJ)
		}
		variance += scatter / float64(k-1) / float64(k)
	}
	r.SigmaMJ = math.Sqrt(variance)
	r.LoMJ, r.HiMJ = r.EnergyMJ-1.645*r.SigmaMJ, r.EnergyMJ+1.645*r.SigmaMJ
	if m.trace.Supply == SupplyUnknown {
		r.Notes = append(r.Notes, "the trace does not say whether the phone was charging")
	}
	if r.LoMJ <= 0 {
		r.Notes = append(r.Notes, "the energy cannot be told from nothing with this meter")
	}
	return r
}
