package device

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Vector is what is published about an SoC as numbers for a regressor, in natural units, not scaled and not logged. An unknown entry
// has Known false, weight 0, and holds the median of like SoCs of the embedded catalogue, so that a fit that ignores Known still
// sees a plausible number.
type Vector struct {
	Names   []string
	Values  []float64
	Known   []bool
	Weights []float64 // confidence of each value, 0 when unknown
}

// VectorNames are the entries of every Vector, in order: peaks are MACs per second for the threads of the setting (sum over their cores,
// and with the work cut into equal parts), clocks MHz, caches KiB, bandwidth GB/s, load bandwidth from L1 GB/s; flags are 0 or 1.
var VectorNames = []string{"cpu_f32_mac_per_s", "cpu_f16_mac_per_s", "cpu_i8_mac_per_s", "cpu_f32_even_mac_per_s", "cpu_f16_even_mac_per_s",
	"cpu_i8_even_mac_per_s", "cpu_f32_one_mac_per_s", "cpu_cores_used", "cpu_cores", "cpu_clock_max_mhz", "cpu_clock_min_mhz",
	"cpu_out_of_order_share", "cpu_issue_width", "cpu_64_bit", "cpu_fp16", "cpu_dotprod", "cpu_i8mm", "cpu_bf16", "cpu_sve2", "cpu_mixed",
	"l1_load_gbps", "l1d_kib", "l2_kib", "l3_kib", "slc_kib", "bandwidth_gbps", "gpu_f32_mac_per_s", "gpu_clock_mhz", "npu_mac_per_s",
	"npu_generation", "process_nm", "year"}

// Vector returns the numbers of the device for n threads with an affinity; n ≤ 0 means all cores. The entries about GPU and NPU do not
// depend on the setting. It costs about 0.1 ms: make it once per target, not per network.
func (d Device) Vector(n int, a Affinity) Vector {
	v := rawVector(d.SoC, n, a)
	four := rawVector(d.SoC, 4, AffinityAny)
	for i := range v.Values {
		if !v.Known[i] {
			v.Values[i] = typical(four, i)
		}
	}
	return v
}

// Get returns one entry by name and whether it is known. An unknown name panics: names are constants of the program.
func (v Vector) Get(name string) (float64, bool) {
	i := slices.Index(v.Names, name)
	if i < 0 {
		panic("device: no vector entry " + name)
	}
	return v.Values[i], v.Known[i]
}

// peers are the raw vectors of the embedded catalogue at four threads.
var peers = sync.OnceValue(func() []Vector {
	var out []Vector
	for _, s := range Embedded().SoCs() {
		out = append(out, rawVector(s, 4, AffinityAny))
	}
	return out
})

// typical is the median of entry i over the SoCs of the catalogue for which it is known and that are like v: of the same two years and
// within a factor of two in CPU peak, else of any year and peak.
func typical(v Vector, i int) float64 {
	peak, year := slices.Index(VectorNames, "cpu_f32_mac_per_s"), slices.Index(VectorNames, "year")
	var like, all []float64
	for _, p := range peers() {
		if !p.Known[i] {
			continue
		}
		all = append(all, p.Values[i])
		ratio := p.Values[peak] / max(v.Values[peak], 1)
		if math.Abs(p.Values[year]-v.Values[year]) <= 2 && ratio > 0.5 && ratio < 2 {
			like = append(like, p.Values[i])
		}
	}
	if len(like) < 5 {
		like = all
	}
	if len(like) == 0 {
		return 0
	}
	slices.Sort(like)
	return like[len(like)/2]
}

