// Package safetensors reads Hugging Face safetensors files: tensors without
// operators.
//
// # Recognised by
//
// A u64 header length of at most 100 MB, then a JSON object that maps names to
// dtype, shape and data_offsets.
//
// # Read
//
// Every tensor with name, type and shape, its value as a view of the file, and
// the __metadata__ of the file. Shards name their siblings in an index file,
// which is not needed to read one.
//
// # Not read
//
// There are no operators in these files, which the model's notes say. The
// packing of quantised layers (GPTQ, AWQ) is left as the integers it is.
//
// Facts: huggingface/safetensors README, section Format.
package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sort"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const (
	name      = "safetensors"
	maxHeader = 100 << 20
)

// Format is safetensors' entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "safetensors",
	Extensions: []string{"safetensors"},
	Magic:      "u64 header length, then a JSON object with dtype, shape and data_offsets",
	Container:  "JSON and raw tensors",
	Reads:      "Tensors with name, type, shape and value, metadata.",
	ReadsNot:   "Operators: the file has none.",
	Match:      match,
	Parse:      Parse,
}

func match(h format.Head) format.Confidence {
	if len(h.Bytes) < 10 {
		return format.No
	}
	n := binary.LittleEndian.Uint64(h.Bytes)
	if n < 2 || n > maxHeader || h.Size >= 0 && int64(n) > h.Size-8 || h.Bytes[8] != '{' {
		return format.No
	}
	head := h.Bytes[8:min(len(h.Bytes), 8+int(n))]
	if bytes.Contains(head, []byte(`"dtype"`)) && bytes.Contains(head, []byte(`"data_offsets"`)) || bytes.Contains(head, []byte(`"__metadata__"`)) {
		return format.Certain
	}
	return format.No
}

var dtypes = map[string]graph.DType{
	"F64": graph.Float64, "F32": graph.Float32, "F16": graph.Float16, "BF16": graph.BFloat16, "F8_E4M3": graph.Float8E4M3FN, "F8_E5M2": graph.Float8E5M2, "F8_E8M0": graph.Float8E8M0,
	"F6_E2M3": graph.Float6E2M3, "F6_E3M2": graph.Float6E3M2, "F4": graph.Float4E2M1, "I64": graph.Int64, "I32": graph.Int32, "I16": graph.Int16, "I8": graph.Int8,
	"U64": graph.Uint64, "U32": graph.Uint32, "U16": graph.Uint16, "U8": graph.Uint8, "BOOL": graph.Bool, "C64": graph.Complex64,
}

// entry is the description of one tensor.
type entry struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
	name    string
}

// Parse reads a file.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if len(in.Data) < 10 || in.Data[8] != '{' {
		return nil, format.Errorf(format.ErrNotModel, 0, "no header")
	}
	n := binary.LittleEndian.Uint64(in.Data)
	if n > maxHeader || n > uint64(len(in.Data)-8) {
		return nil, format.Errorf(format.ErrTruncated, 0, "header of %d bytes in a file of %d", n, len(in.Data))
	}
	body := in.Data[8+n:]
	var header map[string]json.RawMessage
	if err := json.Unmarshal(in.Data[8:8+n], &header); err != nil {
		var syntax *json.SyntaxError
		at := int64(8)
		if errors.As(err, &syntax) {
			at += syntax.Offset
		}
		return nil, format.Errorf(format.ErrMalformed, at, "header: %v", err)
	}
	m := &graph.Model{Format: name}
	if err := metadata(m, header["__metadata__"], lim); err != nil {
		return nil, err
	}
	delete(header, "__metadata__")
	if len(header) > lim.Tensors {
		return nil, format.Errorf(format.ErrLimit, 8, "%d tensors", len(header))
	}
	entries := make([]entry, 0, len(header))
	for k, raw := range header {
		e := entry{name: k}
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, format.Errorf(format.ErrMalformed, 8, "tensor %.40q: %v", k, err)
		}
		entries = append(entries, e)
	}
	sort.Slice(entries, func(i, j int) bool {
		if entries[i].Offsets != entries[j].Offsets {
			return entries[i].Offsets[0] < entries[j].Offsets[0] || entries[i].Offsets[0] == entries[j].Offsets[0] && entries[i].Offsets[1] < entries[j].Offsets[1]
		}
		return entries[i].name < entries[j].name
	})
	g := &graph.Graph{}
	end := int64(0)
	for i := range entries {
		t, err := entries[i].tensor(body, int64(8+n), lim)
		if err != nil {
			return nil, err
		}
		g.Tensors = append(g.Tensors, t)
		end = max(end, entries[i].Offsets[1])
	}
	m.Graphs = []*graph.Graph{g}
	m.Notes = []graph.Note{{Loses: true, Text: "tensors only: the file has no operators"}}
	if in.Trailing {
		m.Length = int64(8+n) + end
	}
	return m, nil
}

// metadata are the file's own words, in the order of their keys.
func metadata(m *graph.Model, raw json.RawMessage, lim format.Limits) error {
	if raw == nil {
		return nil
	}
	var words map[string]string
	if err := json.Unmarshal(raw, &words); err != nil {
		return format.Errorf(format.ErrMalformed, 8, "__metadata__: %v", err)
	}
	keys := make([]string, 0, len(words))
	for k := range words {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		if len(words[k]) <= lim.TextBytes {
			m.Metadata = append(m.Metadata, graph.KeyValue{Key: k, Value: words[k]})
		}
	}
	m.Producer = words["format"]
	return nil
}

func (e *entry) tensor(body []byte, base int64, lim format.Limits) (graph.Tensor, error) {
	t := graph.Tensor{Name: e.name, DType: dtypes[e.DType]}
	for _, d := range e.Shape {
		if d < 0 {
			return t, format.Errorf(format.ErrMalformed, base, "tensor %.40q of shape %v", e.name, e.Shape)
		}
	}
	if len(e.Shape) > 64 || len(e.name) > lim.TextBytes {
		return t, format.Errorf(format.ErrLimit, base, "tensor of rank %d, name of %d bytes", len(e.Shape), len(e.name))
	}
	t.Shape = graph.ShapeOf(e.Shape...)
	from, to := e.Offsets[0], e.Offsets[1]
	if from < 0 || to < from {
		return t, format.Errorf(format.ErrMalformed, base, "tensor %.40q from %d to %d", e.name, from, to)
	}
	if to > int64(len(body)) {
		return t, format.Errorf(format.ErrTruncated, base+from, "tensor %.40q ends at %d of %d bytes", e.name, to, len(body))
	}
	t.Const = &graph.Const{Data: body[from:to:to], StoredBytes: to - from}
	if t.DType == graph.UnknownDType {
		t.Quant = &graph.Quant{Scheme: graph.QuantOther, Word: e.DType}
		return t, nil
	}
	n, ok := t.Shape.Elements()
	size, fits := t.DType.ByteCount(n)
	if !ok || !fits || size != to-from {
		return t, format.Errorf(format.ErrMalformed, base+from, "tensor %.40q: %s for shape %s of %s", e.name, fmt.Sprintf("%d bytes", to-from), t.Shape, t.DType)
	}
	return t, nil
}
