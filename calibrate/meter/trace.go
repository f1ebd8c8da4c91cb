package meter

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// The reasons why energy cannot be told.
var (
	ErrCharging  = errors.New("the phone was charging")
	ErrNoIdle    = errors.New("no idle time to subtract")
	ErrTooShort  = errors.New("window is too short for this meter")
	ErrGap       = errors.New("samples are missing")
	ErrMalformed = errors.New("malformed meter data")
	ErrLimit     = errors.New("too much meter data")
	ErrAlign     = errors.New("trace and marks do not fit together")
)

// MaxSamples bounds the intervals of one trace: a day of a Monsoon at 5 kHz would be more, an hour is not.
const MaxSamples = 20_000_000

// Interval is the energy that a rail took between two moments.
type Interval struct {
	FromNS, ToNS int64
	EnergyUJ     float64
}

// PowerW is the mean power of the interval.
func (i Interval) PowerW() float64 {
	if i.ToNS <= i.FromNS {
		return 0
	}
	return i.EnergyUJ * 1000 / float64(i.ToNS-i.FromNS)
}

// Rail is one line that a meter watches, with its intervals in time order, without overlap.
type Rail struct {
	Name      string
	Subsystem string // "cpu", "gpu", "display"; "battery" for the whole phone
	Intervals []Interval
}

// Supply says whether the phone ran on its battery.
type Supply uint8

// The supplies. A meter that replaces the battery is always Discharging.
const (
	SupplyUnknown Supply = iota
	Discharging
	Charging
)

// Trace is what one meter saw.
type Trace struct {
	Source string // name of the meter
	Clock  string // "boottime" (Android's) or "meter"
	Rails  []Rail
	Supply Supply
	// GainSigma is the relative standard deviation of the meter's scale: 0.01 is one per cent.
	GainSigma float64
	// Coarse marks meters whose single readings mean little: report to one digit.
	Coarse bool
	// Notes say what was assumed while reading, one sentence each.
	Notes []string
}

// Validate checks the promises of a trace: intervals in order, not empty, finite, at most MaxSamples.
func (t *Trace) Validate() error {
	total := 0
	for _, r := range t.Rails {
		total += len(r.Intervals)
		if total > MaxSamples {
			return fmt.Errorf("%w: more than %d intervals", ErrLimit, MaxSamples)
		}
		last := int64(-1 << 62)
		for i, x := range r.Intervals {
			if x.FromNS < last || x.ToNS <= x.FromNS || !(x.EnergyUJ >= -1e15 && x.EnergyUJ <= 1e15) {
				return fmt.Errorf("%w: rail %q: interval %d from %d to %d ns with %g µJ", ErrMalformed, r.Name, i, x.FromNS, x.ToNS, x.EnergyUJ)
			}
			last = x.ToNS
		}
	}
	return nil
}

// Rail returns the rail with a name.
func (t *Trace) Rail(name string) (Rail, bool) {
	i := slices.IndexFunc(t.Rails, func(r Rail) bool { return r.Name == name })
	if i < 0 {
		return Rail{}, false
	}
	return t.Rails[i], true
}

// Cumulative collects readings of a counter that only grows into intervals. The zero value is ready.
type Cumulative struct {
	intervals []Interval
	lastNS    int64
	last      float64
	started   bool
	Resets    int // times that the counter went back, which leaves a hole
}

// Add takes one reading: time in nanoseconds and counter in µJ. Readings that do not move time forward are dropped.
func (c *Cumulative) Add(ns int64, uj float64) {
	switch {
	case !c.started:
	case ns <= c.lastNS:
		return
	case uj < c.last:
		c.Resets++
	default:
		c.intervals = append(c.intervals, Interval{c.lastNS, ns, uj - c.last})
	}
	c.started, c.lastNS, c.last = true, ns, uj
}

// Intervals returns what was collected.
func (c *Cumulative) Intervals() []Interval { return c.intervals }

// Power collects instantaneous readings into intervals: each stands for the time around it, half way to its neighbours (trapezoids). The
// zero value is ready.
type Power struct {
	intervals []Interval
	lastNS    int64
	lastW     float64
	started   bool
}

// Add takes one reading in watts. Readings that do not move time forward are dropped.
func (p *Power) Add(ns int64, watts float64) {
	if p.started && ns <= p.lastNS {
		return
	}
	if p.started {
		p.intervals = append(p.intervals, Interval{p.lastNS, ns, (p.lastW + watts) / 2 * float64(ns-p.lastNS) / 1000})
	}
	p.started, p.lastNS, p.lastW = true, ns, watts
}

// Intervals returns what was collected.
func (p *Power) Intervals() []Interval { return p.intervals }

// within adds up the energy of a rail between two moments: whole intervals, and parts of those that straddle an edge in proportion. It
// also returns how much of the time is covered and the straddling intervals at both edges.
func (r Rail) within(from, to int64) (uj float64, coveredNS int64, edges [2]Interval) {
	i, _ := slices.BinarySearchFunc(r.Intervals, from, func(x Interval, ns int64) int { return cmp.Compare(x.ToNS, ns+1) })
	for ; i < len(r.Intervals) && r.Intervals[i].FromNS < to; i++ {
		x := r.Intervals[i]
		a, b := max(x.FromNS, from), min(x.ToNS, to)
		uj += x.EnergyUJ * float64(b-a) / float64(x.ToNS-x.FromNS)
		coveredNS += b - a
		if x.FromNS < from {
			edges[0] = x
		}
		if x.ToNS > to {
			edges[1] = x
		}
	}
	return uj, coveredNS, edges
}

// step is the median length of a rail's intervals in nanoseconds, 0 when it has none.
func (r Rail) step() int64 {
	if len(r.Intervals) == 0 {
		return 0
	}
	lengths := make([]int64, 0, min(len(r.Intervals), 1001))
	for i := 0; i < len(r.Intervals); i += max(len(r.Intervals)/1000, 1) {
		lengths = append(lengths, r.Intervals[i].ToNS-r.Intervals[i].FromNS)
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}
