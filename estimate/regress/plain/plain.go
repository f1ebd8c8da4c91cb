// Package plain answers recorded rows that no predictor made for their world answers: networks without a readable graph, quantities, runtimes
// and precisions that nothing was built for, worlds with a handful of rows.
//
// It is a Gaussian process on the logarithm of the value with few, strong, untuned terms: what is recorded of the same quantity, runtime and
// precision, chip, run, network and family, and slopes along the multiply-accumulates of the network and the published speed of the
// device. What is not known of a row simply ties it to nothing, so that its interval is as wide as rows of that quantity differ.
package plain

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress"
)

// Predictor answers every row. The zero value is ready for use.
type Predictor struct{}

// Name returns "plain".
func (Predictor) Name() string { return "plain" }

// Claims reports true: this predictor is the last to be asked.
func (Predictor) Claims(*record.Row) bool { return true }

// mostRows bounds the rows of one fit, whose time grows with their cube.
const mostRows = 1200

// Predict answers every test row, one fit for each quantity.
func (p Predictor) Predict(ctx context.Context, fold *record.Fold, env *record.Env) ([]record.Prediction, error) {
	d := describer{env: env}
	tests, quantities := map[string][]*row{}, []string{}
	for i := range fold.Test {
		r := d.row(&fold.Test[i])
		if tests[r.quantity] == nil {
			quantities = append(quantities, r.quantity)
		}
		tests[r.quantity] = append(tests[r.quantity], r)
	}
	var out []record.Prediction
	for _, q := range quantities {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := fit(d.known(fold.Train, q), tests[q])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q, err)
		}
		given := map[string][]*row{}
		for _, r := range d.known(fold.Given, q) {
			given[r.of.Case] = append(given[r.of.Case], r)
		}
		for _, rows := range byCase(tests[q]) {
			answers, err := m.answer(given[rows[0].of.Case], rows)
			if err != nil {
				return nil, fmt.Errorf("%s: case %q: %w", q, rows[0].of.Case, err)
			}
			out = append(out, answers...)
		}
	}
	return out, nil
}

func byCase(rows []*row) [][]*row {
	at := map[string]int{}
	var out [][]*row
	for _, r := range rows {
		i, ok := at[r.of.Case]
		if !ok {
			i = len(out)
			at[r.of.Case] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], r)
	}
	return out
}

// model is the process conditioned on the training rows of one quantity.
type model struct {
	rows  []*row
	g     *regress.Gaussian // nil without rows
	scale float64           // half width of the central 90 % in standard deviations

	variances [keyCount]float64
}

// mostShift bounds the step from the median half way to the point of least expected relative error, which for a log-normal is exp(mu - variance).
const mostShift = .5

// Half widths of the interval: of a normal distribution, and where nothing could be held out.
const (
	z90     = 1.6448536
	unknown = 2 * z90
)

func fit(train, asked []*row) (*model, error) {
	m := &model{rows: nearest(train, asked), scale: unknown, variances: variances}
	if len(m.rows) == 0 {
		return m, nil
	}
	m.variances[network] = spreadOf(m.rows)
	cov, rest := mat.NewSymDense(len(m.rows), nil), make([]float64, len(m.rows))
	for i, a := range m.rows {
		rest[i] = a.y - a.mean
		for j := i; j < len(m.rows); j++ {
			cov.SetSym(i, j, m.alike(a, m.rows[j]))
		}
		cov.SetSym(i, i, cov.At(i, i)+noise)
	}
	var err error
	if m.g, err = regress.NewGaussian(cov, rest); err != nil {
		return nil, err
	}
	return m, m.calibrate()
}

// spreadOf is the variance of networks around what their sizes imply, drawn to the prior with the weight of eight networks.
func spreadOf(rows []*row) float64 {
	sums, counts := map[string]float64{}, map[string]float64{}
	for _, r := range rows {
		sums[r.keys[network]] += r.y - r.mean
		counts[r.keys[network]]++
	}
	var means []float64
	for _, k := range slices.Sorted(maps.Keys(sums)) {
		means = append(means, sums[k]/counts[k])
	}
	centre, sum, n := regress.Median(means), 8*variances[network], 8.
	for _, v := range means {
		sum, n = sum+(v-centre)*(v-centre), n+1
	}
	return sum / n
}

// nearest keeps at most mostRows rows: those of the asked runtimes and processors first, then those of the asked networks, then by hash.
func nearest(train, asked []*row) []*row {
	if len(train) <= mostRows {
		return train
	}
	worlds, networks := map[string]bool{}, map[string]bool{}
	for _, r := range asked {
		worlds[r.keys[world]], networks[r.keys[network]] = true, true
	}
	rank := func(r *row) int {
		n := 0
		if !worlds[r.keys[world]] {
			n += 2
		}
		if !networks[r.keys[network]] {
			n++
		}
		return n
	}
	sorted := slices.Clone(train)
	hash := map[*row]string{}
	for _, r := range sorted {
		h := sha256.Sum256([]byte(r.of.ID))
		hash[r] = string(h[:8])
	}
	slices.SortStableFunc(sorted, func(a, b *row) int { return cmp.Or(rank(a)-rank(b), cmp.Compare(hash[a], hash[b])) })
	return sorted[:mostRows]
}

// calibrate sets the half width from runs left out as a whole. It is never narrower than that of a normal distribution.
func (m *model) calibrate() error {
	blocks, names := map[string][]int{}, []string{}
	for i, r := range m.rows {
		k := r.keys[run]
		if blocks[k] == nil {
			names = append(names, k)
		}
		blocks[k] = append(blocks[k], i)
	}
	if len(names) < 5 {
		return nil
	}
	var z, w []float64
	for _, n := range names {
		errs, cov, err := m.g.LeaveOut(blocks[n])
		if err != nil {
			return err
		}
		for i, e := range errs {
			z, w = append(z, math.Abs(e)/math.Sqrt(cov.At(i, i))), append(w, 1/float64(len(errs)))
		}
	}
	m.scale = math.Max(z90, regress.WeightedQuantile(z, w, .9, unknown))
	return nil
}

// answer predicts the asked rows of one case from the training rows and the given ones.
func (m *model) answer(given, asked []*row) ([]record.Prediction, error) {
	points := append(slices.Clone(given), asked...)
	mean, prior := make([]float64, len(points)), mat.NewSymDense(len(points), nil)
	for i, a := range points {
		mean[i] = a.mean
		for j := i; j < len(points); j++ {
			prior.SetSym(i, j, m.alike(a, points[j]))
		}
	}
	if m.g != nil {
		cross := mat.NewDense(len(m.rows), len(points), nil)
		for i, a := range m.rows {
			for j, b := range points {
				cross.Set(i, j, m.alike(a, b))
			}
		}
		mean, prior = m.g.Predict(mean, cross, prior)
	}
	var at, want []int
	var values []float64
	for i, r := range points {
		prior.SetSym(i, i, prior.At(i, i)+noise)
		if i < len(given) {
			at, values = append(at, i), append(values, r.y)
		} else {
			want = append(want, i)
		}
	}
	mu, variance, err := regress.Condition(mean, prior, at, values, want)
	if err != nil {
		return nil, err
	}
	out := make([]record.Prediction, len(asked))
	for i, r := range asked {
		v := math.Max(variance[i], noise)
		wide := m.scale * math.Sqrt(v)
		point := math.Exp(mu[i] - math.Min(v/2, mostShift))
		out[i] = record.Prediction{Case: r.of.Case, RowID: r.of.ID, Value: point, Lo: math.Exp(mu[i] - wide), Hi: math.Exp(mu[i] + wide)}
	}
	return out, nil
}
