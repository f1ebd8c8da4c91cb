package container

import (
	"encoding/binary"
)

// xzIndex is what the index at the end of an xz stream says.
type xzIndex struct{ size int64 }

// trimXZPadding drops the zeros, in fours, that may stand behind a stream.
func trimXZPadding(b []byte) []byte {
	for len(b) >= 4 && binary.LittleEndian.Uint32(b[len(b)-4:]) == 0 {
		b = b[:len(b)-4]
	}
	return b
}

// readXZIndex reads the index of a single-stream xz file (The .xz File Format
// 1.2.0, section 4) and checks the dictionary size of every block it lists.
func readXZIndex(b []byte) (xzIndex, error) {
	const headerLen, footerLen = 12, 12
	if len(b) < headerLen+footerLen || string(b[len(b)-2:]) != "YZ" {
		return xzIndex{}, errorAt(XZ, int64(len(b)), ErrTruncated, "no stream footer")
	}
	indexLen := (int64(binary.LittleEndian.Uint32(b[len(b)-8:])) + 1) * 4
	end := int64(len(b) - footerLen)
	at := end - indexLen
	if at < headerLen || b[at] != 0 {
		return xzIndex{}, errorAt(XZ, end, ErrMalformed, "index of %d bytes", indexLen)
	}
	field := b[at+1 : end]
	count, n := binary.Uvarint(field)
	if n <= 0 || count > uint64(len(field)) {
		return xzIndex{}, errorAt(XZ, at, ErrMalformed, "index counts %d blocks", count)
	}
	field = field[n:]
	index, block := xzIndex{}, int64(headerLen)
	for range count {
		unpadded, n1 := binary.Uvarint(field)
		size, n2 := binary.Uvarint(field[max(n1, 0):])
		if n1 <= 0 || n2 <= 0 || unpadded > uint64(at-block) || size > 1<<62 {
			return xzIndex{}, errorAt(XZ, at, ErrMalformed, "index record out of range")
		}
		field = field[n1+n2:]
		if err := checkXZBlock(b[block:at], block); err != nil {
			return xzIndex{}, err
		}
		block += int64(unpadded+3) &^ 3
		index.size = min(index.size+int64(size), 1<<62)
	}
	if block != at {
		return xzIndex{}, errorAt(XZ, at, ErrMalformed, "blocks end at offset %d, index starts at %d", block, at)
	}
	return index, nil
}

// checkXZBlock refuses a block whose LZMA2 dictionary is beyond windowLimit.
func checkXZBlock(b []byte, at int64) error {
	if len(b) < 8 || b[0] == 0 || (int(b[0])+1)*4 > len(b) {
		return errorAt(XZ, at, ErrMalformed, "block header")
	}
	header := b[2 : (int(b[0])+1)*4]
	for _, flag := range []byte{0x40, 0x80} {
		if b[1]&flag != 0 {
			_, n := binary.Uvarint(header)
			if n <= 0 {
				return errorAt(XZ, at, ErrMalformed, "block header")
			}
			header = header[n:]
		}
	}
	if b[1]&3 != 0 || len(header) < 3 || header[0] != 0x21 || header[1] != 1 {
		return errorAt(XZ, at, ErrUnsupported, "filters other than LZMA2")
	}
	// Dictionary sizes are 2^n or 3·2^(n-1) KiB·4, coded in 0..40.
	if code := uint(header[2]); code > 40 || uint64(2|code&1)<<(code/2+11) > windowLimit {
		return errorAt(XZ, at, ErrLimit, "dictionary size code %d", header[2])
	}
	return nil
}
