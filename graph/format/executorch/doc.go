// Package executorch reads ExecuTorch programs, PyTorch's format for phones
// and microcontrollers.
//
// Extensions seen: pte; external weights are in .ptd files. Magic: "ET12" at
// offset 4. Container: one FlatBuffer; an extended header ("eh00" at offset 8)
// leads to data segments behind it with weights and delegate payloads.
//
// What is read: every method with its kernel and delegate calls in order, the
// values with shapes and dtypes, constants inline, in segments and in .ptd files, planned
// memory. Operators are ATen's and those of quantized libraries; the word is
// the operator's name without library and overload, the node's name the whole.
//
// The payload of the XNNPACK delegate, a graph of its own, is read to operators
// and becomes the body of a call.
//
// What is not read: other delegates' payloads (QNN, with its tools' version and
// date, Core ML, Vulkan, Ethos-U, MediaTek, Samsung: named by kind,
// opaque), and jumps (calls are listed once, in order).
//
// Sources: pytorch/executorch schema/program.fbs and scalar_type.fbs,
// backends/xnnpack/serialization/runtime_schema.fbs.
package executorch
