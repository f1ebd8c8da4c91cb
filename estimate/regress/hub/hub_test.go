package hub_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/hub"
)

// network is a chain of convolutions, a dense layer and additions.
func network(rng *rand.Rand) *feature.Network {
	n := &feature.Network{}
	hw, c := 56, 16+rng.IntN(64)
	for i := 0; i < 5+rng.IntN(30); i++ {
		k := []int{1, 3}[rng.IntN(2)]
		in := c
		if rng.IntN(4) == 0 && hw > 7 {
			hw, c = hw/2, c*2
		}
		p := float64(hw * hw)
		n.Layers = append(n.Layers, feature.Layer{Kind: feature.Conv, MACs: p * float64(in*c*k*k), Params: float64(in * c * k * k),
			InElems: p * float64(in), OutElems: p * float64(c), InChannels: in, OutChannels: c, KernelH: k, KernelW: k, Groups: 1, Known: true})
		if rng.IntN(2) == 0 {
			n.Layers = append(n.Layers, feature.Layer{Kind: feature.Eltwise, InElems: 2 * p * float64(c), OutElems: p * float64(c), Known: true})
		}
	}
	return n
}

type machine struct {
	name            string
	tops, gmac, mb  float64 // published throughput; ms per 1e9 MACs; ms per 1e6 elements
	launch, fixed   float64
	noise, outliers float64
}

var machines = []machine{
	{"slow", 10, 1.2, .03, .006, .2, .03, 0},
	{"medium", 20, .6, .018, .004, .15, .03, 0},
	{"fast", 40, .3, .012, .003, .1, .03, 0},
	{"faster", 60, .2, .010, .0025, .09, .03, 0},
	{"fastest", 80, .15, .008, .002, .08, .03, .05},
}

func (m machine) row(model int, n *feature.Network, rng *rand.Rand) hub.Row {
	t := m.fixed
	for _, l := range n.Layers {
		t += math.Max(m.gmac*l.MACs/1e9, m.mb*(l.InElems+l.OutElems+2*l.Params)/1e6) + m.launch
	}
	t *= math.Exp(m.noise * rng.NormFloat64())
	if rng.Float64() < m.outliers {
		t *= 4
	}
	return hub.Row{Device: m.name, SoCGroup: m.name, Model: fmt.Sprint("model", model), Family: fmt.Sprint("family", model%6), Runtime: "tflite",
		Precision: "float", Run: m.name + "/run", Spec: hub.Spec{LogTOPS: math.Log(m.tops)}, Net: hub.WorkOf(n), LatencyMS: t}
}

// world returns rows by device and model.
func world(models int) map[string][]hub.Row {
	rng := rand.New(rand.NewPCG(1, 0))
	out := map[string][]hub.Row{}
	for i := 0; i < models; i++ {
		n := network(rng)
		for _, m := range machines {
			out[m.name] = append(out[m.name], m.row(i, n, rng))
		}
	}
	return out
}

func without(w map[string][]hub.Row, device, family string) []hub.Row {
	var out []hub.Row
	for _, m := range machines {
		for _, r := range w[m.name] {
			if m.name != device && r.Family != family {
				out = append(out, r)
			}
		}
	}
	return out
}

// judge returns the median relative error and the coverage.
func judge(preds []hub.Prediction, truth []hub.Row) (float64, float64) {
	var e []float64
	inside := 0.
	for i, p := range preds {
		y := truth[i].LatencyMS
		e = append(e, math.Abs(p.LatencyMS/y-1))
		if p.Lo <= y && y <= p.Hi {
			inside++
		}
	}
	slices.Sort(e)
	return e[len(e)/2], inside / float64(len(e))
}

func TestTable_unseenDevice(t *testing.T) {
	w := world(60)
	train := without(w, "medium", "-")
	tab, err := hub.NewTable(train)
	if err != nil {
		t.Fatal(err)
	}
	if err := tab.Calibrate(train); err != nil {
		t.Fatal(err)
	}
	rows := w["medium"]
	for _, c := range []struct {
		given int
		limit float64
	}{{0, .5}, {3, .15}, {10, .07}} {
		e, cover := judge(tab.Predict(rows[:c.given], rows[10:]), rows[10:])
		if e > c.limit {
			t.Errorf("%d given rows: median error %.3f, limit %.3f", c.given, e, c.limit)
		}
		if cover < .7 {
			t.Errorf("%d given rows: intervals cover %.2f", c.given, cover)
		}
	}
}

func TestPhysics_unseenFamilyAndDevice(t *testing.T) {
	w := world(60)
	for _, c := range []struct {
		device string
		given  int
		limit  float64
	}{{"-", 0, .12}, {"medium", 0, .6}, {"medium", 5, .15}} {
		train := without(w, c.device, "family0")
		m, err := hub.Fit(train, hub.Question{KnownDevice: c.device == "-", NothingKnown: c.device != "-"})
		if err != nil {
			t.Fatal(err)
		}
		var given, asked []hub.Row
		for _, r := range w["medium"] {
			if r.Family == "family0" {
				asked = append(asked, r)
			} else if len(given) < c.given {
				given = append(given, r)
			}
		}
		e, cover := judge(m.Predict(given, asked), asked)
		if e > c.limit {
			t.Errorf("device %s, %d given rows: median error %.3f, limit %.3f", c.device, c.given, e, c.limit)
		}
		if cover < .8 {
			t.Errorf("device %s, %d given rows: intervals cover %.2f", c.device, c.given, cover)
		}
	}
}

