package container

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"
)

// An Unreal .pak (versions 1 to 11) is the entries' data, each behind a copy of its
// record, then an index of paths and records, then a footer of a size that depends on
// the version. Numbers are little-endian.

const (
	pakMagic  = 0x5A6F12E1
	pakFooter = 44 // from the magic to the digest of the index
	pakNames  = 32 // bytes of one name of a compression
	// pakStream bounds what all entries together unpack to: a sum that cannot pass the
	// range of a number.
	pakStream = 1 << 60
	// pakFolder bounds the mount point and the paths of directories, in bytes: they are
	// copied into the name of every entry.
	pakFolder = 1 << 10
)

// Versions at which the format changes.
const (
	pakNoTimestamps = 2
	pakCompression  = 3 // blocks, encryption
	pakIndexSealed  = 4 // the footer says whether the index is encrypted
	pakRelative     = 5 // blocks count from their entry
	pakNamed        = 8 // compressions have names
	pakFrozen       = 9
	pakHashed       = 10 // packed records, directories apart
	pakNewest       = 11
)

// pak is an archive while its index is read.
type pak struct {
	a       *Archive
	version uint32
	small   bool // version 8 with four names and a compression of one byte
	index   []byte
	methods []uint16 // by number, from 1 on; 0xFFFF and above are not read
	names   []string
	mount   string
	records []pakRecord
}

// pakRecord is what the index says of an entry.
type pakRecord struct {
	name         string
	offset       int64 // of the copy of the record
	packed, full int64
	method       uint32 // 0 is stored
	blocks       []Span // of the packed blocks in the archive
	blockSize    int64
	encrypted    bool
	header       int64 // size of the copy of the record
}

// pakFooterAt returns where the magic of a .pak's footer stands, -1 if there is none.
func pakFooterAt(b []byte) int {
	for _, n := range []int{0, 4 * pakNames, 5 * pakNames, 5*pakNames + 1} {
		at := len(b) - pakFooter - n
		if at < 0 || binary.LittleEndian.Uint32(b[at:]) != pakMagic {
			continue
		}
		v := binary.LittleEndian.Uint32(b[at+4:])
		fits := v < pakNamed && v > 0
		switch n / pakNames {
		case 4:
			fits = v == pakNamed
		case 5:
			fits = n == 5*pakNames && (v == pakNamed || v > pakFrozen && v <= pakNewest) || n > 5*pakNames && v == pakFrozen
		}
		if fits {
			return at
		}
	}
	return -1
}

// listPak lists an Unreal .pak.
func (a *Archive) listPak() error {
	at := pakFooterAt(a.data)
	r := fields{b: a.data, at: at + 4, order: binary.LittleEndian}
	p := &pak{a: a, version: r.u32()}
	offset, size := int64(r.u64()), int64(r.u64())
	r.take(20)
	if p.version == pakFrozen && r.u8() != 0 {
		return errorAt(UnrealPak, int64(at), ErrUnsupported, "frozen index")
	}
	sealed := p.version >= pakIndexSealed && at > 0 && a.data[at-1] != 0
	p.readMethods(&r, (len(a.data)-r.at)/pakNames)
	switch {
	case sealed:
		return errorAt(UnrealPak, int64(at), ErrEncrypted, "the index is encrypted")
	case offset < 0 || size < 0 || offset > int64(at) || size > int64(at)-offset:
		return errorAt(UnrealPak, int64(at), ErrTruncated, "index of %d bytes at %d, footer at %d", size, offset, at)
	}
	p.index = a.data[offset : offset+size]
	if err := p.readIndex(); err != nil {
		return err
	}
	p.settle()
	return nil
}

// readMethods reads the names of the compressions, which are numbered from 1 on.
func (p *pak) readMethods(r *fields, n int) {
	if p.version < pakNamed {
		p.names = []string{"Zlib", "Gzip", "", "custom"}
	}
	p.small = p.version == pakNamed && n == 4
	for range n {
		name, _, _ := strings.Cut(string(r.take(pakNames)), "\x00")
		p.names = append(p.names, name)
	}
	known := map[string]uint16{"zlib": blockZlib, "gzip": blockGzip, "zstd": blockZstd, "lz4": blockLZ4}
	for _, n := range p.names {
		m, ok := known[strings.ToLower(n)]
		if !ok {
			m = blockUnknown
		}
		p.methods = append(p.methods, m)
	}
}

// unrealText reads a text with its length, negative for UTF-16, and a zero at its end.
func unrealText(r *fields) string {
	n := int64(int32(r.u32()))
	if n >= 0 {
		return strings.TrimRight(string(r.take(int(n))), "\x00")
	}
	b := r.take(int(-2 * n))
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return strings.TrimRight(string(utf16.Decode(u)), "\x00")
}

