package container_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/google/go-cmp/cmp"
)

// TestOpen_packsOfEngines: entries that can be read are those of the truth; others say
// why not.
func TestOpen_packsOfEngines(t *testing.T) {
	unreadable := map[string]map[string]error{
		"v8_sealed.pak":  {"Game/Content/NNE/net.bin": container.ErrEncrypted},
		"v11_sealed.pak": {"Game/Content/NNE/net.bin": container.ErrEncrypted},
		"v11_oodle.pak":  {"Game/Content/NNE/net.bin": container.ErrUnsupported, "Game/Content/NNE/small.onnx": container.ErrUnsupported, "Game/Content/Config/a.ini": container.ErrUnsupported},
		"v2_sealed.pck":  {"models/net.onnx": container.ErrEncrypted},
	}
	for name, want := range truthOf(t, "packs") {
		a, err := container.Open(testFile(t, "packs", name), container.Limits{})
		if name == "v11_index.pak" || name == "v2_directory.pck" {
			if !errors.Is(err, container.ErrEncrypted) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := map[string]string{}
		var d container.Decoder
		for i := range a.Entries {
			e := &a.Entries[i]
			c, err := d.Bytes(e, nil)
			if want := unreadable[name][e.Name]; !errors.Is(err, want) || err != nil && want == nil {
				t.Errorf("%s: %s: %v, want %v", name, e.Name, err, want)
			}
			if err != nil {
				continue
			}
			head := make([]byte, 600)
			if n, err := d.Peek(e, head); err != nil || !bytes.Equal(head[:n], c.Data[:min(len(c.Data), 600)]) {
				t.Errorf("%s: %s: Peek gives %d bytes, %v", name, e.Name, n, err)
			}
			sum := sha256.Sum256(c.Data)
			got[e.Name] = hex.EncodeToString(sum[:])
		}
		if diff := cmp.Diff(want, got); diff != "" || len(a.Entries) != len(want)+len(unreadable[name]) {
			t.Errorf("%s: %d entries: %s", name, len(a.Entries), diff)
		}
	}
}

// TestOpen_packsTruncated: a pack whose directory is behind the cut is none that can be
// told or an error; the files of others end early.
func TestOpen_packsTruncated(t *testing.T) {
	for _, name := range []string{"v1.pck", "v2.pck", "v3.pck", "v3.pak", "v11.pak"} {
		data := testFile(t, "packs", name)
		for _, n := range []int{3, 8, 30, 100, 300, len(data) / 2, len(data) - 20} {
			a, err := container.Open(data[:n], container.Limits{})
			if err != nil {
				if !errors.Is(err, container.ErrTruncated) && !errors.Is(err, container.ErrUnsupported) {
					t.Errorf("%s cut at %d: %v", name, n, err)
				}
				continue
			}
			failed := 0
			var d container.Decoder
			for i := range a.Entries {
				if _, err := d.Bytes(&a.Entries[i], nil); err != nil {
					failed++
				}
			}
			if failed == 0 && !a.Repaired {
				t.Errorf("%s cut at %d: %d entries and nothing is missing", name, n, len(a.Entries))
			}
		}
	}
}

func TestOpen_hostilePacks(t *testing.T) {
	le := binary.LittleEndian
	pck := testFile(t, "packs", "v1.pck")
	same := bytes.Clone(pck)
	second := bytes.Index(same, []byte("res://icon.bin"))
	copy(same[second+16:], same[bytes.Index(same, []byte("res://models/net.onnx"))+24:][:8]) // its offset is the first one's
	many := bytes.Clone(pck)
	le.PutUint32(many[84:], 0xFFFFFFFF)
	pak := testFile(t, "packs", "v8.pak")
	foot := len(pak) - 204
	index := int(le.Uint64(pak[foot+8:]))
	lots := bytes.Clone(pak)
	le.PutUint32(lots[index+4+23:], 0xFFFFFFFF)
	beyond := bytes.Clone(pak)
	le.PutUint64(beyond[foot+8:], 1<<62)
	mount := func(n int) []byte {
		index := append(append(le.AppendUint32(nil, uint32(n)), bytes.Repeat([]byte("m"), n)...), 0, 0, 0, 0)
		tail := bytes.Clone(pak[foot:])
		le.PutUint64(tail[8:], 0)
		le.PutUint64(tail[16:], uint64(len(index)))
		return slices.Concat(index, []byte{0}, tail)
	}
	for _, c := range []struct {
		name string
		data []byte
		want error // of the archive, or else of one entry
	}{
		{"two files in one place", same, container.ErrMalformed},
		{"four billion files", many, container.ErrTruncated},
		{"four billion entries", lots, container.ErrMalformed},
		{"index far behind", beyond, container.ErrTruncated},
		{"mount point of a megabyte", mount(1 << 20), container.ErrLimit},
	} {
		a, err := container.Open(c.data, container.Limits{})
		if err != nil {
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
			continue
		}
		var d container.Decoder
		if !slices.ContainsFunc(a.Entries, func(e container.Entry) bool { _, err := d.Bytes(&e, nil); return errors.Is(err, c.want) }) {
			t.Errorf("%s: no entry is %v", c.name, c.want)
		}
	}
}

// TestOpen_pakRecordsUsedTwiceAreNotMultiplied: paths that share one packed record of
// many blocks would be a bomb of lists.
func TestOpen_pakRecordsUsedTwiceAreNotMultiplied(t *testing.T) {
	le := binary.LittleEndian
	text := func(b []byte, s string) []byte { return append(append(le.AppendUint32(b, uint32(len(s)+1)), s...), 0) }
	const blocks = 0xFFFF
	rec := le.AppendUint32(nil, 1|blocks<<6|1<<23|1<<29|1<<30|1<<31)
	rec = le.AppendUint32(le.AppendUint32(le.AppendUint32(rec, 0), 2048*blocks), blocks)
	for range blocks {
		rec = le.AppendUint32(rec, 1)
	}
	dirs := text(le.AppendUint32(nil, 1), "/")
	dirs = le.AppendUint32(dirs, 5000)
	for range 5000 {
		dirs = le.AppendUint32(text(dirs, "x"), 0)
	}
	index := text(nil, "../../../")
	index = le.AppendUint32(le.AppendUint64(le.AppendUint32(index, 5000), 0), 0)
	index = le.AppendUint64(le.AppendUint64(le.AppendUint32(index, 1), 0), uint64(len(dirs)))
	index = append(le.AppendUint32(append(index, make([]byte, 20)...), uint32(len(rec))), rec...)
	index = le.AppendUint32(index, 0)
	data := slices.Concat(dirs, index, make([]byte, 17))
	data = le.AppendUint32(le.AppendUint32(data, 0x5A6F12E1), 11)
	data = le.AppendUint64(le.AppendUint64(data, uint64(len(dirs))), uint64(len(index)))
	data = append(data, make([]byte, 20)...)
	data = append(append(data, "Zlib"...), make([]byte, 156)...)
	var a *container.Archive
	used := testing.AllocsPerRun(1, func() {
		var err error
		if a, err = container.Open(data, container.Limits{}); err != nil {
			t.Fatal(err)
		}
	})
	if len(a.Entries) != 5000 || used > 100_000 {
		t.Errorf("%d entries, %.0f allocations", len(a.Entries), used)
	}
	var d container.Decoder
	for i := 2; i < 5000; i++ {
		if _, err := d.Bytes(&a.Entries[i], nil); !errors.Is(err, container.ErrMalformed) {
			t.Fatalf("entry %d: %v", i, err)
		}
	}
}

// TestOpen_pakSizesDoNotWrap: sizes that together pass the range of a number put an
// entry before the first block.
func TestOpen_pakSizesDoNotWrap(t *testing.T) {
	le := binary.LittleEndian
	text := func(b []byte, s string) []byte { return append(append(le.AppendUint32(b, uint32(len(s)+1)), s...), 0) }
	const each = 73 + 8 // a record with one block, and 8 bytes
	sizes := []uint64{1 << 62, 1 << 62, 10}
	index := le.AppendUint32(text(nil, "../../../"), uint32(len(sizes)))
	for i, full := range sizes {
		index = le.AppendUint64(le.AppendUint64(le.AppendUint64(text(index, "x"), uint64(i*each)), 8), full)
		index = append(le.AppendUint32(index, 1), make([]byte, 20)...)
		index = le.AppendUint64(le.AppendUint64(le.AppendUint32(index, 1), each-8), each)
		index = le.AppendUint32(append(index, 0), 1<<16)
	}
	data := slices.Concat(make([]byte, each*len(sizes)), index, make([]byte, 17))
	data = le.AppendUint32(le.AppendUint32(data, 0x5A6F12E1), 8)
	data = le.AppendUint64(le.AppendUint64(data, uint64(each*len(sizes))), uint64(len(index)))
	data = append(data, make([]byte, 20)...)
	data = append(append(data, "Zlib"...), make([]byte, 156)...)
	a, err := container.Open(data, container.Limits{})
	if err != nil || len(a.Entries) != len(sizes) {
		t.Fatalf("%v, %v", a, err)
	}
	var d container.Decoder
	for i := range a.Entries {
		if _, err := d.Bytes(&a.Entries[i], nil); !errors.Is(err, container.ErrMalformed) {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

func FuzzOpen_packs(f *testing.F) {
	for name := range truthOf(f, "packs") {
		if data := testFile(f, "packs", name); len(data) < 30_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { exercise(t, data, 1) })
}
