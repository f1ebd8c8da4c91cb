package om

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// reader turns ge.proto graphs into graphs.
type reader struct {
	weights []byte
	lim     format.Limits
	m       *graph.Model
	nodes   int
	tensors int
}

// descriptor is a ge.proto.TensorDescriptor.
type descriptor struct {
	dtype  graph.DType
	shape  graph.Shape
	layout string
	offset int64
	bytes  int64
}

// dtypes are ge.proto.DataType.
var dtypes = []graph.DType{
	graph.UnknownDType, graph.Float32, graph.Float16, graph.Int8, graph.Uint8, graph.Int16, graph.Uint16, graph.Int32, graph.Int64, graph.Uint32, graph.Uint64,
	graph.Bool, graph.Float64, graph.String, graph.UnknownDType, graph.UnknownDType, graph.Complex64, graph.Complex128, graph.Int8, graph.Int16, graph.Int32,
	graph.Uint8, graph.Uint16, graph.Resource, graph.UnknownDType, graph.UnknownDType, graph.Variant, graph.BFloat16, graph.Int4, graph.Uint1, graph.Int2, graph.Uint2,
}

// opDef is a ge.proto.OpDef, as far as it is read.
type opDef struct {
	name, kind string
	inputs     []string
	outputs    []descriptor
	value      *protowire.Field // TensorDef of a Const
}

// graph reads a GraphDef.
func (r *reader) graph(msg protowire.Message) error {
	g := &graph.Graph{}
	ids := map[string]graph.TensorID{}
	var f protowire.Field
	for msg.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			g.Name = r.text(f.Bytes)
		case f.Is(6, protowire.Bytes):
			if r.nodes++; r.nodes > r.lim.Nodes {
				return format.Errorf(format.ErrLimit, f.Offset, "more than %d operators", r.lim.Nodes)
			}
			o, err := r.op(f.Message())
			if err != nil {
				return err
			}
			if err := r.add(g, ids, o); err != nil {
				return err
			}
		}
	}
	if err := msg.Err(); err != nil {
		return err
	}
	if len(r.m.Graphs) > 0 {
		g.Role = graph.RoleBody
	}
	r.m.Graphs = append(r.m.Graphs, g)
	return nil
}

func (r *reader) text(b []byte) string { return string(b[:min(len(b), r.lim.TextBytes)]) }

func (r *reader) op(msg protowire.Message) (o opDef, err error) {
	var f protowire.Field
	for msg.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			o.name = r.text(f.Bytes)
		case f.Is(2, protowire.Bytes):
			o.kind = r.text(f.Bytes)
		case f.Is(5, protowire.Bytes):
			o.inputs = append(o.inputs, r.text(f.Bytes))
		case f.Is(34, protowire.Bytes):
			d, err := r.descriptor(f.Message())
			if err != nil {
				return o, err
			}
			o.outputs = append(o.outputs, d)
		case f.Is(10, protowire.Bytes):
			if v := attrTensor(f.Message(), "value"); v != nil {
				o.value = v
			}
		}
	}
	return o, msg.Err()
}

// attrTensor returns the tensor (field 12 of AttrDef) of a map entry with the key.
func attrTensor(entry protowire.Message, key string) *protowire.Field {
	var f, v protowire.Field
	found := false
	for entry.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			found = f.String() == key
		case f.Is(2, protowire.Bytes):
			v = f
		}
	}
	if !found || v.Bytes == nil {
		return nil
	}
	attr := v.Message()
	for attr.Next(&f) {
		if f.Is(12, protowire.Bytes) {
			out := f
			return &out
		}
	}
	return nil
}

func (r *reader) descriptor(msg protowire.Message) (d descriptor, err error) {
	var f protowire.Field
	d.offset, d.bytes = -1, -1
	for msg.Next(&f) {
		switch {
		case f.Is(2, protowire.Varint) && f.Uint < uint64(len(dtypes)):
			d.dtype = dtypes[f.Uint]
		case f.Is(3, protowire.Bytes):
			if d.shape, err = shapeOf(f.Message()); err != nil {
				return d, err
			}
		case f.Is(4, protowire.Bytes):
			d.layout = r.text(f.Bytes)
		case f.Is(11, protowire.Varint):
			d.bytes = f.Int64()
		case f.Is(18, protowire.Varint):
			d.offset = f.Int64()
		}
	}
	return d, msg.Err()
}

