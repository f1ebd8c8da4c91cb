package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"slices"
)

// Kind names a container format.
type Kind uint8

// The container formats that Detect tells apart. SevenZip and RAR are
// recognised but not opened: Open returns ErrUnsupported for them.
const (
	None Kind = iota
	ZIP
	Tar
	Gzip
	Bzip2
	XZ
	Zstd
	Zlib
	LZMA
	LZ4
	SevenZip
	RAR
	UnityBundle
	UnityAssets
	UnrealPak
	GodotPack
	Assembly
	AssemblyStore
	SQLite
)

var kindNames = [...]string{"none", "zip", "tar", "gzip", "bzip2", "xz", "zstd", "zlib", "lzma", "lz4", "7z", "rar", "unity bundle", "unity assets", "unreal pak", "godot pack", "assembly", "assembly store", "sqlite"}

// String returns the lower-case name of the kind, for example "zip".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Single reports whether the kind compresses one stream rather than holding named entries.
func (k Kind) Single() bool { return k >= Gzip && k <= LZ4 || k == Assembly }

// SniffLen is how many leading bytes Sniff wants to see; with fewer it may answer None.
const SniffLen = 512

// Sniff tells the container kind from the first bytes of a file. It looks at
// signatures only, so a match can still fail to open.
func Sniff(head []byte) Kind {
	if len(head) < 4 {
		return None
	}
	switch binary.LittleEndian.Uint32(head) {
	case sigLocal, sigEnd, sigDirectory:
		return ZIP
	case godotMagic:
		return GodotPack
	case assemblyMagic:
		return Assembly
	case assemblyStoreMagic:
		return AssemblyStore
	case 0xFD2FB528:
		return Zstd
	case lz4Frame, lz4Legacy:
		return LZ4
	}
	switch {
	case head[0] == 0x1F && head[1] == 0x8B && head[2] == 8 && head[3]&0xE0 == 0:
		return Gzip
	case bytes.HasPrefix(head, []byte("BZh")) && len(head) >= 10 && head[3] >= '1' && head[3] <= '9' &&
		(string(head[4:10]) == "1AY&SY" || string(head[4:10]) == "\x17\x72\x45\x38\x50\x90"):
		return Bzip2
	case bytes.HasPrefix(head, []byte("\xFD7zXZ\x00")):
		return XZ
	case isLZMA(head):
		return LZMA
	case bytes.HasPrefix(head, []byte(bundleSignature)):
		return UnityBundle
	case bytes.HasPrefix(head, []byte("7z\xBC\xAF\x27\x1C")):
		return SevenZip
	case bytes.HasPrefix(head, []byte("Rar!\x1A\x07")):
		return RAR
	case len(head) >= 512 && string(head[257:262]) == "ustar":
		return Tar
	}
	return None
}

// isLZMA tells a file of the LZMA tool by its properties, a size of dictionary as
// encoders choose it, a size of content that is unknown or below 16 TiB, and the zero
// that every range coder begins with.
func isLZMA(head []byte) bool {
	if len(head) < 18 || head[0] != 0x5D || head[13] != 0 {
		return false
	}
	dictionary := binary.LittleEndian.Uint32(head[1:])
	ones := bits.OnesCount32(dictionary)
	size := binary.LittleEndian.Uint64(head[5:])
	return dictionary >= 1<<12 && (ones == 1 || ones == 2 && dictionary&(dictionary>>1) != 0) && (size == 1<<64-1 || size > 0 && size < 1<<44)
}

// isZlib tells a zlib stream (RFC 1950): two bytes with a check of their own, then
// DEFLATE data, of which the beginning is read.
func isZlib(data []byte) bool {
	if len(data) < 64 || data[0]&0x8F != 8 || data[1]&0x20 != 0 || binary.BigEndian.Uint16(data)%31 != 0 {
		return false
	}
	var z inflater
	out, _, err := z.run(nil, data[2:min(len(data), 16<<10)], 1<<15, 1<<20)
	return err == nil && len(out) > 0 || errors.Is(err, errInflateTruncated) && len(out) >= 64
}

// SniffStream tells the compressed stream that data begins with, or returns None.
func SniffStream(data []byte) Kind {
	switch k := Sniff(data[:min(len(data), 18)]); {
	case k.Single() && k != Assembly:
		return k
	case k == None && isZlib(data):
		return Zlib
	}
	return None
}

// Detect is Sniff for a whole file: it also finds a zlib stream, a database, a ZIP that has other data before
// it (a self-extractor, an APK behind a dex or an image) by its end record, a Unity
// bundle behind a header of a game's own, and a Unity file of assets, which has no
// signature.
func Detect(data []byte) Kind {
	if k := Sniff(data[:min(len(data), SniffLen)]); k != None {
		return k
	}
	if _, ok := readAssetsHeader(data); ok {
		return UnityAssets
	}
	if isZlib(data) {
		return Zlib
	}
	if bytes.HasPrefix(data, []byte(sqliteSignature)) && len(data) > sqliteHeader {
		return SQLite
	}
	if _, ok := assemblyPayload(data); ok {
		return AssemblyStore
	}
	if pakFooterAt(data) >= 0 {
		return UnrealPak
	}
	if at := bytes.Index(data[:min(len(data), bundleOffset)], []byte(bundleSignature)); at > 0 {
		if h, ok := readBundleHeader(data[at:]); ok && isEngineVersion(h.engine) && h.size <= int64(len(data)-at) {
			return UnityBundle
		}
	}
	from := max(0, len(data)-maxEndDistance)
	var ends []int // few: chance hits are rare
	for at := from; ; {
		i := bytes.Index(data[at:], signature(sigEnd))
		if i < 0 {
			break
		}
		ends = append(ends, at+i)
		at += i + 4
	}
	for _, at := range slices.Backward(ends) {
		if e, ok := parseEnd(data, at); ok {
			directory, ok := findDirectory(data, e)
			if ok && (e.entries > 0 || directory == e.directoryOffset) {
				return ZIP
			}
		}
	}
	return None
}
