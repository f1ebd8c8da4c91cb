package ncnn

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress"
)

// sample is one training row as the model keeps it.
type sample struct {
	point       int // into the table
	y           float64
	group       group
	family, soc string // families and chips are left out as a whole for calibration
	run         string
	extraNoise  float64 // factor of the noise, 1 or more, from the robust step
}

// group is the kind of run that marks are reported for.
type group int

// The groups.
const (
	phone group = iota
	board
	vulkan
	groupCount
)

func groupOf(r *record.Row) group {
	switch {
	case r.Processor == "gpu":
		return vulkan
	case r.Class == "phone":
		return phone
	}
	return board
}

// world interns settings and networks while rows are read.
type world struct {
	tab    table
	env    *record.Env
	runIDs map[string]int
	netIDs map[string]int
	pts    map[[2]int]int
}

func newWorld(env *record.Env) *world {
	return &world{env: env, runIDs: map[string]int{}, netIDs: map[string]int{}, pts: map[[2]int]int{}}
}

// network returns the index of the network behind a graph path, and false when there is no such graph.
func (w *world) network(path string) (int, bool) {
	if i, ok := w.netIDs[path]; ok {
		return i, i >= 0
	}
	w.netIDs[path] = -1
	if path == "" || w.env.Network == nil {
		return 0, false
	}
	net, err := w.env.Network(path)
	if err != nil || len(net.Layers) == 0 {
		return 0, false
	}
	return w.intern(path, net), true
}

func (w *world) intern(key string, net *feature.Network) int {
	w.tab.nets = append(w.tab.nets, networkOf(net))
	w.netIDs[key] = len(w.tab.nets) - 1
	return len(w.tab.nets) - 1
}

// point returns the table's point of a row, and false when its graph is not known.
func (w *world) point(r *record.Row) (int, bool) {
	net, ok := w.network(r.Graph)
	if !ok {
		return 0, false
	}
	onCPU := r.Processor == "gpu" && w.tab.nets[net].int8
	key := r.RunID + "|" + r.Processor
	if onCPU {
		key += "|cpu"
	}
	run, ok := w.runIDs[key]
	if !ok {
		var dev *record.Device
		if w.env.Device != nil {
			dev, _ = w.env.Device(r)
		}
		run = len(w.tab.runs)
		w.tab.runs = append(w.tab.runs, settingOf(r, dev, onCPU))
		w.runIDs[key] = run
	}
	id := [2]int{run, net}
	if p, ok := w.pts[id]; ok {
		return p, true
	}
	w.pts[id] = w.tab.add(run, net)
	return w.pts[id], true
}

// model is the Gaussian process conditioned on training rows.
type model struct {
	samples []sample
	index   []int // point of each sample
	like    *likeness
	g       *regress.Gaussian
}

// robustFrom is the squared standardised leave-one-out residual from which a training row counts less: its noise grows so that the
// residual falls back to it (one step of iteratively reweighted Student-t noise).
const robustFrom = 5

// fit conditions on the samples. like must cover all their points.
func fit(samples []sample, like *likeness) (*model, error) {
	m := &model{samples: samples, like: like}
	for _, s := range samples {
		m.index = append(m.index, s.point)
	}
	base := like.square(m.index)
	residual := make([]float64, len(samples))
	for i, s := range samples {
		residual[i] = s.y - like.tab.points[s.point].mean
	}
	for round := range 2 {
		k := mat.NewSymDense(len(samples), nil)
		k.CopySym(base)
		for i := range samples {
			if round == 0 {
				samples[i].extraNoise = 1
			}
			k.SetSym(i, i, k.At(i, i)+m.noise(i))
		}
		g, err := regress.NewGaussian(k, residual)
		if err != nil {
			return nil, err
		}
		m.g = g
		if round == 1 {
			break
		}
		z2, err := g.LeaveOneOut()
		if err != nil {
			return nil, err
		}
		for i, z := range z2 {
			samples[i].extraNoise = math.Max(1, z/robustFrom)
		}
	}
	return m, nil
}

func (m *model) noise(i int) float64 {
	return m.like.noise(&m.like.tab.points[m.samples[i].point]) * m.samples[i].extraNoise
}

// posterior is the joint prediction of some points, noise included.
type posterior struct {
	mean  []float64
	cov   *mat.SymDense
	noise []float64
}

// predict returns the joint posterior of points of the table.
func (m *model) predict(points []int) *posterior {
	p := &posterior{}
	mean := make([]float64, len(points))
	for i, q := range points {
		mean[i] = m.like.tab.points[q].mean
		p.noise = append(p.noise, m.like.noise(&m.like.tab.points[q]))
	}
	p.mean, p.cov = m.g.Predict(mean, m.like.cross(m.index, points), m.like.square(points))
	for i, v := range p.noise {
		p.cov.SetSym(i, i, p.cov.At(i, i)+v)
	}
	return p
}

// outlierFrom is the squared standardised residual from which one of five or more given rows counts less.
const outlierFrom = 6

// given conditions on measured values at some of the posterior's points and returns mean and variance at others.
func (p *posterior) given(at []int, values []float64, want []int) (mu, variance []float64, err error) {
	cov := p.cov
	if len(at) >= 5 {
		c := mat.NewSymDense(len(p.mean), nil)
		c.CopySym(p.cov)
		cov = c
		for range 2 {
			z2, err := givenResiduals(p, cov, at, values)
			if err != nil {
				return nil, nil, err
			}
			for i, a := range at {
				if z2[i] > outlierFrom {
					cov.SetSym(a, a, cov.At(a, a)+p.noise[a]*z2[i]/outlierFrom)
				}
			}
		}
	}
	return regress.Condition(p.mean, cov, at, values, want)
}

// givenResiduals returns the squared standardised leave-one-out residuals among the given rows.
func givenResiduals(p *posterior, cov *mat.SymDense, at []int, values []float64) ([]float64, error) {
	sub, r := mat.NewSymDense(len(at), nil), make([]float64, len(at))
	for i, a := range at {
		r[i] = values[i] - p.mean[a]
		for j := i; j < len(at); j++ {
			sub.SetSym(i, j, cov.At(a, at[j]))
		}
	}
	g, err := regress.NewGaussian(sub, r)
	if err != nil {
		return nil, err
	}
	return g.LeaveOneOut()
}

// distinct returns the sorted distinct values of a property of the samples.
func distinct(samples []sample, of func(*sample) string) []string {
	seen := map[string]bool{}
	var out []string
	for i := range samples {
		if v := of(&samples[i]); !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	slices.Sort(out)
	return out
}

// damping holds the second linearisation back towards the first.
const damping = .7

// offsets returns the expected class factors of every run of the table.
func (m *model) offsets() []offsets {
	tab := m.like.tab
	pull := make([]offsets, len(tab.runs))
	for i, q := range m.index {
		p := &tab.points[q]
		for c := range pull[p.run] {
			pull[p.run][c] += p.share[c] * m.g.Alpha[i]
		}
	}
	out := make([]offsets, len(tab.runs))
	for r := range out {
		for q := range pull {
			w := 0.0
			for j, v := range m.like.runs[r][q] {
				w += v * m.like.th.amplitude[j][asShares]
			}
			for c := range out[r] {
				out[r][c] += w * pull[q][c]
			}
		}
		for c := range out[r] {
			out[r][c] *= damping * m.like.th.share[c] * m.like.th.share[c]
		}
	}
	return out
}
