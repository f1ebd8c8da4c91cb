// Package nnef reads Khronos NNEF networks: the graph as text (graph.nnef) and
// one file per variable (label.dat).
//
// # Recognised by
//
// The text starts with "version" and a number, and goes on with extensions,
// fragments or "graph name(inputs) -> (outputs)". A .dat file starts with 4E EF
// and a version; it is a part of the graph that names its label.
//
// # Read
//
// The graph's operations in order, with named and positional arguments;
// literals as arguments (scalars, arrays, tuples); variables with their shapes
// and values (float 16, 32, 64 and integers of 8 to 64 bits). Operations of
// fragments that the file defines itself keep their word and have unknown cost.
//
// # Not read
//
// Bodies of fragments, comprehensions and expressions (as NNEF's flat syntax,
// which exporters write, has none); graph.quant; packed bit widths.
//
// Facts: Khronos NNEF 1.0.5 specification (syntax, tensor file format).
package nnef
