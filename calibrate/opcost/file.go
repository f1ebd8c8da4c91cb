package opcost

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/gaugenn/gaugenn/estimate/regress/process"
)

// fileVersion is the version of a model's file form.
const fileVersion = 1

// modelFile is the file form of a model.
type modelFile struct {
	Version  int                          `json:"version"`
	Columns  int                          `json:"columns"`
	Device   device                       `json:"device"`
	Classes  map[string]float64           `json:"classes"`
	All      float64                      `json:"all"`
	Fused    map[string]map[string]*count `json:"fused,omitempty"`
	Whole    whole                        `json:"whole"`
	Quantile float64                      `json:"quantile"`
	Cells    map[string]cellFile          `json:"cells"`
}

// cellFile is the file form of a cell. X has a row of columns for each sample.
type cellFile struct {
	Class   string      `json:"class"`
	Mean    float64     `json:"mean"`
	Theta   []float64   `json:"theta"`
	X       [][]float64 `json:"x"`
	Nominal []float64   `json:"nominal_us"`
	US      []float64   `json:"us"`
	Weight  []float64   `json:"weight"`
}

// MarshalJSON writes the file form.
func (m *Model) MarshalJSON() ([]byte, error) {
	f := modelFile{Version: fileVersion, Columns: columnCount, Device: m.device, Classes: m.classes, All: m.all, Fused: m.fused, Whole: m.whole, Quantile: m.quantile,
		Cells: map[string]cellFile{}}
	for key, c := range m.cells {
		cf := cellFile{Class: c.class, Mean: c.mean, Theta: c.theta, Weight: rounded(c.post.Weights)}
		for i := range c.samples {
			s := &c.samples[i]
			cf.X, cf.Nominal, cf.US = append(cf.X, rounded(s.x)), append(cf.Nominal, round(s.nominal)), append(cf.US, round(s.us))
		}
		f.Cells[key] = cf
	}
	return json.Marshal(f)
}

// round keeps six significant digits: a file's numbers need no more.
func round(v float64) float64 {
	if v == 0 {
		return 0
	}
	p := math.Pow(10, 5-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*p) / p
}

func rounded(v []float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = round(v[i])
	}
	return out
}

// maxFileSamples bounds the samples of a cell in a file.
const maxFileSamples = 4 * maxSamples

// UnmarshalJSON reads the file form. Processes are prepared when a network first asks for them.
func (m *Model) UnmarshalJSON(b []byte) error {
	var f modelFile
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	if f.Version != fileVersion || f.Columns != columnCount {
		return fmt.Errorf("prices of operators: version %d with %d columns, this is version %d with %d", f.Version, f.Columns, fileVersion, columnCount)
	}
	if !(f.Device.Scale > 0) || !(f.Device.Launch >= 0) || !finite(f.Whole.Sum, f.Whole.PerRun, f.Whole.PerOp, f.Quantile, f.All) {
		return fmt.Errorf("prices of operators: device %+v, whole %+v", f.Device, f.Whole)
	}
	*m = Model{device: f.Device, classes: f.Classes, all: f.All, fused: f.Fused, whole: f.Whole, quantile: f.Quantile, cells: map[string]*cell{}}
	for key, cf := range f.Cells {
		c, err := cf.cell(key)
		if err != nil {
			return err
		}
		m.cells[key] = c
	}
	return nil
}

func (f *cellFile) cell(key string) (*cell, error) {
	n := len(f.X)
	if n == 0 || n > maxFileSamples || len(f.Nominal) != n || len(f.US) != n || len(f.Weight) != n || len(f.Theta) != thetaCount() {
		return nil, fmt.Errorf("prices of %q: %d rows, %d times, %d weights, %d parameters", key, n, len(f.US), len(f.Weight), len(f.Theta))
	}
	if !finite(append(slices.Clone(f.Theta), f.Mean)...) {
		return nil, fmt.Errorf("prices of %q: parameters are no numbers", key)
	}
	c := &cell{class: f.Class, theta: f.Theta, mean: f.Mean, weights: f.Weight}
	for i := range n {
		if len(f.X[i]) != columnCount || !(f.US[i] >= 0) || !(f.Nominal[i] >= 0) || !(f.Weight[i] > 0) || !finite(f.X[i]...) || !finite(f.US[i], f.Nominal[i], f.Weight[i]) {
			return nil, fmt.Errorf("prices of %q: sample %d", key, i)
		}
		c.samples = append(c.samples, sample{kernel: kernel{key: key, class: f.Class, x: f.X[i], nominal: f.Nominal[i]}, us: f.US[i]})
	}
	return c, nil
}

func thetaCount() int { return len((&process.Additive{Blocks: blocks()}).Start()) }

func finite(v ...float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// prepare sets the posterior of a cell that was read from a file.
func (c *cell) prepare(d device) error {
	if c.post != nil {
		return nil
	}
	c.cov = covariance(c.samples)
	post, err := process.Weighted(c.cov, values(c.samples, d, c.mean), c.theta, c.weights)
	c.post = post
	return err
}
