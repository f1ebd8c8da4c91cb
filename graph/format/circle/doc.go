// Package circle reads Circle models: Samsung ONE's extension of the TensorFlow
// Lite schema, run by onert on phones and watches.
//
// Extensions seen: circle. Magic: "CIR0" at offset 4. Container: one FlatBuffer.
//
// What is read: all that the format tflite reads, and Circle's own operators
// with negative codes: INSTANCE_NORM, GRU, BCQ_FULLY_CONNECTED, BCQ_GATHER.
//
// What is not read: compressed tensors (their stored bytes are kept), binary
// coded weights, and operators of later versions (kept by number).
//
// Source: Samsung/ONE res/CircleSchema.
package circle
