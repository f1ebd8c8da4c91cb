package mslite

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Slots of the tables, by the schema's own names.
const (
	metaName        = 0
	metaVersion     = 1
	metaInputIndex  = 3
	metaOutputIndex = 4
	metaNodes       = 6
	metaAllTensors  = 7
	metaSubGraph    = 8
	metaObfuscate   = 9

	nodeName        = 0
	nodePrimitive   = 2
	nodeInputIndex  = 3
	nodeOutputIndex = 4

	subName          = 0
	subInputIndices  = 1
	subOutputIndices = 2
	subNodeIndices   = 3
	subTensorIndices = 4

	tensorDataType     = 1
	tensorDims         = 2
	tensorData         = 6
	tensorQuantParams  = 7
	tensorQuantCluster = 8
	tensorName         = 9
	tensorHuffman      = 10
	tensorCompress     = 11
	tensorExternal     = 12

	externalChecksum = 0
	externalLocation = 1
	externalOffset   = 2
	externalLength   = 3
)

// typeIDs are MindSpore's TypeId numbers.
var typeIDs = map[int32]graph.DType{
	12: graph.String, 30: graph.Bool, 31: graph.Int32, 32: graph.Int8, 33: graph.Int16, 34: graph.Int32, 35: graph.Int64, 36: graph.Uint32, 37: graph.Uint8,
	38: graph.Uint16, 39: graph.Uint32, 40: graph.Uint64, 41: graph.Float32, 42: graph.Float16, 43: graph.Float32, 44: graph.Float64, 45: graph.BFloat16,
}

// compressTypes is enum WeightQuantCompressType.
var compressTypes = [...]string{"", "indexing", "sparse", "fse", "bitpacking", "fse_int", "fse_infer"}

type reader struct {
	in       format.Input
	lim      format.Limits
	fb       *flatbuf.Buffer
	m        *graph.Model
	tensors  []graph.Tensor // of the whole model
	external map[string][]byte
	count    int
}

func read(in format.Input) (*graph.Model, error) {
	r := &reader{in: in, lim: in.Limits.OrDefault(), fb: flatbuf.New(in.Data), m: &graph.Model{Format: Name}, external: map[string][]byte{}}
	root := r.fb.Root()
	nodes, list, subs := root.Tables(metaNodes), root.Tables(metaAllTensors), root.Tables(metaSubGraph)
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.m.Name = flatfmt.Text(root.String(metaName), r.lim)
	r.m.FormatVersion = flatfmt.Text(root.String(metaVersion), r.lim)
	if root.Bool(metaObfuscate) {
		r.m.Notes = append(r.m.Notes, graph.Note{Loses: true, Text: "the graph is obfuscated: operators may not be the real ones"})
	}
	if list.Len() > r.lim.Tensors || nodes.Len() > r.lim.Nodes || subs.Len() > r.lim.Nodes {
		return nil, format.Errorf(format.ErrLimit, int64(root.Pos()), "%d tensors, %d nodes", list.Len(), nodes.Len())
	}
	r.tensors = make([]graph.Tensor, list.Len())
	for i := range r.tensors {
		r.tensor(list.Table(i), &r.tensors[i])
	}
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	if subs.Len() < 2 {
		g := &graph.Graph{Name: r.m.Name, Tensors: r.tensors}
		r.m.Graphs = []*graph.Graph{g}
		all := make([]uint32, nodes.Len())
		for i := range all {
			all[i] = uint32(i)
		}
		if err := r.graph(g, nodes, all, root.Vector(metaInputIndex, 4), root.Vector(metaOutputIndex, 4), nil); err != nil {
			return nil, err
		}
	} else if err := r.subgraphs(nodes, subs); err != nil {
		return nil, err
	}
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	r.m.Length = r.fb.Length()
	return r.m, nil
}

// tensor reads a Tensor. A shape without dimensions of a value that is not
// stored was left for the runtime to infer.
func (r *reader) tensor(t flatbuf.Table, out *graph.Tensor) {
	out.Name = flatfmt.Text(t.String(tensorName), r.lim)
	out.DType = typeIDs[t.Int32(tensorDataType, 0)]
	dims := t.Vector(tensorDims, 4).Int64s()
	out.Shape = graph.ShapeOf(dims...)
	data := t.Bytes(tensorData)
	t.Vector(tensorQuantCluster, 4)
	kind := t.Int32(tensorCompress, 0)
	switch ext := t.Tables(tensorExternal); {
	case ext.Len() > 0:
		out.Const = r.outside(ext.Table(0))
	case len(data) == 0:
		if len(dims) == 0 {
			out.Shape = graph.Shape{}
		}
	case t.Bool(tensorHuffman) || kind > 0:
		word := "huffman"
		if kind > 0 && int(kind) < len(compressTypes) {
			word = compressTypes[kind]
		}
		out.Const = &graph.Const{StoredBytes: int64(len(data)), Missing: "compressed by " + word}
	default:
		out.Const = flatfmt.View(data)
	}
	r.quant(t.Tables(tensorQuantParams), out)
}

func (r *reader) quant(list flatbuf.Vector, out *graph.Tensor) {
	if list.Len() == 0 {
		return
	}
	q := &graph.Quant{}
	for i := range list.Len() {
		p := list.Table(i)
		q.Scales = append(q.Scales, float32(p.Float64(0, 1)))
		q.ZeroPoints = append(q.ZeroPoints, int64(p.Int32(1, 0)))
		if bits := p.Int32(5, 8); i == 0 && bits != 8 {
			q.Word = fmt.Sprintf("%d bits", bits)
		}
	}
	out.Quant = q
}

