package ncnn

import "github.com/gaugenn/gaugenn/graph"

// innerProduct flattens its input; a matrix whose rows have the input size is
// multiplied row by row.
func innerProduct(c *call) {
	n, size := c.params.int(0, 0), c.params.int(2, 0)
	a := &graph.FullyConnectedAttrs{OutFeatures: n}
	c.n.Fused = fused(c)
	c.op(graph.FullyConnected, a)
	if c.rank(0) == 2 {
		a.KeepDims = true
	} else {
		c.out(1)
	}
	w := c.weight("weight", n, quotient(size, n))
	c.operands(w)
	if c.params.int(1, 0) != 0 {
		c.operands(c.floats("bias", n))
	}
	if c.params.int(8, 0) != 0 {
		c.scales(w, n)
		c.skip(1)
	}
}

func embed(c *call) {
	n, rows := c.params.int(0, 0), c.params.int(1, 0)
	c.op(graph.EmbeddingLookup, nil)
	c.out(2)
	w := c.weight("weight", rows, n)
	c.operands(w)
	if c.params.int(2, 0) != 0 {
		c.operands(c.floats("bias", n))
	}
	if c.params.int(18, 0) != 0 {
		c.scales(w, 1)
	}
}

// gemm has constant or computed operands A [M, K], B [K, N] (transposed by
// flags) and C. An output that is transposed is the product of the transposed
// operands in the other order.
func gemm(c *call) {
	p := c.params
	m, n, k := p.int(7, 0), p.int(8, 0), p.int(9, 0)
	ta, tb := p.int(2, 0) != 0, p.int(3, 0) != 0
	bottoms := c.n.Inputs
	next := func() graph.TensorID {
		if len(bottoms) == 0 {
			return graph.NoTensor
		}
		id := bottoms[0]
		bottoms = bottoms[1:]
		return id
	}
	operand := func(flag int, suffix string, rows, cols int64, transposed bool) (graph.TensorID, bool) {
		if p.int(flag, 0) == 0 {
			return next(), false
		}
		if transposed {
			rows, cols = cols, rows
		}
		return c.weight(suffix, rows, cols), true
	}
	a, constA := operand(4, "a", m, k, ta)
	b, constB := operand(5, "b", k, n, tb)
	bias := graph.NoTensor
	if p.int(6, 0) == 0 {
		bias = next()
	} else {
		switch p.int(10, 0) {
		case 0:
			bias = c.weight("c", 1)
		case 1:
			bias = c.weight("c", m)
		case 2:
			bias = c.weight("c", m, 1)
		case 3:
			bias = c.weight("c", m, n)
		case 4:
			bias = c.weight("c", n)
		}
	}
	if p.int(18, 0) != 0 {
		if constA {
			c.scales(a, m)
		}
		if constB {
			c.scales(b, 1)
		}
	}
	if p.int(14, 0) != 0 {
		a, b, ta, tb = b, a, !tb, !ta
	}
	c.n.Inputs = []graph.TensorID{a, b}
	if bias != graph.NoTensor {
		c.operands(bias)
	}
	c.op(graph.Gemm, &graph.MatMulAttrs{TransA: ta, TransB: tb})
	c.out(2)
}

func matMul(c *call) {
	c.op(graph.MatMul, &graph.MatMulAttrs{TransB: c.params.int(0, 0) != 0})
	c.out(max(c.rank(0), c.rank(1)))
}

func einsum(c *call) {
	c.op(graph.Einsum, &graph.EinsumAttrs{Equation: c.params.text(0)})
	c.out(0)
}

// recurrent is RNN, LSTM or GRU over [T, in]: input weights for every gate,
// bias rows, hidden weights, and a projection where an LSTM's output is
// smaller than its state.
func recurrent(c *call, op graph.Op, gates, biases int64) {
	out, size, dirs := c.params.int(0, 0), c.params.int(1, 0), int64(1)
	if c.params.int(2, 0) == 2 {
		dirs = 2
	}
	hidden := out
	if op == graph.LSTM {
		hidden = c.params.int(3, out)
	}
	a := &graph.RNNAttrs{Hidden: hidden, Directions: int(dirs), TimeAxis: 0, BatchAxis: -1, DirectionAxis: -1}
	if hidden != out {
		a.Projection = out
	}
	c.op(op, a)
	in := quotient(size, dirs*hidden*gates)
	x := c.weight("weight_xc", dirs, hidden*gates, in)
	b := c.weight("bias_c", dirs, biases, hidden)
	h := c.weight("weight_hc", dirs, hidden*gates, out)
	hr := graph.NoTensor
	if hidden != out {
		hr = c.weight("weight_hr", dirs, out, hidden)
	}
	if c.params.int(8, 0) != 0 {
		c.scales(h, dirs*hidden*gates)
		c.scales(x, dirs*hidden*gates)
		if hr != graph.NoTensor {
			c.scales(hr, dirs*out)
		}
	}
	if len(c.n.Inputs) == 0 {
		c.n.Inputs = []graph.TensorID{graph.NoTensor}
	}
	rest := append([]graph.TensorID{}, c.n.Inputs[1:]...)
	c.n.Inputs = append(c.n.Inputs[:1:1], x, h, b)
	if hr != graph.NoTensor {
		c.operands(hr)
	}
	c.operands(rest...)
}

// multiHead projects q, k, v, attends and projects the result.
func multiHead(c *call) {
	p := c.params
	embed, heads, size := p.int(0, 0), p.int(1, 1), p.int(2, 0)
	kdim, vdim := p.int(3, embed), p.int(4, embed)
	qdim := quotient(size, embed)
	c.op(graph.MultiHeadAttention, &graph.AttentionAttrs{Heads: heads, HeadDim: max(quotient(embed, heads), 0), Hidden: max(qdim, 0)})
	in := append([]graph.TensorID{}, c.n.Inputs...)
	qw, qb := c.weight("q_weight", embed, qdim), c.floats("q_bias", embed)
	kw, kb := c.weight("k_weight", embed, kdim), c.floats("k_bias", embed)
	vw, vb := c.weight("v_weight", embed, vdim), c.floats("v_bias", embed)
	ow, ob := c.weight("out_weight", qdim, embed), c.floats("out_bias", qdim)
	if p.int(18, 0) != 0 {
		c.scales(qw, embed)
		c.scales(kw, embed)
		c.scales(vw, embed)
		c.scales(ow, 1)
	}
	qkv := []graph.TensorID{graph.NoTensor, graph.NoTensor, graph.NoTensor}
	n := min(len(in), 3)
	if p.int(5, 0) != 0 && n == len(in) && n > 1 { // the last one is the mask
		n--
	}
	copy(qkv, in[:n])
	c.n.Inputs = append(qkv, qw, qb, kw, kb, vw, vb, ow, ob)
	c.operands(in[n:]...)
}

// sdpa is attention without projections: q, k, v, [mask], [past k, past v].
func sdpa(c *call) {
	c.op(graph.Attention, &graph.AttentionAttrs{})
	r := c.rank(0)
	c.out(r)
}
