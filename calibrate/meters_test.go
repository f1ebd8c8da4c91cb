//go:build linux

package calibrate_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate"
	"github.com/gaugenn/gaugenn/calibrate/adb/adbtest"
	"github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
	"github.com/gaugenn/gaugenn/calibrate/runtime/benchmodel"
)

// busy stands for benchmark_model: it loads for a while, works for a while, and counts its inferences.
const busy = `#!/bin/sh
sleep 0.2
read a rest </proc/uptime; a=${a%.*}${a#*.}
n=0; now=$a
while [ $now -lt $((a + CENTISECONDS)) ]; do
	i=0; while [ $i -lt 1000 ]; do i=$((i+1)); done
	n=$((n+1)); read b rest </proc/uptime; now=${b%.*}${b#*.}
done
us=$(( (now - a) * 10000 / n ))
echo "count=$n first=$us curr=$us min=$us max=$us avg=$us std=1"
echo "Inference timings in us: Init: 1000, First inference: $us, Warmup (avg): $us, Inference (avg): $us"
`

// metered runs one model on a device that draws power, and returns the record and what an inference took in millijoules by its time on a core.
func metered(t *testing.T, name string, idle time.Duration, p *adbtest.Power) (*run.Record, float64) {
	t.Helper()
	d := &adbtest.Daemon{Power: p}
	c, _ := adbtest.Connect(t, d)
	dir, ctx := t.TempDir(), context.Background()
	work := "320"
	if name == "fuelgauge" { // its readings are means of the half second before, which work of a few seconds is not much longer than
		work = "800"
	}
	binary, model := filepath.Join(dir, "benchmark_model"), filepath.Join(dir, "m.tflite")
	if os.WriteFile(binary, []byte(strings.ReplaceAll(busy, "CENTISECONDS", work)), 0o755) != nil || os.WriteFile(model, []byte("model"), 0o644) != nil {
		t.Fatal("no files")
	}
	m, ok := calibrate.MeterOf(name, idle)
	if !ok {
		t.Fatalf("no meter %q", name)
	}
	phone := &run.Phone{Client: c, Tool: benchmodel.Tool, Binary: binary, Meter: m, Traces: filepath.Join(dir, "traces")}
	log, err := run.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	var rec *run.Record
	job := run.Job{ModelID: "m", Name: "m", Path: model, Runtime: "litert", Options: runtime.Options{MaxTime: 20 * time.Second}.Filled()}
	if err := run.Jobs(ctx, phone, []run.Job{job}, log, run.Options{Progress: func(_, _ int, r *run.Record) { rec = r }}); err != nil {
		t.Fatal(err)
	}
	if err := phone.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for _, below := range []string{"data/local/tmp", "data/misc/perfetto-traces"} {
		if left, err := os.ReadDir(filepath.Join(d.Root, below)); err != nil || len(left) != 1 {
			t.Errorf("left in %s: %v, %v", below, left, err)
		}
	}
	if rec.Status == run.Charging {
		return rec, 0
	}
	if name == calibrate.Monsoon {
		list := []run.Record{*rec}
		if _, err := calibrate.PriceMonsoon(list, p.MonsoonCSV(), 0); err != nil {
			list[0].Energy.Reason = err.Error()
		}
		rec = &list[0]
	}
	if rec.Result.Summary == nil {
		t.Fatalf("%s: %s %s", rec.Status, rec.Reason, rec.Log)
	}
	return rec, p.CoreW * *rec.Result.Summary.MeanMS
}

// Each meter, driven over the real adb around a program that works, tells what the program took: the time of an inference at the power of a
// core, without the three watts that the device draws anyway. Within the doubt that the meter itself tells it is also what the supply gave, however the
// machine was held up.
func TestMeterOf_pricesWorkOverAdb(t *testing.T) {
	for name, idle := range map[string]time.Duration{"odpm": 3 * time.Second, "perfetto": time.Second, "fuelgauge": 4 * time.Second, calibrate.Monsoon: time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var power *adbtest.Power
			var rec *run.Record
			var want float64
			for range 3 { // a machine that stood still has measured nothing
				power = &adbtest.Power{IdleW: 3, CoreW: 2}
				if rec, want = metered(t, name, idle, power); power.Stood() < time.Second {
					break
				}
				t.Logf("stood still for %s", power.Stood())
			}
			e := rec.Energy
			if rec.Status != run.OK || !e.Known() {
				t.Fatalf("%s %s: %+v", rec.Status, rec.Reason, e)
			}
			t.Logf("%.3f ± %.3f mJ (%.3f to %.3f), its time on a core says %.3f; %.2f W over %.2f W idle", e.EnergyMJ, e.SigmaMJ, e.LoMJ, e.HiMJ, want, e.PowerW, e.IdleW)
			s := e.Span
			alone := (s.BeginNS - s.FromNS) / 4
			idleW := power.Drawn(s.FromNS+alone, s.BeginNS-alone) / (float64(s.BeginNS-s.FromNS-2*alone) / 1e9)
			drawn := 1000 * (power.Drawn(s.MarkFromNS, s.MarkToNS) - idleW*float64(s.MarkToNS-s.MarkFromNS)/1e9) / float64(s.Inferences)
			t.Logf("%s: the device drew %.3f mJ, %+.1f standard deviations off", name, drawn, (e.EnergyMJ-drawn)/e.SigmaMJ)
			if math.Abs(e.EnergyMJ-drawn) > 3*e.SigmaMJ {
				t.Errorf("%.3f ± %.3f mJ, the device drew %.3f", e.EnergyMJ, e.SigmaMJ, drawn)
			}
			if r := e.EnergyMJ / want; math.Abs(math.Log(r)) > math.Log(1.4) {
				t.Errorf("%.3f mJ, its time on a core says %.3f", e.EnergyMJ, want)
			}
			if e.IdleW < 2.9 || e.IdleW > 3.6 || e.SigmaMJ <= 0 || e.Span.Inferences < 10 || e.LoMJ >= e.EnergyMJ || e.HiMJ <= e.EnergyMJ {
				t.Errorf("%+v", e)
			}
			if name == "fuelgauge" && !e.Coarse {
				t.Error("a fuel gauge is coarse")
			}
			if name != calibrate.Monsoon && len(e.Files) == 0 {
				t.Error("what was recorded is not kept")
			}
		})
	}
}

func TestMeterOf_refusesAPhoneThatCharges(t *testing.T) {
	rec, _ := metered(t, "odpm", time.Second, &adbtest.Power{IdleW: 1, CoreW: 1, Charging: true})
	if rec.Status != run.Charging || !rec.Status.Retry() || rec.Energy.Known() {
		t.Errorf("%s %q %+v", rec.Status, rec.Reason, rec.Energy)
	}
}

func TestMeterOf_unknown(t *testing.T) {
	if _, ok := calibrate.MeterOf("divining rod", 0); ok || len(calibrate.MeterNames()) != 4 {
		t.Error("an unknown meter")
	}
}
