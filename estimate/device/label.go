package device

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// statedCluster is a group of cores as a label states it: the core is "" when only a family was named, the clock 0 when none was given.
type statedCluster struct {
	core  string
	count int
	mhz   float64
}

var (
	statedClock = regexp.MustCompile(`(?i)(\d+(?:\.\d+)?)\s*(ghz|mhz)`)
	countAfter  = regexp.MustCompile(`(?i)(?:^|[^a-z0-9])[x*]\s*(\d+)\b`)
	countBefore = regexp.MustCompile(`(?i)(?:^|[^a-z0-9.])(\d+)\s*[x*](?:[^0-9a-z]|$)`)
	coreNamedX  = regexp.MustCompile(`(?i)\bcortex[ -]?x\d+`)
	countWord   = regexp.MustCompile(`(?i)\b(single|dual|quad|hexa|octa|deca)[ -]core`)
	countGlued  = regexp.MustCompile(`(?i)^\s*(\d+)\s*[x*]\s*[a-z]`)
	graphics    = regexp.MustCompile(`(?i)adreno|mali|immortalis|videocore|powervr|xclipse|maxwell|pascal|volta|ampere|vega|nvidia|geforce|tensor core|\bgpu\b`)
	overclock   = regexp.MustCompile(`(?i)(\w+)?\s+overclock(?:ed)? to\s+(\d+(?:\.\d+)?)\s*ghz`)
	sameDash    = strings.NewReplacer("‑", "-", "–", "-", "×", "x", "@", " ")
	coreWords   = map[string]int{"single": 1, "dual": 2, "quad": 4, "hexa": 6, "octa": 8, "deca": 10}
)

// statedClusters reads groups of cores from a label such as "Kirin 970 (Cortex-A73 2.4GHz x 4 + Cortex-A53 1.8GHz x 4)". Parts about
// graphics are passed over. A group without a core of its own takes the one before.
func (c *Catalogue) statedClusters(label string) []statedCluster {
	var out []statedCluster
	before := ""
	for _, part := range strings.Split(sameDash.Replace(label), "+") {
		core := c.coreIn(part)
		if core == "" && graphics.MatchString(part) {
			continue
		}
		clock := statedClock.FindStringSubmatch(part)
		if core == "" {
			core = before
		}
		if clock == nil && (c.coreIn(part) == "" || len(out) == 0) {
			continue
		}
		before = core
		s := statedCluster{core: core, count: statedCount(statedClock.ReplaceAllString(part, " "))}
		if clock != nil {
			s.mhz, _ = strconv.ParseFloat(clock[1], 64)
			if strings.EqualFold(clock[2], "ghz") {
				s.mhz *= 1000
			}
		}
		out = append(out, s)
	}
	return out
}

// coreIn returns the core design that a part of a label names, "" if none does. Kryo and "Kyro" name families, not designs.
func (c *Catalogue) coreIn(part string) string {
	list := words(part)
	best := ""
	for i, w := range list {
		name, ok := c.coreKeys[w]
		if !ok && strings.HasPrefix(w, "nv") {
			name, ok = c.coreKeys[w[2:]]
		}
		if !ok || w == "kryo" || strings.HasPrefix(w, "m") && len(w) == 2 {
			continue
		}
		if len(w) < 5 && (i == 0 || list[i-1] != "cortex" && list[i-1] != "core" && !statedClock.MatchString(part)) {
			if i > 0 || !statedClock.MatchString(part) {
				continue
			}
		}
		if i > 0 && slices.Contains([]string{"apple", "adreno", "galaxy", "snapdragon"}, list[i-1]) {
			continue
		}
		best = name
	}
	return best
}

// statedCount returns how many cores a part of a label states, 1 where it states none. The last number counts: names such as RDK X3 or
// Cortex-X3 stand before it.
func statedCount(part string) int {
	part = coreNamedX.ReplaceAllString(part, " ")
	for _, re := range []*regexp.Regexp{countAfter, countBefore, countGlued} {
		all := re.FindAllStringSubmatch(part, -1)
		if len(all) > 0 {
			m := all[len(all)-1]
			if n, err := strconv.Atoi(m[1]); err == nil && n > 0 && n <= 256 {
				return n
			}
		}
	}
	if m := countWord.FindStringSubmatch(part); m != nil {
		return coreWords[strings.ToLower(m[1])]
	}
	return 1
}

// withLabelClusters replaces the clusters of a device by those that its label states, when they account for all cores of the SoC; a
// CPU overclock stated in words sets all clocks.
func withLabelClusters(c *Catalogue, d Device, label string) Device {
	stated := c.statedClusters(label)
	if m := overclock.FindStringSubmatch(label); m != nil && !strings.EqualFold(m[1], "graphics") {
		ghz, _ := strconv.ParseFloat(m[2], 64)
		stated = []statedCluster{{count: d.SoC.CoreCount(), mhz: ghz * 1000}}
	}
	total := 0
	for _, s := range stated {
		if s.mhz == 0 {
			return d
		}
		total += s.count
	}
	if n := coresUsed(stated, label); n > 0 && len(d.SoC.Clusters) == 1 && n < d.SoC.CoreCount() {
		return withCores(d, n, stated)
	}
	if total != d.SoC.CoreCount() || len(stated) == 0 {
		return d
	}
	d.SoC.Clusters = c.restate(d.SoC.Clusters, stated)
	return d
}

