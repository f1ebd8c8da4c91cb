package ort

import (
	"fmt"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
)

// Slots of the tables, by the schema's own names.
const (
	sessionOrtVersion = 0
	sessionModel      = 1

	modelIRVersion       = 0
	modelOpsetImport     = 1
	modelProducerName    = 2
	modelProducerVersion = 3
	modelDomain          = 4
	modelVersion         = 5
	modelDocString       = 6
	modelGraph           = 7
	modelMetadataProps   = 9

	graphInitializers       = 0
	graphNodeArgs           = 1
	graphNodes              = 2
	graphInputs             = 5
	graphOutputs            = 6
	graphSparseInitializers = 7

	nodeName         = 0
	nodeDomain       = 2
	nodeSinceVersion = 3
	nodeOpType       = 5
	nodeInputs       = 8
	nodeOutputs      = 9
	nodeAttributes   = 10

	tensorName       = 0
	tensorDims       = 2
	tensorDataType   = 3
	tensorRawData    = 4
	tensorStringData = 5
	tensorExternal   = 6

	valueName = 0
	valueType = 2

	typeInfoValueType = 1
	typeInfoValue     = 2
	typeTensor        = 1

	attributeName    = 0
	attributeF       = 3
	attributeI       = 4
	attributeS       = 5
	attributeT       = 6
	attributeG       = 7
	attributeFloats  = 8
	attributeInts    = 9
	attributeStrings = 10
	attributeGraphs  = 12
)

type reader struct {
	in  format.Input
	lim format.Limits
	fb  *flatbuf.Buffer
	m   *graph.Model

	nodes, tensors, depth int
}

func read(in format.Input) (*graph.Model, error) {
	r := &reader{in: in, lim: in.Limits.OrDefault(), fb: flatbuf.New(in.Data), m: &graph.Model{Format: Name}}
	session := r.fb.Root()
	model := session.Table(sessionModel)
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	if !model.Exists() {
		return nil, format.Errorf(format.ErrMalformed, int64(session.Pos()), "session without a model")
	}
	r.m.FormatVersion = flatfmt.Text(session.String(sessionOrtVersion), r.lim)
	r.header(model)
	if _, err := r.graph(model.Table(modelGraph), graph.RoleMain, nil); err != nil {
		return nil, err
	}
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.m.Length = r.fb.Length()
	return r.m, nil
}

func (r *reader) header(model flatbuf.Table) {
	producer := model.String(modelProducerName)
	if v := model.String(modelProducerVersion); v != "" {
		producer += " " + v
	}
	r.m.Producer = flatfmt.Text(producer, r.lim)
	r.m.Description = flatfmt.Text(model.String(modelDocString), r.lim)
	r.put("domain", model.String(modelDomain))
	if v := model.Int64(modelVersion, 0); v != 0 {
		r.put("model_version", strconv.FormatInt(v, 10))
	}
	r.put("ir_version", strconv.FormatInt(model.Int64(modelIRVersion, 0), 10))
	opsets := model.Tables(modelOpsetImport)
	for i := range opsets.Len() {
		t := opsets.Table(i)
		name := onnxop.Canonical(t.String(0))
		if name == "" {
			name = "ai.onnx"
		}
		r.put("opset."+flatfmt.Text(name, r.lim), strconv.FormatInt(t.Int64(1, 0), 10))
	}
	props := model.Tables(modelMetadataProps)
	for i := range props.Len() {
		t := props.Table(i)
		r.put("metadata."+flatfmt.Text(t.String(0), r.lim), t.String(1))
	}
}

func (r *reader) put(key, value string) {
	if value != "" && len(r.m.Metadata) < 4096 {
		r.m.Metadata = append(r.m.Metadata, graph.KeyValue{Key: key, Value: flatfmt.Text(value, r.lim)})
	}
}

// builder makes one graph; outer is the graph around it, whose values it may read.
type builder struct {
	onnxop.Scope
	r      *reader
	outer  *builder
	ids    map[string]graph.TensorID
	types  map[string]flatbuf.Table
	made   map[string]bool // results of this graph's nodes
	single flatfmt.Single
}

// graph reads a Graph and returns its index in the model.
func (r *reader) graph(t flatbuf.Table, role graph.Role, outer *builder) (int, error) {
	if r.depth++; r.depth > r.lim.Depth {
		return 0, format.Errorf(format.ErrLimit, int64(t.Pos()), "graphs are nested more than %d deep", r.lim.Depth)
	}
	defer func() { r.depth-- }()
	if !t.Exists() {
		if err := flatfmt.Error(r.fb.Err()); err != nil {
			return 0, err
		}
		return 0, format.Errorf(format.ErrMalformed, -1, "a graph is missing")
	}
	b := &builder{r: r, outer: outer, ids: map[string]graph.TensorID{}, types: map[string]flatbuf.Table{}, made: map[string]bool{}}
	b.Graph = &graph.Graph{Role: role}
	index := len(r.m.Graphs)
	r.m.Graphs = append(r.m.Graphs, b.Graph)
	args, inits, nodes := t.Tables(graphNodeArgs), t.Tables(graphInitializers), t.Tables(graphNodes)
	if err := flatfmt.Count(&r.tensors, args.Len()+inits.Len(), r.lim.Tensors, "tensors"); err != nil {
		return 0, err
	}
	if err := flatfmt.Count(&r.nodes, nodes.Len(), r.lim.Nodes, "operators"); err != nil {
		return 0, err
	}
	for i := range args.Len() {
		b.types[args.Table(i).String(valueName)] = args.Table(i).Table(valueType)
	}
	for i := range inits.Len() {
		b.initializer(inits.Table(i))
	}
	b.sparse(t.Tables(graphSparseInitializers))
	in := t.Tables(graphInputs)
	for i := range in.Len() {
		name := in.String(i)
		if _, isInit := b.ids[name]; !isInit {
			b.Graph.Inputs = append(b.Graph.Inputs, b.define(name))
		}
	}
	for i := range nodes.Len() {
		v := nodes.Table(i).Tables(nodeOutputs)
		for k := range v.Len() {
			b.made[v.String(k)] = true
		}
	}
	for i := range nodes.Len() {
		if err := b.node(nodes.Table(i)); err != nil {
			return 0, flatfmt.Wrap(err, fmt.Sprintf("node %d", i))
		}
	}
	out := t.Tables(graphOutputs)
	for i := range out.Len() {
		b.Graph.Outputs = append(b.Graph.Outputs, b.resolve(out.String(i)))
	}
	b.single.Finish(b.Graph)
	return index, flatfmt.Error(r.fb.Err())
}

