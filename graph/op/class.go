package op

import "github.com/gaugenn/gaugenn/graph"

// Class groups operators by what bounds them.
type Class uint8

// The classes of operators.
const (
	// ClassUnknown is an operator without a rule.
	ClassUnknown Class = iota
	// ClassCompute is dominated by multiply-accumulates.
	ClassCompute
	// ClassPooling slides a window without weights.
	ClassPooling
	// ClassNormalization covers normalisations and softmax.
	ClassNormalization
	// ClassElementwise computes each output element from one element per operand.
	ClassElementwise
	// ClassReduction reduces along axes (also arg-reductions, scans and sorts).
	ClassReduction
	// ClassMovement only moves or reinterprets data.
	ClassMovement
	// ClassValue makes values from shapes, indexes or randomness.
	ClassValue
	// ClassDetection covers detection heads: priors, proposals, suppression.
	ClassDetection
	// ClassControl runs subgraphs.
	ClassControl
	// ClassOpaque cannot be looked into: custom and compiled operators, strings,
	// hash tables, classic machine learning.
	ClassOpaque
)

var classNames = [...]string{"unknown", "compute", "pooling", "normalization", "elementwise",
	"reduction", "movement", "value", "detection", "control", "opaque"}

// String returns the class in lower case, for example "compute".
func (c Class) String() string {
	if int(c) >= len(classNames) {
		return "unknown"
	}
	return classNames[c]
}

// Info is the public part of an operator's entry.
type Info struct {
	Op    graph.Op
	Class Class
	// CostKnown is false for operators whose cost has no rule.
	CostKnown bool
}

// Lookup returns the entry of an operator; ok is false where the table has
// none (graph.Unknown among others).
func Lookup(op graph.Op) (info Info, ok bool) {
	r, ok := rules[op]
	if !ok {
		return Info{Op: op}, false
	}
	return r.info(), true
}

// All returns the entries of the table in its order.
func All() []Info {
	out := make([]Info, len(table))
	for i := range table {
		out[i] = table[i].info()
	}
	return out
}

// ClassOf returns the class of an operator, ClassUnknown without an entry.
func ClassOf(op graph.Op) Class { return rules[op].class }

// rule is one line of the table. A nil infer leaves the outputs as stated; a
// nil cost means that the cost is unknown; a nil fold never yields values.
type rule struct {
	op    graph.Op
	class Class
	infer func(*site)
	cost  func(*site) work
	fold  func(*site) []*value
}

func (r rule) info() Info {
	return Info{Op: r.op, Class: r.class, CostKnown: r.cost != nil || r.class == ClassControl}
}

// rules indexes table by operator.
var rules = index(table)

func index(t []rule) map[graph.Op]rule {
	m := make(map[graph.Op]rule, len(t))
	for _, r := range t {
		m[r.op] = r
	}
	return m
}
