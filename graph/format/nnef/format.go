package nnef

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const name = "nnef"

// Format is NNEF's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Khronos NNEF",
	Extensions: []string{"nnef", "dat"},
	Magic:      `text "version 1.0;" then "graph"; tensor files: 4E EF 01 00`,
	Container:  "text, one raw file per variable",
	Reads:      "Operations with arguments, variables with shapes and values.",
	ReadsNot:   "Bodies of fragments, comprehensions, graph.quant.",
	Match:      match,
	Parse:      Parse,
	Parts:      parts,
}

func match(h format.Head) format.Confidence {
	if len(h.Bytes) >= 128 && h.Bytes[0] == 0x4e && h.Bytes[1] == 0xef && h.Bytes[2] == 1 && h.Bytes[3] < 8 {
		if n := int64(binary.LittleEndian.Uint32(h.Bytes[4:])); h.Size < 0 || n == h.Size-128 {
			return format.Likely
		}
		return format.No
	}
	l := lexer{s: string(h.Bytes[:min(len(h.Bytes), 4096)])}
	if l.next(); l.text != "version" {
		return format.No
	}
	l.next()
	if l.kind != 'n' || !strings.HasPrefix(l.text, "1.") && !strings.HasPrefix(l.text, "2.") {
		return format.No
	}
	if l.next(); l.text != ";" {
		return format.No
	}
	switch l.next(); l.text {
	case "graph", "fragment", "extension":
		return format.Certain
	}
	return format.No
}

// parts are the files of the variables named in the head.
func parts(h format.Head) []string {
	if len(h.Bytes) < 2 || h.Bytes[0] == 0x4e || match(h) == format.No {
		return nil
	}
	var out []string
	for _, s := range bytes.Split(h.Bytes, []byte("label"))[1:] {
		s = bytes.TrimLeft(s, " =")
		if len(s) > 0 && (s[0] == '\'' || s[0] == '"') {
			if i := bytes.IndexByte(s[1:], s[0]); i > 0 && len(out) < 1<<12 {
				out = append(out, string(s[1:1+i])+".dat")
			}
		}
	}
	return out
}

// Parse reads a graph with its variables. A tensor file gives ErrPart.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if len(in.Data) >= 2 && in.Data[0] == 0x4e && in.Data[1] == 0xef {
		if _, _, _, err := readTensor(in.Data); err != nil {
			return nil, err
		}
		return nil, format.Errorf(format.ErrPart, -1, "a variable's values without their graph")
	}
	if match(format.Head{Bytes: in.Data}) == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "no version and graph")
	}
	b := &builder{in: in, lim: lim, g: &graph.Graph{}, m: &graph.Model{Format: name}, names: map[string]graph.TensorID{}, fragments: map[string]bool{}}
	if err := b.document(string(in.Data)); err != nil {
		return nil, err
	}
	b.m.Graphs = []*graph.Graph{b.g}
	if b.missing > 0 {
		b.m.Notes = append(b.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d files of variables not found", b.missing)})
	}
	for _, k := range b.unknown {
		b.m.Notes = append(b.m.Notes, graph.Note{Text: fmt.Sprintf("operation %.40q is not one of the standard", k)})
	}
	return b.m, nil
}

// readTensor reads a tensor file: 4E EF, version, u32 bytes of data, u32 rank,
// eight u32 extents, u32 bits per item, u32 item type, then data at 128.
func readTensor(b []byte) (graph.DType, []int64, []byte, error) {
	if len(b) < 128 {
		return 0, nil, nil, format.Errorf(format.ErrTruncated, 0, "tensor file of %d bytes", len(b))
	}
	u := func(at int) int64 { return int64(binary.LittleEndian.Uint32(b[at:])) }
	size, rank, bits, kind := u(4), u(8), u(44), u(48)
	if b[2] != 1 || rank > 8 {
		return 0, nil, nil, format.Errorf(format.ErrUnsupported, 2, "tensor file version %d, rank %d", b[2], rank)
	}
	if size > int64(len(b))-128 {
		return 0, nil, nil, format.Errorf(format.ErrTruncated, 4, "%d bytes of values in a file of %d", size, len(b))
	}
	dims := make([]int64, rank)
	for i := range dims {
		dims[i] = u(12 + 4*i)
	}
	return itemType(kind, bits), dims, b[128 : 128+size : 128+size], nil
}

// itemType: 0 float, 1 unsigned, 2 quantised unsigned, 3 quantised signed, 4
// signed, 5 bool.
func itemType(kind, bits int64) graph.DType {
	switch fmt.Sprint(kind, "/", bits) {
	case "0/16":
		return graph.Float16
	case "0/32":
		return graph.Float32
	case "0/64":
		return graph.Float64
	case "1/8", "2/8":
		return graph.Uint8
	case "1/16", "2/16":
		return graph.Uint16
	case "1/32", "2/32":
		return graph.Uint32
	case "1/64":
		return graph.Uint64
	case "3/8", "4/8":
		return graph.Int8
	case "3/16", "4/16":
		return graph.Int16
	case "3/32", "4/32":
		return graph.Int32
	case "4/64":
		return graph.Int64
	case "5/1":
		return graph.Uint1
	case "5/8":
		return graph.Bool
	}
	return graph.UnknownDType
}
