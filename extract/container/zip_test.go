package container_test

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"testing"

	"github.com/gaugenn/gaugenn/extract/container"
)

// member is one file of a hand-built ZIP. Zero fields are filled in truthfully.
type member struct {
	name            string
	content         []byte
	method          uint16
	flags           uint16
	localName       string // when it is to differ from name
	localMethod     uint16 // when it is to differ; 0xFFFF means 0
	size, crc       *uint32
	raw             []byte // compressed bytes, when method is neither 0 nor 8
	descriptor      bool
	zip64           bool
	directoryOffset *uint32
}

// built is a ZIP with the offsets of its records.
type built struct {
	data           []byte
	local          []int
	directory, end int
}

func buildZIP(tb testing.TB, members ...member) built {
	tb.Helper()
	var b built
	var directory []byte
	le := binary.LittleEndian
	for _, m := range members {
		raw, crc := m.raw, crc32.ChecksumIEEE(m.content)
		if raw == nil {
			raw = m.content
			if m.method == container.Deflated {
				raw = deflate(tb, m.content)
			}
		}
		if m.crc != nil {
			crc = *m.crc
		}
		size, packed := uint32(len(m.content)), uint32(len(raw))
		if m.size != nil {
			size = *m.size
		}
		offset := uint32(len(b.data))
		b.local = append(b.local, len(b.data))
		localName, localMethod, flags := m.name, m.method, m.flags
		if m.localName != "" {
			localName = m.localName
		}
		if m.localMethod != 0 {
			localMethod = m.localMethod & 0x7FFF
		}
		lsize, lpacked, lcrc := size, packed, crc
		if m.descriptor {
			flags |= 8
			lsize, lpacked, lcrc = 0, 0, 0
		}
		b.data = le.AppendUint32(b.data, 0x04034b50)
		for _, v := range []uint16{20, flags, localMethod, 0, 0} {
			b.data = le.AppendUint16(b.data, v)
		}
		for _, v := range []uint32{lcrc, lpacked, lsize} {
			b.data = le.AppendUint32(b.data, v)
		}
		b.data = le.AppendUint16(b.data, uint16(len(localName)))
		b.data = le.AppendUint16(b.data, 0)
		b.data = append(b.data, localName...)
		b.data = append(b.data, raw...)
		if m.descriptor {
			for _, v := range []uint32{0x08074b50, crc, packed, size} {
				b.data = le.AppendUint32(b.data, v)
			}
		}
		var extra []byte
		if m.zip64 {
			extra = le.AppendUint16(extra, 1)
			extra = le.AppendUint16(extra, 24)
			for _, v := range []uint64{uint64(size), uint64(packed), uint64(offset)} {
				extra = le.AppendUint64(extra, v)
			}
			size, packed, offset = 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF
		}
		if m.directoryOffset != nil {
			offset = *m.directoryOffset
		}
		directory = le.AppendUint32(directory, 0x02014b50)
		for _, v := range []uint16{20, 20, flags, m.method, 0, 0} {
			directory = le.AppendUint16(directory, v)
		}
		for _, v := range []uint32{crc, packed, size} {
			directory = le.AppendUint32(directory, v)
		}
		for _, v := range []uint16{uint16(len(m.name)), uint16(len(extra)), 0, 0, 0} {
			directory = le.AppendUint16(directory, v)
		}
		directory = le.AppendUint32(directory, 0)
		directory = le.AppendUint32(directory, offset)
		directory = append(directory, m.name...)
		directory = append(directory, extra...)
	}
	b.directory = len(b.data)
	b.data = append(b.data, directory...)
	b.end = len(b.data)
	b.data = appendEnd(b.data, len(members), len(directory), b.directory, "")
	return b
}

func appendEnd(data []byte, entries, size, offset int, comment string) []byte {
	le := binary.LittleEndian
	data = le.AppendUint32(data, 0x06054b50)
	for _, v := range []uint16{0, 0, uint16(entries), uint16(entries)} {
		data = le.AppendUint16(data, v)
	}
	data = le.AppendUint32(data, uint32(size))
	data = le.AppendUint32(data, uint32(offset))
	data = le.AppendUint16(data, uint16(len(comment)))
	return append(data, comment...)
}

func deflate(tb testing.TB, data []byte) []byte {
	tb.Helper()
	return written(tb, data, func(to io.Writer) (io.WriteCloser, error) { return flate.NewWriter(to, 6) })
}

