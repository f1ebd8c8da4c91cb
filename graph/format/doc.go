// Package format is the contract that every model format keeps: how it is
// recognised, how it is parsed, which companion files it has, which limits
// bound it and how it reports bad input.
//
// A format is a value of type Format, listed in graph/format/all. Its folder
// holds all that is known of it; its package comment states extensions,
// magic, container, versions, what is read and what is not, and becomes the
// help text of "gaugenn formats".
//
// # Rules of a parser
//
//   - It is a pure, single-threaded function of Input. It starts no goroutine,
//     reads no clock, opens nothing but what Input.Open gives.
//   - Every length, offset and count from the file is checked against what
//     remains and against Limits before anything is allocated.
//   - It never panics on input; malformed bytes give an *Error with the offset.
//   - It does not copy weights: constants are views of Input.Data (Const.Data)
//     or decode on demand (Const.Decode).
//   - It keeps the file's node order and operator words (Node.SourceOp), turns
//     operators into canonical ones where there is one, sets axes on the
//     attributes, and leaves shapes the file does not state unknown: graph/op
//     infers them.
//   - Values are in single-assignment form: where the format lets a node
//     overwrite its input (Caffe in-place layers), the parser makes a new tensor.
//   - On error the model is nil.
package format
