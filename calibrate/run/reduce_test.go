package run_test

import (
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

func ptr[T any](v T) *T { return &v }

// repeats returns n values around ms with a small regular wobble.
func repeats(n int, ms float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = ms * (1 + 0.01*float64(i%5))
	}
	return out
}

func record(wall, cpu []float64) *run.Record {
	return &run.Record{Status: run.OK, Result: runtime.Result{RepeatsMS: wall, CPUMS: cpu}}
}

func TestReduce_verdicts(t *testing.T) {
	drifting := append(repeats(10, 10), append(repeats(10, 11), repeats(10, 12)...)...)
	var wide []float64
	for range 12 {
		wide = append(wide, 10, 10, 12, 14)
	}
	for _, tt := range []struct {
		name   string
		rec    *run.Record
		rules  run.Rules
		reason string // "" valid
	}{
		{"steady", record(repeats(30, 10), nil), run.Rules{}, ""},
		{"few", record(repeats(4, 10), nil), run.Rules{}, "too few repeats"},
		{"drift", record(drifting, nil), run.Rules{}, "drift"},
		{"spread", record(wide, nil), run.Rules{}, "spread"},
		{"none", record(nil, nil), run.Rules{}, "no repeats"},
		{"crashed", &run.Record{Status: run.Crashed, Reason: "killed by signal 11"}, run.Rules{}, "crashed: killed by signal 11"},
		{"load", &run.Record{Status: run.OK, Before: run.State{Load: ptr(2.0)}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, "background load"},
		{"hot", &run.Record{Status: run.OK, Before: run.State{TemperatureC: ptr(80.0)}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, "hot before"},
		{"rise", &run.Record{Status: run.OK, Before: run.State{TemperatureC: ptr(40.0)}, After: run.State{TemperatureC: ptr(55.0)}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, "temperature rose"},
		{"clock", &run.Record{Status: run.OK, Before: run.State{ClocksMHz: []float64{1800, 2900}}, After: run.State{ClocksMHz: []float64{1800, 2000}}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, "clock fell"},
		{"clock let go", &run.Record{Status: run.OK, Before: run.State{ClocksMHz: []float64{1800, 2900}, Governors: []string{"performance", "schedutil"}},
			After: run.State{ClocksMHz: []float64{1800, 2000}}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, ""},
		{"clock let go, first core told", &run.Record{Status: run.OK, Before: run.State{ClocksMHz: []float64{1800, 2900}, Governor: "schedutil"},
			After: run.State{ClocksMHz: []float64{1800, 2000}}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, ""},
		{"clock let go by a vendor's governor", &run.Record{Status: run.OK, Before: run.State{ClocksMHz: []float64{1800, 2900}, Governors: []string{"sched_pixel", "walt"}},
			After: run.State{ClocksMHz: []float64{1800, 2000}}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, ""},
		{"clock of a cluster held", &run.Record{Status: run.OK, Before: run.State{ClocksMHz: []float64{1800, 2900}, Governors: []string{"schedutil", "performance"}},
			After: run.State{ClocksMHz: []float64{1800, 2000}}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, "clock fell"},
		{"throttled", &run.Record{Status: run.OK, After: run.State{Thermal: ptr(2)}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, "throttled"},
		{"plugged", &run.Record{Status: run.OK, Before: run.State{Charging: ptr(false)}, After: run.State{Charging: ptr(true)}, Result: runtime.Result{RepeatsMS: repeats(30, 10)}}, run.Rules{}, "charging changed"},
		{"cpu", record(drifting, repeats(30, 9)), run.Rules{Statistic: run.CPUMin}, ""},
		{"cpu none", record(repeats(30, 10), nil), run.Rules{Statistic: run.CPUMin}, "no process CPU"},
		{"cpu spread", record(repeats(30, 10), append(repeats(29, 9), 3)), run.Rules{Statistic: run.CPUMin}, "CPU times spread"},
		{"summary", &run.Record{Status: run.OK, Result: runtime.Result{Summary: &runtime.Summary{Count: 50, MeanMS: ptr(3.0), MinMS: ptr(2.9)}}}, run.Rules{}, ""},
		{"summary few", &run.Record{Status: run.OK, Result: runtime.Result{Summary: &runtime.Summary{Count: 2, MeanMS: ptr(3.0)}}}, run.Rules{}, "too few repeats"},
	} {
		got := run.Reduce(tt.rec, tt.rules)
		if got.Valid != (tt.reason == "") || !strings.Contains(got.Reason, tt.reason) {
			t.Errorf("%s: valid %v, reason %q, want %q", tt.name, got.Valid, got.Reason, tt.reason)
		}
	}
}

func TestReduce_numbers(t *testing.T) {
	wall := append(repeats(30, 10), 55) // one that the scheduler held up
	got := run.Reduce(record(wall, repeats(31, 9)), run.Rules{})
	if got.LatencyMS != 10.2 || got.MinMS != 10 || got.Stat != "median" || got.Outliers != 1 || got.CPUMinMS != 9 || !got.Valid {
		t.Errorf("%+v", got)
	}
	if wall[30] != 55 {
		t.Error("the record was changed")
	}
	if cpu := run.Reduce(record(wall, repeats(31, 9)), run.Rules{Statistic: run.CPUMin}); cpu.LatencyMS != 9 || cpu.Stat != run.CPUMin || math.IsNaN(cpu.CPUSteady) {
		t.Errorf("%+v", cpu)
	}
}