func put32(data []byte, at int, v uint32) []byte {
	data = bytes.Clone(data)
	binary.LittleEndian.PutUint32(data[at:], v)
	return data
}

func put16(data []byte, at int, v uint16) []byte {
	data = bytes.Clone(data)
	binary.LittleEndian.PutUint16(data[at:], v)
	return data
}

func pointer(v uint32) *uint32 { return &v }

var (
	alpha = bytes.Repeat([]byte("alpha beta gamma "), 500)
	beta  = []byte("0123456789abcdef")
)

func twoFiles() []member {
	return []member{{name: "a.txt", content: alpha, method: 8}, {name: "dir/b.bin", content: beta}}
}

// TestOpen_damagedButReadable holds that no damage loses an entry.
func TestOpen_damagedButReadable(t *testing.T) {
	b := buildZIP(t, twoFiles()...)
	end := b.end
	padding := bytes.Repeat([]byte{0x55}, 70_000)
	cases := []struct {
		name    string
		data    []byte
		warning string
	}{
		{"intact", b.data, ""},
		{"prepended data", append(bytes.Clone(padding), b.data...), "70000 bytes before the archive"},
		{"trailing data", append(bytes.Clone(b.data), padding...), "70000 bytes after the end"},
		{"wrong entry count", put16(put16(b.data, end+8, 77), end+10, 77), "counts 77 entries, directory holds 2"},
		{"wrong directory size", put32(b.data, end+12, 3), ""},
		{"wrong directory offset", put32(b.data, end+16, 5), ""},
		{"wrong offset and size", put32(put32(b.data, end+16, 5), end+12, 9), "directory found at offset"},
		{"directory beyond the file", put32(put32(b.data, end+16, 1<<30), end+12, 1<<20), "directory found at offset"},
		{"directory with bytes in it", withGap(b), "2 bytes skipped"},
		{"comment longer than the file", put16(b.data, end+20, 500), "comment length"},
		{"no end record", b.data[:end], "no end of central directory record"},
		{"no directory", b.data[:b.directory], "2 entries from local headers"},
		{"directory cut, end record kept", append(bytes.Clone(b.data[:b.directory]), b.data[end:]...), "2 of 2 entries from local headers"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a, err := container.Open(c.data, container.Limits{})
			if c.name == "prepended data" && err == nil && a.Prefix != int64(len(padding)) {
				t.Errorf("prefix %d, want %d", a.Prefix, len(padding))
			}
			if err != nil {
				t.Fatal(err)
			}
			warnings := strings.Join(a.Warnings, "\n")
			if !strings.Contains(warnings, c.warning) || c.warning == "" && c.name == "intact" && warnings != "" {
				t.Errorf("warnings %q, want %q in them", warnings, c.warning)
			}
			checkEntries(t, a, map[string][]byte{"a.txt": alpha, "dir/b.bin": beta})
		})
	}
}

// withGap returns the archive with two bytes between its directory headers and the
// start of a third header before the end record.
func withGap(b built) []byte {
	second := b.directory + 46 + len("a.txt")
	data := append(bytes.Clone(b.data[:second]), "??"...)
	data = append(data, b.data[second:b.end]...)
	data = append(data, "PK\x01\x02n"...)
	return appendEnd(data, 2, b.end-b.directory+7, b.directory, "")
}

func checkEntries(t *testing.T, a *container.Archive, want map[string][]byte) {
	t.Helper()
	if len(a.Entries) != len(want) {
		t.Fatalf("%d entries, want %d", len(a.Entries), len(want))
	}
	var d container.Decoder
	for i := range a.Entries {
		e := &a.Entries[i]
		c, err := d.Bytes(e, nil)
		if err != nil || !bytes.Equal(c.Data, want[e.Name]) {
			t.Errorf("%s: %d bytes, err %v; want %d bytes", e.Name, len(c.Data), err, len(want[e.Name]))
		}
		head := make([]byte, 10)
		if n, err := d.Peek(e, head); err != nil || !bytes.Equal(head[:n], c.Data[:min(10, len(c.Data))]) {
			t.Errorf("%s: peek %q, err %v", e.Name, head[:n], err)
		}
	}
}

func TestOpen_truncatedDownloadKeepsWhatIsThere(t *testing.T) {
	b := buildZIP(t, twoFiles()...)
	var d container.Decoder
	a := open(t, b.data[:b.local[1]-10])
	if len(a.Entries) != 1 || !a.Repaired {
		t.Fatalf("%d entries, repaired %v; want 1, true", len(a.Entries), a.Repaired)
	}
	c, err := d.Bytes(&a.Entries[0], nil)
	if !errors.Is(err, container.ErrTruncated) || !bytes.HasPrefix(alpha, c.Data) || len(c.Data) == 0 {
		t.Errorf("%d bytes, err %v; want a prefix and ErrTruncated", len(c.Data), err)
	}
}

