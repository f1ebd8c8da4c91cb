package extracttest

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
)

// Library describes a native library for arm64.
type Library struct {
	Needed, Imports, Exports []string
	// Data is its read-only data, in a section called Title, "" for .rodata.
	Data  []byte
	Title string
}

// Bytes writes the library: an ELF file with sections .rodata, .dynstr, .dynsym
// and .dynamic, as a linker's output has them; it holds no code.
func (l Library) Bytes() []byte {
	le := binary.LittleEndian
	names := []byte{0}
	name := func(s string) uint64 {
		at := len(names)
		names = append(append(names, s...), 0)
		return uint64(at)
	}
	var dynamic []byte
	for _, n := range l.Needed {
		dynamic = le.AppendUint64(le.AppendUint64(dynamic, uint64(elf.DT_NEEDED)), name(n))
	}
	dynamic = append(dynamic, make([]byte, 16)...)
	symbols := make([]byte, 24)
	for i, group := range [][]string{l.Imports, l.Exports} {
		for _, s := range group {
			symbols = le.AppendUint32(symbols, uint32(name(s)))
			symbols = append(symbols, 0x12, 0, byte(i), 0) // global function, section 0 or 1
			symbols = append(symbols, make([]byte, 16)...)
		}
	}
	const header, section = 64, 64
	titles := []string{"", cmp.Or(l.Title, ".rodata"), ".dynstr", ".dynsym", ".dynamic", ".shstrtab"}
	var titleData []byte
	var titleAt []int
	for _, t := range titles {
		titleAt = append(titleAt, len(titleData))
		titleData = append(append(titleData, t...), 0)
	}
	parts := [][]byte{nil, l.Data, names, symbols, dynamic, titleData}
	kinds := []elf.SectionType{elf.SHT_NULL, elf.SHT_PROGBITS, elf.SHT_STRTAB, elf.SHT_DYNSYM, elf.SHT_DYNAMIC, elf.SHT_STRTAB}
	b := make([]byte, header)
	copy(b, "\x7fELF\x02\x01\x01")
	var table []byte
	for i, p := range parts {
		s := make([]byte, section)
		le.PutUint32(s, uint32(titleAt[i]))
		le.PutUint32(s[4:], uint32(kinds[i]))
		le.PutUint64(s[24:], uint64(len(b)))
		le.PutUint64(s[32:], uint64(len(p)))
		if i == 3 || i == 4 { // symbols and dynamic use .dynstr
			le.PutUint32(s[40:], 2)
			le.PutUint64(s[56:], []uint64{24, 16}[i-3])
		}
		table = append(table, s...)
		b = append(b, p...)
		for len(b)%8 != 0 {
			b = append(b, 0)
		}
	}
	le.PutUint16(b[16:], uint16(elf.ET_DYN))
	le.PutUint16(b[18:], uint16(elf.EM_AARCH64))
	le.PutUint32(b[20:], 1)
	le.PutUint64(b[40:], uint64(len(b)))
	le.PutUint16(b[52:], header)
	le.PutUint16(b[58:], section)
	le.PutUint16(b[60:], uint16(len(parts)))
	le.PutUint16(b[62:], uint16(len(parts)-1))
	return append(b, table...)
}
