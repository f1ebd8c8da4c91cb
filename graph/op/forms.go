package op

import "github.com/gaugenn/gaugenn/graph"

// inferForms gives results the shapes that the parser's FormAttrs describe.
// Dtypes are left as they are: these operators seldom keep them.
func inferForms(s *site) {
	a := attrs[graph.FormAttrs](s)
	for i, f := range a.Forms {
		if shape, ok := s.form(f); ok {
			s.set(i, shape, graph.UnknownDType)
		}
	}
}

func (s *site) form(f graph.Form) (graph.Shape, bool) {
	x := s.shape(f.Operand)
	last := unknownDim
	if f.Last >= 0 {
		last = known(f.Last)
	}
	switch f.Kind {
	case graph.FormScalar:
		return graph.ShapeOf(), true
	case graph.FormSame:
		return free2(x), x.IsRanked()
	case graph.FormBroadcast:
		out, ok := s.broadcastAligned(x, s.shape(f.Operand+1))
		return free2(out), ok
	case graph.FormFirst:
		return graph.ShapeOfDims(free(x.Dim(0))), x.Len() > 0
	case graph.FormRows:
		return graph.ShapeOfDims(free(x.Dim(0)), last), x.Len() > 0
	case graph.FormPicked:
		if x.Len() == 1 { // a vector counts as one row
			x = graph.ShapeOfDims(known(1), x.Dim(0))
		}
		last = unknownDim
		if n, ok := s.shape(f.Operand + 1).Elements(); ok {
			last = known(n)
		}
		return free2(x).With(x.Len()-1, last), x.Len() > 0
	case graph.FormLast:
		return free2(x).With(x.Len()-1, last), x.Len() > 0
	case graph.FormAppend:
		return insertAxis(free2(x), x.Len(), last), x.IsRanked()
	}
	return graph.Shape{}, false
}
