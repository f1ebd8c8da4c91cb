package axml_test

import (
	"archive/zip"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence/axml"
)

// sharedAPKs returns the APKs below ../shared/corpus, or skips the test.
func sharedAPKs(t testing.TB) []string {
	t.Helper()
	root := filepath.Join("..", "..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/corpus is not here")
	}
	var out []string
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(p) == ".apk" {
			out = append(out, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func manifest(path string) []byte {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil
	}
	defer z.Close()
	f, err := z.Open("AndroidManifest.xml")
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 8<<20))
	if err != nil {
		return nil
	}
	return b
}

func TestParse_realManifestsNameTheirPackage(t *testing.T) {
	read := 0
	for _, p := range sharedAPKs(t) {
		b := manifest(p)
		if b == nil {
			continue
		}
		doc, err := axml.Parse(b)
		if err != nil {
			t.Logf("%s: %v", filepath.Base(p), err)
			continue
		}
		a := doc.Root.Attr("package")
		if doc.Root.Name != "manifest" || a == nil || a.Value() == "" {
			t.Logf("%s: root %q warnings %v", filepath.Base(p), doc.Root.Name, doc.Warnings)
			continue
		}
		read++
	}
	if read < 20 {
		t.Errorf("only %d manifests name their package", read)
	}
}

func TestParse_badBytes(t *testing.T) {
	for _, b := range [][]byte{nil, {1}, make([]byte, 100), {3, 0, 8, 0, 255, 255, 255, 255, 1, 0, 28, 0, 8, 0, 0, 0}} {
		if doc, err := axml.Parse(b); err == nil {
			t.Errorf("Parse(%x) = %+v", b, doc)
		}
	}
}

func FuzzParse(f *testing.F) {
	for i, p := range sharedAPKs(f) {
		if b := manifest(p); b != nil && len(b) < 20_000 && i < 20 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		doc, err := axml.Parse(b)
		if err == nil {
			for _, e := range doc.Root.All("meta-data") {
				if a := e.Attr("name"); a != nil {
					_ = a.Value()
				}
			}
		}
	})
}
