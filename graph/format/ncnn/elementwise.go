package ncnn

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

func relu(c *call) {
	c.n.Op = graph.Relu
	if c.params.float(0, 0) != 0 {
		c.n.Op = graph.LeakyRelu
	}
}

func prelu(c *call) {
	c.n.Op = graph.PRelu
	c.operands(c.floats("slope", c.params.int(0, 0)))
}

var binaryOps = []graph.Op{
	graph.Add, graph.Sub, graph.Mul, graph.Div, graph.Max, graph.Min, graph.Pow,
	graph.Sub, graph.Div, graph.Pow, graph.Atan2, graph.Atan2,
	graph.FloorDiv, graph.Mod, graph.Mod, graph.Mod, graph.LogicalAnd, graph.LogicalOr, graph.LogicalXor,
}

// reversed reports the operators that take their operands the other way round.
func reversed(op int64) bool { return op >= 7 && op <= 9 || op == 11 }

// binaryOp has a second input or the scalar of parameter 2. An operand of
// lower rank is aligned with the outermost axes of the other: for a sum or a
// product that is what Bias and Scale do.
func binaryOp(c *call) {
	kind := c.params.int(0, 0)
	c.n.Op = graph.BinaryOther
	if kind >= 0 && kind < int64(len(binaryOps)) {
		c.n.Op = binaryOps[kind]
	}
	if c.params.int(1, 0) != 0 || len(c.n.Inputs) == 1 {
		b := binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(c.params.float(2, 0))))
		c.operands(c.b.tensor(graph.Tensor{Name: c.name + ".b", DType: graph.Float32, Shape: graph.ShapeOf(), Const: &graph.Const{Data: b, StoredBytes: 0, NotParam: true}}))
		if reversed(kind) {
			c.n.Inputs[0], c.n.Inputs[1] = c.n.Inputs[1], c.n.Inputs[0]
		}
		return
	}
	if len(c.n.Inputs) != 2 {
		c.out(0)
		return
	}
	r0, r1 := c.rank(0), c.rank(1)
	if reversed(kind) {
		c.n.Inputs[0], c.n.Inputs[1] = c.n.Inputs[1], c.n.Inputs[0]
	}
	if r0 == 0 || r1 == 0 {
		c.out(max(r0, r1))
		return
	}
	c.out(max(r0, r1))
	if r0 != r1 {
		c.n.Attrs = &graph.AxisAttrs{Axis: 0}
	}
}

var unaryOps = []graph.Op{
	graph.Abs, graph.Neg, graph.Floor, graph.Ceil, graph.Square, graph.Sqrt, graph.Rsqrt, graph.Exp, graph.Log,
	graph.Sin, graph.Cos, graph.Tan, graph.Asin, graph.Acos, graph.Atan, graph.Reciprocal, graph.Tanh,
	graph.Log, graph.Round, graph.Trunc, graph.Sign, graph.Sinh, graph.Asinh, graph.Cosh, graph.Acosh, graph.Atanh, graph.Log1p, graph.LogicalNot,
}

func unaryOp(c *call) {
	c.n.Op = graph.UnaryOther
	if k := c.params.int(0, 0); k >= 0 && k < int64(len(unaryOps)) {
		c.n.Op = unaryOps[k]
	}
}

// scale has constants, or a second input when its size is -233.
func scale(c *call) {
	n := c.params.int(0, 0)
	c.op(graph.Scale, &graph.AxisAttrs{})
	if n != -233 {
		c.operands(c.floats("scale", n))
	}
	if c.params.int(1, 0) != 0 && n != -233 {
		c.operands(c.floats("bias", n))
	}
}

func bias(c *call) {
	c.op(graph.Bias, &graph.AxisAttrs{})
	c.operands(c.floats("bias", c.params.int(0, 0)))
}

// batchNorm stores slope, mean, variance, bias.
func batchNorm(c *call) {
	n := c.params.int(0, 0)
	slope, mean := c.floats("slope", n), c.floats("mean", n)
	variance, bias := c.floats("variance", n), c.floats("bias", n)
	c.operands(slope, bias, mean, variance)
	c.op(graph.BatchNormalization, &graph.AxisAttrs{})
}

func instanceNorm(c *call) {
	c.op(graph.InstanceNormalization, &graph.AxisAttrs{})
	affine(c, c.params.int(2, 1), c.params.int(0, 0))
}

func groupNorm(c *call) {
	c.op(graph.GroupNormalization, &graph.GroupAttrs{Groups: c.params.int(0, 1)})
	affine(c, c.params.int(3, 1), c.params.int(1, 0))
}

func layerNorm(c *call) {
	c.op(graph.LayerNormalization, &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true})
	affine(c, c.params.int(2, 1), c.params.int(0, 0))
}

func rmsNorm(c *call) {
	c.op(graph.RMSNormalization, &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true})
	if c.params.int(2, 1) != 0 {
		c.operands(c.floats("gamma", c.params.int(0, 0)))
	}
}

func affine(c *call, flag, n int64) {
	if flag != 0 {
		c.operands(c.floats("gamma", n), c.floats("beta", n))
	}
}

func lrn(c *call) {
	c.op(graph.LRN, &graph.LRNAttrs{Size: c.params.int(1, 5), WithinChannel: c.params.int(0, 0) == 1})
}

func mvn(c *call) {
	a := &graph.ReduceAttrs{KeepDims: true}
	if c.params.int(1, 0) == 0 {
		a.Axes = []int{-2, -1}
	}
	c.op(graph.MeanVarianceNormalization, a)
}

func normalize(c *call) {
	a := &graph.ReduceAttrs{KeepDims: true}
	space, channel := c.params.int(0, 0) != 0, c.params.int(4, 1) != 0
	switch {
	case space && !channel:
		a.Axes = []int{-2, -1}
	case !space && channel:
		a.Axes = []int{0}
	}
	c.op(graph.LpNormalization, a)
	if n := c.params.int(3, 0); n > 0 {
		c.operands(c.floats("scale", n))
	}
}

var elementTypes = []graph.DType{graph.UnknownDType, graph.Float32, graph.Float16, graph.Int8, graph.BFloat16}

func cast(c *call) {
	to := graph.UnknownDType
	if k := c.params.int(1, 0); k >= 0 && k < int64(len(elementTypes)) {
		to = elementTypes[k]
	}
	c.convert(graph.Cast, to)
}

// convert sets a conversion and the type of its outputs.
func (c *call) convert(op graph.Op, to graph.DType) {
	c.op(op, &graph.CastAttrs{To: to})
	for _, id := range c.n.Outputs {
		c.b.g.Tensors[id].DType = to
	}
}

func quantize(c *call) {
	c.operands(c.floats("scale", c.params.int(0, 1)))
	c.convert(graph.QuantizeLinear, graph.Int8)
}

func dequantize(c *call) {
	c.operands(c.floats("scale", c.params.int(0, 1)))
	if n := c.params.int(1, 0); n > 0 {
		c.operands(graph.NoTensor, c.floats("bias", n))
	}
	c.convert(graph.DequantizeLinear, graph.Float32)
}

func requantize(c *call) {
	c.operands(c.floats("scale_in", c.params.int(0, 1)), c.floats("scale_out", c.params.int(1, 1)))
	if n := c.params.int(2, 0); n > 0 {
		c.operands(c.floats("bias", n))
	}
	c.convert(graph.Requantize, graph.Int8)
}
