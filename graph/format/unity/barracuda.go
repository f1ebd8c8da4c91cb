package unity

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const barracudaName = "barracuda"

// Versions of the layout: shapes of 8 dimensions from 17, metadata from 18, aligned
// weights from 19, weights of half precision from 20.
const (
	barracudaOldest  = 16
	barracudaTexts   = 18
	barracudaAligned = 19
	barracudaTyped   = 20
	alignment        = 16
)

// layerLoad is a layer that only holds constants.
const layerLoad = 255

// Barracuda is Unity Barracuda's entry in the list of formats.
var Barracuda = format.Format{
	Name: barracudaName, Title: "Unity Barracuda", Extensions: []string{"nn"},
	Magic:     "version 16 to 20 as u64, then inputs with names and shapes",
	Container: "own, weights behind",
	Reads:     "Inputs, outputs, layers with kind and connections, constants, producer.",
	ReadsNot:  "Attributes: layers have no canonical operator and no cost.",
	Match:     matchBarracuda,
	Parse: func(in format.Input) (*graph.Model, error) {
		m, err := parseBarracuda(in)
		if err != nil {
			return nil, format.In(err, barracudaName, in)
		}
		return m, nil
	},
}

func matchBarracuda(h format.Head) format.Confidence {
	if len(h.Bytes) < 32 {
		return format.No
	}
	version, inputs := binary.LittleEndian.Uint64(h.Bytes), binary.LittleEndian.Uint32(h.Bytes[8:])
	if version < barracudaOldest || version > barracudaTyped || inputs > 1000 {
		return format.No
	}
	r := reader{b: h.Bytes, at: 12}
	if inputs == 0 {
		return format.Weak
	}
	name := r.text()
	if rank := r.i32(); r.err != nil || name == "" || !printable(name) || rank < 0 || rank > 8 {
		return format.No
	}
	return format.Likely
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] == 0x7F {
			return false
		}
	}
	return true
}

// reader reads little-endian fields one after the other; after an error all are zero.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) take(n int64, what string) []byte {
	if r.err == nil && (n < 0 || n > int64(len(r.b)-r.at)) {
		kind := format.ErrTruncated
		if n < 0 {
			kind = format.ErrMalformed
		}
		r.err = format.Errorf(kind, int64(r.at), "%s of %d bytes, %d left", what, n, len(r.b)-r.at)
	}
	if r.err != nil {
		return nil
	}
	r.at += int(n)
	return r.b[r.at-int(n) : r.at : r.at]
}

func (r *reader) i32() int32 {
	if b := r.take(4, "number"); b != nil {
		return int32(binary.LittleEndian.Uint32(b))
	}
	return 0
}

func (r *reader) i64() int64 {
	if b := r.take(8, "number"); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (r *reader) text() string { return string(r.take(int64(r.i32()), "text")) }

func (r *reader) ints() []int32 {
	b := r.take(4*int64(r.i32()), "list of numbers")
	out := make([]int32, len(b)/4)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

// count reads the length of a list whose elements take least bytes or more.
func (r *reader) count(least, most int, what string) int {
	n := int(r.i32())
	if r.err == nil && (n < 0 || n > (len(r.b)-r.at)/least) {
		r.err = format.Errorf(format.ErrTruncated, int64(r.at), "%d %s in %d bytes", n, what, len(r.b)-r.at)
	}
	if r.err == nil && n > most {
		r.err = format.Errorf(format.ErrLimit, int64(r.at), "%d %s exceed the limit of %d", n, what, most)
	}
	if r.err != nil {
		return 0
	}
	return n
}

func (r *reader) texts(most int) []string {
	out := make([]string, r.count(4, most, "texts"))
	for i := range out {
		out[i] = r.text()
	}
	return out
}

// barracuda is a model while it is read.
type barracuda struct {
	reader
	lim     format.Limits
	version int64
	g       *graph.Graph
	ids     map[string]graph.TensorID
	stored  []stored
	single  single
	length  int64 // of all constants, in elements
}

// stored is where a constant lies, in elements from the start of the weights.
type stored struct {
	id             graph.TensorID
	offset, length int64
}

func parseBarracuda(in format.Input) (*graph.Model, error) {
	head := format.Head{Name: in.Name, Bytes: in.Data[:min(len(in.Data), format.MaxHead)], Size: int64(len(in.Data))}
	if matchBarracuda(head) == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "no version with inputs behind it")
	}
	p := &barracuda{reader: reader{b: in.Data}, lim: in.Limits.OrDefault(), g: &graph.Graph{}, ids: map[string]graph.TensorID{}}
	p.version = p.i64()
	m := &graph.Model{Format: barracudaName, FormatVersion: strconv.FormatInt(p.version, 10), Graphs: []*graph.Graph{p.g}}
	p.inputs()
	outputs := p.texts(p.lim.Tensors)
	for range p.count(12, p.lim.Tensors, "memories") {
		shape, input, output := p.ints(), p.text(), p.text()
		p.setShape(p.tensor(input), shape)
		p.g.Tensors[p.tensor(input)].IsVariable = true
		p.tensor(output)
	}
	for i := range p.count(60, p.lim.Nodes, "layers") {
		if p.layer(); p.err != nil {
			return nil, format.Errorf(p.err.(*format.Error).Kind, p.err.(*format.Error).Offset, "layer %d: %s", i, p.err.(*format.Error).Msg)
		}
	}
	for _, o := range outputs {
		p.g.Outputs = append(p.g.Outputs, p.tensor(o))
	}
	p.single.Finish(p.g)
	p.weights()
	if p.err != nil {
		return nil, p.err
	}
	p.trailer(m)
	switch {
	case len(p.g.Nodes) == 0:
		return nil, format.Errorf(format.ErrNotModel, 0, "no layers")
	case in.Trailing:
		m.Length = int64(p.at)
	case p.at < len(in.Data):
		return nil, format.Errorf(format.ErrMalformed, int64(p.at), "%d bytes behind the model", len(in.Data)-p.at)
	}
	m.Notes = append(m.Notes, graph.Note{Loses: true, Text: "layers are named, their attributes are not read"})
	return m, nil
}

