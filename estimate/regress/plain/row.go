package plain

import (
	"math"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// key is a way in which two rows may be of one kind.
type key int

const (
	world     key = iota // runtime and kind of processor
	precision            // of that runtime
	chip                 // with the kind of processor
	run
	network
	variant // network under a runtime at a precision
	family
	keyCount
)

// variances of log values between kinds: about what recorded latencies of networks on phones and boards show.
var variances = [keyCount]float64{world: 1, precision: .2, chip: .5, run: .15, network: 1, variant: .1, family: .5}

// Terms that every row has.
const (
	overall = 4   // level of the quantity
	slopes  = .09 // of the slopes along size and speed
	noise   = .03
)

// row is one recorded row as the process sees it.
type row struct {
	of       *record.Row
	quantity string // what is recorded, with its unit
	keys     [keyCount]string
	x        [2]float64 // logarithms of multiply-accumulates and of the device's speed, 0 where not known
	mean     float64
	y        float64
}

// alike is the covariance of two rows of one quantity.
func (m *model) alike(a, b *row) float64 {
	v := float64(overall)
	for i, k := range a.keys {
		if k != "" && k == b.keys[i] {
			v += m.variances[i]
		}
	}
	for i, x := range a.x {
		v += slopes * x * b.x[i]
	}
	return v
}

// describer turns recorded rows into rows of this package.
type describer struct{ env *record.Env }

// known returns the rows of a quantity that carry a value.
func (d describer) known(rows []record.Row, quantity string) []*row {
	var out []*row
	for i := range rows {
		if !rows[i].Known() {
			continue
		}
		if quantityOf(&rows[i]) == quantity {
			r := d.row(&rows[i])
			r.y = math.Log(rows[i].Value)
			out = append(out, r)
		}
	}
	return out
}

func quantityOf(r *record.Row) string {
	metric := r.Metric
	if metric == "" {
		metric = "latency"
	}
	return metric + " " + r.Unit
}

func join(parts ...string) string {
	s := ""
	for i, p := range parts {
		if i == len(parts)-1 && p == "" {
			return "" // what the key is about is not known
		}
		s += p + "\x00"
	}
	return s
}

func (d describer) row(r *record.Row) *row {
	out := &row{of: r, quantity: quantityOf(r)}
	out.keys = [keyCount]string{world: join(r.Processor, r.Runtime), precision: join(r.Processor, r.Runtime, r.Precision), chip: join(r.Processor, r.SoCGroup),
		run: join(r.RunID), network: join(r.Model), variant: join(r.Runtime, r.Precision, r.Model), family: join(r.Family)}
	bySize, bySpeed := slopesOf(r.Metric)
	if d.env != nil && d.env.Network != nil && r.Graph != "" {
		if n, err := d.env.Network(r.Graph); err == nil && n != nil {
			if macs := n.MACs(); macs > 0 && !math.IsInf(macs, 0) {
				out.x[0] = math.Log(macs / 5e8)
			}
		}
	}
	if d.env != nil && d.env.Device != nil {
		if dev, ok := d.env.Device(r); ok {
			out.x[1] = speedOf(r, dev)
		}
	}
	out.mean = bySize*out.x[0] + bySpeed*out.x[1]
	return out
}

// slopesOf returns the prior slopes of a log value along log size and log speed.
func slopesOf(metric string) (bySize, bySpeed float64) {
	switch metric {
	case "", "latency":
		return .8, -.8
	case "throughput":
		return -.8, .8
	case "energy":
		return .8, -.3
	case "peak_memory", "memory":
		return .4, 0
	}
	return 0, 0
}

// speedOf returns the logarithm of how fast a device claims to be on the row's processor, relative to an ordinary one; 0 when that is not known.
func speedOf(r *record.Row, d *record.Device) float64 {
	switch r.Processor {
	case "npu":
		if d.NPUTOPs > 0 {
			return math.Log(d.NPUTOPs / 20)
		}
	case "gpu":
		if d.GPUGFLOPs > 0 {
			return math.Log(d.GPUGFLOPs / 800)
		}
	case "cpu":
		fastest, n := 0., 0
		for _, c := range d.Clusters {
			fastest, n = math.Max(fastest, c.GHz), n+c.Count
		}
		if fastest == 0 {
			return 0
		}
		s := 1.5*math.Log(fastest/2.2) + .7*math.Log(float64(min(n, r.ThreadCount())))
		if d.Year > 2005 {
			s += .1 * float64(d.Year-2019)
		}
		return s
	}
	return 0
}
