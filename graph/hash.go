package graph

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
)

// StructureHash returns a SHA-256 over what the graphs compute: operators, shapes,
// dtypes, typed attributes and connections, without names, weights, metadata
// or the file's own operator words, 64 hex characters. Two models with the same
// hash are the same network with possibly different weights.
func StructureHash(m *Model) string {
	h := sha256.New()
	var line []byte
	for gi, g := range m.Graphs {
		fmt.Fprintf(h, "graph %d %d in %v out %v\n", gi, g.Role, g.Inputs, g.Outputs)
		for i := range g.Tensors {
			t := &g.Tensors[i]
			line = strconv.AppendUint(append(line[:0], "t "...), uint64(t.DType), 10)
			line = append(line, " ["...)
			for k, d := range t.Shape.Ints() {
				if k > 0 {
					line = append(line, ' ')
				}
				line = strconv.AppendInt(line, d, 10)
			}
			line = strconv.AppendBool(append(line, "] "...), t.Const != nil)
			h.Write(append(line, '\n'))
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
