package graph

import "fmt"

// DType is the element type of a tensor.
type DType uint8

// The element types that mobile model formats store. UnknownDType is the zero
// value: a tensor whose type the file does not state.
const (
	UnknownDType DType = iota
	Float64
	Float32
	Float16
	BFloat16
	Float8E4M3FN
	Float8E4M3FNUZ
	Float8E5M2
	Float8E5M2FNUZ
	Float8E8M0
	Float6E2M3
	Float6E3M2
	Float4E2M1
	Int64
	Int32
	Int16
	Int8
	Int4
	Int2
	Uint64
	Uint32
	Uint16
	Uint8
	Uint4
	Uint2
	Uint1
	Bool
	Complex64
	Complex128
	String
	Resource
	Variant
	// BlockQuantized stands for the block-packed types of GGUF and similar
	// files (q4_0, iq2_xs, ...), whose size is per block; Tensor.Const states
	// the bytes and Tensor.Quant the scheme.
	BlockQuantized
	dtypeCount
)

type dtypeFact struct {
	name  string
	bits  int
	float bool
	int   bool
}

var dtypeFacts = [dtypeCount]dtypeFact{
	UnknownDType:   {name: "unknown"},
	Float64:        {"float64", 64, true, false},
	Float32:        {"float32", 32, true, false},
	Float16:        {"float16", 16, true, false},
	BFloat16:       {"bfloat16", 16, true, false},
	Float8E4M3FN:   {"float8_e4m3fn", 8, true, false},
	Float8E4M3FNUZ: {"float8_e4m3fnuz", 8, true, false},
	Float8E5M2:     {"float8_e5m2", 8, true, false},
	Float8E5M2FNUZ: {"float8_e5m2fnuz", 8, true, false},
	Float8E8M0:     {"float8_e8m0", 8, true, false},
	Float6E2M3:     {"float6_e2m3", 6, true, false},
	Float6E3M2:     {"float6_e3m2", 6, true, false},
	Float4E2M1:     {"float4_e2m1", 4, true, false},
	Int64:          {"int64", 64, false, true},
	Int32:          {"int32", 32, false, true},
	Int16:          {"int16", 16, false, true},
	Int8:           {"int8", 8, false, true},
	Int4:           {"int4", 4, false, true},
	Int2:           {"int2", 2, false, true},
	Uint64:         {"uint64", 64, false, true},
	Uint32:         {"uint32", 32, false, true},
	Uint16:         {"uint16", 16, false, true},
	Uint8:          {"uint8", 8, false, true},
	Uint4:          {"uint4", 4, false, true},
	Uint2:          {"uint2", 2, false, true},
	Uint1:          {"uint1", 1, false, true},
	Bool:           {"bool", 8, false, false},
	Complex64:      {"complex64", 64, true, false},
	Complex128:     {"complex128", 128, true, false},
	String:         {name: "string"},
	Resource:       {name: "resource"},
	Variant:        {name: "variant"},
	BlockQuantized: {name: "block_quantized"},
}

// String returns the spelling used in the tables, for example "float32" or
// "int4"; "unknown" for UnknownDType.
func (d DType) String() string {
	if d >= dtypeCount {
		return fmt.Sprintf("dtype(%d)", uint8(d))
	}
	return dtypeFacts[d].name
}

// Bits returns the width of one element in bits, 0 where an element has no
// fixed width (string, resource, variant, block quantised, unknown).
func (d DType) Bits() int {
	if d >= dtypeCount {
		return 0
	}
	return dtypeFacts[d].bits
}

// IsFloat reports whether elements are floating point (complex included).
func (d DType) IsFloat() bool { return d < dtypeCount && dtypeFacts[d].float }

// IsInteger reports whether elements are integers; Bool is not one.
func (d DType) IsInteger() bool { return d < dtypeCount && dtypeFacts[d].int }

// ByteCount returns the bytes that n packed elements take (sub-byte types are
// packed, the last byte padded); ok is false where the width is not fixed.
func (d DType) ByteCount(n int64) (bytes int64, ok bool) {
	bits := int64(d.Bits())
	if bits == 0 || n < 0 || n > (1<<62)/bits {
		return 0, false
	}
	return (n*bits + 7) / 8, true
}

// DTypeNamed returns the dtype with the given table spelling, UnknownDType if
// there is none.
func DTypeNamed(name string) DType {
	for d, f := range dtypeFacts {
		if f.name == name {
			return DType(d)
		}
	}
	return UnknownDType
}
