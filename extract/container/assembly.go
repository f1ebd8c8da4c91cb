package container

import (
	"encoding/binary"
	"fmt"
)

// Apps of .NET (Xamarin, MAUI) keep their assemblies compressed: each as "XALZ", an
// index, its size and one LZ4 block, and many of them behind each other in a store,
// "XABA" of version 1 (assemblies.blob; later ones are sections of libraries). What
// an assembly embeds, models too, is plain in it.

const (
	assemblyMagic      = 0x5A4C4158 // "XALZ"
	assemblyStoreMagic = 0x41424158 // "XABA"
	assemblyHeader     = 12
	storeHeader        = 20
	storeEntry         = 24
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

// listAssemblyStore lists the assemblies of a store, whose names stand elsewhere.
func (a *Archive) listAssemblyStore() error {
	r := fields{b: a.data, at: 4, order: binary.LittleEndian}
	version, count := r.u32(), int64(r.u32())
	r.at = storeHeader
	switch {
	case len(a.data) < storeHeader:
		return errorAt(AssemblyStore, 0, ErrTruncated, "header of a file of %d bytes", len(a.data))
	case version != 1:
		return errorAt(AssemblyStore, 4, ErrUnsupported, "version %#x", version)
	case count > int64(len(a.data)-storeHeader)/storeEntry:
		return errorAt(AssemblyStore, 8, ErrTruncated, "%d assemblies in a file of %d bytes", count, len(a.data))
	}
	for i := range count {
		if len(a.Entries) >= a.limits.Entries {
			a.warn("%d assemblies, %d listed", count, len(a.Entries))
			break
		}
		e := Entry{Name: fmt.Sprintf("%d.dll", i), Method: Stored, archive: a, inPlace: true}
		e.Offset, e.Size = int64(r.u32()), int64(r.u32())
		e.CompressedSize = e.Size
		r.take(16) // symbols and configuration
		a.Entries = append(a.Entries, e)
	}
	a.breakOverlaps()
	return nil
}
