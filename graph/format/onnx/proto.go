package onnx

import (
	"strconv"

	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers by the schema's own names (onnx/onnx.proto).
const (
	graphNode              = 1
	graphName              = 2
	graphInitializer       = 5
	graphDoc               = 10
	graphInput             = 11
	graphOutput            = 12
	graphValueInfo         = 13
	graphQuantization      = 14
	graphSparseInitializer = 15
	graphMetadata          = 16

	nodeInput     = 1
	nodeOutput    = 2
	nodeName      = 3
	nodeOpType    = 4
	nodeAttribute = 5
	nodeDoc       = 6
	nodeDomain    = 7
	nodeOverload  = 8
	nodeMetadata  = 9
	nodeDevices   = 10

	attrName    = 1
	attrF       = 2
	attrI       = 3
	attrS       = 4
	attrT       = 5
	attrG       = 6
	attrFloats  = 7
	attrInts    = 8
	attrStrings = 9
	attrGraphs  = 11
	attrType    = 20
	attrRef     = 21
	attrSparse  = 22

	tensorDims        = 1
	tensorDataType    = 2
	tensorFloatData   = 4
	tensorInt32Data   = 5
	tensorStringData  = 6
	tensorInt64Data   = 7
	tensorName        = 8
	tensorRawData     = 9
	tensorDoubleData  = 10
	tensorUint64Data  = 11
	tensorExternal    = 13
	tensorLocation    = 14
	locationElsewhere = 1

	sparseValues  = 1
	sparseIndices = 2
	sparseDims    = 3

	functionName      = 1
	functionInput     = 4
	functionOutput    = 5
	functionNode      = 7
	functionOpset     = 9
	functionDomain    = 10
	functionAttrProto = 11
	functionValueInfo = 12
	functionOverload  = 13
)

// maxList bounds integer and float attributes and shapes.
const maxList = 1 << 20

// maxRank bounds the dimensions of one tensor.
const maxRank = 1 << 10

// nodeProto is one NodeProto; byte slices are views.
type nodeProto struct {
	input, output                  [][]byte
	name, opType, domain, overload []byte
	attrs                          []attrProto
}

// read replaces n by the message, keeping its slices' memory.
func (n *nodeProto) read(m protowire.Message) error {
	*n = nodeProto{input: n.input[:0], output: n.output[:0], attrs: n.attrs[:0]}
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case nodeInput:
			n.input = append(n.input, f.Bytes)
		case nodeOutput:
			n.output = append(n.output, f.Bytes)
		case nodeName:
			n.name = f.Bytes
		case nodeOpType:
			n.opType = f.Bytes
		case nodeDomain:
			n.domain = f.Bytes
		case nodeOverload:
			n.overload = f.Bytes
		case nodeAttribute:
			var a attrProto
			if err := a.read(f.Message()); err != nil {
				return err
			}
			n.attrs = append(n.attrs, a)
		}
	}
	return m.Err()
}

// attrProto is one AttributeProto.
type attrProto struct {
	name, ref []byte
	kind      int64
	i         int64
	f         float32
	s         []byte
	ints      []int64
	floats    []float32
	strings   [][]byte
	// tensor, sparse and graphs are views to be read when wanted; set says which is there.
	tensor, sparse       protowire.Message
	hasTensor, hasSparse bool
	graphs               []protowire.Message
}

func (a *attrProto) read(m protowire.Message) error {
	var f protowire.Field
	ok := true
	for ok && m.Next(&f) {
		switch {
		case f.Is(attrName, protowire.Bytes):
			a.name = f.Bytes
		case f.Is(attrRef, protowire.Bytes):
			a.ref = f.Bytes
		case f.Is(attrType, protowire.Varint):
			a.kind = f.Int64()
		case f.Is(attrI, protowire.Varint):
			a.i = f.Int64()
		case f.Is(attrF, protowire.Fixed32):
			a.f = f.Float32()
		case f.Is(attrS, protowire.Bytes):
			a.s = f.Bytes
		case f.Number == attrInts:
			a.ints, ok = f.AppendInts(a.ints, maxList)
		case f.Number == attrFloats:
			a.floats, ok = f.AppendFloats(a.floats, maxList)
		case f.Is(attrStrings, protowire.Bytes):
			a.strings = append(a.strings, f.Bytes)
		case f.Is(attrT, protowire.Bytes):
			a.tensor, a.hasTensor = f.Message(), true
		case f.Is(attrSparse, protowire.Bytes):
			a.sparse, a.hasSparse = f.Message(), true
		case f.Is(attrG, protowire.Bytes), f.Is(attrGraphs, protowire.Bytes):
			a.graphs = append(a.graphs, f.Message())
		}
	}
	if !ok {
		return &protowire.Error{Offset: f.Offset, Msg: "attribute list is malformed or too long"}
	}
	return m.Err()
}

// tensorProto is one TensorProto without its typed lists, which whole reads again.
type tensorProto struct {
	dims     []int64
	dataType int64
	name     []byte
	raw      []byte
	hasRaw   bool
	// list is the packed typed list where there is exactly one; lists counts
	// the fields that hold typed values, listBytes their bytes.
	list      []byte
	listField int32
	lists     int
	listBytes int64
	external  bool
	location  string
	offset    int64
	length    int64 // -1 if not given
	badRange  bool
	at        int64
	whole     protowire.Message
}

func (t *tensorProto) read(m protowire.Message) error {
	*t = tensorProto{length: -1, whole: m, at: m.Offset()}
	var f protowire.Field
	ok := true
	for ok && m.Next(&f) {
		switch f.Number {
		case tensorDims:
			t.dims, ok = f.AppendInts(t.dims, maxRank)
		case tensorDataType:
			t.dataType = f.Int64()
		case tensorName:
			t.name = f.Bytes
		case tensorRawData:
			ok = f.Type == protowire.Bytes
			t.raw, t.hasRaw = f.Bytes, ok
		case tensorFloatData, tensorInt32Data, tensorInt64Data, tensorDoubleData, tensorUint64Data, tensorStringData:
			t.lists++
			t.listField, t.list = f.Number, f.Bytes
			t.listBytes += max(int64(len(f.Bytes)), 1)
		case tensorExternal:
			if f.Type == protowire.Bytes {
				t.readExternal(f.Message())
			}
		case tensorLocation:
			t.external = f.Uint == locationElsewhere
		}
	}
	if !ok {
		return &protowire.Error{Offset: f.Offset, Msg: "tensor dimensions are malformed or too many"}
	}
	return m.Err()
}

// readExternal reads one key and value of external_data.
func (t *tensorProto) readExternal(m protowire.Message) {
	key, value := readPair(m)
	var err error
	switch key {
	case "location":
		t.location = value
	case "offset":
		t.offset, err = strconv.ParseInt(value, 10, 64)
	case "length":
		t.length, err = strconv.ParseInt(value, 10, 64)
	}
	if err != nil || t.offset < 0 {
		t.badRange = true
	}
}

// readPair reads a StringStringEntryProto.
func readPair(m protowire.Message) (key, value string) {
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1:
			key = f.String()
		case 2:
			value = f.String()
		}
	}
	return key, value
}
