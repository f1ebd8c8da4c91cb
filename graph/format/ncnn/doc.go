// Package ncnn reads networks of Tencent's ncnn runtime: the graph as text
// (.param) or binary (.param.bin) and the weights that lie in a second file
// (.bin).
//
// # Recognised by
//
// Text: the first token is the magic number 7767517 and two counts follow.
// Files from before the magic start with the two counts at once; they match
// weakly and count only when every line parses. Binary: the same number as a
// little-endian u32 (DD 85 76 00) and two plausible counts. Weights have no
// magic of their own: each buffer may start with a type tag. They are proven by
// the graph: its layers state the size of every buffer, and the file must
// hold exactly those. Alone they are a part of a model, when they look like one.
//
// # Read
//
// All layer types of the runtime up to 2026 (110) with their parameters, old
// positional parameters, key=value parameters, arrays and strings; float32,
// float16, bfloat16, int8 and table-coded weights; int8 scales as quantisation
// of the weights. Types the runtime does not have keep their word and have
// unknown cost.
//
// Tensors have no batch axis: [c, h, w], [h, w] or [w]. A network whose Input
// layer states no size has unknown shapes. The binary graph has no names:
// tensors are called by their index.
//
// # Not read
//
// Graphs compiled into program code by ncnn2mem (they are found as embedded
// binary graphs), pipeline caches, and the training-side formats of pnnx
// (.pnnx.param has another operator set).
//
// Facts: Tencent/ncnn docs/developer-guide/{param-and-model-file-structure,
// operators, low-level-operation-api}.md; the index order of layer types was
// read from the runtime with layer_to_index.
package ncnn
