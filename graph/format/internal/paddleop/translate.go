package paddleop

import "github.com/gaugenn/gaugenn/graph"

func (c *call) layout(n int) graph.Layout {
	f := c.str("data_format", c.str("data_layout", "NCHW"))
	if f == "NHWC" || f == "NDHWC" || f == "NLC" {
		return graph.NHWC(n)
	}
	return graph.NCHW(n)
}

// window reads strides, dilations, ksize, paddings (one per axis or begin and
// end of each) and padding_algorithm.
func (c *call) window(n int) graph.Window {
	w := graph.Window{Kernel: c.ints("ksize"), Strides: c.ints("strides"), Dilations: c.ints("dilations")}
	switch c.str("padding_algorithm", "EXPLICIT") {
	case "SAME":
		w.PadMode = graph.PadSameUpper
		return w
	case "VALID":
		w.PadMode = graph.PadValid
		return w
	}
	switch p := c.ints("paddings"); len(p) {
	case n:
		w.PadBegin, w.PadEnd = p, p
	case 2 * n:
		for i := 0; i < 2*n; i += 2 {
			w.PadBegin, w.PadEnd = append(w.PadBegin, p[i]), append(w.PadEnd, p[i+1])
		}
	}
	return w
}

func conv(n int) func(*call) {
	return func(c *call) {
		c.n.Attrs = &graph.ConvAttrs{Window: c.window(n), Groups: max(c.int("groups", 1), 1), Data: c.layout(n), Filter: graph.OIHW(n)}
		c.fuse()
	}
}

func convTranspose(n int) func(*call) {
	return func(c *call) {
		conv(n)(c)
		a := c.n.Attrs.(*graph.ConvAttrs)
		a.Filter = graph.IOHW(n)
		if p := c.ints("output_padding"); len(p) > 0 {
			a.OutputPadding = p
		}
		if s := c.ints("output_size"); len(s) == n {
			a.OutputShape = s
		}
	}
}

func pool(n int) func(*call) {
	return func(c *call) {
		if c.str("pooling_type", "max") == "avg" {
			c.n.Op = graph.AveragePool
		}
		a := &graph.PoolAttrs{Data: c.layout(n), Global: c.flag("global_pooling"), Ceil: c.flag("ceil_mode"), CountPad: c.int("exclusive", 1) == 0}
		switch {
		case a.Global:
		case c.flag("adaptive"):
			a.AdaptiveOutput = c.ints("ksize")
		default:
			a.Window = c.window(n)
		}
		c.n.Attrs = a
	}
}

func batchNorm(c *call) {
	a := &graph.AxisAttrs{Axis: 1}
	if c.str("data_layout", "NCHW") == "NHWC" {
		a.Axis = -1
	}
	c.n.Attrs = a
}

func layerNorm(c *call) {
	a := &graph.ReduceAttrs{KeepDims: true}
	begin, r := c.axis("begin_norm_axis", 1), c.rank("X")
	if r < 0 || r > 64 {
		a.Axes = []int{begin}
	}
	for i := max(begin, 0); i < r && r <= 64; i++ {
		a.Axes = append(a.Axes, i-r)
	}
	c.n.Attrs = a
}

func groupNorm(c *call) { c.n.Attrs = &graph.GroupAttrs{Groups: c.int("groups", 1), Axis: 1} }

// mul is x flattened to two dimensions times y.
func mul(c *call) {
	c.n.Attrs = &graph.FullyConnectedAttrs{Axis: c.axis("x_num_col_dims", c.int("in_num_col_dims", 1)), TransposedFilter: true}
	c.fuse()
}

func matMul(c *call) {
	c.n.Attrs = &graph.MatMulAttrs{
		TransA: c.flag("transpose_X") || c.flag("trans_x"), TransB: c.flag("transpose_Y") || c.flag("trans_y"),
	}
	c.fuse()
}

func withAxis(def int64) func(*call) {
	return func(c *call) { c.n.Attrs = &graph.AxisAttrs{Axis: c.axis("axis", def)} }
}

