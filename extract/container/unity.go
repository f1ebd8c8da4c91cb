package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// A Unity asset bundle (UnityFS, versions 6 to 8) is a header, a table of blocks and
// nodes, and the blocks: the nodes, which are files, are cut from what the blocks
// unpack to, one after the other. Numbers are big-endian.

const (
	bundleSignature = "UnityFS\x00"
	// bundleOffset is how far behind other bytes a bundle is looked for: games put a
	// header of their own before it and load it with that offset.
	bundleOffset = 4 << 10
	// tableLimit bounds the unpacked table of blocks and nodes.
	tableLimit = 64 << 20
)

// Flags of a bundle.
const (
	bundleTableAtEnd  = 0x80
	bundlePadded      = 0x200 // blocks start on 16 bytes; before 2020.3.34, 2021.3.2 and 2022.1.1: encrypted
	bundleEncrypted   = 0x1400
	bundleAlignedFrom = 7 // version from which the header ends on 16 bytes
)

// bundleHeader is what stands before the table.
type bundleHeader struct {
	version      uint32
	engine       string // version of Unity, "2021.3.4f1"
	size         int64  // of the bundle
	packed, full int64  // size of the table
	flags        uint32
	end          int64 // where the header ends
}

func readBundleHeader(b []byte) (h bundleHeader, ok bool) {
	r := fields{b: b, at: len(bundleSignature), order: binary.BigEndian}
	h.version = r.u32()
	r.text() // version of the player, "5.x.x"
	h.engine = r.text()
	h.size = int64(r.u64())
	h.packed, h.full = int64(r.u32()), int64(r.u32())
	h.flags = r.u32()
	h.end = int64(r.at)
	return h, !r.short
}

// listBundle lists the nodes of a Unity asset bundle.
func (a *Archive) listBundle() error {
	a.Prefix = int64(bytes.Index(a.data[:min(len(a.data), bundleOffset)], []byte(bundleSignature)))
	b := a.data[a.Prefix:]
	h, ok := readBundleHeader(b)
	switch {
	case !ok:
		return errorAt(UnityBundle, 0, ErrTruncated, "header of a file of %d bytes", len(b))
	case h.version < 6 || h.version > 8:
		return errorAt(UnityBundle, 0, ErrUnsupported, "version %d", h.version)
	case h.full > tableLimit:
		return errorAt(UnityBundle, 0, ErrLimit, "table of %d bytes", h.full)
	case h.size > 0 && h.size < int64(len(b)):
		a.Trailer = int64(len(b)) - h.size
		b = b[:h.size]
	case h.size > int64(len(b)):
		a.warn("file of %d bytes, bundle of %d", len(b), h.size)
	}
	// Some bundles of version 6 are aligned all the same, and what is encrypted has
	// a key's check between header and table.
	aligned := (h.end + 15) &^ 15
	starts := []int64{h.end, aligned}
	if h.version >= bundleAlignedFrom {
		slices.Reverse(starts)
	}
	var first error
	for _, start := range starts {
		err := a.readBundle(b, h, start)
		if err == nil {
			return nil
		}
		if first == nil {
			first = err
		}
	}
	if h.flags&(bundleEncrypted|bundlePadded) != 0 && !errors.Is(first, ErrTruncated) {
		return errorAt(UnityBundle, 0, ErrEncrypted, "flags %#x and a table that cannot be read: the bundle is encrypted", h.flags)
	}
	return first
}

// readBundle reads the table at start and sets stream and entries.
func (a *Archive) readBundle(b []byte, h bundleHeader, start int64) error {
	table, blocks := start, start+h.packed
	if h.flags&bundleTableAtEnd != 0 {
		table, blocks = int64(len(b))-h.packed, start
		if h.size > int64(len(b)) {
			return errorAt(UnityBundle, h.size, ErrTruncated, "the table is at the end, beyond the file of %d bytes", len(b))
		}
	}
	if table < 0 || h.packed > int64(len(b))-table {
		return errorAt(UnityBundle, table, ErrTruncated, "table of %d bytes beyond the file of %d", h.packed, len(b))
	}
	packed := block{size: h.full, offset: table, packed: h.packed, flags: uint16(h.flags & blockMethods)}
	raw := b[table : table+h.packed]
	if !packed.stored() {
		var err error
		if raw, err = new(Decoder).unpack(raw, &packed, nil, tableLimit); err != nil {
			return blockError(UnityBundle, &packed, err)
		}
	}
	stream, r, err := readBlocks(raw)
	if err != nil {
		return err
	}
	total := int64(0)
	for i := range stream.blocks {
		stream.blocks[i].offset = total
		total += stream.blocks[i].packed
	}
	end := h.size
	if h.flags&bundleTableAtEnd != 0 {
		end -= h.packed
	}
	if aligned := (blocks + 15) &^ 15; h.flags&bundlePadded != 0 && blocks+total != end {
		blocks = aligned
	}
	for i := range stream.blocks {
		stream.blocks[i].offset += blocks + a.Prefix
	}
	stream.blocks = slices.DeleteFunc(stream.blocks, func(b block) bool { return b.size == 0 })
	return a.readNodes(stream, r)
}

