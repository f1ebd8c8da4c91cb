package hub

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

// shrink and maxShrink move the point forecast towards the minimum of the mean
// relative error, which for a log-normal forecast lies at exp(m - s^2).
const (
	shrink    = .25
	maxShrink = .1
)

// Predict returns the latency of every asked row of one run, of which the given
// rows were measured.
func (t *Table) Predict(given, asked []Row) []Prediction {
	m, s := t.Forecast(given, asked)
	out := make([]Prediction, len(asked))
	for i := range asked {
		h := 1.645 * t.factorOf(len(given), asked[i].Precision) * s[i]
		out[i] = Prediction{math.Exp(m[i] - math.Min(shrink*s[i]*s[i], maxShrink)), math.Exp(m[i] - h), math.Exp(m[i] + h)}
	}
	return out
}

// startFactors are multipliers of the standard deviation where no device could
// be held out.
var startFactors = map[int]float64{0: 2, 3: 1.1, 5: 1.1, 10: 1.15}

// unmeasuredCount is how many groups of chips the prior multiplier of 1 without given rows is worth.
const unmeasuredCount = 6.

// unmeasuredFactor is the multiplier without given rows from the scores of the groups held out: the root mean square of the groups' own
// multipliers and the prior's, times what a Student quantile for so few groups exceeds that of a normal distribution by.
func unmeasuredFactor(groups [][]float64) float64 {
	sum, n := unmeasuredCount, unmeasuredCount
	for _, z := range groups {
		q := pooledQuantile([][]float64{z}, .9) / 1.645
		sum, n = sum+q*q, n+1
	}
	return math.Sqrt(sum/n) * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: n}.Quantile(.95) / 1.645
}

// calibrationCounts are the numbers of given rows that Calibrate tries.
var calibrationCounts = []int{0, 3, 5, 10}

// factorOf returns the multiplier for k given rows of a run at a precision.
func (t *Table) factorOf(k int, precision string) float64 {
	factor := t.factor
	if factor == nil {
		factor = startFactors
	}
	if v, ok := t.unmeasured[precision]; ok {
		factor = maps.Clone(factor)
		factor[0] = v
	}
	return interpolate(factor, k)
}

// interpolate returns the factor for k given rows from those of
// calibrationCounts.
func interpolate(factor map[int]float64, k int) float64 {
	last := calibrationCounts[len(calibrationCounts)-1]
	if k >= last {
		return factor[last]
	}
	for i := len(calibrationCounts) - 2; i >= 0; i-- {
		lo, hi := calibrationCounts[i], calibrationCounts[i+1]
		if k >= lo {
			u := float64(k-lo) / float64(hi-lo)
			return (1-u)*factor[lo] + u*factor[hi]
		}
	}
	return factor[calibrationCounts[0]]
}

// Calibrate holds every SoC group of the rows out in turn, forecasts its runs
// from a few of their rows, and sets the multipliers of the standard deviation
// so that intervals cover 90 %, drawn towards the start values with the weight
// of two groups, since groups are few. Without given rows an error is that of
// a chip's level, one draw per group and precision; see unmeasuredFactor.
func (t *Table) Calibrate(rows []Row) error {
	scores := map[int][][]float64{}        // count, group, scores
	unmeasured := map[string][][]float64{} // the same without given rows by precision
	for _, g := range groupsOf(rows) {
		var train, held []Row
		for _, r := range rows {
			if r.SoCGroup == g {
				held = append(held, r)
			} else {
				train = append(train, r)
			}
		}
		sub, err := NewTable(train)
		if err != nil {
			continue
		}
		for _, k := range calibrationCounts {
			if z := sub.scores(held, k); len(z) > 0 {
				scores[k] = append(scores[k], z)
			}
		}
		for _, p := range t.precisions() {
			if z := sub.scores(of(held, p), 0); len(z) > 0 {
				unmeasured[p] = append(unmeasured[p], z)
			}
		}
	}
	t.factor, t.unmeasured = map[int]float64{}, map[string]float64{}
	for _, k := range calibrationCounts {
		const borrowed = 2.
		sum, n := borrowed*math.Log(startFactors[k]), borrowed
		if q := pooledQuantile(scores[k], .9); q > 0 {
			n += float64(len(scores[k]))
			sum += float64(len(scores[k])) * math.Log(q/1.645)
		}
		t.factor[k] = math.Exp(sum / n)
	}
	for _, p := range t.precisions() {
		t.unmeasured[p] = unmeasuredFactor(unmeasured[p])
	}
	return nil
}

// precisions returns the precisions of the table's workloads, sorted.
func (t *Table) precisions() []string { return slices.Sorted(maps.Keys(t.level)) }

func of(rows []Row, precision string) []Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return r.Precision != precision })
}

// scores are the absolute standardised errors of the held runs of at least k + 8
// known rows, given k of them chosen by hash.
func (t *Table) scores(held []Row, k int) []float64 {
	runs := map[string][]Row{}
	for _, r := range held {
		if !t.cellUnknown(r.workload()) && r.LatencyMS > 0 {
			runs[r.Run] = append(runs[r.Run], r)
		}
	}
	names := make([]string, 0, len(runs))
	for n := range runs {
		names = append(names, n)
	}
	sort.Strings(names)
	var z []float64
	for _, n := range names {
		run := runs[n]
		if len(run) < k+8 {
			continue
		}
		sort.SliceStable(run, func(i, j int) bool { return hashOf(run[i].Model) < hashOf(run[j].Model) })
		m, s := t.Forecast(run[:k], run[k:])
		for i, r := range run[k:] {
			z = append(z, math.Abs(math.Log(r.LatencyMS)-m[i])/s[i])
		}
	}
	return z
}

func (t *Table) cellUnknown(w workload) bool {
	c := t.cell(w)
	return c.unknown
}

func hashOf(s string) uint64 {
	h := sha256.Sum256([]byte(s))
	return binary.BigEndian.Uint64(h[:8])
}

func groupsOf(rows []Row) []string {
	seen := map[string]bool{}
	var out []string
	for i := range rows {
		if g := rows[i].SoCGroup; !seen[g] {
			seen[g] = true
			out = append(out, g)
		}
	}
	sort.Strings(out)
	return out
}

// pooledQuantile is the q-quantile of all scores, each group weighing the same.
func pooledQuantile(groups [][]float64, q float64) float64 {
	type item struct{ v, w float64 }
	var all []item
	for _, g := range groups {
		for _, v := range g {
			all = append(all, item{v, 1 / float64(len(g))})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].v < all[j].v })
	sum := 0.
	for _, it := range all {
		sum += it.w
		if sum >= q*float64(len(groups)) {
			return it.v
		}
	}
	return 0
}
