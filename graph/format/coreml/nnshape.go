package coreml

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
)

// nnActivation takes its operator from the alternative of ActivationParams.
func nnActivation(c *layerCall) error {
	acts := map[int32]graph.Op{
		5: graph.Power, 10: graph.Relu, 15: graph.LeakyRelu, 20: graph.ThresholdedRelu, 25: graph.PRelu, 30: graph.Tanh, 31: graph.Tanh,
		40: graph.Sigmoid, 41: graph.HardSigmoid, 50: graph.Elu, 60: graph.Softsign, 70: graph.Softplus, 71: graph.Softplus,
	}
	c.out.Op = graph.UnaryOther
	m := c.params
	var f protowire.Field
	for m.Next(&f) {
		if op, ok := acts[f.Number]; ok {
			c.out.Op = op
			if f.Number == 25 && f.Type == protowire.Bytes {
				return c.slope(f)
			}
		}
	}
	return nil
}

// slope is PReLU's alpha, whose length is that of its list.
func (c *layerCall) slope(f protowire.Field) error {
	alpha, ok := inner(f, 1)
	if !ok {
		return nil
	}
	m := alpha
	var n int64
	for m.Next(&f) {
		switch {
		case f.Is(weightFloat, protowire.Bytes):
			n = int64(len(f.Bytes)) / 4
		case f.Is(weightFloat16, protowire.Bytes) && len(f.Bytes) > 0:
			n = int64(len(f.Bytes)) / 2
		}
	}
	dims := []int64{n, 1, 1}
	if n == 1 {
		dims = []int64{1}
	}
	return c.weightOf(alpha, "alpha", dims...)
}

func nnUnary(c *layerCall) error {
	ops := []graph.Op{graph.Sqrt, graph.Rsqrt, graph.Reciprocal, graph.Power, graph.Exp, graph.Log, graph.Abs, graph.UnaryOther}
	if k := c.int(1, 0); k >= 0 && k < int64(len(ops)) {
		c.out.Op = ops[k]
	}
	return nil
}

// nnVariadic changes the operator of a sum or product of more than two; one
// operand alone is combined with a constant.
func nnVariadic(op graph.Op) func(*layerCall) error {
	return func(c *layerCall) error {
		switch len(c.out.Inputs) {
		case 1:
			c.out.Op = graph.Power
		case 2:
		default:
			c.out.Op = op
		}
		return nil
	}
}

func nnMVN(c *layerCall) error {
	a := &graph.ReduceAttrs{Axes: []int{-2, -1}, KeepDims: true}
	if c.int(1, 0) != 0 {
		a.Axes = []int{-3, -2, -1}
	}
	c.out.Attrs = a
	return nil
}

func nnNormCHW(c *layerCall) error {
	c.out.Attrs = &graph.ReduceAttrs{Axes: []int{-3, -2, -1}, KeepDims: true}
	return nil
}

func nnChannelAxis(c *layerCall) error {
	c.out.Attrs = &graph.AxisAttrs{Axis: c.channelAxis()}
	return nil
}

func nnLRN(c *layerCall) error {
	c.out.Attrs = &graph.LRNAttrs{Size: c.int(3, 1), Axis: c.channelAxis()}
	return nil
}

func nnCrop(c *layerCall) error {
	a := &graph.CropAttrs{Axis: -2, HasReference: len(c.out.Inputs) > 1, Offsets: c.ints(5)}
	if !a.HasReference {
		a.Sizes = []int64{-1, -1}
		if f, ok := c.field(1); ok && f.Type == protowire.Bytes {
			a.Offsets, a.End = borders(f.Message())
		}
	}
	c.out.Attrs = a
	return nil
}

func nnPadding(c *layerCall) error {
	a := &graph.PadAttrs{Mode: "constant", Axes: []int{-2, -1}}
	if _, ok := c.field(2); ok {
		a.Mode = "reflect"
	}
	if _, ok := c.field(3); ok {
		a.Mode = "edge"
	}
	if f, ok := c.field(10); ok && f.Type == protowire.Bytes {
		a.Begin, a.End = borders(f.Message())
	}
	if len(a.Begin) == 0 {
		a.Begin, a.End = []int64{0, 0}, []int64{0, 0}
	}
	c.out.Attrs = a
	return nil
}

func nnConstantPad(c *layerCall) error {
	a := &graph.PadAttrs{Mode: "constant"}
	v := c.ints(2)
	if len(v) < 2 || c.int(3, 0) != 0 {
		c.out.Op = graph.Unknown // the amounts are an operand, or a wanted size
		return nil
	}
	for i := 0; i+1 < len(v); i += 2 {
		a.Begin, a.End = append(a.Begin, v[i]), append(a.End, v[i+1])
		a.Axes = append(a.Axes, i/2-len(v)/2)
	}
	c.out.Attrs = a
	return nil
}

