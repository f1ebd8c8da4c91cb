package record

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Cluster is a group of equal CPU cores.
type Cluster struct {
	Count int
	Core  string  // short core name in upper case, such as A76 or ORYON
	GHz   float64 // highest clock
}

// Device holds the published facts of one device that predictors use. Zero or "" means not known.
type Device struct {
	Match           string // label, or part of a label, that the facts belong to
	Class           string // phone, sbc, laptop, auto, ...
	SoC             string
	Clusters        []Cluster
	ISA             []string // extensions in lower case: fp16, dotprod, i8mm, bf16, sve
	ProcessNM       float64
	MemoryType      string
	BandwidthGBs    float64 // peak memory bandwidth
	GPU, NPU        string
	Year            int
	L2KB, L3KB      float64 // of the big cluster, and shared
	GPUGFLOPs       float64 // fp32 peak
	NPUTOPs         float64 // int8 peak
	Confidence      string  // how sure the facts are; "" when not stated
	MarketingDevice string  // name of a phone that has it, for messages
}

// HasISA reports whether the CPU has the named extension.
func (d *Device) HasISA(name string) bool {
	for _, x := range d.ISA {
		if x == name {
			return true
		}
	}
	return false
}

// Devices is a table of device facts in the order of its file.
type Devices []Device

// Find returns the first device whose Match is part of the label, as the measurement collection defines it.
func (t Devices) Find(label string) (*Device, bool) {
	for i := range t {
		if t[i].Match != "" && strings.Contains(label, t[i].Match) {
			return &t[i], true
		}
	}
	return nil, false
}

// FindSoC returns the first device with that SoC.
func (t Devices) FindSoC(soc string) (*Device, bool) {
	for i := range t {
		if soc != "" && t[i].SoC == soc {
			return &t[i], true
		}
	}
	return nil, false
}

// ReadDevices reads a device table: match,class,soc,clusters,isa,process_nm,mem_type,mem_bw_gbs,gpu,npu,year, where
// clusters is written as 1*A76@2.96+3*A76@2.42 and isa as fp16,dotprod. Absent columns leave facts unknown.
func ReadDevices(r io.Reader) (Devices, error) {
	cr := csv.NewReader(r)
	cr.FieldsPerRecord = -1
	all, err := cr.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("device table: %w", err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	col := map[string]int{}
	for i, h := range all[0] {
		col[strings.TrimPrefix(h, "\ufeff")] = i
	}
	if _, ok := col["match"]; !ok {
		return nil, fmt.Errorf("device table: %w: %q", ErrHeader, "match")
	}
	var t Devices
	for _, rec := range all[1:] {
		get := func(name string) string {
			if i, ok := col[name]; ok && i < len(rec) {
				return strings.TrimSpace(rec[i])
			}
			return ""
		}
		num := func(name string) float64 { v, _ := strconv.ParseFloat(get(name), 64); return v }
		t = append(t, Device{Match: get("match"), Class: get("class"), SoC: get("soc"), Clusters: ParseClusters(get("clusters")),
			ISA: splitList(get("isa")), ProcessNM: num("process_nm"), MemoryType: get("mem_type"), BandwidthGBs: num("mem_bw_gbs"),
			GPU: get("gpu"), NPU: get("npu"), Year: int(num("year")), L2KB: num("l2"), L3KB: num("l3"),
			GPUGFLOPs: num("gpu_gflops"), NPUTOPs: num("npu_tops")})
	}
	return t, nil
}

// ParseClusters reads 1*A76@2.96+3*A76@2.42. Parts that do not have this form are left out.
func ParseClusters(s string) []Cluster {
	var cs []Cluster
	for _, part := range strings.Split(s, "+") {
		n, rest, ok := strings.Cut(strings.TrimSpace(part), "*")
		core, ghz, ok2 := strings.Cut(rest, "@")
		count, err := strconv.Atoi(n)
		g, err2 := strconv.ParseFloat(strings.TrimSpace(ghz), 64)
		if !ok || !ok2 || err != nil || err2 != nil || count < 1 || count > 1024 || g <= 0 {
			continue
		}
		cs = append(cs, Cluster{Count: count, Core: strings.ToUpper(core), GHz: g})
	}
	return cs
}

func splitList(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return r == ',' || r == ' ' || r == ';' })
}
