package calibrate_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate"
	"github.com/gaugenn/gaugenn/calibrate/meter"
	"github.com/gaugenn/gaugenn/calibrate/run"
)

// watched is a run at a moment of the phone's clock that waits for the monitor's file: two seconds of idle, three of 30 inferences, two of idle.
func watched(id string, second int64) run.Record {
	ns := func(s float64) int64 { return second*1e9 + int64(s*1e9) }
	return run.Record{RunID: id, Status: run.OK, Device: run.Facts{ID: "phone"}, Energy: &run.Energy{Meter: calibrate.Monsoon, Reason: run.NotPriced,
		Span: run.Span{FromNS: ns(0), BeginNS: ns(2), EndNS: ns(5), ToNS: ns(7), MarkFromNS: ns(2), MarkToNS: ns(5), Inferences: 30}}}
}

// monitored is the monitor's file around a run: 3 W, and watts more while it works, which is a second later on the file's clock than the phone was idle.
func monitored(watts float64) []byte {
	var b strings.Builder
	b.WriteString("Time(ms),Main(mA),Main Voltage(V),\n")
	for ms := 0; ms < 10_000; ms += 10 {
		w := 3.0
		if ms >= 3000 && ms < 6000 {
			w += watts
		}
		fmt.Fprintf(&b, "%d,%.3f,4,\n", ms, w/4*1000)
	}
	return []byte(b.String())
}

// A plan may be run in sittings, each with a file of its own: those that were priced stay as they are, unless all are priced anew.
func TestPriceMonsoon_filesOfSittings(t *testing.T) {
	records := []run.Record{watched("a", 100)}
	if n, err := calibrate.PriceMonsoon(records, monitored(2), 0); n != 1 || err != nil {
		t.Fatalf("first sitting: %d, %v", n, err)
	}
	first := records[0].Energy.EnergyMJ
	if math.Abs(first-200) > 4 { // 2 W for 3 s by 30
		t.Errorf("first sitting: %g mJ", first)
	}
	records = append(records, watched("b", 40)) // the phone was started anew
	if n, err := calibrate.PriceMonsoon(records, monitored(4), 0); n != 1 || err != nil || records[0].Energy.EnergyMJ != first || math.Abs(records[1].Energy.EnergyMJ-400) > 8 {
		t.Errorf("second sitting: %d, %v, %+v, %+v", n, err, records[0].Energy, records[1].Energy)
	}
	one := records[:1]
	if n, err := calibrate.PriceMonsoon(one, monitored(3), 0); n != 1 || err != nil || math.Abs(one[0].Energy.EnergyMJ-300) > 6 {
		t.Errorf("priced anew: %d, %v, %+v", n, err, one[0].Energy)
	}
}

func TestPriceMonsoon_refuses(t *testing.T) {
	other := watched("b", 200)
	other.Device.ID = "another"
	for name, c := range map[string]struct {
		records []run.Record
		csv     string
		want    error
	}{
		"no runs":     {nil, string(monitored(2)), meter.ErrAlign},
		"two phones":  {[]run.Record{watched("a", 100), other}, string(monitored(2)), calibrate.ErrClock},
		"no samples":  {[]run.Record{watched("a", 100)}, "Time(ms),Main(mA),Main Voltage(V),\n", meter.ErrGap},
		"none of its": {[]run.Record{watched("a", 100)}, string(monitored(0)), meter.ErrAlign},
	} {
		if n, err := calibrate.PriceMonsoon(c.records, []byte(c.csv), 0); n != 0 || !errors.Is(err, c.want) {
			t.Errorf("%s: %d, %v, want %v", name, n, err, c.want)
		}
	}
}
