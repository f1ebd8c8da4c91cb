package op

import "github.com/gaugenn/gaugenn/graph"

// site is one node at work: what a rule may see and set.
type site struct {
	g *graph.Graph
	n *graph.Node
	// run is nil while costs are computed, m may be nil then.
	run *run
	m   *graph.Model
	gi  int
	ni  int
}

// in returns operand i, nil where it is absent.
func (s *site) in(i int) *graph.Tensor { return s.g.Tensor(s.n.Input(i)) }

// has reports whether operand i is present.
func (s *site) has(i int) bool { return s.n.Input(i) != graph.NoTensor }

// shape returns the shape of operand i, unknown where it is absent.
func (s *site) shape(i int) graph.Shape {
	if t := s.in(i); t != nil {
		return t.Shape
	}
	return graph.Shape{}
}

// dtype returns the dtype of operand i.
func (s *site) dtype(i int) graph.DType {
	if t := s.in(i); t != nil {
		return t.DType
	}
	return graph.UnknownDType
}

// output returns output i, nil where it is absent.
func (s *site) output(i int) *graph.Tensor {
	if i < 0 || i >= len(s.n.Outputs) {
		return nil
	}
	return s.g.Tensor(s.n.Outputs[i])
}

// outShape returns the shape of output i.
func (s *site) outShape(i int) graph.Shape {
	if t := s.output(i); t != nil {
		return t.Shape
	}
	return graph.Shape{}
}

// set completes output i by an inferred shape and dtype.
func (s *site) set(i int, shape graph.Shape, dt graph.DType) {
	if i < 0 || i >= len(s.n.Outputs) {
		return
	}
	s.complete(s.n.Outputs[i], shape, dt)
}

// want completes operand i by what the operator demands of it: for weights
// whose file leaves their shape open. It has no effect on computed operands
// and on single values, which broadcast.
func (s *site) want(i int, shape graph.Shape) {
	if n, ok := s.shape(i).Elements(); ok && n == 1 {
		return
	}
	if t := s.in(i); t != nil && (t.Const != nil || t.Shape.IsRanked() && !t.Shape.IsStatic() && t.IsVariable) {
		s.complete(s.n.Input(i), shape, t.DType)
	}
}

func (s *site) complete(id graph.TensorID, shape graph.Shape, dt graph.DType) {
	t := s.g.Tensor(id)
	if t == nil {
		return
	}
	merged, ok := merge(t.Shape, shape)
	if !ok {
		s.issue(id, t.Shape, shape, "the stated shape contradicts the inferred one")
	}
	t.Shape = merged
	if t.DType == graph.UnknownDType {
		t.DType = dt
	}
}

// complain records that the operands do not fit the operator.
func (s *site) complain(text string) { s.issue(graph.NoTensor, graph.Shape{}, graph.Shape{}, text) }

func (s *site) issue(id graph.TensorID, stated, inferred graph.Shape, text string) {
	if s.run == nil || len(s.run.issues) >= maxIssues {
		return
	}
	s.run.issues = append(s.run.issues, Issue{Graph: s.gi, Node: s.ni, Tensor: id, Stated: stated, Inferred: inferred, Text: text})
}

// val returns the folded or constant value of operand i, nil if it is not known.
func (s *site) val(i int) *value {
	if s.run == nil {
		return nil
	}
	return s.run.value(s.gi, s.n.Input(i))
}

// ints returns operand i as whole known integers; ok is false otherwise.
func (s *site) ints(i int) (v []int64, ok bool) {
	x := s.val(i)
	if x == nil {
		return nil, false
	}
	v = make([]int64, len(x.elems))
	for k, e := range x.elems {
		if !e.known {
			return nil, false
		}
		v[k] = e.int()
	}
	return v, true
}

// dims returns operand i as dimensions: -1 and unknown entries are unknown
// dimensions, symbols stay.
func (s *site) dims(i int) (d []graph.Dim, ok bool) {
	x := s.val(i)
	if x == nil {
		return s.unknownDims(i)
	}
	d = make([]graph.Dim, len(x.elems))
	for k, e := range x.elems {
		d[k] = e.dim()
	}
	return d, true
}

// unknownDims gives unknown dimensions, as many as the 1-D operand i has
// elements: the rank is known even where the values are not.
func (s *site) unknownDims(i int) ([]graph.Dim, bool) {
	sh := s.shape(i)
	n, ok := sh.Dim(0).Value()
	if sh.Len() != 1 || !ok || n > maxRank {
		return nil, false
	}
	return make([]graph.Dim, n), true
}

// attrs returns the node's attributes as A; where the parser gave none (or
// others), the zero value, so that rules need no nil checks.
func attrs[A any, P interface {
	*A
	graph.Attrs
}](s *site) P {
	if a, ok := s.n.Attrs.(P); ok && a != nil {
		return a
	}
	return P(new(A))
}
