// Package nas predicts the latency of architectures of a search space on an
// unseen phone from a few measured ones and from many measured on other phones.
//
// The logarithm of the latency is the logarithm of a physical sum (work by
// kind of layer times the phone's unit costs) plus a Gaussian process: a part
// that all phones share, learned from the source phones, and a part of the
// phone's own. The target's unit costs have a prior around those of the
// sources; they are found together with the process by Gauss-Newton steps, so
// that the forecast's spread contains theirs. Which operators a runtime skips is
// not recorded: every rule of [arch.Rules] is tried, and weighted by the
// evidence of the target's own rows.
package nas

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/regress/process"
)

// Sample is one recorded latency.
type Sample struct {
	Phone     string
	Arch      string
	LatencyMS float64
}

// Prediction is a latency in milliseconds with a 90 % interval.
type Prediction struct{ LatencyMS, Lo, Hi float64 }

// ErrNoSources is returned when no training phone has enough samples.
var ErrNoSources = errors.New("no source phone with 20 samples")

// Number of architectures per phone that the variances are fitted on, and that
// the posterior holds.
const (
	fitArchs  = 200
	holdArchs = 300
	studentNu = 4.
)

// Model is what the source phones teach.
type Model struct {
	s      *space
	phones []string
	whole  []bool   // by phone: values are whole milliseconds
	priors []*prior // by spread
	under  []under  // by rule
	theta  []float64
	b      *blend
}

// under holds, for one rule of the target, the posterior of the shared part at
// every architecture.
type under struct {
	mean  []float64
	cross *mat.Dense // architectures x training rows
	half  *mat.Dense // cross * inverse
}

// Fit learns from the samples of the source phones and prepares to answer for
// any of asked.
func Fit(samples []Sample, asked []string) (*Model, error) {
	return fit(samples, asked, nil)
}

// fit is Fit with fixed variances unless theta is nil.
func fit(samples []Sample, asked []string, theta []float64) (*Model, error) {
	m := &Model{}
	by, names, train := group(samples, asked)
	s, err := newSpace(names, train)
	if err != nil {
		return nil, err
	}
	m.s = s
	for p, v := range by {
		if len(v) >= 20 {
			m.phones = append(m.phones, p)
		}
	}
	sort.Strings(m.phones)
	if len(m.phones) == 0 {
		return nil, ErrNoSources
	}
	if theta != nil && len(theta) != kernels+len(m.phones) {
		return nil, fmt.Errorf("%d variances for %d phones", len(theta), len(m.phones))
	}
	rest, y := m.sources(by)
	return m, m.learn(rest, y, theta)
}

// sources finds each phone's rule and unit costs, sets the priors of an unseen
// phone, and returns what the physical sums leave over.
func (m *Model) sources(by map[string][]Sample) (*blend, []float64) {
	rest := &blend{s: m.s, phones: len(m.phones)}
	var units [][]float64
	var y []float64
	for i, p := range m.phones {
		rule, theta := m.source(by[p])
		units = append(units, theta)
		whole := isWhole(by[p])
		m.whole = append(m.whole, whole)
		share := make([]float64, len(m.s.alive))
		for _, v := range by[p] {
			pt := point{rule, m.s.index[v.Arch]}
			rest.points, rest.phone = append(rest.points, pt), append(rest.phone, i)
			rest.floor = append(rest.floor, rounding(v.LatencyMS, whole))
			y = append(y, math.Log(v.LatencyMS)-eval(theta, m.s.terms[rule][pt.arch], m.s.alive, share))
		}
	}
	for _, spread := range spreadGrid {
		m.priors = append(m.priors, newPrior(m.s.alive, units, spread))
	}
	return rest, y
}

// group sorts samples by phone and lists the architectures: those sampled
// first, then those asked for.
func group(samples []Sample, asked []string) (by map[string][]Sample, names []string, train int) {
	by = map[string][]Sample{}
	seen := map[string]bool{}
	add := func(n string) {
		if !seen[n] {
			seen[n] = true
			names = append(names, n)
		}
	}
	for _, v := range samples {
		if v.LatencyMS > 0 {
			by[v.Phone] = append(by[v.Phone], v)
			add(v.Arch)
		}
	}
	sort.Strings(names)
	train = len(names)
	for _, n := range asked {
		add(n)
	}
	sort.Strings(names[train:])
	for _, v := range by {
		sort.SliceStable(v, func(i, j int) bool { return v[i].Arch < v[j].Arch })
	}
	return by, names, train
}

