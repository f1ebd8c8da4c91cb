// Package axml reads Android's binary XML (AndroidManifest.xml inside an APK)
// as a tree of elements, tolerant of the tricks that real apps play on other
// readers and bounded in everything it builds.
//
// Layout, from the platform's ResourceTypes.h: a file is chunks of u16 type,
// u16 header size, u32 size. A document chunk (0x0003) holds a string pool
// (0x0001), a map from string index to resource id (0x0180) and start (0x0102)
// and end (0x0103) of elements. An attribute is five u32: namespace, name,
// raw value, typed value (u16 size, u8 zero, u8 type), data.
//
// Tolerated, because Android itself tolerates them: a wrong document type or
// size, chunks of unknown type, string counts larger than the pool, string
// offsets beyond it, attribute records of unusual size or start, names that
// are stripped (the resource id tells), unbalanced ends, trailing data. What
// cannot be read is left out and noted in Document.Warnings.
package axml
