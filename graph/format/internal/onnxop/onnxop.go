// Package onnxop translates ONNX operators, whatever file they come from, into
// canonical ones: names, operand order, typed attributes and the differences
// between opset versions.
//
// Sources: the operator schemas of onnx/onnx (docs/Operators.md, Changelog.md
// and Operators-ml.md) and of microsoft/onnxruntime (docs/ContribOperators.md).
//
// # Opset versions
//
// Attributes that became operands (Squeeze, Unsqueeze, Slice, Pad, Split, TopK,
// Clip, reductions ...) end up in the same canonical form: the attribute where
// the file states the value in one, the operand where it is one. Softmax before
// opset 13 coerces its input to two dimensions at an axis that defaults to 1;
// the axis is kept. Add and its like before opset 7 aligned the second operand
// at an axis: a constant second operand gets a reshaped twin that shares its value.
//
// # Quantised forms
//
// QLinearConv and the like keep the canonical operator; scales and zero points
// follow behind the canonical operands, and constant scales also become the
// Quant of the tensors they describe.
package onnxop

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph"
)

// Attr is one attribute as the file stores it; the field that counts depends on
// the attribute's type.
type Attr struct {
	Name    string
	Int     int64
	Float   float32
	Bytes   []byte
	Ints    []int64
	Floats  []float32
	Strings [][]byte
	// Tensor is nil unless the attribute is a tensor: its dtype, shape and value.
	Tensor *graph.Tensor
}

// Node is one operator before translation.
type Node struct {
	Name string
	// OpType and Domain are the file's words; "" and "ai.onnx" are the same domain.
	OpType, Domain string
	// Version is the opset version that the file imports for the domain, 0 if
	// it does not say: then the newest is assumed.
	Version int
	Attrs   []Attr
	// Inputs and Outputs are in the file's order.
	Inputs, Outputs []graph.TensorID
	// Subgraphs are indexes into Model.Graphs, then before else, and Bodies the
	// graphs themselves where they are complete.
	Subgraphs []int
	Bodies    []*graph.Graph
}

// Scope is a graph under construction.
type Scope struct {
	Graph *graph.Graph
	ranks []int16 // rank + 1 of each tensor that has no stated shape; 0 = unknown
}

// newest stands for "no version stated".
const newest = 1 << 20

// Domains that have their own tables. Onnx is also spelled "ai.onnx".
const (
	Onnx      = ""
	ML        = "ai.onnx.ml"
	Microsoft = "com.microsoft"
)

// Canonical returns the domain with "ai.onnx" folded into "".
func Canonical(domain string) string {
	if domain == "ai.onnx" {
		return Onnx
	}
	return domain
}

// SourceOp returns the operator's word for the tables: the type, with the
// domain before it where that is not ONNX's own.
func SourceOp(domain, opType string) string {
	if d := Canonical(domain); d != Onnx {
		return d + "." + opType
	}
	return opType
}

// Lookup returns the canonical operator of a type, ok false where the tables
// have none.
func Lookup(domain, opType string) (op graph.Op, ok bool) {
	e, ok := find(domain, opType)
	return e.op, ok
}

// Append translates n and appends it to the graph under construction.
func (s *Scope) Append(n *Node) {
	s.Graph.Nodes = append(s.Graph.Nodes, graph.Node{
		Name: n.Name, SourceOp: SourceOp(n.Domain, n.OpType), Version: n.Version,
		Inputs: n.Inputs, Outputs: n.Outputs, Subgraphs: n.Subgraphs,
	})
	out := &s.Graph.Nodes[len(s.Graph.Nodes)-1]
	c := &call{Scope: s, src: n, n: out, version: n.Version}
	if c.version == 0 {
		c.version = newest
	}
	e, ok := find(n.Domain, n.OpType)
	switch {
	case ok:
		out.Op = e.op
		if e.translate != nil {
			e.translate(c)
		}
	case Canonical(n.Domain) == Onnx || n.Domain == Microsoft:
		out.Op = graph.Unknown
	default:
		out.Op = graph.Custom
		out.Attrs = &graph.CustomAttrs{Domain: n.Domain, Bytes: optionBytes(n.Attrs)}
	}
	s.spreadRank(out)
}