// source picks the rule under which physics explains a phone best and returns
// the phone's unit costs.
func (m *Model) source(v []Sample) (rule int, theta []float64) {
	best := math.Inf(1)
	base := newPrior(m.s.alive, nil, spreadPhone)
	share := make([]float64, len(m.s.alive))
	for r := range m.s.rules {
		var rows [][]float64
		var y []float64
		for _, s := range v {
			rows = append(rows, m.s.terms[r][m.s.index[s.Arch]])
			y = append(y, math.Log(s.LatencyMS))
		}
		t := fitUnits(rows, y, m.s.alive, base)
		loss := 0.
		for i, x := range rows {
			loss += math.Abs(y[i] - eval(t, x, m.s.alive, share))
		}
		if loss < best {
			best, rule, theta = loss, r, t
		}
	}
	return rule, theta
}

// isWhole reports whether every value is a whole number of milliseconds.
func isWhole(v []Sample) bool {
	for _, s := range v {
		if s.LatencyMS != math.Round(s.LatencyMS) {
			return false
		}
	}
	return true
}

// rounding is the variance in log units of rounding to whole milliseconds.
func rounding(ms float64, whole bool) float64 {
	if !whole {
		return 0
	}
	return 1 / (12 * ms * ms)
}

// learn fits the variances on some architectures, unless they are given, and
// conditions on more.
func (m *Model) learn(all *blend, y, theta []float64) error {
	if theta == nil {
		small, ys := all.pick(y, fitArchs)
		small.prepare()
		post, err := process.Fit(small, ys, small.start(), process.Options{Nu: studentNu, Steps: 20, Rounds: 2})
		if err != nil {
			return fmt.Errorf("variances: %w", err)
		}
		theta = post.Theta
	}
	m.theta = theta
	var ys []float64
	m.b, ys = all.pick(y, holdArchs)
	m.b.prepare()
	post, err := process.Condition(m.b, ys, m.theta, studentNu, 3)
	if err != nil {
		return fmt.Errorf("posterior: %w", err)
	}
	m.b.kernel = [kernels]*mat.SymDense{}
	for r := range m.s.rules {
		m.under = append(m.under, m.posterior(r, post))
	}
	return nil
}

// pick keeps an evenly spaced choice of n architectures, the same for all
// phones.
func (b *blend) pick(y []float64, n int) (*blend, []float64) {
	keep := map[int]bool{}
	for i := 0; i < n; i++ {
		keep[i*b.s.train/n] = true
	}
	out := &blend{s: b.s, phones: b.phones}
	var ys []float64
	for i, p := range b.points {
		if keep[p.arch] {
			out.points, out.phone, out.floor = append(out.points, p), append(out.phone, b.phone[i]), append(out.floor, b.floor[i])
			ys = append(ys, y[i])
		}
	}
	return out, ys
}

func (m *Model) posterior(r int, post *process.Posterior) under {
	n, t := len(m.s.names), len(m.b.points)
	u := under{mean: make([]float64, n), cross: mat.NewDense(n, t, nil), half: mat.NewDense(n, t, nil)}
	for a := 0; a < n; a++ {
		row := u.cross.RawRowView(a)
		for i, p := range m.b.points {
			row[i] = m.b.shared(m.theta, point{r, a}, p)
			u.mean[a] += row[i] * post.Alpha[i]
		}
	}
	u.half.Mul(u.cross, post.Inv)
	return u
}

// cov is the covariance of the target's process at two architectures given the
// sources.
func (m *Model) cov(r, a, b int) float64 {
	u := &m.under[r]
	p, q := point{r, a}, point{r, b}
	v := m.b.shared(m.theta, p, q) + m.b.own(m.theta, p, q)
	return v - mat.Dot(mat.NewVecDense(len(m.b.points), u.half.RawRowView(a)), mat.NewVecDense(len(m.b.points), u.cross.RawRowView(b)))
}
