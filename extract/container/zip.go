package container

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Signatures of ZIP records (APPNOTE.TXT 6.3.10, section 4.3), little endian.
const (
	sigLocal      = 0x04034b50
	sigDirectory  = 0x02014b50
	sigEnd        = 0x06054b50
	sigEnd64      = 0x06064b50
	sigLocator64  = 0x07064b50
	sigDescriptor = 0x08074b50
	sigSignature  = 0x05054b50 // digital signature of the directory
)

// Fixed parts of ZIP records, in bytes.
const (
	localLen       = 30
	directoryLen   = 46
	endLen         = 22
	locator64Len   = 20
	end64Len       = 56
	maxEndDistance = endLen + 0xFFFF
)

// Bits of the general purpose flag.
const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3
	flagUTF8       = 1 << 11
)

func signature(sig uint32) []byte { return binary.LittleEndian.AppendUint32(nil, sig) }

func hasSignature(data []byte, at int64, sig uint32) bool {
	return at >= 0 && at+4 <= int64(len(data)) && binary.LittleEndian.Uint32(data[at:]) == sig
}

// endRecord is what the end of central directory says, zip64 values included.
type endRecord struct {
	at              int64 // of the record itself, or of the zip64 record when there is one
	after           int64 // first byte behind the record and its comment
	entries         int64
	directorySize   int64
	directoryOffset int64
	zip64           bool
	commentTooLong  bool
}

// parseEnd reads the end record at data[at:].
func parseEnd(data []byte, at int) (endRecord, bool) {
	if len(data)-at < endLen {
		return endRecord{}, false
	}
	b := data[at:]
	e := endRecord{
		at:              int64(at),
		entries:         int64(binary.LittleEndian.Uint16(b[10:])),
		directorySize:   int64(binary.LittleEndian.Uint32(b[12:])),
		directoryOffset: int64(binary.LittleEndian.Uint32(b[16:])),
	}
	comment := int(binary.LittleEndian.Uint16(b[20:]))
	e.commentTooLong = comment > len(b)-endLen
	e.after = int64(at + endLen + min(comment, len(b)-endLen))
	if locator := int64(at) - locator64Len; hasSignature(data, locator, sigLocator64) {
		e.readEnd64(data, locator)
	}
	return e, true
}

// readEnd64 takes over the values of the zip64 end record, if it can be found.
func (e *endRecord) readEnd64(data []byte, locator int64) {
	at := int64(binary.LittleEndian.Uint64(data[locator+8:]))
	if !hasSignature(data, at, sigEnd64) {
		at = locator - end64Len // prepended data moves it
	}
	if !hasSignature(data, at, sigEnd64) || int64(len(data))-at < end64Len {
		return
	}
	b := data[at:]
	e.zip64, e.at = true, at
	e.entries = int64(binary.LittleEndian.Uint64(b[32:]))
	e.directorySize = int64(binary.LittleEndian.Uint64(b[40:]))
	e.directoryOffset = int64(binary.LittleEndian.Uint64(b[48:]))
}

// findDirectory returns where the first directory header really stands: where
// the record says, or right before the record by the stated size.
func findDirectory(data []byte, e endRecord) (int64, bool) {
	before := e.at - e.directorySize
	switch {
	case before == e.directoryOffset && hasSignature(data, before, sigDirectory):
		return before, true
	case hasSignature(data, before, sigDirectory):
		return before, true
	case e.directoryOffset < e.at && hasSignature(data, e.directoryOffset, sigDirectory):
		return e.directoryOffset, true
	case e.entries == 0 && e.directorySize == 0:
		return e.at, true
	}
	return 0, false
}

// listZIP lists by the central directory, else by local headers.
func (a *Archive) listZIP() error {
	end, found := a.findEnd()
	if !found {
		if at := a.searchDirectory(0, int64(len(a.data))); at >= 0 {
			a.Repaired = true
			a.warn("no end of central directory record (truncated or damaged?); directory found at offset %d", at)
			a.walkDirectory(at, at, -1, 0)
			return nil
		}
		return a.listLocal("no end of central directory record (truncated download?)", -1)
	}
	a.Trailer = int64(len(a.data)) - end.after
	if a.Trailer > 0 {
		a.warn("%d bytes after the end of the archive", a.Trailer)
	}
	if end.commentTooLong {
		a.warn("comment length of the end record points beyond the file")
	}
	at, ok := findDirectory(a.data, end)
	if !ok {
		if at = a.searchDirectory(0, end.at); at < 0 {
			problem := fmt.Sprintf("no central directory at offset %d", end.directoryOffset)
			if end.directoryOffset >= int64(len(a.data)) {
				problem = fmt.Sprintf("central directory at offset %d points beyond the file (truncated download?)", end.directoryOffset)
			}
			return a.listLocal(problem, end.entries)
		}
		a.warn("end record gives directory offset %d and size %d; directory found at offset %d", end.directoryOffset, end.directorySize, at)
	}
	stated := end.directoryOffset
	if !ok {
		stated = at
	}
	a.walkDirectory(at, stated, end.at, end.entries)
	if a.Prefix > 0 {
		a.warn("%d bytes before the archive", a.Prefix)
	}
	if n := int64(len(a.Entries)); n != end.entries && (end.zip64 || n&0xFFFF != end.entries) {
		a.warn("end record counts %d entries, directory holds %d", end.entries, n)
	}
	a.findSigningBlock(at)
	return nil
}

