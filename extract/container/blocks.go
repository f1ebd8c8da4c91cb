package container

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/s2"
	"github.com/ulikunitz/xz/lzma"
)

// How the blocks of a bundle are packed.
const (
	blockStored = 0
	blockLZMA   = 1 // five bytes of properties, then the stream, without its size
	blockLZ4    = 2
	blockLZ4HC  = 3 // LZ4 with more effort in writing

	// Those of other engines.
	blockZlib    = 0x20
	blockGzip    = 0x21
	blockZstd    = 0x22
	blockUnknown = 0x3F

	blockMethods   = 0x3F
	blockEncrypted = 0x100
)

const (
	// maxLZ4 and maxLZMA bound what a byte can expand to: LZ4 adds at most 255 to a
	// match with a byte, a match of LZMA has 273 bytes and costs 1/32 of a bit or more.
	maxLZ4  = 255
	maxLZMA = 1 << 16
	// sharedBlock is the size from which a block is unpacked once for all that read
	// the archive; smaller ones each decoder unpacks for itself.
	sharedBlock = 1 << 20
)

// block is a piece of the stream of bytes that the entries are cut from.
type block struct {
	start  int64 // in the stream, unpacked
	size   int64 // unpacked
	offset int64 // in the archive
	packed int64
	flags  uint16
}

func (b *block) end() int64 { return b.start + b.size }

func (b *block) stored() bool { return b.flags&(blockMethods|blockEncrypted) == blockStored }

// blockStream is the content of a bundle: blocks one after the other.
type blockStream struct {
	blocks []block
	spent  atomic.Int64 // unpacked so far, what was unpacked again included

	mu   sync.Mutex
	last keptBlock // of the large ones
}

// keptBlock is the block unpacked last: neighbours in a block are read in turn. It
// knows its block by the table entry, so as to keep no other content alive.
type keptBlock struct {
	of   *block
	data []byte
	err  error
}

func (s *blockStream) size() int64 {
	if len(s.blocks) == 0 {
		return 0
	}
	return s.blocks[len(s.blocks)-1].end()
}

// budget is how much may be unpacked in all: what is read in order needs its own
// size, once for looking at entries and once for those that span blocks.
func (s *blockStream) budget() int64 { return 4*s.size() + 64<<20 }

// at returns the first block that ends behind pos.
func (s *blockStream) at(pos int64) int {
	i, _ := slices.BinarySearchFunc(s.blocks, pos, func(b block, pos int64) int {
		if b.end() <= pos {
			return -1
		}
		return 1
	})
	return i
}

// shares returns what the bytes [from, to) of the stream take in the archive, and
// where they stand if they are stored as they are.
func (s *blockStream) shares(from, to int64) (packed, offset int64, stored bool) {
	stored, offset = true, -1
	for i := s.at(from); i < len(s.blocks) && s.blocks[i].start < to; i++ {
		b := &s.blocks[i]
		if b.size == 0 {
			continue
		}
		lo, hi := max(from, b.start), min(to, b.end())
		if offset < 0 {
			offset = b.offset + lo - b.start
		}
		stored = stored && b.stored() && b.packed == b.size
		packed += int64(float64(b.packed) * float64(hi-lo) / float64(b.size))
	}
	return packed, offset, stored && offset >= 0
}

