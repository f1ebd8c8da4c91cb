package litert

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
)

// tripCounts gives every WHILE its LoopAttrs. A trip count follows from the
// file where the condition compares a counter with a constant, the body adds a
// constant to it, and the counter starts from a constant: the shape of
// tf.while_loop and of recurrent layers. Conditions joined by AND all have to
// be of that form; the smallest count then ends the loop.
func (r *reader) tripCounts() {
	r.reductions()
	writers := map[*graph.Graph][]int32{}
	for _, g := range r.m.Graphs {
		for i := range g.Nodes {
			n := &g.Nodes[i]
			if n.Op != graph.While || len(n.Subgraphs) != 2 {
				continue
			}
			l := loop{caller: g, node: n, cond: r.m.Graphs[n.Subgraphs[0]], body: r.m.Graphs[n.Subgraphs[1]], writers: writers, visits: maxVisits}
			trips, why := l.trips()
			n.Attrs = &graph.LoopAttrs{TripCount: trips, Reason: why}
		}
	}
}

type loop struct {
	caller, cond, body *graph.Graph
	node               *graph.Node
	// writers is the node that writes each tensor, plus 1, by graph; shared by all loops.
	writers map[*graph.Graph][]int32
	visits  int
}

// Bounds of the search: real conditions are one or two comparisons over a few
// dozen operands.
const (
	maxVisits   = 64
	maxOperands = 4096
)

// trips returns the trip count and how it was found, or -1 and why not.
func (l *loop) trips() (int64, string) {
	if len(l.node.Inputs) > maxOperands {
		return -1, "too many operands"
	}
	if len(l.cond.Outputs) != 1 || len(l.cond.Inputs) != len(l.node.Inputs) || len(l.body.Inputs) != len(l.node.Inputs) || len(l.body.Outputs) != len(l.node.Inputs) {
		return -1, "condition or body does not have the loop's operands"
	}
	return l.condition(l.cond.Outputs[0])
}

func (l *loop) condition(id graph.TensorID) (int64, string) {
	n := l.producer(l.cond, id)
	l.visits--
	if n == nil || l.visits < 0 {
		return -1, "the condition is not a comparison"
	}
	switch n.Op {
	case graph.LogicalAnd:
		a, why := l.condition(n.Input(0))
		if a < 0 {
			return -1, why
		}
		b, whyB := l.condition(n.Input(1))
		if b < 0 {
			return -1, whyB
		}
		if b < a {
			return b, whyB
		}
		return a, why
	case graph.Identity, graph.Cast, graph.Reshape, graph.Squeeze:
		return l.condition(n.Input(0))
	case graph.Less, graph.LessOrEqual, graph.Greater, graph.GreaterOrEqual:
		return l.comparison(n)
	}
	return -1, fmt.Sprintf("the condition ends in %s", n.SourceOp)
}

// comparison handles counter < limit and its mirror images.
func (l *loop) comparison(n *graph.Node) (int64, string) {
	left, leftKnown := l.value(n.Input(0))
	right, rightKnown := l.value(n.Input(1))
	step, stepKnown := l.step(n.Input(0))
	op := n.Op
	if !stepKnown { // limit on the left: mirror
		if step, stepKnown = l.step(n.Input(1)); !stepKnown {
			return -1, "no compared operand is counted up or down by a constant"
		}
		left, right, leftKnown, rightKnown = right, left, rightKnown, leftKnown
		op = map[graph.Op]graph.Op{graph.Less: graph.Greater, graph.LessOrEqual: graph.GreaterOrEqual, graph.Greater: graph.Less, graph.GreaterOrEqual: graph.LessOrEqual}[op]
	}
	if !leftKnown {
		return -1, "the counter does not start from a constant"
	}
	if !rightKnown {
		return -1, "the limit is not a constant"
	}
	trips := countTrips(op, left, right, step)
	if trips < 0 {
		return -1, fmt.Sprintf("the counter goes from %d by %d and does not meet %d", left, step, right)
	}
	return trips, fmt.Sprintf("counter from %d by %d, compared with %d", left, step, right)
}

