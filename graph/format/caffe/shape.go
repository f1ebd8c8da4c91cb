package caffe

import "github.com/gaugenn/gaugenn/graph"

func relu(c *call) {
	c.n.Op = graph.Relu
	for _, f := range c.param("relu_param").All("negative_slope") {
		if v, ok := f.Float(); ok && v != 0 {
			c.n.Op = graph.LeakyRelu
		}
	}
}

func prelu(c *call) {
	n := int64(-1)
	if c.param("prelu_param").Bool("channel_shared", false) {
		n = 1
	}
	c.op(graph.PRelu, &graph.AxisAttrs{Axis: 1})
	c.operands(c.weight("slope", n))
}

// batchNorm stores mean, variance and the factor of the moving average.
func batchNorm(c *call) {
	c.op(graph.BatchNormalization, &graph.AxisAttrs{Axis: 1})
	c.operands(graph.NoTensor, graph.NoTensor, c.weight("mean", -1), c.weight("variance", -1), c.weight("factor", 1))
}

// segnetNorm is SegNet's BN: scale and shift, [1, C, 1, 1] each.
func segnetNorm(c *call) {
	c.op(graph.BatchNormalization, &graph.AxisAttrs{Axis: 1})
	c.operands(c.weight("scale", -1), c.weight("shift", -1))
}

// scale multiplies by a blob or by a second input, from an axis on.
func scale(c *call) {
	p := c.param("scale_param")
	c.op(graph.Scale, &graph.AxisAttrs{Axis: int(p.Int("axis", 1))})
	shape := vector(p.Int("num_axes", 1))
	if len(c.n.Inputs) < 2 {
		c.operands(c.weight("scale", shape...))
	}
	if p.Bool("bias_term", false) {
		c.operands(c.weight("bias", shape...))
	}
}

func bias(c *call) {
	p := c.param("bias_param")
	c.op(graph.Bias, &graph.AxisAttrs{Axis: int(p.Int("axis", 1))})
	if len(c.n.Inputs) < 2 {
		c.operands(c.weight("bias", vector(p.Int("num_axes", 1))...))
	}
}

// vector is the shape of a blob over n axes of unknown size; -1 axes are all
// that follow.
func vector(n int64) []int64 {
	if n == 0 {
		return []int64{}
	}
	return []int64{-1}
}

func lrn(c *call) {
	p := c.param("lrn_param")
	region := p.Text("norm_region")
	c.op(graph.LRN, &graph.LRNAttrs{Size: p.Int("local_size", 5), Axis: 1, WithinChannel: region == "WITHIN_CHANNEL" || region == "1"})
}

func mvn(c *call) {
	a := &graph.ReduceAttrs{KeepDims: true, Axes: []int{2, 3}}
	if c.param("mvn_param").Bool("across_channels", false) {
		a.Axes = []int{1, 2, 3}
	}
	c.op(graph.MeanVarianceNormalization, a)
}

func normalize(c *call) {
	p := c.param("norm_param")
	a := &graph.ReduceAttrs{KeepDims: true, Axes: []int{1}}
	if p.Bool("across_spatial", true) {
		a.Axes = []int{1, 2, 3}
	}
	c.op(graph.LpNormalization, a)
	n := int64(-1)
	if p.Bool("channel_shared", true) {
		n = 1
	}
	c.operands(c.weight("scale", n))
}

func softmax(c *call) {
	c.op(graph.Softmax, &graph.AxisAttrs{Axis: int(c.param("softmax_param").Int("axis", 1))})
}

func concat(c *call) {
	p := c.param("concat_param")
	c.op(graph.Concat, &graph.AxisAttrs{Axis: int(p.Int("axis", p.Int("concat_dim", 1)))})
}

func slice(c *call) {
	p := c.param("slice_param")
	c.op(graph.Split, &graph.SplitAttrs{Axis: int(p.Int("axis", p.Int("slice_dim", 1))), Points: p.Ints("slice_point")})
}

func flatten(c *call) {
	p := c.param("flatten_param")
	c.op(graph.Flatten, &graph.FlattenAttrs{Axis: int(p.Int("axis", 1)), EndAxis: int(p.Int("end_axis", -1))})
}

// reshape replaces the axes from axis on, num_axes of them (-1: all).
func reshape(c *call) {
	p := c.param("reshape_param")
	a := &graph.ReshapeAttrs{Shape: p.Message("shape").Ints("dim"), Axis: int(p.Int("axis", 0)), NumAxes: int(p.Int("num_axes", -1))}
	a.PartOfAxes = a.Axis != 0 || a.NumAxes != -1
	c.n.Op = graph.Reshape
	if a.Shape != nil {
		c.n.Attrs = a
	}
}

func permute(c *call) {
	var perm []int
	used := map[int]bool{}
	for _, o := range c.param("permute_param").Ints("order") {
		if o < 0 || o > 31 || used[int(o)] {
			return
		}
		used[int(o)] = true
		perm = append(perm, int(o))
	}
	for i := 0; len(perm) < 4; i++ { // axes that are not named follow in order
		if !used[i] {
			perm = append(perm, i)
			used[i] = true
		}
	}
	c.op(graph.Transpose, &graph.PermAttrs{Perm: perm})
}

func crop(c *call) {
	p := c.param("crop_param")
	c.op(graph.Crop, &graph.CropAttrs{Axis: int(p.Int("axis", 2)), Offsets: p.Ints("offset"), HasReference: true})
}

func tile(c *call) {
	p := c.param("tile_param")
	axis, n := p.Int("axis", 1), p.Int("tiles", 1)
	c.n.Op = graph.Tile
	if axis >= 0 && axis < 4 {
		repeats := []int64{1, 1, 1, 1}
		repeats[axis] = n
		c.n.Attrs = &graph.ReshapeAttrs{Shape: repeats}
	}
}

