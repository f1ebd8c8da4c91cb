package paddlelite

import (
	"encoding/binary"
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/paddleop"
)

// Slots of the tables, by the schema's own names.
const (
	programBlocks = 0

	blockVars = 2
	blockOps  = 3

	varName       = 0
	varType       = 1
	typeLodTensor = 2
	lodTensor     = 0
	descDataType  = 0
	descDims      = 1

	opType    = 0
	opInputs  = 1
	opOutputs = 2
	opAttrs   = 3

	attrName     = 0
	attrType     = 1
	attrInt      = 2
	attrFloat    = 3
	attrString   = 4
	attrInts     = 5
	attrFloats   = 6
	attrStrings  = 7
	attrBool     = 8
	attrBools    = 9
	attrBlock    = 10
	attrLong     = 11
	attrBlocks   = 12
	attrLongs    = 13
	kindBlock    = 8
	paramName    = 1
	paramValue   = 3
	tensorDim    = 2
	tensorType   = 3
	tensorData   = 4
	metaReadable = 2
)

type reader struct {
	in  format.Input
	lim format.Limits
	m   *graph.Model
	// params are the parameters by variable name.
	params map[string]param

	nodes, tensors int
}

type param struct {
	dtype graph.DType
	shape graph.Shape
	c     *graph.Const
}

func read(in format.Input) (*graph.Model, error) {
	d := in.Data
	word, ok := version(d)
	switch {
	case len(d) < headSize:
		return nil, format.Errorf(format.ErrTruncated, 0, "%d bytes", len(d))
	case !ok:
		return nil, format.Errorf(format.ErrNotModel, 0, "no version in the head")
	case d[0] != metaReadable:
		return nil, format.Errorf(format.ErrUnsupported, 0, "meta version %d", d[0])
	}
	r := &reader{in: in, lim: in.Limits.OrDefault(), params: map[string]param{}}
	r.m = &graph.Model{Format: Name, FormatVersion: "2", Producer: "Paddle Lite " + word}
	size := binary.LittleEndian.Uint64(d[18:])
	if size > uint64(len(d)-headSize) {
		return nil, format.Errorf(format.ErrTruncated, 18, "program of %d bytes in a file of %d", size, len(d))
	}
	topology := d[headSize : headSize+int(size)]
	end, err := r.parameters(headSize + int(size))
	if err != nil {
		return nil, flatfmt.Wrap(err, "parameters")
	}
	r.m.Length = int64(end)
	if err := r.program(topology); err != nil {
		return nil, err
	}
	return r.m, nil
}

// parameters reads the records behind the program: u16 version, u16 meta size,
// u16 header size, u16 count, u32 largest tensor; each record is a u32 total
// size, a u32 offset to the data and the data, a FlatBuffer.
func (r *reader) parameters(at int) (end int, err error) {
	d := r.in.Data
	if len(d)-at < 12 {
		return 0, format.Errorf(format.ErrTruncated, int64(at), "header of %d bytes", len(d)-at)
	}
	header, count := int(binary.LittleEndian.Uint16(d[at+4:])), int(binary.LittleEndian.Uint16(d[at+6:]))
	pos := at + 12 + max(0, header-6)
	for i := range count {
		if pos > len(d)-8 {
			return 0, format.Errorf(format.ErrTruncated, int64(pos), "record %d of %d", i, count)
		}
		total, off := int64(binary.LittleEndian.Uint32(d[pos:])), int64(binary.LittleEndian.Uint32(d[pos+4:]))
		begin, stop := int64(pos)+4+off, int64(pos)+4+total
		if off < 4 || off > total || stop > int64(len(d)) {
			return 0, format.Errorf(format.ErrTruncated, int64(pos), "record %d of %d bytes at %d of a file of %d", i, total, begin, len(d))
		}
		if err := r.parameter(d[begin:stop], begin); err != nil {
			return 0, flatfmt.Wrap(err, fmt.Sprintf("record %d", i))
		}
		pos = int(stop)
	}
	return pos, nil
}

