package evidence

import (
	"bytes"
	"encoding/binary"
	"path"
	"strings"
)

// scripts looks for strings in the code of hybrid apps: JavaScript, as text or as
// bytecode of Hermes, and Unity's metadata.
func (w *reading) scripts() {
	for i := range w.a.Entries {
		e := &w.a.Entries[i]
		base := path.Base(e.Name)
		switch path.Ext(base) {
		case ".js", ".mjs", ".cjs", ".bundle", ".hbc", ".jsbundle":
			w.once(e, w.script)
		default:
			if base == "global-metadata.dat" {
				w.once(e, w.allText)
			}
		}
	}
}

// script reads one file of JavaScript.
func (w *reading) script(file string, b []byte) {
	if bytes.HasPrefix(b, []byte(hermesMagic)) {
		w.hermes(file, b)
		return
	}
	w.allText(file, b)
	points := 0
	for pos := 0; pos < len(b) && points < maxNamed; pos++ {
		from := pos
		for pos < len(b) && inAddress(b[pos]) {
			pos++
		}
		// Only what stands in quotes is a string: a.onnx may be a property.
		if from > 0 && pos < len(b) && b[from-1] == b[pos] && strings.IndexByte("\"'`", b[pos]) >= 0 {
			points += w.pointer(file, b[from:pos], int64(from))
		}
	}
}

// inAddress reports whether c can stand in an address or file name in code.
func inAddress(c byte) bool {
	return c > ' ' && c < 0x7f && !strings.ContainsRune("\"'`<>()[]{},;|\\", rune(c))
}

// pointer notes what a string of code points at if it is an address or name of a
// model file, and returns how many rules say so.
func (w *reading) pointer(file string, s []byte, offset int64) (n int) {
	w.pointsAt(s, func(rule Rule, isURL bool) {
		o := Observation{Rule: rule, Path: file, Strength: InText, Detail: string(s), Value: string(s), Offset: offset}
		if isURL {
			w.see(o)
		} else {
			w.named = append(w.named, o)
		}
		n++
	})
	return n
}

const (
	// hermesMagic begins bytecode of Hermes: u64 0x1f1903c103bc1fc6, little endian.
	hermesMagic = "\xc6\x1f\xbc\x03\xc1\x03\x19\x1f"
	// hermesHeader is the size of its header.
	hermesHeader = 128
	// maxHermes bounds the strings that are read of one file.
	maxHermes = 1 << 21
	// maxHermesOverlap bounds how often over all strings of one file may cover its
	// storage, where they may share parts.
	maxHermesOverlap = 16
)

// hermes reads the strings of Hermes bytecode, which lie in one storage without
// anything between them. The header holds, as u32 at 0x28: counts of functions, kinds
// of strings, identifiers, strings and long strings, and the size of the storage.
// Behind it stand the functions (16 bytes each, 12 in newer versions), the kinds (u32
// each, counts in the low 31 bits, which add up to the number of strings), hashes of
// identifiers (u32), the strings (u32: one bit for UTF-16, 23 of offset, 8 of length;
// with length 255 the offset is an index of a long one), the long ones (u32 offset and
// length) and the storage, each aligned to four bytes.
func (w *reading) hermes(file string, b []byte) {
	if len(b) < hermesHeader {
		w.problem(file + ": Hermes bytecode cut in its header")
		return
	}
	word := func(at int64) int64 { return int64(binary.LittleEndian.Uint32(b[at:])) }
	functions, kinds, identifiers, count, long, storage := word(0x28), word(0x2c), word(0x30), word(0x34), word(0x38), word(0x3c)
	for _, size := range []int64{16, 12} {
		at := hermesHeader + functions*size
		table := at + 4*kinds + 4*identifiers
		longs := table + 4*count
		text := longs + 8*long
		if count > maxHermes || text+storage > int64(len(b)) {
			continue
		}
		sum := int64(0)
		for i := range kinds {
			sum += word(at+4*i) & 0x7fffffff
		}
		if sum != count {
			continue
		}
		done := make([]bool, len(w.r.textOf))
		points, read := 0, int64(0)
		for i := range count {
			v := word(table + 4*i)
			off, n := v>>1&(1<<23-1), v>>24
			if n == 0xff {
				if off >= long {
					continue
				}
				off, n = word(longs+8*off), word(longs+8*off+4)
			}
			if v&1 == 1 || off+n > storage {
				continue // UTF-16, or beyond
			}
			if read += n; read > maxHermesOverlap*storage {
				w.problem(file + ": strings of the Hermes bytecode overlap too much")
				return
			}
			s := b[text+off : text+off+n]
			w.textIn(file, s, text+off, done)
			if points < maxNamed {
				points += w.pointer(file, s, text+off)
			}
		}
		return
	}
	w.problem(file + ": strings of the Hermes bytecode cannot be found")
	w.allText(file, b)
}

// allText notes every string rule that the bytes of a file show.
func (w *reading) allText(file string, b []byte) {
	w.textIn(file, b, 0, make([]bool, len(w.r.textOf)))
}

// textIn notes the string rules that text at an offset of a file shows; done marks
// those that need no further look.
func (w *reading) textIn(file string, text []byte, offset int64, done []bool) {
	w.r.texts.find(text, done, func(p, at int) bool {
		n := len(w.r.texts.patterns[p])
		if !stands(text, at, n) {
			return false
		}
		w.see(Observation{Rule: w.r.rules[w.r.textOf[p]], Path: file, Strength: InText, Detail: around(text, at, n), Offset: offset + int64(at)})
		return true
	})
}
