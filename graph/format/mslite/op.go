package mslite

import (
	"encoding/binary"
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// activations is enum ActivationType.
var activations = [...]graph.Op{
	1: graph.Relu, 2: graph.Sigmoid, 3: graph.Relu6, 4: graph.Elu, 5: graph.LeakyRelu, 6: graph.Abs, 7: graph.ReluN1To1, 8: graph.Softsign, 9: graph.Softplus,
	10: graph.Tanh, 11: graph.Selu, 12: graph.HardSwish, 13: graph.HardSigmoid, 14: graph.ThresholdedRelu, 15: graph.Identity, 16: graph.Clip, 17: graph.Sign,
	18: graph.Silu, 19: graph.Gelu, 20: graph.Gelu,
}

// reduceModes is enum ReduceMode.
var reduceModes = [...]graph.Op{
	graph.ReduceMean, graph.ReduceMax, graph.ReduceMin, graph.ReduceProd, graph.ReduceSum, graph.ReduceSumSquare, graph.ReduceL1, graph.ReduceAll, graph.ReduceL2,
}

// site is one node while it is read; p is its primitive's table.
type site struct {
	r *reader
	g *graph.Graph
	n *graph.Node
	p flatbuf.Table
}

func (r *reader) translate(g *graph.Graph, n *graph.Node, t flatbuf.Table) {
	kind := t.Uint8(0, 0)
	if kind == 0 || int(kind) >= len(primitives) {
		n.SourceOp = fmt.Sprintf("PrimitiveType %d", kind)
		return
	}
	p := &primitives[kind]
	n.SourceOp, n.Op = p.name, p.op
	s := &site{r: r, g: g, n: n, p: t.Table(1)}
	if p.read != nil {
		p.read(s)
	}
}

func (s *site) long(slot int, def int64) int64 { return s.p.Int64(slot, def) }
func (s *site) longs(slot int) []int64         { return s.p.Vector(slot, 8).Int64s() }
func (s *site) tensor(i int) *graph.Tensor     { return s.g.Tensor(s.n.Input(i)) }
func (s *site) drop(i int)                     { s.n.Inputs = s.n.Inputs[:min(i, len(s.n.Inputs))] }
func toAxes(v []int64) (out []int) {
	for _, x := range v {
		out = append(out, int(x))
	}
	return out
}

// constInts returns a small constant of int32 or int64, nil when operand i is none.
func (s *site) constInts(i int) []int64 {
	t := s.tensor(i)
	if t == nil || t.Const == nil || t.Const.Data == nil || len(t.Const.Data) > 512 {
		return nil
	}
	width := t.DType.Bits() / 8
	if t.DType != graph.Int32 && t.DType != graph.Int64 || len(t.Const.Data)%width != 0 {
		return nil
	}
	out := []int64{}
	for b := t.Const.Data; len(b) > 0; b = b[width:] {
		if width == 4 {
			out = append(out, int64(int32(binary.LittleEndian.Uint32(b))))
		} else {
			out = append(out, int64(binary.LittleEndian.Uint64(b)))
		}
	}
	return out
}

func (s *site) fuse(slot int) {
	if a := s.p.Uint8(slot, 0); a > 0 && int(a) < len(activations) {
		s.n.Fused = activations[a]
	}
}

func fused(s *site) { s.fuse(0) }

// activation's first field is its type.
func activation(s *site) {
	if a := s.p.Uint8(0, 0); a > 0 && int(a) < len(activations) {
		s.n.Op = activations[a]
	}
}

// layout: format 0 is NCHW, 1 NHWC.
func layout(code int32) graph.Layout {
	if code == 0 {
		return graph.NCHW(2)
	}
	return graph.NHWC(2)
}

// window reads padding: mode 0 explicit (up, down, left, right), 1 same, 2 valid.
func window(w *graph.Window, mode uint8, pads []int64) {
	switch mode {
	case 1:
		w.PadMode = graph.PadSameUpper
	case 2:
		w.PadMode = graph.PadValid
	default:
		if len(pads) == 4 {
			w.PadBegin, w.PadEnd = []int64{pads[0], pads[2]}, []int64{pads[1], pads[3]}
		}
	}
}

func conv(s *site) {
	f := s.p.Int32(0, 0)
	a := &graph.ConvAttrs{Data: layout(f), Filter: graph.OHWI(2), Groups: s.long(7, 0), OutChannels: s.long(9, 0)}
	if f == 0 {
		a.Filter = graph.OIHW(2)
	}
	a.Kernel, a.Strides, a.Dilations = s.longs(1), s.longs(2), s.longs(3)
	window(&a.Window, s.p.Uint8(4, 0), s.longs(5))
	s.n.Attrs = a
	s.fuse(10)
}

// convTranspose: filters are [in, kh, kw, out] in NHWC.
func convTranspose(s *site) {
	f := s.p.Int32(0, 0)
	a := &graph.ConvAttrs{Data: layout(f), Filter: graph.FilterLayout{In: 0, Out: 3, Spatial: []int{1, 2}}, Groups: s.long(8, 0), OutChannels: s.long(10, 0)}
	if f == 0 {
		a.Filter = graph.IOHW(2)
	}
	a.Kernel, a.Strides, a.Dilations = s.longs(1), s.longs(2), s.longs(3)
	s.longs(5)
	window(&a.Window, s.p.Uint8(4, 0), s.longs(6))
	a.OutputPadding = s.longs(12)
	s.n.Attrs = a
	s.fuse(11)
}

func pool(s *site) {
	a := &graph.PoolAttrs{Data: layout(s.p.Int32(5, 0)), Global: s.p.Bool(6), Ceil: s.p.Uint8(4, 0) == 1}
	a.Kernel, a.Strides = s.longs(0), s.longs(1)
	window(&a.Window, s.p.Uint8(3, 0), s.longs(2))
	s.n.Attrs = a
	s.fuse(7)
}

func fullConnection(s *site) {
	a := &graph.FullyConnectedAttrs{Axis: 1}
	if s.p.Bool(1) {
		a.Axis = int(s.long(2, 0))
	}
	s.n.Attrs = a
	s.fuse(3)
}

func matMul(s *site) {
	s.n.Attrs = &graph.MatMulAttrs{TransA: s.p.Bool(0), TransB: s.p.Bool(1)}
	s.fuse(2)
}

func attention(s *site) {
	s.n.Attrs = &graph.AttentionAttrs{Heads: s.long(0, 0), HeadDim: s.long(1, 0)}
}

func lstm(s *site) {
	a := &graph.RNNAttrs{Hidden: s.long(3, 0), ExternalInput: s.long(2, 0), TimeAxis: 0, BatchAxis: 1, DirectionAxis: 1, Projection: s.long(9, 0), Directions: 1}
	if s.p.Bool(0) {
		a.Directions = 2
	}
	s.n.Attrs = a
}

func axis(s *site)     { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.long(0, 0))} }
func channels(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: -1} }
func axes(s *site)     { s.n.Attrs = &graph.AxesAttrs{Axes: toAxes(s.longs(0))} }
func softmax(s *site) {
	a := &graph.AxisAttrs{Axis: -1}
	if v := s.longs(0); len(v) > 0 {
		a.Axis = int(v[0])
	}
	s.n.Attrs = a
}
func scale(s *site) {
	s.n.Attrs = &graph.AxisAttrs{Axis: int(s.long(0, 0))}
	s.fuse(1)
}

