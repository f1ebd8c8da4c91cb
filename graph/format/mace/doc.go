// Package mace reads MACE models: the graph in a .pb file (NetDef) with the
// weights in a .data file.
//
// # Recognition
//
// There is no magic. A file counts when its operators have inputs, outputs and a
// type that is an identifier, its tensors have dimensions and a place in the
// weight file, and it states inputs or outputs in the fields 100 and 101.
//
// # Graph
//
// Operators state their results' shapes; filters are [out, in, h, w]. Whether
// data is NCHW or NHWC is told by the result of the first convolution whose
// filter has another number of outputs than its height. Names are often scrambled.
package mace
