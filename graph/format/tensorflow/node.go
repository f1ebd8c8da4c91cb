package tensorflow

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph"
)

// call is one node's translation.
type call struct {
	*builder
	n   *nodeDef
	out *graph.Node
	in  []graph.TensorID
}

// node translates one NodeDef.
func (b *builder) node(i int) error {
	n := &b.nodes[i]
	out := graph.Node{Name: b.p.text([]byte(n.name)), SourceOp: n.op, Outputs: b.outs[i]}
	for _, ref := range n.inputs {
		id, err := b.resolve(ref)
		if err != nil {
			return err
		}
		out.Inputs = append(out.Inputs, id)
	}
	c := &call{builder: b, n: n, out: &out, in: out.Inputs}
	if err := c.control(); err != nil {
		return err
	}
	if out.Op == graph.Unknown {
		if e, ok := ops[n.op]; ok {
			out.Op = e.op
			if e.translate != nil {
				e.translate(c)
			}
		}
	}
	b.g.Nodes = append(b.g.Nodes, out)
	return nil
}

// control builds the bodies of calls and control flow.
func (c *call) control() error {
	var bodies []string
	how, first := passAll, 0
	switch c.n.op {
	case "PartitionedCall", "StatefulPartitionedCall":
		c.out.Op = graph.Call
		bodies = []string{c.n.function("f")}
	case "If", "StatelessIf":
		c.out.Op, first = graph.If, 1
		bodies = []string{c.n.function("then_branch"), c.n.function("else_branch")}
	case "While", "StatelessWhile":
		c.out.Op, how = graph.While, passHandles
		c.out.Attrs = &graph.LoopAttrs{TripCount: -1, Reason: "the condition is computed at run time"}
		bodies = []string{c.n.function("cond"), c.n.function("body")}
	default:
		if c.p.functions[c.n.op] == nil {
			return nil
		}
		c.out.Op = graph.Call
		bodies = []string{c.n.op}
	}
	if c.out.Op == graph.Call && c.p.functions[bodies[0]].restores() {
		c.out.Op = graph.StateWrite // saving and restoring is no inference
		return nil
	}
	for _, name := range bodies {
		idx, ok, err := c.expand(name, c.in[min(first, len(c.in)):], how)
		if err != nil {
			return err
		}
		if !ok {
			c.out.Op, c.out.Attrs, c.out.Subgraphs = graph.Unknown, nil, nil
			c.p.lose("node %q calls function %q, which the library does not have", c.out.Name, c.p.text([]byte(name)))
			return nil
		}
		c.out.Subgraphs = append(c.out.Subgraphs, idx)
	}
	if a, ok := c.out.Attrs.(*graph.LoopAttrs); ok && len(c.out.Subgraphs) == 2 {
		a.TripCount, a.Reason = c.trips(c.p.model.Graphs[c.out.Subgraphs[0]], c.p.model.Graphs[c.out.Subgraphs[1]])
	}
	return nil
}

// operand returns operand i, NoTensor if it is absent.
func (c *call) operand(i int) graph.TensorID {
	if i < 0 || i >= len(c.in) {
		return graph.NoTensor
	}
	return c.in[i]
}

// order sets the canonical operands to the given positions; -1 leaves one out.
func (c *call) order(positions ...int) {
	out := make([]graph.TensorID, 0, len(positions))
	for _, i := range positions {
		out = append(out, c.operand(i))
	}
	for len(out) > 0 && out[len(out)-1] == graph.NoTensor {
		out = out[:len(out)-1]
	}
	c.out.Inputs = out
}

// maxFolded bounds the constant lists that translation looks at.
const maxFolded = 256

// ints returns the value of an operand that is a short constant of integers.
func (c *call) ints(i int) ([]int64, bool) {
	t := c.g.Tensor(c.source(c.operand(i)))
	if t == nil || t.Const == nil {
		return nil, false
	}
	n, ok := t.Shape.Elements()
	if !ok || n > maxFolded || t.DType != graph.Int64 && t.DType != graph.Int32 {
		return nil, false
	}
	data, err := t.Const.Bytes()
	w := int64(t.DType.Bits() / 8)
	if err != nil || int64(len(data)) != n*w {
		return nil, false
	}
	out := make([]int64, n)
	for k := range out {
		if w == 8 {
			out[k] = int64(binary.LittleEndian.Uint64(data[8*k:]))
		} else {
			out[k] = int64(int32(binary.LittleEndian.Uint32(data[4*k:])))
		}
	}
	return out, true
}

// axis returns a constant scalar operand as an axis.
func (c *call) axis(i int) (int, bool) {
	v, ok := c.ints(i)
	if !ok || len(v) != 1 {
		return 0, false
	}
	return clampInt(v[0]), true
}

// axes returns a constant operand as axes, nil if it is not constant.
func (c *call) axes(i int) []int {
	v, ok := c.ints(i)
	if !ok {
		return nil
	}
	return toInts(v)
}

func toInts(v []int64) []int {
	if v == nil {
		return nil
	}
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = clampInt(x)
	}
	return out
}

// clampInt keeps absurd axes from the file inside the range of int32.
func clampInt(v int64) int { return int(max(-1<<31, min(v, 1<<31-1))) }

// shapeOf is the stated shape of an operand, through operators that hand it on.
func (c *call) shapeOf(i int) graph.Shape {
	if t := c.g.Tensor(c.operand(i)); t != nil && t.Shape.IsRanked() {
		return t.Shape
	}
	if t := c.g.Tensor(c.source(c.operand(i))); t != nil {
		return t.Shape
	}
	return graph.Shape{}
}
