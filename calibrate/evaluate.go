package calibrate

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// Options says what Evaluate works on. The zero value of Workers means 2.
type Options struct {
	Folds      string // folder of folds, at any depth
	Predictors []record.Predictor
	Rest       record.Predictor // answers the rows that the others do not claim, leave out or fail on; nil leaves them missing
	Env        *record.Env
	Workers    int
	Progress   func(Step) // called after each fold, one call at a time, in the order in which folds finish; may be nil
}

// Step tells how one fold went.
type Step struct {
	Fold      string
	Done, All int     // folds
	Rows      int     // test rows answered
	Missing   int     // test rows that no predictor answered
	Rest      int     // test rows that Options.Rest answered
	Failed    []error // predictors that gave up on the fold and left their rows to Options.Rest
	Took      time.Duration
}

// Evaluate answers every test row of every fold and returns the predictions in fold order, then in the order of the fold's
// test rows, each in the unit of its row. Rows that nobody answers are left out and counted in the steps. It stops at the first error; that
// of a predictor is none where Options.Rest can stand in.
func Evaluate(ctx context.Context, opt Options) ([]record.Prediction, error) {
	dirs, err := FindFolds(opt.Folds)
	if err != nil {
		return nil, err
	}
	workers := opt.Workers
	if workers < 1 {
		workers = 2
	}
	results := make([][]record.Prediction, len(dirs))
	steps := make(chan Step)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		done := 0
		for s := range steps {
			done++
			s.Done, s.All = done, len(dirs)
			if opt.Progress != nil {
				opt.Progress(s)
			}
		}
	}()
	for i, dir := range dirs {
		g.Go(func() error {
			start := time.Now()
			fold, err := ReadFold(dir)
			if err != nil {
				return err
			}
			step := Step{Fold: fold.Name}
			results[i], err = predictFold(gctx, fold, &opt, &step)
			if err != nil {
				return fmt.Errorf("fold %q: %w", fold.Name, err)
			}
			step.Rows, step.Missing, step.Took = len(results[i]), len(fold.Test)-len(results[i]), time.Since(start)
			steps <- step
			return nil
		})
	}
	err = g.Wait()
	close(steps)
	<-finished
	if err != nil {
		return nil, err
	}
	var out []record.Prediction
	for _, r := range results {
		out = append(out, r...)
	}
	return out, nil
}

// WritePredictions writes case,row_id,pred_ms,lo_ms,hi_ms with six significant digits. Intervals that are not finite are
// left empty.
func WritePredictions(w io.Writer, preds []record.Prediction) error {
	bw := bufio.NewWriter(w)
	cw := csv.NewWriter(bw)
	if err := cw.Write([]string{"case", "row_id", "pred_ms", "lo_ms", "hi_ms"}); err != nil {
		return err
	}
	num := func(v float64) string {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return ""
		}
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	for _, p := range preds {
		if err := cw.Write([]string{p.Case, p.RowID, num(p.Value), num(p.Lo), num(p.Hi)}); err != nil {
			return err
		}
	}
	cw.Flush()
	if err := cw.Error(); err != nil {
		return err
	}
	return bw.Flush()
}
