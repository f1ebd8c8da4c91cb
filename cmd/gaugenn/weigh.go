package main

import (
	"github.com/gaugenn/gaugenn/data"
	"github.com/gaugenn/gaugenn/graph"
)

func weighTensor(row *data.Tensor, t *graph.Tensor) (string, bool) { return "", false }
