// Package mnn reads models of Alibaba's MNN.
//
// Extensions seen: mnn, and bin or none; external weights are in
// NAME.mnn.weight. Magic: none; a file counts only when its root table has the
// shape of a Net and the whole of it reads. Container: one FlatBuffer.
//
// What is read: all operators of schema/default/*.fbs with their parameters,
// weights as floats, as half floats, as 8-bit and smaller integers and as
// codebooks (IDSTQuan), symmetric int8 convolutions, external weights,
// subgraphs of If and While. Tensors in the internal layout NC4HW4 have the
// logical order NCHW. Weights that a file only declares (benchmark models) have
// their declared shape and are missing.
//
// What is not read: plugins and "Extra" operators (kept by their own word, cost
// unknown), and the values of sparse codebooks (IDSTQuan 2).
//
// Sources: alibaba/MNN schema/default (MNN, CaffeOp, TensorflowOp, Tensor,
// UserDefine) and the field numbers that Netron publishes.
package mnn
