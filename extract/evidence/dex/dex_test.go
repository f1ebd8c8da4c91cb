package dex_test

import (
	"archive/zip"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/gaugenn/gaugenn/extract/evidence/dex"
)

func realDex(t testing.TB) map[string][]byte {
	t.Helper()
	root := filepath.Join("..", "..", "..", "..", "shared", "corpus")
	if _, err := os.Stat(root); err != nil {
		t.Skip("../shared/corpus is not here")
	}
	out := map[string][]byte{}
	err := filepath.WalkDir(root, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(p) != ".apk" {
			return err
		}
		z, zerr := zip.OpenReader(p)
		if zerr != nil {
			return nil
		}
		defer z.Close()
		f, zerr := z.Open("classes.dex")
		if zerr != nil {
			return nil
		}
		defer f.Close()
		if b, zerr := io.ReadAll(f); zerr == nil {
			out[filepath.Base(p)] = b
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestWalk_realAppsCallOnlyMethodsThatExist(t *testing.T) {
	apps, invokes, onCreate := 0, 0, 0
	for name, b := range realDex(t) {
		f, err := dex.Open(b)
		if err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		apps++
		f.Walk(func(r dex.Ref) bool {
			switch r.Kind {
			case dex.Invoke:
				invokes++
				class, n, ok := f.Method(r.Index)
				if !ok || len(f.Type(class)) == 0 {
					t.Errorf("%s: offset %d invokes method %d of %d", name, r.Offset, r.Index, f.Methods())
					return false
				}
				if bytes.Equal(f.String(n), []byte("onCreate")) {
					onCreate++
				}
			case dex.LoadString:
				if int(r.Index) >= f.Strings() {
					t.Errorf("%s: offset %d loads string %d of %d", name, r.Offset, r.Index, f.Strings())
					return false
				}
			}
			return true
		})
	}
	if apps < 10 || invokes < 10_000 || onCreate < 10 {
		t.Errorf("%d apps, %d invocations, %d of onCreate", apps, invokes, onCreate)
	}
}

func TestOpen_cutTablesAreNoted(t *testing.T) {
	for name, b := range realDex(t) {
		f, err := dex.Open(b[:len(b)/2])
		if err != nil || len(f.Warnings) == 0 && f.Strings() == 0 {
			t.Errorf("%s: half a file: %v", name, err)
		}
		f.Walk(func(dex.Ref) bool { return true })
		break
	}
}

func FuzzWalk(f *testing.F) {
	for _, b := range realDex(f) {
		if len(b) < 30_000 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := dex.Open(b)
		if err != nil {
			return
		}
		for i := range min(d.Types(), 100) {
			d.Type(uint32(i))
		}
		n := 0
		d.Walk(func(dex.Ref) bool { n++; return n < 10_000 })
	})
}

// FuzzArguments follows the constants of every call and field that code names.
func FuzzArguments(f *testing.F) {
	b, err := os.ReadFile(filepath.Join("..", "testdata", "calls", "app.dex"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := dex.Open(b)
		if err != nil {
			return
		}
		n := 0
		d.Walk(func(r dex.Ref) bool {
			if r.Kind == dex.Invoke || r.Kind == dex.WriteField {
				d.Arguments(r)
				d.Shorty(r.Index)
				d.StringAt(r.Offset)
				n++
			}
			return n < 100
		})
	})
}

func BenchmarkWalk(b *testing.B) {
	var big []byte
	for _, d := range realDex(b) {
		if len(d) > len(big) {
			big = d
		}
	}
	b.SetBytes(int64(len(big)))
	for b.Loop() {
		f, err := dex.Open(big)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		f.Walk(func(dex.Ref) bool { n++; return true })
	}
}