// broadcast aligns the second operand at an axis of the first, which old models
// use for biases: a constant of lower rank gets a reshaped twin.
func broadcast(c *call) {
	c.fuse()
	axis := c.axis("axis", -1)
	if axis < 0 || len(c.n.Inputs) != 2 {
		return
	}
	a, b := c.g.Tensor(c.n.Inputs[0]), c.g.Tensor(c.n.Inputs[1])
	if a == nil || b == nil || b.Const == nil || !a.Shape.IsRanked() || !b.Shape.IsRanked() {
		return
	}
	trailing := a.Shape.Len() - axis - b.Shape.Len()
	if trailing <= 0 {
		return
	}
	dims := b.Shape.Dims()
	for range trailing {
		dims = append(dims, graph.DimOf(1))
	}
	twin := *b
	twin.Name += "/aligned"
	twin.Shape = graph.ShapeOfDims(dims...)
	c.g.Tensors = append(c.g.Tensors, twin)
	c.n.Inputs = []graph.TensorID{c.n.Inputs[0], graph.TensorID(len(c.g.Tensors) - 1)}
}

func reshape(c *call) {
	a := &graph.ReshapeAttrs{}
	if !c.has("Shape") && !c.has("ShapeTensor") {
		a.Shape = c.ints("shape")
	} else if v, ok := c.constInts("Shape"); ok {
		a.Shape = v
	}
	c.n.Attrs = a
}

func flatten(c *call) {
	if c.attr("start_axis") != nil {
		c.n.Attrs = &graph.FlattenAttrs{Axis: c.axis("start_axis", 1), EndAxis: c.axis("stop_axis", -1)}
		return
	}
	c.n.Attrs = &graph.FlattenAttrs{Axis: c.axis("axis", 1), TwoD: true}
}

func axesOf(name string) func(*call) {
	return func(c *call) {
		a := &graph.AxesAttrs{OnesAlone: c.n.Op == graph.Squeeze}
		if v := c.axes(name); len(v) > 0 {
			a.Axes = v
		}
		c.n.Attrs = a
	}
}

func transpose(c *call) { c.n.Attrs = &graph.PermAttrs{Perm: c.axes("axis")} }

func split(c *call) {
	a := &graph.SplitAttrs{Axis: c.axis("axis", 0)}
	if s := c.ints("sections"); len(s) > 0 {
		a.Sizes = s
	}
	c.n.Attrs = a
}

// slice is x with starts and ends of named axes; decrease_axis drops some.
func slice(c *call) {
	axes := c.ints("axes")
	starts, ends := c.ints("starts"), c.ints("ends")
	if len(c.ints("decrease_axis")) > 0 || c.has("StartsTensor") || c.has("StartsTensorList") || c.has("EndsTensorList") || c.has("EndsTensor") {
		c.n.Op = graph.Unknown // the file states the shapes
		return
	}
	c.operands("Input")
	c.n.Attrs = &graph.SliceAttrs{Starts: starts, Ends: ends, Steps: c.ints("strides"), Axes: toInts(axes)}
}

func toInts(v []int64) []int {
	var out []int
	for _, x := range v {
		out = append(out, clampInt(x))
	}
	return out
}

// pad's amounts are begin and end per axis; pad3d counts from the last axis back.
func pad(c *call) {
	a := &graph.PadAttrs{Mode: c.str("mode", "constant")}
	p := c.ints("paddings")
	for i := 0; i+1 < len(p); i += 2 {
		a.Begin, a.End = append(a.Begin, p[i]), append(a.End, p[i+1])
	}
	if c.src.Type != "pad" { // pad2d: top, bottom, left, right; pad3d: left, right, top, bottom, front, back
		a.Axes = nil
		for i := range a.Begin {
			ax := i + 2
			if c.src.Type == "pad3d" {
				ax = 1 + len(a.Begin) - i
			}
			a.Axes = append(a.Axes, ax)
		}
	}
	c.n.Attrs = a
}

func reduce(c *call) {
	a := &graph.ReduceAttrs{KeepDims: c.flag("keep_dim")}
	if !c.flag("reduce_all") {
		a.Axes = c.axes("dim")
	}
	c.n.Attrs = a
}

func argReduce(c *call) {
	a := &graph.ReduceAttrs{Axes: []int{c.axis("axis", -1)}, KeepDims: c.flag("keepdims"), To: graph.Int64}
	c.n.Attrs = a
}

func topK(c *call) {
	c.n.Attrs = &graph.TopKAttrs{K: c.int("k", 0), Axis: c.axis("axis", -1)}
	c.operands("X", "K")
}

