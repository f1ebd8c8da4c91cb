package evidence

import (
	"bytes"
	"encoding/binary"
	"slices"
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

// find calls hit with each pattern and where it occurs in data until hit says that
// it is one; done marks patterns that need no further look.
func (t *texts) find(data []byte, done []bool, hit func(pattern int, at int) bool) {
	for i := 0; i+4 <= len(data); i++ {
		two := binary.LittleEndian.Uint16(data[i:])
		if t.filter[two>>6]&(1<<(two&63)) == 0 {
			continue
		}
		for _, p := range t.table[hash4(binary.LittleEndian.Uint32(data[i:]))] {
			if !done[p] && bytes.HasPrefix(data[i:], t.patterns[p]) {
				done[p] = hit(int(p), i)
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

// stands reports whether pattern stands in s at a place of its own: a pattern that
// begins with a letter or digit is not the end of a longer word or of another host
// name, one that ends with one not the beginning. A region before a host's name, as in
// "us-central1-aiplatform.googleapis.com", is part of the same service.
func stands(s []byte, at, n int) bool {
	if at > 0 && inWord(s[at]) && (inWord(s[at-1]) || s[at-1] == '.' && hostLike(s[at:at+n])) {
		return false
	}
	end := at + n
	return end >= len(s) || !inWord(s[end-1]) || !inWord(s[end])
}

// hostLike reports whether a pattern looks like a host name: what stands before it
// and a dot makes it another one.
func hostLike(pattern []byte) bool {
	return bytes.IndexByte(pattern, '.') > 0 && !bytes.ContainsAny(pattern, " /@")
}

func inWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

// of returns the rules for "Lorg/tensorflow/lite/Interpreter;": a prefix ends
// at a slash, a dollar sign or the end of the name. Of several rules of one kind
// only those with the longest prefix count: org/pytorch/executorch is not
// org/pytorch.
func (c classRules) of(descriptor []byte, rules []Rule) []int {
	descriptor = bytes.TrimLeft(descriptor, "[")
	if len(descriptor) < 3 || descriptor[0] != 'L' {
		return nil
	}
	name := bytes.TrimSuffix(descriptor[1:], []byte(";"))
	var out []int
	for i := 1; i <= len(name); i++ {
		if i == len(name) || name[i] == '/' || name[i] == '$' {
			for _, ri := range c[string(name[:i])] {
				out = slices.DeleteFunc(out, func(o int) bool {
					return rules[o].Kind == rules[ri].Kind && len(rules[o].Pattern) < i
				})
				out = append(out, ri)
			}
		}
	}
	return out
}
