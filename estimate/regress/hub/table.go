package hub

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
)

// Settings of the robust low-rank split; see Table.
const (
	tableRank    = 5
	tableRounds  = 25
	noiseFloor   = .08 // prior of a workload's spread, in log latency
	noiseCount   = 6.  // how many residuals that prior is worth
	minLevelRows = 3   // rows that make a level of a device and precision
)

// ErrNoRows is returned when there is nothing to learn from.
var ErrNoRows = errors.New("no usable rows")

// Table is a table of log latencies, workloads by devices, split into
//
//	log t[w,d] = level[precision(w),d] + centre[w] + sum z[w,r] beta[d,r] + residual
//
// by medians and a soft-thresholded singular value decomposition of the clipped
// rest, missing cells filled with the low-rank part.
type Table struct {
	works   []workload
	index   map[workload]int
	devices []string
	groups  []string // SoC group by device
	specs   []Spec

	y        *mat.Dense // NaN where missing
	level    map[string][]float64
	centre   []float64
	slope    []float64 // centre, standardised
	z        [][]float64
	beta     [][]float64
	residual [][]float64 // 0 where missing
	has      [][]bool
	spread   []float64   // by workload
	betaCov  [][]float64 // covariance of beta over devices
	// Multiplier of the standard deviation by number of given rows, from
	// devices held out of the table; see calibrate.
	factor map[int]float64
	// The same without given rows by precision.
	unmeasured map[string]float64
}

// NewTable builds the table from rows with positive latencies; of several rows
// of one cell the last counts.
func NewTable(rows []Row) (*Table, error) {
	t := &Table{index: map[workload]int{}}
	byDevice := map[string]int{}
	for i := range rows {
		r := &rows[i]
		if !(r.LatencyMS > 0) {
			continue
		}
		if _, ok := t.index[r.workload()]; !ok {
			t.index[r.workload()] = 0
			t.works = append(t.works, r.workload())
		}
		if _, ok := byDevice[r.Device]; !ok {
			byDevice[r.Device] = 0
			t.devices = append(t.devices, r.Device)
		}
	}
	if len(t.devices) == 0 {
		return nil, ErrNoRows
	}
	slices.SortFunc(t.works, func(a, b workload) int {
		return cmp.Or(cmp.Compare(a.model, b.model), cmp.Compare(a.runtime, b.runtime), cmp.Compare(a.precision, b.precision))
	})
	sort.Strings(t.devices)
	for i, w := range t.works {
		t.index[w] = i
	}
	for i, d := range t.devices {
		byDevice[d] = i
	}
	t.fill(rows, byDevice)
	t.split()
	return t, nil
}

func (t *Table) fill(rows []Row, byDevice map[string]int) {
	n, d := len(t.works), len(t.devices)
	t.groups, t.specs = make([]string, d), make([]Spec, d)
	t.y = mat.NewDense(n, d, nil)
	t.has = make([][]bool, n)
	for i := range t.has {
		t.has[i] = make([]bool, d)
		for j := range t.has[i] {
			t.y.Set(i, j, math.NaN())
		}
	}
	for k := range rows {
		r := &rows[k]
		if !(r.LatencyMS > 0) {
			continue
		}
		i, j := t.index[r.workload()], byDevice[r.Device]
		t.y.Set(i, j, math.Log(r.LatencyMS))
		t.has[i][j] = true
		t.groups[j], t.specs[j] = r.SoCGroup, r.Spec
	}
}

// split alternates levels, centres and the low-rank part.
func (t *Table) split() {
	n, d := len(t.works), len(t.devices)
	low := mat.NewDense(n, d, nil)
	t.centre = make([]float64, n)
	for i := range t.centre {
		t.centre[i] = t.medianOf(i, func(j int) float64 { return t.y.At(i, j) })
	}
	var u, v mat.Dense
	var sv []float64
	for round := 0; round < tableRounds; round++ {
		t.levels(low)
		rest := make([]float64, 0, n*d)
		for i := range t.centre {
			lv := t.level[t.works[i].precision]
			t.centre[i] = t.medianOf(i, func(j int) float64 { return t.y.At(i, j) - lv[j] - low.At(i, j) })
			for j := range lv {
				if t.has[i][j] {
					rest = append(rest, math.Abs(t.y.At(i, j)-lv[j]-low.At(i, j)-t.centre[i]))
				}
			}
		}
		scale := math.Max(.04, 1.4826*median(rest))
		u, sv, v = t.lowRank(low, scale)
	}
	t.loadings(&u, sv, &v, low)
}

func (t *Table) medianOf(i int, f func(j int) float64) float64 {
	var x []float64
	for j, ok := range t.has[i] {
		if ok {
			x = append(x, f(j))
		}
	}
	return median(x)
}

// levels sets the level of each precision and device: the median of what is left,
// or for a device without that precision the mean over devices plus the
// device's mean offset in its other precisions.
func (t *Table) levels(low *mat.Dense) {
	d := len(t.devices)
	rest := map[string][][]float64{}
	for i, w := range t.works {
		if rest[w.precision] == nil {
			rest[w.precision] = make([][]float64, d)
		}
		for j := range t.has[i] {
			if t.has[i][j] {
				rest[w.precision][j] = append(rest[w.precision][j], t.y.At(i, j)-t.centre[i]-low.At(i, j))
			}
		}
	}
	t.level = map[string][]float64{}
	average := map[string]float64{}
	precisions := make([]string, 0, len(rest))
	for p := range rest {
		precisions = append(precisions, p)
	}
	sort.Strings(precisions)
	for _, p := range precisions {
		lv := make([]float64, d)
		var seen []float64
		for j := range lv {
			lv[j] = math.NaN()
			if len(rest[p][j]) >= minLevelRows {
				lv[j] = median(rest[p][j])
				seen = append(seen, lv[j])
			}
		}
		t.level[p] = lv
		if len(seen) > 0 {
			average[p] = mean(seen)
		}
	}
	t.fillLevels(precisions, average)
}

