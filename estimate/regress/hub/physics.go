package hub

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// Spreads are prior standard deviations in log of what Physics learns.
type Spreads struct {
	Unit, UnitPrecision     float64 // unit costs, shared, and by precision
	Device, DevicePrecision float64 // level of a device, and by precision
	Group, GroupPrecision   float64 // device's deviation by group of terms, and by precision
	Fallback                float64 // share of the level that CPU terms take
	Launch, Runtime, Run    float64 // overhead by runtime, level by runtime, level of a run
	Entry                   float64 // cost of entering a runtime, and by precision (inputs are quantised outside or inside)
	Network, NetworkVariant float64 // what a graph does not tell: by model, and by model and precision or runtime
	Residual, Degrees       float64 // Student-t scale and degrees of freedom of a row
	Norm                    float64 // how arithmetic and traffic of a layer overlap: 1 not at all
}

// DefaultSpreads returns the spreads that Physics uses.
func DefaultSpreads() Spreads {
	return Spreads{Unit: .25, UnitPrecision: .15, Device: .8, DevicePrecision: .4, Group: .5, GroupPrecision: .2, Fallback: .6,
		Launch: .2, Entry: .4, Runtime: .15, Run: .12, Network: 0, NetworkVariant: 0, Residual: .16, Degrees: 3, Norm: 4}
}

// effect is one parameter's weight in a row.
type effect struct {
	at     int
	weight float64
}

// design is one row's place in the model.
type design struct {
	x         []float64 // amounts
	precision int
	shared    [groupCount][]effect // added to the log unit costs of a group
	level     []effect             // added to the log latency
	y         float64
}

// Physics is a fitted sum of work terms.
type Physics struct {
	spreads Spreads
	index   map[string]int // parameters by key
	phi     []float64      // parameters, in prior standard deviations
	half    *mat.SymDense  // posterior covariance of phi (Laplace)
	devices map[string]Spec
	groups  map[string]string    // SoC group by device
	offset  map[workload]float64 // what a workload took beyond the model on the devices seen
}

// NewPhysics fits the model to the rows that have a network and a precision it
// knows.
func NewPhysics(rows []Row, s Spreads) (*Physics, error) {
	p := &Physics{spreads: s, index: map[string]int{}, devices: map[string]Spec{}, groups: map[string]string{}}
	p.reserve()
	var ds []design
	var ws []workload
	for i := range rows {
		r := &rows[i]
		if d, ok := p.design(r, true); ok && r.LatencyMS > 0 {
			d.y = math.Log(r.LatencyMS)
			ds, ws = append(ds, d), append(ws, r.workload())
			p.devices[r.Device], p.groups[r.Device] = r.Spec, r.SoCGroup
		}
	}
	if len(ds) == 0 {
		return nil, ErrNoRows
	}
	p.fit(ds)
	p.offsets(ds, ws)
	return p, nil
}

// offsets sets the median residual of each workload over devices, drawn to 0
// with the weight of half a row. They tell the level of a new device from rows
// of networks that were seen elsewhere.
func (p *Physics) offsets(ds []design, ws []workload) {
	eta, share := make([]float64, len(terms)), make([]float64, len(terms))
	rest := map[workload][]float64{}
	for i := range ds {
		level := p.eta(&ds[i], p.phi, eta)
		rest[ws[i]] = append(rest[ws[i]], ds[i].y-level-evaluate(eta, ds[i].x, share))
	}
	p.offset = map[workload]float64{}
	for w, r := range rest {
		n := float64(len(r))
		p.offset[w] = median(r) * n / (n + .5)
	}
}

// reserve numbers the parameters that every row has.
func (p *Physics) reserve() {
	for c := range terms {
		p.at("unit", terms[c].name)
	}
	for k := 0; k < 3; k++ {
		for c := range terms {
			p.at("unit", terms[c].name, string(rune('0'+k)))
		}
	}
}

func key(parts ...string) string {
	k := ""
	for _, p := range parts {
		k += p + "\x00"
	}
	return k
}

// at returns the parameter of a key, making it when it is new.
func (p *Physics) at(parts ...string) int {
	k := key(parts...)
	i, ok := p.index[k]
	if !ok {
		i = len(p.index)
		p.index[k] = i
	}
	return i
}

// find returns the parameter of a key and whether there is one.
func (p *Physics) find(parts ...string) (int, bool) {
	i, ok := p.index[key(parts...)]
	return i, ok
}

// design places a row. With learn, parameters are made for devices, runs and
// models that are new; without, what is new has no effect.
func (p *Physics) design(r *Row, learn bool) (design, bool) {
	k, ok := precisionOf(r.Precision)
	if !ok || r.Net == nil {
		return design{}, false
	}
	d := design{x: r.Net.amounts(k, r.Runtime, p.spreads.Norm), precision: k}
	s := &p.spreads
	get := func(weight float64, parts ...string) []effect {
		if i, ok := p.find(parts...); ok {
			return []effect{{i, weight}}
		}
		if learn {
			return []effect{{p.at(parts...), weight}}
		}
		return nil
	}
	pr := r.Precision
	for g := compute; g < groupCount; g++ {
		scale := 1.
		if g == fallback {
			scale = s.Fallback
		}
		e := append(get(s.Device*scale, "device", r.Device), get(s.DevicePrecision*scale, "device", r.Device, pr)...)
		if g != fallback {
			gn := string(rune('0' + int(g)))
			e = append(e, get(s.Group, "group", r.Device, gn)...)
			e = append(e, get(s.GroupPrecision, "group", r.Device, gn, pr)...)
		}
		switch g {
		case overhead:
			e = append(e, get(s.Launch, "launch", r.Runtime)...)
		case entry:
			e = append(e, get(s.Entry, "entry", r.Runtime)...)
			e = append(e, get(s.Entry, "entry", r.Runtime, pr)...)
		}
		d.shared[g] = e
	}
	d.level = append(d.level, get(s.Runtime, "runtime", r.Runtime)...)
	d.level = append(d.level, get(s.Run, "run", r.Run)...)
	d.level = append(d.level, get(s.Network, "network", r.Model)...)
	d.level = append(d.level, get(s.NetworkVariant, "network", r.Model, pr)...)
	d.level = append(d.level, get(s.NetworkVariant, "network", r.Model, "on", r.Runtime)...)
	return d, true
}

