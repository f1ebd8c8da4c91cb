package simulate_test

import (
	"encoding/csv"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/simulate"
	"github.com/gaugenn/gaugenn/graph"
)

func target(t testing.TB, query string, d device.Delegate, threads int) device.Target {
	t.Helper()
	dev, err := device.Embedded().Find(query)
	if err != nil {
		t.Fatal(err)
	}
	return device.Target{Device: dev, Runtime: "litert", Delegate: d, Threads: threads, Precision: device.F32}
}

// conv is a convolution layer of a square image.
func conv(name string, kind feature.Kind, size, in, out, kernel, stride int) feature.Layer {
	o := (size + stride - 1) / stride
	l := feature.Layer{Name: name, Op: "Conv", Kind: kind, InChannels: in, OutChannels: out, KernelH: kernel, KernelW: kernel, StrideH: stride, StrideW: stride,
		DilationH: 1, DilationW: 1, Groups: 1, Pixels: o * o, InH: size, InW: size, OutH: o, OutW: o, Known: true,
		InElems: float64(size * size * in), OutElems: float64(o * o * out)}
	per := in
	if kind == feature.DepthConv {
		l.Groups, per = in, 1
	}
	l.MACs = float64(o * o * out * per * kernel * kernel)
	l.Params = float64(out*per*kernel*kernel + out)
	l.WeightBytes = l.Params
	return l
}

// mobileNetV1 is MobileNet V1 1.0 at 224 (Howard et al., 2017, table 1), with the layer names of the model that Vela compiled.
func mobileNetV1() *feature.Network {
	net := &feature.Network{Name: "mobilenet_v1"}
	net.Layers = append(net.Layers, conv("conv0", feature.Conv, 224, 3, 32, 3, 2))
	size, in := 112, 32
	for i, b := range []struct{ out, stride int }{{64, 1}, {128, 2}, {128, 1}, {256, 2}, {256, 1}, {512, 2}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {512, 1}, {1024, 2}, {1024, 1}} {
		net.Layers = append(net.Layers, conv("dw"+strconv.Itoa(2*i+1), feature.DepthConv, size, in, in, 3, b.stride))
		size /= b.stride
		net.Layers = append(net.Layers, conv("pw"+strconv.Itoa(2*i+2), feature.Conv, size, in, b.out, 1, 1))
		in = b.out
	}
	net.Layers = append(net.Layers, feature.Layer{Name: "gap", Op: "ReduceMean", Kind: feature.GlobalPool, InChannels: 1024, OutChannels: 1024, KernelH: 7, KernelW: 7,
		Groups: 1, Pixels: 1, OutH: 1, OutW: 1, InElems: 49 * 1024, OutElems: 1024, Known: true})
	net.Layers = append(net.Layers, feature.Layer{Name: "logits", Op: "FullyConnected", Kind: feature.Dense, InChannels: 1024, OutChannels: 1000, KernelH: 1, KernelW: 1,
		Groups: 1, Pixels: 1, InElems: 1024, OutElems: 1000, MACs: 1024000, Params: 1025000, WeightBytes: 1025000, Known: true})
	return net
}

