package caffe2

import (
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

func parseModel(in format.Input) (*graph.Model, error) {
	lim := in.Limits.OrDefault()
	if !plausible(in.Data, true) {
		return nil, format.Errorf(format.ErrNotModel, -1, "no NetDef")
	}
	net, err := readNet(in.Data, lim)
	if err != nil {
		return nil, err
	}
	if net.isInit() {
		return nil, format.Errorf(format.ErrPart, -1, "a net of fills: the weights of another file")
	}
	b := &builder{g: &graph.Graph{}, ids: map[string]graph.TensorID{}, lim: lim, values: map[string]graph.Tensor{}}
	m := &graph.Model{Format: name, Graphs: []*graph.Graph{b.g}}
	m.Name = b.text(net.name)
	b.g.Name = m.Name
	if err := b.weights(in, m); err != nil {
		return nil, err
	}
	b.dataInput(net)
	produced := map[string]bool{}
	for i := range net.ops {
		for _, out := range net.ops[i].outputs {
			produced[out] = true
		}
	}
	for _, n := range net.inputs {
		id := b.resolve(n)
		if id != graph.NoTensor && b.g.Tensors[id].Const == nil && !produced[n] && (len(b.values) > 0 || !looksLikeWeight(n)) {
			b.g.Inputs = append(b.g.Inputs, id)
		}
	}
	for i := range net.ops {
		b.operator(&net.ops[i])
	}
	for _, n := range net.outputs {
		b.g.Outputs = append(b.g.Outputs, b.resolve(n))
	}
	if b.full {
		return nil, format.Errorf(format.ErrLimit, -1, "more than %d tensors", lim.Tensors)
	}
	return m, nil
}

// dataInput: exporters give the first input a constant fill among the weights,
// so that the net runs at once. It tells the shape and is no weight.
func (b *builder) dataInput(net *netDef) {
	if len(net.inputs) == 0 {
		return
	}
	n := net.inputs[0]
	if t, ok := b.values[n]; ok && t.Const != nil && t.Const.StoredBytes == 0 {
		t.Const = nil
		b.values[n] = t
	}
}

// looksLikeWeight tells weights from data by Caffe2's naming where init_net is
// not there.
func looksLikeWeight(n string) bool {
	for _, s := range []string{"_w", "_b", "_s", "_bias", "_weight", "_rm", "_riv", "_scale", "_mean", "_var"} {
		if strings.HasSuffix(n, s) {
			return true
		}
	}
	return false
}

// weights reads the fills of the init net beside the network.
func (b *builder) weights(in format.Input, m *graph.Model) error {
	files := weightFiles(in.Name)
	for _, file := range files {
		data, err := in.Companion(file)
		if err != nil {
			continue
		}
		init, err := readNet(data, b.lim)
		if err != nil || !init.isInit() {
			m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("%q is no net of fills", file)})
			continue
		}
		m.Parts = append(m.Parts, graph.Part{Name: file, Found: true, Bytes: int64(len(data))})
		for i := range init.ops {
			if len(init.ops[i].outputs) > 0 {
				b.values[init.ops[i].outputs[0]] = init.ops[i].constant(b.lim)
			}
		}
		return nil
	}
	if len(files) > 0 {
		m.Parts = append(m.Parts, graph.Part{Name: files[0]})
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("weight file %q not found", files[0])})
	}
	return nil
}

// builder makes the graph.
type builder struct {
	g      *graph.Graph
	ids    map[string]graph.TensorID
	taken  []bool
	values map[string]graph.Tensor
	lim    format.Limits
	full   bool
}

func (b *builder) text(s string) string {
	if len(s) > b.lim.TextBytes {
		s = s[:b.lim.TextBytes]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func (b *builder) add(n string, taken bool) graph.TensorID {
	if len(b.g.Tensors) >= b.lim.Tensors {
		b.full = true
		return graph.NoTensor
	}
	t, isConst := b.values[n]
	if taken {
		t, isConst = graph.Tensor{}, false
	}
	t.Name = b.text(n)
	id := graph.TensorID(len(b.g.Tensors))
	b.g.Tensors = append(b.g.Tensors, t)
	b.taken = append(b.taken, taken || isConst)
	b.ids[n] = id
	return id
}

// resolve returns the tensor that a name means now; what is read is not
// written any more.
func (b *builder) resolve(n string) graph.TensorID {
	id, ok := b.ids[n]
	if !ok {
		id = b.add(n, false)
	}
	if id != graph.NoTensor {
		b.taken[id] = true
	}
	return id
}

// define returns the tensor that an operator writes: operators in place and
// repeated names get one of their own.
func (b *builder) define(n string) graph.TensorID {
	if id, ok := b.ids[n]; ok && id != graph.NoTensor && !b.taken[id] {
		b.taken[id] = true
		return id
	}
	return b.add(n, true)
}

func (b *builder) operator(op *opDef) {
	n := graph.Node{Name: b.text(op.name), SourceOp: op.kind}
	c := &call{builder: b, op: op, n: &n}
	for _, in := range op.inputs {
		n.Inputs = append(n.Inputs, b.resolve(in))
	}
	for _, out := range op.outputs {
		n.Outputs = append(n.Outputs, b.define(out))
	}
	kind := op.kind
	e, ok := ops[kind]
	if !ok {
		e, ok = ops[strings.TrimPrefix(kind, "Int8")]
	}
	if ok {
		n.Op = e.op
		if e.translate != nil {
			e.translate(c)
		}
	}
	if dt, isFill := fills[kind]; isFill && len(n.Outputs) > 0 && n.Outputs[0] != graph.NoTensor {
		t := op.constant(b.lim)
		out := &b.g.Tensors[n.Outputs[0]]
		out.DType, out.Shape = dt, t.Shape
		if t.Const.Missing == "" {
			out.Const = t.Const
		}
	}
	b.g.Nodes = append(b.g.Nodes, n)
}
