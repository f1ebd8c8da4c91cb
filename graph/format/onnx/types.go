package onnx

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers of ValueInfoProto, TypeProto and TensorShapeProto.
const (
	valueInfoName = 1
	valueInfoType = 2

	typeTensor   = 1
	typeSequence = 4
	typeMap      = 5
	typeOpaque   = 7
	typeSparse   = 8
	typeOptional = 9

	tensorTypeElem  = 1
	tensorTypeShape = 2

	shapeDim = 1
	dimValue = 1
	dimParam = 2
)

// valueName returns the name of a ValueInfoProto.
func valueName(m protowire.Message) []byte {
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(valueInfoName, protowire.Bytes) {
			return f.Bytes
		}
	}
	return nil
}

// valueType returns the dtype and shape of a ValueInfoProto. Sequences, maps
// and opaque values have dtype Variant and no shape.
func (p *parser) valueType(m protowire.Message) (graph.DType, graph.Shape) {
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(valueInfoType, protowire.Bytes) {
			return p.typeProto(f.Message(), 0)
		}
	}
	return graph.UnknownDType, graph.Shape{}
}

func (p *parser) typeProto(m protowire.Message, depth int) (graph.DType, graph.Shape) {
	var f protowire.Field
	for depth < 8 && m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case typeTensor, typeSparse:
			return p.tensorType(f.Message())
		case typeSequence, typeMap, typeOpaque:
			return graph.Variant, graph.Shape{}
		case typeOptional: // its field 1 is the type of what it may hold
			inner := f.Message()
			for inner.Next(&f) {
				if f.Is(1, protowire.Bytes) {
					return p.typeProto(f.Message(), depth+1)
				}
			}
		}
	}
	return graph.UnknownDType, graph.Shape{}
}

func (p *parser) tensorType(m protowire.Message) (dt graph.DType, shape graph.Shape) {
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(tensorTypeElem, protowire.Varint):
			dt = onnxop.DType(f.Int64())
		case f.Is(tensorTypeShape, protowire.Bytes):
			shape = p.shape(f.Message())
		}
	}
	return dt, shape
}

// shape keeps the three states of a dimension: a value, a symbol, unknown.
func (p *parser) shape(m protowire.Message) graph.Shape {
	var dims []graph.Dim
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(shapeDim, protowire.Bytes) {
			if len(dims) == maxRank {
				return graph.Shape{}
			}
			dims = append(dims, p.dim(f.Message()))
		}
	}
	return graph.ShapeOfDims(dims...)
}

func (p *parser) dim(m protowire.Message) graph.Dim {
	var d graph.Dim
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(dimValue, protowire.Varint):
			d = graph.DimOf(min(f.Int64(), 1<<62))
		case f.Is(dimParam, protowire.Bytes):
			d = graph.SymbolDim(p.text(f.Bytes))
		}
	}
	return d
}
