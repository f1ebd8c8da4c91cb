package main

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A model whose file leaves the size of its image open is priced at the size that it is run at.
func TestCandidate_hasTheSizeOfItsRun(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "graph", "format", "ncnn", "testdata", "small.param"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "squeezenet.param")
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), "data 0=8 1=8 2=3", "data", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := candidateOf(file, []string{"ncnn"})
	if err != nil {
		t.Fatal(err)
	}
	shapes, _ := inputShapes(file)
	elems := 1.0
	for _, n := range shapes["data"] {
		elems *= float64(n)
	}
	if len(shapes["data"]) == 0 || c.Net.InputElems != elems {
		t.Errorf("priced with %v numbers, run with %v", c.Net.InputElems, shapes)
	}
}

// What a plan is expected to take holds everything in it: what was chosen, what --all adds and probes, on each device.
func TestCalibrate_sampleCountsTheTimeOfAll(t *testing.T) {
	fixtures, planFile := filepath.Join("..", "..", "graph", "format", "tflite", "testdata"), filepath.Join(t.TempDir(), "plan.json")
	said := calibrated(t, "calibrate", "sample", "--models", fixtures, "--most", "1", "--all", "--probes", "3", "--devices", "Pixel 7,Galaxy A15", "-o", planFile)
	p, err := readPlan(planFile)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, m := range p.Models {
		if m.CostS < 3 { // two seconds to set up, one of repeats
			t.Errorf("%s: %g s", m.Name, m.CostS)
		}
		sum += m.CostS
	}
	if len(p.Models) < 8 || math.Abs(p.CostS-sum) > 1e-6 || p.BudgetS != 1200 {
		t.Errorf("%d models, %g s of a budget of %g, theirs are %g", len(p.Models), p.CostS, p.BudgetS, sum)
	}
	for _, d := range p.Devices {
		if p.DeviceCostS[d] < 3*float64(len(p.Models)) || p.DeviceCostS[d] > sum+1e-6 {
			t.Errorf("%s: %g s for %d models", d, p.DeviceCostS[d], len(p.Models))
		}
	}
	if !strings.Contains(said, "6 models and 3 probes to run, 6 distinct models considered (") {
		t.Errorf("said %s", said)
	}
}