func layerNorm(s *site) {
	a := &graph.ReduceAttrs{KeepDims: true}
	begin := int(s.long(0, 0))
	if t := s.tensor(0); t != nil && t.Shape.IsRanked() {
		if begin < 0 {
			begin += t.Shape.Len()
		}
		for i := max(begin, 0); i < t.Shape.Len(); i++ {
			a.Axes = append(a.Axes, i)
		}
	} else if begin < 0 && begin > -16 {
		for i := begin; i < 0; i++ {
			a.Axes = append(a.Axes, i)
		}
	} else {
		s.n.Op = graph.MeanVarianceNormalization
	}
	s.n.Attrs = a
}

func groupNorm(s *site) { s.n.Attrs = &graph.GroupAttrs{Groups: s.long(0, 1), Axis: 1} }
func lpNorm(s *site)    { s.n.Attrs = &graph.ReduceAttrs{Axes: []int{int(s.long(0, 0))}, KeepDims: true} }
func l2Norm(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: toAxes(s.longs(0)), KeepDims: true}
	s.fuse(2)
}
func lrn(s *site) { s.n.Attrs = &graph.LRNAttrs{Size: 2*s.long(0, 0) + 1, Axis: -1} }

func reduce(s *site) {
	if k := s.p.Uint8(1, 0); int(k) < len(reduceModes) {
		s.n.Op = reduceModes[k]
	}
	s.n.Attrs = &graph.ReduceAttrs{Axes: toAxes(s.constInts(1)), KeepDims: s.p.Bool(0)}
}

