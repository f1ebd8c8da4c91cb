package op

import (
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// work is what a cost rule answers. A non-empty reason means unknown.
type work struct {
	macs, ops int64
	reason    string
}

func unknownWork(reason string) work { return work{reason: reason} }

// Costs returns the cost of every node of every graph of a shaped model, in
// the order of Model.Graphs and Graph.Nodes. A node with subgraphs costs what
// it hands over; see Total for its bodies.
func Costs(m *graph.Model) [][]graph.Cost {
	out := make([][]graph.Cost, len(m.Graphs))
	for gi, g := range m.Graphs {
		out[gi] = make([]graph.Cost, len(g.Nodes))
		for ni := range g.Nodes {
			out[gi][ni] = nodeCost(&site{m: m, g: g, n: &g.Nodes[ni], gi: gi, ni: ni})
		}
	}
	return out
}

func nodeCost(s *site) graph.Cost {
	c := graph.Cost{DType: costType(s)}
	s.constants(&c)
	if reason := s.traffic(&c); reason != "" {
		c.Reason = reason
		return unknownCost(c)
	}
	w := nodeWork(s)
	if w.reason == "" && s.n.Fused != graph.Unknown {
		w = w.plus(fusedWork(s))
	}
	if w.reason != "" {
		c.Reason = w.reason
		return unknownCost(c)
	}
	c.MACs, c.Ops, c.Known = w.macs, w.ops, true
	return c
}

func nodeWork(s *site) work {
	r, ok := rules[s.n.Op]
	switch {
	case !ok && s.n.Op == graph.Unknown:
		return unknownWork(fmt.Sprintf("operator %q is not known", s.n.SourceOp))
	case !ok:
		return unknownWork(fmt.Sprintf("operator %q has no rule", string(s.n.Op)))
	case r.class == ClassControl:
		return loopWork(s)
	case r.cost == nil:
		return unknownWork(fmt.Sprintf("the cost of %s is not known", s.n.Op))
	}
	return r.cost(s)
}

// loopWork is unknown for loops whose number of iterations is not known.
func loopWork(s *site) work {
	switch s.n.Op {
	case graph.While, graph.Loop, graph.Scan:
		if _, ok := trips(s); !ok {
			a := attrs[graph.LoopAttrs](s)
			if a.Reason != "" && a.TripCount <= 0 {
				return unknownWork("trip count unknown: " + a.Reason)
			}
			return unknownWork("trip count unknown")
		}
	}
	return work{}
}

// unknownCost clears the numbers that mean nothing without the others.
func unknownCost(c graph.Cost) graph.Cost {
	c.MACs, c.Ops, c.ReadBytes, c.WriteBytes, c.Known = 0, 0, 0, 0, false
	return c
}

// costType is the dtype of the first operand with one, else of the output.
func costType(s *site) graph.DType {
	for i := range s.n.Inputs {
		if dt := s.dtype(i); dt != graph.UnknownDType {
			return dt
		}
	}
	if t := s.output(0); t != nil {
		return t.DType
	}
	return graph.UnknownDType
}

// constants adds parameters and bytes of the constant operands, each once.
func (s *site) constants(c *graph.Cost) {
	for i := range s.n.Inputs {
		t := s.in(i)
		if t == nil || t.Const == nil || s.repeated(i) {
			continue
		}
		n, b := constSize(t)
		if !t.Const.NotParam {
			c.Params = add(c.Params, n)
		}
		c.WeightBytes = add(c.WeightBytes, b)
	}
}

// repeated reports whether operand i is the same tensor as an earlier one.
func (s *site) repeated(i int) bool {
	for k := range i {
		if s.n.Inputs[k] == s.n.Inputs[i] || k > 32 {
			return s.n.Inputs[k] == s.n.Inputs[i]
		}
	}
	return false
}

// constSize is a constant's element count and its bytes. The elements of a
// tensor of unknown shape follow from its bytes where the dtype has a width;
// the bytes are those stored where the file says, else elements by width.
func constSize(t *graph.Tensor) (elems, bytes int64) {
	n, ok := t.Shape.Elements()
	stored := t.Const.StoredBytes
	if stored <= 0 && t.Const.Data != nil {
		stored = int64(len(t.Const.Data))
	}
	if !ok {
		n = 0
		if bits := int64(t.DType.Bits()); bits > 0 && stored > 0 && stored < math.MaxInt64/8 {
			n = stored * 8 / bits
		}
	}
	if b, ok := t.DType.ByteCount(n); ok && (stored <= 0 || t.Const.Missing != "" || t.Const.Data == nil && t.Sparsity == nil) {
		return n, b
	}
	return n, max(stored, 0)
}

// traffic sets the bytes read and written; it returns a reason where a shape
// or a dtype is not known.
func (s *site) traffic(c *graph.Cost) string {
	for i := range s.n.Outputs {
		t := s.output(i)
		if t == nil {
			continue
		}
		b, reason := tensorBytes(t, c.DType)
		if reason != "" && i > 0 && s.optionalOutput() {
			continue
		}
		if reason != "" {
			// An unknown operand is the likelier cause: name it first.
			if _, why := s.readBytes(c.DType, 0); why != "" {
				return why
			}
			return fmt.Sprintf("%s of result %d is not known", reason, i)
		}
		c.WriteBytes = add(c.WriteBytes, b)
	}
	var reason string
	c.ReadBytes, reason = s.readBytes(c.DType, c.WriteBytes)
	return reason
}

// readBytes adds up the operands, each tensor once. Of the operand that a
// gathering or slicing operator picks from, no more than what it writes is read.
func (s *site) readBytes(dt graph.DType, written int64) (n int64, reason string) {
	picked := pickedOperand(s.n.Op)
	for i := range s.n.Inputs {
		t := s.in(i)
		if t == nil || s.repeated(i) {
			continue
		}
		var b int64
		if t.Const != nil {
			_, b = constSize(t)
		} else if b, reason = tensorBytes(t, dt); reason != "" {
			return 0, fmt.Sprintf("%s of operand %d is not known", reason, i)
		}
		if i == picked {
			b = min(b, written)
		}
		n = add(n, b)
	}
	return n, ""
}

// pickedOperand is the operand of which only a part is read, -1 for none.
func pickedOperand(op graph.Op) int {
	switch op {
	case graph.Gather, graph.GatherND, graph.GatherElements, graph.Slice, graph.StridedSlice,
		graph.SliceBySize, graph.DynamicSlice, graph.Crop:
		return 0
	case graph.EmbeddingLookup:
		return 1
	}
	return -1
}

// optionalOutput names operators whose further outputs nobody may read and
// that some files leave without a shape (batch statistics, indices, scratch).
func (s *site) optionalOutput() bool {
	switch s.n.Op {
	case graph.BatchNormalization, graph.LayerNormalization, graph.MaxPool, graph.Dropout,
		graph.SkipLayerNormalization, graph.RMSNormalization, graph.LSTM, graph.GRU, graph.RNN:
		return true
	}
	return false
}

// tensorBytes is an activation's size. An unknown dtype is taken as def;
// values without a fixed width (strings, handles) count 0.
func tensorBytes(t *graph.Tensor, def graph.DType) (n int64, reason string) {
	dt := t.DType
	if dt == graph.UnknownDType {
		dt = def
	}
	switch dt {
	case graph.UnknownDType:
		return 0, "the dtype"
	case graph.String, graph.Resource, graph.Variant:
		return 0, ""
	}
	e, ok := t.Shape.Elements()
	if !ok {
		return 0, "the shape"
	}
	b, ok := dt.ByteCount(e)
	if !ok {
		return 0, "the width"
	}
	return b, ""
}

// fusedWork is the cost of the activation fused into a node: its Ops per
// element of the first output.
func fusedWork(s *site) work {
	per, ok := perElement[s.n.Fused]
	if !ok {
		per, ok = softmaxOps[s.n.Fused]
	}
	if !ok {
		return unknownWork(fmt.Sprintf("the cost of the fused %s is not known", s.n.Fused))
	}
	n, ok := s.outShape(0).Elements()
	if !ok {
		return unknownWork("the result's shape is not known")
	}
	return work{ops: mul(per, n)}
}

func (w work) plus(v work) work {
	if w.reason != "" {
		return w
	}
	return work{add(w.macs, v.macs), add(w.ops, v.ops), v.reason}
}

func add(a, b int64) int64 {
	if s := a + b; s >= 0 {
		return s
	}
	return math.MaxInt64
}

// mul multiplies counts, saturating at the largest int64.
func mul(factors ...int64) int64 {
	p := int64(1)
	for _, f := range factors {
		if f <= 0 {
			return 0
		}
		if p > math.MaxInt64/f {
			p = math.MaxInt64
			continue
		}
		p *= f
	}
	return p
}

// size is the number of elements of a shape as a factor; ok accumulates.
type sizes struct{ bad bool }

func (z *sizes) of(sh graph.Shape) int64 {
	n, ok := sh.Elements()
	z.bad = z.bad || !ok
	return n
}

func (z *sizes) dim(d graph.Dim) int64 {
	n, ok := d.Value()
	z.bad = z.bad || !ok
	return n
}

// done returns the work, unknown where any size was.
func (z *sizes) done(macs, ops int64) work {
	if z.bad {
		return unknownWork("a size that the cost depends on is not known")
	}
	return work{macs: macs, ops: ops}
}
