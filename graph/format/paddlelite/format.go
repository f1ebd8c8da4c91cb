package paddlelite

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// Name is the format's name in the tables.
const Name = "paddlelite"

// headSize is the meta version, the version string and the program's size.
const headSize = 2 + 16 + 8

// Format is Paddle Lite.
var Format = format.Format{
	Name:       Name,
	Title:      "Paddle Lite",
	Extensions: []string{"nb"},
	Magic:      "u16 meta version 0 to 2, then a version string such as \"v2.12\" in 16 bytes",
	Container:  "FlatBuffers behind each other",
	Embedded:   []format.Signature{{Bytes: []byte("\x02\x00v2.")}, {Bytes: []byte("\x02\x00v3.")}},
	Reads:      "Blocks with operators, attributes, variables and parameters of meta version 2.",
	ReadsNot:   "Meta versions 0 and 1 (recognised only).",
	Match: func(h format.Head) format.Confidence {
		if _, ok := version(h.Bytes); !ok {
			return format.No
		}
		return format.Likely
	},
	Parse: func(in format.Input) (*graph.Model, error) {
		m, err := read(in)
		if err != nil {
			return nil, format.In(err, Name, in)
		}
		return m, nil
	},
}

// version returns the writer's version where the head is that of a model: the
// meta version, a word such as "v2.12" or a commit's hash, and zeros.
func version(b []byte) (string, bool) {
	if len(b) < headSize || b[0] > 2 || b[1] != 0 {
		return "", false
	}
	word := b[2:18]
	end := bytes.IndexByte(word, 0)
	if end < 2 {
		return "", false
	}
	for _, c := range word[end:] {
		if c != 0 {
			return "", false
		}
	}
	for _, c := range word[:end] {
		if c <= ' ' || c > '~' {
			return "", false
		}
	}
	s := string(word[:end])
	if size := binary.LittleEndian.Uint64(b[18:]); size < 16 || size > 1<<31 {
		return "", false
	}
	isVersion := s[0] == 'v' && s[1] >= '0' && s[1] <= '9'
	isHash := len(s) >= 7 && strings.Trim(s, "0123456789abcdef") == ""
	return s, isVersion || isHash
}
