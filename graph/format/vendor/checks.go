package vendor

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

func u32(b []byte, at int) uint64 { return uint64(binary.LittleEndian.Uint32(b[at:])) }

func notModel(at int64, msg string, args ...any) error {
	return format.Errorf(format.ErrNotModel, at, msg, args...)
}

// binary body ----------------------------------------------------------------

// checkBinary accepts an undocumented body behind a signature of n bytes: at
// least least bytes, not text, not padding.
func checkBinary(n, least int) func([]byte, *found) error {
	return func(data []byte, _ *found) error {
		if len(data) < least {
			return notModel(int64(n), "%d bytes are no model", len(data))
		}
		body := data[n:min(len(data), n+4096)]
		control, zero := 0, 0
		for _, c := range body {
			switch {
			case c == 0:
				zero++
			case c < 0x20 && c != '\n' && c != '\r' && c != '\t' || c >= 0x80:
				control++
			}
		}
		if control*20 < len(body) || zero*10 > len(body)*9 {
			return notModel(int64(n), "text or padding behind the signature")
		}
		return nil
	}
}

// checkVNN: the second word is a small version and most of the body is not zero.
func checkVNN(data []byte, f *found) error {
	if len(data) < 1024 || u32(data, 4) == 0 || u32(data, 4) > 255 {
		return notModel(4, "no version")
	}
	full := 0
	for _, c := range data[8:] {
		if c != 0 {
			full++
		}
	}
	if full*4 < len(data)*3 {
		return notModel(8, "mostly zero bytes")
	}
	f.version = fmt.Sprint(u32(data, 4))
	return checkBinary(8, 1024)(data, f)
}

// FlatBuffers ------------------------------------------------------------------

// checkFlatBuffer accepts a FlatBuffer at an offset whose root table reads.
func checkFlatBuffer(offset int) func([]byte, *found) error {
	return func(data []byte, _ *found) error {
		if len(data) < offset+16 || !flatbuf.PlausibleRoot(data[offset:], int64(len(data)-offset)) {
			return notModel(int64(offset), "no FlatBuffer")
		}
		b := flatbuf.New(data[offset:])
		if t := b.Root(); b.Err() != nil || t.Fields() < 2 {
			return notModel(int64(offset), "a root of less than two fields")
		}
		return nil
	}
}

func checkENN(data []byte, f *found) error {
	if bytes.HasPrefix(data, []byte("NNC3")) {
		f.version = "3"
		return checkBinary(4, 256)(data, f)
	}
	return checkFlatBuffer(0)(data, f)
}

// checkKModel: identifier, version, then header size, flags, target name or
// counts; versions 5 and later name the size of their header.
func checkKModel(data []byte, f *found) error {
	if len(data) < 32 {
		return format.Errorf(format.ErrTruncated, 0, "header of %d bytes", len(data))
	}
	f.version = fmt.Sprint(u32(data, 4))
	if v := u32(data, 4); v >= 5 {
		if size := u32(data, 8); size < 16 || size > uint64(len(data)) {
			return notModel(8, "header of %d bytes", size)
		}
		return nil
	}
	return checkBinary(8, 32)(data, f)
}

// NBG --------------------------------------------------------------------------

// checkNBG reads the table of layers: name, count and, behind fields whose number
// depends on the version, the place of a table of 64-byte names.
func checkNBG(data []byte, f *found) error {
	if len(data) < 80 {
		return format.Errorf(format.ErrTruncated, 0, "header of %d bytes", len(data))
	}
	major, minor := binary.LittleEndian.Uint16(data[4:]), binary.LittleEndian.Uint16(data[6:])
	// Both words of the version are small; the old form keeps it in one.
	if major == 0 || major > 64 {
		return notModel(4, "version %d", major)
	}
	f.version = fmt.Sprintf("%d.%d", major, minor)
	name, _, _ := strings.Cut(string(data[12:76]), "\x00")
	for _, c := range name {
		if c < ' ' || c > '~' {
			return notModel(12, "network name %q", name)
		}
	}
	f.name = name
	n := u32(data, 76)
	skip, size := 32, uint64(72)
	switch {
	case major > 3:
		skip, size = 296, 76
	case major > 1:
		skip = 288
	}
	at := 80 + skip + 16
	if at+8 > len(data) || n == 0 || n > uint64(f.lim.Nodes) {
		return notModel(76, "%d layers", n)
	}
	from := u32(data, at)
	if from+n*size > uint64(len(data)) {
		return format.Errorf(format.ErrTruncated, int64(at), "table of %d layers at %d in %d bytes", n, from, len(data))
	}
	for i := range n {
		op, _, _ := strings.Cut(string(data[from+i*size:from+i*size+64]), "\x00")
		if op == "" || strings.ContainsFunc(op, func(c rune) bool { return c < ' ' || c > '~' }) {
			return notModel(int64(from+i*size), "layer name %q", op)
		}
		f.ops = append(f.ops, op)
	}
	return nil
}

