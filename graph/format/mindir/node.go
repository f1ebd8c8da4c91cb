package mindir

import (
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// call is one node's translation.
type call struct {
	*builder
	n *graph.Node
	// a are the primitive's attributes and the node's own; in the operands' names.
	a  attrs
	in []string
}

func (b *builder) node(m protowire.Message) error {
	a := attrs{by: map[string]protowire.Message{}}
	var ins, outs []string
	kind, scope := "", ""
	at := m.Offset()
	var f protowire.Field
	for m.Next(&f) {
		if f.Type != protowire.Bytes {
			continue
		}
		switch f.Number {
		case 1:
			ins = append(ins, f.String())
		case 2:
			outs = append(outs, f.String())
		case 4:
			kind = f.String()
		case 5:
			a.add(f.Message())
		case 7:
			scope = b.text(f.Bytes)
		}
	}
	if err := m.Err(); err != nil {
		return err
	}
	if kind == "Constant" && len(outs) == 1 {
		b.literal(outs[0], a.by["value"])
		return nil
	}
	if p, ok := b.prims[strings.TrimPrefix(kind, "REF::")]; ok {
		for k, v := range p.by {
			if _, own := a.by[k]; !own {
				a.by[k] = v
			}
		}
		kind = p.kind
	}
	if kind == "" {
		return format.Errorf(format.ErrMalformed, at, "node without a type")
	}
	n := graph.Node{Name: scope, SourceOp: b.text([]byte(kind))}
	for _, in := range ins {
		n.Inputs = append(n.Inputs, b.operand(in)...)
	}
	b.results(&n, outs, a.by["shape"])
	c := &call{builder: b, n: &n, a: a, in: ins}
	if e, ok := table[kind]; ok {
		n.Op = e.op
		if e.translate != nil {
			e.translate(c)
		}
	}
	if kind == "MakeTuple" && len(n.Outputs) > 0 {
		b.tuples[n.Outputs[0]] = n.Inputs
	}
	b.g.Nodes = append(b.g.Nodes, n)
	return nil
}

// operand resolves a name; a tuple stands for its elements.
func (b *builder) operand(name string) []graph.TensorID {
	id, ok := b.ids[name]
	if !ok {
		id = b.add(name, graph.Tensor{}, false)
	}
	if items, ok := b.tuples[id]; ok && len(items) < 1<<12 {
		return items
	}
	return []graph.TensorID{id}
}

// results makes the tensors that a node writes, with the shapes that it states:
// one, or one for each element of a tuple.
func (b *builder) results(n *graph.Node, outs []string, shape protowire.Message) {
	stated := shapesOf(shape, 0)
	for _, out := range outs {
		for k := range max(len(stated), 1) {
			key := out
			if k > 0 {
				key += ":" + strconv.Itoa(k)
			}
			t := graph.Tensor{}
			if k < len(stated) {
				t = stated[k]
			}
			id, ok := b.ids[key]
			if ok && id != graph.NoTensor && !b.taken[id] {
				b.taken[id] = true
				b.g.Tensors[id].DType, b.g.Tensors[id].Shape = t.DType, t.Shape
			} else {
				id = b.add(key, t, true)
			}
			n.Outputs = append(n.Outputs, id)
		}
	}
}

// shapesOf reads the attribute "shape": tensors, or a tuple of such.
func shapesOf(m protowire.Message, depth int) (out []graph.Tensor) {
	var f protowire.Field
	for m.Next(&f) && len(out) < 1024 && depth < 4 {
		switch {
		case f.Is(12, protowire.Bytes):
			_, t, _, _ := tensorProto(f.Message())
			out = append(out, t)
		case f.Is(17, protowire.Bytes):
			out = append(out, shapesOf(f.Message(), depth+1)...)
		}
	}
	return out
}

// ints returns the integers of operand i where it is a constant, or of the
// attribute that older files have instead.
func (c *call) ints(i int, name string) []int64 {
	if i < len(c.in) {
		if m, ok := c.literals[c.in[i]]; ok {
			return intsOf(m, 0)
		}
	}
	return c.a.ints(name)
}

func (c *call) int(i int, name string, def int64) int64 {
	if i < len(c.in) {
		if _, ok := c.literals[c.in[i]]; ok {
			if v := c.ints(i, name); len(v) > 0 {
				return v[0]
			}
			return 0
		}
	}
	return c.a.int(name, def)
}

// keep drops operands beyond the first k, which are literals.
func (c *call) keep(k int) { c.n.Inputs = c.n.Inputs[:min(k, len(c.n.Inputs))] }

type entry struct {
	op        graph.Op
	translate func(*call)
}

func plain(operands int) func(*call) { return func(c *call) { c.keep(operands) } }

// table maps MindSpore's primitives. Source: mindspore.ops reference.
var table = map[string]entry{
	"Load": {graph.Identity, plain(1)}, "Depend": {graph.Identity, plain(1)}, "UpdateState": {graph.Placeholder, nil}, "MakeTuple": {graph.Placeholder, nil},
	"TupleGetItem": {graph.Identity, tupleItem}, "Return": {graph.OutputOp, nil}, "Identity": {graph.Identity, nil},
	"Conv2D": {graph.Conv, conv}, "DepthwiseConv2dNative": {graph.Conv, conv}, "Conv2DTranspose": {graph.ConvTranspose, convTranspose},
	"Conv2DBackpropInput": {graph.ConvTranspose, convTranspose}, "BiasAdd": {graph.Bias, biasAdd}, "BatchNorm": {graph.BatchNormalization, batchNorm},
	"FusedBatchNorm": {graph.BatchNormalization, batchNorm}, "LayerNorm": {graph.LayerNormalization, layerNorm}, "MatMul": {graph.MatMul, matMul},
	"BatchMatMul": {graph.MatMul, matMul}, "MaxPool": {graph.MaxPool, pool}, "AvgPool": {graph.AveragePool, pool},
	"ReLU": {graph.Relu, plain(1)}, "ReLU6": {graph.Relu6, plain(1)}, "Sigmoid": {graph.Sigmoid, plain(1)}, "Tanh": {graph.Tanh, plain(1)},
	"GeLU": {graph.Gelu, plain(1)}, "HSwish": {graph.HardSwish, plain(1)}, "HSigmoid": {graph.HardSigmoid, plain(1)}, "LeakyReLU": {graph.LeakyRelu, plain(1)},
	"PReLU": {graph.PRelu, plain(2)}, "Elu": {graph.Elu, plain(1)}, "Softplus": {graph.Softplus, plain(1)}, "Mish": {graph.Mish, plain(1)}, "SiLU": {graph.Silu, plain(1)},
	"Exp": {graph.Exp, plain(1)}, "Log": {graph.Log, plain(1)}, "Sqrt": {graph.Sqrt, plain(1)}, "Rsqrt": {graph.Rsqrt, plain(1)}, "Square": {graph.Square, plain(1)},
	"Abs": {graph.Abs, plain(1)}, "Neg": {graph.Neg, plain(1)}, "Erf": {graph.Erf, plain(1)}, "Reciprocal": {graph.Reciprocal, plain(1)}, "Floor": {graph.Floor, plain(1)},
	"Add": {graph.Add, nil}, "TensorAdd": {graph.Add, nil}, "Sub": {graph.Sub, nil}, "Mul": {graph.Mul, nil}, "Div": {graph.Div, nil}, "RealDiv": {graph.Div, nil},
	"Pow": {graph.Pow, nil}, "Maximum": {graph.Max, nil}, "Minimum": {graph.Min, nil}, "AddN": {graph.Sum, nil}, "Select": {graph.Where, nil},
	"Equal": {graph.Equal, nil}, "NotEqual": {graph.NotEqual, nil}, "Greater": {graph.Greater, nil}, "GreaterEqual": {graph.GreaterOrEqual, nil},
	"Less": {graph.Less, nil}, "LessEqual": {graph.LessOrEqual, nil}, "LogicalAnd": {graph.LogicalAnd, nil}, "LogicalOr": {graph.LogicalOr, nil}, "LogicalNot": {graph.LogicalNot, nil},
	"Softmax": {graph.Softmax, axis(1, -1)}, "LogSoftmax": {graph.LogSoftmax, axis(1, -1)}, "Concat": {graph.Concat, concat}, "Pack": {graph.Pack, pack}, "Stack": {graph.Pack, pack},
	"Reshape": {graph.Reshape, reshape}, "Flatten": {graph.Flatten, flatten}, "Transpose": {graph.Transpose, transpose}, "Squeeze": {graph.Squeeze, axes},
	"ExpandDims": {graph.Unsqueeze, axes}, "Cast": {graph.Cast, cast}, "Dropout": {graph.Dropout, plain(1)}, "Split": {graph.Split, split},
	"StridedSlice": {graph.StridedSlice, stridedSlice}, "Slice": {graph.SliceBySize, nil}, "Gather": {graph.Gather, gather}, "Tile": {graph.Tile, nil},
	"ReduceMean": {graph.ReduceMean, reduce}, "ReduceSum": {graph.ReduceSum, reduce}, "ReduceMax": {graph.ReduceMax, reduce}, "ReduceMin": {graph.ReduceMin, reduce},
	"ResizeBilinear": {graph.Resize, resize("linear")}, "ResizeNearestNeighbor": {graph.Resize, resize("nearest")}, "OneHot": {graph.OneHot, nil},
	"Shape": {graph.ShapeOp, nil}, "TensorShape": {graph.ShapeOp, nil}, "ScalarSummary": {graph.Placeholder, nil},
}

// tupleItem reads result k of a node that has several.
func tupleItem(c *call) {
	k := c.int(1, "", 0)
	if len(c.in) == 0 {
		return
	}
	if items, ok := c.tuples[c.ids[c.in[0]]]; ok && k >= 0 && k < int64(len(items)) {
		c.n.Inputs = []graph.TensorID{items[k]}
		return
	}
	key := c.in[0]
	if k > 0 {
		key += ":" + strconv.FormatInt(k, 10)
	}
	if id, ok := c.ids[key]; ok {
		c.n.Inputs = []graph.TensorID{id}
	}
}

func lastTwo(v []int64) []int64 {
	if len(v) < 2 {
		return nil
	}
	return v[len(v)-2:]
}

func (c *call) window() graph.Window {
	w := graph.Window{Kernel: lastTwo(c.a.ints("kernel_size")), Strides: lastTwo(c.a.ints("stride")), Dilations: lastTwo(c.a.ints("dilation"))}
	if w.Strides == nil {
		w.Strides = lastTwo(c.a.ints("strides"))
	}
	switch strings.ToLower(c.a.str("pad_mode", "valid")) {
	case "same":
		w.PadMode = graph.PadSameUpper
	case "pad":
		p := c.a.ints("pad_list")
		if len(p) != 4 {
			p = c.a.ints("pad")
		}
		if len(p) == 4 { // top, bottom, left, right
			w.PadBegin, w.PadEnd = []int64{p[0], p[2]}, []int64{p[1], p[3]}
		}
	default:
		w.PadMode = graph.PadValid
	}
	return w
}

func conv(c *call) {
	c.keep(3)
	c.n.Attrs = &graph.ConvAttrs{Window: c.window(), Groups: max(c.a.int("group", 1), 1), Data: graph.NCHW(2), Filter: graph.OIHW(2)}
}

// convTranspose has x, filter, output shape.
func convTranspose(c *call) {
	c.keep(2)
	c.n.Attrs = &graph.ConvAttrs{Window: c.window(), Groups: max(c.a.int("group", 1), 1), Data: graph.NCHW(2), Filter: graph.IOHW(2)}
}

func biasAdd(c *call) {
	c.keep(2)
	c.n.Attrs = &graph.AxisAttrs{Axis: 1}
}

func batchNorm(c *call) {
	c.keep(5)
	c.n.Outputs = c.n.Outputs[:min(1, len(c.n.Outputs))]
	c.n.Attrs = &graph.AxisAttrs{Axis: 1}
}

func layerNorm(c *call) {
	begin := c.int(3, "begin_norm_axis", -1)
	c.keep(3)
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{int(max(-64, min(begin, 64)))}, KeepDims: true}
}

