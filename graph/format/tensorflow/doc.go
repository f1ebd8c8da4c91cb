// Package tensorflow reads TensorFlow graphs: GraphDef in binary and text form
// (frozen graphs), MetaGraphDef, and SavedModel with its functions.
//
// # Recognition
//
// There is no magic. A GraphDef counts when its fields are nodes with a name, an
// operator in TensorFlow's spelling and attributes that are attribute values; a
// SavedModel when a meta graph of that form follows the schema version. Text
// counts when it parses and its node fields have name and op.
//
// # Graphs
//
// Every NodeDef is a node, in file order, with Const, Placeholder and Identity
// among them; control inputs are dropped. Output 0 of a node is the tensor of
// the node's name, output k the tensor "name:k". Functions of the library become
// body graphs, one for each call that reaches them from the main graph, with
// PartitionedCall as Call, If and While with their own bodies; functions that no
// node of the main graph reaches (training, restoring) are left out.
//
// The tensor of a variable's handle stands for the variable: it has the
// variable's dtype and shape. In a SavedModel its value is a constant, a view of
// the data file in variables/; a bare GraphDef has none. A checkpoint's index
// alone gives tensors without operators.
//
// # Weights
//
// tensor_content and packed float_val lists are views; shorter lists, which
// repeat their last value, decode on demand.
package tensorflow
