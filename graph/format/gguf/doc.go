// Package gguf reads GGUF files of llama.cpp and its relatives.
//
// # Recognised by
//
// The first four bytes are "GGUF". The older containers of ggml ("lmgg", "tjgg",
// ...) are a format of their own, Old.
//
// # Read
//
// Versions 1 to 3, little endian: metadata, tensors with shape, block type and
// place, shards of a split model that lie beside the first. The file holds no
// operators; for decoder-only transformers they follow from the architecture's
// sizes and the tensors of each block, which is what llama.cpp builds. Two
// graphs are given, both for one sequence: "decode", one token after 512 in the
// cache (or the whole context, where that is shorter), and "prefill", 512 tokens
// at once. The first one is what the totals count. The bytes of the key and value
// cache per token, at float16, are in the metadata.
//
// # Not read
//
// Recurrent architectures (Mamba, RWKV), encoders, vision towers and adapters:
// their tensors are listed without operators. Sliding windows and sparse
// attention are counted as full attention. Values of block types are not
// decoded.
//
// Facts: ggml-org/ggml docs/gguf.md; block sizes of ggml types; tensor names
// of llama.cpp.
package gguf
