package mxnet

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// build makes the model; arrays may be nil.
func build(s *symbol, arrays map[string]array, lim format.Limits) (*graph.Model, error) {
	b := &builder{g: &graph.Graph{}, s: s, arrays: arrays, outs: make([][]graph.TensorID, len(s.Nodes)), at: make([]int, len(s.Nodes))}
	m := &graph.Model{Format: name, FormatVersion: version(s), Graphs: []*graph.Graph{b.g}}
	lost := 0
	for i := range s.Nodes {
		n := &s.Nodes[i]
		if len(b.g.Tensors) > lim.Tensors {
			return nil, format.Errorf(format.ErrLimit, -1, "more than %d tensors", lim.Tensors)
		}
		b.at[i] = -1
		if n.Op == "null" {
			b.variable(i, n)
			continue
		}
		if err := b.node(i, n); err != nil {
			return nil, err
		}
	}
	for _, h := range s.Heads {
		if len(h) > 0 && h[0] >= 0 && h[0] < int64(len(b.outs)) {
			k := int64(0)
			if len(h) > 1 {
				k = h[1]
			}
			if outs := b.outs[h[0]]; k >= 0 && k < int64(len(outs)) {
				b.g.Outputs = append(b.g.Outputs, outs[k])
			}
		}
	}
	for i := range b.g.Tensors {
		if c := b.g.Tensors[i].Const; c != nil && c.Missing != "" {
			lost++
		}
	}
	if lost > 0 {
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d parameters have no value: %s", lost, missing)})
	}
	return m, nil
}

const missing = "parameters file not found or without them"

// version is the release that wrote the symbol, as five digits in its attributes.
func version(s *symbol) string {
	var v []any
	if json.Unmarshal(s.Attrs["mxnet_version"], &v) == nil && len(v) == 2 {
		if n, ok := v[1].(float64); ok && n >= 0 && n < 1e9 {
			k := int(n)
			return fmt.Sprintf("%d.%d.%d", k/10000, k/100%100, k%100)
		}
	}
	return ""
}

// builder makes the graph. outs are the tensors of each node of the symbol.
type builder struct {
	g      *graph.Graph
	s      *symbol
	arrays map[string]array
	outs   [][]graph.TensorID
	at     []int // place of each node of the symbol in g.Nodes, -1 for variables
}

func (b *builder) tensor(t graph.Tensor) graph.TensorID {
	b.g.Tensors = append(b.g.Tensors, t)
	return graph.TensorID(len(b.g.Tensors) - 1)
}

// weightEndings are names that the operators give to their own parameters.
var weightEndings = []string{"_weight", "_bias", "_gamma", "_beta", "_moving_mean", "_moving_var", "_running_mean", "_running_var", "_parameters"}

