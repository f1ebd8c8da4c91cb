package container

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

// windowLimit bounds the dictionary that a compressed stream may ask for.
const windowLimit = 128 << 20

// listSingle lists the one entry of a compressed stream. Its name is what the
// stream itself gives, usually "".
func (a *Archive) listSingle() {
	e := Entry{Size: -1, CompressedSize: int64(len(a.data)), Method: Stream, archive: a, inPlace: true}
	switch a.Kind {
	case Gzip:
		if _, name, err := gzipHeader(a.data); err == nil {
			e.setGzipName(name)
		}
	case XZ:
		if index, err := readXZIndex(trimXZPadding(a.data)); err == nil {
			e.Size = index.size
		}
	}
	a.Entries = []Entry{e}
}

func (e *Entry) setGzipName(name string) {
	if name != "" {
		e.setName(name, false)
	}
}

// decodeStream decompresses the content of a compressed stream.
func (d *Decoder) decodeStream(e *Entry, raw, dst []byte) (Content, error) {
	limit := e.archive.limits.EntryBytes
	if e.archive.Kind == Gzip {
		out, note, err := d.gunzip(e, raw, dst, int(min(limit, int64(len(raw))*maxExpansion)))
		return Content{Data: out, Note: note}, err
	}
	switch e.archive.Kind {
	case Zlib:
		out, _, err := d.inflate.run(dst[:0], raw[2:], unbounded, int(min(limit, int64(len(raw))*maxExpansion)))
		if err != nil {
			return Content{Data: out}, e.inflateError(err)
		}
		return Content{Data: out}, nil
	case LZ4:
		out, err := unpackLZ4Frames(raw, dst[:0], limit)
		if err != nil {
			return Content{Data: out}, e.streamError(err)
		}
		return Content{Data: out}, nil
	}
	r, err := d.openStream(e, raw)
	if err != nil {
		return Content{}, err
	}
	out, err := readLimited(r, dst, limit)
	if err != nil {
		return Content{Data: out}, e.streamError(err)
	}
	return Content{Data: out}, nil
}

// peekStream reads the first bytes of a compressed stream.
func (d *Decoder) peekStream(e *Entry, raw, buf []byte) (int, error) {
	if e.archive.Kind == Gzip {
		start, _, err := gzipHeader(raw)
		if err != nil {
			return 0, e.streamError(err)
		}
		out, err := d.inflate.head(d.room(len(buf)), raw[start:], len(buf))
		n := copy(buf, out)
		if n < len(buf) && err == nil { // perhaps only the first of several members
			out, _, err = d.gunzip(e, raw, nil, len(buf))
			if errors.Is(err, errInflateLimit) || errors.Is(err, ErrLimit) {
				err = nil
			}
			return copy(buf, out), err
		}
		if n == len(buf) || err == nil {
			return n, nil
		}
		return n, e.inflateError(err)
	}
	switch e.archive.Kind {
	case Zlib:
		out, err := d.inflate.head(d.room(len(buf)), raw[2:], len(buf))
		n := copy(buf, out)
		if n == len(buf) || err == nil {
			return n, nil
		}
		return n, e.inflateError(err)
	case LZ4:
		c, err := d.decodeStream(e, raw, nil)
		if n := copy(buf, c.Data); n == len(buf) || err == nil {
			return n, nil
		}
		return 0, err
	}
	r, err := d.openStream(e, raw)
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, buf)
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && n > 0 {
		return n, nil
	}
	return n, e.streamError(err)
}

// openStream returns a reader of the decompressed content.
func (d *Decoder) openStream(e *Entry, raw []byte) (io.Reader, error) {
	switch e.archive.Kind {
	case Bzip2:
		return bzip2.NewReader(bytes.NewReader(raw)), nil
	case Zstd:
		r, err := d.zstdReader(raw)
		if err != nil {
			return nil, e.streamError(err)
		}
		return r, nil
	case LZMA:
		r, err := lzma.ReaderConfig{DictCap: windowLimit}.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, e.streamError(err)
		}
		return r, nil
	}
	raw = trimXZPadding(raw)
	// The xz library allocates whatever dictionary a block asks for, so every
	// block header is looked up in the index and checked first.
	if _, err := readXZIndex(raw); err != nil {
		return nil, err
	}
	r, err := xz.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, e.streamError(err)
	}
	return r, nil
}

