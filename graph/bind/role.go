package bind

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// use is what the first node that reads an input tells about its axes.
type use struct {
	layout   graph.Layout
	has      bool
	channels int64
	// features is the size of all axes behind the batch, as a dense layer's filter
	// has it, 0 if no such layer says.
	features int64
	// ids marks inputs that are looked up in a table or read as integers.
	ids bool
}

// consumer looks for a convolution, pooling or dense layer behind an input,
// through nodes that keep shapes.
func consumer(g *graph.Graph, first []int32, id graph.TensorID) use {
	for step := 0; step < 16; step++ {
		n := reader(g, first, id)
		if n == nil {
			return use{}
		}
		switch a := n.Attrs.(type) {
		case *graph.ConvAttrs:
			return use{layout: a.Data, has: len(a.Data.Spatial) > 0, channels: channelsOf(g, n, a)}
		case *graph.PoolAttrs:
			return use{layout: a.Data, has: len(a.Data.Spatial) > 0}
		case *graph.ResizeAttrs:
			return use{layout: a.Data, has: len(a.Data.Spatial) > 0}
		case *graph.FullyConnectedAttrs:
			return use{features: featuresOf(g, n, a, id)}
		}
		switch n.Op {
		case graph.Gather, graph.EmbeddingLookup:
			return use{ids: true}
		case graph.Pad, graph.Cast, graph.Identity, graph.Copies, graph.Sub, graph.Add, graph.Mul, graph.Div,
			graph.QuantizeLinear, graph.DequantizeLinear, graph.Relu, graph.BatchNormalization, graph.Scale, graph.Clip:
			id = n.Outputs[0]
		default:
			return use{}
		}
		if id == graph.NoTensor {
			return use{}
		}
	}
	return use{}
}

// readers gives for each tensor one more than the index of the first node with
// outputs that reads it, 0 for none.
func readers(g *graph.Graph) []int32 {
	first := make([]int32, len(g.Tensors))
	for i := range g.Nodes {
		if len(g.Nodes[i].Outputs) == 0 {
			continue
		}
		for _, id := range g.Nodes[i].Inputs {
			if id != graph.NoTensor && first[id] == 0 {
				first[id] = int32(i + 1)
			}
		}
	}
	return first
}

func reader(g *graph.Graph, first []int32, id graph.TensorID) *graph.Node {
	if id == graph.NoTensor || first[id] == 0 {
		return nil
	}
	return &g.Nodes[first[id]-1]
}

// channelsOf is Ci as the filter has it, 0 if it is not known.
func channelsOf(g *graph.Graph, n *graph.Node, a *graph.ConvAttrs) int64 {
	f := g.Tensor(n.Input(1))
	if f == nil || !f.Shape.IsRanked() {
		return 0
	}
	if a.Depthwise {
		return 0
	}
	ci, ok := f.Shape.Dim(a.Filter.In).Value()
	if !ok {
		return 0
	}
	if n.Op == graph.ConvTranspose {
		return ci
	}
	return ci * max(a.Groups, 1)
}

// featuresOf is K as the filter [N, K] has it, 0 if it is not known, or if the
// layer takes x not as [batch, K].
func featuresOf(g *graph.Graph, n *graph.Node, a *graph.FullyConnectedAttrs, x graph.TensorID) int64 {
	f := g.Tensor(n.Input(1))
	if f == nil || f.Shape.Len() != 2 || n.Input(0) != x || a.KeepDims || a.Axis != 1 && !a.FlattenTo2D {
		return 0
	}
	axis := 1
	if a.TransposedFilter {
		axis = 0
	}
	k, _ := f.Shape.Dim(axis).Value()
	return k
}

// shape is the roles of an input of unknown rank and its channels; nil where
// the consumer says nothing. Axes that a dense layer joins count as one.
func (u use) shape() ([]Role, int64) {
	if u.features > 0 {
		return []Role{RoleBatch, RoleChannel}, u.features
	}
	if !u.has {
		return nil, 0
	}
	rank := len(u.layout.Spatial) + 1
	if u.layout.Batch >= 0 {
		rank++
	}
	return u.roles(rank), u.channels
}

