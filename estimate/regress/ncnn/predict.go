package ncnn

import (
	"context"
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// source is the collection whose rows this package was made for; rows of other collections are taken if they name the runtime.
const source = "ncnn-readme"

// Predictor answers latency rows of the ncnn runtime. The zero value is ready for use.
type Predictor struct{}

// Name returns "ncnn".
func (Predictor) Name() string { return "ncnn" }

// Claims reports whether the row is an ncnn latency whose graph is named.
func (Predictor) Claims(r *record.Row) bool {
	return (r.Source == source || r.Runtime == "ncnn") && r.Graph != "" && (r.Metric == "" || r.Metric == "latency")
}

// Predict fits on the ncnn rows of fold.Train and answers the test rows whose graph can be read; the others are left out.
func (p Predictor) Predict(ctx context.Context, fold *record.Fold, env *record.Env) ([]record.Prediction, error) {
	w := newWorld(env)
	samples := trainingSamples(w, fold.Train)
	cases := collectCases(w, fold)
	if len(samples) == 0 || len(cases) == 0 {
		return nil, nil
	}
	fs, err := thetas()
	if err != nil {
		return nil, err
	}
	socs, families := newNames(samples, cases)
	like := newLikeness(chooseTheta(fs, socs, families), &w.tab)
	mix, err := fitMixture(ctx, samples, like, len(families) > 0)
	if err != nil {
		return nil, err
	}
	return mix.answer(cases)
}

// mixture averages models that take the nominal roofline as linear at different places.
type mixture struct {
	models []*model
	scale  *scales
}

// fitMixture fits the process at the prior's linearisation and, where networks are new, once more at the class factors that the first fit
// expects: for networks that are known nothing depends on the linearisation.
func fitMixture(ctx context.Context, samples []sample, like *likeness, newNetworks bool) (*mixture, error) {
	first, err := fit(samples, like)
	if err != nil {
		return nil, fmt.Errorf("fit on %d rows: %w", len(samples), err)
	}
	mix := &mixture{models: []*model{first}}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if newNetworks {
		again, err := fit(append([]sample(nil), samples...), like.over(like.tab.relinear(first.offsets())))
		if err != nil {
			return nil, fmt.Errorf("second fit on %d rows: %w", len(samples), err)
		}
		mix.models = append(mix.models, again)
	}
	mix.scale, err = calibrate(mix.models)
	if err != nil {
		return nil, fmt.Errorf("calibrate: %w", err)
	}
	return mix, ctx.Err()
}

// trainingSamples returns the rows that can be learnt from, in order.
func trainingSamples(w *world, rows []record.Row) []sample {
	var out []sample
	for i := range rows {
		r := &rows[i]
		if !r.Known() || !(Predictor{}).Claims(r) {
			continue
		}
		p, ok := w.point(r)
		if !ok {
			continue
		}
		out = append(out, sample{point: p, y: math.Log(r.Value), group: groupOf(r), family: r.Family, soc: r.SoCGroup, run: r.RunID, extraNoise: 1})
	}
	return out
}

// question is one case: a run, its measured rows and the rows asked for.
type question struct {
	name   string
	row    *record.Row // any row of the case
	given  []int       // points
	values []float64   // logs of the measured latencies
	want   []int
	ids    []string
	family []string
}

// collectCases groups given and test rows by case, in the order of the test rows.
func collectCases(w *world, fold *record.Fold) []*question {
	byName := map[string]*question{}
	var out []*question
	for i := range fold.Test {
		r := &fold.Test[i]
		p, ok := w.point(r)
		if !ok {
			continue
		}
		q := byName[r.Case]
		if q == nil {
			q = &question{name: r.Case, row: r}
			byName[r.Case] = q
			out = append(out, q)
		}
		q.want, q.ids, q.family = append(q.want, p), append(q.ids, r.ID), append(q.family, r.Family)
	}
	for i := range fold.Given {
		r := &fold.Given[i]
		q := byName[r.Case]
		if q == nil || !r.Known() {
			continue
		}
		if p, ok := w.point(r); ok {
			q.given, q.values = append(q.given, p), append(q.values, math.Log(r.Value))
		}
	}
	return out
}

// newNames returns the chips and families of the questions that no sample has.
func newNames(samples []sample, cases []*question) (socs, families []string) {
	seenS, seenF := map[string]bool{}, map[string]bool{}
	for i := range samples {
		seenS[samples[i].soc], seenF[samples[i].family] = true, true
	}
	for _, q := range cases {
		if s := q.row.SoCGroup; !seenS[s] {
			seenS[s] = true
			socs = append(socs, s)
		}
		for _, f := range q.family {
			if !seenF[f] {
				seenF[f] = true
				families = append(families, f)
			}
		}
	}
	return socs, families
}

// mostShift bounds the shift from median to the point that is best for relative errors.
const mostShift = .4

// answer predicts all cases. Cases of one run share one joint posterior.
func (m *mixture) answer(cases []*question) ([]record.Prediction, error) {
	knownRun, knownFamily := map[string]bool{}, map[string]bool{}
	for _, s := range m.models[0].samples {
		knownRun[s.run], knownFamily[s.family] = true, true
	}
	byRun := map[string][]*question{}
	var runs []string
	for _, q := range cases {
		if byRun[q.row.RunID] == nil {
			runs = append(runs, q.row.RunID)
		}
		byRun[q.row.RunID] = append(byRun[q.row.RunID], q)
	}
	var out []record.Prediction
	for _, run := range runs {
		at := map[int]int{}
		var points []int
		place := func(ps []int) {
			for _, p := range ps {
				if _, ok := at[p]; !ok {
					at[p] = len(points)
					points = append(points, p)
				}
			}
		}
		for _, q := range byRun[run] {
			place(q.want)
			place(q.given)
		}
		g := groupOf(byRun[run][0].row)
		posts := m.posteriors(points, g)
		for _, q := range byRun[run] {
			mu, v, err := average(posts, lookup(at, q.given), q.values, lookup(at, q.want))
			if err != nil {
				return nil, fmt.Errorf("case %q: %w", q.name, err)
			}
			for i := range mu {
				scale := m.scale.of(knownRun[run], knownFamily[q.family[i]], g, len(q.given))
				if tab := m.models[0].like.tab; tab.runs[tab.points[q.want[i]].run].unknown {
					scale = math.Max(scale, z90) // scales come from devices with published facts
				}
				out = append(out, predictionOf(q.name, q.ids[i], mu[i], v[i], scale))
			}
		}
	}
	return out, nil
}

// votes returns the models that have a say in a group. On Vulkan the class factors are too uncertain to linearise at.
func votes(models []*model, g group) []*model {
	if g == vulkan {
		return models[:1]
	}
	return models
}

// posteriors returns the joint posterior of the points by each model that has a say.
func (m *mixture) posteriors(points []int, g group) []*posterior {
	var out []*posterior
	for _, x := range votes(m.models, g) {
		out = append(out, x.predict(points))
	}
	return out
}

// average conditions each posterior on the given rows and averages means and variances.
func average(posts []*posterior, given []int, values []float64, want []int) (mu, variance []float64, err error) {
	mu, variance = make([]float64, len(want)), make([]float64, len(want))
	for _, p := range posts {
		a, v, err := p.given(given, values, want)
		if err != nil {
			return nil, nil, err
		}
		for i := range want {
			mu[i], variance[i] = mu[i]+a[i]/float64(len(posts)), variance[i]+v[i]/float64(len(posts))
		}
	}
	return mu, variance, nil
}

func lookup(at map[int]int, points []int) []int {
	out := make([]int, len(points))
	for i, p := range points {
		out[i] = at[p]
	}
	return out
}

// predictionOf turns a normal in logs into an answer. The point minimises the expected relative error of a lognormal, which is its
// median times exp(-variance).
func predictionOf(name, id string, mu, variance, scale float64) record.Prediction {
	sd := math.Sqrt(math.Max(variance, 1e-4))
	wide := sd * scale / z90
	return record.Prediction{Case: name, RowID: id, Value: math.Exp(mu - math.Min(wide*wide, mostShift)),
		Lo: math.Exp(mu - scale*sd), Hi: math.Exp(mu + scale*sd)}
}
