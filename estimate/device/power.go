package device

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
)

// PowerPoint is the power of one busy core at one clock, above an idle phone, as freqbench measured it with CoreMark.
type PowerPoint struct {
	ClockMHz        float64
	PowerMW         float64
	CoreMarkPerMHz  float64
	ResultsAveraged int // runs that the median was taken over
}

// PowerCurve is one cluster's power against clock, slowest clock first. Each value is the median over the published runs.
type PowerCurve struct {
	SoCID    string
	FirstCPU int // number of the cluster's first CPU; Linux counts little cores first on Arm
	Points   []PowerPoint
	Source   string
}

// At returns the power of one busy core at a clock, between the two nearest measured clocks by interpolation, outside them by the
// cube of the clock ratio (dynamic power grows with clock times voltage squared). An empty curve gives an unknown quantity.
func (p PowerCurve) At(mhz float64) Quantity {
	if len(p.Points) == 0 || mhz <= 0 {
		return Quantity{}
	}
	q := Quantity{Known: true, Confidence: ConfidenceSourced, Source: p.Source}
	i, exact := slices.BinarySearchFunc(p.Points, mhz, func(a PowerPoint, x float64) int { return cmp.Compare(a.ClockMHz, x) })
	switch {
	case exact:
		q.Value = p.Points[i].PowerMW
	case i == 0 || i == len(p.Points):
		edge := p.Points[min(i, len(p.Points)-1)]
		r := mhz / edge.ClockMHz
		q.Value, q.Confidence = edge.PowerMW*r*r*r, ConfidencePartly
	default:
		a, b := p.Points[i-1], p.Points[i]
		q.Value = a.PowerMW + (b.PowerMW-a.PowerMW)*(mhz-a.ClockMHz)/(b.ClockMHz-a.ClockMHz)
	}
	return q
}

// PowerCurves returns the measured curves of an SoC, biggest cluster (highest clock) first, none when nobody published any.
func (c *Catalogue) PowerCurves(socID string) []PowerCurve { return powerTable()[socID] }

// AllPowerCurves returns every SoC id that has curves, sorted.
func (c *Catalogue) AllPowerCurves() []string {
	var ids []string
	for id := range powerTable() {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

type clusterKey struct {
	soc string
	cpu int
}

// powerTable parses core_power.csv at first use.
var powerTable = sync.OnceValue(func() map[string][]PowerCurve {
	runs := map[clusterKey]map[float64][]PowerPoint{}
	source := map[string]string{}
	data, err := embeddedTable("core_power.csv")
	if err == nil {
		err = readTable(data, func(r row) error {
			cpu, err := strconv.Atoi(r.text("first_cpu_of_cluster"))
			k := clusterKey{r.text("soc_id"), cpu}
			if runs[k] == nil {
				runs[k] = map[float64][]PowerPoint{}
			}
			mhz := r.number("freq_khz", "", 1).Value / 1000
			runs[k][mhz] = append(runs[k][mhz], PowerPoint{mhz, r.number("power_mw", "", 1).Value, r.number("coremark_per_mhz", "", 1).Value, 1})
			source[k.soc] = r.text("source")
			return err
		})
	}
	if err != nil {
		panic(err) // the table is part of the binary
	}
	out := map[string][]PowerCurve{}
	for k, byClock := range runs {
		out[k.soc] = append(out[k.soc], medianCurve(k, byClock, source[k.soc]))
	}
	for _, curves := range out {
		slices.SortFunc(curves, func(a, b PowerCurve) int {
			return cmp.Or(cmp.Compare(b.Points[len(b.Points)-1].ClockMHz, a.Points[len(a.Points)-1].ClockMHz), cmp.Compare(b.FirstCPU, a.FirstCPU))
		})
	}
	return out
})

func medianCurve(k clusterKey, byClock map[float64][]PowerPoint, source string) PowerCurve {
	c := PowerCurve{SoCID: k.soc, FirstCPU: k.cpu, Source: source}
	for _, points := range byClock {
		slices.SortFunc(points, func(a, b PowerPoint) int { return cmp.Compare(a.PowerMW, b.PowerMW) })
		p := points[len(points)/2]
		p.ResultsAveraged = len(points)
		c.Points = append(c.Points, p)
	}
	slices.SortFunc(c.Points, func(a, b PowerPoint) int { return cmp.Compare(a.ClockMHz, b.ClockMHz) })
	return c
}
