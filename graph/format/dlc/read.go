package dlc

import (
	"fmt"
	"sort"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Slots of version 3.
const (
	modelNodes3 = 1

	nodeName3       = 1
	nodeType3       = 2
	nodeInputs3     = 3
	nodeOutputs3    = 4
	nodeAttributes3 = 5

	attributeName  = 0
	attributeInt   = 3
	attributeUint  = 4
	attributeInts  = 9
	attributeTable = 12

	paramsNodes3   = 0
	paramsName3    = 0
	paramsWeights3 = 1

	tensorName3  = 0
	tensorShape3 = 1
	tensorData3  = 2
)

// Slots of version 4.
const (
	graphName4    = 0
	graphNodes4   = 1
	graphTensors4 = 2

	nodeName4       = 0
	nodeType4       = 1
	nodeInputs4     = 2
	nodeOutputs4    = 3
	nodeAttributes4 = 4

	attributeKind4   = 1
	attributeValue4  = 3
	attributeTensor4 = 4

	tensorName4     = 1
	tensorLocation4 = 2
	tensorShape4    = 3
	tensorInfo4     = 5
	tensorDType4    = 6

	locationInput  = 0
	locationOutput = 1
	locationStatic = 4

	params4Graphs   = 0
	params4Name     = 0
	params4Tensors  = 1
	params4Nodes    = 2
	params64Buffers = 0
	params64Params  = 1
)

type reader struct {
	lim format.Limits
	m   *graph.Model

	nodes, tensors int
}

func read(in format.Input) (*graph.Model, error) {
	p, err := open(in)
	if err != nil {
		return nil, err
	}
	r := &reader{lim: in.Limits.OrDefault(), m: &graph.Model{Format: Name}}
	version, id, start := blob(p.model)
	if id != "NETD" {
		kind := format.ErrMalformed
		if version == 2 || len(p.model) >= 3 && p.model[0] == 0xd5 && p.model[2] == 2 {
			kind = format.ErrUnsupported
		}
		return nil, format.Errorf(kind, 0, "graph of version %d, identifier %q", version, id)
	}
	r.m.FormatVersion = strconv.Itoa(version)
	metadata(r.m, p.metadata, r.lim)
	fb := flatbuf.New(p.model[start:])
	switch version {
	case 3:
		err = r.version3(fb, p.params)
	case 4:
		err = r.version4(fb, p.params)
	default:
		err = format.Errorf(format.ErrUnsupported, 2, "version %d", version)
	}
	if err != nil {
		return nil, err
	}
	if p.params == nil {
		r.m.Notes = append(r.m.Notes, graph.Note{Loses: true, Text: "the weights (model.params) are missing"})
	}
	return r.m, nil
}

// builder makes one graph of named values.
type builder struct {
	*reader
	g      *graph.Graph
	ids    map[string]graph.TensorID
	single flatfmt.Single
}

func (r *reader) builder(name string) *builder {
	b := &builder{reader: r, g: &graph.Graph{Name: flatfmt.Text(name, r.lim)}, ids: map[string]graph.TensorID{}}
	r.m.Graphs = append(r.m.Graphs, b.g)
	return b
}

func (b *builder) id(name string) graph.TensorID {
	if id, ok := b.ids[name]; ok {
		return id
	}
	b.g.Tensors = append(b.g.Tensors, graph.Tensor{Name: flatfmt.Text(name, b.lim)})
	id := graph.TensorID(len(b.g.Tensors) - 1)
	b.ids[name] = id
	return id
}

func (b *builder) names(v flatbuf.Vector) ([]graph.TensorID, error) {
	if err := flatfmt.Count(&b.tensors, v.Len(), b.lim.Tensors, "operands"); err != nil {
		return nil, err
	}
	out := make([]graph.TensorID, v.Len())
	for i := range out {
		out[i] = b.id(v.String(i))
	}
	return out, nil
}

// version3 reads a graph whose nodes keep their weights and output shapes.
func (r *reader) version3(fb *flatbuf.Buffer, params []byte) error {
	list := fb.Root().Tables(modelNodes3)
	if err := flatfmt.Count(&r.nodes, list.Len(), r.lim.Nodes, "nodes"); err != nil {
		return err
	}
	weights, pb, err := weights3(params)
	if err != nil {
		return err
	}
	b := r.builder("")
	for i := range list.Len() {
		if err := b.node3(list.Table(i), weights); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("node %d", i))
		}
	}
	if err := flatfmt.Error(fb.Err()); err != nil {
		return err
	}
	if pb != nil && pb.Err() != nil {
		return flatfmt.Wrap(flatfmt.Error(pb.Err()), memberParams)
	}
	b.open()
	b.floats()
	return nil
}

