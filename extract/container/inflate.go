package container

import (
	"encoding/binary"
	"errors"
	"math/bits"
)

// The decoder below reads raw DEFLATE (RFC 1951) from one slice into another.
// The general readers work through a 32 KiB window because they may not keep the
// output; an archive entry has both ends in memory, so matches are copied inside
// the output itself, and the bit buffer is refilled eight bytes at a time.

const (
	litTableBits  = 11   // width of the literal/length root table
	distTableBits = 8    // width of the distance root table
	preTableBits  = 7    // code length codes are at most 7 bits long: no subtables
	litTableSize  = 2342 // largest complete table for 288 symbols, 15 bits, root 11
	distTableSize = 402  // largest complete table for 32 symbols, 15 bits, root 8
	maxCodeLen    = 15
	numLitSyms    = 288
	numDistSyms   = 32
	numPreSyms    = 19

	// outSlack is the room the fast loop may write beyond its limit: two
	// literals, one match of 258 bytes and the overshoot of word copies.
	outSlack = 320

	// unbounded is a size no output reaches; sums with it do not overflow.
	unbounded = 1 << 46

	// maxExpansion is the largest ratio DEFLATE can reach: 258 bytes from two bits.
	maxExpansion = 1032
)

// Bits of a decoding table entry. The low byte is the number of bits to drop,
// extra bits included; bits 8–11 the code's own length; the high half a base
// value, a literal or the index of a subtable.
const (
	flagLiteral  = 1 << 31
	flagSpecial  = 1 << 15 // subtable, end of block or invalid
	flagSubtable = 1 << 14
	flagEnd      = 1 << 13
)

var (
	errInflateData      = errors.New("invalid deflate data")
	errInflateTruncated = errors.New("deflate stream ends early")
	errInflateLimit     = errors.New("deflate output exceeds the limit")
)

// inflater holds the tables of one decoder; it is reused between streams and
// must not be shared by goroutines.
type inflater struct {
	lit      [litTableSize]uint32
	dist     [distTableSize]uint32
	pre      [1 << preTableBits]uint32
	lens     [numLitSyms + numDistSyms + 140]uint8
	sorted   [numLitSyms]uint16
	fixed    bool // lit and dist hold the fixed codes
	src      []byte
	pos      int
	bitBuf   uint64
	bitCount uint
	overrun  int // zero bytes appended after the end of src
}

// run appends the decoded stream in src to dst and returns it with the number
// of bytes of src that were used. Matches may not reach before base, the length
// of dst on entry. It stops without error once at least want bytes have been
// appended (the result may be longer by outSlack); with max reached first it
// returns errInflateLimit. What was decoded before an error is returned too.
func (z *inflater) run(dst, src []byte, want, max int) (out []byte, used int, err error) {
	z.src, z.pos, z.bitBuf, z.bitCount, z.overrun = src, 0, 0, 0, 0
	base := len(dst)
	o := base
	out = dst[:cap(dst)]
	if len(out) < o+outSlack {
		out = growOutput(out, o, o+outSlack)
	}
	for final := false; !final; {
		if !z.need(3) {
			return out[:o], len(src), errInflateTruncated
		}
		final = z.take(1) == 1
		switch z.take(2) {
		case 0:
			out, o, err = z.stored(out, o, base+max)
		case 1:
			z.fixedTables()
			out, o, err = z.block(out, base, o, base+want, base+max)
		case 2:
			if err = z.dynamicTables(); err == nil {
				out, o, err = z.block(out, base, o, base+want, base+max)
			}
		default:
			err = errInflateData
		}
		if err == errInflateData && uint(z.overrun)*8 > z.bitCount {
			err = errInflateTruncated
		}
		if err != nil || o-base >= want {
			break
		}
	}
	used = z.pos + z.overrun - int(z.bitCount>>3)
	z.src = nil
	if used > len(src) {
		used = len(src)
		if err == nil && o-base < want {
			err = errInflateTruncated
		}
	}
	return out[:o], used, err
}

