package op

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
)

// Issue is a contradiction found by Infer, or operands that do not fit.
type Issue struct {
	// Graph and Node are indexes into Model.Graphs and Graph.Nodes.
	Graph, Node int
	// Tensor is the tensor in question, NoTensor for the node as a whole.
	Tensor graph.TensorID
	// Stated is the file's shape, which was kept; Inferred is ours. Both are
	// unknown where the issue is not about a shape.
	Stated, Inferred graph.Shape
	Text             string
}

// String returns one line, for example "graph 0 node 3: tensor 7: the stated
// shape contradicts the inferred one: [1, 2] against [1, 3]".
func (i Issue) String() string {
	s := fmt.Sprintf("graph %d node %d: ", i.Graph, i.Node)
	if i.Tensor != graph.NoTensor {
		s += fmt.Sprintf("tensor %d: ", i.Tensor)
	}
	s += i.Text
	if i.Stated.IsRanked() || i.Inferred.IsRanked() {
		s += fmt.Sprintf(": %s against %s", i.Stated, i.Inferred)
	}
	return s
}

// Bounds of the work that one model may cause.
const (
	maxIssues = 1000
	maxDepth  = 64
	// visitsPerNode bounds how often bodies called from several places are
	// inferred again.
	visitsPerNode = 4
)

// Infer returns a copy of m whose tensors have all shapes and dtypes that
// follow from the operators, and the contradictions met. m must be valid
// (graph.Validate); it is not changed. Work and memory are bounded by the
// number of nodes and tensors, whatever the file says.
func Infer(m *graph.Model) (*graph.Model, []Issue) {
	r := &run{m: m.Clone()}
	r.values = make([]map[graph.TensorID]*value, len(m.Graphs))
	r.done = make([]bool, len(m.Graphs))
	for _, g := range m.Graphs {
		r.visits += visitsPerNode * (len(g.Nodes) + 1)
	}
	for gi, g := range r.m.Graphs {
		if g.Role == graph.RoleMain {
			r.graph(gi, nil)
		}
	}
	for gi := range r.m.Graphs {
		if !r.done[gi] {
			r.graph(gi, nil)
		}
	}
	return r.m, r.issues
}

// run is the state of one Infer.
type run struct {
	m      *graph.Model
	issues []Issue
	values []map[graph.TensorID]*value
	done   []bool
	folded int
	work   int
	visits int
	depth  int
}

// scope links a body to the graph that calls it, for captured tensors.
type scope struct {
	gi    int
	names map[string]graph.TensorID
	outer *scope
}

// graph infers graph gi once, in an order where producers come first.
func (r *run) graph(gi int, outer *scope) {
	g := r.m.Graphs[gi]
	r.done[gi] = true
	if r.values[gi] == nil {
		r.values[gi] = map[graph.TensorID]*value{}
	}
	r.capture(gi, outer)
	sc := &scope{gi: gi, outer: outer}
	for _, ni := range order(g) {
		if r.visits--; r.visits < 0 {
			return
		}
		r.node(gi, ni, sc)
	}
}

func (r *run) node(gi, ni int, sc *scope) {
	g := r.m.Graphs[gi]
	s := &site{m: r.m, g: g, n: &g.Nodes[ni], run: r, gi: gi, ni: ni}
	ru := rules[s.n.Op]
	if len(s.n.Subgraphs) > 0 {
		r.control(s, sc)
		return
	}
	if ru.infer != nil {
		ru.infer(s)
	}
	if ru.fold != nil && s.foldable() && r.charge(s) {
		for i, v := range ru.fold(s) {
			r.keep(s, i, v)
		}
	}
}

// foldable is a cheap guard: a result small enough to be worth folding.
func (s *site) foldable() bool {
	out := s.output(0)
	if out == nil || s.run.folded > maxFolded {
		return false
	}
	n, ok := out.Shape.Elements()
	if !ok {
		return s.n.Op == graph.Range || s.n.Op == graph.NonZero || !out.Shape.IsRanked() || out.Shape.Len() <= 1
	}
	return n <= maxElems && (!out.DType.IsFloat() || n <= maxFloats)
}

// charge counts the elements that a fold reads, so that rows of folds over
// large operands stay bounded as well.
func (r *run) charge(s *site) bool {
	if len(s.n.Inputs) > maxElems {
		return false
	}
	for _, id := range s.n.Inputs {
		if v := r.values[s.gi][id]; v != nil {
			r.work += len(v.elems)
		}
	}
	return r.work <= maxWork
}

// keep stores a folded result and takes its shape as inferred.
func (r *run) keep(s *site, i int, v *value) {
	if v == nil || i >= len(s.n.Outputs) || s.n.Outputs[i] == graph.NoTensor {
		return
	}
	r.folded += len(v.elems)
	if r.folded > maxFolded {
		return
	}
	s.set(i, graph.ShapeOf(v.shape...), graph.UnknownDType)
	r.values[s.gi][s.n.Outputs[i]] = v
}

// value returns the known value of a tensor, nil if there is none. Constants
// are decoded when first asked for.
func (r *run) value(gi int, id graph.TensorID) *value {
	t := r.m.Graphs[gi].Tensor(id)
	if t == nil {
		return nil
	}
	if v, ok := r.values[gi][id]; ok {
		return v
	}
	if t.Const == nil || r.folded > maxFolded {
		return nil
	}
	v := constant(t)
	if v != nil {
		r.folded += len(v.elems)
	}
	r.values[gi][id] = v
	return v
}

// order returns the indexes of g's nodes with producers before users: the
// file's order where that holds already, else a stable topological one; nodes
// on a cycle come last, in file order.
func order(g *graph.Graph) []int {
	producer := make([]int32, len(g.Tensors))
	for i := range g.Nodes {
		for _, id := range g.Nodes[i].Outputs {
			if id != graph.NoTensor {
				producer[id] = int32(i + 1)
			}
		}
	}
	out := make([]int, len(g.Nodes))
	sorted := true
	for i := range g.Nodes {
		out[i] = i
		for _, id := range g.Nodes[i].Inputs {
			sorted = sorted && (id == graph.NoTensor || producer[id] <= int32(i))
		}
	}
	if sorted {
		return out
	}
	return topological(g, producer)
}

// topological is a depth-first order over producers, without recursion.
func topological(g *graph.Graph, producer []int32) []int {
	out := make([]int, 0, len(g.Nodes))
	state := make([]uint8, len(g.Nodes)) // 1 = entered, 2 = placed
	type frame struct{ node, next int }
	var stack []frame
	for root := range g.Nodes {
		if state[root] == 0 {
			stack = append(stack[:0], frame{node: root})
			state[root] = 1
		}
		for len(stack) > 0 && state[root] != 2 {
			f := &stack[len(stack)-1]
			inputs := g.Nodes[f.node].Inputs
			if f.next == len(inputs) {
				state[f.node] = 2
				out = append(out, f.node)
				stack = stack[:len(stack)-1]
				continue
			}
			id := inputs[f.next]
			f.next++
			if id == graph.NoTensor || producer[id] == 0 {
				continue
			}
			if p := int(producer[id] - 1); state[p] == 0 {
				state[p] = 1
				stack = append(stack, frame{node: p})
			}
		}
	}
	return out
}
