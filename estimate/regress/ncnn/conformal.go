package ncnn

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/gaugenn/gaugenn/estimate/regress"
)

// z90 is the half width of the central 90 % of a normal distribution in standard deviations.
const z90 = 1.6448536

// coverage is what intervals are made for.
const coverage = .9

// givenCounts are the numbers of measured rows for which a scale is kept.
var givenCounts = [...]int{0, 3, 5, 10}

// scales are 90 % quantiles of |error| / predictive standard deviation over what the training rows would have been predicted as with
// their chip, or their family, left out.
type scales struct {
	device [groupCount][len(givenCounts)]float64 // unknown chip, known networks, by number of given rows
	family [groupCount]float64                   // unknown network on a known run
}

// of returns the scale for a case.
func (s *scales) of(knownRun, knownFamily bool, g group, given int) float64 {
	f := s.family[g]
	if knownRun {
		return f
	}
	best := 0
	for i, k := range givenCounts {
		if abs(k-given) < abs(givenCounts[best]-given) {
			best = i
		}
	}
	if knownFamily {
		return s.device[g][best]
	}
	// With every given row the run is better known, and what is left is the network.
	w := 4 / (5 + float64(given))
	return w*s.device[g][best] + (1-w)*f
}

func abs(x int) int {
	if x < 0 {
		return -x
	}
	return x
}

// heldRun is a run of a left-out chip with its errors and their covariance.
type heldRun struct {
	soc    string
	group  group
	weight float64
	errs   []float64
	cov    *mat.SymDense
}

// calibrate returns the scales of the average of the models, from leave-chip-out results of the first and leave-family-out results of
// all.
func calibrate(models []*model) (*scales, error) {
	s := &scales{}
	if err := models[0].calibrateChips(s); err != nil {
		return nil, err
	}
	s.widen(len(distinct(models[0].samples, func(s *sample) string { return s.soc })))
	return s, calibrateFamilies(models, s)
}

// usualScale is the scale of unknown chips where few could be left out.
const usualScale = 1.8 * z90

// fewChips is the number of chips from which the scales of unknown chips are taken as they are.
const fewChips = 5

// widen makes the scales of unknown chips as much wider as a Student quantile is for so few chips, from the usual scale on.
func (s *scales) widen(chips int) {
	if chips >= fewChips {
		return
	}
	by := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(max(1, chips))}.Quantile((1+coverage)/2) / z90
	for g := range s.device {
		for i := range s.device[g] {
			s.device[g][i] = by * math.Max(s.device[g][i], usualScale)
		}
	}
}