// define returns the tensor of a name in this graph, new if need be, with the
// type that the file states.
func (b *builder) define(name string) graph.TensorID {
	if name == "" {
		return graph.NoTensor
	}
	if id, ok := b.ids[name]; ok {
		return id
	}
	t := graph.Tensor{Name: flatfmt.Text(name, b.r.lim)}
	t.DType, t.Shape = b.valueType(b.types[name])
	return b.add(name, t)
}

func (b *builder) add(name string, t graph.Tensor) graph.TensorID {
	b.Graph.Tensors = append(b.Graph.Tensors, t)
	id := graph.TensorID(len(b.Graph.Tensors) - 1)
	b.ids[name] = id
	return id
}

// resolve returns the tensor that a name means where it is read: one of this
// graph, or a twin of one of the graphs around it.
func (b *builder) resolve(name string) graph.TensorID {
	if id, ok := b.ids[name]; ok || name == "" || b.outer == nil {
		if !ok {
			return b.define(name)
		}
		return id
	}
	if !b.made[name] {
		for o := b.outer; o != nil; o = o.outer {
			if id, ok := o.ids[name]; ok {
				return b.add(name, o.Graph.Tensors[id])
			}
		}
	}
	return b.define(name)
}

// valueType returns dtype and shape of a TypeInfo; maps and sequences have
// neither.
func (b *builder) valueType(t flatbuf.Table) (graph.DType, graph.Shape) {
	if t.Uint8(typeInfoValueType, 0) != typeTensor {
		return graph.UnknownDType, graph.Shape{}
	}
	v := t.Table(typeInfoValue)
	d := onnxop.DType(int64(v.Int32(0, 0)))
	shape := v.Table(1)
	if !shape.Exists() {
		return d, graph.Shape{}
	}
	list := shape.Tables(0)
	dims := make([]graph.Dim, list.Len())
	for i := range dims {
		value := list.Table(i).Table(0)
		switch value.Uint8(0, 0) {
		case 1:
			dims[i] = graph.DimOf(value.Int64(1, 0))
		case 2:
			dims[i] = graph.SymbolDim(flatfmt.Text(value.String(2), b.r.lim))
		}
	}
	return d, graph.ShapeOfDims(dims...)
}

func (b *builder) initializer(t flatbuf.Table) {
	name := t.String(tensorName)
	if _, twice := b.ids[name]; twice {
		return
	}
	b.add(name, b.tensor(t))
}

// tensor reads a Tensor with its value.
func (b *builder) tensor(t flatbuf.Table) graph.Tensor {
	out := graph.Tensor{Name: flatfmt.Text(t.String(tensorName), b.r.lim), DType: onnxop.DType(int64(t.Int32(tensorDataType, 0)))}
	out.Shape = graph.ShapeOf(t.Vector(tensorDims, 8).Int64s()...)
	raw := t.Bytes(tensorRawData)
	switch {
	case len(raw) > 0:
		out.Const = flatfmt.View(raw)
	case t.Int64(tensorExternal, -1) >= 0:
		out.Const = &graph.Const{StoredBytes: -1, Missing: "external initializer"}
		b.r.m.Notes = append(b.r.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("initializer %q is in an external file", out.Name)})
	case out.DType == graph.String:
		n := int64(0)
		for _, s := range t.Tables(tensorStringData).Strings() {
			n += int64(len(s))
		}
		out.Const = &graph.Const{StoredBytes: n, Missing: "strings"}
	default:
		out.Const = &graph.Const{} // no elements
	}
	return out
}

// sparse initializers keep their dense shape.
func (b *builder) sparse(list flatbuf.Vector) {
	for i := range list.Len() {
		t := list.Table(i)
		values, indices := t.Table(0), t.Table(1)
		out := b.tensor(values)
		stored := out.Const.StoredBytes
		n, _ := out.Shape.Elements()
		out.Shape = graph.ShapeOf(t.Vector(2, 8).Int64s()...)
		out.Sparsity = &graph.Sparsity{StoredElements: n, Word: "coo"}
		out.Const = &graph.Const{StoredBytes: stored + int64(len(indices.Bytes(tensorRawData))), Missing: "sparse values are not written out"}
		b.add(values.String(tensorName), out)
	}
}
