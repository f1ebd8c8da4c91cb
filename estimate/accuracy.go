package estimate

import (
	"math"
	"slices"
)

// HeldOut is a recorded latency with what a fit said of it that had not seen
// what Kind names.
type HeldOut struct {
	Kind        HeldOutKind
	Given       int // rows of the run that the fit was given, with ChipLeftOut
	Group       string
	Device, SoC string // as recorded
	Runtime     string // as recorded: tflite, qnn_dlc, onnx, ncnn, litert, ...
	Processor   string // cpu, gpu, npu
	Precision   string
	Model       string
	RecordedMS  float64
	PredictedMS float64
	LoMS, HiMS  float64
	ChipID      string // of the catalogue, "" where it does not know the label
}

// HeldOutKind says what the fit had not seen.
type HeldOutKind int

// The kinds of held-out predictions.
const (
	ChipLeftOut   HeldOutKind = iota // no run of the chip but the Given rows
	FamilyLeftOut                    // runs of the chip, but of no network of the family
)

// Accuracy sums up held-out predictions. Errors are relative to the recorded
// value; all are 0 without rows.
type Accuracy struct {
	Rows, Chips  int
	MedianError  float64
	MeanError    float64
	Covered      float64 // part of the recorded values inside the 90 % interval
	MedianFactor float64 // the interval's half width, as a factor either way
}

// AccuracyOf sums up rows.
func AccuracyOf(rows []HeldOut) Accuracy {
	a := Accuracy{Rows: len(rows)}
	if a.Rows == 0 {
		return a
	}
	chips := map[string]bool{}
	var errs, factors []float64
	for i := range rows {
		r := &rows[i]
		chips[r.SoC] = true
		e := math.Abs(r.PredictedMS/r.RecordedMS - 1)
		errs, factors = append(errs, e), append(factors, math.Sqrt(r.HiMS/r.LoMS))
		a.MeanError += e / float64(len(rows))
		if r.LoMS <= r.RecordedMS && r.RecordedMS <= r.HiMS {
			a.Covered += 1 / float64(len(rows))
		}
	}
	slices.Sort(errs)
	slices.Sort(factors)
	a.Chips, a.MedianError, a.MedianFactor = len(chips), errs[len(errs)/2], factors[len(factors)/2]
	return a
}
