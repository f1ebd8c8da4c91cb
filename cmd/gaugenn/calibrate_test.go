package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/plan"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/data"
)

// TestMain lets the test binary stand for gaugenn where a calibration starts children of itself.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "calibrate" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// realModels returns a folder with links to a few small real models, and skips where they or LiteRT are not;
// where GAUGENN_VENV names an environment, LiteRT has to be in it.
func realModels(t *testing.T) string {
	t.Helper()
	if venv := os.Getenv("GAUGENN_VENV"); venv != "" {
		t.Setenv("VIRTUAL_ENV", venv)
	}
	if _, err := findLiteRT(""); err != nil {
		if os.Getenv("GAUGENN_VENV") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	root, err := filepath.Abs(filepath.Join("..", "..", "..", "shared", "corpus", "models", "tflite"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	n := 0
	for _, pattern := range []string{
		"mlcommons+tiny/benchmark/training/*/trained_models/*.tflite", "mlcommons+tiny/benchmark/training/*/trained_models/*/*/*/*.tflite",
		"syaringan357*/app/src/main/assets/*.tflite", "getbouncer*/*/src/main/assets/*.tflite",
	} {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			if err := os.Symlink(f, filepath.Join(dir, filepath.Base(f))); err == nil {
				n++
			}
		}
	}
	if n < 5 {
		t.Skipf("%d real models below %s", n, root)
	}
	return dir
}

func calibrated(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := run(context.Background(), args, &out, &errOut); code != 0 {
		t.Fatalf("gaugenn %s: exit code %d\n%s", strings.Join(args, " "), code, errOut.String())
	}
	return errOut.String()
}

func TestCalibrate_sampleRunFitOnTheHost(t *testing.T) {
	models, dir := realModels(t), t.TempDir()
	planFile, runDir := filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	calibrated(t, "calibrate", "sample", "--models", models, "--budget", "5m", "--min-time", "10ms", "-o", planFile)
	p, err := readPlan(planFile)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Models) < 5 || p.Models[0].Reason == "" || p.MeanSDLeft <= 0 {
		t.Fatalf("plan %+v", p)
	}
	args := []string{"calibrate", "run", planFile, "-o", runDir, "--min-time", "10ms", "--repeats", "5"}
	calibrated(t, args...)
	records, err := runs.ReadDir(runDir)
	if err != nil || len(records) != len(p.Models) {
		t.Fatalf("%d records of %d, %v", len(records), len(p.Models), err)
	}
	rows := map[string]data.Measurement{}
	for row, err := range data.Read[data.Measurement](runDir) {
		if err != nil {
			t.Fatal(err)
		}
		rows[row.RunID] = row
	}
	good := 0
	for _, r := range records {
		row := rows[r.RunID]
		if r.Status != runs.OK {
			if row.Valid || row.Reason == "" {
				t.Errorf("%s: %s, row %+v", r.Job.Name, r.Status, row)
			}
			continue
		}
		good++
		if len(r.Result.Ops) == 0 || len(row.RepeatsMS) < 5 || row.LatencyMS == nil || row.LatencyStat != runs.CPUMin || row.Basis != "measured" || row.ModelID != r.Job.ModelID {
			t.Errorf("%s: %+v", r.Job.Name, row)
		}
	}
	if good < 5 {
		t.Fatalf("%d good runs", good)
	}
	if again := calibrated(t, args...); strings.Contains(again, "operators") {
		t.Errorf("a finished plan was run again:\n%s", again)
	}
	if text := calibrated(t, "calibrate", "fit", runDir, "-o", filepath.Join(dir, "host.json"), "--plot", filepath.Join(dir, "host.svg")); !strings.Contains(text, "families held out") {
		t.Errorf("fit says %q", text)
	}
	estimatedByProfile(t, filepath.Join(dir, "host.json"), records)
	next := filepath.Join(dir, "next.json")
	if code := run(context.Background(), []string{"calibrate", "sample", "--models", models, "--runs", runDir, "-o", next}, os.Stdout, os.Stderr); code == 0 {
		if p, err := readPlan(next); err != nil || slices.ContainsFunc(p.Models, func(c plan.Choice) bool { return rows[c.ID].Valid }) {
			t.Errorf("the next plan %+v, %v", p, err)
		}
	}
}

// estimatedByProfile prices the models of good runs with the profile that was fitted on them: on the same target, mostly within the interval.
func estimatedByProfile(t *testing.T, profile string, records []runs.Record) {
	t.Helper()
	inside, n := 0, 0
	for i := range records {
		red := runs.Reduce(&records[i], runs.Rules{Statistic: runs.CPUMin})
		if !red.Valid {
			continue
		}
		var out, errOut bytes.Buffer
		if code := run(context.Background(), []string{"estimate", records[i].Job.Path, "--profile", profile, "--json"}, &out, &errOut); code != 0 {
			t.Fatalf("estimate %s: exit code %d\n%s", records[i].Job.Path, code, errOut.String())
		}
		var row struct {
			Basis string   `json:"basis"`
			MS    *float64 `json:"latency_ms"`
		}
		var all map[string]any
		if err := errors.Join(json.Unmarshal(out.Bytes(), &row), json.Unmarshal(out.Bytes(), &all)); err != nil || row.MS == nil {
			t.Fatalf("%s: %v, %s", records[i].Job.Name, err, out.String())
		}
		if row.Basis != "same_target" {
			t.Errorf("%s: basis %s", records[i].Job.Name, row.Basis)
		}
		n++
		lo, _ := all["latency_lo_ms"].(float64)
		hi, _ := all["latency_hi_ms"].(float64)
		if lo <= red.LatencyMS && red.LatencyMS <= hi {
			inside++
		}
	}
	if n == 0 || inside*2 < n {
		t.Errorf("%d of %d measured values inside their intervals", inside, n)
	}
	if code := run(context.Background(), []string{"estimate", records[0].Job.Path, "--profile", profile, "--device", "Pixel 8"}, io.Discard, io.Discard); code != 2 {
		t.Errorf("another device than the profile's: exit code %d", code)
	}
}

func TestCalibrate_usage(t *testing.T) {
	for _, args := range [][]string{
		{"calibrate", "sample"}, {"calibrate", "run"}, {"calibrate", "run", "plan.json"}, {"calibrate", "sample", "--models", "x", "-o", "y", "--runtime", "none"},
	} {
		var errOut bytes.Buffer
		if code := run(context.Background(), args, &errOut, &errOut); code != 2 {
			t.Errorf("%q: exit code %d, %s", args, code, errOut.String())
		}
	}
}
