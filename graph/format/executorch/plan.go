package executorch

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/aten"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// KernelTypes, the union of value types.
const (
	valueInt          = 2
	valueBool         = 3
	valueDouble       = 4
	valueTensor       = 5
	valueString       = 6
	valueIntList      = 7
	valueTensorList   = 10
	valueOptionalList = 11
)

// plan is one method while it is read.
type plan struct {
	*reader
	g         *graph.Graph
	values    []aten.Value
	operators flatbuf.Vector
	delegates flatbuf.Vector
	single    flatfmt.Single
	used      map[*graph.Const]bool
}

// place appends the delegates' graphs behind those of all methods; until then
// calls refer to body k as -k.
func (r *reader) place() {
	base := len(r.m.Graphs) - 1
	for _, g := range r.m.Graphs {
		for i := range g.Nodes {
			for k, s := range g.Nodes[i].Subgraphs {
				if s < 0 {
					g.Nodes[i].Subgraphs[k] = base - s
				}
			}
		}
	}
	r.m.Graphs = append(r.m.Graphs, r.bodies...)
}

func (r *reader) plan(t flatbuf.Table) error {
	p := &plan{reader: r, g: &graph.Graph{Name: flatfmt.Text(t.String(planName), r.lim)}, operators: t.Tables(planOperators), delegates: t.Tables(planDelegates), used: map[*graph.Const]bool{}}
	r.m.Graphs = append(r.m.Graphs, p.g)
	meta := t.Table(planContainerMetaType)
	meta.String(0)
	meta.String(1)
	if err := p.readValues(t.Tables(planValues)); err != nil {
		return err
	}
	var memory int64
	sizes := t.Vector(planNonConstBufferSizes, 8)
	for i := range sizes.Len() {
		memory += max(0, min(sizes.Int64(i), 1<<48))
	}
	if memory > 0 {
		r.put("method."+p.g.Name+".planned_memory_bytes", strconv.FormatInt(memory, 10))
	}
	var err error
	if p.g.Inputs, err = p.tensorIDs(t.Vector(planInputs, 4)); err != nil {
		return err
	}
	if p.g.Outputs, err = p.tensorIDs(t.Vector(planOutputs, 4)); err != nil {
		return err
	}
	chains := t.Tables(planChains)
	for i := range chains.Len() {
		c := chains.Table(i)
		c.Vector(chainInputs, 4)
		c.Vector(chainOutputs, 4)
		list := c.Tables(chainInstructions)
		if err := flatfmt.Count(&r.nodes, list.Len(), r.lim.Nodes, "instructions"); err != nil {
			return err
		}
		for k := range list.Len() {
			if err := p.instruction(list.Table(k)); err != nil {
				return flatfmt.Wrap(err, fmt.Sprintf("instruction %d", k))
			}
		}
	}
	p.single.Finish(p.g)
	p.leftovers()
	return flatfmt.Error(r.fb.Err())
}

