package kernel

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// Predictor answers energy rows of single convolution kernels. The zero value is
// ready for use.
type Predictor struct{}

// Name returns "kernel".
func (Predictor) Name() string { return "kernel" }

// Claims reports whether the row is the energy of a kernel whose shape can be
// read.
func (Predictor) Claims(r *record.Row) bool {
	if r.Metric != "energy" || !strings.HasPrefix(r.Graph, "conv-bn-relu:") {
		return false
	}
	_, err := ParseShape(r.Graph)
	return err == nil
}

// target is what rows of one model share: the table and the processor.
type target struct{ source, device, processor string }

func targetOf(r *record.Row) target { return target{r.Source, r.Device, r.Processor} }

// Predict fits one model per source, device and processor on the training rows
// and answers the test rows; those of targets with too few rows are left out. Given rows of a case count as training rows of its
// target.
func (p Predictor) Predict(ctx context.Context, fold *record.Fold, _ *record.Env) ([]record.Prediction, error) {
	train := map[target][]Sample{}
	for _, rows := range [][]record.Row{fold.Train, fold.Given} {
		for i := range rows {
			r := &rows[i]
			if !r.Known() || !p.Claims(r) {
				continue
			}
			s, err := ParseShape(r.Graph)
			if err != nil {
				return nil, err
			}
			train[targetOf(r)] = append(train[targetOf(r)], Sample{s, r.Value})
		}
	}
	models := map[target]*Model{}
	for _, t := range targets(fold.Test) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := Fit(train[t])
		if errors.Is(err, ErrFewSamples) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s on %s: %w", t.source, t.processor, err)
		}
		models[t] = m
	}
	out := make([]record.Prediction, 0, len(fold.Test))
	for i := range fold.Test {
		r := &fold.Test[i]
		s, err := ParseShape(r.Graph)
		if err != nil {
			return nil, err
		}
		m := models[targetOf(r)]
		if m == nil {
			continue
		}
		q := m.Predict(s)
		out = append(out, record.Prediction{Case: r.Case, RowID: r.ID, Value: q.EnergyMJ, Lo: q.Lo, Hi: q.Hi})
	}
	return out, nil
}

func targets(rows []record.Row) []target {
	seen := map[target]bool{}
	var out []target
	for i := range rows {
		if t := targetOf(&rows[i]); !seen[t] {
			seen[t] = true
			out = append(out, t)
		}
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		return a.source+"\x00"+a.device+"\x00"+a.processor < b.source+"\x00"+b.device+"\x00"+b.processor
	})
	return out
}
