package ncnn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/record"
	"github.com/gaugenn/gaugenn/estimate/regress/ncnn"
)

// conv returns a convolution of k x k over side x side pixels.
func conv(k, in, out, side int, int8 bool) feature.Layer {
	params := float64(k * k * in * out)
	px := float64(side * side)
	return feature.Layer{Op: "Conv", Kind: feature.Conv, MACs: params * px, Params: params, WeightBytes: 4 * params, InElems: px * float64(in),
		OutElems: px * float64(out), InChannels: in, OutChannels: out, KernelH: k, KernelW: k, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1,
		Groups: 1, Pixels: side * side, Int8: int8, Known: true}
}

// makeNetworks returns networks of several families: stacks of 1x1, 3x3 or mixed convolutions of several sizes.
func makeNetworks() map[string]*feature.Network {
	out := map[string]*feature.Network{}
	for _, f := range []string{"point", "three", "mixed", "wide"} {
		for size := 1; size <= 4; size++ {
			n := &feature.Network{Name: fmt.Sprintf("%s%d", f, size)}
			n.Layers = append(n.Layers, conv(3, 3, 16, 56, false))
			for i := range 4 * size {
				k := map[string]int{"point": 1, "three": 3, "mixed": 1 + 2*(i%2), "wide": 1}[f]
				c := 32
				if f == "wide" {
					c = 96
				}
				n.Layers = append(n.Layers, conv(k, c, c, 14+7*(i%3), false))
			}
			out[f+"/"+n.Name] = n
		}
	}
	return out
}

var errNone = errors.New("no such graph")

// laboratory is a world with known truth: latency = (macs of 1x1 convolutions x a + macs of others x b) / (cores x clock) x level of the
// run, with a little noise.
type laboratory struct {
	nets map[string]*feature.Network
	devs map[string]*record.Device
}

func newLaboratory() *laboratory {
	l := &laboratory{nets: makeNetworks(), devs: map[string]*record.Device{}}
	for i := range 9 {
		ghz := 1.2 + .2*float64(i)
		l.devs[fmt.Sprintf("phone%d", i)] = &record.Device{Match: "x", Class: "phone", BandwidthGBs: 10 + 2*float64(i),
			Clusters: []record.Cluster{{Count: 4, Core: "A73", GHz: ghz}}}
	}
	return l
}

func (l *laboratory) env() *record.Env {
	return &record.Env{
		Network: func(p string) (*feature.Network, error) {
			if n, ok := l.nets[p]; ok {
				return n, nil
			}
			return nil, errNone
		},
		Device: func(r *record.Row) (*record.Device, bool) { d, ok := l.devs[r.Device]; return d, ok },
	}
}

func (l *laboratory) latency(dev, graph string) float64 {
	t := 0.0
	for _, y := range l.nets[graph].Layers {
		rate := 2.0
		if y.KernelW == 3 {
			rate = 4
		}
		t += y.MACs / rate / 1e6
	}
	d := l.devs[dev].Clusters[0]
	return t / (float64(d.Count) * d.GHz)
}

// rows returns the rows of all networks that keep says on the named phones.
func (l *laboratory) rows(phones []string, keep func(graph string) bool) []record.Row {
	rng := rand.New(rand.NewPCG(3, 4))
	var out []record.Row
	for _, p := range phones {
		for _, f := range []string{"point", "three", "mixed", "wide"} {
			for size := 1; size <= 4; size++ {
				name := fmt.Sprintf("%s%d", f, size)
				g := f + "/" + name
				noise := math.Exp(.02 * rng.NormFloat64())
				if !keep(g) {
					continue
				}
				out = append(out, record.Row{ID: p + "/" + name, Family: f, Class: "phone", SoCGroup: p, Device: p, Processor: "cpu", Runtime: "ncnn",
					Threads: "4", Model: name, Graph: g, Metric: "latency", RunID: "run-" + p, RecordedAt: "2021-05-01", Notes: "powersave=0",
					Value: l.latency(p, g) * noise})
			}
		}
	}
	return out
}

func phones(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("phone%d", i))
	}
	return out
}

func asTest(rows []record.Row, name string) []record.Row {
	out := append([]record.Row(nil), rows...)
	for i := range out {
		out[i].Case, out[i].Value = name, math.NaN()
	}
	return out
}

func predict(t *testing.T, l *laboratory, f *record.Fold) map[string]record.Prediction {
	t.Helper()
	preds, err := ncnn.Predictor{}.Predict(context.Background(), f, l.env())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]record.Prediction{}
	for _, p := range preds {
		if !(p.Lo < p.Value && p.Value < p.Hi) {
			t.Errorf("%s: %g is not within its interval %g to %g", p.RowID, p.Value, p.Lo, p.Hi)
		}
		out[p.RowID] = p
	}
	return out
}

