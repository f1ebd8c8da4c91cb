// Package caffe2 reads Caffe2 models: the network in predict_net.pb with the
// weights of init_net.pb.
//
// # Recognition
//
// There is no magic. A file counts when its fields are those of NetDef and its
// operators have types that are identifiers and arguments with names. A net that
// only fills tensors is the weights half: it means nothing without its network.
//
// # Weights
//
// Fills of init_net (GivenTensorFill and its like) are constants; their lists are
// not packed in the file and decode on demand. Fills inside the network stay
// nodes. Input shapes are not in the file.
package caffe2
