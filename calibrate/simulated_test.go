package calibrate_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate"
	"github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// convolutions is a network of n like convolutions of 128 channels on 28x28 points.
func convolutions(n int) *feature.Network {
	net := &feature.Network{Name: fmt.Sprint(n)}
	for range n {
		net.Layers = append(net.Layers, feature.Layer{Name: "c", Op: "Conv", Kind: feature.Conv, InChannels: 128, OutChannels: 128, KernelH: 3, KernelW: 3,
			StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: 1, Pixels: 28 * 28, InH: 28, InW: 28, OutH: 28, OutW: 28, Known: true,
			InElems: 28 * 28 * 128, OutElems: 28 * 28 * 128, MACs: 28 * 28 * 128 * 128 * 9, Params: 128 * 128 * 9, WeightBytes: 4 * 128 * 128 * 9})
	}
	return net
}

// simulatedRuns takes jobs of growing networks to a simulated phone.
func simulatedRuns(t *testing.T, seed uint64, opt runtime.Options, jobs int) []run.Record {
	t.Helper()
	d, err := device.Embedded().Find("Pixel 7")
	if err != nil {
		t.Fatal(err)
	}
	phone := calibrate.NewSimulated(d, seed, func(j run.Job) (*feature.Network, error) {
		if j.Name == "gone" {
			return nil, fmt.Errorf("%w: gone", runtime.ErrModel)
		}
		return convolutions(4 * len(j.Name)), nil
	})
	var list []run.Job
	name := ""
	for range jobs {
		name += "x"
		list = append(list, run.Job{ModelID: name, Name: name, Runtime: "litert", Options: opt})
	}
	list = append(list, run.Job{ModelID: "gone", Name: "gone", Runtime: "litert", Options: opt})
	dir := t.TempDir()
	log, err := run.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if err := run.Jobs(context.Background(), phone, list, log, run.Options{CoolTo: 30, CoolWait: time.Hour}); err != nil {
		t.Fatal(err)
	}
	records, err := run.ReadDir(dir)
	if err != nil || len(records) != jobs+1 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	return records
}

func TestSimulated_isSeededAndSaysSo(t *testing.T) {
	opt := runtime.Options{Threads: 2, MinTime: time.Second, Profile: true}
	a, b, c := simulatedRuns(t, 1, opt, 3), simulatedRuns(t, 1, opt, 3), simulatedRuns(t, 2, opt, 3)
	if !reflect.DeepEqual(a, b) {
		t.Error("the same seed gives other runs")
	}
	if reflect.DeepEqual(a[0].Result.RepeatsMS, c[0].Result.RepeatsMS) {
		t.Error("another seed gives the same runs")
	}
	last := 0.0
	for i, r := range a[:3] {
		red := run.Reduce(&r, run.Rules{})
		if !red.Valid || red.LatencyMS <= last || !r.Device.Simulated || r.Result.Version != "simulated" || len(r.Result.Ops) != 4*(i+1) || !r.Energy.Known() || r.Energy.Meter != "simulated" {
			t.Errorf("%s: %+v, %+v, %+v", r.Job.Name, red, r.Device, r.Energy)
		}
		last = red.LatencyMS
	}
	if a[3].Status != run.Refused || a[3].Energy != nil {
		t.Errorf("a model that cannot be read: %s %q", a[3].Status, a[3].Reason)
	}
}

// Ten minutes without a pause heat a phone until it throttles, and the rules see it; left alone before the next run it is cool again.
func TestSimulated_throttlesOverMinutesAndCools(t *testing.T) {
	records := simulatedRuns(t, 1, runtime.Options{Threads: 8, MinTime: 10 * time.Minute, MaxTime: 10 * time.Minute, Repeats: 1 << 20}, 1)
	long := records[0]
	n := len(long.Result.RepeatsMS)
	first, end := runtime.Quantile(long.Result.RepeatsMS[:n/10], 0.5), runtime.Quantile(long.Result.RepeatsMS[n-n/10:], 0.5)
	t.Logf("%d repeats, %.2f ms first, %.2f ms last, %.0f °C", n, first, end, *long.After.TemperatureC)
	if end < 1.2*first {
		t.Errorf("no throttling: %.2f and %.2f ms", first, end)
	}
	if red := run.Reduce(&long, run.Rules{}); red.Valid {
		t.Errorf("a run from %.1f to %.1f °C is valid", *long.Before.TemperatureC, *long.After.TemperatureC)
	}
	if b := records[1].Before.TemperatureC; *b > 30 {
		t.Errorf("the next run begins at %.1f °C", *b)
	}
	if !records[1].Started.After(long.Started.Add(time.Minute)) {
		t.Errorf("cooling took no time: %s, %s", long.Started, records[1].Started)
	}
}
