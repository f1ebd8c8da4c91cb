package simulate

import (
	"cmp"
	"math"
	"slices"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/graph"
)

// Allocation is the place of one tensor in the arena.
type Allocation struct {
	Tensor      graph.TensorID
	Offset      int64
	Bytes       int64
	First, Last int // nodes, in order, between which it lives; -1 is before the first
}

// Arena is a packing of a graph's activations into one block of memory.
type Arena struct {
	Bytes     int64 // size of the block
	LiveBytes int64 // most bytes alive at once: no packing can be smaller
	SumBytes  int64 // what it would take without reuse
	// PersistentBytes are tensors that nodes compute from constants alone (weights dequantised or made dense): runtimes make them once and
	// keep them, outside the block.
	PersistentBytes int64
	Allocations     []Allocation
	Known           bool // false where a size is not known: such tensors take no place
}

// alignment of tensors in TFLite's arena.
const alignment = 64

// PlanArena packs the activations of a shaped graph as TFLite's arena planner does: inputs and outputs live throughout, then tensors
// by size, largest first, each at the smallest gap that fits among the tensors alive at the same time (greedy by size with best fit;
// Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference", 2020). Views share the memory of what they view.
func PlanArena(g *graph.Graph) Arena {
	a := Arena{Known: true}
	persistent := fromConstants(g)
	for _, l := range lifetimes(g) {
		if l.Bytes < 0 {
			a.Known = false
			continue
		}
		if persistent[l.Tensor] {
			a.PersistentBytes += l.Bytes
			continue
		}
		l.Bytes = (l.Bytes + alignment - 1) / alignment * alignment
		a.Allocations = append(a.Allocations, l)
		a.SumBytes += l.Bytes
	}
	a.LiveBytes = mostLive(a.Allocations)
	order := make([]int, len(a.Allocations))
	for i := range order {
		order[i] = i
	}
	whole := func(x Allocation) bool { return x.First < 0 && x.Last == math.MaxInt }
	slices.SortStableFunc(order, func(i, j int) int {
		x, y := a.Allocations[i], a.Allocations[j]
		if whole(x) != whole(y) {
			if whole(x) {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(y.Bytes, x.Bytes), cmp.Compare(x.First, y.First), cmp.Compare(x.Tensor, y.Tensor))
	})
	var placed []Allocation // by offset
	for _, i := range order {
		x := &a.Allocations[i]
		x.Offset = bestGap(placed, *x)
		at, _ := slices.BinarySearchFunc(placed, x.Offset, func(p Allocation, o int64) int { return cmp.Compare(p.Offset, o) })
		placed = slices.Insert(placed, at, *x)
		a.Bytes = max(a.Bytes, x.Offset+x.Bytes)
	}
	return a
}

// bestGap is the offset of the smallest gap that holds x among the placed tensors that live when it does, or the end.
func bestGap(placed []Allocation, x Allocation) int64 {
	end, best, bestSize := int64(0), int64(-1), int64(math.MaxInt64)
	for _, p := range placed {
		if p.Last < x.First || p.First > x.Last {
			continue
		}
		if gap := p.Offset - end; gap >= x.Bytes && gap < bestSize {
			best, bestSize = end, gap
		}
		end = max(end, p.Offset+p.Bytes)
	}
	if best >= 0 {
		return best
	}
	return end
}

// mostLive is the largest sum of sizes alive at one node.
func mostLive(list []Allocation) int64 {
	type event struct {
		at    int
		bytes int64
	}
	var events []event
	for _, x := range list {
		events = append(events, event{x.First, x.Bytes})
		if x.Last < math.MaxInt {
			events = append(events, event{x.Last + 1, -x.Bytes})
		}
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.bytes, b.bytes)) })
	var live, most int64
	for _, e := range events {
		live += e.bytes
		most = max(most, live)
	}
	return most
}

