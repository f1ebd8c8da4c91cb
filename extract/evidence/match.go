package evidence

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
)

// texts finds many short patterns in one pass. Every pattern, of at least four bytes,
// covers a pair of bytes at an even offset whichever way it is aligned; of the pairs
// that would do, the rarest in text is watched for each way.
type texts struct {
	pairs    [1 << 16 / 64]uint64 // set of pairs watched for, as little-endian words
	byPair   map[uint16][]pairOf
	patterns [][]byte
}

// pairOf is a pattern whose bytes at delta, delta+1 are the pair.
type pairOf struct{ pattern, delta int }

func newTexts(patterns []string) *texts {
	t := &texts{byPair: map[uint16][]pairOf{}}
	for i, p := range patterns {
		t.patterns = append(t.patterns, []byte(p))
		for parity := range 2 {
			best := parity
			for d := parity; d+2 <= len(p); d += 2 {
				if commonness(p[d])*commonness(p[d+1]) < commonness(p[best])*commonness(p[best+1]) {
					best = d
				}
			}
			pair := binary.LittleEndian.Uint16([]byte(p[best:]))
			t.pairs[pair>>6] |= 1 << (pair & 63)
			t.byPair[pair] = append(t.byPair[pair], pairOf{i, best})
		}
	}
	return t
}

// commonness is roughly how often a byte stands in code and text: only the order
// counts.
func commonness(c byte) int {
	switch {
	case bytes.IndexByte([]byte("etaoinsrl"), c) >= 0:
		return 12
	case 'a' <= c && c <= 'z':
		return 6
	case c == ' ', c == 0:
		return 10
	case '0' <= c && c <= '9', 'A' <= c && c <= 'Z', c == '.', c == '/', c == '_':
		return 4
	}
	return 2
}

// find calls hit with each pattern and where it occurs in data until hit says that
// it is one; done marks patterns that need no further look.
func (t *texts) find(data []byte, done []bool, hit func(pattern int, at int) bool) {
	pos := 0
	for ; pos+8 <= len(data); pos += 8 {
		v := binary.LittleEndian.Uint64(data[pos:])
		a, b, c, d := uint16(v), uint16(v>>16), uint16(v>>32), uint16(v>>48)
		if (t.pairs[a>>6]>>(a&63)|t.pairs[b>>6]>>(b&63)|t.pairs[c>>6]>>(c&63)|t.pairs[d>>6]>>(d&63))&1 == 0 {
			continue
		}
		for i := pos; i < pos+8; i += 2 {
			t.at(data, i, done, hit)
		}
	}
	for ; pos+2 <= len(data); pos += 2 {
		t.at(data, pos, done, hit)
	}
}

// at looks for the patterns that have the pair at pos.
func (t *texts) at(data []byte, pos int, done []bool, hit func(pattern int, at int) bool) {
	pair := binary.LittleEndian.Uint16(data[pos:])
	if t.pairs[pair>>6]>>(pair&63)&1 == 0 {
		return
	}
	for _, p := range t.byPair[pair] {
		from := pos - p.delta
		if from >= 0 && !done[p.pattern] && bytes.HasPrefix(data[from:], t.patterns[p.pattern]) {
			done[p.pattern] = hit(p.pattern, from)
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
