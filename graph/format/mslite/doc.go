// Package mslite reads MindSpore Lite models, Huawei's format for phones.
//
// Extensions seen: ms, bin. Magic: "MSL2" at offset 4 (MSL0 and MSL1 before
// 2021). Container: one FlatBuffer; weights may lie in companion files.
//
// What is read: all nodes with their primitives, tensors with shapes as far as
// the converter stored them, quantisation, subgraphs of partial calls, weights
// inline and in companions. Convolutions are NHWC with filters OHWI unless the
// operator states NCHW.
//
// What is not read: MSL0 and MSL1 (another operator schema), values of
// compressed weights (indexed, sparse, FSE, bit packed), encrypted models.
//
// Source: mindspore-ai/mindspore mindspore/lite/schema/{model,ops}.fbs, whose
// field numbers Netron publishes. The fixture is assembled by hand from them:
// no converter is in a package registry.
package mslite