// The closed form of the NPU is held to the cycles that Vela prints for the same network, layer by layer and as a whole.
func TestSystolic_agreesWithVela(t *testing.T) {
	f, err := os.Open(shared(t, "prototypes", "samples", "vela_u55_per-layer.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, h := range rows[0] {
		column[h] = i
	}
	vela := map[string]float64{}
	whole := 0.0
	for _, r := range rows[1:] {
		v, err := strconv.ParseFloat(r[column["Op Cycles"]], 64)
		if err != nil {
			t.Fatal(err)
		}
		name, _, _ := strings.Cut(r[column["Name"]], "_")
		vela[name] += v
		whole += v
	}
	net := mobileNetV1()
	worst, far := 0.0, 0
	for i := range net.Layers {
		l := &net.Layers[i]
		got, ok := simulate.EthosU55x128.Cycles(l)
		want := vela[l.Name]
		if !ok || want == 0 {
			t.Errorf("%s: %g cycles (known %v), Vela %g", l.Name, got, ok, want)
			continue
		}
		e := math.Abs(math.Log(got / want))
		worst = max(worst, e)
		if e > 0.10 {
			far++
			t.Logf("%s: %.0f cycles, Vela %.0f", l.Name, got, want)
		}
	}
	got, unknown := simulate.EthosU55x128.NetworkCycles(net)
	t.Logf("whole network: %.0f cycles, Vela %.0f; worst layer off by %.0f %%; %d of %d layers off by more than 10 %%", got, whole, 100*(math.Exp(worst)-1), far, len(net.Layers))
	if e := math.Abs(got/whole - 1); e > 0.03 || unknown != 0 {
		t.Errorf("whole network off by %.1f %%, %d unknown", 100*e, unknown)
	}
	if far > 5 {
		t.Errorf("%d layers are off by more than 10 %%, at most 5 may be", far)
	}
	if ms := simulate.EthosU55x128.LatencyMS(got); math.Abs(ms/16.2148-1) > 0.03 {
		t.Errorf("%.2f ms, Vela 16.21 ms", ms)
	}
}

func TestRunNetwork_answersInTheRightOrder(t *testing.T) {
	net := mobileNetV1()
	run := func(tg device.Target) simulate.Result {
		t.Helper()
		r, err := simulate.RunNetwork(net, tg)
		if err != nil {
			t.Fatal(err)
		}
		if r.Basis != "simulated" || r.LatencyMS.Lo >= r.LatencyMS.Value || r.LatencyMS.Hi <= r.LatencyMS.Value || r.EnergyMJ.Lo >= r.EnergyMJ.Value || r.EnergyMJ.Hi <= r.EnergyMJ.Value {
			t.Errorf("%s: %+v %+v", tg.Key(), r.LatencyMS, r.EnergyMJ)
		}
		sum := 0.0
		for _, l := range r.Layers {
			sum += l.LatencyMS
			if l.LatencyMS <= 0 || l.EnergyMJ <= 0 || l.Bound == "" {
				t.Errorf("layer %+v", l)
			}
		}
		if sum > r.LatencyMS.Value || sum < 0.9*r.LatencyMS.Value {
			t.Errorf("%s: layers sum to %g of %g ms", tg.Key(), sum, r.LatencyMS.Value)
		}
		return r
	}
	old, fast := run(target(t, "Snapdragon 410", device.CPU, 4)), run(target(t, "Snapdragon 8 Gen 2", device.CPU, 4))
	if old.LatencyMS.Value < 5*fast.LatencyMS.Value {
		t.Errorf("Snapdragon 410 %g ms, 8 Gen 2 %g ms", old.LatencyMS.Value, fast.LatencyMS.Value)
	}
	one := run(target(t, "Snapdragon 8 Gen 2", device.CPU, 1))
	if r := one.LatencyMS.Value / fast.LatencyMS.Value; r < 1.5 || r > 5 {
		t.Errorf("four threads are %.1f times as fast as one", r)
	}
	tg := target(t, "Snapdragon 8 Gen 2", device.CPU, 4)
	tg.Precision = device.I8
	if q := run(tg); q.LatencyMS.Value > fast.LatencyMS.Value {
		t.Errorf("int8 takes %g ms, float32 %g", q.LatencyMS.Value, fast.LatencyMS.Value)
	}
	tg.Delegate = device.NPUDelegate
	npu := run(tg)
	if npu.LatencyMS.Value > fast.LatencyMS.Value || npu.EnergyMJ.Value > fast.EnergyMJ.Value {
		t.Errorf("NPU %g ms %g mJ, CPU %g ms %g mJ", npu.LatencyMS.Value, npu.EnergyMJ.Value, fast.LatencyMS.Value, fast.EnergyMJ.Value)
	}
	little := target(t, "Snapdragon 8 Gen 2", device.CPU, 3)
	little.Device = target(t, "Snapdragon 8 Gen 2", device.CPU, 3).Device
	little.Affinity = device.AffinityLittle
	if l, b := run(little), run(target(t, "Snapdragon 8 Gen 2", device.CPU, 3)); l.EnergyMJ.Value >= b.EnergyMJ.Value || l.LatencyMS.Value <= b.LatencyMS.Value {
		t.Errorf("little cores: %g ms %g mJ, big %g ms %g mJ", l.LatencyMS.Value, l.EnergyMJ.Value, b.LatencyMS.Value, b.EnergyMJ.Value)
	}
}

func TestRunNetwork_powerIsThatOfAPhone(t *testing.T) {
	for _, soc := range []string{"Snapdragon 855", "Tensor G3", "Helio G99", "Snapdragon 410", "Snapdragon 8 Elite", "Kirin 970"} {
		r, err := simulate.RunNetwork(mobileNetV1(), target(t, soc, device.CPU, 4))
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%-20s %6.1f ms (%.1f–%.1f)  %6.1f mJ (%.1f–%.1f)  %.2f W", soc, r.LatencyMS.Value, r.LatencyMS.Lo, r.LatencyMS.Hi, r.EnergyMJ.Value, r.EnergyMJ.Lo, r.EnergyMJ.Hi, r.PowerW.Value)
		if w := r.PowerW.Value; w < 0.3 || w > 15 {
			t.Errorf("%s: %g W with four threads", soc, w)
		}
	}
}

func TestRunNetwork_refusals(t *testing.T) {
	net := mobileNetV1()
	tg := target(t, "Pixel 7", device.CPU, 4)
	tg.Runtime = "unheard-of"
	if _, err := simulate.RunNetwork(net, tg); !errors.Is(err, simulate.ErrRuntime) {
		t.Errorf("runtime: %v", err)
	}
	if _, err := simulate.RunNetwork(net, target(t, "Snapdragon 410", device.NPUDelegate, 0)); !errors.Is(err, simulate.ErrDelegate) {
		t.Errorf("no NPU: %v", err)
	}
	if _, err := simulate.RunNetwork(&feature.Network{}, target(t, "Pixel 7", device.CPU, 4)); !errors.Is(err, simulate.ErrOpaque) {
		t.Errorf("empty network: %v", err)
	}
	opaque := mobileNetV1()
	for i := range opaque.Layers {
		opaque.Layers[i].Known = i%3 == 0
	}
	if _, err := simulate.RunNetwork(opaque, target(t, "Pixel 7", device.CPU, 4)); !errors.Is(err, simulate.ErrOpaque) {
		t.Errorf("two thirds unknown: %v", err)
	}
	some := mobileNetV1()
	some.Layers[5].Known = false
	a, err := simulate.RunNetwork(net, target(t, "Pixel 7", device.CPU, 4))
	if err != nil {
		t.Fatal(err)
	}
	b, err := simulate.RunNetwork(some, target(t, "Pixel 7", device.CPU, 4))
	if err != nil || b.Unknown != 1 || b.LatencyMS.Hi/b.LatencyMS.Value <= a.LatencyMS.Hi/a.LatencyMS.Value {
		t.Errorf("one unknown kernel: %v, %d unknown, band %+v against %+v", err, b.Unknown, b.LatencyMS, a.LatencyMS)
	}
}

func TestRunNetwork_fallbacksCostAHandover(t *testing.T) {
	net := mobileNetV1()
	net.Layers = append(net.Layers, feature.Layer{Name: "head", Op: "DetectionOutput", Kind: feature.Detect, InElems: 10000, OutElems: 100, Known: true, KernelH: 1, KernelW: 1,
		Groups: 1, Pixels: 1, InChannels: 1, OutChannels: 1})
	r, err := simulate.RunNetwork(net, target(t, "QCS8550 (Proxy)", device.NPUDelegate, 0))
	if err != nil {
		t.Fatal(err)
	}
	last := r.Layers[len(r.Layers)-1]
	if r.Fallbacks != 1 || last.Processor != device.CPU || last.LatencyMS < 0.06 {
		t.Errorf("%d fallbacks, last %+v", r.Fallbacks, last)
	}
}

func TestRepeats_areSeeded(t *testing.T) {
	r, err := simulate.RunNetwork(mobileNetV1(), target(t, "Pixel 7", device.CPU, 4))
	if err != nil {
		t.Fatal(err)
	}
	a, b, c := r.Repeats(200, 7), r.Repeats(200, 7), r.Repeats(200, 8)
	same := 0
	mean := 0.0
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("repeat %d: %g and %g from one seed", i, a[i], b[i])
		}
		if a[i] == c[i] {
			same++
		}
		mean += a[i] / 200
	}
	if same > 2 || math.Abs(mean/r.LatencyMS.Value-1) > 0.05 {
		t.Errorf("%d equal to another seed; mean %g of %g ms", same, mean, r.LatencyMS.Value)
	}
	if r.Repeats(0, 1) == nil || len(r.Repeats(-3, 1)) != 0 {
		t.Error("no repeats is an empty list")
	}
}

