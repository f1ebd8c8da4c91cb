package op_test

import (
	"testing"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/op"
)

// program is a graph written as steps over named tensors.
type program struct {
	g   *graph.Graph
	ids map[string]graph.TensorID
}

func newProgram() *program { return &program{g: &graph.Graph{}, ids: map[string]graph.TensorID{}} }

func (p *program) id(name string) graph.TensorID {
	if name == "" {
		return graph.NoTensor
	}
	if id, ok := p.ids[name]; ok {
		return id
	}
	p.g.Tensors = append(p.g.Tensors, graph.Tensor{Name: name})
	p.ids[name] = graph.TensorID(len(p.g.Tensors) - 1)
	return p.ids[name]
}

func (p *program) input(name string, o operand) *program {
	t := &p.g.Tensors[p.id(name)]
	t.DType, t.Shape = o.dtype, o.shape
	if o.ints != nil {
		t.Const = &graph.Const{Data: pack64(o.ints)}
	} else {
		p.g.Inputs = append(p.g.Inputs, p.ids[name])
	}
	return p
}

func (p *program) step(o graph.Op, a graph.Attrs, out string, in ...string) *program {
	n := graph.Node{Op: o, Attrs: a}
	for _, name := range in {
		n.Inputs = append(n.Inputs, p.id(name))
	}
	n.Outputs = []graph.TensorID{p.id(out)}
	p.g.Nodes = append(p.g.Nodes, n)
	return p
}

// shape infers and returns the shape of a tensor.
func (p *program) shape(name string) string {
	m, _ := op.Infer(&graph.Model{Graphs: []*graph.Graph{p.g}})
	return m.Graphs[0].Tensors[p.ids[name]].Shape.String()
}

func axis(a int) graph.Attrs { return &graph.AxisAttrs{Axis: a} }

