package record

import (
	"context"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// Fold is one question of the evaluation: what may be learnt from, and what is asked.
type Fold struct {
	Name  string
	Train []Row
	Given []Row // measured rows of the test cases; only those with a test row's own Case may be used for it
	Test  []Row // Value is NaN
}

// Prediction answers one test row. Values have the unit of the row; Lo and Hi bound the central 90 %.
type Prediction struct {
	Case, RowID   string
	Value, Lo, Hi float64
}

// Env is what predictors may ask about the world outside the fold. Its functions are safe for concurrent use.
type Env struct {
	// Network returns the network behind a row's Graph column. It returns an error when there is no such graph; the
	// predictor decides whether it can do without.
	Network func(path string) (*feature.Network, error)
	// Device returns the published facts of a row's device.
	Device func(r *Row) (*Device, bool)
}

// Predictor answers the rows of some world (a runtime on a kind of processor) fold by fold.
type Predictor interface {
	// Name is a short lower-case name for messages.
	Name() string
	// Claims reports whether the predictor answers this test row. The first predictor that claims a row gets it.
	Claims(r *Row) bool
	// Predict fits on fold.Train and answers every row of fold.Test, which holds only claimed rows; Train and Given are
	// whole. It uses one goroutine, does not change the fold, and gives the same answer every time.
	Predict(ctx context.Context, fold *Fold, env *Env) ([]Prediction, error)
}
