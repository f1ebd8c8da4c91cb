//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/adb"
	"github.com/gaugenn/gaugenn/calibrate/adb/adbtest"
	"github.com/gaugenn/gaugenn/calibrate/plan"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/data"
)

// adbServer starts a server of adb of its own and connects devices to it. It returns the devices' addresses and the server's port.
func adbServer(t *testing.T, devices ...*adbtest.Daemon) (addresses []string, port int) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ANDROID_USER_HOME", os.Getenv("HOME"))
	for i, d := range devices {
		d.Product, d.Model, d.Serial = "husky", fmt.Sprintf("Pixel_8_Pro_%d", i+1), fmt.Sprintf("TEST%02d", i+1)
	}
	c, addresses := adbtest.Connect(t, devices...)
	return addresses, c.Port
}

// TestCalibrate_runOverAdb takes real models and the real LiteRT through the real adb to a device with RSA keys, runs them there and brings times
// per operator and the energy of each inference back.
func TestCalibrate_runOverAdb(t *testing.T) {
	models, dir := realModels(t), t.TempDir()
	lib, err := findLiteRT("")
	if err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	d := &adbtest.Daemon{Auth: true, Power: &adbtest.Power{IdleW: 1, CoreW: 2}}
	addresses, port := adbServer(t, d)
	address := addresses[0]
	planFile, runDir := filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	calibrated(t, "calibrate", "sample", "--models", models, "--most", "2", "--devices", "Pixel 8", "-o", planFile)
	calibrated(t, "calibrate", "run", planFile, "-o", runDir, "--device", address, "--adb-port", strconv.Itoa(port),
		"--binary", self, "--beside", lib.Path, "--min-time", "800ms", "--repeats", "5", "--meter", "odpm", "--idle", "1600ms", "--screen-off")
	records, err := runs.ReadDir(runDir)
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	good := 0
	for _, r := range records {
		if len(r.Device.Kinds) != 9 || r.Device.Kinds[0] != "A510" || r.Device.Kinds[8] != "X3" || r.Before.Airplane == nil || *r.Before.Airplane {
			t.Errorf("cores %q, state %+v", r.Device.Kinds, r.Before)
		}
		if r.Device.ID != "TEST01" || r.Device.SoC != "Tensor G3" || r.Device.Clusters != "4x1704+4x2367+1x2914" {
			t.Errorf("device %+v", r.Device)
		}
		switch r.Status {
		case runs.OK:
			good++
			if len(r.Result.RepeatsMS) < 5 || len(r.Result.Ops) == 0 {
				t.Errorf("%s: %+v", r.Job.Name, r.Result)
			}
			if e := r.Energy; !e.Known() || e.PowerW < 1 || e.PowerW > 5 || e.Span.Inferences != r.Result.TimedRuns {
				t.Errorf("%s: %d repeats, %+v", r.Job.Name, len(r.Result.RepeatsMS), e)
			}
			if r.Before.Screen != "Asleep" {
				t.Errorf("%s: the screen is %s", r.Job.Name, r.Before.Screen)
			}
		case runs.Refused:
		default:
			t.Errorf("%s: %s (%s) %s", r.Job.Name, r.Status, r.Reason, r.Log)
		}
	}
	if good == 0 {
		t.Error("no run came back")
	}
	measured := 0
	for row, err := range data.Read[data.Measurement](runDir) {
		if err != nil {
			t.Fatal(err)
		}
		if row.EnergyMJ != nil && row.PowerW != nil && row.Basis == "measured" {
			measured++
		}
	}
	if measured != good {
		t.Errorf("%d rows with an energy, %d good runs", measured, good)
	}
	if power, err := os.ReadFile(filepath.Join(d.Root, ".power")); err != nil || !strings.Contains(string(power), "Awake") {
		t.Errorf("the screen was on before: %s, %v", power, err)
	}
	if left, err := os.ReadDir(filepath.Join(d.Root, "data/local/tmp")); err != nil || len(left) != 1 {
		t.Errorf("left on the device: %v, %v", left, err)
	}
}

