// Package aten translates operators of PyTorch's ATen library into canonical
// ones, whatever file they come from: ExecuTorch programs and mobile byte code
// name the same operators and give their arguments by position.
//
// Positions follow the schemas of pytorch/pytorch aten/src/ATen/native/
// native_functions.yaml; the quantized:: and cortex_m:: operators follow those
// of their libraries as far as they are needed to tell operands from numbers.
package aten

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
)

// Kind is what an argument is.
type Kind uint8

// Kinds of arguments. None is an optional argument left out.
const (
	None Kind = iota
	Tensor
	TensorList
	Int
	Float
	Bool
	IntList
	Text
	Other
)

// Value is one argument.
type Value struct {
	Kind    Kind
	Tensor  graph.TensorID
	Tensors []graph.TensorID
	Int     int64 // Int, Bool
	Float   float64
	Ints    []int64
	Text    string
}

// Call is an operator with its arguments, without those that only receive results.
type Call struct {
	// Name is the qualified name without overload: "aten::conv2d".
	Name     string
	Overload string
	Args     []Value
	Graph    *graph.Graph
}

// Translate fills in operator, attributes and operands of n. An operator it
// does not know keeps all its tensors as operands; one of a library other than
// aten is then Custom, one of aten Unknown.
func Translate(n *graph.Node, c Call) {
	s := &site{n: n, args: c.Args, overload: c.Overload, g: c.Graph}
	library, name, ok := strings.Cut(c.Name, "::")
	if !ok {
		library, name = "aten", c.Name
	}
	n.Inputs = s.tensors()
	e, known := find(library, name)
	if !known {
		n.Op = graph.Unknown
		if library != "aten" && library != "prim" {
			n.Op, n.Attrs = graph.Custom, &graph.CustomAttrs{Domain: library}
		}
		return
	}
	n.Op = e.op
	if e.read != nil {
		e.read(s)
	}
}

// Short returns an operator's name without library.
func Short(name string) string {
	if _, short, ok := strings.Cut(name, "::"); ok {
		return short
	}
	return name
}

// find looks an operator up; in-place and copying variants are the same one.
func find(library, name string) (entry, bool) {
	if library == "quantized" || library == "cortex_m" || library == "quantized_decomposed" || library == "dim_order_ops" || library == "cadence" {
		if e, ok := libraries[name]; ok {
			return e, true
		}
		name = strings.TrimPrefix(name, "quantized_")
	}
	for _, form := range []string{name, strings.TrimSuffix(name, "_copy"), strings.TrimSuffix(name, "_"), strings.TrimPrefix(name, "_")} {
		if e, ok := operators[form]; ok {
			return e, true
		}
	}
	return entry{}, false
}

type entry struct {
	op   graph.Op
	read func(*site)
}

type site struct {
	n        *graph.Node
	args     []Value
	overload string
	g        *graph.Graph
}

func (s *site) arg(i int) Value {
	if i < 0 || i >= len(s.args) {
		return Value{}
	}
	return s.args[i]
}

// tensors returns every tensor among the arguments, lists spread out.
func (s *site) tensors() []graph.TensorID {
	var out []graph.TensorID
	for _, a := range s.args {
		switch a.Kind {
		case Tensor:
			out = append(out, a.Tensor)
		case TensorList:
			out = append(out, a.Tensors...)
		}
	}
	return out
}

// operands makes the arguments at the given positions the operands; trailing
// absent ones are cut.
func (s *site) operands(at ...int) {
	out := make([]graph.TensorID, len(at))
	last := 0
	for i, p := range at {
		out[i] = graph.NoTensor
		if a := s.arg(p); a.Kind == Tensor {
			out[i], last = a.Tensor, i+1
		}
	}
	s.n.Inputs = out[:last]
}

func (s *site) int(i int, def int64) int64 {
	if a := s.arg(i); a.Kind == Int || a.Kind == Bool {
		return a.Int
	}
	return def
}

func (s *site) flag(i int) bool { return s.int(i, 0) != 0 }

// list returns an integer list; one number stands for a list of one.
func (s *site) list(i int) []int64 {
	switch a := s.arg(i); a.Kind {
	case IntList:
		return a.Ints
	case Int:
		return []int64{a.Int}
	}
	return nil
}

func (s *site) axes(i int) []int {
	v := s.list(i)
	if v == nil {
		return nil
	}
	out := make([]int, len(v))
	for k := range v {
		out[k] = int(v[k])
	}
	return out
}

// shape returns the shape of a tensor argument.
func (s *site) shape(i int) graph.Shape {
	if a := s.arg(i); a.Kind == Tensor {
		if t := s.g.Tensor(a.Tensor); t != nil {
			return t.Shape
		}
	}
	return graph.Shape{}
}

// spread makes a list of n from one of 1 or n; nil for other lengths.
func spread(v []int64, n int) []int64 {
	switch {
	case len(v) == n:
		return v
	case len(v) == 1:
		out := make([]int64, n)
		for i := range out {
			out[i] = v[0]
		}
		return out
	}
	return nil
}

func size(t graph.Shape, i int) int64 {
	n, _ := t.Dim(i).Value()
	return n
}
