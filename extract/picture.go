package extract

import (
	"bytes"
	"encoding/binary"
)

// behind searches what stands behind the end of a picture or sound, where other
// content is hidden without harm to it; the picture itself is not searched. data is
// the whole of a, what the kind of its content.
func (w *worker) behind(a *artifact, data []byte, what string) []*Finding {
	if w.Depth != Full || len(data) < 32 {
		return nil // or not to be had: the archive lies about it
	}
	end := contentEnd(data, what)
	if end <= 0 || len(data)-end < 16 {
		return nil
	}
	whole := *a
	whole.data, whole.size = data, int64(len(data))
	return w.search(&whole, int64(end))
}

// contentEnd returns where content of a kind ends by its own structure, 0 where that
// is not known here.
func contentEnd(data []byte, what string) int {
	switch what {
	case "png":
		return pngEnd(data)
	case "jpeg":
		return jpegEnd(data)
	case "webp", "wav", "avi":
		if !bytes.HasPrefix(data, []byte("RIFF")) {
			return 0
		}
		return int(binary.LittleEndian.Uint32(data[4:])) + 8
	case "icu resources":
		return icuEnd(data)
	}
	return 0
}

// icuEnd reads the length of a resource bundle of ICU (udata.h, uresdata.h): a header
// (u16 its length, 0xda, 0x27, ..., at 8 whether the rest is big endian), then u32 of
// the root and the indexes, of which the first tells how many there are, the fourth the
// bundle's length, both in the order that the header names.
func icuEnd(data []byte) int {
	if len(data) < 24 || data[2] != 0xda || data[3] != 0x27 {
		return 0
	}
	order := binary.ByteOrder(binary.LittleEndian)
	if data[8] == 1 {
		order = binary.BigEndian
	}
	head := int(order.Uint16(data))
	if len(data) < head+20 || order.Uint32(data[head+4:])&0xff < 4 {
		return 0
	}
	return head + 4*int(order.Uint32(data[head+16:]))
}

// pngEnd walks the chunks of a PNG (u32 length, four letters, content, u32 check, big
// endian) to the one called IEND.
func pngEnd(data []byte) int {
	for pos := int64(8); pos+12 <= int64(len(data)); {
		n := int64(binary.BigEndian.Uint32(data[pos:]))
		if n > int64(len(data))-pos-12 {
			return 0
		}
		kind := string(data[pos+4 : pos+8])
		pos += n + 12
		if kind == "IEND" {
			return int(pos)
		}
	}
	return 0
}

// jpegEnd walks the segments of a JPEG: a marker 0xff and a byte, then, with few
// exceptions, a u16 length that counts itself. Coded data follows the segment 0xda up
// to the next marker that is neither 0xff00 nor a restart (0xd0 to 0xd7).
func jpegEnd(data []byte) int {
	pos := 2
	for pos+4 <= len(data) && data[pos] == 0xff {
		marker := data[pos+1]
		switch {
		case marker == 0xd9:
			return pos + 2
		case marker == 0xff:
			pos++
			continue
		case marker == 0x01, marker >= 0xd0 && marker <= 0xd7:
			pos += 2
			continue
		}
		pos += 2 + int(binary.BigEndian.Uint16(data[pos+2:]))
		if marker != 0xda {
			continue
		}
		for pos+2 <= len(data) {
			i := bytes.IndexByte(data[min(pos, len(data)):], 0xff)
			if i < 0 || pos+i+2 > len(data) {
				return 0
			}
			pos += i
			if m := data[pos+1]; m != 0 && (m < 0xd0 || m > 0xd7) {
				break
			}
			pos += 2
		}
	}
	if pos+2 == len(data) && data[pos] == 0xff && data[pos+1] == 0xd9 {
		return pos + 2
	}
	return 0
}