// readBlocks reads the blocks' part of a table and returns the rest.
func readBlocks(table []byte) (*blockStream, *fields, error) {
	r := &fields{b: table, at: 16, order: binary.BigEndian} // behind a digest
	count := int64(r.u32())
	if r.short || count > int64(len(table))/10 {
		return nil, nil, errorAt(UnityBundle, 0, ErrMalformed, "table of %d bytes counts %d blocks", len(table), count)
	}
	s := &blockStream{blocks: make([]block, count)}
	start := int64(0)
	for i := range s.blocks {
		b := &s.blocks[i]
		b.start, b.size, b.packed, b.flags = start, int64(r.u32()), int64(r.u32()), r.u16()
		start = b.end()
	}
	return s, r, nil
}

// readNodes lists the nodes that the rest of a table gives.
func (a *Archive) readNodes(s *blockStream, r *fields) error {
	const nodeLen = 8 + 8 + 4 + 1
	count := int64(r.u32())
	if r.short || count > int64(len(r.b)-r.at)/nodeLen {
		return errorAt(UnityBundle, 0, ErrMalformed, "table of %d bytes counts %d nodes", len(r.b), count)
	}
	entries := make([]Entry, 0, min(count, int64(a.limits.Entries)))
	var before int64 // end of the node before
	for range count {
		if len(entries) >= a.limits.Entries {
			a.warn("%d entries, %d listed", count, len(entries))
			break
		}
		e := Entry{Offset: int64(r.u64()), Size: int64(r.u64()), Method: Blocks, archive: a, inPlace: true}
		r.u32() // flags: 4 is a file of assets
		name := r.text()
		if r.short {
			return errorAt(UnityBundle, 0, ErrMalformed, "node %d passes the table", len(entries))
		}
		switch {
		case e.Offset < 0 || e.Size < 0 || e.Offset > s.size() || e.Size > s.size()-e.Offset:
			e.broken = errorAt(UnityBundle, 0, ErrMalformed, "node lies outside the blocks")
			e.Offset, e.Size = 0, -1
		case e.Offset < before && e.Size > 0:
			e.broken = errorAt(UnityBundle, 0, ErrMalformed, "node overlaps the one before it")
		default:
			before = max(before, e.Offset+e.Size)
			packed, offset, stored := s.shares(e.Offset, e.Offset+e.Size)
			if e.CompressedSize = packed; stored {
				e.Method, e.Offset = Stored, offset
			}
		}
		e.setName(name, true)
		entries = append(entries, e)
	}
	a.stream, a.Entries = s, entries
	return nil
}

// fields reads numbers and texts one after the other; short says that one of them
// passed the end, from where on all are zero.
type fields struct {
	b     []byte
	at    int
	order binary.ByteOrder
	short bool
}

func (r *fields) take(n int) []byte {
	if r.short || n < 0 || n > len(r.b)-r.at {
		r.short = true
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *fields) u8() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *fields) u16() uint16 {
	if b := r.take(2); b != nil {
		return r.order.Uint16(b)
	}
	return 0
}

func (r *fields) u32() uint32 {
	if b := r.take(4); b != nil {
		return r.order.Uint32(b)
	}
	return 0
}

func (r *fields) u64() uint64 {
	if b := r.take(8); b != nil {
		return r.order.Uint64(b)
	}
	return 0
}

// align goes on to the next multiple of n.
func (r *fields) align(n int) { r.take((n - r.at%n) % n) }

// text reads up to a zero byte.
func (r *fields) text() string {
	if r.short {
		return ""
	}
	i := bytes.IndexByte(r.b[r.at:], 0)
	if i < 0 {
		r.short = true
		return ""
	}
	return string(r.take(i + 1)[:i])
}

// isEngineVersion reports whether text is a version of Unity, such as "2021.3.4f1".
func isEngineVersion(text string) bool {
	major, rest, ok := strings.Cut(text, ".")
	year, err := strconv.Atoi(major)
	if !ok || err != nil || year < 1 || year > 9999 || len(text) > 64 {
		return false
	}
	return rest != "" && strings.Trim(rest, "0123456789.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-+\n\r") == ""
}