// outside returns bytes of a companion file.
func (r *reader) outside(t flatbuf.Table) *graph.Const {
	name := flatfmt.Text(t.String(externalLocation), r.lim)
	off, n := t.Int64(externalOffset, 0), t.Int64(externalLength, -1)
	t.String(externalChecksum)
	data, ok := r.external[name]
	if !ok {
		b, err := r.in.Companion(name)
		if err == nil {
			data = b
		} else if len(r.m.Notes) < 100 {
			r.m.Notes = append(r.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("external weights %q not found", name)})
		}
		r.external[name] = data
		r.m.Parts = append(r.m.Parts, graph.Part{Name: name, Found: err == nil, Bytes: int64(len(b))})
	}
	c := &graph.Const{Location: name, StoredBytes: n}
	switch {
	case data == nil:
		c.Missing = fmt.Sprintf("external file %q not found", name)
	case off < 0 || n < 0 || off > int64(len(data)) || n > int64(len(data))-off:
		c.Missing = fmt.Sprintf("%d bytes at %d beyond external file %q of %d bytes", n, off, name, len(data))
	default:
		c.Data = data[off : off+n : off+n]
	}
	return c
}

// subgraphs makes a graph of each SubGraph with the tensors it lists.
func (r *reader) subgraphs(nodes, subs flatbuf.Vector) error {
	for i := range subs.Len() {
		g := &graph.Graph{Name: flatfmt.Text(subs.Table(i).String(subName), r.lim)}
		if i > 0 {
			g.Role = graph.RoleBody
		}
		r.m.Graphs = append(r.m.Graphs, g)
	}
	for i, g := range r.m.Graphs {
		t := subs.Table(i)
		local := map[uint32]graph.TensorID{}
		v := t.Vector(subTensorIndices, 4)
		if err := flatfmt.Count(&r.count, v.Len(), r.lim.Tensors, "tensors"); err != nil {
			return err
		}
		for k := range v.Len() {
			if id := v.Uint32(k); int64(id) < int64(len(r.tensors)) {
				local[id] = graph.TensorID(len(g.Tensors))
				g.Tensors = append(g.Tensors, r.tensors[id])
			}
		}
		ids := t.Vector(subNodeIndices, 4)
		list := make([]uint32, ids.Len())
		for k := range list {
			list[k] = ids.Uint32(k)
		}
		if err := r.graph(g, nodes, list, t.Vector(subInputIndices, 4), t.Vector(subOutputIndices, 4), local); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("subgraph %d", i))
		}
	}
	return nil
}

// graph reads the nodes of the given indexes; local maps the model's tensor
// indexes to the graph's, nil where they are the same.
func (r *reader) graph(g *graph.Graph, nodes flatbuf.Vector, list []uint32, in, out flatbuf.Vector, local map[uint32]graph.TensorID) error {
	var err error
	if g.Inputs, err = r.ids(g, in, local); err != nil {
		return err
	}
	if g.Outputs, err = r.ids(g, out, local); err != nil {
		return err
	}
	if err := flatfmt.Count(&r.count, len(list), r.lim.Nodes, "nodes"); err != nil {
		return err
	}
	var single flatfmt.Single
	for _, i := range list {
		if int64(i) >= int64(nodes.Len()) {
			return format.Errorf(format.ErrMalformed, int64(nodes.Pos()), "node %d of %d", i, nodes.Len())
		}
		t := nodes.Table(int(i))
		n := graph.Node{Name: flatfmt.Text(t.String(nodeName), r.lim)}
		if n.Inputs, err = r.ids(g, t.Vector(nodeInputIndex, 4), local); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("node %d", i))
		}
		if n.Outputs, err = r.ids(g, t.Vector(nodeOutputIndex, 4), local); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("node %d", i))
		}
		r.translate(g, &n, t.Table(nodePrimitive))
		if err := flatfmt.Error(r.fb.Err()); err != nil {
			return err
		}
		single.Assign(g, &n)
		g.Nodes = append(g.Nodes, n)
	}
	single.Finish(g)
	return flatfmt.Error(r.fb.Err())
}

func (r *reader) ids(g *graph.Graph, v flatbuf.Vector, local map[uint32]graph.TensorID) ([]graph.TensorID, error) {
	out := make([]graph.TensorID, 0, v.Len())
	for i := range v.Len() {
		id := v.Uint32(i)
		if local != nil {
			k, ok := local[id]
			if !ok {
				if int64(id) >= int64(len(r.tensors)) {
					return nil, format.Errorf(format.ErrMalformed, int64(v.Pos()+4*i), "tensor %d of %d", id, len(r.tensors))
				}
				k = graph.TensorID(len(g.Tensors))
				g.Tensors = append(g.Tensors, r.tensors[id])
				local[id] = k
			}
			out = append(out, k)
			continue
		}
		if int64(id) >= int64(len(r.tensors)) {
			return nil, format.Errorf(format.ErrMalformed, int64(v.Pos()+4*i), "tensor %d of %d", id, len(r.tensors))
		}
		out = append(out, graph.TensorID(id))
	}
	return out, nil
}
