package op

import (
	"sort"

	"github.com/gaugenn/gaugenn/graph"
)

// Totals are the figures of a whole model.
//
// MACs, Ops and bytes are those of one run of the first main graph with the
// bodies it runs: further main graphs are signatures, alternatives that a
// caller chooses between, and are not added. Parameters and weight bytes are
// of the whole file, each stored constant once.
type Totals struct {
	// Graph is the index of the main graph counted, -1 if there is none.
	Graph int
	// MACs, Ops and FLOPs = 2*MACs + Ops are sums over nodes of known cost: a
	// lower bound where UnknownNodes is not 0.
	MACs, Ops, FLOPs int64
	// ReadBytes and WriteBytes are the traffic of the nodes of known cost.
	ReadBytes, WriteBytes int64
	// Nodes is the number of nodes of the counted graph and the bodies it runs
	// (each once), UnknownNodes how many of them have no known cost, opaque
	// pieces of the model included.
	Nodes, UnknownNodes int
	// Known is true where nothing that runs is of unknown cost and there is
	// something to run.
	Known bool
	// Reasons are the distinct reasons of unknown cost, most frequent first, at
	// most eight.
	Reasons []string
	// Params counts the elements of all constants, each *graph.Const once,
	// without those marked NotParam; WeightBytes their bytes, NotParam included.
	Params, WeightBytes int64
	// PeakActivationBytes is the largest amount of live activations (Peak);
	// PeakKnown is false where a size is not known.
	PeakActivationBytes int64
	PeakKnown           bool
	// WeightDType is the dtype of most weight bytes, ActivationDType that of
	// most bytes of the main graph's computed tensors (by count where sizes are
	// not known).
	WeightDType, ActivationDType graph.DType
	// Notes say how control flow was counted, one sentence each.
	Notes []string
}

// Total sums the costs of a shaped model. costs must come from Costs(m).
// Training-only nodes do not run and are left out.
//
// An If counts its costlier branch (by FLOPs); While, Loop and Scan count
// condition and body times the trip count, and are unknown without one; a Call
// counts its body.
func Total(m *graph.Model, costs [][]graph.Cost) Totals {
	t := Totals{Graph: mainGraph(m)}
	t.weights(m)
	t.activationType(m)
	if t.Graph < 0 {
		t.UnknownNodes = len(m.Opaque)
		return t
	}
	a := &adder{m: m, costs: costs, memo: map[int]graph.Cost{}, reasons: map[string]int{}, seen: map[string]bool{}}
	sum := a.graph(t.Graph)
	t.MACs, t.Ops, t.FLOPs = sum.MACs, sum.Ops, sum.FLOPs()
	t.ReadBytes, t.WriteBytes = sum.ReadBytes, sum.WriteBytes
	t.UnknownNodes, t.Nodes, t.Notes = sum.UnknownNodes, a.nodes, a.notes
	if n := len(m.Opaque); n > 0 && !a.opaque {
		t.UnknownNodes += n
		a.reasons["compiled pieces cannot be looked into"] += n
	}
	t.Known = t.UnknownNodes == 0 && t.Nodes > 0
	t.Reasons = ranked(a.reasons)
	t.PeakActivationBytes, t.PeakKnown = Peak(m, t.Graph)
	return t
}

// mainGraph is the first main graph, -1 if there is none.
func mainGraph(m *graph.Model) int {
	for i, g := range m.Graphs {
		if g.Role == graph.RoleMain {
			return i
		}
	}
	return -1
}

// adder composes costs over control flow. Each graph is summed once.
type adder struct {
	m       *graph.Model
	costs   [][]graph.Cost
	memo    map[int]graph.Cost
	active  []int
	nodes   int
	opaque  bool
	reasons map[string]int
	notes   []string
	seen    map[string]bool
}

func (a *adder) graph(gi int) graph.Cost {
	if c, ok := a.memo[gi]; ok {
		return c
	}
	for _, up := range a.active {
		if up == gi {
			return a.unknown("a graph runs itself")
		}
	}
	if len(a.active) >= maxDepth {
		return a.unknown("control flow is nested too deeply")
	}
	a.active = append(a.active, gi)
	sum := graph.Cost{Known: true}
	g := a.m.Graphs[gi]
	for ni := range g.Nodes {
		if g.Nodes[ni].Train {
			continue
		}
		a.nodes++
		a.opaque = a.opaque || g.Nodes[ni].Op == graph.OpaqueOp || g.Nodes[ni].Op == graph.Custom
		sum = sum.Add(a.node(gi, ni))
	}
	a.active = a.active[:len(a.active)-1]
	a.memo[gi] = sum
	return sum
}

func (a *adder) unknown(reason string) graph.Cost {
	a.reasons[reason]++
	return graph.Cost{Reason: reason}
}

func (a *adder) node(gi, ni int) graph.Cost {
	g := a.m.Graphs[gi]
	n := &g.Nodes[ni]
	own := a.costs[gi][ni]
	if !own.Known {
		a.reasons[own.Reason]++
	}
	if len(n.Subgraphs) == 0 {
		return own
	}
	own = graph.Cost{Known: true}.Add(own)
	switch n.Op {
	case graph.If:
		return own.Add(a.branch(n))
	case graph.While, graph.Loop, graph.Scan:
		body := graph.Cost{Known: true}
		for _, sub := range n.Subgraphs {
			body = body.Add(a.graph(sub))
		}
		count, ok := trips(&site{m: a.m, g: g, n: n, gi: gi, ni: ni})
		if !ok {
			// The node itself is already counted as unknown.
			return own
		}
		a.note("the body of " + string(n.Op) + " is counted once per iteration")
		return own.Add(body.Times(count))
	}
	for _, sub := range n.Subgraphs {
		own = own.Add(a.graph(sub))
	}
	return own
}

