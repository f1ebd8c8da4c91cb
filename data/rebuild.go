package data

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
)

// maxTensors bounds the tensor indexes that a rebuilt graph may use.
const maxTensors = 4 << 20

// Rebuild makes a graph and its costs from the layers rows of one graph, in
// order of node_index: enough to cut it into kernels again without the file.
// Free dimensions take the value 1, which is what batches are bound to; a
// caller must not rebuild a model whose macs are null. Constants have no
// payload, which tensors are graph inputs is what no node writes, and the
// bodies of control flow are indexes of graphs that are not rebuilt.
func Rebuild(rows []Layer) (*graph.Graph, []graph.Cost, error) {
	g := &graph.Graph{}
	costs := make([]graph.Cost, len(rows))
	for i := range rows {
		r := &rows[i]
		attrs, err := graph.UnmarshalAttrs(r.Attributes)
		if err != nil {
			return nil, nil, fmt.Errorf("model %.12s node %d: %w", r.ModelID, r.NodeIndex, err)
		}
		n := graph.Node{Name: r.Name, Op: graph.Op(r.Op), SourceOp: r.SourceOp, Fused: graph.Op(r.Fused), Attrs: attrs}
		for _, body := range r.Subgraphs {
			n.Subgraphs = append(n.Subgraphs, int(body))
		}
		if n.Inputs, err = addTensors(g, r.InputTensors, r.InputShapes, r.InputDTypes); err == nil {
			n.Outputs, err = addTensors(g, r.OutputTensors, r.OutputShapes, r.OutputDTypes)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("model %.12s node %d: %w", r.ModelID, r.NodeIndex, err)
		}
		g.Nodes = append(g.Nodes, n)
		costs[i] = r.cost()
	}
	ends(g, rows)
	return g, costs, nil
}

func addTensors(g *graph.Graph, ids []int64, shapes [][]int64, dtypes []string) ([]graph.TensorID, error) {
	out := make([]graph.TensorID, len(ids))
	for i, id := range ids {
		if id < -1 || id > maxTensors {
			return nil, fmt.Errorf("tensor index %d", id)
		}
		out[i] = graph.TensorID(id)
		if id < 0 {
			continue
		}
		for int64(len(g.Tensors)) <= id {
			g.Tensors = append(g.Tensors, graph.Tensor{})
		}
		t := &g.Tensors[id]
		if i < len(shapes) && shapes[i] != nil {
			sizes := append([]int64(nil), shapes[i]...)
			for j, n := range sizes {
				if n < 0 {
					sizes[j] = 1
				}
			}
			t.Shape = graph.ShapeOf(sizes...)
		}
		if i < len(dtypes) {
			t.DType = graph.DTypeNamed(dtypes[i])
		}
	}
	return out, nil
}

// ends tells graph inputs from constants among what no node writes, and marks
// as outputs what is written and never read.
func ends(g *graph.Graph, rows []Layer) {
	read, written := make([]bool, len(g.Tensors)), make([]bool, len(g.Tensors))
	for i := range g.Nodes {
		for _, id := range g.Nodes[i].Inputs {
			if id >= 0 {
				read[id] = true
			}
		}
		for _, id := range g.Nodes[i].Outputs {
			if id >= 0 {
				written[id] = true
			}
		}
	}
	for i := range g.Nodes {
		markEnds(g, &g.Nodes[i], rows[i].ParamCount, written)
	}
	for id := range g.Tensors {
		if written[id] && !read[id] {
			g.Outputs = append(g.Outputs, graph.TensorID(id))
		}
	}
}

// cost returns the cost that the row states.
func (row *Layer) cost() graph.Cost {
	c := graph.Cost{Params: row.ParamCount, WeightBytes: row.WeightBytes, Known: row.CostKnown, Reason: row.CostReason}
	if row.MACs != nil && row.Ops != nil && row.ReadBytes != nil && row.WriteBytes != nil {
		c.MACs, c.Ops, c.ReadBytes, c.WriteBytes = *row.MACs, *row.Ops, *row.ReadBytes, *row.WriteBytes
	} else {
		c.Known = false
	}
	if len(row.InputDTypes) > 0 {
		c.DType = graph.DTypeNamed(row.InputDTypes[0])
	}
	return c
}

// markEnds marks a node's unwritten operands: all are constants where their
// elements make up the node's parameters, else the first is a graph input.
func markEnds(g *graph.Graph, n *graph.Node, params int64, written []bool) {
	var sum int64
	for _, id := range n.Inputs {
		if id >= 0 && !written[id] {
			e, _ := g.Tensors[id].Shape.Elements()
			sum += e
		}
	}
	for i, id := range n.Inputs {
		switch {
		case id < 0 || written[id] || g.Tensors[id].Const != nil:
		case i == 0 && (params == 0 || sum != params):
			g.Inputs = append(g.Inputs, id)
			written[id] = true
		case params > 0:
			g.Tensors[id].Const = &graph.Const{StoredBytes: -1, Missing: "tables hold no weights"}
		}
	}
}
