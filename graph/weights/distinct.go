package weights

import (
	"encoding/binary"
	"sync"
)

// counter counts distinct bit patterns up to MaxDistinct in an open-addressing
// table of fixed size.
type counter struct {
	// known counts patterns that the caller has already told apart.
	known int64
	table []uint64
	used  int
	zero  bool
	over  bool
	// recent remembers patterns lately seen, so that tensors of few values
	// seldom reach the table.
	recent [1024]uint32
}

const tableBits = 18

// add32 adds patterns of 32 bits.
func (c *counter) add32(bits []uint32) {
	if c.over {
		return
	}
	c.init()
	for _, u := range bits {
		// Multiplicative hashing (Knuth, TAOCP 6.4).
		slot := &c.recent[u*0x9e3779b1>>22]
		if *slot == u && u != 0 {
			continue
		}
		*slot = u
		if c.insert(uint64(u)); c.over {
			return
		}
	}
}

// sketch is a set of hashes of 32-bit patterns: it holds no more of them than there
// are patterns.
type sketch [1 << 21 / 64]uint64

var sketches = sync.Pool{New: func() any { return new(sketch) }}

// manyDistinct reports whether data certainly has more than MaxDistinct patterns of
// 32 bits, at a fraction of what counting them costs; false leaves it open.
func manyDistinct(data []byte) bool {
	set := sketches.Get().(*sketch)
	defer sketches.Put(set)
	clear(set[:])
	used := uint64(0)
	for ; len(data) >= 4; data = data[4:] {
		h := binary.LittleEndian.Uint32(data) * 0x9e3779b1 >> 11
		word, bit := &set[h>>6], uint64(1)<<(h&63)
		used += (*word&bit ^ bit) >> (h & 63)
		*word |= bit
	}
	return used > MaxDistinct
}

// add64 adds one pattern of 64 bits.
func (c *counter) add64(v uint64) {
	if !c.over {
		c.init()
		c.insert(v)
	}
}

func (c *counter) init() {
	if c.table == nil {
		// A small table first: most constants are short.
		c.table = make([]uint64, 256)
	}
}

func (c *counter) insert(v uint64) {
	if v == 0 {
		c.zero = true
		return
	}
	mask := uint64(len(c.table) - 1)
	for i := hash(v) & mask; ; i = (i + 1) & mask {
		switch c.table[i] {
		case v:
			return
		case 0:
			c.table[i] = v
			if c.used++; c.used > MaxDistinct {
				c.over, c.table = true, nil
			} else if 4*c.used > 3*len(c.table) {
				c.grow()
			}
			return
		}
	}
}

func (c *counter) grow() {
	old := c.table
	c.table = make([]uint64, min(4*len(old), 1<<tableBits))
	mask := uint64(len(c.table) - 1)
	for _, v := range old {
		if v == 0 {
			continue
		}
		i := hash(v) & mask
		for c.table[i] != 0 {
			i = (i + 1) & mask
		}
		c.table[i] = v
	}
}

// hash mixes the bits of a pattern (the finaliser of SplitMix64, Steele et al. 2014).
func hash(v uint64) uint64 {
	v ^= v >> 30
	v *= 0xbf58476d1ce4e5b9
	v ^= v >> 27
	return v ^ v>>31
}

// count returns the number of patterns, -1 above MaxDistinct.
func (c *counter) count() int64 {
	n := c.known + int64(c.used)
	if c.zero {
		n++
	}
	if c.over || n > MaxDistinct {
		return -1
	}
	return n
}
