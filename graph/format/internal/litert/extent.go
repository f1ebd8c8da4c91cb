package litert

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// length returns the model's size in bytes: the end of its last reachable
// object or buffer, with the zero bytes that fill a last string or byte vector
// up to a multiple of 4. (Some converters leave an object behind that nothing
// refers to; at the very end of a file it cannot be told from other data.)
func (r *reader) length() int64 {
	end := max(r.fb.End(), r.end)
	total := int64(len(r.in.Data))
	for end%4 != 0 && end < total && r.in.Data[end] == 0 {
		end++
	}
	return end
}

// Signatures of the ZIP format (APPNOTE.TXT 4.3.7, 4.3.16).
var (
	zipLocal = []byte("PK\x03\x04")
	zipEnd   = []byte("PK\x05\x06")
)

// zipEndSize is the size of the end of central directory without its comment.
const zipEndSize = 22

// associatedFiles reads the ZIP that metadata tools append to the model and
// counts it as part of it. Offsets in it count from the model's start.
func (r *reader) associatedFiles() {
	tail := r.in.Data[r.m.Length:]
	if !bytes.HasPrefix(tail, zipLocal) && !bytes.HasPrefix(tail, zipEnd) { // tools also append an empty ZIP
		return
	}
	end := r.zipLength()
	if end < 0 {
		return
	}
	data := r.in.Data[:end]
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		r.note(false, "the appended ZIP cannot be read: "+err.Error())
		return
	}
	r.m.Length = end
	budget := r.lim.DecodedBytes
	for i, f := range z.File {
		if i >= 256 {
			r.note(false, "the appended ZIP has more than 256 files")
			break
		}
		name := r.text(f.Name)
		r.put("file."+name, strconv.FormatUint(f.UncompressedSize64, 10)+" bytes")
		if ext := strings.ToLower(path.Ext(name)); ext != ".txt" && ext != ".csv" && ext != ".json" {
			continue
		}
		text, ok := r.smallText(f, &budget)
		if ok {
			r.put("text."+name, text)
		}
	}
}

// smallText returns the contents of a text file, cut at TextBytes.
func (r *reader) smallText(f *zip.File, budget *int64) (string, bool) {
	n := min(int64(r.lim.TextBytes), *budget)
	rc, err := f.Open()
	if err != nil || n <= 0 {
		return "", false
	}
	defer rc.Close()
	b, err := io.ReadAll(io.LimitReader(rc, n))
	*budget -= int64(len(b))
	if err != nil || !utf8.Valid(b[:max(0, len(b)-utf8.UTFMax)]) {
		return "", false
	}
	return string(b), true
}

// zipLength returns where the appended ZIP ends, -1 when there is none: the
// end record whose central directory stands right before it.
func (r *reader) zipLength() int64 {
	data := r.in.Data
	for at := int(r.m.Length); ; at++ {
		i := bytes.Index(data[at:], zipEnd)
		if i < 0 || at+i+zipEndSize > len(data) {
			return -1
		}
		at += i
		size, off := binary.LittleEndian.Uint32(data[at+12:]), binary.LittleEndian.Uint32(data[at+16:])
		comment := int(binary.LittleEndian.Uint16(data[at+20:]))
		if int64(off)+int64(size) == int64(at) && at+zipEndSize+comment <= len(data) {
			return int64(at + zipEndSize + comment)
		}
	}
}