func (t *Table) fillLevels(precisions []string, average map[string]float64) {
	type cell struct {
		p string
		j int
	}
	filled := map[cell]float64{}
	for _, p := range precisions {
		for j := range t.devices {
			if !math.IsNaN(t.level[p][j]) {
				continue
			}
			var off []float64
			for _, q := range precisions {
				if q != p && !math.IsNaN(t.level[q][j]) {
					off = append(off, t.level[q][j]-average[q])
				}
			}
			filled[cell{p, j}] = average[p]
			if len(off) > 0 {
				filled[cell{p, j}] += mean(off)
			}
		}
	}
	for c, v := range filled {
		t.level[c.p][c.j] = v
	}
}

// lowRank replaces low by the soft-thresholded decomposition of the table's
// rest, in which observed cells are clipped to three scales around low.
func (t *Table) lowRank(low *mat.Dense, scale float64) (u mat.Dense, sv []float64, v mat.Dense) {
	n, d := low.Dims()
	x := mat.NewDense(n, d, nil)
	for i := 0; i < n; i++ {
		lv := t.level[t.works[i].precision]
		for j := 0; j < d; j++ {
			l := low.At(i, j)
			if t.has[i][j] {
				l += math.Max(-3*scale, math.Min(3*scale, t.y.At(i, j)-lv[j]-t.centre[i]-l))
			}
			x.Set(i, j, l)
		}
	}
	var svd mat.SVD
	if !svd.Factorize(x, mat.SVDThin) {
		return u, nil, v
	}
	sv = svd.Values(nil)
	svd.UTo(&u)
	svd.VTo(&v)
	for r := range sv {
		sv[r] = math.Max(sv[r]-scale, 0)
		if r >= tableRank {
			sv[r] = 0
		}
	}
	for i := 0; i < n; i++ {
		for j := 0; j < d; j++ {
			s := 0.
			for r := range sv {
				s += u.At(i, r) * sv[r] * v.At(j, r)
			}
			low.Set(i, j, s)
		}
	}
	return u, sv, v
}

func (t *Table) loadings(u *mat.Dense, sv []float64, v *mat.Dense, low *mat.Dense) {
	n, d := len(t.works), len(t.devices)
	rank := min(tableRank, len(sv))
	root := math.Sqrt(float64(n))
	t.z, t.residual, t.spread = make([][]float64, n), make([][]float64, n), make([]float64, n)
	for i := range t.z {
		t.z[i], t.residual[i] = make([]float64, rank), make([]float64, d)
		for r := range t.z[i] {
			t.z[i][r] = u.At(i, r) * root
		}
		lv := t.level[t.works[i].precision]
		sum, count := noiseCount*noiseFloor*noiseFloor, noiseCount
		for j := range lv {
			if t.has[i][j] {
				e := t.y.At(i, j) - lv[j] - t.centre[i] - low.At(i, j)
				t.residual[i][j] = e
				sum += math.Min(e*e, 1)
				count++
			}
		}
		t.spread[i] = math.Sqrt(sum / count)
	}
	t.beta = make([][]float64, d)
	for j := range t.beta {
		t.beta[j] = make([]float64, rank)
		for r := range t.beta[j] {
			t.beta[j][r] = sv[r] * v.At(j, r) / root
		}
	}
	t.betaCov = covariance(t.groupMeans(rank), rank)
	t.slope = standardised(t.centre)
}

// groupMeans returns the mean loadings of each group of sibling chips.
func (t *Table) groupMeans(rank int) [][]float64 {
	at, n := map[string]int{}, []float64{}
	var out [][]float64
	for j, g := range t.groups {
		i, ok := at[g]
		if !ok {
			i = len(out)
			at[g] = i
			out, n = append(out, make([]float64, rank)), append(n, 0)
		}
		n[i]++
		for r := range out[i] {
			out[i][r] += (t.beta[j][r] - out[i][r]) / n[i]
		}
	}
	return out
}

// covariance returns the covariance of the rows of x, with 1e-6 added to the
// diagonal.
func covariance(x [][]float64, q int) [][]float64 {
	m := make([]float64, q)
	for _, r := range x {
		for c := range m {
			m[c] += r[c] / float64(len(x))
		}
	}
	out := make([][]float64, q)
	for c := range out {
		out[c] = make([]float64, q)
		for e := range out[c] {
			for _, r := range x {
				out[c][e] += (r[c] - m[c]) * (r[e] - m[e]) / math.Max(1, float64(len(x)-1))
			}
		}
		out[c][c] += 1e-6
	}
	return out
}

func standardised(x []float64) []float64 {
	m := mean(x)
	v := 0.
	for _, e := range x {
		v += (e - m) * (e - m) / float64(len(x))
	}
	sd := math.Sqrt(v) + 1e-9
	out := make([]float64, len(x))
	for i, e := range x {
		out[i] = (e - m) / sd
	}
	return out
}

func sortFloats(x []float64) { sort.Float64s(x) }
func sortInts(x []int)       { sort.Ints(x) }
