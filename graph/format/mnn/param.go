package mnn

import (
	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// site is one operator while it is read; p is its parameter table.
type site struct {
	r    *reader
	g    *graph.Graph
	n    *graph.Node
	p    flatbuf.Table
	code int32
}

func (s *site) int(slot int, def int32) int64 { return int64(s.p.Int32(slot, def)) }

func intsOf(v flatbuf.Vector) []int {
	var out []int
	for i := range v.Len() {
		out = append(out, int(v.Int32(i)))
	}
	return out
}

func (s *site) axes(slot int) []int { return intsOf(s.p.Vector(slot, 4)) }

func axis(s *site) {
	def := int32(0)
	s.n.Attrs = &graph.AxisAttrs{Axis: int(s.int(0, def))}
}

func lastAxis(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: -1} }

func oneHot(s *site) {
	// operands: indices, depth, on value, off value
	s.n.Attrs = &graph.AxisAttrs{Axis: int(s.int(1, -1))}
}

func cast(s *site) { s.n.Attrs = &graph.CastAttrs{To: dataType(s.p.Int32(1, 0))} }

func toInt8(s *site) { s.n.Attrs = &graph.CastAttrs{To: graph.Int8} }

func binaryOp(s *site) {
	if op, ok := binaryOps[s.p.Int32(0, 0)]; ok {
		s.n.Op = op
	}
	if s.int(2, 0) == 1 {
		s.n.Fused = graph.Relu
	}
}

func unaryOp(s *site) {
	if k := s.int(0, 0); k >= 0 && k < int64(len(unaryOps)) {
		s.n.Op = unaryOps[k]
	}
	s.p.Bytes(2)
}

// reduction takes its axes from the parameter or from operand 1.
func reduction(s *site) {
	if k := s.p.Uint8(0, 0); int(k) < len(reductions) {
		s.n.Op = reductions[k]
	}
	s.n.Attrs = &graph.ReduceAttrs{Axes: s.axes(1), KeepDims: s.p.Bool(3)}
}

// argExtreme: outMaxVal and topK above 1 belong to Caffe's form.
func argExtreme(s *site) {
	if s.int(0, 0) != 0 || s.int(1, 0) > 1 {
		s.n.Op = graph.Unknown
		return
	}
	s.n.Attrs = &graph.ReduceAttrs{Axes: []int{int(s.int(2, 0))}, To: graph.Int32}
}

func relu(s *site) {
	if s.p.Float32(0, 0) != 0 {
		s.n.Op = graph.LeakyRelu
	}
}

func relu6(s *site) {
	if s.p.Float32(0, 0) != 0 || s.p.Float32(1, 6) != 6 {
		s.n.Op = graph.Clip
	}
}

// reshape takes the shape from operand 1 where there is one.
func reshape(s *site) {
	a := &graph.ReshapeAttrs{}
	if len(s.n.Inputs) < 2 {
		a.Shape = s.p.Vector(0, 4).Int64s()
	}
	s.n.Attrs = a
}

// flatten is ONNX's, into two axes, where it states no last axis.
func flatten(s *site) {
	end := int(s.int(1, 0))
	s.n.Attrs = &graph.FlattenAttrs{Axis: int(s.int(0, 0)), EndAxis: end, TwoD: end == 0}
}

func permute(s *site) { s.n.Attrs = &graph.PermAttrs{Perm: s.axes(0)} }

func transpose(s *site) { s.n.Attrs = &graph.PermAttrs{} }

func squeeze(s *site) { s.n.Attrs = &graph.AxesAttrs{Axes: s.axes(0)} }

// expandDims has its axis in operand 1, or in the parameter.
func expandDims(s *site) {
	a := &graph.AxesAttrs{}
	if len(s.n.Inputs) < 2 {
		a.Axes = []int{int(s.int(2, 0))}
	}
	s.n.Attrs = a
}

func gather(s *site) { s.n.Attrs = &graph.GatherAttrs{Axis: int(s.int(3, 0))} }

// gatherV2 has its axis as operand 2, a constant or computed from x's rank.
func gatherV2(s *site) {
	s.n.Attrs = &graph.GatherAttrs{AxisOperand: len(s.n.Inputs) > 2}
}

