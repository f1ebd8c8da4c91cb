// Package litertlm reads LiteRT-LM bundles: language models for phones as a
// file of sections, of which some are LiteRT (TensorFlow Lite) models.
//
// Extensions seen: litertlm. Magic: "LITERTLM" at offset 0, then u32 major,
// minor and patch version and at offset 24 a u64 with the end of the header.
// Container: a FlatBuffer header at offset 32 lists the sections, which start
// at multiples of 16 KiB.
//
// What is read: the header's metadata, the kind, size and items of every
// section, and every TFLiteModel section to layers; the graphs of all sections
// stand one after the other, named by their model_type item.
//
// What is not read: tokenizers and the LlmMetadata message (listed with their
// size), and weights in a section of their own.
//
// Source: google-ai-edge/LiteRT-LM schema/core/litertlm_header_schema.fbs.
package litertlm
