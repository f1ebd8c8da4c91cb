package nas_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/regress/nas"
)

func TestProfile_roundTrip(t *testing.T) {
	train, given, test, _ := world(t, phone{"new", 0, .07, .03, 1.5, .02})
	p, err := nas.FitProfile(train, "test")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	stored := b.String()
	q, err := nas.ReadProfile(&b)
	if err != nil {
		t.Fatal(err)
	}
	if q.RowsHash != p.RowsHash || q.Rows != len(train) {
		t.Errorf("got %s, %d rows", q.RowsHash, q.Rows)
	}
	asked := []string{test[0].Arch, test[1].Arch}
	for _, g := range given {
		asked = append(asked, g.Arch)
	}
	var preds [2][]nas.Prediction
	for i, x := range []*nas.Profile{p, q} {
		m, err := x.Model(asked)
		if err != nil {
			t.Fatal(err)
		}
		if preds[i], err = m.Predict(given, asked[:2]); err != nil {
			t.Fatal(err)
		}
	}
	for i := range preds[0] {
		if math.Abs(preds[0][i].LatencyMS/preds[1][i].LatencyMS-1) > 1e-9 {
			t.Errorf("%v before, %v after", preds[0][i], preds[1][i])
		}
	}
	if _, err := nas.ReadProfile(strings.NewReader(strings.Replace(stored, "launches", "lunches", 1))); !errors.Is(err, nas.ErrFeatures) {
		t.Errorf("other terms: %v", err)
	}
	if _, err := nas.ReadProfile(strings.NewReader(stored[:len(stored)/2])); !errors.Is(err, nas.ErrNotProfile) {
		t.Errorf("cut: %v", err)
	}
}
