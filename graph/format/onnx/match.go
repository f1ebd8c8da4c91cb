package onnx

import (
	"encoding/binary"

	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// Field numbers of ModelProto.
const (
	modelIRVersion       = 1
	modelProducerName    = 2
	modelProducerVersion = 3
	modelDomain          = 4
	modelVersion         = 5
	modelDoc             = 6
	modelGraph           = 7
	modelOpsetImport     = 8
	modelMetadata        = 14
	modelTrainingInfo    = 20
	modelFunctions       = 25
	modelConfiguration   = 26
)

// maxIRVersion leaves room above the versions that exist.
const maxIRVersion = 64

// IR versions in use: before 3, files were experiments of 2017.
const (
	minIRVersion  = 3
	lastIRVersion = 14
)

// skipPrefix drops the u32 length that some files carry before the message.
func skipPrefix(b []byte, size int64) []byte {
	if len(b) > 8 && size > 0 && int64(binary.LittleEndian.Uint32(b)) == size-4 && b[4] == modelIRVersion<<3 {
		return b[4:]
	}
	return b
}

// match looks at the tags of the first bytes.
func match(h format.Head) format.Confidence {
	head := skipPrefix(h.Bytes, h.Size)
	m := protowire.NewMessage(head)
	var f protowire.Field
	first, graphs := true, 0
	for m.Next(&f) {
		if !plausibleModelField(&f) {
			return format.No
		}
		if first && f.Number != modelIRVersion {
			return format.No
		}
		first = false
		if f.Number == modelGraph {
			if graphs++; graphs > 1 || !plausibleGraph(f.Message(), false) {
				return format.No
			}
			if h.Trailing {
				return format.Likely // the rest need not be of the model
			}
		}
	}
	if graphs == 1 {
		if m.Err() != nil && int64(len(h.Bytes)) >= h.Size {
			return format.Weak
		}
		return format.Likely
	}
	if body, ok := cutField(head, &m, modelGraph); ok && !first && plausibleGraph(body, true) {
		return format.Likely
	}
	return format.No
}

// plausibleModelField checks number, wire type and a bound on the value.
func plausibleModelField(f *protowire.Field) bool {
	switch f.Number {
	case modelIRVersion:
		return f.Type == protowire.Varint && f.Uint >= 1 && f.Uint <= maxIRVersion
	case modelProducerName, modelProducerVersion, modelDomain:
		return f.Type == protowire.Bytes && len(f.Bytes) < 4096 && protowire.IsText(f.Bytes)
	case modelDoc:
		return f.Type == protowire.Bytes && protowire.IsText(f.Bytes)
	case modelVersion:
		return f.Type == protowire.Varint
	case modelGraph, modelTrainingInfo, modelFunctions, modelConfiguration:
		return f.Type == protowire.Bytes
	case modelOpsetImport:
		return f.Type == protowire.Bytes && plausibleOpset(f.Message())
	case modelMetadata:
		return f.Type == protowire.Bytes
	}
	return f.Number > modelConfiguration && f.Number < 64
}

// follows reports whether f, which stands behind the graph and the field numbered
// last, is still of the model: writers put fields in order, what other files hold
// behind a model is mostly in none, and another model begins with a field 1.
func follows(last int32, f *protowire.Field) bool {
	if f.Number < last || f.Number > modelConfiguration {
		return false
	}
	if f.Number != modelMetadata {
		return true
	}
	m := f.Message() // of a key and a value
	var pair protowire.Field
	for m.Next(&pair) {
		if !pair.Is(1, protowire.Bytes) && !pair.Is(2, protowire.Bytes) {
			return false
		}
	}
	return m.Err() == nil
}

func plausibleOpset(m protowire.Message) bool {
	var f protowire.Field
	for m.Next(&f) {
		if !f.Is(1, protowire.Bytes) && !f.Is(2, protowire.Varint) || f.Number == 1 && !protowire.IsText(f.Bytes) {
			return false
		}
	}
	return m.Err() == nil
}

// plausibleGraph checks the tags of a graph's fields, the operators of its
// first nodes, and that there is anything at all. cut says that the message may
// end anywhere.
func plausibleGraph(m protowire.Message, cut bool) bool {
	var f protowire.Field
	seen := 0
	for m.Next(&f) && seen < 64 {
		switch f.Number {
		case graphNode:
			if f.Type != protowire.Bytes || !plausibleNode(f.Message()) {
				return false
			}
		case graphInitializer, graphInput, graphOutput, graphValueInfo, graphSparseInitializer, graphQuantization, graphMetadata:
			if f.Type != protowire.Bytes {
				return false
			}
		case graphName, graphDoc:
			if f.Type != protowire.Bytes || !protowire.IsText(f.Bytes) {
				return false
			}
		default:
			return false
		}
		seen++
	}
	if cut {
		// A graph may open with one big tensor that the head cuts.
		return seen > 0 || cutAt(&m)
	}
	return seen > 0 && (m.Err() == nil || seen >= 64)
}

func cutAt(m *protowire.Message) bool { return m.Err() != nil && m.Remaining() > 16 }

// plausibleNode requires an operator type that is an identifier.
func plausibleNode(m protowire.Message) bool {
	var f protowire.Field
	ok := false
	for m.Next(&f) {
		switch f.Number {
		case nodeOpType:
			ok = f.Type == protowire.Bytes && isIdentifier(f.Bytes)
			if !ok {
				return false
			}
		case nodeInput, nodeOutput, nodeName, nodeDomain:
			if f.Type != protowire.Bytes || !protowire.IsText(f.Bytes) {
				return false
			}
		case nodeAttribute, nodeDoc, nodeOverload, nodeMetadata, nodeDevices:
			if f.Type != protowire.Bytes {
				return false
			}
		default:
			return false
		}
	}
	return ok && m.Err() == nil
}

// isIdentifier accepts what operator types look like: letters, digits and a few
// marks that exporters put into custom names.
func isIdentifier(b []byte) bool {
	if len(b) == 0 || len(b) > 256 {
		return false
	}
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == ':', c == '-', c == '/', c == '>', c == '<':
		default:
			return false
		}
	}
	return true
}