// meanError returns the mean relative error of the predictions and the share of covered rows.
func meanError(rows []record.Row, preds map[string]record.Prediction) (mape, covered float64) {
	for i := range rows {
		p := preds[rows[i].ID]
		mape += math.Abs(p.Value/rows[i].Value-1) / float64(len(rows))
		if p.Lo <= rows[i].Value && rows[i].Value <= p.Hi {
			covered += 1 / float64(len(rows))
		}
	}
	return mape, covered
}

func all(string) bool { return true }

func TestPredictor_learnsAnUnseenFamilyOfKnownRuns(t *testing.T) {
	l := newLaboratory()
	seen := func(g string) bool { return g[:5] != "mixed" }
	held := l.rows(phones(0, 9), func(g string) bool { return !seen(g) })
	f := &record.Fold{Train: l.rows(phones(0, 9), seen), Test: asTest(held, "family")}
	mape, covered := meanError(held, predict(t, l, f))
	if mape > .12 || covered < .8 {
		t.Errorf("error %.3f, covered %.2f; want at most 0.12 and at least 0.8", mape, covered)
	}
}

func TestPredictor_measuredRowsSharpenAnUnseenPhone(t *testing.T) {
	l := newLaboratory()
	l.devs["phone8"].Clusters[0].Count = 2 // the published facts are wrong: half the cores are missing
	run := l.rows(phones(8, 9), all)
	l.devs["phone8"].Clusters[0].Count = 4
	train := l.rows(phones(0, 8), all)
	var errs []float64
	for _, k := range []int{0, 3, 8} {
		given := append([]record.Row(nil), run[:k]...)
		for i := range given {
			given[i].Case = "c"
		}
		e, _ := meanError(run[8:], predict(t, l, &record.Fold{Train: train, Given: given, Test: asTest(run[8:], "c")}))
		errs = append(errs, e)
	}
	if errs[1] > errs[0]/2 || errs[2] > errs[1] || errs[2] > .1 {
		t.Errorf("errors with 0, 3, 8 rows: %.3f; want falling below 0.1", errs)
	}
}

func TestPredictor_usesOnlyTheCasesOwnGivenRows(t *testing.T) {
	l := newLaboratory()
	train, run := l.rows(phones(0, 8), all), l.rows(phones(8, 9), all)
	given := append([]record.Row(nil), run[:3]...)
	for i := range given {
		given[i].Case = "c"
	}
	alone := predict(t, l, &record.Fold{Train: train, Given: given, Test: asTest(run[8:], "c")})
	other := append([]record.Row(nil), run[3:6]...)
	for i := range other {
		other[i].Case, other[i].Value = "another", 1e6
	}
	both := predict(t, l, &record.Fold{Train: train, Given: append(given, other...), Test: asTest(run[8:], "c")})
	if diff := cmp.Diff(alone, both); diff != "" {
		t.Errorf("rows of another case changed the answer:\n%s", diff)
	}
}

func TestPredictor_oneWildRowDoesNotMatter(t *testing.T) {
	l := newLaboratory()
	train, run := l.rows(phones(0, 8), all), l.rows(phones(8, 9), all)
	train[5].Value *= 30
	preds := predict(t, l, &record.Fold{Train: train, Test: asTest(run, "c")})
	if e, _ := meanError(run, preds); e > .2 {
		t.Errorf("error %.3f with one wrong training row; want at most 0.2", e)
	}
}

func TestPredictor_deviceOfWhichNothingIsPublishedIsAnsweredWidely(t *testing.T) {
	l := newLaboratory()
	train, run := l.rows(phones(0, 8), all), l.rows(phones(8, 9), all)
	known := predict(t, l, &record.Fold{Train: train, Test: asTest(run, "c")})
	env := l.env()
	facts := env.Device
	env.Device = func(r *record.Row) (*record.Device, bool) {
		if r.Device == "phone8" {
			return nil, false
		}
		return facts(r)
	}
	for k, least := range map[int]float64{0: 3, 5: 1} {
		given := append([]record.Row(nil), run[:k]...)
		for i := range given {
			given[i].Case = "c"
		}
		preds, err := ncnn.Predictor{}.Predict(context.Background(), &record.Fold{Train: train, Given: given, Test: asTest(run[k:], "c")}, env)
		if err != nil || len(preds) != len(run)-k {
			t.Fatalf("%d answers for %d rows, %v", len(preds), len(run)-k, err)
		}
		held := 0
		for i, p := range preds {
			if q := known[p.RowID]; p.Hi/p.Lo < least*q.Hi/q.Lo && k == 0 {
				t.Errorf("%s: within %.2g without facts, within %.2g with them", p.RowID, p.Hi/p.Lo, q.Hi/q.Lo)
			}
			if v := run[k+i].Value; p.Lo <= v && v <= p.Hi {
				held++
			}
		}
		if 10*held < 8*len(preds) {
			t.Errorf("%d given: %d of %d rows are within their intervals", k, held, len(preds))
		}
	}
}

