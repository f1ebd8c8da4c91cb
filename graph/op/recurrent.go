package op

import "github.com/gaugenn/gaugenn/graph"

// recurrent are the sizes of LSTM, GRU and RNN.
type recurrent struct {
	steps, batch, input graph.Dim
	hidden, state       int64 // state is the size of h: the projection if there is one
	directions          int64
}

func recurrentOf(s *site) recurrent {
	a := attrs[graph.RNNAttrs](s)
	x := s.shape(0)
	r := recurrent{steps: graph.DimOf(1), batch: graph.DimOf(1), input: free(x.Dim(-1)), hidden: a.Hidden, state: a.Hidden, directions: int64(max(a.Directions, 1))}
	if a.Projection > 0 {
		r.state = a.Projection
	}
	if a.Trailing > 0 {
		r.input = free(x.Dim(featureAxis(a, x)))
		for i := featureAxis(a, x) + 1; x.IsRanked() && i < x.Len(); i++ {
			r.input = mulDim(r.input, x.Dim(i))
		}
	}
	if !x.IsRanked() {
		r.steps, r.batch = unknownDim, unknownDim
	}
	if a.ExternalInput > 0 && !r.input.IsKnown() {
		r.input = known(a.ExternalInput)
	}
	if x.IsRanked() && a.TimeAxis >= 0 {
		r.steps = free(x.Dim(a.TimeAxis))
	}
	if x.IsRanked() && a.BatchAxis >= 0 {
		r.batch = free(x.Dim(a.BatchAxis))
	}
	return r
}

// featureAxis is where x has its features.
func featureAxis(a *graph.RNNAttrs, x graph.Shape) int {
	return max(x.Len()-1-max(min(a.Trailing, 4), 0), 0)
}

// inferTrailing gives results [steps or 1, batch, features, 1, ...].
func inferTrailing(s *site, a *graph.RNNAttrs, x graph.Shape, r recurrent) {
	axis := featureAxis(a, x)
	like := func(first graph.Dim, width int64) graph.Shape {
		out := free2(x).With(0, first).With(axis, known(width))
		for i := axis + 1; i < x.Len(); i++ {
			out = out.With(i, known(1))
		}
		return out
	}
	steps := free(x.Dim(0))
	if a.LastOnly {
		steps = known(1)
	}
	s.set(0, like(steps, r.state*r.directions), s.dtype(0))
	for i := 1; i < len(s.n.Outputs); i++ {
		s.set(i, like(known(1), r.state), s.dtype(0))
	}
}

