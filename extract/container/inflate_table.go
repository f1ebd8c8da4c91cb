package container

// codeOrder is the order in which code length code lengths are stored (RFC 1951, 3.2.7).
var codeOrder = [numPreSyms]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// Table entries of every symbol without its code length: base value, extra bits, flags.
var (
	litEntries  = makeLitEntries()
	distEntries = makeDistEntries()
	preEntries  = makePreEntries()
)

func makeLitEntries() (t [numLitSyms]uint32) {
	for i := range 256 {
		t[i] = flagLiteral | uint32(i)<<16
	}
	t[256] = flagSpecial | flagEnd
	base := uint32(3)
	for i := range 28 {
		extra := uint32(0)
		if i >= 8 {
			extra = uint32(i)/4 - 1
		}
		t[257+i] = base<<16 | extra
		base += 1 << extra
	}
	t[285] = 258 << 16
	t[286], t[287] = flagSpecial, flagSpecial // never valid
	return t
}

func makeDistEntries() (t [numDistSyms]uint32) {
	base := uint32(1)
	for i := range 30 {
		extra := uint32(0)
		if i >= 4 {
			extra = uint32(i)/2 - 1
		}
		t[i] = base<<16 | extra
		base += 1 << extra
	}
	t[30], t[31] = flagSpecial, flagSpecial
	return t
}

func makePreEntries() (t [numPreSyms]uint32) {
	for i := range t {
		t[i] = uint32(i) << 16
	}
	return t
}

// fixedTables installs the fixed codes (RFC 1951, 3.2.6).
func (z *inflater) fixedTables() {
	if z.fixed {
		return
	}
	for i := range numLitSyms {
		switch {
		case i < 144:
			z.lens[i] = 8
		case i < 256:
			z.lens[i] = 9
		case i < 280:
			z.lens[i] = 7
		default:
			z.lens[i] = 8
		}
	}
	z.build(z.lit[:], z.lens[:numLitSyms], litEntries[:], litTableBits)
	for i := range numDistSyms {
		z.lens[i] = 5
	}
	z.build(z.dist[:], z.lens[:numDistSyms], distEntries[:], distTableBits)
	z.fixed = true
}

// dynamicTables reads the code lengths of a dynamic block and builds its tables.
func (z *inflater) dynamicTables() error {
	if !z.need(14) {
		return errInflateTruncated
	}
	z.fixed = false
	nLit, nDist, nPre := int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	var pre [numPreSyms]uint8
	for i := range nPre {
		if !z.need(3) {
			return errInflateTruncated
		}
		pre[codeOrder[i]] = uint8(z.take(3))
	}
	if !z.build(z.pre[:], pre[:], preEntries[:], preTableBits) {
		return errInflateData
	}
	for i := 0; i < nLit+nDist; {
		if !z.need(14) {
			return errInflateTruncated
		}
		e := z.pre[z.bitBuf&(1<<preTableBits-1)]
		z.take(uint(e & 63))
		sym, n := uint8(e>>16), 0
		var v uint8
		switch {
		case sym < 16:
			z.lens[i] = sym
			i++
			continue
		case sym == 16:
			if i == 0 {
				return errInflateData
			}
			v, n = z.lens[i-1], 3+int(z.take(2))
		case sym == 17:
			n = 3 + int(z.take(3))
		default:
			n = 11 + int(z.take(7))
		}
		for range n { // lens has room for one run beyond the last symbol
			z.lens[i] = v
			i++
		}
		if i > nLit+nDist {
			return errInflateData
		}
	}
	if !z.build(z.lit[:], z.lens[:nLit], litEntries[:], litTableBits) ||
		!z.build(z.dist[:], z.lens[nLit:nLit+nDist], distEntries[:], distTableBits) {
		return errInflateData
	}
	return nil
}

// build fills table for the canonical code given by lens: codes of up to
// rootBits in the root, longer ones in subtables behind it. It reports false
// for over-subscribed codes and for incomplete ones of more than one symbol.
func (z *inflater) build(table []uint32, lens []uint8, entries []uint32, rootBits int) bool {
	var count, offset [maxCodeLen + 1]int
	for _, n := range lens {
		count[n]++
	}
	used, space := len(lens)-count[0], 0
	for n := 1; n <= maxCodeLen; n++ {
		offset[n] = offset[n-1]
		if n > 1 {
			offset[n] += count[n-1]
		}
		space += count[n] << (maxCodeLen - n)
	}
	if space > 1<<maxCodeLen {
		return false
	}
	for sym, n := range lens {
		if n != 0 {
			z.sorted[offset[n]] = uint16(sym)
			offset[n]++
		}
	}
	if space < 1<<maxCodeLen {
		return z.buildSparse(table, lens, entries, rootBits, used)
	}
	code, next := uint32(0), 0
	for n := 1; n <= rootBits; n++ {
		// table holds all codes of fewer than n bits, 2^(n-1) entries: repeat it.
		if n > 1 {
			copy(table[1<<(n-1):1<<n], table[:1<<(n-1)])
		}
		code <<= 1
		for range count[n] {
			table[reverseBits(code, n)] = finishEntry(entries[z.sorted[next]], n)
			code++
			next++
		}
	}
	if next < used {
		return z.buildSubtables(table, entries, rootBits, code, next, &count)
	}
	return true
}

// buildSparse makes the table of a code with no symbol or one: any bit decodes
// to it, or to an error when there is none.
func (z *inflater) buildSparse(table []uint32, lens []uint8, entries []uint32, rootBits, used int) bool {
	if used > 1 {
		return false
	}
	e := uint32(flagSpecial)
	if used == 1 {
		if lens[z.sorted[0]] != 1 {
			return false
		}
		e = finishEntry(entries[z.sorted[0]], 1)
	}
	for i := range table[:1<<rootBits] {
		table[i] = e
	}
	return true
}

// buildSubtables places the codes longer than rootBits, from sorted[next] on.
func (z *inflater) buildSubtables(table []uint32, entries []uint32, rootBits int, code uint32, next int, count *[maxCodeLen + 1]int) bool {
	end, prefix, subBits, start := 1<<rootBits, ^uint32(0), 0, 0
	for n := rootBits + 1; n <= maxCodeLen; n++ {
		code <<= 1
		for left := count[n]; left > 0; left-- {
			rev := reverseBits(code, n)
			if p := rev & (1<<rootBits - 1); p != prefix {
				prefix, start = p, end
				// The subtable is as wide as the codes that share its prefix need.
				subBits = n - rootBits
				for room := 1<<subBits - left; room > 0 && rootBits+subBits < maxCodeLen; {
					subBits++
					room = room<<1 - count[rootBits+subBits]
				}
				end += 1 << subBits
				if end > len(table) {
					return false
				}
				table[p] = uint32(start)<<16 | flagSpecial | flagSubtable | uint32(subBits)
			}
			e := finishEntry(entries[z.sorted[next]], n-rootBits)
			for i := int(rev >> rootBits); i < 1<<subBits; i += 1 << (n - rootBits) {
				table[start+i] = e
			}
			code++
			next++
		}
	}
	return true
}

// finishEntry adds the code length n to an entry whose low byte counts extra bits.
func finishEntry(e uint32, n int) uint32 { return e + uint32(n)<<8 + uint32(n) }
