// Package ort reads models in ONNX Runtime's own format, which ORT Mobile loads.
//
// Extensions seen: ort, ort.onnx. Magic: "ORTM" at offset 4. Container: one
// FlatBuffer, an InferenceSession that holds the optimised ONNX graph.
//
// What is read: the graph with its operators (fused and com.microsoft ones
// included), initializers, value types, subgraphs of If, Loop and Scan, opset
// imports and metadata. Operators are translated as in ONNX; the version is
// the since_version that each node states.
//
// What is not read: sparse initializers' values, runtime optimisation records
// and kernel tables, which say nothing about the network; initializers in an
// external file are missing.
//
// Source: microsoft/onnxruntime onnxruntime/core/flatbuffers/schema/ort.fbs.
package ort
