package nas

import (
	"context"
	"errors"
	"fmt"

	"github.com/gaugenn/gaugenn/estimate/feature/arch"
	"github.com/gaugenn/gaugenn/estimate/record"
)

// Predictor answers latency rows whose graph is an architecture string. The
// zero value is ready for use.
type Predictor struct{}

// Name returns "nas".
func (Predictor) Name() string { return "nas" }

// Claims reports whether the row is a latency of an architecture of a search
// space that package arch builds.
func (Predictor) Claims(r *record.Row) bool {
	if r.Metric != "" && r.Metric != "latency" {
		return false
	}
	if arch.IsCell(r.Graph) {
		_, err := arch.ParseCell(r.Graph)
		return err == nil
	}
	_, err := arch.ParseBlocks(r.Graph)
	return err == nil
}

// Predict fits on the rows of the test rows' search spaces and answers them; a
// space without phones to learn from is left out.
func (p Predictor) Predict(ctx context.Context, fold *record.Fold, _ *record.Env) ([]record.Prediction, error) {
	var out []record.Prediction
	for _, cells := range []bool{true, false} {
		part := p.part(fold, cells)
		if len(part.test) == 0 {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := Fit(part.train, part.asked)
		if errors.Is(err, ErrNoSources) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("fit on %d rows: %w", len(part.train), err)
		}
		for _, c := range part.cases {
			rows := part.test[c]
			archs := make([]string, len(rows))
			for i, r := range rows {
				archs[i] = r.Graph
			}
			preds, err := m.Predict(part.given[c], archs)
			if err != nil {
				return nil, err
			}
			for i, q := range preds {
				out = append(out, record.Prediction{Case: c, RowID: rows[i].ID, Value: q.LatencyMS, Lo: q.Lo, Hi: q.Hi})
			}
		}
	}
	return out, nil
}

// part is the part of a fold that lies in one search space.
type part struct {
	train []Sample
	given map[string][]Sample
	test  map[string][]*record.Row
	cases []string // of the test rows, in their order
	asked []string // architectures of given and test rows
}

func (p Predictor) part(fold *record.Fold, cells bool) *part {
	q := &part{given: map[string][]Sample{}, test: map[string][]*record.Row{}}
	in := func(r *record.Row) bool { return arch.IsCell(r.Graph) == cells && p.Claims(r) }
	sample := func(r *record.Row) Sample { return Sample{Phone: r.Device, Arch: r.Graph, LatencyMS: r.Value} }
	for i := range fold.Train {
		if r := &fold.Train[i]; r.Known() && in(r) {
			q.train = append(q.train, sample(r))
		}
	}
	for i := range fold.Given {
		if r := &fold.Given[i]; r.Known() && in(r) {
			q.given[r.Case] = append(q.given[r.Case], sample(r))
			q.asked = append(q.asked, r.Graph)
		}
	}
	for i := range fold.Test {
		r := &fold.Test[i]
		if !in(r) {
			continue
		}
		if q.test[r.Case] == nil {
			q.cases = append(q.cases, r.Case)
		}
		q.test[r.Case] = append(q.test[r.Case], r)
		q.asked = append(q.asked, r.Graph)
	}
	return q
}