// readValues reads the EValues; lists refer to other values by index.
func (p *plan) readValues(list flatbuf.Vector) error {
	if err := flatfmt.Count(&p.tensors, list.Len(), p.lim.Tensors, "values"); err != nil {
		return err
	}
	p.values = make([]aten.Value, list.Len())
	for i := range p.values {
		t := list.Table(i)
		v, kind := t.Table(1), t.Uint8(0, 0)
		out := &p.values[i]
		switch kind {
		case valueInt:
			*out = aten.Value{Kind: aten.Int, Int: v.Int64(0, 0)}
		case valueBool:
			*out = aten.Value{Kind: aten.Bool, Int: int64(v.Uint8(0, 0))}
		case valueDouble:
			*out = aten.Value{Kind: aten.Float, Float: v.Float64(0, 0)}
		case valueString:
			*out = aten.Value{Kind: aten.Text, Text: v.String(0)}
		case valueTensor:
			id, err := p.tensor(v, i)
			if err != nil {
				return flatfmt.Wrap(err, fmt.Sprintf("value %d", i))
			}
			*out = aten.Value{Kind: aten.Tensor, Tensor: id}
		}
	}
	for i := range p.values {
		t := list.Table(i)
		v, kind := t.Table(1), t.Uint8(0, 0)
		out := &p.values[i]
		switch kind {
		case valueIntList:
			out.Kind = aten.IntList
			items := v.Vector(0, 8)
			for k := range items.Len() {
				out.Ints = append(out.Ints, p.value(items.Int64(k)).Int)
			}
		case valueTensorList, valueOptionalList:
			out.Kind = aten.TensorList
			items := v.Vector(0, 4)
			for k := range items.Len() {
				id := graph.NoTensor
				if x := p.value(int64(items.Int32(k))); x.Kind == aten.Tensor {
					id = x.Tensor
				}
				out.Tensors = append(out.Tensors, id)
			}
		case valueDoubleList, valueBoolList:
			out.Kind = aten.Other
			v.Vector(0, 1)
		}
	}
	return flatfmt.Error(p.fb.Err())
}

// Lists that no operator needs for its shape.
const (
	valueDoubleList = 8
	valueBoolList   = 9
)

func (p *plan) value(i int64) aten.Value {
	if i < 0 || i >= int64(len(p.values)) {
		return aten.Value{}
	}
	return p.values[i]
}

// tensor reads a Tensor. Sizes are in the logical order whatever dim_order
// says of memory; those of a dynamic tensor are upper bounds.
func (p *plan) tensor(t flatbuf.Table, i int) (graph.TensorID, error) {
	sizes := t.Vector(tensorSizes, 4).Int64s()
	out := graph.Tensor{Name: fmt.Sprintf("value_%d", i), DType: dtypeOf(t.Int8(tensorScalarType, 0)), Shape: graph.ShapeOf(sizes...)}
	t.Vector(tensorDimOrder, 1)
	extra := t.Table(tensorExtraInfo)
	if name := extra.String(1); name != "" {
		out.Name = flatfmt.Text(name, p.lim)
	}
	if d := t.Uint8(tensorShapeDynamism, 0); d == 2 {
		out.Shape = graph.UnknownOfRank(len(sizes))
	}
	p.g.Tensors = append(p.g.Tensors, out)
	id := graph.TensorID(len(p.g.Tensors) - 1)
	mutable := t.Table(tensorAllocationInfo).Exists()
	out.IsVariable = mutable && t.Uint32(tensorDataBufferIdx, 0) > 0
	var err error
	switch index := t.Uint32(tensorDataBufferIdx, 0); {
	case extra.Uint8(2, 0) == 1:
		if out.Const = p.lookup(extra.String(1)); out.Const != nil {
			break
		}
		out.Const = &graph.Const{StoredBytes: -1, Location: "*.ptd", Missing: fmt.Sprintf("%q is in an external .ptd file", out.Name)}
		if len(p.m.Notes) < 100 {
			p.m.Notes = append(p.m.Notes, graph.Note{Loses: true, Text: out.Const.Missing})
		}
	case index > 0:
		n, _ := out.Shape.Elements()
		size, known := out.DType.ByteCount(n)
		if !known {
			return 0, format.Errorf(format.ErrUnsupported, int64(t.Pos()), "constant of scalar type %d", t.Int8(tensorScalarType, 0))
		}
		out.Const, err = p.constOf(index, size, mutable, t.Pos())
	}
	p.g.Tensors[id] = out
	if err == nil {
		err = flatfmt.Error(p.fb.Err())
	}
	return id, err
}

func (p *plan) tensorIDs(v flatbuf.Vector) ([]graph.TensorID, error) {
	var out []graph.TensorID
	for i := range v.Len() {
		x := v.Int32(i)
		if x < 0 || int(x) >= len(p.values) {
			return nil, format.Errorf(format.ErrMalformed, int64(v.Pos()+4*i), "value %d of %d", x, len(p.values))
		}
		if a := p.values[x]; a.Kind == aten.Tensor {
			out = append(out, a.Tensor)
		}
	}
	return out, nil
}

