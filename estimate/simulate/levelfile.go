package simulate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"github.com/gaugenn/gaugenn/estimate/device"
	"github.com/gaugenn/gaugenn/estimate/feature"
)

// probe is what the simulation says of fixed networks on a made-up chip. Levels that were fitted when it said otherwise are refused: they
// correct another simulation.
func probe() float64 {
	known := func(v float64) device.Quantity { return device.Quantity{Value: v, Known: true, Confidence: 1} }
	core := device.Core{Name: "probe", OutOfOrder: true, Features: device.NEON | device.FP16 | device.DotProd, F32MACs: known(8), F16MACs: known(16), DotMACs: known(32), LoadBytes: known(32), L1DKiB: known(64), L2KiB: known(256)}
	soc := device.SoC{ID: "probe", Name: "probe", Common: core.Features, All: core.Features, Clusters: []device.Cluster{{Core: core, Count: 4, ClockMHz: known(2000), L2KiB: known(1024)}},
		L3KiB: known(2048), Memory: device.Memory{BandwidthGBps: known(20)}, GPU: device.GPU{Name: "probe", F32MACs: known(2e11)}, Year: known(2020)}
	layer := func(k feature.Kind, in, out, kernel, groups int) feature.Layer {
		return feature.Layer{Kind: k, MACs: 784 * float64(in*out*kernel*kernel/groups), Params: float64(in * out * kernel * kernel / groups), InElems: 784 * float64(in), OutElems: 784 * float64(out),
			InChannels: in, OutChannels: out, KernelH: kernel, KernelW: kernel, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, Groups: groups, Pixels: 784, InH: 28, InW: 28, OutH: 28, OutW: 28, Known: true}
	}
	net := &feature.Network{Layers: []feature.Layer{layer(feature.Conv, 64, 64, 3, 1), layer(feature.Conv, 64, 128, 1, 1), layer(feature.DepthConv, 128, 128, 3, 128),
		layer(feature.Eltwise, 128, 128, 1, 128), layer(feature.Pool, 128, 128, 2, 128), layer(feature.Dense, 128, 100, 1, 1), layer(feature.Softmax, 100, 100, 1, 100)}}
	sum := 0.0
	for _, rt := range Runtimes() {
		for _, t := range []device.Target{{Delegate: device.CPU, Threads: 2, Precision: device.F32}, {Delegate: device.CPU, Threads: 1, Precision: device.I8}, {Delegate: device.GPUDelegate, Precision: device.F16}} {
			t.Runtime, t.Device = rt, device.Device{Name: "probe", SoC: soc}
			r, err := RunNetwork(net, t)
			if err == nil {
				sum += math.Log(r.LatencyMS.Value)
			}
		}
	}
	return round(sum)
}

// Errors of ReadLevels.
var (
	ErrNotLevels  = errors.New("not a profile of levels")
	ErrSimulation = errors.New("profile was fitted on another version of the simulation; fit it again")
)

// levelFile is the stored form: effects of runs are left out, since no answer is of a recorded run.
type levelFile struct {
	Kind, Tool, RowsHash string
	Simulation           float64 // the probe
	Rows                 int
	SD                   map[string]float64
	Names                []string
	Mean                 []float64
	Covariance           []float64 // upper triangle, row by row
	Scale                map[string]float64
	Seen                 []string
}

const levelKind = "levels"

// WriteTo writes the levels as JSON; equal levels give equal bytes.
func (l *Levels) WriteTo(w io.Writer) (int64, error) {
	f := levelFile{Kind: levelKind, Tool: l.Tool, RowsHash: l.RowsHash, Simulation: probe(), Rows: l.Rows, SD: effectSD, Scale: map[string]float64{}}
	for n := range l.index {
		if !strings.HasPrefix(n, "run:") {
			f.Names = append(f.Names, n)
		}
	}
	slices.Sort(f.Names)
	for i, n := range f.Names {
		f.Mean = append(f.Mean, round(l.mean[l.index[n]]))
		for _, o := range f.Names[i:] {
			f.Covariance = append(f.Covariance, round(l.cov.At(l.index[n], l.index[o])))
		}
	}
	for k, v := range l.scale {
		f.Scale[k] = round(v)
	}
	for k := range l.seen {
		f.Seen = append(f.Seen, k)
	}
	slices.Sort(f.Seen)
	b, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	n, err := w.Write(append(b, '\n'))
	return int64(n), err
}

// round keeps six decimals: far below what the rows tell, and equal on every machine.
func round(v float64) float64 { return math.Round(v*1e6) / 1e6 }

// ReadLevels reads what WriteTo wrote. Levels of another version of the simulation are ErrSimulation.
func ReadLevels(r io.Reader) (*Levels, error) {
	var f levelFile
	if err := json.NewDecoder(r).Decode(&f); err != nil || f.Kind != levelKind {
		return nil, ErrNotLevels
	}
	same := math.Abs(f.Simulation-probe()) < 1e-4 && len(f.SD) == len(effectSD)
	for k, v := range f.SD {
		same = same && effectSD[k] == v
	}
	if !same {
		return nil, ErrSimulation
	}
	n := len(f.Names)
	if n == 0 || len(f.Mean) != n || len(f.Covariance) != n*(n+1)/2 {
		return nil, fmt.Errorf("%w: %d names, %d means, %d covariances", ErrNotLevels, n, len(f.Mean), len(f.Covariance))
	}
	l := &Levels{Tool: f.Tool, RowsHash: f.RowsHash, Rows: f.Rows, index: map[string]int{}, mean: f.Mean, cov: mat.NewSymDense(n, nil), scale: f.Scale, seen: map[string]bool{}}
	at := 0
	for i, name := range f.Names {
		l.index[name] = i
		for j := i; j < n; j++ {
			l.cov.SetSym(i, j, f.Covariance[at])
			at++
		}
	}
	for _, s := range f.Seen {
		l.seen[s] = true
	}
	return l, nil
}