func TestInfer_foldsShapeArithmetic(t *testing.T) {
	image := func() *program { return newProgram().input("x", sym("N", 6, 8, 3)).step(graph.ShapeOp, nil, "s", "x") }
	strided := &graph.StridedSliceAttrs{ShrinkMask: 1}
	for name, c := range map[string]struct {
		p    *program
		want string
	}{
		"SHAPE, STRIDED_SLICE, PACK, RESHAPE of an open batch": {image().
			input("b", ints(0)).input("e", ints(1)).input("st", ints(1)).input("rest", scalarInt(144)).
			step(graph.StridedSlice, strided, "n", "s", "b", "e", "st").step(graph.Pack, nil, "t", "n", "rest").step(graph.Reshape, nil, "y", "x", "t"), "[N, 144]"},
		"times one keeps the symbol": {image().input("i", scalarInt(0)).input("one", scalarInt(1)).
			step(graph.Gather, nil, "n", "s", "i").step(graph.Mul, nil, "m", "n", "one").step(graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{0}}, "u", "m").
			input("rest", ints(-1)).step(graph.Concat, axis(0), "t", "u", "rest").step(graph.Reshape, nil, "y", "x", "t"), "[N, 144]"},
		"times two loses it, but not the rank": {image().input("i", scalarInt(0)).input("two", scalarInt(2)).
			step(graph.Gather, nil, "n", "s", "i").step(graph.Mul, nil, "m", "n", "two").step(graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{0}}, "u", "m").
			input("rest", ints(72)).step(graph.Concat, axis(0), "t", "u", "rest").step(graph.Reshape, nil, "y", "x", "t"), "[?, 72]"},
		"product of a part": {image().input("b", ints(1)).input("e", ints(3)).
			step(graph.Slice, nil, "hw", "s", "b", "e").step(graph.ReduceProd, &graph.ReduceAttrs{KeepDims: true}, "p", "hw").step(graph.ConstantOfShape, nil, "y", "p"), "[48]"},
		"comparison picks": {image().input("one", ints(1)).input("w", ints(-1, -1, 7, 3)).input("zero", ints(0)).
			step(graph.Less, nil, "c", "w", "zero").step(graph.Where, nil, "t", "c", "s", "w").step(graph.ConstantOfShape, nil, "y", "t"), "[N, 6, 7, 3]"},
		"floor of a scaled size": {image().input("b", ints(1)).input("e", ints(3)).input("half", ints(2)).
			step(graph.Slice, nil, "hw", "s", "b", "e").step(graph.Cast, &graph.CastAttrs{To: graph.Float32}, "f", "hw").step(graph.Div, nil, "d", "f", "half").
			step(graph.Floor, nil, "fl", "d").step(graph.Cast, &graph.CastAttrs{To: graph.Int64}, "t", "fl").step(graph.ConstantOfShape, nil, "y", "t"), "[3, 4]"},
		"fill": {image().input("i", ints(1, 2)).input("v", scalarInt(5)).
			step(graph.Gather, nil, "t", "s", "i").step(graph.Fill, nil, "f", "t", "v").step(graph.ReduceSum, nil, "r", "f").step(graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{0}}, "u", "r").step(graph.ConstantOfShape, nil, "y", "u"), "[240]"},
		"broadcast of shapes": {image().input("w", ints(8, 1)).
			step(graph.BroadcastArgs, nil, "t", "s", "w").step(graph.ConstantOfShape, nil, "y", "t"), "[N, 6, 8, 3]"},
		"length of a range": {image().input("i", scalarInt(2)).input("zero", scalarInt(0)).input("two", scalarInt(2)).
			step(graph.Gather, nil, "n", "s", "i").step(graph.Range, nil, "y", "zero", "n", "two"), "[4]"},
		"a reversed permutation": {image().input("b", ints(-1)).input("e", ints(-1<<62)).input("ax", ints(0)).input("st", ints(-1)).
			step(graph.Slice, nil, "r", "s", "b", "e", "ax", "st").step(graph.ConstantOfShape, nil, "y", "r"), "[3, 8, 6, N]"},
		"division by zero is unknown": {image().input("z", ints(0, 0, 0, 0)).
			step(graph.Div, nil, "d", "s", "z").step(graph.ConstantOfShape, nil, "y", "d"), "[?, ?, ?, ?]"},
		"made values need their fill": {image().input("two", ints(2)).
			step(graph.ConstantOfShape, &graph.ReshapeAttrs{Fill: 3, HasFill: true, To: graph.Int64}, "c", "two").step(graph.ConstantOfShape, nil, "y", "c"), "[3, 3]"},
		"an unstated fill is unknown": {image().input("two", ints(2)).
			step(graph.ConstantOfShape, &graph.ReshapeAttrs{To: graph.Int64}, "c", "two").step(graph.ConstantOfShape, nil, "y", "c"), "[?, ?]"},
		"the number of dimensions": {image().step(graph.RankOp, nil, "r", "x").step(graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{0}}, "u", "r").step(graph.ConstantOfShape, nil, "y", "u"), "[4]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.p.shape("y"); got != c.want {
				t.Errorf("shape %s, want %s", got, c.want)
			}
		})
	}
}

// TestInfer_foldingIsBounded: tensors of more than 4096 elements are not
// folded, and a long row of folded ones stops at the limit of the model.
func TestInfer_foldingIsBounded(t *testing.T) {
	p := newProgram().input("n", ints(5000))
	p.step(graph.ConstantOfShape, &graph.ReshapeAttrs{Fill: 1, HasFill: true, To: graph.Int64}, "big", "n").step(graph.ReduceSum, nil, "r", "big").
		step(graph.Unsqueeze, &graph.AxesAttrs{Axes: []int{0}}, "u", "r").step(graph.ConstantOfShape, nil, "y", "u")
	if got := p.shape("y"); got != "[?]" {
		t.Errorf("shape %s", got)
	}
	many := newProgram().input("n", ints(4096))
	for i := range 2000 {
		many.step(graph.ConstantOfShape, &graph.ReshapeAttrs{HasFill: true, To: graph.Int64}, string(rune('a'+i%26))+string(rune('0'+i/26)), "n")
	}
	allocated := testing.AllocsPerRun(1, func() { many.shape("a0") })
	if allocated > 100_000 {
		t.Errorf("%v allocations", allocated)
	}
}
