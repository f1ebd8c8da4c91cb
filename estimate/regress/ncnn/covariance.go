package ncnn

import (
	"math"
	"path"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/feature"
)

// graphCount is the number of inputs of the likeness of two graphs by shape.
const graphCount = 5 + int(classCount)

// The first input of the likeness by shape is the logarithm of the nominal time at the reference, divided by sizeScale.
const (
	sizeInput = 0
	sizeScale = 1.5
)

// network is what the covariance needs of one network.
type network struct {
	net        *feature.Network
	name, base string // base leaves the precision out
	int8       bool
	shape      [graphCount]float64
}

// reference is the setting at which graphs are compared by shape: two ordinary cores.
var reference = setting{peak: 60, peakInt8: 80, bandwidth: 8, threads: 2, ghz: 2.2, date: 2023}

func networkOf(net *feature.Network) *network {
	name := strings.TrimSuffix(path.Base(net.Name), path.Ext(net.Name))
	n := &network{net: net, name: name, base: baseName(name), int8: net.HasInt8()}
	x := nominalOf(&reference, net)
	total := x.total()
	var params, activations float64
	for i := range net.Layers {
		params += net.Layers[i].Params
		activations += net.Layers[i].InElems + net.Layers[i].OutElems
	}
	atLeast1 := func(v float64) float64 { return math.Log(math.Max(1, v)) }
	n.shape[sizeInput], n.shape[1] = math.Log(total)/sizeScale, atLeast1(net.MACs())/2
	n.shape[2], n.shape[3], n.shape[4] = atLeast1(float64(len(net.Layers))), atLeast1(params)/2, atLeast1(activations)/1.5
	for c := range x.class {
		n.shape[5+c] = 2 * math.Sqrt(x.class[c]/total)
	}
	return n
}

// baseName is the name without its precision.
func baseName(name string) string { return strings.ReplaceAll(name, "_int8", "") }

// point is one (run, network) pair.
type point struct {
	run, net int // into the table's settings and networks
	time     *nominal
	mean     float64
	share    [shareCount]float64
	int8     [int8Count]float64
}

// table interns runs and networks and holds the points over them.
type table struct {
	runs   []*setting
	nets   []*network
	points []point
}

// offsets are the logarithms of the factors of the classes in one run.
type offsets [classCount]float64

// add appends the point of a run and a network and returns its index.
func (t *table) add(run, net int) int {
	t.points = append(t.points, t.linear(run, net, nominalOf(t.runs[run], t.nets[net].net), &offsets{}))
	return len(t.points) - 1
}

// linear returns the point whose covariance and mean describe log(sum of class times x factors) as a linear function of the logarithms of the
// factors, touching it where they are at. The mean is the value of that function where all factors are 1.
func (t *table) linear(run, net int, x *nominal, at *offsets) point {
	p := point{run: run, net: net, time: x}
	plain, total := x.total(), 0.0
	for c, v := range x.class {
		p.share[c] = v * math.Exp(at[c])
		total += p.share[c]
	}
	p.mean = math.Log(total)
	for c := range x.class {
		p.share[c] /= total
		p.mean -= p.share[c] * at[c]
	}
	for m, v := range x.modifier {
		p.share[int(classCount)+m] = v / plain
	}
	if t.nets[net].int8 {
		for i, c := range int8Classes {
			if x.int8[i] > 0 {
				p.int8[i] = p.share[c]
			}
		}
	}
	return p
}

// relinear returns the table with every point touching at its run's offsets.
func (t *table) relinear(at []offsets) *table {
	out := &table{runs: t.runs, nets: t.nets, points: make([]point, len(t.points))}
	for i := range t.points {
		p := &t.points[i]
		out.points[i] = t.linear(p.run, p.net, p.time, &at[p.run])
	}
	return out
}

// likeness holds the factors of the covariance between all runs and between all networks of a table.
type likeness struct {
	th   *theta
	tab  *table
	runs [][][runWays]float64
	nets [][][runWays]float64 // for each way of runs, the sum over the ways of networks that do not need shares
}

func newLikeness(th *theta, tab *table) *likeness {
	l := &likeness{th: th, tab: tab}
	l.runs = make([][][runWays]float64, len(tab.runs))
	for i := range tab.runs {
		l.runs[i] = make([][runWays]float64, len(tab.runs))
		for j := range i + 1 {
			l.runs[i][j] = runLikeness(th, tab.runs[i], tab.runs[j])
			l.runs[j][i] = l.runs[i][j]
		}
	}
	l.nets = make([][][runWays]float64, len(tab.nets))
	for i := range tab.nets {
		l.nets[i] = make([][runWays]float64, len(tab.nets))
		for j := range i + 1 {
			l.nets[i][j] = netLikeness(th, tab.nets[i], tab.nets[j])
			l.nets[j][i] = l.nets[i][j]
		}
	}
	return l
}

