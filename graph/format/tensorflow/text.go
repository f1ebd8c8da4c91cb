package tensorflow

import (
	"errors"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
	"github.com/gaugenn/gaugenn/graph/format/internal/textwire"
)

// schema is the part of TensorFlow's schemas that the reader looks at.
var schema = textwire.Schema{
	Messages: map[string]map[string]textwire.Field{
		"SavedModel":     {"saved_model_schema_version": textwire.Of(1, textwire.Varint), "meta_graphs": textwire.Sub(2, "MetaGraphDef")},
		"MetaGraphDef":   {"meta_info_def": textwire.Sub(1, "MetaInfoDef"), "graph_def": textwire.Sub(2, "GraphDef"), "signature_def": textwire.Sub(5, "SignatureEntry")},
		"MetaInfoDef":    {"tags": textwire.Of(4, textwire.Bytes), "tensorflow_version": textwire.Of(5, textwire.Bytes)},
		"SignatureEntry": {"key": textwire.Of(1, textwire.Bytes), "value": textwire.Sub(2, "SignatureDef")},
		"SignatureDef":   {"inputs": textwire.Sub(1, "InfoEntry"), "outputs": textwire.Sub(2, "InfoEntry")},
		"InfoEntry":      {"key": textwire.Of(1, textwire.Bytes), "value": textwire.Sub(2, "TensorInfo")},
		"TensorInfo":     {"name": textwire.Of(1, textwire.Bytes)},
		"GraphDef": {"node": textwire.Sub(1, "NodeDef"), "library": textwire.Sub(2, "Library"),
			"version": textwire.Of(3, textwire.Varint), "versions": textwire.Sub(4, "VersionDef")},
		"VersionDef":  {"producer": textwire.Of(1, textwire.Varint), "min_consumer": textwire.Of(2, textwire.Varint)},
		"Library":     {"function": textwire.Sub(1, "FunctionDef")},
		"FunctionDef": {"signature": textwire.Sub(1, "OpDef"), "node_def": textwire.Sub(3, "NodeDef"), "ret": textwire.Sub(4, "RetEntry")},
		"RetEntry":    {"key": textwire.Of(1, textwire.Bytes), "value": textwire.Of(2, textwire.Bytes)},
		"OpDef":       {"name": textwire.Of(1, textwire.Bytes), "input_arg": textwire.Sub(2, "ArgDef"), "output_arg": textwire.Sub(3, "ArgDef")},
		"ArgDef":      {"name": textwire.Of(1, textwire.Bytes), "type": textwire.Word(3, "DataType")},
		"NodeDef": {"name": textwire.Of(1, textwire.Bytes), "op": textwire.Of(2, textwire.Bytes), "input": textwire.Of(3, textwire.Bytes),
			"device": textwire.Of(4, textwire.Bytes), "attr": textwire.Sub(5, "AttrEntry")},
		"AttrEntry": {"key": textwire.Of(1, textwire.Bytes), "value": textwire.Sub(2, "AttrValue")},
		"AttrValue": {"list": textwire.Sub(1, "ListValue"), "s": textwire.Of(2, textwire.Bytes), "i": textwire.Of(3, textwire.Varint),
			"f": textwire.Of(4, textwire.Float), "b": textwire.Of(5, textwire.Bool), "type": textwire.Word(6, "DataType"),
			"shape": textwire.Sub(7, "Shape"), "tensor": textwire.Sub(8, "Tensor"), "func": textwire.Sub(10, "Func")},
		"ListValue": {"s": textwire.Of(2, textwire.Bytes), "i": textwire.Of(3, textwire.Varint), "f": textwire.Of(4, textwire.Float), "b": textwire.Of(5, textwire.Bool),
			"type": textwire.Word(6, "DataType"), "shape": textwire.Sub(7, "Shape")},
		"Func":  {"name": textwire.Of(1, textwire.Bytes)},
		"Shape": {"dim": textwire.Sub(2, "Dim"), "unknown_rank": textwire.Of(3, textwire.Bool)},
		"Dim":   {"size": textwire.Of(1, textwire.Varint), "name": textwire.Of(2, textwire.Bytes)},
		"Tensor": {"dtype": textwire.Word(1, "DataType"), "tensor_shape": textwire.Sub(2, "Shape"),
			"tensor_content": textwire.Of(4, textwire.Bytes), "float_val": textwire.Of(5, textwire.Float), "double_val": textwire.Of(6, textwire.Double),
			"int_val": textwire.Of(7, textwire.Varint), "string_val": textwire.Of(8, textwire.Bytes), "scomplex_val": textwire.Of(9, textwire.Float),
			"int64_val": textwire.Of(10, textwire.Varint), "bool_val": textwire.Of(11, textwire.Bool), "dcomplex_val": textwire.Of(12, textwire.Double),
			"half_val": textwire.Of(13, textwire.Varint), "uint32_val": textwire.Of(16, textwire.Varint), "uint64_val": textwire.Of(17, textwire.Varint)},
	},
	Enums: map[string]map[string]int64{"DataType": {
		"DT_FLOAT": 1, "DT_DOUBLE": 2, "DT_INT32": 3, "DT_UINT8": 4, "DT_INT16": 5, "DT_INT8": 6, "DT_STRING": 7, "DT_COMPLEX64": 8,
		"DT_INT64": 9, "DT_BOOL": 10, "DT_QINT8": 11, "DT_QUINT8": 12, "DT_QINT32": 13, "DT_BFLOAT16": 14, "DT_QINT16": 15,
		"DT_QUINT16": 16, "DT_UINT16": 17, "DT_COMPLEX128": 18, "DT_HALF": 19, "DT_RESOURCE": 20, "DT_VARIANT": 21, "DT_UINT32": 22,
		"DT_UINT64": 23, "DT_FLOAT8_E5M2": 24, "DT_FLOAT8_E4M3FN": 25, "DT_INT4": 29, "DT_UINT4": 30,
		"DT_FLOAT_REF": 101, "DT_DOUBLE_REF": 102, "DT_INT32_REF": 103, "DT_INT64_REF": 109, "DT_BOOL_REF": 110,
	}},
}

