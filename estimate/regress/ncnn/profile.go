package ncnn

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/record"
)

// Profile is a fit to recorded rows in a form that loads fast and answers for any network on any device. It is read-only and safe
// for concurrent use.
type Profile struct {
	head   profileHead
	like   *likeness // over the profile's runs and networks
	index  []int
	factor []float64 // lower triangle by rows of the factor of the first model's covariance
}

// profileHead is the part of a profile that is stored as JSON.
type profileHead struct {
	Format   int
	Tool     string // version of the program that made it
	RowsHash string // SHA-256 of the training rows
	Features []string
	Theta    map[string]float64
	Runs     []profileRun
	Nets     []profileNet
	Points   []profilePoint
	Alpha    [2][]float64 // C^-1 residual of both models
	Offsets  []offsets    // class factors of the runs
	Scale    profileScale
	Families []string
}

type profileRun struct {
	Run, SoC, Key string
	GPU           bool
	Date          float64
	Spec          [specCount]float64
}

type profileNet struct {
	Name  string
	Int8  bool
	Shape [graphCount]float64
}

// profilePoint keeps the nominal time: everything else follows from it.
type profilePoint struct {
	Run, Net int
	Time     profileTime
}

type profileTime struct {
	Class    [classCount]float64
	Int8     [int8Count]float64
	Modifier [modifierCount]float64
}

type profileScale struct {
	Device [groupCount][len(givenCounts)]float64
	Family [groupCount]float64
}

// profileFormat is the version of the file; it rises when the meaning of a feature changes.
const profileFormat = 1

// Errors of ReadProfile.
var (
	ErrNotProfile = errors.New("not an ncnn profile")
	ErrFeatures   = errors.New("profile was fitted on other features")
)

// featureNames are the names of the inputs in order, as stored in profiles.
func featureNames() []string {
	names := []string{"class_count", "modifier_count", "spec_count", "graph_count"}
	for i, n := range []int{int(classCount), int(modifierCount), specCount, graphCount} {
		names[i] = fmt.Sprintf("%s=%d", names[i], n)
	}
	return names
}

// FitProfile fits on all rows that can be used. Runs of one setting beyond the newest per era are left out: they add size, not knowledge.
// tool is the version that the profile will name.
func FitProfile(ctx context.Context, rows []record.Row, env *record.Env, tool string) (*Profile, error) {
	w := newWorld(env)
	samples := thin(trainingSamples(w, rows), &w.tab)
	if len(samples) == 0 {
		return nil, errors.New("no usable row")
	}
	fs, err := thetas()
	if err != nil {
		return nil, err
	}
	mix, err := fitMixture(ctx, samples, newLikeness(thetaOf(fs[0].Values), &w.tab), true)
	if err != nil {
		return nil, err
	}
	first := mix.models[0]
	p := &Profile{like: first.like, index: first.index}
	p.head = profileHead{Format: profileFormat, Tool: tool, RowsHash: hashRows(samples, &w.tab), Features: featureNames(), Theta: fs[0].Values,
		Offsets: first.offsets(), Scale: profileScale{mix.scale.device, mix.scale.family},
		Families: distinct(samples, func(s *sample) string { return s.family })}
	for _, r := range w.tab.runs {
		p.head.Runs = append(p.head.Runs, profileRun{r.run, r.soc, r.key, r.gpu, r.date, r.spec})
	}
	for _, n := range w.tab.nets {
		p.head.Nets = append(p.head.Nets, profileNet{n.name, n.int8, n.shape})
	}
	for _, i := range first.index {
		q := &w.tab.points[i]
		p.head.Points = append(p.head.Points, profilePoint{q.run, q.net, profileTime{q.time.class, q.time.int8, q.time.modifier}})
	}
	for k, m := range mix.models {
		p.head.Alpha[k] = m.g.Alpha
	}
	p.factor = packLower(first.g.Lower())
	return p.rebuilt()
}

// thin keeps, of the runs of one setting within one era of the software, the newest.
func thin(samples []sample, tab *table) []sample {
	era := func(d float64) int { return int(flag(d > 2019)) + int(flag(d > packedSince)) }
	type slot struct {
		key string
		era int
	}
	newest := map[slot]int{}
	slotOf := func(s *sample) (slot, int) {
		run := tab.points[s.point].run
		return slot{tab.runs[run].key, era(tab.runs[run].date)}, run
	}
	for i := range samples {
		k, run := slotOf(&samples[i])
		if best, ok := newest[k]; !ok || tab.runs[run].date > tab.runs[best].date {
			newest[k] = run
		}
	}
	var out []sample
	for i := range samples {
		if k, run := slotOf(&samples[i]); newest[k] == run {
			out = append(out, samples[i])
		}
	}
	return out
}

