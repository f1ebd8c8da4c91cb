// Package snpe starts snpe-net-run and reads what snpe-diagview prints of the log that it wrote: the mean inference time and times per layer. Layers
// on the DSP and the HTP are in cycles, which are kept as such: their sum is not a latency. The SDK was not at hand when this was written: flags and
// forms of lines are those of its pages and of published outputs of versions 2.9 and 2.21.
package snpe

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/calibrate/runtime"
)

var (
	layer = regexp.MustCompile(`^([0-9]+)\s*:\s*(?:(\S.*?)\s*:\s*)?([0-9]+)\s*(us|cycles)\s*:\s*(CPU|GPU|DSP|AIP|HTP|HTA)\s*$`)
	total = regexp.MustCompile(`^(Total Inference Time|Init)\s*:?\s*([0-9]+)\s*us\s*$`)
)

// Parse reads the text of snpe-diagview. Layers must be counted from 0 without a gap.
func Parse(stdout, _ []byte) (runtime.Result, error) {
	res := runtime.Result{Runtime: "snpe"}
	n, layers := 0, false
	for s := range strings.Lines(string(stdout)) {
		n++
		s = strings.TrimSpace(s)
		if m := total.FindStringSubmatch(s); m != nil {
			us, err := strconv.ParseFloat(m[2], 64)
			if err != nil || math.IsInf(us, 0) {
				return runtime.Result{}, bad(n, "time %.60q", s)
			}
			ms := us / 1000
			switch m[1] {
			case "Total Inference Time":
				if us <= 0 {
					return runtime.Result{}, bad(n, "no time: %.60q", s)
				}
				res.Summary = &runtime.Summary{MeanMS: &ms}
			case "Init":
				res.InitMS = ms
			}
			continue
		}
		if strings.HasPrefix(s, "Total Inference Time") && !strings.HasSuffix(s, ":") {
			return runtime.Result{}, bad(n, "unknown form of the total: %.120q", s)
		}
		if v, ok := strings.CutPrefix(s, "Software library version:"); ok {
			res.Version = strings.TrimSpace(v)
		}
		layers = layers || strings.HasPrefix(s, "Layer Times")
		m := layer.FindStringSubmatch(s)
		if m == nil {
			if layers && len(s) > 0 && s[0] >= '0' && s[0] <= '9' || strings.Count(s, " : ") >= 2 {
				return runtime.Result{}, bad(n, "unknown form of a layer: %.120q", s)
			}
			continue
		}
		if err := add(&res, m); err != nil {
			return runtime.Result{}, bad(n, "%v", err)
		}
	}
	if res.Summary == nil {
		return runtime.Result{}, bad(0, "no total inference time")
	}
	return res, nil
}

func add(res *runtime.Result, m []string) error {
	i, err := strconv.Atoi(m[1])
	if err != nil || i != len(res.Ops) {
		return fmt.Errorf("layer %q after %d layers", m[1], len(res.Ops))
	}
	v, err := strconv.ParseFloat(m[3], 64)
	if err != nil || math.IsInf(v, 0) {
		return fmt.Errorf("number %.40q", m[3])
	}
	if res.OpsUnit != "" && res.OpsUnit != m[4] {
		return fmt.Errorf("layers in %s after layers in %s", m[4], res.OpsUnit)
	}
	res.OpsUnit = m[4]
	res.Ops = append(res.Ops, runtime.OpTime{Index: i, Node: -1, Type: m[5], Name: m[2], MeanUS: v, Calls: 1, Delegated: m[5] != "CPU"})
	return nil
}

func bad(line int, format string, args ...any) error {
	return &runtime.OutputError{Tool: "snpe-diagview", Line: line, Msg: fmt.Sprintf(format, args...)}
}
