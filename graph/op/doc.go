// Package op knows every canonical operator once: its class, how the shapes of
// its results follow from its operands, what it costs, and where the formula
// comes from. The table is one literal (table.go); a new operator is a line
// there and, where no existing rule fits, a pair of functions.
//
// # Order of use
//
//	shaped, issues := op.Infer(bound)
//	costs := op.Costs(shaped)
//	totals := op.Total(shaped, costs)
//
// Infer completes shapes and dtypes, also those of weight operands that the
// file leaves open. A shape that the file states wins over an inferred one;
// where they contradict, both are reported as an Issue. Small integer tensors
// are folded on the way (Shape → Gather → Concat → Reshape chains), with free
// dimensions carried as symbols.
//
// # Convention of counts
//
// MACs are the multiply-accumulates of convolutions, matrix products, recurrent
// gates and attention; bias, activation, normalisation, pooling and elementwise
// arithmetic are Ops, where each addition, comparison, multiplication, division
// and each elementary function (exp, log, sqrt, tanh, erf, sin, pow) counts 1.
// FLOPs are 2*MACs + Ops. Pure data movement has bytes only. A fused activation
// adds its own Ops to its node.
//
// What cannot be computed is unknown (Cost.Known false with a Reason), never 0.
//
// # Control flow
//
// Costs gives a control-flow node only the bytes it hands over, since its
// bodies have costs of their own; Total composes them: If is its costlier
// branch, While, Loop and Scan are condition and body times the trip count (a
// node without a known trip count is unknown), Call is its body.
//
// The package is large because an operator belongs in one place: its shape, its
// cost and its folding share helpers, and each family (windows, products,
// movement, slicing, detection) has its own file.
package op
