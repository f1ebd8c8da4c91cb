// Package hub predicts the latency of networks on the neural processors of
// Qualcomm SoCs as published by AI Hub: one value per model, runtime,
// precision and device.
//
// Two structurally different models answer different questions.
//
// [Table] knows the models but not the device. It keeps the logarithms of
// recorded latencies as a table of workloads (model, runtime, precision) by
// devices, robustly split into levels, workload means and a low-rank part. An
// unseen device is a mixture over the recorded ones: each source forecasts up
// to a level and a smooth deviation, and is weighted by how well it explains the
// few given rows and how close its published throughput is.
//
// [Physics] knows networks by their layers, and needs no earlier row of the
// model. Latency is a sum of work terms (multiply-accumulates by kind, bytes,
// launches) times unit costs with strong priors, shared by all devices and
// shifted by device, precision and group of terms.
package hub
