// Package device knows phones, their systems on a chip (SoCs) and what those can do at best: published facts, each with its source and
// a confidence, never a measurement of a network. It also holds Target, the full key of a latency number.
//
// The facts are the CSV files of facts/, embedded in the binary. They are made by facts/gen.py from a collected catalogue, apart from
// socs_more.csv and aliases.csv, which are written by hand. A Catalogue is read-only after it was loaded and safe for use by many
// goroutines.
//
// # Confidence
//
// Every fact is a Quantity: a value, whether it is known at all, a confidence from 0 to 1 and where it was read. The steps are
// 0.95 measured with a peak benchmark, 0.9 read in a named source, 0.7 read for the fastest core only or computed from read facts,
// 0.5 from memory, 0.3 assumed by likeness. Facts from memory are used but weigh less: see Vector.Weights.
//
// # Units
//
// Clocks are MHz, rates are MACs (one multiply and one add) per cycle or per second, bandwidth is GB/s of 10^9 bytes, caches are KiB.
// GPU peaks are MACs per second too; vendors count ALUs differently, so compare them within a vendor only.
package device
