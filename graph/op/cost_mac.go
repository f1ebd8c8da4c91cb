package op

import "github.com/gaugenn/gaugenn/graph"

// Formulas of multiply-accumulate operators. N is the batch, Ci and Co the
// channels, K the product of the kernel, G the groups, S the spatial size, E
// the elements of the result. Bias adds one Op per element of the result.

// costConv: MACs = N*S_out*Co*(Ci/G)*K = E*(Ci/G)*K. Depthwise: E*K.
// Source: He et al. 2015, Convolutional Neural Networks at Constrained Time
// Cost; the same as fvcore conv_flop_count and TensorFlow Lite's
// arithmetic_count_util (halved).
func costConv(s *site) work {
	a := attrs[graph.ConvAttrs](s)
	var z sizes
	e := z.of(s.outShape(0))
	per := z.dim(kernelSize(s, a))
	if !a.Depthwise {
		per = mul(per, z.dim(channelsPerGroup(s, a)))
	}
	w := z.done(mul(e, per), biasOps(s, biasIndex(s.n.Op), e))
	if s.n.Op == graph.DeformConv {
		// Each sample is interpolated from 4 neighbours: 4 multiplications and
		// 3 additions per value read (Dai et al. 2017).
		w.ops = add(w.ops, mul(7, e/max(z.dim(s.outShape(0).Dim(1)), 1), per))
	}
	return w
}

// kernelSize is K, the product of the filter's spatial axes.
func kernelSize(s *site, a *graph.ConvAttrs) graph.Dim {
	n := max(len(a.Filter.Spatial), len(a.Kernel))
	k := graph.DimOf(1)
	for i := range n {
		k = mulDim(k, spatialFilter(s, a, i))
	}
	return k
}

// channelsPerGroup is Ci/G, from the filter or from the input.
func channelsPerGroup(s *site, a *graph.ConvAttrs) graph.Dim {
	if d := filterDim(s, a.Filter.In); d.IsKnown() {
		return d
	}
	l, ok := layout(a.Data, s.shape(0).Len())
	if !ok {
		return unknownDim
	}
	return divDim(s.shape(0).Dim(l.Channel), max(a.Groups, 1))
}

func biasOps(s *site, i int, e int64) int64 {
	if s.has(i) {
		return e
	}
	return 0
}

// costConvTranspose: MACs = N*S_in*Ci*(Co/G)*K, on input positions. Source:
// fvcore conv_flop_count(transposed); TensorFlow Lite's TransposeConv count.
func costConvTranspose(s *site) work {
	a := attrs[graph.ConvAttrs](s)
	var z sizes
	co := filterDim(s, a.Filter.Out)
	if !co.IsKnown() && a.OutChannels > 0 {
		co = divDim(known(a.OutChannels), max(a.Groups, 1))
	}
	if a.Depthwise {
		co = graph.DimOf(1)
	}
	macs := mul(z.of(s.shape(0)), z.dim(co), z.dim(kernelSize(s, a)))
	return z.done(macs, biasOps(s, 2, z.of(s.outShape(0))))
}

// costSeparable: a depthwise convolution to C*m channels (the filter's Out
// axis), then a 1x1 convolution of those: per place C*m*K + C*m*Co MACs.
func costSeparable(s *site) work {
	a := attrs[graph.ConvAttrs](s)
	var z sizes
	e := z.of(s.outShape(0))
	between := z.dim(filterDim(s, a.Filter.Out))
	co := max(z.dim(known(a.OutChannels)), 1)
	macs := add(mul(e/co, between, z.dim(kernelSize(s, a))), mul(e, between))
	return z.done(macs, biasOps(s, 3, e))
}

// costMatMul: MACs = batch*M*K*N.
func costMatMul(s *site) work {
	var z sizes
	e := z.of(s.outShape(0))
	p := product(s)
	k := p.k
	if a := attrs[graph.MatMulAttrs](s); a.K > 0 {
		k = known(a.K)
	}
	return z.done(mul(e, z.dim(k)), biasOps(s, 2, e))
}

