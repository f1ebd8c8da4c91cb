package litertlm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
	"github.com/gaugenn/gaugenn/graph/format/internal/litert"
)

// Name is the format's name in the tables.
const Name = "litertlm"

const (
	magic       = "LITERTLM"
	headerStart = 32
	majorRead   = 1
)

// Format is LiteRT-LM.
var Format = format.Format{
	Name:       Name,
	Title:      "LiteRT-LM bundle",
	Extensions: []string{"litertlm"},
	Magic:      "\"LITERTLM\" at offset 0",
	Container:  "sections behind a FlatBuffers header",
	Reads:      "Header metadata, all sections by kind and size, every TFLite section to layers.",
	ReadsNot:   "Tokenizers, the LlmMetadata message, weights in sections of their own.",
	Match: func(h format.Head) format.Confidence {
		if !bytes.HasPrefix(h.Bytes, []byte(magic)) {
			return format.No
		}
		return format.Certain
	},
	Parse: func(in format.Input) (*graph.Model, error) {
		m, err := read(in)
		if err != nil {
			return nil, format.In(err, Name, in)
		}
		return m, nil
	},
	Embedded: []format.Signature{{Bytes: []byte(magic)}},
}

// Slots of the tables, by the schema's own names.
const (
	metaSystem     = 0
	metaSections   = 1
	systemEntries  = 0
	sectionObjects = 0

	objectItems    = 0
	objectBegin    = 1
	objectEnd      = 2
	objectDataType = 3

	pairKey       = 0
	pairValueType = 1
	pairValue     = 2
)

// kinds is enum AnySectionDataType.
var kinds = [...]string{"NONE", "GenericBinaryData", "Deprecated", "TFLiteModel", "SP_Tokenizer", "LlmMetadataProto", "HF_Tokenizer_Zlib", "TFLiteWeights", "EmbeddingMetadata", "ExecutorMetadata"}

const (
	kindModel   = 3
	kindWeights = 7
)

func read(in format.Input) (*graph.Model, error) {
	d := in.Data
	if !bytes.HasPrefix(d, []byte(magic)) {
		kind := format.ErrNotModel
		if len(d) < len(magic) {
			kind = format.ErrTruncated
		}
		return nil, format.Errorf(kind, 0, "magic is not %q", magic)
	}
	if len(d) < headerStart+8 {
		return nil, format.Errorf(format.ErrTruncated, 8, "%d bytes are too short for the header", len(d))
	}
	major, minor, patch := binary.LittleEndian.Uint32(d[8:]), binary.LittleEndian.Uint32(d[12:]), binary.LittleEndian.Uint32(d[16:])
	if major > majorRead {
		return nil, format.Errorf(format.ErrUnsupported, 8, "major version %d, only up to %d is read", major, majorRead)
	}
	end := binary.LittleEndian.Uint64(d[24:])
	if end <= headerStart || end > uint64(len(d)) {
		return nil, format.Errorf(format.ErrTruncated, 24, "header end %d of a file of %d bytes", end, len(d))
	}
	r := &reader{in: in, lim: in.Limits.OrDefault(), fb: flatbuf.New(d[:end])}
	r.m = &graph.Model{Format: Name, FormatVersion: fmt.Sprintf("%d.%d.%d", major, minor, patch), Length: int64(end)}
	root := r.fb.RootAt(headerStart)
	r.pairs("", root.Table(metaSystem).Tables(systemEntries))
	list := root.Table(metaSections).Tables(sectionObjects)
	for i := range list.Len() {
		if err := r.section(i, list.Table(i)); err != nil {
			return nil, flatfmt.Wrap(err, fmt.Sprintf("section %d", i))
		}
	}
	r.join()
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return nil, err
	}
	return r.m, nil
}

type reader struct {
	in  format.Input
	lim format.Limits
	fb  *flatbuf.Buffer
	m   *graph.Model
	// visited sums the sections' sizes: overlapping ones would make one file
	// count as many.
	visited int64
	models  []section
}

// section is one TFLite model of the bundle.
type section struct {
	name   string
	graphs []*graph.Graph
}

