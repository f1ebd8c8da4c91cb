package litert

import (
	"slices"

	"github.com/gaugenn/gaugenn/graph"
)

// Options of the STABLEHLO_ operators are in builtin_options_2; slots follow
// the schema's tables Stablehlo...Options.

func (s *site) longs(slot int) []int64 { return s.opt2.Vector(slot, 8).Int64s() }

func (s *site) longAxes(slot int) []int {
	v := s.longs(slot)
	out := make([]int, len(v))
	for i := range v {
		out[i] = int(v[i])
	}
	return out
}

// outShape returns the stored shape of result 0 where every size is known.
func (s *site) outShape() ([]int64, bool) {
	t := s.out(0)
	if t == nil || !t.Shape.IsStatic() {
		return nil, false
	}
	return t.Shape.Ints(), true
}

func hloAxis(slot int) func(*site) {
	return func(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.opt2.Int64(slot, 0))} }
}

// hloBitwise is a logical operator on booleans and a bitwise one on integers.
func hloBitwise(op graph.Op) func(*site) {
	return func(s *site) {
		if t := s.in(0); t != nil && t.DType.IsInteger() {
			s.n.Op = op
		}
	}
}

// hloReshape has its shape only in its result.
func hloReshape(s *site) {
	shape, ok := s.outShape()
	if !ok {
		s.n.Op = graph.Unknown
		return
	}
	s.n.Attrs = &graph.ReshapeAttrs{Shape: shape, AllowZero: true}
}

// hloBroadcast maps x's axes to given ones; only the numpy form (the last
// axes, in order) is an Expand.
func hloBroadcast(s *site) {
	dims := s.longs(0)
	shape, ok := s.outShape()
	for i, d := range dims {
		ok = ok && d == int64(len(shape)-len(dims)+i)
	}
	if !ok {
		s.n.Op = graph.Unknown
		return
	}
	s.n.Attrs = &graph.ReshapeAttrs{Shape: shape}
}

func hloIota(s *site) {
	shape, ok := s.outShape()
	if !ok {
		s.n.Op = graph.Unknown
		return
	}
	s.n.Attrs = &graph.ReshapeAttrs{Shape: shape, To: s.out(0).DType}
}

// hloConvolution reads StablehloConvolutionOptions. A dilated input (the
// gradient form) and a result in another layout have no canonical operator.
func hloConvolution(s *site) {
	in := graph.Layout{Batch: int(s.opt2.Int64(5, 0)), Channel: int(s.opt2.Int64(6, 0)), Spatial: s.longAxes(7)}
	filter := graph.FilterLayout{In: int(s.opt2.Int64(8, 0)), Out: int(s.opt2.Int64(9, 0)), Spatial: s.longAxes(10)}
	out := graph.Layout{Batch: int(s.opt2.Int64(11, 0)), Channel: int(s.opt2.Int64(12, 0)), Spatial: s.longAxes(13)}
	a := &graph.ConvAttrs{Data: in, Filter: filter, Groups: s.opt2.Int64(14, 1)}
	a.Strides, a.Dilations = s.longs(0), s.longs(3)
	s.r.reach(s.opt2.Vector(4, 1))
	s.r.reach(s.opt2.Vector(16, 4))
	pads, n := s.longs(1), len(in.Spatial)
	same := in.Batch == out.Batch && in.Channel == out.Channel && slices.Equal(in.Spatial, out.Spatial)
	for _, d := range s.longs(2) {
		same = same && d == 1
	}
	if !same || s.opt2.Int64(15, 1) > 1 || len(pads) != 2*n || len(a.Strides) != n || len(a.Dilations) != n || len(filter.Spatial) != n {
		s.n.Op = graph.Unknown
		return
	}
	for i := range n { // padding is [spatial, 2]
		a.PadBegin, a.PadEnd = append(a.PadBegin, pads[2*i]), append(a.PadEnd, pads[2*i+1])
	}
	s.n.Attrs = a
}

func hloSlice(s *site) {
	s.n.Attrs = &graph.SliceAttrs{Starts: s.longs(0), Ends: s.longs(1), Steps: s.longs(2)}
}

func hloDynamicSlice(s *site) { s.n.Attrs = &graph.ReshapeAttrs{Shape: s.longs(0)} }

func hloPad(s *site) {
	for _, v := range s.longs(2) {
		if v != 0 { // padding between elements
			s.n.Op = graph.Unknown
			return
		}
	}
	s.n.Attrs = &graph.PadAttrs{Begin: s.longs(0), End: s.longs(1), Mode: "constant"}
}

func hloSort(s *site) {
	hloAxis(0)(s)
	s.subgraph(s.opt2, 2)
}

func hloWhile(s *site) { s.subgraph(s.opt2, 0, 1) }

func hloTranspose(s *site) { s.n.Attrs = &graph.PermAttrs{Perm: s.longAxes(0)} }

