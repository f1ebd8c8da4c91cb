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

// inferRecurrent: x, w, r ... -> y, [last h], [last c].
func inferRecurrent(s *site) {
	a := attrs[graph.RNNAttrs](s)
	x := s.shape(0)
	r := recurrentOf(s)
	if !x.IsRanked() || r.hidden <= 0 {
		s.set(0, graph.Shape{}, s.dtype(0))
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
	if a.DirectionAxis >= 0 && a.BatchAxis >= 0 {
		s.set(1, graph.ShapeOfDims(known(r.directions), r.batch, known(r.state)), s.dtype(0))
		s.set(2, graph.ShapeOfDims(known(r.directions), r.batch, known(r.hidden)), s.dtype(0))
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

// inferAttention: q, k, v -> like q with v's width.
func inferAttention(s *site) {
	a := attrs[graph.AttentionAttrs](s)
	q, v := s.shape(0), s.shape(2)
	if !q.IsRanked() || q.Len() == 0 {
		s.set(0, graph.Shape{}, s.dtype(0))
		return
	}
	width := free(q.Dim(-1))
	switch {
	case a.Hidden > 0:
		width = known(a.Hidden)
	case a.PackedQKV && q.Len() == 3:
		width = divDim(width, 3)
		if a.Heads > 0 && a.HeadDim > 0 {
			width = known(a.Heads * a.HeadDim)
		}
	case v.IsRanked() && v.Len() == q.Len() && (q.Len() == 4 || a.KVHeads == 0 || a.KVHeads == a.Heads):
		width = free(v.Dim(-1))
	}
	s.set(0, free2(q).With(q.Len()-1, width), s.dtype(0))
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
