package feature

import "github.com/gaugenn/gaugenn/graph"

// constants returns the tensors that a runtime knows when it loads the graph: stored constants, weights that were stripped to inputs,
// shapes of shaped tensors, and whatever is computed from those alone.
func constants(g *graph.Graph, weights map[graph.TensorID]bool) map[graph.TensorID]bool {
	c := map[graph.TensorID]bool{}
	for i := range g.Tensors {
		if id := graph.TensorID(i); g.Tensors[i].Const != nil || weights[id] {
			c[id] = true
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		known := len(n.Subgraphs) == 0
		switch n.Op {
		case graph.ShapeOp, graph.SizeOp, graph.RankOp:
			t := g.Tensor(n.Input(0))
			known = t != nil && t.Shape.IsStatic()
		case graph.RandomNormal, graph.RandomUniform:
			known = false
		default:
			for _, in := range n.Inputs {
				known = known && (in == graph.NoTensor || c[in])
			}
			known = known && (len(n.Inputs) > 0 || n.Op == graph.Constant)
		}
		if !known {
			continue
		}
		for _, out := range n.Outputs {
			c[out] = true
		}
	}
	return c
}

// chains finds the pointwise nodes that runtimes fold into the kernel before them.
type chains struct {
	g        *graph.Graph
	constant map[graph.TensorID]bool
	producer map[graph.TensorID]int
	uses     map[graph.TensorID]int
	head     map[int]int
}

// pointwiseChains maps each node that a runtime folds away to the node it ends up in: activations and arithmetic with constants
// after a compute kernel or after one another, and gates such as x*sigmoid(x) and the long form of GELU, which end up in the kernel
// that makes x, or in their own first node when that is none.
func pointwiseChains(g *graph.Graph, constant map[graph.TensorID]bool) map[int]int {
	c := &chains{g: g, constant: constant, producer: map[graph.TensorID]int{}, uses: map[graph.TensorID]int{}, head: map[int]int{}}
	for i := range g.Nodes {
		for _, o := range g.Nodes[i].Outputs {
			c.producer[o] = i
		}
		for _, in := range g.Nodes[i].Inputs {
			c.uses[in]++
		}
	}
	for _, o := range g.Outputs {
		c.uses[o]++
	}
	for i := range g.Nodes {
		c.gate(i)
	}
	for i := range g.Nodes {
		if _, done := c.head[i]; done {
			continue
		}
		if x, ok := c.pointwise(i); ok && c.uses[x] == 1 {
			if h, ok := c.kernel(x); ok {
				c.head[i] = h
			}
		}
	}
	for i := range c.head {
		for {
			h, ok := c.head[c.head[i]]
			if !ok {
				break
			}
			c.head[i] = h
		}
	}
	return c.head
}

// pointwise returns the only tensor that varies among the operands of a node that works on each element alone.
func (c *chains) pointwise(i int) (graph.TensorID, bool) {
	n := &c.g.Nodes[i]
	if k := kinds[n.Op]; k != Activation && k != Eltwise || len(n.Outputs) != 1 || c.constant[n.Outputs[0]] {
		return 0, false
	}
	found := graph.NoTensor
	for _, in := range n.Inputs {
		if in == graph.NoTensor || c.constant[in] {
			continue
		}
		if found != graph.NoTensor {
			return 0, false
		}
		found = in
	}
	return found, found != graph.NoTensor
}

// kernel returns the node that a pointwise node on x folds into.
func (c *chains) kernel(x graph.TensorID) (int, bool) {
	p, ok := c.producer[x]
	if !ok {
		return 0, false
	}
	if h, ok := c.head[p]; ok {
		return h, true
	}
	switch kinds[c.g.Nodes[p].Op] {
	case Conv, Deconv, Dense, MatMul, Eltwise:
		return p, true
	case Activation:
		return p, !c.constant[c.g.Nodes[p].Outputs[0]]
	}
	return 0, false
}

// maxGate bounds the number of nodes between x and the product that gates it.
const maxGate = 8

// gate folds node i when it multiplies x by a chain of pointwise nodes that starts at x.
func (c *chains) gate(i int) {
	n := &c.g.Nodes[i]
	if n.Op != graph.Mul || len(n.Inputs) != 2 {
		return
	}
	for side := 0; side < 2; side++ {
		x, f := n.Inputs[side], n.Inputs[1-side]
		var chain []int
		for t := f; t != x && len(chain) < maxGate; {
			p, ok := c.producer[t]
			if !ok || c.uses[t] != 1 {
				chain = nil
				break
			}
			in, ok := c.pointwise(p)
			if !ok {
				chain = nil
				break
			}
			chain = append(chain, p)
			if t = in; t == x {
				c.fold(append(chain, i), x)
				return
			}
		}
	}
}

// fold maps a gate's nodes into the kernel of x when x feeds nothing else, else into the node that starts the chain.
func (c *chains) fold(nodes []int, x graph.TensorID) {
	first := nodes[len(nodes)-2]
	into := first
	if h, ok := c.kernel(x); ok && c.uses[x] == 2 {
		into = h
	}
	for _, p := range nodes {
		if p != into {
			c.head[p] = into
		}
	}
}
