// Package opcost prices single kernels from the times that a runtime told of its operators, and networks as the sum of their kernels.
//
// A run with a profile gives tens of pairs of a kernel and its time. Kernels of one kind and type (3x3 convolutions in int8, sigmoids in
// float32, ...) share a Gaussian process over the logarithms of their sizes; it models how much slower a kernel is than its nominal price, so
// that far from every measured kernel the nominal price, scaled to the device, is the answer, with a wide interval. What an inference costs
// beside its operators, and what the sum still misses, is fitted on whole runs.
package opcost
