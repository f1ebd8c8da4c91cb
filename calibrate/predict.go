package calibrate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"strings"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// asked is the key of a question.
type asked struct{ name, id string }

// predictFold gives each predictor the test rows that it is the first to claim and the rest to the one for the rest, and returns the answers in
// test order. Predictors see values in the units of unitScale.
func predictFold(ctx context.Context, fold *record.Fold, opt *Options, step *Step) ([]record.Prediction, error) {
	scaled := &record.Fold{Name: fold.Name, Train: inCommonUnits(fold.Train), Given: inCommonUnits(fold.Given), Test: inCommonUnits(fold.Test)}
	rows := make([][]record.Row, len(opt.Predictors))
	for i := range scaled.Test {
		for j, p := range opt.Predictors {
			if p.Claims(&scaled.Test[i]) {
				rows[j] = append(rows[j], scaled.Test[i])
				break
			}
		}
	}
	got := map[asked]record.Prediction{}
	for j, p := range opt.Predictors {
		if len(rows[j]) == 0 {
			continue
		}
		preds, err := predict(ctx, p, scaled, rows[j], opt.Env)
		if err != nil && (opt.Rest == nil || ctx.Err() != nil) {
			return nil, fmt.Errorf("%s: %w", p.Name(), err)
		}
		if err != nil {
			step.Failed = append(step.Failed, fmt.Errorf("%s: %w", p.Name(), err))
		}
		keep(got, preds)
	}
	if opt.Rest != nil {
		var rest []record.Row
		for i := range scaled.Test {
			if _, ok := got[asked{scaled.Test[i].Case, scaled.Test[i].ID}]; !ok {
				rest = append(rest, scaled.Test[i])
			}
		}
		step.Rest = len(rest)
		if len(rest) > 0 {
			preds, err := predict(ctx, opt.Rest, scaled, rest, opt.Env)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", opt.Rest.Name(), err)
			}
			keep(got, preds)
		}
	}
	out := make([]record.Prediction, 0, len(got))
	for i := range fold.Test {
		r := &fold.Test[i]
		if q, ok := got[asked{r.Case, r.ID}]; ok {
			_, by := unitScale(r)
			q.Value, q.Lo, q.Hi = q.Value/by, q.Lo/by, q.Hi/by
			out = append(out, q)
		}
	}
	return out, nil
}

// predict asks one predictor for some test rows of a fold. A panic is an error: it must not cost the other rows their answers.
func predict(ctx context.Context, p record.Predictor, fold *record.Fold, rows []record.Row, env *record.Env) (preds []record.Prediction, err error) {
	defer func() {
		if r := recover(); r != nil {
			preds, err = nil, fmt.Errorf("%w: %v\n%s", ErrPanic, r, debug.Stack())
		}
	}()
	return p.Predict(ctx, &record.Fold{Name: fold.Name, Train: fold.Train, Given: fold.Given, Test: rows}, env)
}

// ErrPanic is the kind of an error about a predictor that broke down.
var ErrPanic = errors.New("predictor broke down")

// widest is the factor either way of an interval that a predictor left open.
const widest = 20

// keep stores the answers that are positive and finite. An interval that is not finite or does not hold its value becomes a wide one.
func keep(got map[asked]record.Prediction, preds []record.Prediction) {
	for _, q := range preds {
		if !(q.Value > 0) || math.IsInf(q.Value, 0) {
			continue
		}
		if !(q.Lo >= 0 && q.Lo <= q.Value) {
			q.Lo = q.Value / widest
		}
		if !(q.Hi >= q.Value) || math.IsInf(q.Hi, 0) {
			q.Hi = q.Value * widest
		}
		got[asked{q.Case, q.RowID}] = q
	}
}

// common is the unit of each quantity that predictors see.
var common = map[string]struct {
	unit   string
	scales map[string]float64
}{
	"latency": {"ms", map[string]float64{"s": 1e3, "ms": 1, "us": 1e-3, "\u00b5s": 1e-3, "\u03bcs": 1e-3, "ns": 1e-6}},
	"energy":  {"mJ", map[string]float64{"J": 1e3, "mJ": 1, "uJ": 1e-3, "\u00b5J": 1e-3, "\u03bcJ": 1e-3, "nJ": 1e-6}},
}

// unitScale returns the unit in which predictors see a row, and what its values are multiplied by for that.
func unitScale(r *record.Row) (unit string, by float64) {
	metric := r.Metric
	if metric == "" {
		metric = "latency"
	}
	if v, ok := common[metric].scales[strings.TrimSpace(r.Unit)]; ok {
		return common[metric].unit, v
	}
	return r.Unit, 1
}

// inCommonUnits returns the rows with their values in the units of unitScale; rows that have them already are not copied.
func inCommonUnits(rows []record.Row) []record.Row {
	out := rows
	for i := range rows {
		unit, by := unitScale(&rows[i])
		if unit == rows[i].Unit {
			continue
		}
		if &out[0] == &rows[0] {
			out = append([]record.Row(nil), rows...)
		}
		out[i].Unit, out[i].Value = unit, rows[i].Value*by
	}
	return out
}