func matMul(c *call) {
	c.n.Attrs = &graph.MatMulAttrs{TransA: c.int(2, "transpose_a", 0) != 0, TransB: c.int(3, "transpose_b", 0) != 0}
	c.keep(2)
}

func pool(c *call) {
	c.keep(1)
	c.n.Attrs = &graph.PoolAttrs{Window: c.window(), Data: graph.NCHW(2)}
}

func clamp(v int64) int { return int(max(-1<<31, min(v, 1<<31-1))) }

func axis(operand int, def int64) func(*call) {
	return func(c *call) {
		c.n.Attrs = &graph.AxisAttrs{Axis: clamp(c.int(operand, "axis", def))}
		c.keep(operand)
	}
}

// concat has a tuple and an axis, which stands behind the tuple's elements.
func concat(c *call) {
	c.n.Attrs = &graph.AxisAttrs{Axis: clamp(c.int(1, "axis", 0))}
	if len(c.in) == 2 {
		c.keep(len(c.n.Inputs) - 1)
	}
}

func pack(c *call) { concat(c) }

func reshape(c *call) {
	c.n.Attrs = &graph.ReshapeAttrs{Shape: c.ints(1, "shape_")}
	c.keep(1)
}

func flatten(c *call) {
	c.keep(1)
	c.n.Attrs = &graph.FlattenAttrs{Axis: 1, TwoD: true}
}

