// Package mediapipe reads MediaPipe graphs (CalculatorGraphConfig): binary
// .binarypb and text .pbtxt.
//
// A MediaPipe graph is no network: its nodes are calculators that move packets
// and run the networks which they name. The calculators become custom nodes of
// unknown cost, in file order, with their streams as tensors; side packets are
// tensors named "side:name". The model files that options name are parts.
//
// # Recognition
//
// There is no magic. Every node must name a calculator in C++ spelling, streams
// must be lower-case names with optional upper-case tags, and one node at least
// must be a "...Calculator" or the graph state its streams or type.
package mediapipe
