package coreml

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// parser is the state of one parse.
type parser struct {
	in      format.Input
	limits  format.Limits
	model   *graph.Model
	blobs   map[string][]byte
	nodes   int
	tensors int
	depth   int
}

func parseModel(in format.Input) (*graph.Model, error) {
	p := &parser{in: in, limits: in.Limits.OrDefault(), model: &graph.Model{Format: name}, blobs: map[string][]byte{}}
	if isManifest(in.Data) {
		return nil, format.Errorf(format.ErrPart, -1, "the table of contents of an .mlpackage")
	}
	switch {
	case isMILText(in.Data):
		return p.compiledProgram()
	case isEspresso(in.Data):
		return p.espresso()
	case isEspressoShape(in.Data):
		return nil, format.Errorf(format.ErrPart, -1, "the shapes of a compiled network")
	}
	if _, ok := modelType(in.Data, int64(len(in.Data))); !ok {
		return nil, format.Errorf(format.ErrNotModel, -1, "no Core ML model")
	}
	if _, err := p.readModel(protowire.NewMessage(in.Data), graph.RoleMain); err != nil {
		return nil, err
	}
	return p.model, nil
}

// readModel reads a Model message and returns the index of its graph.
func (p *parser) readModel(m protowire.Message, role graph.Role) (int, error) {
	if p.depth++; p.depth > p.limits.Depth {
		return 0, format.Errorf(format.ErrLimit, m.Offset(), "models are nested more than %d deep", p.limits.Depth)
	}
	defer func() { p.depth-- }()
	var f, model protowire.Field
	var version int64
	d := &modelDescription{}
	for m.Next(&f) {
		switch {
		case f.Is(specificationVersion, protowire.Varint):
			version = f.Int64()
		case f.Is(description, protowire.Bytes):
			d.read(p, f.Message())
		case f.Type == protowire.Bytes && isModelType(f.Number):
			model = f
		}
	}
	if err := m.Err(); err != nil {
		return 0, err
	}
	if role == graph.RoleMain {
		p.model.FormatVersion = fmt.Sprintf("specification %d", version)
		p.model.Name, p.model.Description = d.text["author"], d.text["short_description"]
		p.model.Name = ""
		p.model.Metadata = append(p.model.Metadata, d.metadata...)
		p.model.Producer = d.producer
	}
	switch model.Number {
	case 0:
		return 0, format.Errorf(format.ErrNotModel, m.Offset(), "model without a type")
	case neuralNetwork, neuralNetworkClassifier, neuralNetworkRegressor:
		return p.network(model.Message(), d, role)
	case mlProgram:
		return p.program(model.Message(), d, role)
	case pipeline, pipelineClassifier, pipelineRegressor:
		return p.pipeline(model, d, role)
	}
	return p.single(model, d, role)
}

// builder makes one graph.
type builder struct {
	p     *parser
	g     *graph.Graph
	index int
	outer *builder
	ids   map[string]graph.TensorID
	// written says of each tensor that a node writes it or that it is given.
	written []bool
}

func (p *parser) newBuilder(role graph.Role, name string) (*builder, error) {
	if p.depth++; p.depth > p.limits.Depth {
		return nil, format.Errorf(format.ErrLimit, -1, "graphs are nested more than %d deep", p.limits.Depth)
	}
	b := &builder{p: p, g: &graph.Graph{Role: role, Name: p.text([]byte(name))}, index: len(p.model.Graphs), ids: map[string]graph.TensorID{}}
	p.model.Graphs = append(p.model.Graphs, b.g)
	return b, nil
}

func (b *builder) close() { b.p.depth-- }

// add appends a tensor that nothing may write any more if taken.
func (b *builder) add(key string, t graph.Tensor, taken bool) (graph.TensorID, error) {
	if b.p.tensors++; b.p.tensors > b.p.limits.Tensors {
		return 0, format.Errorf(format.ErrLimit, -1, "more than %d tensors", b.p.limits.Tensors)
	}
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, t)
	b.written = append(b.written, taken)
	if key != "" {
		b.ids[key] = id
	}
	return id, nil
}

// resolve returns the tensor that a name means in this graph or around it.
func (b *builder) resolve(key string) (graph.TensorID, error) {
	if id, ok := b.ids[key]; ok {
		return id, nil
	}
	for o := b.outer; o != nil; o = o.outer {
		if from, ok := o.ids[key]; ok {
			return b.add(key, o.g.Tensors[from], true)
		}
	}
	return b.add(key, graph.Tensor{Name: b.p.text([]byte(key))}, false)
}

// define returns the tensor that a node writes; a name that is taken gets a
// second tensor.
func (b *builder) define(key string, t graph.Tensor) (graph.TensorID, error) {
	if id, ok := b.ids[key]; ok && !b.written[id] {
		b.written[id] = true
		if b.g.Tensors[id].DType == graph.UnknownDType {
			b.g.Tensors[id].DType = t.DType
		}
		if !b.g.Tensors[id].Shape.IsRanked() {
			b.g.Tensors[id].Shape = t.Shape
		}
		return id, nil
	}
	t.Name = b.p.text([]byte(key))
	return b.add(key, t, true)
}

