package tensorflow

import (
	"bytes"
	"errors"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protofmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
	"github.com/gaugenn/gaugenn/graph/format/internal/tfjs"
)

const name = "tensorflow"

// Format is TensorFlow's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "TensorFlow GraphDef, SavedModel and checkpoint",
	Extensions: []string{"pb", "pbtxt", "graphdef", "meta", "index", "json"},
	Magic:      "none: protobuf tags of GraphDef (\"0A len 0A len name 12 len op\"), MetaGraphDef or SavedModel (\"08 01 12\"), or their text; checkpoint index: last bytes 57 FB 80 8B 24 75 47 DB; TensorFlow.js: JSON with modelTopology of nodes",
	Container:  "protobuf or protobuf text; SavedModel: a folder with variables/; TensorFlow.js: JSON with shards",
	Reads: "Frozen graphs, meta graphs and SavedModels with the functions that the main graph reaches; every node, constants, stated shapes, " +
		"variables with their values in variables/; checkpoints as tensors only; graph models of TensorFlow.js.",
	ReadsNot: "Compressed checkpoint indexes, memory-mapped graphs.",
	Match:    match,
	Parse:    parse,
	Parts:    parts,
}

// variablePrefix is where a SavedModel keeps its variables.
const variablePrefix = "variables/variables"

// parts are the files of variables, in up to four shards where their number is
// not known yet.
func parts(h format.Head) []string {
	if n := bundleShards(h.Bytes, h.Size); n > 0 {
		var out []string
		for i := range min(n, 1000) {
			out = append(out, shardName(strings.TrimSuffix(h.Name, ".index"), int64(i), n))
		}
		return out
	}
	if bytesKind(h.Bytes, int64(len(h.Bytes)) < h.Size) != "SavedModel" && h.Name != "saved_model.pbtxt" {
		return nil
	}
	out := []string{variablePrefix + ".index"}
	for shards := 1; shards <= 4; shards++ {
		for i := range shards {
			out = append(out, shardName(variablePrefix, int64(i), shards))
		}
	}
	return out
}

func match(h format.Head) format.Confidence {
	if bundleShards(h.Bytes, h.Size) > 0 {
		return format.Likely
	}
	if tfjs.Match(h.Bytes) == tfjs.Graph {
		return format.Likely
	}
	if textual(h.Bytes) {
		m, err := textproto.Parse(h.Bytes, textproto.Limits{Fields: 1 << 14, Depth: 32, Text: 1 << 16})
		var e *textproto.Error
		if errors.As(err, &e) && !e.Truncated && !e.Limit && int(e.Offset) < len(h.Bytes)-256 {
			return format.No
		}
		if textKind(m) != "" {
			return format.Likely
		}
		return format.No
	}
	if bytesKind(h.Bytes, int64(len(h.Bytes)) < h.Size) != "" {
		return format.Likely
	}
	return format.No
}

// parse reads a whole file; errors carry the format's name and the path.
func parse(in format.Input) (*graph.Model, error) {
	m, err := parseModel(in)
	if err != nil {
		return nil, format.In(protofmt.Error(err), name, in)
	}
	return m, nil
}

// bytesKind says which message the first bytes are: "GraphDef",
// "MetaGraphDef", "SavedModel", or "" for none. cut says that more follows.
func bytesKind(b []byte, cut bool) string {
	switch {
	case len(b) < 8:
		return ""
	case plausibleGraph(protowire.NewMessage(b), cut):
		return "GraphDef"
	case plausibleMeta(protowire.NewMessage(b), cut):
		return "MetaGraphDef"
	case b[0] == savedVersion<<3 && b[1] == 1:
		m := protowire.NewMessage(b[2:])
		if meta, ok := firstField(b[2:], &m, savedMetaGraphs, cut); ok && plausibleMeta(meta, cut) {
			return "SavedModel"
		}
	}
	return ""
}

// firstField returns the first field of a message if it has the number; with
// cut it may go beyond the end.
func firstField(b []byte, m *protowire.Message, number int32, cut bool) (protowire.Message, bool) {
	var f protowire.Field
	if m.Next(&f) {
		return f.Message(), f.Is(number, protowire.Bytes)
	}
	if !cut {
		return protowire.Message{}, false
	}
	return cutField(b, m, number)
}

