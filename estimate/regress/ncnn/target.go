package ncnn

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress"
)

// Given is a latency that was measured on the very target.
type Given struct {
	Network   *feature.Network
	LatencyMS float64
}

// Basis says what an answer rests on.
type Basis string

// The bases, surest first.
const (
	SameTarget Basis = "same_target" // measured rows of this very setting are given or recorded
	SameSoC    Basis = "same_soc"    // the chip is recorded in another setting
	Unseen     Basis = "unseen"      // only published facts tie the device to the records
)

// Answer is a predicted latency with the bounds of the central 90 %.
type Answer struct {
	LatencyMS, LoMS, HiMS float64
	Basis                 Basis
}

// Target answers for networks on one setting of one device. It is read-only and safe for concurrent use.
type Target struct {
	p         *Profile
	set       *setting
	like      *likeness // the profile's runs and networks, then the target and the given networks
	run       int
	votes     int // models in the mean: the second linearisation has a say on CPUs without given rows
	offsets   offsets
	weights   [2][]float64  // of a network's features in the mean, by model
	explained *mat.SymDense // of a network's features in the variance that the data take away
	scale     func(known bool) float64
	basis     Basis
	fallback  *Target // of a Vulkan device: its CPU, for networks without Vulkan kernels
}

// Target prepares answers for the run that a row describes (device label, processor, threads, notes, date; its value is not looked at)
// on a device, given measured rows of the same run. It takes about as long as one prediction of a fold; predictions are fast.
func (p *Profile) Target(r *record.Row, dev *record.Device, given []Given) (*Target, error) {
	t, err := p.target(r, dev, given, false)
	if err != nil || r.Processor != "gpu" {
		return t, err
	}
	t.fallback, err = p.target(r, dev, nil, true)
	return t, err
}

func (p *Profile) target(r *record.Row, dev *record.Device, given []Given, onCPU bool) (*Target, error) {
	t := &Target{p: p, set: settingOf(r, dev, onCPU), run: len(p.like.tab.runs)}
	old := p.like.tab
	tab := &table{runs: append(append([]*setting(nil), old.runs...), t.set), nets: append([]*network(nil), old.nets...),
		points: append([]point(nil), old.points...)}
	var values []float64
	for _, g := range given {
		if !(g.LatencyMS > 0) || math.IsInf(g.LatencyMS, 0) || g.Network == nil || len(g.Network.Layers) == 0 {
			continue
		}
		tab.nets = append(tab.nets, networkOf(g.Network))
		tab.add(t.run, len(tab.nets)-1)
		values = append(values, math.Log(g.LatencyMS))
	}
	t.like = newLikeness(p.like.th, tab)
	t.basis = t.findBasis(len(values))
	t.offsets = t.expectedOffsets()
	at := append(append([]offsets(nil), p.head.Offsets...), t.offsets)
	second := t.like.over(tab.relinear(at))
	if err := t.condition(0, t.like, values); err != nil {
		return nil, err
	}
	t.votes = 1
	if len(values) == 0 && !t.set.gpu {
		t.votes = 2
		if err := t.condition(1, second, nil); err != nil {
			return nil, err
		}
	}
	g := groupOf(r)
	if onCPU {
		g = board
	}
	s := scales{p.head.Scale.Device, p.head.Scale.Family}
	t.scale = func(known bool) float64 {
		v := s.of(false, known, g, len(values))
		if t.set.unknown {
			v = math.Max(v, z90)
		}
		return v
	}
	return t, nil
}

// findBasis looks for the target's chip and setting among the profile's runs.
func (t *Target) findBasis(given int) Basis {
	b := Unseen
	if given > 0 {
		return SameTarget
	}
	for _, r := range t.p.like.tab.runs {
		if r.key == t.set.key {
			return SameTarget
		}
		if r.soc == t.set.soc {
			b = SameSoC
		}
	}
	return b
}

// expectedOffsets returns the class factors that the first model expects of the target.
func (t *Target) expectedOffsets() (out offsets) {
	tab := t.like.tab
	for i, a := range t.p.head.Alpha[0] {
		q := &tab.points[i]
		w := 0.0
		for j, v := range t.like.runs[t.run][q.run] {
			w += v * t.like.th.amplitude[j][asShares]
		}
		for c := range out {
			out[c] += w * q.share[c] * a
		}
	}
	for c := range out {
		out[c] *= damping * t.like.th.share[c] * t.like.th.share[c]
	}
	return out
}

