package tensorflow

import "github.com/gaugenn/gaugenn/graph"

func lastAxis(c *call) { c.out.Attrs = &graph.AxisAttrs{Axis: -1} }

// concat has the axis first.
func concat(c *call) { c.concat(0, 1, len(c.in)) }

// concatV2 has the axis last.
func concatV2(c *call) { c.concat(len(c.in)-1, 0, len(c.in)-1) }

func (c *call) concat(axis, from, to int) {
	a, ok := c.axis(axis)
	if !ok || from > to {
		c.out.Op = graph.Unknown // the axis is found at run time
		return
	}
	c.out.Inputs = c.in[from:to:to]
	c.out.Attrs = &graph.AxisAttrs{Axis: a}
}

// split has axis, x; splitV has x, sizes, axis.
func split(c *call) {
	a, ok := c.axis(0)
	if !ok {
		c.out.Op = graph.Unknown
		return
	}
	c.order(1)
	c.out.Attrs = &graph.SplitAttrs{Axis: a}
}

func splitV(c *call) {
	a, ok := c.axis(2)
	if !ok {
		c.out.Op = graph.Unknown
		return
	}
	at := &graph.SplitAttrs{Axis: a}
	at.Sizes, _ = c.ints(1)
	c.order(0, 1)
	c.out.Attrs = at
}

func pack(c *call) { c.out.Attrs = &graph.AxisAttrs{Axis: clampInt(c.n.int("axis", 0))} }

func unpack(c *call) { c.out.Attrs = &graph.SplitAttrs{Axis: clampInt(c.n.int("axis", 0))} }

func reshape(c *call) {
	a := &graph.ReshapeAttrs{AllowZero: true}
	a.Shape, _ = c.ints(1)
	c.out.Attrs = a
}

// byShape has x (or nothing) and a shape, sizes or repeats as an operand.
func byShape(c *call) { c.out.Attrs = &graph.ReshapeAttrs{} }

func squeeze(c *call) {
	axes := c.n.ints("squeeze_dims")
	if axes == nil {
		axes = c.n.ints("axis")
	}
	a := &graph.AxesAttrs{}
	if len(axes) > 0 {
		a.Axes = toInts(axes)
	}
	c.out.Attrs = a
}

func expandDims(c *call) { c.out.Attrs = &graph.AxesAttrs{Axes: c.axes(1)} }

func transpose(c *call) { c.out.Attrs = &graph.PermAttrs{Perm: c.axes(1)} }

func stridedSlice(c *call) {
	a := &graph.StridedSliceAttrs{
		BeginMask: c.n.int("begin_mask", 0), EndMask: c.n.int("end_mask", 0), EllipsisMask: c.n.int("ellipsis_mask", 0),
		NewAxisMask: c.n.int("new_axis_mask", 0), ShrinkMask: c.n.int("shrink_axis_mask", 0),
	}
	c.out.Attrs = a
}

// pad has x, [rank, 2] amounts, [value].
func pad(c *call) {
	a := &graph.PadAttrs{Interleaved: true, Mode: "constant"}
	if c.n.op == "MirrorPad" {
		a.Mode = "reflect"
	}
	c.out.Attrs = a
}

// gather has x, indices; gatherV2 also an axis.
func gather(c *call) {
	a := &graph.GatherAttrs{BatchDims: clampInt(c.n.int("batch_dims", 0)), Axis: clampInt(c.n.int("batch_dims", 0))}
	if c.n.op == "GatherV2" {
		axis, ok := c.axis(2)
		if !ok {
			c.out.Op = graph.Unknown
			return
		}
		a.Axis = axis
	}
	c.order(0, 1)
	c.out.Attrs = a
}

// resourceGather reads rows of a variable.
func resourceGather(c *call) {
	src := c.source(c.operand(0))
	if t := c.g.Tensor(src); t != nil && t.Const == nil {
		t.Const = c.variables[src]
	}
	gather(c)
}

func gatherND(c *call) {
	c.out.Attrs = &graph.GatherAttrs{BatchDims: clampInt(c.n.int("batch_dims", 0))}
}

// reduce has x and axes as an operand.
func reduce(c *call) {
	c.out.Attrs = &graph.ReduceAttrs{Axes: c.axes(1), KeepDims: c.n.bool("keep_dims"), NoopWithEmptyAxes: true}
}

func argReduce(c *call) {
	a := &graph.ReduceAttrs{To: c.n.dtype("output_type")}
	if a.To == graph.UnknownDType {
		a.To = graph.Int64
	}
	if axis, ok := c.axis(1); ok {
		a.Axes = []int{axis}
	}
	c.out.Attrs = a
}

func cumulate(c *call) {
	if axis, ok := c.axis(1); ok {
		c.out.Attrs = &graph.AxisAttrs{Axis: axis}
	}
}

func topK(c *call) { c.out.Attrs = &graph.TopKAttrs{K: max(0, c.n.int("k", 0)), Axis: -1} }

func cast(c *call) {
	to := c.n.dtype("DstT")
	for _, name := range []string{"type", "out_type", "T", "dtype"} {
		if to == graph.UnknownDType {
			to = c.n.dtype(name)
		}
	}
	c.out.Attrs = &graph.CastAttrs{To: to}
}

func dequantize(c *call) { c.out.Attrs = &graph.CastAttrs{To: graph.Float32} }

func shapeOp(c *call) {
	to := c.n.dtype("out_type")
	if to == graph.UnknownDType {
		to = graph.Int32
	}
	c.out.Attrs = &graph.ShapeAttrs{To: to}
}

// resize has x, sizes of the two spatial axes.
func resize(mode string) func(*call) {
	return func(c *call) { c.out.Attrs = &graph.ResizeAttrs{Mode: mode, Data: graph.NHWC(2)} }
}

func block(c *call) {
	c.out.Attrs = &graph.BlockAttrs{Block: c.n.int("block_size", 1), Data: c.layout(2)}
}

// oneHot has indices, depth, on value, off value.
func oneHot(c *call) {
	axis := clampInt(c.n.int("axis", -1))
	c.order(0, 1, 2)
	c.out.Attrs = &graph.AxisAttrs{Axis: axis}
}

func random(c *call) { c.out.Attrs = &graph.ReshapeAttrs{To: c.n.dtype("dtype")} }

// nms has boxes, scores, max outputs, ....
func nms(c *call) {
	a := &graph.NMSAttrs{SelectedCount: c.n.op != "NonMaxSuppression"}
	if v, ok := c.ints(2); ok && len(v) == 1 {
		a.MaxOutputs = v[0]
	}
	c.out.Attrs = a
}

// cropAndResize has x, boxes, box indices, crop size.
func cropAndResize(c *call) {
	a := &graph.RoiAttrs{Data: graph.NHWC(2), SamplingRatio: 1}
	if v, ok := c.ints(3); ok && len(v) == 2 {
		a.PooledHeight, a.PooledWidth = v[0], v[1]
	}
	c.order(0, 1, 2)
	c.out.Attrs = a
}

func spectral(c *call) {
	a := &graph.SpectralAttrs{Axis: -1, OneSided: c.n.op[0] == 'R' || c.n.op[:2] == "IR", Inverse: c.n.op[0] == 'I'}
	if v, ok := c.ints(1); ok && len(v) > 0 {
		a.Length = v[len(v)-1]
	}
	c.out.Attrs = a
}