func rawVector(s SoC, n int, a Affinity) Vector {
	v := Vector{Names: VectorNames}
	add := func(q Quantity) {
		if !q.Known {
			q = Quantity{}
		}
		v.Values, v.Known, v.Weights = append(v.Values, q.Value), append(v.Known, q.Known), append(v.Weights, q.Confidence)
	}
	for _, p := range []Precision{F32, F16, I8} {
		add(s.Peak(p, n, a))
	}
	for _, p := range []Precision{F32, F16, I8} {
		add(s.EvenPeak(p, n, a))
	}
	add(s.Peak(F32, 1, a))
	u := usedCores(s.CoresFor(n, a))
	sure := func(x float64) Quantity { return Quantity{Value: x, Known: u.count > 0, Confidence: u.confidence} }
	add(sure(u.count))
	add(sure(float64(s.CoreCount())))
	add(sure(u.clockMax))
	add(sure(u.clockMin))
	add(sure(u.outOfOrder / max(u.count, 1)))
	add(sure(u.issue / max(u.count, 1)))
	for _, f := range []ISA{NEON, FP16, DotProd, I8MM, BF16, SVE2} {
		add(sure(flag(s.Common.Has(f))))
	}
	add(sure(flag(u.mixed)))
	add(Quantity{Value: u.loadGBps, Known: u.count > 0 && u.loadKnown, Confidence: min(u.confidence, ConfidenceMemory)})
	add(Quantity{Value: u.l1 / max(u.count, 1), Known: u.l1 > 0, Confidence: ConfidenceMemory})
	add(s.L2KiB(n, a))
	add(s.L3KiB)
	add(s.SLCKiB)
	add(s.Memory.BandwidthGBps)
	add(s.GPU.F32MACs)
	add(s.GPU.ClockMHz)
	add(s.NPU.TOPS.Times(0.5e12))
	add(s.NPU.Generation())
	add(s.ProcessNM)
	add(s.Year)
	return v
}

// used sums up the cores of a setting.
type used struct {
	count, clockMax, clockMin, outOfOrder, issue, loadGBps, l1, confidence float64
	mixed, loadKnown                                                       bool
}

func usedCores(cores []CoreAt) used {
	u := used{loadKnown: true, confidence: 1}
	for i, c := range cores {
		mhz := c.ClockMHz.Value
		u.count++
		u.clockMax = max(u.clockMax, mhz)
		if i == 0 || mhz < u.clockMin {
			u.clockMin = mhz
		}
		u.outOfOrder += flag(c.Core.OutOfOrder)
		u.issue += c.Core.IssueWidth.Value
		u.loadKnown = u.loadKnown && c.Core.LoadBytes.Known
		u.loadGBps += c.Core.LoadBytes.Value * mhz / 1000
		u.l1 += c.Core.L1DKiB.Value
		u.confidence = min(u.confidence, c.ClockMHz.Confidence)
		u.mixed = u.mixed || c.Core.Name != cores[0].Core.Name
	}
	return u
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

var (
	hexagonVersion = regexp.MustCompile(`V(\d{1,2})\b`)
	hexagonSeries  = regexp.MustCompile(`Hexagon (\d{3})`)
	// hexagonISA is the instruction set version of the DSPs that were sold by number. From memory.
	hexagonISA = map[string]float64{"536": 50, "546": 56, "642": 60, "680": 60, "682": 62, "683": 66, "685": 65, "686": 66, "688": 65,
		"690": 66, "692": 66, "694": 66, "696": 66, "698": 66, "770": 68, "780": 68}
)

// Generation returns the instruction set version of a Hexagon NPU (73 for V73); it is unknown for other makers and where the catalogue
// does not name it.
func (n NPU) Generation() Quantity {
	if !strings.Contains(n.Name, "Hexagon") {
		return Quantity{}
	}
	if m := hexagonVersion.FindStringSubmatch(n.Name); m != nil {
		v, _ := strconv.ParseFloat(m[1], 64)
		return Quantity{Value: v, Known: true, Confidence: ConfidencePartly, Source: n.Name}
	}
	if m := hexagonSeries.FindStringSubmatch(n.Name); m != nil && hexagonISA[m[1]] > 0 {
		return Quantity{Value: hexagonISA[m[1]], Known: true, Confidence: ConfidenceMemory, Source: "from memory, by " + n.Name}
	}
	return Quantity{}
}

// Family returns the kind of GPU: adreno, mali, xclipse, powervr, videocore, apple or other; "" when there is none.
func (g GPU) Family() string {
	name := strings.ToLower(g.Name)
	for _, f := range []struct{ word, family string }{{"adreno", "adreno"}, {"mali", "mali"}, {"immortalis", "mali"}, {"xclipse", "xclipse"},
		{"powervr", "powervr"}, {"videocore", "videocore"}, {"apple", "apple"}} {
		if strings.Contains(name, f.word) {
			return f.family
		}
	}
	if name == "" {
		return ""
	}
	return "other"
}
