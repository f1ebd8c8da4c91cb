// Package bind gives the free dimensions of a model concrete values, and
// records every choice.
//
// A free dimension is a symbol ("batch") or unknown. Values are chosen in this
// order, the first that applies wins:
//
//  1. what the caller says, for a whole input, one axis of it, a symbol or a role;
//  2. the value that the file stores for the dimension, where it means
//     something: TensorFlow writes 1 for whatever it does not know, so a stored
//     1 counts only on a batch axis;
//  3. 1 for a batch axis;
//  4. only if the caller asks for it, the customary size of the axis's role
//     (Policy.Assume), as a second figure to be shown with its sizes.
//
// All else stays free: shapes, MACs and memory that depend on it are unknown.
package bind

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// Role says what an axis of an input means.
type Role string

// The roles of axes. RoleOther is an axis whose meaning is not clear.
const (
	RoleOther    Role = ""
	RoleBatch    Role = "batch"
	RoleChannel  Role = "channel"
	RoleHeight   Role = "height"
	RoleWidth    Role = "width"
	RoleDepth    Role = "depth"
	RoleSequence Role = "sequence"
	RoleTime     Role = "time"
	RolePast     Role = "past"
)

// Policy says how free dimensions are bound. The zero Policy takes stored
// values and batch 1 and leaves the rest free.
type Policy struct {
	// Explicit maps a symbol ("seq_len"), an axis of an input
	// ("input_ids:1"), or a role ("height") to a size; the more special wins.
	Explicit map[string]int64
	// Shapes maps an input's name to its whole shape; an element of -1 leaves
	// the axis to the other rules.
	Shapes map[string][]int64
	// Assume maps roles to the sizes to assume where nothing else applies; nil
	// assumes nothing.
	Assume map[Role]int64
}

// Customary returns the sizes that Assume usually holds: batch 1, images of
// 3 x 224 x 224, sequences of 128 tokens, 100 time steps or frames, no past.
func Customary() map[Role]int64 {
	return map[Role]int64{RoleBatch: 1, RoleChannel: 3, RoleHeight: 224, RoleWidth: 224, RoleDepth: 16,
		RoleSequence: 128, RoleTime: 100, RolePast: 0}
}

// ImageSizes are heights and widths that images have where those of Customary do not
// fit a network: lines of text, as recognisers read them, then squares.
func ImageSizes() [][2]int64 {
	return [][2]int64{{48, 320}, {32, 320}, {32, 100}, {256, 256}, {320, 320}, {512, 512}, {640, 640}, {299, 299}, {112, 112}, {64, 64}, {28, 28}}
}

// Why names the rule that bound a dimension.
type Why string

// The rules, in their order; Unbound marks a dimension that stays free.
const (
	Explicit Why = "explicit"
	Stored   Why = "stored"
	Batch    Why = "batch"
	Assumed  Why = "assumed"
	Unbound  Why = "unbound"
)

// Binding is one choice, or one dimension that was left free.
type Binding struct {
	// Graph is the graph's index, Input the input's name, Axis the axis.
	Graph int
	Input string
	Axis  int
	// Symbol is the dimension's name, "" if it has none.
	Symbol string
	Role   Role
	// Value is the size, -1 when unbound.
	Value int64
	Why   Why
}

// String returns "images:2 (height) = 224, assumed".
func (b Binding) String() string {
	s := b.Input + ":" + strconv.Itoa(b.Axis)
	if b.Symbol != "" {
		s += " " + strconv.Quote(b.Symbol)
	}
	if b.Role != RoleOther {
		s += " (" + string(b.Role) + ")"
	}
	if b.Why == Unbound {
		return s + " unbound"
	}
	return s + " = " + strconv.FormatInt(b.Value, 10) + ", " + string(b.Why)
}

// Bind returns a copy of m whose inputs' free dimensions are bound by p, and
// what was chosen, in the order of graphs, inputs and axes. A symbol that is
// bound once has that value wherever it appears in the model.
func Bind(m *graph.Model, p Policy) (*graph.Model, []Binding) {
	b := &binder{m: m.Clone(), p: p, symbols: map[string]Binding{}}
	for gi, g := range b.m.Graphs {
		if g.Role != graph.RoleMain {
			continue
		}
		first := readers(g)
		for _, id := range inputs(g) {
			b.input(gi, g, id, consumer(g, first, id))
		}
	}
	b.spread()
	return b.m, b.made
}

type binder struct {
	m       *graph.Model
	p       Policy
	made    []Binding
	symbols map[string]Binding
}

// inputs are the graph's inputs and what its Input nodes give, each once.
func inputs(g *graph.Graph) []graph.TensorID {
	var ids []graph.TensorID
	seen := map[graph.TensorID]bool{graph.NoTensor: true}
	take := func(list []graph.TensorID) {
		for _, id := range list {
			if t := g.Tensor(id); !seen[id] && t != nil && t.Const == nil {
				ids = append(ids, id)
			}
			seen[id] = true
		}
	}
	take(g.Inputs)
	for i := range g.Nodes {
		if g.Nodes[i].Op == graph.InputOp {
			take(g.Nodes[i].Outputs)
		}
	}
	return ids
}