// costFullyConnected: MACs = rows*K*N = E*K.
func costFullyConnected(s *site) work {
	a := attrs[graph.FullyConnectedAttrs](s)
	var z sizes
	e := z.of(s.outShape(0))
	inAxis := 1
	if a.TransposedFilter {
		inAxis = 0
	}
	k := filterDim(s, inAxis)
	if !k.IsKnown() || s.shape(1).Len() != 2 {
		k = features(s, a)
	}
	return z.done(mul(e, z.dim(k)), biasOps(s, 2, e))
}

// costEinsum: operands are contracted from the left; each step costs the
// product of all labels that take part, as MACs where a label is summed, else
// as multiplications. A single operand costs one addition per element read.
// Source: the definition of numpy.einsum without path optimisation.
func costEinsum(s *site) work {
	e, ok := parseEinsum(s)
	if !ok {
		return unknownWork("the equation does not fit the operands")
	}
	var z sizes
	if len(e.inputs) == 1 {
		n := z.of(s.shape(0))
		if z.of(s.outShape(0)) == n {
			n = 0
		}
		return z.done(0, n)
	}
	var w work
	have := e.inputs[0]
	for i := 1; i < len(e.inputs); i++ {
		need := map[rune]bool{}
		for _, l := range e.output {
			need[l] = true
		}
		for _, in := range e.inputs[i+1:] {
			for _, l := range in {
				need[l] = true
			}
		}
		seen := map[rune]bool{}
		var keep []rune
		n, summed := int64(1), false
		for _, l := range append(append([]rune(nil), have...), e.inputs[i]...) {
			if seen[l] {
				continue
			}
			seen[l] = true
			n = mul(n, z.dim(e.size[l]))
			if need[l] {
				keep = append(keep, l)
			} else {
				summed = true
			}
		}
		if summed {
			w.macs = add(w.macs, n)
		} else {
			w.ops = add(w.ops, n)
		}
		have = keep
	}
	return z.done(w.macs, w.ops)
}

// costRecurrent: MACs = D*T*N*g*H*(I+R), g gates (LSTM 4, with coupled gates 3;
// GRU 3; RNN 1), R the recurrent width, plus H*P for a projection. Ops per
// step and hidden unit: LSTM 3 sigmoid (3 each), 2 tanh (4 each), 3 products,
// 1 sum, 4 biases = 25; GRU 2 sigmoid, 1 tanh, 4 blends, 3 biases = 17; RNN
// tanh and bias = 5. Source: Hochreiter & Schmidhuber 1997, Cho et al. 2014;
// MACs as ptflops counts them.
func costRecurrent(s *site) work {
	a := attrs[graph.RNNAttrs](s)
	r := recurrentOf(s)
	var z sizes
	cells := mul(z.dim(r.steps), z.dim(r.batch), r.directions)
	if r.hidden <= 0 {
		return unknownWork("the hidden size is not known")
	}
	gates, ops := int64(1), int64(5)
	switch s.n.Op {
	case graph.LSTM:
		if gates, ops = 4, 25; a.Coupled {
			gates, ops = 3, 21
		}
		if a.Peephole {
			ops += 6
		}
	case graph.GRU:
		gates, ops = 3, 17
	}
	macs := mul(cells, gates, r.hidden, z.dim(r.input)+r.state)
	if a.Projection > 0 {
		macs = add(macs, mul(cells, r.hidden, r.state))
	}
	return z.done(macs, mul(cells, r.hidden, ops))
}

// costSVDF: MACs = N*(filters*I + filters*memory); the filters of one unit are
// then added. Source: Nakkiran et al. 2015, Compressing Deep Neural Networks
// using a Rank-Constrained Topology; TensorFlow Lite reference svdf.cc.
func costSVDF(s *site) work {
	var z sizes
	n := z.dim(s.shape(0).Dim(0))
	filters := z.dim(s.shape(1).Dim(0))
	in, mem := z.dim(s.shape(1).Dim(1)), z.dim(s.shape(2).Dim(1))
	return z.done(mul(n, filters, in+mem), add(mul(n, filters), biasOps(s, 3, z.of(s.outShape(0)))))
}

