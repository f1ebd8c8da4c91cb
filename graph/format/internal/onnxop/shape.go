package onnxop

import (
	"encoding/binary"
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

func withAxis(def int64) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.AxisAttrs{Axis: c.axis("axis", def)} }
}

func concat(c *call) { c.n.Attrs = &graph.AxisAttrs{Axis: c.axis("axis", 1)} }

// reshape's shape is an attribute before opset 5, an operand since.
func reshape(c *call) {
	c.n.Attrs = &graph.ReshapeAttrs{Shape: c.list("shape"), AllowZero: c.flag("allowzero")}
}

func flatten(c *call) { c.n.Attrs = &graph.FlattenAttrs{Axis: c.axis("axis", 1), TwoD: true} }

// squeeze's axes are an attribute before opset 13, an operand since; so are
// those of Unsqueeze.
func squeeze(c *call) { c.n.Attrs = &graph.AxesAttrs{Axes: c.axes("axes")} }

// expandDims is ONNX Runtime's x, axis (a scalar operand).
func expandDims(c *call) {
	a := &graph.AxesAttrs{}
	if v, ok := c.ints(c.in(1)); ok {
		a.Axes = toInts(v)
	}
	c.n.Attrs = a
}

func transpose(c *call) { c.n.Attrs = &graph.PermAttrs{Perm: c.axes("perm")} }

// split's sizes are an attribute before opset 13, an operand since. With
// num_outputs (opset 18) the parts are equal but for a smaller last one.
func split(c *call) {
	a := &graph.SplitAttrs{Axis: c.axis("axis", 0), Sizes: c.list("split")}
	if k := c.int("num_outputs", 0); k > 1 && a.Sizes == nil && k == int64(len(c.src.Outputs)) {
		if t := c.Graph.Tensor(c.in(0)); t != nil {
			if n, ok := t.Shape.Dim(a.Axis).Value(); ok && n%k != 0 {
				part := (n + k - 1) / k
				for range k - 1 {
					a.Sizes = append(a.Sizes, part)
				}
				a.Sizes = append(a.Sizes, max(n-part*(k-1), 0))
			}
		}
	}
	c.n.Attrs = a
}

// slice's bounds are attributes before opset 10, operands since.
func slice(c *call) {
	c.n.Attrs = &graph.SliceAttrs{Starts: c.list("starts"), Ends: c.list("ends"), Axes: c.axes("axes")}
}

// pad's amounts are an attribute before opset 11 ("paddings" in the first), an
// operand since; operand 3 (opset 18) names the axes.
func pad(c *call) {
	a := &graph.PadAttrs{Mode: c.str("mode", "constant")}
	pads := c.list("pads")
	if pads == nil {
		pads = c.list("paddings")
	}
	if axes, ok := c.ints(c.in(3)); ok && c.in(3) != graph.NoTensor {
		a.Axes = toInts(axes)
	}
	if pads != nil && len(pads)%2 == 0 {
		a.Begin, a.End = pads[:len(pads)/2], pads[len(pads)/2:]
	}
	c.n.Attrs = a
}

func gather(c *call) { c.n.Attrs = &graph.GatherAttrs{Axis: c.axis("axis", 0)} }

func gatherND(c *call) { c.n.Attrs = &graph.GatherAttrs{BatchDims: c.axis("batch_dims", 0)} }

func gatherBlockQuantized(c *call) {
	c.n.Attrs = &graph.GatherAttrs{Axis: c.axis("gather_axis", 0)}
	c.quantise(c.in(0), 2, 3, c.axis("quantize_axis", 1))
}

// tile's repeats are operand 1; opset 1 had count and axis as scalars.
func tile(c *call) {
	a := &graph.ReshapeAttrs{}
	if c.version < 6 && c.in(2) != graph.NoTensor {
		n, ok1 := c.ints(c.in(1))
		axis, ok2 := c.ints(c.in(2))
		if r := c.Rank(c.in(0)); ok1 && ok2 && len(n) == 1 && len(axis) == 1 && axis[0] >= 0 && axis[0] < int64(r) {
			a.Shape = make([]int64, r)
			for i := range a.Shape {
				a.Shape[i] = 1
			}
			a.Shape[axis[0]] = n[0]
		}
	}
	c.n.Attrs = a
}

func expand(c *call) { c.n.Attrs = &graph.ReshapeAttrs{} }

// resize has x, scales in opset 10 and x, roi, scales, sizes since 11.
func resize(c *call) {
	if c.version < 11 {
		c.only(0, -1, 1)
	} else {
		c.only(0, 3, 2)
	}
	a := c.resizeAttrs()
	a.Axes = c.axes("axes")
	if k := c.str("keep_aspect_ratio_policy", ""); k != "stretch" {
		a.KeepAspect = k
	}
	c.n.Attrs = a
}

func (c *call) resizeAttrs() *graph.ResizeAttrs {
	a := &graph.ResizeAttrs{Mode: c.str("mode", "nearest"), OperandsAllAxes: true}
	if a.Mode == "bilinear" {
		a.Mode = "linear"
	}
	a.Data = c.open(c.in(0))
	return a
}

