// Package data is the only door to Parquet and Arrow: one file per table with
// its row type, and generic writers and readers for them.
//
// Tables are plain folders of Parquet files, TABLES/<table>/*.parquet, with one
// fixed flat schema each (no structs, no NULL-typed columns), zstd compression,
// dictionary strings and row groups of at most RowGroupRows rows that are
// sorted by the table's key. A nullable column is a pointer field: nil is
// unknown. Every file's metadata carries tool version, schema version, rule
// version and the command.
package data
