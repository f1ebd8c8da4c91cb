// Package estimate answers what a network costs on a target: latency, energy
// and memory, each with an interval and the basis it rests on.
//
// An answer comes from the best source there is: a profile fitted on recorded
// runs of the target's runtime, corrected by rows that the caller measured
// there; else the offline device of published facts (estimate/simulate), and
// then it says simulated. Energy is simulated unless it was fitted: the
// physical model's power over the predicted time. Nothing known of the graph is
// a refusal, never a number.
package estimate
