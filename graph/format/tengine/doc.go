// Package tengine reads Tengine models (.tmfile).
//
// # Recognised by
//
// The file has no magic: three u16 of a version from 1 to 3 and the offset of a
// root table at 8. It counts only when the whole structure verifies: tables,
// vectors and strings inside the file, tensors that name buffers, nodes that
// name tensors, operators of the list.
//
// # Read
//
// Every node with its operator's parameters, tensors with shapes, types and
// quantisation, buffers as constants; NCHW and NHWC layouts. The file has
// numbers for operators; their names are those of Tengine's sources in Netron's
// spelling. Const and InputOp nodes are not operators: they become constants and
// graph inputs.
//
// # Not read
//
// Control of devices (sub_info); several subgraphs are read, but Tengine itself
// writes one. Buffers whose bytes are stripped from the file are missing.
//
// Facts: OAID/Tengine source/serializer/tmfile/tm2_format.h.
package tengine
