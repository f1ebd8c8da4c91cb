package graph

import "fmt"

// Validate checks what every later stage relies on: tensor ids and subgraph
// indexes are inside their lists, graphs with nodes have tensors, and no
// tensor is written by two nodes of one graph. It does not check operators.
func Validate(m *Model) error {
	for gi, g := range m.Graphs {
		if g == nil {
			return fmt.Errorf("graph %d is nil", gi)
		}
		if err := validateGraph(m, g); err != nil {
			return fmt.Errorf("graph %d %q: %w", gi, g.Name, err)
		}
	}
	return nil
}

func validateGraph(m *Model, g *Graph) error {
	check := func(what string, ids []TensorID) error {
		for _, id := range ids {
			if id != NoTensor && (id < 0 || int(id) >= len(g.Tensors)) {
				return fmt.Errorf("%s: tensor %d of %d", what, id, len(g.Tensors))
			}
		}
		return nil
	}
	if err := check("inputs", g.Inputs); err != nil {
		return err
	}
	if err := check("outputs", g.Outputs); err != nil {
		return err
	}
	writer := make([]int32, len(g.Tensors))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		what := fmt.Sprintf("node %d %s", i, n.SourceOp)
		if err := check(what+" inputs", n.Inputs); err != nil {
			return err
		}
		if err := check(what+" outputs", n.Outputs); err != nil {
			return err
		}
		for _, s := range n.Subgraphs {
			if s < 0 || s >= len(m.Graphs) {
				return fmt.Errorf("%s: subgraph %d of %d", what, s, len(m.Graphs))
			}
		}
		for _, id := range n.Outputs {
			if id == NoTensor {
				continue
			}
			if w := writer[id]; w != 0 {
				return fmt.Errorf("%s: tensor %d is already written by node %d", what, id, w-1)
			}
			writer[id] = int32(i + 1)
		}
	}
	return nil
}
