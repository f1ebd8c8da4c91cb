package hub

import (
	"errors"
	"math"
	"sort"
)

// Question says what will be asked, so that only what is needed is fitted and
// calibrated.
type Question struct {
	KnownDevice  bool // devices of the training rows, any model
	KnownModel   bool // new devices, models of the training rows
	NothingKnown bool // new devices, new models
}

// Model answers any row: by Table where the model was seen and the device was
// not, by Physics else.
type Model struct {
	table   *Table
	physics *Ensemble
	models  map[string]bool
	devices map[string]bool
}

// Fit learns from the rows what the question needs.
func Fit(rows []Row, q Question) (*Model, error) {
	m := &Model{models: map[string]bool{}, devices: map[string]bool{}}
	for i := range rows {
		m.models[rows[i].Model], m.devices[rows[i].Device] = true, true
	}
	var err error
	if q.KnownModel {
		if m.table, err = NewTable(rows); err != nil {
			return nil, err
		}
		if err = m.table.Calibrate(rows); err != nil {
			return nil, err
		}
	}
	if q.KnownDevice || q.NothingKnown {
		m.physics, err = NewEnsemble(rows)
		if errors.Is(err, ErrNoRows) {
			err = nil // no graphs: nothing to say of unknown models
		}
		if err == nil && m.physics != nil {
			m.physics.Calibrate(rows, q)
		}
	}
	return m, err
}

// Predict answers the asked rows of one run, of which the given rows were
// measured. Rows that cannot be answered get NaN.
func (m *Model) Predict(given, asked []Row) []Prediction {
	out := make([]Prediction, len(asked))
	var known, rest []int
	for i := range asked {
		if m.table != nil && m.models[asked[i].Model] && !m.devices[asked[i].Device] {
			known = append(known, i)
		} else {
			rest = append(rest, i)
		}
	}
	place := func(at []int, answer func(asked []Row) []Prediction) {
		if len(at) == 0 {
			return
		}
		rows := make([]Row, len(at))
		for k, i := range at {
			rows[k] = asked[i]
		}
		for k, p := range answer(rows) {
			out[at[k]] = p
		}
	}
	place(known, func(a []Row) []Prediction { return m.table.Predict(given, a) })
	place(rest, func(a []Row) []Prediction {
		if m.physics == nil {
			return unanswered(len(a))
		}
		return m.physics.Predict(given, a)
	})
	return out
}

func unanswered(n int) []Prediction {
	out := make([]Prediction, n)
	for i := range out {
		out[i] = Prediction{math.NaN(), math.NaN(), math.NaN()}
	}
	return out
}

// Ensemble is the mean in log of several Physics whose spreads differ.
type Ensemble struct {
	parts   []*Physics
	devices map[string]bool
	family  float64         // multiplier of the standard deviation on devices that were seen
	fresh   map[int]float64 // on new devices, by number of given rows
}

// ensembleSpreads are the spreads of the ensemble's parts.
func ensembleSpreads() []Spreads {
	tight, loose := DefaultSpreads(), DefaultSpreads()
	tight.Unit, loose.Unit = .15, .4
	return []Spreads{tight, loose}
}

// NewEnsemble fits the parts.
func NewEnsemble(rows []Row) (*Ensemble, error) {
	e := &Ensemble{devices: map[string]bool{}, family: 1.15, fresh: map[int]float64{0: 1.2, 3: 1.15, 5: 1.2, 10: 1.2}}
	for _, s := range ensembleSpreads() {
		p, err := NewPhysics(rows, s)
		if err != nil {
			return nil, err
		}
		e.parts = append(e.parts, p)
	}
	for i := range rows {
		e.devices[rows[i].Device] = true
	}
	return e, nil
}

// Forecast returns the mean and the standard deviation of the log latency.
func (e *Ensemble) Forecast(given, asked []Row) (mean, sd []float64) {
	mean, sd = make([]float64, len(asked)), make([]float64, len(asked))
	n := float64(len(e.parts))
	second := make([]float64, len(asked))
	for _, p := range e.parts {
		m, s := p.Forecast(given, asked)
		for i := range m {
			mean[i] += m[i] / n
			second[i] += (m[i]*m[i] + s[i]*s[i]) / n
		}
	}
	for i := range mean {
		sd[i] = math.Sqrt(math.Max(second[i]-mean[i]*mean[i], 1e-8))
	}
	return mean, sd
}

