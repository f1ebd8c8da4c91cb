package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A model whose file leaves the size of its image open is priced at the size that it is run at.
func TestCandidate_hasTheSizeOfItsRun(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("..", "..", "graph", "format", "ncnn", "testdata", "small.param"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "squeezenet.param")
	if err := os.WriteFile(file, []byte(strings.Replace(string(b), "data 0=8 1=8 2=3", "data", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := candidateOf(file, []string{"ncnn"})
	if err != nil {
		t.Fatal(err)
	}
	shapes, _ := inputShapes(file)
	elems := 1.0
	for _, n := range shapes["data"] {
		elems *= float64(n)
	}
	if len(shapes["data"]) == 0 || c.Net.InputElems != elems {
		t.Errorf("priced with %v numbers, run with %v", c.Net.InputElems, shapes)
	}
}
