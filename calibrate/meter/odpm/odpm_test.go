package odpm_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/meter"
	"github.com/gaugenn/gaugenn/calibrate/meter/odpm"
)

const rails = "CH0[S10M_VDD_TPU]:Tensor\nCH1[S2M_VDD_CPUCL2]:CPU(BIG)\n"

// dumps writes what energy_value shows every 250 ms for 25 s: the TPU rail draws 5 mW, the CPU rail 100 mW and 900 mW from 10 to 15 s.
func dumps() string {
	var b strings.Builder
	tpu, cpu := 1000.0, 5000.0
	for i := 0; i <= 100; i++ {
		ms := 349894 + 250*i
		fmt.Fprintf(&b, "t=%d\nCH0(T=%d)[S10M_VDD_TPU], %.0f\nCH1(T=%d)[S2M_VDD_CPUCL2], %.0f\n", ms, ms, tpu, ms, cpu)
		w := 0.1
		if i >= 40 && i < 60 {
			w = 0.9
		}
		tpu, cpu = tpu+0.005*0.25e6, cpu+w*0.25e6
	}
	return b.String()
}

func TestParse_readsRailsAndPricesInferences(t *testing.T) {
	tr, err := odpm.Parse([]byte(dumps()), []byte(rails))
	if err != nil {
		t.Fatal(err)
	}
	cpu, ok := tr.Rail("S2M_VDD_CPUCL2")
	if !ok || cpu.Subsystem != "CPU(BIG)" || len(cpu.Intervals) != 100 || tr.Supply != meter.SupplyUnknown {
		t.Fatalf("trace %+v", tr)
	}
	start := int64(349894+10000) * 1e6
	r, err := meter.Measure(tr, []meter.Mark{{FromNS: start, ToNS: start + 5e9, Inferences: 400}}, meter.Options{})
	if err != nil || math.Abs(r.EnergyMJ-10) > 0.01 {
		t.Errorf("%+v, %v, want 10 mJ", r, err)
	}
}

func TestParse_realForms(t *testing.T) {
	for text, want := range map[string]error{
		"t=349894\nCH0(T=349894)[S10M_VDD_TPU], 5578756\n": nil,
		"t=349894\nCH0[S10M_VDD_TPU], 5578756\n\n":         nil,
		"": nil,
		"t=1\nCH0(T=1)[A], 5\nt=2\nCH0(T=2)[A], 3\n": nil, // a restart
		"CH0[A], 5\n": meter.ErrMalformed,
		"t=349894\nCH0(T=349894)[S10M_VDD_TPU], 55787 56\n": meter.ErrMalformed,
		"t=349894\nCH0(T=349894)[S10M_VDD":                  meter.ErrMalformed,
		"t=99999999999999999999\n":                          meter.ErrMalformed,
		"t=5000000000000\n":                                 meter.ErrMalformed,
		"t=1\nCH0[A], 99999999999999999999\n":               meter.ErrMalformed,
		"hello\n":                                           meter.ErrMalformed,
	} {
		tr, err := odpm.Parse([]byte(text), nil)
		if !errors.Is(err, want) || err == nil && tr == nil {
			t.Errorf("Parse(%q): %v, want %v", text, err, want)
		}
	}
	if _, err := odpm.Parse(nil, []byte("nonsense")); !errors.Is(err, meter.ErrMalformed) {
		t.Errorf("rails: %v", err)
	}
	tr, err := odpm.Parse([]byte("t=1\nCH0(T=1)[A], 5\nt=2\nCH0(T=2)[A], 3\n"), nil)
	if err != nil || len(tr.Notes) != 1 {
		t.Errorf("a restart: %v, notes %q", err, tr.Notes)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(dumps()), []byte(rails))
	f.Fuzz(func(t *testing.T, values, rails []byte) {
		if tr, err := odpm.Parse(values, rails); err == nil && tr.Validate() != nil {
			t.Errorf("an invalid trace: %v", tr.Validate())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := []byte(dumps())
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := odpm.Parse(data, nil); err != nil {
			b.Fatal(err)
		}
	}
}
