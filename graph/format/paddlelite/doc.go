// Package paddlelite reads Paddle Lite models, Baidu's format for phones.
//
// Extensions seen: nb. Magic: u16 meta version 2, then a version string of 16
// bytes padded with zeros ("v2.12"). Container: u64 size and the program as a
// FlatBuffer, a header of the parameters, then one FlatBuffer per parameter.
//
// What is read: all blocks with their operators, attributes and variables,
// parameters with types and shapes, the version of the tool that wrote it.
// Operators are Paddle's and those that Lite's passes make of them.
//
// What is not read: meta versions 0 and 1 of before 2020, which are another
// encoding and recognised only.
//
// Source: PaddlePaddle/Paddle-Lite lite/model_parser/flatbuffers/framework.fbs
// and param.fbs, lite/model_parser/model_parser.cc. The fixture is assembled by
// hand from them: the optimiser is no longer in a package registry.
package paddlelite
