// Package rknn reads RKNN models, compiled for the neural processors of
// Rockchip.
//
// # Recognised by
//
// "RKNN" and four zero bytes, a u64 version, the size of a body and, behind it,
// a JSON summary of the graph that ends the file; the body alone (a FlatBuffer
// with identifier "RKNN"); "RKNX" and a FlatBuffer at 0x50 (newer chips, models
// of language). "CYPTRKNN" marks an encrypted model.
//
// # Read
//
// In the FlatBuffer of version 2: operators in order, with tensors, types,
// shapes and sizes, the windows of convolutions, tool versions, date, chip. In the
// JSON of version 1: the operators and the shapes of inputs and outputs.
//
// # Not read
//
// Weights are packed in the order of the chip: shape and size are known, values
// are not. Attributes of operators other than convolutions. The body of RKNX.
//
// Field meanings: lutzroeder/netron rknn-schema.js (names found by inspection) and
// files written by rknn-toolkit2 2.5.0 from networks of our own.
package rknn