func (b *binder) input(gi int, g *graph.Graph, id graph.TensorID, use use) {
	t := &g.Tensors[id]
	if stated := b.p.Shapes[t.Name]; stated != nil && (!t.Shape.IsRanked() || t.Shape.Len() == len(stated)) {
		b.whole(gi, t, stated)
	}
	if !t.Shape.IsRanked() {
		b.unranked(gi, t, use)
		return
	}
	dims := t.Shape.Dims()
	roles := rolesOf(t, use)
	for axis, d := range dims {
		if d.IsKnown() {
			continue
		}
		c := b.choose(t.Name, axis, d, roles[axis])
		c.Graph = gi
		b.made = append(b.made, c)
		if c.Value >= 0 {
			dims[axis] = graph.DimOf(c.Value)
			if c.Symbol != "" {
				b.symbols[c.Symbol] = c
			}
		}
	}
	t.Shape = graph.ShapeOfDims(dims...)
}

// whole applies a stated shape; a fixed dimension of the file stays.
func (b *binder) whole(gi int, t *graph.Tensor, stated []int64) {
	dims := t.Shape.Dims()
	if dims == nil {
		dims = make([]graph.Dim, len(stated))
	}
	for axis, n := range stated {
		if n < 0 || dims[axis].IsKnown() {
			continue
		}
		c := Binding{Graph: gi, Input: t.Name, Axis: axis, Symbol: dims[axis].Symbol(), Value: n, Why: Explicit}
		b.made = append(b.made, c)
		if c.Symbol != "" {
			b.symbols[c.Symbol] = c
		}
		dims[axis] = graph.DimOf(n)
	}
	t.Shape = graph.ShapeOfDims(dims...)
}

// unranked gives an input of unknown rank the shape that its first consumer's
// layout asks for, where sizes may be assumed or are stated by role.
func (b *binder) unranked(gi int, t *graph.Tensor, use use) {
	roles, channels := use.shape()
	if roles == nil {
		b.made = append(b.made, Binding{Graph: gi, Input: t.Name, Value: -1, Why: Unbound})
		return
	}
	dims := make([]graph.Dim, len(roles))
	for axis, role := range roles {
		d := graph.Dim{}
		if role == RoleChannel && channels > 0 {
			dims[axis] = graph.DimOf(channels)
			continue
		}
		c := b.choose(t.Name, axis, d, role)
		c.Graph = gi
		b.made = append(b.made, c)
		if c.Value >= 0 {
			dims[axis] = graph.DimOf(c.Value)
		}
	}
	t.Shape = graph.ShapeOfDims(dims...)
}

// choose applies the rules to one free dimension.
func (b *binder) choose(input string, axis int, d graph.Dim, role Role) Binding {
	c := Binding{Input: input, Axis: axis, Symbol: d.Symbol(), Role: role, Value: -1, Why: Unbound}
	explicit := func(key string) bool {
		n, ok := b.p.Explicit[key]
		if ok = ok && key != "" && n >= 0; ok {
			c.Value, c.Why = n, Explicit
		}
		return ok
	}
	if explicit(input+":"+strconv.Itoa(axis)) || explicit(d.Symbol()) {
		return c
	}
	if done, ok := b.symbols[d.Symbol()]; ok && d.Symbol() != "" {
		c.Value, c.Why = done.Value, done.Why
		return c
	}
	if n, why, ok := b.sum(input, axis, d.Symbol()); ok {
		c.Value, c.Why = n, why
		return c
	}
	if explicit(string(role)) {
		return c
	}
	if n, ok := d.Default(); ok && (n > 1 || n == 1 && role == RoleBatch) {
		c.Value, c.Why = n, Stored
		return c
	}
	if role == RoleBatch {
		c.Value, c.Why = 1, Batch
		return c
	}
	if n, ok := b.p.Assume[role]; ok && role != RoleOther {
		c.Value, c.Why = n, Assumed
	}
	return c
}

// sum evaluates a symbol that is a sum, as exporters of language models write
// them ("past_sequence_length + 1"); its terms are bound like any dimension.
// The reason is that of the weakest term.
func (b *binder) sum(input string, axis int, symbol string) (n int64, why Why, ok bool) {
	terms := strings.Split(symbol, "+")
	if len(terms) < 2 || len(terms) > 8 {
		return 0, "", false
	}
	why = Explicit
	for _, term := range terms {
		term = strings.TrimSpace(term)
		if v, err := strconv.ParseInt(term, 10, 32); err == nil && v >= 0 {
			n += v
			continue
		}
		role, _ := byName(term, axis)
		c := b.choose(input, axis, graph.SymbolDim(term), role)
		if c.Value < 0 || c.Value > 1<<40 || term == "" {
			return 0, "", false
		}
		n += c.Value
		if rank(c.Why) > rank(why) {
			why = c.Why
		}
	}
	return n, why, true
}

// rank orders the rules by strength.
func rank(w Why) int {
	return slices.Index([]Why{Explicit, Stored, Batch, Assumed, Unbound}, w)
}

// spread gives bound symbols, and symbols that the caller names, their value
// in every tensor of the model.
func (b *binder) spread() {
	for _, g := range b.m.Graphs {
		for i := range g.Tensors {
			t := &g.Tensors[i]
			if t.Shape.IsStatic() || !t.Shape.IsRanked() {
				continue
			}
			var dims []graph.Dim
			for axis := range t.Shape.Len() {
				n, ok := b.symbol(t.Shape.Dim(axis))
				if !ok {
					continue
				}
				if dims == nil {
					dims = t.Shape.Dims()
				}
				dims[axis] = graph.DimOf(n)
			}
			if dims != nil {
				t.Shape = graph.ShapeOfDims(dims...)
			}
		}
	}
}

func (b *binder) symbol(d graph.Dim) (int64, bool) {
	if d.IsKnown() || d.Symbol() == "" {
		return 0, false
	}
	if c, ok := b.symbols[d.Symbol()]; ok {
		return c.Value, true
	}
	n, ok := b.p.Explicit[d.Symbol()]
	return n, ok && n >= 0
}