func (r *reader) parameter(b []byte, at int64) error {
	fb := flatbuf.New(b)
	root := fb.Root()
	t := root.Table(paramValue)
	p := param{dtype: paddleop.DType(int64(t.Int32(tensorType, 0))), shape: graph.ShapeOf(t.Vector(tensorDim, 8).Int64s()...)}
	if p.c = flatfmt.View(t.Bytes(tensorData)); p.c == nil {
		p.c = &graph.Const{}
	}
	r.params[root.String(paramName)] = p
	return shifted(flatfmt.Error(fb.Err()), at)
}

// shifted moves an error's offset from a FlatBuffer to the file.
func shifted(err error, by int64) error {
	fe, ok := err.(*format.Error)
	if !ok || fe.Offset < 0 {
		return err
	}
	out := *fe
	out.Offset += by
	return &out
}

func (r *reader) program(b []byte) error {
	fb := flatbuf.New(b)
	blocks := fb.Root().Tables(programBlocks)
	if err := shifted(flatfmt.Error(fb.Err()), headSize); err != nil {
		return err
	}
	if blocks.Len() == 0 || blocks.Len() > r.lim.Nodes {
		return format.Errorf(format.ErrMalformed, headSize, "%d blocks", blocks.Len())
	}
	for i := range blocks.Len() {
		g := &graph.Graph{Name: fmt.Sprintf("block_%d", i)}
		if i > 0 {
			g.Role = graph.RoleBody
		}
		r.m.Graphs = append(r.m.Graphs, g)
	}
	for i, g := range r.m.Graphs {
		b := &builder{reader: r, g: g, ids: map[string]graph.TensorID{}, vars: map[string]flatbuf.Table{}}
		if err := b.block(blocks.Table(i)); err != nil {
			return shifted(flatfmt.Wrap(err, fmt.Sprintf("block %d", i)), headSize)
		}
	}
	return shifted(flatfmt.Error(fb.Err()), headSize)
}

// builder makes the graph of one block.
type builder struct {
	*reader
	g     *graph.Graph
	ids   map[string]graph.TensorID
	vars  map[string]flatbuf.Table
	taken []bool // tensors that no operator may write any more
}

func (b *builder) block(t flatbuf.Table) error {
	vars, ops := t.Tables(blockVars), t.Tables(blockOps)
	if err := flatfmt.Count(&b.tensors, vars.Len(), b.lim.Tensors, "variables"); err != nil {
		return err
	}
	if err := flatfmt.Count(&b.nodes, ops.Len(), b.lim.Nodes, "operators"); err != nil {
		return err
	}
	for i := range vars.Len() {
		v := vars.Table(i)
		b.vars[v.String(varName)] = v.Table(varType).Table(typeLodTensor).Table(lodTensor)
	}
	for i := range ops.Len() {
		if err := b.operator(ops.Table(i)); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("operator %d", i))
		}
	}
	return nil
}

func (b *builder) operator(t flatbuf.Table) error {
	op := paddleop.Op{Type: flatfmt.Text(t.String(opType), b.lim)}
	attrs := t.Tables(opAttrs)
	for i := range attrs.Len() {
		a := attrs.Table(i)
		op.Attrs = append(op.Attrs, readAttr(a))
		if k := int(a.Int32(attrBlock, 0)); a.Int32(attrType, 0) == kindBlock && k > 0 && k < len(b.m.Graphs) {
			op.Subgraphs = append(op.Subgraphs, k)
		}
	}
	var err error
	if op.Inputs, err = b.parametersOf(t.Tables(opInputs), b.resolve); err != nil {
		return err
	}
	if op.Outputs, err = b.parametersOf(t.Tables(opOutputs), b.define); err != nil {
		return err
	}
	switch op.Type {
	case "feed": // writes a graph input
		for _, p := range op.Outputs {
			b.g.Inputs = append(b.g.Inputs, p.IDs...)
		}
		op.Inputs = nil
	case "fetch":
		for _, p := range op.Inputs {
			b.g.Outputs = append(b.g.Outputs, p.IDs...)
		}
		op.Outputs = nil
	}
	paddleop.Append(b.g, &op)
	b.lite(&b.g.Nodes[len(b.g.Nodes)-1])
	for len(b.taken) < len(b.g.Tensors) {
		b.taken = append(b.taken, true)
	}
	return nil
}

