package probe

import (
	"math/rand/v2"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Numbers of TensorFlow Lite's schema (schema.fbs, version 3) that are written.
const (
	schemaVersion = 3
	identifier    = "TFL3"
	typeFloat32   = 0
	typeInt32     = 2
	typeInt8      = 9

	paddingSame, paddingValid = 0, 1
	noActivation, relu, relu6 = 0, 1, 3
)

// opcode is a BuiltinOperator with the table of its options.
type opcode struct {
	code    int32
	options byte // BuiltinOptions; 0 none
}

var (
	opAdd           = opcode{0, 11}
	opAveragePool   = opcode{1, 5}
	opConcatenation = opcode{2, 10}
	opConv          = opcode{3, 1}
	opDepthwise     = opcode{4, 2}
	opDense         = opcode{9, 8}
	opLogistic      = opcode{14, 0}
	opMaxPool       = opcode{17, 5}
	opMul           = opcode{18, 21}
	opRelu          = opcode{19, 0}
	opReshape       = opcode{22, 0}
	opResize        = opcode{23, 15}
	opSoftmax       = opcode{25, 9}
	opTanh          = opcode{28, 0}
	opPad           = opcode{34, 0}
	opTranspose     = opcode{39, 0}
	opMean          = opcode{40, 27}
	opSub           = opcode{41, 28}
	opStridedSlice  = opcode{45, 32}
	opExp           = opcode{47, 0}
	opSplit         = opcode{49, 35}
	opDiv           = opcode{42, 29}
	opDeconv        = opcode{67, 49}
	opSum           = opcode{74, 27}
	opReduceMax     = opcode{82, 27}
	opRsqrt         = opcode{76, 0}
	opPrelu         = opcode{54, 0}
	opLeakyRelu     = opcode{98, 75}
	opSquaredDiff   = opcode{99, 76}
	opHardSwish     = opcode{117, 0}
	opMatMul        = opcode{126, 101}
	opGelu          = opcode{150, 116}
)

// slot is one field of a table of options: a byte (enumeration or truth value), an int or a float.
type slot struct {
	at    int
	value any // byte, int32 or float32
}

// tensor is a tensor of the network: an activation without data, or a constant with it.
type tensor struct {
	shape []int
	kind  byte
	data  []byte // nil for an activation
	scale []float32
	zero  int64
	axis  int32 // of several scales
}

// node is an operator.
type node struct {
	op      opcode
	in, out []int
	options []slot
}

// network is what file writes.
type network struct {
	int8    bool       // activations and weights
	narrow  bool       // weights
	rng     *rand.Rand // of shapes
	values  *rand.Rand // of weights
	tensors []tensor
	nodes   []node
	inputs  []int
	outputs []int
}

// file returns the network as a TensorFlow Lite file.
func (n *network) file(name string) []byte {
	b := flatbuffers.NewBuilder(1 << 20)
	var buffers, tensors, operators, codes []flatbuffers.UOffsetT
	table := func(fields int, fill func()) flatbuffers.UOffsetT {
		b.StartObject(fields)
		fill()
		return b.EndObject()
	}
	buffers = append(buffers, table(1, func() {})) // buffer 0 is the empty one
	written := map[*byte]int{}                     // by where data starts: tensors may share it
	for i := range n.tensors {
		t := &n.tensors[i]
		buffer := 0
		if len(t.data) > 0 && written[&t.data[0]] > 0 {
			buffer = written[&t.data[0]]
		} else if t.data != nil {
			b.Prep(16, len(t.data)) // the schema asks for data on multiples of 16
			data := b.CreateByteVector(t.data)
			buffer = len(buffers)
			written[&t.data[0]] = buffer
			buffers = append(buffers, table(1, func() { b.PrependUOffsetTSlot(0, data, 0) }))
		}
		tensors = append(tensors, n.tensor(b, table, t, uint32(buffer)))
	}
	index := map[opcode]uint32{}
	for i := range n.nodes {
		op := n.nodes[i].op
		if _, ok := index[op]; !ok {
			index[op] = uint32(len(codes))
			codes = append(codes, table(4, func() {
				b.PrependInt8Slot(0, int8(min(op.code, 127)), 0)
				b.PrependInt32Slot(2, 1, 1)
				b.PrependInt32Slot(3, op.code, 0)
			}))
		}
		operators = append(operators, n.node(b, table, &n.nodes[i], index[op]))
	}
	inputs, outputs := ints(b, n.inputs), ints(b, n.outputs)
	ts, os := offsets(b, tensors), offsets(b, operators)
	graph := table(5, func() {
		b.PrependUOffsetTSlot(0, ts, 0)
		b.PrependUOffsetTSlot(1, inputs, 0)
		b.PrependUOffsetTSlot(2, outputs, 0)
		b.PrependUOffsetTSlot(3, os, 0)
	})
	cs, gs, bs := offsets(b, codes), offsets(b, []flatbuffers.UOffsetT{graph}), offsets(b, buffers)
	description := b.CreateString(name)
	b.FinishWithFileIdentifier(table(5, func() {
		b.PrependUint32Slot(0, schemaVersion, 0)
		b.PrependUOffsetTSlot(1, cs, 0)
		b.PrependUOffsetTSlot(2, gs, 0)
		b.PrependUOffsetTSlot(3, description, 0)
		b.PrependUOffsetTSlot(4, bs, 0)
	}), []byte(identifier))
	return b.FinishedBytes()
}

type tabler func(fields int, fill func()) flatbuffers.UOffsetT

func (n *network) tensor(b *flatbuffers.Builder, table tabler, t *tensor, buffer uint32) flatbuffers.UOffsetT {
	shape := ints(b, t.shape)
	var quantised flatbuffers.UOffsetT
	if len(t.scale) > 0 {
		b.StartVector(4, len(t.scale), 4)
		for i := len(t.scale) - 1; i >= 0; i-- {
			b.PrependFloat32(t.scale[i])
		}
		scales := b.EndVector(len(t.scale))
		b.StartVector(8, len(t.scale), 8)
		for range t.scale {
			b.PrependInt64(t.zero)
		}
		zeros := b.EndVector(len(t.scale))
		quantised = table(7, func() {
			b.PrependUOffsetTSlot(2, scales, 0)
			b.PrependUOffsetTSlot(3, zeros, 0)
			b.PrependInt32Slot(6, t.axis, 0)
		})
	}
	return table(6, func() {
		b.PrependUOffsetTSlot(0, shape, 0)
		b.PrependInt8Slot(1, int8(t.kind), 0)
		b.PrependUint32Slot(2, buffer, 0)
		if quantised != 0 {
			b.PrependUOffsetTSlot(4, quantised, 0)
		}
	})
}

// optionFields is more than any table of options has.
const optionFields = 8

func (n *network) node(b *flatbuffers.Builder, table tabler, o *node, index uint32) flatbuffers.UOffsetT {
	in, out := ints(b, o.in), ints(b, o.out)
	options := table(optionFields, func() {
		for _, s := range o.options {
			switch v := s.value.(type) {
			case byte:
				b.PrependByteSlot(s.at, v, 0)
			case int32:
				b.PrependInt32Slot(s.at, v, 0)
			case float32:
				b.PrependFloat32Slot(s.at, v, 0)
			}
		}
	})
	return table(6, func() {
		b.PrependUint32Slot(0, index, 0)
		b.PrependUOffsetTSlot(1, in, 0)
		b.PrependUOffsetTSlot(2, out, 0)
		if o.op.options != 0 {
			b.PrependByteSlot(3, o.op.options, 0)
			b.PrependUOffsetTSlot(4, options, 0)
		}
	})
}

func ints(b *flatbuffers.Builder, v []int) flatbuffers.UOffsetT {
	b.StartVector(4, len(v), 4)
	for i := len(v) - 1; i >= 0; i-- {
		b.PrependInt32(int32(v[i]))
	}
	return b.EndVector(len(v))
}

func offsets(b *flatbuffers.Builder, v []flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	b.StartVector(4, len(v), 4)
	for i := len(v) - 1; i >= 0; i-- {
		b.PrependUOffsetT(v[i])
	}
	return b.EndVector(len(v))
}
