package mnn

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// Name is the format's name in the tables.
const Name = "mnn"

// Format is MNN.
var Format = format.Format{
	Name:       Name,
	Title:      "MNN",
	Extensions: []string{"mnn"},
	Magic:      "none: a FlatBuffer whose root is a Net and reads to its end",
	Container:  "FlatBuffers",
	Reads:      "All operators with their parameters, float, half, int8 and codebook weights, external weights, subgraphs.",
	ReadsNot:   "Plugins and Extra operators (cost unknown), values of sparse codebook weights.",
	Match:      match,
	Parse:      parse,
	Headed:     true,
	Parts:      func(h format.Head) []string { return []string{h.Name + ".weight"} },
}

// match accepts a FlatBuffer without identifier whose root table can be a Net:
// oplists and tensorName are vectors of offsets that lead forward.
func match(h format.Head) format.Confidence {
	if !flatbuf.PlausibleRoot(h.Bytes, h.Size) || !netShape(h.Bytes) {
		return format.No
	}
	return format.Weak
}

// netShape checks the root table as far as the bytes go: oplists in slot 3 and
// tensorName in slot 7 lead forward, the enums are in range, and neither bytes
// 4..7 are a file identifier nor the version 3 of a TFLite model stands in slot 0.
func netShape(b []byte) bool {
	root := int64(binary.LittleEndian.Uint32(b))
	if root+4 > int64(len(b)) || printable(b[4:8]) {
		return false
	}
	vt := root - int64(int32(binary.LittleEndian.Uint32(b[root:])))
	if vt < 0 || vt+4 > int64(len(b)) {
		return false
	}
	n := int64(binary.LittleEndian.Uint16(b[vt:]))
	if n > 4+2*16 || vt+n > int64(len(b)) {
		return false
	}
	at := func(slot int64) int64 {
		if 4+2*slot+2 > n {
			return 0
		}
		off := int64(binary.LittleEndian.Uint16(b[vt+4+2*slot:]))
		if off == 0 || root+off+4 > int64(len(b)) {
			return 0
		}
		return root + off
	}
	for _, slot := range []int64{netOplists, netTensorName} {
		p := at(slot)
		if p == 0 || binary.LittleEndian.Uint32(b[p:]) < 4 {
			return false
		}
	}
	if p := at(netSourceType); p != 0 && b[p] > 4 {
		return false
	}
	return true
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return true
}

func parse(in format.Input) (*graph.Model, error) {
	if len(in.Data) < 16 {
		return nil, format.In(format.Errorf(format.ErrTruncated, 0, "%d bytes", len(in.Data)), Name, in)
	}
	if !flatbuf.PlausibleRoot(in.Data, int64(len(in.Data))) || !netShape(in.Data) {
		return nil, format.In(format.Errorf(format.ErrNotModel, 0, "the root table is no Net"), Name, in)
	}
	m, err := read(in)
	if err != nil {
		return nil, format.In(err, Name, in)
	}
	return m, nil
}
