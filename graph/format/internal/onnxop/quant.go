package onnxop

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// out returns output i.
func (c *call) out(i int) graph.TensorID {
	if i < 0 || i >= len(c.src.Outputs) {
		return graph.NoTensor
	}
	return c.src.Outputs[i]
}

// maxScales bounds the scales that are copied into a Quant.
const maxScales = 1 << 16

// floats returns the value of a constant float tensor.
func (s *Scope) floats(id graph.TensorID) ([]float32, bool) {
	t := s.Graph.Tensor(id)
	if t == nil || t.Const == nil || t.DType != graph.Float32 {
		return nil, false
	}
	n, ok := t.Shape.Elements()
	if !ok || n > maxScales {
		return nil, false
	}
	b, err := t.Const.Bytes()
	if err != nil || int64(len(b)) != 4*n {
		return nil, false
	}
	out := make([]float32, n)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out, true
}

// zeroPoints returns the value of a constant 8, 16 or 32-bit integer tensor.
func (s *Scope) zeroPoints(id graph.TensorID) []int64 {
	t := s.Graph.Tensor(id)
	if t == nil || t.Const == nil || !t.DType.IsInteger() {
		return nil
	}
	n, ok := t.Shape.Elements()
	w := int64(t.DType.Bits() / 8)
	if !ok || n > maxScales || w == 0 || w > 4 {
		return nil
	}
	b, err := t.Const.Bytes()
	if err != nil || int64(len(b)) != n*w {
		return nil
	}
	out := make([]int64, n)
	for i := range out {
		e := b[int64(i)*w:]
		switch t.DType {
		case graph.Uint8:
			out[i] = int64(e[0])
		case graph.Int8:
			out[i] = int64(int8(e[0]))
		case graph.Uint16:
			out[i] = int64(binary.LittleEndian.Uint16(e))
		case graph.Int16:
			out[i] = int64(int16(binary.LittleEndian.Uint16(e)))
		case graph.Int32:
			out[i] = int64(int32(binary.LittleEndian.Uint32(e)))
		case graph.Uint32:
			out[i] = int64(binary.LittleEndian.Uint32(e))
		}
	}
	return out
}

// quantise notes a tensor's quantisation where the scale is a constant; scale
// and zero are positions of operands. The first statement about a tensor stands.
func (c *call) quantise(id graph.TensorID, scale, zero, axis int) {
	c.Quantise(id, c.in(scale), c.in(zero), axis)
}

// quantizeLinear is x, scale, [zero point]; the zero point's dtype is the
// result's, uint8 without one.
func quantizeLinear(c *call) {
	to := dtypeOf(c.int("output_dtype", 0))
	if to == graph.UnknownDType {
		to = c.dtype(c.in(2))
	}
	if to == graph.UnknownDType && c.in(2) == graph.NoTensor {
		to = graph.Uint8
	}
	c.n.Attrs = &graph.CastAttrs{To: to}
	c.quantise(c.out(0), 1, 2, c.axis("axis", 1))
	c.blockwise(c.out(0))
}

// dequantizeLinear is x, scale, [zero point]; the scale's dtype is the result's.
func dequantizeLinear(c *call) {
	to := dtypeOf(c.int("output_dtype", 0))
	if to == graph.UnknownDType {
		to = c.dtype(c.in(1))
	}
	c.n.Attrs = &graph.CastAttrs{To: to}
	c.quantise(c.in(0), 1, 2, c.axis("axis", 1))
	c.blockwise(c.in(0))
}

func (c *call) blockwise(id graph.TensorID) {
	if t := c.Graph.Tensor(id); t != nil && t.Quant != nil && c.int("block_size", 0) > 0 {
		t.Quant.Scheme, t.Quant.BlockSize = graph.QuantBlockwise, c.int("block_size", 0)
	}
}

// qLinearBinary has a, scale, zp, b, scale, zp, y scale, y zp.
func qLinearBinary(c *call) {
	c.operands(0, 3)
	c.quantise(c.in(0), 1, 2, 0)
	c.quantise(c.in(3), 4, 5, 0)
	c.quantise(c.out(0), 6, 7, 0)
}

// qLinearUnary has x, scale, zp, y scale, y zp.
func qLinearUnary(c *call) {
	c.quantise(c.in(0), 1, 2, 0)
	c.quantise(c.out(0), 3, 4, 0)
	c.only(0)
}

func qLinearSoftmax(c *call) {
	softmax(c)
	qLinearUnary(c)
}

func qLinearReduce(c *call) {
	reduce(c)
	qLinearUnary(c)
}

// qLinearConcat has y scale, y zp, then x, scale, zp for each operand.
func qLinearConcat(c *call) {
	var xs []graph.TensorID
	for i := 2; i < len(c.src.Inputs); i += 3 {
		xs = append(xs, c.src.Inputs[i])
		c.quantise(c.src.Inputs[i], i+1, i+2, 0)
	}
	c.quantise(c.out(0), 0, 1, 0)
	c.n.Inputs = xs
	concat(c)
}

// qLinearWhere has condition, x, scale, zp, y, scale, zp, z scale, z zp.
func qLinearWhere(c *call) { c.operands(0, 1, 4) }

// DTypes by ONNX's TensorProto.DataType.
var dtypes = [...]graph.DType{
	1: graph.Float32, 2: graph.Uint8, 3: graph.Int8, 4: graph.Uint16, 5: graph.Int16, 6: graph.Int32, 7: graph.Int64,
	8: graph.String, 9: graph.Bool, 10: graph.Float16, 11: graph.Float64, 12: graph.Uint32, 13: graph.Uint64,
	14: graph.Complex64, 15: graph.Complex128, 16: graph.BFloat16, 17: graph.Float8E4M3FN, 18: graph.Float8E4M3FNUZ,
	19: graph.Float8E5M2, 20: graph.Float8E5M2FNUZ, 21: graph.Uint4, 22: graph.Int4, 23: graph.Float4E2M1,
	24: graph.Float8E8M0, 25: graph.Uint2, 26: graph.Int2, 27: graph.Float6E2M3, 28: graph.Float6E3M2,
}

// DType returns the dtype of a TensorProto.DataType, unknown outside its range.
func DType(dataType int64) graph.DType { return dtypeOf(dataType) }

func dtypeOf(v int64) graph.DType {
	if v < 0 || v >= int64(len(dtypes)) {
		return graph.UnknownDType
	}
	return dtypes[v]
}

// Quantise notes the quantisation of a tensor whose scale and zero point are
// the given constant tensors; it does nothing where the scale is none.
func (s *Scope) Quantise(id, scale, zero graph.TensorID, axis int) {
	t := s.Graph.Tensor(id)
	if t == nil || t.Quant != nil {
		return
	}
	if scales, ok := s.floats(scale); ok && len(scales) > 0 {
		t.Quant = &graph.Quant{Scales: scales, ZeroPoints: s.zeroPoints(zero), Axis: axis}
	}
}
