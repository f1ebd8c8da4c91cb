// Package darknet reads Darknet networks: the description (.cfg) and the
// weights (.weights).
//
// # Recognised by
//
// A cfg is text in sections whose first is [net] or [network], followed by
// layer sections of Darknet's vocabulary. Weights start with three i32 (major,
// minor, revision) and the number of images seen; they have no magic and
// count only with a cfg whose layers need exactly their size, alone as a part
// when the header is plausible.
//
// # Read
//
// All layer sections of Darknet and of AlexeyAB's fork that decide shapes:
// convolutional (groups, dilation, batch_normalize), pooling, route (groups),
// shortcut, scale_channels, sam, upsample, reorg, connected, local, and the
// detection heads. Shapes follow from [net] and the sections by Darknet's own
// rules and are stated on the tensors as [1, C, H, W]; without an input size
// (text networks) they are unknown. Batch normalisation is part of a
// convolutional section: its three vectors are further operands.
//
// # Not read
//
// Training settings; the inner matrices of rnn, gru, lstm and crnn sections
// (the section is listed, its cost is unknown); encrypted pairs.
//
// Facts: pjreddie/darknet src/parser.c (keys and defaults), src/*_layer.c
// (output sizes, order of weights).
package darknet
