package nas_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/feature/arch"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/nas"
)

// cell draws a random cell.
func cell(rng *rand.Rand) string {
	ops := append(arch.CellOps(), "none")
	var nodes []string
	for to := 1; to <= 3; to++ {
		var items []string
		for from := 0; from < to; from++ {
			items = append(items, fmt.Sprintf("%s~%d", ops[rng.IntN(len(ops))], from))
		}
		nodes = append(nodes, "|"+strings.Join(items, "|")+"|")
	}
	return strings.Join(nodes, "+")
}

func cells(n int, seed uint64) []string {
	rng := rand.New(rand.NewPCG(seed, 0))
	var out []string
	for len(out) < n {
		if c := cell(rng); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// phone is a made-up phone with known unit costs.
type phone struct {
	name                       string
	rule                       arch.Rule
	macs, launch, fixed, noise float64 // ms per 1e6 MACs, per layer, per inference; relative noise
}

func (p phone) time(t *testing.T, a string, rng *rand.Rand) float64 {
	t.Helper()
	n, err := arch.Network(a, p.rule)
	if err != nil {
		t.Fatal(err)
	}
	return (p.macs*n.MACs()/1e6 + p.launch*float64(len(n.Layers)) + p.fixed) * math.Exp(p.noise*rng.NormFloat64())
}

var phones = []phone{
	{"a", arch.RunAll, .05, .02, 2, .02},
	{"b", arch.RunAll, .1, .01, 1, .03},
	{"c", arch.RunAll, .08, .05, 3, .02},
}

func world(t *testing.T, target phone) (train, given, test []nas.Sample, asked []string) {
	rng := rand.New(rand.NewPCG(9, 0))
	all := cells(240, 1)
	for _, p := range phones {
		for _, a := range all[:150] {
			train = append(train, nas.Sample{Phone: p.name, Arch: a, LatencyMS: p.time(t, a, rng)})
		}
	}
	for i, a := range all[150:] {
		s := nas.Sample{Phone: target.name, Arch: a, LatencyMS: target.time(t, a, rng)}
		if i < 10 {
			given = append(given, s)
		} else {
			test = append(test, s)
		}
		asked = append(asked, a)
	}
	return train, given, test, asked
}

func TestPredict_unseenPhone(t *testing.T) {
	for _, c := range []struct {
		target phone
		limit  float64
	}{
		{phone{"same kind", arch.RunAll, .07, .03, 1.5, .02}, .04},
		{phone{"other execution rule", arch.RunUseful, .07, .03, 1.5, .02}, .06},
	} {
		train, given, test, asked := world(t, c.target)
		m, err := nas.Fit(train, asked)
		if err != nil {
			t.Fatal(err)
		}
		archs := make([]string, len(test))
		for i := range test {
			archs[i] = test[i].Arch
		}
		preds, err := m.Predict(given, archs)
		if err != nil {
			t.Fatal(err)
		}
		e, inside := 0., 0
		for i, p := range preds {
			e += math.Abs(p.LatencyMS/test[i].LatencyMS-1) / float64(len(test))
			if p.Lo <= test[i].LatencyMS && test[i].LatencyMS <= p.Hi {
				inside++
			}
		}
		if e > c.limit {
			t.Errorf("%s: mean relative error %.3f, limit %.3f, noise alone .016", c.target.name, e, c.limit)
		}
		if cover := float64(inside) / float64(len(test)); cover < .75 {
			t.Errorf("%s: intervals cover %.2f", c.target.name, cover)
		}
	}
}

func TestPredict_withoutSamplesIsWide(t *testing.T) {
	train, _, test, asked := world(t, phones[0])
	m, err := nas.Fit(train, asked)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Predict(nil, []string{test[0].Arch})
	if err != nil {
		t.Fatal(err)
	}
	if p[0].Hi/p[0].Lo < 20 {
		t.Errorf("interval %v..%v without one sample of the phone", p[0].Lo, p[0].Hi)
	}
}

func TestFit_refusesWithoutSources(t *testing.T) {
	if _, err := nas.Fit([]nas.Sample{{Phone: "a", Arch: cells(1, 1)[0], LatencyMS: 1}}, nil); err == nil {
		t.Error("one sample was accepted")
	}
}

func TestTerms_namesFitValues(t *testing.T) {
	n, err := arch.Network(cells(1, 1)[0], arch.RunAll)
	if err != nil {
		t.Fatal(err)
	}
	if len(nas.Terms(n)) != len(nas.TermNames()) {
		t.Errorf("%d terms, %d names", len(nas.Terms(n)), len(nas.TermNames()))
	}
}

func TestPredictor_answersEveryCase(t *testing.T) {
	train, given, test, _ := world(t, phone{"new", arch.RunAll, .07, .03, 1.5, .02})
	fold := &record.Fold{}
	row := func(s nas.Sample, c string) record.Row {
		return record.Row{ID: s.Phone + "/" + s.Arch, Case: c, Device: s.Phone, Graph: s.Arch, Metric: "latency", Value: s.LatencyMS}
	}
	for _, s := range train {
		fold.Train = append(fold.Train, row(s, ""))
	}
	for k, s := range given {
		if k < 5 {
			fold.Given = append(fold.Given, row(s, "five"))
		}
		fold.Given = append(fold.Given, row(s, "ten"))
	}
	for _, c := range []string{"five", "ten"} {
		for _, s := range test {
			r := row(s, c)
			r.Value = math.NaN()
			fold.Test = append(fold.Test, r)
		}
	}
	out, err := (nas.Predictor{}).Predict(context.Background(), fold, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != len(fold.Test) {
		t.Fatalf("%d answers to %d rows", len(out), len(fold.Test))
	}
	again, err := (nas.Predictor{}).Predict(context.Background(), fold, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(out, again) {
		t.Error("two runs differ")
	}
}