func (b *builder) node(n graph.Node) error {
	if b.p.nodes++; b.p.nodes > b.p.limits.Nodes {
		return format.Errorf(format.ErrLimit, -1, "more than %d nodes", b.p.limits.Nodes)
	}
	b.g.Nodes = append(b.g.Nodes, n)
	return nil
}

// interfaceOf gives a graph the inputs that a description states.
func (b *builder) interfaceOf(d *modelDescription) error {
	for _, in := range d.inputs {
		id, err := b.add(in.name, graph.Tensor{Name: b.p.text([]byte(in.name)), DType: in.dtype, Shape: in.shape}, true)
		if err != nil {
			return err
		}
		b.g.Inputs = append(b.g.Inputs, id)
	}
	return nil
}

// outputs resolves the outputs that a description states.
func (b *builder) outputs(d *modelDescription) error {
	for _, out := range d.outputs {
		if _, ok := b.ids[out.name]; !ok && len(b.g.Nodes) > 0 && d.labelled(out.name) {
			continue // class labels are made from the probabilities
		}
		id, err := b.resolve(out.name)
		if err != nil {
			return err
		}
		b.g.Outputs = append(b.g.Outputs, id)
	}
	return nil
}

// single reads a model that is one piece: a node with the interface's values.
func (p *parser) single(model protowire.Field, d *modelDescription, role graph.Role) (int, error) {
	b, err := p.newBuilder(role, modelTypes[model.Number])
	if err != nil {
		return 0, err
	}
	defer b.close()
	if err := b.interfaceOf(d); err != nil {
		return 0, err
	}
	n := graph.Node{Op: graph.ClassicML, SourceOp: modelTypes[model.Number], Inputs: append([]graph.TensorID(nil), b.g.Inputs...)}
	switch model.Number {
	case customModel, linkedModel, serializedModel, 2000, 2001, 2002, 2003, 2004, 2005, 2006:
		n.Op = graph.OpaqueOp
		n.Attrs = &graph.CustomAttrs{Domain: "coreml", Bytes: int64(len(model.Bytes))}
		p.model.Opaque = append(p.model.Opaque, graph.Opaque{Kind: n.SourceOp, Where: "model", Bytes: int64(len(model.Bytes))})
	case 604, 607:
		n.Op = graph.UnaryOther
	case 610:
		n.Op = graph.NonMaxSuppression
	case 900:
		n.Op = graph.Identity
	}
	for _, out := range d.outputs {
		id, err := b.define(out.name, graph.Tensor{DType: out.dtype, Shape: out.shape})
		if err != nil {
			return 0, err
		}
		n.Outputs = append(n.Outputs, id)
		b.g.Outputs = append(b.g.Outputs, id)
	}
	return b.index, b.node(n)
}

// pipeline reads models that run one after another, as calls.
func (p *parser) pipeline(model protowire.Field, d *modelDescription, role graph.Role) (int, error) {
	m := model.Message()
	var f protowire.Field
	if model.Number != pipeline { // the classifier and regressor forms wrap it
		for m.Next(&f) {
			if f.Is(1, protowire.Bytes) {
				m = f.Message()
				break
			}
		}
	}
	b, err := p.newBuilder(role, "pipeline")
	if err != nil {
		return 0, err
	}
	defer b.close()
	if err := b.interfaceOf(d); err != nil {
		return 0, err
	}
	for m.Next(&f) {
		if !f.Is(1, protowire.Bytes) {
			continue
		}
		idx, err := p.readModel(f.Message(), graph.RoleBody)
		if err != nil {
			return 0, err
		}
		if err := b.callModel(idx); err != nil {
			return 0, err
		}
	}
	if err := m.Err(); err != nil {
		return 0, err
	}
	return b.index, b.outputs(d)
}

// callModel appends a call of a pipeline's model, whose values go by name.
func (b *builder) callModel(idx int) error {
	body := b.p.model.Graphs[idx]
	n := graph.Node{Name: body.Name, Op: graph.Call, SourceOp: "model", Subgraphs: []int{idx}}
	for _, id := range body.Inputs {
		in, err := b.resolve(body.Tensors[id].Name)
		if err != nil {
			return err
		}
		n.Inputs = append(n.Inputs, in)
	}
	for _, id := range body.Outputs {
		t := body.Tensors[id]
		out, err := b.define(t.Name, graph.Tensor{DType: t.DType, Shape: t.Shape})
		if err != nil {
			return err
		}
		n.Outputs = append(n.Outputs, out)
	}
	return b.node(n)
}

func (p *parser) note(loses bool, text string) {
	if len(p.model.Notes) < 1000 {
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
