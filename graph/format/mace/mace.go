package mace

import (
	"fmt"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

const name = "mace"

// Format is MACE's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "MACE",
	Extensions: []string{"pb", "data"},
	Magic:      "none: protobuf tags of NetDef with input_info and output_info",
	Container:  "protobuf; weights in a .data file",
	Reads:      "Operators with stated shapes, constant tensors by offset, quantisation.",
	ReadsNot:   "Models compiled into libraries, Hexagon and APU graphs.",
	Match:      match,
	Parse:      parse,
	Parts:      func(h format.Head) []string { return weightFiles(h.Name) },
}

func weightFiles(base string) []string {
	if base == "" {
		return nil
	}
	stem := strings.TrimSuffix(base, path.Ext(base))
	return []string{stem + ".data", "model.data"}
}

// Field numbers of mace.proto.
const (
	netOp         = 1
	netArg        = 2
	netTensors    = 3
	netDataType   = 4
	netInputInfo  = 100
	netOutputInfo = 101

	opInput       = 1
	opOutput      = 2
	opName        = 3
	opType        = 4
	opDevice      = 5
	opArg         = 6
	opOutputShape = 7
	opOutputType  = 8
	opQuantize    = 9
)

// dtypes by mace.DataType.
var dtypes = map[uint64]graph.DType{1: graph.Float32, 2: graph.Uint8, 3: graph.Float16, 4: graph.Int32, 5: graph.Float16, 6: graph.BFloat16, 7: graph.Int16}

func match(h format.Head) format.Confidence {
	if !plausible(h.Bytes, int64(len(h.Bytes)) < h.Size) {
		return format.No
	}
	return format.Likely
}

// plausible requires operators of the schema; a file that is there as a whole
// must also state inputs or outputs.
func plausible(b []byte, cut bool) bool {
	m := protowire.NewMessage(b)
	var f protowire.Field
	ops, tensors, ends := 0, 0, 0
	for m.Next(&f) {
		switch {
		case f.Is(netOp, protowire.Bytes):
			if ops < 64 && !plausibleOp(f.Message()) {
				return false
			}
			ops++
		case f.Is(netTensors, protowire.Bytes):
			if tensors < 64 && !plausibleTensor(f.Message()) {
				return false
			}
			tensors++
		case f.Is(netInputInfo, protowire.Bytes), f.Is(netOutputInfo, protowire.Bytes):
			ends++
		case f.Is(netArg, protowire.Bytes), f.Is(netDataType, protowire.Varint):
		default:
			return false
		}
	}
	if cut {
		return ops > 0
	}
	return ops > 0 && ends > 0 && m.Err() == nil
}

func plausibleOp(m protowire.Message) bool {
	var f protowire.Field
	typed, ends := false, 0
	for m.Next(&f) {
		want := protowire.Bytes
		switch f.Number {
		case opInput, opOutput, opName:
			if !protowire.IsText(f.Bytes) {
				return false
			}
			ends++
		case opType:
			if typed = isIdentifier(f.Bytes); !typed {
				return false
			}
		case opArg, opOutputShape, opQuantize, 103:
		case opDevice, 100, 101, 102:
			want = protowire.Varint
		case opOutputType, 10, 104:
			want = f.Type
		default:
			return false
		}
		if f.Type != want {
			return false
		}
	}
	return typed && ends > 1 && m.Err() == nil
}

func plausibleTensor(m protowire.Message) bool {
	var f protowire.Field
	named := false
	for m.Next(&f) {
		switch {
		case f.Number < 1 || f.Number > 12 && f.Number != 100:
			return false
		case f.Number == 5:
			named = f.Type == protowire.Bytes && protowire.IsText(f.Bytes)
		}
	}
	return named && m.Err() == nil
}

func isIdentifier(b []byte) bool {
	for i, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || i > 0 && (c >= '0' && c <= '9' || c == '_')) {
			return false
		}
	}
	return len(b) > 0 && len(b) < 64
}

