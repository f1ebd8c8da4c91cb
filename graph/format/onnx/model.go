package onnx

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/onnxop"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// parser is the state of one parse.
type parser struct {
	in       format.Input
	limits   format.Limits
	model    *graph.Model
	external map[string]companion
	// functions by key, and those being expanded now.
	functions map[string]*function
	active    map[string]bool
	nodes     int
	// unfolded counts the nodes of functions' calls.
	unfolded int
	tensors  int
	depth    int
}

// header is what ModelProto says besides its graph.
type header struct {
	ir, version               int64
	producer, producerVersion string
	domain                    string
	graph                     protowire.Message
	hasGraph                  bool
	opsets                    map[string]int
	opsetOrder                []string
}

func parseModel(in format.Input) (*graph.Model, error) {
	p := &parser{
		in: in, limits: in.Limits.OrDefault(), model: &graph.Model{Format: name},
		external: map[string]companion{}, functions: map[string]*function{}, active: map[string]bool{},
	}
	h, err := p.readHeader()
	if err != nil {
		return nil, err
	}
	p.describe(h)
	b := &builder{p: p, opsets: h.opsets}
	if _, err := b.build(h.graph, graph.RoleMain); err != nil {
		return nil, err
	}
	main := p.model.Graphs[0]
	p.model.Name = main.Name
	if len(main.Nodes) == 0 && len(main.Outputs) == 0 {
		return nil, format.Errorf(format.ErrNotModel, h.graph.Offset(), "graph has neither nodes nor outputs")
	}
	weightsInNodes(p.model)
	return p.model, nil
}

// weightsInNodes makes the values of Constant nodes the model's parameters where it has
// no initializer: exporters such as Paddle's write all weights so. A matrix of real
// numbers tells weights from the sizes and limits that other models keep there.
func weightsInNodes(m *graph.Model) {
	var values []*graph.Const
	weights := false
	for _, g := range m.Graphs {
		for i := range g.Tensors {
			t := &g.Tensors[i]
			if t.Const == nil {
				continue
			}
			if !t.Const.NotParam {
				return
			}
			values = append(values, t.Const)
			weights = weights || t.DType.IsFloat() && t.Shape.Len() >= 2
		}
	}
	for _, c := range values {
		c.NotParam = !weights
	}
}

// readHeader walks the model's own fields. Everything before the graph must be
// plausible: ONNX has no magic, and the reader of a file that is none says so.
func (p *parser) readHeader() (*header, error) {
	data := p.in.Data
	body := skipPrefix(data, int64(len(data)))
	skipped := int64(len(data) - len(body))
	m := protowire.MessageAt(body, skipped)
	h := &header{opsets: map[string]int{}}
	var f protowire.Field
	end, last := skipped, int32(0)
	for m.Next(&f) {
		foreign := p.in.Trailing && h.hasGraph && !follows(last, &f)
		last = f.Number
		if foreign || !plausibleModelField(&f) || f.Number == modelGraph && h.hasGraph {
			if p.in.Trailing && h.hasGraph {
				p.model.Length = end
				return h, nil
			}
			return nil, format.Errorf(format.ErrNotModel, f.Offset, "field %d does not fit an ONNX model", f.Number)
		}
		if err := p.headerField(h, &f); err != nil {
			return nil, err
		}
		end = m.Offset()
	}
	if m.Err() != nil {
		return h, p.headerEnd(h, &m, body, skipped, end)
	}
	p.model.Length = end
	if !h.hasGraph {
		return nil, format.Errorf(format.ErrNotModel, -1, "no graph")
	}
	return h, nil
}

// headerEnd decides what a malformed field at the top means: the end of an
// embedded model, a cut model, or no model.
func (p *parser) headerEnd(h *header, m *protowire.Message, body []byte, skipped, end int64) error {
	if h.hasGraph {
		if p.in.Trailing {
			p.model.Length = end
			return nil
		}
		return m.Err()
	}
	at := *m
	if h.ir > 0 {
		rel := protowire.NewMessage(body)
		var f protowire.Field
		for rel.Next(&f) {
		}
		if cut, ok := cutField(body, &rel, modelGraph); ok && plausibleGraph(cut, true) {
			return m.Err()
		}
	}
	return format.Errorf(format.ErrNotModel, at.Offset(), "no graph before the end: %v", m.Err())
}

func (p *parser) headerField(h *header, f *protowire.Field) error {
	switch f.Number {
	case modelIRVersion:
		h.ir = f.Int64()
	case modelProducerName:
		h.producer = p.text(f.Bytes)
	case modelProducerVersion:
		h.producerVersion = p.text(f.Bytes)
	case modelDomain:
		h.domain = p.text(f.Bytes)
	case modelVersion:
		h.version = f.Int64()
	case modelDoc:
		p.model.Description = p.text(f.Bytes)
	case modelOpsetImport:
		domain, version := readOpset(f.Message())
		if _, ok := h.opsets[domain]; !ok {
			h.opsetOrder = append(h.opsetOrder, domain)
		}
		h.opsets[domain] = version
	case modelGraph:
		if !plausibleGraph(f.Message(), false) {
			return format.Errorf(format.ErrNotModel, f.Offset, "the graph field does not fit a graph")
		}
		h.graph, h.hasGraph = f.Message(), true
	case modelMetadata:
		key, value := readPair(f.Message())
		p.meta("props."+p.text([]byte(key)), p.text([]byte(value)))
	case modelTrainingInfo:
		p.note(false, "training_info is not read")
	case modelFunctions:
		return p.addFunction(f.Message())
	}
	return nil
}

// readOpset reads an OperatorSetIdProto.
func readOpset(m protowire.Message) (domain string, version int) {
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(1, protowire.Bytes):
			domain = f.String()
		case f.Is(2, protowire.Varint):
			version = int(max(0, min(f.Int64(), 1<<20)))
		}
	}
	return onnxop.Canonical(domain), version
}

// describe fills in what the model says about itself.
func (p *parser) describe(h *header) {
	p.model.FormatVersion = fmt.Sprintf("ir %d", h.ir)
	if v, ok := h.opsets[onnxop.Onnx]; ok {
		p.model.FormatVersion += fmt.Sprintf(", opset %d", v)
	} else if h.ir < 3 {
		h.opsets[onnxop.Onnx] = 1 // opset imports came with IR version 3
	}
	p.model.Producer = strings.TrimSpace(h.producer + " " + h.producerVersion)
	for _, d := range h.opsetOrder {
		if d != onnxop.Onnx {
			p.meta("opset."+p.text([]byte(d)), fmt.Sprint(h.opsets[d]))
		}
	}
	if h.domain != "" {
		p.meta("domain", h.domain)
	}
	if h.version != 0 {
		p.meta("model_version", fmt.Sprint(h.version))
	}
}

// maxRemarks bounds notes and metadata lines of one model.
const maxRemarks = 1000

func (p *parser) meta(key, value string) {
	if len(p.model.Metadata) < maxRemarks {
		p.model.Metadata = append(p.model.Metadata, graph.KeyValue{Key: key, Value: value})
	}
}

func (p *parser) note(loses bool, text string) {
	if len(p.model.Notes) < maxRemarks {
		p.model.Notes = append(p.model.Notes, graph.Note{Loses: loses, Text: text})
	}
}

// lose notes something that the model lacks because of its file.
func (p *parser) lose(msg string, args ...any) { p.note(true, fmt.Sprintf(msg, args...)) }

// text keeps a string from the file, cut to the limit.
func (p *parser) text(b []byte) string {
	if len(b) > p.limits.TextBytes {
		b = b[:p.limits.TextBytes]
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
