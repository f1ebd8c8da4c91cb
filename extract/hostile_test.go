package extract_test

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract"
	"github.com/gaugenn/gaugenn/extract/extracttest"
	"github.com/gaugenn/gaugenn/graph"
)

// TestScan_fileCutWhileItIsRead cuts a mapped file between two looks at it: what is
// gone faults, and must cost the row only.
func TestScan_fileCutWhileItIsRead(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("mapped files cannot be cut there")
	}
	var files []file
	for i := range 40 {
		files = append(files, file{fmt.Sprintf("%02d.toy", i), toyModel(uint64(i), 50_000)})
	}
	root := write(t, file{"x.apk", zipped(t, zip.Store, files...)}, file{"y.toy", toyModel(99, 100)})
	cut := false
	s := extract.Scanner{Workers: 1, Formats: toyFormats(), Digest: func(*extract.Finding, *graph.Model) any {
		if !cut {
			cut = true
			if err := os.Truncate(filepath.Join(root, "x.apk"), 0); err != nil {
				t.Error(err)
			}
		}
		return nil
	}}
	apps := scan(t, s, root)
	if len(apps) != 2 || apps[1].Status != extract.Parsed {
		t.Fatalf("%v", rows(apps))
	}
	bad := 0
	for _, f := range apps[0].Findings {
		if f.Status == extract.Malformed && strings.Contains(f.Reason, "fault") {
			bad++
		}
	}
	if bad == 0 {
		t.Errorf("no row says that the file was gone: %v", rows(apps[:1]))
	}
}

