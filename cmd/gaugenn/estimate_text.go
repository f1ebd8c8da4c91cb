package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/gaugenn/gaugenn/estimate"
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// writePrediction shows one answer as people want to read it: the device, the
// numbers with their intervals, where the time goes, and what would help.
func writePrediction(w io.Writer, q *pricedModel, t device.Target, p estimate.Prediction, layers bool) error {
	how := t.Runtime + " " + strings.ToUpper(string(t.Delegate))
	if t.Threads > 0 {
		how += fmt.Sprintf(", %s", plural(t.Threads, "thread"))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s · %s, %s\n", q.Name, deviceText(&t.Device), how, t.Precision)
	if p.Basis == estimate.Refused {
		fmt.Fprintf(&b, "  no answer: %s\n", p.Reason)
		_, err := io.WriteString(w, b.String())
		return err
	}
	fmt.Fprintf(&b, "  latency   %s      energy  %s%s      peak memory  %s      basis: %s\n",
		rangeText(p.LatencyMS, "ms"), rangeText(p.EnergyMJ, "mJ"), battery(t.Device, p), rangeText(p.MemoryMB, "MB"), basisText(p))
	if len(p.Layers) > 0 {
		fmt.Fprintf(&b, "  where     %s%s\n", shares(p.Layers), after("      bound by  ", boundShares(p.Layers)))
	}
	if c := costliest(p.Layers); c != "" && !layers {
		fmt.Fprintf(&b, "  costliest %s\n", c)
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
	for _, n := range assumptions(q, t) {
		fmt.Fprintf(&b, "  note      %s\n", n)
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
		{"int8 on the " + string(t.Delegate), func(t *device.Target) { t.Precision = device.I8 }},
		{"gpu", func(t *device.Target) { t.Delegate, t.Precision, t.Threads = device.GPUDelegate, device.F16, 0 }},
		{"npu", func(t *device.Target) { t.Delegate, t.Precision, t.Threads = device.NPUDelegate, device.I8, 0 }},
	} {
		other := t
		alt.set(&other)
		if other.Delegate == t.Delegate && (other.Precision == t.Precision || t.Runtime == "ncnn") || impossible(other) != "" {
			continue // ncnn's precision is in the file: another file would be needed
		}
		if alt.word == string(t.Delegate) && other.Precision == device.I8 {
			continue // "int8 on the npu" is it
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

// writeSharper says how far three runs of the caller's own would narrow the
// interval.
func writeSharper(w io.Writer, e *estimate.Estimator, q *pricedModel, t device.Target, p estimate.Prediction) error {
	if p.Basis == estimate.Measured || p.Basis == estimate.SameTarget || !p.LatencyMS.Known || p.LatencyMS.Lo <= 0 {
		return nil
	}
	before := math.Sqrt(p.LatencyMS.Hi / p.LatencyMS.Lo)
	var given []estimate.Given
	ready, err := e.Prepare(t, nil)
	if err != nil {
		return nil
	}
	for i, n := range sharperNetworks() {
		g := ready.Predict(estimate.Question{Name: n.Name, Network: n})
		if !g.LatencyMS.Known {
			return nil
		}
		given = append(given, estimate.Given{Name: fmt.Sprint("run ", i), Network: n, LatencyMS: g.LatencyMS.Value})
	}
	ready, err = e.Prepare(t, given)
	if err != nil {
		return nil
	}
	after := ready.Predict(q.Question).LatencyMS
	if !after.Known || after.Lo <= 0 {
		return nil
	}
	f := math.Sqrt(after.Hi / after.Lo)
	if f > 0.97*before {
		return nil
	}
	_, err = fmt.Fprintf(w, "  sharper?  three runs of yours narrow the interval from a factor %.2g to about %.2g either way: --given mine.csv (model,latency_ms); gaugenn calibrate sample chooses them\n", before, f)
	return err
}

// sharperNetworks are three networks of different size and make-up.
func sharperNetworks() []*feature.Network {
	whole := referenceNetwork()
	small, dense := *whole, *whole
	small.Name, small.Layers = "front half", whole.Layers[:9]
	dense.Name, dense.Layers = "dense part", nil
	for _, l := range whole.Layers {
		if l.Kind == feature.Conv {
			dense.Layers = append(dense.Layers, l)
		}
	}
	return []*feature.Network{whole, &small, &dense}
}

// deviceText names a device with its chip and cores, as far as they are known.
func deviceText(d *device.Device) string {
	text := d.Name
	if d.SoC.Name != d.Name {
		text += after(" · ", d.SoC.Name)
	}
	if cores := clustersText(&d.SoC); cores != "" {
		text += " (" + cores + ")"
	}
	return text
}

// after puts lead before text, and is nothing where text is.
func after(lead, text string) string {
	if text == "" {
		return ""
	}
	return lead + text
}

// boundShares says what the time is bound by, most first.
func boundShares(layers []estimate.Layer) string {
	sum := map[string]float64{}
	for _, l := range layers {
		sum[l.Bound] += l.Share
	}
	kinds := []string{"compute", "memory", "start", "unknown"}
	slices.SortStableFunc(kinds, func(a, b string) int { return cmp.Compare(sum[b], sum[a]) })
	var parts []string
	for _, k := range kinds {
		if sum[k] < 0.05 {
			continue
		}
		word := map[string]string{"start": "starting kernels", "unknown": "unknown"}[k]
		if word == "" {
			word = k
		}
		parts = append(parts, fmt.Sprintf("%s %.0f %%", word, 100*sum[k]))
	}
	return strings.Join(parts, "  ")
}

// costliest names the three kernels that take most of the time.
func costliest(layers []estimate.Layer) string {
	if len(layers) < 4 {
		return ""
	}
	top := slices.Clone(layers)
	for i := range top {
		if top[i].Name == "" {
			top[i].Name = fmt.Sprintf("#%d", i)
		}
	}
	slices.SortStableFunc(top, func(a, b estimate.Layer) int { return cmp.Compare(b.Share, a.Share) })
	var parts []string
	for _, l := range top[:3] {
		name := l.Name
		if r := []rune(name); len(r) > 32 {
			name = "…" + string(r[len(r)-31:])
		}
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("%s %s", l.Op, name))+fmt.Sprintf(" %.0f %%", 100*l.Share))
	}
	return strings.Join(parts, "   ")
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
	return fmt.Sprintf(" (1,000 runs: %s %% of the battery)", digits(p.EnergyMJ.Value/3.6e6*1000/wh.Value*100, 2))
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
