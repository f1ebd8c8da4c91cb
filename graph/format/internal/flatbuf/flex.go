package flatbuf

import (
	"bytes"
	"encoding/binary"
	"math"
)

// Flex is a value of a FlexBuffer. The zero Flex is an absent value, and so is
// whatever the bytes do not hold: damaged options are missing options, never
// an error, for they only refine what the graph says.
type Flex struct {
	data  []byte
	pos   int // where the value, or the offset to it, stands
	width int // bytes of the value or offset
	child int // bytes of each element of a container
	kind  uint8
}

// Kinds of FlexBuffers values, as their specification numbers them.
const (
	flexInt           = 1
	flexUint          = 2
	flexFloat         = 3
	flexKey           = 4
	flexString        = 5
	flexIndirectInt   = 6
	flexIndirectUint  = 7
	flexIndirectFloat = 8
	flexMap           = 9
	flexVector        = 10
	flexVectorFirst   = 11 // typed vectors: int, uint, float, key, string
	flexVectorLast    = 15
	flexBlob          = 25
	flexBool          = 26
)

// FlexRoot returns the root value of a FlexBuffer.
func FlexRoot(data []byte) Flex {
	n := len(data)
	if n < 3 {
		return Flex{}
	}
	width := int(data[n-1])
	if (width != 1 && width != 2 && width != 4 && width != 8) || n-2-width < 0 {
		return Flex{}
	}
	return flexOf(data, n-2-width, width, data[n-2])
}

func flexOf(data []byte, pos, width int, packed byte) Flex {
	return Flex{data: data, pos: pos, width: width, child: 1 << (packed & 3), kind: packed >> 2}
}

// Exists reports whether the value is there.
func (f Flex) Exists() bool { return f.data != nil }

// IsMap reports whether the value is a map.
func (f Flex) IsMap() bool { return f.kind == flexMap }

// uint reads an unsigned number of width bytes.
func (f Flex) uint(pos, width int) (uint64, bool) {
	if pos < 0 || width <= 0 || pos > len(f.data)-width {
		return 0, false
	}
	switch width {
	case 1:
		return uint64(f.data[pos]), true
	case 2:
		return uint64(binary.LittleEndian.Uint16(f.data[pos:])), true
	case 4:
		return uint64(binary.LittleEndian.Uint32(f.data[pos:])), true
	case 8:
		return binary.LittleEndian.Uint64(f.data[pos:]), true
	}
	return 0, false
}

// behind follows an offset, which always leads towards the front.
func (f Flex) behind(pos, width int) (int, bool) {
	off, ok := f.uint(pos, width)
	if !ok || off > uint64(pos) {
		return 0, false
	}
	return pos - int(off), true
}

// Int returns an integer, bool or whole float value.
func (f Flex) Int() (int64, bool) {
	pos, width := f.pos, f.width
	switch f.kind {
	case flexIndirectInt, flexIndirectUint, flexIndirectFloat:
		p, ok := f.behind(pos, width)
		if !ok {
			return 0, false
		}
		pos, width = p, f.child
	}
	u, ok := f.uint(pos, width)
	if !ok {
		return 0, false
	}
	switch f.kind {
	case flexInt, flexIndirectInt:
		shift := 64 - 8*width
		return int64(u<<shift) >> shift, true
	case flexUint, flexIndirectUint, flexBool:
		return int64(u), true
	case flexFloat, flexIndirectFloat:
		v := flexToFloat(u, width)
		return int64(v), v == math.Trunc(v) && math.Abs(v) < 1<<53
	}
	return 0, false
}

func flexToFloat(u uint64, width int) float64 {
	switch width {
	case 4:
		return float64(math.Float32frombits(uint32(u)))
	case 8:
		return math.Float64frombits(u)
	}
	return math.NaN()
}

// Text returns a string, key or blob value.
func (f Flex) Text() (string, bool) {
	p, ok := f.behind(f.pos, f.width)
	if !ok {
		return "", false
	}
	switch f.kind {
	case flexKey:
		if end := bytes.IndexByte(f.data[p:], 0); end >= 0 {
			return string(f.data[p : p+end]), true
		}
	case flexString, flexBlob:
		n, ok := f.uint(p-f.child, f.child)
		if ok && n <= uint64(len(f.data)-p) {
			return string(f.data[p : p+int(n)]), true
		}
	}
	return "", false
}

// Len returns the number of elements of a map or vector, 0 for other values.
func (f Flex) Len() int {
	if f.kind != flexMap && f.kind != flexVector && (f.kind < flexVectorFirst || f.kind > flexVectorLast) {
		return 0
	}
	p, ok := f.behind(f.pos, f.width)
	if !ok {
		return 0
	}
	n, ok := f.uint(p-f.child, f.child)
	if !ok || n > uint64(len(f.data)-p)/uint64(f.child) {
		return 0
	}
	return int(n)
}

// Index returns element i of a map or vector.
func (f Flex) Index(i int) Flex {
	n := f.Len()
	if i < 0 || i >= n {
		return Flex{}
	}
	p, _ := f.behind(f.pos, f.width)
	at := p + i*f.child
	if f.kind >= flexVectorFirst && f.kind <= flexVectorLast {
		return Flex{data: f.data, pos: at, width: f.child, child: 1, kind: f.kind - flexVectorFirst + flexInt}
	}
	types := p + n*f.child
	if types+i >= len(f.data) {
		return Flex{}
	}
	return flexOf(f.data, at, f.child, f.data[types+i])
}

// Field returns the value of a map's key.
func (f Flex) Field(key string) Flex {
	if f.kind != flexMap {
		return Flex{}
	}
	for i := range f.Len() {
		if f.key(i) == key {
			return f.Index(i)
		}
	}
	return Flex{}
}

// key returns the name of entry i of a map: the keys' vector is reached by an
// offset three places before the values, its element width stands two before.
func (f Flex) key(i int) string {
	p, ok := f.behind(f.pos, f.width)
	if !ok {
		return ""
	}
	keys, ok := f.behind(p-3*f.child, f.child)
	width, ok2 := f.uint(p-2*f.child, f.child)
	if !ok || !ok2 || width > 8 {
		return ""
	}
	at, ok := f.behind(keys+i*int(width), int(width))
	if !ok {
		return ""
	}
	end := bytes.IndexByte(f.data[at:], 0)
	if end < 0 {
		return ""
	}
	return string(f.data[at : at+end])
}