func hloRandom(s *site) {
	if shape, ok := s.outShape(); ok {
		s.n.Attrs = &graph.ReshapeAttrs{Shape: shape}
	}
}

// comparisons is the schema's enum StablehloComparisonDirection.
var comparisons = [...]graph.Op{graph.Equal, graph.NotEqual, graph.GreaterOrEqual, graph.Greater, graph.LessOrEqual, graph.Less}

func hloCompare(s *site) {
	if d := s.opt2.Uint32(0, 0); int64(d) < int64(len(comparisons)) {
		s.n.Op = comparisons[d]
	}
}

func hloCustomCall(s *site) {
	a := &graph.CustomAttrs{Domain: s.r.text(s.opt2.String(0)), Bytes: int64(len(s.opt2.Bytes(5)))}
	s.opt2.String(2)
	s.r.reach(s.opt2.Vector(4, 4))
	s.n.Attrs = a
}

// hloReduce is known by its body; reductions are told apart once all
// subgraphs are read (see reductions).
func hloReduce(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: s.longAxes(0)}
	s.subgraph(s.opt2, 1)
}

func hloReduceWindow(s *site) {
	for slot := range 5 {
		s.r.reach(s.opt2.Vector(slot, 8))
	}
	s.subgraph(s.opt2, 5)
}

func hloScatter(s *site) {
	for slot := 1; slot <= 3; slot++ {
		s.r.reach(s.opt2.Vector(slot, 8))
	}
	s.subgraph(s.opt2, 6)
}

func hloGather(s *site) {
	for _, slot := range []int{0, 1, 2, 4} {
		s.r.reach(s.opt2.Vector(slot, 8))
	}
}

// hloComposite is a named function with its decomposition as a subgraph.
func hloComposite(s *site) {
	s.n.Name = s.r.text(s.opt2.String(0))
	s.opt2.Bytes(2)
	s.subgraph(s.opt2, 1)
}

func hloCase(s *site) {
	v := s.opt2.Vector(0, 4)
	for i := range v.Len() {
		s.refer(int(v.Int32(i)), v.Pos())
	}
}

// hloDotGeneral writes the contraction as an einsum: batch dimensions, then
// what is left of each side; contracted dimensions do not appear in the result.
func hloDotGeneral(s *site) {
	s.r.reach(s.opt2.Vector(4, 4))
	a, b := s.in(0), s.in(1)
	if a == nil || b == nil || !a.Shape.IsRanked() || !b.Shape.IsRanked() || a.Shape.Len()+b.Shape.Len() > 26 {
		s.n.Op = graph.Unknown
		return
	}
	lhs, rhs := make([]byte, a.Shape.Len()), make([]byte, b.Shape.Len())
	next := byte('a')
	pair := func(left, right []int64) (string, bool) {
		var out []byte
		for i := range min(len(left), len(right)) {
			l, r := left[i], right[i]
			if l < 0 || r < 0 || l >= int64(len(lhs)) || r >= int64(len(rhs)) || lhs[l] != 0 || rhs[r] != 0 {
				return "", false
			}
			lhs[l], rhs[r] = next, next
			out = append(out, next)
			next++
		}
		return string(out), len(left) == len(right)
	}
	batch, ok := pair(s.longs(0), s.longs(1))
	_, ok2 := pair(s.longs(2), s.longs(3))
	if !ok || !ok2 {
		s.n.Op = graph.Unknown
		return
	}
	result := []byte(batch)
	for _, side := range [][]byte{lhs, rhs} {
		for i := range side {
			if side[i] == 0 {
				side[i] = next
				result = append(result, next)
				next++
			}
		}
	}
	s.n.Attrs = &graph.EinsumAttrs{Equation: string(lhs) + "," + string(rhs) + "->" + string(result)}
}

// reductions names the STABLEHLO_REDUCE nodes by the one operator of their body.
func (r *reader) reductions() {
	byBody := map[graph.Op]graph.Op{
		graph.Add: graph.ReduceSum, graph.Mul: graph.ReduceProd, graph.Max: graph.ReduceMax,
		graph.Min: graph.ReduceMin, graph.LogicalAnd: graph.ReduceAll, graph.LogicalOr: graph.ReduceAny,
	}
	for _, g := range r.m.Graphs {
		for i := range g.Nodes {
			n := &g.Nodes[i]
			if n.SourceOp != "STABLEHLO_REDUCE" || len(n.Subgraphs) != 1 || len(n.Inputs) == 0 {
				continue
			}
			body := r.m.Graphs[n.Subgraphs[0]]
			if len(body.Nodes) == 1 && len(n.Outputs) == 1 {
				n.Op = byBody[body.Nodes[0].Op]
			}
			if n.Op != graph.Unknown {
				n.Inputs = n.Inputs[:1] // the start value is the operator's neutral one
				n.Subgraphs = nil       // the body is the operator itself
			}
		}
	}
}