// optionBytes is the size of a custom operator's options.
func optionBytes(attrs []Attr) int64 {
	var n int64
	for i := range attrs {
		n += int64(len(attrs[i].Bytes)) + 8*int64(len(attrs[i].Ints)) + 4*int64(len(attrs[i].Floats))
	}
	return n
}

// entry is one line of a table.
type entry struct {
	op        graph.Op
	translate func(*call)
}

// call is one translation under way.
type call struct {
	*Scope
	src     *Node
	n       *graph.Node
	version int
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
	if a := c.attr(name); a != nil {
		return string(a.Bytes)
	}
	return def
}

// list returns an integer list attribute, nil if absent; a single integer
// counts as a list of one.
func (c *call) list(name string) []int64 {
	a := c.attr(name)
	switch {
	case a == nil:
		return nil
	case a.Ints == nil:
		return []int64{}
	}
	return a.Ints
}

// axes returns an integer list attribute as axes, nil if absent.
func (c *call) axes(name string) []int { return toInts(c.list(name)) }

func (c *call) axis(name string, def int64) int { return clampInt(c.int(name, def)) }

func toInts(v []int64) []int {
	if v == nil {
		return nil
	}
	out := make([]int, len(v))
	for i, x := range v {
		out[i] = clampInt(x)
	}
	return out
}

// clampInt keeps absurd axes from the file inside the range of int32, where no
// later arithmetic overflows.
func clampInt(v int64) int { return int(max(-1<<31, min(v, 1<<31-1))) }

// in returns operand i of the file's own order.
func (c *call) in(i int) graph.TensorID {
	if i < 0 || i >= len(c.src.Inputs) {
		return graph.NoTensor
	}
	return c.src.Inputs[i]
}

// operands sets the canonical operands to the given positions of the file's
// own, followed by all that were not named; -1 leaves an operand out.
func (c *call) operands(order ...int) {
	out := make([]graph.TensorID, 0, len(c.src.Inputs)+1)
	used := make([]bool, len(c.src.Inputs))
	for _, i := range order {
		out = append(out, c.in(i))
		if i >= 0 && i < len(used) {
			used[i] = true
		}
	}
	for i, id := range c.src.Inputs {
		if !used[i] {
			out = append(out, id)
		}
	}
	c.n.Inputs = trimAbsent(out)
}

// only sets the canonical operands to the given positions and drops the rest.
func (c *call) only(order ...int) {
	out := make([]graph.TensorID, 0, len(order))
	for _, i := range order {
		out = append(out, c.in(i))
	}
	c.n.Inputs = trimAbsent(out)
}

func trimAbsent(ids []graph.TensorID) []graph.TensorID {
	for len(ids) > 0 && ids[len(ids)-1] == graph.NoTensor {
		ids = ids[:len(ids)-1]
	}
	return ids
}

// dtype returns the dtype of a tensor, unknown if absent.
func (c *call) dtype(id graph.TensorID) graph.DType {
	if t := c.Graph.Tensor(id); t != nil {
		return t.DType
	}
	return graph.UnknownDType
}

// maxFolded bounds the constant lists that translation looks at.
const maxFolded = 256

// ints returns the value of a short constant integer tensor.
func (s *Scope) ints(id graph.TensorID) ([]int64, bool) {
	t := s.Graph.Tensor(id)
	if t == nil || t.Const == nil {
		return nil, false
	}
	n, ok := t.Shape.Elements()
	if !ok || n > maxFolded || t.DType != graph.Int64 && t.DType != graph.Int32 {
		return nil, false
	}
	b, err := t.Const.Bytes()
	w := int64(t.DType.Bits() / 8)
	if err != nil || int64(len(b)) != n*w {
		return nil, false
	}
	out := make([]int64, n)
	for i := range out {
		if w == 8 {
			out[i] = int64(binary.LittleEndian.Uint64(b[8*i:]))
		} else {
			out[i] = int64(int32(binary.LittleEndian.Uint32(b[4*i:])))
		}
	}
	return out, true
}

// addConst appends a constant that translation makes (an attribute that newer
// opsets have as an operand); it is no parameter.
func (s *Scope) addConst(t graph.Tensor) graph.TensorID {
	s.Graph.Tensors = append(s.Graph.Tensors, t)
	return graph.TensorID(len(s.Graph.Tensors) - 1)
}