// cutField returns what is there of a field that the end of b cuts off; m is a
// walk over b that stopped there.
func cutField(b []byte, m *protowire.Message, number int32) (protowire.Message, bool) {
	if m.Err() == nil {
		return protowire.Message{}, false
	}
	at := len(b) - m.Remaining()
	tag, n := protowire.ReadVarint(b[at:])
	if n == 0 || tag != uint64(number)<<3|uint64(protowire.Bytes) {
		return protowire.Message{}, false
	}
	_, k := protowire.ReadVarint(b[at+n:])
	if k == 0 {
		return protowire.Message{}, false
	}
	return protowire.NewMessage(b[at+n+k:]), true
}

// plausibleGraph checks the fields of a GraphDef, and the first nodes closely.
func plausibleGraph(m protowire.Message, cut bool) bool {
	var f protowire.Field
	nodes := 0
	for nodes < 32 && m.Next(&f) {
		switch f.Number {
		case graphNode:
			if f.Type != protowire.Bytes || !plausibleNode(f.Message()) {
				return false
			}
			nodes++
		case graphLibrary, graphVersions, graphDebug:
			if f.Type != protowire.Bytes {
				return false
			}
		case graphVersion:
			if f.Type != protowire.Varint {
				return false
			}
		default:
			return false
		}
	}
	return nodes > 0 && (cut || m.Err() == nil)
}

// plausibleNode requires a name, an operator in TensorFlow's spelling and
// attributes with keys and values of its schema.
func plausibleNode(m protowire.Message) bool {
	var f protowire.Field
	named, op := false, false
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			return false
		}
		switch f.Number {
		case nodeName:
			named = len(f.Bytes) > 0 && protowire.IsText(f.Bytes)
		case nodeOp:
			// MediaPipe's nodes have the same first fields.
			if op = isOpName(f.Bytes) && !bytes.HasSuffix(f.Bytes, []byte("Calculator")); !op {
				return false
			}
		case nodeInput, nodeDevice:
			if !protowire.IsText(f.Bytes) {
				return false
			}
		case nodeAttr:
			key, value, ok := mapEntry(f.Message())
			if len(key) == 0 || !protowire.IsText(key) || ok && !plausibleAttr(value) {
				return false
			}
		case 6, 7: // experimental_debug_info, experimental_type
		default:
			return false
		}
	}
	return named && op && m.Err() == nil
}

func plausibleAttr(m protowire.Message) bool {
	var f protowire.Field
	for m.Next(&f) {
		want := protowire.Bytes
		switch f.Number {
		case attrI, attrB, attrType:
			want = protowire.Varint
		case attrF:
			want = protowire.Fixed32
		case attrList, attrS, attrShape, attrTensor, 9, attrFunc:
		default:
			return false
		}
		if f.Type != want {
			return false
		}
	}
	return m.Err() == nil
}

// isOpName accepts CamelCase identifiers, with an underscore or a namespace
// before them ("_FusedConv2D", "Addons>Gelu") and functions' own names.
func isOpName(b []byte) bool {
	if len(b) == 0 || len(b) > 512 {
		return false
	}
	for i, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && (c >= '0' && c <= '9' || c == '>' || c == '.' || c == '-' || c == '/' || c == ':'):
		default:
			return false
		}
	}
	return true
}

// plausibleMeta requires a graph in a MetaGraphDef, after at most its info.
func plausibleMeta(m protowire.Message, cut bool) bool {
	b := m
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Number > 8 || f.Type != protowire.Bytes:
			return false
		case f.Number == metaGraphDef:
			return plausibleGraph(f.Message(), false)
		case f.Number != metaInfo:
			return false
		}
	}
	if !cut {
		return false
	}
	raw := b.Rest()
	g, ok := cutField(raw, &m, metaGraphDef)
	if !ok {
		// The info alone, with its list of operators, may fill the head.
		info, infoCut := cutField(raw, &m, metaInfo)
		return infoCut && plausibleInfo(info)
	}
	return plausibleGraph(g, true)
}

// plausibleInfo looks for the list of operators that every exporter writes.
func plausibleInfo(m protowire.Message) bool {
	var f protowire.Field
	if m.Next(&f) {
		return f.Is(2, protowire.Bytes)
	}
	at := m.Rest()
	tag, n := protowire.ReadVarint(at)
	if n == 0 || tag != 2<<3|2 {
		return false
	}
	_, k := protowire.ReadVarint(at[n:])
	ops := protowire.NewMessage(at[n+k:])
	seen := 0
	for seen < 8 && ops.Next(&f) {
		def := f.Message()
		var nm protowire.Field
		if !f.Is(1, protowire.Bytes) || !def.Next(&nm) || !nm.Is(1, protowire.Bytes) || !isOpName(nm.Bytes) {
			return false
		}
		seen++
	}
	return seen == 8
}
