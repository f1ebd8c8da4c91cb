package op

import "github.com/gaugenn/gaugenn/graph"

// Peak returns the largest number of bytes of activations alive at one time
// when a graph of a shaped model runs its nodes in order: a tensor lives from
// the node that writes it (inputs from the start) to its last use (outputs to
// the end). Reshape-like nodes share their operand's memory; values computed
// from constants alone are prepared before and do not count, nor do weights.
// A node with subgraphs adds the peak of its costliest body. It is a lower
// bound of what a memory planner needs. known is false where a size is not.
func Peak(m *graph.Model, graphIndex int) (bytes int64, known bool) {
	if graphIndex < 0 || graphIndex >= len(m.Graphs) {
		return 0, false
	}
	p := &planner{m: m, memo: map[int]peakOf{}}
	r := p.graph(graphIndex)
	return r.bytes, r.known
}

type peakOf struct {
	bytes int64
	known bool
}

type planner struct {
	m     *graph.Model
	memo  map[int]peakOf
	depth int
}

// shares reports whether a node's first result can be its first operand's memory.
func shares(op graph.Op) bool {
	switch op {
	case graph.Reshape, graph.Flatten, graph.Squeeze, graph.Unsqueeze, graph.Identity,
		graph.Dropout, graph.Copies, graph.BitCast, graph.OutputOp:
		return true
	}
	return false
}

func (p *planner) graph(gi int) peakOf {
	if r, ok := p.memo[gi]; ok {
		return r
	}
	if p.depth >= maxDepth {
		return peakOf{}
	}
	p.memo[gi] = peakOf{} // a graph that runs itself has no known peak
	p.depth++
	defer func() { p.depth-- }()
	g := p.m.Graphs[gi]
	l := newLiveness(g)
	r := peakOf{known: true}
	var live int64
	alive := func(id graph.TensorID) {
		b, ok := l.bytes(id)
		r.known = r.known && ok
		live = add(live, b)
	}
	for _, id := range g.Inputs {
		if id != graph.NoTensor && l.start(id) {
			alive(id)
		}
	}
	r.bytes = live
	for _, ni := range l.order {
		n := &g.Nodes[ni]
		for _, id := range n.Outputs {
			if id != graph.NoTensor && l.start(id) {
				alive(id)
			}
		}
		inner := p.inner(n, &r)
		r.bytes = max(r.bytes, add(live, inner))
		for _, id := range l.ends[ni] {
			b, _ := l.bytes(id)
			live -= b
		}
	}
	p.memo[gi] = r
	return r
}

// inner is what a node's costliest body adds, its inputs and outputs included.
func (p *planner) inner(n *graph.Node, r *peakOf) int64 {
	var most int64
	for _, sub := range n.Subgraphs {
		q := p.graph(sub)
		r.known = r.known && q.known
		most = max(most, q.bytes)
	}
	return most
}

// liveness says which storage each tensor uses and when it ends.
type liveness struct {
	g       *graph.Graph
	order   []int
	root    []graph.TensorID // storage of a tensor: itself, or what it aliases
	skip    []bool           // constants and values computed from constants alone
	started []bool
	// ends lists the storages whose last use is a node.
	ends map[int][]graph.TensorID
}

func newLiveness(g *graph.Graph) *liveness {
	l := &liveness{g: g, order: order(g), root: make([]graph.TensorID, len(g.Tensors)),
		skip: make([]bool, len(g.Tensors)), started: make([]bool, len(g.Tensors)), ends: map[int][]graph.TensorID{}}
	for i := range g.Tensors {
		l.root[i] = graph.TensorID(i)
		l.skip[i] = g.Tensors[i].Const != nil
	}
	last := make([]int, len(g.Tensors))
	for i := range last {
		last[i] = -1
	}
	for _, ni := range l.order {
		n := &g.Nodes[ni]
		l.place(n)
		for _, id := range append(append([]graph.TensorID(nil), n.Inputs...), n.Outputs...) {
			if id != graph.NoTensor {
				last[l.root[id]] = ni
			}
		}
	}
	for _, id := range g.Outputs {
		if id != graph.NoTensor {
			last[l.root[id]] = -1
		}
	}
	for id, ni := range last {
		if ni >= 0 {
			l.ends[ni] = append(l.ends[ni], graph.TensorID(id))
		}
	}
	return l
}

// place decides the storage of a node's results.
func (l *liveness) place(n *graph.Node) {
	fixed := len(n.Inputs) > 0 && len(n.Subgraphs) == 0
	for _, id := range n.Inputs {
		fixed = fixed && (id == graph.NoTensor || l.skip[id])
	}
	for k, id := range n.Outputs {
		if id == graph.NoTensor {
			continue
		}
		if fixed {
			l.skip[id] = true
		}
		if src := n.Input(0); shares(n.Op) && src != graph.NoTensor && !l.skip[src] && (k == 0 || n.Op == graph.Copies) {
			l.root[id] = l.root[src]
		}
	}
}

// start reports whether a tensor takes memory of its own from here on.
func (l *liveness) start(id graph.TensorID) bool {
	if l.skip[id] || l.root[id] != id || l.started[id] {
		return false
	}
	l.started[id] = true
	return true
}

// bytes is a storage's size, 0 for one that never started.
func (l *liveness) bytes(id graph.TensorID) (int64, bool) {
	if !l.started[id] {
		return 0, true
	}
	b, reason := tensorBytes(&l.g.Tensors[id], graph.UnknownDType)
	return b, reason == ""
}
