package hub

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// Predictor answers latency rows of neural processors. The zero value is ready
// for use.
type Predictor struct{}

// Name returns "hub".
func (Predictor) Name() string { return "hub" }

// Claims reports whether the row is a latency on a neural processor under one of
// AI Hub's runtimes.
func (Predictor) Claims(r *record.Row) bool {
	if r.Processor != "npu" || r.Metric != "" && r.Metric != "latency" {
		return false
	}
	if _, ok := precisionOf(r.Precision); !ok {
		return false
	}
	switch r.Runtime {
	case "tflite", "qnn_dlc", "onnx":
		return true
	}
	return strings.HasPrefix(r.Source, "qai-hub-models")
}

// Predict fits on fold.Train and answers the test rows: those of devices that
// were not seen and models that were by Table, the others by Physics. Networks
// of which neither the name nor the graph is known are left out.
func (p Predictor) Predict(ctx context.Context, fold *record.Fold, env *record.Env) ([]record.Prediction, error) {
	b := &batch{env: env, works: map[string]*Work{}}
	var train []Row
	for i := range fold.Train {
		if r := &fold.Train[i]; r.Known() && p.Claims(r) {
			train = append(train, b.row(r))
		}
	}
	cases, given, asked, ids := b.cases(p, fold)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m, err := Fit(train, questionOf(train, cases, asked))
	if err != nil {
		return nil, fmt.Errorf("fit on %d rows: %w", len(train), err)
	}
	var out []record.Prediction
	for _, c := range cases {
		for i, q := range m.Predict(given[c], asked[c]) {
			if !(q.LatencyMS > 0) || math.IsInf(q.LatencyMS, 0) {
				continue
			}
			out = append(out, record.Prediction{Case: c, RowID: ids[c][i], Value: q.LatencyMS, Lo: q.Lo, Hi: q.Hi})
		}
	}
	return out, nil
}

// batch turns recorded rows into rows of this package.
type batch struct {
	env   *record.Env
	works map[string]*Work
}

func (b *batch) row(r *record.Row) Row {
	npu, tops, bandwidth := "", 0., 0.
	if b.env != nil && b.env.Device != nil {
		if d, ok := b.env.Device(r); ok {
			npu, tops, bandwidth = d.NPU, d.NPUTOPs, d.BandwidthGBs
		}
	}
	row := Row{Device: r.Device, SoCGroup: r.SoCGroup, Model: r.Model, Family: r.Family, Runtime: r.Runtime, Precision: r.Precision, Run: r.RunID,
		Spec: NewSpec(r.SoC, npu, tops, bandwidth), Net: b.work(r.Graph)}
	if r.Known() {
		row.LatencyMS = r.Value
	}
	return row
}

func (b *batch) work(graph string) *Work {
	if graph == "" || b.env == nil || b.env.Network == nil {
		return nil
	}
	w, ok := b.works[graph]
	if !ok {
		if n, err := b.env.Network(graph); err == nil && len(n.Layers) > 0 {
			w = WorkOf(n)
		}
		b.works[graph] = w
	}
	return w
}

// cases groups given and test rows by case, in the order of the test rows.
func (b *batch) cases(p Predictor, fold *record.Fold) (cases []string, given, asked map[string][]Row, ids map[string][]string) {
	given, asked, ids = map[string][]Row{}, map[string][]Row{}, map[string][]string{}
	for i := range fold.Test {
		r := &fold.Test[i]
		if asked[r.Case] == nil {
			cases = append(cases, r.Case)
		}
		asked[r.Case] = append(asked[r.Case], b.row(r))
		ids[r.Case] = append(ids[r.Case], r.ID)
	}
	for i := range fold.Given {
		r := &fold.Given[i]
		if asked[r.Case] != nil && r.Known() && p.Claims(r) {
			given[r.Case] = append(given[r.Case], b.row(r))
		}
	}
	return cases, given, asked, ids
}

// questionOf says which kinds of question the cases ask.
func questionOf(train []Row, cases []string, asked map[string][]Row) Question {
	var devices, models []string
	for i := range train {
		devices, models = append(devices, train[i].Device), append(models, train[i].Model)
	}
	slices.Sort(devices)
	slices.Sort(models)
	var q Question
	for _, c := range cases {
		for i := range asked[c] {
			_, device := slices.BinarySearch(devices, asked[c][i].Device)
			_, model := slices.BinarySearch(models, asked[c][i].Model)
			switch {
			case device:
				q.KnownDevice = true
			case model:
				q.KnownModel = true
			default:
				q.NothingKnown = true
			}
		}
	}
	return q
}