// findEnd finds the last plausible end record, at any distance from the end.
func (a *Archive) findEnd() (endRecord, bool) {
	sig := signature(sigEnd)
	fallback, haveFallback := endRecord{}, false
	for limit := len(a.data); limit > 0; {
		i := bytes.LastIndex(a.data[:limit], sig)
		if i < 0 {
			break
		}
		if e, ok := parseEnd(a.data, i); ok {
			if _, ok := findDirectory(a.data, e); ok {
				return e, true
			}
			if !haveFallback {
				fallback, haveFallback = e, true
			}
		}
		limit = i
		if len(a.data)-i > 16<<20 && haveFallback {
			break // a record that far out with a broken pointer is chance
		}
	}
	return fallback, haveFallback
}

// searchDirectory returns the first directory header in [from, to) whose local
// header exists, or -1.
func (a *Archive) searchDirectory(from, to int64) int64 {
	sig := signature(sigDirectory)
	for tries := 0; tries < 4096 && from < to; tries++ {
		i := bytes.Index(a.data[from:to], sig)
		if i < 0 {
			return -1
		}
		at := from + int64(i)
		if int64(len(a.data))-at >= directoryLen {
			offset := int64(binary.LittleEndian.Uint32(a.data[at+42:]))
			if offset == 0xFFFFFFFF || hasSignature(a.data, offset, sigLocal) {
				return at
			}
		}
		from = at + 4
	}
	return -1
}

// walkDirectory lists the headers from offset at on. stated is where the archive
// believes its directory to be: the difference moves every offset. end is the
// offset of the end record, -1 if there is none; count is how many entries it gives.
func (a *Archive) walkDirectory(at, stated, end, count int64) {
	limit := int64(len(a.data))
	if end >= at {
		limit = end
	}
	// One string for all names: entries share it instead of allocating each.
	text := string(a.data[at:limit])
	shift := a.shift(at, stated)
	defer a.findPrefix(at)
	a.Entries = make([]Entry, 0, min(count, (limit-at)/directoryLen, int64(a.limits.Entries)))
	seen := newNameSet(cap(a.Entries))
	for pos := at; ; {
		if limit-pos < directoryLen || !hasSignature(a.data, pos, sigDirectory) {
			next := a.nextHeader(pos, limit, end)
			if next < 0 {
				return
			}
			a.Repaired = true
			a.warn("damaged directory: %d bytes skipped at offset %d", next-pos, pos)
			pos = next
		}
		if len(a.Entries) >= a.limits.Entries || len(a.Warnings) >= maxWarnings {
			a.Repaired = true
			a.warn("more than %d entries or faults; the rest is not listed", len(a.Entries))
			return
		}
		pos += a.addEntry(pos, limit, text[pos-at:], shift, seen)
	}
}

// maxWarnings bounds what one archive may complain about.
const maxWarnings = 50

// nextHeader returns where the directory goes on after a place without a header, or
// -1 at its end.
func (a *Archive) nextHeader(pos, limit, end int64) int64 {
	if end < 0 || pos >= limit || hasSignature(a.data, pos, sigEnd64) || hasSignature(a.data, pos, sigSignature) {
		return -1
	}
	if i := bytes.Index(a.data[pos+1:limit], signature(sigDirectory)); i >= 0 && limit-(pos+1+int64(i)) >= directoryLen {
		return pos + 1 + int64(i)
	}
	a.warn("directory ends at offset %d, %d bytes before its end record", pos, limit-pos)
	return -1
}

// shift returns what to add to the offsets in the directory.
func (a *Archive) shift(at, stated int64) int64 {
	if at == stated || int64(len(a.data))-at < directoryLen || !hasSignature(a.data, at, sigDirectory) {
		return 0
	}
	first := int64(binary.LittleEndian.Uint32(a.data[at+42:]))
	if d := at - stated; d > 0 && hasSignature(a.data, first+d, sigLocal) {
		return d
	}
	return 0
}

// findPrefix sets Prefix to the first byte that is a listed entry's or the directory's.
func (a *Archive) findPrefix(directory int64) {
	a.Prefix = directory
	for i := range a.Entries {
		if at := a.Entries[i].Offset; at >= 0 {
			a.Prefix = min(a.Prefix, at)
		}
	}
}

