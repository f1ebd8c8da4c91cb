package litert

import (
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
)

// opcode is one entry of Model.operator_codes.
type opcode struct {
	code    int32
	word    string // the enum's name, or the custom code
	custom  bool
	version int32
	builtin *builtin
}

// builtin is one operator of the schema: its enum name, its canonical operator
// and what reads its options and orders its operands (nil: nothing to do).
type builtin struct {
	name string
	op   graph.Op
	read func(*site)
}

func (r *reader) opcodes(model flatbuf.Table) error {
	list := model.Tables(modelOperatorCodes)
	r.codes = make([]opcode, list.Len())
	for i := range r.codes {
		t := list.Table(i)
		c := opcode{version: t.Int32(codeVersion, 1)}
		// The code is the larger of the old 8-bit field, whose 127 refers to the
		// new one, and the new one, which old files lack.
		c.code = max(int32(t.Int8(codeDeprecatedBuiltinCode, 0)), t.Int32(codeBuiltinCode, 0))
		custom := r.text(t.String(codeCustomCode))
		if old := t.Int8(codeDeprecatedBuiltinCode, 0); r.dialect.Extra != nil && old < 0 {
			c.code = int32(old)
		} else if r.dialect.Extra != nil && t.Int32(codeBuiltinCode, 0) < 0 {
			c.code = t.Int32(codeBuiltinCode, 0)
		}
		switch {
		case c.code == builtinCustom:
			c.custom, c.word = true, custom
			if custom == "" {
				c.word = "CUSTOM"
			}
			c.builtin = customOf(custom)
		case c.code >= 0 && int(c.code) < len(builtins):
			c.builtin = &builtins[c.code]
			c.word = c.builtin.name
		default:
			c.builtin, c.word = r.unlisted(c.code)
		}
		r.codes[i] = c
	}
	return r.err()
}

// unlisted names an operator that the schema does not have.
func (r *reader) unlisted(code int32) (*builtin, string) {
	if r.dialect.Extra != nil {
		if name, op, ok := r.dialect.Extra(code); ok {
			return &builtin{name: name, op: op}, name
		}
	}
	r.note(false, fmt.Sprintf("operator code %d is not in the schema", code))
	word := fmt.Sprintf("BUILTIN_%d", code)
	return &builtin{name: word}, word
}

// site is one operator while it is read.
type site struct {
	r    *reader
	g    *graph.Graph
	n    *graph.Node
	code *opcode
	// operator is the Operator table, opt its builtin_options, opt2 its builtin_options_2.
	operator, opt, opt2 flatbuf.Table
}

func (r *reader) operators(sub flatbuf.Table, g *graph.Graph) error {
	list := sub.Tables(subgraphOperators)
	r.nodeCount += list.Len()
	if r.nodeCount > r.lim.Nodes {
		return format.Errorf(format.ErrLimit, int64(list.Pos()), "%d operators exceed the limit of %d", r.nodeCount, r.lim.Nodes)
	}
	g.Nodes = make([]graph.Node, list.Len())
	written := make([]bool, len(g.Tensors))
	var renamed map[graph.TensorID]graph.TensorID
	for i := range g.Nodes {
		if err := r.operator(list.Table(i), g, &g.Nodes[i], renamed); err != nil {
			return fmt.Errorf("operator %d: %w", i, err)
		}
		renamed = singleAssignment(g, &g.Nodes[i], written, renamed)
	}
	for i, id := range g.Outputs {
		if to, ok := renamed[id]; ok {
			g.Outputs[i] = to
		}
	}
	return r.err()
}

// singleAssignment gives a node that overwrites another's result a tensor of
// its own, which later operands then mean. No converter writes such files, but
// hand-edited ones exist.
func singleAssignment(g *graph.Graph, n *graph.Node, written []bool, renamed map[graph.TensorID]graph.TensorID) map[graph.TensorID]graph.TensorID {
	for i, id := range n.Outputs {
		if id < 0 {
			continue
		}
		if !written[id] {
			written[id] = true
			continue
		}
		t := g.Tensors[id]
		g.Tensors = append(g.Tensors, t)
		n.Outputs[i] = graph.TensorID(len(g.Tensors) - 1)
		if renamed == nil {
			renamed = map[graph.TensorID]graph.TensorID{}
		}
		renamed[id] = n.Outputs[i]
	}
	return renamed
}

