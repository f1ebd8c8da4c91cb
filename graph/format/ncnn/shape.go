package ncnn

import (
	"math"

	"github.com/gaugenn/gaugenn/graph"
)

// reshape has w, h, d, c in parameters 0, 1, 11, 2: -233 drops a dimension,
// -1 takes the rest, 0 copies the input's dimension of the same letter.
func reshape(c *call) {
	w, h, d, ch := c.params.int(0, -233), c.params.int(1, -233), c.params.int(11, -233), c.params.int(2, -233)
	var shape []int64
	switch {
	case d != -233:
		shape = []int64{ch, d, h, w}
	case ch != -233:
		shape = []int64{ch, h, w}
	case h != -233:
		shape = []int64{h, w}
	case w != -233:
		shape = []int64{w}
	}
	c.n.Op = graph.Reshape
	c.out(int8(len(shape)))
	if shape == nil || c.params.text(6) != "" { // 6: sizes as an expression
		return
	}
	same := c.rank(0) == int8(len(shape))
	for _, v := range shape {
		if v == 0 && !same { // the letter stands at another place in the input
			return
		}
	}
	c.n.Attrs = &graph.ReshapeAttrs{Shape: shape}
}

// orders lists the letters of the output dimensions, innermost first, per
// value of order_type; the first six serve ranks 2 and 3 without the D.
var orders = [...]string{
	"WHDC", "HWDC", "WDHC", "DWHC", "HDWC", "DHWC", "WHCD", "HWCD", "WCHD", "CWHD", "HCWD", "CHWD",
	"WDCH", "DWCH", "WCDH", "CWDH", "DCWH", "CDWH", "HDCW", "DHCW", "HCDW", "CHDW", "DCHW", "CDHW",
}

var orders3 = [...]string{"WHC", "HWC", "WCH", "CWH", "HCW", "CHW"}

var orders2 = [...]string{"WH", "HW"}

// permute reorders; an unknown rank is taken for 3, the usual one.
func permute(c *call) {
	kind := c.params.int(0, 0)
	c.n.Op = graph.Transpose
	word, letters := "", "CHW"
	pick := func(list []string) {
		if kind >= 0 && kind < int64(len(list)) {
			word = list[kind]
		}
	}
	switch c.rank(0) {
	case 1:
		c.op(graph.Identity, nil)
		return
	case 2:
		letters = "HW"
		pick(orders2[:])
	case 4:
		letters = "CDHW"
		pick(orders[:])
	default:
		pick(orders3[:])
	}
	if word == "" {
		c.out(0)
		return
	}
	perm := make([]int, len(word))
	for i := range word {
		for j := range letters {
			if letters[j] == word[len(word)-1-i] {
				perm[i] = j
			}
		}
	}
	c.n.Attrs = &graph.PermAttrs{Perm: perm}
	c.out(int8(len(word)))
}

// squeeze is Squeeze and ExpandDims: axes in parameter 3, or flags for w, h,
// d and c, each where the larger shape has such a letter; by is the change of
// rank per axis.
func squeeze(c *call, op graph.Op, by int8) {
	var axes []int
	for _, a := range c.params.ints(3) {
		axes = append(axes, int(a))
	}
	if axes == nil {
		r := c.rank(0)
		larger := max(r, r+by)
		for _, f := range []struct {
			id, axis int
			ok       bool
		}{{2, 0, larger >= 3}, {11, 1, larger == 4}, {1, -2, larger >= 2}, {0, -1, true}} {
			if c.params.int(f.id, 0) != 0 && (f.ok || r == 0) {
				axes = append(axes, f.axis)
			}
		}
	}
	c.op(op, &graph.AxesAttrs{Axes: axes, OnesAlone: op == graph.Squeeze})
	if r := c.rank(0); r > 0 {
		c.out(max(r+by*int8(len(axes)), 1))
	}
}

// tile repeats per axis (parameter 2, as in numpy) or along one axis.
func tile(c *call) {
	c.n.Op = graph.Tile
	repeats := c.params.ints(2)
	r := c.rank(0)
	if repeats == nil {
		a := c.params.int(0, 0)
		if r == 0 || a < -int64(r) || a >= int64(r) {
			return
		}
		repeats = make([]int64, r)
		for i := range repeats {
			repeats[i] = 1
		}
		repeats[(a+int64(r))%int64(r)] = c.params.int(1, 1)
	}
	c.n.Attrs = &graph.ReshapeAttrs{Shape: repeats}
	if r > 0 {
		c.out(max(r, int8(min(len(repeats), 4))))
	}
}

