package formattest

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Parse returns the model of a fixture that must parse.
func Parse(t testing.TB, f format.Format, fx Fixture) *graph.Model {
	t.Helper()
	m, err := f.Parse(fx.Input())
	if err != nil {
		t.Fatalf("%s: %v", fx.Name, err)
	}
	return m
}

// Node returns the graph's node with the given name.
func Node(t testing.TB, g *graph.Graph, name string) *graph.Node {
	t.Helper()
	for i := range g.Nodes {
		if g.Nodes[i].Name == name {
			return &g.Nodes[i]
		}
	}
	t.Fatalf("graph %q has no node %q", g.Name, name)
	return nil
}

// Limits demands that parsing fails with ErrLimit under each of the limits.
func Limits(t *testing.T, f format.Format, fx Fixture, limits ...format.Limits) {
	t.Helper()
	in := fx.Input()
	for _, l := range limits {
		in.Limits = l
		if _, err := f.Parse(in); !errors.Is(err, format.ErrLimit) {
			t.Errorf("%s under %+v: %v, want limit", fx.Name, l, err)
		}
	}
}

// PartialAlone demands that the fixture without its companions still parses, with
// a note that something is lost, and returns the model.
func PartialAlone(t *testing.T, f format.Format, fx Fixture) *graph.Model {
	t.Helper()
	in := fx.Input()
	in.Open, in.List = nil, nil
	m, err := f.Parse(in)
	if err != nil || !m.IsPartial() {
		t.Fatalf("%s without companions: %v, %v, want a partial model", fx.Name, m, err)
	}
	return m
}

// Refuses demands that the format takes no file below the folders of ../shared
// for a model of its own, nor for a part of one; it skips the test where
// ../shared is absent.
func Refuses(t *testing.T, f format.Format, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(Shared(t, dir), func(path string, d os.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if _, err := f.Parse(format.Input{Path: path, Data: data}); err == nil || errors.Is(err, format.ErrPart) {
				t.Errorf("%s is taken for a %s model", path, f.Name)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Bench times parsing of a fixture.
func Bench(b *testing.B, f format.Format, fx Fixture) {
	in := fx.Input()
	b.SetBytes(int64(len(in.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}
