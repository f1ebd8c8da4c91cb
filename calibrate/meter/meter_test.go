package meter_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/meter"
)

const second = int64(1e9)

// square is a rail of one interval per step that draws idle watts, and busy watts from 40 s to 60 s.
func square(step int64, idle, busy float64) *meter.Trace {
	var r meter.Rail
	r.Name, r.Subsystem = "cpu", "cpu"
	for at := int64(0); at < 100*second; at += step {
		w := idle
		if at >= 40*second && at < 60*second {
			w = busy
		}
		r.Intervals = append(r.Intervals, meter.Interval{FromNS: at, ToNS: at + step, EnergyUJ: w * float64(step) / 1000})
	}
	return &meter.Trace{Source: "test", Clock: "boottime", Rails: []meter.Rail{r}, Supply: meter.Discharging}
}

func TestMeasure_subtractsIdle(t *testing.T) {
	got, err := meter.Measure(square(second/4, 0.4, 2.4), []meter.Mark{{FromNS: 40 * second, ToNS: 60 * second, Inferences: 1000}}, meter.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.EnergyMJ-40) > 1e-6 || math.Abs(got.PowerW-2.4) > 1e-9 || math.Abs(got.IdleW-0.4) > 1e-9 || got.Seconds != 20 {
		t.Errorf("got %+v, want 40 mJ at 2.4 W over 0.4 W", got)
	}
	if got.SigmaMJ > 0.01 {
		t.Errorf("sigma %g mJ on a clean trace with marks on its edges", got.SigmaMJ)
	}
}

