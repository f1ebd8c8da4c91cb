package caffe2

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// netDef is a NetDef.
type netDef struct {
	name            string
	ops             []opDef
	inputs, outputs []string
}

// opDef is an OperatorDef; arguments are views.
type opDef struct {
	inputs, outputs []string
	name, kind      string
	args            []arg
}

type arg struct {
	name string
	m    protowire.Message
}

func readNet(b []byte, lim format.Limits) (*netDef, error) {
	n := &netDef{}
	m := protowire.NewMessage(b)
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(netName, protowire.Bytes):
			n.name = f.String()
		case f.Is(netOp, protowire.Bytes):
			op, err := readOp(f.Message())
			if err != nil {
				return nil, fmt.Errorf("operator %d: %w", len(n.ops), err)
			}
			if n.ops = append(n.ops, op); len(n.ops) > lim.Nodes {
				return nil, format.Errorf(format.ErrLimit, f.Offset, "more than %d operators", lim.Nodes)
			}
		case f.Is(netExternalInput, protowire.Bytes):
			n.inputs = append(n.inputs, f.String())
		case f.Is(netExternalOutput, protowire.Bytes):
			n.outputs = append(n.outputs, f.String())
		}
	}
	return n, m.Err()
}

func readOp(m protowire.Message) (op opDef, err error) {
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case opInput:
			op.inputs = append(op.inputs, f.String())
		case opOutput:
			op.outputs = append(op.outputs, f.String())
		case opName:
			op.name = f.String()
		case opType:
			op.kind = f.String()
		case opArg:
			a := arg{m: f.Message()}
			head := a.m
			if head.Next(&f) && f.Is(argName, protowire.Bytes) {
				a.name = f.String()
			}
			op.args = append(op.args, a)
		}
	}
	if err := m.Err(); err != nil {
		return op, err
	}
	if !isIdentifier([]byte(op.kind)) {
		return op, format.Errorf(format.ErrMalformed, m.Offset(), "operator has type %q", strings.ToValidUTF8(op.kind, "?"))
	}
	return op, nil
}

func (op *opDef) arg(name string) (protowire.Message, bool) {
	for i := range op.args {
		if op.args[i].name == name {
			return op.args[i].m, true
		}
	}
	return protowire.Message{}, false
}

func (op *opDef) int(name string, def int64) int64 {
	m, ok := op.arg(name)
	var f protowire.Field
	for ok && m.Next(&f) {
		if f.Is(argI, protowire.Varint) {
			return f.Int64()
		}
	}
	return def
}

func (op *opDef) float(name string, def float64) float64 {
	m, ok := op.arg(name)
	var f protowire.Field
	for ok && m.Next(&f) {
		if f.Is(argF, protowire.Fixed32) {
			return float64(f.Float32())
		}
	}
	return def
}

func (op *opDef) str(name, def string) string {
	m, ok := op.arg(name)
	var f protowire.Field
	for ok && m.Next(&f) {
		if f.Is(argS, protowire.Bytes) {
			return f.String()
		}
	}
	return def
}

// ints returns a list of integers, nil if absent.
func (op *opDef) ints(name string) []int64 {
	m, ok := op.arg(name)
	if !ok {
		return nil
	}
	out := []int64{}
	var f protowire.Field
	for m.Next(&f) {
		if f.Number == argInts {
			out, _ = f.AppendInts(out, 1<<12)
		}
	}
	return out
}

// fills are the operators that make constants, with their dtypes.
var fills = map[string]graph.DType{
	"GivenTensorFill": graph.Float32, "GivenTensorDoubleFill": graph.Float64, "GivenTensorBoolFill": graph.Bool,
	"GivenTensorIntFill": graph.Int32, "GivenTensorInt64Fill": graph.Int64, "GivenTensorInt16Fill": graph.Int16,
	"GivenTensorStringFill": graph.String, "GivenTensorByteStringToUInt8Fill": graph.Uint8, "ConstantFill": graph.Float32,
	"Int8GivenTensorFill": graph.Uint8, "Int8GivenIntTensorFill": graph.Int32, "UniformFill": graph.Float32,
	"XavierFill": graph.Float32, "MSRAFill": graph.Float32, "GaussianFill": graph.Float32,
}

