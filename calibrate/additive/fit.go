package additive

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/regress"
)

// ErrTooFew is returned for fewer runs than a fit may rest on.
var ErrTooFew = errors.New("too few runs")

// MinRuns is how few runs a fit with intervals may rest on.
const MinRuns = 5

// Sample is one measured network.
type Sample struct {
	Group     string    // whole groups are held out together: the family of the network
	Terms     []float64 // from Terms
	LatencyMS float64   // positive
	Parts     []Part    // from Parts, when the run told times of operators; may be nil
}

// Model is a fitted set of prices. Its fields are its file form.
type Model struct {
	Scale   float64   `json:"scale"`   // of every nominal price, for this target
	Factors []float64 `json:"factors"` // of each term, about 1
	// Quantile is the 90 % quantile of held-out errors, in units of a prediction's own standard deviation.
	Quantile float64 `json:"quantile"`
	Runs     int     `json:"runs"`
	Noise    float64 `json:"noise"` // variance of a run's relative error that the model cannot explain
	// Anchors are the runs' networks, Residuals the logarithms of measured over summed latency, Noises the variance of each: the sum
	// of prices is bent towards what similar networks took.
	Anchors   []Place   `json:"anchors"`
	Residuals []float64 `json:"residuals"`
	Noises    []float64 `json:"noises"`

	bend *mat.VecDense // weights of the anchors
	wide *mat.Cholesky
}

// UnmarshalJSON reads the file form.
func (m *Model) UnmarshalJSON(b []byte) error {
	type plain Model
	if err := json.Unmarshal(b, (*plain)(m)); err != nil {
		return err
	}
	if len(m.Factors) != termCount || len(m.Anchors) == 0 || len(m.Residuals) != len(m.Anchors) || len(m.Noises) != len(m.Anchors) {
		return fmt.Errorf("additive model: %d factors, %d anchors, %d residuals, %d noises", len(m.Factors), len(m.Anchors), len(m.Residuals), len(m.Noises))
	}
	for i, a := range m.Anchors {
		if len(a.Shares) != termCount || !(m.Noises[i] > 0) {
			return fmt.Errorf("additive model: anchor %d has %d shares, noise %v", i, len(a.Shares), m.Noises[i])
		}
	}
	m.prepare()
	return nil
}

// Fit finds the prices that leave the smallest relative errors, none negative, each held towards the common scale; a run far off counts less
// (Huber's weights). What is left is bent towards similar networks (kriging). Intervals are set from errors of groups that were left out. With fewer than MinRuns samples it is an ErrTooFew.
func Fit(samples []Sample) (*Model, error) {
	if len(samples) < MinRuns {
		return nil, fmt.Errorf("%w: %d, at least %d are needed", ErrTooFew, len(samples), MinRuns)
	}
	m, err := Point(samples)
	if err != nil {
		return nil, err
	}
	var scores []float64
	for _, h := range LeaveOut(samples) {
		if h.Known {
			scores = append(scores, math.Abs(math.Log(samples[h.Index].LatencyMS/h.ValueMS))/h.SD)
		}
	}
	m.Quantile = conformal(scores, 0.9)
	return m, nil
}

// Point is Fit without intervals; one sample is enough for it, since prices start at nominal values.
func Point(samples []Sample) (*Model, error) {
	if len(samples) == 0 {
		return nil, ErrTooFew
	}
	ratios := make([]float64, len(samples))
	for i, s := range samples {
		if len(s.Terms) != termCount || !(s.LatencyMS > 0) || math.IsInf(s.LatencyMS, 0) {
			return nil, fmt.Errorf("sample %d: %d terms, latency %v ms", i, len(s.Terms), s.LatencyMS)
		}
		ratios[i] = s.LatencyMS / Nominal(s.Terms)
	}
	m := &Model{Scale: median(ratios), Factors: make([]float64, termCount), Runs: len(samples), Noise: noise}
	for i := range m.Factors {
		m.Factors[i] = 1
	}
	weight := make([]float64, len(samples))
	for i := range weight {
		weight[i] = 1
	}
	for range 3 {
		m.group(samples, weight)
		for i, s := range samples {
			weight[i] = huber(math.Log(s.LatencyMS / m.sumMS(s.Terms)))
		}
	}
	m.Noise = m.likely(samples)
	prior := slices.Clone(m.Factors)
	for range 4 {
		m.Factors = m.solve(samples, weight, prior)
		for i, s := range samples {
			weight[i] = huber(math.Log(s.LatencyMS / m.sumMS(s.Terms)))
		}
	}
	for i, s := range samples {
		m.Anchors = append(m.Anchors, PlaceOf(s.Terms))
		m.Residuals = append(m.Residuals, math.Log(s.LatencyMS/m.sumMS(s.Terms)))
		m.Noises = append(m.Noises, m.Noise/weight[i])
	}
	m.prepare()
	return m, nil
}

