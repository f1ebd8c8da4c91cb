package weights

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// smallFloat decodes a floating-point pattern of at most 16 bits. Sources:
// IEEE 754 binary16; bfloat16 as the upper half of binary32; OCP 8-bit
// Floating Point Specification (E4M3, E5M2) with the FNUZ variants of
// ONNX; OCP Microscaling Formats (E8M0, E2M1).
func smallFloat(dt graph.DType, u uint32) float64 {
	switch dt {
	case graph.Float16:
		return half(u)
	case graph.BFloat16:
		return float64(math.Float32frombits(u << 16))
	case graph.Float8E5M2:
		return float(u, 5, 2, 15, true)
	case graph.Float8E4M3FN:
		if u&0x7f == 0x7f {
			return math.NaN()
		}
		return float(u, 4, 3, 7, false)
	case graph.Float8E4M3FNUZ, graph.Float8E5M2FNUZ:
		if u == 0x80 {
			return math.NaN()
		}
		if dt == graph.Float8E4M3FNUZ {
			return float(u, 4, 3, 8, false)
		}
		return float(u, 5, 2, 16, false)
	case graph.Float8E8M0:
		if u == 0xff {
			return math.NaN()
		}
		return math.Ldexp(1, int(u)-127)
	case graph.Float4E2M1:
		return float(u, 2, 1, 1, false)
	}
	return math.NaN()
}

// half decodes binary16 by moving its fields to where binary64 has them.
func half(u uint32) float64 {
	const bias = 1023 - 15
	exp, frac := uint64(u>>10&31), uint64(u&1023)
	if exp == 0 || exp == 31 {
		return float(u, 5, 10, 15, true)
	}
	return math.Float64frombits(uint64(u>>15)<<63 | (exp+bias)<<52 | frac<<42)
}

// float decodes sign, exponent and fraction; with special the largest exponent
// means infinity and NaN.
func float(u uint32, expBits, fracBits, bias int, special bool) float64 {
	frac := u & (1<<fracBits - 1)
	exp := int(u>>fracBits) & (1<<expBits - 1)
	sign := 1.0
	if u>>(expBits+fracBits)&1 != 0 {
		sign = -1
	}
	switch {
	case special && exp == 1<<expBits-1 && frac != 0:
		return math.NaN()
	case special && exp == 1<<expBits-1:
		return math.Inf(int(sign))
	case exp == 0:
		return sign * math.Ldexp(float64(frac), 1-bias-fracBits)
	}
	return sign * math.Ldexp(float64(frac|1<<fracBits), exp-bias-fracBits)
}