func nnUpsample(c *layerCall) error {
	a := &graph.ResizeAttrs{Mode: "nearest", Data: c.layout()}
	if c.int(5, 0) == 1 {
		a.Mode = "linear"
	}
	for _, v := range c.ints(1) {
		a.Scales = append(a.Scales, float64(v))
	}
	if f, ok := c.field(7); ok && len(a.Scales) == 0 {
		v, _ := f.AppendFloats(nil, 8)
		for _, x := range v {
			a.Scales = append(a.Scales, float64(x))
		}
	}
	c.out.Attrs = a
	return nil
}

func nnResizeBilinear(c *layerCall) error {
	c.out.Attrs = &graph.ResizeAttrs{Mode: "linear", Data: c.layout(), Sizes: c.ints(1)}
	return nil
}

func nnCropResize(c *layerCall) error {
	a := &graph.RoiAttrs{Data: c.layout()}
	if s := c.ints(1); len(s) == 2 {
		a.PooledHeight, a.PooledWidth = s[0], s[1]
	}
	c.out.Attrs = a
	return nil
}

func nnDot(c *layerCall) error {
	c.out.Op = graph.ReduceSum // of a product of two vectors
	c.out.Attrs = &graph.ReduceAttrs{Axes: []int{c.channelAxis()}, KeepDims: true}
	return nil
}

func nnReduce(c *layerCall) error {
	ops := []graph.Op{graph.ReduceSum, graph.ReduceMean, graph.ReduceProd, graph.ReduceLogSum, graph.ReduceSumSquare,
		graph.ReduceL1, graph.ReduceL2, graph.ReduceMax, graph.ReduceMin, graph.ArgMax}
	if k := c.int(1, 0); k >= 0 && k < int64(len(ops)) {
		c.out.Op = ops[k]
	}
	axes := [][]int{{-3, -2, -1}, {-2, -1}, {-3}, {-2}, {-1}}
	a := &graph.ReduceAttrs{KeepDims: true, Axes: axes[0]}
	if k := c.int(3, 0); k > 0 && k < int64(len(axes)) {
		a.Axes = axes[k]
	}
	c.out.Attrs = a
	return nil
}

func nnReduceND(c *layerCall) error {
	a := &graph.ReduceAttrs{Axes: c.axesOf(1), KeepDims: c.int(2, 0) != 0}
	if c.int(3, 0) != 0 {
		a.Axes = nil
	}
	c.out.Attrs = a
	return nil
}

func nnArg(c *layerCall) error {
	c.out.Attrs = &graph.ReduceAttrs{Axes: []int{c.axis(1, 0)}, KeepDims: c.int(2, 0) == 0, To: graph.Int32}
	return nil
}

// nnReshape reads a target shape; one of the old mapping may begin with a
// sequence axis, which is dropped.
func nnReshape(number int32) func(*layerCall) error {
	return func(c *layerCall) error {
		shape := c.ints(number)
		if !c.exact && len(shape) == 4 {
			shape = shape[1:]
		}
		c.out.Attrs = &graph.ReshapeAttrs{Shape: shape}
		return nil
	}
}

// nnFlatten gives [C*H*W, 1, 1].
func nnFlatten(c *layerCall) error {
	shape := []int64{-1, 1, 1}
	if c.exact && c.rank(0) > 3 {
		shape = []int64{0, -1, 1, 1}
	}
	c.out.Attrs = &graph.ReshapeAttrs{Shape: shape}
	return nil
}

func nnFlatten2D(c *layerCall) error {
	c.out.Attrs = &graph.FlattenAttrs{Axis: c.axis(1, 1), TwoD: true}
	return nil
}

// nnPermute has axes of [sequence, C, H, W].
func nnPermute(c *layerCall) error {
	v := c.ints(1)
	a := &graph.PermAttrs{}
	if !c.exact && len(v) == 4 && v[0] == 0 {
		for _, x := range v[1:] {
			a.Perm = append(a.Perm, int(min(max(x, 0), 4))-1)
		}
	} else {
		a.Perm = c.axesOf(1)
	}
	c.out.Attrs = a
	return nil
}

func nnTranspose(c *layerCall) error {
	c.out.Attrs = &graph.PermAttrs{Perm: c.axesOf(1)}
	return nil
}

func nnConcat(c *layerCall) error {
	if c.int(100, 0) != 0 {
		c.out.Op = graph.Unknown // along the sequence
		return nil
	}
	return nnChannelAxis(c)
}

func nnSplit(c *layerCall) error {
	c.out.Attrs = &graph.SplitAttrs{Axis: c.channelAxis()}
	return nil
}

func nnSplitND(c *layerCall) error {
	a := &graph.SplitAttrs{Axis: c.axis(1, 0)}
	if s := c.ints(3); len(s) > 0 {
		a.Sizes = s
	}
	c.out.Attrs = a
	return nil
}

func nnReorganize(c *layerCall) error {
	if c.int(1, 0) != 0 {
		c.out.Op = graph.DepthToSpace
	}
	c.out.Attrs = &graph.BlockAttrs{Block: c.int(2, 1), Data: c.layout()}
	return nil
}

