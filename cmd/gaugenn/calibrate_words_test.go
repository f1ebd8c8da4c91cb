package main

import (
	"strings"
	"testing"

	runs "github.com/gaugenn/gaugenn/calibrate/run"
	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

// What is printed of a run is read by people: no exponents, and as many repeats as the tool's own summary is of.
func TestWriteRun_words(t *testing.T) {
	mean := 1234.5
	summed := runtime.Result{Summary: &runtime.Summary{Count: 40, MeanMS: &mean}}
	for _, c := range []struct {
		rec  runs.Record
		want string
	}{
		{runs.Record{Status: runs.OK, Result: summed}, " 1234 ms mean of 40, "},
		{runs.Record{Status: runs.OK, Result: runtime.Result{RepeatsMS: []float64{123456, 123456, 123456, 123456, 123456}}}, "123500 ms median of 5, "},
		{runs.Record{Status: runs.OK, Result: summed, Energy: &runs.Energy{EnergyMJ: 14, LoMJ: 8, HiMJ: 23, Coarse: true}}, "ok; about 10 mJ (8 to 20)"},
		{runs.Record{Status: runs.OK, Result: summed, Energy: &runs.Energy{EnergyMJ: 2346, LoMJ: 2211, HiMJ: 2500}}, "ok; 2350 mJ (2210 to 2500)"},
	} {
		var b strings.Builder
		if writeRun(&b, 1, 1, &c.rec, runs.Rules{}, false); !strings.Contains(b.String(), c.want) {
			t.Errorf("%q has no %q", b.String(), c.want)
		}
	}
}