// slice cuts into parts; -233 is an equal share of the rest.
func slice(c *call) {
	a := &graph.SplitAttrs{Axis: int(c.params.int(1, 0))}
	c.op(graph.Split, a)
	sizes := c.params.ints(0)
	if at := c.params.ints(2); at != nil { // cut positions
		a.Points = at
		return
	}
	rest := 0
	for _, s := range sizes {
		if s == -233 {
			rest++
		}
	}
	if rest == len(sizes) {
		return
	}
	if rest > 1 { // shares of what the stated parts leave: not a canonical split
		c.n.Op, c.n.Attrs = graph.Unknown, nil
		return
	}
	for _, s := range sizes {
		if s == -233 {
			s = -1
		}
		a.Sizes = append(a.Sizes, s)
	}
}

// crop has starts, ends and axes (9, 10, 11), or offsets and sizes per letter;
// -233 as a size is all but the second offset.
func crop(c *call) {
	starts, ends := c.params.ints(9), c.params.ints(10)
	if starts != nil && ends != nil {
		a := &graph.SliceAttrs{Starts: starts, Ends: ends, Steps: make([]int64, len(starts))}
		for i := range a.Steps {
			a.Steps[i] = 1
		}
		for i, e := range a.Ends {
			if e == -233 {
				a.Ends[i] = math.MaxInt64
			}
		}
		axes := c.params.ints(11)
		for i := range starts {
			if axes == nil {
				a.Axes = append(a.Axes, i)
			} else if i < len(axes) {
				a.Axes = append(a.Axes, int(axes[i]))
			}
		}
		c.op(graph.Slice, a)
		return
	}
	p := c.params
	a := &graph.CropAttrs{HasReference: len(c.n.Inputs) > 1}
	offsets := []int64{p.int(2, 0), p.int(13, 0), p.int(1, 0), p.int(0, 0)}
	sizes := []int64{p.int(5, 0), p.int(14, 0), p.int(4, 0), p.int(3, 0)}
	tails := []int64{p.int(8, 0), p.int(15, 0), p.int(7, 0), p.int(6, 0)}
	for i := range sizes {
		if sizes[i] == -233 || sizes[i] == 0 {
			sizes[i] = -1
		}
	}
	rank := int(c.rank(0))
	if rank == 0 {
		rank = 3
	}
	keep := [][]int{{3}, {2, 3}, {0, 2, 3}, {0, 1, 2, 3}}[min(max(rank, 1), 4)-1]
	for _, i := range keep {
		a.Offsets = append(a.Offsets, offsets[i])
		a.Sizes = append(a.Sizes, sizes[i])
		a.End = append(a.End, tails[i])
	}
	c.op(graph.Crop, a)
}

var padModes = []string{"constant", "edge", "reflect"}

// padding pads h and w, and the outer axis where front or behind is set.
func padding(c *call) {
	p := c.params
	a := &graph.PadAttrs{
		Begin: []int64{p.int(7, 0), p.int(0, 0), p.int(2, 0)},
		End:   []int64{p.int(8, 0), p.int(1, 0), p.int(3, 0)},
		Axes:  []int{-3, -2, -1},
		Mode:  "constant",
	}
	if k := p.int(4, 0); k >= 0 && k < int64(len(padModes)) {
		a.Mode = padModes[k]
	}
	first := 0
	if a.Begin[0] == 0 && a.End[0] == 0 {
		first = 1
	}
	if c.rank(0) == 1 {
		first = 2
	}
	a.Begin, a.End, a.Axes = a.Begin[first:], a.End[first:], a.Axes[first:]
	c.op(graph.Pad, a)
	if n := p.int(6, 0); n > 0 {
		c.floats("per_channel_pad", n)
	}
}

// interp resizes to fixed sizes (3, 4), by scales (1, 2), or to the size of a
// second input (5).
func interp(c *call) {
	a := &graph.ResizeAttrs{Mode: "linear", Data: graph.CHW(2)}
	switch c.params.int(0, 0) {
	case 1:
		a.Mode = "nearest"
	case 3:
		a.Mode = "cubic"
	}
	h, w := c.params.int(3, 0), c.params.int(4, 0)
	switch {
	case c.params.int(5, 0) != 0 && len(c.n.Inputs) > 1:
		a.Reference = true
	case h > 0 && w > 0:
		a.Sizes = []int64{h, w}
	default:
		a.Scales = []float64{c.params.float(1, 1), c.params.float(2, 1)}
	}
	c.op(graph.Resize, a)
	switch c.rank(0) {
	case 1: // channels of one pixel
		c.out(3)
	case 2: // its rows alone
		a.Data = graph.CHW(1)
		a.Sizes, a.Scales = a.Sizes[len(a.Sizes)/2:], a.Scales[len(a.Scales)/2:]
	}
}

