package ptl

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Slots of the tables, by the schema's own names.
const (
	moduleBytecodeVersion = 0
	moduleExtraFiles      = 1
	moduleMethods         = 2
	moduleStateObj        = 3
	moduleIvalues         = 4
	moduleStorageData     = 6
	moduleObjectTypes     = 7
	moduleJitSources      = 8
	moduleOperatorVersion = 10

	functionQn           = 0
	functionInstructions = 1
	functionOperators    = 2
	functionConstants    = 3
	functionRegisterSize = 5
	functionSchema       = 6

	tensorStorage    = 0
	tensorScalarType = 1
	tensorOffset     = 2
	tensorSizes      = 3
	tensorQuantised  = 6

	objectType  = 0
	objectAttrs = 2

	typeName      = 0
	typeAttrNames = 2
)

type reader struct {
	in  format.Input
	lim format.Limits
	fb  *flatbuf.Buffer
	m   *graph.Model

	ivalues  flatbuf.Vector
	storages flatbuf.Vector
	types    flatbuf.Vector
	consts   map[uint32]*graph.Const
	steps    int
	nodes    int
}

func read(in format.Input) (*graph.Model, error) {
	r := &reader{in: in, lim: in.Limits.OrDefault(), fb: flatbuf.New(in.Data), m: &graph.Model{Format: Name}, consts: map[uint32]*graph.Const{}}
	root := r.fb.Root()
	r.ivalues, r.storages, r.types = root.Tables(moduleIvalues), root.Tables(moduleStorageData), root.Tables(moduleObjectTypes)
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.m.FormatVersion = strconv.Itoa(int(root.Uint32(moduleBytecodeVersion, 0)))
	r.put("operator_version", strconv.Itoa(int(root.Uint32(moduleOperatorVersion, 0))))
	files := root.Tables(moduleExtraFiles)
	for i := range min(files.Len(), 1024) {
		r.put("file."+flatfmt.Text(files.Table(i).String(0), r.lim), files.Table(i).String(1))
	}
	sources := root.Tables(moduleJitSources)
	for i := range min(sources.Len(), 1024) {
		r.put("source."+flatfmt.Text(sources.Table(i).String(0), r.lim), fmt.Sprintf("%d bytes", len(sources.Table(i).String(1))))
	}
	for i := range r.storages.Len() {
		r.storages.Table(i).Bytes(0)
	}
	methods := root.Vector(moduleMethods, 4)
	if methods.Len() == 0 {
		return nil, format.Errorf(format.ErrMalformed, int64(root.Pos()), "module without methods")
	}
	state := root.Uint32(moduleStateObj, 0)
	if err := r.name(state); err != nil {
		return nil, err
	}
	for i := range methods.Len() {
		if err := r.method(methods.Uint32(i), state); err != nil {
			return nil, flatfmt.Wrap(err, fmt.Sprintf("method %d", i))
		}
	}
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.reach()
	r.m.Length = r.fb.Length()
	return r.m, nil
}

// reach visits every value, used or not: the last of them may be the end of the
// file. A fault in one that no method uses does not matter.
func (r *reader) reach() {
	for i := range r.ivalues.Len() {
		r.ivalues.Table(i).Table(1)
	}
}

func (r *reader) put(key, value string) {
	if value != "" {
		r.m.Metadata = append(r.m.Metadata, graph.KeyValue{Key: key, Value: flatfmt.Text(value, r.lim)})
	}
}

func (r *reader) note(loses bool, text string) {
	for _, n := range r.m.Notes {
		if n.Text == text {
			return
		}
	}
	if len(r.m.Notes) < 100 {
		r.m.Notes = append(r.m.Notes, graph.Note{Loses: loses, Text: text})
	}
}

// name takes the model's name from the class of its module.
func (r *reader) name(state uint32) error {
	if int64(state) >= int64(r.ivalues.Len()) {
		return format.Errorf(format.ErrMalformed, -1, "module object %d of %d", state, r.ivalues.Len())
	}
	t := r.ivalues.Table(int(state))
	if t.Uint8(0, 0) != ivalueObject {
		return flatfmt.Error(r.fb.Err())
	}
	kind := t.Table(1).Uint32(objectType, 0)
	name := r.types.Table(int(kind)).String(typeName)
	r.m.Name = flatfmt.Text(name[strings.LastIndexByte(name, '.')+1:], r.lim)
	return flatfmt.Error(r.fb.Err())
}

// attribute returns the ivalue and the path of an object's slot.
func (r *reader) attribute(object int32, path string, slot int) (uint32, string, bool) {
	o := r.ivalues.Table(int(object)).Table(1)
	attrs := o.Vector(objectAttrs, 4)
	if slot < 0 || slot >= attrs.Len() {
		return 0, "", false
	}
	name := r.types.Table(int(o.Uint32(objectType, 0))).Tables(typeAttrNames).String(slot)
	if path != "" {
		name = path + "." + name
	}
	return attrs.Uint32(slot), name, true
}

