// Package openvino reads OpenVINO's intermediate representation: the graph as
// XML (.xml) with constants in a raw file beside it (.bin).
//
// # Recognised by
//
// The first element of the XML is <net> with a version, and <layers> follows.
// The .bin has no structure of its own: it is a part of the model whose layers
// give offset and size of every constant.
//
// # Read
//
// IR version 10 and 11 (operator sets 1 to 16) and the older versions 2 to 7
// with weights in <blobs>; shapes and types as the ports state them; bodies of
// If, Loop and TensorIterator as graphs of their own. Types of operators that
// the canonical table does not have keep their word.
//
// # Not read
//
// Trip counts of Loop and TensorIterator; compiled blobs (.blob) and cached
// models; the .mapping file.
//
// Facts: OpenVINO documentation "Model Representation" and the operation
// specifications opset1 to opset16.
package openvino
