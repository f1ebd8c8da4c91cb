package estimate_test

import (
	"math"
	"testing"

	"github.com/gaugenn/gaugenn/estimate"
)

func TestAccuracyOf_sumsUpRows(t *testing.T) {
	rows := []estimate.HeldOut{
		{SoC: "a", RecordedMS: 10, PredictedMS: 11, LoMS: 5.5, HiMS: 22},
		{SoC: "a", RecordedMS: 10, PredictedMS: 12, LoMS: 11, HiMS: 13},
		{SoC: "b", RecordedMS: 10, PredictedMS: 15, LoMS: 10, HiMS: 90},
	}
	a := estimate.AccuracyOf(rows)
	if a.Rows != 3 || a.Chips != 2 || math.Abs(a.MedianError-0.2) > 1e-9 || math.Abs(a.MeanError-0.8/3) > 1e-9 || math.Abs(a.Covered-2.0/3) > 1e-9 || math.Abs(a.MedianFactor-2) > 1e-9 {
		t.Errorf("got %+v", a)
	}
	if a := estimate.AccuracyOf(nil); a != (estimate.Accuracy{}) {
		t.Errorf("no rows: %+v", a)
	}
}