func gatherND(s *site) { s.n.Attrs = &graph.GatherAttrs{BatchDims: int(s.int(0, 0))} }

// gatherElements has its axis as operand 2.
func gatherElements(s *site) { s.n.Attrs = &graph.AxisAttrs{} }

func cumulative(s *site) { s.n.Attrs = &graph.AxisAttrs{} }

func pack(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.int(1, 0))} }

// unpack has the parameter Axis, not Pack's, which begins with a data type.
func unpack(s *site) { s.n.Attrs = &graph.SplitAttrs{Axis: int(s.int(0, 0))} }

// slice: TensorFlow's sizes have one entry per result, Caffe's (source 0) cut
// points one less; anything else, such as a number of parts, means equal ones.
func slice(s *site) {
	a := &graph.SplitAttrs{Axis: int(s.int(0, 0))}
	switch v := s.p.Vector(1, 4).Int64s(); {
	case len(v) > 1 && len(v) == len(s.n.Outputs):
		a.Sizes = v
	case len(v) > 0 && len(v) == len(s.n.Outputs)-1 && s.p.Uint8(2, 0) == 0:
		a.Points = v
	}
	s.n.Attrs = a
}

func stridedSlice(s *site) {
	if s.int(7, 0) == 1 { // from ONNX: data, starts, ends, axes, steps
		s.n.Op, s.n.Attrs = graph.Slice, &graph.SliceAttrs{}
		return
	}
	s.n.Attrs = &graph.StridedSliceAttrs{BeginMask: s.int(2, 0), EndMask: s.int(3, 0), EllipsisMask: s.int(4, 0), NewAxisMask: s.int(5, 0), ShrinkMask: s.int(6, 0)}
}

// shapeOp is of all axes, or of those from a start (ONNX) to an end.
func shapeOp(s *site) {
	a := &graph.ShapeAttrs{To: graph.Int32, HasEnd: s.p.Bool(2), End: int(s.int(3, 0))}
	if s.p.Bool(0) {
		a.Start = int(s.int(1, 0))
	}
	s.n.Attrs = a
}

func topK(s *site) { s.n.Attrs = &graph.TopKAttrs{Axis: -1} }

func broadcastTo(s *site) { s.n.Attrs = &graph.ReshapeAttrs{} }

func crop(s *site) {
	s.n.Attrs = &graph.CropAttrs{Axis: int(s.int(0, 2)), Offsets: s.p.Vector(1, 4).Int64s(), HasReference: len(s.n.Inputs) > 1}
}

var padModes = [...]string{"constant", "reflect", "symmetric", "edge"}

func padding(s *site) {
	a := &graph.PadAttrs{Interleaved: true, Mode: "constant"}
	if k := s.p.Uint8(0, 0); int(k) < len(padModes) {
		a.Mode = padModes[k]
	}
	s.n.Attrs = a
}

func depthSpace(s *site) {
	a := &graph.BlockAttrs{Block: s.int(0, 0), Data: graph.NCHW(2)}
	if s.r.channelsLast() {
		a.Data = graph.NHWC(2)
	}
	s.n.Attrs = a
}

// channelsLast says that the source's order is NHWC, which the converter keeps
// but for convolutions and what is like them.
func (r *reader) channelsLast() bool { return r.source == sourceTensorFlow || r.source == sourceTFLite }

// spaceBatch has block shape and padding in its parameter.
func spaceBatch(s *site) {
	for slot, name := range []string{"block", "padding"} {
		if b := s.p.Table(slot); b.Exists() && len(s.n.Inputs) == slot+1 {
			d, shape, c := s.r.blob(b)
			s.n.Inputs = append(s.n.Inputs, flatfmt.AddConst(s.g, s.n.Name+"."+name, d, shape, c))
		}
	}
}

// layouts: NCHW and the packed NC4HW4 are one logical order, NHWC and NHWC4 the other.
func channelsLast(format uint8) bool { return format == 1 || format == 3 }