// views are operators whose first result is the memory of their first operand.
func view(op graph.Op) bool {
	switch op {
	case graph.Reshape, graph.Flatten, graph.Squeeze, graph.Unsqueeze, graph.Identity, graph.Dropout, graph.BitCast, graph.Copies, graph.OutputOp:
		return true
	}
	return false
}

// fromConstants marks the tensors that are computed from constants alone.
func fromConstants(g *graph.Graph) []bool {
	fixed := make([]bool, len(g.Tensors))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		all := len(n.Inputs) > 0 && len(n.Subgraphs) == 0
		for _, id := range n.Inputs {
			if t := g.Tensor(id); t != nil && t.Const == nil && !fixed[id] {
				all = false
			}
		}
		for _, id := range n.Outputs {
			if all && g.Tensor(id) != nil {
				fixed[id] = true
			}
		}
	}
	return fixed
}

// lifetimes lists the activations of a graph with sizes (-1 unknown) and the nodes between which each lives, views folded into what they
// view. Inputs and outputs live throughout, as TFLite keeps them for its caller.
func lifetimes(g *graph.Graph) []Allocation {
	root := make([]graph.TensorID, len(g.Tensors))
	first, last := make([]int, len(g.Tensors)), make([]int, len(g.Tensors))
	used := make([]bool, len(g.Tensors))
	for i := range root {
		root[i], first[i], last[i] = graph.TensorID(i), math.MaxInt, math.MinInt
	}
	touch := func(id graph.TensorID, at int) {
		if id < 0 || int(id) >= len(root) || g.Tensors[id].Const != nil {
			return
		}
		r := root[id]
		first[r], last[r], used[r] = min(first[r], at), max(last[r], at), true
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		for _, id := range n.Inputs {
			touch(id, i)
		}
		if in := n.Input(0); view(n.Op) && in != graph.NoTensor && g.Tensor(in) != nil && g.Tensors[in].Const == nil {
			for k, out := range n.Outputs {
				if t := g.Tensor(out); t != nil && (k == 0 || n.Op == graph.Copies) {
					root[out] = root[in]
				}
			}
		}
		for _, id := range n.Outputs {
			touch(id, i)
		}
	}
	for _, list := range [][]graph.TensorID{g.Inputs, g.Outputs} {
		for _, id := range list {
			touch(id, -1)
			touch(id, math.MaxInt)
		}
	}
	var out []Allocation
	for i := range g.Tensors {
		if !used[i] {
			continue
		}
		a := Allocation{Tensor: graph.TensorID(i), Bytes: -1, First: first[i], Last: last[i]}
		if n, ok := g.Tensors[i].Shape.Elements(); ok {
			if b, ok := g.Tensors[i].DType.ByteCount(n); ok {
				a.Bytes = b
			}
		}
		out = append(out, a)
	}
	return out
}

// Memory is what one process with one model holds.
type Memory struct {
	Arena       Arena
	WeightBytes int64 // as stored
	PeakMB      Range // arena, weights with the runtime's packed copies, the runtime itself; 10^6 bytes
}

// memoryOf adds up the peak memory. Weights are mapped from the file and may be packed a second time; the range spans neither and both.
func memoryOf(a Arena, net *feature.Network, r rules) Memory {
	m := Memory{Arena: a}
	for i := range net.Layers {
		l := &net.Layers[i]
		if b := l.WeightBytes; b > 0 || l.Params == 0 {
			m.WeightBytes += int64(b)
		} else {
			m.WeightBytes += int64(l.Params * 4) // a graph whose weights were taken off
		}
	}
	w := float64(m.WeightBytes)
	m.PeakMB = Range{Known: a.Known, Value: (float64(a.Bytes+a.PersistentBytes)+w*(0.5+0.5*r.weightCopy))/1e6 + r.baseMB,
		Lo: float64(a.LiveBytes) / 1e6, Hi: (1.5*float64(a.Bytes+a.PersistentBytes)+w*(1+r.weightCopy))/1e6 + 4*r.baseMB}
	return m
}