// floats states the dtype of version 3's activations, which the file does not:
// where a weight is a float the network runs in floats.
func (b *builder) floats() {
	found := false
	for i := range b.g.Tensors {
		found = found || b.g.Tensors[i].Const != nil && b.g.Tensors[i].DType == graph.Float32
	}
	for i := range b.g.Tensors {
		if t := &b.g.Tensors[i]; found && t.DType == graph.UnknownDType {
			t.DType = graph.Float32
		}
	}
}

// weights3 returns the weights by node name.
func weights3(params []byte) (map[string]flatbuf.Vector, *flatbuf.Buffer, error) {
	out := map[string]flatbuf.Vector{}
	if params == nil {
		return out, nil, nil
	}
	_, id, start := blob(params)
	if id != "NETP" {
		return nil, nil, format.Errorf(format.ErrUnsupported, -1, "%s: identifier %q", memberParams, id)
	}
	fb := flatbuf.New(params[start:])
	list := fb.Root().Tables(paramsNodes3)
	for i := range list.Len() {
		t := list.Table(i)
		out[t.String(paramsName3)] = t.Tables(paramsWeights3)
	}
	return out, fb, flatfmt.Error(fb.Err())
}

func (b *builder) node3(t flatbuf.Table, weights map[string]flatbuf.Vector) error {
	n := graph.Node{Name: flatfmt.Text(t.String(nodeName3), b.lim), SourceOp: flatfmt.Text(t.String(nodeType3), b.lim)}
	var err error
	if n.Inputs, err = b.names(t.Tables(nodeInputs3)); err != nil {
		return err
	}
	if n.Outputs, err = b.names(t.Tables(nodeOutputs3)); err != nil {
		return err
	}
	at := attributes3(t.Tables(nodeAttributes3))
	dims := at.table("OutputDims")
	for i := range min(dims.Len(), len(n.Outputs)) {
		x := &b.g.Tensors[n.Outputs[i]]
		if v := dims.Table(i).Vector(attributeInts, 4); v.Exists() && !x.Shape.IsRanked() {
			x.Shape = graph.ShapeOf(v.Int64s()...)
		}
	}
	if n.SourceOp == "Input" || n.SourceOp == "Data" {
		b.g.Inputs = append(b.g.Inputs, n.Outputs...)
		return nil
	}
	list := weights[t.String(nodeName3)]
	for i := range list.Len() {
		w := list.Table(i)
		shape := graph.ShapeOf(w.Vector(tensorShape3, 4).Int64s()...)
		d, c := data3(w.Table(tensorData3))
		n.Inputs = append(n.Inputs, flatfmt.AddConst(b.g, n.Name+"."+flatfmt.Text(w.String(tensorName3), b.lim), d, shape, c))
	}
	b.finish(&n, at)
	return nil
}

// data3 reads TensorData: bytes of type 6, floats of type 9.
func data3(t flatbuf.Table) (graph.DType, *graph.Const) {
	if v := t.Vector(2, 4); v.Len() > 0 {
		return graph.Float32, flatfmt.View(v.Raw())
	}
	d := graph.Uint8
	if t.Uint8(0, 0) == 9 {
		d = graph.Float32
	}
	if c := flatfmt.View(t.Bytes(1)); c != nil {
		return d, c
	}
	return d, &graph.Const{Missing: "no value stored"}
}

// finish translates a node and appends it.
func (b *builder) finish(n *graph.Node, at attributes) {
	if o, ok := operators[n.SourceOp]; ok {
		n.Op = o.op
		if o.read != nil {
			o.read(&site{b: b, n: n, at: at})
		}
	}
	b.single.Assign(b.g, n)
	b.g.Nodes = append(b.g.Nodes, *n)
}

// open completes inputs and outputs where the file does not list them.
func (b *builder) open() {
	read := map[graph.TensorID]bool{}
	for i := range b.g.Nodes {
		for _, id := range b.g.Nodes[i].Inputs {
			read[id] = true
		}
	}
	for i := range b.g.Nodes {
		for _, id := range b.g.Nodes[i].Outputs {
			if !read[id] {
				b.g.Outputs = append(b.g.Outputs, id)
			}
		}
	}
}