// Hailo ------------------------------------------------------------------------

// headHEF checks the sizes of a header: big-endian magic, version and size of the
// protobuf; then an MD5 (version 0), or a checksum and the size of the code.
func headHEF(h format.Head) bool {
	end, ok := endHEF(h.Bytes)
	return ok && (h.Size < 0 || end <= uint64(h.Size)*2+1<<20)
}

func endHEF(b []byte) (end uint64, ok bool) {
	if len(b) < 32 {
		return 0, false
	}
	version, proto := binary.BigEndian.Uint32(b[4:]), uint64(binary.BigEndian.Uint32(b[8:]))
	switch version {
	case 0:
		return 32 + proto, proto > 0
	case 1:
		code := binary.BigEndian.Uint64(b[16:])
		return 28 + proto + code, proto > 0 && code < 1<<40
	case 2, 3:
		// Longer headers of newer tools, whose further sizes are not documented.
		return 28 + proto, proto > 0
	}
	return 0, false
}

func checkHEF(data []byte, f *found) error {
	end, ok := endHEF(data)
	if !ok {
		return notModel(4, "no header")
	}
	if end > uint64(len(data)) {
		return format.Errorf(format.ErrTruncated, 8, "header and parts of %d bytes in a file of %d", end, len(data))
	}
	version := binary.BigEndian.Uint32(data[4:])
	f.version, f.producer = fmt.Sprint(version), "Hailo Dataflow Compiler"
	if version <= 1 {
		f.length = int64(end)
	}
	return nil
}

// TensorRT ---------------------------------------------------------------------

// sizeTensorRT returns the size of the engine behind its header of 24 bytes, which
// older versions keep at 16 and newer at 12.
func sizeTensorRT(b []byte) (size uint64, ok bool) {
	if len(b) < 24 {
		return 0, false
	}
	at := 12
	if v := u32(b, 4); v == 0 || v == 0x2b {
		at = 16
	}
	size = binary.LittleEndian.Uint64(b[at:])
	return size, u32(b, 4) < 0x10000 && size > 0 && size < 1<<40
}

func headTensorRT(h format.Head) bool {
	size, ok := sizeTensorRT(h.Bytes)
	return ok && (h.Size < 0 || size <= uint64(h.Size)*2+1<<20)
}

func checkTensorRT(data []byte, f *found) error {
	size, ok := sizeTensorRT(data)
	if !ok {
		return notModel(4, "no header")
	}
	if size+24 > uint64(len(data)) {
		return format.Errorf(format.ErrTruncated, 12, "engine of %d bytes in a file of %d", size, len(data))
	}
	f.version, f.length = fmt.Sprintf("%#x", u32(data, 4)), int64(size)+24
	return nil
}

// BModel -----------------------------------------------------------------------

// headBModel: magic, size of the header (64), of the description, of the binary.
func headBModel(h format.Head) bool { return len(h.Bytes) >= 64 && u32(h.Bytes, 4) == 64 }

func checkBModel(data []byte, f *found) error {
	end := u32(data, 4) + u32(data, 8) + u32(data, 12)
	if end > uint64(len(data)) {
		return format.Errorf(format.ErrTruncated, 8, "parts of %d bytes in a file of %d", end, len(data))
	}
	if err := checkFlatBuffer(64)(data[:64+u32(data, 8)], f); err != nil {
		return err
	}
	f.length = int64(end)
	return nil
}

// Libraries --------------------------------------------------------------------

// names reports whether a library's first bytes hold a symbol's name: its table of
// dynamic symbols stands at the front. It spares reading every library whole.
func names(symbol string) func(format.Head) bool {
	return func(h format.Head) bool { return bytes.Contains(h.Bytes, []byte(symbol)) }
}

// checkLibrary accepts an ELF file that exports, not merely mentions, one of the
// symbols.
func checkLibrary(producer string, symbols ...string) func([]byte, *found) error {
	return func(data []byte, f *found) error {
		file, err := elf.NewFile(bytes.NewReader(data))
		if err != nil {
			return notModel(0, "ELF: %v", err)
		}
		list, err := file.DynamicSymbols()
		if err != nil {
			return notModel(0, "ELF: %v", err)
		}
		for _, s := range list {
			if s.Section == elf.SHN_UNDEF {
				continue
			}
			for _, want := range symbols {
				if s.Name == want {
					f.producer = producer
					f.add("library.machine", strings.ToLower(strings.TrimPrefix(file.Machine.String(), "EM_")))
					f.add("library.symbol", want)
					return nil
				}
			}
		}
		return notModel(0, "the library does not export %s", symbols[0])
	}
}
