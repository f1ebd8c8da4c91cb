package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pricedAnswer is what a JSON line of estimate says of a model.
type pricedAnswer struct {
	ModelID         string   `json:"model_id"`
	LatencyMS       *float64 `json:"latency_ms"`
	LatencyHiMS     *float64 `json:"latency_hi_ms"`
	EnergyMJ        *float64 `json:"energy_mj"`
	PeakMemoryBytes *float64 `json:"peak_memory_bytes"`
	BoundBy         string   `json:"bound_by"`
	Basis           string   `json:"basis"`
	Reason          string   `json:"reason"`
}

// pricesOf prices the models of a path on a Pixel 7, by model.
func pricesOf(t *testing.T, args ...string) map[string]pricedAnswer {
	t.Helper()
	code, stdout, stderr := gaugenn(t, append([]string{"estimate", "--device", "Pixel 7", "--json"}, args...)...)
	if code != 0 {
		t.Fatal(stderr)
	}
	out := map[string]pricedAnswer{}
	for _, line := range strings.Split(strings.TrimSpace(stdout), "\n") {
		var a pricedAnswer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		out[a.ModelID] = a
	}
	return out
}

func sameAnswer(t *testing.T, name string, file, tables pricedAnswer) {
	t.Helper()
	if file.Basis != tables.Basis || file.Reason != tables.Reason || file.BoundBy != tables.BoundBy {
		t.Errorf("%s: %s, %q, %q by its file, %s, %q, %q by tables", name, file.Basis, file.BoundBy, file.Reason, tables.Basis, tables.BoundBy, tables.Reason)
	}
	for what, v := range map[string][2]*float64{"latency": {file.LatencyMS, tables.LatencyMS}, "upper end": {file.LatencyHiMS, tables.LatencyHiMS},
		"energy": {file.EnergyMJ, tables.EnergyMJ}, "peak memory": {file.PeakMemoryBytes, tables.PeakMemoryBytes}} {
		a, b := v[0], v[1]
		if a == nil && b == nil {
			continue
		}
		if a == nil || b == nil || math.Abs(*a-*b) > 1e-9**a {
			t.Errorf("%s: %s differs: %s by its file, %s by tables", name, what, numberText(a), numberText(b))
		}
	}
}

func numberText(v *float64) string {
	if v == nil {
		return "none"
	}
	return digits(*v, 9)
}

