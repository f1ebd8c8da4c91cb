package tensorflow

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	"github.com/gaugenn/gaugenn/graph/format/internal/tfjs"
)

// parser is the state of one parse.
type parser struct {
	in        format.Input
	limits    format.Limits
	model     *graph.Model
	functions map[string]*functionDef
	// saved says that variables have their values in variables/.
	saved   bool
	missing string
	bundle  *bundle
	shards  *shardFiles
	keys    map[string]string
	// weights are values of constants outside the graph (TensorFlow.js), by node.
	weights map[string]*graph.Tensor
	// stated are shapes that a signature gives to inputs, by node.
	stated map[string]graph.Shape
	active map[string]bool
	nodes  int
	// unfolded counts the nodes of functions' calls.
	unfolded int
	tensors  int
	depth    int
}

func parseModel(in format.Input) (*graph.Model, error) {
	p := &parser{in: in, limits: in.Limits.OrDefault(), model: &graph.Model{Format: name},
		functions: map[string]*functionDef{}, active: map[string]bool{}}
	data, kind := in.Data, ""
	if bundleShards(data, int64(len(data))) > 0 {
		return p.model, p.checkpoint()
	}
	if tfjs.Match(data) == tfjs.Graph {
		return p.model, p.webModel()
	}
	if textual(data) {
		var err error
		if data, kind, err = toBinary(data, p.limits); err != nil {
			return nil, err
		}
	} else if kind = bytesKind(data, false); kind == "" {
		kind = p.cutKind()
		if kind == "" {
			return nil, format.Errorf(format.ErrNotModel, -1, "neither GraphDef nor SavedModel")
		}
	}
	p.meta("container", map[string]string{"GraphDef": "graphdef", "MetaGraphDef": "metagraph", "SavedModel": "savedmodel"}[kind])
	switch kind {
	case "SavedModel":
		return p.model, p.savedModel(data)
	case "MetaGraphDef":
		return p.model, p.metaGraph(protowire.NewMessage(data))
	}
	return p.model, p.graph(protowire.NewMessage(data), nil)
}

// cutKind is the kind of a file that ends too early: it is recognised as the
// beginning of one.
func (p *parser) cutKind() string { return bytesKind(p.in.Data, true) }

// savedModel reads the meta graph tagged "serve", or the first one.
func (p *parser) savedModel(data []byte) error {
	m := protowire.NewMessage(data)
	var f protowire.Field
	var chosen protowire.Message
	found, others := false, 0
	for m.Next(&f) {
		if !f.Is(savedMetaGraphs, protowire.Bytes) {
			continue
		}
		serve := false
		for _, tag := range metaTags(f.Message()) {
			serve = serve || tag == "serve"
		}
		if !found || serve {
			chosen = f.Message()
		}
		if found {
			others++
		}
		found = true
	}
	if err := m.Err(); err != nil {
		return err
	}
	if others > 0 {
		p.note(false, fmt.Sprintf("%d further meta graphs are not read", others))
	}
	p.saved = true
	p.variables()
	return p.metaGraph(chosen)
}

// variables reads the index of the variables' values, as far as it is there.
func (p *parser) variables() {
	index := variablePrefix + ".index"
	data, err := p.in.Companion(index)
	p.model.Parts = append(p.model.Parts, graph.Part{Name: index, Found: err == nil, Bytes: int64(len(data))})
	p.missing = "the value is not in variables/"
	if err != nil {
		p.missing = fmt.Sprintf("companion file %q not found", index)
		p.lose("%s: values of variables are missing", p.missing)
		return
	}
	bd, err := readBundle(data, p.limits)
	if err != nil {
		p.missing = fmt.Sprintf("%s: %v", index, err)
		p.lose("%s", p.missing)
		return
	}
	p.bundle = bd
	p.shards = &shardFiles{p: p, prefix: variablePrefix, shards: bd.shards, data: map[int64][]byte{}}
	p.keys = p.shards.fullNames(bd)
}

func metaTags(m protowire.Message) (tags []string) {
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(metaInfo, protowire.Bytes) {
			info := f.Message()
			for info.Next(&f) {
				if f.Is(infoTags, protowire.Bytes) && len(tags) < 64 {
					tags = append(tags, f.String())
				}
			}
			return tags
		}
	}
	return tags
}

