package qnncontext

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// Field slots of the description, as seen in files compiled by us. Tables that
// only carry a version stand around the two that matter: their payload is the
// third field.
const (
	rootBinary    = 0
	versionedBody = 2
	binaryGraphs  = 10
	wrapperGraph  = 0
	graphName     = 0
	graphInputs   = 2
	graphOutputs  = 4
	tensorDType   = 3
	tensorDims    = 7
	tensorName    = 9
)

// dtypes are QNN's data types, as its public header QnnTypes.h numbers them.
var dtypes = map[uint32]graph.DType{
	0x0008: graph.Int8, 0x0016: graph.Int16, 0x0032: graph.Int32, 0x0064: graph.Int64,
	0x0108: graph.Uint8, 0x0116: graph.Uint16, 0x0132: graph.Uint32, 0x0164: graph.Uint64,
	0x0216: graph.Float16, 0x0232: graph.Float32,
	0x0304: graph.Int4, 0x0308: graph.Int8, 0x0316: graph.Int16, 0x0332: graph.Int32,
	0x0404: graph.Uint4, 0x0408: graph.Uint8, 0x0416: graph.Uint16, 0x0432: graph.Uint32,
	0x0508: graph.Bool,
}

// readDescription returns a graph of one opaque node for every compiled graph that
// the description names. A description of another layout gives none.
func readDescription(data []byte, lim format.Limits) (graphs []*graph.Graph) {
	b := flatbuf.New(data)
	body := b.Root().Table(rootBinary).Table(versionedBody)
	list := body.Tables(binaryGraphs)
	for i := range min(list.Len(), 4096) {
		info := list.Table(i).Table(versionedBody).Table(wrapperGraph).Table(wrapperGraph)
		if !info.Exists() {
			break
		}
		g := &graph.Graph{Name: flatfmt.Text(info.String(graphName), lim)}
		g.Inputs = readTensors(g, info.Tables(graphInputs), lim)
		g.Outputs = readTensors(g, info.Tables(graphOutputs), lim)
		if b.Err() != nil || g.Name == "" || len(g.Tensors) == 0 {
			return nil
		}
		g.Nodes = []graph.Node{{
			Name: g.Name, Op: graph.OpaqueOp, SourceOp: "QnnGraph",
			Inputs: g.Inputs, Outputs: g.Outputs, Attrs: &graph.CustomAttrs{},
		}}
		graphs = append(graphs, g)
	}
	return graphs
}

func readTensors(g *graph.Graph, list flatbuf.Vector, lim format.Limits) []graph.TensorID {
	var ids []graph.TensorID
	for i := range min(list.Len(), lim.Tensors) {
		t := list.Table(i)
		dims := t.Vector(tensorDims, 4)
		shape := make([]int64, 0, 8)
		for d := range min(dims.Len(), 64) {
			shape = append(shape, int64(dims.Uint32(d)))
		}
		ids = append(ids, graph.TensorID(len(g.Tensors)))
		g.Tensors = append(g.Tensors, graph.Tensor{
			Name: flatfmt.Text(t.String(tensorName), lim), DType: dtypes[t.Uint32(tensorDType, 0)], Shape: graph.ShapeOf(shape...),
		})
	}
	return ids
}