// Rank returns the number of dimensions of a tensor as far as stated shapes and
// the operators before tell; -1 if unknown.
func (s *Scope) Rank(id graph.TensorID) int {
	t := s.Graph.Tensor(id)
	if t == nil {
		return -1
	}
	if r, ok := t.Shape.Rank(); ok {
		return r
	}
	if int(id) < len(s.ranks) {
		return int(s.ranks[id]) - 1
	}
	return -1
}

func (s *Scope) setRank(id graph.TensorID, rank int) {
	if id < 0 || rank < 0 || rank > 1<<14 {
		return
	}
	for len(s.ranks) <= int(id) {
		s.ranks = append(s.ranks, make([]int16, max(16, int(id)+1-len(s.ranks)))...)
	}
	s.ranks[id] = int16(rank + 1)
}

// spreadRank notes the rank of a node's first output where the operator keeps
// or states it, so that layouts can be given to operators that follow.
func (s *Scope) spreadRank(n *graph.Node) {
	if len(n.Outputs) == 0 || n.Outputs[0] == graph.NoTensor || s.Rank(n.Outputs[0]) >= 0 {
		return
	}
	out := n.Outputs[0]
	switch n.Op {
	case graph.Add, graph.Sub, graph.Mul, graph.Div, graph.Pow, graph.Max, graph.Min, graph.Mean, graph.Sum, graph.Where:
		rank := -1
		for _, id := range n.Inputs {
			r := s.Rank(id)
			if r < 0 && id != graph.NoTensor {
				return
			}
			rank = max(rank, r)
		}
		s.setRank(out, rank)
	case graph.Unsqueeze, graph.Squeeze:
		a, _ := n.Attrs.(*graph.AxesAttrs)
		axes, ok := s.ints(n.Input(1))
		k := len(axes)
		if a != nil && a.Axes != nil {
			k, ok = len(a.Axes), true
		}
		if r := s.Rank(n.Input(0)); ok && r >= 0 {
			if n.Op == graph.Squeeze {
				k = -k
			}
			s.setRank(out, r+k)
		}
	case graph.Reshape, graph.Expand:
		if t := s.Graph.Tensor(n.Input(1)); t != nil && n.Op == graph.Reshape {
			if k, ok := t.Shape.Dim(0).Value(); ok && t.Shape.Len() == 1 {
				s.setRank(out, int(min(k, 1<<14)))
			}
		}
	case graph.Flatten:
		s.setRank(out, 2)
	default:
		if keepsRank[n.Op] {
			s.setRank(out, s.Rank(n.Input(0)))
		}
	}
}

// keepsRank lists operators whose first output has the rank of operand 0.
var keepsRank = map[graph.Op]bool{
	graph.Conv: true, graph.ConvTranspose: true, graph.DeformConv: true, graph.MaxPool: true, graph.AveragePool: true,
	graph.LpPool: true, graph.BatchNormalization: true, graph.InstanceNormalization: true, graph.LayerNormalization: true,
	graph.GroupNormalization: true, graph.RMSNormalization: true, graph.LRN: true, graph.Softmax: true, graph.LogSoftmax: true,
	graph.Relu: true, graph.LeakyRelu: true, graph.PRelu: true, graph.Elu: true, graph.Sigmoid: true, graph.Tanh: true,
	graph.HardSigmoid: true, graph.HardSwish: true, graph.Silu: true, graph.Gelu: true, graph.Mish: true, graph.Clip: true,
	graph.Selu: true, graph.Softplus: true, graph.Identity: true, graph.Dropout: true, graph.Cast: true, graph.Exp: true,
	graph.Log: true, graph.Sqrt: true, graph.Neg: true, graph.Abs: true, graph.Erf: true, graph.Reciprocal: true,
	graph.QuantizeLinear: true, graph.DequantizeLinear: true, graph.DynamicQuantizeLinear: true, graph.Pad: true,
	graph.Resize: true, graph.Concat: true, graph.Transpose: true, graph.Slice: true, graph.Split: true, graph.DepthToSpace: true,
	graph.SpaceToDepth: true, graph.Tile: true, graph.LpNormalization: true, graph.MeanVarianceNormalization: true,
}