// version4 reads graphs with tensors of their own.
func (r *reader) version4(fb *flatbuf.Buffer, params []byte) error {
	values, err := r.weights4(params)
	if err != nil {
		return err
	}
	list := fb.Root().Tables(0)
	for i := range list.Len() {
		if err := r.graph4(list.Table(i), values); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("graph %d", i))
		}
	}
	if err := flatfmt.Error(fb.Err()); err != nil {
		return err
	}
	if len(r.m.Graphs) == 0 {
		return format.Errorf(format.ErrMalformed, 8, "no graphs")
	}
	return nil
}

// values4 are the weights of version 4: by graph and tensor name, or as a list
// of buffers in the order of names.
type values4 struct {
	byName  map[string]map[string][]byte
	buffers [][]byte
	next    int
}

func (r *reader) weights4(params []byte) (*values4, error) {
	out := &values4{byName: map[string]map[string][]byte{}}
	if params == nil {
		return out, nil
	}
	_, id, start := blob(params)
	if start > len(params) {
		return nil, format.Errorf(format.ErrTruncated, 0, "%s of %d bytes", memberParams, len(params))
	}
	body := params[start:]
	if id == "NR64" {
		fb := flatbuf.New(body)
		root := fb.Root()
		list := root.Tables(params64Buffers)
		for i := range list.Len() {
			out.buffers = append(out.buffers, list.Table(i).Bytes(0))
		}
		body = root.Bytes(params64Params)
		if err := flatfmt.Error(fb.Err()); err != nil {
			return nil, flatfmt.Wrap(err, memberParams)
		}
	} else if id != "NETP" {
		return nil, format.Errorf(format.ErrUnsupported, -1, "%s: identifier %q", memberParams, id)
	}
	fb := flatbuf.New(body)
	list := fb.Root().Tables(params4Graphs)
	for i := range list.Len() {
		t := list.Table(i)
		tensors := map[string][]byte{}
		v := t.Tables(params4Tensors)
		for k := range v.Len() {
			tensors[v.Table(k).String(0)] = v.Table(k).Bytes(1)
		}
		out.byName[t.String(params4Name)] = tensors
		nodes := t.Tables(params4Nodes)
		for k := range nodes.Len() {
			w := nodes.Table(k).Tables(0)
			for j := range w.Len() {
				tensors[nodeKey(k, w.Table(j).String(0))] = w.Table(j).Bytes(1)
			}
		}
	}
	if err := flatfmt.Error(fb.Err()); err != nil {
		return nil, flatfmt.Wrap(err, memberParams)
	}
	return out, nil
}

// nodeKey names the value of a node's tensor attribute.
func nodeKey(node int, name string) string { return "\x00" + strconv.Itoa(node) + "\x00" + name }

func (r *reader) graph4(t flatbuf.Table, values *values4) error {
	name := t.String(graphName4)
	b := r.builder(name)
	tensors, nodes := t.Tables(graphTensors4), t.Tables(graphNodes4)
	if err := flatfmt.Count(&r.tensors, tensors.Len(), r.lim.Tensors, "tensors"); err != nil {
		return err
	}
	if err := flatfmt.Count(&r.nodes, nodes.Len(), r.lim.Nodes, "nodes"); err != nil {
		return err
	}
	order := make([]int, tensors.Len())
	for i := range order {
		order[i] = i
		b.id(tensors.Table(i).String(tensorName4))
	}
	sort.SliceStable(order, func(i, k int) bool {
		return tensors.Table(order[i]).String(tensorName4) < tensors.Table(order[k]).String(tensorName4)
	})
	for _, i := range order {
		x := tensors.Table(i)
		id := b.id(x.String(tensorName4))
		b.tensor4(x, &b.g.Tensors[id])
		switch x.Int32(tensorLocation4, 0) {
		case locationInput:
			b.g.Inputs = append(b.g.Inputs, id)
		case locationOutput:
			b.g.Outputs = append(b.g.Outputs, id)
		case locationStatic:
			b.g.Tensors[id].Const = values.take(name, x.String(tensorName4), &b.g.Tensors[id])
		}
	}
	sort.Slice(b.g.Inputs, func(i, k int) bool { return b.g.Inputs[i] < b.g.Inputs[k] })
	sort.Slice(b.g.Outputs, func(i, k int) bool { return b.g.Outputs[i] < b.g.Outputs[k] })
	for i := range nodes.Len() {
		if err := b.node4(i, name, nodes.Table(i), values); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("node %d", i))
		}
	}
	return nil
}

