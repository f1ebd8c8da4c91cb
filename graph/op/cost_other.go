package op

import "github.com/gaugenn/gaugenn/graph"

// Formulas of operators without multiply-accumulates. E is the number of
// elements of the result, X of operand 0, K the product of a window.

// perElement is the number of Ops of an elementwise function per element:
// comparisons, additions, multiplications, divisions and elementary functions
// count 1 each. Sigmoid is exp, add, divide; tanh exp, subtract, add, divide;
// hard-sigmoid multiply, add, two comparisons; GELU (erf form) divide, erf,
// add, two multiplications; GLU a sigmoid and a multiplication.
var perElement = map[graph.Op]int64{
	graph.Identity: 0, graph.Dropout: 0,
	graph.Relu: 1, graph.Relu6: 2, graph.ReluN1To1: 2, graph.Relu0To1: 2, graph.LeakyRelu: 2, graph.PRelu: 2,
	graph.Elu: 4, graph.Celu: 5, graph.Selu: 5, graph.Gelu: 5, graph.Silu: 4, graph.Mish: 7,
	graph.HardSigmoid: 4, graph.HardSwish: 5, graph.Sigmoid: 3, graph.LogSigmoid: 3, graph.Tanh: 4,
	graph.Softplus: 3, graph.Softsign: 3, graph.ThresholdedRelu: 1, graph.Shrink: 3, graph.Clip: 2,
	graph.Abs: 1, graph.Neg: 1, graph.Sign: 1, graph.Ceil: 1, graph.Floor: 1, graph.Round: 1, graph.Trunc: 1,
	graph.Exp: 1, graph.Expm1: 2, graph.Log: 1, graph.Log1p: 2, graph.Sqrt: 1, graph.Rsqrt: 2, graph.Cbrt: 1,
	graph.Square: 1, graph.Reciprocal: 1,
	graph.Sin: 1, graph.Cos: 1, graph.Tan: 1, graph.Asin: 1, graph.Acos: 1, graph.Atan: 1,
	graph.Sinh: 4, graph.Cosh: 4, graph.Asinh: 4, graph.Acosh: 4, graph.Atanh: 5, graph.Erf: 1,
	graph.LogicalNot: 1, graph.BitwiseNot: 1, graph.PopulationCount: 1,
	graph.IsNaN: 1, graph.IsInf: 1, graph.IsFinite: 1, graph.Real: 0, graph.Imag: 0, graph.ComplexAbs: 4,
	graph.Power: 3, graph.UnaryOther: 1, graph.Cast: 1, graph.BitCast: 0,
	graph.QuantizeLinear: 2, graph.DequantizeLinear: 2, graph.Requantize: 2, graph.DynamicQuantizeLinear: 4,
	graph.FakeQuantize: 4, graph.Bernoulli: 1,
	graph.Add: 1, graph.Sub: 1, graph.Mul: 1, graph.Div: 1, graph.FloorDiv: 2, graph.Mod: 2, graph.FloorMod: 2, graph.Pow: 1,
	graph.SquaredDifference: 2, graph.Atan2: 1, graph.BitShift: 1, graph.BitwiseAnd: 1, graph.BitwiseOr: 1, graph.BitwiseXor: 1,
	graph.LogicalAnd: 1, graph.LogicalOr: 1, graph.LogicalXor: 1, graph.Equal: 1, graph.NotEqual: 1, graph.Greater: 1,
	graph.GreaterOrEqual: 1, graph.Less: 1, graph.LessOrEqual: 1, graph.Complex: 0, graph.BinaryOther: 1, graph.Where: 1,
	graph.Scale: 1, graph.Bias: 1, graph.BatchNormalization: 2, graph.RotaryEmbedding: 3, graph.GLU: 4,
}

// costElementwise: perElement * E. Source: the count of onnx-tool and fvcore
// with every elementary function as 1.
func costElementwise(s *site) work {
	var z sizes
	return z.done(0, mul(perElement[s.n.Op], z.of(s.outShape(0))))
}

// costVariadic: (operands - 1) * E, as TensorFlow Lite counts ADD_N; Mean
// divides once more.
func costVariadic(s *site) work {
	var z sizes
	n := int64(max(len(s.n.Inputs)-1, 0))
	if s.n.Op == graph.Mean {
		n++
	}
	return z.done(0, mul(n, z.of(s.outShape(0))))
}

// costScale: one multiplication, and one addition with a bias.
func costScale(s *site) work {
	var z sizes
	n := int64(1)
	if s.has(2) {
		n = 2
	}
	return z.done(0, mul(n, z.of(s.outShape(0))))
}

// costFree is pure data movement: bytes, no arithmetic.
func costFree(*site) work { return work{} }

// costPool: E*K comparisons (max) or additions (average) and a division per
// element for the average; Lp pools take a power per value and a root. Source:
// TensorFlow Lite tooling_util EstimateArithmeticOpsCount, E*K.
func costPool(s *site) work {
	a := attrs[graph.PoolAttrs](s)
	var z sizes
	e, x := z.of(s.outShape(0)), z.of(s.shape(0))
	window := int64(1)
	switch {
	case a.Global || len(a.AdaptiveOutput) > 0:
		// Every input element takes part once.
		return z.done(0, poolOps(s.n.Op, x, e))
	default:
		for _, k := range a.Kernel {
			window = mul(window, k)
		}
	}
	return z.done(0, poolOps(s.n.Op, mul(e, window), e))
}

func poolOps(op graph.Op, taken, results int64) int64 {
	switch op {
	case graph.AveragePool:
		return add(taken, results)
	case graph.LpPool:
		return add(mul(2, taken), results)
	}
	return taken
}

