// Package weights reads the constants of a model as tensors without copying
// them: hashes, sparsity, distinct values, extremes and traces of
// quantisation.
//
// Measure gives the statistics of one constant; View gives its values as a
// tensor that aliases the model's bytes. 32- and 64-bit floats and whole-byte
// integers are viewed in place where the payload is aligned; half floats,
// bfloat16, 8-bit floats, packed 2- and 4-bit integers and unaligned payloads
// are decoded block by block into one scratch buffer, never as a whole.
//
// It is the only door to gorgonia.org/tensor, whose vectorised reductions do
// the sums and extremes. That library panics on shapes it dislikes; every call
// is guarded, and a panic becomes an error.
package weights
