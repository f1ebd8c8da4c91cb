package extract

import (
	"bytes"
	"unicode/utf8"
)

// knownContent is a kind of file that is never a model itself.
type knownContent struct {
	name   string
	offset int
	magic  string
	search bool // models may be inside: search it all the same
	// tells says that the content's structure tells where it ends (see contentEnd):
	// unless that is the end of its file, it is searched.
	tells bool
	// walked says that all of the content must be read to know where it ends.
	walked bool
}

// knownContents are signatures of what else apps hold. Those that are searched
// (libraries, dex, databases) are only kept from being called encrypted.
var knownContents = []knownContent{
	{name: "png", magic: "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", walked: true},
	{name: "jpeg", magic: "\xFF\xD8\xFF", walked: true},
	{name: "gif", magic: "GIF8"},
	{name: "webp", offset: 8, magic: "WEBP", tells: true},
	{name: "wav", offset: 8, magic: "WAVE", tells: true},
	{name: "avi", offset: 8, magic: "AVI ", tells: true},
	{name: "mp4", offset: 4, magic: "ftyp", walked: true},
	{name: "ogg", magic: "OggS\x00", walked: true},
	{name: "flac", magic: "fLaC"},
	{name: "mp3", magic: "ID3\x02"}, {name: "mp3", magic: "ID3\x03"}, {name: "mp3", magic: "ID3\x04"},
	{name: "midi", magic: "MThd\x00\x00\x00\x06"},
	{name: "webm", magic: "\x1A\x45\xDF\xA3"},
	{name: "truetype font", magic: "\x00\x01\x00\x00\x00"},
	{name: "opentype font", magic: "OTTO\x00"},
	{name: "font collection", magic: "ttcf\x00"},
	{name: "woff font", magic: "wOFF"}, {name: "woff font", magic: "wOF2"},
	{name: "ktx texture", magic: "\xABKTX "},
	{name: "astc texture", magic: "\x13\xAB\xA1\x5C"},
	{name: "dds texture", magic: "DDS \x7C\x00\x00\x00"},
	{name: "binary xml", magic: "\x03\x00\x08\x00"},
	{name: "resource table", magic: "\x02\x00\x0C\x00"},
	{name: "java class", magic: "\xCA\xFE\xBA\xBE\x00\x00\x00"},
	{name: "package signature v4", magic: "\x02\x00\x00\x00\x2D\x00\x00\x00\x01\x00\x00\x00\x0C\x00\x00\x00\x00\x20\x00\x00\x00"},
	{name: "baseline profile", magic: "pro\x00"}, {name: "baseline profile", magic: "prm\x00"},
	{name: "icu resources", offset: 12, magic: "ResB", tells: true},
	{name: "pdf", magic: "%PDF-", search: true},
	{name: "dex", magic: "dex\n0", search: true},
	{name: "elf", magic: "\x7FELF", search: true},
	{name: "pe", magic: "MZ\x90\x00", search: true},
	{name: "sqlite", magic: "SQLite format 3\x00", search: true},
	{name: "unity asset bundle", magic: "UnityFS\x00", search: true},
	{name: "hermes bytecode", magic: "\xC6\x1F\xBC\x03\xC1\x03\x19\x1F", search: true},
	{name: "wasm", magic: "\x00asm\x01\x00\x00\x00", search: true},
	{name: "pem", magic: "-----BEGIN ", search: true},
	{name: "icc profile", offset: 36, magic: "acsp", search: true},
}

// known names the content that starts with head, or returns "" when it is not one
// of the kinds told apart here. Text is "text".
func known(head []byte) string {
	if k := lookKnown(head); k != nil {
		return k.name
	}
	if isText(head[:min(len(head), firstLook)]) {
		return "text"
	}
	return ""
}

// skipSearch reports whether content of size bytes that starts with head cannot hold
// models.
func skipSearch(head []byte, size int64) bool {
	k := lookKnown(head)
	return k != nil && !k.search && (!k.tells || int64(contentEnd(head, k.name)) == size)
}

func lookKnown(head []byte) *knownContent {
	for i := range knownContents {
		k := &knownContents[i]
		end := k.offset + len(k.magic)
		if len(head) >= end && head[k.offset] == k.magic[0] && string(head[k.offset:end]) == k.magic {
			return k
		}
	}
	return nil
}

// isText reports whether head is printable text in UTF-8, cut anywhere.
func isText(head []byte) bool {
	if len(head) == 0 {
		return false
	}
	head = bytes.TrimPrefix(head, []byte("\xEF\xBB\xBF"))
	for i := 0; i < len(head); {
		c := head[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(head[i:])
		if r == utf8.RuneError && n <= 1 && (i < len(head)-3 || utf8.FullRune(head[i:])) {
			return false
		}
		i += max(n, 1)
	}
	return true
}
