package device_test

import (
	"math"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
)

func find(t testing.TB, query string) device.Device {
	t.Helper()
	d, err := device.Embedded().Find(query)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Peaks that were measured with a benchmark of pure multiply-adds (cpufp result files, in GFLOP/s) are the product of width and clock.
func TestPeak_agreesWithMeasuredPeaks(t *testing.T) {
	for _, tt := range []struct {
		soc              string
		precision        device.Precision
		measuredGFLOPPer float64 // one core of the fastest cluster
	}{
		{"BCM2712", device.F32, 38.37}, {"BCM2712", device.F16, 76.74}, {"BCM2712", device.I8, 153.5},
		{"BCM2711", device.F32, 11.96 * 1.8 / 1.5},
	} {
		q := find(t, tt.soc).SoC.Peak(tt.precision, 1, device.AffinityAny)
		if got := 2 * q.Value / 1e9; !q.Known || math.Abs(got/tt.measuredGFLOPPer-1) > 0.03 {
			t.Errorf("%s %s: %.1f GFLOP/s, measured %.1f", tt.soc, tt.precision, got, tt.measuredGFLOPPer)
		}
	}
}

func TestCoresFor_bigFirstAndAffinity(t *testing.T) {
	s := find(t, "Snapdragon 855").SoC // A76 2.84, 3 × A76 2.42, 4 × A55 1.78
	for _, tt := range []struct {
		n        int
		a        device.Affinity
		want     int
		fastest  float64
		slowest  float64
		evenOver bool // even share is slower than the sum
	}{
		{0, device.AffinityAny, 8, 2840, 1780, true}, {1, device.AffinityAny, 1, 2840, 2840, false}, {4, device.AffinityAny, 4, 2840, 2420, true},
		{8, device.AffinityBig, 4, 2840, 2420, true}, {4, device.AffinityLittle, 4, 1780, 1780, false}, {99, device.AffinityAny, 8, 2840, 1780, true},
	} {
		cores := s.CoresFor(tt.n, tt.a)
		if len(cores) != tt.want || cores[0].ClockMHz.Value != tt.fastest || cores[len(cores)-1].ClockMHz.Value != tt.slowest {
			t.Errorf("CoresFor(%d, %q): %d cores, first %v, last %v", tt.n, tt.a, len(cores), cores[0].ClockMHz.Value, cores[len(cores)-1].ClockMHz.Value)
		}
		sum, even := s.Peak(device.F32, tt.n, tt.a), s.EvenPeak(device.F32, tt.n, tt.a)
		if even.Value > sum.Value*(1+1e-9) || tt.evenOver != (even.Value < sum.Value*0.999) {
			t.Errorf("n %d %q: even %g, sum %g", tt.n, tt.a, even.Value, sum.Value)
		}
	}
	if got := len(find(t, "Snapdragon 410").SoC.CoresFor(4, device.AffinityLittle)); got != 4 {
		t.Errorf("one cluster, little: %d cores, want all 4", got)
	}
}

func TestPeak_sharedVectorUnitsCountOnce(t *testing.T) {
	s := find(t, "Snapdragon 7 Gen 1").SoC // 4 × A510 share two vector units
	two, four := s.Peak(device.F32, 2, device.AffinityLittle), s.Peak(device.F32, 4, device.AffinityLittle)
	if two.Value != four.Value || two.Value == 0 {
		t.Errorf("two little cores %g, four %g MAC/s, want equal", two.Value, four.Value)
	}
}

func TestPeak_int8WithoutDotProductIsAnAssumption(t *testing.T) {
	s := find(t, "Snapdragon 835").SoC
	f32, i8 := s.Peak(device.F32, 4, ""), s.Peak(device.I8, 4, "")
	if i8.Value != 2*f32.Value || i8.Confidence > device.ConfidenceAssumed {
		t.Errorf("int8 %g at confidence %g, float32 %g", i8.Value, i8.Confidence, f32.Value)
	}
}

func TestCatalogue_factsAreWhole(t *testing.T) {
	c := device.Embedded()
	if n := len(c.SoCs()); n < 300 {
		t.Errorf("%d SoCs", n)
	}
	if n := len(c.Devices()); n < 750 {
		t.Errorf("%d devices", n)
	}
	for _, s := range c.SoCs() {
		if p := s.Peak(device.F32, 0, ""); !p.Known || p.Value < 0.5e9 {
			t.Errorf("%s: float32 peak %+v", s.ID, p)
		}
		for _, cl := range s.Clusters {
			if cl.Count < 1 || cl.ClockMHz.Value < 300 || cl.ClockMHz.Value > 5000 || cl.ClockMHz.Confidence == 0 {
				t.Errorf("%s: cluster %+v", s.ID, cl)
			}
		}
		if b := s.Memory.BandwidthGBps; b.Known && (b.Value < 1 || b.Value > 600 || b.Source == "" || b.Confidence == 0) {
			t.Errorf("%s: bandwidth %+v", s.ID, b)
		}
		if p := s.Peak(device.I8, 4, ""); p.Value < s.Peak(device.F32, 4, "").Value {
			t.Errorf("%s: int8 is slower than float32", s.ID)
		}
	}
	for _, d := range c.Devices() {
		if d.Name == "" || d.SoC.ID == "" {
			t.Errorf("device %+v lacks a name or an SoC", d.Name)
		}
		if w := d.BatteryWh(); w.Known && (w.Value < 3 || w.Value > 60) {
			t.Errorf("%s: battery %.1f Wh", d.Name, w.Value)
		}
	}
	if n := len(c.Popular()); n < 8 {
		t.Errorf("%d popular devices, want at least 8: a name of the list is unknown", n)
	}
}

func TestFactsFromMemoryWeighLess(t *testing.T) {
	sourced, memory := find(t, "Snapdragon 855").SoC, find(t, "Snapdragon X Plus").SoC
	if a, b := sourced.Clusters[0].ClockMHz.Confidence, memory.Clusters[0].ClockMHz.Confidence; a <= b {
		t.Errorf("a sourced clock weighs %g, one from memory %g", a, b)
	}
}

func TestVector_unknownEntriesAreFlaggedAndPlausible(t *testing.T) {
	v := find(t, "clusters=4xA76@2.0+4xA55@1.8").Vector(4, device.AffinityAny)
	if len(v.Values) != len(device.VectorNames) || len(v.Known) != len(v.Values) || len(v.Weights) != len(v.Values) {
		t.Fatalf("lengths %d %d %d, want %d", len(v.Values), len(v.Known), len(v.Weights), len(device.VectorNames))
	}
	if bw, known := v.Get("bandwidth_gbps"); known || bw < 5 || bw > 100 {
		t.Errorf("bandwidth %g known %v, want a typical value marked unknown", bw, known)
	}
	if f32, known := v.Get("cpu_f32_mac_per_s"); !known || math.Abs(f32-4*8*2.0e9) > 1 {
		t.Errorf("float32 peak %g known %v, want %g", f32, known, 4*8*2.0e9)
	}
	for i, w := range v.Weights {
		if v.Known[i] != (w > 0) || math.IsNaN(v.Values[i]) {
			t.Errorf("%s: value %g known %v weight %g", v.Names[i], v.Values[i], v.Known[i], w)
		}
	}
	npu, known := find(t, "QCS8275 (Proxy)").Vector(0, "").Get("npu_generation")
	if !known || npu != 75 {
		t.Errorf("Hexagon generation %g known %v, want 75", npu, known)
	}
}

func TestCorePart(t *testing.T) {
	c := device.Embedded()
	for _, tt := range []struct {
		implementer, part, variant int
		want                       string
	}{{0x41, 0xd0b, 1, "A76"}, {0x41, 0xd05, 0, "A55"}, {0x51, 0x803, 7, "A55r0"}, {0x53, 0x001, 4, "M2"}, {0x53, 0x001, 1, "M1"}} {
		if core, ok := c.CorePart(tt.implementer, tt.part, tt.variant); !ok || core.Name != tt.want {
			t.Errorf("CorePart(%#x, %#x, %d) = %q, %v, want %q", tt.implementer, tt.part, tt.variant, core.Name, ok, tt.want)
		}
	}
	if _, ok := c.CorePart(0x99, 1, 0); ok {
		t.Error("an unknown implementer gave a core")
	}
}

func TestPowerCurves(t *testing.T) {
	c := device.Embedded()
	curves := c.PowerCurves("sd855")
	if len(curves) < 2 {
		t.Fatalf("%d curves of sd855", len(curves))
	}
	for _, cv := range curves {
		for i, p := range cv.Points {
			if p.PowerMW <= 0 || i > 0 && p.ClockMHz <= cv.Points[i-1].ClockMHz {
				t.Errorf("cpu %d: point %+v", cv.FirstCPU, p)
			}
		}
		top := cv.Points[len(cv.Points)-1]
		if q := cv.At(top.ClockMHz); q.Value != top.PowerMW {
			t.Errorf("At(top) = %v, want %v", q.Value, top.PowerMW)
		}
		if q := cv.At(top.ClockMHz * 2); math.Abs(q.Value-8*top.PowerMW) > 1e-6 || q.Confidence >= device.ConfidenceSourced {
			t.Errorf("beyond the curve: %+v", q)
		}
	}
	if got := c.PowerCurves("nothing"); got != nil {
		t.Errorf("curves of an unknown SoC: %v", got)
	}
	if (device.PowerCurve{}).At(1000).Known {
		t.Error("an empty curve knows a power")
	}
	for _, id := range c.AllPowerCurves() {
		if _, ok := c.SoC(id); !ok {
			t.Errorf("power curve of unknown SoC %q", id)
		}
	}
}

func TestTarget_key(t *testing.T) {
	a := device.Target{Device: find(t, "Pixel 7"), Runtime: "litert", Delegate: device.CPU, Threads: 4, Precision: device.F32}
	b := a
	b.Threads = 2
	if a.Key() == b.Key() || a.Key() != "Google Pixel 7|gs201|litert||cpu|4||f32" {
		t.Errorf("keys %q and %q", a.Key(), b.Key())
	}
}

func TestSearch(t *testing.T) {
	if got := device.Embedded().Search("galaxy a15"); len(got) < 2 {
		t.Errorf("%d devices for galaxy a15", len(got))
	}
	if got := device.Embedded().Search("no such thing"); got != nil {
		t.Errorf("got %d devices", len(got))
	}
}

func BenchmarkVector(b *testing.B) {
	d := find(b, "Pixel 7")
	b.ReportAllocs()
	for b.Loop() {
		d.Vector(4, device.AffinityBig)
	}
}