// countTrips returns how often "c op limit" holds for c = start, start+step, ..., -1 for ever.
func countTrips(op graph.Op, start, limit, step int64) int64 {
	const far = 1 << 40 // beyond any loop; keeps the arithmetic from wrapping
	if start < -far || start > far || limit < -far || limit > far || step < -far || step > far {
		return -1
	}
	if op == graph.Greater || op == graph.GreaterOrEqual { // mirror about zero
		start, limit, step = -start, -limit, -step
	}
	if op == graph.LessOrEqual || op == graph.GreaterOrEqual {
		limit++
	}
	if start >= limit {
		return 0
	}
	if step <= 0 {
		return -1
	}
	return (limit - start + step - 1) / step
}

// producer returns the node that writes a tensor, nil for inputs and constants.
func (l *loop) producer(g *graph.Graph, id graph.TensorID) *graph.Node {
	w, ok := l.writers[g]
	if !ok {
		w = make([]int32, len(g.Tensors))
		for i := range g.Nodes {
			for _, o := range g.Nodes[i].Outputs {
				if o >= 0 {
					w[o] = int32(i + 1)
				}
			}
		}
		l.writers[g] = w
	}
	if id < 0 || w[id] == 0 {
		return nil
	}
	return &g.Nodes[w[id]-1]
}

// input returns which operand of the loop a tensor of one of its graphs is, -1 for none.
func input(g *graph.Graph, id graph.TensorID) int {
	for i, in := range g.Inputs {
		if in == id && id >= 0 {
			return i
		}
	}
	return -1
}

// value returns the value a tensor of the condition has when the loop starts,
// where it is a constant there or at the loop's operand. For a limit that
// value only counts when the body passes it on unchanged, which comparison
// has from step: the operand that is not counted must be invariant.
func (l *loop) value(id graph.TensorID) (int64, bool) {
	if v, ok := scalar(l.cond.Tensor(id)); ok {
		return v, true
	}
	i := input(l.cond, id)
	if i < 0 {
		return 0, false
	}
	if !l.invariant(i) {
		if _, counted := l.step(id); !counted {
			return 0, false
		}
	}
	return scalar(l.caller.Tensor(l.node.Input(i)))
}

// invariant reports whether the body passes operand i on unchanged.
func (l *loop) invariant(i int) bool { return l.source(l.body.Outputs[i]) == l.body.Inputs[i] }

// source looks through copies in the body.
func (l *loop) source(id graph.TensorID) graph.TensorID {
	for range maxVisits {
		n := l.producer(l.body, id)
		if n == nil || n.Op != graph.Identity && n.Op != graph.Reshape && n.Op != graph.Cast {
			return id
		}
		id = n.Input(0)
	}
	return id
}

// step returns what the body adds to the operand that a tensor of the
// condition stands for.
func (l *loop) step(id graph.TensorID) (int64, bool) {
	i := input(l.cond, id)
	if i < 0 {
		return 0, false
	}
	n := l.producer(l.body, l.source(l.body.Outputs[i]))
	if n == nil || n.Fused != "" {
		return 0, false
	}
	a, b := n.Input(0), n.Input(1)
	if n.Op == graph.Add && l.source(b) == l.body.Inputs[i] {
		a, b = b, a
	}
	if l.source(a) != l.body.Inputs[i] {
		return 0, false
	}
	v, ok := l.bodyConst(b)
	switch n.Op {
	case graph.Add:
		return v, ok
	case graph.Sub:
		return -v, ok
	}
	return 0, false
}

// bodyConst returns a constant of the body, or of the caller when the body
// gets it as an invariant operand.
func (l *loop) bodyConst(id graph.TensorID) (int64, bool) {
	if v, ok := scalar(l.body.Tensor(id)); ok {
		return v, true
	}
	if i := input(l.body, id); i >= 0 && l.invariant(i) {
		return scalar(l.caller.Tensor(l.node.Input(i)))
	}
	return 0, false
}

// scalar returns the value of an integer constant of one element.
func scalar(t *graph.Tensor) (int64, bool) {
	v, ok := constInts(t)
	if !ok || len(v) != 1 {
		return 0, false
	}
	return v[0], true
}