func (r *reader) operator(t flatbuf.Table, g *graph.Graph, n *graph.Node, renamed map[graph.TensorID]graph.TensorID) error {
	index := t.Uint32(operatorOpcodeIndex, 0)
	if err := r.err(); err != nil {
		return err
	}
	if int64(index) >= int64(len(r.codes)) {
		return format.Errorf(format.ErrMalformed, int64(t.Pos()), "operator code %d of %d", index, len(r.codes))
	}
	code := &r.codes[index]
	var err error
	if n.Inputs, err = r.ids(t.Vector(operatorInputs, 4), g, "inputs"); err != nil {
		return err
	}
	if n.Outputs, err = r.ids(t.Vector(operatorOutputs, 4), g, "outputs"); err != nil {
		return err
	}
	for i, id := range n.Inputs {
		if to, ok := renamed[id]; ok {
			n.Inputs[i] = to
		}
	}
	r.reach(t.Vector(operatorIntermediates, 4))
	r.reach(t.Vector(operatorMutatingVariableInputs, 1))
	n.SourceOp, n.Op, n.Version = code.word, code.builtin.op, int(code.version)
	s := &site{r: r, g: g, n: n, code: code, operator: t, opt: t.Table(operatorBuiltinOptions), opt2: t.Table(operatorBuiltinOptions2)}
	if code.custom {
		if err := s.custom(); err != nil {
			return err
		}
	} else if code.builtin.read != nil {
		code.builtin.read(s)
	}
	return r.err()
}

// in returns operand i, nil when it is left out.
func (s *site) in(i int) *graph.Tensor { return s.g.Tensor(s.n.Input(i)) }

// out returns result i, nil when there is none.
func (s *site) out(i int) *graph.Tensor {
	if i >= len(s.n.Outputs) {
		return nil
	}
	return s.g.Tensor(s.n.Outputs[i])
}

// order puts the operands into the order given by their old positions; -1 and
// operands that are not there become NoTensor, trailing ones are cut.
func (s *site) order(old ...int) {
	out := make([]graph.TensorID, len(old))
	last := 0
	for i, o := range old {
		out[i] = s.n.Input(o)
		if out[i] != graph.NoTensor {
			last = i + 1
		}
	}
	s.n.Inputs = out[:last]
}

// dim returns dimension i of a tensor, 0 when it is not known.
func dim(t *graph.Tensor, i int) int64 {
	if t == nil {
		return 0
	}
	n, ok := t.Shape.Dim(i).Value()
	if !ok {
		return 0
	}
	return n
}

// constInts returns the value of a small integer constant; ok is false when
// operand i is none.
func (s *site) constInts(i int) ([]int64, bool) { return constInts(s.in(i)) }

// constInt returns a scalar integer constant, def when operand i is none.
func (s *site) constInt(i int, def int64) int64 {
	if v, ok := s.constInts(i); ok && len(v) == 1 {
		return v[0]
	}
	return def
}

// maxConstInts bounds the constants that are read as attributes: axes, sizes,
// permutations and counters have a few elements.
const maxConstInts = 64

func constInts(t *graph.Tensor) ([]int64, bool) {
	if t == nil || t.Const == nil || t.Const.Data == nil || t.Sparsity != nil {
		return nil, false
	}
	width := t.DType.Bits() / 8
	if !t.DType.IsInteger() && t.DType != graph.Bool || width == 0 || len(t.Const.Data) > maxConstInts*width || len(t.Const.Data)%width != 0 {
		return nil, false
	}
	out := make([]int64, 0, len(t.Const.Data)/width)
	for b := t.Const.Data; len(b) > 0; b = b[width:] {
		var u uint64
		for k := width - 1; k >= 0; k-- {
			u = u<<8 | uint64(b[k])
		}
		v := int64(u)
		if t.DType == graph.Int8 || t.DType == graph.Int16 || t.DType == graph.Int32 {
			v = int64(u<<(64-8*width)) >> (64 - 8*width)
		}
		out = append(out, v)
	}
	return out, true
}

// constAxes returns operand i as axes, nil when it is no constant.
func (s *site) constAxes(i int) []int {
	v, ok := s.constInts(i)
	if !ok {
		return nil
	}
	out := make([]int, len(v))
	for k := range v {
		out[k] = int(v[k])
	}
	return out
}

// subgraph refers the node to the subgraph in a slot of its options.
func (s *site) subgraph(t flatbuf.Table, slots ...int) {
	for _, slot := range slots {
		s.refer(int(t.Int32(slot, 0)), t.Pos())
	}
}

func (s *site) refer(i, at int) {
	if i < 0 || i >= len(s.r.m.Graphs) {
		s.r.fb.Fail(flatbuf.Malformed, at, fmt.Sprintf("subgraph %d of %d", i, len(s.r.m.Graphs)))
		return
	}
	s.n.Subgraphs = append(s.n.Subgraphs, i)
	s.r.called[i] = true
}
