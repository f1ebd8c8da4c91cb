package onnxop

import "github.com/gaugenn/gaugenn/graph"

// reduce's axes are an attribute before opset 18 (ReduceSum: 13), an operand since.
func reduce(c *call) {
	c.n.Attrs = &graph.ReduceAttrs{
		Axes: c.axes("axes"), KeepDims: c.int("keepdims", 1) != 0, NoopWithEmptyAxes: c.flag("noop_with_empty_axes"),
	}
}

func argReduce(c *call) {
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{c.axis("axis", 0)}, KeepDims: c.int("keepdims", 1) != 0, To: graph.Int64}
}

// det drops the last two axes.
func det(c *call) { c.n.Attrs = &graph.ReduceAttrs{Axes: []int{-2, -1}} }

// topK's k is an attribute before opset 10, an operand since.
func topK(c *call) {
	c.n.Attrs = &graph.TopKAttrs{K: max(0, c.int("k", 0)), Axis: c.axis("axis", -1)}
}

// softmax's axis defaults to 1 before opset 13 and to -1 since.
func softmax(c *call) {
	def := int64(-1)
	if c.version < 13 && Canonical(c.src.Domain) == Onnx {
		def = 1
	}
	c.n.Attrs = &graph.AxisAttrs{Axis: c.axis("axis", def)}
}

// biasSoftmax is ONNX Runtime's softmax(x + bias).
func biasSoftmax(c *call) { c.n.Attrs = &graph.AxisAttrs{Axis: c.axis("axis", 1)} }

// layerNorm normalises from an axis to the last one.
func layerNorm(c *call) { c.n.Attrs = &graph.ReduceAttrs{Axes: c.from("axis", -1), KeepDims: true} }

// from lists the axes from an attribute's on; without the rank only that one
// where it counts from the front.
func (c *call) from(name string, def int64) []int {
	axis := c.axis(name, def)
	r := c.Rank(c.in(0))
	if axis >= 0 {
		if r < 0 || axis >= r {
			return []int{axis}
		}
		axis -= r
	}
	if axis < -64 {
		return []int{axis}
	}
	var out []int
	for ; axis < 0; axis++ {
		out = append(out, axis)
	}
	return out
}

// skipLayerNorm has x, skip, scale, [bias], [added bias].
func skipLayerNorm(c *call) {
	c.operands(0, 2, 3)
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true}
}

// skipRMSNorm has x, skip, scale, [added bias].
func skipRMSNorm(c *call) {
	c.operands(0, 2)
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{-1}, KeepDims: true}
}

func lpNorm(c *call) {
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{c.axis("axis", -1)}, KeepDims: true}
}

// meanVarianceNorm normalises each channel; opset 1 said so with across_channels.
func meanVarianceNorm(c *call) {
	axes := c.axes("axes")
	if axes == nil {
		axes = []int{0, 2, 3}
		if c.version < 9 {
			axes = []int{2, 3}
			if c.flag("across_channels") {
				axes = []int{1, 2, 3}
			}
		}
	}
	c.n.Attrs = &graph.ReduceAttrs{Axes: axes, KeepDims: true}
}

func groupNorm(c *call) {
	c.n.Attrs = &graph.GroupAttrs{Groups: c.int("num_groups", 0), Axis: 1}
}

// contribGroupNorm is ONNX Runtime's, channels last unless it says otherwise.
func contribGroupNorm(c *call) {
	a := &graph.GroupAttrs{Groups: c.int("groups", 0), Axis: 1}
	if c.int("channels_last", 1) != 0 {
		a.Axis = -1
	}
	c.n.Attrs = a
	if c.int("activation", 0) == 1 {
		c.n.Fused = graph.Silu
	}
}

func lrn(c *call) { c.n.Attrs = &graph.LRNAttrs{Size: c.int("size", 1), Axis: 1} }
