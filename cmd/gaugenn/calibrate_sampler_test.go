package main

import (
	"compress/gzip"
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/plan"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
)

// recordedRows reads the recorded ncnn runs on CPUs whose graph is known, and skips where they are not.
func recordedRows(t *testing.T) ([]record.Row, *record.Env) {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "phones")
	f, err := os.Open(filepath.Join(dir, "measurements", "ncnn.csv.gz"))
	if err != nil {
		t.Skipf("recorded measurements: %v", err)
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
	env, err := newEnv(dir, filepath.Join(dir, "devices.csv"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(rows, func(r record.Row) bool {
		return r.Processor != "cpu" || r.Stat != "avg" || r.Graph == "" || !r.Known()
	}), env
}

// TestSample_productPathOnRecordedPhones is the recorded experiment of the sampler with the regressor that estimate --given uses: of each phone,
// a profile is fitted on the rows of all others (its device and its chip left out); three networks are held out at random and the error on
// them is taken after k given rows that the plan chose under that profile, and after k at random.
func TestSample_productPathOnRecordedPhones(t *testing.T) {
	phones, err := strconv.Atoi(os.Getenv("GAUGENN_LONG"))
	if err != nil {
		t.Skip("fits a profile per phone, about 20 s each: GAUGENN_LONG=12 takes twelve phones")
	}
	rows, env := recordedRows(t)
	byRun := map[string][]record.Row{}
	var order []string
	for _, r := range rows {
		if byRun[r.RunID] == nil {
			order = append(order, r.RunID)
		}
		byRun[r.RunID] = append(byRun[r.RunID], r)
	}
	order = slices.DeleteFunc(order, func(id string) bool { return len(byRun[id]) < 23 })
	const draws = 6
	ks := []int{6, 12, 20}
	rng := rand.New(rand.NewPCG(5, 23))
	errs := map[string][]float64{}
	med := func(key string) float64 { s := slices.Clone(errs[key]); slices.Sort(s); return s[len(s)/2] }
	seen := map[string]bool{}
	for i := 0; i < len(order) && len(seen) < phones; i++ {
		run := byRun[order[i*37%len(order)]] // spread over the years of the tables
		if seen[run[0].SoC] {
			continue
		}
		seen[run[0].SoC] = true
		sampledPhone(t, rows, run, env, rng, draws, ks, errs)
		t.Logf("so far: plan of 12 %.4f, random 12 %.4f, random 20 %.4f", med("plan12"), med("random12"), med("random20"))
	}
	for _, k := range ks {
		t.Logf("k=%2d: median error, plan %.4f, random %.4f (%d draws)", k, med("plan"+strconv.Itoa(k)), med("random"+strconv.Itoa(k)), len(errs["plan"+strconv.Itoa(k)]))
	}
	if p, r := med("plan12"), med("random12"); p > r {
		t.Errorf("plan of 12: %.4f, random 12: %.4f", p, r)
	}
}

func sampledPhone(t *testing.T, rows, run []record.Row, env *record.Env, rng *rand.Rand, draws int, ks []int, errs map[string][]float64) {
	t.Helper()
	began := time.Now()
	train := slices.DeleteFunc(slices.Clone(rows), func(r record.Row) bool { return r.Device == run[0].Device || r.SoC == run[0].SoC })
	p, err := ncnn.FitProfile(context.Background(), train, env, "test")
	if err != nil {
		t.Fatal(err)
	}
	dev, _ := env.Device(&run[0])
	t.Logf("%s: fitted on %d rows, %s", run[0].Device, p.Rows(), time.Since(began).Round(time.Millisecond))
	bare, err := p.Target(&run[0], dev, nil)
	if err != nil {
		t.Fatal(err)
	}
	var list []ncnn.Given
	seen := map[string]bool{}
	for _, r := range run {
		net, err := env.Network(r.Graph)
		if err != nil || seen[r.Graph] {
			continue
		}
		seen[r.Graph] = true
		list = append(list, ncnn.Given{Network: net, LatencyMS: r.Value})
	}
	for range draws {
		rng.Shuffle(len(list), func(a, b int) { list[a], list[b] = list[b], list[a] })
		test, pool := list[:3], list[3:23]
		var candidates []plan.Candidate
		for i, g := range pool {
			candidates = append(candidates, plan.Candidate{ID: strconv.Itoa(i), Net: g.Network, LatencyMS: 1})
		}
		chosen, err := plan.Choose(candidates, plan.Options{Setup: time.Hour, Prior: bare.Covariance})
		if err != nil {
			t.Fatal(err)
		}
		planned := make([]ncnn.Given, 0, len(pool))
		for _, c := range chosen.Models {
			i, err := strconv.Atoi(c.ID)
			if err != nil {
				t.Fatal(err)
			}
			planned = append(planned, pool[i])
		}
		for _, k := range ks {
			for name, given := range map[string][]ncnn.Given{"plan": planned[:min(k, len(planned))], "random": pool[:k]} {
				target, err := p.Target(&run[0], dev, given)
				if err != nil {
					t.Fatal(err)
				}
				sum := 0.0
				for _, g := range test {
					a, _ := target.Predict(g.Network)
					sum += math.Abs(a.LatencyMS/g.LatencyMS-1) / float64(len(test))
				}
				errs[name+strconv.Itoa(k)] = append(errs[name+strconv.Itoa(k)], sum)
			}
		}
	}
}
