// Package torch reads PyTorch files: TorchScript archives (.pt), mobile
// archives (.ptl) and saved state dicts and modules, as zip or in the form
// before 1.6 (.pth).
//
// # Recognised by
//
// A zip whose entries, below one folder, are data.pkl with constants.pkl or
// code/ (TorchScript), bytecode.pkl (mobile), or data.pkl and data/ alone (a
// saved object). The form before 1.6 is a pickle that starts with the number
// 0x1950a86a20f9469cfc6c.
//
// # Read
//
// Nothing is unpickled: pickles are read as data. Every tensor with its name,
// type, shape and value as a view of its storage; quantised tensors with scale
// and zero point. For TorchScript the operators of forward, from the code in
// the archive: submodules' forward is inlined, branches on literals are
// followed, other branches are listed one after the other. Files with tensors
// alone have no operators, and say so.
//
// # Not read
//
// Input shapes are not in these files: shapes and costs are unknown until they
// are stated, and stay so where forward has branches, loops, or operators beyond
// those whose arguments are read (convolutions, dense layers, pools, elementwise
// operators and the like). Bodies of loops are listed once. Mobile FlatBuffers (PTMF), TAR files of 0.1.1, values
// of strided (not contiguous) tensors, optimiser states.
//
// Facts: PyTorch torch/serialization.py, torch/_utils.py (rebuild functions),
// documentation of the TorchScript serialization.
package torch