func (p *pak) readIndex() error {
	r := &fields{b: p.index, order: binary.LittleEndian}
	p.mount = strings.TrimLeft(unrealText(r), "./")
	if len(p.mount) > pakFolder {
		return errorAt(UnrealPak, 0, ErrLimit, "mount point of %d bytes", len(p.mount))
	}
	count := int64(r.u32())
	if p.version >= pakHashed {
		return p.readHashed(r)
	}
	return p.readRecords(r, count)
}

// readRecords reads count paths with their records.
func (p *pak) readRecords(r *fields, count int64) error {
	if r.short || count > int64(len(r.b)-r.at)/40 {
		return errorAt(UnrealPak, int64(r.at), ErrMalformed, "%d entries in an index of %d bytes", count, len(r.b))
	}
	for range count {
		if !p.room() {
			return nil
		}
		name := unrealText(r)
		rec, ok := p.record(r)
		if !ok {
			return errorAt(UnrealPak, int64(r.at), ErrMalformed, "record of entry %d passes the index", len(p.records))
		}
		rec.name = name
		p.records = append(p.records, rec)
	}
	return nil
}

// room reports whether one more entry may be listed.
func (p *pak) room() bool {
	if len(p.records) < p.a.limits.Entries {
		return true
	}
	if len(p.a.Warnings) == 0 {
		p.a.warn("more than %d entries, the rest is not listed", p.a.limits.Entries)
	}
	return false
}

func (p *pak) record(r *fields) (rec pakRecord, ok bool) {
	start := r.at
	rec.offset, rec.packed, rec.full = int64(r.u64()), int64(r.u64()), int64(r.u64())
	if p.small {
		rec.method = uint32(r.u8())
	} else {
		rec.method = r.u32()
	}
	if p.version < pakNoTimestamps {
		r.u64()
	}
	r.take(20)
	if p.version >= pakCompression {
		if rec.method != 0 {
			n := int64(r.u32())
			if r.short || n > int64(len(r.b)-r.at)/16 {
				return rec, false
			}
			for range n {
				from, to := int64(r.u64()), int64(r.u64())
				if p.version >= pakRelative {
					from, to = from+rec.offset, to+rec.offset
				}
				rec.blocks = append(rec.blocks, Span{from, to})
			}
		}
		rec.encrypted = r.u8()&1 != 0
		rec.blockSize = int64(r.u32())
	}
	rec.header = int64(r.at - start)
	return rec, !r.short
}

// readHashed reads the index of version 10 and 11: packed records, and where in them
// each path of the directories has its own.
func (p *pak) readHashed(r *fields) error {
	r.u64() // seed of the hashes
	if r.u32() != 0 {
		r.take(36) // hashes of paths: the directories have the paths themselves
	}
	var offset, size int64
	if r.u32() != 0 {
		offset, size = int64(r.u64()), int64(r.u64())
		r.take(20)
	}
	records := r.take(int(r.u32()))
	end := int64(len(p.a.data))
	switch {
	case r.short:
		return errorAt(UnrealPak, int64(r.at), ErrMalformed, "index of %d bytes", len(r.b))
	case size == 0:
		return errorAt(UnrealPak, 0, ErrUnsupported, "index without paths")
	case offset < 0 || size < 0 || offset > end || size > end-offset:
		return errorAt(UnrealPak, offset, ErrTruncated, "directories of %d bytes", size)
	}
	var loose []pakRecord // those too large to be packed
	n := int64(r.u32())
	if n > int64(len(r.b)-r.at)/40 {
		return errorAt(UnrealPak, int64(r.at), ErrMalformed, "%d entries in %d bytes", n, len(r.b)-r.at)
	}
	for range n {
		rec, ok := p.record(r)
		if !ok {
			return errorAt(UnrealPak, int64(r.at), ErrMalformed, "record passes the index")
		}
		loose = append(loose, rec)
	}
	most := len(records)/4 + len(loose) // blocks, if no record is used twice
	d := &fields{b: p.a.data[offset : offset+size], order: binary.LittleEndian}
	for range d.u32() {
		dir := strings.TrimPrefix(unrealText(d), "/")
		if d.short {
			return errorAt(UnrealPak, offset, ErrMalformed, "directories of %d bytes", size)
		}
		if len(dir) > pakFolder {
			return errorAt(UnrealPak, offset, ErrLimit, "directory with a path of %d bytes", len(dir))
		}
		for range d.u32() {
			name, at := dir+unrealText(d), int64(int32(d.u32()))
			if d.short {
				return errorAt(UnrealPak, offset, ErrMalformed, "directories of %d bytes", size)
			}
			if !p.room() {
				return nil
			}
			rec, ok := pakRecord{}, false
			switch {
			case at >= 0 && at < int64(len(records)) && most >= 0:
				rec, ok = packedRecord(&fields{b: records, at: int(at), order: binary.LittleEndian})
			case at < 0 && -at-1 < int64(len(loose)):
				rec, ok = loose[-at-1], true
			}
			if most += 1 - len(rec.blocks); !ok {
				rec = pakRecord{full: -1}
			}
			rec.name = name
			p.records = append(p.records, rec)
		}
	}
	return nil
}

