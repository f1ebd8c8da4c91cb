package hdf5_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/graph/format/internal/hdf5"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// child follows names from the root.
func child(t *testing.T, f *hdf5.File, names ...string) *hdf5.Object {
	t.Helper()
	o, err := f.Root()
	for _, n := range names {
		if err != nil {
			t.Fatal(err)
		}
		if o, err = o.Child(n); o == nil && err == nil {
			t.Fatalf("no member %q", n)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestFile_bothFormsOfTheFormat(t *testing.T) {
	for _, name := range []string{"old.h5", "new.h5"} {
		t.Run(name, func(t *testing.T) {
			f, err := hdf5.Open(read(t, name))
			if err != nil {
				t.Fatal(err)
			}
			for attr, want := range map[string][]string{"text": {"variable-length text: äöü"}, "fixed": {"one", "two", "three"}, "many": {"a", "bb", "ccc"}} {
				a, ok := child(t, f).Attr(attr)
				got, err := a.Strings(1 << 20)
				if !ok || err != nil || !slices.Equal(got, want) {
					t.Errorf("%s = %q (%v), want %q", attr, got, err, want)
				}
			}
			d := child(t, f, "weights", "layer_2", "kernel:0").Dataset
			if d == nil || !slices.Equal(d.Shape, []int64{2, 3}) || d.Type.Class != hdf5.Float || d.Type.Size != 4 || len(d.Data) != 24 || d.Data[3] != 0x40 {
				t.Errorf("kernel %+v", d)
			}
			if d := child(t, f, "weights", "packed").Dataset; !d.Chunked || d.Data != nil || !slices.Equal(d.Shape, []int64{100}) || !d.Type.Signed {
				t.Errorf("packed %+v", d)
			}
			if d := child(t, f, "weights", "scalar").Dataset; len(d.Shape) != 0 || len(d.Data) != 8 {
				t.Errorf("scalar %+v", d)
			}
			if d := child(t, f, "weights", "never").Dataset; d.Data != nil || d.StoredBytes != -1 {
				t.Errorf("never written %+v", d)
			}
			if d := child(t, f, "weights", "flags").Dataset; d.Type.Class != hdf5.Enum {
				t.Errorf("flags %+v", d)
			}
		})
	}
}

// walk visits everything; it must end whatever the bytes say.
func walk(f *hdf5.File, o *hdf5.Object, left *int) {
	for _, a := range o.Attrs {
		_, _ = a.Strings(1 << 16)
	}
	for _, l := range o.Links {
		if *left--; *left < 0 {
			return
		}
		if c, err := o.Open(l); err == nil {
			walk(f, c, left)
		}
	}
}

func try(data []byte) error {
	f, err := hdf5.Open(data)
	if err != nil {
		return err
	}
	root, err := f.Root()
	if err != nil {
		return err
	}
	left := 2000
	walk(f, root, &left)
	return nil
}

func TestFile_damagedFilesNeverPanic(t *testing.T) {
	for _, name := range []string{"old.h5", "new.h5"} {
		data := read(t, name)
		for n := 0; n < len(data); n += 13 {
			var e *hdf5.Error
			if err := try(data[:n]); err != nil && !errors.As(err, &e) {
				t.Fatalf("cut at %d: %v", n, err)
			}
		}
		for i := 0; i < len(data); i += 3 {
			bad := slices.Clone(data)
			bad[i] ^= 0xff
			_ = try(bad)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(read(f, "old.h5"))
	f.Add(read(f, "new.h5"))
	f.Fuzz(func(t *testing.T, data []byte) { _ = try(data) })
}
