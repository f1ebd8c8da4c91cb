package simulate

import (
	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// gpuShare is what general compute shaders keep of a mobile GPU's peak beside the loss by shape.
const gpuShare = 0.35

// gpuOf reduces the GPU of a target to rates. A GPU whose peak nobody publishes takes that of SoCs like it, at low confidence.
func gpuOf(t device.Target) (processor, bool) {
	if t.Device.SoC.GPU.Name == "" {
		return processor{}, false
	}
	v := t.Device.Vector(0, device.AffinityAny)
	peak, known := v.Get("gpu_f32_mac_per_s")
	bw, _ := v.Get("bandwidth_gbps")
	busy := min(max(peak*gpuPJPerPeak*1e-12, deviceMinW), deviceMaxW)
	peak *= gpuShare
	p := processor{busyW: busy, f32: peak, half: peak, i8: peak, bandwidth: 0.4 * bw * 1e9, cacheBytes: 256 << 10, cacheFactor: 1.5, launch: 50e-6, gpuLike: true,
		floatBytes: 4, confidence: t.Device.SoC.GPU.F32MACs.Confidence}
	if t.Precision != device.F32 { // delegates compute in float16 unless told otherwise
		p.half, p.floatBytes = 1.7*peak, 2
	}
	if !known {
		p.confidence = device.ConfidenceAssumed
	}
	return p, true
}

// npuOf reduces the NPU of a target to rates by the vendor's TOPS, which count int8 operations at the highest clock. Float16 runs at a
// fraction of it. NPUs whose rate is not published take that of SoCs like it.
func npuOf(t device.Target) (processor, bool) {
	if t.Device.SoC.NPU.Name == "" {
		return processor{}, false
	}
	v := t.Device.Vector(0, device.AffinityAny)
	peak, known := v.Get("npu_mac_per_s")
	bw, _ := v.Get("bandwidth_gbps")
	busy := min(max(peak*npuPJPerPeak*1e-12, deviceMinW), deviceMaxW)
	p := processor{busyW: busy, i8: 0.7 * peak, half: 0.2 * peak, f32: 0.2 * peak, bandwidth: 0.5 * bw * 1e9, cacheBytes: 4 << 20, cacheFactor: 4, launch: 3e-6, gpuLike: true,
		floatBytes: 2, confidence: t.Device.SoC.NPU.TOPS.Confidence}
	if !known {
		p.confidence = device.ConfidenceAssumed
	}
	return p, true
}

// handover is the time and traffic of moving a tensor between processors: a copy each way and a synchronisation.
func handover(l *feature.Layer, from, to processor) float64 {
	bytes := l.InElems * max(from.floatBytes, to.floatBytes)
	return 60e-6 + 2*bytes/min(from.bandwidth, to.bandwidth)
}
