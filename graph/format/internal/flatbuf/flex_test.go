package flatbuf_test

import (
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// flexMap is {"a": -5, "name": "qnn", "n": 300, "f": 2.0}, as the Python
// package flatbuffers 25.12 writes it.
var flexMap = []byte{
	97, 0, 110, 97, 109, 101, 0, 3, 113, 110, 110, 0, 110, 0, 102, 0, 4, 17, 4, 7, 18, 0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0,
	4, 0, 0, 0, 251, 255, 255, 255, 0, 0, 0, 64, 44, 1, 0, 0, 40, 0, 0, 0, 6, 14, 6, 20, 20, 38, 1,
}

// flexVector is the untyped vector [1, "x"].
var flexVector = []byte{1, 'x', 0, 2, 1, 4, 4, 20, 4, 40, 1}

func TestFlex_vector(t *testing.T) {
	r := flatbuf.FlexRoot(flexVector)
	if r.Len() != 2 || r.IsMap() {
		t.Fatalf("length %d", r.Len())
	}
	if v, ok := r.Index(0).Int(); !ok || v != 1 {
		t.Errorf("element 0 = %d, %v", v, ok)
	}
	if s, ok := r.Index(1).Text(); !ok || s != "x" {
		t.Errorf("element 1 = %q, %v", s, ok)
	}
	if r.Index(2).Exists() {
		t.Error("element 2 exists")
	}
}

func TestFlex_map(t *testing.T) {
	r := flatbuf.FlexRoot(flexMap)
	if !r.IsMap() || r.Len() != 4 {
		t.Fatalf("map %v of %d", r.IsMap(), r.Len())
	}
	for key, want := range map[string]int64{"a": -5, "n": 300, "f": 2} {
		if v, ok := r.Field(key).Int(); !ok || v != want {
			t.Errorf("%s = %d, %v; want %d", key, v, ok, want)
		}
	}
	if s, ok := r.Field("name").Text(); !ok || s != "qnn" {
		t.Errorf("name = %q, %v", s, ok)
	}
	if r.Field("none").Exists() {
		t.Error("a key that is not there has a value")
	}
	if _, ok := r.Field("name").Int(); ok {
		t.Error("a string is an integer")
	}
}

func TestFlex_damagedIsAbsent(t *testing.T) {
	for _, data := range [][]byte{nil, {1}, {1, 2}, {0, 0, 9}, {255, 36, 1}} {
		r := flatbuf.FlexRoot(data)
		if f := r.Field("a"); f.Exists() {
			t.Errorf("% x has a field", data)
		}
	}
	for _, good := range [][]byte{flexVector, flexMap} {
		for n := range good {
			walk(flatbuf.FlexRoot(good[n:]), 0)
			walk(flatbuf.FlexRoot(good[:n]), 0)
			bad := slices.Clone(good)
			bad[n] ^= 0xff
			walk(flatbuf.FlexRoot(bad), 0)
		}
	}
}

func walk(f flatbuf.Flex, depth int) {
	f.Int()
	f.Text()
	f.Field("name").Int()
	for i := range min(f.Len(), 16) {
		if depth < 4 {
			walk(f.Index(i), depth+1)
		}
	}
}

func FuzzFlex(f *testing.F) {
	f.Add(flexVector)
	f.Add(flexMap)
	f.Fuzz(func(_ *testing.T, data []byte) { walk(flatbuf.FlexRoot(data), 0) })
}
