package axml

import (
	"encoding/binary"
	"unicode/utf16"
)

// maxString bounds one string in code units; longer ones are cut.
const maxString = 1 << 16

// pool is a string pool. Strings are decoded on demand.
type pool struct {
	data    []byte // of the strings
	offsets []byte // u32 each
	utf8    bool
}

// readPool reads a string pool chunk: u32 string count, style count, flags,
// strings start, styles start behind the chunk header of 8 bytes.
func readPool(c []byte, warn func(string, ...any)) pool {
	if len(c) < 28 {
		warn("string pool of %d bytes", len(c))
		return pool{data: []byte{}}
	}
	header := int(binary.LittleEndian.Uint16(c[2:]))
	if header < 28 || header > len(c) {
		header = 28
	}
	count := int64(binary.LittleEndian.Uint32(c[8:]))
	flags := binary.LittleEndian.Uint32(c[16:])
	start := int64(binary.LittleEndian.Uint32(c[20:]))
	if most := int64(len(c)-header) / 4; count > most {
		warn("string pool says %d strings, has room for %d", count, most)
		count = most
	}
	if start > int64(len(c)) {
		warn("strings start at %d of %d bytes", start, len(c))
		start = int64(len(c))
	}
	return pool{data: c[start:], offsets: c[header : header+int(count)*4], utf8: flags&0x100 != 0}
}

// at returns string i, "" where there is none.
func (p *pool) at(i uint32) string {
	if int64(i) >= int64(len(p.offsets)/4) {
		return ""
	}
	off := int64(binary.LittleEndian.Uint32(p.offsets[i*4:]))
	if off >= int64(len(p.data)) {
		return ""
	}
	s := p.data[off:]
	if p.utf8 {
		return text8(s)
	}
	return text16(s)
}

// text8 reads a UTF-8 string: length in characters and in bytes, each one or
// two bytes, then the bytes.
func text8(s []byte) string {
	_, s = length8(s)
	n, s := length8(s)
	return string(s[:min(n, len(s), maxString)])
}

func length8(s []byte) (n int, rest []byte) {
	switch {
	case len(s) == 0:
		return 0, nil
	case s[0]&0x80 == 0:
		return int(s[0]), s[1:]
	case len(s) < 2:
		return 0, nil
	}
	return int(s[0]&0x7f)<<8 | int(s[1]), s[2:]
}

// text16 reads a UTF-16 string: length in code units in one or two u16.
func text16(s []byte) string {
	if len(s) < 2 {
		return ""
	}
	n := int(binary.LittleEndian.Uint16(s))
	s = s[2:]
	if n&0x8000 != 0 && len(s) >= 2 {
		n = n&0x7fff<<16 | int(binary.LittleEndian.Uint16(s))
		s = s[2:]
	}
	n = min(n, len(s)/2, maxString)
	units := make([]uint16, n)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(s[2*i:])
	}
	return string(utf16.Decode(units))
}
