// Package mxnet reads Apache MXNet (and Gluon export) networks: the symbol as
// JSON (-symbol.json) and the parameters (-0000.params).
//
// # Recognised by
//
// A symbol is a JSON object with "nodes" whose elements have "op", "name" and
// "inputs", and of which some are "null" (variables). TVM writes the same frame
// with "tvm_op" nodes and is refused. Parameters start with the u64 0x112;
// they are read with their symbol, alone they are a part of a model.
//
// # Read
//
// Symbols of all releases (attributes under "param", "attr" or "attrs"),
// parameters of all four array layouts, dense. Variables without a value in
// the parameters are inputs, unless their name or place says weight. The
// file states no input size: shapes are unknown until one is bound.
//
// # Not read
//
// Sparse arrays; control-flow subgraphs (_foreach, _while_loop, _cond).
//
// Facts: apache/mxnet src/ndarray/ndarray.cc (array layouts), nnvm's JSON
// graph, operator documentation.
package mxnet