func transpose(c *call) {
	a := &graph.PermAttrs{}
	for _, v := range c.ints(1, "perm") {
		a.Perm = append(a.Perm, clamp(v))
	}
	c.keep(1)
	c.n.Attrs = a
}

func axes(c *call) {
	a := &graph.AxesAttrs{}
	for _, v := range c.ints(1, "axis") {
		a.Axes = append(a.Axes, clamp(v))
	}
	c.keep(1)
	c.n.Attrs = a
}

func cast(c *call) {
	a := &graph.CastAttrs{}
	if t := c.g.Tensor(c.n.Outputs[0]); t != nil {
		a.To = t.DType
	}
	c.keep(1)
	c.n.Attrs = a
}

func split(c *call) {
	c.n.Attrs = &graph.SplitAttrs{Axis: clamp(c.int(1, "axis", 0))}
	c.keep(1)
}

func stridedSlice(c *call) {
	c.n.Attrs = &graph.StridedSliceAttrs{
		Begin: c.ints(1, "begin"), End: c.ints(2, "end"), Strides: c.ints(3, "strides"), BeginMask: c.int(4, "begin_mask", 0),
		EndMask: c.int(5, "end_mask", 0), EllipsisMask: c.int(6, "ellipsis_mask", 0), NewAxisMask: c.int(7, "new_axis_mask", 0),
		ShrinkMask: c.int(8, "shrink_axis_mask", 0),
	}
	c.keep(1)
}

func gather(c *call) {
	c.n.Attrs = &graph.GatherAttrs{Axis: clamp(c.int(2, "axis", 0))}
	c.keep(2)
}

func reduce(c *call) {
	a := &graph.ReduceAttrs{KeepDims: c.int(2, "keep_dims", 0) != 0}
	for _, v := range c.ints(1, "axis") {
		a.Axes = append(a.Axes, clamp(v))
	}
	c.keep(1)
	c.n.Attrs = a
}

func resize(mode string) func(*call) {
	return func(c *call) {
		a := &graph.ResizeAttrs{Mode: mode, Data: graph.NCHW(2)}
		if s := c.ints(1, "size"); len(s) == 2 {
			a.Sizes = s
		}
		c.keep(1)
		c.n.Attrs = a
	}
}
