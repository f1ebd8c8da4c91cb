// Package onnx reads ONNX models: protobuf ModelProto files of every IR version
// and every opset, with their functions, subgraphs and external data.
//
// # Recognition
//
// ONNX has no magic. A file counts when its protobuf tags fit ModelProto: an IR
// version, short words for producer and domain, and a graph whose first nodes,
// initializers or values have the tags, names and identifiers they must have.
// A u32 that counts the rest of the file may stand before the message.
//
// # Tensors
//
// Initializers are views of raw_data; packed float_data and double_data are
// views as well, since the wire form is the payload. Other typed lists decode on
// demand. External data is opened through the companion interface, once per file;
// what is not there is Const.Missing and a note. The value of a Constant node is
// a constant that is no parameter (Const.NotParam), unless a model without
// initializers keeps its weights there, as Paddle's exporter writes them.
//
// # Bodies and captured values
//
// The bodies of If, Loop, Scan and SequenceMap are further graphs of the model,
// in the order in which nodes refer to them. A value that a body takes from the
// graph around it appears in the body as a tensor of the same name that no node
// writes and that is no input; a captured constant shares its Const, so that it
// is counted once. The graph in between, where a body lies in a body, has the
// tensor as well.
//
// A node whose domain and name are those of a model-local function is a Call;
// its body is made for each call, with the call's attributes in the place of the
// references to them.
//
// # Operators
//
// Package onnxop translates; the word kept is the operator's type, with its
// domain in front when that is not ONNX's own.
package onnx