// over returns the same likeness for another linearisation of the table.
func (l *likeness) over(tab *table) *likeness {
	return &likeness{th: l.th, tab: tab, runs: l.runs, nets: l.nets}
}

// versionMemory is how long, in years, the software stays alike.
const versionMemory = .2

// era weighs the effect of versions: kernels changed from release to release until about 2021 and less since.
func era(date float64) float64 { return .45 + .55/(1+math.Exp((date-2021)/.4)) }

// runLikeness returns the likeness of two runs in each way.
func runLikeness(th *theta, a, b *setting) (r [runWays]float64) {
	var linear, d2, fast float64
	for i := range specCount {
		za, zb := a.spec[i]*th.linearScale[i], b.spec[i]*th.linearScale[i]
		linear += za * zb
		d2 += (za - zb) * (za - zb)
		f := (a.spec[i] - b.spec[i]) * th.fastScale[i]
		fast += f * f
	}
	r[bySpec], r[bySpecFast] = math.Exp(-.5*d2/th.specRadius2), math.Exp(-.5*fast)
	if a.gpu == b.gpu {
		r[byProcessor], r[bySpecLinear] = 1, linear
		r[byVersion] = era(a.date) * era(b.date) * math.Exp(-math.Abs(a.date-b.date)/versionMemory)
	}
	r[bySoC], r[bySetting], r[byRun] = flag(a.soc == b.soc), flag(a.key == b.key), flag(a.run == b.run)
	if a.unknown && b.unknown && a.soc == b.soc { // each scaled fact could be off by one
		for _, s := range th.linearScale {
			r[bySpecLinear] += s * s
		}
	}
	return r
}

// netLikeness returns, for each way in which runs are alike, the amplitude-weighted likeness of two networks apart from shares.
func netLikeness(th *theta, a, b *network) (out [runWays]float64) {
	d2 := 0.0
	for i := range graphCount {
		d := a.shape[i] - b.shape[i]
		d2 += d * d
	}
	g := math.Exp(-.5 * d2 / th.graphRadius2)
	for j := range out {
		m := &th.amplitude[j]
		out[j] = m[asLevel] + m[asInt8]*flag(a.int8 && b.int8) + m[asName]*flag(a.base == b.base) + m[asSame]*flag(a.name == b.name) + m[asGraph]*g
	}
	return out
}

// cov returns the covariance of two points, without noise.
func (l *likeness) cov(p, q *point) float64 {
	r, n := &l.runs[p.run][q.run], &l.nets[p.net][q.net]
	var sum, shares, parts float64
	for j := range runWays {
		sum += r[j] * n[j]
		shares += r[j] * l.th.amplitude[j][asShares]
		parts += r[j] * l.th.amplitude[j][asInt8Part]
	}
	dot := 0.0
	for c := range shareCount {
		dot += p.share[c] * q.share[c] * l.th.share[c] * l.th.share[c]
	}
	if p.int8[0]+p.int8[1]+p.int8[2]+p.int8[3]+p.int8[4] > 0 {
		eight := 0.0
		for i := range int8Count {
			eight += p.int8[i] * q.int8[i]
		}
		sum += parts * eight
	}
	return sum + shares*dot
}

// noise returns the variance of one measurement.
func (l *likeness) noise(p *point) float64 {
	if l.tab.runs[p.run].gpu {
		return l.th.noiseGPU
	}
	return l.th.noiseCPU
}

// square returns the covariance of some points of the table with each other, without noise.
func (l *likeness) square(idx []int) *mat.SymDense {
	k := mat.NewSymDense(len(idx), nil)
	for i, a := range idx {
		for j := i; j < len(idx); j++ {
			k.SetSym(i, j, l.cov(&l.tab.points[a], &l.tab.points[idx[j]]))
		}
	}
	return k
}

// cross returns the covariance of points rows with points cols.
func (l *likeness) cross(rows, cols []int) *mat.Dense {
	k := mat.NewDense(len(rows), len(cols), nil)
	for i, a := range rows {
		for j, b := range cols {
			k.Set(i, j, l.cov(&l.tab.points[a], &l.tab.points[b]))
		}
	}
	return k
}