func TestPredictor_leavesOutWhatItCannotRead(t *testing.T) {
	l := newLaboratory()
	test := asTest(l.rows(phones(8, 9), all)[:2], "c")
	test[1].Graph = "missing"
	preds := predict(t, l, &record.Fold{Train: l.rows(phones(0, 8), all), Test: test})
	if len(preds) != 1 {
		t.Errorf("got %d answers, want 1", len(preds))
	}
	if got, err := (ncnn.Predictor{}).Predict(context.Background(), &record.Fold{Test: test}, l.env()); err != nil || got != nil {
		t.Errorf("without training rows: %v, %v; want nothing", got, err)
	}
}

func TestPredictor_claims(t *testing.T) {
	for _, c := range []struct {
		row  record.Row
		want bool
	}{
		{record.Row{Runtime: "ncnn", Graph: "g", Metric: "latency"}, true},
		{record.Row{Source: "ncnn-readme", Graph: "g"}, true},
		{record.Row{Runtime: "ncnn", Metric: "latency"}, false},
		{record.Row{Runtime: "ncnn", Graph: "g", Metric: "peak_memory"}, false},
		{record.Row{Runtime: "tflite", Graph: "g", Metric: "latency"}, false},
	} {
		if got := (ncnn.Predictor{}).Claims(&c.row); got != c.want {
			t.Errorf("%+v: got %v", c.row, got)
		}
	}
}

