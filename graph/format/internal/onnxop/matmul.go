package onnxop

import "github.com/gaugenn/gaugenn/graph"

func matMul(c *call) {
	c.n.Attrs = &graph.MatMulAttrs{TransA: c.flag("transA"), TransB: c.flag("transB")}
}

func fusedMatMul(c *call) {
	matMul(c)
	c.operands(0, 1, -1)
	c.fuse()
}

func fusedGemm(c *call) {
	matMul(c)
	c.fuse()
}

// gemmFastGelu has x, w, [bias].
func gemmFastGelu(c *call) {
	matMul(c)
	c.n.Fused = graph.Gelu
}

// matMulInteger has a, b, [a zero point], [b zero point].
func matMulInteger(c *call) {
	c.operands(0, 1, -1)
	c.n.Attrs = &graph.MatMulAttrs{}
}

// matMulIntegerToFloat has a, b, a scale, b scale, [a zp], [b zp], [bias].
func matMulIntegerToFloat(c *call) {
	c.operands(0, 1, 6)
	c.n.Attrs = &graph.MatMulAttrs{}
	c.quantise(c.in(1), 3, 5, -1)
}

// dynamicQuantizeMatMul has a, b, b scale, [b zp], [bias].
func dynamicQuantizeMatMul(c *call) {
	c.operands(0, 1, 4)
	c.n.Attrs = &graph.MatMulAttrs{}
	c.quantise(c.in(1), 2, 3, -1)
}

// qLinearMatMul has a, scale, zp, b, scale, zp, y scale, y zp.
func qLinearMatMul(c *call) {
	c.operands(0, 3, -1)
	c.n.Attrs = &graph.MatMulAttrs{}
	c.quantise(c.in(0), 1, 2, 0)
	c.quantise(c.in(3), 4, 5, -1)
	c.quantise(c.out(0), 6, 7, 0)
}

// qGemm has a, scale, zp, b, scale, zp, [c], [y scale], [y zp].
func qGemm(c *call) {
	c.operands(0, 3, 6)
	matMul(c)
	c.quantise(c.in(0), 1, 2, 0)
	c.quantise(c.in(3), 4, 5, -1)
	c.quantise(c.out(0), 7, 8, 0)
}

// matMulNBits has a, packed b [N, blocks, bytes], scales, [zero points],
// [g_idx], [bias], and K, N, bits, block_size as attributes.
func matMulNBits(c *call) {
	c.operands(0, 1, 5)
	c.n.Attrs = &graph.FullyConnectedAttrs{OutFeatures: c.int("N", 0), KeepDims: true}
	if t := c.Graph.Tensor(c.in(1)); t != nil && t.Const != nil {
		q := &graph.Quant{Scheme: graph.QuantBlockwise, Axis: 1, BlockSize: c.int("block_size", 0), Word: c.src.OpType}
		q.Scales, _ = c.floats(c.in(2))
		t.Quant = q
	}
}

// matMulBnb4 has a, packed b, absmax.
func matMulBnb4(c *call) {
	c.operands(0, 1, -1)
	c.n.Attrs = &graph.FullyConnectedAttrs{OutFeatures: c.int("N", 0), KeepDims: true}
}

func einsum(c *call) { c.n.Attrs = &graph.EinsumAttrs{Equation: c.str("equation", "")} }

// attention is ONNX's own: q, k, v, [mask], [past key], [past value].
func attention(c *call) {
	c.n.Attrs = &graph.AttentionAttrs{Heads: c.int("q_num_heads", 0), KVHeads: c.int("kv_num_heads", 0), PastKey: 4, PastValue: 5}
}

// contribAttention is ONNX Runtime's fused block with projections: x, weights
// [in, 3*hidden], bias, ....
func contribAttention(c *call) {
	a := &graph.AttentionAttrs{Heads: c.int("num_heads", 0), PackedQKV: true}
	if h := c.list("qkv_hidden_sizes"); len(h) == 3 {
		a.Hidden = h[2]
	}
	c.operands(0, -1, -1, 1, 2)
	c.n.Attrs = a
	if c.src.OpType == "QAttention" {
		c.quantise(c.in(0), 3, 6, 0)
		c.quantise(c.in(1), 4, 7, -1)
	}
}

// multiHeadAttention is ONNX Runtime's attention without projections: q, [k],
// [v], [bias], ...; with k absent q holds all three.
func multiHeadAttention(c *call) {
	a := &graph.AttentionAttrs{Heads: c.int("num_heads", 0), KVHeads: c.int("kv_num_heads", 0)}
	a.PackedQKV = c.in(1) == graph.NoTensor
	switch c.src.OpType {
	case "MultiHeadAttention":
		a.PastKey, a.PastValue = 6, 7
	case "GroupQueryAttention", "SparseAttention":
		a.PastKey, a.PastValue = 3, 4
	}
	c.n.Attrs = a
}

// embedLayerNorm has ids, segment ids, word, position and segment tables, ....
func embedLayerNorm(c *call) { c.operands(0, 2) }

// torchEmbedding has table, ids.
func torchEmbedding(c *call) { c.operands(1, 0) }

// rnn is LSTM, GRU and RNN: x, w, r, [b], [lengths], [h], [c], [p].
func rnn(c *call) {
	a := &graph.RNNAttrs{Hidden: c.int("hidden_size", 0), Directions: 1, TimeAxis: 0, BatchAxis: 1, DirectionAxis: 1}
	if c.str("direction", "forward") == "bidirectional" {
		a.Directions = 2
	}
	if c.flag("layout") {
		a.TimeAxis, a.BatchAxis, a.DirectionAxis = 1, 0, 2
	}
	a.Coupled = c.flag("input_forget")
	a.Peephole = c.n.Op == graph.LSTM && c.src.OpType == "LSTM" && c.in(7) != graph.NoTensor
	if a.Hidden == 0 {
		if t := c.Graph.Tensor(c.in(2)); t != nil && t.Shape.Len() == 3 {
			a.Hidden = max(0, t.Shape.Dim(2).Int())
		}
	}
	c.n.Attrs = a
}

// fft is DFT: x, [length], [axis]; the axis was an attribute before opset 20.
func fft(c *call) {
	a := &graph.SpectralAttrs{Pairs: true, Axis: c.axis("axis", 1), Inverse: c.flag("inverse"), OneSided: c.flag("onesided")}
	if c.version >= 20 {
		a.Axis = -2
		if v, ok := c.ints(c.in(2)); ok && len(v) == 1 {
			a.Axis = clampInt(v[0])
		}
	}
	if v, ok := c.ints(c.in(1)); ok && len(v) == 1 {
		a.Length = v[0]
	}
	c.n.Attrs = a
}

// stft has signal, frame step, [window], [frame length].
func stft(c *call) {
	a := &graph.SpectralAttrs{Pairs: true, Framed: true, Axis: 1, OneSided: c.int("onesided", 1) != 0}
	if v, ok := c.ints(c.in(1)); ok && len(v) == 1 {
		a.Hop = v[0]
	}
	if v, ok := c.ints(c.in(3)); ok && len(v) == 1 {
		a.Length = v[0]
	} else if t := c.Graph.Tensor(c.in(2)); c.in(3) == graph.NoTensor && t != nil && t.Shape.Len() == 1 {
		a.Length = max(0, t.Shape.Dim(0).Int())
	}
	c.n.Attrs = a
}

// rfft is ONNX Runtime's Rfft and Irfft over the last axes.
func rfft(c *call) {
	c.n.Attrs = &graph.SpectralAttrs{Axis: -1, OneSided: c.flag("onesided"), Inverse: c.src.OpType == "Irfft"}
}