// take returns the value of a static tensor.
func (v *values4) take(graphName, key string, t *graph.Tensor) *graph.Const {
	data, ok := v.byName[graphName][key]
	if v.buffers != nil {
		data, ok = nil, false
		if v.next < len(v.buffers) {
			data, ok = v.buffers[v.next], true
			v.next++
		}
	}
	n, _ := t.Shape.Elements()
	if size, known := t.DType.ByteCount(n); !ok || known && size != int64(len(data)) && len(data) > 0 && v.buffers != nil {
		return &graph.Const{StoredBytes: -1, Missing: "no matching value in " + memberParams}
	}
	if c := flatfmt.View(data); c != nil {
		return c
	}
	return &graph.Const{}
}

// dtypes4 are the QNN data types: class in the high byte (0 int, 1 uint, 2
// float, 3 signed and 4 unsigned fixed point, 5 bool), bits in decimal in the low one.
var dtypes4 = map[int32]graph.DType{
	0x0008: graph.Int8, 0x0016: graph.Int16, 0x0032: graph.Int32, 0x0064: graph.Int64,
	0x0108: graph.Uint8, 0x0116: graph.Uint16, 0x0132: graph.Uint32, 0x0164: graph.Uint64,
	0x0216: graph.Float16, 0x0232: graph.Float32, 0x0264: graph.Float64,
	0x0304: graph.Int4, 0x0308: graph.Int8, 0x0316: graph.Int16, 0x0332: graph.Int32,
	0x0404: graph.Uint4, 0x0408: graph.Uint8, 0x0416: graph.Uint16, 0x0432: graph.Uint32, 0x0508: graph.Bool,
}

func (b *builder) tensor4(t flatbuf.Table, out *graph.Tensor) {
	code := t.Int32(tensorDType4, 0)
	out.DType = dtypes4[code]
	out.Shape = graph.ShapeOf(t.Vector(tensorShape4, 4).Int64s()...)
	info := t.Table(tensorInfo4)
	if code < 0x0300 || code >= 0x0500 || !info.Exists() {
		return
	}
	if a := info.Table(2); a.Exists() { // bits, min, max, scale, offset
		out.Quant = &graph.Quant{Scales: []float32{a.Float32(3, 0)}, ZeroPoints: []int64{-int64(a.Int32(4, 0))}}
	}
	if a := info.Table(3); a.Exists() { // axis and one record per channel
		q := &graph.Quant{Axis: int(a.Int32(0, 0))}
		list := a.Tables(1)
		for i := range list.Len() {
			q.Scales = append(q.Scales, list.Table(i).Float32(3, 0))
			q.ZeroPoints = append(q.ZeroPoints, -int64(list.Table(i).Int32(4, 0)))
		}
		out.Quant = q
	}
}

func (b *builder) node4(i int, graphName string, t flatbuf.Table, values *values4) error {
	n := graph.Node{Name: flatfmt.Text(t.String(nodeName4), b.lim), SourceOp: flatfmt.Text(t.String(nodeType4), b.lim)}
	var err error
	if n.Inputs, err = b.names(t.Tables(nodeInputs4)); err != nil {
		return err
	}
	if n.Outputs, err = b.names(t.Tables(nodeOutputs4)); err != nil {
		return err
	}
	at := attributes{v4: map[string]flatbuf.Table{}, tensors: map[string]*graph.Tensor{}}
	list := t.Tables(nodeAttributes4)
	for k := range list.Len() {
		a := list.Table(k)
		name := a.String(attributeName)
		if a.Int32(attributeKind4, 0) == 1 {
			x := &graph.Tensor{}
			b.tensor4(a.Table(attributeTensor4), x)
			x.Const = values.take(graphName, nodeKey(i, a.Table(attributeTensor4).String(tensorName4)), x)
			at.tensors[name] = x
			continue
		}
		at.v4[name] = a.Table(attributeValue4)
	}
	b.finish(&n, at)
	return nil
}