// liteOps are operators that Lite's passes add to Paddle's.
var liteOps = map[string]graph.Op{
	"io_copy": graph.LayoutCopy, "io_copy_once": graph.LayoutCopy, "layout": graph.LayoutCopy, "layout_once": graph.LayoutCopy,
	"calib": graph.Requantize, "calib_once": graph.Requantize, "calib_inplace": graph.Requantize, "subgraph": graph.Call,
}

func (b *builder) lite(n *graph.Node) {
	op, ok := liteOps[n.SourceOp]
	if !ok || n.Op != graph.Unknown {
		return
	}
	n.Op = op
	if op == graph.Requantize {
		a := &graph.CastAttrs{}
		if len(n.Outputs) > 0 {
			a.To = b.g.Tensor(n.Outputs[0]).DType
		}
		n.Attrs = a
	}
}

// parametersOf reads named lists of variables.
func (b *builder) parametersOf(list flatbuf.Vector, id func(string) (graph.TensorID, error)) ([]paddleop.Param, error) {
	var out []paddleop.Param
	for i := range list.Len() {
		t := list.Table(i)
		p := paddleop.Param{Name: t.String(0)}
		args := t.Tables(1)
		for k := range args.Len() {
			v, err := id(args.String(k))
			if err != nil {
				return nil, err
			}
			p.IDs = append(p.IDs, v)
		}
		out = append(out, p)
	}
	return out, nil
}

func readAttr(t flatbuf.Table) paddleop.Attr {
	a := paddleop.Attr{Name: t.String(attrName), Str: t.String(attrString)}
	switch t.Int32(attrType, 0) {
	case 0:
		a.Int = int64(t.Int32(attrInt, 0))
	case 1:
		a.Float = float64(t.Float32(attrFloat, 0))
		return a
	case 3:
		a.Ints = t.Vector(attrInts, 4).Int64s()
	case 4:
		for _, x := range t.Vector(attrFloats, 4).Float32s() {
			a.Floats = append(a.Floats, float64(x))
		}
	case 6:
		a.Int = int64(t.Uint8(attrBool, 0))
	case 7:
		for _, x := range t.Vector(attrBools, 1).Raw() {
			a.Ints = append(a.Ints, int64(x))
		}
	case 9:
		a.Int = t.Int64(attrLong, 0)
	case 11:
		a.Ints = t.Vector(attrLongs, 8).Int64s()
	}
	t.Tables(attrStrings)
	t.Vector(attrBlocks, 4)
	a.Float = float64(a.Int)
	return a
}

// resolve returns the tensor that a variable means now.
func (b *builder) resolve(name string) (graph.TensorID, error) {
	if id, ok := b.ids[name]; ok {
		return id, nil
	}
	return b.add(name, false)
}

// define returns the tensor that an operator writes, a new one where the
// variable has been written already.
func (b *builder) define(name string) (graph.TensorID, error) {
	if id, ok := b.ids[name]; ok && !b.taken[id] {
		b.taken[id] = true
		return id, nil
	}
	return b.add(name, true)
}

func (b *builder) add(name string, taken bool) (graph.TensorID, error) {
	if err := flatfmt.Count(&b.tensors, 1, b.lim.Tensors, "tensors"); err != nil {
		return 0, err
	}
	t := graph.Tensor{Name: flatfmt.Text(name, b.lim)}
	if v := b.vars[name]; v.Exists() {
		t.DType = paddleop.DType(int64(v.Int32(descDataType, 0)))
		t.Shape = graph.ShapeOf(v.Vector(descDims, 8).Int64s()...)
	}
	if p, ok := b.params[name]; ok && !taken {
		t.DType, t.Shape, t.Const, taken = p.dtype, p.shape, p.c, true
	}
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, t)
	b.taken = append(b.taken, taken)
	b.ids[name] = id
	return id, nil
}
