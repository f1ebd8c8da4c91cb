package nas

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
)

// Profile is what a fit to all recorded rows needs to be repeated for any
// architectures without fitting variances again.
type Profile struct {
	Tool     string    // version of the program that made it
	RowsHash string    // SHA-256 of the rows it was fitted on
	Rows     int       // their number
	samples  []Sample  // an evenly spaced part of the rows
	theta    []float64 // logarithms of standard deviations
}

const (
	profileFormat = 1
	// profileArchs is the number of architectures per phone that a profile keeps.
	profileArchs = 300
)

// Errors of ReadProfile.
var (
	ErrNotProfile = errors.New("not a profile of a search space")
	ErrFeatures   = errors.New("profile was fitted on other terms")
)

// FitProfile fits on samples of one search space. tool is the version that the
// profile will name.
func FitProfile(samples []Sample, tool string) (*Profile, error) {
	m, err := Fit(samples, nil)
	if err != nil {
		return nil, err
	}
	p := &Profile{Tool: tool, RowsHash: hashSamples(samples), Rows: len(samples), theta: m.theta}
	keep := map[string]bool{}
	for i := 0; i < profileArchs; i++ {
		keep[m.s.names[i*m.s.train/profileArchs]] = true
	}
	for _, s := range samples {
		if keep[s.Arch] && slices.Contains(m.phones, s.Phone) && s.LatencyMS > 0 {
			p.samples = append(p.samples, s)
		}
	}
	sort.Slice(p.samples, func(i, j int) bool {
		a, b := p.samples[i], p.samples[j]
		return a.Phone+"\x00"+a.Arch < b.Phone+"\x00"+b.Arch
	})
	return p, nil
}

// Model returns a model that answers for the architectures of asked.
func (p *Profile) Model(asked []string) (*Model, error) { return fit(p.samples, asked, p.theta) }

func hashSamples(samples []Sample) string {
	lines := make([]string, len(samples))
	for i, s := range samples {
		lines[i] = fmt.Sprintf("%q %q %v", s.Phone, s.Arch, s.LatencyMS)
	}
	sort.Strings(lines)
	h := sha256.New()
	for _, l := range lines {
		fmt.Fprintln(h, l)
	}
	return hex.EncodeToString(h.Sum(nil))
}

type file struct {
	Format   int
	Tool     string
	RowsHash string
	Rows     int
	Terms    []string
	Theta    []float64
	Samples  []Sample
}

// WriteTo writes the profile as JSON. The same rows give the same bytes.
func (p *Profile) WriteTo(w io.Writer) (int64, error) {
	b, err := json.Marshal(file{profileFormat, p.Tool, p.RowsHash, p.Rows, TermNames(), p.theta, p.samples})
	if err != nil {
		return 0, err
	}
	n, err := w.Write(b)
	return int64(n), err
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
	if len(f.Samples) == 0 || len(f.Theta) <= kernels {
		return nil, fmt.Errorf("%w: parts do not fit together", ErrNotProfile)
	}
	return &Profile{Tool: f.Tool, RowsHash: f.RowsHash, Rows: f.Rows, samples: f.Samples, theta: f.Theta}, nil
}