// packedRecord reads a record that is packed into bits.
func packedRecord(r *fields) (rec pakRecord, ok bool) {
	bits := r.u32()
	rec.method, rec.encrypted = bits>>23&0x3F, bits>>22&1 != 0
	count := int64(bits >> 6 & 0xFFFF)
	if rec.blockSize = int64(bits & 0x3F << 11); bits&0x3F == 0x3F {
		rec.blockSize = int64(r.u32())
	}
	number := func(bit int) int64 {
		if bits>>bit&1 != 0 {
			return int64(r.u32())
		}
		return int64(r.u64())
	}
	rec.offset, rec.full = number(31), number(30)
	rec.packed = rec.full
	rec.header = 53
	if rec.method != 0 {
		rec.packed = number(29)
		rec.header += 4 + 16*count
	}
	at := rec.offset + rec.header
	switch {
	case count == 1 && !rec.encrypted:
		rec.blocks = []Span{{at, at + rec.packed}}
	case count <= int64(len(r.b)-r.at)/4:
		for range count {
			n := int64(r.u32())
			rec.blocks = append(rec.blocks, Span{at, at + n})
			if at += n; rec.encrypted {
				at = (at + 15) &^ 15
			}
		}
	default:
		return rec, false
	}
	return rec, !r.short
}

// settle makes entries of the records, in the order of their content.
func (p *pak) settle() {
	slices.SortStableFunc(p.records, func(x, y pakRecord) int { return cmp.Compare(x.offset, y.offset) })
	a := p.a
	a.stream = &blockStream{}
	end, start := int64(0), int64(0) // of content and stream so far
	size := int64(len(a.data))
	for i := range p.records {
		rec := &p.records[i]
		e := Entry{Size: rec.full, CompressedSize: rec.packed, Method: Blocks, archive: a, inPlace: true}
		from := rec.offset + rec.header
		fail := func(sentinel error, format string, args ...any) {
			e.broken = errorAt(UnrealPak, rec.offset, sentinel, format, args...)
		}
		switch {
		case rec.full < 0 || rec.packed < 0 || rec.offset < 0 || rec.offset > size || rec.packed > size:
			fail(ErrMalformed, "no record in the index, or one that passes the file")
			e.Size, e.CompressedSize = -1, 0
		case rec.encrypted:
			fail(ErrEncrypted, "entry is encrypted")
		case rec.offset < end && rec.packed > 0:
			fail(ErrMalformed, "entry overlaps the one before it")
		case rec.method == 0:
			e.Method, e.Offset = Stored, from
		case int64(rec.method) > int64(len(p.methods)) || p.methods[rec.method-1] == blockUnknown:
			name := ""
			if int64(rec.method) <= int64(len(p.names)) {
				name = p.names[rec.method-1]
			}
			fail(ErrUnsupported, "compression %d %q", rec.method, name)
		default:
			e.Offset = start
			start = p.addBlocks(rec, start, fail)
		}
		if e.broken == nil {
			end = max(end, from+rec.packed)
		}
		e.setName(p.mount+rec.name, true)
		a.Entries = append(a.Entries, e)
	}
}

// addBlocks appends the blocks of a compressed entry to the stream and returns its end.
func (p *pak) addBlocks(rec *pakRecord, start int64, fail func(error, string, ...any)) int64 {
	s, left := p.a.stream, rec.full
	if rec.full > pakStream-start {
		fail(ErrMalformed, "entry of %d bytes", rec.full)
		return start
	}
	kept := len(s.blocks)
	for i, b := range rec.blocks {
		n := min(left, rec.blockSize)
		if len(rec.blocks) == 1 {
			n = left
		}
		if b.From < rec.offset || b.To < b.From || b.To > rec.offset+rec.header+rec.packed || n <= 0 {
			s.blocks = s.blocks[:kept]
			fail(ErrMalformed, "block %d from %d to %d holds %d bytes", i, b.From, b.To, n)
			return start
		}
		s.blocks = append(s.blocks, block{start: start + rec.full - left, size: n, offset: b.From, packed: b.To - b.From, flags: p.methods[rec.method-1]})
		left -= n
	}
	if left > 0 {
		s.blocks = s.blocks[:kept]
		fail(ErrMalformed, "%d blocks lack %d bytes", len(rec.blocks), left)
		return start
	}
	return start + rec.full
}
