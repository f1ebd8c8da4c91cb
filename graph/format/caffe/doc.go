// Package caffe reads Caffe networks: the text description (.prototxt) and the
// trained weights (.caffemodel), each alone or as a pair.
//
// # Recognised by
//
// A prototxt is protobuf text whose top-level fields are those of NetParameter
// and which has "layer" or "layers" messages that name a type. Solver settings,
// TensorFlow graphs, MediaPipe graphs and other text messages have other fields
// and are refused. A caffemodel is a protobuf message with a name and layers in
// field 100 (current) or 2 (V1), each with a name and a type that read as
// text or as a number of the old list.
//
// # Read
//
// Current and V1 layers. All layers are listed as written, those for training
// (include and exclude rules) too, marked Node.Train. Layers that overwrite
// their input get a new tensor of the same name. A prototxt is paired with the
// caffemodel of the same name, or with the one beside it that holds the most of
// its layers. A prototxt alone has weights of the shapes that its parameters
// give (input channels unknown until shapes are inferred). A caffemodel
// alone is read with its own layers and blob shapes; where a prototxt beside it
// describes the same layers it is a part of that model. Layer types of forks
// (SSD, YOLO, ENet, ...) are known or keep their word.
//
// # Not read
//
// V0 layers (before 2013: nested layers { layer { } }); int8 values of forks;
// HDF5 weights; the input size of data layers, which lies in their data.
//
// Facts: BVLC/caffe src/caffe/proto/caffe.proto (field numbers and names);
// SSD's additions from weiliu89/caffe.
package caffe
