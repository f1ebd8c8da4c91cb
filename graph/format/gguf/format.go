package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const name = "gguf"

// Format is GGUF's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "GGUF (llama.cpp)",
	Extensions: []string{"gguf", "bin"},
	Magic:      `"GGUF" at 0`,
	Container:  "own key-value and tensor list",
	Reads:      "Metadata, tensors with block types, split files; operators of decoder-only transformers by architecture (decode one token, prefill), of BERT-like text encoders and of CLIP-like image encoders.",
	ReadsNot:   "Operators of recurrent, T5 and audio architectures, projectors that are not linear.",
	Match:      match,
	Parse:      Parse,
	Embedded:   []format.Signature{{Bytes: []byte("GGUF\x03\x00\x00\x00")}, {Bytes: []byte("GGUF\x02\x00\x00\x00")}},
	Parts: func(h format.Head) []string {
		if match(h) == format.No {
			return nil
		}
		return shards(h.Name)
	},
}

func match(h format.Head) format.Confidence {
	if len(h.Bytes) < 24 {
		return format.No
	}
	if bytes.HasPrefix(h.Bytes, []byte("GGUF")) {
		if v := binary.LittleEndian.Uint32(h.Bytes[4:]); v >= 1 && v <= 16 || v&0xffff == 0 {
			return format.Certain
		}
		return format.No
	}
	return format.No
}

// shards are the names of the other parts of "x-00001-of-00003.gguf".
func shards(n string) []string {
	i := strings.LastIndex(n, "-of-")
	if i < 6 || len(n) < i+9 || !strings.HasPrefix(n[i-6:], "-00001-of-") {
		return nil
	}
	total := 0
	for _, c := range n[i+4 : i+9] {
		if c < '0' || c > '9' {
			return nil
		}
		total = total*10 + int(c-'0')
	}
	if total > 1000 {
		return nil
	}
	var out []string
	for k := 2; k <= total; k++ {
		out = append(out, fmt.Sprintf("%s-%05d%s", n[:i-6], k, n[i:]))
	}
	return out
}

// Parse reads a file with its shards.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	f, err := read(in.Data, lim)
	if err != nil {
		return nil, err
	}
	m := &graph.Model{Format: name, FormatVersion: fmt.Sprint(f.version), Name: f.text("general.name"), Description: f.text("general.description")}
	if a := f.text("general.architecture"); a != "" {
		m.Producer = a
	}
	m.Length = f.end
	for _, s := range shards(in.Name) {
		data, err := in.Companion(s)
		if err != nil {
			m.Parts = append(m.Parts, graph.Part{Name: s})
			m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("shard %q not found", clip(s))})
			continue
		}
		more, err := read(data, lim)
		if err != nil {
			return nil, fmt.Errorf("shard %q: %w", clip(s), err)
		}
		m.Parts = append(m.Parts, graph.Part{Name: s, Found: true, Bytes: int64(len(data))})
		f.tensors = append(f.tensors, more.tensors...)
	}
	if len(f.tensors) > lim.Tensors {
		return nil, format.Errorf(format.ErrLimit, -1, "%d tensors", len(f.tensors))
	}
	m.Metadata = f.metadata
	build(m, f)
	return m, nil
}

func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}
