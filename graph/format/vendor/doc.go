// Package vendor recognises compiled models of processors and engines whose
// makers publish no description of the body: it says what a file is, for which
// tool, version and chip where the header tells, and that its operators cannot
// be seen. Such a model has unknown cost, never zero.
//
// The formats are rows of a table (signatures.go): a signature, a structural check
// beyond it, and what the header holds. A new one is one row.
//
// # Recognised by content alone
//
// Four bytes occur by chance in a corpus of millions of files. Every row
// therefore has a check: sizes that add up to the file, a FlatBuffer whose root
// holds together, symbols that a library really exports; where a body is wholly
// undocumented, that what follows the signature is neither text nor padding.
//
// # Not recognised
//
// MediaTek DLA, Ambarella Cavalry, Horizon HBM and Kneron NEF have no public signature that
// could be checked; kmodel 3 and XIR have none that is safe. They are not claimed.
//
// Sources, per row: N = lutzroeder/netron view.js, tensorrt.js, rknn.js (facts
// only); H = hailo-ai/hailort hef_internal.hpp; S = sophgo/tpu-mlir
// libbmodel.hpp. No writer can be had for them: the fixtures are assembled by
// hand from these layouts.
package vendor
