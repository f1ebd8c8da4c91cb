package container_test

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
)

// corpusFiles returns the files below a folder of the shared corpus, or skips.
func corpusFiles(tb testing.TB, folders ...string) []string {
	tb.Helper()
	var paths []string
	for _, folder := range folders {
		root := filepath.Join(repositoryRoot(tb), "..", "shared", "corpus", folder)
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() {
				paths = append(paths, p)
			}
			return nil
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	if len(paths) == 0 {
		tb.Skip("../shared/corpus is absent")
	}
	return paths
}

// TestCorpus_agreesWithStandardLibrary reads every entry of real archives both ways.
func TestCorpus_agreesWithStandardLibrary(t *testing.T) {
	var d container.Decoder
	for _, p := range corpusFiles(t, "models/apk", "models/aar", "models/aab", "apks", "models/mediapipe-task") {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			continue
		}
		a := open(t, data)
		if len(a.Entries) != len(r.File) {
			t.Errorf("%s: %d entries, want %d", p, len(a.Entries), len(r.File))
			continue
		}
		for i, f := range r.File {
			w, err := f.Open()
			if err != nil {
				continue
			}
			want, err := io.ReadAll(w)
			w.Close()
			if err != nil {
				continue
			}
			if c, err := d.Bytes(&a.Entries[i], nil); err != nil || !bytes.Equal(c.Data, want) {
				t.Errorf("%s: %s: %d bytes, err %v; want %d bytes", p, f.Name, len(c.Data), err, len(want))
			}
		}
	}
}

// TestCorpus_malformedPackagesAreListed holds that each one opens, and that every
// entry of it gives content or an error.
func TestCorpus_malformedPackagesAreListed(t *testing.T) {
	var d container.Decoder
	entries := 0
	for _, p := range corpusFiles(t, "models/apk-malformed") {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		a, err := container.Open(data, container.Limits{})
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		for i := range a.Entries {
			if c, err := d.Bytes(&a.Entries[i], nil); err == nil && len(c.Data) == 0 && a.Entries[i].Size > 0 {
				t.Errorf("%s: %s: neither content nor error", p, a.Entries[i].Name)
			}
			entries++
		}
	}
	if entries < 100 {
		t.Errorf("only %d entries in all", entries)
	}
}

func TestOpenFile(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{0, 10, 300_000, 40 << 20} {
		want := bytes.Repeat([]byte("x"), n)
		p := filepath.Join(dir, "f")
		if err := os.WriteFile(p, want, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := container.OpenFile(p)
		if err != nil || !bytes.Equal(f.Data(), want) {
			t.Fatalf("%d bytes: err %v", n, err)
		}
		f.Release(f.Data())
		f.Release(f.Data()[n/3 : n/2])
		if !bytes.Equal(f.Data(), want) {
			t.Errorf("%d bytes: content changed by Release", n)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := container.OpenFile(dir); err == nil {
		t.Error("a folder opened as a file")
	}
	if _, err := container.OpenFile(filepath.Join(dir, "absent")); !os.IsNotExist(err) {
		t.Errorf("absent file: %v", err)
	}
}

// FuzzOpen opens arbitrary bytes and everything in them, two levels deep.
func FuzzOpen(f *testing.F) {
	b := buildZIP(f, twoFiles()...)
	f.Add(b.data)
	f.Add(b.data[:b.end])
	f.Add(b.data[:b.directory])
	f.Add(buildZIP(f, member{name: "x", content: beta, zip64: true}, member{name: "y", content: alpha, method: 8, descriptor: true}).data)
	f.Add(buildZIP(f, member{name: "z.zip", content: b.data, method: 8}).data)
	f.Add(gzipped(f, "n", beta))
	f.Add(xzed(f, beta))
	f.Add(zstded(f, beta))
	f.Add(bzipped(f))
	f.Add(tarred(f, map[string][]byte{"a": beta}, "a"))
	for _, folder := range []string{"models/apk-malformed", "models/apk"} {
		root := filepath.Join(repositoryRoot(f), "..", "shared", "corpus", folder)
		_ = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return nil
			}
			if data, err := os.ReadFile(p); err == nil && len(data) < 20_000 {
				f.Add(data)
			}
			return nil
		})
	}
	f.Fuzz(func(t *testing.T, data []byte) { exercise(t, data, 2) })
}

// exercise reads all of an archive and, in it, archives up to depth, and holds what it
// gives to the limits.
func exercise(t *testing.T, data []byte, depth int) {
	limits := container.Limits{Entries: 20, EntryBytes: 256 << 10, ExcessBytes: 1 << 16}
	a, err := container.Open(data, limits)
	if err != nil {
		return
	}
	if a.Prefix < 0 || a.Trailer < 0 || a.Prefix > int64(len(data)) || a.Trailer > int64(len(data)) {
		t.Fatalf("prefix %d, trailer %d of %d bytes", a.Prefix, a.Trailer, len(data))
	}
	a.Outside()
	var d container.Decoder
	head := make([]byte, 100)
	for i := range a.Entries {
		e := &a.Entries[i]
		n, peekErr := d.Peek(e, head)
		c, err := d.Bytes(e, nil)
		if int64(len(c.Data)) > limits.EntryBytes+1000 && !c.Shared {
			t.Fatalf("%q: %d bytes, beyond the limit", e.Name, len(c.Data))
		}
		if err == nil && peekErr == nil && !bytes.Equal(head[:n], c.Data[:min(len(c.Data), len(head))]) {
			t.Fatalf("%q: peek and content differ", e.Name)
		}
		e.Check(c.Data)
		if depth > 1 {
			exercise(t, c.Data, depth-1)
		}
	}
	for _, s := range a.Between() {
		if s.From < 0 || s.To > int64(len(data)) || s.From >= s.To {
			t.Fatalf("span %v of %d bytes", s, len(data))
		}
	}
}
