package op

import "github.com/gaugenn/gaugenn/graph"

// capture gives a body's captured tensors (not written, not an input, no
// constant) the shape, dtype and value of the tensor of the same name in the
// calling graphs, innermost first.
func (r *run) capture(gi int, outer *scope) {
	if outer == nil {
		return
	}
	g := r.m.Graphs[gi]
	own := make([]bool, len(g.Tensors))
	for _, id := range g.Inputs {
		if id != graph.NoTensor {
			own[id] = true
		}
	}
	for i := range g.Nodes {
		for _, id := range g.Nodes[i].Outputs {
			if id != graph.NoTensor {
				own[id] = true
			}
		}
	}
	for i := range g.Tensors {
		if t := &g.Tensors[i]; !own[i] && t.Const == nil && t.Name != "" {
			r.adopt(gi, graph.TensorID(i), outer)
		}
	}
}

// adopt looks a name up through the calling graphs.
func (r *run) adopt(gi int, id graph.TensorID, sc *scope) {
	name := r.m.Graphs[gi].Tensors[id].Name
	for ; sc != nil; sc = sc.outer {
		if sc.names == nil {
			sc.names = names(r.m.Graphs[sc.gi])
		}
		if from, ok := sc.names[name]; ok {
			r.pass(sc.gi, from, gi, id)
			return
		}
	}
}

func names(g *graph.Graph) map[string]graph.TensorID {
	m := make(map[string]graph.TensorID, len(g.Tensors))
	for i := range g.Tensors {
		if n := g.Tensors[i].Name; n != "" {
			m[n] = graph.TensorID(i)
		}
	}
	return m
}

// pass hands a tensor's shape, dtype and value from one graph to another.
func (r *run) pass(fromGraph int, from graph.TensorID, toGraph int, to graph.TensorID) {
	src, dst := r.m.Graphs[fromGraph].Tensor(from), r.m.Graphs[toGraph].Tensor(to)
	if src == nil || dst == nil {
		return
	}
	dst.Shape, _ = merge(dst.Shape, src.Shape)
	if dst.DType == graph.UnknownDType {
		dst.DType = src.DType
	}
	if v := r.value(fromGraph, from); v != nil && dst.Const == nil {
		if r.values[toGraph] == nil {
			r.values[toGraph] = map[graph.TensorID]*value{}
		}
		r.values[toGraph][to] = v
	}
}

// control infers the bodies of a control-flow node and its outputs from them.
func (r *run) control(s *site, sc *scope) {
	if r.depth >= maxDepth {
		s.complain("control flow is nested too deeply")
		return
	}
	r.depth++
	defer func() { r.depth-- }()
	switch s.n.Op {
	case graph.If:
		for _, sub := range s.n.Subgraphs {
			r.body(s, sc, sub, 1)
		}
		r.branches(s)
	case graph.While:
		r.while(s, sc)
	case graph.Loop:
		r.loop(s, sc)
	case graph.Scan:
		r.scan(s, sc)
	default:
		for _, sub := range s.n.Subgraphs {
			r.body(s, sc, sub, 0)
		}
		if len(s.n.Subgraphs) > 0 {
			r.results(s, s.n.Subgraphs[0])
		}
	}
}

// body infers a subgraph once, with the node's operands from first on as its inputs.
func (r *run) body(s *site, sc *scope, sub, first int) {
	if r.done[sub] {
		return
	}
	for i, id := range r.m.Graphs[sub].Inputs {
		r.pass(s.gi, s.n.Input(first+i), sub, id)
	}
	r.graph(sub, sc)
}

// carried says where a loop keeps its state: operand Operand+k enters the body
// as input Input+k and leaves it as output Output+k.
type carried struct{ operand, input, output int }

