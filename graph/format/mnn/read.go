package mnn

import (
	"fmt"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// sources is the schema's enum NetSource.
var sources = [...]string{"CAFFE", "TENSORFLOW", "TFLITE", "ONNX", "TORCH"}

type reader struct {
	in       format.Input
	lim      format.Limits
	fb       *flatbuf.Buffer
	m        *graph.Model
	external []byte // the companion of weights, nil if none
	asked    bool   // whether external was looked for
	bodies   map[string]int
	source   uint8
	stripped int // weights that are declared but not stored

	nodes, tensors int
}

func read(in format.Input) (*graph.Model, error) {
	r := &reader{in: in, lim: in.Limits.OrDefault(), fb: flatbuf.New(in.Data), m: &graph.Model{Format: Name}, bodies: map[string]int{}}
	net := r.fb.Root()
	ops, names := net.Tables(netOplists), net.Tables(netTensorName)
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	if ops.Len() == 0 || names.Len() == 0 {
		return nil, format.Errorf(format.ErrNotModel, int64(net.Pos()), "%d operators and %d tensors", ops.Len(), names.Len())
	}
	if r.source = net.Uint8(netSourceType, 0); int(r.source) < len(sources) {
		r.put("source", sources[r.source])
	}
	r.put("biz_code", net.String(netBizCode))
	r.put("uuid", net.String(netUUID))
	if net.Uint8(netUsage, 0) == 1 {
		r.put("usage", "TRAIN")
	}
	subs := net.Tables(netSubgraphs)
	for i := range subs.Len() {
		r.bodies[subs.Table(i).String(subgraphName)] = 1 + i
	}
	main := &graph.Graph{}
	r.m.Graphs = append(r.m.Graphs, main)
	for i := range min(subs.Len(), r.lim.Nodes) {
		r.m.Graphs = append(r.m.Graphs, &graph.Graph{Name: flatfmt.Text(subs.Table(i).String(subgraphName), r.lim), Role: graph.RoleBody})
	}
	if err := r.graph(main, ops, names); err != nil {
		return nil, err
	}
	r.outputs(main, net.Tables(netOutputName).Strings())
	for i, g := range r.m.Graphs[1:] {
		if err := r.body(g, subs.Table(i)); err != nil {
			return nil, flatfmt.Wrap(err, fmt.Sprintf("subgraph %d", i))
		}
	}
	r.quantInfo(main, net.Tables(netExtraTensorDescribe))
	if r.stripped > 0 {
		r.m.Notes = append(r.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d weights are declared but not stored", r.stripped)})
	}
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.m.Length = r.fb.Length()
	return r.m, nil
}

func (r *reader) put(key, value string) {
	if value != "" {
		r.m.Metadata = append(r.m.Metadata, graph.KeyValue{Key: key, Value: flatfmt.Text(value, r.lim)})
	}
}

// graph reads a list of operators over named tensors.
func (r *reader) graph(g *graph.Graph, ops, names flatbuf.Vector) error {
	if err := flatfmt.Count(&r.tensors, names.Len(), r.lim.Tensors, "tensors"); err != nil {
		return err
	}
	if err := flatfmt.Count(&r.nodes, ops.Len(), r.lim.Nodes, "operators"); err != nil {
		return err
	}
	g.Tensors = make([]graph.Tensor, names.Len())
	for i := range g.Tensors {
		g.Tensors[i].Name = flatfmt.Text(names.String(i), r.lim)
	}
	uses := make([]int, names.Len())
	for i := range ops.Len() {
		v := ops.Table(i).Vector(opInputIndexes, 4)
		for k := range v.Len() {
			if id := v.Int32(k); id >= 0 && int(id) < len(uses) {
				uses[id]++
			}
		}
	}
	var single flatfmt.Single
	for i := range ops.Len() {
		if err := r.operator(g, ops.Table(i), uses, &single); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("operator %d", i))
		}
	}
	return flatfmt.Error(r.fb.Err())
}