// A network's features, in which the covariance of (target, network) with any point is linear: its likeness to each known network in
// each way of runs, its shares, its 8-bit shares.
func (t *Target) featureCount() int {
	return int(runWays)*len(t.like.tab.nets) + shareCount + int8Count
}

// loading returns the vector whose product with a network's features is the covariance with point q.
func (t *Target) loading(l *likeness, q *point, out []float64) {
	clear(out)
	n := len(l.tab.nets)
	var shares, parts float64
	for j, v := range l.runs[t.run][q.run] {
		out[j*n+q.net] = v
		shares += v * l.th.amplitude[j][asShares]
		parts += v * l.th.amplitude[j][asInt8Part]
	}
	at := int(runWays) * n
	for c := range shareCount {
		out[at+c] = shares * q.share[c] * l.th.share[c] * l.th.share[c]
	}
	for c := range int8Count {
		out[at+shareCount+c] = parts * q.int8[c]
	}
}

// condition folds the profile's rows and the given ones into weights, and for the first model the explained variance.
func (t *Target) condition(k int, l *likeness, values []float64) error {
	n := len(t.p.index)
	old, fresh := make([]int, n), make([]int, len(values))
	for i := range old {
		old[i] = i
	}
	for i := range fresh {
		fresh[i] = n + i
	}
	lower := mat.NewTriDense(n, mat.Lower, nil)
	for i := range n {
		for j := range i + 1 {
			lower.SetTri(i, j, t.p.factor[i*(i+1)/2+j])
		}
	}
	alpha := append([]float64(nil), t.p.head.Alpha[k]...)
	d := t.featureCount()
	loads := mat.NewDense(n, d, nil)
	for i := range n {
		t.loading(l, &l.tab.points[i], loads.RawRowView(i))
	}
	t.weights[k] = make([]float64, d)
	addWeighted(t.weights[k], loads, alpha)
	if k > 0 {
		return nil
	}
	half := mat.DenseCopyOf(loads)
	regress.SolveLower(lower, half)
	explained := &mat.SymDense{}
	explained.SymOuterK(1, half.T())
	if len(values) > 0 {
		if err := t.addGiven(l, lower, half, alpha, explained, fresh, values); err != nil {
			return err
		}
	}
	t.explained = explained
	return nil
}

// addGiven conditions further on the given rows, by the block formulas of a growing Gaussian.
func (t *Target) addGiven(l *likeness, lower *mat.TriDense, half *mat.Dense, alpha []float64, explained *mat.SymDense, fresh []int, values []float64) error {
	n, m := len(alpha), len(fresh)
	old := make([]int, n)
	for i := range old {
		old[i] = i
	}
	w := l.cross(old, fresh)
	diff := make([]float64, m)
	for i, q := range fresh {
		diff[i] = values[i] - l.tab.points[q].mean
		for j, a := range alpha {
			diff[i] -= w.At(j, i) * a
		}
	}
	regress.SolveLower(lower, w)
	s := l.square(fresh)
	var down mat.SymDense
	down.SymOuterK(1, w.T())
	for i := range m {
		for j := i; j < m; j++ {
			v := s.At(i, j) - down.At(i, j)
			if i == j {
				v += l.noise(&l.tab.points[fresh[i]])
			}
			s.SetSym(i, j, v)
		}
	}
	g, err := regress.NewGaussian(s, diff)
	if err != nil {
		return err
	}
	// What the given rows say beyond the profile's: loadings less what the old rows explain of them.
	d := t.featureCount()
	loads := mat.NewDense(m, d, nil)
	for i, q := range fresh {
		t.loading(l, &l.tab.points[q], loads.RawRowView(i))
	}
	var shared mat.Dense
	shared.Mul(w.T(), half)
	loads.Sub(loads, &shared)
	addWeighted(t.weights[0], loads, g.Alpha)
	regress.SolveLower(g.Lower(), loads)
	var more mat.SymDense
	more.SymOuterK(1, loads.T())
	explained.AddSym(explained, &more)
	return nil
}

