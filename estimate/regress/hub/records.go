package hub

import (
	"strings"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
)

// RowsOf returns the rows of this world among recorded ones, ready to fit on:
// usable latencies of neural processors, each device, model, runtime and
// precision once, from its newest record.
func RowsOf(rows []record.Row, env *record.Env) []Row {
	type key struct{ device, model, runtime, precision string }
	newest := map[key]int{}
	var order []key
	for i := range rows {
		r := &rows[i]
		if !r.Known() || !(Predictor{}).Claims(r) {
			continue
		}
		k := key{r.Device, r.Model, r.Runtime, r.Precision}
		if j, ok := newest[k]; !ok {
			order = append(order, k)
		} else if rows[j].RecordedAt >= r.RecordedAt {
			continue
		}
		newest[k] = i
	}
	b := &batch{env: env, works: map[string]*Work{}}
	out := make([]Row, 0, len(order))
	for _, k := range order {
		out = append(out, b.row(&rows[newest[k]]))
	}
	return out
}

// Ask returns the row that asks for a network on a target's neural processor.
// ok is false for runtimes and precisions that this world has no records of.
func Ask(t device.Target, d *record.Device, name string, net *feature.Network) (row Row, ok bool) {
	runtime, ok := map[string]string{"litert": "tflite", "qnn": "qnn_dlc", "snpe": "qnn_dlc", "ort": "onnx"}[t.Runtime]
	if !ok || t.Delegate != device.NPUDelegate || !strings.Contains(d.NPU, "Hexagon") {
		return Row{}, false
	}
	precision := "float"
	if t.Precision == device.I8 {
		precision = "w8a8"
	}
	part, _, _ := strings.Cut(t.Device.SoC.PartNumber, "-")
	row = Row{Device: t.Device.Name, SoCGroup: part, Model: name, Runtime: runtime, Precision: precision, Run: t.Key(),
		Spec: NewSpec(part, d.NPU, d.NPUTOPs, d.BandwidthGBs)}
	if net != nil && len(net.Layers) > 0 {
		row.Net = WorkOf(net)
	}
	return row, row.Net != nil
}

// HasSoC reports whether rows of the SoC are among those that the profile was
// fitted on.
func (p *Profile) HasSoC(part string) bool {
	for _, g := range p.model.table.groups {
		if part != "" && strings.HasPrefix(g, part) {
			return true
		}
	}
	return false
}