// use marks the constants that a call reads.
func (p *plan) use(v aten.Value) {
	ids := v.Tensors
	if v.Kind == aten.Tensor {
		ids = []graph.TensorID{v.Tensor}
	}
	for _, id := range ids {
		if t := p.g.Tensor(id); t != nil && t.Const != nil {
			p.used[t.Const] = true
		}
	}
}

// leftovers are constants that no call reads, such as the first form of
// weights that a later pass rearranged: bytes of the file, no parameters.
func (p *plan) leftovers() {
	for i := range p.g.Tensors {
		if c := p.g.Tensors[i].Const; c != nil && !p.used[c] {
			c.NotParam = true
		}
	}
	for c := range p.used {
		c.NotParam = false
	}
}

func (p *plan) instruction(t flatbuf.Table) error {
	args := t.Table(instructionArgs)
	index := args.Int32(0, 0)
	var values []aten.Value
	kind := t.Uint8(instructionType, 0)
	if kind != callKernel && kind != callDelegate {
		return flatfmt.Error(p.fb.Err()) // moves, jumps and frees compute nothing
	}
	list := args.Vector(1, 4)
	for i := range list.Len() {
		x := list.Int32(i)
		if x < 0 || int(x) >= len(p.values) {
			return format.Errorf(format.ErrMalformed, int64(list.Pos()+4*i), "value %d of %d", x, len(p.values))
		}
		values = append(values, p.values[x])
		p.use(p.values[x])
	}
	if err := flatfmt.Error(p.fb.Err()); err != nil {
		return err
	}
	of := p.operators
	if kind == callDelegate {
		of = p.delegates
	}
	if index < 0 || int(index) >= of.Len() {
		return format.Errorf(format.ErrMalformed, int64(args.Pos()), "call of %d of %d", index, of.Len())
	}
	var n graph.Node
	if kind == callDelegate {
		n = p.delegate(of.Table(int(index)), values)
	} else {
		n = p.kernel(of.Table(int(index)), values)
	}
	p.single.Assign(p.g, &n)
	p.g.Nodes = append(p.g.Nodes, n)
	return flatfmt.Error(p.fb.Err())
}

// kernel makes a node of a call. Its last argument is the returned value,
// which is also passed as an out argument: one tensor twice, or a list of the
// tensors before it.
func (p *plan) kernel(op flatbuf.Table, args []aten.Value) graph.Node {
	name, overload := flatfmt.Text(op.String(0), p.lim), flatfmt.Text(op.String(1), p.lim)
	n := graph.Node{SourceOp: aten.Short(name), Name: name}
	if overload != "" {
		n.Name += "." + overload
	}
	in := args
	if k := len(args); k > 0 {
		in = args[:k-1]
		switch last := args[k-1]; last.Kind {
		case aten.Tensor:
			n.Outputs = []graph.TensorID{last.Tensor}
			if k > 1 && args[k-2].Kind == aten.Tensor && args[k-2].Tensor == last.Tensor {
				in = args[:k-2]
			}
		case aten.TensorList:
			n.Outputs = slices.Clone(last.Tensors)
			for len(in) > 0 && in[len(in)-1].Kind == aten.Tensor && slices.Contains(n.Outputs, in[len(in)-1].Tensor) {
				in = in[:len(in)-1]
			}
			if len(in) > 0 && in[len(in)-1].Kind == aten.TensorList && slices.Equal(in[len(in)-1].Tensors, n.Outputs) {
				in = in[:len(in)-1]
			}
		}
	}
	aten.Translate(&n, aten.Call{Name: name, Overload: overload, Args: in, Graph: p.g})
	return n
}
