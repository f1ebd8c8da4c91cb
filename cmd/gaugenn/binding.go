package main

import "github.com/gaugenn/gaugenn/graph"

type bindings struct{ flags []string }
type bound struct {
	model   *graph.Model
	text    string
	changed bool
}

func (b bindings) bind(m *graph.Model) bound   { return bound{} }
func (b bindings) assume(m *graph.Model) bound { return bound{} }
