// Package probe makes networks for measuring a device: chains of operators of random kinds and sizes, with random weights, as TensorFlow Lite
// files in float32 and int8. They do nothing useful, but every operator in them is a real kernel of a real runtime, so that a few dozen of
// them tell what each kind of kernel costs at sizes that no collection of trained networks happens to cover. The same seed gives the same bytes.
package probe