// freeNet writes a network whose image size is open and scans it into tables.
func freeNet(t *testing.T, flags ...string) (net, tables string) {
	t.Helper()
	dir := t.TempDir()
	net, tables = filepath.Join(dir, "free.param"), filepath.Join(dir, "tables")
	if err := os.WriteFile(net, []byte("7767517\n3 3\nInput data 0 1 data\nConvolution one 1 1 data mid 0=8 1=3 6=216\nConvolution two 1 1 mid out 0=8 1=3 6=576\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := gaugenn(t, append([]string{"scan", net, "-o", tables, "-q"}, flags...)...); code != 0 {
		t.Fatal(stderr)
	}
	return net, tables
}

func TestEstimate_tablesScannedAtSizesAnswerAsTheFile(t *testing.T) {
	sizes := []string{"--bind", "height=64", "--bind", "width=320"}
	net, tables := freeNet(t, sizes...)
	byFile, byTables := pricesOf(t, append([]string{net}, sizes...)...), pricesOf(t, tables)
	if len(byFile) != 1 || len(byTables) != 1 {
		t.Fatalf("%d and %d answers, want one each", len(byFile), len(byTables))
	}
	for id, a := range byFile {
		sameAnswer(t, "free.param", a, byTables[id])
	}
}

func TestEstimate_tablesOfOpenSizesSayHowToScan(t *testing.T) {
	net, tables := freeNet(t)
	for id, a := range pricesOf(t, tables) {
		flags := regexp.MustCompile(`--bind [a-z]+=[0-9]+`).FindAllString(a.Reason, -1)
		if a.Basis != "refused" || len(flags) != 2 {
			t.Fatalf("%s, reason %q: want the two sizes to scan with", a.Basis, a.Reason)
		}
		_, tables := freeNet(t, strings.Fields(strings.Join(flags, " "))...)
		byFile := pricesOf(t, net)[id]
		if !strings.Contains(byFile.Reason, "(height) = 224, assumed") {
			t.Errorf("by its file: reason %q does not state the assumed sizes", byFile.Reason)
		}
		byFile.Reason = ""
		sameAnswer(t, "free.param at customary sizes", byFile, pricesOf(t, tables)[id])
	}
}

func TestEstimate_tablesHaveTheSizesOfTheirScan(t *testing.T) {
	_, tables := freeNet(t)
	code, _, stderr := gaugenn(t, "estimate", tables, "--device", "Pixel 7", "--bind", "height=64")
	if code != 2 || !strings.Contains(stderr, "scan with --bind") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestEstimate_aSizeThatBindsNothingIsAnError(t *testing.T) {
	net, _ := freeNet(t)
	for bind, want := range map[string]int{"heigth=64": 2, "height=64": 0, "data:1=64": 0, "batch=1": 0, "sequence=9": 0} {
		if testing.Short() && want == 0 {
			continue // a prediction each, which takes long under the race detector
		}
		code, _, stderr := gaugenn(t, "estimate", net, "--device", "Pixel 7", "--bind", bind, "--bind", "width=64")
		if code != want || code != 0 && !strings.Contains(stderr, "--bind heigth: no model in ") {
			t.Errorf("%s: exit %d: %s", bind, code, stderr)
		}
	}
}

func TestEstimate_fileAndTablesRefuseForTheSameReason(t *testing.T) {
	for file, want := range map[string]string{
		"mediapipe/testdata/tiny.binarypb":       "a pipeline: the networks that it names are priced by themselves",
		"kerash5/testdata/functional.weights.h5": "no operator of it can be seen",
	} {
		net, tables := filepath.Join("../../graph/format", file), filepath.Join(t.TempDir(), "tables")
		if code, _, stderr := gaugenn(t, "scan", net, "-o", tables, "-q"); code != 0 {
			t.Fatal(stderr)
		}
		byFile, byTables := pricesOf(t, net), pricesOf(t, tables)
		if len(byFile) != 1 || len(byTables) != 1 {
			t.Errorf("%s: %d answers by its file, %d by tables", file, len(byFile), len(byTables))
		}
		for id, a := range byFile {
			if sameAnswer(t, file, a, byTables[id]); a.Reason != want {
				t.Errorf("%s: %q", file, a.Reason)
			}
		}
	}
}

func TestEstimate_savedModelIsPricedByTheFunctionItCalls(t *testing.T) {
	code, stdout, stderr := gaugenn(t, "estimate", "../../graph/format/tensorflow/testdata/saved_model.pb", "--device", "Pixel 7", "--layers")
	if code != 0 || !strings.Contains(stdout, " MatMul ") || strings.Contains(stdout, " Call ") || strings.Contains(stdout, "memory  unknown") {
		t.Errorf("exit %d: %s%s\nwant the kernels of the function", code, stdout, stderr)
	}
}

// A converted LSTM is a loop: its six steps cost six times one.
func TestEstimate_loopIsPricedByItsStepsInFileAndTables(t *testing.T) {
	net, tables := "../../graph/format/tflite/testdata/lstm_converted.tflite", filepath.Join(t.TempDir(), "tables")
	if code, _, stderr := gaugenn(t, "scan", net, "-o", tables, "-q"); code != 0 {
		t.Fatal(stderr)
	}
	byTables := pricesOf(t, tables)
	for id, a := range pricesOf(t, net) {
		b := byTables[id]
		a.PeakMemoryBytes, b.PeakMemoryBytes = nil, nil // what only passes through a body is in no row
		sameAnswer(t, "lstm_converted.tflite", a, b)
		if !strings.Contains(a.Reason, "loops or functions: priced by the one with most of it, 6 times") {
			t.Errorf("reason %q", a.Reason)
		}
	}
}