// Predict answers the asked rows of one run.
func (e *Ensemble) Predict(given, asked []Row) []Prediction {
	m, s := e.Forecast(given, asked)
	out := make([]Prediction, len(asked))
	for i := range asked {
		f := e.family
		if !e.devices[asked[i].Device] {
			f = interpolate(e.fresh, len(given))
		}
		h := 1.645 * f * s[i]
		out[i] = Prediction{math.Exp(m[i]), math.Exp(m[i] - h), math.Exp(m[i] + h)}
	}
	return out
}

// Calibrate sets the multipliers from families held out of the rows, and for new
// devices from pairs of a held-out SoC group and family.
func (e *Ensemble) Calibrate(rows []Row, q Question) {
	var family [][]float64
	fresh := map[int][][]float64{}
	for fi, f := range familiesOf(rows) {
		if q.KnownDevice {
			if z := familyScores(rows, f); len(z) > 0 {
				family = append(family, z)
			}
		}
		if q.NothingKnown {
			groups := groupsOf(rows)
			for k, z := range freshScores(rows, f, groups[fi%len(groups)]) {
				fresh[k] = append(fresh[k], z)
			}
		}
	}
	const borrowed = 2.
	draw := func(start float64, z [][]float64) float64 {
		v := pooledQuantile(z, .9)
		if v <= 0 {
			return start
		}
		n := float64(len(z))
		return math.Exp((borrowed*math.Log(start) + n*math.Log(v/1.645)) / (borrowed + n))
	}
	e.family = draw(e.family, family)
	for _, k := range calibrationCounts {
		e.fresh[k] = draw(e.fresh[k], fresh[k])
	}
}

func familiesOf(rows []Row) []string {
	seen := map[string]bool{}
	var out []string
	for i := range rows {
		if f := rows[i].Family; f != "" && rows[i].Net != nil && !seen[f] {
			seen[f] = true
			out = append(out, f)
		}
	}
	sort.Strings(out)
	return out
}

// familyScores are the standardised errors on a family that was left out.
func familyScores(rows []Row, family string) []float64 {
	var train, held []Row
	for _, r := range rows {
		switch {
		case r.Net == nil:
		case r.Family == family:
			held = append(held, r)
		default:
			train = append(train, r)
		}
	}
	sub, err := NewEnsemble(train)
	if err != nil {
		return nil
	}
	return standardisedErrors(sub, nil, held)
}

// freshScores are the standardised errors, by number of given rows, on a family
// and a SoC group that were both left out.
func freshScores(rows []Row, family, group string) map[int][]float64 {
	var train []Row
	runs := map[string][2][]Row{} // by run: rows of other families, rows of the family
	for _, r := range rows {
		if r.Net == nil {
			continue
		}
		switch {
		case r.SoCGroup != group && r.Family != family:
			train = append(train, r)
		case r.SoCGroup == group:
			v := runs[r.Run]
			if r.Family == family {
				v[1] = append(v[1], r)
			} else {
				v[0] = append(v[0], r)
			}
			runs[r.Run] = v
		}
	}
	sub, err := NewEnsemble(train)
	if err != nil {
		return nil
	}
	out := map[int][]float64{}
	for _, n := range sortedKeys(runs) {
		other, held := runs[n][0], runs[n][1]
		sort.SliceStable(other, func(i, j int) bool { return hashOf(other[i].Model) < hashOf(other[j].Model) })
		for _, k := range calibrationCounts {
			if len(other) >= k && len(held) > 0 {
				out[k] = append(out[k], standardisedErrors(sub, other[:k], held)...)
			}
		}
	}
	return out
}

func standardisedErrors(e *Ensemble, given, held []Row) []float64 {
	m, s := e.Forecast(given, held)
	var z []float64
	for i, r := range held {
		if v := math.Abs(math.Log(r.LatencyMS)-m[i]) / s[i]; !math.IsNaN(v) {
			z = append(z, v)
		}
	}
	return z
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}