// upsample's scales are attributes before opset 9 (two of them in opset 1), an
// operand since; all have one entry per axis.
func upsample(c *call) {
	c.only(0, -1, 1)
	a := c.resizeAttrs()
	if f := c.attr("scales"); f != nil && len(f.Floats) > 0 && len(f.Floats) <= maxSpatial {
		a.Data.Spatial = nil
		for i, v := range f.Floats {
			if i < 2 && v == 1 && len(f.Floats) > 2 {
				continue
			}
			a.Data.Spatial = append(a.Data.Spatial, i)
			a.Scales = append(a.Scales, float64(v))
		}
	}
	if h, w := c.attr("height_scale"), c.attr("width_scale"); h != nil && w != nil {
		a.Data, a.Scales = graph.NCHW(2), []float64{float64(h.Float), float64(w.Float)}
	}
	c.n.Attrs = a
}

func gridSample(c *call) {
	c.n.Attrs = &graph.LayoutAttrs{Data: c.open(c.in(0))}
}

func block(c *call) {
	c.n.Attrs = &graph.BlockAttrs{Block: c.int("blocksize", 1), Data: graph.NCHW(2)}
	if c.flag("channels_last") {
		c.n.Attrs = &graph.BlockAttrs{Block: c.int("blocksize", 1), Data: graph.NHWC(2)}
	}
}

// centerCropPad has x, shape (of the named axes). It is a Crop where the shape
// is a constant of adjacent axes, else it has no canonical form.
func centerCropPad(c *call) {
	sizes, ok := c.ints(c.in(1))
	axes := c.axes("axes")
	first := 0
	for i, a := range axes {
		if i == 0 {
			first = a
		} else if a != first+i {
			ok = false
		}
	}
	if !ok {
		c.n.Op = graph.Unknown // no canonical form: the sizes are found at run time
		return
	}
	c.only(0)
	c.n.Attrs = &graph.CropAttrs{Axis: first, Sizes: sizes, Offsets: make([]int64, len(sizes))}
}

// crop is the experimental operator of opset 1: border left, top, right, bottom.
func crop(c *call) {
	b := c.list("border")
	a := &graph.CropAttrs{Axis: 2, Sizes: c.list("scale")}
	if len(b) == 4 {
		a.Offsets, a.End = []int64{b[1], b[0]}, []int64{b[3], b[2]}
	}
	if a.Sizes == nil {
		a.Sizes = []int64{-1, -1}
	}
	c.n.Attrs = a
}

// clip's bounds are attributes before opset 11, operands since: the attributes
// become constants.
func clip(c *call) {
	lo, hi := c.attr("min"), c.attr("max")
	if c.version >= 11 || lo == nil && hi == nil {
		return
	}
	c.n.Inputs = []graph.TensorID{c.in(0), c.bound("min", lo), c.bound("max", hi)}
	c.n.Inputs = trimAbsent(c.n.Inputs)
}

func (c *call) bound(name string, a *Attr) graph.TensorID {
	if a == nil {
		return graph.NoTensor
	}
	data := binary.LittleEndian.AppendUint32(nil, math.Float32bits(a.Float))
	return c.addConst(graph.Tensor{
		Name: c.src.Name + "/" + name, DType: graph.Float32, Shape: graph.ShapeOf(),
		Const: &graph.Const{Data: data, StoredBytes: int64(len(data)), NotParam: true},
	})
}

// binary aligns the second operand as opsets before 7 say: broadcast=1 with an
// axis puts its dimensions from that axis of the first operand on.
func binaryOp(c *call) {
	if c.version >= 7 || !c.flag("broadcast") || c.attr("axis") == nil {
		return
	}
	b := c.Graph.Tensor(c.in(1))
	ra := c.Rank(c.in(0))
	if b == nil || b.Const == nil || !b.Shape.IsRanked() || ra < 0 {
		return
	}
	axis := c.axis("axis", 0)
	if axis < 0 {
		axis += ra
	}
	trailing := ra - axis - b.Shape.Len()
	if trailing <= 0 || axis < 0 {
		return
	}
	dims := b.Shape.Dims()
	for range trailing {
		dims = append(dims, graph.DimOf(1))
	}
	twin := *b
	twin.Name += "/aligned"
	twin.Shape = graph.ShapeOfDims(dims...)
	c.n.Inputs = []graph.TensorID{c.in(0), c.addConst(twin)}
}

// mod is Python's remainder unless fmod is set.
func mod(c *call) {
	if c.flag("fmod") {
		c.n.Op = graph.Mod
	}
}

func cast(c *call) {
	to := dtypeOf(c.int("to", 0))
	if a := c.attr("to"); a != nil && len(a.Bytes) > 0 {
		to = dtypeByName[string(a.Bytes)] // opset 1 spelt the type
	}
	c.n.Attrs = &graph.CastAttrs{To: to}
}

var dtypeByName = map[string]graph.DType{
	"FLOAT": graph.Float32, "DOUBLE": graph.Float64, "FLOAT16": graph.Float16, "INT8": graph.Int8, "INT16": graph.Int16,
	"INT32": graph.Int32, "INT64": graph.Int64, "UINT8": graph.Uint8, "UINT16": graph.Uint16, "UINT32": graph.Uint32,
	"UINT64": graph.Uint64, "BOOL": graph.Bool, "STRING": graph.String, "COMPLEX64": graph.Complex64, "COMPLEX128": graph.Complex128,
}

// castLike is x, target type.
func castLike(c *call) {
	c.n.Attrs = &graph.CastAttrs{To: c.dtype(c.in(1))}
}

// addBias is an addition whose activation the operator's name carries: x, bias.
func addBias(act graph.Op) func(*call) {
	return func(c *call) {
		if c.in(1) == graph.NoTensor {
			c.n.Op = act
			return
		}
		c.n.Fused = act
	}
}