// iterate infers a loop's body. State whose shape changes from one iteration
// to the next enters with the dimensions that stay; then the body is inferred
// again from its stated shapes. No values are handed over, since they change.
func (r *run) iterate(s *site, sc *scope, sub int, at carried) {
	if r.done[sub] {
		return
	}
	g := r.m.Graphs[sub]
	stated := append([]graph.Tensor(nil), g.Tensors...)
	entry := make([]graph.Shape, len(g.Inputs))
	for i := range g.Inputs {
		if i >= at.input {
			entry[i] = s.shape(at.operand + i - at.input)
		}
	}
	r.enter(s, sub, at, entry)
	r.graph(sub, sc)
	changed := false
	for i := at.input; i < len(g.Inputs); i++ {
		out := r.bodyOutput(sub, at.output+i-at.input)
		if out == nil || !entry[i].IsRanked() || out.Shape.Equal(entry[i]) {
			continue
		}
		entry[i] = agree(entry[i], out.Shape)
		changed = true
	}
	if changed {
		g.Tensors, r.values[sub] = stated, nil
		r.enter(s, sub, at, entry)
		r.graph(sub, sc)
	}
}

// enter gives a body's inputs the shapes of entry and the operands' dtypes.
func (r *run) enter(s *site, sub int, at carried, entry []graph.Shape) {
	g := r.m.Graphs[sub]
	for i := at.input; i < len(g.Inputs); i++ {
		src, dst := s.in(at.operand+i-at.input), g.Tensor(g.Inputs[i])
		if src == nil || dst == nil {
			continue
		}
		dst.Shape, _ = merge(dst.Shape, entry[i])
		if dst.DType == graph.UnknownDType {
			dst.DType = src.DType
		}
	}
}

// while infers the body (the last subgraph), then the condition with what the
// body settled on.
func (r *run) while(s *site, sc *scope) {
	last := len(s.n.Subgraphs) - 1
	r.iterate(s, sc, s.n.Subgraphs[last], carried{})
	for _, sub := range s.n.Subgraphs[:last] {
		if r.done[sub] {
			continue
		}
		body := r.m.Graphs[s.n.Subgraphs[last]]
		for i, id := range r.m.Graphs[sub].Inputs {
			if i < len(body.Inputs) {
				src, dst := body.Tensor(body.Inputs[i]), r.m.Graphs[sub].Tensor(id)
				if src != nil && dst != nil {
					dst.Shape, _ = merge(dst.Shape, src.Shape)
				}
			}
		}
		r.graph(sub, sc)
	}
	r.state(s, 0)
}

// branches gives If the dimensions on which both branches agree, or those of
// the branch that a known condition picks.
func (r *run) branches(s *site) {
	subs := s.n.Subgraphs
	if c, ok := s.ints(0); ok && len(c) == 1 && len(subs) == 2 {
		if subs = subs[1:]; c[0] != 0 {
			subs = s.n.Subgraphs[:1]
		}
	}
	for i := range s.n.Outputs {
		var shape graph.Shape
		dt := graph.UnknownDType
		for k, sub := range subs {
			t := r.bodyOutput(sub, i)
			if t == nil {
				return
			}
			dt = t.DType
			if k == 0 {
				shape = t.Shape
			} else {
				shape = agree(shape, t.Shape)
			}
		}
		s.set(i, shape, dt)
	}
}

func (r *run) bodyOutput(sub, i int) *graph.Tensor {
	g := r.m.Graphs[sub]
	if i >= len(g.Outputs) {
		return nil
	}
	return g.Tensor(g.Outputs[i])
}

// agree keeps the dimensions that are equal in a and b.
func agree(a, b graph.Shape) graph.Shape {
	if !a.IsRanked() || !b.IsRanked() || a.Len() != b.Len() {
		return graph.Shape{}
	}
	dims := a.Dims()
	for i := range dims {
		if !sameDim(dims[i], b.Dim(i)) {
			dims[i] = unknownDim
		}
	}
	return graph.ShapeOfDims(dims...)
}

// state gives While's results the shapes that operand and body agree on.
func (r *run) state(s *site, first int) {
	body := s.n.Subgraphs[len(s.n.Subgraphs)-1]
	for i := range s.n.Outputs {
		if t := r.bodyOutput(body, i); t != nil {
			s.set(i, agree(s.shape(first+i), t.Shape), t.DType)
		}
	}
}