// prepare solves for the weights of the anchors.
func (m *Model) prepare() {
	m.bend = mat.NewVecDense(len(m.Anchors), nil)
	_ = solver(m.Anchors, m.Noises, shape).SolveVecTo(m.bend, mat.NewVecDense(len(m.Residuals), m.Residuals))
	m.wide = solver(m.Anchors, m.Noises, func(a, b Place) float64 { return prices(a, b) + shape(a, b) })
}

// noiseLevels are the variances of noise that a fit chooses from: 17, 10, 5 and 3 %.
var noiseLevels = []float64{noise, 0.01, 0.003, 0.001}

// likely returns the level of noise under which the runs' residuals, after the blocks, are most likely. Networks of one search space agree far
// better with one another than a collection does.
func (m *Model) likely(samples []Sample) float64 {
	if len(samples) < MinRuns {
		return noise
	}
	places := make([]Place, len(samples))
	r := mat.NewVecDense(len(samples), nil)
	for i, s := range samples {
		places[i] = PlaceOf(s.Terms)
		r.SetVec(i, math.Log(s.LatencyMS/m.sumMS(s.Terms)))
	}
	best, most := noise, math.Inf(-1)
	for _, level := range noiseLevels {
		noises := make([]float64, len(samples))
		for i := range noises {
			noises[i] = level
		}
		c := solver(places, noises, func(a, b Place) float64 { return prices(a, b) + shape(a, b) })
		w := mat.NewVecDense(len(samples), nil)
		if c.SolveVecTo(w, r) != nil {
			continue
		}
		if l := -mat.Dot(r, w) - c.LogDet(); l > most {
			best, most = level, l
		}
	}
	return best
}

// solve is one step: non-negative least squares on relative errors with the ridge as further rows. A run's parts are rows of their own, which
// count by their share of the time.
func (m *Model) solve(samples []Sample, weight, prior []float64) []float64 {
	n := len(samples)
	for _, s := range samples {
		n += len(s.Parts)
	}
	a, b := mat.NewDense(n+termCount, termCount, nil), make([]float64, n+termCount)
	at := 0
	row := func(x []float64, ms, w float64) {
		ref := m.sumMS(x)
		if r := ms / ref; r > 3 || r < 1/3.0 {
			ref = ms // far off: relative to the run itself, so that no row outweighs the others
		}
		w /= ref
		for j, v := range x {
			a.Set(at, j, w*m.Scale*v*prior[j])
		}
		b[at] = w * ms
		at++
	}
	for i, s := range samples {
		row(s.Terms, s.LatencyMS, math.Sqrt(weight[i]/m.Noise))
		for _, p := range s.Parts {
			row(p.Terms, p.Share*s.LatencyMS, math.Sqrt(weight[i]*p.Share/noise))
		}
	}
	for j := range termCount {
		a.Set(n+j, j, 1/math.Sqrt(priceVariance))
		b[n+j] = 1 / math.Sqrt(priceVariance)
	}
	x := regress.NNLS(a, b)
	for j := range x {
		x[j] *= prior[j]
	}
	return x
}

// group moves the factors of starting, computing and moving data as three blocks: processors differ in these by far more than terms of one
// block differ among themselves.
func (m *Model) group(samples []Sample, weight []float64) {
	n := len(samples)
	for _, s := range samples {
		n += len(s.Parts)
	}
	a, b := mat.NewDense(n+blockCount, blockCount, nil), make([]float64, n+blockCount)
	at := 0
	row := func(x []float64, ms, w float64) {
		for j, v := range x {
			a.Set(at, blockOf[j], a.At(at, blockOf[j])+w/ms*m.Scale*v)
		}
		b[at] = w
		at++
	}
	for i, s := range samples {
		row(s.Terms, s.LatencyMS, math.Sqrt(weight[i]/noise))
		for _, p := range s.Parts {
			row(p.Terms, p.Share*s.LatencyMS, math.Sqrt(weight[i]*p.Share/noise))
		}
	}
	for k := range blockCount {
		a.Set(n+k, k, 1/math.Sqrt(blockVariance))
		b[n+k] = 1 / math.Sqrt(blockVariance)
	}
	x := regress.NNLS(a, b)
	for j := range m.Factors {
		m.Factors[j] = math.Max(x[blockOf[j]], 0.01)
	}
}

