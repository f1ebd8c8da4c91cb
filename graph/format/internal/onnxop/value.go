package onnxop

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

func constantOfShape(c *call) {
	a := &graph.ReshapeAttrs{To: graph.Float32}
	v := c.attr("value")
	switch {
	case v == nil:
		a.HasFill = true // 0 by default
	case v.Tensor != nil:
		a.To = v.Tensor.DType
		a.Fill, a.HasFill = single(v.Tensor)
	}
	c.n.Attrs = a
}

// single is the value of a one-element tensor of a plain type.
func single(t *graph.Tensor) (f float64, ok bool) {
	if t.Const == nil {
		return 0, false
	}
	b, err := t.Const.Bytes()
	if err != nil || len(b) == 0 || len(b)*8 < t.DType.Bits() {
		return 0, false
	}
	le := binary.LittleEndian
	switch t.DType {
	case graph.Float32:
		return float64(math.Float32frombits(le.Uint32(b))), true
	case graph.Float64:
		return math.Float64frombits(le.Uint64(b)), true
	case graph.Int64:
		return float64(int64(le.Uint64(b))), true
	case graph.Int32:
		return float64(int32(le.Uint32(b))), true
	case graph.Int8:
		return float64(int8(b[0])), true
	case graph.Uint8, graph.Bool:
		return float64(b[0]), true
	}
	return 0, false
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
