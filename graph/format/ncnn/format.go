package ncnn

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const (
	name  = "ncnn"
	magic = 7767517
)

// Format is ncnn's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "ncnn",
	Extensions: []string{"param", "bin", "ncnnmodel", "cfg.ncnn", "weights.ncnn"},
	Magic:      `text: first line "7767517"; binary: DD 85 76 00 at 0; weights: only with their graph`,
	Container:  "text or binary graph, raw weights beside it",
	Reads:      "All runtime layer types with parameters, text and binary graphs, weights as f32, f16, bf16, int8 and table-coded, int8 scales.",
	ReadsNot:   "Operator sets of pnnx (.pnnx.param); shapes of networks whose Input layer states none.",
	Match:      match,
	Parse:      Parse,
	Parts:      parts,
	Embedded: []format.Signature{
		{Bytes: []byte("7767517\n")},
		{Bytes: []byte{0xDD, 0x85, 0x76, 0x00}},
	},
}

func match(h format.Head) format.Confidence {
	if c := matchBinary(h); c != format.No {
		return c
	}
	if c := matchText(h); c != format.No {
		return c
	}
	if plausibleWeights(h) {
		return format.Weak
	}
	return format.No
}

// matchBinary wants the magic and counts that the file has room for: a layer
// takes at least 16 bytes.
func matchBinary(h format.Head) format.Confidence {
	if len(h.Bytes) < 16 || binary.LittleEndian.Uint32(h.Bytes) != magic {
		return format.No
	}
	layers := binary.LittleEndian.Uint32(h.Bytes[4:])
	blobs := binary.LittleEndian.Uint32(h.Bytes[8:])
	kind := binary.LittleEndian.Uint32(h.Bytes[12:])
	if layers == 0 || layers > 1<<20 || blobs > 1<<20 || kind > 1<<12 {
		return format.No
	}
	if h.Size >= 0 && int64(layers)*16 > h.Size {
		return format.Likely
	}
	return format.Certain
}

// matchText wants the magic and two counts; without the magic two counts and
// two lines that read as layers.
func matchText(h format.Head) format.Confidence {
	text := h.Bytes
	first, rest := cutLine(text)
	hasMagic := string(first) == strconv.Itoa(magic)
	if hasMagic {
		first, rest = cutLine(rest)
	}
	counts := bytes.Fields(first)
	if len(counts) != 2 || !allDigits(counts[0]) || !allDigits(counts[1]) {
		if hasMagic {
			return format.Likely
		}
		return format.No
	}
	if hasMagic {
		return format.Certain
	}
	for range 2 {
		first, rest = cutLine(rest)
		f := bytes.Fields(first)
		if len(f) < 4 || !allDigits(f[2]) || !allDigits(f[3]) || !isWord(f[0]) {
			return format.No
		}
	}
	return format.Weak
}

// cutLine returns the first line that is not blank, trimmed, and what follows.
func cutLine(b []byte) (line, rest []byte) {
	for len(b) > 0 {
		line, b, _ = bytes.Cut(b, []byte("\n"))
		if line = bytes.TrimSpace(line); len(line) > 0 {
			return line, b
		}
	}
	return nil, nil
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(b) > 0 && len(b) < 10
}

func isWord(b []byte) bool {
	for i, c := range b {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return len(b) > 0
}

// parts names the weights file that the usual tools write beside a graph.
func parts(h format.Head) []string {
	c := matchBinary(h)
	if c == format.No {
		c = matchText(h)
	}
	if c == format.No {
		return nil
	}
	return weightNames(h.Name)
}

func weightNames(graphName string) []string {
	stem := graphName
	for _, suffix := range []string{".param.bin", ".param.txt", ".param", ".cfg.ncnn", ".txt"} {
		if strings.HasSuffix(strings.ToLower(graphName), suffix) {
			stem = graphName[:len(graphName)-len(suffix)]
			break
		}
	}
	var names []string
	add := func(n string) {
		if n != graphName {
			names = append(names, n)
		}
	}
	if strings.HasSuffix(strings.ToLower(graphName), ".cfg.ncnn") {
		add(stem + ".weights.ncnn")
	}
	add(stem + ".bin")
	add(stem + ".model.bin")
	if stem == graphName {
		if i := strings.LastIndexByte(stem, '.'); i > 0 {
			add(stem[:i] + ".bin")
		}
	}
	return names
}

// Parse reads a graph and, where it is beside it, its weights. Weights alone
// give ErrPart when they look like ncnn's, ErrNotModel otherwise.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	head := format.Head{Name: in.Name, Bytes: in.Data[:min(len(in.Data), format.MaxHead)], Size: int64(len(in.Data))}
	lim := in.Limits.OrDefault()
	var net *network
	var err error
	switch {
	case matchBinary(head) != format.No:
		net, err = readBinary(in.Data, lim)
	case matchText(head) != format.No:
		net, err = readText(in.Data, lim)
	case plausibleWeights(head):
		return nil, format.Errorf(format.ErrPart, -1, "weights without their graph")
	default:
		return nil, format.Errorf(format.ErrNotModel, 0, "neither graph nor weights")
	}
	if err != nil {
		return nil, err
	}
	return build(in, net)
}