// method runs one method and makes its graph.
func (r *reader) method(index, state uint32) error {
	if int64(index) >= int64(r.ivalues.Len()) {
		return format.Errorf(format.ErrMalformed, -1, "method %d of %d", index, r.ivalues.Len())
	}
	t := r.ivalues.Table(int(index))
	if t.Uint8(0, 0) != ivalueFunction {
		return format.Errorf(format.ErrMalformed, int64(t.Pos()), "method %d is no function", index)
	}
	f := t.Table(1)
	qn := flatfmt.Text(f.String(functionQn), r.lim)
	c := &code{reader: r, f: f, g: &graph.Graph{Name: qn[strings.LastIndexByte(qn, '.')+1:]}, tensors: map[uint32]graph.TensorID{}}
	r.m.Graphs = append(r.m.Graphs, c.g)
	args := f.Table(functionSchema).Tables(0)
	registers := int(f.Int32(functionRegisterSize, 0))
	if registers < 0 || registers > 1<<16 {
		return format.Errorf(format.ErrMalformed, int64(f.Pos()), "%d registers", registers)
	}
	c.registers = make([]*value, registers+1)
	in := []*value{{object: int32(state) + 1, Value: aten.Value{Kind: aten.Other}}}
	for i := 1; i < args.Len(); i++ {
		in = append(in, c.argument(args.Table(i)))
	}
	if args.Len() == 0 {
		in = append(in, c.input("input"))
	}
	c.stack = append(c.stack, in...)
	if err := c.run(); err != nil {
		return err
	}
	return flatfmt.Error(r.fb.Err())
}

// argument makes an input of a method's argument: tensors and lists of them
// become graph inputs, numbers stay unknown.
func (c *code) argument(t flatbuf.Table) *value {
	name, kind := flatfmt.Text(t.String(0), c.lim), t.String(1)
	if strings.Contains(kind, "Tensor") && !strings.HasPrefix(kind, "List") && !strings.HasPrefix(kind, "Dict") && !strings.HasPrefix(kind, "Tuple") {
		return c.input(name)
	}
	return unknown()
}

func (c *code) input(name string) *value {
	c.g.Tensors = append(c.g.Tensors, graph.Tensor{Name: name})
	id := graph.TensorID(len(c.g.Tensors) - 1)
	c.g.Inputs = append(c.g.Inputs, id)
	return &value{Value: aten.Value{Kind: aten.Tensor, Tensor: id}}
}

// tensor returns the tensor of ivalue i, a constant of the module.
func (c *code) tensor(i uint32, t flatbuf.Table, path string) graph.TensorID {
	if id, ok := c.tensors[i]; ok {
		return id
	}
	out := graph.Tensor{Name: flatfmt.Text(path, c.lim), Shape: graph.ShapeOf(t.Vector(tensorSizes, 4).Int64s()...)}
	if out.Name == "" {
		out.Name = "constant_" + strconv.Itoa(int(i))
	}
	if k := t.Int8(tensorScalarType, 0); k >= 0 && int(k) < len(scalarTypes) {
		out.DType = scalarTypes[k]
	}
	if q := t.Table(tensorQuantised); q.Exists() {
		out.Quant = &graph.Quant{Scales: []float32{float32(q.Float64(1, 0))}, ZeroPoints: []int64{int64(q.Int32(2, 0))}, Word: "qscheme " + strconv.Itoa(int(q.Int8(0, 0)))}
		if scales := q.Table(3); scales.Exists() {
			out.Quant.Axis, out.Quant.Scales, out.Quant.ZeroPoints = int(q.Int32(5, 0)), nil, nil
		}
	}
	out.Const = c.constOf(i, t, &out)
	c.g.Tensors = append(c.g.Tensors, out)
	id := graph.TensorID(len(c.g.Tensors) - 1)
	c.tensors[i] = id
	return id
}

// constOf returns the value of a tensor, one per ivalue across methods. A
// tensor is taken as dense; strides only change the order of its values.
func (r *reader) constOf(i uint32, t flatbuf.Table, out *graph.Tensor) *graph.Const {
	if c, ok := r.consts[i]; ok {
		return c
	}
	c := &graph.Const{StoredBytes: -1, Missing: "no storage"}
	s := t.Uint32(tensorStorage, 0)
	if int64(s) < int64(r.storages.Len()) {
		data := r.storages.Table(int(s)).Bytes(0)
		n, known := out.Shape.Elements()
		size, fixed := out.DType.ByteCount(n)
		off, _ := out.DType.ByteCount(int64(max(0, t.Int32(tensorOffset, 0))))
		if known && fixed && off <= int64(len(data)) && size <= int64(len(data))-off {
			c = &graph.Const{Data: data[off : off+size : off+size], StoredBytes: size}
		}
	}
	r.consts[i] = c
	return c
}
