// Package ncnn predicts the latency of networks under the ncnn runtime on ARM CPUs and on Vulkan devices, for devices and networks seen
// and unseen, from recorded runs.
//
// The main model is one Gaussian process on the logarithm of the latency. Its mean is a nominal roofline: published peaks of the
// device's cores times an efficiency per kernel class that is known beforehand (nominal.go). Its covariance is a sum of products (likeness of
// two runs) x (likeness of two networks) (covariance.go): runs are alike by processor, published facts, SoC, setting, date of the software
// and identity; networks by how their nominal time divides over kernel classes, by shape, and by name. Hierarchical shrinkage, priors for unseen
// phones and unseen networks, and the conditioning on a few measured rows all follow from that one covariance.
//
// A second model of another make, a non-negative additive model of the class times per run, is averaged in where the run is known
// (additive.go). Intervals are the predictive ones scaled so that they would have covered the held-out devices and families of the
// training rows (conformal.go).
package ncnn
