// Package paddleop translates PaddlePaddle operators, whatever file they come
// from, into canonical ones. Operands go by parameter names ("Input", "Filter"),
// results likewise.
//
// Source: the operators' definitions in PaddlePaddle/Paddle (paddle/fluid/operators
// and paddle/phi/api/yaml/op_compat.yaml).
package paddleop

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph"
)

// Attr is one attribute; the field that counts depends on its type. Truth
// values are integers.
type Attr struct {
	Name   string
	Int    int64
	Float  float64
	Str    string
	Ints   []int64
	Floats []float64
}

// Param is one named list of operands or results.
type Param struct {
	Name string
	IDs  []graph.TensorID
}

// Op is one operator as the file writes it.
type Op struct {
	Type            string
	Inputs, Outputs []Param
	Attrs           []Attr
	// Version is the operator's version in the file, 0 if not stated.
	Version   int
	Subgraphs []int
}

// Lookup returns the canonical operator of a type, ok false where the table has none.
func Lookup(opType string) (op graph.Op, ok bool) {
	e, ok := table[opType]
	return e.op, ok
}

// Params returns the names of an operator's operands and results in canonical
// order, nil where the table has none or takes all.
func Params(opType string) (operands, results []string) {
	e := table[opType]
	return e.ins, e.outs
}

// Append translates an operator and appends it to the graph.
func Append(g *graph.Graph, op *Op) {
	g.Nodes = append(g.Nodes, graph.Node{SourceOp: op.Type, Version: op.Version, Subgraphs: op.Subgraphs})
	n := &g.Nodes[len(g.Nodes)-1]
	c := &call{g: g, src: op, n: n}
	e, ok := table[op.Type]
	n.Op = e.op
	if ok && e.ins != nil {
		c.operands(e.ins...)
	} else {
		for _, p := range op.Inputs {
			n.Inputs = append(n.Inputs, p.IDs...)
		}
	}
	if ok && e.outs != nil {
		n.Outputs = c.list(op.Outputs, e.outs)
	} else {
		n.Outputs = c.list(op.Outputs, nil)
	}
	if len(n.Outputs) > 0 && n.Outputs[0] != graph.NoTensor {
		n.Name = g.Tensors[n.Outputs[0]].Name
	}
	if ok && e.translate != nil {
		e.translate(c)
	}
}

// entry is one line of the table: operands and results by parameter, in
// canonical order; nil takes all in file order.
type entry struct {
	op        graph.Op
	ins, outs []string
	translate func(*call)
}

// call is one translation under way.
type call struct {
	g   *graph.Graph
	src *Op
	n   *graph.Node
}

func find(params []Param, name string) []graph.TensorID {
	for _, p := range params {
		if p.Name == name {
			return p.IDs
		}
	}
	return nil
}

// operands sets the canonical operands to the named parameters; a missing one
// leaves its place empty.
func (c *call) operands(names ...string) {
	var out []graph.TensorID
	for _, name := range names {
		ids := find(c.src.Inputs, name)
		if len(ids) == 0 {
			ids = []graph.TensorID{graph.NoTensor}
		}
		out = append(out, ids...)
	}
	for n := len(out); n > 0 && out[n-1] == graph.NoTensor; n-- {
		out = out[:n-1]
	}
	c.n.Inputs = out
}

// list puts the named results first and the others behind them.
func (c *call) list(params []Param, first []string) []graph.TensorID {
	var out []graph.TensorID
	named := map[string]bool{}
	for _, name := range first {
		named[name] = true
		out = append(out, find(params, name)...)
	}
	for _, p := range params {
		if !named[p.Name] && (first == nil || !forTraining[p.Name]) {
			out = append(out, p.IDs...)
		}
	}
	return out
}

// forTraining are results that only the backward pass reads.
var forTraining = map[string]bool{
	"XShape": true, "MeanOut": true, "VarianceOut": true, "SavedMean": true, "SavedVariance": true, "ReserveSpace": true, "Mask": true,
}

func (c *call) attr(name string) *Attr {
	for i := range c.src.Attrs {
		if c.src.Attrs[i].Name == name {
			return &c.src.Attrs[i]
		}
	}
	return nil
}

func (c *call) int(name string, def int64) int64 {
	if a := c.attr(name); a != nil {
		return a.Int
	}
	return def
}

func (c *call) flag(name string) bool { return c.int(name, 0) != 0 }

func (c *call) str(name, def string) string {
	if a := c.attr(name); a != nil && a.Str != "" {
		return a.Str
	}
	return def
}

func (c *call) ints(name string) []int64 {
	if a := c.attr(name); a != nil {
		return a.Ints
	}
	return nil
}

func (c *call) axis(name string, def int64) int { return clampInt(c.int(name, def)) }

func (c *call) axes(name string) []int {
	var out []int
	for _, v := range c.ints(name) {
		out = append(out, clampInt(v))
	}
	return out
}

func clampInt(v int64) int { return int(max(-1<<31, min(v, 1<<31-1))) }

// has reports whether a parameter is given.
func (c *call) has(param string) bool { return len(find(c.src.Inputs, param)) > 0 }

// rank of a parameter's first tensor, -1 if unknown.
func (c *call) rank(param string) int {
	if ids := find(c.src.Inputs, param); len(ids) > 0 {
		if t := c.g.Tensor(ids[0]); t != nil && t.Shape.IsRanked() {
			return t.Shape.Len()
		}
	}
	return -1
}

// constInts returns a parameter's short constant of integers.
func (c *call) constInts(param string) ([]int64, bool) {
	ids := find(c.src.Inputs, param)
	if len(ids) != 1 {
		return nil, false
	}
	t := c.g.Tensor(ids[0])
	if t == nil || t.Const == nil || t.DType != graph.Int32 && t.DType != graph.Int64 {
		return nil, false
	}
	n, ok := t.Shape.Elements()
	if !ok || n > 64 {
		return nil, false
	}
	data, err := t.Const.Bytes()
	w := int64(t.DType.Bits() / 8)
	if err != nil || int64(len(data)) != n*w {
		return nil, false
	}
	out := make([]int64, n)
	for i := range out {
		if w == 8 {
			out[i] = int64(binary.LittleEndian.Uint64(data[8*i:]))
		} else {
			out[i] = int64(int32(binary.LittleEndian.Uint32(data[4*i:])))
		}
	}
	return out, true
}

// fuse reads the activation that inference passes fold into an operator.
func (c *call) fuse() {
	act := c.str("act_type", c.str("activation_type", c.str("fuse_activation", c.str("activation", ""))))
	if act == "" && c.flag("fuse_relu") {
		act = "relu"
	}
	switch act {
	case "relu":
		c.n.Fused = graph.Relu
	case "relu6":
		c.n.Fused = graph.Relu6
	case "leaky_relu":
		c.n.Fused = graph.LeakyRelu
	case "hard_swish":
		c.n.Fused = graph.HardSwish
	case "hard_sigmoid":
		c.n.Fused = graph.HardSigmoid
	case "sigmoid":
		c.n.Fused = graph.Sigmoid
	case "tanh":
		c.n.Fused = graph.Tanh
	case "swish":
		c.n.Fused = graph.Silu
	case "gelu":
		c.n.Fused = graph.Gelu
	}
}
