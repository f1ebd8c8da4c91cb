package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
)

// writePrediction shows one answer as people want to read it: the device, the
// numbers with their intervals, where the time goes, and what would help.
func writePrediction(w io.Writer, q *pricedModel, t device.Target, p estimate.Prediction, layers bool) error {
	s := &t.Device.SoC
	how := t.Runtime + " " + strings.ToUpper(string(t.Delegate))
	if t.Threads > 0 {
		how += fmt.Sprintf(", %s", plural(t.Threads, "thread"))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s · %s (%s) · %s, %s\n", q.Name, t.Device.Name, s.Name, clustersText(s), how, t.Precision)
	if p.Basis == estimate.Refused {
		fmt.Fprintf(&b, "  no answer: %s\n", p.Reason)
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "  latency   %s      energy  %s%s      peak memory  %s      basis: %s\n",
		rangeText(p.LatencyMS, "ms"), rangeText(p.EnergyMJ, "mJ"), battery(t.Device, p), rangeText(p.MemoryMB, "MB"), basisText(p))
	if len(p.Layers) > 0 {
		fmt.Fprintf(&b, "  where     %s      bound by  %s\n", shares(p.Layers), p.BoundBy)
	}
	if p.Fallbacks > 0 {
		fmt.Fprintf(&b, "  fallback  %s cannot run on the %s and run on the CPU: %s\n", plural(p.Fallbacks, "kernel"), t.Delegate, fallbackOps(p.Layers, t.Delegate))
	}
	if q.binding != "" {
		fmt.Fprintf(&b, "  sizes     %s\n", q.binding)
	}
	if p.Reason != "" {
		fmt.Fprintf(&b, "  note      %s\n", p.Reason)
	}
	for _, n := range p.Notes {
		fmt.Fprintf(&b, "  note      %s\n", n)
	}
	if m := t.Device.Match; m.Note != "" {
		fmt.Fprintf(&b, "  device    %s\n", m.Note)
	}
	if layers {
		for i, l := range p.Layers {
			fmt.Fprintf(&b, "  %4d  %-24s %-40s %8.3f ms  %5.1f %%  %-8s %s\n", i, l.Op, l.Name, l.LatencyMS, 100*l.Share, l.Bound, l.Processor)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeWhatIf says what another precision or delegate would give on the same
// device: only answers that exist and are not refused.
func writeWhatIf(w io.Writer, e *estimate.Estimator, q *pricedModel, t device.Target) error {
	var parts []string
	for _, alt := range []struct {
		word string
		set  func(*device.Target)
	}{
		{"int8 weights and activations", func(t *device.Target) { t.Precision = device.I8 }},
		{"gpu", func(t *device.Target) { t.Delegate, t.Precision, t.Threads = device.GPUDelegate, device.F16, 0 }},
		{"npu", func(t *device.Target) { t.Delegate, t.Precision, t.Threads = device.NPUDelegate, device.I8, 0 }},
	} {
		other := t
		alt.set(&other)
		if other.Delegate == t.Delegate && (other.Precision == t.Precision || t.Runtime == "ncnn") {
			continue // ncnn's precision is in the file: another file would be needed
		}
		target, err := e.Prepare(other, nil)
		if err != nil {
			continue
		}
		p := target.Predict(q.Question)
		if p.Basis == estimate.Refused || !p.LatencyMS.Known {
			continue
		}
		text := fmt.Sprintf("%s %s ms (%s – %s, %s)", alt.word, digits(p.LatencyMS.Value, 3), digits(p.LatencyMS.Lo, 2), digits(p.LatencyMS.Hi, 2), p.Basis)
		if p.Fallbacks > 0 {
			text += fmt.Sprintf(", %s on the CPU", plural(p.Fallbacks, "kernel"))
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "  instead   %s\n", strings.Join(parts, "   "))
	return err
}

func rangeText(r estimate.Range, unit string) string {
	if !r.Known {
		return "unknown"
	}
	if r.Lo == r.Hi {
		return digits(r.Value, 3) + " " + unit
	}
	return fmt.Sprintf("%s %s (90 %%: %s – %s)", digits(r.Value, 3), unit, digits(r.Lo, 2), digits(r.Hi, 2))
}

func basisText(p estimate.Prediction) string {
	if p.EnergyBasis == estimate.Simulated && p.Basis != estimate.Simulated {
		return string(p.Basis) + ", energy simulated"
	}
	return string(p.Basis)
}

// battery writes the share of the battery that a thousand inferences take.
func battery(d device.Device, p estimate.Prediction) string {
	wh := d.BatteryWh()
	if !wh.Known || wh.Value <= 0 || !p.EnergyMJ.Known {
		return ""
	}
	return fmt.Sprintf(" (1,000 runs: %.2g %% of the battery)", p.EnergyMJ.Value/3.6e6*1000/wh.Value*100)
}

// shares names the ops that take most of the time.
func shares(layers []estimate.Layer) string {
	sum := map[string]float64{}
	var ops []string
	for _, l := range layers {
		if _, ok := sum[l.Op]; !ok {
			ops = append(ops, l.Op)
		}
		sum[l.Op] += l.Share
	}
	slices.SortStableFunc(ops, func(a, b string) int {
		switch {
		case sum[a] > sum[b]:
			return -1
		case sum[a] < sum[b]:
			return 1
		}
		return strings.Compare(a, b)
	})
	var parts []string
	rest := 1.0
	for _, o := range ops[:min(3, len(ops))] {
		parts = append(parts, fmt.Sprintf("%s %.0f %%", o, 100*sum[o]))
		rest -= sum[o]
	}
	if rest > 0.005 {
		parts = append(parts, fmt.Sprintf("rest %.0f %%", 100*rest))
	}
	return strings.Join(parts, "  ")
}

func fallbackOps(layers []estimate.Layer, d device.Delegate) string {
	var ops []string
	for _, l := range layers {
		if l.Processor != string(d) && !slices.Contains(ops, l.Op) {
			ops = append(ops, l.Op)
		}
	}
	return strings.Join(ops, ", ")
}
