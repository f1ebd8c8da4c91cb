package onnxop

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
)

// loop derives the trip count where the file fixes it: a constant count, and a
// condition that stays true.
func loop(c *call) {
	a := &graph.LoopAttrs{TripCount: -1}
	c.n.Attrs = a
	if c.in(0) == graph.NoTensor {
		a.Reason = "no trip count: the loop runs until its condition is false"
		return
	}
	v, ok := c.ints(c.in(0))
	if !ok || len(v) != 1 || v[0] <= 0 {
		a.Reason = "the trip count is computed at run time"
		return
	}
	if id := c.in(1); id != graph.NoTensor && !isTrue(c.Graph, id) {
		a.Reason = fmt.Sprintf("at most %d iterations: the first condition is computed at run time", v[0])
		return
	}
	if len(c.src.Bodies) != 1 || !staysTrue(c.src.Bodies[0]) {
		a.Reason = fmt.Sprintf("at most %d iterations: the body computes its condition", v[0])
		return
	}
	a.TripCount, a.Reason = v[0], "constant trip count, condition always true"
}

// staysTrue reports whether a loop body hands its condition on unchanged or
// makes it constant true.
func staysTrue(body *graph.Graph) bool {
	if body == nil || len(body.Outputs) == 0 || len(body.Inputs) < 2 {
		return false
	}
	id := body.Outputs[0]
	for range 8 { // through a short chain of identities
		if id == body.Inputs[1] || isTrue(body, id) {
			return true
		}
		n := writer(body, id)
		if n == nil || n.Op != graph.Identity && n.Op != graph.Cast {
			return false
		}
		id = n.Input(0)
	}
	return false
}

func writer(g *graph.Graph, id graph.TensorID) *graph.Node {
	for i := range g.Nodes {
		for _, out := range g.Nodes[i].Outputs {
			if out == id && id != graph.NoTensor {
				return &g.Nodes[i]
			}
		}
	}
	return nil
}

// isTrue reports whether a tensor is a constant true.
func isTrue(g *graph.Graph, id graph.TensorID) bool {
	t := g.Tensor(id)
	if t == nil || t.Const == nil || t.DType != graph.Bool {
		return false
	}
	b, err := t.Const.Bytes()
	return err == nil && len(b) == 1 && b[0] != 0
}

// scan has states and scanned operands. In opset 8 a first operand holds
// sequence lengths and every tensor has a batch axis before the scanned one.
func scan(c *call) {
	a := &graph.ScanAttrs{
		ScanInputs: c.axis("num_scan_inputs", 0), InputAxes: c.axes("scan_input_axes"), OutputAxes: c.axes("scan_output_axes"),
	}
	if c.version < 9 && len(c.src.Inputs) > 0 {
		c.n.Inputs, a.Batched = c.src.Inputs[1:], true
		for range min(max(a.ScanInputs, 0), len(c.src.Inputs)) {
			a.InputAxes = append(a.InputAxes, 1)
		}
		for range c.src.Outputs {
			a.OutputAxes = append(a.OutputAxes, 1)
		}
	}
	c.n.Attrs = a
}
