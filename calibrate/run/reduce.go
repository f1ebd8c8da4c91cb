package run

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// The statistics that a run can be reduced to.
const (
	// Median is the median of wall times: what a user of the device waits for.
	Median = "median"
	// CPUMin is the smallest process CPU time, for one thread: what the inference would take on a machine of its own. It is the steadier
	// one where other work runs beside.
	CPUMin = "cpu_min"
)

// Rules are the limits past which a run is not valid. The zero value of a field takes its default.
type Rules struct {
	Statistic  string  // Median (also "") or CPUMin
	CPUSpread  float64 // with CPUMin: most of (tenth part - smallest) / smallest of CPU times; 0 is 0.25
	MinRepeats int     // fewest repeats; 0 is 5
	Spread     float64 // most of (p90 - median) / median; 0 is 0.25
	Drift      float64 // most change of the median from the first third to the last; 0 is 0.10
	RiseC      float64 // most rise of temperature in degrees Celsius; 0 is 8
	MaxC       float64 // hottest start in degrees Celsius; 0 is 70
	ClockFall  float64 // most fall of the highest clock, as a fraction; 0 is 0.10
	Load       float64 // most runnable processes per core before the run; 0 is 0.5
}

func (r Rules) filled() Rules {
	or := func(v, def float64) float64 {
		if v > 0 {
			return v
		}
		return def
	}
	if r.MinRepeats <= 0 {
		r.MinRepeats = 5
	}
	r.Spread, r.Drift, r.RiseC, r.MaxC = or(r.Spread, 0.25), or(r.Drift, 0.10), or(r.RiseC, 8), or(r.MaxC, 70)
	r.ClockFall, r.Load, r.CPUSpread = or(r.ClockFall, 0.10), or(r.Load, 0.5), or(r.CPUSpread, 0.25)
	return r
}

// Reduced is what a record comes to.
type Reduced struct {
	Valid     bool
	Reason    string // why it is not valid, every reason, "; " between
	LatencyMS float64
	Stat      string  // which statistic LatencyMS is; "" when there is none
	MinMS     float64 // 0 unknown
	P90MS     float64 // 0 unknown
	// CPUMinMS is the smallest process CPU time of a repeat, which background load moves least; 0 unknown. It is the latency of one
	// thread on a machine of its own.
	CPUMinMS float64
	// CPUSteady is the relative distance of the tenth part of CPU times from the smallest: the noise of CPUMinMS. NaN unknown.
	CPUSteady float64
	Outliers  int // repeats further than three scaled median deviations above the median, which are left out
}

// Reduce turns a record into numbers and a verdict. It is a pure function of the record and the rules.
func Reduce(rec *Record, rules Rules) Reduced {
	rules = rules.filled()
	out := Reduced{CPUSteady: math.NaN()}
	if rec.Status != OK {
		out.Reason = strings.TrimSpace(string(rec.Status) + ": " + rec.Reason)
		return out
	}
	var why []string
	res := &rec.Result
	kept := res.RepeatsMS
	if len(res.CPUMS) > 0 {
		out.CPUMinMS = runtime.Quantile(res.CPUMS, 0)
		out.CPUSteady = runtime.Quantile(res.CPUMS, 0.1)/out.CPUMinMS - 1
	}
	if rules.Statistic == CPUMin {
		out.Reason = strings.Join(rules.cpu(res, &out), "; ")
		out.Valid = out.Reason == ""
		return out
	}
	if len(kept) > 0 {
		kept, out.Outliers = withoutOutliers(kept)
		out.LatencyMS, out.Stat = runtime.Quantile(kept, 0.5), "median"
		out.MinMS, out.P90MS = runtime.Quantile(kept, 0), runtime.Quantile(kept, 0.9)
		why = append(why, rules.repeats(res.RepeatsMS, kept, out)...)
	} else {
		out.LatencyMS, out.Stat = res.LatencyMS()
		why = append(why, rules.summary(res.Summary, &out)...)
	}
	if !(out.LatencyMS > 0) || math.IsInf(out.LatencyMS, 0) {
		why = append(why, "no latency")
	}
	why = append(why, rules.states(rec.Before, rec.After)...)
	out.Valid, out.Reason = len(why) == 0, strings.Join(why, "; ")
	return out
}

