// Package om reads Da Vinci offline models (.om), compiled for Huawei's Kirin
// (HiAI) and Ascend neural processors.
//
// # Recognised by
//
// "IMOD" and a header of 256 bytes, then a table of partitions that lie inside
// the file; "PICO" (vision chips of HiSilicon) is recognised by its offsets.
//
// # Read
//
// Name, versions and platform of the header. Partition 0 is a protobuf
// ge.proto.ModelDef: its graph gives operators in order with the types and
// shapes of their results, and constants whose values lie in partition 1.
// Convolutions and elementwise operators become canonical ones.
//
// # Not read
//
// Compiled tasks and kernels (partitions 2 to 4): a model that has them is
// partly opaque. Attributes. Encrypted models.
//
// Facts: lutzroeder/netron om.js and om-proto.js, after Huawei's om file header
// (om_file_helper). No tool that writes these files can be had as a package: the
// fixtures are assembled by hand.
package om