// softmaxOps are the Ops per element of the softmax family.
var softmaxOps = map[graph.Op]int64{graph.Softmax: 3, graph.LogSoftmax: 4, graph.Hardmax: 1}

// costSoftmax: exp, add, divide: 3*E (netscope's exp+add+div); LogSoftmax adds
// a logarithm per element, Hardmax is a comparison.
func costSoftmax(s *site) work {
	var z sizes
	n := softmaxOps[s.n.Op]
	return z.done(0, mul(n, z.of(s.outShape(0))))
}

// normOps per element: layer normalisation takes the mean (1), the variance
// (2), normalises (2) and applies scale and bias (2): 7; without them 5. RMS
// normalisation: square, add, multiply, scale: 4. Source: Ba et al. 2016;
// fvcore counts 5*E for the affine form.
var normOps = map[graph.Op]int64{
	graph.LayerNormalization: 7, graph.InstanceNormalization: 7, graph.GroupNormalization: 7,
	graph.SkipLayerNormalization: 8, graph.RMSNormalization: 4, graph.LpNormalization: 3, graph.MeanVarianceNormalization: 5,
}

func costNorm(s *site) work {
	var z sizes
	n := normOps[s.n.Op]
	if n == 7 && !s.has(1) {
		n = 5
	}
	return z.done(0, mul(n, z.of(s.outShape(0))))
}

// costLRN: per element size products and sums, then scale, add, pow, divide:
// E*(2*size + 4); within a channel the window is size². Source: Krizhevsky et
// al. 2012; netscope counts E*size macc + E add + E exp + 2E div.
func costLRN(s *site) work {
	a := attrs[graph.LRNAttrs](s)
	var z sizes
	n := max(a.Size, 1)
	if a.WithinChannel {
		n = mul(n, n)
	}
	return z.done(0, mul(z.of(s.outShape(0)), 2*min(n, 1<<40)+4))
}

// reduceOps is the number of Ops per element read.
var reduceOps = map[graph.Op]int64{
	graph.ReduceL1: 2, graph.ReduceL2: 2, graph.ReduceSumSquare: 2, graph.ReduceLogSumExp: 2,
}

// costReduce: one Op per element read (two where each is first transformed),
// and one per result for the mean, root or logarithm.
func costReduce(s *site) work {
	var z sizes
	x, e := z.of(s.shape(0)), z.of(s.outShape(0))
	ops := mul(max(reduceOps[s.n.Op], 1), x)
	switch s.n.Op {
	case graph.ReduceMean, graph.ReduceL2, graph.ReduceLogSum, graph.ReduceLogSumExp:
		ops = add(ops, e)
	}
	return z.done(0, ops)
}

// costSort: n*log2(n) comparisons per row; TopK a heap of k: n*log2(k).
func costSort(s *site) work {
	var z sizes
	n := z.of(s.shape(0))
	width := int64(1)
	if s.n.Op == graph.TopK {
		if axis, ok := normAxis(attrs[graph.TopKAttrs](s).Axis, s.shape(0).Len()); ok {
			width = z.dim(s.outShape(0).Dim(axis))
		}
	} else if axis, ok := normAxis(attrs[graph.AxisAttrs](s).Axis, s.shape(0).Len()); ok {
		width = z.dim(s.shape(0).Dim(axis))
	}
	log := int64(1)
	for v := width; v > 2; v >>= 1 {
		log++
	}
	return z.done(0, mul(n, log))
}

// costResize: nearest 0; linear 4 per element and 2-D (fvcore's 4*E), cubic 8
// (onnx-tool), area one addition per input element.
func costResize(s *site) work {
	a := attrs[graph.ResizeAttrs](s)
	var z sizes
	e := z.of(s.outShape(0))
	switch a.Mode {
	case "linear":
		return z.done(0, mul(4, e))
	case "cubic":
		return z.done(0, mul(8, e))
	case "area":
		return z.done(0, add(z.of(s.shape(0)), e))
	}
	return z.done(0, 0)
}

// costGridSample: bilinear interpolation, 4 products and 3 sums per element.
func costGridSample(s *site) work {
	var z sizes
	return z.done(0, mul(7, z.of(s.outShape(0))))
}

// costRoi: max over or interpolation of each region; at least one Op per
// element of the result, 7 for the interpolation of RoiAlign per sample.
func costRoi(s *site) work {
	a := attrs[graph.RoiAttrs](s)
	var z sizes
	e := z.of(s.outShape(0))
	if s.n.Op == graph.RoiAlign {
		n := max(a.SamplingRatio, 1)
		return z.done(0, mul(8, e, n, n))
	}
	return z.done(0, e)
}

// costScatter: one addition per update.
func costScatter(s *site) work {
	var z sizes
	i := 2
	if s.n.Op == graph.ScatterFromShape {
		i = 1
	}
	return z.done(0, z.of(s.shape(i)))
}

// costInput: one Op per element of operand 0.
func costInput(s *site) work {
	var z sizes
	return z.done(0, z.of(s.shape(0)))
}

// costOutput: one Op per element of the result.
func costOutput(s *site) work {
	var z sizes
	return z.done(0, z.of(s.outShape(0)))
}

// costBucketize: a binary search over the boundaries per element.
func costBucketize(s *site) work {
	var z sizes
	log := int64(1)
	if n, ok := s.shape(1).Elements(); ok && s.has(1) {
		for ; n > 1; n >>= 1 {
			log++
		}
	}
	return z.done(0, mul(log, z.of(s.outShape(0))))
}

// costEmbeddingBag: one addition per value gathered.
func costEmbeddingBag(s *site) work {
	var z sizes
	return z.done(0, mul(z.of(s.shape(0)), z.dim(s.shape(1).Dim(-1))))
}
