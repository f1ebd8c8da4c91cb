package simulate

import (
	"math"
	"slices"
	"sync"

	"github.com/gaugenn/gaugenn/estimate/device"
)

// corePower is the power of one busy core above idle at the highest clock of its cluster, in watts, with the range that it lies in.
type corePower struct {
	watts, lo, hi float64
	source        string
}

// Energy constants, from memory of published figures for mobile parts; their ranges are wide for that reason.
const (
	vectorFactor   = 1.3   // vector code draws more than the CoreMark that the curves were taken with
	dramPJPerByte  = 60.0  // LPDDR4X and LPDDR5 with their controller, about 6 to 9 pJ a bit
	gpuPJPerPeak   = 6.0   // busy power of a mobile GPU for each MAC per second of its float32 peak: 3 W for 500 GMAC/s
	npuPJPerPeak   = 0.2   // the same of an NPU and its int8 peak: 3 W for 30 TOPS
	deviceMinW     = 0.5   // a busy accelerator draws at least this
	deviceMaxW     = 6.0   // and a phone cannot feed one more
	waitShare      = 0.2   // of its busy power an accelerator draws while a kernel is started
	hostWatts      = 0.15  // CPU share of driving an accelerator
	spreadMeasured = 1.7   // power curve of this very SoC
	spreadLike     = 2.2   // curve of the same core design in other SoCs
	spreadGeneric  = 3.0   // by kind of core only
	spreadDevice   = 3.5   // accelerators, by their peak
	curvePower     = 2.5   // power grows about so with the clock along a cluster's curve
	shrink         = 0.5   // and about so with the square root of the process size
	bigW           = 0.110 // W at 1 GHz of wide out-of-order cores: median of the published curves over GHz^2.5
	midW           = 0.100
	littleW        = 0.045 // in-order cores
)

// powerOfTarget adds up the cores that a target's threads keep busy.
func powerOfTarget(t device.Target) corePower {
	threads := t.Threads
	if threads <= 0 {
		threads = 4
	}
	var sum corePower
	for _, c := range t.Device.SoC.CoresFor(threads, t.Affinity) {
		p := powerOf(t.Device.SoC, c)
		sum.watts, sum.lo, sum.hi = sum.watts+p.watts*vectorFactor, sum.lo+p.lo, sum.hi+p.hi*vectorFactor*1.3
		sum.source = p.source
	}
	return sum
}

// energy fills in energy and power: busy cores and traffic, above idle.
func (res *Result) energy(m *Machine) {
	e := Range{Known: true}
	for i := range res.Layers {
		l := &res.Layers[i]
		seconds := l.LatencyMS / 1000
		own, lo, hi := m.power.watts*seconds, m.power.lo*seconds, m.power.hi*seconds
		if l.Processor != device.CPU {
			own = m.main.busyW*(l.busy+waitShare*(seconds-l.busy)) + hostWatts*seconds
			lo, hi = own/spreadDevice, own*spreadDevice
		}
		traffic := l.bytes * dramPJPerByte * 1e-12
		l.EnergyMJ = (own + traffic) * 1000
		e.Value, e.Lo, e.Hi = e.Value+l.EnergyMJ, e.Lo+(lo+0.2*traffic)*1000, e.Hi+(hi+2*traffic)*1000
	}
	// The time may be off as well as the power: both ranges count, as independent factors.
	e.Lo = e.Value * math.Exp(-quadrature(e.Value/max(e.Lo, 1e-12), res.LatencyMS.Value/res.LatencyMS.Lo))
	e.Hi = e.Value * math.Exp(quadrature(e.Hi/max(e.Value, 1e-12), res.LatencyMS.Hi/res.LatencyMS.Value))
	res.EnergyMJ = e
	res.PowerW = Range{Known: true, Value: e.Value / res.LatencyMS.Value}
	res.PowerW.Lo, res.PowerW.Hi = res.PowerW.Value/spreadGeneric, res.PowerW.Value*spreadGeneric
}

// quadrature joins two independent factors into the logarithm of one.
func quadrature(a, b float64) float64 { return math.Hypot(math.Log(max(a, 1)), math.Log(max(b, 1))) }

// powerOf returns the power of one core: by a published curve of this SoC, else by curves of the same design elsewhere scaled by process,
// else by the kind of core.
func powerOf(s device.SoC, c device.CoreAt) corePower {
	mhz := c.ClockMHz.Value
	if cv, ok := curveOf(s, c.Cluster); ok {
		w := cv.At(mhz).Value / 1000
		return corePower{w, w / spreadMeasured, w * spreadMeasured, cv.Source}
	}
	nm := s.ProcessNM.Or(8)
	if list := likeCurves()[c.Core.Name]; len(list) > 0 {
		var w []float64
		for _, k := range list {
			w = append(w, k.curve.At(mhz).Value/1000*math.Pow(nm/k.nm, shrink))
		}
		slices.Sort(w)
		m := w[len(w)/2]
		return corePower{m, m / spreadLike, m * spreadLike, "curves of the same core in other SoCs"}
	}
	at1 := littleW
	if c.Core.OutOfOrder {
		if at1 = midW; c.Core.F32MACs.Value >= 12 {
			at1 = bigW
		}
	}
	w := at1 * math.Pow(mhz/1000, curvePower) * math.Pow(nm/8, shrink)
	return corePower{w, w / spreadGeneric, w * spreadGeneric, "kind of core"}
}

// curveOf matches a cluster to a published curve: one to one in order where the counts agree, else by the nearest top clock within a tenth.
func curveOf(s device.SoC, cluster int) (device.PowerCurve, bool) {
	curves := device.Embedded().PowerCurves(s.ID)
	if len(curves) == len(s.Clusters) {
		return curves[cluster], true
	}
	best, distance := -1, 0.1
	for i, cv := range curves {
		top := cv.Points[len(cv.Points)-1].ClockMHz
		if d := math.Abs(top/s.Clusters[cluster].ClockMHz.Value - 1); d < distance {
			best, distance = i, d
		}
	}
	if best < 0 {
		return device.PowerCurve{}, false
	}
	return curves[best], true
}

type likeCurve struct {
	curve device.PowerCurve
	nm    float64
}

// likeCurves are the published curves by core design.
var likeCurves = sync.OnceValue(func() map[string][]likeCurve {
	out := map[string][]likeCurve{}
	c := device.Embedded()
	for _, id := range c.AllPowerCurves() {
		s, ok := c.SoC(id)
		if !ok {
			continue
		}
		for i, cl := range s.Clusters {
			if cv, ok := curveOf(s, i); ok {
				out[cl.Core.Name] = append(out[cl.Core.Name], likeCurve{cv, s.ProcessNM.Or(8)})
			}
		}
	}
	return out
})