func isWeightName(s string) bool {
	for _, e := range weightEndings {
		if strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}

// variable is a null node: a parameter, or an input of the network. Labels of
// training heads have no value and no use; they are inputs as well.
func (b *builder) variable(i int, n *node) {
	t := graph.Tensor{Name: n.Name, DType: graph.Float32}
	if a, ok := b.arrays[n.Name]; ok {
		t.DType, t.Shape = a.dtype, a.shape
		t.Const = &graph.Const{Data: a.data, StoredBytes: int64(len(a.data))}
	} else {
		if v := attrs(n).ints("__shape__"); v != nil && positive(v) {
			t.Shape = graph.ShapeOf(v...)
		}
		if isWeightName(n.Name) {
			t.Const = &graph.Const{StoredBytes: -1, Missing: missing}
		}
	}
	id := b.tensor(t)
	b.outs[i] = []graph.TensorID{id}
	if t.Const == nil {
		b.g.Inputs = append(b.g.Inputs, id)
	}
}

func positive(v []int64) bool {
	for _, d := range v {
		if d <= 0 {
			return false
		}
	}
	return true
}

// node adds an operator. Its outputs are as many as its users ask for.
func (b *builder) node(i int, n *node) error {
	g := graph.Node{Name: n.Name, SourceOp: n.Op}
	for _, in := range n.Inputs {
		if len(in) == 0 || in[0] < 0 || in[0] >= int64(i) {
			return format.Errorf(format.ErrMalformed, -1, "node %d %q: input %v is no node before it", i, clip(n.Name), in)
		}
		k := int64(0)
		if len(in) > 1 {
			k = in[1]
		}
		if k < 0 || k > 1<<12 {
			return format.Errorf(format.ErrMalformed, -1, "node %d %q: output %d of an input", i, clip(n.Name), k)
		}
		g.Inputs = append(g.Inputs, b.output(int(in[0]), int(k)))
	}
	c := &call{b: b, n: &g, a: attrs(n)}
	g.Outputs = []graph.TensorID{b.tensor(graph.Tensor{Name: n.Name, DType: graph.Float32})}
	if f, ok := layers[n.Op]; ok {
		f(c)
	} else {
		g.Op = graph.Custom
	}
	b.outs[i], b.at[i] = g.Outputs, len(b.g.Nodes)
	b.g.Nodes = append(b.g.Nodes, g)
	return nil
}

// output returns output k of node i, which may be one that the node's own
// rule does not know of.
func (b *builder) output(i, k int) graph.TensorID {
	for len(b.outs[i]) <= k {
		id := b.tensor(graph.Tensor{Name: fmt.Sprintf("%s:%d", b.s.Nodes[i].Name, len(b.outs[i])), DType: graph.Float32})
		b.outs[i] = append(b.outs[i], id)
		if at := b.at[i]; at >= 0 {
			b.g.Nodes[at].Outputs = b.outs[i]
		}
	}
	return b.outs[i][k]
}

// attributes are a node's parameters, all written as text.
type attributes map[string]string

func attrs(n *node) attributes {
	out := attributes{}
	for _, m := range []map[string]any{n.Attr, n.Attrs, n.Param} {
		for k, v := range m {
			switch v := v.(type) {
			case string:
				out[k] = v
			case float64:
				out[k] = strconv.FormatFloat(v, 'g', -1, 64)
			}
		}
	}
	return out
}

func (a attributes) int(key string, def int64) int64 {
	if n, err := strconv.ParseInt(strings.TrimSuffix(a[key], "L"), 10, 64); err == nil {
		return n
	}
	return def
}

func (a attributes) float(key string, def float64) float64 {
	if v, err := strconv.ParseFloat(a[key], 64); err == nil {
		return v
	}
	return def
}

// flag reports whether an attribute is true, def where it is absent.
func (a attributes) flag(key, def string) bool {
	v := a[key]
	if v == "" {
		v = def
	}
	return v == "True" || v == "true" || v == "1"
}

// ints reads "(3,3)", "[1L, 2L]" or "3"; nil where it is absent or no list.
func (a attributes) ints(key string) []int64 {
	s := strings.Trim(a[key], "()[] ")
	if s == "" {
		return nil
	}
	var out []int64
	for _, w := range strings.Split(s, ",") {
		w = strings.TrimSuffix(strings.TrimSpace(w), "L")
		if w == "" {
			continue
		}
		n, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			return nil
		}
		out = append(out, n)
	}
	return out
}

// call is one operator being built.
type call struct {
	b *builder
	n *graph.Node
	a attributes
}

func (c *call) op(op graph.Op, a graph.Attrs) { c.n.Op, c.n.Attrs = op, a }

// outputs makes the node have n outputs.
func (c *call) outputs(n int64) {
	for int64(len(c.n.Outputs)) < min(n, 1<<12) {
		c.n.Outputs = append(c.n.Outputs, c.b.tensor(graph.Tensor{Name: fmt.Sprintf("%s:%d", c.n.Name, len(c.n.Outputs)), DType: graph.Float32}))
	}
}

// complete gives a parameter without a value the dimensions that the operator
// knows; -1 for those it does not.
func (c *call) complete(operand int, dims ...int64) {
	if t := c.b.g.Tensor(c.n.Input(operand)); t != nil && t.Const != nil && !t.Shape.IsRanked() {
		t.Shape = graph.ShapeOf(dims...)
	}
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
