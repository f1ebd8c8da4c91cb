package evidence

import (
	"bytes"
	"encoding/binary"
	"strings"
)

// texts finds many short patterns in one pass: each position's first four
// bytes are looked up in a small table before anything is compared.
type texts struct {
	table    [1 << 14][]int32
	filter   [1 << 16 / 64]uint64 // two-byte prefixes that occur
	patterns [][]byte
}

func newTexts(patterns []string) *texts {
	t := &texts{}
	for i, p := range patterns {
		b := []byte(p)
		t.patterns = append(t.patterns, b)
		h := hash4(binary.LittleEndian.Uint32(b))
		t.table[h] = append(t.table[h], int32(i))
		two := binary.LittleEndian.Uint16(b)
		t.filter[two>>6] |= 1 << (two & 63)
	}
	return t
}

func hash4(v uint32) uint32 { return v * 2654435761 >> 18 }

// find calls hit with each pattern that occurs in data and where it first
// does; done marks patterns that need no further look.
func (t *texts) find(data []byte, done []bool, hit func(pattern int, at int)) {
	for i := 0; i+4 <= len(data); i++ {
		two := binary.LittleEndian.Uint16(data[i:])
		if t.filter[two>>6]&(1<<(two&63)) == 0 {
			continue
		}
		for _, p := range t.table[hash4(binary.LittleEndian.Uint32(data[i:]))] {
			if !done[p] && bytes.HasPrefix(data[i:], t.patterns[p]) {
				done[p] = true
				hit(int(p), i)
			}
		}
	}
}

// wildcard reports whether name matches pattern, in which * stands for any
// run of characters.
func wildcard(pattern, name string) bool {
	first, rest, found := strings.Cut(pattern, "*")
	if !found {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for {
		part, more, again := strings.Cut(rest, "*")
		if !again {
			return strings.HasSuffix(name, rest)
		}
		i := strings.Index(name, part)
		if i < 0 {
			return false
		}
		name, rest = name[i+len(part):], more
	}
}

// classRules finds the rules whose class prefix a descriptor starts with.
type classRules map[string][]int

// of returns the rules for "Lorg/tensorflow/lite/Interpreter;": a prefix ends
// at a slash, a dollar sign or the end of the name.
func (c classRules) of(descriptor []byte) []int {
	descriptor = bytes.TrimLeft(descriptor, "[")
	if len(descriptor) < 3 || descriptor[0] != 'L' {
		return nil
	}
	name := bytes.TrimSuffix(descriptor[1:], []byte(";"))
	var out []int
	for i := 1; i <= len(name); i++ {
		if i == len(name) || name[i] == '/' || name[i] == '$' {
			out = append(out, c[string(name[:i])]...)
		}
	}
	return out
}
