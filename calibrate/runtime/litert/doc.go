// Package litert times TensorFlow Lite models in LiteRT's own library, libLiteRt.so, loaded at run time without cgo. The library is the
// user's: the ai-edge-litert wheel of PyPI ships it for x86-64 and aarch64 Linux, and Find looks for it where pip puts it.
//
// The library's C interface is not versioned in its files. What is used here was tried against release 2.3.0; every struct that the library
// fills is checked for sense before it is trusted, and a library without a needed symbol is refused by name. A library can crash on a hostile
// model, so a caller runs Run in a child process (see calibrate/run) and takes the child's end as the answer.
//
// Process CPU time is read beside wall time: on a machine that does other work the smallest CPU time of one-thread runs is the steadier of the two.
//
// Loading a library makes the program itself need the system's dynamic linker and libc. The build tag nolitert leaves this out, for programs that
// must be static, together with nolibdeflate of extract/container; Run is then an ErrLibrary.
package litert
