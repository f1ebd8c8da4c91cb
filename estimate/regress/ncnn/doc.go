// Package ncnn predicts the latency of networks under the ncnn runtime on ARM CPUs and on Vulkan devices, for devices and networks seen
// and unseen, from recorded runs.
//
// The main model is one Gaussian process on the logarithm of the latency. Its mean is a nominal roofline: published peaks of the
// device's cores times an efficiency per kernel class that is known beforehand (nominal.go). Its covariance is a sum of products (likeness of
// two runs) x (likeness of two networks) (covariance.go): runs are alike by processor, published facts, SoC, setting, date of the software
// and identity; networks by how their nominal time divides over kernel classes, by shape, and by name. Hierarchical shrinkage, priors for unseen
// phones and unseen networks, and the conditioning on a few measured rows all follow from that one covariance.
//
// For networks that are new the process is fitted once more, linearised at the class factors that the first fit expects of each run, and the two
// are averaged (model.go, predict.go). Intervals are the predictive ones scaled so that they would have covered the held-out devices and
// families of the training rows (conformal.go).
//
// Predictor answers folds. Profile is a fit in a form that is shipped; its Target answers for one device in microseconds per network.
package ncnn
