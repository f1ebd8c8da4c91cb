// Package tnn reads networks of Tencent's TNN: the graph as quoted text
// (.tnnproto) and the weights (.tnnmodel).
//
// # Recognised by
//
// The first entry of the text has four numbers of which the last is 4206624770
// or 4206624771 (0xFABC0002, 0xFABC0003), or three in old files, and the next
// entries declare inputs and layers. Weights start with one of the two numbers
// and a layer count; they are read with their graph, alone they are a part.
//
// # Read
//
// All layer lines; the parameters of those that decide shapes and cost; inputs
// with their sizes; weights by layer name, float32, float16, bfloat16, int8 and
// int32, with the scales of quantised layers as quantisation. Layer types
// with the prefix "Quantized" have the operator of the type behind it.
//
// # Not read
//
// The constant map at the end of newer weights; encrypted and RapidNet models.
//
// Facts: Tencent/TNN source/tnn/interpreter/tnn (layer interpreters, objseri.h,
// model_interpreter.cc).
package tnn