var coresStated = regexp.MustCompile(`(?i)\bx\s*(\d+) cores\b`)

// coresUsed returns how many cores a label says are used, 0 when it does not say.
func coresUsed(stated []statedCluster, label string) int {
	if m := coresStated.FindStringSubmatch(label); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	if len(stated) == 1 {
		return stated[0].count
	}
	return 0
}

// withCores cuts an SoC of one cluster, as a server rents it out in parts, down to n cores.
func withCores(d Device, n int, stated []statedCluster) Device {
	k := d.SoC.Clusters[0]
	k.L2KiB = k.L2KiB.Times(float64(n) / float64(k.Count))
	k.Count = n
	if len(stated) == 1 {
		k.ClockMHz = Quantity{Value: stated[0].mhz, Known: true, Confidence: ConfidenceSourced, Source: "stated in the label"}
	}
	d.SoC.Clusters = []Cluster{k}
	return d
}

// restate gives the known clusters the stated clocks: by core name where the label has names that the SoC has too, else fastest to
// fastest. The cores stay those of the catalogue.
func (c *Catalogue) restate(known []Cluster, stated []statedCluster) []Cluster {
	var cores []Cluster // one entry per core
	for _, k := range known {
		for range k.Count {
			cores = append(cores, k)
		}
	}
	rank := func(s statedCluster) int {
		return slices.IndexFunc(cores, func(k Cluster) bool { return k.Core.Name == s.core })
	}
	named := !slices.ContainsFunc(stated, func(s statedCluster) bool { return rank(s) < 0 })
	stated = slices.Clone(stated)
	slices.SortStableFunc(stated, func(a, b statedCluster) int {
		if named && rank(a) != rank(b) {
			return rank(a) - rank(b)
		}
		return int(b.mhz - a.mhz)
	})
	var out []Cluster
	at := 0
	for _, s := range stated {
		for range s.count {
			k := cores[at]
			perCore := k.L2KiB.Times(1 / float64(k.Count))
			at++
			last := len(out) - 1
			if last >= 0 && out[last].Core.Name == k.Core.Name && out[last].ClockMHz.Value == s.mhz {
				out[last].Count++
				out[last].L2KiB.Value += perCore.Value
				continue
			}
			k.Count, k.L2KiB = 1, perCore
			k.ClockMHz = Quantity{Value: s.mhz, Known: true, Confidence: ConfidenceSourced, Source: "stated in the label"}
			out = append(out, k)
		}
	}
	return out
}

// findClusters makes a device from nothing but the cores and clocks that a label states. Memory, caches and graphics stay unknown.
func (c *Catalogue) findClusters(query, _ string) (Device, bool) {
	stated := c.statedClusters(query)
	var clusters []Cluster
	for _, s := range stated {
		core, ok := c.cores[s.core]
		if !ok || s.mhz == 0 {
			return Device{}, false
		}
		clusters = append(clusters, c.clusterOf(core, s.count, s.mhz, "stated in the label", ConfidenceSourced))
	}
	if len(clusters) == 0 {
		return Device{}, false
	}
	s := socOf(query, clusters)
	return Device{Name: query, Form: "unknown", SoC: s, Match: Match{Kind: MatchClusters, Confidence: ConfidenceMemory,
		Note: "only cores and clocks are known, from the label"}}, true
}

func (c *Catalogue) clusterOf(core Core, count int, mhz float64, source string, confidence float64) Cluster {
	l2 := core.L2KiB.Times(float64(count))
	l2.Confidence = ConfidenceAssumed
	return Cluster{Core: core, Count: count, ClockMHz: Quantity{Value: mhz, Known: true, Confidence: confidence, Source: source}, L2KiB: l2}
}

// socOf is an SoC of which only the clusters are known; its features are those of the cores.
func socOf(name string, clusters []Cluster) SoC {
	s := SoC{ID: squash(name), Name: name, Clusters: clusters, Common: ^ISA(0)}
	for _, cl := range clusters {
		s.Common &= cl.Core.Features
		s.All |= cl.Core.Features
	}
	slices.SortStableFunc(s.Clusters, func(a, b Cluster) int {
		x, y := CoreAt{Core: a.Core, ClockMHz: a.ClockMHz}, CoreAt{Core: b.Core, ClockMHz: b.ClockMHz}
		switch {
		case x.weight() > y.weight():
			return -1
		case x.weight() < y.weight():
			return 1
		}
		return 0
	})
	return s
}
