package plain_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/plain"
)

func env() *record.Env {
	return &record.Env{
		Network: func(path string) (*feature.Network, error) { return nil, errors.New("no such graph") },
		Device: func(r *record.Row) (*record.Device, bool) {
			return &record.Device{NPUTOPs: 20}, r.Device == "known"
		},
	}
}

func row(run, model string, value float64) record.Row {
	return record.Row{ID: run + "/" + model, Case: run, RunID: run, SoCGroup: run, Model: model, Processor: "npu", Runtime: "rt", Metric: "throughput", Unit: "samples/s", Value: value}
}

// answers returns the predictions by row.
func answers(t *testing.T, f *record.Fold) map[string]record.Prediction {
	t.Helper()
	preds, err := plain.Predictor{}.Predict(context.Background(), f, env())
	if err != nil {
		t.Fatal(err)
	}
	if len(preds) != len(f.Test) {
		t.Fatalf("%d answers for %d rows", len(preds), len(f.Test))
	}
	out := map[string]record.Prediction{}
	for _, p := range preds {
		if !(p.Lo > 0 && p.Lo < p.Value && p.Value < p.Hi) || math.IsInf(p.Hi, 0) {
			t.Errorf("%s: %g in %g to %g", p.RowID, p.Value, p.Lo, p.Hi)
		}
		out[p.RowID] = p
	}
	return out
}

func TestPredict_knownNetworkOnANewRunFollowsNetworkAndGivenRows(t *testing.T) {
	f := &record.Fold{}
	for r := range 8 {
		for m := range 6 {
			f.Train = append(f.Train, row(fmt.Sprint("r", r), fmt.Sprint("m", m), 10*math.Exp(float64(m)+.1*float64(r))))
		}
	}
	f.Given = []record.Row{row("new", "m0", 40), row("new", "m1", 40*math.E)}
	f.Test = []record.Row{row("new", "m5", math.NaN()), row("new", "never seen", math.NaN())}
	got := answers(t, f)
	if p := got["new/m5"]; math.Abs(math.Log(p.Value/(40*math.Exp(5)))) > .25 {
		t.Errorf("m5: %g, want about %g", p.Value, 40*math.Exp(5))
	}
	if a, b := got["new/m5"], got["new/never seen"]; b.Hi/b.Lo < 2*a.Hi/a.Lo {
		t.Errorf("a network that was never seen is answered within %g, a known one within %g", b.Hi/b.Lo, a.Hi/a.Lo)
	}
}

func TestPredict_withoutTrainingRowsIsAWideGuess(t *testing.T) {
	other := row("r", "m", 5)
	other.Metric, other.Unit = "latency", "ms"
	got := answers(t, &record.Fold{Train: []record.Row{other}, Test: []record.Row{row("new", "m", math.NaN()), {ID: "x"}}})
	for id, p := range got {
		if p.Hi/p.Lo < 100 {
			t.Errorf("%s: answered within a factor of %g", id, p.Hi/p.Lo)
		}
	}
}

func TestPredict_manyRowsAreThinnedTowardsTheAskedOnes(t *testing.T) {
	f := &record.Fold{Test: []record.Row{row("new", "m3", math.NaN())}}
	for r := range 90 {
		for m := range 20 {
			f.Train = append(f.Train, row(fmt.Sprint("r", r), fmt.Sprint("m", m), float64(1+m)))
		}
	}
	if p := answers(t, f)["new/m3"]; p.Value < 2.4 || p.Value > 4.2 || p.Lo > 4 || p.Hi < 4 {
		t.Errorf("got %g, want 4 or, as the level of the run is not known, somewhat below", p.Value)
	}
}