func TestOpen_entriesWithLies(t *testing.T) {
	cases := []struct {
		name   string
		member member
		want   []byte
		note   string // in the entry's, the content's or the check's note
		err    error
	}{
		{"unknown method, stored", member{content: alpha, method: 0x4321, raw: alpha}, alpha, "content is stored", nil},
		{"unknown method, deflated", member{content: alpha, method: 0x4321, raw: deflate(t, alpha)}, alpha, "content is deflated", nil},
		{"unknown method, really", member{content: alpha, method: 95, raw: beta}, beta, "", container.ErrUnsupported},
		{"encryption flag on plain stored", member{content: beta, flags: 1}, beta, "content is plain", nil},
		{"encryption flag on plain deflated", member{content: alpha, method: 8, flags: 1}, alpha, "content is plain", nil},
		{"encrypted stored", member{content: alpha, raw: alpha[3:], flags: 1}, alpha[3:], "", container.ErrEncrypted},
		{"encrypted deflated", member{content: alpha, method: 8, raw: []byte("\xFF\x17garbage"), flags: 1}, []byte("\xFF\x17garbage"), "", container.ErrEncrypted},
		{"encrypted with AES", member{content: alpha, method: 99, raw: beta, flags: 1}, beta, "", container.ErrEncrypted},
		{"wrong checksum", member{content: alpha, method: 8, crc: pointer(1)}, alpha, "checksum mismatch", nil},
		{"size too small", member{content: alpha, method: 8, size: pointer(3)}, alpha, "declared size differs", nil},
		{"size too large", member{content: alpha, method: 8, size: pointer(1 << 30)}, alpha, "declared size differs", nil},
		{"local header of another name", member{content: beta, localName: "other"}, beta, "another name", nil},
		{"local header of another method", member{content: alpha, method: 8, localMethod: 0x8000}, alpha, "another method", nil},
		{"data descriptor", member{content: alpha, method: 8, descriptor: true}, alpha, "", nil},
		{"zip64", member{content: alpha, method: 8, zip64: true}, alpha, "", nil},
		{"local header beyond the file", member{content: beta, directoryOffset: pointer(1 << 28)}, nil, "", container.ErrTruncated},
		{"no local header there", member{content: beta, directoryOffset: pointer(3)}, nil, "", container.ErrMalformed},
		{"path traversal", member{name: "../../etc/x", content: beta}, beta, "climbs out", nil},
		{"absolute path", member{name: "/etc/x", content: beta}, beta, "absolute", nil},
		{"NUL in the name", member{name: "a\x00b", content: beta}, beta, "not printable", nil},
		{"name in another encoding", member{name: "caf\xe9", content: beta}, beta, "not printable", nil},
		{"empty", member{content: nil}, []byte{}, "", nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.member.name == "" {
				c.member.name = "x"
			}
			a := open(t, buildZIP(t, c.member, member{name: "last", content: beta}).data)
			if len(a.Entries) != 2 {
				t.Fatalf("%d entries, want 2", len(a.Entries))
			}
			e := &a.Entries[0]
			var d container.Decoder
			got, err := d.Bytes(e, nil)
			if !errors.Is(err, c.err) || !bytes.Equal(got.Data, c.want) {
				t.Errorf("%d bytes, err %v; want %d bytes, %v", len(got.Data), err, len(c.want), c.err)
			}
			notes := e.Note + "|" + got.Note + "|" + e.Check(got.Data)
			if !strings.Contains(notes, c.note) {
				t.Errorf("notes %q, want %q in them", notes, c.note)
			}
			if strings.ContainsRune(e.Name, 0) {
				t.Errorf("name %q holds NUL", e.Name)
			}
			checkEntries(t, &container.Archive{Entries: a.Entries[1:]}, map[string][]byte{"last": beta})
		})
	}
}

func TestOpen_localHeadersWithDescriptors(t *testing.T) {
	b := buildZIP(t, member{name: "a.txt", content: alpha, method: 8, descriptor: true}, member{name: "dir/b.bin", content: beta, descriptor: true})
	checkEntries(t, open(t, b.data[:b.directory]), map[string][]byte{"a.txt": alpha, "dir/b.bin": beta})
}

