package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/mat"
)

// Profile is a model fitted to all recorded rows, in a form that can be stored.
// It is safe for concurrent use.
type Profile struct {
	Tool     string // version of the program that made it
	RowsHash string // SHA-256 of the rows it was fitted on
	Rows     int    // their number
	model    *Model
}

// profileFormat is the version of the file; it rises when the meaning of a term
// changes.
const profileFormat = 1

// Errors of ReadProfile.
var (
	ErrNotProfile = errors.New("not a profile of neural processors")
	ErrFeatures   = errors.New("profile was fitted on other terms")
)

// FitProfile fits on all usable rows and calibrates the intervals for every kind
// of question. tool is the version that the profile will name.
func FitProfile(rows []Row, tool string) (*Profile, error) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r Row) bool { return !(r.LatencyMS > 0) || math.IsInf(r.LatencyMS, 0) })
	m, err := Fit(rows, Question{KnownDevice: true, KnownModel: true, NothingKnown: true})
	if err != nil {
		return nil, err
	}
	return &Profile{Tool: tool, RowsHash: hashRows(rows), Rows: len(rows), model: m}, nil
}

// Predict answers the asked rows of one run, of which the given rows were
// measured; see Model.Predict.
func (p *Profile) Predict(given, asked []Row) []Prediction { return p.model.Predict(given, asked) }