// inferRecurrent: x, w, r ... -> y, [last h], [last c].
func inferRecurrent(s *site) {
	a := attrs[graph.RNNAttrs](s)
	x := s.shape(0)
	r := recurrentOf(s)
	if !x.IsRanked() || r.hidden <= 0 {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	if a.Trailing > 0 {
		if x.Len() > a.Trailing+1 {
			inferTrailing(s, a, x, r)
		}
		return
	}
	width := known(r.state)
	if a.DirectionAxis < 0 && !a.MergeDirections {
		width = known(r.state * r.directions)
	}
	out := x.With(x.Len()-1, width)
	if a.LastOnly && a.TimeAxis >= 0 && a.TimeAxis < x.Len() {
		out = dropAxis(out, a.TimeAxis)
	}
	if a.DirectionAxis > 0 {
		out = insertAxis(out, a.DirectionAxis, known(r.directions))
	}
	s.set(0, free2(out), s.dtype(0))
	if a.TimeAxis == 0 && a.BatchAxis < 0 {
		s.set(1, graph.ShapeOfDims(known(r.directions), known(r.state)), s.dtype(0))
		s.set(2, graph.ShapeOfDims(known(r.directions), known(r.hidden)), s.dtype(0))
	}
	if a.DirectionAxis >= 0 && a.BatchAxis >= 0 {
		first, second := known(r.directions), r.batch
		if a.BatchAxis == 0 {
			first, second = second, first
		}
		s.set(1, graph.ShapeOfDims(first, second, known(r.state)), s.dtype(0))
		s.set(2, graph.ShapeOfDims(first, second, known(r.hidden)), s.dtype(0))
	}
}

// free2 drops defaults of all dimensions.
func free2(s graph.Shape) graph.Shape {
	dims := s.Dims()
	if dims == nil {
		return s
	}
	for i := range dims {
		dims[i] = free(dims[i])
	}
	return graph.ShapeOfDims(dims...)
}

// inferSVDF: x [N, I], weights_feature [filters, I] -> [N, filters/rank].
func inferSVDF(s *site) {
	rank := max(attrs[graph.SVDFAttrs](s).Rank, 1)
	s.set(0, graph.ShapeOfDims(free(s.shape(0).Dim(0)), divDim(s.shape(1).Dim(0), rank)), s.dtype(0))
}

// inferAttention: q, k, v -> like q with v's width, [present k], [present v],
// [scores].
func inferAttention(s *site) {
	a := attrs[graph.AttentionAttrs](s)
	q, v := s.shape(0), s.shape(2)
	if !q.IsRanked() || q.Len() == 0 {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	kv := a.KVHeads
	if kv == 0 {
		kv = a.Heads
	}
	width := free(q.Dim(-1))
	switch {
	case a.Hidden > 0:
		width = known(a.Hidden)
	case a.PackedQKV && q.Len() == 3:
		width = packedWidth(a, width)
	case v.IsRanked() && v.Len() == q.Len() && (q.Len() != 3 || kv == a.Heads):
		width = free(v.Dim(-1))
	case v.IsRanked() && v.Len() == q.Len():
		// Each of v's heads serves several of q's.
		width = mulDim(divDim(v.Dim(-1), kv), known(a.Heads))
	}
	s.set(0, free2(q).With(q.Len()-1, width), s.dtype(0))
	inferPresent(s, a, kv)
}

// packedWidth is the width of q in an operand that holds q, k and v.
func packedWidth(a *graph.AttentionAttrs, all graph.Dim) graph.Dim {
	switch {
	case a.Heads > 0 && a.HeadDim > 0:
		return known(a.Heads * a.HeadDim)
	case a.Heads > 0 && a.KVHeads > 0 && a.KVHeads <= 1<<20 && a.Heads <= 1<<20:
		return mulDim(divDim(all, a.Heads+2*a.KVHeads), known(a.Heads))
	}
	return divDim(all, 3)
}

// inferPresent completes the caches and the scores: [B, heads, P + L, D] and
// [B, heads, Lq, P + Lk].
func inferPresent(s *site, a *graph.AttentionAttrs, kv int64) {
	q, k, v := s.shape(0), s.shape(1), s.shape(2)
	if len(s.n.Outputs) < 2 || kv <= 0 && k.Len() != 4 || !k.IsRanked() || !v.IsRanked() {
		return
	}
	cache := func(x graph.Shape) graph.Shape {
		if x.Len() == 4 {
			return graph.ShapeOfDims(free(x.Dim(0)), free(x.Dim(1)), keyLength(s, a), free(x.Dim(3)))
		}
		return graph.ShapeOfDims(free(x.Dim(0)), known(kv), keyLength(s, a), divDim(x.Dim(-1), kv))
	}
	s.set(1, cache(k), s.dtype(1))
	s.set(2, cache(v), s.dtype(2))
	heads, rows := known(a.Heads), free(q.Dim(-2))
	if q.Len() == 4 {
		heads = free(q.Dim(1))
	}
	s.set(3, graph.ShapeOfDims(free(q.Dim(0)), heads, rows, keyLength(s, a)), s.dtype(0))
}

// keyLength is the number of keys that a query sees: those of earlier steps
// and those of k (or of the packed operand).
func keyLength(s *site, a *graph.AttentionAttrs) graph.Dim {
	k := s.shape(1)
	if !s.has(1) {
		k = s.shape(0)
	}
	past := graph.DimOf(0)
	if a.PastKey > 0 && s.has(a.PastKey) {
		past = s.shape(a.PastKey).Dim(-2)
	}
	return addDim(past, k.Dim(-2))
}

// inferMultiHead: q with projections; the output is like q.
func inferMultiHead(s *site) {
	a := attrs[graph.AttentionAttrs](s)
	q := s.shape(0)
	if q.Len() > 0 && a.Hidden > 0 {
		q = q.With(q.Len()-1, known(a.Hidden))
	}
	s.set(0, free2(q), s.dtype(0))
}

// inferEmbedding: ids, table [V, D] -> ids' shape and D.
func inferEmbedding(s *site) {
	ids, table := s.shape(0), s.shape(1)
	if !ids.IsRanked() || !table.IsRanked() || table.Len() == 0 {
		s.set(0, graph.Shape{}, s.dtype(1))
		return
	}
	dims := append(free2(ids).Dims(), free2(table).Dims()[1:]...)
	s.set(0, graph.ShapeOfDims(dims...), s.dtype(1))
}
