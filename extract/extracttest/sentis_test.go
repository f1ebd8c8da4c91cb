package extracttest_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/extracttest"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

// TestScan_sentisOverSeveralObjects: description and weights are objects of one file of
// assets, as Unity's importer makes them, all called alike.
func TestScan_sentisOverSeveralObjects(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("..", "..", "graph", "format", "unity", "testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	assets := extracttest.UnityAssets(
		extracttest.UnityObject{Class: 114, Name: "net", Content: []byte("short"), More: make([]byte, 24)},
		extracttest.UnityObject{Class: 114, Name: "Data", Content: read("Data")},
		extracttest.UnityObject{Class: 114, Name: "Data", Content: read("Data#12")},
		extracttest.UnityObject{Class: 114, Name: "Data", Content: extracttest.Noise(1, 1000)},
	)
	p := extracttest.NewApp("org.example.game")
	p.Deflate("assets/bin/Data/data.unity3d", extracttest.UnityBundle(true, extracttest.File{Name: "sharedassets0.assets", Data: assets}))
	b, err := p.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "app.apk")
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	const at = "assets/bin/Data/data.unity3d!/sharedassets0.assets!/Data"
	var got []string
	sc := extract.Scanner{Formats: all.Formats(), Workers: 1}
	if err := sc.Scan(context.Background(), []string{file}, func(a *extract.App) error {
		for _, f := range a.Findings {
			if strings.HasPrefix(f.Path, at) {
				got = append(got, f.Path+" "+f.Format+" "+string(f.Status))
			}
			if f.Status.IsModel() && !slices.Equal(f.Companions, []string{at + "#3"}) {
				t.Errorf("companions %v", f.Companions)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{at + " sentis partial", at + "#3 sentis part_of"}; !slices.Equal(got, want) {
		t.Errorf("findings %v, want %v", got, want)
	}
}