// hashRows is the SHA-256 of the rows' keys and values in sorted order.
func hashRows(rows []Row) string {
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = fmt.Sprintf("%q %q %q %q %q %v", r.Device, r.Model, r.Runtime, r.Precision, r.Run, r.LatencyMS)
	}
	sort.Strings(lines)
	h := sha256.New()
	for _, l := range lines {
		fmt.Fprintln(h, l)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// file is a profile as stored.
type file struct {
	Format     int
	Tool       string
	RowsHash   string
	Rows       int
	Terms      []string
	Parts      []filePart
	Family     float64
	Fresh      map[int]float64
	Devices    []fileDevice
	Works      [][3]string // model, runtime, precision
	Cells      [][3]float64
	Factor     map[int]float64
	Unmeasured map[string]float64 `json:",omitempty"`
}

// filePart is one Physics: parameters by key, the lower triangle of their
// covariance, and offsets by workload.
type filePart struct {
	Spreads Spreads
	Keys    []string
	Phi     []float32
	Half    []float32
	Offsets []fileOffset
}

type fileOffset struct {
	Model, Runtime, Precision string
	Value                     float32
}

// fileDevice keeps a throughput of 0 for one that is not known.
type fileDevice struct {
	Name, Group string
	TOPS        float64
	InPhysics   bool
}

// WriteTo writes the profile as JSON. The same rows give the same bytes.
func (p *Profile) WriteTo(w io.Writer) (int64, error) {
	f := file{Format: profileFormat, Tool: p.Tool, RowsHash: p.RowsHash, Rows: p.Rows, Terms: TermNames()}
	t := p.model.table
	for j, d := range t.devices {
		fd := fileDevice{Name: d, Group: t.groups[j]}
		if v := t.specs[j].LogTOPS; !math.IsNaN(v) {
			fd.TOPS = math.Exp(v)
		}
		if p.model.physics != nil {
			_, fd.InPhysics = p.model.physics.parts[0].devices[d]
		}
		f.Devices = append(f.Devices, fd)
	}
	for i, k := range t.works {
		f.Works = append(f.Works, [3]string{k.model, k.runtime, k.precision})
		for j, ok := range t.has[i] {
			if ok {
				f.Cells = append(f.Cells, [3]float64{float64(i), float64(j), math.Exp(t.y.At(i, j))})
			}
		}
	}
	f.Factor, f.Unmeasured = t.factor, t.unmeasured
	if e := p.model.physics; e != nil {
		f.Family, f.Fresh = e.family, e.fresh
		for _, part := range e.parts {
			f.Parts = append(f.Parts, part.stored())
		}
	}
	b, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
}

func (p *Physics) stored() filePart {
	f := filePart{Spreads: p.spreads, Keys: make([]string, len(p.index))}
	for k, i := range p.index {
		f.Keys[i] = k
	}
	for i, v := range p.phi {
		f.Phi = append(f.Phi, float32(v))
		for j := 0; j <= i; j++ {
			f.Half = append(f.Half, float32(p.half.At(i, j)))
		}
	}
	for w, v := range p.offset {
		f.Offsets = append(f.Offsets, fileOffset{w.model, w.runtime, w.precision, float32(v)})
	}
	sort.Slice(f.Offsets, func(i, j int) bool {
		a, b := f.Offsets[i], f.Offsets[j]
		return a.Model+"\x00"+a.Runtime+"\x00"+a.Precision < b.Model+"\x00"+b.Runtime+"\x00"+b.Precision
	})
	return f
}

// ReadProfile reads what WriteTo wrote. It returns ErrNotProfile for other
// bytes and ErrFeatures when the terms have changed since.
func ReadProfile(r io.Reader) (*Profile, error) {
	var f file
	if err := json.NewDecoder(r).Decode(&f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	if f.Format != profileFormat || !slices.Equal(f.Terms, TermNames()) {
		return nil, ErrFeatures
	}
	m := &Model{models: map[string]bool{}, devices: map[string]bool{}}
	var err error
	if m.table, err = f.table(m); err != nil {
		return nil, err
	}
	if len(f.Parts) > 0 {
		m.physics = &Ensemble{devices: m.devices, family: f.Family, fresh: f.Fresh}
	}
	for _, part := range f.Parts {
		p, err := part.physics(f.Devices)
		if err != nil {
			return nil, err
		}
		m.physics.parts = append(m.physics.parts, p)
	}
	return &Profile{Tool: f.Tool, RowsHash: f.RowsHash, Rows: f.Rows, model: m}, nil
}

func (d fileDevice) spec() Spec {
	if d.TOPS > 0 {
		return Spec{LogTOPS: math.Log(d.TOPS)}
	}
	return Spec{LogTOPS: math.NaN()}
}

func (f *file) table(m *Model) (*Table, error) {
	var rows []Row
	for _, c := range f.Cells {
		i, j := int(c[0]), int(c[1])
		if i < 0 || i >= len(f.Works) || j < 0 || j >= len(f.Devices) || !(c[2] > 0) {
			return nil, fmt.Errorf("%w: cell %v", ErrNotProfile, c)
		}
		w, d := f.Works[i], f.Devices[j]
		rows = append(rows, Row{Device: d.Name, SoCGroup: d.Group, Spec: d.spec(), Model: w[0], Runtime: w[1], Precision: w[2], LatencyMS: c[2]})
		m.models[w[0]], m.devices[d.Name] = true, true
	}
	t, err := NewTable(rows)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	t.factor, t.unmeasured = f.Factor, f.Unmeasured
	return t, nil
}

func (f *filePart) physics(devices []fileDevice) (*Physics, error) {
	n := len(f.Keys)
	if len(f.Phi) != n || len(f.Half) != n*(n+1)/2 || n < 4*len(terms) {
		return nil, fmt.Errorf("%w: parts do not fit together", ErrNotProfile)
	}
	p := &Physics{spreads: f.Spreads, index: map[string]int{}, devices: map[string]Spec{}, groups: map[string]string{}, offset: map[workload]float64{}, half: mat.NewSymDense(n, nil)}
	at := 0
	for i, k := range f.Keys {
		p.index[k] = i
		p.phi = append(p.phi, float64(f.Phi[i]))
		for j := 0; j <= i; j++ {
			p.half.SetSym(i, j, float64(f.Half[at]))
			at++
		}
	}
	if len(p.index) != n {
		return nil, fmt.Errorf("%w: a parameter is there twice", ErrNotProfile)
	}
	for _, d := range devices {
		if d.InPhysics {
			p.devices[d.Name], p.groups[d.Name] = d.spec(), d.Group
		}
	}
	for _, o := range f.Offsets {
		p.offset[workload{o.Model, o.Runtime, o.Precision}] = float64(o.Value)
	}
	return p, nil
}
