package container_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
)

var apkDir = flag.String("apks", "", "folder with the *.apk to measure")

// benchAPK returns the largest archive of the shared corpus, or of the folder
// given by -apks.
func benchAPK(b *testing.B) *container.File {
	b.Helper()
	best, size := "", int64(0)
	for _, root := range []string{*apkDir, filepath.Join(repositoryRoot(b), "..", "shared", "corpus")} {
		for _, pattern := range []string{"*.apk", "apks/*.apk", "models/aar/*/*/*/*/*/*.aar"} {
			paths, err := filepath.Glob(filepath.Join(root, pattern))
			if err != nil || root == "" {
				continue
			}
			for _, p := range paths {
				if info, err := os.Stat(p); err == nil && info.Size() > size {
					best, size = p, info.Size()
				}
			}
		}
	}
	if best == "" {
		b.Skip("no archive to measure: ../shared/corpus is absent")
	}
	f, err := container.OpenFile(best)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	b.Logf("%s, %d bytes", best, size)
	return f
}

func open(tb testing.TB, data []byte) *container.Archive {
	tb.Helper()
	a, err := container.Open(data, container.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

func BenchmarkOpen(b *testing.B) {
	f := benchAPK(b)
	n := 0
	for b.Loop() {
		n += len(open(b, f.Data()).Entries)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "entries/s")
}

func BenchmarkPeek(b *testing.B) {
	a := open(b, benchAPK(b).Data())
	var d container.Decoder
	buf, n := make([]byte, 64), 0
	for b.Loop() {
		for i := range a.Entries {
			if _, err := d.Peek(&a.Entries[i], buf); err != nil {
				b.Fatal(err)
			}
		}
		n += len(a.Entries)
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "peeks/s")
}

func BenchmarkBytes(b *testing.B) {
	a := open(b, benchAPK(b).Data())
	var (
		d     container.Decoder
		dst   []byte
		total int64
	)
	for i := range a.Entries {
		if !a.Entries[i].Stored() {
			total += a.Entries[i].Size
		}
	}
	b.SetBytes(total)
	for b.Loop() {
		for i := range a.Entries {
			c, err := d.Bytes(&a.Entries[i], dst)
			if err != nil {
				b.Fatal(err)
			}
			if !c.Shared {
				dst = c.Data
			}
		}
	}
}