func TestSustained_throttlesHotWorkOnly(t *testing.T) {
	heavy := simulate.Result{LatencyMS: simulate.Range{Value: 10}, PowerW: simulate.Range{Value: 8}}
	light := simulate.Result{LatencyMS: simulate.Range{Value: 10}, PowerW: simulate.Range{Value: 0.8}}
	hot, cool := heavy.Sustained(simulate.Thermal{}, 30), light.Sustained(simulate.Thermal{}, 30)
	if hot[29].Speed > 0.8 || hot[29].LatencyMS <= hot[0].LatencyMS || hot[29].BodyC > 45 || hot[29].BodyC < 40 {
		t.Errorf("8 W for half an hour: %+v", hot[29])
	}
	if cool[29].Speed != 1 || cool[29].LatencyMS != 10 {
		t.Errorf("0.8 W for half an hour: %+v", cool[29])
	}
	w := (simulate.Thermal{}).SustainableW()
	if w < 1 || w > 4 {
		t.Errorf("a phone sustains %g W", w)
	}
	if last := hot[29].PowerW; math.Abs(last/w-1) > 0.25 {
		t.Errorf("throttled power %g W, sustainable %g W", last, w)
	}
	if in := (simulate.Thermal{AmbientC: 38}).SustainableW(); in >= w {
		t.Errorf("a hot day sustains %g W, a mild one %g W", in, w)
	}
	if got := heavy.Sustained(simulate.Thermal{}, 0); len(got) != 0 {
		t.Errorf("no minutes: %d states", len(got))
	}
}

