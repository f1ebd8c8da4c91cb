package plan_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/calibrate/plan"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// net returns a network of equal convolutions of one kind.
func net(kind feature.Kind, kernel, layers int, macs float64) *feature.Network {
	n := &feature.Network{}
	for range layers {
		n.Layers = append(n.Layers, feature.Layer{Kind: kind, KernelH: kernel, KernelW: kernel, MACs: macs / float64(layers), OutElems: 1e4, InElems: 1e4, Pixels: 100, Known: true})
	}
	return n
}

// collection is many pointwise networks of various sizes, a few depthwise ones and a single dense one.
func collection() []plan.Candidate {
	var out []plan.Candidate
	add := func(name string, n *feature.Network) { out = append(out, plan.Candidate{ID: name, Name: name, Net: n}) }
	for i := range 12 {
		add(fmt.Sprintf("point%02d", i), net(feature.Conv, 1, 10+i, 1e6*float64(int(1)<<i)))
	}
	for i := range 4 {
		add(fmt.Sprintf("depth%02d", i), net(feature.DepthConv, 3, 10, 1e6*float64(1+i)))
	}
	add("deconv", net(feature.Deconv, 2, 4, 5e6))
	return out
}

func names(p *plan.Plan) (out []string) {
	for _, m := range p.Models {
		out = append(out, m.Name)
	}
	return out
}

func TestChoose_coversEveryKindOfWork(t *testing.T) {
	p, err := plan.Choose(collection(), plan.Options{Models: 5})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(names(p), " ")
	for _, kind := range []string{"point", "depth", "deconv"} {
		if !strings.Contains(text, kind) {
			t.Errorf("no %s among %s", kind, text)
		}
	}
	for i, m := range p.Models {
		if m.Step != i+1 || m.Reason == "" || m.Covers == "" || m.SD <= 0 || m.CostS <= 0 {
			t.Errorf("%+v", m)
		}
	}
}

func TestChoose_sameWhateverTheOrder(t *testing.T) {
	a, err := plan.Choose(collection(), plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c := collection()
	slices.Reverse(c)
	c = append(c, c[3]) // the same bytes under another name
	b, err := plan.Choose(c, plan.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
}

func TestChoose_keepsToTheBudget(t *testing.T) {
	for _, budget := range []time.Duration{8 * time.Second, 30 * time.Second} {
		p, err := plan.Choose(collection(), plan.Options{Budget: budget})
		if err != nil {
			t.Fatal(err)
		}
		if p.CostS > budget.Seconds() || p.CostS < 0.5*budget.Seconds() {
			t.Errorf("%s: expected cost %.1f s of %d models", budget, p.CostS, len(p.Models))
		}
	}
	if _, err := plan.Choose(collection(), plan.Options{Budget: time.Second}); !errors.Is(err, plan.ErrNothing) {
		t.Errorf("a second: %v", err)
	}
	if _, err := plan.Choose(nil, plan.Options{}); !errors.Is(err, plan.ErrNothing) {
		t.Errorf("no candidate: %v", err)
	}
}

func TestChoose_nextIsWhatTheRunsLeaveUnsure(t *testing.T) {
	all := collection()
	var done []plan.Candidate
	for _, c := range all {
		if strings.HasPrefix(c.Name, "point") {
			done = append(done, c)
		}
	}
	p, err := plan.Choose(all, plan.Options{Models: 2, Done: done})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names(p) {
		if strings.HasPrefix(n, "point") {
			t.Errorf("chose %v after all pointwise networks were run", names(p))
		}
	}
}

// What a plan leaves unsure is after its own runs, without the one that was too little worth to be made.
func TestChoose_leftIsAfterItsOwnRuns(t *testing.T) {
	var alike []plan.Candidate
	for i := range 40 {
		alike = append(alike, plan.Candidate{ID: fmt.Sprint(i), Name: fmt.Sprint(i), Net: net(feature.Conv, 1, 10, 1e8+1e5*float64(i))})
	}
	all, err := plan.Choose(alike, plan.Options{})
	if err != nil || len(all.Models) == all.Considered {
		t.Fatalf("%d models of %d, %v", len(all.Models), all.Considered, err)
	}
	same, err := plan.Choose(alike, plan.Options{Models: len(all.Models)})
	if err != nil || !slices.Equal(names(same), names(all)) || same.MeanSDLeft != all.MeanSDLeft {
		t.Errorf("%g is left after %q, %g after %q, %v", all.MeanSDLeft, names(all), same.MeanSDLeft, names(same), err)
	}
}

func BenchmarkChoose(b *testing.B) {
	c := collection()
	for b.Loop() {
		if _, err := plan.Choose(c, plan.Options{Models: 8}); err != nil {
			b.Fatal(err)
		}
	}
}