// costAttention: MACs = B*Lq*Lk*h*(Dk + Dv) for q·kᵀ and the weighted sum, Lk
// with the keys of earlier steps; softmax 3 and scaling 1 Op per score.
// Source: Vaswani et al. 2017.
func costAttention(s *site) work {
	a := attrs[graph.AttentionAttrs](s)
	q := s.shape(0)
	if q.Len() < 2 {
		return unknownWork("the shape of q is not known")
	}
	var z sizes
	lead, lq, lk := z.dim(prod(q, 0, q.Len()-2)), z.dim(q.Dim(-2)), z.dim(keyLength(s, a))
	dv := z.dim(s.outShape(0).Dim(-1))
	dq := z.dim(q.Dim(-1))
	if a.PackedQKV && !s.has(1) {
		dq = dv
	}
	heads := int64(1)
	if q.Len() == 3 && a.Heads > 0 && lead != a.Heads {
		heads = a.Heads
	}
	scores := mul(lead, lq, lk)
	return z.done(mul(scores, add(dq, dv)), mul(4, scores, heads))
}

// costMultiHead: projections rows*weights (each weight element is used once
// per row), then attention: 2*Lq*Lk*D per batch. Source: Vaswani et al. 2017.
func costMultiHead(s *site) work {
	a := attrs[graph.AttentionAttrs](s)
	var z sizes
	q := s.shape(0)
	if q.Len() < 2 {
		return unknownWork("the shape of q is not known")
	}
	k := q
	if s.has(1) && s.in(1).Const == nil && s.shape(1).Len() == q.Len() {
		k = s.shape(1)
	}
	rows, d := z.dim(prod(q, 0, q.Len()-1)), z.dim(s.outShape(0).Dim(-1))
	lk := z.dim(k.Dim(-2))
	var projection int64
	for i := range s.n.Inputs {
		if t := s.in(i); t != nil && t.Const != nil {
			// Biases are vectors; matrices are multiplied with every row.
			if n := z.of(t.Shape); n > mul(4, d) {
				projection = add(projection, n)
			}
		}
	}
	macs := add(mul(rows, projection), mul(2, rows, lk, d))
	return z.done(macs, mul(4, rows, lk, max(a.Heads, 1)))
}

// costCorrelation: one product per channel and displacement, E*C MACs.
func costCorrelation(s *site) work {
	var z sizes
	return z.done(mul(z.of(s.outShape(0)), z.dim(s.shape(0).Dim(1))), 0)
}

// costSpectral: 5*n*log2(n) real operations per transform of length n (Cooley
// & Tukey 1965), half for real input or output.
func costSpectral(s *site) work {
	a := attrs[graph.SpectralAttrs](s)
	x, y := s.shape(0), s.outShape(0)
	axis, ok := normAxis(a.Axis, x.Len())
	if !ok || s.n.Attrs == nil {
		return unknownWork("the axis is not known")
	}
	var z sizes
	n := z.dim(x.Dim(axis))
	switch {
	case a.Length > 0:
		n = a.Length
	case a.Framed:
		return unknownWork("the length of a frame is not known")
	case a.OneSided && a.Inverse:
		n = z.dim(y.Dim(axis))
	}
	log := int64(0)
	for v := n; v > 1; v >>= 1 {
		log++
	}
	ops := mul(5, n, log, transforms(&z, a, x, y, axis))
	if a.OneSided {
		ops /= 2
	}
	return z.done(0, ops)
}

// transforms is how many there are: one per value beside the transformed axis,
// or one per frame.
func transforms(z *sizes, a *graph.SpectralAttrs, x, y graph.Shape, axis int) int64 {
	switch {
	case a.Framed && a.Inverse:
		return z.dim(x.Dim(1))
	case a.Framed && a.BinsFirst:
		return z.dim(y.Dim(1))
	case a.Framed:
		return mul(z.dim(y.Dim(0)), z.dim(y.Dim(1)))
	}
	n := z.of(x) / max(z.dim(x.Dim(axis)), 1)
	if a.Pairs {
		n /= max(z.dim(x.Dim(-1)), 1)
	}
	return n
}

// costDet: n³/3 MACs per matrix, the LU decomposition (Golub & Van Loan,
// Matrix Computations, 3.2).
func costDet(s *site) work {
	var z sizes
	n := z.dim(s.shape(0).Dim(-1))
	return z.done(mul(z.of(s.outShape(0)), mul(n, n, n)/3), 0)
}
