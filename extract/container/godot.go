package container

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
)

// A Godot pack (.pck, format versions 0 to 3) is a header, a directory and the files,
// which are stored as they are or encrypted. Numbers are little-endian.

const godotMagic = 0x43504447 // "GDPC"

// Flags of a pack and of its files.
const (
	godotSealed       = 1 // the directory is encrypted
	godotRelative     = 2 // files count from the pack's start: here it is always the start
	godotSparse       = 4 // the files are elsewhere
	godotFileSealed   = 1
	godotFileRemoved  = 2
	godotNewest       = 3
	godotEntryAtLeast = 4 + 8 + 8 + 16
)

// listGodot lists a Godot pack.
func (a *Archive) listGodot() error {
	r := fields{b: a.data, at: 4, order: binary.LittleEndian}
	version := r.u32()
	r.take(12) // version of the engine
	if r.short || version > godotNewest {
		return errorAt(GodotPack, 4, ErrUnsupported, "version %d in a file of %d bytes", version, len(a.data))
	}
	var flags uint32
	var base int64
	if version >= 2 {
		flags, base = r.u32(), int64(r.u64())
	}
	directory := int64(r.at) + 16*4 // behind reserved numbers
	if version >= 3 {
		directory = int64(r.u64())
	}
	switch {
	case flags&godotSealed != 0:
		return errorAt(GodotPack, 20, ErrEncrypted, "the directory is encrypted")
	case r.short || directory < 0 || directory > int64(len(a.data)):
		return errorAt(GodotPack, int64(r.at), ErrTruncated, "directory at %d of %d bytes", directory, len(a.data))
	}
	r.at = int(directory)
	count := int64(r.u32())
	if r.short || count > int64(len(a.data)-r.at)/godotEntryAtLeast {
		return errorAt(GodotPack, directory, ErrTruncated, "%d files in a directory of at most %d bytes", count, len(a.data)-r.at)
	}
	for range count {
		if len(a.Entries) >= a.limits.Entries {
			a.warn("%d files, %d listed", count, len(a.Entries))
			break
		}
		name := strings.TrimRight(string(r.take(int(r.u32()))), "\x00")
		e := Entry{Offset: base + int64(r.u64()), Size: int64(r.u64()), Method: Stored, archive: a, inPlace: true}
		r.take(16) // digest
		var kind uint32
		if version >= 2 {
			kind = r.u32()
		}
		if r.short {
			a.Repaired = true
			a.warn("directory ends after %d of %d files", len(a.Entries), count)
			break
		}
		if kind&godotFileRemoved != 0 {
			continue
		}
		a.Entries = append(a.Entries, a.godotEntry(e, strings.TrimPrefix(name, "res://"), flags, kind))
	}
	a.breakOverlaps()
	return nil
}

func (a *Archive) godotEntry(e Entry, name string, flags, kind uint32) Entry {
	e.CompressedSize = e.Size
	switch {
	case e.Offset < 0 || e.Size < 0:
		e.broken = errorAt(GodotPack, 0, ErrMalformed, "file lies outside the pack")
	case flags&godotSparse != 0:
		e.broken = errorAt(GodotPack, 0, ErrUnsupported, "file is kept outside the pack")
	case kind&godotFileSealed != 0:
		e.broken = errorAt(GodotPack, e.Offset, ErrEncrypted, "file is encrypted")
	}
	e.setName(name, true)
	return e
}

// breakOverlaps keeps entries that share bytes from being read more than once, and
// gives those that cannot be read their method.
func (a *Archive) breakOverlaps() {
	order := make([]*Entry, len(a.Entries))
	for i := range a.Entries {
		order[i] = &a.Entries[i]
	}
	slices.SortStableFunc(order, func(x, y *Entry) int { return cmp.Compare(x.Offset, y.Offset) })
	end := int64(0)
	for _, e := range order {
		if e.broken == nil && e.Offset < end && e.Size > 0 {
			e.broken = errorAt(a.Kind, e.Offset, ErrMalformed, "entry overlaps the one before it")
		}
		if e.broken != nil {
			e.Method = Blocks
			continue
		}
		end = max(end, e.Offset+min(e.Size, int64(len(a.data))))
	}
}