// benchmark stands for benchmark_model.
const benchmark = `#!/bin/sh
echo "count=20 first=910 curr=905 min=880 max=1200 avg=920.5 std=41"
echo "Inference timings in us: Init: 855, First inference: 1300, Warmup (avg): 1150, Inference (avg): 920.5"
`

// TestCalibrate_severalPhonesAtOnce pulls the cable of one of two phones in the middle of a plan: the other's runs go on, every run is a row, and
// the same command goes on with the lost ones when the phone is back.
func TestCalibrate_severalPhonesAtOnce(t *testing.T) {
	var pulled atomic.Bool
	second := &adbtest.Daemon{Fault: func(service string, n int) adbtest.Fault {
		if pulled.Load() && n > 25 {
			return adbtest.Drop
		}
		return adbtest.None
	}}
	devices := []*adbtest.Daemon{{}, second}
	addresses, port := adbServer(t, devices...)
	dir := t.TempDir()
	binary, planFile, runDir := filepath.Join(dir, "benchmark_model"), filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	if err := os.WriteFile(binary, []byte(benchmark), 0o755); err != nil {
		t.Fatal(err)
	}
	sum, err := adb.HashOf(binary)
	if err != nil {
		t.Fatal(err)
	}
	const models = 6
	p := plan.Plan{Version: plan.Version}
	for i := range models {
		path := filepath.Join(dir, fmt.Sprintf("m%d.tflite", i))
		if err := os.WriteFile(path, fmt.Appendf(nil, "model %d", i), 0o644); err != nil {
			t.Fatal(err)
		}
		p.Models = append(p.Models, plan.Choice{ID: strconv.Itoa(i), Name: filepath.Base(path), Path: path})
	}
	b, err := json.Marshal(p)
	if err != nil || os.WriteFile(planFile, b, 0o644) != nil {
		t.Fatal(err)
	}
	count := func() (good, lost map[string]int) {
		records, err := runs.ReadDir(runDir)
		if err != nil {
			t.Fatal(err)
		}
		good, lost = map[string]int{}, map[string]int{}
		for _, r := range records {
			switch r.Status {
			case runs.OK:
				if good[r.Device.ID]++; r.Result.LibrarySHA != sum || len(r.Device.Kinds) != 9 || r.Device.Kinds[8] != "X3" {
					t.Errorf("program %q, cores %q", r.Result.LibrarySHA, r.Device.Kinds)
				}
			case runs.DeviceLost:
				lost[r.Device.ID]++
			default:
				t.Errorf("%s on %s: %s (%s)", r.Job.Name, r.Device.ID, r.Status, r.Reason)
			}
		}
		return good, lost
	}
	args := []string{"calibrate", "run", planFile, "-o", runDir, "--binary-sha256", sum, "--device", addresses[0], "--device", addresses[1], "--adb-port", strconv.Itoa(port), "--binary", binary}
	pulled.Store(true)
	if text := calibrated(t, args...); !strings.Contains(text, "12 runs") {
		t.Errorf("says %s", text)
	}
	good, lost := count()
	if good["TEST01"] != models || good["TEST02"]+lost["TEST02"] != models || lost["TEST02"] == 0 || good["TEST02"] == 0 {
		t.Errorf("good %v, lost %v", good, lost)
	}
	pulled.Store(false)
	calibrated(t, args...)
	calibrated(t, append(args[:5:5], "--device", "all", "--adb-port", strconv.Itoa(port), "--binary", binary)...)
	if good, lost := count(); good["TEST01"] != models || good["TEST02"] != models || len(lost) > 0 {
		t.Errorf("after going on: good %v, lost %v", good, lost)
	}
	for _, d := range devices {
		if left, err := os.ReadDir(filepath.Join(d.Root, "data/local/tmp")); err != nil || len(left) != 1 {
			t.Errorf("left on %s: %v, %v", d.Serial, left, err)
		}
	}
}