// huber is the weight of a residual of the logarithm.
func huber(r float64) float64 {
	const bend = 0.3
	if r = math.Abs(r); r > bend {
		return bend / r
	}
	return 1
}

// ValueMS returns the predicted latency.
func (m *Model) ValueMS(x []float64) float64 {
	at, r := PlaceOf(x), 0.0
	for i, a := range m.Anchors {
		r += m.bend.AtVec(i) * shape(at, a)
	}
	return m.sumMS(x) * math.Exp(r)
}

// sumMS is the sum of the fitted prices.
func (m *Model) sumMS(x []float64) float64 {
	s := 0.0
	for j, v := range x {
		s += m.Factors[j] * v
	}
	return math.Max(s*m.Scale, 1e-6)
}

// SD returns the standard deviation of a prediction's relative error, the run's own noise included.
func (m *Model) SD(x []float64) float64 {
	at := PlaceOf(x)
	k, w := mat.NewVecDense(len(m.Anchors), nil), mat.NewVecDense(len(m.Anchors), nil)
	for i, a := range m.Anchors {
		k.SetVec(i, prices(at, a)+shape(at, a))
	}
	_ = m.wide.SolveVecTo(w, k)
	return math.Sqrt(m.Noise + max(prices(at, at)+shape(at, at)-mat.Dot(k, w), 0))
}

// Predict returns the latency and its 90 % interval in milliseconds.
func (m *Model) Predict(x []float64) (value, lo, hi float64) {
	value = m.ValueMS(x)
	f := math.Exp(m.Quantile * m.SD(x))
	return value, value / f, value * f
}

// HeldOut is the prediction of one sample by a fit that saw no sample of its group.
type HeldOut struct {
	Index   int // of the sample
	Known   bool
	ValueMS float64
	SD      float64
	LoMS    float64 // 90 % interval, from the errors of the other groups only
	HiMS    float64
}

// LeaveOut predicts every sample from the others of other groups.
func LeaveOut(samples []Sample) []HeldOut {
	out := make([]HeldOut, len(samples))
	scores := make([]float64, len(samples))
	for i := range samples {
		out[i].Index = i
		m, err := Point(others(samples, samples[i].Group))
		if err != nil {
			continue
		}
		out[i].Known, out[i].ValueMS, out[i].SD = true, m.ValueMS(samples[i].Terms), m.SD(samples[i].Terms)
		scores[i] = math.Abs(math.Log(samples[i].LatencyMS/out[i].ValueMS)) / out[i].SD
	}
	for i := range out {
		if !out[i].Known {
			continue
		}
		var rest []float64
		for j := range out {
			if out[j].Known && samples[j].Group != samples[i].Group {
				rest = append(rest, scores[j])
			}
		}
		f := math.Exp(conformal(rest, 0.9) * out[i].SD)
		out[i].LoMS, out[i].HiMS = out[i].ValueMS/f, out[i].ValueMS*f
	}
	return out
}

func others(samples []Sample, group string) []Sample {
	var rest []Sample
	for _, s := range samples {
		if s.Group != group {
			rest = append(rest, s)
		}
	}
	return rest
}

// conformal returns the quantile of scores that covers a new one with probability q (split conformal prediction: rank ceil((n+1)q)).
func conformal(scores []float64, q float64) float64 {
	if len(scores) == 0 {
		return 3
	}
	s := slices.Clone(scores)
	slices.Sort(s)
	k := int(math.Ceil(float64(len(s)+1) * q))
	return s[min(k, len(s))-1]
}

func median(v []float64) float64 {
	s := slices.Clone(v)
	slices.Sort(s)
	n := len(s)
	if n%2 == 1 {
		return s[n/2]
	}
	return math.Sqrt(s[n/2-1] * s[n/2])
}
