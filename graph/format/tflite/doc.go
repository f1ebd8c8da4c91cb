// Package tflite reads TensorFlow Lite models, now called LiteRT: the format of
// most networks in Android apps.
//
// Extensions seen: tflite, lite, tfl, bin, model, dat, pb, and any other. Magic:
// "TFL3" at offset 4; files of 2017 and earlier may lack it and are recognised
// by their root table, whose first field is the schema version 3. Container:
// one FlatBuffer; constants of models above 2 GB, the options of custom
// operators and the byte code of compiled parts may lie behind it, and a ZIP of
// associated files (labels, vocabularies) may be appended.
//
// What is read: every builtin operator of the schema (0 to 209, STABLEHLO_
// included), all subgraphs and signatures, control flow with the trip count of
// WHILE where constants fix it, per-channel and blockwise quantisation, sparse
// tensors, external buffers, metadata and associated files. Custom operators
// keep their own word; the compiled pieces of Edge TPU, Ethos-U and DISPATCH_OP
// are opaque.
//
// What is not read: schema versions before 3 (before 2017), the byte code of
// compiled pieces, and the TensorFlow attributes of Flex operators.
package tflite