// parse reads a whole model; errors carry the format's name and the path.
func parse(in format.Input) (*graph.Model, error) {
	m, err := parseModel(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}

// opDef is an OperatorDef.
type opDef struct {
	inputs, outputs []string
	name, kind      string
	args            map[string]protowire.Message
	shapes          [][]int64
	types           []int64
}

func parseModel(in format.Input) (*graph.Model, error) {
	if !plausible(in.Data, false) {
		if plausible(in.Data, true) {
			m := protowire.NewMessage(in.Data)
			var f protowire.Field
			for m.Next(&f) {
			}
			if m.Err() != nil {
				return nil, m.Err()
			}
		}
		return nil, format.Errorf(format.ErrNotModel, -1, "no NetDef of MACE")
	}
	b := &builder{in: in, lim: in.Limits.OrDefault(), g: &graph.Graph{}, ids: map[string]graph.TensorID{}}
	b.m = &graph.Model{Format: name, Graphs: []*graph.Graph{b.g}}
	var ops []opDef
	var outs []string
	m := protowire.NewMessage(in.Data)
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case netOp:
			op, err := readOp(f.Message())
			if err != nil {
				return nil, err
			}
			if ops = append(ops, op); len(ops) > b.lim.Nodes {
				return nil, format.Errorf(format.ErrLimit, f.Offset, "more than %d operators", b.lim.Nodes)
			}
		case netTensors:
			b.tensor(f.Message())
		case netInputInfo:
			b.input(f.Message())
		case netOutputInfo:
			outs = append(outs, infoName(f.Message()))
		}
	}
	b.nhwc = dataIsNHWC(ops, b)
	for i := range ops {
		b.operator(&ops[i])
	}
	for _, n := range outs {
		b.g.Outputs = append(b.g.Outputs, b.resolve(n))
	}
	if b.full {
		return nil, format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.lim.Tensors)
	}
	return b.m, nil
}

func readOp(m protowire.Message) (opDef, error) {
	op := opDef{args: map[string]protowire.Message{}}
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(opInput, protowire.Bytes):
			op.inputs = append(op.inputs, f.String())
		case f.Is(opOutput, protowire.Bytes):
			op.outputs = append(op.outputs, f.String())
		case f.Is(opName, protowire.Bytes):
			op.name = f.String()
		case f.Is(opType, protowire.Bytes):
			op.kind = f.String()
		case f.Is(opArg, protowire.Bytes):
			a := f.Message()
			head := a
			if head.Next(&f) && f.Is(1, protowire.Bytes) {
				op.args[f.String()] = a
			}
		case f.Is(opOutputShape, protowire.Bytes):
			s := f.Message()
			dims := []int64{}
			for s.Next(&f) {
				if f.Number == 1 {
					dims, _ = f.AppendInts(dims, 64)
				}
			}
			op.shapes = append(op.shapes, dims)
		case f.Number == opOutputType:
			op.types, _ = f.AppendInts(op.types, 1<<12)
		}
	}
	return op, m.Err()
}

func infoName(m protowire.Message) string {
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(1, protowire.Bytes) {
			return f.String()
		}
	}
	return ""
}

// builder makes the graph.
type builder struct {
	in    format.Input
	lim   format.Limits
	m     *graph.Model
	g     *graph.Graph
	ids   map[string]graph.TensorID
	taken []bool
	data  []byte
	file  string
	tried bool
	nhwc  bool
	full  bool
}

