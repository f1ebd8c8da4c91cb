package container

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"

	"github.com/klauspost/compress/zstd"
)

// Decoder reads entries. It owns the tables and windows that decompression needs,
// so keep one per goroutine and reuse it; the zero value is ready.
type Decoder struct {
	inflate inflater
	whole   wholeInflater
	scratch []byte
	zstd    *zstd.Decoder
	block   keptBlock
}

// Content is what an entry holds.
type Content struct {
	// Data is the content, or as much of it as could be read before an error.
	Data []byte
	// Shared says that Data is a view of the archive's own bytes; otherwise it
	// is dst, or what dst grew to.
	Shared bool
	// Note says how content was read in spite of what the archive claims about
	// it, or is empty.
	Note string
	// Unpacked is how many bytes had to be decompressed: more than Data has where
	// the entry is a part of what is compressed together.
	Unpacked int64
}

// Bytes returns the whole content of e. A stored entry costs nothing: Data is a
// view of the archive. Everything else is decompressed into dst[:0], which grows
// when needed; pass the previous, no longer used, buffer to save allocation.
//
// On error, Data holds what could be read. The error is ErrTruncated, ErrMalformed,
// ErrEncrypted, ErrUnsupported or ErrLimit by errors.Is.
func (d *Decoder) Bytes(e *Entry, dst []byte) (Content, error) {
	if e.Method == Blocks {
		out, n, err := d.decodeBlocks(e, dst, math.MaxInt64)
		return Content{Data: out, Unpacked: max(n, int64(len(out)))}, err
	}
	raw, c, err := e.raw()
	if err != nil && raw == nil || e.Directory {
		return c, err
	}
	if e.Method == Stored && !e.Encrypted {
		c.Data, c.Shared = raw, true
		return c, err
	}
	note := c.Note
	c, decodeErr := d.decode(e, raw, dst)
	if note != "" && c.Note != "" {
		note += "; "
	}
	c.Note = note + c.Note
	if !c.Shared {
		c.Unpacked = int64(len(c.Data))
	}
	if err == nil {
		err = decodeErr
	}
	return c, err
}

// Peek fills buf with the first bytes of e and returns how many there were; fewer
// than len(buf) mean the content ends there, or the error says what stopped it.
func (d *Decoder) Peek(e *Entry, buf []byte) (int, error) {
	if e.Method == Blocks {
		out, _, err := d.decodeBlocks(e, d.room(len(buf)), int64(len(buf)))
		return copy(buf, out), err
	}
	raw, c, err := e.raw()
	if err != nil && raw == nil || e.Directory {
		return 0, err
	}
	switch {
	case e.Method == Stored && !e.Encrypted:
		return copy(buf, raw), nil
	case e.Method == Deflated:
		out, err := d.inflate.head(d.room(len(buf)), raw, len(buf))
		n := copy(buf, out)
		if n == len(buf) || err == nil {
			return n, nil
		}
		return n, e.inflateError(err)
	case e.Method == Stream:
		return d.peekStream(e, raw, buf)
	}
	c, err = d.Bytes(e, nil)
	return copy(buf, c.Data), err
}

// room returns the scratch buffer with capacity for n bytes.
func (d *Decoder) room(n int) []byte {
	if cap(d.scratch) < n {
		d.scratch = make([]byte, 0, n)
	}
	return d.scratch[:0]
}

// Check compares content with the size and checksum that the archive declares and
// returns what disagrees, or "". It reads all of data.
func (e *Entry) Check(data []byte) string {
	switch {
	case e.Size >= 0 && e.Size != int64(len(data)):
		return "declared size differs from the real one"
	case e.hasCRC && crc32.ChecksumIEEE(data) != e.CRC32:
		return "checksum mismatch"
	}
	return ""
}

// Compressed returns the entry's bytes as they stand in the archive, compressed or
// not, or nil when they cannot be found or are not its own alone. It aliases the archive.
func (e *Entry) Compressed() []byte {
	if e.Method == Blocks {
		return nil
	}
	raw, _, err := e.raw()
	if err != nil {
		return nil
	}
	return raw
}

// raw returns the entry's bytes as they stand in the archive. They may be cut
// short, with ErrTruncated.
func (e *Entry) raw() ([]byte, Content, error) {
	var c Content
	if e.content != nil {
		return e.content, c, nil
	}
	data, start := e.archive.data, e.Offset
	kind := e.archive.Kind
	if !e.inPlace {
		if start < 0 || start > int64(len(data))-localLen {
			return nil, c, errorAt(kind, start, ErrTruncated, "local header beyond the file of %d bytes", len(data))
		}
		if !hasSignature(data, start, sigLocal) {
			return nil, c, errorAt(kind, start, ErrMalformed, "no local header of %q", e.Name)
		}
		c.Note = e.compareLocal(data[start:])
		start += localLen + int64(binary.LittleEndian.Uint16(data[start+26:])) + int64(binary.LittleEndian.Uint16(data[start+28:]))
	}
	if start > int64(len(data)) {
		return nil, c, errorAt(kind, start, ErrTruncated, "content beyond the file of %d bytes", len(data))
	}
	size := e.CompressedSize
	if size < 0 {
		size = int64(len(data)) - start
	}
	if size > int64(len(data))-start {
		return data[start:], c, errorAt(kind, start, ErrTruncated, "content of %d bytes, %d left", size, int64(len(data))-start)
	}
	return data[start : start+size : start+size], c, nil
}