func shapeOf(msg protowire.Message) (graph.Shape, error) {
	var f protowire.Field
	var dims []int64
	for msg.Next(&f) {
		if f.Number == 1 {
			var ok bool
			if dims, ok = f.AppendInts(dims, 64); !ok {
				return graph.Shape{}, format.Errorf(format.ErrMalformed, f.Offset, "shape of more than 64 dimensions")
			}
		}
	}
	return graph.ShapeOf(dims...), msg.Err()
}

// add appends the operator, or a constant where it is one.
func (r *reader) add(g *graph.Graph, ids map[string]graph.TensorID, o opDef) error {
	tensor := func(key string, t graph.Tensor) (graph.TensorID, error) {
		if r.tensors++; r.tensors > r.lim.Tensors {
			return 0, format.Errorf(format.ErrLimit, -1, "more than %d tensors", r.lim.Tensors)
		}
		if _, twice := ids[key]; twice {
			key += fmt.Sprintf("#%d", len(g.Tensors))
		}
		id := graph.TensorID(len(g.Tensors))
		ids[key] = id
		g.Tensors = append(g.Tensors, t)
		return id, nil
	}
	if (o.kind == "Const" || o.kind == "Constant") && o.value != nil {
		t, err := r.constant(o)
		if err == nil {
			_, err = tensor(o.name+":0", t)
		}
		return err
	}
	n := graph.Node{Name: o.name, SourceOp: o.kind}
	for _, in := range o.inputs {
		key, control := in, strings.HasSuffix(in, ":-1")
		if control || in == "" {
			continue
		}
		if !strings.Contains(key, ":") {
			key += ":0"
		}
		id, ok := ids[key]
		if !ok {
			var err error
			if id, err = tensor(key, graph.Tensor{Name: key}); err != nil {
				return err
			}
		}
		n.Inputs = append(n.Inputs, id)
	}
	layout := ""
	for i, d := range o.outputs {
		id, err := tensor(fmt.Sprintf("%s:%d", o.name, i), graph.Tensor{Name: o.name, DType: d.dtype, Shape: d.shape})
		if err != nil {
			return err
		}
		n.Outputs = append(n.Outputs, id)
		layout = d.layout
	}
	switch o.kind {
	case "Data":
		g.Inputs = append(g.Inputs, n.Outputs...)
	case "NetOutput":
		g.Outputs = append(g.Outputs, n.Inputs...)
	}
	translate(g, &n, layout)
	g.Nodes = append(g.Nodes, n)
	return nil
}

// constant reads a TensorDef: a descriptor and either the value or its place in
// the weights.
func (r *reader) constant(o opDef) (graph.Tensor, error) {
	t := graph.Tensor{Name: o.name}
	msg := o.value.Message()
	var f protowire.Field
	var d descriptor
	var data []byte
	for msg.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			var err error
			if d, err = r.descriptor(f.Message()); err != nil {
				return t, err
			}
		case f.Is(2, protowire.Bytes):
			data = f.Bytes
		}
	}
	t.DType, t.Shape = d.dtype, d.shape
	t.Const = &graph.Const{StoredBytes: int64(len(data))}
	switch {
	case len(data) > 0:
		t.Const.Data = data
	case d.bytes > 0 && d.offset >= 0 && d.offset <= int64(len(r.weights)) && d.bytes <= int64(len(r.weights))-d.offset:
		t.Const.Data, t.Const.StoredBytes = r.weights[d.offset:d.offset+d.bytes:d.offset+d.bytes], d.bytes
	default:
		t.Const.StoredBytes, t.Const.Missing = d.bytes, "outside the weights partition"
	}
	if n, ok := t.Shape.Elements(); t.Const.Data != nil {
		if size, fits := t.DType.ByteCount(n); !ok || !fits || size != int64(len(t.Const.Data)) {
			t.Const.Data, t.Const.Missing = nil, "packed for the chip"
		}
	}
	return t, msg.Err()
}
