package executorch

import (
	"encoding/binary"
	"fmt"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

// The payload of XnnpackBackend is no compiled code but a graph of XNNPACK
// operators: a header ("XH00" at offset 4: u16 length, u32 offset and size of
// the FlatBuffer, u32 offset and u64 size of the constants) and a FlatBuffer
// XNNGraph ("XN00", "XN01"). Source: pytorch/executorch
// backends/xnnpack/serialization/runtime_schema.fbs and xnnpack_graph_serialize.py.
// Activations of windows are NHWC, filters OHWI and 1HWC when depthwise.
const xnnpackID = "XnnpackBackend"

// Slots of runtime_schema.fbs.
const (
	xnnNodes          = 1
	xnnValues         = 2
	xnnInputs         = 4
	xnnOutputs        = 5
	xnnConstantBuffer = 6
	xnnConstantData   = 8

	xnodeKind   = 0
	xnodeTable  = 1
	xnodeMinMax = 3

	xvalueKind      = 0
	xvalueTable     = 1
	xvalueQuantised = 2

	xtensorDatatype = 0
	xtensorDims     = 2
	xtensorConst    = 3
	xtensorID       = 6
)

// xnnTypes is enum XNNDatatype.
var xnnTypes = [...]graph.DType{
	1: graph.Float32, 2: graph.Float16, 3: graph.Int8, 4: graph.Uint8, 5: graph.Int32, 6: graph.Int8, 7: graph.Int32, 8: graph.Int4,
	9: graph.Int8, 10: graph.Int4, 11: graph.Int8, 12: graph.Int32, 13: graph.Float32, 14: graph.BFloat16,
}

// xnnOp is a member of union XNodeUnion: its name, canonical operator, and the
// slots of its operands and result.
type xnnOp struct {
	name   string
	op     graph.Op
	in     []int
	out    int
	detail func(flatbuf.Table, *graph.Node, *graph.Graph)
}

var (
	one = []int{0}
	two = []int{0, 1}
	cat = []int{1, 2, 3, 4, 7}
)

// xnnOps is union XNodeUnion, by number.
var xnnOps = [...]xnnOp{
	1: {"XNNAdd", graph.Add, two, 2, nil}, 2: {"XNNFullyConnected", graph.FullyConnected, []int{0, 1, 2}, 3, xnnFullyConnected},
	3: {"XNNSoftmax", graph.Softmax, one, 1, xnnLastAxis}, 4: {"XNNSigmoid", graph.Sigmoid, one, 1, nil}, 5: {"XNNStaticTranspose", graph.Transpose, []int{2}, 3, xnnTranspose},
	6: {"XNNClamp", graph.Clip, one, 1, nil}, 7: {"XNNConv2d", graph.Conv, []int{15, 16, 17}, 18, xnnConv}, 8: {"XNNDiv", graph.Div, two, 2, nil},
	9: {"XNNStaticResizeBilinear2D", graph.Resize, []int{2}, 3, xnnResize}, 10: {"XNNStaticConstantPad", graph.Pad, []int{3}, 4, xnnPad},
	11: {"XNNAvgPooling2d", graph.AveragePool, []int{10}, 11, xnnPool}, 12: {"XNNMinimum", graph.Min, two, 2, nil}, 13: {"XNNDepthwiseConv2d", graph.Conv, []int{15, 16, 17}, 18, xnnConv},
	14: {"XNNMaxPooling2d", graph.MaxPool, []int{10}, 11, xnnPool}, 15: {"XNNMultiply", graph.Mul, two, 2, nil}, 16: {"XNNSubtract", graph.Sub, two, 2, nil},
	17: {"XNNFloor", graph.Floor, one, 1, nil}, 18: {"XNNConvert", graph.Cast, one, 1, xnnConvert}, 19: {"XNNGlobalAvgPooling2d", graph.AveragePool, one, 1, xnnGlobalPool},
	20: {"XNNStaticReshape", graph.Reshape, []int{2}, 3, xnnReshape}, 21: {"XNNArgMaxPooling2d", graph.MaxPool, []int{6}, 7, nil}, 22: {"XNNSquareRoot", graph.Sqrt, one, 1, nil},
	23: {"XNNCeiling", graph.Ceil, one, 1, nil}, 24: {"XNNHardswish", graph.HardSwish, one, 1, nil}, 25: {"XNNLeakyReLU", graph.LeakyRelu, []int{1}, 2, nil},
	26: {"XNNMaximum", graph.Max, two, 2, nil}, 27: {"XNNNegate", graph.Neg, one, 1, nil}, 28: {"XNNSquare", graph.Square, one, 1, nil}, 29: {"XNNELU", graph.Elu, []int{1}, 2, nil},
	30: {"XNNAbs", graph.Abs, one, 1, nil}, 31: {"XNNPReLU", graph.PRelu, two, 2, nil}, 32: {"XNNConcatenate2", graph.Concat, cat[:2], 5, xnnConcat}, 33: {"XNNConcatenate3", graph.Concat, cat[:3], 5, xnnConcat},
	34: {"XNNConcatenate4", graph.Concat, cat[:4], 5, xnnConcat}, 35: {"XNNStaticSlice", graph.Slice, []int{3}, 4, xnnSlice},
	36: {"XNNScaledDotProductAttention", graph.Attention, []int{0, 1, 2, 4}, 5, xnnAttention}, 37: {"XNNBatchMatrixMultiply", graph.MatMul, two, 2, xnnMatMul},
	38: {"XNNConcatenate5", graph.Concat, cat, 5, xnnConcat}, 39: {"XNNConvTranspose2d", graph.ConvTranspose, []int{15, 16, 17}, 18, xnnConv},
	40: {"XNNReciprocalSquareRoot", graph.Rsqrt, one, 1, nil}, 41: {"XNNLog", graph.Log, one, 1, nil}, 42: {"XNNGelu", graph.Gelu, one, 1, nil}, 43: {"XNNTanh", graph.Tanh, one, 1, nil},
	44: {"XNNExp", graph.Exp, one, 1, nil}, 45: {"XNNSin", graph.Sin, one, 1, nil}, 46: {"XNNCopy", graph.Identity, one, 1, nil}, 47: {"XNNCos", graph.Cos, one, 1, nil},
}

// xnnInvalid is the id of an operand left out.
const xnnInvalid = 0xffffffff

// xnnpack is one delegate's graph while it is read.
type xnnpack struct {
	*reader
	fb        *flatbuf.Buffer
	g         *graph.Graph
	ids       map[uint32]graph.TensorID
	constants []byte // what ConstantDataOffset counts from
	inline    flatbuf.Vector
	offsets   flatbuf.Vector
}

// readXnnpack reads a payload into a graph; an error means that it stays opaque.
func (r *reader) readXnnpack(data []byte) (*graph.Graph, error) {
	x := &xnnpack{reader: r, g: &graph.Graph{Role: graph.RoleBody}, ids: map[uint32]graph.TensorID{}}
	body := data
	if flatbuf.Identifier(data) == "XH00" && len(data) >= 30 {
		off, size := uint64(binary.LittleEndian.Uint32(data[10:])), uint64(binary.LittleEndian.Uint32(data[14:]))
		at, n := uint64(binary.LittleEndian.Uint32(data[18:])), binary.LittleEndian.Uint64(data[22:])
		total := uint64(len(data))
		if off > total || size > total-off || at > total || n > total-at {
			return nil, format.Errorf(format.ErrMalformed, -1, "XNNPACK header of a payload of %d bytes", total)
		}
		body, x.constants = data[off:off+size], data[at:at+n]
	}
	if id := flatbuf.Identifier(body); id != "XN00" && id != "XN01" {
		return nil, format.Errorf(format.ErrUnsupported, -1, "XNNPACK payload with identifier %q", id)
	}
	x.fb = flatbuf.New(body)
	root := x.fb.Root()
	x.inline, x.offsets = root.Tables(xnnConstantBuffer), root.Tables(xnnConstantData)
	if err := x.values(root.Tables(xnnValues)); err != nil {
		return nil, err
	}
	x.g.Inputs, x.g.Outputs = x.externals(root.Vector(xnnInputs, 4)), x.externals(root.Vector(xnnOutputs, 4))
	nodes := root.Tables(xnnNodes)
	if err := flatfmt.Count(&r.nodes, nodes.Len(), r.lim.Nodes, "instructions"); err != nil {
		return nil, err
	}
	var single flatfmt.Single
	for i := range nodes.Len() {
		n, err := x.node(nodes.Table(i))
		if err != nil {
			return nil, err
		}
		single.Assign(x.g, &n)
		x.g.Nodes = append(x.g.Nodes, n)
	}
	single.Finish(x.g)
	return x.g, flatfmt.Error(x.fb.Err())
}

func (x *xnnpack) externals(v flatbuf.Vector) []graph.TensorID {
	var out []graph.TensorID
	for i := range v.Len() {
		if id, ok := x.ids[v.Uint32(i)]; ok {
			out = append(out, id)
		}
	}
	return out
}

func (x *xnnpack) values(list flatbuf.Vector) error {
	if err := flatfmt.Count(&x.tensors, list.Len(), x.lim.Tensors, "values"); err != nil {
		return err
	}
	for i := range list.Len() {
		v := list.Table(i)
		t, quant := v.Table(xvalueTable), flatbuf.Table{}
		kind := uint8(0)
		if v.Uint8(xvalueKind, 0) == xvalueQuantised {
			kind, quant = t.Uint8(1, 0), t.Table(2)
			t = t.Table(0)
		}
		id := t.Uint32(xtensorID, 0)
		out := graph.Tensor{Name: fmt.Sprintf("xnn_%d", id), Shape: graph.ShapeOf(t.Vector(xtensorDims, 4).Int64s()...), Quant: xnnQuant(kind, quant)}
		if k := t.Uint16(xtensorDatatype, 0); int(k) < len(xnnTypes) {
			out.DType = xnnTypes[k]
		}
		if k := t.Uint32(xtensorConst, 0); k > 0 {
			out.Const = x.constant(k)
		}
		x.ids[id] = graph.TensorID(len(x.g.Tensors))
		x.g.Tensors = append(x.g.Tensors, out)
	}
	return flatfmt.Error(x.fb.Err())
}

// xnnQuant reads union XNNQuantParams: 1 per channel, 2 per tensor, 4 blockwise.
func xnnQuant(kind uint8, t flatbuf.Table) *graph.Quant {
	switch kind {
	case 1:
		return &graph.Quant{Scales: t.Vector(0, 4).Float32s(), Axis: int(t.Int32(1, 0))}
	case 2:
		return &graph.Quant{Scales: []float32{t.Float32(0, 0)}, ZeroPoints: []int64{int64(t.Int32(1, 0))}}
	case 4:
		return &graph.Quant{Scheme: graph.QuantBlockwise, Axis: int(t.Int32(1, 0)), BlockSize: int64(t.Int32(2, 0))}
	}
	return nil
}

// constant returns constant k: inline, in the payload, or in the program's
// named data.
func (x *xnnpack) constant(k uint32) *graph.Const {
	if int64(k) < int64(x.inline.Len()) {
		if c := flatfmt.View(x.inline.Table(int(k)).Bytes(0)); c != nil {
			return c
		}
	}
	if int64(k) < int64(x.offsets.Len()) {
		t := x.offsets.Table(int(k))
		if key := t.String(2); key != "" {
			if c := x.lookup(key); c != nil {
				return c
			}
			return &graph.Const{StoredBytes: -1, Missing: fmt.Sprintf("named data %q is not in the file", key)}
		}
		off, n := t.Uint64(0, 0), t.Uint64(1, 0)
		if total := uint64(len(x.constants)); off <= total && n <= total-off {
			if c := flatfmt.View(x.constants[off : off+n : off+n]); c != nil {
				return c
			}
		}
	}
	return &graph.Const{StoredBytes: -1, Missing: "constant outside the payload"}
}

func (x *xnnpack) node(t flatbuf.Table) (graph.Node, error) {
	kind := t.Uint8(xnodeKind, 0)
	if err := flatfmt.Error(x.fb.Err()); err != nil {
		return graph.Node{}, err
	}
	if kind == 0 || int(kind) >= len(xnnOps) {
		return graph.Node{SourceOp: fmt.Sprintf("XNode %d", kind)}, nil
	}
	o, p := &xnnOps[kind], t.Table(xnodeTable)
	n := graph.Node{SourceOp: o.name, Op: o.op}
	for _, slot := range o.in {
		id, ok := x.ids[p.Uint32(slot, 0)]
		if !ok || p.Uint32(slot, 0) == xnnInvalid {
			id = graph.NoTensor
		}
		n.Inputs = append(n.Inputs, id)
	}
	for len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == graph.NoTensor {
		n.Inputs = n.Inputs[:len(n.Inputs)-1]
	}
	if id, ok := x.ids[p.Uint32(o.out, 0)]; ok {
		n.Outputs = []graph.TensorID{id}
	}
	if o.detail != nil {
		o.detail(p, &n, x.g)
	}
	if m := t.Table(xnodeMinMax); m.Exists() {
		n.Fused = xnnClamp(m.Float32(0, 0), m.Float32(1, 0))
	}
	return n, nil
}

// xnnClamp names the activation that a range is.
func xnnClamp(lo, hi float32) graph.Op {
	switch {
	case lo == 0 && hi == 6:
		return graph.Relu6
	case lo == -1 && hi == 1:
		return graph.ReluN1To1
	case lo == 0:
		return graph.Relu
	}
	return ""
}

func xnnUints(t flatbuf.Table, slots ...int) []int64 {
	out := make([]int64, len(slots))
	for i, s := range slots {
		out[i] = int64(t.Uint32(s, 0))
	}
	return out
}

func xnnConv(t flatbuf.Table, n *graph.Node, g *graph.Graph) {
	a := &graph.ConvAttrs{Data: graph.NHWC(2), Filter: graph.OHWI(2), Groups: int64(t.Uint32(12, 1))}
	a.PadBegin, a.PadEnd = xnnUints(t, 0, 3), xnnUints(t, 2, 1)
	a.Kernel, a.Strides, a.Dilations = xnnUints(t, 4, 5), xnnUints(t, 6, 7), xnnUints(t, 8, 9)
	switch n.SourceOp {
	case "XNNDepthwiseConv2d":
		a.Depthwise, a.Groups, a.Filter = true, 0, graph.FilterLayout{Out: 3, In: 0, Spatial: []int{1, 2}}
	case "XNNConvTranspose2d":
		a.OutputPadding = xnnUints(t, 13, 14)
	}
	n.Attrs = a
}

func xnnPool(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	a := &graph.PoolAttrs{Data: graph.NHWC(2)}
	a.PadBegin, a.PadEnd = xnnUints(t, 0, 3), xnnUints(t, 2, 1)
	a.Kernel, a.Strides = xnnUints(t, 4, 5), xnnUints(t, 6, 7)
	if d := xnnUints(t, 8, 9); d[0] > 0 && d[1] > 0 {
		a.Dilations = d
	}
	n.Attrs = a
}

func xnnGlobalPool(_ flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	n.Attrs = &graph.PoolAttrs{Data: graph.NHWC(2), Global: true}
}

// xnnFullyConnected: flag 1 says that the filter is transposed.
func xnnFullyConnected(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	n.Attrs = &graph.FullyConnectedAttrs{KeepDims: true, TransposedFilter: t.Uint32(4, 0)&1 != 0}
}

func xnnMatMul(_ flatbuf.Table, n *graph.Node, _ *graph.Graph) { n.Attrs = &graph.MatMulAttrs{} }

func xnnLastAxis(_ flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	n.Attrs = &graph.AxisAttrs{Axis: -1}
}

func xnnConcat(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	n.Attrs = &graph.AxisAttrs{Axis: int(int32(t.Uint32(0, 0)))}
}

func xnnTranspose(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	a := &graph.PermAttrs{}
	v := t.Vector(1, 4)
	for i := range v.Len() {
		a.Perm = append(a.Perm, int(v.Int32(i)))
	}
	n.Attrs = a
}

func xnnReshape(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	n.Attrs = &graph.ReshapeAttrs{Shape: t.Vector(1, 4).Int64s()}
}

func xnnResize(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	n.Attrs = &graph.ResizeAttrs{Mode: "linear", Data: graph.NHWC(2), Sizes: xnnUints(t, 0, 1)}
}

func xnnPad(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	n.Attrs = &graph.PadAttrs{Mode: "constant", Begin: t.Vector(0, 4).Int64s(), End: t.Vector(1, 4).Int64s()}
}

// xnnSlice turns offsets and sizes into starts and ends.
func xnnSlice(t flatbuf.Table, n *graph.Node, _ *graph.Graph) {
	a := &graph.SliceAttrs{Starts: t.Vector(1, 4).Int64s(), Ends: t.Vector(2, 4).Int64s()}
	for i := range min(len(a.Starts), len(a.Ends)) {
		a.Ends[i] += a.Starts[i]
		a.Axes, a.Steps = append(a.Axes, i), append(a.Steps, 1)
	}
	n.Attrs = a
}

func xnnConvert(_ flatbuf.Table, n *graph.Node, g *graph.Graph) {
	a := &graph.CastAttrs{}
	if len(n.Outputs) > 0 {
		a.To = g.Tensor(n.Outputs[0]).DType
	}
	if x := g.Tensor(n.Input(0)); x != nil && x.DType.IsFloat() != a.To.IsFloat() {
		n.Op = graph.QuantizeLinear
		if a.To.IsFloat() {
			n.Op = graph.DequantizeLinear
		}
	}
	n.Attrs = a
}

func xnnAttention(_ flatbuf.Table, n *graph.Node, g *graph.Graph) {
	a := &graph.AttentionAttrs{}
	if q := g.Tensor(n.Input(0)); q != nil {
		a.Heads, _ = q.Shape.Dim(1).Value()
		a.HeadDim, _ = q.Shape.Dim(-1).Value()
	}
	n.Attrs = a
}
