package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	runs "github.com/gaugenn/gaugenn/calibrate/run"
)

// answer is what estimate says of energy.
type answer struct {
	Basis       string   `json:"basis"`
	EnergyBasis string   `json:"energy_basis"`
	EnergyMJ    *float64 `json:"energy_mj"`
	LoMJ        *float64 `json:"energy_lo_mj"`
	HiMJ        *float64 `json:"energy_hi_mj"`
}

// answered prices a model by a profile.
func answered(t *testing.T, model, profile string) (a answer) {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := run(context.Background(), []string{"estimate", model, "--profile", profile, "--json"}, &out, &errOut); code != 0 {
		t.Fatalf("estimate: exit code %d\n%s", code, errOut.String())
	}
	if err := json.Unmarshal(out.Bytes(), &a); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	return a
}

// rewritten writes records, each changed, as a folder of runs.
func rewritten(t *testing.T, records []runs.Record, change func(*runs.Record)) string {
	t.Helper()
	dir := t.TempDir()
	log, err := runs.OpenLog(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		change(&r)
		if err := log.Append(&r); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestCalibrate_profileAnswersEnergy fits profiles on runs whose energies are known to be 2 mJ a millisecond: estimate answers near that, with an
// interval, on the runs' own basis; without energies in the runs it answers none.
func TestCalibrate_profileAnswersEnergy(t *testing.T) {
	dir := t.TempDir()
	planFile, runDir := filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	calibrated(t, "calibrate", "sample", "--probes", "16", "--budget", "0", "-o", planFile)
	calibrated(t, "calibrate", "run", planFile, "-o", runDir, "--device", "sim:Pixel 7", "-q")
	records, err := runs.ReadDir(runDir)
	if err != nil || len(records) < minEnergies {
		t.Fatalf("%d records, %v", len(records), err)
	}
	mj := func(r *runs.Record) float64 {
		return 2 * runs.Reduce(r, runs.Rules{}).LatencyMS
	}
	measured := func(r *runs.Record) {
		r.Device.Simulated = false
		e := mj(r)
		r.Energy = &runs.Energy{Meter: "odpm", EnergyMJ: e, SigmaMJ: e / 50, LoMJ: 0.97 * e, HiMJ: 1.03 * e, PowerW: 2}
	}
	for name, c := range map[string]struct {
		change func(*runs.Record)
		basis  string // of the energy
	}{
		"measured":  {measured, "same_target"},
		"simulated": {func(r *runs.Record) { measured(r); r.Device.Simulated = true }, "simulated"},
		"none":      {func(r *runs.Record) { measured(r); r.Energy = nil }, ""},
		"refused":   {func(r *runs.Record) { measured(r); r.Energy = &runs.Energy{Meter: "odpm", Reason: "clock"} }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			profile := filepath.Join(t.TempDir(), "profile.json")
			text := calibrated(t, "calibrate", "fit", rewritten(t, records, c.change), "-o", profile)
			if strings.Contains(text, "energy (odpm)") != (c.basis != "") {
				t.Errorf("fit says %s", text)
			}
			near := 0
			for i := range records {
				a := answered(t, records[i].Job.Path, profile)
				if a.EnergyBasis != c.basis || (a.EnergyMJ != nil) != (c.basis != "") {
					t.Fatalf("%s: %+v", records[i].Job.Name, a)
				}
				if a.EnergyMJ == nil {
					continue
				}
				if a.LoMJ == nil || a.HiMJ == nil || *a.LoMJ > *a.EnergyMJ || *a.EnergyMJ > *a.HiMJ || *a.LoMJ <= 0 {
					t.Fatalf("%s: interval of %+v", records[i].Job.Name, a)
				}
				if math.Abs(math.Log(*a.EnergyMJ/mj(&records[i]))) < math.Log(2) {
					near++
				}
			}
			if c.basis != "" && near*4 < len(records)*3 {
				t.Errorf("%d of %d within a factor of two", near, len(records))
			}
			if c.basis == "" {
				return
			}
			var out bytes.Buffer
			if code := run(context.Background(), []string{"estimate", records[0].Job.Path, "--profile", profile}, &out, os.Stderr); code != 0 ||
				strings.Contains(out.String(), "energy simulated") || !strings.Contains(out.String(), " mJ (90 %: ") || !strings.Contains(out.String(), "fitted on") {
				t.Errorf("estimate says %s", out.String())
			}
		})
	}
}
