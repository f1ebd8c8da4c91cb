// Package qnn recognises what Qualcomm's QNN (QAIRT) tools compile for the
// Hexagon processor: context binaries, whose operators cannot be seen.
//
// # Recognised by
//
// Four big-endian words: 2, a minor version of 1 to 3, 0 and a count. In version
// 2.3 three little-endian u64 follow (size of the description, offset and size
// of the compiled part), which must fit together and into the file; older
// versions have the words alone and count only with the build id of the tools
// in their first bytes ("v2.22.6.240515120326_92912").
//
// # Read
//
// The build id (version and date of the tools), and in version 2.3 the
// FlatBuffer behind the header: every graph with its name and its inputs and
// outputs, with names, types and dimensions. The compiled part names the chip
// and the Hexagon version it was made for. The layout of the FlatBuffer was
// found by compiling networks of our own with QAIRT 2.47 and 2.51; Qualcomm
// documents none of it.
//
// # Not read
//
// The compiled operators: each graph is one opaque node, of unknown cost. A context
// at an odd place inside another file is not searched for: its first bytes are
// zeros, as are those of much else.
package qnn