// addWeighted adds the rows of loads times weights.
func addWeighted(out []float64, loads *mat.Dense, weights []float64) {
	for i, a := range weights {
		for j, v := range loads.RawRowView(i) {
			out[j] += a * v
		}
	}
}

// Predict answers for a network; ok is false when it has no kernels, or when the cost of more than half of them is not known.
func (t *Target) Predict(net *feature.Network) (a Answer, ok bool) {
	if net == nil || len(net.Layers) == 0 {
		return Answer{}, false
	}
	if t.fallback != nil && net.HasInt8() {
		return t.fallback.Predict(net)
	}
	x := nominalOf(t.set, net)
	if total := x.total(); !(total > 0) || math.IsInf(total, 0) {
		return Answer{}, false
	}
	n := networkOf(net)
	if unknownShare(net) > .5 {
		return Answer{}, false
	}
	tab := &table{runs: t.like.tab.runs, nets: []*network{n}}
	var mu, variance float64
	phi := make([]float64, t.featureCount())
	known := t.similar(n, phi)
	for k := range t.votes {
		at := offsets{}
		if k == 1 {
			at = t.offsets
		}
		p := tab.linear(t.run, 0, x, &at)
		m := int(runWays) * len(t.like.tab.nets)
		copy(phi[m:], p.share[:])
		copy(phi[m+shareCount:], p.int8[:])
		sum := p.mean
		for i, v := range phi {
			sum += v * t.weights[k][i]
		}
		mu += sum / float64(t.votes)
		if k == 0 {
			variance = t.variance(n, &p, phi)
		}
	}
	variance += t.strangeness(n)
	q := predictionOf("", "", mu, variance, t.scale(known))
	return Answer{LatencyMS: q.Value, LoMS: q.Lo, HiMS: q.Hi, Basis: t.basis}, true
}

// unknownShare returns the share of kernels whose cost is not known. Detection heads do not count: their work depends on the image.
func unknownShare(net *feature.Network) float64 {
	u := 0
	for i := range net.Layers {
		if l := &net.Layers[i]; !l.Known && l.Kind != feature.Detect {
			u++
		}
	}
	return float64(u) / float64(len(net.Layers))
}

// strangeness returns the variance that the records cannot tell of: operators of unknown cost, and sizes beyond the recorded ones.
// The process itself sees neither, as its level does not fade with size.
func (t *Target) strangeness(n *network) float64 {
	u := 2 * unknownShare(n.net)
	low, high := math.Inf(1), math.Inf(-1)
	for _, o := range t.like.tab.nets {
		low, high = math.Min(low, o.shape[sizeInput]), math.Max(high, o.shape[sizeInput])
	}
	beyond := math.Max(0, math.Max(low-n.shape[sizeInput], n.shape[sizeInput]-high)) * sizeScale
	return u*u + .15*beyond*.15*beyond
}

// similar fills the likeness of a network to the known ones and reports whether it is one of them.
func (t *Target) similar(n *network, phi []float64) (known bool) {
	nets := t.like.tab.nets
	for i, o := range nets {
		v := netLikeness(t.like.th, n, o)
		for j := range v {
			phi[j*len(nets)+i] = v[j]
		}
		d2 := 0.0
		for c := range graphCount {
			d := n.shape[c] - o.shape[c]
			d2 += d * d
		}
		known = known || n.name == o.name && d2 < 1e-6
	}
	return known
}

// variance returns prior variance and noise less what the rows explain.
func (t *Target) variance(n *network, p *point, phi []float64) float64 {
	r := runLikeness(t.like.th, t.set, t.set)
	own := netLikeness(t.like.th, n, n)
	l := &likeness{th: t.like.th, tab: t.like.tab, runs: [][][runWays]float64{{r}}, nets: [][][runWays]float64{{own}}}
	q := *p
	q.run, q.net = 0, 0
	v := l.cov(&q, &q) + l.noise(p)
	vec := mat.NewVecDense(len(phi), phi)
	return math.Max(v-mat.Inner(vec, t.explained, vec), l.noise(p))
}
