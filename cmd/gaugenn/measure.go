package main

import (
	"crypto/sha256"
	"encoding/hex"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/bind"
	"github.com/gaugenn/gaugenn/graph/op"
	"github.com/gaugenn/gaugenn/graph/weights"
)

// digest is what is kept of a distinct model: its rows.
type digest struct {
	model   data.Model
	layers  []data.Layer
	tensors []data.Tensor
}

type measureOptions struct {
	policy bind.Policy
	// stats takes the statistics of weights, which reads every stored byte.
	stats bool
}

// measure turns a parsed model into rows: bind, infer, cost, total. It runs on
// a worker of the scanner and keeps no view of the model's bytes.
func measure(f *extract.Finding, m *graph.Model, o measureOptions) *digest {
	free, _ := op.Infer(m)
	bound := bindModel(m, o.policy)
	shaped := free
	if bound.text != "" {
		shaped, _ = op.Infer(bound.model)
	}
	costs := op.Costs(shaped)
	totals := op.Total(shaped, costs)

	d := &digest{}
	row := &d.model
	row.ModelID, row.Status, row.SizeBytes = f.ModelID, string(f.Status), f.Size
	row.Describe(free)
	row.Parts = nameless(row.Parts, f.Path)
	for _, p := range m.Parts {
		if p.Found {
			row.SizeBytes += p.Bytes
		}
	}
	row.Binding = bound.text
	row.UnknownCostNodes = int64(totals.UnknownNodes)
	if f.Status != extract.Opaque || totals.WeightBytes > 0 {
		// The weights of a compiled model are inside it: not zero, but unknown.
		row.ParamCount, row.WeightBytes = &totals.Params, &totals.WeightBytes
	}
	row.WeightDType, row.ActivationDType = totals.WeightDType.String(), totals.ActivationDType.String()
	if totals.PeakKnown {
		row.PeakActivationBytes = &totals.PeakActivationBytes
	}
	if macsKnown(shaped, costs, totals) {
		row.MACs, row.FLOPs, row.Ops = &totals.MACs, &totals.FLOPs, &totals.Ops
	} else if bound.free {
		if assumed := customary(m, o.policy); assumed.known {
			t := assumed.totals
			row.AssumedMACs, row.AssumedFLOPs, row.AssumedBinding = &t.MACs, &t.FLOPs, assumed.text
			if t.PeakKnown {
				row.AssumedPeakActivationBytes = &t.PeakActivationBytes
			}
		}
	}
	row.GraphHash = graph.StructureHash(free)
	sized := withSizes(free, shaped)
	d.layers = data.LayerRows(f.ModelID, sized, costs)
	d.tensors = data.TensorRows(f.ModelID, sized)
	if o.stats {
		d.weigh(m)
	}
	row.Quantisation = quantisationOf(free, totals)
	return d
}

// withSizes gives free, a model whose free dimensions are not bound, the sizes
// that they have in bound. A size of 1, mostly a batch, stays free: readers of
// the tables take it for 1.
func withSizes(free, bound *graph.Model) *graph.Model {
	if free == bound {
		return free
	}
	out := free.Clone()
	for gi, g := range out.Graphs {
		for ti := range min(len(g.Tensors), len(bound.Graphs[gi].Tensors)) {
			to, from := &g.Tensors[ti], bound.Graphs[gi].Tensors[ti].Shape
			if !from.IsRanked() || to.Shape.IsStatic() {
				continue
			}
			dims := from.Dims()
			if to.Shape.IsRanked() && to.Shape.Len() == len(dims) {
				for axis, d := range to.Shape.Dims() {
					if n, ok := dims[axis].Value(); d.IsKnown() || !ok || n == 1 {
						dims[axis] = d
					}
				}
			}
			to.Shape = graph.ShapeOfDims(dims...)
		}
	}
	return out
}

// nameless puts * for the main file's own stem in names of parts that derive
// from it, so that a model's row is the same whatever its copies are called.
func nameless(parts []string, file string) []string {
	base := path.Base(file)
	stem, _, _ := strings.Cut(base, ".")
	out := make([]string, len(parts))
	for i, p := range parts {
		mark := ""
		if strings.HasPrefix(p, "!") {
			mark, p = "!", p[1:]
		}
		for _, name := range []string{base, stem} {
			if rest, ok := strings.CutPrefix(p, name); ok && name != "" {
				p = "*" + rest
				break
			}
		}
		out[i] = mark + p
	}
	return out
}

