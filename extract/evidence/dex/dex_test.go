package dex_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"runtime"
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

// TestArguments_hostileCodeIsBounded: code that would take minutes or gigabytes to
// follow gives unknown values.
func TestArguments_hostileCodeIsBounded(t *testing.T) {
	const at = 0x70 // of the code item, behind the header
	le := binary.LittleEndian
	item := func(registers, tries uint16, units []uint16) []byte {
		b := append([]byte("dex\n035\x00"), make([]byte, at-8)...)
		le.PutUint32(b[0x28:], 0x12345678) // byte order
		b = le.AppendUint16(b, registers)
		b = append(b, 0, 0, 0, 0)
		b = le.AppendUint16(b, tries)
		b = le.AppendUint32(b, 0)
		b = le.AppendUint32(b, uint32(len(units)))
		for _, u := range units {
			b = le.AppendUint16(b, u)
		}
		return b
	}

	// Switches that share a table of jumps to wherever code is.
	const switches, cases = 5000, 8000
	units := []uint16{0x67, 0} // sput v0
	for i := range switches {
		units = append(units, 0x2b, uint16(3*(switches-i)), 0)
	}
	units = append(units, 0x100, cases, 0, 0)
	for i := range cases {
		units = append(units, uint16(i), 0)
	}

	// Lists of handlers with 8192 each, of one byte a number.
	handlers := append(item(1, 1, []uint16{0x67, 0}), make([]byte, 8)...)
	handlers = append(handlers, 0x80, 0x80, 0x02) // lists
	for range 1 << 10 {
		handlers = append(handlers, 0x80, 0xc0, 0x00) // sleb128 of 8192
		handlers = append(handlers, make([]byte, 2<<13)...)
	}

	for name, b := range map[string][]byte{"switches": item(16, 0, units), "handlers": handlers} {
		d, err := dex.Open(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got := d.Arguments(dex.Ref{Kind: dex.WriteField, Code: at, Offset: at + 16})
		runtime.ReadMemStats(&after)
		if got != nil {
			t.Errorf("%s: %v, want nothing", name, got)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 64<<20 {
			t.Errorf("%s: %d bytes allocated, want less than 64 MiB", name, n)
		}
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