// addEntry lists the directory header at pos and returns its length. text is
// the directory from pos on.
func (a *Archive) addEntry(pos, limit int64, text string, shift int64, seen *nameSet) int64 {
	b := a.data[pos:limit]
	nameLen := int64(binary.LittleEndian.Uint16(b[28:]))
	extraLen := int64(binary.LittleEndian.Uint16(b[30:]))
	commentLen := int64(binary.LittleEndian.Uint16(b[32:]))
	flags := binary.LittleEndian.Uint16(b[8:])
	a.Entries = append(a.Entries, Entry{
		Method:         binary.LittleEndian.Uint16(b[10:]),
		CRC32:          binary.LittleEndian.Uint32(b[16:]),
		CompressedSize: int64(binary.LittleEndian.Uint32(b[20:])),
		Size:           int64(binary.LittleEndian.Uint32(b[24:])),
		Offset:         int64(binary.LittleEndian.Uint32(b[42:])),
		Encrypted:      flags&flagEncrypted != 0,
		archive:        a,
		hasCRC:         true,
	})
	e := &a.Entries[len(a.Entries)-1]
	total := directoryLen + nameLen + extraLen + commentLen
	if total > int64(len(b)) {
		a.Repaired = true
		e.addNote("directory header at offset %d is longer than the directory", pos)
		total = int64(len(b))
		nameLen = min(nameLen, total-directoryLen)
		extraLen = min(extraLen, total-directoryLen-nameLen)
	}
	e.setName(text[directoryLen:directoryLen+nameLen], flags&flagUTF8 != 0)
	if e.Size == 0xFFFFFFFF || e.CompressedSize == 0xFFFFFFFF || e.Offset == 0xFFFFFFFF {
		e.readExtra64(b[directoryLen+nameLen:][:extraLen])
	}
	e.Offset += shift
	if !seen.add(e.Name) {
		e.addNote("name occurs more than once")
	}
	return total
}

// readExtra64 takes over the zip64 sizes and offset from the extra field.
func (e *Entry) readExtra64(extra []byte) {
	for len(extra) >= 4 {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		extra = extra[4:]
		if n > len(extra) {
			return
		}
		if id == 1 {
			field := extra[:n]
			for _, v := range []*int64{&e.Size, &e.CompressedSize, &e.Offset} {
				if *v == 0xFFFFFFFF && len(field) >= 8 {
					if u := binary.LittleEndian.Uint64(field); u <= 1<<62 {
						*v = int64(u)
					}
					field = field[8:]
				}
			}
			return
		}
		extra = extra[n:]
	}
}

// setName stores a printable form of the raw name and notes what is wrong with it.
func (e *Entry) setName(raw string, _ bool) {
	e.Name = raw
	e.Directory = strings.HasSuffix(raw, "/") && e.Size == 0
	plain := true
	for i := 0; i < len(raw); i++ {
		if c := raw[i]; c < 0x20 || c >= 0x7F || c == '\\' || c == '.' && i+1 < len(raw) && raw[i+1] == '.' {
			plain = false
			break
		}
	}
	if plain && raw != "" && raw[0] != '/' {
		return
	}
	if hidden := escapeName(raw); hidden != raw {
		e.Name = hidden
		e.addNote("name holds bytes that are not printable UTF-8")
	}
	switch {
	case raw == "":
		e.addNote("no name")
	case raw[0] == '/' || strings.Contains(raw, `\`):
		e.addNote("name is an absolute or Windows path")
	}
	for _, part := range strings.FieldsFunc(raw, func(r rune) bool { return r == '/' || r == '\\' }) {
		if part == ".." {
			e.addNote("name climbs out of its folder")
			break
		}
	}
}

// escapeName writes control characters and invalid UTF-8 as \xNN.
func escapeName(raw string) string {
	var b strings.Builder
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRuneInString(raw[i:])
		if r < 0x20 || r == 0x7F || r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, raw[i])
		} else {
			b.WriteString(raw[i : i+n])
		}
		i += n
	}
	return b.String()
}

// signingMagic ends the APK Signing Block, right before the central directory.
const signingMagic = "APK Sig Block 42"

// findSigningBlock looks for the block that ends at the directory.
func (a *Archive) findSigningBlock(directory int64) {
	foot := directory - 24
	if foot < 8 || string(a.data[foot+8:directory]) != signingMagic {
		return
	}
	size := binary.LittleEndian.Uint64(a.data[foot:])
	if size < 24 || size > uint64(directory-8) {
		a.warn("APK Signing Block at offset %d has impossible size %d", foot, size)
		return
	}
	start := directory - int64(size)
	if head := binary.LittleEndian.Uint64(a.data[start-8:]); head != size {
		a.warn("APK Signing Block sizes disagree: %d before it, %d behind it", head, size)
	}
	a.signingBlock = a.data[start:foot]
}
