package data

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// Describe fills the columns of a models row that follow from the model
// itself: names, counts, inputs and outputs, parts, metadata and notes.
func (row *Model) Describe(m *graph.Model) {
	row.Format, row.FormatVersion, row.Producer = m.Format, m.FormatVersion, m.Producer
	row.Name, row.Description = m.Name, m.Description
	row.GraphCount = int64(len(m.Graphs))
	row.InputNames, row.OutputNames, row.OpaqueKinds, row.Parts = []string{}, []string{}, []string{}, []string{}
	row.Metadata, row.Notes = []string{}, []string{}
	for _, g := range m.Graphs {
		row.NodeCount += int64(len(g.Nodes))
		row.TensorCount += int64(len(g.Tensors))
	}
	if len(m.Graphs) > 0 {
		g := m.Graphs[0]
		row.InputNames, row.InputShapes = named(g, g.Inputs)
		row.OutputNames, row.OutputShapes = named(g, g.Outputs)
	}
	for _, o := range m.Opaque {
		row.OpaqueKinds = append(row.OpaqueKinds, o.Kind)
		row.OpaqueBytes += o.Bytes
	}
	for _, p := range m.Parts {
		name := p.Name
		if !p.Found {
			name = "!" + name
		}
		row.Parts = append(row.Parts, name)
	}
	for _, kv := range m.Metadata {
		row.Metadata = append(row.Metadata, kv.Key+"="+kv.Value)
	}
	for _, n := range m.Notes {
		row.Notes = append(row.Notes, n.Text)
	}
}

func named(g *graph.Graph, ids []graph.TensorID) (names []string, shapes [][]int64) {
	names = []string{}
	for _, id := range ids {
		if t := g.Tensor(id); t != nil {
			names = append(names, t.Name)
			shapes = append(shapes, t.Shape.Ints())
		}
	}
	return names, shapes
}

// LayerRows returns the layers rows of a model: operators and shapes from
// shaped, where dimensions that the model's binding makes 1 may stay free, costs
// from costs, which were taken at that binding.
func LayerRows(id string, shaped *graph.Model, costs [][]graph.Cost) []Layer {
	var rows []Layer
	for gi, g := range shaped.Graphs {
		for ni := range g.Nodes {
			n := &g.Nodes[ni]
			row := Layer{
				ModelID: id, GraphIndex: int32(gi), NodeIndex: int32(ni),
				Name: n.Name, Op: string(n.Op), SourceOp: n.SourceOp, Fused: string(n.Fused),
			}
			row.InputShapes, row.InputDTypes = operands(g, n.Inputs)
			row.OutputShapes, row.OutputDTypes = operands(g, n.Outputs)
			row.InputTensors, row.OutputTensors = indexes(n.Inputs), indexes(n.Outputs)
			row.Subgraphs, row.Attributes = indexes(n.Subgraphs), graph.MarshalAttrs(n.Attrs)
			row.setCost(costs[gi][ni])
			rows = append(rows, row)
		}
	}
	return rows
}

func (row *Layer) setCost(c graph.Cost) {
	row.ParamCount, row.WeightBytes, row.CostKnown, row.CostReason = c.Params, c.WeightBytes, c.Known, c.Reason
	if !c.Known {
		return
	}
	flops := c.FLOPs()
	row.MACs, row.Ops, row.FLOPs, row.ReadBytes, row.WriteBytes = &c.MACs, &c.Ops, &flops, &c.ReadBytes, &c.WriteBytes
}

func indexes[T graph.TensorID | int](ids []T) []int64 {
	out := make([]int64, len(ids))
	for i, id := range ids {
		out[i] = int64(id)
	}
	return out
}

// operands returns shapes and dtypes; an absent optional operand keeps its
// place with an unknown shape and dtype "absent".
func operands(g *graph.Graph, ids []graph.TensorID) (shapes [][]int64, dtypes []string) {
	dtypes = make([]string, len(ids))
	shapes = make([][]int64, len(ids))
	for i, id := range ids {
		t := g.Tensor(id)
		if t == nil {
			dtypes[i] = "absent"
			continue
		}
		shapes[i], dtypes[i] = t.Shape.Ints(), t.DType.String()
	}
	return shapes, dtypes
}

// TensorRows returns the tensors rows of a model without statistics.
func TensorRows(id string, m *graph.Model) []Tensor {
	var rows []Tensor
	for gi, g := range m.Graphs {
		role := make([]string, len(g.Tensors))
		for _, t := range g.Inputs {
			role[t] = "input"
		}
		for _, t := range g.Outputs {
			role[t] = "output"
		}
		for ti := range g.Tensors {
			t := &g.Tensors[ti]
			row := Tensor{
				ModelID: id, GraphIndex: int32(gi), TensorIndex: int32(ti), Name: t.Name, Role: role[ti],
				DType: t.DType.String(), Shape: t.Shape.Ints(), Quantisation: quantisation(t.Quant),
			}
			switch {
			case t.Const != nil:
				row.Role = "constant"
			case t.IsVariable:
				row.Role = "variable"
			case row.Role == "":
				row.Role = "intermediate"
			}
			if n, ok := t.Shape.Elements(); ok {
				row.ElementCount = &n
				if b, ok := t.DType.ByteCount(n); ok {
					row.ByteCount = &b
				}
			}
			if t.Sparsity != nil {
				row.Sparsity = t.Sparsity.Word
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// quantisation names a scheme as the tables do.
func quantisation(q *graph.Quant) string {
	if q == nil {
		return "none"
	}
	var b strings.Builder
	switch {
	case q.Scheme == graph.QuantAffine && len(q.Scales) > 1:
		fmt.Fprintf(&b, "per_channel(axis %d)", q.Axis)
	case q.Scheme == graph.QuantAffine:
		b.WriteString("per_tensor")
	case q.Scheme == graph.QuantBlockwise:
		fmt.Fprintf(&b, "blockwise(%d)", q.BlockSize)
	default:
		b.WriteString(q.Scheme.String())
	}
	if q.Word != "" {
		b.WriteString(" " + q.Word)
	}
	return b.String()
}
