package extract

import (
	"bytes"
	"encoding/binary"
	"strings"
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
	if rows := w.search(&whole, int64(end)); len(rows) > 0 {
		return rows
	}
	return w.readAt(&whole, end)
}

// readAt reads what begins at an offset and goes on to the end as a file of its own:
// formats without a signature are told by their first byte.
func (w *worker) readAt(a *artifact, at int) []*Finding {
	if len(a.data)-at < 16 {
		return nil
	}
	piece := w.pieceAt(a, int64(at), int64(len(a.data)-at))
	if found, _ := w.identify(piece); found != nil {
		return []*Finding{w.accept(piece, found)}
	}
	return nil
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
	case "mp4":
		return mp4End(data)
	case "ogg":
		return oggEnd(data)
	case "dex":
		if len(data) < 36 {
			return 0
		}
		return int(binary.LittleEndian.Uint32(data[32:]))
	}
	return 0
}

// mp4Boxes are the boxes that stand at the top of a file (ISO/IEC 14496-12).
const mp4Boxes = "ftyp moov mdat free skip wide moof mfra sidx ssix styp meta meco uuid pdin prft emsg udta pnot "

// mp4End walks the boxes at the top: u32 size, big endian, and four letters; a size of
// 1 is followed by the size as u64 behind the letters, one of 0 reaches to the end.
func mp4End(data []byte) int {
	pos := int64(0)
	for pos+8 <= int64(len(data)) && strings.Contains(mp4Boxes, string(data[pos+4:pos+8])+" ") {
		n := uint64(binary.BigEndian.Uint32(data[pos:]))
		if n == 1 && pos+16 <= int64(len(data)) {
			n = binary.BigEndian.Uint64(data[pos+8:])
		}
		if n < 8 || n > uint64(int64(len(data))-pos) {
			return 0 // to the end, or cut
		}
		pos += int64(n)
	}
	return int(pos)
}

// oggEnd walks the pages (RFC 3533): 27 bytes, of which the last counts the lengths
// that follow, one byte each.
func oggEnd(data []byte) int {
	pos := 0
	for pos+27 <= len(data) && string(data[pos:pos+4]) == "OggS" {
		n := 27 + int(data[pos+26])
		if pos+n > len(data) {
			return 0
		}
		for _, l := range data[pos+27 : pos+n] {
			n += int(l)
		}
		pos += n
	}
	return min(pos, len(data))
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
