package onnxop

import "github.com/gaugenn/gaugenn/graph"

func constantOfShape(c *call) {
	a := &graph.ReshapeAttrs{To: graph.Float32}
	if v := c.attr("value"); v != nil && v.Tensor != nil {
		a.To = v.Tensor.DType
	}
	c.n.Attrs = a
}

// constant has its value in an attribute, which the format gives to the output.
func constant(c *call) { c.n.Attrs = nil }

func shape(c *call) {
	a := &graph.ShapeAttrs{Start: c.axis("start", 0), To: graph.Int64}
	if c.attr("end") != nil {
		a.End, a.HasEnd = c.axis("end", 0), true
	}
	c.n.Attrs = a
}

func random(c *call) {
	c.n.Attrs = &graph.ReshapeAttrs{Shape: c.list("shape"), To: dtypeOf(c.int("dtype", 1))}
}

func randomLike(c *call) { c.n.Attrs = &graph.CastAttrs{To: dtypeOf(c.int("dtype", 0))} }

func multinomial(c *call) {
	c.n.Attrs = &graph.CastAttrs{To: dtypeOf(c.int("dtype", 6))}
}

func nonMaxSuppression(c *call) {
	a := &graph.NMSAttrs{CentrePoint: c.flag("center_point_box")}
	if v, ok := c.ints(c.in(2)); ok && len(v) == 1 {
		a.MaxPerClass = v[0]
	}
	c.n.Attrs = a
}

// compress, like unique, has an axis or, without one, flattens.
func compress(c *call) {
	if c.attr("axis") != nil {
		c.n.Attrs = &graph.AxisAttrs{Axis: c.axis("axis", 0)}
	}
}

// window is HannWindow and its like: size.
func windowOp(c *call) { c.n.Attrs = &graph.CastAttrs{To: dtypeOf(c.int("output_datatype", 1))} }