// isInit reports whether a net only fills tensors.
func (n *netDef) isInit() bool {
	for i := range n.ops {
		if _, ok := fills[n.ops[i].kind]; !ok {
			return false
		}
	}
	return len(n.ops) > 0
}

// constant turns a fill into a tensor with its value.
func (op *opDef) constant(lim format.Limits) graph.Tensor {
	shape := op.ints("shape")
	t := graph.Tensor{DType: fills[op.kind], Shape: graph.ShapeOf(shape...)}
	if shape == nil {
		t.Shape = graph.Shape{}
	}
	c := &graph.Const{StoredBytes: -1}
	t.Const = c
	n, known := t.Shape.Elements()
	want, sized := t.DType.ByteCount(n)
	m, has := op.arg("values")
	switch {
	case !known || !sized:
		c.Missing = "shape or dtype is not stated"
	case !has:
		v := op.float("value", 0)
		c.StoredBytes = 0
		if op.kind != "ConstantFill" {
			c.Missing = "random values"
			break
		}
		c.Decode = func() ([]byte, error) { return repeat(v, n, want, lim.DecodedBytes) }
	case op.kind == "Int8GivenTensorFill" || op.kind == "GivenTensorByteStringToUInt8Fill":
		c.Data, c.StoredBytes = rawBytes(m), want
		if int64(len(c.Data)) != want {
			c.Missing, c.Data = fmt.Sprintf("%d bytes where the shape needs %d", len(c.Data), want), nil
		}
	default:
		c.StoredBytes = int64(m.Remaining())
		dt := t.DType
		c.Decode = func() ([]byte, error) { return decode(m, dt, want, lim.DecodedBytes) }
	}
	if s := op.float("Y_scale", 0); s != 0 {
		t.Quant = &graph.Quant{Scales: []float32{float32(s)}, ZeroPoints: []int64{op.int("Y_zero_point", 0)}}
	}
	return t
}

// rawBytes returns the string that holds bytes: s, or the first of strings.
func rawBytes(m protowire.Message) []byte {
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(argS, protowire.Bytes) || f.Is(argStrings, protowire.Bytes) {
			return f.Bytes
		}
	}
	return nil
}

func repeat(v float64, n, want, limit int64) ([]byte, error) {
	if want > limit {
		return nil, format.Errorf(format.ErrLimit, -1, "tensor of %d bytes is more than the limit of %d", want, limit)
	}
	out := make([]byte, 0, want)
	for range n {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
	}
	return out, nil
}

// decode gathers the list of an argument.
func decode(m protowire.Message, dt graph.DType, want, limit int64) ([]byte, error) {
	if want > limit {
		return nil, format.Errorf(format.ErrLimit, m.Offset(), "tensor of %d bytes is more than the limit of %d", want, limit)
	}
	var out []byte
	var f protowire.Field
	width := dt.Bits() / 8
	for m.Next(&f) && int64(len(out)) <= want {
		switch {
		case f.Number == argFloats && f.Type == protowire.Fixed32:
			out = binary.LittleEndian.AppendUint32(out, uint32(f.Uint))
		case f.Is(argFloats, protowire.Bytes):
			out = append(out, f.Bytes...)
		case f.Number == argInts:
			v, _ := f.AppendInts(nil, int(min(want, 1<<30)))
			for _, x := range v {
				for range width {
					out = append(out, byte(x))
					x >>= 8
				}
			}
		}
	}
	if int64(len(out)) != want {
		return nil, format.Errorf(format.ErrMalformed, m.Offset(), "list of %d bytes where the shape needs %d", len(out), want)
	}
	return out, nil
}