// hashRows identifies the rows that were fitted on.
func hashRows(samples []sample, tab *table) string {
	h := sha256.New()
	for i := range samples {
		p := &tab.points[samples[i].point]
		fmt.Fprintf(h, "%s\x00%s\x00%.9g\n", tab.runs[p.run].run, tab.nets[p.net].name, samples[i].y)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func packLower(l *mat.TriDense) []float64 {
	n, _ := l.Dims()
	out := make([]float64, 0, n*(n+1)/2)
	for i := range n {
		for j := range i + 1 {
			out = append(out, float64(float32(l.At(i, j))))
		}
	}
	return out
}

// rebuilt derives the tables from the head.
func (p *Profile) rebuilt() (*Profile, error) {
	tab := &table{}
	for i := range p.head.Runs {
		r := &p.head.Runs[i]
		tab.runs = append(tab.runs, &setting{run: r.Run, soc: r.SoC, key: r.Key, gpu: r.GPU, date: r.Date, spec: r.Spec})
	}
	for i := range p.head.Nets {
		n := &p.head.Nets[i]
		tab.nets = append(tab.nets, &network{name: n.Name, base: baseName(n.Name), int8: n.Int8, shape: n.Shape})
	}
	p.index = nil
	for i, q := range p.head.Points {
		if q.Run < 0 || q.Run >= len(tab.runs) || q.Net < 0 || q.Net >= len(tab.nets) {
			return nil, fmt.Errorf("%w: point %d out of range", ErrNotProfile, i)
		}
		x := &nominal{q.Time.Class, q.Time.Int8, q.Time.Modifier}
		tab.points = append(tab.points, tab.linear(q.Run, q.Net, x, &offsets{}))
		p.index = append(p.index, i)
	}
	n := len(tab.points)
	if n == 0 || len(p.head.Alpha[0]) != n || len(p.head.Alpha[1]) != n || len(p.head.Offsets) != len(tab.runs) || len(p.factor) != n*(n+1)/2 {
		return nil, fmt.Errorf("%w: parts do not fit together", ErrNotProfile)
	}
	p.like = newLikeness(thetaOf(p.head.Theta), tab)
	return p, nil
}

// RowsHash returns the SHA-256 of the rows that the profile was fitted on.
func (p *Profile) RowsHash() string { return p.head.RowsHash }

// Rows returns the number of rows that the profile holds.
func (p *Profile) Rows() int { return len(p.head.Points) }

var profileMagic = [8]byte{'g', 'n', 'n', 'n', 'c', 'n', 'n', '1'}

// WriteTo writes the profile: magic, length of the head, head as JSON, factor as float32, little-endian. The same profile gives the same
// bytes.
func (p *Profile) WriteTo(w io.Writer) (int64, error) {
	head, err := json.Marshal(p.head)
	if err != nil {
		return 0, err
	}
	bw := bufio.NewWriter(w)
	n := int64(len(profileMagic) + 4 + len(head) + 4*len(p.factor))
	bw.Write(profileMagic[:])
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(len(head)))
	bw.Write(b[:])
	bw.Write(head)
	for _, v := range p.factor {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(float32(v)))
		bw.Write(b[:])
	}
	return n, bw.Flush()
}

// ReadProfile reads what WriteTo wrote. It returns ErrNotProfile for other bytes and ErrFeatures when the features have changed since.
func ReadProfile(data []byte) (*Profile, error) {
	if len(data) < 12 || string(data[:8]) != string(profileMagic[:]) {
		return nil, ErrNotProfile
	}
	size := int(binary.LittleEndian.Uint32(data[8:]))
	if size < 0 || size > len(data)-12 || (len(data)-12-size)%4 != 0 {
		return nil, fmt.Errorf("%w: truncated", ErrNotProfile)
	}
	p := &Profile{}
	if err := json.Unmarshal(data[12:12+size], &p.head); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotProfile, err)
	}
	if p.head.Format != profileFormat || fmt.Sprint(p.head.Features) != fmt.Sprint(featureNames()) {
		return nil, ErrFeatures
	}
	rest := data[12+size:]
	p.factor = make([]float64, len(rest)/4)
	for i := range p.factor {
		p.factor[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(rest[4*i:])))
	}
	return p.rebuilt()
}