// decodeBlocks appends the first most bytes of a bundle's entry to dst[:0]. Unpacked
// counts what had to be unpacked for it.
func (d *Decoder) decodeBlocks(e *Entry, dst []byte, most int64) (out []byte, unpacked int64, err error) {
	a, s := e.archive, e.archive.stream
	if e.broken != nil {
		return nil, 0, e.broken
	}
	if e.spans != nil {
		most = min(most, e.Size, a.limits.EntryBytes)
		out = sized(dst, most, most, int(e.Size))
		for _, p := range e.spans {
			n := min(p.To-p.From, most-int64(len(out)))
			out = append(out, a.data[p.From:p.From+n]...)
		}
		if int64(len(out)) < e.Size && most == a.limits.EntryBytes {
			err = errorAt(a.Kind, e.Offset, ErrLimit, "content of %d bytes", e.Size)
		}
		return out, int64(len(out)), err
	}
	size := min(e.Size, most)
	out = sized(dst, size, min(size, a.limits.EntryBytes), int(min(e.CompressedSize, 1<<40)))
	for pos, i := e.Offset, s.at(e.Offset); pos < e.Offset+size; i++ {
		if i >= len(s.blocks) {
			return out, unpacked, errorAt(a.Kind, e.Offset, ErrTruncated, "content of %d bytes passes the blocks", e.Size)
		}
		b := &s.blocks[i]
		piece, n, blockErr := d.unpackBlock(a, i)
		unpacked += n
		lo, hi := min(pos-b.start, int64(len(piece))), min(e.Offset+size-b.start, int64(len(piece)))
		if int64(len(out))+hi-lo > a.limits.EntryBytes {
			return out, unpacked, errorAt(a.Kind, e.Offset, ErrLimit, "content grows beyond its limit (declared %d bytes)", e.Size)
		}
		out = append(out, piece[lo:hi]...)
		pos = b.start + hi
		if pos < min(b.end(), e.Offset+size) {
			if blockErr == nil {
				blockErr = errorAt(a.Kind, b.offset, ErrTruncated, "block %d holds %d bytes, not %d", i, len(piece), b.size)
			}
			return out, unpacked, blockErr
		}
	}
	return out, unpacked, nil
}

