package extract_test

import (
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/all"
)

var benchFolder = flag.String("corpus", "", "folder that BenchmarkScan scans instead of ../shared/corpus/apks")

// corpus returns a folder of the shared corpus, or skips.
func corpus(tb testing.TB, folder string) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			tb.Fatal("no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
	p := filepath.Join(dir, "..", "shared", "corpus", filepath.FromSlash(folder))
	if _, err := os.Stat(p); err != nil {
		tb.Skipf("%s is absent", filepath.Join("../shared/corpus", folder))
	}
	return p
}

func countFiles(tb testing.TB, root string) (n int) {
	tb.Helper()
	if err := filepath.WalkDir(root, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}); err != nil {
		tb.Fatal(err)
	}
	return n
}

func TestCorpus_nothingAmongTheNegativesIsAModel(t *testing.T) {
	root := corpus(t, "models/negative")
	for _, depth := range []extract.Depth{extract.Full, extract.Peek} {
		apps := scan(t, extract.Scanner{Formats: all.Formats(), Depth: depth}, root)
		for _, a := range apps {
			for _, f := range a.Findings {
				if f.Status.IsModel() {
					t.Errorf("%s at depth %s: %s %s", f.Path, depth, f.Format, f.Status)
				}
			}
			if len(a.Findings) == 0 && a.Container == "file" {
				t.Errorf("%s: no row", a.Path)
			}
		}
		if want := countFiles(t, root); len(apps) != want {
			t.Errorf("%d apps of %d files", len(apps), want)
		}
	}
}

func TestCorpus_malformedPackagesAllEndAsRows(t *testing.T) {
	root := corpus(t, "models/apk-malformed")
	apps := scan(t, extract.Scanner{Formats: all.Formats()}, root)
	if want := countFiles(t, root); len(apps) != want {
		t.Errorf("%d apps of %d files", len(apps), want)
	}
	for _, a := range apps {
		if a.SHA256 == "" || a.Status == "" || !a.Status.IsModel() && a.Reason == "" {
			t.Errorf("%s: hash %q, status %q, reason %q", a.Path, a.SHA256, a.Status, a.Reason)
		}
	}
}

// TestCorpus_hidingPlaces scans the ready-made sample apps.
func TestCorpus_hidingPlaces(t *testing.T) {
	root := corpus(t, "apks")
	want := map[string]string{
		"cardscan.apk assets/UX.0.25.106.8.tflite":                                           "tflite parsed",
		"cardscan.apk assets/darknite_1_1_1_16.tflite":                                       "tflite parsed",
		"damaged.apk assets/cut.tflite":                                                      "tflite truncated",
		"damaged.apk assets/empty.tflite":                                                    " not_a_model",
		"damaged.apk assets/ok.tflite":                                                       "tflite parsed",
		"hidden.apk assets/hand.bin!/hand":                                                   "tflite parsed",
		"hidden.apk assets/models/palm.tflite":                                               " encrypted",
		"hidden.apk assets/payload.zip!/models.zip!/iris_landmark.tflite":                    "tflite parsed",
		"hidden.apk lib/x86_64/libseg.so":                                                    "tflite parsed",
		"packs.apks asset-slices/models-master.apk!/assets/models/hand_landmark_lite.tflite": "tflite parsed",
	}
	for _, a := range scan(t, extract.Scanner{Formats: all.Formats()}, root) {
		for _, f := range a.Findings {
			key := a.Path + " " + f.Path
			if got := f.Format + " " + string(f.Status); want[key] != "" && got != want[key] {
				t.Errorf("%s: %s, want %s (%s)", key, got, want[key], f.Reason)
			}
			delete(want, key)
		}
	}
	for key := range want {
		t.Errorf("%s: no row", key)
	}
}

// TestCorpus_sameRowsTwice holds that all columns agree between runs and worker counts.
func TestCorpus_sameRowsTwice(t *testing.T) {
	root := corpus(t, "apks")
	render := func(workers int) string {
		var b strings.Builder
		s := extract.Scanner{Formats: all.Formats(), Workers: workers, Digest: func(*extract.Finding, *graph.Model) any { return "d" }}
		for _, a := range scan(t, s, root) {
			b.WriteString(a.Path + a.SHA256 + a.Container + string(a.Status) + a.Reason + "\n")
			for _, f := range a.Findings {
				f.Entropy = float64(int64(f.Entropy * 1e12))
				b.WriteString(strings.Join([]string{f.Path, f.SHA256, f.ModelID, f.Format, string(f.Status), f.Reason, strings.Join(f.Companions, ",")}, "|"))
				if f.Digest != nil {
					b.WriteString(" digest")
				}
				b.WriteString("\n")
			}
		}
		return b.String()
	}
	if one, many := render(1), render(4); one != many {
		t.Errorf("one worker:\n%s\nfour workers:\n%s", one, many)
	}
}

// BenchmarkScan measures whole scans of the folder given by -corpus, without
// digests; MB/s are of the files on disk.
func BenchmarkScan(b *testing.B) {
	root := corpus(b, "apks")
	if *benchFolder != "" {
		root = *benchFolder
	}
	for _, depth := range []extract.Depth{extract.Peek, extract.Full} {
		b.Run(depth.String(), func(b *testing.B) {
			var bytes, entries int64
			for b.Loop() {
				bytes = 0
				s := extract.Scanner{Formats: all.Formats(), Depth: depth, Digest: func(*extract.Finding, *graph.Model) any { return nil }}
				if err := s.Scan(context.Background(), []string{root}, func(a *extract.App) error {
					bytes += a.SizeBytes
					entries += int64(a.EntryCount)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(bytes)
			b.ReportMetric(float64(entries)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
