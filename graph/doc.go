// Package graph is the one typed description of a neural network: DType, Dim,
// Shape, Tensor, Node, Graph, Model and Cost, and the rules that a well-formed
// value keeps (Validate).
//
// Every format parser produces a Model; shape inference, cost, identification
// and the tables consume it. Nothing here knows an operator's arithmetic, a
// device or a file: those live in graph/op, estimate and extract.
//
// # Unknown is a value
//
// Three states are kept apart everywhere: a known number, a symbol ("N",
// "sequence") and unknown. The zero Dim is unknown, the zero Shape has unknown
// rank, and a Cost with Known == false says that its numbers mean nothing.
// None of them is ever written as 0.
//
// # Immutability
//
// A Model is immutable once its parser has returned it. Later stages (bind,
// infer) copy the graph shell with Graph.Clone and share constants.
package graph