// macsKnown reports whether the sum of MACs stands for the model: something
// runs, nothing is opaque, every operator that multiplies, itself or in a loop
// that it runs, has a known cost, and
// not all that runs is of unknown kind. Unknown operators among known ones leave
// a lower bound, which unknown_cost_nodes says.
func macsKnown(m *graph.Model, costs [][]graph.Cost, t op.Totals) bool {
	if t.Graph < 0 || t.Nodes == 0 || len(m.Opaque) > 0 {
		return false
	}
	clear, seen := false, map[int]bool{}
	for gi, g := range m.Graphs {
		for ni := range g.Nodes {
			n := &g.Nodes[ni]
			known := costs[gi][ni].Known
			if !known && !n.Train && multiplies(m, n, seen) {
				return false
			}
			clear = clear || known || neverMultiplies(n.Op)
		}
	}
	return clear
}

// multiplies reports whether an operator has multiply-accumulates, itself or in
// a body that it runs; seen are the bodies looked through.
func multiplies(m *graph.Model, n *graph.Node, seen map[int]bool) bool {
	if op.ClassOf(n.Op) == op.ClassCompute {
		return true
	}
	for _, gi := range n.Subgraphs {
		if gi < 0 || gi >= len(m.Graphs) || seen[gi] {
			continue
		}
		seen[gi] = true
		for i := range m.Graphs[gi].Nodes {
			if multiplies(m, &m.Graphs[gi].Nodes[i], seen) {
				return true
			}
		}
	}
	return false
}

// neverMultiplies reports whether an operator without a cost rule has no
// multiply-accumulates all the same.
func neverMultiplies(o graph.Op) bool {
	return o == graph.StringOp || o == graph.SequenceOp || o == graph.Lookup
}

// quantisationOf names how the whole model is quantised.
func quantisationOf(m *graph.Model, t op.Totals) string {
	weights, activations := map[string]bool{}, map[string]bool{}
	blockwise := false
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			x := &g.Tensors[i]
			kind := ""
			switch {
			case x.DType == graph.Float32 || x.DType == graph.Float64:
				kind = "float"
			case x.DType == graph.Float16 || x.DType == graph.BFloat16:
				kind = "half"
			case x.Quant != nil && x.DType.Bits() <= 16 && (x.DType.IsInteger() || x.DType == graph.BlockQuantized):
				kind = "int"
			default:
				continue
			}
			if x.Const == nil {
				activations[kind] = true
				continue
			}
			blockwise = blockwise || x.Quant != nil && x.Quant.Scheme == graph.QuantBlockwise
			if n, ok := x.Shape.Elements(); !ok || n > 16 {
				weights[kind] = true
			}
		}
	}
	switch {
	case !weights["int"] && weights["half"]:
		return "float16"
	case !weights["int"]:
		return "none"
	case blockwise:
		return "blockwise"
	case activations["int"] && !activations["float"] && !activations["half"]:
		return "full_integer"
	case activations["int"]:
		return "mixed"
	}
	return "dynamic_range"
}

// weigh fills the tensors' statistics and the hash over all constants. Tensors
// that share one stored buffer are measured once.
func (d *digest) weigh(m *graph.Model) {
	type key struct {
		c *graph.Const
		t graph.DType
	}
	seen := map[key]weights.Stats{}
	sum, complete := sha256.New(), true
	i := 0
	for _, g := range m.Graphs {
		for ti := range g.Tensors {
			row := &d.tensors[i]
			i++
			t := &g.Tensors[ti]
			if t.Const == nil {
				continue
			}
			s, ok := seen[key{t.Const, t.DType}]
			if !ok {
				s = weights.Measure(t)
				seen[key{t.Const, t.DType}] = s
			}
			fillStats(row, t, s)
			complete = complete && s.SHA256 != ""
			sum.Write([]byte(s.SHA256))
		}
	}
	if complete && len(seen) > 0 {
		h := hex.EncodeToString(sum.Sum(nil))
		d.model.WeightsHash = &h
	}
}

func fillStats(row *data.Tensor, t *graph.Tensor, s weights.Stats) {
	if q := weights.Quantisation(t, s); t.Quant == nil {
		row.Quantisation = q
	}
	if s.SHA256 != "" {
		row.SHA256 = &s.SHA256
	}
	if s.ElementCount >= 0 {
		row.ElementCount = &s.ElementCount
	}
	if s.ByteCount >= 0 {
		row.ByteCount = &s.ByteCount
	}
	if !s.Known {
		return
	}
	row.ZeroFraction, row.NearZeroFraction = &s.ZeroFraction, &s.NearZeroFraction
	if s.DistinctValues >= 0 {
		row.DistinctValues = &s.DistinctValues
	}
	if s.ElementCount > s.NonFinite {
		row.Min, row.Max, row.Mean, row.StdDev = &s.Min, &s.Max, &s.Mean, &s.Std
	}
}
