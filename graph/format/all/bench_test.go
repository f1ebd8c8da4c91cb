package all_test

import (
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

// realModel is a model of ../shared/corpus with the format that reads it.
type realModel struct {
	format format.Format
	in     format.Input
}

var modelDir = flag.String("models", "", "folder of models to measure instead of ../shared/corpus/models")

// realModels returns up to three models of each format that are of real size, from
// ../shared/corpus or the folder given by -models.
func realModels(tb testing.TB) []realModel {
	tb.Helper()
	root := *modelDir
	if root == "" {
		root = filepath.Join("..", "..", "..", "..", "shared", "corpus", "models")
	}
	var models []realModel
	count := map[string]int{}
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err != nil || info.Size() < 200<<10 || info.Size() > 64<<20 {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil
		}
		head := format.Head{Name: d.Name(), Bytes: data[:min(len(data), format.MaxHead)], Size: int64(len(data))}
		in := format.Input{Path: path, Name: d.Name(), Data: data}
		for _, f := range all.Formats() {
			if f.Match(head) < format.Likely || count[f.Name] == 3 {
				continue
			}
			if _, err := f.Parse(in); err == nil {
				count[f.Name]++
				models = append(models, realModel{f, in})
				break
			}
		}
		return nil
	})
	if len(models) == 0 {
		tb.Skip("no models of real size: ../shared/corpus is absent")
	}
	return models
}

// TestParse_allocatesForTheGraphNotForTheWeights holds that reading a model takes
// memory for its graph, not for its weights.
func TestParse_allocatesForTheGraphNotForTheWeights(t *testing.T) {
	for _, m := range realModels(t) {
		if len(m.in.Data) < 1<<20 {
			continue
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := m.format.Parse(m.in); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > uint64(len(m.in.Data)) {
			t.Errorf("%s %s: %d bytes allocated for a file of %d", m.format.Name, m.in.Name, got, len(m.in.Data))
		}
	}
}

// BenchmarkParse reads models of real size, up to three of each format.
func BenchmarkParse(b *testing.B) {
	for _, m := range realModels(b) {
		b.Run(m.format.Name+"/"+m.in.Name, func(b *testing.B) {
			b.SetBytes(int64(len(m.in.Data)))
			b.ReportAllocs()
			for range b.N {
				if _, err := m.format.Parse(m.in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
