package device

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

// externalRow is one line of a devices.csv: a device whose label contains match.
type externalRow struct {
	match  string
	device Device
}

// externalCores maps core spellings of such files that are not those of cores.csv.
var externalCores = map[string]string{"oryon2": "Oryon2L", "oryon3": "Oryon3", "denver": "Denver2", "kryo": "Kryo"}

var externalCluster = regexp.MustCompile(`^\s*(\d+)\s*\*\s*([A-Za-z0-9]+)\s*@\s*(\d+(?:\.\d+)?)\s*$`)

// WithExternal returns a catalogue that also knows the devices of a CSV with the columns match, class, soc, clusters, isa, process_nm,
// mem_type, mem_bw_gbs, gpu, npu and year. A row stands for every label that contains its match; the first such row counts, and only
// when this catalogue does not know the label. Clusters are written "1*X3@3.2+2*A715@2.8", in GHz. An unreadable cluster is an
// error with its line; of a core that is not in the catalogue only the name is known.
func (c *Catalogue) WithExternal(r io.Reader) (*Catalogue, error) {
	data, err := io.ReadAll(io.LimitReader(r, 16<<20))
	if err != nil {
		return nil, fmt.Errorf("devices: %w", err)
	}
	next := *c
	next.external, next.labels = nil, &labelMemory{}
	err = readTable(data, func(r row) error {
		clusters, err := c.externalClusters(r.text("clusters"))
		if err != nil || r.text("match") == "" {
			return err
		}
		s := socOf(r.text("soc"), clusters)
		const source = "devices.csv of the caller"
		s.PartNumber, s.Common = r.text("soc"), s.Common&^(FP16|DotProd|I8MM|BF16)
		s.Common |= parseISA(strings.NewReplacer("sme", "sme2").Replace(r.text("isa"))) & (s.All | FP16 | DotProd | I8MM | BF16)
		s.Memory = Memory{Kind: r.text("mem_type"), BandwidthGBps: r.number("mem_bw_gbs", source, ConfidenceMemory)}
		s.GPU.Name, s.NPU = r.text("gpu"), externalNPU(r.text("npu"))
		s.Year, s.ProcessNM = r.number("year", source, ConfidencePartly), r.number("process_nm", source, ConfidenceMemory)
		next.external = append(next.external, externalRow{match: r.text("match"), device: Device{Form: externalForm(r.text("class")), SoC: s,
			Year: s.Year, Match: Match{Kind: MatchExternal, Confidence: ConfidencePartly, Note: source}}})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("devices: %w", err)
	}
	return &next, nil
}

func (c *Catalogue) externalClusters(text string) ([]Cluster, error) {
	if text == "" {
		return nil, nil
	}
	var out []Cluster
	for _, part := range strings.Split(text, "+") {
		m := externalCluster.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("cluster %q is not COUNT*CORE@GHZ", part)
		}
		name := externalCores[strings.ToLower(m[2])]
		if name == "" {
			name = m[2]
		}
		core, ok := c.Core(name)
		if !ok { // a design that came after this catalogue: only its name is known
			core = Core{Name: name, VectorShare: 1}
		}
		n, err := strconv.Atoi(m[1])
		if err != nil || n < 1 || n > 1024 {
			return nil, fmt.Errorf("cluster %q: count out of range", part)
		}
		ghz, _ := strconv.ParseFloat(m[3], 64)
		out = append(out, c.clusterOf(core, n, ghz*1000, "devices.csv of the caller", ConfidencePartly))
	}
	return out, nil
}

var topsInName = regexp.MustCompile(`(\d+(?:\.\d+)?)\s*TOPS`)

// externalNPU splits "Hexagon V73 45TOPS" into its name and rate.
func externalNPU(text string) NPU {
	n := NPU{Name: strings.TrimSpace(topsInName.ReplaceAllString(text, ""))}
	if m := topsInName.FindStringSubmatch(text); m != nil {
		v, _ := strconv.ParseFloat(m[1], 64)
		n.TOPS = Quantity{Value: v, Known: true, Confidence: ConfidenceMemory, Source: "devices.csv of the caller"}
	}
	return n
}

func externalForm(class string) string {
	switch class {
	case "sbc", "iot", "auto":
		return "board"
	case "ref":
		return "reference"
	}
	return class
}

func (c *Catalogue) findExternal(query, _ string) (Device, bool) {
	for _, e := range c.external {
		if !strings.Contains(query, e.match) {
			continue
		}
		d := e.device
		d.Name = query
		if len(d.SoC.Clusters) == 0 {
			return d, true
		}
		return withLabelClusters(c, d, query), true
	}
	return Device{}, false
}

// filled takes what is unknown of an SoC of the catalogue from the external row of the label, if there is one.
func (c *Catalogue) filled(d Device, label string) Device {
	if len(c.external) == 0 || d.Match.Kind == MatchExternal {
		return d
	}
	e, ok := c.findExternal(label, "")
	if !ok {
		return d
	}
	for _, f := range []struct{ have, from *Quantity }{{&d.SoC.Memory.BandwidthGBps, &e.SoC.Memory.BandwidthGBps}, {&d.SoC.NPU.TOPS, &e.SoC.NPU.TOPS},
		{&d.SoC.Year, &e.SoC.Year}, {&d.SoC.ProcessNM, &e.SoC.ProcessNM}} {
		if !f.have.Known {
			*f.have = *f.from
		}
	}
	return d
}
