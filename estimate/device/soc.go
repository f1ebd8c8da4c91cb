package device

import (
	"cmp"
	"math"
	"slices"
)

// Cluster is a group of equal cores that share a clock.
type Cluster struct {
	Core     Core
	Count    int
	ClockMHz Quantity // the highest clock
	L2KiB    Quantity // of the whole cluster: private caches are added up
}

// GPU is the graphics part of an SoC.
type GPU struct {
	Name     string // "" when the SoC has none or it is unknown
	ClockMHz Quantity
	F32MACs  Quantity // MACs per second
}

// NPU is the accelerator for networks, named as its vendor does.
type NPU struct {
	Name string
	TOPS Quantity // 10^12 int8 operations per second as the vendor claims, two per MAC
}

// Memory is the main memory at the best speed that the SoC supports; a phone may ship slower parts.
type Memory struct {
	Kind          string // "LPDDR5X"
	Channels      string // "4x16"
	MTPerS        Quantity
	BandwidthGBps Quantity
}

// SoC is one system on a chip with everything published about it.
type SoC struct {
	ID          string // "sd7g1", key of socs.csv
	Name        string // "Snapdragon 7 Gen 1"
	PartNumber  string // "SM7450-AB"
	Vendor      string
	Year        Quantity // announced
	ProcessNM   Quantity
	Clusters    []Cluster // fastest first
	Common      ISA       // features of all cores: what kernels may use
	All         ISA       // features of any core
	L3KiB       Quantity
	SLCKiB      Quantity // system-level cache before the memory; known 0 means none
	Memory      Memory
	GPU         GPU
	NPU         NPU
	Platforms   []string // ro.board.platform values
	ModelValues []string // ro.soc.model values
}

// CoreAt is one core of an SoC at the highest clock of its cluster.
type CoreAt struct {
	Core     Core
	Cluster  int // index in SoC.Clusters
	ClockMHz Quantity
}

// Rate returns the peak MACs per second of this core.
func (c CoreAt) Rate(p Precision, usable ISA) Quantity {
	q := c.Core.MACsPerCycle(p, usable)
	q.Known = q.Known && c.ClockMHz.Known
	q.Confidence = minConfidence(q, c.ClockMHz)
	q.Value *= c.ClockMHz.Value * 1e6
	return q
}

// CoreCount returns the number of CPU cores.
func (s SoC) CoreCount() int {
	n := 0
	for _, c := range s.Clusters {
		n += c.Count
	}
	return n
}

// CoresFor lists the cores that n threads with an affinity run on, fastest first by clock times the square root of the vector width,
// as schedulers and runtimes prefer them. AffinityBig keeps the cores whose clock is at least midway between the fastest and the
// slowest cluster, AffinityLittle the others (all when there is one kind), as ncnn's powersave 2 and 1 do. With n ≤ 0, or more threads
// than cores, all cores left are listed.
func (s SoC) CoresFor(n int, a Affinity) []CoreAt {
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, c := range s.Clusters {
		lo, hi = min(lo, c.ClockMHz.Value), max(hi, c.ClockMHz.Value)
	}
	var cores []CoreAt
	for i, c := range s.Clusters {
		big := c.ClockMHz.Value >= (lo+hi)/2
		if a == AffinityBig && !big || a == AffinityLittle && big && lo < hi {
			continue
		}
		for range c.Count {
			cores = append(cores, CoreAt{Core: c.Core, Cluster: i, ClockMHz: c.ClockMHz})
		}
	}
	slices.SortStableFunc(cores, func(x, y CoreAt) int { return cmp.Compare(y.weight(), x.weight()) })
	if n > 0 && n < len(cores) {
		cores = cores[:n]
	}
	return cores
}

func (c CoreAt) weight() float64 {
	return c.ClockMHz.Value * math.Sqrt(max(c.Core.F32MACs.Value, 1))
}

// Peak returns the peak MACs per second of n threads when work is shared out as cores become free: the sum over their cores. A vector
// unit shared by several busy cores counts once.
func (s SoC) Peak(p Precision, n int, a Affinity) Quantity { return s.peak(p, s.CoresFor(n, a)) }

// EvenPeak returns the peak MACs per second of n threads when work is cut into equal parts, so that the slowest core decides:
// the number of cores times the rate of the slowest.
func (s SoC) EvenPeak(p Precision, n int, a Affinity) Quantity {
	cores := s.CoresFor(n, a)
	worst := s.peak(p, cores)
	for _, c := range cores {
		if r := s.peak(p, []CoreAt{c}); r.Value*float64(len(cores)) < worst.Value {
			worst.Value = r.Value * float64(len(cores))
		}
	}
	return worst
}

func (s SoC) peak(p Precision, cores []CoreAt) Quantity {
	sum := Quantity{Known: len(cores) > 0, Confidence: 1}
	perCluster := make([]int, len(s.Clusters))
	for _, c := range cores {
		perCluster[c.Cluster]++
		r := c.Rate(p, s.Common)
		sum.Known = sum.Known && r.Known
		sum.Confidence = min(sum.Confidence, r.Confidence)
		units := s.Clusters[c.Cluster].Count / max(c.Core.VectorShare, 1)
		if c.Core.VectorShare > 1 && perCluster[c.Cluster] > max(units, 1) {
			continue // its vector unit is already counted
		}
		sum.Value += r.Value
	}
	if !sum.Known {
		return Quantity{}
	}
	sum.Source = "peak per cycle times highest clock"
	return sum
}

// L2KiB returns the second-level cache that n threads can use: the caches of the clusters they run on.
func (s SoC) L2KiB(n int, a Affinity) Quantity {
	sum, seen := Quantity{Known: true, Confidence: 1}, map[int]bool{}
	for _, c := range s.CoresFor(n, a) {
		if seen[c.Cluster] {
			continue
		}
		seen[c.Cluster] = true
		q := s.Clusters[c.Cluster].L2KiB
		sum.Known = sum.Known && q.Known
		sum.Value += q.Value
		sum.Confidence = min(sum.Confidence, q.Confidence)
	}
	if len(seen) == 0 || !sum.Known {
		return Quantity{}
	}
	return sum
}