// zstdReader returns the decoder's reader of Zstandard frames, set to raw.
func (d *Decoder) zstdReader(raw []byte) (io.Reader, error) {
	if d.zstd == nil {
		z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(windowLimit))
		if err != nil {
			return nil, err
		}
		d.zstd = z
	}
	return d.zstd, d.zstd.Reset(bytes.NewReader(raw))
}

// readLimited appends what r gives to dst[:0], at most limit bytes.
func readLimited(r io.Reader, dst []byte, limit int64) ([]byte, error) {
	dst = dst[:0]
	for {
		if len(dst) == cap(dst) {
			grown := make([]byte, len(dst), max(2*cap(dst), 64<<10))
			copy(grown, dst)
			dst = grown
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		switch {
		case int64(len(dst)) > limit:
			return dst[:limit], errInflateLimit
		case err == io.EOF:
			return dst, nil
		case err != nil:
			return dst, err
		}
	}
}

// gunzip decompresses all members of a gzip stream, as gzip -d does.
func (d *Decoder) gunzip(e *Entry, raw, dst []byte, limit int) ([]byte, string, error) {
	out := dst[:0]
	if need := 4 * len(raw); cap(out) < need && need < limit {
		out = make([]byte, 0, need)
	}
	for pos := 0; ; {
		start, _, err := gzipHeader(raw[pos:])
		if err != nil {
			if pos > 0 {
				return out, "data after the last gzip member ignored", nil
			}
			return out, "", e.streamError(err)
		}
		pos += start
		before := len(out)
		var used int
		out, used, err = d.inflate.run(out, raw[pos:], unbounded, limit-before)
		if err != nil {
			return out, "", e.inflateError(err)
		}
		pos += used + 8 // checksum and size
		if pos > len(raw) {
			return out, "", e.inflateError(errInflateTruncated)
		}
		if pos == len(raw) {
			return out, "", nil
		}
	}
}

var errGzipHeader = errors.New("not a gzip header")

// gzipHeader returns the length of the member header at b and the name it gives.
func gzipHeader(b []byte) (n int, name string, err error) {
	if len(b) < 10 || b[0] != 0x1F || b[1] != 0x8B || b[2] != 8 {
		return 0, "", errGzipHeader
	}
	flags, n := b[3], 10
	if flags&4 != 0 {
		if len(b) < n+2 {
			return 0, "", io.ErrUnexpectedEOF
		}
		n += 2 + int(binary.LittleEndian.Uint16(b[n:]))
	}
	for _, flag := range []byte{8, 16} { // name, comment
		if flags&flag == 0 {
			continue
		}
		if n > len(b) {
			return 0, "", io.ErrUnexpectedEOF
		}
		i := bytes.IndexByte(b[n:], 0)
		if i < 0 {
			return 0, "", io.ErrUnexpectedEOF
		}
		if flag == 8 {
			name = string(b[n : n+i])
		}
		n += i + 1
	}
	if flags&2 != 0 {
		n += 2
	}
	if n > len(b) {
		return 0, "", io.ErrUnexpectedEOF
	}
	return n, name, nil
}

// streamError gives an error of a decompressor its sentinel.
func (e *Entry) streamError(err error) error {
	var own *Error
	var tooLarge *lzma.ErrDictSize
	switch {
	case errors.As(err, &own):
		return err
	case errors.Is(err, errInflateLimit), errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.As(err, &tooLarge):
		return errorAt(e.archive.Kind, 0, ErrLimit, "content grows beyond its limit")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errorAt(e.archive.Kind, 0, ErrTruncated, "compressed data ends early")
	}
	return errorAt(e.archive.Kind, 0, ErrMalformed, "%v", err)
}
