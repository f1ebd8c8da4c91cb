package container

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Apps of .NET (Xamarin, MAUI) keep their assemblies compressed: each as "XALZ", an
// index, its size and one LZ4 block, and many of them in a store, "XABA". Stores of
// version 1 are files (assemblies.blob); those of version 2 and 3, from .NET 9 on, have
// names and are the section "payload" of a library (libassemblies.arm64-v8a.blob.so).
// What an assembly embeds, models too, is plain in it.

const (
	assemblyMagic      = 0x5A4C4158 // "XALZ"
	assemblyStoreMagic = 0x41424158 // "XABA"
	assemblyHeader     = 12
	storeHeader        = 20
	storeEntry         = 24
	storeEntry2        = 28
	storePayload       = "payload"
)

// listAssembly lists the one entry of a compressed assembly.
func (a *Archive) listAssembly() error {
	if len(a.data) < assemblyHeader {
		return errorAt(Assembly, 0, ErrTruncated, "header of a file of %d bytes", len(a.data))
	}
	b := block{size: int64(binary.LittleEndian.Uint32(a.data[8:])), offset: assemblyHeader, packed: int64(len(a.data)) - assemblyHeader, flags: blockLZ4}
	a.stream = &blockStream{blocks: []block{b}}
	a.Entries = []Entry{{Size: b.size, CompressedSize: b.packed, Method: Blocks, archive: a, inPlace: true}}
	return nil
}

// listAssemblyStore lists the assemblies of a store.
func (a *Archive) listAssemblyStore() error {
	store := a.data
	if p, ok := assemblyPayload(store); ok {
		a.Prefix, a.Trailer, store = p.From, int64(len(store))-p.To, store[p.From:p.To]
	}
	if len(store) < storeHeader {
		return errorAt(AssemblyStore, a.Prefix, ErrTruncated, "header of a store of %d bytes", len(store))
	}
	r := fields{b: store, at: 4, order: binary.LittleEndian}
	version, count := r.u32(), int64(r.u32())
	r.at = storeHeader
	size := int64(storeEntry)
	switch v := version & 0xFFFF; { // above it are the width and the machine
	case version == 1:
	case v == 2 || v == 3:
		size = storeEntry2
		index := binary.LittleEndian.Uint32(store[16:])
		r.take(int(index))
	default:
		return errorAt(AssemblyStore, a.Prefix+4, ErrUnsupported, "version %#x", version)
	}
	if r.short || count > int64(len(store)-r.at)/size {
		return errorAt(AssemblyStore, a.Prefix+8, ErrTruncated, "%d assemblies in a store of %d bytes", count, len(store))
	}
	names := fields{b: store, at: r.at + int(count*size), order: binary.LittleEndian}
	for i := range count {
		if len(a.Entries) >= a.limits.Entries {
			a.warn("%d assemblies, %d listed", count, len(a.Entries))
			break
		}
		name := fmt.Sprintf("%d.dll", i) // those of version 1 stand in another file
		if size == storeEntry2 {
			r.u32() // place in a table at run time
			if n := names.take(int(names.u32())); len(n) > 0 {
				name = string(n)
			}
		}
		e := Entry{Method: Stored, archive: a, inPlace: true}
		e.Offset, e.Size = a.Prefix+int64(r.u32()), int64(r.u32())
		e.CompressedSize = e.Size
		r.take(16) // symbols and configuration
		e.setName(name, true)
		a.Entries = append(a.Entries, e)
	}
	a.breakOverlaps()
	return nil
}

// assemblyPayload returns where in a library of the ELF format a store stands.
func assemblyPayload(b []byte) (Span, bool) {
	if len(b) < 64 || string(b[:4]) != "\x7FELF" || b[5] != 1 {
		return Span{}, false
	}
	le := binary.LittleEndian
	table, each, count, names := int64(le.Uint32(b[0x20:])), int64(le.Uint16(b[0x2E:])), int64(le.Uint16(b[0x30:])), int64(le.Uint16(b[0x32:]))
	least, place := int64(40), func(h []byte) (from, size int64) { return int64(le.Uint32(h[0x10:])), int64(le.Uint32(h[0x14:])) }
	if b[4] == 2 {
		table, each, count, names = int64(le.Uint64(b[0x28:])), int64(le.Uint16(b[0x3A:])), int64(le.Uint16(b[0x3C:])), int64(le.Uint16(b[0x3E:]))
		least, place = 64, func(h []byte) (from, size int64) { return int64(le.Uint64(h[0x18:])), int64(le.Uint64(h[0x20:])) }
	}
	end := int64(len(b))
	if each < least || table < 0 || table > end || count > (end-table)/each || names >= count {
		return Span{}, false
	}
	texts, size := place(b[table+names*each:])
	if texts < 0 || size < 0 || texts > end || size > end-texts {
		return Span{}, false
	}
	for i := range count {
		h := b[table+i*each:]
		at := int64(le.Uint32(h))
		if at > size || !bytes.HasPrefix(b[texts+at:texts+size], []byte(storePayload+"\x00")) {
			continue
		}
		from, n := place(h)
		if from < 0 || n < 4 || from > end || n > end-from || le.Uint32(b[from:]) != assemblyStoreMagic {
			return Span{}, false
		}
		return Span{from, from + n}, true
	}
	return Span{}, false
}
