// Package dlc reads Deep Learning Containers of Qualcomm's SNPE (version 3) and
// QAIRT (version 4), the models that Snapdragon phones run on DSP and NPU.
//
// Extensions seen: dlc, bin. Magic: a ZIP with members "model", "model.params"
// and "dlc.metadata", or one member alone: D5 0A, u16 major and minor version,
// then a FlatBuffer with the identifier NETD (graph), NETP or NR64 (weights);
// old members lack the 8-byte prefix. Container: ZIP, FlatBuffers.
//
// What is read: operators in order, tensor shapes and types, weights by node
// (version 3) or by tensor (version 4), quantisation of version 4, metadata.
// Activations are NHWC and filters HWIO.
//
// What is not read: version 2, whose layout is not public; windows of version 3
// (shapes are stored, so costs do not need them); per-node attributes that no
// cost depends on; compiled caches (HTP contexts), which are opaque.
//
// The schema is not published; field meanings follow what Netron found, and
// the type codes those of the QNN headers. The fixtures are assembled by hand
// from these facts, since no free writer exists.
package dlc