// block decodes one Huffman coded block. It is one long function because its
// state has to stay in registers: split, it ran at half the speed.
func (z *inflater) block(out []byte, base, o, want, max int) ([]byte, int, error) {
	src, pos, bitBuf, bitCount := z.src, z.pos, z.bitBuf, z.bitCount
	limit := min(want, max, len(out)-outSlack)
	safe := o // everything before it came from real input bits
	var err error
loop:
	for {
		if o >= limit {
			if o >= want {
				break
			}
			if o >= max {
				err = errInflateLimit
				break
			}
			out = growOutput(out, o, min(want, max)+outSlack)
			limit = min(want, max, len(out)-outSlack)
		}
		if len(src)-pos >= 8 {
			bitBuf |= binary.LittleEndian.Uint64(src[pos:]) << (bitCount & 63)
			pos += int((63 - bitCount) >> 3)
			bitCount |= 56
		} else {
			z.pos, z.bitBuf, z.bitCount = pos, bitBuf, bitCount
			if !z.refillTail() {
				o, err = safe, errInflateTruncated
				break
			}
			safe = o
			pos, bitBuf, bitCount = z.pos, z.bitBuf, z.bitCount
		}
		e := z.lit[bitBuf&(1<<litTableBits-1)]
		if e&flagLiteral != 0 {
			bitBuf >>= e & 63
			bitCount -= uint(e & 63)
			out[o] = byte(e >> 16)
			o++
			e = z.lit[bitBuf&(1<<litTableBits-1)]
			if e&flagLiteral != 0 {
				bitBuf >>= e & 63
				bitCount -= uint(e & 63)
				out[o] = byte(e >> 16)
				o++
				e = z.lit[bitBuf&(1<<litTableBits-1)]
				if e&flagLiteral != 0 {
					bitBuf >>= e & 63
					bitCount -= uint(e & 63)
					out[o] = byte(e >> 16)
					o++
					continue
				}
			}
		}
		if e&flagSpecial != 0 {
			if e&flagSubtable != 0 {
				bitBuf >>= litTableBits
				bitCount -= litTableBits
				i := uint64(e>>16) + bitBuf&(1<<(e&15)-1)
				if i >= litTableSize {
					err = errInflateData
					break
				}
				e = z.lit[i]
				if e&flagLiteral != 0 {
					bitBuf >>= e & 63
					bitCount -= uint(e & 63)
					out[o] = byte(e >> 16)
					o++
					continue
				}
			}
			if e&flagSpecial != 0 {
				if e&flagEnd == 0 {
					err = errInflateData
					break
				}
				bitBuf >>= e & 63
				bitCount -= uint(e & 63)
				break
			}
		}
		n := int(e>>16) + int(bitBuf>>(e>>8&15)&(1<<((e&63)-(e>>8&15))-1))
		bitBuf >>= e & 63
		bitCount -= uint(e & 63)
		if bitCount < 32 {
			if len(src)-pos >= 8 {
				bitBuf |= binary.LittleEndian.Uint64(src[pos:]) << (bitCount & 63)
				pos += int((63 - bitCount) >> 3)
				bitCount |= 56
			} else {
				z.pos, z.bitBuf, z.bitCount = pos, bitBuf, bitCount
				if !z.refillTail() {
					o, err = safe, errInflateTruncated
					break
				}
				pos, bitBuf, bitCount = z.pos, z.bitBuf, z.bitCount
			}
		}
		e = z.dist[bitBuf&(1<<distTableBits-1)]
		if e&flagSpecial != 0 {
			if e&flagSubtable == 0 {
				err = errInflateData
				break
			}
			bitBuf >>= distTableBits
			bitCount -= distTableBits
			i := uint64(e>>16) + bitBuf&(1<<(e&15)-1)
			if i >= distTableSize || z.dist[i]&flagSpecial != 0 {
				err = errInflateData
				break
			}
			e = z.dist[i]
		}
		d := int(e>>16) + int(bitBuf>>(e>>8&15)&(1<<((e&63)-(e>>8&15))-1))
		bitBuf >>= e & 63
		bitCount -= uint(e & 63)
		if d > o-base {
			err = errInflateData
			break
		}
		s, end := o-d, o+n
		switch {
		case n > 64:
			for o < end { // out[s:o] doubles each time
				o += copy(out[o:end], out[s:o])
			}
		case d >= 8:
			for o < end {
				binary.LittleEndian.PutUint64(out[o:], binary.LittleEndian.Uint64(out[s:]))
				o += 8
				s += 8
			}
		case d == 1:
			w := uint64(out[s]) * 0x0101010101010101
			for o < end {
				binary.LittleEndian.PutUint64(out[o:], w)
				o += 8
			}
		default:
			for o < end {
				out[o] = out[s]
				o++
				s++
			}
		}
		o = end
		continue loop
	}
	if err != errInflateLimit && uint(z.overrun)*8 > bitCount {
		o, err = safe, errInflateTruncated
	}
	z.pos, z.bitBuf, z.bitCount = pos, bitBuf, bitCount
	return out, o, err
}

