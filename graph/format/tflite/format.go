package tflite

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/litert"
)

// Name is the format's name in the tables.
const Name = "tflite"

// identifier is the FlatBuffers file identifier of schema version 3.
const identifier = "TFL3"

// Format is TensorFlow Lite / LiteRT.
var Format = format.Format{
	Name:       Name,
	Title:      "TensorFlow Lite / LiteRT",
	Extensions: []string{"tflite", "lite", "tfl", "bin", "model", "dat", "pb"},
	Magic:      "\"TFL3\" at offset 4",
	Container:  "FlatBuffers, a ZIP of associated files may follow",
	Reads:      "All builtin, STABLEHLO_ and known custom operators, subgraphs, signatures, control flow, quantisation, sparsity, external buffers, metadata and labels.",
	ReadsNot:   "Schema versions before 3, compiled pieces (Edge TPU, Ethos-U, DISPATCH_OP: opaque), attributes of Flex operators.",
	Match:      match,
	Parse:      parse,
	Embedded:   []format.Signature{{Bytes: []byte(identifier), Offset: 4}},
}

func match(h format.Head) format.Confidence {
	if flatbuf.Identifier(h.Bytes) == identifier {
		if flatbuf.PlausibleRoot(h.Bytes, h.Size) {
			return format.Certain
		}
		return format.Weak
	}
	if oldModel(h) {
		return format.Weak
	}
	return format.No
}

// oldModel recognises a model without identifier by its root table: version 3
// in slot 0 and offsets, which lead forward, in slots 1 (operator codes), 2
// (subgraphs) and 4 (buffers).
func oldModel(h format.Head) bool {
	b := h.Bytes
	if !flatbuf.PlausibleRoot(b, h.Size) || isWord(b[4:8]) {
		return false
	}
	root := int64(binary.LittleEndian.Uint32(b))
	if root+4 > int64(len(b)) {
		return false
	}
	vt := root - int64(int32(binary.LittleEndian.Uint32(b[root:])))
	field := func(slot int64) (uint32, bool) {
		if vt < 0 || vt+6+2*slot > int64(len(b)) || 4+2*slot+2 > int64(binary.LittleEndian.Uint16(b[vt:])) {
			return 0, false
		}
		off := int64(binary.LittleEndian.Uint16(b[vt+4+2*slot:]))
		if off == 0 || root+off+4 > int64(len(b)) {
			return 0, false
		}
		return binary.LittleEndian.Uint32(b[root+off:]), true
	}
	if v, ok := field(0); !ok || v != 3 {
		return false
	}
	for _, slot := range []int64{1, 2, 4} {
		if off, ok := field(slot); !ok || off < 4 || (h.Size >= 0 && int64(off) > h.Size) {
			return false
		}
	}
	return true
}

// isWord reports whether b can be the identifier of another format.
func isWord(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > 'z' {
			return false
		}
	}
	return true
}

func parse(in format.Input) (*graph.Model, error) {
	if id := flatbuf.Identifier(in.Data); id != identifier && !oldModel(format.Head{Bytes: in.Data, Size: int64(len(in.Data))}) {
		return nil, format.In(format.Errorf(kindOfShort(in), 4, "file identifier %q, not %q", id, identifier), Name, in)
	}
	m, err := litert.Read(in, litert.Dialect{Format: Name})
	if err != nil {
		return nil, format.In(err, Name, in)
	}
	return m, nil
}

// kindOfShort is the fault of a file without identifier: too short to have
// one, or not a model.
func kindOfShort(in format.Input) error {
	if len(in.Data) < 8 {
		return format.ErrTruncated
	}
	return format.ErrNotModel
}
