// Package ptl reads PyTorch Mobile models in the FlatBuffer form of the lite
// interpreter.
//
// Extensions seen: ptl, ff, ptmf. Magic: "PTMF" at offset 4. (A .ptl file that
// is a ZIP is TorchScript's older form and not read here.) Container: one
// FlatBuffer with the module's objects, tensors and byte code.
//
// What is read: every method's byte code, run symbolically: loads, attributes,
// lists, tuples, integer arithmetic and jumps are followed, operators become
// nodes; loops of known length are unrolled; weights by attribute path with
// quantisation. Where a condition depends on data the branch that does not
// raise an exception is taken and a note says so.
//
// What is not read: shapes of activations, which the format does not store, so
// costs need the input shapes; operators whose number of arguments the file
// leaves open and the table below does not know.
//
// Sources: pytorch/pytorch torch/csrc/jit/serialization/mobile_bytecode.fbs and
// torch/csrc/jit/runtime/instruction.h.
package ptl
