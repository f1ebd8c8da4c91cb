package tensorflow

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers by the schemas' own names (tensorflow/core/framework and
// tensorflow/core/protobuf).
const (
	graphNode     = 1
	graphLibrary  = 2
	graphVersion  = 3
	graphVersions = 4
	graphDebug    = 5

	nodeName   = 1
	nodeOp     = 2
	nodeInput  = 3
	nodeDevice = 4
	nodeAttr   = 5

	mapKey   = 1
	mapValue = 2

	attrList   = 1
	attrS      = 2
	attrI      = 3
	attrF      = 4
	attrB      = 5
	attrType   = 6
	attrShape  = 7
	attrTensor = 8
	attrFunc   = 10

	tensorDType      = 1
	tensorShape      = 2
	tensorContent    = 4
	tensorFloatVal   = 5
	tensorDoubleVal  = 6
	tensorIntVal     = 7
	tensorStringVal  = 8
	tensorSComplex   = 9
	tensorInt64Val   = 10
	tensorBoolVal    = 11
	tensorDComplex   = 12
	tensorHalfVal    = 13
	tensorUint32Val  = 16
	tensorUint64Val  = 17
	tensorFloat8Val  = 18
	shapeDim         = 2
	shapeUnknownRank = 3

	libraryFunction   = 1
	functionSignature = 1
	functionNodeDef   = 3
	functionRet       = 4
	opDefName         = 1
	opDefInput        = 2
	opDefOutput       = 3
	argName           = 1
	argType           = 3

	savedVersion    = 1
	savedMetaGraphs = 2
	metaInfo        = 1
	metaGraphDef    = 2
	metaSignature   = 5
	infoTags        = 4
	infoVersion     = 5
	signatureInput  = 1
	signatureOutput = 2
	tensorInfoName  = 1
)

// dtypes by tensorflow.DataType; a reference type adds 100.
var dtypes = map[int64]graph.DType{
	1: graph.Float32, 2: graph.Float64, 3: graph.Int32, 4: graph.Uint8, 5: graph.Int16, 6: graph.Int8, 7: graph.String,
	8: graph.Complex64, 9: graph.Int64, 10: graph.Bool, 11: graph.Int8, 12: graph.Uint8, 13: graph.Int32, 14: graph.BFloat16,
	15: graph.Int16, 16: graph.Uint16, 17: graph.Uint16, 18: graph.Complex128, 19: graph.Float16, 20: graph.Resource,
	21: graph.Variant, 22: graph.Uint32, 23: graph.Uint64, 24: graph.Float8E5M2, 25: graph.Float8E4M3FN,
	29: graph.Int4, 30: graph.Uint4, 31: graph.Int2, 32: graph.Uint2,
}

func dtypeOf(v int64) graph.DType {
	if v > 100 {
		v -= 100
	}
	return dtypes[v]
}

// attr is one entry of a node's attr map, as views.
type attr struct {
	name  string
	value protowire.Message
}

// nodeDef is one NodeDef.
type nodeDef struct {
	name, op string
	inputs   []string
	attrs    []attr
}

// read reads a NodeDef; control inputs ("^name") are dropped.
func (n *nodeDef) read(m protowire.Message) error {
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case nodeName:
			n.name = f.String()
		case nodeOp:
			n.op = f.String()
		case nodeInput:
			if len(f.Bytes) > 0 && f.Bytes[0] != '^' {
				n.inputs = append(n.inputs, f.String())
			}
		case nodeAttr:
			key, value, ok := mapEntry(f.Message())
			if ok {
				n.attrs = append(n.attrs, attr{string(key), value})
			}
		}
	}
	return m.Err()
}

// mapEntry reads the key and value of a map field's entry.
func mapEntry(m protowire.Message) (key []byte, value protowire.Message, ok bool) {
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(mapKey, protowire.Bytes):
			key = f.Bytes
		case f.Is(mapValue, protowire.Bytes):
			value, ok = f.Message(), true
		}
	}
	return key, value, ok && m.Err() == nil
}