// nnSlice cuts one of the axes C, H, W; an end of -1 is the last element.
func nnSlice(c *layerCall) error {
	end := c.int(2, 0)
	if end == -1 {
		end = 1<<31 - 1
	} else if end < 0 {
		end++
	}
	c.out.Attrs = &graph.SliceAttrs{
		Starts: []int64{c.int(1, 0)}, Ends: []int64{end}, Steps: []int64{max(c.int(3, 1), 1)}, Axes: []int{int(c.int(4, 0)%3) - 3},
	}
	return nil
}

func nnSliceStatic(c *layerCall) error {
	mask := func(number int32) (bits int64) {
		for i, on := range c.ints(number) {
			if on != 0 && i < 62 {
				bits |= 1 << i
			}
		}
		return bits
	}
	c.out.Attrs = &graph.StridedSliceAttrs{
		Begin: c.ints(1), End: c.ints(3), Strides: c.ints(5), BeginMask: mask(2), EndMask: mask(4), ShrinkMask: mask(6),
	}
	return nil
}

func nnAxis(number int32, def int64) func(*layerCall) error {
	return func(c *layerCall) error {
		if c.out.Op == graph.Concat || c.out.Op == graph.Pack || c.out.Op == graph.GatherElements {
			def = 0
		}
		c.out.Attrs = &graph.AxisAttrs{Axis: c.axis(number, def)}
		return nil
	}
}

func nnAxes(c *layerCall) error {
	c.out.Attrs = &graph.AxesAttrs{Axes: c.axesOf(1)}
	return nil
}

func nnGather(c *layerCall) error {
	c.out.Attrs = &graph.GatherAttrs{Axis: c.axis(1, 0)}
	return nil
}

func nnGatherND(c *layerCall) error {
	c.out.Attrs = &graph.GatherAttrs{}
	return nil
}

func nnTopK(c *layerCall) error {
	c.out.Attrs = &graph.TopKAttrs{K: c.int(2, 0), Axis: c.axis(1, 0)}
	return nil
}

func nnNMS(c *layerCall) error {
	c.out.Attrs = &graph.NMSAttrs{MaxOutputs: c.int(3, 0)}
	return nil
}

func nnCustom(c *layerCall) error {
	if f, ok := c.field(10); ok && f.Type == protowire.Bytes {
		c.out.SourceOp = c.p.text(f.Bytes)
	}
	c.out.Attrs = &graph.CustomAttrs{Domain: "coreml", Bytes: int64(c.params.Remaining())}
	return nil
}

// subnet builds a network inside a layer.
func (c *layerCall) subnet(number int32) error {
	f, ok := c.field(number)
	if !ok || f.Type != protowire.Bytes {
		return nil
	}
	b, err := c.p.newBuilder(graph.RoleBody, c.out.Name)
	if err != nil {
		return err
	}
	defer b.close()
	b.outer = c.builder
	nb := &netBuilder{builder: b, exact: c.exact}
	m := f.Message()
	for m.Next(&f) {
		if f.Is(networkLayers, protowire.Bytes) {
			if err := nb.layer(f.Message()); err != nil {
				return err
			}
		}
	}
	c.out.Subgraphs = append(c.out.Subgraphs, b.index)
	return m.Err()
}

// results makes the values that bodies write, which share names with the
// network around them, outputs of the bodies and of the layer. Only names that
// every body writes count.
func (c *layerCall) results() error {
	count := map[string]int{}
	var order []string
	for _, idx := range c.out.Subgraphs {
		g := c.p.model.Graphs[idx]
		for i := range g.Nodes {
			for _, id := range g.Nodes[i].Outputs {
				name := g.Tensors[id].Name
				if count[name]++; count[name] == 1 {
					order = append(order, name)
				}
			}
		}
	}
	for _, name := range order {
		if count[name] != len(c.out.Subgraphs) {
			continue
		}
		for _, idx := range c.out.Subgraphs {
			g := c.p.model.Graphs[idx]
			for i := len(g.Tensors) - 1; i >= 0; i-- {
				if g.Tensors[i].Name == name {
					g.Outputs = append(g.Outputs, graph.TensorID(i))
					break
				}
			}
		}
		id, err := c.define(name, graph.Tensor{})
		if err != nil {
			return err
		}
		c.out.Outputs = append(c.out.Outputs, id)
	}
	return nil
}

func nnBranch(c *layerCall) error {
	if err := c.subnet(1); err != nil {
		return err
	}
	if err := c.subnet(2); err != nil {
		return err
	}
	return c.results()
}

func nnLoop(c *layerCall) error {
	c.out.Attrs = &graph.LoopAttrs{TripCount: -1, Reason: "the condition is computed at run time"}
	if n := c.int(1, 0); n > 0 {
		if _, ok := c.field(3); !ok {
			c.out.Attrs = &graph.LoopAttrs{TripCount: n, Reason: "maximum number of iterations, no condition"}
		}
	}
	if err := c.subnet(3); err != nil {
		return err
	}
	return c.subnet(4)
}
