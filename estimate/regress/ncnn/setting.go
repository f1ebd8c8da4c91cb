package ncnn

import (
	"math"
	"sort"
	"strconv"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// core holds the prior knowledge of one CPU core type.
type core struct {
	flops      float64 // fp32 operations per cycle that a good kernel sustains
	outOfOrder float64 // 0 or 1
	wide64     float64 // 1 for 64-bit instruction sets
	loadBytes  float64 // bytes per cycle from the first-level cache
}

// cores is keyed by record.Cluster.Core. Peaks are published widths of the vector units, from memory. Those of the in-order 32-bit cores are
// what their half-width units sustain, and the fourth pipe of the Cortex-X cores, which loads rarely keep fed, is not counted.
var cores = map[string]core{
	// Arm, 32 bit.
	"A5": {1.2, 0, 0, 4}, "A7": {2.8, 0, 0, 8}, "A8": {2, 0, 0, 8}, "A9": {4, 1, 0, 8}, "A12": {8, 1, 0, 16}, "A15": {8, 1, 0, 16}, "A17": {8, 1, 0, 16},
	"A32": {4, 0, 0, 8}, "SCORPION": {4, 1, 0, 8}, "KRAIT300": {8, 1, 0, 16}, "KRAIT400": {8, 1, 0, 16}, "KRAIT450": {8, 1, 0, 16},
	// Arm, 64 bit.
	"A35": {4, 0, 1, 8}, "A53": {8, 0, 1, 8}, "A55": {8, 0, 1, 16}, "A55R0": {8, 0, 1, 16}, "A57": {8, 1, 1, 16}, "A72": {8, 1, 1, 16},
	"A73": {8, 1, 1, 16}, "A75": {8, 1, 1, 32}, "A76": {16, 1, 1, 32}, "A77": {16, 1, 1, 32}, "A78": {16, 1, 1, 32}, "A78AE": {16, 1, 1, 32},
	"A78C": {16, 1, 1, 32}, "A510": {8, 0, 1, 16}, "A520": {8, 0, 1, 16}, "A710": {16, 1, 1, 32}, "A715": {16, 1, 1, 32}, "A720": {16, 1, 1, 32},
	"A725": {16, 1, 1, 32}, "X1": {24, 1, 1, 48}, "X1C": {24, 1, 1, 48}, "X2": {24, 1, 1, 48}, "X3": {24, 1, 1, 48}, "X4": {24, 1, 1, 48},
	"X925": {32, 1, 1, 64}, "C1ULTRA": {32, 1, 1, 64}, "C1PREMIUM": {32, 1, 1, 64}, "C1PRO": {16, 1, 1, 32}, "C1NANO": {8, 0, 1, 16},
	// Qualcomm.
	"KRYO": {12, 1, 1, 32}, "KRYOGOLD6": {16, 1, 1, 32}, "ORYON": {32, 1, 1, 64}, "ORYON1": {32, 1, 1, 64}, "ORYON2": {32, 1, 1, 64},
	"ORYON2L": {32, 1, 1, 64}, "ORYON2M": {24, 1, 1, 48}, "ORYON3": {32, 1, 1, 64},
	// Samsung.
	"M1": {8, 1, 1, 16}, "M2": {8, 1, 1, 16}, "M3": {24, 1, 1, 32}, "M4": {24, 1, 1, 32}, "M5": {24, 1, 1, 32},
	// Apple.
	"CYCLONE": {16, 1, 1, 16}, "TYPHOON": {16, 1, 1, 16}, "TWISTER": {24, 1, 1, 32}, "HURRICANE": {24, 1, 1, 32}, "ZEPHYR": {8, 1, 1, 16},
	"MONSOON": {24, 1, 1, 32}, "MISTRAL": {16, 1, 1, 16}, "VORTEX": {24, 1, 1, 32}, "TEMPEST": {16, 1, 1, 16}, "LIGHTNING": {24, 1, 1, 48},
	"THUNDER": {16, 1, 1, 32}, "FIRESTORM": {32, 1, 1, 48}, "ICESTORM": {16, 1, 1, 32}, "AVALANCHE": {32, 1, 1, 48}, "BLIZZARD": {16, 1, 1, 32},
	"EVEREST": {32, 1, 1, 48}, "SAWTOOTH": {16, 1, 1, 32}, "A17P": {32, 1, 1, 48}, "A17E": {16, 1, 1, 32}, "A18P": {32, 1, 1, 48}, "A18E": {16, 1, 1, 32},
	"A19P": {32, 1, 1, 48}, "A19E": {16, 1, 1, 32},
	// Others.
	"DENVER": {8, 1, 1, 16}, "DENVER2": {8, 1, 1, 16}, "CARMEL": {16, 1, 1, 32}, "FTC310": {8, 0, 1, 8}, "FTC663": {8, 1, 1, 16},
	"FTC664": {8, 1, 1, 16}, "TAISHANV110": {8, 1, 1, 32}, "TAISHANV120": {16, 1, 1, 32}, "TAISHANV121": {16, 1, 1, 32}, "TAISHANV123": {16, 1, 1, 32},
	"TAISHANLITTLE": {8, 1, 1, 16},
}

// ordinary stands for a core that is not listed.
var ordinary = core{8, 1, 1, 16}

func coreOf(name string) core {
	if c, ok := cores[name]; ok {
		return c
	}
	return ordinary
}

// Dates (fractional years) from which the runtime used an extension of the instruction set.
const (
	fp16Since   = 2020.6 // half-precision arithmetic and storage on ARMv8.2
	dotSince    = 2020.9 // 8-bit dot products
	matmulSince = 2022.5 // 8-bit matrix products
)

// specCount is the number of inputs of the likeness of two runs by their published facts.
const specCount = 13

// setting describes how one run was taken: device, threads, cores, date, in the units of the nominal roofline.
type setting struct {
	run, soc, key string // identity of the run, of the chip with its processor, of chip, processor, threads and cores
	gpu           bool
	unknown       bool    // nothing is published of the device: an ordinary one stands in
	onCPU         bool    // a Vulkan run's network that the CPU executes, because it has no Vulkan kernels
	date          float64 // fractional year
	threads       int     // that find a core
	peak          float64 // fp32 (or fp16 where used) operations per ns of the threads together
	peakInt8      float64 // the same for 8-bit operations
	bandwidth     float64 // bytes per ns that the threads reach
	ghz           float64 // harmonic mean clock
	fp16          bool
	spec          [specCount]float64 // scaled inputs of the likeness of runs
}

// settingOf describes the run of a row on a device; dev may be nil. Networks that a Vulkan device cannot run are executed by its CPU and
// form a run of their own (onCPU).
func settingOf(r *record.Row, dev *record.Device, onCPU bool) *setting {
	s := &setting{run: r.RunID, soc: r.SoCGroup, gpu: r.Processor == "gpu" && !onCPU, onCPU: onCPU, date: 2023}
	if y, ok := r.Year(); ok {
		s.date = y
	}
	if dev == nil || len(dev.Clusters) == 0 && !s.gpu {
		s.unknown = true
	}
	if dev == nil {
		dev = &record.Device{BandwidthGBs: 12}
	}
	save, _ := strconv.Atoi(r.Note("powersave"))
	used := usedCores(dev.Clusters, save)
	want := r.ThreadCount()
	s.threads = max(1, min(want, len(used)))
	s.describe(dev, used[:s.threads], float64(want)/float64(len(used)))
	if s.gpu {
		s.asGPU()
	}
	if onCPU {
		s.run += "|cpu"
	}
	if s.gpu {
		s.soc += "|gpu"
	}
	s.key = s.soc + "|" + strconv.Itoa(s.threads) + "|" + strconv.Itoa(save)
	return s
}

// usedCores returns the cores that the runtime's power mode leaves, strongest first, one cluster of one core each: 0 all, 1 the slow ones,
// 2 the fast ones, split at the middle between the fastest and the slowest clock.
func usedCores(cs []record.Cluster, mode int) []record.Cluster {
	sorted := append([]record.Cluster(nil), cs...)
	if len(sorted) == 0 {
		sorted = []record.Cluster{{Count: 4, Core: "A73", GHz: 2.0}}
	}
	strength := func(c record.Cluster) float64 { return c.GHz * math.Sqrt(coreOf(c.Core).flops) }
	sort.SliceStable(sorted, func(i, j int) bool { return strength(sorted[i]) > strength(sorted[j]) })
	slowest := math.Inf(1)
	for _, c := range sorted {
		slowest = math.Min(slowest, c.GHz)
	}
	middle := (sorted[0].GHz + slowest) / 2
	var keep []record.Cluster
	for _, c := range sorted {
		fast := c.GHz >= middle
		if len(sorted) == 1 || mode == 0 || mode > 2 || mode == 2 && fast || mode == 1 && !fast {
			keep = append(keep, c)
		}
	}
	if len(keep) == 0 {
		keep = sorted
		if mode == 1 {
			keep = sorted[len(sorted)-1:]
		}
	}
	var used []record.Cluster
	for _, c := range keep {
		for range c.Count {
			used = append(used, record.Cluster{Count: 1, Core: c.Core, GHz: c.GHz})
		}
	}
	return used
}

// describe fills the roofline numbers and the spec inputs from the active cores. load is threads wanted per core there is.
func (s *setting) describe(dev *record.Device, active []record.Cluster, load float64) {
	n := float64(len(active))
	var sum, inverse, inverseClock, loads, ooo, wide float64
	mixed := 0.0
	for _, c := range active {
		k := coreOf(c.Core)
		p := c.GHz * k.flops
		sum, inverse, inverseClock, loads = sum+p, inverse+1/p, inverseClock+1/c.GHz, loads+k.loadBytes*c.GHz
		ooo, wide = ooo+k.outOfOrder, wide+k.wide64
		if c.Core != active[0].Core || c.GHz != active[0].GHz {
			mixed = 1
		}
	}
	// The work is cut into equal parts, so the slowest core decides (n*n/inverse), unless the scheduler moves work (sum).
	s.peak = math.Sqrt(n * n / inverse * sum)
	each := s.peak / n
	s.ghz = n / inverseClock
	s.fp16 = dev.HasISA("fp16") && s.date >= fp16Since
	dot, mm := dev.HasISA("dotprod") && s.date >= dotSince, dev.HasISA("i8mm") && s.date >= matmulSince
	s.peakInt8 = s.peak * 1.2
	if dot {
		s.peakInt8 = s.peak * 3
	}
	if mm {
		s.peakInt8 *= 1.5
	}
	if s.fp16 {
		s.peak *= 1.8
	}
	memory := dev.BandwidthGBs
	if memory <= 0 {
		memory = 12
	}
	s.bandwidth = 1 / (1/(0.6*memory) + 1/(0.25*loads))
	s.spec = [specCount]float64{math.Log(each), math.Log(n), math.Log(memory) / 1.2, (s.date - 2021) / 2.5, ooo / n, wide / n,
		flag(s.fp16), flag(dot), flag(mm), mixed, math.Log(s.ghz) / .4, 0, math.Log(math.Max(1, load)) * 2}
}

// asGPU replaces the CPU's numbers by fixed ones: what a Vulkan device reaches is learnt, not looked up.
func (s *setting) asGPU() {
	s.peak, s.peakInt8, s.bandwidth, s.threads, s.ghz = 400, 500, 15, 1, 1
	s.spec[0], s.spec[1], s.spec[10], s.spec[11] = math.Log(20), 0, 0, 3
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