func (p *barracuda) inputs() {
	for range p.count(8, p.lim.Tensors, "inputs") {
		id := p.tensor(p.text())
		p.setShape(id, p.ints())
		p.g.Inputs = append(p.g.Inputs, id)
	}
}

// tensor returns the tensor of that name, a new one at first.
func (p *barracuda) tensor(name string) graph.TensorID {
	name = name[:min(len(name), p.lim.TextBytes)]
	id, ok := p.ids[name]
	if !ok {
		id = graph.TensorID(len(p.g.Tensors))
		p.ids[name] = id
		p.g.Tensors = append(p.g.Tensors, graph.Tensor{Name: name, DType: graph.Float32})
	}
	return id
}

// setShape takes the file's sizes, of which those below 1 are free.
func (p *barracuda) setShape(id graph.TensorID, sizes []int32) {
	if len(sizes) > 8 {
		if p.err == nil {
			p.err = format.Errorf(format.ErrMalformed, int64(p.at), "shape of rank %d", len(sizes))
		}
		return
	}
	dims := make([]graph.Dim, len(sizes))
	for i, n := range sizes {
		if n > 0 {
			dims[i] = graph.DimOf(int64(n))
		}
	}
	p.g.Tensors[id].Shape = graph.ShapeOfDims(dims...)
}

func (p *barracuda) layer() {
	name, kind, activation := p.text(), p.i32(), p.i32()
	for range 5 { // two of no meaning, padding, strides, pool
		p.ints()
	}
	p.take(12, "axis, alpha, beta")
	p.ints()
	n := graph.Node{Name: name[:min(len(name), p.lim.TextBytes)], SourceOp: layerKind(kind, activation)}
	for _, input := range p.texts(p.lim.Tensors) {
		n.Inputs = append(n.Inputs, p.tensor(input))
	}
	for range p.count(24, p.lim.Tensors-len(p.g.Tensors), "constants") {
		id := p.tensor(p.text())
		p.setShape(id, p.ints())
		s := stored{id: id, offset: p.i64()}
		p.i32() // size of an element, always that of a float
		s.length = int64(p.i32())
		if p.err == nil && (s.length < 0 || s.offset < 0) {
			p.err = format.Errorf(format.ErrMalformed, int64(p.at), "constant of %d elements at %d", s.length, s.offset)
		}
		p.g.Tensors[id].Const = &graph.Const{} // until the values are read: nothing may write it
		p.stored = append(p.stored, s)
		p.length += s.length
		n.Inputs = append(n.Inputs, id)
	}
	if len(p.g.Tensors) > p.lim.Tensors && p.err == nil {
		p.err = format.Errorf(format.ErrLimit, int64(p.at), "more than %d tensors", p.lim.Tensors)
	}
	if p.err != nil || kind == layerLoad {
		return
	}
	n.Outputs = []graph.TensorID{p.tensor(name)}
	p.err = p.single.assign(p.g, &n)
	p.g.Nodes = append(p.g.Nodes, n)
}

// weights hands the constants their values.
func (p *barracuda) weights() {
	dtype, size := graph.Float32, int64(4)
	if p.version >= barracudaTyped {
		switch t := p.i32(); t {
		case 0:
		case 1:
			dtype, size = graph.Float16, 2
		default:
			if p.err == nil {
				p.err = format.Errorf(format.ErrUnsupported, int64(p.at), "weights of type %d", t)
			}
		}
	}
	if p.version >= barracudaAligned {
		p.take(int64(alignment-p.at%alignment), "padding")
	}
	if p.length > int64(len(p.b)) && p.err == nil { // also keeps the product from overflowing
		p.err = format.Errorf(format.ErrTruncated, int64(p.at), "weights of %d elements, %d bytes left", p.length, len(p.b)-p.at)
	}
	body := p.take(p.length*size, "weights")
	for _, s := range p.stored {
		t := &p.g.Tensors[s.id]
		t.DType = dtype
		n, ok := t.Shape.Elements()
		if p.err != nil || !ok || n != s.length || s.offset > p.length-s.length {
			t.Const = &graph.Const{StoredBytes: s.length * size, Missing: fmt.Sprintf("%d elements at %d do not fit shape %s", s.length, s.offset, t.Shape)}
			continue
		}
		t.Const = &graph.Const{Data: body[s.offset*size : (s.offset+s.length)*size : (s.offset+s.length)*size], StoredBytes: s.length * size}
	}
}

