package plan_test

import (
	"compress/gzip"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/additive"
	"github.com/gaugenn/gaugenn/calibrate/plan"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/all"
	"github.com/gaugenn/gaugenn/graph/op"
)

// phones returns the folder of recorded measurements, and skips where it is not.
func phones(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	p := filepath.Join(dir, "..", "shared", "phones")
	if _, err := os.Stat(p); err != nil {
		t.Skipf("recorded measurements: %v", err)
	}
	return p
}

// recordedRun is one device and setting over many networks.
type recordedRun struct {
	id     string
	models []string
	ms     map[string]float64
}

// recorded reads the ncnn runs on CPUs that cover at least 23 networks with a graph, and the networks.
func recorded(t testing.TB) ([]recordedRun, map[string]*feature.Network) {
	t.Helper()
	dir := phones(t)
	f, err := os.Open(filepath.Join(dir, "measurements", "ncnn.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := record.ReadRows(z)
	if err != nil {
		t.Fatal(err)
	}
	nets := map[string]*feature.Network{}
	byRun := map[string]*recordedRun{}
	var order []string
	for i := range rows {
		r := &rows[i]
		if r.Processor != "cpu" || r.Stat != "avg" || r.Graph == "" || !r.Known() {
			continue
		}
		if nets[r.Graph] == nil {
			nets[r.Graph] = network(t, filepath.Join(dir, filepath.FromSlash(r.Graph)))
		}
		run := byRun[r.RunID]
		if run == nil {
			run = &recordedRun{id: r.RunID, ms: map[string]float64{}}
			byRun[r.RunID] = run
			order = append(order, r.RunID)
		}
		if _, ok := run.ms[r.Graph]; !ok {
			run.models = append(run.models, r.Graph)
		}
		run.ms[r.Graph] = r.Value
	}
	var out []recordedRun
	for _, id := range order {
		if run := byRun[id]; len(run.models) >= 23 {
			slices.Sort(run.models)
			out = append(out, *run)
		}
	}
	return out, nets
}

func network(t testing.TB, path string) *feature.Network {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all.Formats() {
		if f.Name != "ncnn" {
			continue
		}
		m, err := f.Parse(format.Input{Path: path, Name: filepath.Base(path), Data: b, Open: func(string) ([]byte, error) { return nil, format.ErrNotFound }})
		if err != nil {
			t.Fatal(err)
		}
		shaped, _ := op.Infer(m)
		return feature.Of(filepath.Base(path), shaped.Graphs[0], op.Costs(shaped)[0], feature.FuseNone)
	}
	t.Fatal("no ncnn format")
	return nil
}

// held is the error of a fit on some networks of a run: the mean relative error over those held out.
func held(t testing.TB, run *recordedRun, nets map[string]*feature.Network, train, test []string) float64 {
	t.Helper()
	var samples []additive.Sample
	for _, g := range train {
		samples = append(samples, additive.Sample{Group: g, Terms: additive.Terms(nets[g]), LatencyMS: run.ms[g]})
	}
	m, err := additive.Point(samples)
	if err != nil {
		t.Fatal(err)
	}
	s := 0.0
	for _, g := range test {
		s += math.Abs(m.ValueMS(additive.Terms(nets[g]))/run.ms[g] - 1)
	}
	return s / float64(len(test))
}

// TestChoose_beatsRandomOnRecordedRuns is the recorded experiment: on every second ncnn run that covers 23 networks, three networks are held
// out at random; the error on them after 12 runs that the plan chooses is compared with that after 12 at random, and after all 20.
func TestChoose_beatsRandomOnRecordedRuns(t *testing.T) {
	runs, nets := recorded(t)
	rng := rand.New(rand.NewPCG(5, 23))
	errs := map[string][]float64{}
	for i := 0; i < len(runs); i += 2 {
		run := &runs[i]
		for range 4 {
			order := slices.Clone(run.models)
			rng.Shuffle(len(order), func(a, b int) { order[a], order[b] = order[b], order[a] })
			test, pool := order[:3], order[3:]
			chosen := choose(t, nets, pool)
			for _, k := range []int{1, 2, 4, 6, 8, 10, 12, 16, 20} {
				errs[fmt.Sprintf("plan %d", k)] = append(errs[fmt.Sprintf("plan %d", k)], held(t, run, nets, chosen[:min(k, len(chosen))], test))
				errs[fmt.Sprintf("random %d", k)] = append(errs[fmt.Sprintf("random %d", k)], held(t, run, nets, pool[:min(k, len(pool))], test))
			}
		}
	}
	med := func(key string) float64 { s := slices.Clone(errs[key]); slices.Sort(s); return s[len(s)/2] }
	for _, k := range []int{1, 2, 4, 6, 8, 10, 12, 16, 20} {
		t.Logf("k=%2d: median error, plan %.3f, random %.3f", k, med(fmt.Sprintf("plan %d", k)), med(fmt.Sprintf("random %d", k)))
	}
	t.Logf("%d runs, %d draws", len(runs), len(errs["plan 12"]))
	if p, r := med("plan 12"), med("random 12"); p > r {
		t.Errorf("plan of 12: %.4f, random 12: %.4f", p, r)
	}
}

// choose orders a pool of networks by the plan, each as dear as the other.
func choose(t testing.TB, nets map[string]*feature.Network, pool []string) []string {
	t.Helper()
	var c []plan.Candidate
	for _, g := range pool {
		c = append(c, plan.Candidate{ID: g, Name: g, Net: nets[g], LatencyMS: 1})
	}
	p, err := plan.Choose(c, plan.Options{Setup: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range p.Models {
		out = append(out, m.ID)
	}
	return out
}
