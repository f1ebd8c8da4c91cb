package tensorflow

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph"
)

// trips derives how often a While runs where the file fixes it: its condition
// is a conjunction of "state < bound" with constant bounds, each state begins at
// a constant and grows by a constant in the body. Keras writes recurrent layers so.
func (c *call) trips(cond, body *graph.Graph) (count int64, reason string) {
	if len(cond.Outputs) != 1 || len(body.Outputs) != len(c.in) || len(cond.Inputs) != len(c.in) || len(body.Inputs) != len(c.in) {
		return -1, "the condition is computed at run time"
	}
	l := &loop{c: c, cond: cond, body: body, inCond: writers(cond), inBody: writers(body)}
	n, ok := l.bound(cond.Outputs[0], 0)
	if !ok || n <= 0 {
		return -1, "the condition is computed at run time"
	}
	return n, "counter with constant start, step and end"
}

// loop is a While under inspection.
type loop struct {
	c              *call
	cond, body     *graph.Graph
	inCond, inBody map[graph.TensorID]*graph.Node
}

func writers(g *graph.Graph) map[graph.TensorID]*graph.Node {
	m := make(map[graph.TensorID]*graph.Node, len(g.Nodes))
	for i := range g.Nodes {
		for _, id := range g.Nodes[i].Outputs {
			m[id] = &g.Nodes[i]
		}
	}
	return m
}

// through follows Identity to what it hands on.
func through(by map[graph.TensorID]*graph.Node, id graph.TensorID) graph.TensorID {
	for range 16 {
		n := by[id]
		if n == nil || n.Op != graph.Identity || len(n.Inputs) == 0 {
			break
		}
		id = n.Inputs[0]
	}
	return id
}

// bound returns the iterations that a condition allows.
func (l *loop) bound(id graph.TensorID, depth int) (int64, bool) {
	n := l.inCond[through(l.inCond, id)]
	if n == nil || len(n.Inputs) != 2 || depth > 8 {
		return 0, false
	}
	switch n.Op {
	case graph.LogicalAnd:
		a, ok1 := l.bound(n.Inputs[0], depth+1)
		b, ok2 := l.bound(n.Inputs[1], depth+1)
		return min(a, b), ok1 && ok2
	case graph.Less:
		i := l.state(n.Inputs[0])
		end, ok := l.constantIn(n.Inputs[1])
		if i < 0 || !ok {
			return 0, false
		}
		start, ok1 := l.c.constant(l.c.in[i])
		step, ok2 := l.step(i)
		if !ok1 || !ok2 || step <= 0 || end-start > 1<<40 || start > end {
			return 0, false
		}
		return (end - start + step - 1) / step, true
	}
	return 0, false
}

// state is the position of a condition's input, -1 if the tensor is none.
func (l *loop) state(id graph.TensorID) int {
	id = through(l.inCond, id)
	for i, in := range l.cond.Inputs {
		if in == id {
			return i
		}
	}
	return -1
}

// constantIn is a constant of the condition, or a state that begins at a
// constant and that the body hands on unchanged.
func (l *loop) constantIn(id graph.TensorID) (int64, bool) {
	if v, ok := scalar(l.cond, through(l.inCond, id)); ok {
		return v, true
	}
	i := l.state(id)
	if i < 0 || through(l.inBody, l.body.Outputs[i]) != l.body.Inputs[i] {
		return 0, false
	}
	return l.c.constant(l.c.in[i])
}

// step is what the body adds to state i.
func (l *loop) step(i int) (int64, bool) {
	n := l.inBody[through(l.inBody, l.body.Outputs[i])]
	if n == nil || n.Op != graph.Add || len(n.Inputs) != 2 {
		return 0, false
	}
	for k := range 2 {
		if through(l.inBody, n.Inputs[k]) == l.body.Inputs[i] {
			return scalar(l.body, through(l.inBody, n.Inputs[1-k]))
		}
	}
	return 0, false
}

// constant is a scalar of the calling graph; the maximum or minimum of a single
// value is the value.
func (c *call) constant(id graph.TensorID) (int64, bool) {
	for range 8 {
		id = c.source(id)
		if v, ok := scalar(c.g, id); ok {
			return v, true
		}
		var n *nodeDef
		for i := range c.outs {
			if len(c.outs[i]) > 0 && c.outs[i][0] == id {
				n = &c.nodes[i]
				break
			}
		}
		if n == nil || n.op != "Max" && n.op != "Min" || len(n.inputs) == 0 {
			return 0, false
		}
		i, slot, ok := c.reference(n.inputs[0])
		if !ok || slot >= len(c.outs[i]) {
			return 0, false
		}
		id = c.outs[i][slot]
	}
	return 0, false
}

// scalar reads a constant of one integer.
func scalar(g *graph.Graph, id graph.TensorID) (int64, bool) {
	t := g.Tensor(id)
	if t == nil || t.Const == nil {
		return 0, false
	}
	if n, ok := t.Shape.Elements(); !ok || n != 1 {
		return 0, false
	}
	b, err := t.Const.Bytes()
	switch {
	case err != nil:
	case t.DType == graph.Int32 && len(b) == 4:
		return int64(int32(binary.LittleEndian.Uint32(b))), true
	case t.DType == graph.Int64 && len(b) == 8:
		return int64(binary.LittleEndian.Uint64(b)), true
	}
	return 0, false
}

// listElement gives a tensor list's element the shape that the operand states.
func listElement(operand int) func(*call) {
	return func(c *call) {
		dims, ok := c.ints(operand)
		if !ok || len(c.out.Outputs) == 0 {
			return
		}
		if t := c.g.Tensor(c.out.Outputs[0]); t != nil && !t.Shape.IsRanked() {
			t.Shape = graph.ShapeOf(dims...)
			t.DType = c.n.dtype("element_dtype")
		}
	}
}

// listStack stacks the elements along a new first axis.
func listStack(c *call) {
	dims, ok := c.ints(1)
	if !ok || len(c.out.Outputs) == 0 {
		return
	}
	if t := c.g.Tensor(c.out.Outputs[0]); t != nil && !t.Shape.IsRanked() {
		t.Shape = graph.ShapeOf(append([]int64{c.n.int("num_elements", -1)}, dims...)...)
		t.DType = c.n.dtype("element_dtype")
	}
}
