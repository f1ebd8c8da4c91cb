package data

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/gaugenn/gaugenn/graph"
)

// maxTensors bounds the tensor indexes that a rebuilt graph may use.
const maxTensors = 4 << 20

// noWeights is why a rebuilt constant has no payload.
const noWeights = "tables hold no weights"

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
			if id < 0 {
				continue
			}
			written[id] = true
			if g.Nodes[i].Op == graph.Constant {
				g.Tensors[id].Const = &graph.Const{StoredBytes: -1, Missing: noWeights, NotParam: true}
			}
		}
	}
	for i := range g.Nodes {
		markEnds(g, &g.Nodes[i], &rows[i], written)
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

// markEnds marks a node's unwritten operands: constants are those whose bytes
// make up the node's weight bytes, else whose elements make up its parameters,
// the others graph inputs. Where no choice of operands does, all but the first
// are constants if it has parameters.
func markEnds(g *graph.Graph, n *graph.Node, row *Layer, written []bool) {
	bytes, params := row.WeightBytes, row.ParamCount
	var open []graph.TensorID
	var openBytes, openElems []int64
	for i, id := range n.Inputs {
		if id < 0 || slices.Contains(n.Inputs[:i], id) {
			continue
		}
		elems, _ := g.Tensors[id].Shape.Elements()
		size, _ := g.Tensors[id].DType.ByteCount(elems)
		switch {
		case g.Tensors[id].Const != nil:
			bytes, params = bytes-size, params-elems
		case !written[id]:
			open, openBytes, openElems = append(open, id), append(openBytes, size), append(openElems, elems)
		}
	}
	constant, ok := adding(openBytes, bytes)
	if params > 0 && (!ok || bytes == 0) {
		constant, ok = adding(openElems, params)
	}
	for i, id := range open {
		switch {
		case ok && constant&(1<<i) != 0, !ok && row.ParamCount > 0 && id != n.Inputs[0]:
			g.Tensors[id].Const = &graph.Const{StoredBytes: -1, Missing: noWeights}
		case ok || id == n.Inputs[0]:
			g.Inputs = append(g.Inputs, id)
			written[id] = true
		}
	}
}

// maxOpen bounds the operands whose choices adding tries.
const maxOpen = 10

// adding returns the sizes, as bits, that add up to want: as many as can be,
// those that stand last first. Sizes of 0 are none of them.
func adding(sizes []int64, want int64) (choice uint, ok bool) {
	if len(sizes) > maxOpen {
		return 0, false
	}
	most := -1
	for try := uint(0); try < 1<<len(sizes); try++ {
		sum, k := int64(0), 0
		for i, n := range sizes {
			if try&(1<<i) != 0 && n > 0 {
				sum, k = sum+n, k+1
			}
		}
		if k == bits.OnesCount(try) && sum == want && k >= most {
			choice, most, ok = try, k, true
		}
	}
	return choice, ok
}
