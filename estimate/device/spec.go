package device

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// SpecError reports a specification such as "soc=…, ram=8" that cannot be read.
type SpecError struct {
	Spec string
	Msg  string
}

// Error names the specification and its fault.
func (e *SpecError) Error() string { return fmt.Sprintf("device specification %q: %s", e.Spec, e.Msg) }

// specKeys are the keys of a specification, for its error message.
const specKeys = "soc, clusters, name, ram, bandwidth, battery, voltage, year, npu_tops"

var specCluster = regexp.MustCompile(`^\s*(?:(\d+)\s*[x*]\s*)?([A-Za-z][A-Za-z0-9-]*)\s*@\s*(\d+(?:\.\d+)?)\s*(?:[gG][hH][zZ])?\s*$`)

// spec puts a device together from "key=value" pairs separated by commas: soc (any name that Find takes for an SoC or phone), clusters
// ("1xX2@3.0+3xA710@2.5", GHz), name, ram (GB), bandwidth (GB/s), battery (mAh), voltage (V), year, npu_tops. One of soc and clusters
// is needed.
func (c *Catalogue) spec(text string) (Device, error) {
	values := map[string]string{}
	for _, pair := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(pair, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if !ok || !strings.Contains(" "+strings.ReplaceAll(specKeys, ",", "")+" ", " "+key+" ") {
			return Device{}, &SpecError{text, fmt.Sprintf("%q is not one of %s", strings.TrimSpace(pair), specKeys)}
		}
		values[key] = strings.TrimSpace(value)
	}
	d, err := c.specBase(text, values)
	if err != nil {
		return Device{}, err
	}
	fields := []struct {
		key   string
		field *Quantity
	}{{"ram", &d.RAMGB}, {"bandwidth", &d.SoC.Memory.BandwidthGBps}, {"battery", &d.BatteryMAh}, {"voltage", &d.BatteryV},
		{"year", &d.Year}, {"npu_tops", &d.SoC.NPU.TOPS}}
	for _, f := range fields {
		if values[f.key] == "" {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimRight(values[f.key], " GBgbmAhV/s"), 64)
		if err != nil || !(v > 0) || math.IsInf(v, 0) {
			return Device{}, &SpecError{text, fmt.Sprintf("%s %q is not a number above zero", f.key, values[f.key])}
		}
		*f.field = Quantity{Value: v, Known: true, Confidence: ConfidenceSourced, Source: "given by the caller"}
	}
	if d.Name = values["name"]; d.Name == "" {
		d.Name = strings.TrimSpace(text)
	}
	d.Match.Kind, d.Match.Query = MatchSpec, text
	return d, nil
}

// maxGHz is more than any core runs at: a clock in MHz is beyond it.
const maxGHz = 10

// specBase finds the SoC of a specification and applies its clusters.
func (c *Catalogue) specBase(text string, values map[string]string) (Device, error) {
	var d Device
	if name := values["soc"]; name != "" {
		found, err := c.Find(name)
		if err != nil {
			return Device{}, err
		}
		d = c.generic(found.SoC, MatchSpec)
	} else if values["clusters"] == "" {
		return Device{}, &SpecError{text, "neither soc nor clusters given"}
	}
	if values["clusters"] == "" {
		return d, nil
	}
	var clusters []Cluster
	for _, part := range strings.Split(values["clusters"], "+") {
		m := specCluster.FindStringSubmatch(part)
		if m == nil {
			return Device{}, &SpecError{text, fmt.Sprintf("cluster %q is not COUNTxCORE@GHZ", part)}
		}
		core, ok := c.Core(strings.TrimPrefix(strings.ToLower(m[2]), "cortex-"))
		if !ok {
			return Device{}, &SpecError{text, fmt.Sprintf("core %q is not known", m[2])}
		}
		n := 1
		if m[1] != "" {
			n, _ = strconv.Atoi(m[1])
		}
		if n < 1 || n > 1024 {
			return Device{}, &SpecError{text, fmt.Sprintf("cluster %q: count out of range", part)}
		}
		ghz, _ := strconv.ParseFloat(m[3], 64)
		if !(ghz > 0 && ghz <= maxGHz) {
			return Device{}, &SpecError{text, fmt.Sprintf("cluster %q: clock of %s GHz; want one above 0 and below %d, such as 4xA76@2.4", part, m[3], maxGHz)}
		}
		clusters = append(clusters, c.clusterOf(core, n, ghz*1000, "given by the caller", ConfidenceSourced))
	}
	own := socOf(values["clusters"], clusters)
	if d.SoC.ID == "" {
		d.SoC = own
		d.Match = Match{Kind: MatchSpec, Confidence: ConfidencePartly}
		d.Form = "unknown"
		return d, nil
	}
	d.SoC.Clusters, d.SoC.Common, d.SoC.All = own.Clusters, own.Common, own.All
	return d, nil
}