func (r *reader) operator(g *graph.Graph, t flatbuf.Table, uses []int, single *flatfmt.Single) error {
	code := t.Int32(opType, 0)
	n := graph.Node{Name: flatfmt.Text(t.String(opName), r.lim)}
	var err error
	if n.Inputs, err = ids(t.Vector(opInputIndexes, 4), len(uses)); err != nil {
		return err
	}
	if n.Outputs, err = ids(t.Vector(opOutputIndexes, 4), len(uses)); err != nil {
		return err
	}
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return err
	}
	info, ok := types[code]
	if !ok {
		return format.Errorf(format.ErrMalformed, int64(t.Pos()), "operator type %d is not in the schema", code)
	}
	n.SourceOp, n.Op = info.name, info.op
	p := t.Table(opMain)
	switch {
	case code == typeInput:
		return r.input(g, &n, p)
	case code == typeConst && len(n.Inputs) == 0 && len(n.Outputs) == 1 && n.Outputs[0] >= 0:
		id := n.Outputs[0]
		g.Tensors[id].DType, g.Tensors[id].Shape, g.Tensors[id].Const = r.blob(p)
		if uses[id] == 1 {
			return flatfmt.Error(r.fb.Err()) // a plain initializer
		}
	case info.read != nil:
		s := &site{r: r, g: g, n: &n, p: p, code: code}
		info.read(s)
	}
	single.Assign(g, &n)
	g.Nodes = append(g.Nodes, n)
	return flatfmt.Error(r.fb.Err())
}

// ids reads tensor indexes; a negative one is an operand left out.
func ids(v flatbuf.Vector, tensors int) ([]graph.TensorID, error) {
	out := make([]graph.TensorID, v.Len())
	for i := range out {
		id := v.Int32(i)
		if int(id) >= tensors {
			return nil, format.Errorf(format.ErrMalformed, int64(v.Pos()+4*i), "tensor %d of %d", id, tensors)
		}
		out[i] = graph.TensorID(max(id, -1))
	}
	return out, nil
}

// input declares a graph input: dims, dtype, format.
func (r *reader) input(g *graph.Graph, n *graph.Node, p flatbuf.Table) error {
	for _, id := range n.Outputs {
		if id < 0 {
			continue
		}
		t := &g.Tensors[id]
		t.DType = dataType(p.Int32(1, 1))
		if dims := p.Vector(0, 4); dims.Exists() {
			t.Shape = graph.ShapeOf(dims.Int64s()...)
		}
		g.Inputs = append(g.Inputs, id)
	}
	return flatfmt.Error(r.fb.Err())
}

// outputs are those the file names, else the results nothing reads.
func (r *reader) outputs(g *graph.Graph, names []string) {
	byName := map[string]graph.TensorID{}
	read := make([]bool, len(g.Tensors))
	for i := range g.Tensors {
		byName[g.Tensors[i].Name] = graph.TensorID(i)
	}
	for _, name := range names {
		if id, ok := byName[name]; ok {
			g.Outputs = append(g.Outputs, id)
		}
	}
	if len(g.Outputs) > 0 {
		return
	}
	for i := range g.Nodes {
		for _, id := range g.Nodes[i].Inputs {
			if id >= 0 {
				read[id] = true
			}
		}
	}
	for i := range g.Nodes {
		for _, id := range g.Nodes[i].Outputs {
			if id >= 0 && !read[id] {
				g.Outputs = append(g.Outputs, id)
			}
		}
	}
}

func (r *reader) body(g *graph.Graph, t flatbuf.Table) error {
	if err := r.graph(g, t.Tables(subgraphNodes), t.Tables(subgraphTensors)); err != nil {
		return err
	}
	in, err := ids(t.Vector(subgraphInputs, 4), len(g.Tensors))
	if err != nil {
		return err
	}
	out, err := ids(t.Vector(subgraphOutputs, 4), len(g.Tensors))
	g.Inputs, g.Outputs = in, out
	return err
}

// quantInfo reads the activations' quantisation that quantised models keep.
func (r *reader) quantInfo(g *graph.Graph, list flatbuf.Vector) {
	for i := range list.Len() {
		t := list.Table(i)
		q := t.Table(describeQuantInfo)
		id := int(t.Int32(describeIndex, 0))
		if !q.Exists() || id < 0 || id >= len(g.Tensors) {
			continue
		}
		g.Tensors[id].Quant = &graph.Quant{
			Scales: []float32{q.Float32(quantInfoScale, 0)}, ZeroPoints: []int64{int64(q.Float32(quantInfoZero, 0))},
			Word: "TensorQuantInfo " + strconv.Itoa(int(q.Int32(4, 0))),
		}
	}
}
