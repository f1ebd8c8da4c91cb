package probe_test

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gaugenn/gaugenn/calibrate/probe"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/tflite"
	"github.com/gaugenn/gaugenn/graph/op"
)

// TestBuild_networksAreWhatTheirShapesSay reads probes with our own reader: every shape that a probe states must be the one that follows from its
// operators.
func TestBuild_networksAreWhatTheirShapesSay(t *testing.T) {
	kinds := map[graph.Op]bool{}
	for seed := range uint64(42) {
		name, file := probe.Build(seed)
		m, err := tflite.Format.Parse(format.Input{Path: name, Name: name + ".tflite", Data: file})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		g := m.Graphs[0]
		if len(g.Nodes) < 6 {
			t.Errorf("%s: %d operators", name, len(g.Nodes))
		}
		for i := range g.Nodes {
			kinds[g.Nodes[i].Op] = true
		}
		shaped, contradictions := op.Infer(m)
		for _, c := range contradictions {
			t.Errorf("%s: %s", name, c)
		}
		if total := op.Total(shaped, op.Costs(shaped)); total.UnknownNodes > 0 || total.MACs <= 0 || total.MACs > 300e6 {
			t.Errorf("%s: %+v", name, total)
		}
	}
	if len(kinds) < 25 {
		t.Errorf("only %d kinds of operators: %v", len(kinds), kinds)
	}
}

func TestBuild_sameSeedSameBytesAndTypesInTurn(t *testing.T) {
	for seed := range uint64(12) {
		name, a := probe.Build(seed)
		again, b := probe.Build(seed)
		if name != again || !bytes.Equal(a, b) {
			t.Errorf("seed %d: two files", seed)
		}
		if want := []string{"_f32", "_i8", "_w8"}[seed%3]; !strings.HasSuffix(name, want) {
			t.Errorf("seed %d: %s", seed, name)
		}
	}
}

func TestWrite_leavesWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	paths, err := probe.Write(dir, 2)
	if err != nil || len(paths) != 2 {
		t.Fatal(paths, err)
	}
	want, err := os.ReadFile(paths[1])
	if err != nil {
		t.Fatal(err)
	}
	old := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	other := bytes.Clone(want) // as another version would write it
	other[len(other)-1] ^= 1
	if err := errors.Join(os.Chtimes(paths[0], old, old), os.WriteFile(paths[1], other, 0o644)); err != nil {
		t.Fatal(err)
	}
	if again, err := probe.Write(dir, 2); err != nil || !slices.Equal(again, paths) {
		t.Fatal(again, err)
	}
	if info, err := os.Stat(paths[0]); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("a probe that was there was written again: %v, %v", info.ModTime(), err)
	}
	if got, err := os.ReadFile(paths[1]); err != nil || !bytes.Equal(got, want) {
		t.Errorf("another file of the same length was left: %v", err)
	}
}
