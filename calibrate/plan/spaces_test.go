package plan_test

import (
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/feature/arch"
	"github.com/gaugenn/gaugenn/estimate/record"
)

// spaces reads the recorded phones of two search spaces, thousands of networks each: FBNet and NAS-Bench-201.
func spaces(t testing.TB) []recordedRun {
	t.Helper()
	dir := phones(t)
	var out []recordedRun
	for _, name := range []string{"help_fbnet", "help_nb201"} {
		f, err := os.Open(filepath.Join(dir, "measurements", name+".csv.gz"))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := record.ReadRows(z)
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		byRun := map[string]*recordedRun{}
		for i := range rows {
			r := &rows[i]
			if !r.Known() || r.Metric != "latency" {
				continue
			}
			run := byRun[r.RunID]
			if run == nil {
				run = &recordedRun{id: r.RunID, ms: map[string]float64{}}
				byRun[r.RunID] = run
			}
			if _, ok := run.ms[r.Graph]; !ok {
				run.models = append(run.models, r.Graph)
			}
			run.ms[r.Graph] = r.Value
		}
		for _, run := range byRun {
			out = append(out, *run)
		}
	}
	slices.SortFunc(out, func(a, b recordedRun) int { return strings.Compare(a.id, b.id) })
	return out
}

// TestChoose_twelveOfThousands holds the plan to a pool much larger than its choice: of 300 networks of a search space 12 are chosen, and the
// error on 200 others is compared with that after 12 and 20 at random.
func TestChoose_twelveOfThousands(t *testing.T) {
	if testing.Short() {
		t.Skip("reads thousands of networks")
	}
	runs := spaces(t)
	rng := rand.New(rand.NewPCG(7, 11))
	draws := 4
	if os.Getenv("GAUGENN_LONG") != "" {
		draws = 16
	}
	ks := []int{2, 4, 6, 8, 12, 16, 20}
	errs := map[string][]float64{}
	for i := range runs {
		run := &runs[i]
		space := "fbnet"
		if arch.IsCell(run.models[0]) {
			space = "nb201"
		}
		for range draws {
			pool, test, nets := drawSpace(t, rng, run)
			chosen := choose(t, nets, pool)
			for _, k := range ks {
				errs[fmt.Sprintf("%s plan %d", space, k)] = append(errs[fmt.Sprintf("%s plan %d", space, k)], held(t, run, nets, chosen[:min(k, len(chosen))], test))
				errs[fmt.Sprintf("%s random %d", space, k)] = append(errs[fmt.Sprintf("%s random %d", space, k)], held(t, run, nets, pool[:k], test))
			}
		}
	}
	med := func(key string) float64 { s := slices.Clone(errs[key]); slices.Sort(s); return s[len(s)/2] }
	for _, space := range []string{"fbnet", "nb201"} {
		for _, k := range ks {
			t.Logf("%s k=%2d: median error, plan %.4f, random %.4f", space, k, med(fmt.Sprintf("%s plan %d", space, k)), med(fmt.Sprintf("%s random %d", space, k)))
		}
		if p, r := med(space+" plan 12"), med(space+" random 12"); p > r {
			t.Errorf("%s: plan of 12: %.4f, random 12: %.4f", space, p, r)
		}
	}
}

// drawSpace draws 300 networks to choose from and 200 others.
func drawSpace(t testing.TB, rng *rand.Rand, run *recordedRun) (pool, test []string, nets map[string]*feature.Network) {
	t.Helper()
	nets = map[string]*feature.Network{}
	for _, i := range rng.Perm(len(run.models)) {
		g := run.models[i]
		n, err := arch.Network(g, arch.RunUseful)
		if err != nil || n.MACs() < 1e6 {
			continue
		}
		nets[g] = n
		if len(pool) < 300 {
			pool = append(pool, g)
		} else if test = append(test, g); len(test) == 200 {
			break
		}
	}
	return pool, test, nets
}
