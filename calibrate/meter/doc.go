// Package meter is the contract of energy sources: what a meter gives, and how inferences are priced from it.
//
// Every meter, whatever it reads, is turned into a Trace: rails with the energy of short intervals on one clock. Measure then takes the
// intervals in which inferences ran, subtracts what the phone draws idle, and divides. Nothing is measured where the answer would not
// mean anything: a phone that charges, a window of too few intervals, a trace with holes, no idle to subtract are errors of their own.
//
// # Uncertainty
//
// A Reading carries one standard deviation, the root of the sum of squares of: the gain error of the meter (by its kind), the two edges
// of each window (an interval that straddles an edge may have spent its energy on either side), the idle level (its scatter, and how far
// idle before and after differ) and, with three windows or more, the scatter between them.
//
// Units: energy is µJ in traces and mJ per inference in readings, time is nanoseconds on the clock that the trace names, power is watts.
package meter