// stored copies one uncompressed block.
func (z *inflater) stored(out []byte, o, max int) ([]byte, int, error) {
	z.pos -= int(z.bitCount>>3) - z.overrun // give back whole bytes
	z.bitBuf, z.bitCount, z.overrun = 0, 0, 0
	if len(z.src)-z.pos < 4 {
		return out, o, errInflateTruncated
	}
	n := int(binary.LittleEndian.Uint16(z.src[z.pos:]))
	if n != int(^binary.LittleEndian.Uint16(z.src[z.pos+2:])) {
		return out, o, errInflateData
	}
	z.pos += 4
	var err error
	if n > len(z.src)-z.pos {
		n, err = len(z.src)-z.pos, errInflateTruncated
	}
	if n > max-o {
		n, err = max-o, errInflateLimit
	}
	if o+n+outSlack > len(out) {
		out = growOutput(out, o, o+n+outSlack)
	}
	copy(out[o:], z.src[z.pos:z.pos+n])
	z.pos += n
	return out, o + n, err
}

// need makes at least n (≤ 48) bits available; false says the input has ended.
func (z *inflater) need(n uint) bool {
	if z.bitCount >= n {
		return true
	}
	if len(z.src)-z.pos >= 8 {
		z.bitBuf |= binary.LittleEndian.Uint64(z.src[z.pos:]) << (z.bitCount & 63)
		z.pos += int((63 - z.bitCount) >> 3)
		z.bitCount |= 56
		return true
	}
	return z.refillTail()
}

// refillTail fills the bit buffer near the end of the input, with zero bytes
// after it; false once nothing real can be left in the buffer.
func (z *inflater) refillTail() bool {
	// A fast refill leaves bits above bitCount that will be read again.
	z.bitBuf &= 1<<z.bitCount - 1
	for z.bitCount <= 56 {
		if z.pos < len(z.src) {
			z.bitBuf |= uint64(z.src[z.pos]) << z.bitCount
			z.pos++
		} else {
			z.overrun++
		}
		z.bitCount += 8
	}
	return uint(z.overrun)*8 < z.bitCount
}

// take removes n bits that need has made available.
func (z *inflater) take(n uint) uint64 {
	v := z.bitBuf & (1<<n - 1)
	z.bitBuf >>= n
	z.bitCount -= n
	return v
}

// growOutput returns out with room for at least one more slack, at most want.
// Doubling keeps a lying size field from costing more than what is really there.
func growOutput(out []byte, o, want int) []byte {
	n := max(2*len(out), o+2*outSlack, 64<<10)
	n = min(n, max(want, o+outSlack))
	if n <= len(out) {
		n = len(out) + outSlack
	}
	grown := make([]byte, n)
	copy(grown, out[:o])
	return grown
}

func reverseBits(code uint32, n int) uint32 { return bits.Reverse32(code) >> (32 - n) }
