package calibrate

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/meter"
	"github.com/gaugenn/gaugenn/calibrate/meter/fuelgauge"
	"github.com/gaugenn/gaugenn/calibrate/meter/monsoon"
	"github.com/gaugenn/gaugenn/calibrate/meter/odpm"
	"github.com/gaugenn/gaugenn/calibrate/meter/perfetto"
	"github.com/gaugenn/gaugenn/calibrate/run"
)

// Monsoon is the name of the meter that takes the battery's place: its file is read after the runs.
const Monsoon = "monsoon"

// MeterNames are the meters that a run can be watched with.
func MeterNames() []string { return []string{"odpm", "perfetto", "fuelgauge", Monsoon} }

// MeterOf returns the meter with a name. idle is how long a phone is left alone before and after each run; 0 takes the run's default.
func MeterOf(name string, idle time.Duration) (*run.Meter, bool) {
	if name == Monsoon { // nothing runs on the phone
		return &run.Meter{Name: name, Idle: idle, Start: func(time.Duration) string { return "true" }, Stop: "true"}, true
	}
	for _, r := range []meter.Recorder{odpm.Recorder(), perfetto.Recorder(), fuelgauge.Recorder()} {
		if r.Name == name {
			return &run.Meter{Name: name, Idle: idle, Start: r.Start, Stop: r.Stop, Files: r.Files, Price: priced(r.Parse)}, true
		}
	}
	return nil, false
}

// priced returns the pricing of what a meter recorded.
func priced(parse func([][]byte) (*meter.Trace, error)) func([][]byte, run.Span) (run.Energy, error) {
	return func(files [][]byte, s run.Span) (run.Energy, error) {
		t, err := parse(files)
		if err != nil {
			return run.Energy{}, err
		}
		return PriceSpan(t, s)
	}
}

// PriceSpan returns the energy of one inference of a run from a trace on the clock of its span: the mark's energy less that of the time in
// which the phone was left alone. It is a pure function.
func PriceSpan(t *meter.Trace, s run.Span) (run.Energy, error) {
	if t.Supply == meter.SupplyUnknown && s.Charging != nil {
		t.Supply = meter.Discharging
		if *s.Charging {
			t.Supply = meter.Charging
		}
	}
	r, err := meter.Measure(t, []meter.Mark{{FromNS: s.MarkFromNS, ToNS: s.MarkToNS, Inferences: s.Inferences}},
		meter.Options{Idle: idleOf(s)})
	if err != nil {
		return run.Energy{}, err
	}
	e := run.Energy{EnergyMJ: r.EnergyMJ, SigmaMJ: r.SigmaMJ, LoMJ: r.LoMJ, HiMJ: r.HiMJ, PowerW: r.PowerW - r.IdleW, IdleW: r.IdleW, Coarse: r.Coarse, Notes: r.Notes}
	if r.EnergyMJ <= 0 {
		e.Reason = fmt.Sprintf("the phone drew no more than when left alone (%.3g ± %.2g mJ)", r.EnergyMJ, r.SigmaMJ)
	}
	for _, rail := range r.Rails {
		e.Rails = append(e.Rails, run.RailEnergy{Name: rail.Name, EnergyMJ: rail.EnergyMJ, IdleW: rail.IdleW})
	}
	return e, nil
}

// idleOf is when the phone was left alone, without the edges: work ramps up before and down after.
func idleOf(s run.Span) []meter.Window {
	guard := min(int64(time.Second), (s.BeginNS-s.FromNS)/4)
	return []meter.Window{{FromNS: s.FromNS, ToNS: s.BeginNS - guard}, {FromNS: s.EndNS + guard, ToNS: s.ToNS}}
}

// ErrClock is returned when the runs of a Monsoon file are of more than one phone.
var ErrClock = errors.New("one file of a meter is of one phone")

// PriceMonsoon prices the runs that a Monsoon's CSV was recorded beside. Its clock is its own: the shift to the phone's is the one at which
// power stands out most inside the marks of all runs together. volts is the voltage that the monitor was set to, for files without it. Runs that
// were priced, by the file of an earlier sitting, are left alone; where all were, all are priced anew. Records are changed in place; the number of
// those that were given an energy comes back.
func PriceMonsoon(records []run.Record, csv []byte, volts float64) (int, error) {
	t, err := monsoon.Parse(csv, volts)
	if err != nil {
		return 0, err
	}
	var marks []meter.Mark
	var quiet []meter.Window
	var of []*run.Record
	watched := func(r run.Record) bool {
		return r.Energy != nil && r.Energy.Meter == Monsoon && r.Energy.Span.Inferences > 0
	}
	anew := !slices.ContainsFunc(records, func(r run.Record) bool { return watched(r) && r.Energy.Reason == run.NotPriced })
	for i := range records {
		r := &records[i]
		if !watched(*r) || !anew && r.Energy.Reason != run.NotPriced {
			continue
		}
		if len(of) > 0 && of[0].Device.ID != r.Device.ID {
			return 0, fmt.Errorf("%w: runs of %s and %s", ErrClock, of[0].Device.ID, r.Device.ID)
		}
		of = append(of, r)
		marks = append(marks, meter.Mark{FromNS: r.Energy.Span.MarkFromNS, ToNS: r.Energy.Span.MarkToNS, Inferences: r.Energy.Span.Inferences})
		quiet = append(quiet, idleOf(r.Energy.Span)...)
	}
	if len(of) == 0 {
		return 0, fmt.Errorf("%w: no run was made with --meter monsoon", meter.ErrAlign)
	}
	if len(t.Rails) == 0 || len(t.Rails[0].Intervals) == 0 {
		return 0, fmt.Errorf("monsoon: %w: the file has no samples", meter.ErrGap)
	}
	first, last := t.Rails[0].Intervals[0].FromNS, t.Rails[0].Intervals[len(t.Rails[0].Intervals)-1].ToNS
	start := first - marks[0].FromNS // the phone's clock began with its boot, the meter's with its file
	for i := range marks {
		marks[i].FromNS, marks[i].ToNS = marks[i].FromNS+start, marks[i].ToNS+start
	}
	for i := range quiet {
		quiet[i].FromNS, quiet[i].ToNS = quiet[i].FromNS+start, quiet[i].ToNS+start
	}
	_, shift, contrast, err := meter.Align(t, marks, quiet, last-first)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, r := range of {
		s := r.Energy.Span
		for _, ns := range []*int64{&s.FromNS, &s.BeginNS, &s.EndNS, &s.ToNS, &s.MarkFromNS, &s.MarkToNS} {
			*ns += start + shift
		}
		e, err := PriceSpan(t, s)
		if err != nil {
			e = run.Energy{Reason: err.Error()}
		} else {
			n++
			e.Notes = append(e.Notes, fmt.Sprintf("the meter's clock was shifted by %.3f s, with a contrast of %.1f", float64(start+shift)/1e9, contrast))
		}
		e.Meter, e.Span = Monsoon, r.Energy.Span
		r.Energy = &e
	}
	return n, nil
}
