// Package dex reads the tables of Android's classes.dex: strings, types,
// methods and classes, and, on request, the references that code makes
// (invocations, string loads, class uses), without building objects for what
// is not asked. A file is a bounded view; nothing is copied.
//
// Layout, from the platform's dex format page: a header of 0x70 bytes, then
// tables of fixed records at offsets that the header states, little endian
// (u32 string offsets; u32 type descriptors as string indexes; methods of u16
// class, u16 prototype, u32 name; class definitions of 32 bytes). Code items
// hold 16-bit units whose lengths follow from the opcode.
//
// Hostile tables are cut to what the file holds, with a note in Warnings; an
// index outside its table reads as "".
package dex
