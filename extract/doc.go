// Package extract finds models in apps. A Scanner walks files and folders, opens
// every container, looks at the content of every file in it, offers what may be a
// model to the formats it was given and yields one App per file scanned, each with
// a Finding per candidate.
//
// Candidates are decided by content, never by name. A name can only add a row:
// a file that is called like a model and is none is a Finding too, with the
// status that says so, and so is everything that could not be read. What is
// neither a model nor called like one (an image, a class file) leaves no row.
//
// This package is the one boundary of the program towards hostile input: it alone
// recovers from panics, bounds memory, nesting, expanded bytes and time, and turns
// each into a Status. The order of results is the order of the input, whatever the
// number of workers.
//
// The way of a file: walk.go lists units of work; run.go gives them to workers and
// their results to the sink; unit.go opens a file and deals out an archive's
// entries; entry.go decides by the first bytes what to read; artifact.go offers
// content to the formats; search.go looks inside what none of them knows;
// protected.go names encryption; companions.go finds weights beside their graph.
// The package has more files than most because each step is one small file; they
// share the artifact and would only import each other if they were packages.
package extract