// convertTensor between the logical orders is a transposition of four
// dimensions; within one order only memory is rearranged.
func convertTensor(s *site) {
	from, to := channelsLast(s.p.Uint8(0, 0)), channelsLast(s.p.Uint8(1, 0))
	if from == to {
		return
	}
	x := s.g.Tensor(s.n.Input(0))
	if x != nil && x.Shape.IsRanked() && x.Shape.Len() != 4 {
		return
	}
	s.n.Op = graph.Transpose
	if from {
		s.n.Attrs = &graph.PermAttrs{Perm: []int{0, 3, 1, 2}}
	} else {
		s.n.Attrs = &graph.PermAttrs{Perm: []int{0, 2, 3, 1}}
	}
}

func detectionOutput(s *site) {
	s.n.Attrs = &graph.NMSAttrs{Classes: s.int(0, 0), KeepTopK: max(0, s.int(3, 0))}
}

func detectionPostProcess(s *site) {
	s.n.Attrs = &graph.NMSAttrs{MaxOutputs: max(0, s.int(0, 0)), MaxPerClass: max(0, s.int(2, 0)), Classes: s.int(5, 0), CentrePoint: true}
}

// priorBox counts as Caffe does: one prior per minimum size and aspect ratio
// (flipped ones doubled, 1 always included) and one per maximum size.
func priorBox(s *site) {
	mins, maxs, ratios := s.p.Vector(0, 4).Len(), s.p.Vector(1, 4).Len(), s.p.Vector(2, 4)
	s.p.Vector(3, 4)
	n := 1
	for i := range ratios.Len() {
		if ratios.Float32(i) != 1 {
			n++
			if s.p.Bool(4) {
				n++
			}
		}
	}
	s.n.Attrs = &graph.PriorBoxAttrs{PriorsPerCell: int64(mins*n + maxs), Data: graph.NCHW(2)}
}

func roi(s *site) {
	s.n.Attrs = &graph.RoiAttrs{PooledWidth: s.int(0, 0), PooledHeight: s.int(1, 0), SamplingRatio: max(0, s.int(3, -1)), Data: graph.NCHW(2)}
}

func gridSample(s *site) { s.n.Attrs = &graph.LayoutAttrs{Data: graph.NCHW(2)} }

var interpModes = map[int64]string{1: "nearest", 2: "linear", 3: "cubic", 4: "nearest"}

// interp resizes to given sizes, by given scales or to what operand 1 says.
func interp(s *site) {
	a := &graph.ResizeAttrs{Mode: interpModes[s.int(4, 0)], Data: graph.NCHW(2)}
	if a.Mode == "" {
		a.Mode = "linear"
	}
	w, h := s.int(2, 0), s.int(3, 0)
	sw, sh := float64(s.p.Float32(0, 0)), float64(s.p.Float32(1, 0))
	switch {
	case len(s.n.Inputs) > 1:
	case w > 0 && h > 0:
		a.Sizes = []int64{h, w}
	case sw > 0 && sh > 0:
		a.Scales = []float64{sh, sw}
	}
	s.n.Attrs = a
}

func resizeScale(s *site) {
	s.n.Attrs = &graph.ResizeAttrs{Mode: "linear", Data: graph.NCHW(2), Scales: []float64{float64(s.p.Float32(1, 0)), float64(s.p.Float32(0, 0))}}
}

func extra(s *site) {
	if w := s.p.String(0); w != "" {
		s.n.SourceOp = "Extra:" + flatfmt.Text(w, s.r.lim)
	}
	s.n.Attrs = &graph.CustomAttrs{Domain: flatfmt.Text(s.p.String(1), s.r.lim), Bytes: int64(len(s.p.Bytes(2)))}
}

// refer adds the subgraphs named in the given slots.
func (s *site) refer(slots ...int) {
	for _, slot := range slots {
		if i, ok := s.r.bodies[s.p.String(slot)]; ok && i < len(s.r.m.Graphs) {
			s.n.Subgraphs = append(s.n.Subgraphs, i)
		}
	}
}

func while(s *site) {
	if s.p.Tables(6).Len() > 0 { // LoopParam: a compiled loop of region copies
		s.n.Op = graph.Unknown
		return
	}
	s.refer(0, 1)
	s.n.Attrs = &graph.LoopAttrs{TripCount: -1, Reason: "trip counts are not derived for MNN"}
}

func conditional(s *site) { s.refer(0, 1) }
