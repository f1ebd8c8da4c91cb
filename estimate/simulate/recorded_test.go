package simulate_test

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/estimate/simulate"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/ncnn"
	"github.com/gaugenn/gaugenn/graph/format/onnx"
	"github.com/gaugenn/gaugenn/graph/op"
)

func shared(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Skip("no go.mod above the test")
		}
	}
	path := filepath.Join(append([]string{dir, "..", "shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no recorded data: %v", err)
	}
	return path
}

func recorded(t testing.TB, name string) []map[string]string {
	f, err := os.Open(shared(t, "phones", "measurements", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, _ := gzip.NewReader(f)
	r := csv.NewReader(z)
	head, _ := r.Read()
	var out []map[string]string
	for {
		row, err := r.Read()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		for i, h := range head {
			m[h] = row[i]
		}
		out = append(out, m)
	}
}

type loaded struct {
	g     *graph.Graph
	costs []graph.Cost
}

func load(t testing.TB, path string) (loaded, bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Logf("%s: %v", path, err)
		return loaded{}, false
	}
	parse := ncnn.Parse
	if strings.HasSuffix(path, ".onnx") {
		parse = onnx.Format.Parse
	}
	m, err := parse(format.Input{Path: path, Name: filepath.Base(path), Data: data})
	if err != nil {
		t.Logf("%s: %v", path, err)
		return loaded{}, false
	}
	s, _ := op.Infer(m)
	costs := op.Costs(s)
	return loaded{s.Graphs[0], costs[0]}, true
}

// group collects one kind of recorded runs.
type group struct {
	logs   []float64 // natural logarithm of simulated over recorded
	inside int
}

func (g *group) add(r simulate.Result, recorded float64) {
	g.logs = append(g.logs, math.Log(r.LatencyMS.Value/recorded))
	if recorded >= r.LatencyMS.Lo && recorded <= r.LatencyMS.Hi {
		g.inside++
	}
}

// runner simulates recorded rows, each graph and each target made once.
type runner struct {
	t        testing.TB
	graphs   map[string]loaded
	machines map[string]*simulate.Machine
}

func (r *runner) run(row map[string]string, tg device.Target) (simulate.Result, bool) {
	g, seen := r.graphs[row["graph"]]
	if !seen {
		g, _ = load(r.t, shared(r.t, "phones", row["graph"]))
		r.graphs[row["graph"]] = g
	}
	if g.g == nil {
		return simulate.Result{}, false
	}
	key := row["device"] + row["soc"] + tg.Key()
	m, seen := r.machines[key]
	if !seen {
		if d, err := device.Embedded().FindLabel(row["device"], row["soc"]); err == nil {
			tg.Device = d
			m, _ = simulate.NewMachine(tg)
		}
		r.machines[key] = m
	}
	if m == nil {
		return simulate.Result{}, false
	}
	res, err := m.Run(g.g, g.costs)
	return res, err == nil
}

// The bands must mean what they say on recorded runs of real phones and boards: no constant of the simulation was fitted to a device,
// but the width of the bands was set from these rows, so this holds the implementation, not the honesty of the width elsewhere.
func TestBands_holdRecordedRuns(t *testing.T) {
	groups := map[string]*group{}
	note := func(name string, res simulate.Result, recorded float64) {
		if groups[name] == nil {
			groups[name] = &group{}
		}
		groups[name].add(res, recorded)
	}
	r := &runner{t: t, graphs: map[string]loaded{}, machines: map[string]*simulate.Machine{}}
	for _, row := range recorded(t, "ncnn.csv.gz") {
		if row["stat"] != "avg" || row["graph"] == "" {
			continue
		}
		if res, ok := r.run(row, ncnnTarget(row)); ok {
			note("ncnn "+row["processor"], res, number(row["value"]))
		}
	}
	for _, row := range recorded(t, "aihub.csv.gz") {
		if row["graph"] == "" || row["metric"] != "latency" || row["processor"] != "npu" || row["precision"] != "float" && row["precision"] != "w8a8" {
			continue
		}
		tg := device.Target{Runtime: row["runtime"], Delegate: device.NPUDelegate, Precision: device.F16}
		if row["precision"] == "w8a8" {
			tg.Precision = device.I8
		}
		if res, ok := r.run(row, tg); ok {
			note("AI Hub npu "+row["precision"], res, number(row["value"]))
		}
	}
	for _, name := range []string{"ncnn cpu", "ncnn gpu", "AI Hub npu float", "AI Hub npu w8a8"} {
		g := groups[name]
		sort.Float64s(g.logs)
		cover := float64(g.inside) / float64(len(g.logs))
		t.Logf("%-18s %5d rows: simulated over recorded, median %.2f, 5th to 95th percentile %.2f to %.2f; band holds %.0f %%", name, len(g.logs),
			math.Exp(g.logs[len(g.logs)/2]), math.Exp(g.logs[len(g.logs)/20]), math.Exp(g.logs[len(g.logs)*19/20]), 100*cover)
		if cover < 0.82 || cover > 0.97 {
			t.Errorf("%s: the 90 %% band holds %.0f %%", name, 100*cover)
		}
		if m := math.Exp(g.logs[len(g.logs)/2]); m < 0.6 || m > 1.6 {
			t.Errorf("%s: median of simulated over recorded is %.2f", name, m)
		}
	}
}

func number(text string) float64 {
	v, _ := strconv.ParseFloat(text, 64)
	return v
}

// ncnnTarget is the setting of a recorded ncnn row.
func ncnnTarget(row map[string]string) device.Target {
	tg := device.Target{Runtime: "ncnn", Delegate: device.CPU, Precision: device.F32}
	tg.Threads, _ = strconv.Atoi(row["threads"])
	if row["recorded_at"] >= "2020-07" { // the version that turned float16 arithmetic on
		tg.Precision = device.Auto
	}
	if row["processor"] == "gpu" {
		tg.Delegate = device.GPUDelegate
	}
	switch {
	case strings.Contains(row["notes"], "powersave=2"):
		tg.Affinity = device.AffinityBig
	case strings.Contains(row["notes"], "powersave=1"):
		tg.Affinity = device.AffinityLittle
	}
	return tg
}

// Energy of single convolutions was recorded on one phone that its authors do not name. Simulated on phones of that time's upper tiers, the
// bands must hold most of it: a check of magnitude, since no licensed recording exists.
func TestEnergy_holdsRecordedKernels(t *testing.T) {
	rows := recorded(t, "energy_kernels.csv.gz")
	for _, soc := range []string{"Snapdragon 855", "Snapdragon 865", "Snapdragon 888", "Snapdragon 8 Gen 1", "Tensor G1"} {
		for _, processor := range []device.Delegate{device.CPU, device.GPUDelegate} {
			tg := target(t, soc, processor, 4)
			if processor == device.GPUDelegate {
				tg.Precision = device.F16
			}
			m, err := simulate.NewMachine(tg)
			if err != nil {
				t.Fatal(err)
			}
			var logs []float64
			inside := 0
			for _, row := range rows {
				var size, in, out, kernel, stride int
				n, _ := fmt.Sscanf(row["graph"], "conv-bn-relu:HW=%d,CIN=%d,COUT=%d,K=%d,S=%d", &size, &in, &out, &kernel, &stride)
				if row["processor"] != string(processor) || n != 5 {
					continue
				}
				res, err := m.RunNetwork(&feature.Network{Layers: []feature.Layer{conv("conv", feature.Conv, size, in, out, kernel, stride)}})
				if err != nil {
					t.Fatal(err)
				}
				v := number(row["value"])
				logs = append(logs, math.Log(res.EnergyMJ.Value/v))
				if v >= res.EnergyMJ.Lo && v <= res.EnergyMJ.Hi {
					inside++
				}
			}
			sort.Float64s(logs)
			median, cover := math.Exp(logs[len(logs)/2]), float64(inside)/float64(len(logs))
			t.Logf("%-20s %s: %d kernels, simulated over recorded median %.2f, band holds %.0f %%", soc, processor, len(logs), median, 100*cover)
			if cover < 0.8 || median < 0.4 || median > 2.5 {
				t.Errorf("%s %s: median %.2f, band holds %.0f %%", soc, processor, median, 100*cover)
			}
		}
	}
}

// Greedy packing is close to the lower bound on the recorded networks.
func TestPlanArena_isTightOnRealNetworks(t *testing.T) {
	count, loose := 0, 0
	for _, pattern := range []string{"ncnn/*.param", "aihub/*.onnx"} {
		files, _ := filepath.Glob(filepath.Join(shared(t, "phones", "graphs"), pattern))
		for _, f := range files {
			g, ok := load(t, f)
			if !ok {
				t.Errorf("%s does not load", f)
				continue
			}
			a := simulate.PlanArena(g.g)
			checkArena(t, a)
			over := float64(a.Bytes)/float64(max(a.LiveBytes, 1)) - 1
			count, loose = count+1, loose+map[bool]int{true: 1}[over > 0.02]
			if over > 0.30 {
				t.Errorf("%s: arena %.1f MB, %.0f %% above the %.1f MB alive at most", filepath.Base(f), float64(a.Bytes)/1e6, 100*over, float64(a.LiveBytes)/1e6)
			}
		}
	}
	t.Logf("%d of %d arenas are more than 2 %% above the lower bound", loose, count)
	if loose*4 > count {
		t.Errorf("more than a quarter of the arenas is loose")
	}
}