// roles names the axes by the consumer's layout, nil where it does not fit.
func (u use) roles(rank int) []Role {
	l := u.layout
	roles := make([]Role, rank)
	if !u.has || l.Channel >= rank || l.Channel < 0 || l.Batch >= rank {
		return nil
	}
	roles[l.Channel] = RoleChannel
	if l.Batch >= 0 {
		roles[l.Batch] = RoleBatch
	}
	names := []Role{RoleDepth, RoleHeight, RoleWidth}
	switch len(l.Spatial) {
	case 1:
		names = []Role{RoleTime}
	case 2:
		names = names[1:]
	case 3:
	default:
		return nil
	}
	for i, a := range l.Spatial {
		if a < 0 || a >= rank {
			return nil
		}
		roles[a] = names[i]
	}
	return roles
}

// rolesOf names the axes of a ranked input: by the consumer's layout, then by
// the symbols' names, then by rank, dtype and the fixed sizes.
func rolesOf(t *graph.Tensor, u use) []Role {
	rank := t.Shape.Len()
	roles := u.roles(rank)
	if roles == nil || len(u.layout.Spatial)+1 > rank {
		roles = guess(t, u)
	}
	for i := range roles {
		if r, ok := byName(t.Shape.Dim(i).Symbol(), i); ok {
			roles[i] = r
		}
	}
	return roles
}

// guess names axes by what inputs of a rank usually are. Axis 0 is the batch
// only where something follows it or nothing else says so.
func guess(t *graph.Tensor, u use) []Role {
	s := t.Shape
	roles := make([]Role, s.Len())
	if s.Len() > 0 {
		roles[0] = RoleBatch
	}
	channel := func(i int) bool {
		n, ok := s.Dim(i).Value()
		return ok && (n == 1 || n == 3 || n == 4)
	}
	switch {
	case s.Len() == 4 && channel(3) && !channel(1):
		roles[1], roles[2], roles[3] = RoleHeight, RoleWidth, RoleChannel
	case s.Len() == 4 && channel(1):
		roles[1], roles[2], roles[3] = RoleChannel, RoleHeight, RoleWidth
	case s.Len() == 3 && channel(2) && !s.Dim(0).IsKnown() && !s.Dim(1).IsKnown():
		roles[0], roles[1], roles[2] = RoleHeight, RoleWidth, RoleChannel
	case s.Len() == 2 && (t.DType.IsInteger() || u.ids):
		roles[1] = RoleSequence
	case s.Len() == 2 && t.DType.IsFloat():
		roles[1] = RoleTime
	case s.Len() == 3:
		roles[1] = RoleTime
	case s.Len() == 1 && u.ids:
		roles[0] = RoleSequence
	}
	return roles
}

// byName reads a role from a symbol's name.
func byName(symbol string, axis int) (Role, bool) {
	s := strings.ToLower(symbol)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(s, w) {
				return true
			}
		}
		return false
	}
	switch {
	case s == "":
		return RoleOther, false
	case has("past", "cache", "kv_len"):
		return RolePast, true
	case has("batch") || s == "n" || s == "b" || s == "bs" || s == "none" && axis == 0:
		return RoleBatch, true
	case has("height") || s == "h":
		return RoleHeight, true
	case has("width") || s == "w":
		return RoleWidth, true
	case has("channel"):
		return RoleChannel, true
	case has("seq", "token", "length", "_len", "text") || s == "len" || s == "l" || s == "s":
		return RoleSequence, true
	case has("time", "frame", "sample", "step") || s == "t":
		return RoleTime, true
	case strings.HasPrefix(s, "unk__") && axis == 0:
		return RoleBatch, true
	}
	return RoleOther, false
}