func (b *builder) text(s string) string {
	if len(s) > b.lim.TextBytes {
		s = s[:b.lim.TextBytes]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (b *builder) add(n string, t graph.Tensor, taken bool) graph.TensorID {
	if len(b.g.Tensors) >= b.lim.Tensors {
		b.full = true
		return graph.NoTensor
	}
	t.Name = b.text(n)
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, t)
	b.taken = append(b.taken, taken)
	b.ids[n] = id
	return id
}

func (b *builder) resolve(n string) graph.TensorID {
	if id, ok := b.ids[n]; ok {
		return id
	}
	return b.add(n, graph.Tensor{}, false)
}

// input reads an InputOutputInfo.
func (b *builder) input(m protowire.Message) {
	t := graph.Tensor{DType: graph.Float32}
	var dims []int64
	n := ""
	var f protowire.Field
	for m.Next(&f) {
		switch f.Number {
		case 1:
			n = f.String()
		case 3:
			dims, _ = f.AppendInts(dims, 64)
		case 5:
			t.DType = dtypes[f.Uint]
		}
	}
	t.Shape = graph.ShapeOf(dims...)
	if id := b.add(n, t, true); id != graph.NoTensor {
		b.g.Inputs = append(b.g.Inputs, id)
	}
}

// tensor reads a ConstTensor: a value in the weight file, or in place.
func (b *builder) tensor(m protowire.Message) {
	t := graph.Tensor{DType: graph.Float32}
	c := &graph.Const{StoredBytes: -1}
	var dims []int64
	var offset, count int64
	var scale float32
	var zero int64
	n, inline, quantised := "", []byte(nil), false
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Number == 1:
			dims, _ = f.AppendInts(dims, 64)
		case f.Number == 2:
			t.DType = dtypes[f.Uint]
		case f.Is(3, protowire.Bytes):
			inline = f.Bytes
		case f.Is(5, protowire.Bytes):
			n = f.String()
		case f.Number == 6:
			offset = f.Int64()
		case f.Number == 7:
			count = f.Int64()
		case f.Is(8, protowire.Fixed32):
			scale = f.Float32()
		case f.Number == 9:
			zero = int64(int32(f.Uint))
		case f.Number == 12:
			quantised = f.Uint != 0
		}
	}
	t.Shape = graph.ShapeOf(dims...)
	t.Const = c
	if quantised || scale != 0 {
		t.Quant = &graph.Quant{Scales: []float32{scale}, ZeroPoints: []int64{zero}}
	}
	elements, known := t.Shape.Elements()
	want, sized := t.DType.ByteCount(elements)
	switch {
	case !known || !sized:
		c.Missing = "dimensions or data type are absurd"
	case inline != nil && int64(len(inline)) == want:
		c.Data, c.StoredBytes = inline, want
	case count != elements:
		c.Missing = fmt.Sprintf("%d values where the shape needs %d", count, elements)
	default:
		c.StoredBytes = want
		b.external(c, offset, want)
	}
	b.add(n, t, true)
}

// external finds a value in the weight file.
func (b *builder) external(c *graph.Const, offset, want int64) {
	if !b.tried {
		b.tried = true
		files := append(weightFiles(b.in.Name), "model.data")
		b.file = files[0]
		for _, n := range files {
			if data, err := b.in.Companion(n); err == nil {
				b.data, b.file = data, n
				break
			}
		}
		b.m.Parts = append(b.m.Parts, graph.Part{Name: b.file, Found: b.data != nil, Bytes: int64(len(b.data))})
		if b.data == nil {
			b.m.Notes = append(b.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("weight file %q not found", b.file)})
		}
	}
	c.Location = b.file
	switch {
	case b.data == nil:
		c.Missing = fmt.Sprintf("weight file %q not found", b.file)
	case offset < 0 || offset > int64(len(b.data)) || want > int64(len(b.data))-offset:
		c.Missing = fmt.Sprintf("%d bytes from %d go beyond %q", want, offset, b.file)
		if len(b.m.Notes) < 100 {
			b.m.Notes = append(b.m.Notes, graph.Note{Loses: true, Text: c.Missing})
		}
	default:
		c.Data = b.data[offset : offset+want : offset+want]
	}
}

func (b *builder) operator(op *opDef) {
	n := graph.Node{Name: b.text(op.name), SourceOp: op.kind}
	c := &call{builder: b, op: op, n: &n}
	for _, in := range op.inputs {
		n.Inputs = append(n.Inputs, b.resolve(in))
	}
	for i, out := range op.outputs {
		t := graph.Tensor{}
		if i < len(op.shapes) {
			t.Shape = graph.ShapeOf(op.shapes[i]...)
		}
		if i < len(op.types) {
			t.DType = dtypes[uint64(op.types[i])]
		}
		id, ok := b.ids[out]
		if ok && id != graph.NoTensor && !b.taken[id] {
			b.taken[id] = true
			b.g.Tensors[id].Shape, b.g.Tensors[id].DType = t.Shape, t.DType
		} else {
			id = b.add(out, t, true)
		}
		n.Outputs = append(n.Outputs, id)
	}
	if e, ok := table[op.kind]; ok {
		n.Op = e.op
		if e.translate != nil {
			e.translate(c)
		}
	}
	b.g.Nodes = append(b.g.Nodes, n)
}
