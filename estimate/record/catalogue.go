package record

import (
	"strings"

	"github.com/gaugenn/gaugenn/estimate/device"
)

// FromCatalogue returns the facts of a catalogue device in the form in which
// predictors ask for them.
func FromCatalogue(d *device.Device) *Device {
	s := &d.SoC
	out := &Device{
		Match: d.Name, Class: d.Form, SoC: s.Name, ProcessNM: s.ProcessNM.Value, MemoryType: s.Memory.Kind,
		BandwidthGBs: s.Memory.BandwidthGBps.Value, GPU: s.GPU.Name, NPU: s.NPU.Name, Year: int(s.Year.Value),
		L3KB: s.L3KiB.Value, GPUGFLOPs: 2 * s.GPU.F32MACs.Value / 1e9, NPUTOPs: s.NPU.TOPS.Value, MarketingDevice: d.Name,
	}
	for i, c := range s.Clusters {
		out.Clusters = append(out.Clusters, Cluster{Count: c.Count, Core: coreName(c.Core.Name), GHz: c.ClockMHz.Value / 1000})
		if i == 0 {
			out.L2KB = c.L2KiB.Value
		}
	}
	for _, f := range []struct {
		has  device.ISA
		word string
	}{{device.FP16, "fp16"}, {device.DotProd, "dotprod"}, {device.I8MM, "i8mm"}, {device.BF16, "bf16"}, {device.SVE2, "sve"}} {
		if s.Common.Has(f.has) {
			out.ISA = append(out.ISA, f.word)
		}
	}
	return out
}

// coreName shortens "Cortex-A76" to the "A76" that predictors know.
func coreName(name string) string {
	return strings.ToUpper(strings.TrimPrefix(name, "Cortex-"))
}