func TestScan_unreadableFileIsARowWithItsError(t *testing.T) {
	root := write(t, file{"a.toy", toyModel(1, 100)}, file{"b.toy", toyModel(2, 100)})
	gone := filepath.Join(root, "b.toy")
	s := extract.Scanner{Workers: 1, Formats: toyFormats()}
	var apps []*extract.App
	// The folder is listed before its files are opened.
	s.Digest = func(*extract.Finding, *graph.Model) any { return os.Remove(gone) }
	if err := s.Scan(context.Background(), []string{filepath.Join(root, "a.toy"), gone}, func(a *extract.App) error {
		apps = append(apps, a)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(apps) != 2 || apps[1].Err == nil || apps[1].Status.IsModel() || apps[1].Reason == "" {
		t.Errorf("%+v", apps[1])
	}
}

// A stored picture that is said to go on behind the file's end has nothing behind it.
func TestScan_storedPictureBeyondTheFile(t *testing.T) {
	webp := join([]byte("RIFF\x00\x10\x00\x00WEBPVP8 "), random(3, 4096))
	archive := zipped(t, zip.Store, file{"a.webp", webp})
	sizes := archive[bytes.Index(archive, []byte("PK\x01\x02"))+20:]
	copy(sizes, "\x00\x00\x10\x00\x00\x00\x10\x00") // compressed, expanded
	root := write(t, file{"x.apk", archive})
	for _, a := range scan(t, extract.Scanner{}, root) {
		for _, f := range a.Findings {
			if strings.Contains(f.Reason, "internal") {
				t.Errorf("%s: %s", f.Path, f.Reason)
			}
		}
	}
}

func TestScan_doesNotFollowSymbolicLinks(t *testing.T) {
	outside := write(t, file{"secret.bin", random(1, 500)})
	root := write(t, file{"net.duo", []byte("duo\nlink.bin\n")})
	if err := os.Symlink(filepath.Join(outside, "secret.bin"), filepath.Join(root, "link.bin")); err != nil {
		t.Skip(err)
	}
	if err := os.Symlink(outside, filepath.Join(root, "folder")); err != nil {
		t.Skip(err)
	}
	wantRows(t, scan(t, extract.Scanner{}, root), "net.duo file partial", "  net.duo duo partial")
}

func TestScan_quineLikeNestingEnds(t *testing.T) {
	data := []byte("innermost")
	for range 40 {
		data = zipped(t, zip.Deflate, file{"again.zip", data})
	}
	apps := scan(t, extract.Scanner{}, write(t, file{"x.zip", data}))
	if n := len(apps[0].Findings); n != 1 || apps[0].Findings[0].Status != extract.Limit {
		t.Errorf("%v", rows(apps))
	}
	if got := strings.Count(apps[0].Findings[0].Path, "!/"); got != 6 {
		t.Errorf("%d levels, want 6: %s", got, apps[0].Findings[0].Path)
	}
}

func TestScan_namesAreOnlyReported(t *testing.T) {
	model := toyModel(1, 300)
	apps := scan(t, extract.Scanner{}, write(t, file{"x.zip", zipped(t, zip.Store,
		file{"../../up.toy", model}, file{"/abs.toy", model}, file{"a\nb.toy", model}, file{"dup", model}, file{"dup", model})}))
	wantRows(t, apps, "x.zip zip parsed",
		"  ../../up.toy toy parsed", "  /abs.toy toy parsed", `  a\x0ab.toy toy parsed`, "  dup toy parsed", "  dup toy parsed")
	for i, want := range []string{"climbs out", "absolute", "not printable", "", "more than once"} {
		if got := apps[0].Findings[i].Reason; !strings.Contains(got, want) {
			t.Errorf("%s: reason %q, want %q in it", apps[0].Findings[i].Path, got, want)
		}
	}
}

func TestScan_peekReadsFirstBytesOnly(t *testing.T) {
	model := toyModel(1, 3000)
	root := write(t, file{"x.apk", zipped(t, zip.Deflate,
		file{"start", model}, file{"behind", join([]byte("header.."), model)},
		file{"lib/a.so", join([]byte("\x7fELF"), random(1, 900), model)},
		file{"late.data", join(random(2, 700), model)},
		file{"odd.toy", random(3, 600)},
	)})
	wantRows(t, scan(t, extract.Scanner{Depth: extract.Peek}, root), "x.apk zip parsed", "  start toy parsed", "  odd.toy  not_a_model")
	wantRows(t, scan(t, extract.Scanner{}, root), "x.apk zip parsed", "  start toy parsed", "  behind@8 toy parsed",
		"  lib/a.so@904 toy parsed", "  late.data@700 toy parsed", "  odd.toy  not_a_model")
}

func TestScan_companionsSeenAgainAreReadAgain(t *testing.T) {
	graphFile := []byte("duo\nw.bin\n" + strings.Repeat(" ", 3000))
	app := func(weights []byte) []byte {
		files := []file{{"n.duo", graphFile}}
		if weights != nil {
			files = append(files, file{"w.bin", weights})
		}
		return zipped(t, zip.Store, files...)
	}
	apps := scan(t, extract.Scanner{Workers: 1}, write(t, file{"1.apk", app(random(1, 50))}, file{"2.apk", app(random(2, 50))}, file{"3.apk", app(nil)}))
	wantRows(t, apps, "1.apk zip parsed", "  n.duo duo parsed", "  w.bin duo part_of",
		"2.apk zip parsed", "  n.duo duo parsed", "  w.bin duo part_of", "3.apk zip parsed", "  n.duo duo partial")
	if apps[0].Findings[0].ModelID == apps[1].Findings[0].ModelID {
		t.Error("same model id with other weights")
	}
}

// TestScan_damagedNestedArchiveIsNoModel: an archive inside one whose directory is gone
// and that shows no model is a row that says so, not a model read in part.
func TestScan_damagedNestedArchiveIsNoModel(t *testing.T) {
	inner := zipped(t, zip.Store, file{"a", random(1, 300)})
	cut := inner[:len(inner)-60]
	apps := scan(t, extract.Scanner{}, write(t, file{"x.apk", zipped(t, zip.Store, file{"z.zip", cut})}))
	wantRows(t, apps, "x.apk zip parsed", "  z.zip zip truncated")
	if f := apps[0].Findings[0]; f.Status.IsModel() || f.Reason == "" {
		t.Errorf("%+v", f)
	}
}

// FuzzScan scans arbitrary bytes as a file, with the toy formats.
func FuzzScan(f *testing.F) {
	model := toyModel(1, 200)
	f.Add(model)
	f.Add(join(random(1, 30), model, model))
	f.Add(zipped(f, zip.Deflate, file{"a", model}, file{"n.duo", []byte("duo\na\n")}))
	f.Add(zipped(f, zip.Store, file{"z.zip", zipped(f, zip.Deflate, file{"a", model})}))
	f.Add(gzipped(f, model))
	f.Add(tarred(f, file{"a", model}))
	f.Add(extracttest.UnityAssets(extracttest.UnityObject{Class: 49, Name: "a", Content: model}, extracttest.UnityObject{Class: 114, Name: "a", Content: model}))
	f.Add(extracttest.UnityBundle(true, extracttest.File{Name: "a", Data: model}, extracttest.File{Name: "b", Data: make([]byte, 3000)}))
	f.Add(extracttest.UnrealPak(false, extracttest.File{Name: "a", Data: model}, extracttest.File{Name: "b", Data: make([]byte, 3000)}))
	f.Add(extracttest.GodotPack(extracttest.File{Name: "a", Data: model}))
	f.Add(extracttest.AssemblyStore(model, make([]byte, 3000)))
	f.Add([]byte("trouble panic"))
	f.Add(bytes.Repeat([]byte("AAAA"), 50))
	path := filepath.Join(f.TempDir(), "fuzzed")
	s := extract.Scanner{Formats: toyFormats(), Workers: 1, Limits: extract.Limits{Nesting: 2, ExpandedBytes: 1 << 20}}
	f.Fuzz(func(t *testing.T, data []byte) {
		if bytes.Contains(data, []byte("trouble hang")) {
			return
		}
		path := fmt.Sprintf("%s%d", path, os.Getpid())
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		n := 0
		if err := s.Scan(context.Background(), []string{path}, func(a *extract.App) error {
			n++
			if a.SHA256 != hashOf(data) || a.Status == "" {
				t.Errorf("app %+v", a)
			}
			for _, x := range a.Findings {
				if x.Status == "" || x.Status != extract.Parsed && x.Reason == "" || x.Status.IsModel() != (x.ModelID != "") {
					t.Errorf("finding %+v", x)
				}
			}
			return nil
		}); err != nil || n != 1 {
			t.Fatalf("%d apps, err %v", n, err)
		}
	})
}