func resize(mode string) func(*call) {
	return func(c *call) {
		a := &graph.ResizeAttrs{Mode: mode, Data: c.layout(2)}
		if h, w := c.int("out_h", -1), c.int("out_w", -1); h > 0 && w > 0 {
			a.Sizes = []int64{h, w}
		}
		if s := c.attr("scale"); s != nil && a.Sizes == nil {
			switch {
			case len(s.Floats) == 2:
				a.Scales = s.Floats
			case len(s.Floats) == 1:
				a.Scales = []float64{s.Floats[0], s.Floats[0]}
			case s.Float > 0:
				a.Scales = []float64{s.Float, s.Float}
			}
		}
		c.n.Attrs = a
		c.operands("X", "OutSize")
	}
}

func cast(c *call) { c.n.Attrs = &graph.CastAttrs{To: DType(c.int("out_dtype", -1))} }

func fill(c *call) {
	a := &graph.ReshapeAttrs{To: DType(c.int("dtype", 5))}
	if !c.has("ShapeTensor") && !c.has("ShapeTensorList") {
		a.Shape = c.ints("shape")
	}
	c.n.Attrs = a
}

func shapeOp(c *call) { c.n.Attrs = &graph.ShapeAttrs{To: graph.Int32} }

func gather(c *call) { c.n.Attrs = &graph.GatherAttrs{Axis: c.axis("axis", 0)} }

func gatherND(c *call) { c.n.Attrs = &graph.GatherAttrs{} }

// rnn has x [time, batch, in] and a list of weights.
func rnn(c *call) {
	switch c.str("mode", "LSTM") {
	case "GRU":
		c.n.Op = graph.GRU
	case "RNN_TANH", "RNN_RELU":
		c.n.Op = graph.RNN
	}
	a := &graph.RNNAttrs{Hidden: c.int("hidden_size", 0), Directions: 1, TimeAxis: 0, BatchAxis: 1, DirectionAxis: -1}
	if c.flag("is_bidirec") {
		a.Directions = 2
	}
	c.n.Attrs = a
}

func block(c *call) {
	c.n.Attrs = &graph.BlockAttrs{Block: c.int("upscale_factor", c.int("blocksize", 1)), Data: c.layout(2)}
}

func roiAlign(c *call) {
	c.n.Attrs = &graph.RoiAttrs{PooledHeight: c.int("pooled_height", 1), PooledWidth: c.int("pooled_width", 1),
		SamplingRatio: c.int("sampling_ratio", 0), Data: graph.NCHW(2)}
}

func loop(c *call) {
	c.n.Attrs = &graph.LoopAttrs{TripCount: -1, Reason: "the condition is computed at run time"}
}

func quantise(c *call) {
	to := graph.Int8
	if c.n.Op == graph.DequantizeLinear {
		to = graph.Float32
	}
	c.n.Attrs = &graph.CastAttrs{To: to}
}

// dtypes by framework.proto's VarType.Type.
var dtypes = map[int64]graph.DType{
	0: graph.Bool, 1: graph.Int16, 2: graph.Int32, 3: graph.Int64, 4: graph.Float16, 5: graph.Float32, 6: graph.Float64,
	20: graph.Uint8, 21: graph.Int8, 22: graph.BFloat16, 23: graph.Complex64, 24: graph.Complex128, 25: graph.String,
	32: graph.Float8E4M3FN, 33: graph.Float8E5M2, 36: graph.Uint16, 37: graph.Uint32, 38: graph.Uint64,
}

// DType returns the dtype of a VarType.Type, unknown if it is no element type.
func DType(v int64) graph.DType { return dtypes[v] }

func tile(c *call) { c.n.Attrs = &graph.ReshapeAttrs{Shape: c.ints("repeat_times")} }

func expand(c *call) { c.n.Attrs = &graph.ReshapeAttrs{Shape: c.ints("shape")} }

func shuffle(c *call) { c.n.Attrs = &graph.GroupAttrs{Groups: c.int("group", 1), Axis: 1} }

func einsum(c *call) { c.n.Attrs = &graph.EinsumAttrs{Equation: c.str("equation", "")} }

func lrn(c *call) { c.n.Attrs = &graph.LRNAttrs{Size: c.int("n", 5), Axis: 1} }

func norm(c *call) {
	c.n.Attrs = &graph.ReduceAttrs{Axes: []int{c.axis("axis", -1)}, KeepDims: c.n.Op == graph.LpNormalization || c.flag("keepdim")}
}
