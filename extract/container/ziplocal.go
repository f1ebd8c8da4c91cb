package container

import (
	"bytes"
	"encoding/binary"
)

// listLocal lists an archive that has no usable directory by its local headers.
// problem says what was wrong and stated how many entries there should be (-1: unknown).
func (a *Archive) listLocal(problem string, stated int64) error {
	a.Repaired = true
	sig := signature(sigLocal)
	z := new(inflater)
	for pos := int64(0); pos < int64(len(a.data)) && len(a.Entries) < a.limits.Entries; {
		i := bytes.Index(a.data[pos:], sig)
		if i < 0 {
			break
		}
		pos += int64(i)
		if len(a.Entries) == 0 {
			a.Prefix = pos
		}
		if int64(len(a.data))-pos < localLen {
			break
		}
		pos = a.addLocal(pos, z)
	}
	switch n := len(a.Entries); {
	case n == 0:
		return errorAt(ZIP, 0, ErrTruncated, "%s; no local headers either", problem)
	case stated >= 0:
		a.warn("%s; %d of %d entries from local headers", problem, n, stated)
	default:
		a.warn("%s; %d entries from local headers", problem, n)
	}
	return nil
}

// addLocal lists the local header at pos and returns where to look for the next.
func (a *Archive) addLocal(pos int64, z *inflater) int64 {
	b := a.data[pos:]
	flags := binary.LittleEndian.Uint16(b[6:])
	nameLen, extraLen := int64(binary.LittleEndian.Uint16(b[26:])), int64(binary.LittleEndian.Uint16(b[28:]))
	start := pos + localLen + nameLen + extraLen
	if start > int64(len(a.data)) || nameLen == 0 {
		return pos + 4 // chance bytes, or a header cut by the end of the file
	}
	e := Entry{
		Method:         binary.LittleEndian.Uint16(b[8:]),
		CRC32:          binary.LittleEndian.Uint32(b[14:]),
		CompressedSize: int64(binary.LittleEndian.Uint32(b[18:])),
		Size:           int64(binary.LittleEndian.Uint32(b[22:])),
		Offset:         pos,
		Encrypted:      flags&flagEncrypted != 0,
		archive:        a,
		hasCRC:         flags&flagDescriptor == 0,
	}
	e.setName(string(b[localLen:localLen+nameLen]), flags&flagUTF8 != 0)
	if e.Size == 0xFFFFFFFF || e.CompressedSize == 0xFFFFFFFF {
		e.readExtra64(b[localLen+nameLen:][:extraLen])
	}
	if flags&flagDescriptor != 0 && e.CompressedSize == 0 {
		a.measureLocal(&e, start, z)
	}
	if e.CompressedSize > int64(len(a.data))-start {
		e.addNote("content of %d bytes is cut by the end of the file", e.CompressedSize)
	}
	a.Entries = append(a.Entries, e)
	return start + max(0, min(e.CompressedSize, int64(len(a.data))-start))
}

// measureLocal finds the sizes of an entry that gives them behind its data only.
func (a *Archive) measureLocal(e *Entry, start int64, z *inflater) {
	rest := a.data[start:]
	if e.Method == Deflated {
		if out, used, err := z.run(nil, rest, unbounded, int(a.limits.EntryBytes)); err == nil {
			e.CompressedSize, e.Size = int64(used), int64(len(out))
			return
		}
	}
	for from := 0; ; {
		i := bytes.Index(rest[from:], []byte("PK"))
		if i < 0 || from+i+4 > len(rest) {
			e.CompressedSize = int64(len(rest))
			break
		}
		at := from + i
		switch sig := binary.LittleEndian.Uint32(rest[at:]); {
		case sig == sigDescriptor && at+16 <= len(rest) && int(binary.LittleEndian.Uint32(rest[at+8:])) == at:
			e.CRC32, e.hasCRC = binary.LittleEndian.Uint32(rest[at+4:]), true
			e.CompressedSize, e.Size = int64(at), int64(binary.LittleEndian.Uint32(rest[at+12:]))
			return
		case sig == sigLocal || sig == sigDirectory:
			e.CompressedSize = int64(at)
			e.Size = -1
			return
		}
		from = at + 2
	}
	e.Size = -1
}
