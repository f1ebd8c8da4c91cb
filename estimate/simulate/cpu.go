package simulate

import (
	"math"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// processor is the part of a device that runs kernels, reduced to rates.
type processor struct {
	f32, half, i8 float64 // MACs per second that perfect kernels would reach
	bandwidth     float64 // bytes per second of streaming kernels
	cacheBytes    float64 // working sets below this stay on the chip
	cacheFactor   float64 // bandwidth within it, against memory
	launch        float64 // seconds to start a kernel
	winograd      bool
	gpuLike       bool // wants thousands of outputs to be busy
	floatBytes    float64
	busyW         float64 // of an accelerator while it works, above idle
	confidence    float64 // least confidence of a fact that entered
}

// cpuOf reduces the CPU of a target to rates. Threads share work partly evenly: the rate is the geometric mean of an even split, where
// the slowest core decides, and a free one.
func cpuOf(t device.Target, r rules) processor {
	s := t.Device.SoC
	threads := t.Threads
	if threads <= 0 {
		threads = 4
	}
	cores := s.CoresFor(threads, t.Affinity)
	rate := func(p device.Precision) float64 {
		return math.Sqrt(s.Peak(p, threads, t.Affinity).Value*s.EvenPeak(p, threads, t.Affinity).Value) * r.speed * oversubscribed(threads, len(cores))
	}
	v := t.Device.Vector(threads, t.Affinity)
	bw, _ := v.Get("bandwidth_gbps")
	load, _ := v.Get("l1_load_gbps")
	l2, _ := v.Get("l2_kib")
	l3, _ := v.Get("l3_kib")
	p := processor{f32: rate(device.F32), winograd: r.winograd, floatBytes: 4, confidence: s.Peak(device.F32, threads, t.Affinity).Confidence}
	// Half the chip's bandwidth at best, and no more than a quarter of what the cores can load from their first cache.
	p.bandwidth = 1e9 / (1/(0.6*bw) + 1/(0.25*load))
	p.cacheBytes, p.cacheFactor = 1024*(l2+l3)/2, 2.5
	p.half = p.f32
	if usesHalf(t, r) {
		p.half, p.floatBytes = p.f32*1.8, 2 // storage conversions and edges keep it below the full factor of two
	}
	p.i8 = int8Rate(s, rate)
	ghz := 0.0
	for _, c := range cores {
		ghz += 1 / (c.ClockMHz.Value / 1000)
	}
	ghz = float64(len(cores)) / max(ghz, 1e-9)
	p.launch = (r.launchUS + r.wakeUS*float64(len(cores))) * 1e-6 * 2 / ghz
	return p
}

// oversubscribed is the loss when more threads run than there are cores.
func oversubscribed(threads, cores int) float64 {
	if threads <= cores {
		return 1
	}
	return 0.5
}

// usesHalf reports whether a target computes in float16.
func usesHalf(t device.Target, r rules) bool {
	switch t.Precision {
	case device.F16:
		return t.Device.SoC.Common.Has(device.FP16)
	case device.Auto, "":
		return r.half && t.Device.SoC.Common.Has(device.FP16)
	}
	return false
}

// int8Rate is what int8 kernels reach: dot products give about three times float32, the matrix instruction half again, plain NEON a
// fifth more; peaks promise more than kernels keep.
func int8Rate(s device.SoC, rate func(device.Precision) float64) float64 {
	f := rate(device.F32)
	switch {
	case s.Common.Has(device.I8MM):
		return 4.5 * f
	case s.Common.Has(device.DotProd):
		return 3 * f
	}
	return 1.2 * f
}

// seconds is the time of one kernel, with what bounds it.
func (p processor) seconds(l *feature.Layer) (total, compute, memory float64) {
	bytes := p.floatBytes
	rate := p.half
	if l.Int8 {
		bytes, rate = 1, p.i8
	}
	io := (l.InElems + l.OutElems) * bytes
	bw := p.bandwidth
	if io < p.cacheBytes {
		bw *= p.cacheFactor
	}
	compute = p.arithmetic(l, rate)
	memory = p.traffic(l, bytes, io, bw)
	return max(compute, memory) + 0.3*min(compute, memory) + p.launch*launches(l), compute, memory
}

// launches is how many kernel starts a layer costs: views are free.
func launches(l *feature.Layer) float64 {
	if l.Kind == feature.Reshape {
		return 0.3
	}
	return 1
}

// arithmetic is the time of the multiply-accumulates at the share of peak that a good kernel of that shape reaches. Narrow channels and
// few output positions leave lanes and tiles empty.
func (p processor) arithmetic(l *feature.Layer, rate float64) float64 {
	cin, cout, px := float64(l.InChannels)/float64(max(l.Groups, 1)), float64(l.OutChannels), float64(l.Pixels)
	if p.gpuLike {
		rate *= px * cout / (px*cout + 20000)
	}
	share := 0.35
	switch l.Kind {
	case feature.Conv, feature.GroupConv, feature.Deconv:
		return p.convolution(l, rate, cin, cout, px)
	case feature.DepthConv:
		share = 0.15
		if l.KernelH > 3 || l.KernelW > 3 {
			share = 0.12
		}
	case feature.Dense, feature.MatMul, feature.Attention:
		share = 0.45 * cin / (cin + 8) * cout / (cout + 8) * px / (px + 4)
		if px <= 1 {
			share = 0.2
		}
	case feature.Recurrent:
		share = 0.15
	}
	return l.MACs / (share * rate)
}

func (p processor) convolution(l *feature.Layer, rate, cin, cout, px float64) float64 {
	window := l.KernelH * l.KernelW
	switch {
	case l.Kind == feature.GroupConv:
		return l.MACs / (0.2 * rate)
	case l.InChannels <= 4:
		return l.MACs / (0.2 * rate)
	case window == 1:
		return l.MACs / (0.45 * cin / (cin + 8) * cout / (cout + 8) * px / (px + 16) * rate)
	case p.winograd && l.KernelH == 3 && l.KernelW == 3 && l.StrideH == 1 && l.DilationH == 1 && cin >= 16 && cout >= 16 && px >= 36:
		// F(6,3) needs 5.06 times fewer multiplications; transforms and edges leave about half of that.
		return (l.MACs/(0.45*2.6) + 12*(l.InElems+l.OutElems)) / rate
	}
	return l.MACs / (0.35 * cin / (cin + 8) * rate)
}

// traffic is the time of moving operands: weights once, activations in and out, for kernels without arithmetic several passes.
func (p processor) traffic(l *feature.Layer, bytes, io, bw float64) float64 {
	weights := l.Params * bytes
	switch l.Kind {
	case feature.Conv, feature.GroupConv, feature.DepthConv, feature.Deconv:
		spread := 0.7
		if p.winograd && l.KernelH == 3 && l.StrideH == 1 && !l.Int8 {
			spread = 2.5 // transformed weights are 64/9 as large
		}
		return spread*weights/p.bandwidth + 0.35*io/bw
	case feature.Dense, feature.Recurrent, feature.MatMul, feature.Attention:
		return weights/p.bandwidth + 0.5*io/bw
	case feature.Embed:
		return l.OutElems * bytes / p.bandwidth * 4
	case feature.Eltwise, feature.Activation:
		return 0.7 * io / bw
	case feature.Pool, feature.GlobalPool:
		return 0.6 * (l.InElems + l.OutElems*float64(max(l.KernelH*l.KernelW/2, 1))) * bytes / bw
	case feature.Norm, feature.Softmax:
		return 3 * io / bw
	case feature.Detect:
		return 12*io/bw + 1e-4
	case feature.Reshape:
		return 0.1 * io / bw
	default:
		return 0.8 * io / bw
	}
}
