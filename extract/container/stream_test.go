package container_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// written returns data as it comes out of a compressor.
func written(tb testing.TB, data []byte, open func(io.Writer) (io.WriteCloser, error)) []byte {
	tb.Helper()
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(tb testing.TB, name string, data []byte) []byte {
	tb.Helper()
	return written(tb, data, func(to io.Writer) (io.WriteCloser, error) {
		w := gzip.NewWriter(to)
		w.Name = name
		return w, nil
	})
}

func xzed(tb testing.TB, data []byte) []byte {
	tb.Helper()
	return written(tb, data, func(to io.Writer) (io.WriteCloser, error) { return xz.NewWriter(to) })
}

func zlibbed(tb testing.TB, data []byte) []byte {
	tb.Helper()
	return written(tb, data, func(to io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(to), nil })
}

func lzmaed(tb testing.TB, data []byte) []byte {
	tb.Helper()
	return written(tb, data, func(to io.Writer) (io.WriteCloser, error) { return lzma.NewWriter(to) })
}

func zstded(tb testing.TB, data []byte) []byte {
	tb.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// bzipped is "hello hello hello\n" three times, compressed by bzip2 1.0.8.
func bzipped(tb testing.TB) []byte {
	tb.Helper()
	data, err := base64.StdEncoding.DecodeString(bzipFixture)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func tarred(tb testing.TB, files map[string][]byte, order ...string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range order {
		h := &tar.Header{Name: name, Size: int64(len(files[name])), Mode: 0o644}
		if err := w.WriteHeader(h); err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(files[name]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func fixture(tb testing.TB, text string) []byte {
	tb.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// numbered is the content of the LZ4 fixtures, which the lz4 tool 1.9 made of it with
// the options -B4 -BX, -B4 -BD and -l; it is more than one block of 64 KiB.
func numbered() []byte {
	var b bytes.Buffer
	for range 3000 {
		b.WriteString("0123456789 abcdefghijklmnop\n")
	}
	return b.Bytes()
}

// LZ4 data that is cut or lies is an error, whatever it says, and stays in its limits.
func TestDecoder_lz4ThatLies(t *testing.T) {
	good := fixture(t, lz4LinkedFixture)
	for i := range good {
		for _, bad := range [][]byte{good[:i], flipped(good, i, 0xFF), flipped(good, i, 0x80), flipped(good, i, 1)} {
			a, err := container.Open(bad, container.Limits{EntryBytes: 1 << 20})
			if err != nil || a.Kind != container.LZ4 {
				continue
			}
			var d container.Decoder
			c, err := d.Bytes(&a.Entries[0], nil)
			if len(c.Data) > 1<<20 || err == nil && len(bad) < len(good)-8 {
				t.Errorf("byte %d of %d: %d bytes, %v", i, len(bad), len(c.Data), err)
			}
		}
	}
}

func flipped(b []byte, at int, mask byte) []byte {
	b = bytes.Clone(b)
	b[at] ^= mask
	return b
}

func TestOpen_singleStreams(t *testing.T) {
	hello := []byte(strings.Repeat("hello hello hello\n", 3))
	long := []byte(strings.Repeat("the quick brown fox, 0123456789; ", 40))
	for i := range long {
		long[i] ^= byte(i * i >> 7) // so that it takes more than a few bytes
	}
	lines := numbered()
	cases := []struct {
		kind container.Kind
		data []byte
		want []byte
		name string
	}{
		{container.Gzip, gzipped(t, "inner.bin", alpha), alpha, "inner.bin"},
		{container.Gzip, append(gzipped(t, "", alpha), gzipped(t, "", beta)...), append(bytes.Clone(alpha), beta...), ""},
		{container.Gzip, append(gzipped(t, "", alpha), "padding"...), alpha, ""},
		{container.XZ, xzed(t, alpha), alpha, ""},
		{container.Zstd, zstded(t, alpha), alpha, ""},
		{container.Bzip2, bzipped(t), hello, ""},
		{container.XZ, append(xzed(t, alpha), make([]byte, 8)...), alpha, ""},
		{container.Zlib, zlibbed(t, long), long, ""},
		{container.Zlib, append(zlibbed(t, long), "padding"...), long, ""},
		{container.LZMA, lzmaed(t, long), long, ""},
		{container.LZ4, fixture(t, lz4Fixture), lines, ""},
		{container.LZ4, fixture(t, lz4LinkedFixture), lines, ""},
		{container.LZ4, fixture(t, lz4LegacyFixture), lines, ""},
	}
	for _, c := range cases {
		a := open(t, c.data)
		if a.Kind != c.kind || !a.Kind.Single() || len(a.Entries) != 1 || a.Entries[0].Name != c.name {
			t.Fatalf("%s: got %s, entries %+v", c.kind, a.Kind, a.Entries)
		}
		checkEntries(t, a, map[string][]byte{c.name: c.want})
		_, err := container.Open(c.data, container.Limits{EntryBytes: 5})
		if err != nil {
			t.Fatalf("%s: %v", c.kind, err)
		}
	}
}

func TestDecoder_streamsKeepTheirLimits(t *testing.T) {
	zeros := make([]byte, 1<<20)
	for _, data := range [][]byte{gzipped(t, "", zeros), xzed(t, zeros), zstded(t, zeros)} {
		a, err := container.Open(data, container.Limits{EntryBytes: 1000})
		if err != nil {
			t.Fatal(err)
		}
		var d container.Decoder
		c, err := d.Bytes(&a.Entries[0], nil)
		if !errors.Is(err, container.ErrLimit) || len(c.Data) > 2000 {
			t.Errorf("%s: %d bytes, err %v; want ErrLimit", a.Kind, len(c.Data), err)
		}
	}
}

func TestDecoder_cutStreamsAreTruncated(t *testing.T) {
	for _, data := range [][]byte{gzipped(t, "", alpha), xzed(t, alpha), zstded(t, alpha), bzipped(t)} {
		for cut := 20; cut < len(data)-1; cut += 7 {
			a, err := container.Open(data[:cut], container.Limits{})
			if err != nil {
				continue
			}
			var d container.Decoder
			c, err := d.Bytes(&a.Entries[0], nil)
			if err == nil {
				t.Fatalf("%s cut at %d of %d: %d bytes without error", a.Kind, cut, len(data), len(c.Data))
			}
		}
	}
}

func TestOpen_xzDictionaryIsChecked(t *testing.T) {
	data := xzed(t, alpha)
	i := bytes.Index(data, []byte{0x21, 0x01})
	data[i+2] = 40 // 4 GiB
	a := open(t, data)
	var d container.Decoder
	if _, err := d.Bytes(&a.Entries[0], nil); !errors.Is(err, container.ErrLimit) {
		t.Errorf("err %v, want ErrLimit", err)
	}
}

func TestOpen_tar(t *testing.T) {
	files := map[string][]byte{"x/a": alpha, "b": beta, "../c": {}}
	data := tarred(t, files, "x/a", "b", "../c")
	a := open(t, data)
	checkEntries(t, a, files)
	if !a.Entries[0].Stored() || a.Entries[2].Note == "" {
		t.Errorf("entries %+v", a.Entries)
	}
	cut := open(t, data[:512+len(alpha)+700])
	if len(cut.Entries) == 0 || !cut.Repaired {
		t.Errorf("cut archive: %d entries, repaired %v", len(cut.Entries), cut.Repaired)
	}
}

func TestSniff(t *testing.T) {
	cases := map[string]container.Kind{
		"":                         container.None,
		"PK\x03\x04":               container.ZIP,
		"\x1f\x8b\x08\x00":         container.Gzip,
		"BZh91AY&SYxxxx":           container.Bzip2,
		"BZh9 is not compressed":   container.None,
		"\xfd7zXZ\x00\x00\x04":     container.XZ,
		"\x28\xb5\x2f\xfd\x00\x00": container.Zstd,
		"\x04\x22\x4d\x18\x64\x40": container.LZ4,
		"7z\xbc\xaf\x27\x1c\x00":   container.SevenZip,
		"Rar!\x1a\x07\x01":         container.RAR,
		"\x1c\x00\x00\x00TFL3":     container.None,
	}
	for head, want := range cases {
		if got := container.Sniff([]byte(head)); got != want {
			t.Errorf("Sniff(%q) = %s, want %s", head, got, want)
		}
	}
}

func TestOpen_whatIsNoContainer(t *testing.T) {
	for _, data := range []string{"", "text", "7z\xbc\xaf\x27\x1c\x00\x00", strings.Repeat("PK", 5000)} {
		_, err := container.Open([]byte(data), container.Limits{})
		if !errors.Is(err, container.ErrUnsupported) {
			t.Errorf("Open(%.10q): err %v, want ErrUnsupported", data, err)
		}
		var own *container.Error
		if !errors.As(err, &own) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Open(%.10q): %v is no one-line *Error", data, err)
		}
	}
}

const (
	lz4Fixture       = "BCJNGHRAvScBAAD/DTAxMjM0NTY3ODkgYWJjZGVmZ2hpamtsbW5vcAocAP/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////MUGFiY2Rl7v1EBW8AAAD/DWZnaGlqa2xtbm9wCjAxMjM0NTY3ODkgYWJjZGUcAP///////////////////////////////////////////////////////////////////////////////////////////////zRQbW5vcAqhDbNYAAAAACIS+Y8="
	lz4LinkedFixture = "BCJNGERAXicBAAD/DTAxMjM0NTY3ODkgYWJjZGVmZ2hpamtsbW5vcAocAP/////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////MUGFiY2RlUgAAAA/w/////////////////////////////////////////////////////////////////////////////////////////////////1BQbW5vcAoAAAAAIhL5jw=="
	lz4LegacyFixture = "AiFMGHABAAD/DTAxMjM0NTY3ODkgYWJjZGVmZ2hpamtsbW5vcAocAP//////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////////NVBtbm9wCg=="
)

const bzipFixture = "QlpoOTFBWSZTWabRXogAAA1RAAAQQAACRKAAMMAClQybGR5esjUfF3JFOFCQptFeiA=="

// Of a stream of several short members, the first bytes are those of all of them.
func TestDecoder_peekOfSeveralGzipMembers(t *testing.T) {
	var b bytes.Buffer
	for _, part := range []string{"one, ", "two, ", "three"} {
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	a, err := container.Open(b.Bytes(), container.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var d container.Decoder
	for _, size := range []int{4, 8, 100} {
		buf := make([]byte, size)
		n, err := d.Peek(&a.Entries[0], buf)
		if want := "one, two, three"[:min(size, 15)]; err != nil || string(buf[:n]) != want {
			t.Errorf("peek of %d: %q, %v; want %q", size, buf[:n], err, want)
		}
	}
}