// eta writes the log unit costs of a row under phi and returns the level.
func (p *Physics) eta(d *design, phi, eta []float64) float64 {
	var g [groupCount]float64
	for k := range g {
		for _, e := range d.shared[k] {
			g[k] += e.weight * phi[e.at]
		}
	}
	n := len(terms)
	for c := range terms {
		eta[c] = math.Log(terms[c].centre[d.precision]) + p.spreads.Unit*phi[c] +
			p.spreads.UnitPrecision*phi[n+d.precision*n+c] + g[terms[c].group]
	}
	level := 0.
	for _, e := range d.level {
		level += e.weight * phi[e.at]
	}
	return level
}

// slopes adds factor times the gradient of the row's log latency by each
// parameter, given the terms' shares.
func (p *Physics) slopes(d *design, share []float64, factor float64, add func(at int, v float64)) {
	n := len(terms)
	var g [groupCount]float64
	for c := range terms {
		if share[c] == 0 {
			continue
		}
		add(c, factor*share[c]*p.spreads.Unit)
		add(n+d.precision*n+c, factor*share[c]*p.spreads.UnitPrecision)
		g[terms[c].group] += share[c]
	}
	for k := range g {
		if g[k] == 0 {
			continue
		}
		for _, e := range d.shared[k] {
			add(e.at, factor*g[k]*e.weight)
		}
	}
	for _, e := range d.level {
		add(e.at, factor*e.weight)
	}
}

// fit finds the parameters by L-BFGS on Student-t loss plus half their squares,
// and their posterior covariance by Laplace's method with Gauss-Newton
// curvature.
func (p *Physics) fit(ds []design) {
	n := len(p.index)
	eta, share := make([]float64, len(terms)), make([]float64, len(terms))
	s2, nu := p.spreads.Residual*p.spreads.Residual, p.spreads.Degrees
	value := func(phi, grad []float64) float64 {
		loss := 0.
		for i, v := range phi {
			loss += .5 * v * v
			if grad != nil {
				grad[i] = v
			}
		}
		for i := range ds {
			level := p.eta(&ds[i], phi, eta)
			e := ds[i].y - level - evaluate(eta, ds[i].x, share)
			loss += .5 * (nu + 1) * math.Log1p(e*e/(nu*s2))
			if grad != nil {
				p.slopes(&ds[i], share, -(nu+1)*e/(nu*s2+e*e), func(at int, v float64) { grad[at] += v })
			}
		}
		return loss
	}
	p.phi = make([]float64, n)
	res, _ := optimize.Minimize(optimize.Problem{
		Func: func(x []float64) float64 { return value(x, nil) },
		Grad: func(g, x []float64) { value(x, g) },
	}, p.phi, &optimize.Settings{MajorIterations: 120, FuncEvaluations: 500, GradientThreshold: 1e-3,
		Converger: &optimize.FunctionConverge{Absolute: 1e-3, Iterations: 4}}, &optimize.LBFGS{Store: 15})
	if res != nil {
		p.phi = res.X
	}
	p.laplace(ds)
}

func (p *Physics) laplace(ds []design) {
	n := len(p.index)
	eta, share, row := make([]float64, len(terms)), make([]float64, len(terms)), make([]float64, n)
	s2, nu := p.spreads.Residual*p.spreads.Residual, p.spreads.Degrees
	h := mat.NewSymDense(n, nil)
	for i := 0; i < n; i++ {
		h.SetSym(i, i, 1)
	}
	for i := range ds {
		level := p.eta(&ds[i], p.phi, eta)
		e := ds[i].y - level - evaluate(eta, ds[i].x, share)
		w := (nu + 1) / (nu*s2 + e*e)
		var used []int
		p.slopes(&ds[i], share, 1, func(at int, v float64) {
			if row[at] == 0 {
				used = append(used, at)
			}
			row[at] += v
		})
		for _, a := range used {
			for _, b := range used {
				if b >= a {
					h.SetSym(a, b, h.At(a, b)+w*row[a]*row[b])
				}
			}
		}
		for _, a := range used {
			row[a] = 0
		}
	}
	var ch mat.Cholesky
	p.half = mat.NewSymDense(n, nil)
	if ch.Factorize(h) {
		_ = ch.InverseTo(p.half) // badly conditioned only when a prior spread is absurd
	}
}

// Units returns the fitted unit costs by term for a precision, in milliseconds
// per unit at level 0, in the order of TermNames.
func (p *Physics) Units(precision string) ([]float64, bool) {
	k, ok := precisionOf(precision)
	if !ok {
		return nil, false
	}
	out := make([]float64, len(terms))
	d := design{precision: k}
	p.eta(&d, p.phi, out)
	for c := range out {
		out[c] = math.Exp(out[c])
	}
	return out, true
}

// deviceNames returns the devices that were seen, sorted.
func (p *Physics) deviceNames() []string {
	out := make([]string, 0, len(p.devices))
	for d := range p.devices {
		out = append(out, d)
	}
	sort.Strings(out)
	return out
}