func reduceAll(s *site) { s.n.Attrs = &graph.ReduceAttrs{KeepDims: s.long(0, 0) != 0} }

func argExtreme(s *site) {
	s.n.Attrs = &graph.ReduceAttrs{Axes: []int{int(s.long(0, 0))}, KeepDims: s.p.Bool(3), To: graph.Int32}
}

func topK(s *site)        { s.n.Attrs = &graph.TopKAttrs{Axis: int(s.long(1, 0))} }
func reshape(s *site)     { s.n.Attrs = &graph.ReshapeAttrs{} }
func broadcastTo(s *site) { s.n.Attrs = &graph.ReshapeAttrs{Shape: s.longs(0)} }
func transpose(s *site)   { s.n.Attrs = &graph.PermAttrs{Perm: toAxes(s.constInts(1))} }
func flatten(s *site)     { s.n.Attrs = &graph.FlattenAttrs{Axis: int(s.long(0, 1)), TwoD: true} }
func shapeOp(s *site)     { s.n.Attrs = &graph.ShapeAttrs{To: graph.Int32} }
func gatherND(s *site)    { s.n.Attrs = &graph.GatherAttrs{} }
func unstack(s *site)     { s.n.Attrs = &graph.SplitAttrs{Axis: int(s.long(0, 0))} }
func split(s *site) {
	s.n.Attrs = &graph.SplitAttrs{Axis: int(s.long(2, 0)), Sizes: s.longs(1)}
}

// expandDims has its axis as operand 1.
func expandDims(s *site) { s.n.Attrs = &graph.AxesAttrs{Axes: toAxes(s.constInts(1))} }

// gather has its axis as operand 2.
func gather(s *site) {
	a := &graph.GatherAttrs{}
	if v := s.constInts(2); len(v) == 1 {
		a.Axis = int(v[0])
	}
	s.drop(2)
	s.n.Attrs = a
}

func gatherElements(s *site) {
	a := &graph.AxisAttrs{}
	if v := s.constInts(1); len(v) == 1 && len(s.n.Inputs) == 3 { // x, axis, indices
		a.Axis = int(v[0])
		s.n.Inputs = []graph.TensorID{s.n.Inputs[0], s.n.Inputs[2]}
	}
	s.n.Attrs = a
}

func cumSum(s *site) {
	a := &graph.AxisAttrs{}
	if v := s.constInts(1); len(v) == 1 {
		a.Axis = int(v[0])
	}
	s.n.Attrs = a
}

// fill has the value before the shape.
func fill(s *site) {
	if len(s.n.Inputs) == 2 {
		s.n.Inputs = []graph.TensorID{s.n.Inputs[1], s.n.Inputs[0]}
	}
}

func sparseToDense(s *site) {
	if len(s.n.Inputs) >= 3 {
		in := s.n.Inputs
		s.n.Inputs = append([]graph.TensorID{in[0], in[2], in[1]}, in[3:]...)
	}
}

func stridedSlice(s *site) {
	s.n.Attrs = &graph.StridedSliceAttrs{BeginMask: s.long(0, 0), EndMask: s.long(1, 0), EllipsisMask: s.long(2, 0), NewAxisMask: s.long(3, 0), ShrinkMask: s.long(4, 0)}
}

func tile(s *site) {
	s.longs(0)
	s.n.Attrs = &graph.ReshapeAttrs{}
}

func crop(s *site) {
	s.n.Attrs = &graph.CropAttrs{Axis: int(s.long(0, 0)), Offsets: s.longs(1), HasReference: len(s.n.Inputs) > 1}
}

func pad(s *site) {
	modes := [...]string{"constant", "reflect", "symmetric"}
	a := &graph.PadAttrs{Interleaved: true, Mode: "constant"}
	if k := s.p.Uint8(1, 0); int(k) < len(modes) {
		a.Mode = modes[k]
	}
	if rows := s.p.Table(0).Tables(0); rows.Len() > 0 && len(s.n.Inputs) < 2 {
		for i := range rows.Len() {
			if v := rows.Table(i).Vector(0, 8).Int64s(); len(v) == 2 {
				a.Begin, a.End = append(a.Begin, v[0]), append(a.End, v[1])
			}
		}
	}
	s.n.Attrs = a
}