// compareLocal says where the local header disagrees with the directory, whose
// word counts.
func (e *Entry) compareLocal(b []byte) string {
	note := ""
	add := func(s string) {
		if note != "" {
			note += "; "
		}
		note += s
	}
	n := int(binary.LittleEndian.Uint16(b[26:]))
	if n > len(b)-localLen {
		return ""
	}
	if name := b[localLen : localLen+n]; string(name) != e.Name && escapeName(string(name)) != e.Name {
		add("local header has another name")
	}
	if m := binary.LittleEndian.Uint16(b[8:]); m != e.Method {
		add("local header has another method")
	}
	if binary.LittleEndian.Uint16(b[6:])&flagDescriptor == 0 {
		if size := binary.LittleEndian.Uint32(b[18:]); size != 0xFFFFFFFF && int64(size) != e.CompressedSize {
			add("local header has another size")
		}
	}
	return note
}

// decode decompresses raw, trying what the declared method may really be.
func (d *Decoder) decode(e *Entry, raw, dst []byte) (Content, error) {
	switch {
	case e.Method == Stream:
		return d.decodeStream(e, raw, dst)
	case e.Method == Stored: // with the encryption flag set
		if e.hasCRC && crc32.ChecksumIEEE(raw) == e.CRC32 {
			return Content{Data: raw, Shared: true, Note: "encryption flag set but content is plain"}, nil
		}
		return Content{Data: raw, Shared: true}, errorAt(ZIP, e.Offset, ErrEncrypted, "entry is encrypted")
	case e.Method == Deflated:
		out, err := d.inflateEntry(e, raw, dst)
		if !e.Encrypted {
			return Content{Data: out}, err
		}
		if err == nil && (e.Size < 0 || int64(len(out)) == e.Size) {
			return Content{Data: out, Note: "encryption flag set but content is plain"}, nil
		}
		return Content{Data: raw, Shared: true}, errorAt(ZIP, e.Offset, ErrEncrypted, "entry is encrypted")
	case e.Method == 99:
		return Content{Data: raw, Shared: true}, errorAt(ZIP, e.Offset, ErrEncrypted, "entry is encrypted with AES")
	}
	return d.decodeUnknown(e, raw, dst)
}

// decodeUnknown reads an entry whose method is not known: as stored when the
// checksum or size says so, else as deflated, else it hands out the raw bytes.
func (d *Decoder) decodeUnknown(e *Entry, raw, dst []byte) (Content, error) {
	if e.hasCRC && crc32.ChecksumIEEE(raw) == e.CRC32 {
		return Content{Data: raw, Shared: true, Note: noteMethod(e, "content is stored")}, nil
	}
	out, err := d.inflateEntry(e, raw, dst)
	if err == nil && (e.Size < 0 || int64(len(out)) == e.Size || !e.hasCRC || crc32.ChecksumIEEE(out) == e.CRC32) {
		return Content{Data: out, Note: noteMethod(e, "content is deflated")}, nil
	}
	if e.Size == int64(len(raw)) {
		return Content{Data: raw, Shared: true, Note: noteMethod(e, "read as stored, checksum mismatch")}, nil
	}
	return Content{Data: raw, Shared: true}, errorAt(ZIP, e.Offset, ErrUnsupported, "compression method %d", e.Method)
}

func noteMethod(e *Entry, what string) string {
	c := Entry{}
	c.addNote("unknown compression method %d, %s", e.Method, what)
	return c.Note
}

// inflateEntry decompresses a deflated entry within the limits.
func (d *Decoder) inflateEntry(e *Entry, raw, dst []byte) ([]byte, error) {
	max := e.limit(len(raw))
	if e.Size > max {
		max = min(max, e.archive.limits.EntryBytes)
	}
	dst = sized(dst, e.Size, max, len(raw))
	if e.Size <= min(max, int64(cap(dst))) && e.Size > 0 && d.whole.run(dst[:e.Size], raw) {
		return dst[:e.Size], nil
	}
	out, _, err := d.inflate.run(dst, raw, unbounded, int(max))
	if err != nil {
		return out, e.inflateError(err)
	}
	return out, nil
}

// limit returns how many bytes the entry may expand to.
func (e *Entry) limit(rawLen int) int64 {
	l := e.archive.limits
	max := l.EntryBytes
	if e.Size >= 0 && e.Size < math.MaxInt64-l.ExcessBytes {
		max = min(max, e.Size+l.ExcessBytes)
	}
	return min(max, int64(rawLen)*maxExpansion)
}

// sized returns dst[:0] with room for size bytes, or a buffer that has it. A
// declared size is believed up to eight times the compressed one; beyond that the
// buffer grows as content comes.
func sized(dst []byte, size, max int64, rawLen int) []byte {
	want := min(size, max, int64(rawLen)*8+64<<10)
	if int64(cap(dst)) >= want {
		return dst[:0]
	}
	return make([]byte, 0, want)
}

// inflateError gives an error of the decoder its sentinel and place.
func (e *Entry) inflateError(err error) error {
	switch {
	case errors.Is(err, errInflateLimit):
		return errorAt(e.archive.Kind, e.Offset, ErrLimit, "content grows beyond its limit (declared %d bytes)", e.Size)
	case errors.Is(err, errInflateTruncated), errors.Is(err, io.ErrUnexpectedEOF):
		return errorAt(e.archive.Kind, e.Offset, ErrTruncated, "compressed data ends early")
	}
	return errorAt(e.archive.Kind, e.Offset, ErrMalformed, "%v", err)
}
