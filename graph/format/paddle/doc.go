// Package paddle reads PaddlePaddle inference models: ProgramDesc files
// (.pdmodel, __model__) with their parameters (.pdiparams, __params__, or one file
// per parameter).
//
// # Recognition
//
// There is no magic. A file counts when it is protobuf whose blocks have an
// index, variables with names and types, and operators with types in Paddle's
// spelling. Parameter files mean nothing without their program.
//
// # Graphs
//
// Block 0 is the main graph, further blocks are bodies of while and
// conditional_block. feed and fetch stay nodes. Shapes are those that variables
// state, -1 unknown. Operators may write a variable again: each writing makes a
// tensor of its own.
//
// # Parameters
//
// A combined file holds the parameters in the order of their names; values are
// views of it.
package paddle
