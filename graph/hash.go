package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// StructureHash returns a SHA-256 over what the graphs compute: operators, shapes,
// dtypes, typed attributes and connections, without names, weights, metadata
// or the file's own operator words, 64 hex characters. Two models with the same
// hash are the same network with possibly different weights.
func StructureHash(m *Model) string {
	h := sha256.New()
	for gi, g := range m.Graphs {
		fmt.Fprintf(h, "graph %d %d in %v out %v\n", gi, g.Role, g.Inputs, g.Outputs)
		for i := range g.Tensors {
			t := &g.Tensors[i]
			fmt.Fprintf(h, "t %d %v %v\n", t.DType, t.Shape.Ints(), t.Const != nil)
		}
		for i := range g.Nodes {
			n := g.Nodes[i]
			n.Name = ""
			if n.Op != Unknown && n.Op != Custom {
				n.SourceOp = ""
			}
			n.Version = 0
			fmt.Fprintln(h, nodeText(&n))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
