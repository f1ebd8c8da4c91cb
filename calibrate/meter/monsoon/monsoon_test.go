package monsoon_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/meter"
	"github.com/gaugenn/gaugenn/calibrate/meter/monsoon"
)

// recording is the monitor's CSV at 200 Hz for 30 s: 100 mA at 4 V, 600 mA from 10 to 20 s.
func recording(head string) string {
	var b strings.Builder
	b.WriteString(head + "\n")
	for i := 0; i <= 6000; i++ {
		ma := 100.0
		if i >= 2000 && i < 4000 {
			ma = 600
		}
		fmt.Fprintf(&b, "%.1f,%.4f,%.4f,\n", float64(i)*5, ma, 4.0)
	}
	return b.String()
}

func TestParse_pricesInferences(t *testing.T) {
	tr, err := monsoon.Parse([]byte(recording("Time(ms),Main(mA),Main Voltage(V),")), 0)
	if err != nil {
		t.Fatal(err)
	}
	r, err := meter.Measure(tr, []meter.Mark{{FromNS: 10e9, ToNS: 20e9, Inferences: 1000}}, meter.Options{})
	if err != nil || math.Abs(r.EnergyMJ-20) > 0.05 || r.SigmaMJ < 0.15 || r.SigmaMJ > 0.5 || tr.Supply != meter.Discharging {
		t.Errorf("%+v, %v, want 20 mJ within about 1 %%", r, err)
	}
}

func TestParse_channelsAndFaults(t *testing.T) {
	tr, err := monsoon.Parse([]byte("Time(ms),Main(mA),USB(mA),Aux(mA),Main Voltage(V),USB Voltage(V),\n0,100,5,1,4,5,\n1,100,5,1,4,5,\n"), 0)
	if err != nil || len(tr.Rails) != 2 || len(tr.Notes) != 1 {
		t.Errorf("all channels: %v, %+v", err, tr)
	}
	tr, err = monsoon.Parse([]byte("Time(ms),Main(mA)\n0,100\n1,100\n"), 3.8)
	if err != nil || math.Abs(tr.Rails[0].Intervals[0].PowerW()-0.38) > 1e-9 {
		t.Errorf("given voltage: %v, %+v", err, tr)
	}
	tr, err = monsoon.Parse([]byte("Time(ms),Main(mA),Main Voltage(V)\n0,100,4\n1,100,4\n2,10"), 0)
	if err != nil || len(tr.Rails[0].Intervals) != 1 || len(tr.Notes) != 1 {
		t.Errorf("a cut last row: %v, %+v", err, tr)
	}
	for text, want := range map[string]error{
		"":                           meter.ErrMalformed,
		"a,b\n1,2\n":                 meter.ErrMalformed,
		"Time(ms),Main(mA)\n0,100\n": meter.ErrMalformed, // no voltage at all
		"Time(ms),Main(mA),Main Voltage(V)\nx,100,4\n":        meter.ErrMalformed,
		"Time(ms),Main(mA),Main Voltage(V)\n0,NaN,4\n1,1,4\n": meter.ErrMalformed,
		"Time(ms),Main(mA),Main Voltage(V)\n0,1,400\n1,1,4\n": meter.ErrMalformed,
		"Time(ms),Main(mA),Main Voltage(V)\n0,1\n1,1,4\n":     meter.ErrMalformed,
		"Time(ms),Main(mA),Main Voltage(V)\n0,\"1,4\n":        meter.ErrMalformed,
		"Time(ms),Main(mA),Main Voltage(V)\n1e300,1,4\n":      meter.ErrMalformed,
	} {
		if _, err := monsoon.Parse([]byte(text), 0); !errors.Is(err, want) {
			t.Errorf("Parse(%q): %v, want %v", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("Time(ms),Main(mA),Main Voltage(V),\n0,100,4,\n1,100,4,\n"), 4.0)
	f.Fuzz(func(t *testing.T, data []byte, volts float64) {
		if tr, err := monsoon.Parse(data, volts); err == nil && tr.Validate() != nil {
			t.Errorf("an invalid trace: %v", tr.Validate())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := []byte(recording("Time(ms),Main(mA),Main Voltage(V),"))
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := monsoon.Parse(data, 0); err != nil {
			b.Fatal(err)
		}
	}
}