// results gives a call's outputs the shapes of its body's.
func (r *run) results(s *site, sub int) {
	for i := range s.n.Outputs {
		if t := r.bodyOutput(sub, i); t != nil {
			s.set(i, t.Shape, t.DType)
		}
	}
}

// loop is ONNX Loop: operands trip count, condition, state...; the body takes
// iteration, condition, state... and gives condition, state..., scanned....
func (r *run) loop(s *site, sc *scope) {
	sub := s.n.Subgraphs[0]
	states := max(len(s.n.Inputs)-2, 0)
	if g := r.m.Graphs[sub]; !r.done[sub] {
		for i, id := range g.Inputs {
			if t := g.Tensor(id); t != nil && i < 2 {
				t.Shape, _ = merge(t.Shape, graph.ShapeOf())
			}
		}
		r.iterate(s, sc, sub, carried{operand: 2, input: 2, output: 1})
	}
	trips := tripDim(s)
	for i := range s.n.Outputs {
		t := r.bodyOutput(sub, i+1)
		switch {
		case t == nil:
		case i < states:
			s.set(i, agree(s.shape(i+2), t.Shape), t.DType)
		case t.Shape.IsRanked():
			s.set(i, graph.ShapeOfDims(append([]graph.Dim{trips}, t.Shape.Dims()...)...), t.DType)
		default:
			s.set(i, graph.Shape{}, t.DType)
		}
	}
}

// tripDim is a loop's trip count as a dimension.
func tripDim(s *site) graph.Dim {
	if n, ok := trips(s); ok {
		return known(n)
	}
	return unknownDim
}

// scan is ONNX Scan: the last ScanInputs operands lose their scanned axis in
// the body, the outputs beyond the states gain one.
func (r *run) scan(s *site, sc *scope) {
	a := attrs[graph.ScanAttrs](s)
	sub := s.n.Subgraphs[0]
	g := r.m.Graphs[sub]
	states := max(len(s.n.Inputs)-a.ScanInputs, 0)
	length, batch := unknownDim, unknownDim
	for i, id := range g.Inputs {
		src, dst := s.in(i), g.Tensor(id)
		if src == nil || dst == nil {
			continue
		}
		shape := src.Shape
		if i >= states {
			axis, ok := normAxis(at(a.InputAxes, i-states), shape.Len())
			if !ok {
				continue
			}
			length = shape.Dim(axis)
			shape = dropAxis(shape, axis)
		}
		if a.Batched {
			if shape.Len() < 1 {
				continue
			}
			batch = shape.Dim(0)
			shape = dropAxis(shape, 0)
		}
		if !r.done[sub] {
			dst.Shape, _ = merge(dst.Shape, shape)
			if dst.DType == graph.UnknownDType {
				dst.DType = src.DType
			}
		}
	}
	if !r.done[sub] {
		r.graph(sub, sc)
	}
	for i := range s.n.Outputs {
		t := r.bodyOutput(sub, i)
		if t == nil {
			continue
		}
		shape := t.Shape
		if a.Batched && shape.IsRanked() {
			shape = insertAxis(shape, 0, batch)
		}
		if i >= states && shape.IsRanked() {
			shape = insertAxis(shape, at(a.OutputAxes, i-states), length)
		}
		s.set(i, shape, t.DType)
	}
}

func at(list []int, i int) int {
	if i < 0 || i >= len(list) {
		return 0
	}
	return list[i]
}

func dropAxis(s graph.Shape, axis int) graph.Shape {
	d := s.Dims()
	return graph.ShapeOfDims(append(d[:axis:axis], d[axis+1:]...)...)
}

// insertAxis puts d at axis (negative counts from the end of the result).
func insertAxis(s graph.Shape, axis int, d graph.Dim) graph.Shape {
	axis, ok := normAxis(axis, s.Len()+1)
	if !ok {
		return graph.Shape{}
	}
	dims := s.Dims()
	out := append(dims[:axis:axis], free(d))
	return graph.ShapeOfDims(append(out, dims[axis:]...)...)
}