// value returns the field of the named attribute.
func (n *nodeDef) value(name string, number int32) (protowire.Field, bool) {
	for i := range n.attrs {
		if n.attrs[i].name != name {
			continue
		}
		m := n.attrs[i].value
		var f protowire.Field
		for m.Next(&f) {
			if f.Number == number {
				return f, true
			}
		}
	}
	return protowire.Field{}, false
}

func (n *nodeDef) int(name string, def int64) int64 {
	if f, ok := n.value(name, attrI); ok {
		return f.Int64()
	}
	return def
}

func (n *nodeDef) bool(name string) bool {
	f, ok := n.value(name, attrB)
	return ok && f.Uint != 0
}

func (n *nodeDef) str(name, def string) string {
	if f, ok := n.value(name, attrS); ok {
		return f.String()
	}
	return def
}

func (n *nodeDef) dtype(name string) graph.DType {
	if f, ok := n.value(name, attrType); ok {
		return dtypeOf(f.Int64())
	}
	return graph.UnknownDType
}

// maxList bounds integer lists of attributes.
const maxList = 1 << 16

// ints returns a list of integers, nil if absent.
func (n *nodeDef) ints(name string) []int64 {
	f, ok := n.value(name, attrList)
	if !ok {
		return nil
	}
	m := f.Message()
	out := []int64{}
	for m.Next(&f) {
		if f.Number == attrI {
			if out, ok = f.AppendInts(out, maxList); !ok {
				return nil
			}
		}
	}
	return out
}

// types returns a list of dtypes, nil if absent.
func (n *nodeDef) types(name string) []graph.DType {
	f, ok := n.value(name, attrList)
	if !ok {
		return nil
	}
	m := f.Message()
	var list []int64
	for m.Next(&f) {
		if f.Number == attrType {
			list, _ = f.AppendInts(list, maxList)
		}
	}
	out := make([]graph.DType, len(list))
	for i, v := range list {
		out[i] = dtypeOf(v)
	}
	return out
}

// shapes returns a list of shapes ("_output_shapes"), nil if absent.
func (n *nodeDef) shapes(name string) []graph.Shape {
	f, ok := n.value(name, attrList)
	if !ok {
		return nil
	}
	m := f.Message()
	var out []graph.Shape
	for m.Next(&f) && len(out) < maxList {
		if f.Is(attrShape, protowire.Bytes) {
			out = append(out, readShape(f.Message()))
		}
	}
	return out
}

func (n *nodeDef) shape(name string) graph.Shape {
	if f, ok := n.value(name, attrShape); ok && f.Type == protowire.Bytes {
		return readShape(f.Message())
	}
	return graph.Shape{}
}

// function returns the name of a function attribute, "" if absent.
func (n *nodeDef) function(name string) string {
	f, ok := n.value(name, attrFunc)
	if !ok {
		return ""
	}
	m := f.Message()
	for m.Next(&f) {
		if f.Is(1, protowire.Bytes) {
			return f.String()
		}
	}
	return ""
}

// maxRank bounds the dimensions of one shape.
const maxRank = 256

// readShape reads a TensorShapeProto; -1 is an unknown dimension.
func readShape(m protowire.Message) graph.Shape {
	var dims []graph.Dim
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(shapeUnknownRank, protowire.Varint) && f.Uint != 0:
			return graph.Shape{}
		case f.Is(shapeDim, protowire.Bytes):
			if len(dims) == maxRank {
				return graph.Shape{}
			}
			var size int64
			d := f.Message()
			for d.Next(&f) {
				if f.Is(1, protowire.Varint) {
					size = f.Int64()
				}
			}
			dims = append(dims, graph.DimOf(min(size, 1<<62)))
		}
	}
	return graph.ShapeOfDims(dims...)
}
