package device

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// confidenceOf rates a source text: empty and "from memory" are memory, anything else was read somewhere.
func confidenceOf(source string) float64 {
	if source == "" || source == "from memory" {
		return ConfidenceMemory
	}
	return ConfidenceSourced
}

func (c *Catalogue) addSoC(r row) error {
	clock := map[string]float64{"all clusters": ConfidenceSourced, "max clock only": ConfidencePartly}[r.text("clusters_checked")]
	if clock == 0 {
		clock = ConfidenceMemory
	}
	memory, mem := r.text("src_mem"), confidenceOf(r.text("src_mem"))
	s := SoC{ID: r.text("soc_id"), Name: r.text("name"), PartNumber: r.text("part_number"), Vendor: r.text("vendor"),
		Year: r.number("year", "from memory", ConfidencePartly), ProcessNM: r.number("process_nm", "from memory", ConfidenceMemory),
		Common: parseISA(r.text("isa_common")), All: parseISA(r.text("isa_all")),
		L3KiB:  r.number("l3_mib", "from memory", ConfidenceMemory).Times(1024),
		SLCKiB: r.number("slc_mib", "from memory", ConfidenceMemory).Times(1024),
		Memory: Memory{Kind: r.text("mem_type"), Channels: r.text("mem_channels_x_bits"), MTPerS: r.number("mem_mtps", memory, mem),
			BandwidthGBps: r.number("mem_bw_gbps", memory, mem)},
		GPU: GPU{Name: r.text("gpu"), ClockMHz: r.number("gpu_clock_mhz", r.text("src_gpu"), confidenceOf(r.text("src_gpu"))), F32MACs: gpuRate(r)},
		NPU: NPU{Name: r.text("npu"), TOPS: npuRate(r)}}
	for _, w := range strings.FieldsFunc(r.text("board_platform"), func(r rune) bool { return strings.ContainsRune(" /()", r) }) {
		if w != "family" {
			s.Platforms = append(s.Platforms, w)
		}
	}
	s.ModelValues = splitList(r.text("soc_model_values"))
	if err := c.addClusters(&s, r, clock); err != nil {
		return fmt.Errorf("soc %q: %w", s.ID, err)
	}
	if _, twice := c.socs[s.ID]; twice || s.ID == "" {
		return fmt.Errorf("soc id %q is empty or used twice", s.ID)
	}
	c.socs[s.ID] = s
	c.socOrder = append(c.socOrder, s.ID)
	c.indexSoC(s)
	return nil
}

// npuRate reads the NPU's rate, which is a vendor's claim from memory unless the table says better.
func npuRate(r row) Quantity {
	source, confidence := r.text("src_npu"), ConfidencePartly
	if source == "" {
		source, confidence = "vendor claim, from memory", ConfidenceMemory
	}
	return r.number("npu_tops", source, confidence)
}

// gpuRate reads the GPU's peak; the tables count two operations per MAC.
func gpuRate(r row) Quantity {
	source := r.text("gpu_gflops_src")
	confidence := 0.6
	if source == "from memory" {
		confidence = ConfidenceMemory
	}
	return r.number("gpu_gflops_fp32", source, confidence).Times(0.5e9)
}

var clusterField = regexp.MustCompile(`^(.+?)x(\d+)@(\d+(?:\.\d+)?)$`)

func (c *Catalogue) addClusters(s *SoC, r row, confidence float64) error {
	caches := strings.Split(r.text("l2_kib_per_cluster"), "/")
	for i := 1; i <= 4; i++ {
		text := r.text("cluster" + strconv.Itoa(i))
		if text == "" {
			continue
		}
		m := clusterField.FindStringSubmatch(text)
		if m == nil {
			return fmt.Errorf("cluster %q is not CORExCOUNT@GHZ", text)
		}
		core, ok := c.cores[m[1]]
		if !ok {
			return fmt.Errorf("cluster %q: unknown core", text)
		}
		count, _ := strconv.Atoi(m[2])
		ghz, _ := strconv.ParseFloat(m[3], 64)
		cl := Cluster{Core: core, Count: count, ClockMHz: Quantity{Value: ghz * 1000, Known: true, Confidence: confidence, Source: r.text("src_clusters")}}
		if len(caches) >= i {
			cl.L2KiB = clusterCache(caches[i-1], count)
		}
		if !cl.L2KiB.Known && core.L2KiB.Known {
			cl.L2KiB = core.L2KiB.Times(float64(count))
			cl.L2KiB.Confidence = ConfidenceAssumed
		}
		s.Clusters = append(s.Clusters, cl)
	}
	if len(s.Clusters) == 0 {
		return fmt.Errorf("no cluster")
	}
	return nil
}

// clusterCache reads "512s" (shared by the cluster) or "256" (of each core) as the whole cluster's cache in KiB.
func clusterCache(text string, cores int) Quantity {
	q := firstNumber(text)
	if !strings.HasSuffix(text, "s") {
		q = q.Times(float64(cores))
	}
	return q
}

func (c *Catalogue) addPhone(r row) error {
	socSource, battery := r.text("src_soc"), r.text("src_battery")
	soc, ok := c.socs[r.text("soc_id")]
	if !ok && r.text("soc_id") != "" {
		return fmt.Errorf("phone %q: unknown soc %q", r.text("name"), r.text("soc_id"))
	}
	if !ok {
		return nil
	}
	d := Device{Name: r.text("name"), Vendor: r.text("vendor"), Form: r.text("form"), Codename: r.text("device_codename"), SoC: soc,
		BatteryMAh: r.number("battery_mah", battery, confidenceOf(battery)), Year: r.number("year", socSource, ConfidencePartly), Tier: r.text("tier"),
		BatteryV: r.number("battery_v_nominal", "typical value", ConfidenceMemory), RAMGB: firstNumber(r.text("ram_gb"))}
	d.RAMGB.Source, d.RAMGB.Confidence = r.text("src_device"), confidenceOf(r.text("src_device"))
	for _, code := range splitList(r.text("model_codes")) {
		d.ModelCodes = append(d.ModelCodes, strings.ReplaceAll(code, "_", " "))
	}
	c.devices = append(c.devices, d)
	c.indexDevice(len(c.devices)-1, confidenceOf(socSource))
	return nil
}

func splitList(text string) []string { return strings.Fields(text) }
