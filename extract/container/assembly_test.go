package container_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
)

// assembly is 3000 bytes "abcd..." as an LZ4 block: four literals, a match of all but
// the last five, and those.
func assembly() (packed, plain []byte) {
	plain = bytes.Repeat([]byte("abcd"), 750)
	packed = binary.LittleEndian.AppendUint32([]byte("XALZ\x07\x00\x00\x00"), 3000)
	packed = append(packed, 0x4F, 'a', 'b', 'c', 'd', 4, 0)
	const long = 3000 - 4 - 5 - 4 - 15
	packed = append(packed, bytes.Repeat([]byte{255}, long/255)...)
	packed = append(packed, long%255, 0x50)
	return append(packed, plain[2995:]...), plain
}

func TestOpen_assembliesOfDotNet(t *testing.T) {
	packed, plain := assembly()
	le := binary.LittleEndian
	store := []byte("XABA\x01\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00")
	store = le.AppendUint32(le.AppendUint32(store, 68), uint32(len(packed)))
	store = append(store, make([]byte, 16)...)
	store = le.AppendUint32(le.AppendUint32(store, 68+uint32(len(packed))), 9)
	store = append(append(append(store, make([]byte, 16)...), packed...), "MZ\x90\x00 dll"...)
	store = append(store, '!')
	a, err := container.Open(store, container.Limits{})
	if err != nil || len(a.Entries) != 2 || a.Entries[0].Name != "0.dll" {
		t.Fatalf("%v, %v", a, err)
	}
	var d container.Decoder
	first, err := d.Bytes(&a.Entries[0], nil)
	if err != nil || !bytes.Equal(first.Data, packed) {
		t.Fatalf("%d bytes, %v", len(first.Data), err)
	}
	if last, err := d.Bytes(&a.Entries[1], nil); err != nil || string(last.Data) != "MZ\x90\x00 dll!" {
		t.Errorf("%q, %v", last.Data, err)
	}
	inner, err := container.Open(first.Data, container.Limits{})
	if err != nil || !inner.Kind.Single() {
		t.Fatal(inner, err)
	}
	if c, err := d.Bytes(&inner.Entries[0], nil); err != nil || !bytes.Equal(c.Data, plain) {
		t.Errorf("%d bytes, %v", len(c.Data), err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"cut store", store[:15], container.ErrTruncated}, {"many", slices.Concat(store[:8], []byte{255, 255, 255, 255}, store[12:]), container.ErrTruncated},
		{"newer store", slices.Concat(store[:4], []byte{9, 0, 1, 0x80}, store[8:]), container.ErrUnsupported}, {"cut assembly", packed[:9], container.ErrTruncated},
	} {
		if _, err := container.Open(c.data, container.Limits{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	bomb := slices.Concat(packed[:8], []byte{255, 255, 255, 15}, packed[12:])
	if a, err = container.Open(bomb, container.Limits{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Bytes(&a.Entries[0], nil); !errors.Is(err, container.ErrMalformed) {
		t.Errorf("a size that is not true: %v", err)
	}
}

// TestOpen_assembliesInALibrary: stores of .NET 9 and 10 are a section of a library,
// as llvm-objcopy adds it (testdata/dotnet/gen.sh).
func TestOpen_assembliesInALibrary(t *testing.T) {
	want := map[string][]byte{
		"App.dll": append([]byte("MZ\x90\x00"), bytes.Repeat([]byte("an assembly "), 300)...), "Lib.dll": []byte("MZ\x90\x00"), "plain.dll": []byte("MZ\x90\x00plain"),
	}
	for range 9 {
		for c := range 256 {
			want["Lib.dll"] = append(want["Lib.dll"], byte(c))
		}
	}
	for _, name := range []string{"libassemblies_64.so", "libassemblies_32.so"} {
		data := testFile(t, "dotnet", name)
		if kind := container.Detect(data); kind != container.AssemblyStore {
			t.Fatalf("%s: %v", name, kind)
		}
		a, err := container.Open(data, container.Limits{})
		if err != nil || len(a.Entries) != len(want) || len(a.Between()) != 2 {
			t.Fatalf("%s: %v, %v", name, a, err)
		}
		var d container.Decoder
		for i := range a.Entries {
			c, err := d.Bytes(&a.Entries[i], nil)
			if err != nil {
				t.Fatal(err)
			}
			got := c.Data
			if inner, err := container.Open(got, container.Limits{}); err == nil {
				if c, err = d.Bytes(&inner.Entries[0], nil); err != nil {
					t.Error(err)
				}
				got = c.Data
			}
			if !bytes.Equal(got, want[a.Entries[i].Name]) {
				t.Errorf("%s: %s: %d bytes", name, a.Entries[i].Name, len(got))
			}
		}
		for n := range data {
			if a, err := container.Open(data[:n], container.Limits{}); err == nil {
				for i := range a.Entries {
					_, _ = d.Bytes(&a.Entries[i], nil) // no panic
				}
			}
		}
	}
}

func FuzzOpen_assemblies(f *testing.F) {
	for _, name := range []string{"libassemblies_64.so", "libassemblies_32.so"} {
		data := testFile(f, "dotnet", name)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) { exercise(t, data, 1) })
}
