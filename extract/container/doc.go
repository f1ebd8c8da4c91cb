// Package container opens the archives that apps come in as bounded, read-only
// views over bytes: ZIP in all its Android names (APK, AAR, AAB, XAPK, APKS, wheel,
// JAR), tar, gzip, bzip2, xz, zstd, zlib, LZMA and LZ4, large values of SQLite
// databases, and what game engines pack their files in: Unity's asset bundles and files of assets, Unreal's and Godot's packs, and the
// compressed assemblies of .NET. Each is a small file of its own; they
// share Archive, Entry and Decoder and nothing else, and would import each other if
// they were packages.
//
// Nothing is ever written to disk and no entry name is ever used as a path. An
// archive is a slice: a mapped file (OpenFile) or the content of an entry of another
// archive, so nesting needs no special case. The caller decides how deep to go.
//
// The ZIP reader is deliberately forgiving, because installers are: it accepts data
// before and after the archive, wrong counts, sizes and offsets in the end record,
// a missing end record or central directory (local headers are scanned instead),
// zip64, data descriptors, the APK Signing Block, duplicate names, unknown methods
// and the encryption flag that Android ignores. What it had to forgive is said in
// Archive.Warnings and Entry.Note. No damage loses an entry: every listed entry
// gives its content or an error that says why not.
//
// Not read, only recognised: 7z, RAR, LZ4 frames, and ZIP entries that use other
// methods than stored and deflate.
package container
