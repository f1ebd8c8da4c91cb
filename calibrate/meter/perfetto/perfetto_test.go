package perfetto_test

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/calibrate/meter"
	"github.com/gaugenn/gaugenn/calibrate/meter/perfetto"
	"google.golang.org/protobuf/encoding/protowire"
)

func shared(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
	}
	path := filepath.Join(append([]string{dir, "..", "shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no recorded data: %v", err)
	}
	return path
}

// message builds a protobuf message; a value is a number or the bytes of an inner message.
func message(pairs ...any) []byte {
	var b []byte
	for i := 0; i < len(pairs); i += 2 {
		num := protowire.Number(pairs[i].(int))
		switch v := pairs[i+1].(type) {
		case int:
			b = protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), uint64(int64(v)))
		case string:
			b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), []byte(v))
		case []byte:
			b = protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
		}
	}
	return b
}

// trace is a rail at 100 mW that draws 900 mW from 10 to 15 s, every 250 ms, and the battery's counters each second.
func trace(railIn bool, chargeStep int) []byte {
	out := message(1, message(8, 1, 40, message(1, message(1, 3, 2, "S2M_VDD_CPUCL2", 3, "cpu"))))
	if !railIn {
		out = nil
	}
	uj := 0
	for i := 0; i <= 100; i++ {
		mw := 100
		if i > 40 && i <= 60 {
			mw = 900
		}
		uj += mw * 250
		ms := 1000 + i*250
		if railIn {
			out = append(out, message(1, message(8, ms*1e6, 40, message(2, message(1, 3, 2, ms, 3, uj))))...)
		}
		if i%4 == 0 {
			out = append(out, message(1, message(8, ms*1e6, 38, message(1, 4_000_000+chargeStep*i, 3, -mw*1000/4, 7, 4_000_000)))...)
		}
	}
	return append(out, message(1, message(8, 5, 999, "something else"))...)
}

var mark = []meter.Mark{{FromNS: 11e9, ToNS: 16e9, Inferences: 400}}

func TestParse_pricesInferencesFromRails(t *testing.T) {
	tr, err := perfetto.Parse(trace(true, -20))
	if err != nil {
		t.Fatal(err)
	}
	r, err := meter.Measure(tr, mark, meter.Options{Subsystems: []string{"cpu"}})
	if err != nil || math.Abs(r.EnergyMJ-10) > 1e-6 || tr.Supply != meter.Discharging || tr.Coarse || r.Rails[0].Name != "S2M_VDD_CPUCL2" {
		t.Errorf("%+v, %v, want 10 mJ on the named rail", r, err)
	}
}

func TestParse_batteryStandsIn(t *testing.T) {
	tr, err := perfetto.Parse(trace(false, -20))
	if err != nil {
		t.Fatal(err)
	}
	r, err := meter.Measure(tr, mark, meter.Options{})
	if err != nil || !r.Coarse || math.Abs(r.EnergyMJ-10) > 2.5 {
		t.Errorf("%+v, %v, want about 10 mJ, coarse", r, err)
	}
}

func TestParse_risingChargeIsCharging(t *testing.T) {
	tr, err := perfetto.Parse(trace(true, +20))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := meter.Measure(tr, mark, meter.Options{}); !errors.Is(err, meter.ErrCharging) {
		t.Errorf("%v, want ErrCharging", err)
	}
}

// The recorded sample was written with Perfetto's own protos: six rails, the second drawing 900 mW instead of 60 for 20 samples of 250 ms.
func TestParse_recordedSample(t *testing.T) {
	data, err := os.ReadFile(shared(t, "prototypes", "samples", "power.pftrace"))
	if err != nil {
		t.Fatal(err)
	}
	tr, err := perfetto.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.Rails) != 6 || tr.Supply != meter.Discharging {
		t.Fatalf("%d rails, supply %d", len(tr.Rails), tr.Supply)
	}
	for name, want := range map[string]string{"S4M_VDD_CPUCL0": "cpu", "S2M_VDD_CPUCL2": "cpu", "S2S_VDD_G3D": "gpu", "VSYS_PWR_DISPLAY": "display"} {
		if r, ok := tr.Rail(name); !ok || r.Subsystem != want || len(r.Intervals) != 99 {
			t.Errorf("rail %s: %q with %d intervals", name, r.Subsystem, len(r.Intervals))
		}
	}
	// Sample t holds the energy of the 250 ms before it, so the work lies between samples 39 and 59.
	from := int64(1000+39*250) * 1e6
	for _, subsystems := range [][]string{nil, {"cpu"}} {
		r, err := meter.Measure(tr, []meter.Mark{{FromNS: from, ToNS: from + 5e9, Inferences: 420}}, meter.Options{Subsystems: subsystems})
		if err != nil || math.Abs(r.EnergyMJ-10) > 0.02 {
			t.Errorf("subsystems %v: %+v, %v, want 10 mJ", subsystems, r, err)
		}
	}
	marks := []meter.Mark{{FromNS: from - 3e9, ToNS: from + 2e9, Inferences: 420}}
	if moved, shift, _, err := meter.Align(tr, marks, nil, 10e9); err != nil || shift != 3e9 || moved[0].FromNS != from {
		t.Errorf("alignment by %d ns, %v, want 3 s", shift, err)
	}
}

func TestParse_cutTracesAreErrorsOrShorter(t *testing.T) {
	whole := trace(true, -20)
	for n := range len(whole) {
		tr, err := perfetto.Parse(whole[:n])
		if err != nil && !errors.Is(err, meter.ErrMalformed) && !errors.Is(err, meter.ErrGap) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if err == nil && tr.Validate() != nil {
			t.Fatalf("%d bytes: %v", n, tr.Validate())
		}
	}
	if _, err := perfetto.Parse(nil); !errors.Is(err, meter.ErrGap) {
		t.Errorf("an empty trace: %v, want ErrGap", err)
	}
	huge := message(1, message(40, message(2, message(1, 0, 2, -1, 3, 5))))
	if _, err := perfetto.Parse(huge); !errors.Is(err, meter.ErrMalformed) {
		t.Errorf("a time out of range: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(trace(true, -20)[:600])
	f.Add(trace(false, 20)[:300])
	f.Fuzz(func(t *testing.T, data []byte) {
		if tr, err := perfetto.Parse(data); err == nil && tr.Validate() != nil {
			t.Errorf("an invalid trace: %v", tr.Validate())
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := trace(true, -20)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := perfetto.Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