// cpu reduces to the smallest CPU time.
func (r Rules) cpu(res *runtime.Result, out *Reduced) (why []string) {
	if len(res.CPUMS) == 0 || !(out.CPUMinMS > 0) {
		return []string{"no process CPU times"}
	}
	out.LatencyMS, out.Stat, out.MinMS = out.CPUMinMS, CPUMin, runtime.Quantile(res.RepeatsMS, 0)
	out.P90MS = runtime.Quantile(res.RepeatsMS, 0.9)
	if res.Options.Threads > 1 {
		why = append(why, fmt.Sprintf("CPU time of %d threads is no latency", res.Options.Threads))
	}
	if len(res.CPUMS) < r.MinRepeats {
		why = append(why, fmt.Sprintf("too few repeats: %d of at least %d", len(res.CPUMS), r.MinRepeats))
	}
	if out.CPUSteady > r.CPUSpread {
		why = append(why, fmt.Sprintf("CPU times spread: tenth part %.0f %% above the smallest", 100*out.CPUSteady))
	}
	return why
}

// withoutOutliers leaves out repeats that the scheduler held up: more than three scaled median absolute deviations above the median, and
// more than a fifth above it, so that a steady run loses none.
func withoutOutliers(v []float64) (kept []float64, out int) {
	med := runtime.Quantile(v, 0.5)
	dev := make([]float64, len(v))
	for i, x := range v {
		dev[i] = math.Abs(x - med)
	}
	limit := med + max(3*1.4826*runtime.Quantile(dev, 0.5), 0.2*med)
	for _, x := range v {
		if x <= limit {
			kept = append(kept, x)
		}
	}
	return kept, len(v) - len(kept)
}

// repeats judges raw repeats.
func (r Rules) repeats(all, kept []float64, red Reduced) (why []string) {
	if len(kept) < r.MinRepeats {
		why = append(why, fmt.Sprintf("too few repeats: %d of at least %d", len(kept), r.MinRepeats))
	}
	if red.Outliers*4 > len(all) {
		why = append(why, fmt.Sprintf("%d of %d repeats are outliers", red.Outliers, len(all)))
	}
	if s := red.P90MS/red.LatencyMS - 1; s > r.Spread {
		why = append(why, fmt.Sprintf("repeats spread: 90th percentile %.0f %% above the median", 100*s))
	}
	if n := len(kept) / 3; n >= 3 {
		first, last := runtime.Quantile(kept[:n], 0.5), runtime.Quantile(kept[len(kept)-n:], 0.5)
		if d := last/first - 1; math.Abs(d) > r.Drift {
			why = append(why, fmt.Sprintf("repeats drift: last third %+.0f %% against the first", 100*d))
		}
	}
	return why
}

// summary judges what a tool printed instead of repeats.
func (r Rules) summary(s *runtime.Summary, out *Reduced) (why []string) {
	if s == nil {
		return []string{"no repeats"}
	}
	if s.Count > 0 && s.Count < r.MinRepeats {
		why = append(why, fmt.Sprintf("too few repeats: %d of at least %d", s.Count, r.MinRepeats))
	}
	if s.MinMS != nil {
		out.MinMS = *s.MinMS
	}
	if s.P90MS != nil {
		out.P90MS = *s.P90MS
	}
	if s.SDMS != nil && s.MeanMS != nil && *s.SDMS > 2*r.Spread**s.MeanMS {
		why = append(why, fmt.Sprintf("repeats spread: standard deviation %.0f %% of the mean", 100**s.SDMS / *s.MeanMS))
	}
	return why
}

// holding are the governors under which a clock does not follow the load, so that a lower one after the run is a sign of heat. All others, of which vendors
// have their own, let it go when the work is done. "" is a governor that is not known.
var holding = map[string]bool{"performance": true, "userspace": true, "": true}

// states judges what the device was doing before and after.
func (r Rules) states(before, after State) (why []string) {
	if b := before.Load; b != nil && *b > r.Load {
		why = append(why, fmt.Sprintf("background load: %.1f runnable processes per core", *b))
	}
	if b := before.TemperatureC; b != nil {
		if *b > r.MaxC {
			why = append(why, fmt.Sprintf("hot before the run: %.0f °C", *b))
		}
		if a := after.TemperatureC; a != nil && *a-*b > r.RiseC {
			why = append(why, fmt.Sprintf("temperature rose by %.0f °C", *a-*b))
		}
	}
	if s := after.Thermal; s != nil && *s > 0 {
		why = append(why, fmt.Sprintf("throttled: thermal status %d", *s))
	}
	if len(before.ClocksMHz) > 0 && len(after.ClocksMHz) > 0 {
		b, a := slices.Max(before.ClocksMHz), slices.Max(after.ClocksMHz)
		held := holding[before.governorOf(slices.Index(before.ClocksMHz, b))]
		if b > 0 && 1-a/b > r.ClockFall && held {
			why = append(why, fmt.Sprintf("clock fell from %.0f to %.0f MHz", b, a))
		}
	}
	if before.Charging != nil && after.Charging != nil && *before.Charging != *after.Charging {
		why = append(why, "charging changed during the run")
	}
	return why
}
