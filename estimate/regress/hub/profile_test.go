package hub_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/regress/hub"
)

func TestProfile_roundTrip(t *testing.T) {
	w := world(30)
	p, err := hub.FitProfile(without(w, "medium", "-"), "test")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := p.WriteTo(&b); err != nil {
		t.Fatal(err)
	}
	stored := b.String()
	q, err := hub.ReadProfile(&b)
	if err != nil {
		t.Fatal(err)
	}
	if q.RowsHash != p.RowsHash || q.Rows != p.Rows || q.Tool != "test" {
		t.Errorf("got %s %d %s", q.RowsHash, q.Rows, q.Tool)
	}
	fresh := world(31)["medium"][30:]
	fresh[0].Model = "new"
	for _, asked := range [][]hub.Row{w["medium"][5:], fresh, w["fast"][:3]} {
		a, c := p.Predict(w["medium"][:3], asked), q.Predict(w["medium"][:3], asked)
		for i := range a {
			if math.Abs(a[i].LatencyMS/c[i].LatencyMS-1) > 1e-4 || math.Abs(a[i].Hi/c[i].Hi-1) > 1e-3 {
				t.Errorf("row %d: %v before, %v after", i, a[i], c[i])
			}
		}
	}
	for name, s := range map[string]string{
		"other terms": strings.Replace(stored, `"dense"`, `"sparse"`, 1),
		"newer":       strings.Replace(stored, `"Format":1`, `"Format":99`, 1),
	} {
		if _, err := hub.ReadProfile(strings.NewReader(s)); !errors.Is(err, hub.ErrFeatures) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, s := range map[string]string{"empty": "", "cut": stored[:len(stored)/2], "cell": strings.Replace(stored, `"Cells":[[0,0`, `"Cells":[[9999,0`, 1)} {
		if _, err := hub.ReadProfile(strings.NewReader(s)); !errors.Is(err, hub.ErrNotProfile) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFitProfile_sameRowsSameBytes(t *testing.T) {
	rows := without(world(24), "medium", "-")
	var out [2]bytes.Buffer
	for i := range out {
		p, err := hub.FitProfile(rows, "test")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.WriteTo(&out[i]); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(out[0].Bytes(), out[1].Bytes()) {
		t.Error("two fits differ")
	}
}
