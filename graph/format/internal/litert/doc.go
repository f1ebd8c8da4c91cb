// Package litert reads the FlatBuffers schema of TensorFlow Lite (now LiteRT),
// which several formats share: plain .tflite files, the sections of a LiteRT-LM
// bundle, and Circle, which extends it.
//
// The facts come from the public schema (tensorflow/compiler/mlir/lite/schema/
// schema.fbs, revision 3c, and the wider one that ai-edge-litert 2.3 ships:
// operators 0..209, tensor types 0..22, external buffer groups, multi-axis
// quantisation), from metadata_schema.fbs of tflite-support (identifier
// "M001") and from conversion_metadata.fbs.
//
// # What a model becomes
//
// Subgraph i is Graphs[i]; it is a body when only control flow refers to it.
// Operators keep the schema's enum name as their word, custom ones their own
// custom_code. Operands are put into the canonical order of graph/ops.go, so
// an operand that only states an attribute (the axis of SPLIT) is left out.
// Shapes stay as stored; a -1 of shape_signature becomes a free dimension with
// the stored size as its default. Weights are views of the file.
package litert
