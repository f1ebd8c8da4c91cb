package fuelgauge_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/meter"
	"github.com/gaugenn/gaugenn/calibrate/meter/fuelgauge"
)

// log takes a snapshot a second for 200 s; the phone draws 0.25 A, and 0.75 A from 80 to 140 s, at 4 V.
func log(snapshot func(b *strings.Builder, amperes, chargeUAh float64)) string {
	var b strings.Builder
	charge := 3_000_000.0
	for i := 0; i < 200; i++ {
		a := 0.25
		if i >= 80 && i < 140 {
			a = 0.75
		}
		fmt.Fprintf(&b, "@ %d\n", int64(i)*1e9)
		snapshot(&b, a, charge)
		charge -= a * 1e6 / 3600
	}
	return b.String()
}

var vendors = map[string]func(b *strings.Builder, a, charge float64){
	"sysfs, microamperes, negative": func(b *strings.Builder, a, charge float64) {
		fmt.Fprintf(b, "/sys/class/power_supply/battery/current_now:%d\n/sys/class/power_supply/battery/voltage_now:4000000\nstatus: Discharging\n", int(-a*1e6))
	},
	"sysfs, milliamperes, positive": func(b *strings.Builder, a, charge float64) {
		fmt.Fprintf(b, "current_now: %d\nvoltage_now: 4000000\nstatus: Discharging\n", int(a*1e3))
	},
	"dumpsys with Samsung's line": func(b *strings.Builder, a, charge float64) {
		fmt.Fprintf(b, "Current Battery Service state:\n  AC powered: false\n  USB powered: false\n  status: 3\n  health: 2\n  level: 87\n  voltage: 4000\n  temperature: 290\n  technology: Li-ion\n  Charge counter: %.0f\n  current now: %d\n", charge, int(-a*1e3))
	},
}

func TestParse_findsUnitAndSign(t *testing.T) {
	for name, snapshot := range vendors {
		tr, err := fuelgauge.Parse([]byte(log(snapshot)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		r, err := meter.Measure(tr, []meter.Mark{{FromNS: 80e9, ToNS: 139e9, Inferences: 590}}, meter.Options{})
		if err != nil || math.Abs(r.EnergyMJ-200) > 4 || !r.Coarse || r.SigmaMJ < 15 || tr.Supply != meter.Discharging {
			t.Errorf("%s: %+v, %v, want about 200 mJ, coarse, 10 %%", name, r, err)
		}
		if len(tr.Notes) < 2 {
			t.Errorf("%s: notes %q do not say what was detected", name, tr.Notes)
		}
	}
}

func TestParse_chargeCounterStandsIn(t *testing.T) {
	tr, err := fuelgauge.Parse([]byte(log(func(b *strings.Builder, a, charge float64) {
		fmt.Fprintf(b, "status: 3\nvoltage: 4000\nCharge counter: %.0f\n", math.Floor(charge/1000)*1000) // moves in mAh
	})))
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, x := range tr.Rails[0].Intervals {
		total += x.EnergyUJ / 1e6
	}
	if want := 4 * (0.25*140 + 0.75*60); math.Abs(total/want-1) > 0.15 || tr.GainSigma < 0.15 {
		t.Errorf("%.0f J over the log, want about %.0f; gain %g", total, want, tr.GainSigma)
	}
}

func TestParse_chargingIsRefused(t *testing.T) {
	mark := []meter.Mark{{FromNS: 80e9, ToNS: 140e9, Inferences: 1}}
	for name, snapshot := range map[string]func(b *strings.Builder, a, charge float64){
		"status 2": func(b *strings.Builder, a, _ float64) {
			fmt.Fprintf(b, "status: 2\nvoltage: 4000\ncurrent now: %d\n", int(a*1e3))
		},
		"USB powered": func(b *strings.Builder, a, _ float64) {
			fmt.Fprintf(b, "USB powered: true\nstatus: 3\nvoltage: 4000\ncurrent now: %d\n", int(a*1e3))
		},
		"full": func(b *strings.Builder, a, _ float64) {
			fmt.Fprintf(b, "status: Full\nvoltage: 4000\ncurrent now: %d\n", int(a*1e3))
		},
		"mixed signs": func(b *strings.Builder, a, _ float64) {
			fmt.Fprintf(b, "voltage: 4000\ncurrent now: %d\n", int((a-0.5)*1e3))
		},
		"rising charge": func(b *strings.Builder, a, c float64) { fmt.Fprintf(b, "voltage: 4000\nCharge counter: %.0f\n", 6e6-c) },
	} {
		tr, err := fuelgauge.Parse([]byte(log(snapshot)))
		if err == nil {
			_, err = meter.Measure(tr, mark, meter.Options{})
		}
		if !errors.Is(err, meter.ErrCharging) {
			t.Errorf("%s: %v, want ErrCharging", name, err)
		}
	}
}

func TestParse_faults(t *testing.T) {
	for text, want := range map[string]error{
		"":                   meter.ErrMalformed,
		"@ 1\nstatus: 3\n":   meter.ErrMalformed, // no voltage
		"@ x\n":              meter.ErrMalformed,
		"@ -5\n":             meter.ErrMalformed,
		"@ 1\nvoltage: 37\n": meter.ErrMalformed,
		"@ 1\nvoltage: 4000\ncurrent_now: lots\n": meter.ErrMalformed,
		"@ 1\nvoltage: NaN\n":                     meter.ErrMalformed,
		"@ 1\nvoltage: 4000\n":                    meter.ErrTooShort,
	} {
		if _, err := fuelgauge.Parse([]byte(text)); !errors.Is(err, want) {
			t.Errorf("Parse(%q): %v, want %v", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range vendors {
		f.Add([]byte(log(s)[:2000]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if tr, err := fuelgauge.Parse(data); err == nil && tr.Validate() != nil {
			t.Errorf("an invalid trace: %v", tr.Validate())
		}
	})
}

// A log that begins with what the battery service says and goes on with the kernel's files has two units of voltage.
func TestParse_unitsOfServiceAndKernelTogether(t *testing.T) {
	tr, err := fuelgauge.Parse([]byte("@ 1000000000\nvoltage: 4000\nstatus: 3\ncurrent now: -250\n@ 2000000000\ncurrent_now: -500000\nvoltage_now: 4000000\n@ 3000000000\ncurrent_now: -500000\nvoltage_now: 4000000\n"))
	if err != nil || len(tr.Rails) != 1 || len(tr.Rails[0].Intervals) != 1 || tr.Rails[0].Intervals[0].PowerW() != 2 {
		t.Errorf("%+v, %v; want 2 W", tr, err)
	}
}
