package om

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

const name = "om"

// Format is the entry of Da Vinci offline models in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Huawei HiAI / Da Vinci OM",
	Extensions: []string{"om", "model", "cpu", "bin"},
	Magic:      "\"IMOD\" with a table of partitions that fits the file, or \"PICO\" with offsets that do",
	Container:  "own header and partitions, one of them protobuf",
	Reads:      "Operators with types and shapes, constants, header: name, versions, platform.",
	ReadsNot:   "Compiled tasks and kernels (opaque), attributes, encrypted models, the body of PICO models.",
	Match:      match,
	Parse:      parse,
	Embedded:   []format.Signature{{Bytes: []byte("IMOD\x00\x01\x00\x00")}},
}

const headerSize = 256

// Kinds of partition.
const (
	partModel   = 0
	partWeights = 1
	partTasks   = 2
	partKernels = 3
	partCPU     = 4
	maxPart     = 32
)

func match(h format.Head) format.Confidence {
	if len(h.Bytes) < 64 {
		return format.No
	}
	switch string(h.Bytes[:4]) {
	case "IMOD":
		size := binary.LittleEndian.Uint32(h.Bytes[4:])
		if size < 128 || size > 4096 || len(h.Bytes) < 128 {
			return format.No
		}
		return format.Certain
	case "PICO":
		if picoFits(h.Bytes, h.Size) {
			return format.Likely
		}
	}
	return format.No
}

// picoFits checks the offsets of a PICO header: reserved, size, size and offset
// of the parameters, a buffer's size, offset and size of the model.
func picoFits(b []byte, size int64) bool {
	word := func(i int) int64 { return int64(binary.LittleEndian.Uint32(b[4*i:])) }
	params, at, tasks, tasksSize := word(3), word(4), word(6), word(7)
	return params > 0 && at >= 32 && tasks >= at+params && (size < 0 || tasks+tasksSize <= size) && word(2) > 0
}

func parse(in format.Input) (*graph.Model, error) {
	m, err := parseFile(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}

// part is one partition.
type part struct {
	kind     uint64
	from, to uint64
}

func parseFile(in format.Input) (*graph.Model, error) {
	b := in.Data
	switch {
	case match(format.Head{Bytes: b[:min(len(b), format.MaxHead)], Size: int64(len(b))}) == format.No:
		return nil, format.Errorf(format.ErrNotModel, 0, "no header")
	case bytes.HasPrefix(b, []byte("PICO")):
		return &graph.Model{Format: name, FormatVersion: "PICO", Opaque: []graph.Opaque{{Kind: "om_pico", Where: "the whole file", Bytes: int64(len(b))}}}, nil
	case len(b) < headerSize:
		return nil, format.Errorf(format.ErrTruncated, 0, "header of %d bytes", len(b))
	}
	m := &graph.Model{Format: name, Name: text(b[84:116])}
	m.FormatVersion = fmt.Sprintf("%#x", binary.LittleEndian.Uint32(b[8:]))
	kinds := []string{"IR", "standard", "tiny"}
	if k := int(b[82]); k < len(kinds) {
		m.Metadata = append(m.Metadata, graph.KeyValue{Key: "om.kind", Value: kinds[k]})
	}
	if p := text(b[160:180]); p != "" {
		m.Metadata = append(m.Metadata, graph.KeyValue{Key: "om.platform_version", Value: p})
	}
	if b[80] == 1 {
		return nil, format.Errorf(format.ErrEncrypted, 80, "the header says that the model is encrypted")
	}
	parts, end, err := readParts(b, uint64(binary.LittleEndian.Uint32(b[4:])))
	if err != nil {
		return nil, err
	}
	m.Length = int64(end)
	return m, readModel(m, b, parts, in.Limits.OrDefault())
}

// text is a field padded with zero bytes, "" if it is not printable.
func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	for _, c := range s {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return s
}

// readParts reads the table of partitions behind the header, whose words have 4
// or 8 bytes, and returns where the last one ends.
func readParts(b []byte, header uint64) ([]part, uint64, error) {
	for _, width := range []uint64{4, 8} {
		word := func(at uint64) uint64 {
			if width == 4 {
				return uint64(binary.LittleEndian.Uint32(b[at:]))
			}
			return binary.LittleEndian.Uint64(b[at:])
		}
		if header+width > uint64(len(b)) {
			break
		}
		n := uint64(binary.LittleEndian.Uint32(b[header:]))
		base := header + width + 3*width*n
		if n == 0 || n > maxPart || base > uint64(len(b)) {
			continue
		}
		var parts []part
		seen, end := map[uint64]bool{}, base
		for i := range n {
			at := header + width + 3*width*i
			kind, off, size := word(at), word(at+width), word(at+2*width)
			if kind >= maxPart || seen[kind] || off > uint64(len(b)) || size > uint64(len(b)) || base+off+size > uint64(len(b)) {
				parts = nil
				break
			}
			seen[kind] = true
			parts = append(parts, part{kind, base + off, base + off + size})
			end = max(end, base+off+size)
		}
		if len(parts) > 0 {
			return parts, end, nil
		}
	}
	return nil, 0, format.Errorf(format.ErrTruncated, int64(header), "no table of partitions that fits %d bytes", len(b))
}

func readModel(m *graph.Model, b []byte, parts []part, lim format.Limits) error {
	var model, weights []byte
	var at int64
	for _, p := range parts {
		data := b[p.from:p.to:p.to]
		switch p.kind {
		case partModel:
			model, at = data, int64(p.from)
		case partWeights:
			weights = data
		case partTasks, partKernels, partCPU:
			if len(data) > 0 {
				m.Opaque = append(m.Opaque, graph.Opaque{Kind: "om_" + map[uint64]string{partTasks: "tasks", partKernels: "kernels", partCPU: "cpu_kernels"}[p.kind], Where: fmt.Sprintf("partition %d", p.kind), Bytes: int64(len(data))})
			}
		}
	}
	if model == nil {
		m.Opaque = append(m.Opaque, graph.Opaque{Kind: name, Where: "the whole file", Bytes: int64(len(b))})
		return nil
	}
	msg := protowire.MessageAt(model, at)
	r := &reader{weights: weights, lim: lim, m: m}
	var f protowire.Field
	for msg.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes) && m.Name == "":
			m.Name = text(f.Bytes[:min(len(f.Bytes), lim.TextBytes)])
		case f.Is(3, protowire.Bytes):
			m.Producer = text(f.Bytes[:min(len(f.Bytes), lim.TextBytes)])
		case f.Is(7, protowire.Bytes):
			if err := r.graph(f.Message()); err != nil {
				return err
			}
		}
	}
	if err := msg.Err(); err != nil {
		return err
	}
	if r.nodes == 0 && len(m.Opaque) == 0 {
		m.Opaque = append(m.Opaque, graph.Opaque{Kind: name, Where: "partition 0", Bytes: int64(len(model))})
	}
	return nil
}
