package main

import (
	"archive/zip"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/calibrate/plan"
	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// zipped writes an archive of files, stored, and returns its path.
func zipped(t *testing.T, path string, files map[string]string) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for name, from := range files {
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		e, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCalibrate_tablesToProfileWithoutADevice takes the tables of a scan, with models loose, in an app and in an archive in that app, through the
// whole stage on simulated phones: each row says that it is simulated.
func TestCalibrate_tablesToProfileWithoutADevice(t *testing.T) {
	fixtures, dir := filepath.Join("..", "..", "graph", "format", "tflite", "testdata"), t.TempDir()
	apps := filepath.Join(dir, "apps")
	if err := os.Mkdir(apps, 0o755); err != nil {
		t.Fatal(err)
	}
	inner := zipped(t, filepath.Join(dir, "inner.zip"), map[string]string{"deep/net.bin": filepath.Join(fixtures, "mobile_int8_converted.tflite")})
	zipped(t, filepath.Join(apps, "app.apk"), map[string]string{"assets/a.tflite": filepath.Join(fixtures, "mobile_converted.tflite"), "assets/pack.zip": inner, "assets/r.tflite": filepath.Join(fixtures, "recurrent.tflite")})
	for _, name := range []string{"customs", "operands", "loops"} {
		b, err := os.ReadFile(filepath.Join(fixtures, name+".tflite"))
		if err != nil || os.WriteFile(filepath.Join(apps, name+".tflite"), b, 0o644) != nil {
			t.Fatal(err)
		}
	}
	tables, planFile, runDir := filepath.Join(dir, "tables"), filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	calibrated(t, "scan", apps, "-o", tables, "-q")
	text := calibrated(t, "calibrate", "sample", "--models", tables, "--files", apps, "--models", fixtures, "--devices", "Pixel 7,Galaxy A15", "-o", planFile)
	p, err := readPlan(planFile)
	if err != nil {
		t.Fatal(err)
	}
	inside := 0
	for _, m := range p.Models {
		if m.Inside != nil {
			inside++
		}
	}
	if len(p.Models) != 6 || inside != 3 || len(p.DeviceCostS) != 2 || p.DeviceCostS["Pixel 7"] <= 0 || !strings.Contains(text, "Galaxy A15: ") {
		t.Fatalf("%d models, %d inside another file, costs %v, says %s", len(p.Models), inside, p.DeviceCostS, text)
	}
	args := []string{"calibrate", "run", planFile, "-o", runDir, "--device", "sim:Pixel 7", "--device", "sim:Galaxy A15"}
	calibrated(t, args...)
	devices := map[string]int{}
	for row, err := range data.Read[data.Measurement](runDir) {
		if err != nil {
			t.Fatal(err)
		}
		if devices[row.Device]++; row.Basis != "simulated" || !row.Valid || row.LatencyMS == nil || row.EnergyMJ == nil || row.RuntimeVersion != "simulated" {
			t.Errorf("row %+v", row)
		}
	}
	if len(devices) != 2 || devices["Google Pixel 7"] != 6 {
		t.Errorf("rows %v", devices)
	}
	if again := calibrated(t, args...); strings.Contains(again, "operators") {
		t.Errorf("a finished plan was run again: %s", again)
	}
	profile := filepath.Join(dir, "p.json")
	if text := calibrated(t, "calibrate", "fit", runDir, "-o", profile); strings.Count(text, "(simulated)") < 2 {
		t.Errorf("fit says %s", text)
	}
	if found, _ := filepath.Glob(filepath.Join(dir, "p-*.json")); len(found) != 2 {
		t.Errorf("profiles %v", found)
	}
}

// Runs on one thread and on four are two profiles, each in a file of its own.
func TestCalibrate_fitKeepsWaysOfRunningApart(t *testing.T) {
	dir := t.TempDir()
	planFile, runDir := filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	calibrated(t, "calibrate", "sample", "--models", filepath.Join("..", "..", "graph", "format", "tflite", "testdata"), "--all", "-o", planFile)
	for _, threads := range []string{"1", "4"} {
		calibrated(t, "calibrate", "run", planFile, "-o", runDir, "--device", "sim:Pixel 7", "--threads", threads)
	}
	said := calibrated(t, "calibrate", "fit", runDir, "-o", filepath.Join(dir, "p.json"))
	for _, want := range []string{"Google Pixel 7, litert, cpu 1 thread\n", "Google Pixel 7, litert, cpu 4 threads\n"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}
	for name, threads := range map[string]int{"p-Google-Pixel-7-litert-cpu-1-thread.json": 1, "p-Google-Pixel-7-litert-cpu-4-threads.json": 4} {
		p, _, err := readRunProfile(filepath.Join(dir, name))
		if err != nil || p == nil || p.Options.Threads != threads || p.Networks != 6 {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// TestCalibrate_sampleGoesOnFromRuns takes the plan in steps: what was run is not chosen again, and what is chosen lowers what is left.
func TestCalibrate_sampleGoesOnFromRuns(t *testing.T) {
	fixtures, dir := filepath.Join("..", "..", "graph", "format", "tflite", "testdata"), t.TempDir()
	runDir, left := filepath.Join(dir, "runs"), 2.0
	var seen []string
	for step := range 3 {
		planFile := filepath.Join(dir, "plan.json")
		args := []string{"calibrate", "sample", "--models", fixtures, "--most", "2", "--devices", "Pixel 7", "-o", planFile}
		if step > 0 {
			args = append(args, "--runs", runDir)
		}
		calibrated(t, args...)
		p, err := readPlan(planFile)
		if err != nil || len(p.Models) == 0 || p.MeanSDLeft >= left {
			t.Fatalf("step %d: %+v, %v; %.3f was left before", step, p, err, left)
		}
		left = p.MeanSDLeft
		if slices.ContainsFunc(p.Models, func(c plan.Choice) bool { return slices.Contains(seen, c.ID) }) {
			t.Errorf("step %d chooses again what was run", step)
		}
		if step > 0 && strings.Contains(p.Models[0].Reason, "most like all others") {
			t.Errorf("step %d: %s", step, p.Models[0].Reason)
		}
		for _, c := range p.Models {
			seen = append(seen, c.ID)
		}
		calibrated(t, "calibrate", "run", planFile, "-o", runDir, "--device", "sim:Pixel 7")
	}
	if records, err := runs.ReadDir(runDir); err != nil || len(records) != len(seen) {
		t.Errorf("%d records of %d, %v", len(records), len(seen), err)
	}
}

// With --all, models inside an app say where they are, and those that are not at hand are left out.
func TestCalibrate_sampleAllOfTables(t *testing.T) {
	fixtures, dir := filepath.Join("..", "..", "graph", "format", "tflite", "testdata"), t.TempDir()
	app, gone, tables, planFile := filepath.Join(dir, "app.apk"), filepath.Join(dir, "gone.apk"), filepath.Join(dir, "tables"), filepath.Join(dir, "plan.json")
	inside := map[string]string{"a/m.tflite": filepath.Join(fixtures, "mobile_converted.tflite"), "a/o.tflite": filepath.Join(fixtures, "operands.tflite")}
	zipped(t, app, inside)
	zipped(t, gone, map[string]string{"r.tflite": filepath.Join(fixtures, "recurrent.tflite")})
	calibrated(t, "scan", app, gone, "-o", tables, "-q")
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	calibrated(t, "calibrate", "sample", "--models", tables, "--files", app, "--most", "1", "--all", "-o", planFile)
	p, err := readPlan(planFile)
	if err != nil || len(p.Models) != len(inside) {
		t.Errorf("%d models of %d, %v", len(p.Models), len(inside), err)
	}
	for _, m := range p.Models {
		if m.Inside == nil || inside[m.Inside.Path] == "" {
			t.Errorf("%s: path %q, inside %+v", m.Name, m.Path, m.Inside)
		}
	}
}

// A plan over the tables of a scan considers every model that one over the scanned files does, with as many kernels: sizes that a file leaves open are
// assumed in both.
func TestCalibrate_sampleOfTablesAsOfFiles(t *testing.T) {
	fixtures, dir := filepath.Join("..", "..", "graph", "format", "tflite", "testdata"), t.TempDir()
	app, tables := filepath.Join(dir, "app.apk"), filepath.Join(dir, "tables")
	found, err := filepath.Glob(filepath.Join(fixtures, "*.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	inside := map[string]string{}
	for _, f := range found {
		inside["assets/"+filepath.Base(f)] = f
	}
	delete(inside, "assets/lstm_converted.tflite") // all of its work is in a loop's body: the tables answer for that, the file for what is around it
	zipped(t, app, inside)
	calibrated(t, "scan", app, "-o", tables, "-q")
	kernels := func(dirs ...string) map[string]int {
		out := map[string]int{}
		list, _, err := findCandidates(t.Context(), dirs, []string{app}, []string{"tflite"})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list {
			out[c.ID[:8]+" "+c.Name] = len(c.Net.Layers)
		}
		return out
	}
	files, inTables := kernels(fixtures), kernels(tables)
	if len(files) < 4 {
		t.Fatalf("%d models", len(files))
	}
	if diff := cmp.Diff(files, inTables); diff != "" {
		t.Errorf("kernels by the files, by the tables:\n%s", diff)
	}
}

// A model that has changed since the scan is a row with the reason, and the others are run.
func TestCalibrate_changedModelIsARow(t *testing.T) {
	fixtures, dir := filepath.Join("..", "..", "graph", "format", "tflite", "testdata"), t.TempDir()
	app, tables, planFile, runDir := filepath.Join(dir, "app.apk"), filepath.Join(dir, "tables"), filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	zipped(t, app, map[string]string{"a.tflite": filepath.Join(fixtures, "mobile_converted.tflite"), "b.tflite": filepath.Join(fixtures, "operands.tflite")})
	calibrated(t, "scan", app, "-o", tables, "-q")
	calibrated(t, "calibrate", "sample", "--models", tables, "--files", app, "-o", planFile)
	zipped(t, app, map[string]string{"a.tflite": filepath.Join(fixtures, "loops.tflite"), "b.tflite": filepath.Join(fixtures, "operands.tflite")})
	calibrated(t, "calibrate", "run", planFile, "-o", runDir, "--device", "sim:Pixel 7")
	records, err := runs.ReadDir(runDir)
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, r := range records {
		if want := map[bool]runs.Status{true: runs.OK, false: runs.Unavailable}[r.Job.Name == "b"]; r.Status != want || want != runs.OK && !strings.Contains(r.Reason, "changed since the scan") {
			t.Errorf("%s: %s %q", r.Job.Name, r.Status, r.Reason)
		}
	}
}

// A model of two files goes from an app to rows that a fit can use: it is simulated in its own runtime and has one identity in tables, plans and files.
func TestCalibrate_modelsOfTwoFiles(t *testing.T) {
	fixtures, dir := filepath.Join("..", "..", "graph", "format", "ncnn", "testdata"), t.TempDir()
	app, tables, planFile, runDir := filepath.Join(dir, "app.apk"), filepath.Join(dir, "tables"), filepath.Join(dir, "plan.json"), filepath.Join(dir, "runs")
	inside := map[string]string{}
	for _, name := range []string{"small.param", "small.bin", "half.ncnn.param", "half.ncnn.bin"} {
		inside["assets/"+name] = filepath.Join(fixtures, name)
	}
	zipped(t, app, inside)
	calibrated(t, "scan", app, "-o", tables, "-q")
	calibrated(t, "calibrate", "sample", "--models", tables, "--runtime", "ncnn", "--all", "-o", planFile)
	calibrated(t, "calibrate", "run", planFile, "-o", runDir, "--runtime", "ncnn", "--device", "sim:Pixel 7")
	records, err := runs.ReadDir(runDir)
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for _, r := range records {
		if r.Status != runs.OK || r.Job.Runtime != "ncnn" {
			t.Errorf("%s in %s: %s %s", r.Job.Name, r.Job.Runtime, r.Status, r.Reason)
		}
	}
	if rows, left, err := fitRows(t.Context(), records, runs.Rules{}); len(rows) != 2 || err != nil {
		t.Errorf("%d rows to fit, left out %v, %v", len(rows), left, err)
	}
}

func TestCalibrate_runOfTwoRuntimesIsRefused(t *testing.T) {
	o := runOptions{devices: []string{"sim:Pixel 7", "R1"}, runtime: "litert", binary: "benchncnn"}
	if _, _, err := o.devicesOf(t.Context()); !errors.Is(err, errUsage) {
		t.Errorf("%v", err)
	}
}

// The shipped profile knows how the latencies of networks hang together on a phone that nobody measured, and the plan says that it rests on that.
func TestCalibrate_samplePriorIsTheProfiles(t *testing.T) {
	fixtures, planFile := filepath.Join("..", "..", "graph", "format", "ncnn", "testdata"), filepath.Join(t.TempDir(), "plan.json")
	calibrated(t, "calibrate", "sample", "--models", fixtures, "--runtime", "ncnn", "--devices", "Galaxy A15,Pixel 7", "-o", planFile)
	if p, err := readPlan(planFile); err != nil || !strings.Contains(p.Method, "records of other devices") {
		t.Errorf("plan %+v, %v", p, err)
	}
	prior, err := priorOf([]string{"Galaxy A15"}, "ncnn")
	if err != nil {
		t.Fatal(err)
	}
	all, _, err := findCandidates(t.Context(), []string{fixtures}, nil, []string{"ncnn"})
	if err != nil || len(all) < 2 {
		t.Fatalf("%d networks, %v", len(all), err)
	}
	a, b := all[0].Net, all[1].Net
	cov, noise, ok := prior([]*feature.Network{a, b, a})
	if !ok || len(cov) != 9 || noise <= 0 {
		t.Fatalf("covariance %v, noise %g, %v", cov, noise, ok)
	}
	for i := range 3 {
		for j := range 3 {
			if math.Abs(cov[3*i+j]-cov[3*j+i]) > 1e-9 || cov[3*i+j]*cov[3*i+j] > cov[4*i]*cov[4*j]*(1+1e-6) {
				t.Errorf("no covariance: %v", cov)
			}
		}
	}
	if other, same := cov[1]/math.Sqrt(cov[0]*cov[4]), cov[2]/math.Sqrt(cov[0]*cov[8]); other >= same {
		t.Errorf("a network goes more with another (%g) than with itself (%g)", other, same)
	}
	if _, _, ok := prior([]*feature.Network{{}}); ok {
		t.Error("an empty network is answered for")
	}
	if prior, err := priorOf([]string{"host"}, "ncnn"); prior != nil || err != nil {
		t.Errorf("the host: %v", err)
	}
}