func TestOpen_duplicateNamesAreBothListed(t *testing.T) {
	a := open(t, buildZIP(t, member{name: "x", content: alpha, method: 8}, member{name: "x", content: beta}).data)
	found := a.Lookup("x")
	if len(found) != 2 || !strings.Contains(found[1].Note, "more than once") {
		t.Fatalf("found %d; want 2 with a note on the second", len(found))
	}
}

func TestOpen_zip64EndRecord(t *testing.T) {
	b := buildZIP(t, twoFiles()...)
	le := binary.LittleEndian
	data := bytes.Clone(b.data[:b.end])
	data = le.AppendUint32(data, 0x06064b50)
	data = le.AppendUint64(data, 44)
	data = append(data, make([]byte, 12)...)
	for _, v := range []uint64{2, 2, uint64(b.end - b.directory), uint64(b.directory)} {
		data = le.AppendUint64(data, v)
	}
	data = le.AppendUint32(data, 0x07064b50)
	data = le.AppendUint32(data, 0)
	data = le.AppendUint64(data, uint64(b.end))
	data = le.AppendUint32(data, 1)
	data = appendEnd(data, 0xFFFF, -1, -1, "comment")
	a := open(t, data)
	if len(a.Warnings) > 0 {
		t.Errorf("warnings %q", a.Warnings)
	}
	checkEntries(t, a, map[string][]byte{"a.txt": alpha, "dir/b.bin": beta})
}

func TestOpen_signingBlock(t *testing.T) {
	b := buildZIP(t, twoFiles()...)
	pairs := []byte("id-value pairs")
	block := binary.LittleEndian.AppendUint64(nil, uint64(len(pairs)+24))
	block = append(block, pairs...)
	block = binary.LittleEndian.AppendUint64(block, uint64(len(pairs)+24))
	block = append(block, "APK Sig Block 42"...)
	data := append(bytes.Clone(b.data[:b.directory]), block...)
	data = append(data, b.data[b.directory:b.end]...)
	data = appendEnd(data, 2, b.end-b.directory, b.directory+len(block), "")
	a := open(t, data)
	if string(a.SigningBlock()) != string(pairs) || len(a.Warnings) > 0 {
		t.Errorf("block %q, warnings %q", a.SigningBlock(), a.Warnings)
	}
	checkEntries(t, a, map[string][]byte{"a.txt": alpha, "dir/b.bin": beta})
}

func TestDecoder_bombEndsWithLimit(t *testing.T) {
	zeros := make([]byte, 8<<20)
	data := buildZIP(t, member{name: "bomb", content: zeros, method: 8, size: pointer(10)}).data
	a, err := container.Open(data, container.Limits{ExcessBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	var d container.Decoder
	c, err := d.Bytes(&a.Entries[0], nil)
	if !errors.Is(err, container.ErrLimit) || len(c.Data) > 2<<20 {
		t.Errorf("%d bytes, err %v; want ErrLimit within 2 MiB", len(c.Data), err)
	}
}

func TestDecoder_storedIsAViewAndDeflatedReusesTheBuffer(t *testing.T) {
	data := buildZIP(t, twoFiles()...).data
	a := open(t, data)
	var d container.Decoder
	buf := make([]byte, 0, 100_000)
	c, err := d.Bytes(&a.Entries[0], buf)
	if err != nil || c.Shared || &c.Data[0] != &buf[:1][0] {
		t.Errorf("deflated: shared %v, err %v; want the buffer that was passed", c.Shared, err)
	}
	c, err = d.Bytes(&a.Entries[1], buf)
	if err != nil || !c.Shared || &c.Data[0] != &data[bytes.Index(data, beta)] {
		t.Errorf("stored: shared %v, err %v; want a view of the archive", c.Shared, err)
	}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := d.Bytes(&a.Entries[0], buf); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations per entry, want none", n)
	}
}

func TestOpen_agreesWithStandardLibrary(t *testing.T) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	want := map[string][]byte{}
	for i := range 300 {
		name := fmt.Sprintf("dir%d/file%d", i%7, i)
		want[name] = bytes.Repeat([]byte{byte(i)}, i*37)
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(want[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	checkEntries(t, open(t, b.Bytes()), want)
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range r.File {
		if e := open(t, b.Bytes()).Entries[i]; e.Name != f.Name || e.Size != int64(f.UncompressedSize64) || e.CRC32 != f.CRC32 {
			t.Fatalf("entry %d: %+v, want %+v", i, e, f.FileHeader)
		}
	}
}
