// Package simulate is the offline device: what a network would take on a phone by published facts alone, with no measurement behind it.
// Every result says basis "simulated". It exists so that the whole of calibration can be tried without a phone, so that a sampler can be
// judged against a device whose truth is known, and as the last resort where nothing was measured.
//
// # Model
//
// A network is cut into kernels (estimate/feature, with the fusion rules of the runtime). A kernel takes the time of its arithmetic at a
// share of the peak that depends on its kind and shape, or of its traffic at a share of the bandwidth, whichever is longer, plus a fixed
// cost of starting it. Operators that a delegate cannot take run on the CPU, with the copies that this needs. The shares are nominal:
// textbook values for such kernels, checked once against recorded runs, never fitted per device.
//
// Energy is busy time on each core times that core's power at its clock (published power curves, or those of like cores), plus traffic,
// above idle. Memory is the arena that a greedy planner packs the activations into, as TFLite plans it, plus weights. Thermal throttling
// is a two-node heat model over minutes. NPUs are a systolic array, checked against the cycles of Arm's Vela compiler.
//
// # Bands
//
// Lo and Hi hold 90 % of recorded runs of like kind, taken over phones (README of this folder names the runs). They are wide: a factor
// of two either way is usual on a CPU, more on GPUs and NPUs. A kernel of unknown cost widens them; a network that is mostly unknown is
// refused.
package simulate
