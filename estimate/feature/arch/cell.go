package arch

import (
	"fmt"
	"strings"
)

// Rule says which operators of a NAS-Bench-201 cell a runtime executes.
type Rule int

// The rules.
const (
	// RunAll executes every operator of the cell, as an eager runtime does.
	RunAll Rule = iota
	// RunUseful leaves out operators whose result cannot reach the output;
	// operators fed only by zeros are executed.
	RunUseful
	// RunLive leaves out, besides, operators fed only by zeros, as constant
	// folding does.
	RunLive
)

// Rules are all rules.
func Rules() []Rule { return []Rule{RunAll, RunUseful, RunLive} }

// Edge is one operator of a cell from node From to node To, 0 <= From < To <= 3.
type Edge struct {
	From, To int
	Op       string
}

// The operators of a cell, apart from none.
const (
	OpConv3 = "nor_conv_3x3"
	OpConv1 = "nor_conv_1x1"
	OpPool  = "avg_pool_3x3"
	OpSkip  = "skip_connect"
	opNone  = "none"
)

// CellOps returns the operators of a cell in the order of one-hot encodings.
func CellOps() []string { return []string{OpConv3, OpConv1, OpPool, OpSkip} }

// CellPositions is the number of edges of a cell.
const CellPositions = 6

// IsCell reports whether s looks like a NAS-Bench-201 cell.
func IsCell(s string) bool { return strings.HasPrefix(s, "|") }

// ParseCell returns the six edges of a cell in the order of the string; edges
// that are none have Op "".
func ParseCell(s string) ([]Edge, error) {
	var edges []Edge
	for to, node := range strings.Split(s, "+") {
		for from, item := range strings.Split(strings.Trim(node, "|"), "|") {
			op, src, ok := strings.Cut(item, "~")
			if !ok || src != string(rune('0'+from)) {
				return nil, fmt.Errorf("cell %q: edge %q is not op~%d", s, item, from)
			}
			switch op {
			case OpConv3, OpConv1, OpPool, OpSkip:
			case opNone:
				op = ""
			default:
				return nil, fmt.Errorf("cell %q: unknown operator %q", s, op)
			}
			edges = append(edges, Edge{from, to + 1, op})
		}
		if len(edges) != (to+1)*(to+2)/2 || to > 2 {
			return nil, fmt.Errorf("cell %q: node %d has the wrong number of edges", s, to+1)
		}
	}
	if len(edges) != CellPositions {
		return nil, fmt.Errorf("cell %q: %d edges, want %d", s, len(edges), CellPositions)
	}
	return edges, nil
}

// Apply returns the edges with the operators that the rule does not execute set
// to "".
func (r Rule) Apply(edges []Edge) []Edge {
	out := append([]Edge(nil), edges...)
	if r == RunAll {
		return out
	}
	useful := [4]bool{3: true}
	for from := 2; from >= 0; from-- {
		for _, e := range edges {
			if e.From == from && e.Op != "" && useful[e.To] {
				useful[from] = true
			}
		}
	}
	live := [4]bool{0: true}
	for to := 1; to <= 3; to++ {
		for _, e := range edges {
			if e.To == to && e.Op != "" && live[e.From] {
				live[to] = true
			}
		}
	}
	for i, e := range out {
		if !useful[e.To] || r == RunLive && !live[e.From] {
			out[i].Op = ""
		}
	}
	return out
}

// LongestPath returns the largest total weight of a path that ends in node 3,
// starting anywhere.
func LongestPath(edges []Edge, weight func(op string) float64) float64 {
	var best [4]float64
	for to := 1; to <= 3; to++ {
		for _, e := range edges {
			if e.To == to && e.Op != "" {
				best[to] = max(best[to], best[e.From]+weight(e.Op))
			}
		}
	}
	return best[3]
}