// calibrateChips fills the scales of unknown chips.
func (m *model) calibrateChips(out *scales) error {
	runs, err := m.leaveChips()
	if err != nil {
		return err
	}
	perSoC := map[string]float64{}
	for _, h := range runs {
		perSoC[h.soc] += h.weight
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i, k := range givenCounts {
		var z, w [groupCount + 1][]float64 // the last one is all groups
		for _, h := range runs {
			if len(h.errs) < k+3 {
				continue
			}
			draws := 3
			if k == 0 {
				draws = 1
			}
			for range draws {
				s, err := h.standardised(rng.Perm(len(h.errs)), k)
				if err != nil {
					return err
				}
				for _, v := range s {
					for _, g := range [2]group{h.group, groupCount} {
						z[g], w[g] = append(z[g], v), append(w[g], h.weight/math.Sqrt(perSoC[h.soc]))
					}
				}
			}
		}
		pooled := regress.WeightedQuantile(z[groupCount], w[groupCount], coverage, usualScale)
		for g := range out.device {
			// There are few chips in a group, so its own quantile counts half.
			out.device[g][i] = (pooled + regress.WeightedQuantile(z[g], w[g], coverage, pooled)) / 2
		}
	}
	return nil
}

// standardised returns |error|/sd of the rows after the first k of the order, given the first k.
func (h *heldRun) standardised(order []int, k int) ([]float64, error) {
	mean := make([]float64, len(h.errs))
	values := make([]float64, k)
	for i, p := range order[:k] {
		values[i] = h.errs[p]
	}
	mu, v, err := regress.Condition(mean, h.cov, order[:k], values, order[k:])
	if err != nil {
		return nil, err
	}
	out := make([]float64, len(mu))
	for i, p := range order[k:] {
		out[i] = math.Abs(h.errs[p]-mu[i]) / math.Sqrt(math.Max(v[i], 1e-4))
	}
	return out, nil
}

// leaveChips returns the CPU runs of eight or more rows as predicted without any run of their chip. Runs of one setting share a weight.
func (m *model) leaveChips() ([]heldRun, error) {
	blocks := map[string][]int{}
	settings := map[string]map[string]bool{}
	cpuSoC := map[string]bool{}
	for i := range m.samples {
		s := &m.samples[i]
		set := m.like.tab.runs[m.like.tab.points[s.point].run]
		blocks[s.soc] = append(blocks[s.soc], i)
		if s.group != vulkan {
			cpuSoC[s.soc] = true
			if settings[set.key] == nil {
				settings[set.key] = map[string]bool{}
			}
			settings[set.key][s.run] = true
		}
	}
	var out []heldRun
	for _, soc := range distinct(m.samples, func(s *sample) string { return s.soc }) {
		if !cpuSoC[soc] || len(cpuSoC) < 3 {
			continue
		}
		block := blocks[soc]
		errs, cov, err := m.g.LeaveOut(block)
		if err != nil {
			return nil, err
		}
		byRun := map[string][]int{}
		var names []string
		for pos, i := range block {
			if s := &m.samples[i]; s.group != vulkan {
				if byRun[s.run] == nil {
					names = append(names, s.run)
				}
				byRun[s.run] = append(byRun[s.run], pos)
			}
		}
		for _, name := range names {
			pos := byRun[name]
			if len(pos) < 8 {
				continue
			}
			set := m.like.tab.runs[m.like.tab.points[m.samples[block[pos[0]]].point].run]
			out = append(out, heldRun{soc: soc, group: m.samples[block[pos[0]]].group, weight: 1 / math.Sqrt(float64(len(settings[set.key]))), errs: pick(errs, pos), cov: subMatrix(cov, pos)})
		}
	}
	return out, nil
}

// calibrateFamilies fills the scales of unknown networks on known runs. A group with few rows takes those of all.
func calibrateFamilies(models []*model, out *scales) error {
	var z [groupCount + 1][]float64 // the last one is all groups
	samples := models[0].samples
	families := distinct(samples, func(s *sample) string { return s.family })
	for _, f := range families {
		if len(families) < 3 {
			break
		}
		var block []int
		for i := range samples {
			if samples[i].family == f {
				block = append(block, i)
			}
		}
		mean, variance := make([]float64, len(block)), make([]float64, len(block))
		for k, m := range models {
			errs, cov, err := m.g.LeaveOut(block)
			if err != nil {
				return err
			}
			for i, p := range block {
				n := float64(len(votes(models, samples[p].group)))
				if float64(k) < n {
					mean[i], variance[i] = mean[i]+errs[i]/n, variance[i]+cov.At(i, i)/n
				}
			}
		}
		for i, p := range block {
			v := math.Abs(mean[i]) / math.Sqrt(variance[i])
			z[samples[p].group], z[groupCount] = append(z[samples[p].group], v), append(z[groupCount], v)
		}
	}
	for g := range out.family {
		from := z[g]
		if len(from) < 60 {
			from = z[groupCount]
		}
		w := make([]float64, len(from))
		for i := range w {
			w[i] = 1
		}
		out.family[g] = regress.WeightedQuantile(from, w, coverage, z90)
	}
	return nil
}

func pick(v []float64, idx []int) []float64 {
	out := make([]float64, len(idx))
	for i, p := range idx {
		out[i] = v[p]
	}
	return out
}

func subMatrix(m *mat.SymDense, idx []int) *mat.SymDense {
	out := mat.NewSymDense(len(idx), nil)
	for i, p := range idx {
		for j := i; j < len(idx); j++ {
			out.SetSym(i, j, m.At(p, idx[j]))
		}
	}
	return out
}