// textual reports that the first bytes are text.
func textual(b []byte) bool {
	for _, c := range b[:min(len(b), 512)] {
		if c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return len(b) > 0
}

// textKind says which message a text is: "GraphDef", "MetaGraphDef",
// "SavedModel", or "" for none of them. m may be the beginning of a text.
func textKind(m *textproto.Message) string {
	switch {
	case m == nil:
		return ""
	case isGraphText(m):
		return "GraphDef"
	case isGraphText(m.Message("graph_def")):
		return "MetaGraphDef"
	case m.Has("saved_model_schema_version") && isGraphText(m.Message("meta_graphs").Message("graph_def")):
		return "SavedModel"
	}
	return ""
}

// isGraphText requires nodes that all have a name and an op, and no field that
// a GraphDef has not.
func isGraphText(m *textproto.Message) bool {
	if m == nil || !m.Has("node") {
		return false
	}
	nodes := 0
	for i, f := range m.Fields {
		switch f.Name {
		case "node":
			last := i == len(m.Fields)-1 // may be cut
			if f.Message == nil || !last && (!f.Message.Has("op") || !f.Message.Has("name")) {
				return false
			}
			for _, a := range f.Message.Fields {
				switch a.Name {
				case "name", "op", "input", "device", "attr", "experimental_debug_info", "experimental_type":
				default:
					return false
				}
			}
			if f.Message.Has("op") {
				nodes++
			}
		case "library", "version", "versions", "debug_info":
		default:
			return false
		}
	}
	return nodes > 0
}

// toBinary turns a text into the binary form of the message it is.
func toBinary(text []byte, lim format.Limits) (data []byte, kind string, err error) {
	m, err := textproto.Parse(text, textproto.Limits{Fields: 16 << 20, Depth: lim.Depth, Text: 64 << 20})
	kind = textKind(m)
	if kind == "" {
		return nil, "", format.Errorf(format.ErrNotModel, -1, "the text is no graph")
	}
	if err != nil {
		var e *textproto.Error
		if errors.As(err, &e) {
			k := format.ErrMalformed
			if e.Truncated {
				k = format.ErrTruncated
			} else if e.Limit {
				k = format.ErrLimit
			}
			return nil, "", format.Errorf(k, e.Offset, "%s", e.Msg)
		}
		return nil, "", err
	}
	data, err = textwire.Convert(m, schema, kind)
	return data, kind, err
}