// branch is the costlier branch of an If; unknown nodes of both weigh more
// than any number.
func (a *adder) branch(n *graph.Node) graph.Cost {
	var best graph.Cost
	for i, sub := range n.Subgraphs {
		c := a.graph(sub)
		if i == 0 || c.UnknownNodes > best.UnknownNodes || c.UnknownNodes == best.UnknownNodes && c.FLOPs() > best.FLOPs() {
			best = c
		}
	}
	a.note("If is counted as its costlier branch")
	return best
}

func (a *adder) note(text string) {
	if !a.seen[text] {
		a.seen[text] = true
		a.notes = append(a.notes, text)
	}
}

// trips is a loop's number of iterations: the attribute, the known trip count
// of a Loop that nothing ends earlier, or the length of Scan's scanned axis.
func trips(s *site) (int64, bool) {
	if a := attrs[graph.LoopAttrs](s); a.TripCount > 0 {
		return a.TripCount, true
	}
	switch s.n.Op {
	case graph.Loop:
		n := stored(s.in(0))
		if s.run != nil {
			n = s.val(0)
		}
		if n != nil && len(n.elems) == 1 && n.elems[0].known && runsOut(s) {
			return max(n.elems[0].int(), 0), true
		}
	case graph.Scan:
		a := attrs[graph.ScanAttrs](s)
		first := len(s.n.Inputs) - a.ScanInputs
		if a.ScanInputs <= 0 || first < 0 {
			return 0, false
		}
		axis, ok := normAxis(at(a.InputAxes, 0), s.shape(first).Len())
		if !ok {
			return 0, false
		}
		return s.shape(first).Dim(axis).Value()
	}
	return 0, false
}

// stored is a constant's small value, nil for anything else.
func stored(t *graph.Tensor) *value {
	if t == nil || t.Const == nil {
		return nil
	}
	return constant(t)
}

func isTrue(t *graph.Tensor) bool {
	v := stored(t)
	return v != nil && len(v.elems) == 1 && v.elems[0].int() != 0
}

// runsOut reports whether a Loop ends only by its trip count: it has no
// condition, or starts with a true one that its body hands on.
func runsOut(s *site) bool {
	if !s.has(1) {
		return true
	}
	if !isTrue(s.in(1)) || s.m == nil || len(s.n.Subgraphs) == 0 {
		return false
	}
	body := s.m.Graphs[s.n.Subgraphs[0]]
	if len(body.Outputs) == 0 {
		return false
	}
	out := body.Outputs[0]
	for i := range body.Nodes {
		if n := &body.Nodes[i]; n.Op == graph.Identity && len(n.Outputs) > 0 && n.Outputs[0] == out {
			out = n.Input(0)
			break
		}
	}
	return len(body.Inputs) > 1 && out == body.Inputs[1] || isTrue(body.Tensor(out))
}

// weights adds up parameters and bytes of all constants, each once.
func (t *Totals) weights(m *graph.Model) {
	seen := map[*graph.Const]bool{}
	byType := map[graph.DType]int64{}
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			x := &g.Tensors[i]
			if x.Const == nil || seen[x.Const] {
				continue
			}
			seen[x.Const] = true
			n, b := constSize(x)
			if !x.Const.NotParam {
				t.Params = add(t.Params, n)
				byType[x.DType] = add(byType[x.DType], b)
			}
			t.WeightBytes = add(t.WeightBytes, b)
		}
	}
	t.WeightDType = heaviest(byType)
}

// activationType weighs the dtypes of the main graph's computed tensors.
func (t *Totals) activationType(m *graph.Model) {
	if t.Graph < 0 {
		return
	}
	byType := map[graph.DType]int64{}
	g := m.Graphs[t.Graph]
	for i := range g.Nodes {
		for _, id := range g.Nodes[i].Outputs {
			x := g.Tensor(id)
			if x == nil || x.DType == graph.UnknownDType || x.Const != nil {
				continue
			}
			b, _ := tensorBytes(x, x.DType)
			byType[x.DType] = add(byType[x.DType], max(b, 1))
		}
	}
	t.ActivationDType = heaviest(byType)
}

func heaviest(byType map[graph.DType]int64) graph.DType {
	best := graph.UnknownDType
	for dt, n := range byType {
		if n > byType[best] || n == byType[best] && dt < best && n > 0 {
			best = dt
		}
	}
	return best
}

// ranked orders reasons by count, then text.
func ranked(reasons map[string]int) []string {
	list := make([]string, 0, len(reasons))
	for r := range reasons {
		list = append(list, r)
	}
	sort.Slice(list, func(i, j int) bool {
		if a, b := reasons[list[i]], reasons[list[j]]; a != b {
			return a > b
		}
		return list[i] < list[j]
	})
	return list[:min(len(list), 8)]
}