// metaGraph reads a MetaGraphDef: its version, signatures and graph.
func (p *parser) metaGraph(m protowire.Message) error {
	var f protowire.Field
	var g protowire.Message
	var sigs []signature
	found := false
	for m.Next(&f) {
		switch {
		case f.Is(metaInfo, protowire.Bytes):
			p.info(f.Message())
		case f.Is(metaGraphDef, protowire.Bytes):
			g, found = f.Message(), true
		case f.Is(metaSignature, protowire.Bytes):
			if key, value, ok := mapEntry(f.Message()); ok && len(sigs) < 1000 {
				sigs = append(sigs, readSignature(string(key), value))
			}
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	if !found {
		return format.Errorf(format.ErrNotModel, -1, "meta graph without a graph")
	}
	return p.graph(g, sigs)
}

func (p *parser) info(m protowire.Message) {
	var f protowire.Field
	var tags []string
	for m.Next(&f) {
		switch {
		case f.Is(infoTags, protowire.Bytes):
			tags = append(tags, p.text(f.Bytes))
		case f.Is(infoVersion, protowire.Bytes):
			p.model.Producer = "tensorflow " + p.text(f.Bytes)
		}
	}
	if len(tags) > 0 {
		p.meta("tags", strings.Join(tags, ","))
	}
}

// signature is a SignatureDef: tensor names by argument.
type signature struct {
	name            string
	inputs, outputs []string
}

func readSignature(name string, m protowire.Message) signature {
	s := signature{name: name}
	var f protowire.Field
	for m.Next(&f) {
		if f.Number != signatureInput && f.Number != signatureOutput || f.Type != protowire.Bytes {
			continue
		}
		into := &s.inputs
		if f.Number == signatureOutput {
			into = &s.outputs
		}
		_, value, _ := mapEntry(f.Message())
		for value.Next(&f) {
			if f.Is(tensorInfoName, protowire.Bytes) && len(*into) < 10000 {
				*into = append(*into, f.String())
			}
		}
	}
	return s
}

// graph reads a GraphDef as the main graph.
func (p *parser) graph(m protowire.Message, sigs []signature) error {
	var list []protowire.Message
	var f protowire.Field
	for m.Next(&f) {
		switch {
		case f.Is(graphNode, protowire.Bytes):
			list = append(list, f.Message())
			if len(list) > p.limits.Nodes {
				return format.Errorf(format.ErrLimit, f.Offset, "more than %d nodes", p.limits.Nodes)
			}
		case f.Is(graphLibrary, protowire.Bytes):
			if err := p.library(f.Message()); err != nil {
				return err
			}
		case f.Is(graphVersions, protowire.Bytes):
			v := f.Message()
			for v.Next(&f) {
				if f.Is(1, protowire.Varint) {
					p.model.FormatVersion = fmt.Sprintf("producer %d", f.Uint)
				}
			}
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	b := &builder{p: p}
	if err := b.open("", graph.RoleMain, list); err != nil {
		return err
	}
	if err := b.build(); err != nil {
		return err
	}
	b.ends(sigs)
	for _, s := range sigs {
		p.meta("signature."+s.name, fmt.Sprintf("%s -> %s", strings.Join(s.inputs, ","), strings.Join(s.outputs, ",")))
	}
	return nil
}

// maxRemarks bounds notes and metadata lines of one model.
const maxRemarks = 1000

func (p *parser) meta(key, value string) {
	if len(p.model.Metadata) < maxRemarks {
		p.model.Metadata = append(p.model.Metadata, graph.KeyValue{Key: key, Value: p.text([]byte(value))})
	}
}

func (p *parser) note(loses bool, text string) {
	if len(p.model.Notes) < maxRemarks {
		p.model.Notes = append(p.model.Notes, graph.Note{Loses: loses, Text: text})
	}
}

func (p *parser) lose(msg string, args ...any) { p.note(true, fmt.Sprintf(msg, args...)) }

// text keeps a string from the file, cut to the limit.
func (p *parser) text(b []byte) string {
	if len(b) > p.limits.TextBytes {
		b = b[:p.limits.TextBytes]
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}