func block(s *site) {
	s.n.Attrs = &graph.BlockAttrs{Block: s.long(0, 0), Data: layout(s.p.Int32(1, 0))}
}

func resize(s *site) {
	a := &graph.ResizeAttrs{Mode: "linear", Data: layout(s.p.Int32(0, 0))}
	switch s.p.Int8(1, 0) {
	case 1:
		a.Mode = "nearest"
	case 2:
		a.Mode = "cubic"
	}
	if h, w := s.long(2, 0), s.long(3, 0); h > 0 && w > 0 && len(s.n.Inputs) < 2 {
		a.Sizes = []int64{h, w}
	}
	s.n.Attrs = a
}

func glu(s *site) { s.n.Attrs = &graph.AxisAttrs{Axis: int(s.long(0, -1))} }

func rfft(s *site) {
	s.n.Attrs = &graph.SpectralAttrs{Axis: -1, Length: s.long(0, 0), OneSided: true}
}

func roi(s *site) {
	s.n.Attrs = &graph.RoiAttrs{PooledHeight: s.long(0, 0), PooledWidth: s.long(1, 0), Data: graph.NHWC(2)}
}

func detection(s *site) {
	s.p.Vector(2, 4)
	s.n.Attrs = &graph.NMSAttrs{MaxOutputs: s.long(5, 0), MaxPerClass: s.long(6, 0), Classes: s.long(8, 0), CentrePoint: true}
}

func priorBox(s *site) {
	mins, maxs, ratios := len(s.longs(0)), len(s.longs(1)), s.p.Vector(2, 4)
	s.p.Vector(3, 4)
	n := 1
	for i := range ratios.Len() {
		if ratios.Float32(i) != 1 {
			n++
			if s.p.Bool(9) {
				n++
			}
		}
	}
	s.n.Attrs = &graph.PriorBoxAttrs{PriorsPerCell: int64(mins*n + maxs), Data: graph.NHWC(2)}
}

// castTo: the result's tensor has the dtype; operand 1 only states it.
func castTo(s *site) {
	a := &graph.CastAttrs{}
	if len(s.n.Outputs) > 0 {
		a.To = s.g.Tensor(s.n.Outputs[0]).DType
	}
	s.drop(1)
	s.n.Attrs = a
}

// quantCast goes between float and integers by its type ids.
func quantCast(s *site) {
	from, to := typeIDs[int32(s.long(0, 0))], typeIDs[int32(s.long(1, 0))]
	switch {
	case from.IsFloat():
		s.n.Op = graph.QuantizeLinear
	case to.IsFloat():
		s.n.Op = graph.DequantizeLinear
	}
	s.drop(1)
	s.n.Attrs = &graph.CastAttrs{To: to}
}

func constantOfShape(s *site) {
	s.p.Vector(1, 4)
	s.n.Attrs = &graph.ReshapeAttrs{To: typeIDs[int32(s.long(0, 0))]}
}

func formatTranspose(s *site) {
	from, to := s.p.Int32(0, 1), s.p.Int32(1, 1)
	switch {
	case from == 1 && to == 0:
		s.n.Op, s.n.Attrs = graph.Transpose, &graph.PermAttrs{Perm: []int{0, 3, 1, 2}}
	case from == 0 && to == 1:
		s.n.Op, s.n.Attrs = graph.Transpose, &graph.PermAttrs{Perm: []int{0, 2, 3, 1}}
	}
}

func partial(s *site) {
	if i := s.long(0, 0); i >= 0 && i < int64(len(s.r.m.Graphs)) {
		s.n.Subgraphs = []int{int(i)}
	}
}

func custom(s *site) {
	word := flatfmt.Text(s.p.String(0), s.r.lim)
	var size int64
	attrs := s.p.Tables(1)
	for i := range attrs.Len() {
		attrs.Table(i).String(0)
		size += int64(len(attrs.Table(i).Bytes(1)))
	}
	if word != "" {
		s.n.SourceOp = "Custom:" + word
	}
	s.n.Attrs = &graph.CustomAttrs{Domain: word, Bytes: size}
}