func TestPhysics_unitCostsFollowData(t *testing.T) {
	w := world(60)
	p, err := hub.NewPhysics(without(w, "-", "-"), hub.DefaultSpreads())
	if err != nil {
		t.Fatal(err)
	}
	units, ok := p.Units("float")
	if !ok || len(units) != len(hub.TermNames()) {
		t.Fatalf("%d units, %d names", len(units), len(hub.TermNames()))
	}
	for i, u := range units {
		if !(u > 0) {
			t.Errorf("%s costs %v", hub.TermNames()[i], u)
		}
	}
	if _, ok := p.Units("int4"); ok {
		t.Error("a precision that is not known has units")
	}
}

func TestNewSpec(t *testing.T) {
	for _, c := range []struct {
		soc, npu string
		tops     float64
		want     float64
	}{
		{"QCS9075", "Hexagon V73 x2 100TOPS", 0, 50},
		{"QCM6690", "Hexagon V73 6TOPS", 0, 6},
		{"SM8550-AB", "Hexagon gen3", 0, 48},
		{"other", "Hexagon V75", 0, 40},
		{"other", "Hexagon V75", 30, 30},
		{"other", "NPU", 12, 12},
		{"other", "", 0, math.NaN()},
	} {
		got := hub.NewSpec(c.soc, c.npu, c.tops, 0).LogTOPS
		if math.IsNaN(got) != math.IsNaN(c.want) || !math.IsNaN(got) && math.Abs(math.Exp(got)-c.want) > 1e-9 {
			t.Errorf("%s %q: %v TOPS, want %v", c.soc, c.npu, math.Exp(got), c.want)
		}
	}
}

func TestPredictor_leavesOutNetworksOfWhichNothingIsKnown(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 0))
	nets := map[string]*feature.Network{}
	fold := &record.Fold{}
	for i := 0; i < 24; i++ {
		n := network(rng)
		nets[fmt.Sprint("g", i)] = n
		for _, m := range machines {
			h := m.row(i, n, rng)
			fold.Train = append(fold.Train, record.Row{ID: fmt.Sprint(m.name, i), Device: m.name, SoCGroup: m.name, Processor: "npu", Runtime: "tflite",
				Precision: "float", Model: h.Model, Family: h.Family, Graph: fmt.Sprint("g", i), RunID: h.Run, Value: h.LatencyMS})
		}
	}
	known, lost := fold.Train[len(fold.Train)-1], fold.Train[0]
	fold.Train = fold.Train[:len(fold.Train)-len(machines)]
	known.Case, known.Value = "c", math.NaN()
	lost.Case, lost.Value, lost.Model, lost.Graph, lost.ID = "c2", math.NaN(), "unheard of", "", "lost"
	fold.Test = []record.Row{known, lost}
	env := &record.Env{Network: func(p string) (*feature.Network, error) { return nets[p], nil }, Device: func(*record.Row) (*record.Device, bool) { return nil, false }}
	out, err := (hub.Predictor{}).Predict(context.Background(), fold, env)
	if err != nil {
		t.Fatal(err)
	}
	if len(out) != 1 || out[0].Case != "c" || !(out[0].Lo < out[0].Value && out[0].Value < out[0].Hi) {
		t.Errorf("got %+v, want one answer for the network with a graph", out)
	}
}

func BenchmarkTablePredict(b *testing.B) {
	w := world(60)
	tab, err := hub.NewTable(without(w, "medium", "-"))
	if err != nil {
		b.Fatal(err)
	}
	rows := w["medium"]
	for b.Loop() {
		tab.Predict(rows[:10], rows[10:])
	}
}

// oddDevices are rows of chips of equal published throughput, one of which, under two labels, is four times slower than claimed.
func oddDevices() (train, asked []hub.Row) {
	spec := hub.Spec{LogTOPS: math.Log(40)}
	for m := range 30 {
		model, base := fmt.Sprint("m", m), math.Exp(.1*float64(m))
		for d, factor := range map[string]float64{"a": 1, "b": 1.1, "c": .9, "odd": 4, "odd proxy": 4.05} {
			train = append(train, hub.Row{Device: d, SoCGroup: strings.TrimSuffix(d, " proxy"), Model: model, Runtime: "tflite", Precision: "float", Run: d, Spec: spec, LatencyMS: base * factor})
		}
		asked = append(asked, hub.Row{Device: "new", SoCGroup: "new", Model: model, Runtime: "tflite", Precision: "float", Run: "new", Spec: spec})
	}
	return train, asked
}

func TestPredict_oneOddChipDoesNotDrawAnUnmeasuredOne(t *testing.T) {
	train, asked := oddDevices()
	m, err := hub.Fit(train, hub.Question{KnownModel: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Predict(nil, asked) {
		want := math.Exp(.1 * float64(i))
		if math.Abs(math.Log(p.LatencyMS/want)) > .25 {
			t.Errorf("%s: %g, want about %g", asked[i].Model, p.LatencyMS, want)
		}
		if p.Lo > want/1.8 || p.Hi < want*1.8 || p.Hi/p.Lo > 30 {
			t.Errorf("%s: %g to %g around %g: a chip known by its claims is uncertain by a factor of two or three", asked[i].Model, p.Lo, p.Hi, want)
		}
	}
}