// unpackBlock returns block i, or what of it could be had, with how many bytes were
// unpacked for that: none when it was at hand. It is valid until the next call.
func (d *Decoder) unpackBlock(a *Archive, i int) ([]byte, int64, error) {
	s := a.stream
	b := &s.blocks[i]
	if b.offset >= int64(len(a.data)) {
		return nil, 0, errorAt(a.Kind, b.offset, ErrTruncated, "block %d beyond the file of %d bytes", i, len(a.data))
	}
	raw := a.data[b.offset:min(b.offset+b.packed, int64(len(a.data)))]
	if b.stored() {
		return raw[:min(int64(len(raw)), b.size)], 0, nil
	}
	if b.size < sharedBlock {
		return d.block.unpack(d, a, b, raw, d.block.data)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last.unpack(d, a, b, raw, nil) // others may still be reading the one before
}

// unpack makes b the block that is kept, unless it is so already.
func (k *keptBlock) unpack(d *Decoder, a *Archive, b *block, raw, dst []byte) ([]byte, int64, error) {
	if k.of == b {
		return k.data, 0, k.err
	}
	if s := a.stream; s.spent.Add(b.size) > s.budget() {
		return nil, 0, errorAt(a.Kind, b.offset, ErrLimit, "blocks were unpacked too often")
	}
	*k = keptBlock{} // its buffer may be let go before the next one grows
	data, err := d.unpack(raw, b, dst, a.limits.EntryBytes)
	switch {
	case err != nil && int64(len(raw)) < b.packed:
		err = errorAt(a.Kind, b.offset, ErrTruncated, "block of %d bytes, %d left", b.packed, len(raw))
	case err != nil:
		err = blockError(a.Kind, b, err)
	}
	*k = keptBlock{of: b, data: data, err: err}
	return data, int64(len(data)), err
}

// Forget lets go of content that was kept for entries still to be read.
func (a *Archive) Forget() {
	if s := a.stream; s != nil {
		s.mu.Lock()
		s.last = keptBlock{}
		s.mu.Unlock()
	}
}

var (
	errBlockEncrypted = errors.New("block is encrypted")
	errBlockMethod    = errors.New("compression of the block is not known")
	errBlockHeader    = errors.New("block does not begin with the header of its compression")
	errBlockLimit     = errors.New("block grows beyond the limit")
	errBlockSize      = errors.New("block does not expand to its size")
)

// unpack unpacks one block into dst[:0].
func (d *Decoder) unpack(raw []byte, b *block, dst []byte, limit int64) ([]byte, error) {
	switch {
	case b.flags&blockEncrypted != 0:
		return nil, errBlockEncrypted
	case b.size > limit:
		return nil, errBlockLimit
	}
	switch b.flags & blockMethods {
	case blockLZ4, blockLZ4HC:
		return unpackLZ4(raw, b.size, dst)
	case blockLZMA:
		return unpackLZMA(raw, b.size, dst)
	case blockZlib:
		if len(raw) < 2 || raw[0]&0x0F != 8 || (int(raw[0])<<8|int(raw[1]))%31 != 0 || raw[1]&0x20 != 0 {
			return nil, errBlockHeader
		}
		return d.deflated(raw[2:], b.size, dst)
	case blockGzip:
		start, _, err := gzipHeader(raw)
		if err != nil {
			return nil, err
		}
		return d.deflated(raw[start:], b.size, dst)
	case blockZstd:
		return d.zstandard(raw, b.size, dst)
	}
	return nil, errBlockMethod
}

// deflated unpacks a block without its frame: what it holds has to be size bytes.
func (d *Decoder) deflated(raw []byte, size int64, dst []byte) ([]byte, error) {
	limit := min(size, int64(len(raw))*maxExpansion)
	out, _, err := d.inflate.run(sized(dst, limit, limit, len(raw)), raw, unbounded, int(limit))
	switch {
	case errors.Is(err, errInflateTruncated):
		return out, io.ErrUnexpectedEOF
	case err == nil && int64(len(out)) < size, errors.Is(err, errInflateLimit):
		return out, errBlockSize
	}
	return out, err
}

// zstandard unpacks a Zstandard frame of known size.
func (d *Decoder) zstandard(raw []byte, size int64, dst []byte) ([]byte, error) {
	r, err := d.zstdReader(raw)
	if err != nil {
		return nil, err
	}
	out, err := readLimited(r, sized(dst, size, size, len(raw)), size)
	switch {
	case err == nil && int64(len(out)) < size, errors.Is(err, errInflateLimit):
		return out, errBlockSize
	}
	return out, err
}

// unpackLZ4 unpacks one LZ4 block (LZ4 Block Format 1.6) of known size. It is turned
// into an S2 block, which is the same matches in another notation, and that decoded.
func unpackLZ4(raw []byte, size int64, dst []byte) ([]byte, error) {
	if size > int64(len(raw))*maxLZ4 {
		return nil, errBlockSize
	}
	header := binary.AppendUvarint(make([]byte, 0, 2*len(raw)+64), uint64(size))
	var c s2.LZ4Converter
	block, n, err := c.ConvertBlock(header, raw)
	switch {
	case err != nil:
		return nil, err
	case int64(n) != size:
		return nil, errBlockSize
	}
	return s2.Decode(dst[:0:cap(dst)], block)
}

// unpackLZMA unpacks a stream of LZMA whose size stands elsewhere.
func unpackLZMA(raw []byte, size int64, dst []byte) ([]byte, error) {
	const properties = 5
	switch {
	case len(raw) < properties:
		return nil, io.ErrUnexpectedEOF
	case size > int64(len(raw))*maxLZMA+64<<10:
		return nil, errBlockSize
	}
	header := binary.LittleEndian.AppendUint64(slices.Clone(raw[:properties]), uint64(size))
	r, err := lzma.ReaderConfig{DictCap: windowLimit}.NewReader(&lzmaFile{header, bytes.NewReader(raw[properties:])})
	if err != nil {
		return nil, err
	}
	return readLimited(r, sized(dst, size, size, len(raw)), size)
}

// lzmaFile puts a header before a stream. Single bytes are read behind it only.
type lzmaFile struct {
	header []byte
	*bytes.Reader
}

func (f *lzmaFile) Read(p []byte) (int, error) {
	if len(f.header) == 0 {
		return f.Reader.Read(p)
	}
	n := copy(p, f.header)
	f.header = f.header[n:]
	return n, nil
}

// blockError gives an error of a decompressor its sentinel and place.
func blockError(kind Kind, b *block, err error) error {
	var tooLarge *lzma.ErrDictSize
	sentinel := ErrMalformed
	switch {
	case errors.Is(err, errBlockEncrypted):
		sentinel = ErrEncrypted
	case errors.Is(err, errBlockMethod):
		return errorAt(kind, b.offset, ErrUnsupported, "compression method %d of a block", b.flags&blockMethods)
	case errors.Is(err, errBlockLimit), errors.As(err, &tooLarge):
		sentinel = ErrLimit
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		sentinel = ErrTruncated
	}
	return errorAt(kind, b.offset, sentinel, "%v", err)
}
