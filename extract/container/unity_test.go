package container_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/gaugenn/gaugenn/extract/extracttest"
	"github.com/google/go-cmp/cmp"
)

// digests opens data and returns the digests of all entries by name.
func digests(t testing.TB, data []byte) map[string]string {
	t.Helper()
	a, err := container.Open(data, container.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	var d container.Decoder
	for i := range a.Entries {
		e := &a.Entries[i]
		c, err := d.Bytes(e, nil)
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
		if e.Size != int64(len(c.Data)) || e.Note != "" {
			t.Errorf("%s: %d bytes, declared %d (%s)", e.Name, len(c.Data), e.Size, e.Note)
		}
		head := make([]byte, 700)
		n, err := d.Peek(e, head)
		if want := c.Data[:min(len(c.Data), len(head))]; err != nil || !bytes.Equal(head[:n], want) {
			t.Errorf("%s: Peek gives %d bytes, %v; want the first %d", e.Name, n, err, len(want))
		}
		sum := sha256.Sum256(c.Data)
		got[e.Name] = hex.EncodeToString(sum[:])
	}
	return got
}

func TestOpen_unityFilesAsUnityPyReadsThem(t *testing.T) {
	for name, want := range truthOf(t, "unity") {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, digests(t, testFile(t, "unity", name))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestOpen_unityBundleBehindAHeader(t *testing.T) {
	want := truthOf(t, "unity")
	for _, name := range []string{"v7_lz4_padded.bundle", "v8_none_padded.bundle", "v6_lz4_at_end.bundle"} {
		data := slices.Concat([]byte("MYGAME\x01\x02 a header of 29 bytes"), testFile(t, "unity", name), []byte("and more"))
		if kind := container.Detect(data); kind != container.UnityBundle {
			t.Fatalf("%s: Detect = %v", name, kind)
		}
		if diff := cmp.Diff(want[name], digests(t, data)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		a, _ := container.Open(data, container.Limits{})
		if diff := cmp.Diff([]container.Span{{From: 0, To: 29}, {From: int64(len(data)) - 8, To: int64(len(data))}}, a.Between()); diff != "" {
			t.Errorf("%s: places outside: %s", name, diff)
		}
	}
}

// TestOpen_unityAssetsCoverTheFile: entries and gaps are the file, none twice.
func TestOpen_unityAssetsCoverTheFile(t *testing.T) {
	for name := range truthOf(t, "unity") {
		if filepath.Ext(name) != ".assets" {
			continue
		}
		data := testFile(t, "unity", name)
		a, err := container.Open(data, container.Limits{})
		if err != nil || a.Kind != container.UnityAssets {
			t.Fatalf("%s: %v, %v", name, a, err)
		}
		spans := slices.Clone(a.Gaps)
		for i := range a.Entries {
			spans = append(spans, container.Span{From: a.Entries[i].Offset, To: a.Entries[i].Offset + a.Entries[i].Size})
		}
		slices.SortFunc(spans, func(x, y container.Span) int { return int(x.From - y.From) })
		end := int64(0)
		for _, s := range spans {
			if s.From != end {
				t.Errorf("%s: %d to %d is in no span or in two", name, end, s.From)
			}
			end = s.To
		}
		if end != int64(len(data)) {
			t.Errorf("%s: spans end at %d of %d", name, end, len(data))
		}
	}
}

// TestOpen_unityTruncated: what is left of a cut bundle is read, and the rest is an
// error that says so.
func TestOpen_unityTruncated(t *testing.T) {
	for name := range truthOf(t, "unity") {
		data := testFile(t, "unity", name)
		for _, n := range []int{0, 7, 8, 20, 47, 60, len(data) / 2, len(data) - 1} {
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
				c, err := d.Bytes(&a.Entries[i], nil)
				if err == nil {
					continue
				}
				failed++
				if !errors.Is(err, container.ErrTruncated) && !errors.Is(err, container.ErrMalformed) {
					t.Errorf("%s cut at %d: %s: %v", name, n, a.Entries[i].Name, err)
				}
				if int64(len(c.Data)) >= a.Entries[i].Size {
					t.Errorf("%s cut at %d: %s: whole in spite of %v", name, n, a.Entries[i].Name, err)
				}
			}
			if failed == 0 {
				t.Errorf("%s cut at %d: nothing is missing", name, n)
			}
		}
	}
}

// bundleOf writes a bundle of version 6 with a plain table.
func bundleOf(flags uint32, blocks [][3]uint32, nodes [][2]uint64, content []byte) []byte {
	table := make([]byte, 16)
	be := binary.BigEndian
	table = be.AppendUint32(table, uint32(len(blocks)))
	for _, b := range blocks {
		table = be.AppendUint16(be.AppendUint32(be.AppendUint32(table, b[0]), b[1]), uint16(b[2]))
	}
	table = be.AppendUint32(table, uint32(len(nodes)))
	for i, n := range nodes {
		table = be.AppendUint32(be.AppendUint64(be.AppendUint64(table, n[0]), n[1]), 0)
		table = append(table, 'a'+byte(i%26), 0)
	}
	out := be.AppendUint32([]byte("UnityFS\x00"), 6)
	out = append(out, "5.x.x\x002018.4.36f1\x00"...)
	size := len(out) + 20 + len(table) + len(content)
	out = be.AppendUint64(out, uint64(size))
	for _, v := range []uint32{uint32(len(table)), uint32(len(table)), flags} {
		out = be.AppendUint32(out, v)
	}
	return slices.Concat(out, table, content)
}

func TestOpen_unityHostileTables(t *testing.T) {
	zeros := make([]byte, 64)
	for _, c := range []struct {
		name string
		data []byte
		want map[string]error // by entry
	}{
		{"overlapping nodes", bundleOf(0x40, [][3]uint32{{64, 64, 0}}, [][2]uint64{{0, 40}, {20, 40}, {40, 24}}, zeros),
			map[string]error{"a": nil, "b": container.ErrMalformed, "c": nil}},
		{"nodes outside", bundleOf(0x40, [][3]uint32{{64, 64, 0}}, [][2]uint64{{1 << 63, 4}, {0, 1 << 62}, {65, 0}, {60, 5}, {60, 4}}, zeros),
			map[string]error{"a": container.ErrMalformed, "b": container.ErrMalformed, "c": container.ErrMalformed, "d": container.ErrMalformed, "e": nil}},
		{"LZ4 that claims too much", bundleOf(0x40, [][3]uint32{{1 << 29, 64, 2}}, [][2]uint64{{0, 1 << 29}}, zeros),
			map[string]error{"a": container.ErrMalformed}},
		{"LZMA that claims too much", bundleOf(0x40, [][3]uint32{{1 << 31, 64, 1}}, [][2]uint64{{0, 16}}, zeros),
			map[string]error{"a": container.ErrLimit}},
		{"unknown compression", bundleOf(0x40, [][3]uint32{{64, 64, 4}}, [][2]uint64{{0, 64}}, zeros),
			map[string]error{"a": container.ErrUnsupported}},
		{"encrypted block", bundleOf(0x40, [][3]uint32{{64, 64, 0x102}}, [][2]uint64{{0, 64}}, zeros),
			map[string]error{"a": container.ErrEncrypted}},
		{"blocks beyond the file", bundleOf(0x40, [][3]uint32{{64, 64, 0}, {64, 64, 2}}, [][2]uint64{{0, 64}, {64, 64}}, zeros),
			map[string]error{"a": nil, "b": container.ErrTruncated}},
		{"empty blocks", bundleOf(0x40, [][3]uint32{{0, 0, 2}, {64, 64, 0}, {0, 0, 1}}, [][2]uint64{{0, 64}, {64, 0}}, zeros),
			map[string]error{"a": nil, "b": nil}},
	} {
		a, err := container.Open(c.data, container.Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got := map[string]error{}
		var d container.Decoder
		for i := range a.Entries {
			_, err := d.Bytes(&a.Entries[i], nil)
			got[a.Entries[i].Name] = err
			if want := c.want[a.Entries[i].Name]; !errors.Is(err, want) {
				t.Errorf("%s: %s: %v, want %v", c.name, a.Entries[i].Name, err, want)
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: entries %v", c.name, slices.Sorted(maps.Keys(got)))
		}
	}
}

func TestOpen_unityBundlesThatAreRefused(t *testing.T) {
	plain := bundleOf(0x40, nil, nil, nil)
	counts := bytes.Clone(plain)
	binary.BigEndian.PutUint32(counts[len(counts)-8:], 0xFFFFFFFF)
	huge := bytes.Clone(plain)
	at := bytes.Index(huge, []byte("f1\x00")) + 3 + 8
	binary.BigEndian.PutUint32(huge[at+4:], 1<<31)
	// The key's check of an encrypted bundle stands where the table would be.
	sealed := bytes.Clone(plain)
	binary.BigEndian.PutUint32(sealed[at+8:], 0x243)
	version := bytes.Clone(plain)
	version[11] = 3
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"more blocks than bytes", counts, container.ErrMalformed},
		{"a table of 2 GiB", huge, container.ErrLimit},
		{"encrypted", sealed, container.ErrEncrypted},
		{"version 3", version, container.ErrUnsupported},
		{"signature alone", []byte("UnityFS\x00"), container.ErrTruncated},
	} {
		if _, err := container.Open(c.data, container.Limits{}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

// TestDecoder_unityBlocksAreNotUnpackedForever: a block that thousands of nodes ask
// for is unpacked as often as reading in order needs, not once a node.
func TestDecoder_unityBlocksAreNotUnpackedForever(t *testing.T) {
	// Two blocks of half a megabyte, LZ4: a literal zero, a long match, five literals.
	packed := append([]byte{0x1F, 0, 1, 0}, bytes.Repeat([]byte{255}, 2100)...)
	packed = append(packed, 10, 0x50, 0, 0, 0, 0, 0)
	size := uint32(1 + 4 + 15 + 2100*255 + 10 + 5)
	data := bundleOf(0x40, [][3]uint32{{size, uint32(len(packed)), 2}, {size, uint32(len(packed)), 2}},
		[][2]uint64{{0, 100}, {uint64(size), 100}}, slices.Concat(packed, packed))
	a, err := container.Open(data, container.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var d container.Decoder
	var unpacked int64
	for k := range 100_000 {
		var c container.Content
		c, err = d.Bytes(&a.Entries[k%2], nil)
		unpacked += c.Unpacked
		if err != nil {
			break
		}
	}
	if !errors.Is(err, container.ErrLimit) {
		t.Errorf("reading to and fro ends with %v, want a limit", err)
	}
	if most := int64(8*size) + 65<<20; unpacked > most {
		t.Errorf("%d bytes unpacked, want at most %d", unpacked, most)
	}
}

// TestOpen_unityAssetsNamesAreNotMultiplied: objects that are one and the same would be
// a bomb of names.
func TestOpen_unityAssetsNamesAreNotMultiplied(t *testing.T) {
	const objects = 1000
	list := make([]extracttest.UnityObject, objects)
	for i := range list {
		list[i] = extracttest.UnityObject{Class: 49, Content: make([]byte, 16)}
	}
	list[0].Name = strings.Repeat("n", 1<<20)
	data := extracttest.UnityAssets(list...)
	le := binary.LittleEndian
	table := 48 + len("2021.3.45f1\x00") + 5 + 4 + 23*objects + 4
	table = (table + 3) &^ 3
	for i := range objects {
		copy(data[table+24*i+8:][:12], data[table+8:][:12]) // where it is and its size
	}
	if size := le.Uint32(data[table+16:]); size < 1<<20 {
		t.Fatalf("first object has %d bytes", size)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a, err := container.Open(data, container.Limits{})
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err != nil || len(a.Entries) != 1 || used > 16<<20 {
		t.Errorf("%v, %d bytes allocated", err, used)
	}
}

func FuzzOpen_unity(f *testing.F) {
	for name := range truthOf(f, "unity") {
		if data := testFile(f, "unity", name); len(data) < 30_000 {
			f.Add(data)
		}
	}
	f.Add(bundleOf(0x40, [][3]uint32{{64, 64, 0}, {64, 6, 2}}, [][2]uint64{{0, 40}, {20, 40}, {40, 64}}, make([]byte, 70)))
	f.Fuzz(func(t *testing.T, data []byte) { exercise(t, data, 1) })
}