// chain is a graph of n tensors in a row with the given sizes in floats; node i reads tensor i and writes i+1.
func chain(sizes ...int64) *graph.Graph {
	g := &graph.Graph{}
	for i, n := range sizes {
		g.Tensors = append(g.Tensors, graph.Tensor{Name: strconv.Itoa(i), DType: graph.Float32, Shape: graph.ShapeOf(n)})
		if i > 0 {
			g.Nodes = append(g.Nodes, graph.Node{Op: graph.Relu, Inputs: []graph.TensorID{graph.TensorID(i - 1)}, Outputs: []graph.TensorID{graph.TensorID(i)}})
		}
	}
	g.Inputs, g.Outputs = []graph.TensorID{0}, []graph.TensorID{graph.TensorID(len(sizes) - 1)}
	return g
}

func checkArena(t *testing.T, a simulate.Arena) {
	t.Helper()
	for i, x := range a.Allocations {
		if x.Offset < 0 || x.Offset%64 != 0 || x.Offset+x.Bytes > a.Bytes {
			t.Errorf("allocation %+v in an arena of %d bytes", x, a.Bytes)
		}
		for _, y := range a.Allocations[i+1:] {
			if x.First <= y.Last && y.First <= x.Last && x.Offset < y.Offset+y.Bytes && y.Offset < x.Offset+x.Bytes {
				t.Errorf("tensors %d and %d overlap while both live: %+v %+v", x.Tensor, y.Tensor, x, y)
			}
		}
	}
	if a.Bytes < a.LiveBytes || a.Bytes > a.SumBytes {
		t.Errorf("arena of %d bytes, %d alive at most, %d in all", a.Bytes, a.LiveBytes, a.SumBytes)
	}
}

func TestPlanArena(t *testing.T) {
	a := simulate.PlanArena(chain(16, 160, 320, 160, 16))
	checkArena(t, a)
	// Input and output stay; the 320 and one of the 160 floats are alive together.
	if want := int64(4 * (16 + 16 + 320 + 160)); a.Bytes != want || a.LiveBytes != want || !a.Known {
		t.Errorf("chain: %d bytes, %d alive, want %d", a.Bytes, a.LiveBytes, want)
	}
	g := chain(16, 160, 160, 16)
	g.Nodes[1].Op = graph.Reshape // a view takes no memory of its own
	if a := simulate.PlanArena(g); a.Bytes != 4*(16+160+16) {
		t.Errorf("view: %d bytes", a.Bytes)
	}
	g = chain(16, 160, 16)
	g.Tensors[1].Shape = graph.Shape{}
	if a := simulate.PlanArena(g); a.Known {
		t.Error("an unknown size gave a known arena")
	}
	if a := simulate.PlanArena(&graph.Graph{}); a.Bytes != 0 || !a.Known {
		t.Errorf("empty graph: %+v", a)
	}
}

// Two branches that cross make greedy packing leave a gap, which a later tensor fills best-fit.
func TestPlanArena_randomGraphsNeverOverlap(t *testing.T) {
	state := uint64(1)
	next := func(n int) int {
		state = state*6364136223846793005 + 1442695040888963407
		return int(state>>33) % n
	}
	for range 200 {
		g := &graph.Graph{Tensors: []graph.Tensor{{DType: graph.Float32, Shape: graph.ShapeOf(10)}}, Inputs: []graph.TensorID{0}}
		for i := 1; i < 40; i++ {
			g.Tensors = append(g.Tensors, graph.Tensor{DType: graph.Float32, Shape: graph.ShapeOf(int64(1 + next(500)))})
			n := graph.Node{Op: graph.Add, Outputs: []graph.TensorID{graph.TensorID(i)}}
			for range 1 + next(3) {
				n.Inputs = append(n.Inputs, graph.TensorID(next(i)))
			}
			if next(6) == 0 {
				n.Op = graph.Reshape
			}
			g.Nodes = append(g.Nodes, n)
		}
		g.Outputs = []graph.TensorID{39}
		checkArena(t, simulate.PlanArena(g))
	}
}

func BenchmarkRunNetwork(b *testing.B) {
	net := mobileNetV1()
	m, err := simulate.NewMachine(target(b, "Pixel 7", device.CPU, 4))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.RunNetwork(net); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPlanArena(b *testing.B) {
	g := chain(16, 100, 200, 300, 400, 500, 400, 300, 200, 100, 50, 60, 70, 80, 90, 100, 110, 120, 130, 140, 150, 16)
	b.ReportAllocs()
	for b.Loop() {
		simulate.PlanArena(g)
	}
}
