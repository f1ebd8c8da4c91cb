package container

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
)

// A Unity file of assets (globalgamemanagers, sharedassets0.assets, level0, and the
// CAB- files of bundles) is a header, the types, the objects' table and the objects.
// Listed are the objects that hold bytes of somebody else's format: text assets, and
// scripts' objects that are a name and one array of bytes, as Barracuda and Sentis
// keep their models. What lies between is in Archive.Gaps.

// Classes of Unity's objects.
const (
	classTextAsset     = 49
	classMonoBehaviour = 114
)

// The versions of the format that are read: Unity 5.5 (2016) to Unity 6.
const (
	assetsOldest   = 17
	assetsLargest  = 22 // from which sizes have 64 bits
	assetsNewest   = 23
	assetsHeader   = 20
	assetsHeader64 = 48
)

// leastAsset is the size of an array from which a script's object is listed.
const leastAsset = 16

type assetsFile struct {
	version        uint32
	metadata, data int64 // size of what describes the objects, where they start
	fields         fields
}

// readAssetsHeader reads the header of a file of assets, which has no signature: its
// size and the version of Unity have to be right.
func readAssetsHeader(b []byte) (f assetsFile, ok bool) {
	if len(b) < assetsHeader64 {
		return f, false
	}
	be := binary.BigEndian
	f.version = be.Uint32(b[8:])
	if f.version < assetsOldest || f.version > assetsNewest || b[16] > 1 {
		return f, false
	}
	size, header := int64(be.Uint32(b[4:])), int64(assetsHeader)
	f.metadata, f.data = int64(be.Uint32(b)), int64(be.Uint32(b[12:]))
	if f.version >= assetsLargest {
		header = assetsHeader64
		f.metadata, size, f.data = int64(be.Uint32(b[20:])), int64(be.Uint64(b[24:])), int64(be.Uint64(b[32:]))
	}
	if size != int64(len(b)) || f.data < header || f.data > size || f.metadata > size-header {
		return f, false
	}
	f.fields = fields{b: b[:header+f.metadata], at: int(header), order: binary.LittleEndian}
	if b[16] == 1 {
		f.fields.order = be
	}
	return f, isEngineVersion(f.fields.text())
}

// listAssets lists the objects of a file of assets that hold foreign bytes.
func (a *Archive) listAssets() error {
	f, ok := readAssetsHeader(a.data)
	if !ok {
		return errorAt(UnityAssets, 0, ErrMalformed, "header of a file of assets")
	}
	r := &f.fields
	r.u32() // platform
	trees := r.u8() != 0
	classes, ok := f.readTypes(trees)
	if !ok {
		return errorAt(UnityAssets, int64(r.at), ErrMalformed, "table of types")
	}
	count := int64(r.u32())
	if r.short || count > int64(len(r.b)-r.at)/16 {
		return errorAt(UnityAssets, int64(r.at), ErrMalformed, "%d objects in a table of %d bytes", count, len(r.b)-r.at)
	}
	room := int64(len(a.data)) // objects do not share bytes
	for range count {
		if len(a.Entries) >= a.limits.Entries {
			a.warn("%d objects, %d listed", count, len(a.Entries))
			break
		}
		r.align(4)
		id := int64(r.u64())
		var start int64
		if f.version >= assetsLargest {
			start = int64(r.u64())
		} else {
			start = int64(r.u32())
		}
		size, index := int64(r.u32()), r.u32()
		if r.short {
			return errorAt(UnityAssets, int64(r.at), ErrMalformed, "table of objects")
		}
		if start < 0 || start > int64(len(a.data))-f.data || size > int64(len(a.data))-f.data-start || int64(index) >= int64(len(classes)) || size > room {
			continue
		}
		if e, ok := assetEntry(a.data[f.data+start:f.data+start+size], classes[index], r.order); ok {
			room -= size
			e.Offset += f.data + start
			e.CompressedSize, e.archive, e.inPlace, e.id = e.Size, a, true, id
			a.Entries = append(a.Entries, e)
		}
	}
	a.settleAssets()
	return nil
}

// settleAssets orders the entries, drops those that overlap, tells names apart and
// finds the gaps.
func (a *Archive) settleAssets() {
	slices.SortStableFunc(a.Entries, func(x, y Entry) int { return cmp.Compare(x.Offset, y.Offset) })
	kept, end := a.Entries[:0], int64(0)
	seen := map[string]bool{}
	for _, e := range a.Entries {
		if e.Offset < end {
			continue // an object cannot be inside another one: it stays in the gap or there
		}
		if seen[e.Name] {
			e.Name = fmt.Sprintf("%s#%d", e.Name, e.id)
		}
		seen[e.Name] = true
		if e.Offset > end {
			a.Gaps = append(a.Gaps, Span{end, e.Offset})
		}
		end = e.Offset + e.Size
		kept = append(kept, e)
	}
	if end < int64(len(a.data)) {
		a.Gaps = append(a.Gaps, Span{end, int64(len(a.data))})
	}
	a.Entries = kept
}

// readTypes returns the classes of the types, by index.
func (f *assetsFile) readTypes(trees bool) (classes []int32, ok bool) {
	r := &f.fields
	count := int64(r.u32())
	if r.short || count > int64(len(r.b)-r.at)/23 {
		return nil, false
	}
	for range count {
		class := int32(r.u32())
		r.u8()  // stripped
		r.u16() // of a script
		if class == classMonoBehaviour {
			r.take(16)
		}
		r.take(16)
		if trees {
			f.skipTree()
		}
		if r.short {
			return nil, false
		}
		classes = append(classes, class)
	}
	return classes, true
}

// skipTree passes the description of a type's fields.
func (f *assetsFile) skipTree() {
	r := &f.fields
	if f.version >= 23 {
		r.take(16)
		r.take(int(r.u32()))
	} else {
		node := 24
		if f.version >= 19 {
			node = 32
		}
		nodes, texts := int64(r.u32()), int64(r.u32())
		r.take(int(min(nodes*int64(node)+texts, 1<<40)))
	}
	if f.version >= 21 {
		r.take(int(min(4*int64(r.u32()), 1<<40)))
	}
}

// assetEntry returns the foreign bytes of an object, with their offset in it.
func assetEntry(object []byte, class int32, order binary.ByteOrder) (e Entry, ok bool) {
	r := fields{b: object, order: order}
	switch class {
	case classTextAsset:
	case classMonoBehaviour:
		r.take(12) // its game object
		r.u8()     // enabled
		r.align(4)
		r.take(12) // its script
	default:
		return e, false
	}
	name := r.take(int(r.u32()))
	r.align(4)
	content := r.take(int(r.u32()))
	// Only padding may follow: with more fields it is an object of its own kind.
	if r.short || len(content) < leastAsset || class == classMonoBehaviour && len(object)-r.at > 3 {
		return e, false
	}
	e = Entry{Size: int64(len(content)), Method: Stored, Offset: int64(r.at - len(content))}
	e.setName(string(name), true)
	e.Directory = false
	if e.Name == "" {
		e.Name, e.Note = "unnamed", ""
	}
	return e, true
}
