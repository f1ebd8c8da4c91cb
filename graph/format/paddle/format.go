package paddle

import (
	"encoding/binary"
	"path"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

const name = "paddle"

// Format is PaddlePaddle's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "PaddlePaddle",
	Extensions: []string{"pdmodel", "__model__", "json"},
	Magic:      "none: protobuf tags of ProgramDesc (blocks with variables and operators); JSON with base_code of magic pir",
	Container:  "protobuf or JSON; parameters in .pdiparams or __params__",
	Reads:      "Programs with all blocks, stated shapes, parameters of combined and separate files; the JSON form of Paddle 3.",
	ReadsNot:   "Control-flow bodies of the JSON form, encrypted models.",
	Match:      match,
	Parse:      parse,
	Parts:      parts,
	Embedded:   beginnings(),
}

// rootBlock begins block 0 of a program: its number and that it has no parent (-1).
const rootBlock = "\x08\x00\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"

// beginnings are block 0 behind its tag and a length of one to five bytes.
func beginnings() []format.Signature {
	var all []format.Signature
	for n := int64(1); n <= 5; n++ {
		all = append(all, format.Signature{Bytes: []byte(rootBlock), Offset: 1 + n})
	}
	return all
}

// parts are the files that may hold the parameters.
func parts(h format.Head) []string {
	return parameterFiles(h.Name)
}

func parameterFiles(base string) []string {
	stem := strings.TrimSuffix(base, path.Ext(base))
	switch {
	case base == "":
		return nil
	case strings.HasPrefix(base, "__model__"):
		return []string{"__params__", "params"}
	}
	return []string{stem + ".pdiparams", "__params__", "params"}
}

func match(h format.Head) format.Confidence {
	if plausiblePIR(h.Bytes) {
		return format.Certain
	}
	if plausible(h.Bytes, int64(len(h.Bytes)) < h.Size) {
		return format.Likely
	}
	return format.No
}

// plausible checks that block 0 comes first and what it begins with.
func plausible(b []byte, cut bool) bool {
	m := protowire.NewMessage(b)
	var f protowire.Field
	if m.Next(&f) {
		return f.Is(programBlocks, protowire.Bytes) && plausibleBlock(f.Message(), false)
	}
	if !cut || len(b) < 8 || b[0] != programBlocks<<3|2 {
		return false
	}
	_, n := protowire.ReadVarint(b[1:])
	return n > 0 && plausibleBlock(protowire.NewMessage(b[1+n:]), true)
}

func plausibleBlock(m protowire.Message, cut bool) bool {
	var f protowire.Field
	if !m.Next(&f) || !f.Is(blockIdx, protowire.Varint) || f.Uint != 0 || !m.Next(&f) || !f.Is(2, protowire.Varint) {
		return false
	}
	vars, ops := 0, 0
	for vars+ops < 64 && m.Next(&f) {
		switch {
		case f.Is(blockVars, protowire.Bytes):
			inner := f.Message()
			var g protowire.Field
			if !inner.Next(&g) || !g.Is(varName, protowire.Bytes) || !protowire.IsText(g.Bytes) || !inner.Next(&g) || !g.Is(varType, protowire.Bytes) {
				return false
			}
			vars++
		case f.Is(blockOps, protowire.Bytes):
			if !plausibleOp(f.Message()) {
				return false
			}
			ops++
		case f.Is(5, protowire.Varint):
		default:
			return false
		}
	}
	return vars > 0 && (ops > 0 || cut || vars == 64)
}

func plausibleOp(m protowire.Message) bool {
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(opType, protowire.Bytes) {
			for _, c := range f.Bytes {
				if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.') {
					return false
				}
			}
			return len(f.Bytes) > 0
		}
	}
	return false
}

// parse reads a whole model; errors carry the format's name and the path.
func parse(in format.Input) (*graph.Model, error) {
	m, err := parseModel(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}

// record reads one parameter at the start of b: u32 version, u64 levels of
// detail with their tables, u32 version, i32 size of the TensorDesc, the desc,
// the values. It returns the desc and where the values begin.
func record(b []byte) (desc []byte, at int, ok bool) {
	if len(b) < 12 || binary.LittleEndian.Uint32(b) != 0 {
		return nil, 0, false
	}
	levels := binary.LittleEndian.Uint64(b[4:])
	at = 12
	for range min(levels, 16) {
		if len(b)-at < 8 {
			return nil, 0, false
		}
		size := binary.LittleEndian.Uint64(b[at:])
		at += 8
		if size > uint64(len(b)-at) {
			return nil, 0, false
		}
		at += int(size)
	}
	if levels > 16 || len(b)-at < 8 || binary.LittleEndian.Uint32(b[at:]) != 0 {
		return nil, 0, false
	}
	size := binary.LittleEndian.Uint32(b[at+4:])
	at += 8
	if uint64(size) > uint64(len(b)-at) {
		return nil, 0, false
	}
	return b[at : at+int(size)], at + int(size), true
}
