package container

import (
	"encoding/binary"
	"errors"
	"io"
)

// Frames of LZ4 (LZ4 Frame Format 1.6.4) and of its older tool, whose blocks of 8 MiB
// stand behind each other.
const (
	lz4Frame    = 0x184D2204
	lz4Legacy   = 0x184C2102
	lz4Skip     = 0x184D2A50 // to 0x184D2A5F
	lz4MaxBlock = 8 << 20
)

var errLZ4 = errors.New("malformed LZ4 data")

// unpackLZ4Frames appends the content of all frames in raw to dst, at most limit bytes.
// What was decoded before an error is returned too.
func unpackLZ4Frames(raw, dst []byte, limit int64) ([]byte, error) {
	frames := 0
	for len(raw) >= 4 {
		var err error
		switch magic := binary.LittleEndian.Uint32(raw); {
		case magic == lz4Frame:
			raw, dst, err = unpackLZ4Frame(raw[4:], dst, limit)
		case magic == lz4Legacy:
			raw, dst, err = unpackLZ4Legacy(raw[4:], dst, limit)
		case magic&^0xF == lz4Skip && len(raw) >= 8 && int64(binary.LittleEndian.Uint32(raw[4:])) <= int64(len(raw)-8):
			raw = raw[8+binary.LittleEndian.Uint32(raw[4:]):]
		case frames > 0:
			return dst, nil // something else follows
		default:
			return dst, errLZ4
		}
		if err != nil {
			return dst, err
		}
		frames++
	}
	return dst, nil
}

// unpackLZ4Frame unpacks one frame behind its magic and returns what follows it.
func unpackLZ4Frame(raw, dst []byte, limit int64) (rest, out []byte, err error) {
	const linked, blockSum, size, sum, dictionary = 0x20, 0x10, 0x08, 0x04, 0x01
	if len(raw) < 3 {
		return nil, dst, io.ErrUnexpectedEOF
	}
	flags, head := raw[0], 3
	if flags>>6 != 1 || flags&dictionary != 0 {
		return nil, dst, errLZ4
	}
	if flags&size != 0 {
		head += 8
	}
	start := len(dst)
	for at := head; ; {
		if at+4 > len(raw) {
			return nil, dst, io.ErrUnexpectedEOF
		}
		n := int(binary.LittleEndian.Uint32(raw[at:]) &^ (1 << 31))
		plain := raw[at+3]&0x80 != 0
		at += 4
		if n == 0 && !plain {
			if flags&sum != 0 {
				at += 4
			}
			return raw[min(at, len(raw)):], dst, nil
		}
		if n > lz4MaxBlock || n > len(raw)-at {
			return nil, dst, io.ErrUnexpectedEOF
		}
		switch {
		case plain:
			dst = append(dst, raw[at:at+n]...)
		default:
			if flags&linked != 0 { // set: the blocks stand alone
				start = len(dst)
			}
			if dst, err = appendLZ4(dst, start, raw[at:at+n], limit); err != nil {
				return nil, dst, err
			}
		}
		if int64(len(dst)) > limit {
			return nil, dst[:limit], errInflateLimit
		}
		at += n
		if flags&blockSum != 0 {
			at += 4
		}
	}
}

// unpackLZ4Legacy unpacks the blocks of the older format up to the end or to what is
// no block.
func unpackLZ4Legacy(raw, dst []byte, limit int64) (rest, out []byte, err error) {
	for len(raw) >= 4 {
		n := binary.LittleEndian.Uint32(raw)
		if n > lz4MaxBlock+lz4MaxBlock/255+16 {
			return raw, dst, nil // the next frame
		}
		if int64(n) > int64(len(raw)-4) {
			return nil, dst, io.ErrUnexpectedEOF
		}
		if dst, err = appendLZ4(dst, len(dst), raw[4:4+n], limit); err != nil {
			return nil, dst, err
		}
		raw = raw[4+n:]
	}
	return nil, dst, nil
}

// appendLZ4 unpacks one block (LZ4 Block Format 1.6) behind dst; matches may reach back
// to dst[start].
func appendLZ4(dst []byte, start int, block []byte, limit int64) ([]byte, error) {
	for at := 0; at < len(block); {
		token := block[at]
		n, next, ok := lz4Length(block, at+1, int(token>>4))
		if !ok || n > len(block)-next {
			return dst, errLZ4
		}
		dst = append(dst, block[next:next+n]...)
		if at = next + n; at == len(block) {
			break // the last sequence has no match
		}
		if at+2 > len(block) {
			return dst, errLZ4
		}
		distance := int(binary.LittleEndian.Uint16(block[at:]))
		n, at, ok = lz4Length(block, at+2, int(token&15))
		if !ok || distance == 0 || distance > len(dst)-start {
			return dst, errLZ4
		}
		if n += 4; int64(len(dst)+n) > limit {
			return dst, errInflateLimit
		}
		for n > 0 { // a match may overlap itself
			chunk := dst[len(dst)-distance:]
			chunk = chunk[:min(n, len(chunk))]
			dst = append(dst, chunk...)
			n -= len(chunk)
		}
	}
	return dst, nil
}

// lz4Length reads a length of which the token holds up to 15; bytes of 255 go on.
func lz4Length(block []byte, at, n int) (length, next int, ok bool) {
	if n < 15 {
		return n, at, true
	}
	for at < len(block) {
		c := block[at]
		n += int(c)
		at++
		if c != 255 {
			return n, at, true
		}
	}
	return 0, 0, false
}
