// Package flatbuf reads untrusted FlatBuffers without a schema compiler: every
// offset, length and table size is checked against the bytes that are there at
// the moment it is followed, so hostile input gives an error and never a panic.
//
// The layout it reads (FlatBuffers internals, flatbuffers.dev): a u32 at the
// start leads to the root table; a table begins with an i32 that leads back to
// its vtable (u16 vtable size, u16 table size, then one u16 per field, 0 for
// an absent one); strings, vectors and tables are reached by a u32 relative to
// where it stands; a vector is a u32 count and its elements. All little endian.
//
// # Errors
//
// A Buffer remembers its first error and answers zero values from then on.
// Callers read a whole object and then ask Err once; loops stay bounded because
// a vector's count is checked against the bytes that remain.
//
// # Bounded work
//
// Objects may be shared, and a hostile file may share one large vector a
// million times. Every table and vector visited is charged with its size
// against a budget of a few times the file, so time and memory of a walk are
// linear in the file whatever it says.
//
// # Extent
//
// Buffer.End is the highest byte that any object read so far reaches: the true
// end of a model that lies inside another file, once all of it has been read.
//
// FlexBuffers (flex.go), the schemaless sister format of custom operator
// options, are read under the same rules.
package flatbuf