// join lines up the graphs of all sections: first those of the model that
// generates text, which is what one run of the bundle is.
func (r *reader) join() {
	for _, first := range []bool{true, false} {
		for _, m := range r.models {
			if strings.Contains(strings.ToLower(m.name), "prefill_decode") != first {
				continue
			}
			base := len(r.m.Graphs)
			for _, g := range m.graphs {
				g.Name = m.name + "/" + g.Name
				for k := range g.Nodes {
					for s := range g.Nodes[k].Subgraphs {
						g.Nodes[k].Subgraphs[s] += base
					}
				}
			}
			r.m.Graphs = append(r.m.Graphs, m.graphs...)
		}
	}
}

func (r *reader) put(key, value string) {
	if len(r.m.Metadata) < 4096 {
		r.m.Metadata = append(r.m.Metadata, graph.KeyValue{Key: flatfmt.Text(key, r.lim), Value: flatfmt.Text(value, r.lim)})
	}
}

// pairs writes KeyValuePairs and returns the value of model_type.
func (r *reader) pairs(prefix string, list flatbuf.Vector) (modelType string) {
	for i := range list.Len() {
		t := list.Table(i)
		key, value := t.String(pairKey), valueText(t.Uint8(pairValueType, 0), t.Table(pairValue))
		r.put(prefix+key, value)
		if key == "model_type" {
			modelType = value
		}
	}
	return modelType
}

// valueText returns a value of union VData.
func valueText(kind uint8, v flatbuf.Table) string {
	switch kind {
	case 1:
		return strconv.Itoa(int(v.Uint8(0, 0)))
	case 2:
		return strconv.Itoa(int(v.Int8(0, 0)))
	case 3:
		return strconv.Itoa(int(v.Uint16(0, 0)))
	case 4:
		return strconv.Itoa(int(int16(v.Uint16(0, 0))))
	case 5:
		return strconv.FormatUint(uint64(v.Uint32(0, 0)), 10)
	case 6:
		return strconv.Itoa(int(v.Int32(0, 0)))
	case 7:
		return strconv.FormatFloat(float64(v.Float32(0, 0)), 'g', -1, 32)
	case 8:
		return strconv.FormatBool(v.Bool(0))
	case 9:
		return v.String(0)
	case 10:
		return strconv.FormatUint(v.Uint64(0, 0), 10)
	case 11:
		return strconv.FormatInt(v.Int64(0, 0), 10)
	case 12:
		return strconv.FormatFloat(v.Float64(0, 0), 'g', -1, 64)
	}
	return ""
}

func (r *reader) section(i int, t flatbuf.Table) error {
	begin, end, kind := t.Uint64(objectBegin, 0), t.Uint64(objectEnd, 0), t.Uint8(objectDataType, 0)
	if err := flatfmt.Error(r.fb.Err()); err != nil {
		return err
	}
	total := uint64(len(r.in.Data))
	if begin > end || end > total {
		return format.Errorf(format.ErrTruncated, int64(t.Pos()), "bytes %d to %d of a file of %d", begin, end, total)
	}
	if r.visited += int64(end - begin); r.visited > 2*int64(total) {
		return format.Errorf(format.ErrMalformed, int64(t.Pos()), "sections overlap")
	}
	r.m.Length = max(r.m.Length, int64(end))
	prefix := fmt.Sprintf("section.%d", i)
	word := strconv.Itoa(int(kind))
	if int(kind) < len(kinds) {
		word = kinds[kind]
	}
	r.put(prefix, fmt.Sprintf("%s %d bytes", word, end-begin))
	name := r.pairs(prefix+".", t.Tables(objectItems))
	switch kind {
	case kindModel:
		return r.model(i, name, begin, end)
	case kindWeights:
		r.m.Notes = append(r.m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("section %d holds weights of another section, which are not read", i)})
	}
	return nil
}

// model reads a TFLite section.
func (r *reader) model(i int, name string, begin, end uint64) error {
	in := r.in
	in.Data, in.Trailing = r.in.Data[begin:end:end], true
	m, err := litert.Read(in, litert.Dialect{Format: Name})
	if err != nil {
		var fe *format.Error
		if errors.As(err, &fe) && fe.Offset >= 0 {
			moved := *fe
			moved.Offset += int64(begin)
			return &moved
		}
		return err
	}
	if name == "" {
		name = "section" + strconv.Itoa(i)
	}
	r.models = append(r.models, section{name, m.Graphs})
	r.m.Opaque = append(r.m.Opaque, m.Opaque...)
	r.m.Notes = append(r.m.Notes, m.Notes...)
	for _, kv := range m.Metadata {
		r.put(fmt.Sprintf("section.%d.%s", i, kv.Key), kv.Value)
	}
	return nil
}
