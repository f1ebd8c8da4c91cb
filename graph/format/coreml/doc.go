// Package coreml reads Core ML models: .mlmodel files with neural networks, ML
// Programs, pipelines and classic models, and the model of an .mlpackage with
// its weights.
//
// # Recognition
//
// A file is protobuf that opens with a specification version, a description of
// the interface, and one of the model types in fields 200 to 3000.
//
// # Neural networks
//
// Layers are nodes; their words are the schema's names of the layer types. A
// preprocessing step is a node "scaler" or "mean_image", behind the layers as in
// the file. Weights are constants named "layer/weights". Networks of the old shape mapping work on
// [C, H, W] without a batch; those of the exact mapping state ranks per layer.
//
// # ML Programs
//
// Operations are nodes, but for "const", whose values are constants. Values in
// weights/weight.bin are views of that file; values in place, which writers
// choose for fewer than ten elements, are no parameters. Operations that expand compressed
// weights (constexpr_...) stay nodes. The first block specialisation of each
// function is read; the function "main" (or the default one) is the main graph,
// and blocks of cond and while_loop are bodies.
//
// # Pipelines and classic models
//
// A pipeline is a graph of calls of its models. Trees, linear models, support
// vector machines and the like are one node each, with unknown cost; Apple's
// built-in feature prints are opaque.
//
// # Compiled models
//
// A folder .mlmodelc holds an ML Program as text (model.mil), which is turned into
// the message that an .mlpackage holds, or a neural network as JSON
// (model.espresso.net) with the shapes of all values and a file of weights.
// Operations with blocks are not read from text; most layers of the JSON keep
// their word alone, convolutions and products are counted. The grammar is that of
// the compiler's output as published in models; Apple documents neither.
package coreml
