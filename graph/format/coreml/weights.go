package coreml

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers of WeightParams and its quantisation.
const (
	weightFloat        = 1
	weightFloat16      = 2
	weightRaw          = 30
	weightInt8         = 31
	weightQuantization = 40

	quantBits   = 1
	quantLinear = 101
	quantLUT    = 102
)

// weights reads a WeightParams of the given shape. Lists of floats and raw
// bytes are views of the file.
func (p *parser) weights(m protowire.Message, shape graph.Shape) (graph.Tensor, error) {
	t := graph.Tensor{Shape: shape}
	var f protowire.Field
	var data []byte
	chunks, bits := 0, int64(0)
	for m.Next(&f) {
		if f.Number == weightFloat && f.Type == protowire.Fixed32 {
			chunks++
			continue
		}
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case weightFloat:
			t.DType, data = graph.Float32, f.Bytes
			chunks++
		case weightFloat16:
			if len(f.Bytes) > 0 {
				t.DType, data = graph.Float16, f.Bytes
			}
		case weightRaw:
			if len(f.Bytes) > 0 {
				t.DType, data = graph.Uint8, f.Bytes
			}
		case weightInt8:
			if len(f.Bytes) > 0 {
				t.DType, data = graph.Int8, f.Bytes
			}
		case weightQuantization:
			t.Quant, bits = readQuantization(f.Message())
		}
	}
	if err := m.Err(); err != nil {
		return t, err
	}
	if t.DType == graph.Uint8 {
		switch bits {
		case 4:
			t.DType = graph.Uint4
		case 2:
			t.DType = graph.Uint2
		case 1:
			t.DType = graph.Uint1
		}
	}
	t.Const = &graph.Const{StoredBytes: int64(len(data))}
	n, known := shape.Elements()
	want, sized := t.DType.ByteCount(n)
	switch {
	case chunks > 1:
		t.DType = graph.Float32
		t.Const.Missing = "the list of floats is not packed"
	case known && sized && want == int64(len(data)):
		t.Const.Data = data
	case known && bits > 0 && (n*bits+7)/8 == int64(len(data)):
		t.Const.Missing = fmt.Sprintf("values of %d bits are not unpacked", bits)
	default:
		t.Const.Missing = fmt.Sprintf("%d bytes of %s where the shape %s needs %d", len(data), t.DType, shape, want)
		p.lose("weights of %s", t.Const.Missing)
	}
	return t, nil
}

func readQuantization(m protowire.Message) (*graph.Quant, int64) {
	q := &graph.Quant{Scheme: graph.QuantOther}
	bits := int64(8)
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(quantBits, protowire.Varint):
			bits = min(f.Int64(), 64)
		case f.Is(quantLinear, protowire.Bytes):
			q.Scheme, q.Word = graph.QuantAffine, "linear"
			inner := f.Message()
			for inner.Next(&f) {
				if f.Number == 1 {
					q.Scales, _ = f.AppendFloats(q.Scales, 1<<16)
				}
			}
		case f.Is(quantLUT, protowire.Bytes):
			q.Scheme, q.Word = graph.QuantCodebook, "lookup table"
		}
	}
	return q, bits
}