func fitProfile(t testing.TB, l *laboratory) *ncnn.Profile {
	t.Helper()
	p, err := ncnn.FitProfile(context.Background(), l.rows(phones(0, 8), all), l.env(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProfile_survivesWritingAndReading(t *testing.T) {
	l := newLaboratory()
	p := fitProfile(t, l)
	var a, b bytes.Buffer
	if n, err := p.WriteTo(&a); err != nil || n != int64(a.Len()) {
		t.Fatalf("wrote %d of %d: %v", a.Len(), n, err)
	}
	q, err := ncnn.ReadProfile(a.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.WriteTo(&b); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("the second writing differs (%v)", err)
	}
	if q.RowsHash() != p.RowsHash() || q.Rows() != 128 {
		t.Errorf("hash %q rows %d; want %q and 128", q.RowsHash(), q.Rows(), p.RowsHash())
	}
	for cut := 0; cut < a.Len(); cut += 1 + a.Len()/97 {
		if _, err := ncnn.ReadProfile(a.Bytes()[:cut]); err == nil {
			t.Errorf("no error for the first %d bytes", cut)
		}
	}
}

// TestTarget_agreesWithTheFolds: the fast way through features must give what the predictor gives for the same rows.
func TestTarget_agreesWithTheFolds(t *testing.T) {
	l := newLaboratory()
	train, run := l.rows(phones(0, 8), all), l.rows(phones(8, 9), all)
	p := fitProfile(t, l)
	for _, k := range []int{0, 4} {
		given := append([]record.Row(nil), run[:k]...)
		var measured []ncnn.Given
		for i := range given {
			given[i].Case = "c"
			measured = append(measured, ncnn.Given{Network: l.nets[given[i].Graph], LatencyMS: given[i].Value})
		}
		want := predict(t, l, &record.Fold{Train: train, Given: given, Test: asTest(run[8:], "c")})
		tg, err := p.Target(&run[0], l.devs["phone8"], measured)
		if err != nil {
			t.Fatal(err)
		}
		for i := range run[8:] {
			r := &run[8+i]
			got, ok := tg.Predict(l.nets[r.Graph])
			w := want[r.ID]
			if !ok || math.Abs(math.Log(got.LatencyMS/w.Value)) > .05 || math.Abs(math.Log(got.HiMS/w.Hi)) > .12 {
				t.Errorf("%s with %d given: got %+v, want %+v", r.ID, k, got, w)
			}
			if want := map[bool]ncnn.Basis{true: ncnn.SameTarget, false: ncnn.Unseen}[k > 0]; got.Basis != want {
				t.Errorf("basis %q, want %q", got.Basis, want)
			}
		}
	}
}

func TestTarget_unlikeNetworksGetWiderIntervals(t *testing.T) {
	l := newLaboratory()
	tg, err := fitProfile(t, l).Target(&l.rows(phones(8, 9), all)[0], l.devs["phone8"], nil)
	if err != nil {
		t.Fatal(err)
	}
	like, _ := tg.Predict(l.nets["mixed/mixed3"])
	odd := &feature.Network{Name: "odd"}
	for range 40 {
		odd.Layers = append(odd.Layers, feature.Layer{Op: "LRN", Kind: feature.Norm, InElems: 1e5, OutElems: 1e5, Known: true})
	}
	unlike, ok := tg.Predict(odd)
	if !ok || math.Log(unlike.HiMS/unlike.LoMS) < 1.2*math.Log(like.HiMS/like.LoMS) {
		t.Errorf("unlike %+v is not much wider than %+v", unlike, like)
	}
	if _, ok := tg.Predict(&feature.Network{}); ok {
		t.Error("an empty network got an answer")
	}
}

func TestTarget_unknownOperatorsWidenOrRefuse(t *testing.T) {
	l := newLaboratory()
	tg, err := fitProfile(t, l).Target(&l.rows(phones(8, 9), all)[0], l.devs["phone8"], nil)
	if err != nil {
		t.Fatal(err)
	}
	width := func(unknown int) (float64, bool) {
		n := *l.nets["mixed/mixed3"]
		n.Layers = append([]feature.Layer(nil), n.Layers...)
		for i := range unknown {
			n.Layers[i].Known = false
		}
		a, ok := tg.Predict(&n)
		return math.Log(a.HiMS / a.LoMS), ok
	}
	none, _ := width(0)
	some, ok := width(4)
	if !ok || some < 1.5*none {
		t.Errorf("width %.2f with unknown operators, %.2f without", some, none)
	}
	if _, ok := width(len(l.nets["mixed/mixed3"].Layers)); ok {
		t.Error("a network of unknown operators got an answer")
	}
}

func TestTarget_sizesBeyondTheRecordedWiden(t *testing.T) {
	l := newLaboratory()
	tg, err := fitProfile(t, l).Target(&l.rows(phones(8, 9), all)[0], l.devs["phone8"], nil)
	if err != nil {
		t.Fatal(err)
	}
	var widths []float64
	for _, layers := range []int{20, 2000, 200000} {
		n := &feature.Network{Name: "tall"}
		for range layers {
			n.Layers = append(n.Layers, conv(3, 32, 32, 21, false))
		}
		a, _ := tg.Predict(n)
		widths = append(widths, math.Log(a.HiMS/a.LoMS))
	}
	if !(widths[0] < widths[1] && widths[1] < widths[2]) {
		t.Errorf("widths %.2f do not grow with size", widths)
	}
}

func TestReadProfile_refusesOtherBytes(t *testing.T) {
	for _, b := range [][]byte{nil, []byte("gnnncnn1"), []byte("something else entirely"), append([]byte("gnnncnn1"), 255, 255, 255, 255)} {
		if _, err := ncnn.ReadProfile(b); !errors.Is(err, ncnn.ErrNotProfile) {
			t.Errorf("%q: got %v, want ErrNotProfile", b, err)
		}
	}
}

func TestBenchmarkInput(t *testing.T) {
	if s, ok := ncnn.BenchmarkInput("FastestDet"); !ok || s != [3]int64{3, 352, 352} {
		t.Errorf("got %v %v", s, ok)
	}
	if _, ok := ncnn.BenchmarkInput("nothing"); ok {
		t.Error("an unknown name has an input")
	}
}

func FuzzReadProfile(f *testing.F) {
	var b bytes.Buffer
	if _, err := fitProfile(f, newLaboratory()).WriteTo(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes()[:4096])
	f.Add([]byte("gnnncnn1\x02\x00\x00\x00{}"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = ncnn.ReadProfile(b) })
}

func BenchmarkTarget_Predict(b *testing.B) {
	l := newLaboratory()
	tg, err := fitProfile(b, l).Target(&l.rows(phones(8, 9), all)[0], l.devs["phone8"], nil)
	if err != nil {
		b.Fatal(err)
	}
	n := l.nets["mixed/mixed3"]
	b.ReportAllocs()
	for b.Loop() {
		tg.Predict(n)
	}
}