// trailer reads what the importer says; older files end before it.
func (p *barracuda) trailer(m *graph.Model) {
	end := p.at
	source, version, producer := p.text(), p.text(), p.text()
	pairs := func(keep bool) {
		for range p.count(8, p.lim.Nodes, "notes") {
			k, v := p.text(), p.text()
			if keep && p.err == nil && len(k)+len(v) <= p.lim.TextBytes {
				m.Metadata = append(m.Metadata, graph.KeyValue{Key: k, Value: v})
			}
		}
	}
	if pairs(false); p.version >= barracudaTexts {
		pairs(true)
	}
	if p.err != nil {
		p.at, m.Metadata = end, nil
		return
	}
	m.Producer = producer[:min(len(producer), p.lim.TextBytes)]
	for _, kv := range []graph.KeyValue{{Key: "source", Value: source}, {Key: "source_version", Value: version}} {
		if kv.Value != "" && len(kv.Value) <= p.lim.TextBytes {
			m.Metadata = append(m.Metadata, kv)
		}
	}
}

// layerKind is the name of a layer's kind; an activation of its own goes by its name.
func layerKind(kind, activation int32) string {
	if kind == 50 {
		if s, ok := activations[activation]; ok {
			return s
		}
	}
	if s, ok := layerKinds[kind]; ok {
		return s
	}
	return fmt.Sprintf("layer %d", kind)
}

var layerKinds = map[int32]string{
	0: "Nop", 1: "Dense", 2: "MatMul", 3: "Dense3", 20: "Conv2D", 21: "DepthwiseConv2D", 22: "Conv2DTrans", 23: "Upsample2D", 25: "MaxPool2D",
	26: "AvgPool2D", 27: "GlobalMaxPool2D", 28: "GlobalAvgPool2D", 29: "Border2D", 30: "Conv3D", 32: "Conv3DTrans", 33: "Upsample3D", 35: "MaxPool3D",
	36: "AvgPool3D", 37: "GlobalMaxPool3D", 38: "GlobalAvgPool3D", 39: "Border3D", 50: "Activation", 51: "ScaleBias", 52: "Normalization", 53: "LRN",
	60: "Dropout", 64: "RandomNormal", 65: "RandomUniform", 66: "Multinomial", 67: "OneHot", 68: "TopKIndices", 69: "TopKValues", 70: "NonZero",
	100: "Add", 101: "Sub", 102: "Mul", 103: "Div", 104: "Pow", 110: "Min", 111: "Max", 112: "Mean", 120: "ReduceL1", 121: "ReduceL2", 122: "ReduceLogSum",
	123: "ReduceLogSumExp", 124: "ReduceMax", 125: "ReduceMean", 126: "ReduceMin", 127: "ReduceProd", 128: "ReduceSum", 129: "ReduceSumSquare",
	140: "Greater", 141: "GreaterEqual", 142: "Less", 143: "LessEqual", 144: "Equal", 145: "LogicalOr", 146: "LogicalAnd", 147: "LogicalNot",
	148: "LogicalXor", 149: "Where", 160: "Pad2DReflect", 161: "Pad2DSymmetric", 162: "Pad2DEdge", 163: "ArgMax", 164: "ArgMin", 199: "ConstantOfShape",
	200: "Flatten", 201: "Reshape", 202: "Transpose", 203: "Squeeze", 204: "Unsqueeze", 205: "Gather", 206: "DepthToSpace", 207: "SpaceToDepth",
	208: "Expand", 209: "Resample2D", 210: "Concat", 211: "StridedSlice", 212: "Tile", 213: "Shape", 214: "NonMaxSuppression", 215: "LSTM",
}

var activations = map[int32]string{
	0: "Linear", 1: "Relu", 2: "Softmax", 3: "Tanh", 4: "Sigmoid", 5: "Elu", 6: "Relu6", 7: "LeakyRelu", 8: "Selu", 9: "Swish", 10: "LogSoftmax",
	11: "Softplus", 12: "Softsign", 13: "PRelu", 20: "Hardmax", 21: "HardSigmoid", 100: "Abs", 101: "Neg", 102: "Ceil", 103: "Clip", 104: "Floor",
	105: "Round", 110: "Reciprocal", 111: "Sqrt", 112: "Pow", 113: "Exp", 114: "Log", 200: "Acos", 201: "Acosh", 202: "Asin", 203: "Asinh", 204: "Atan",
	205: "Atanh", 206: "Cos", 207: "Cosh", 208: "Sin", 209: "Sinh", 210: "Tan",
}