var reductions = map[string]graph.Op{"": graph.ReduceSum, "SUM": graph.ReduceSum, "ASUM": graph.ReduceL1, "SUMSQ": graph.ReduceSumSquare, "MEAN": graph.ReduceMean}

// reduction sums all axes from axis on; those with an unknown rank are taken
// for the axes of a four-dimensional blob.
func reduction(c *call) {
	p := c.param("reduction_param")
	op, ok := reductions[p.Text("operation")]
	if !ok {
		return
	}
	a := &graph.ReduceAttrs{}
	for i := int(p.Int("axis", 0)); i > 0 && i < 4; i++ {
		a.Axes = append(a.Axes, i)
	}
	c.op(op, a)
}

// argMax without an axis works on all values of an item.
func argMax(c *call) {
	p := c.param("argmax_param")
	if p.Has("axis") && p.Int("top_k", 1) == 1 {
		c.op(graph.ArgMax, &graph.ReduceAttrs{Axes: []int{int(p.Int("axis", 1))}, KeepDims: true})
		return
	}
	c.n.Op = graph.UnaryOther
	if p.Has("axis") || p.Int("top_k", 1) != 1 || bool(p.Bool("out_max_val", false)) {
		c.n.Op = graph.Unknown
	}
}

// axpy is a*x + y with a per channel: a, x, y.
func axpy(c *call) {
	c.op(graph.Scale, &graph.AxisAttrs{})
	if len(c.n.Inputs) == 3 {
		c.n.Inputs = []graph.TensorID{c.n.Inputs[1], c.n.Inputs[0], c.n.Inputs[2]}
	}
}

func shuffle(c *call) {
	c.op(graph.ChannelShuffle, &graph.GroupAttrs{Groups: c.param("shuffle_channel_param").Int("group", 1), Axis: 1})
}

func blocks(c *call, op graph.Op, param, field string) {
	c.op(op, &graph.BlockAttrs{Block: c.param(param).Int(field, 2), Data: graph.NCHW(2)})
}

// interp has fixed sizes or factors, or takes them from a second input. DeepLab's
// layer has the factors act between the corners: (size-1)*zoom+1.
func interp(c *call) {
	p := c.param("interp_param")
	a := &graph.ResizeAttrs{Mode: "linear", Data: graph.NCHW(2)}
	h, w := p.Int("height", 0), p.Int("width", 0)
	zoom, shrink := p.Int("zoom_factor", 1), p.Int("shrink_factor", 1)
	switch {
	case len(c.n.Inputs) > 1:
		a.Reference = true
	case h > 0 && w > 0:
		a.Sizes = []int64{h, w}
	case (p.Has("zoom_factor") || p.Has("shrink_factor")) && shrink > 0 && (zoom == 1 || shrink == 1) && p.Int("pad_beg", 0) == 0 && p.Int("pad_end", 0) == 0:
		f := float64(zoom) / float64(shrink)
		a.Scales, a.Corners = []float64{f, f}, true
	default:
		a = nil
	}
	if c.n.Op = graph.Resize; a != nil {
		c.n.Attrs = a
	}
}

// upsample repeats pixels (YOLO forks) or unpools by a mask (SegNet forks).
func upsample(c *call) {
	p := c.param("upsample_param")
	side := p.Int("scale", p.Int("stride", 2))
	if len(c.n.Inputs) > 1 {
		a := &graph.PoolAttrs{Window: graph.Window{Kernel: []int64{side, side}, Strides: []int64{side, side}}, Data: graph.NCHW(2)}
		if h, w := p.Int("upsample_h", 0), p.Int("upsample_w", 0); h > 0 && w > 0 {
			a.AdaptiveOutput = []int64{h, w}
		}
		c.op(graph.MaxUnpool, a)
		return
	}
	s := float64(side)
	c.op(graph.Resize, &graph.ResizeAttrs{Mode: "nearest", Scales: []float64{s, s}, Data: graph.NCHW(2)})
}

// priorBox counts priors as SSD does: each smallest size alone, with each
// ratio other than 1 (twice when flipped), and with its largest size.
func priorBox(c *call) {
	p := c.param("prior_box_param")
	ratios := int64(0)
	for _, f := range p.All("aspect_ratio") {
		if v, ok := f.Float(); ok && (v < 1-1e-6 || v > 1+1e-6) {
			ratios++
		}
	}
	if p.Bool("flip", true) {
		ratios *= 2
	}
	n := int64(len(p.All("min_size")))*(ratios+1) + int64(len(p.All("max_size")))
	c.op(graph.PriorBox, &graph.PriorBoxAttrs{PriorsPerCell: n, Data: graph.NCHW(2)})
}

// detectionOutput gives [1, 1, n, 7]: item, label, score, box; n depends on data.
func detectionOutput(c *call) {
	p := c.param("detection_output_param")
	c.op(graph.DetectionOutput, &graph.NMSAttrs{Classes: max(p.Int("num_classes", 0), 0), KeepTopK: max(p.Int("keep_top_k", 0), 0)})
	for _, id := range c.n.Outputs {
		c.b.g.Tensors[id].Shape = graph.ShapeOf(1, 1, -1, 7)
	}
}

func roi(c *call, param string) {
	p := c.param(param)
	side := p.Int("group_size", 0)
	c.op(graph.RoiPool, &graph.RoiAttrs{PooledHeight: p.Int("pooled_h", side), PooledWidth: p.Int("pooled_w", side), Channels: p.Int("output_dim", 0), Data: graph.NCHW(2)})
}