func TestMeasure_uncertaintyHasItsParts(t *testing.T) {
	mark := []meter.Mark{{FromNS: 40*second + second/8, ToNS: 60*second - second/8, Inferences: 1000}}
	measure := func(tr *meter.Trace, marks []meter.Mark) meter.Reading {
		t.Helper()
		r, err := meter.Measure(tr, marks, meter.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	clean := measure(square(second/4, 0.4, 2.4), mark)
	if clean.SigmaMJ <= 0 {
		t.Error("edges inside intervals leave no uncertainty")
	}
	coarse := measure(square(2*second, 0.4, 2.4), mark)
	if coarse.SigmaMJ <= 2*clean.SigmaMJ {
		t.Errorf("longer intervals: sigma %g, short ones %g", coarse.SigmaMJ, clean.SigmaMJ)
	}
	gain := square(second/4, 0.4, 2.4)
	gain.GainSigma = 0.1
	if r := measure(gain, mark); math.Abs(r.SigmaMJ-0.1*r.EnergyMJ) > 0.2*r.SigmaMJ || r.LoMJ >= r.EnergyMJ || r.HiMJ <= r.EnergyMJ {
		t.Errorf("10 %% gain: %+v", r)
	}
	noisy := square(second/4, 0.4, 2.4)
	for i := range noisy.Rails[0].Intervals {
		noisy.Rails[0].Intervals[i].EnergyUJ *= 1 + 0.3*math.Sin(float64(i*i))
	}
	if r := measure(noisy, mark); r.SigmaMJ <= clean.SigmaMJ {
		t.Errorf("a noisy idle: sigma %g, clean %g", r.SigmaMJ, clean.SigmaMJ)
	}
	drifting := square(second/4, 0.4, 2.4)
	for i := range drifting.Rails[0].Intervals {
		drifting.Rails[0].Intervals[i].EnergyUJ *= 1 + float64(i)/200
	}
	if r := measure(drifting, mark); r.SigmaMJ <= 3*clean.SigmaMJ {
		t.Errorf("a drifting idle: sigma %g, clean %g", r.SigmaMJ, clean.SigmaMJ)
	}
	parts := []meter.Mark{{FromNS: 40 * second, ToNS: 45 * second, Inferences: 100}, {FromNS: 45 * second, ToNS: 50 * second, Inferences: 200}, {FromNS: 50 * second, ToNS: 60 * second, Inferences: 700}}
	if r := measure(square(second/4, 0.4, 2.4), parts); r.SigmaMJ < 10 || len(r.Marks) != 3 || math.Abs(r.EnergyMJ-40) > 1e-6 {
		t.Errorf("marks that disagree: %+v", r)
	}
}

func TestMeasure_refusals(t *testing.T) {
	good := []meter.Mark{{FromNS: 40 * second, ToNS: 60 * second, Inferences: 10}}
	charging := square(second/4, 0.4, 2.4)
	charging.Supply = meter.Charging
	hole := square(second/4, 0.4, 2.4)
	hole.Rails[0].Intervals = append(hole.Rails[0].Intervals[:170:170], hole.Rails[0].Intervals[200:]...)
	backwards := square(second/4, 0.4, 2.4)
	backwards.Rails[0].Intervals[3].FromNS = 0
	infinite := square(second/4, 0.4, 2.4)
	infinite.Rails[0].Intervals[3].EnergyUJ = math.Inf(1)
	for _, tt := range []struct {
		name  string
		trace *meter.Trace
		marks []meter.Mark
		opt   meter.Options
		want  error
	}{
		{"charging", charging, good, meter.Options{}, meter.ErrCharging},
		{"short mark", square(second/4, 0.4, 2.4), []meter.Mark{{FromNS: 40 * second, ToNS: 40*second + second/2, Inferences: 1}}, meter.Options{}, meter.ErrTooShort},
		{"hole in the mark", hole, good, meter.Options{}, meter.ErrGap},
		{"mark after the end", square(second/4, 0.4, 2.4), []meter.Mark{{FromNS: 200 * second, ToNS: 300 * second, Inferences: 1}}, meter.Options{}, meter.ErrGap},
		{"busy all the time", square(second/4, 0.4, 2.4), []meter.Mark{{FromNS: 0, ToNS: 100 * second, Inferences: 1}}, meter.Options{}, meter.ErrNoIdle},
		{"no such rail", square(second/4, 0.4, 2.4), good, meter.Options{Subsystems: []string{"gpu"}}, meter.ErrNoIdle},
		{"no marks", square(second/4, 0.4, 2.4), nil, meter.Options{}, meter.ErrNoIdle},
		{"no inferences", square(second/4, 0.4, 2.4), []meter.Mark{{FromNS: 40 * second, ToNS: 60 * second}}, meter.Options{}, meter.ErrAlign},
		{"overlapping marks", square(second/4, 0.4, 2.4), append(good, meter.Mark{FromNS: 50 * second, ToNS: 70 * second, Inferences: 1}), meter.Options{}, meter.ErrAlign},
		{"time goes back", backwards, good, meter.Options{}, meter.ErrMalformed},
		{"infinite energy", infinite, good, meter.Options{}, meter.ErrMalformed},
	} {
		if _, err := meter.Measure(tt.trace, tt.marks, tt.opt); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	unknown := square(second/4, 0.4, 2.4)
	unknown.Supply = meter.SupplyUnknown
	if r, err := meter.Measure(unknown, good, meter.Options{}); err != nil || !strings.Contains(strings.Join(r.Notes, ";"), "charging") {
		t.Errorf("unknown supply: %v, notes %q", err, r.Notes)
	}
	flat := square(second/4, 0.4, 0.4)
	for i := range flat.Rails[0].Intervals {
		flat.Rails[0].Intervals[i].EnergyUJ *= 1 + 0.05*math.Sin(float64(i*i))
	}
	if r, err := meter.Measure(flat, good, meter.Options{}); err != nil || !strings.Contains(strings.Join(r.Notes, ";"), "from nothing") {
		t.Errorf("work that draws nothing: %v, %+v", err, r)
	}
}

func TestMeasure_givenIdleAndRails(t *testing.T) {
	tr := square(second/4, 0.4, 2.4)
	display := square(second/4, 1, 1.5).Rails[0]
	display.Name, display.Subsystem = "screen", "display"
	tr.Rails = append(tr.Rails, display)
	mark := []meter.Mark{{FromNS: 40 * second, ToNS: 60 * second, Inferences: 100}}
	all, err := meter.Measure(tr, mark, meter.Options{Idle: []meter.Window{{FromNS: 5 * second, ToNS: 30 * second}}})
	if err != nil {
		t.Fatal(err)
	}
	cpu, err := meter.Measure(tr, mark, meter.Options{Subsystems: []string{"cpu"}})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(all.EnergyMJ-500) > 1e-6 || math.Abs(cpu.EnergyMJ-400) > 1e-6 || len(all.Rails) != 2 || math.Abs(all.Rails[1].EnergyMJ-100) > 1e-6 {
		t.Errorf("all rails %g mJ, cpu %g mJ, parts %+v", all.EnergyMJ, cpu.EnergyMJ, all.Rails)
	}
}

func TestAlign_findsTheShift(t *testing.T) {
	tr := square(second/4, 0.4, 2.4)
	marks := []meter.Mark{{FromNS: 33 * second, ToNS: 53 * second, Inferences: 100}}
	moved, shift, contrast, err := meter.Align(tr, marks, nil, 20*second)
	if err != nil || shift != 7*second || contrast < 2 || moved[0].FromNS != 40*second || moved[0].Inferences != 100 {
		t.Errorf("moved %+v by %d ns at contrast %.1f, %v; want 7 s", moved, shift, contrast, err)
	}
	if _, shift, _, err := meter.Align(tr, []meter.Mark{{FromNS: 40 * second, ToNS: 60 * second, Inferences: 1}}, nil, 0); err != nil || shift != 0 {
		t.Errorf("no room to shift: %d, %v", shift, err)
	}
	for name, tr := range map[string]*meter.Trace{"flat": square(second/4, 1, 1), "empty": {}} {
		if _, _, _, err := meter.Align(tr, marks, nil, 20*second); !errors.Is(err, meter.ErrAlign) {
			t.Errorf("%s trace: %v, want ErrAlign", name, err)
		}
	}
	if _, _, _, err := meter.Align(tr, marks, nil, 3*second); !errors.Is(err, meter.ErrAlign) {
		t.Errorf("a shift out of reach: %v, want ErrAlign", err)
	}
}

func TestCollectors_dropWhatDoesNotMoveTime(t *testing.T) {
	var c meter.Cumulative
	for _, r := range []struct {
		ns int64
		uj float64
	}{{1, 10}, {2, 30}, {2, 40}, {1, 50}, {3, 30}, {4, 5}, {5, 25}} {
		c.Add(r.ns, r.uj)
	}
	want := []meter.Interval{{FromNS: 1, ToNS: 2, EnergyUJ: 20}, {FromNS: 2, ToNS: 3}, {FromNS: 4, ToNS: 5, EnergyUJ: 20}}
	if got := c.Intervals(); len(got) != 3 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || c.Resets != 1 {
		t.Errorf("cumulative: %+v, %d resets, want %+v and 1", got, c.Resets, want)
	}
	var p meter.Power
	p.Add(0, 1)
	p.Add(1e9, 3)
	p.Add(1e9, 100)
	if got := p.Intervals(); len(got) != 1 || got[0].EnergyUJ != 2e6 {
		t.Errorf("power: %+v, want 2 J in one second", got)
	}
}

func BenchmarkMeasure(b *testing.B) {
	tr := square(second/1000, 0.4, 2.4)
	mark := []meter.Mark{{FromNS: 40 * second, ToNS: 60 * second, Inferences: 1000}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := meter.Measure(tr, mark, meter.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