func shuffle(c *call) {
	c.op(graph.ChannelShuffle, &graph.GroupAttrs{Groups: c.params.int(0, 1)})
}

func block(c *call, op graph.Op) {
	c.op(op, &graph.BlockAttrs{Block: c.params.int(0, 1), Data: graph.CHW(2)})
}

var reductions = []graph.Op{
	graph.ReduceSum, graph.ReduceL1, graph.ReduceSumSquare, graph.ReduceMean, graph.ReduceMax, graph.ReduceMin,
	graph.ReduceProd, graph.ReduceL1, graph.ReduceL2, graph.ReduceLogSum, graph.ReduceLogSumExp,
}

func reduction(c *call) {
	kind := c.params.int(0, 0)
	if kind < 0 || kind >= int64(len(reductions)) {
		c.out(0)
		return
	}
	a := &graph.ReduceAttrs{KeepDims: c.params.int(4, 0) != 0}
	if c.params.int(1, 1) == 0 {
		a.Axes = []int{}
		for _, x := range c.params.ints(3) {
			a.Axes = append(a.Axes, int(x))
		}
	}
	c.op(reductions[kind], a)
	switch r := c.rank(0); {
	case a.KeepDims || r == 0:
	case a.Axes == nil || len(a.Axes) == int(r): // a vector of one element, not a scalar
		c.out(1)
		for _, id := range c.n.Outputs {
			c.b.g.Tensors[id].Shape = graph.ShapeOf(1)
		}
	default:
		c.out(max(r-int8(len(a.Axes)), 1))
	}
}

func argMax(c *call) {
	c.op(graph.ArgMax, &graph.ReduceAttrs{})
	c.out(1)
}

// priorBox counts its priors per cell as the runtime does: each smallest size
// alone, with a largest size, and with each aspect ratio (twice when flipped).
func priorBox(c *call) {
	p := c.params
	smallest, largest, ratios := int64(len(p.ints(0))), int64(len(p.ints(1))), int64(len(p.ints(2)))
	a := &graph.PriorBoxAttrs{Data: graph.CHW(2)}
	c.op(graph.PriorBox, a)
	if len(c.n.Inputs) == 1 && p.int(9, 0) == -233 && p.int(10, 0) == -233 && largest == 0 {
		// MXNet's form: a vector, which the canonical operator does not give.
		c.n.Op, c.n.Attrs = graph.Unknown, nil
		c.out(1)
		return
	}
	a.PriorsPerCell = smallest*ratios + smallest + largest
	if p.int(7, 1) != 0 {
		a.PriorsPerCell += smallest * ratios
	}
	c.out(2)
}

func detectionOutput(c *call) {
	a := &graph.NMSAttrs{Classes: c.params.int(0, 0)}
	if c.kind == "DetectionOutput" {
		a.KeepTopK = c.params.int(3, 100)
	}
	c.op(graph.DetectionOutput, a)
	c.out(2)
	for _, id := range c.n.Outputs { // label, score, box: the number depends on data
		c.b.g.Tensors[id].Shape = graph.ShapeOf(-1, 6)
	}
}

func roi(c *call, op graph.Op) {
	a := &graph.RoiAttrs{PooledWidth: c.params.int(0, 0), PooledHeight: c.params.int(1, 0), SamplingRatio: c.params.int(3, 0), Data: graph.CHW(2)}
	if c.kind == "PSROIPooling" {
		a.SamplingRatio, a.Channels = 0, c.params.int(3, 0)
	}
	c.op(op, a)
	c.out(3)
}

func gridSample(c *call) {
	c.op(graph.GridSample, &graph.LayoutAttrs{Data: graph.CHW(2)})
}

// spectrogram makes of a signal its spectrum over time, complex with power
// (parameter 1) 0; the inverse gives complex values with returns (1) 0.
func spectrogram(c *call, inverse bool) {
	length := c.params.int(0, 0)
	a := &graph.SpectralAttrs{
		Length: length, Hop: c.params.int(2, length/4), OneSided: inverse || c.params.int(8, 1) != 0, Inverse: inverse,
		Pairs: c.params.int(1, 0) == 0, Framed: true, BinsFirst: true, Centred: c.params.int(5, 1) != 0,
	}
	c.op(graph.SpectralTransform, a)
	rank := int8(2)
	if inverse {
		rank = 1
	}
	if a.Pairs {
		rank++
	}
	c.out(rank)
}
