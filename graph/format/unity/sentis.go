package unity

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatbuf"
	"github.com/gaugenn/gaugenn/graph/format/internal/flatfmt"
)

const sentisName = "sentis"

// Fields of program.fbs.
const (
	programVersion, programPlan, programSegments                                 = 0, 1, 3
	planName, planValues, planInputs, planInputNames                             = 0, 1, 2, 3
	planOutputs, planOutputNames, planChains, planOperators, planDims            = 4, 5, 6, 7, 9
	tensorType, tensorBytes, tensorSizes, tensorBuffer, tensorOffset, tensorDims = 0, 1, 2, 3, 4, 6

	valueTensor = 6 // in the union of values
	dimInt      = 1 // in the union of dimensions
	dimParam    = 2
	callKernel  = 1 // in the union of instructions

	newestProgram = 64 // versions known are 1 to 8
	maxSiblings   = 256
)

var scalarTypes = []graph.DType{graph.Float32, graph.Int32, graph.Uint8, graph.Int16}

// Sentis is Unity Sentis' entry in the list of formats.
var Sentis = format.Format{
	Name: sentisName, Title: "Unity Sentis / Inference Engine", Extensions: []string{"sentis"},
	Magic:     "u32 size, then a FlatBuffer with a version and an execution plan",
	Container: "FlatBuffers, one behind the other or in objects of their own",
	Reads:     "Inputs, outputs, layers with kind, connections and shapes, constants with their values.",
	ReadsNot:  "Attributes: layers have no canonical operator and no cost; files of before 1.4.",
	Match:     matchSentis,
	Parse: func(in format.Input) (*graph.Model, error) {
		m, err := parseSentis(in)
		if err != nil {
			return nil, format.In(flatfmt.Error(err), sentisName, in)
		}
		return m, nil
	},
}

func matchSentis(h format.Head) format.Confidence {
	if len(h.Bytes) < 40 {
		return format.No
	}
	n := int64(binary.LittleEndian.Uint32(h.Bytes))
	if n < 36 || h.Size >= 0 && n > h.Size-4 || !flatbuf.PlausibleRoot(h.Bytes[4:], n) {
		return format.No
	}
	// The root is the last table written, and so stands near the beginning.
	b := h.Bytes[4:min(int64(len(h.Bytes)), 4+n)]
	root := int(binary.LittleEndian.Uint32(b))
	if root > 256 || root+4 > len(b) {
		return format.No
	}
	vt := root - int(int32(binary.LittleEndian.Uint32(b[root:])))
	if vt < 0 || vt+8 > len(b) || binary.LittleEndian.Uint16(b[vt:]) > 4+4*2 || binary.LittleEndian.Uint16(b[vt:]) < 4+2*2 {
		return format.No
	}
	version, plan := int(binary.LittleEndian.Uint16(b[vt+4:])), binary.LittleEndian.Uint16(b[vt+6:])
	if version == 0 || plan == 0 || root+version+4 > len(b) {
		return format.No
	}
	if v := binary.LittleEndian.Uint32(b[root+version:]); v == 0 || v > newestProgram {
		return format.No
	}
	return format.Likely
}

// sentis is a model while it is read.
type sentis struct {
	lim    format.Limits
	fb     *flatbuf.Buffer
	g      *graph.Graph
	values flatbuf.Vector
	kinds  []string // of the operators
	dims   []string // names of free dimensions
	chunks []chunk
	single single
}

// chunk is the weights of one segment.
type chunk struct {
	data    []byte
	missing string
}

func parseSentis(in format.Input) (*graph.Model, error) {
	head := format.Head{Name: in.Name, Bytes: in.Data[:min(len(in.Data), format.MaxHead)], Size: int64(len(in.Data))}
	if matchSentis(head) == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "no FlatBuffer of a program behind its size")
	}
	end := 4 + int64(binary.LittleEndian.Uint32(in.Data))
	if end > int64(len(in.Data)) {
		return nil, format.Errorf(format.ErrTruncated, 0, "description of %d bytes in a file of %d", end, len(in.Data))
	}
	p := &sentis{lim: in.Limits.OrDefault(), fb: flatbuf.New(in.Data[4:end]), g: &graph.Graph{}}
	root := p.fb.Root()
	plan := root.Table(programPlan)
	m := &graph.Model{
		Format: sentisName, FormatVersion: strconv.FormatUint(uint64(root.Uint32(programVersion, 0)), 10),
		Producer: flatfmt.Text(plan.String(planName), p.lim), Graphs: []*graph.Graph{p.g},
	}
	if err := p.fb.Err(); err != nil {
		return nil, err
	}
	end, err := p.readChunks(in, root.Tables(programSegments), end, m)
	if err == nil {
		err = p.readPlan(plan)
	}
	switch {
	case err != nil:
		return nil, err
	case p.fb.Err() != nil:
		return nil, p.fb.Err()
	case len(p.g.Nodes) == 0:
		return nil, format.Errorf(format.ErrNotModel, 0, "no layers")
	case in.Trailing:
		m.Length = end
	case end < int64(len(in.Data)):
		return nil, format.Errorf(format.ErrMalformed, end, "%d bytes behind the model", int64(len(in.Data))-end)
	}
	m.Notes = append(m.Notes, graph.Note{Loses: true, Text: "layers are named, their attributes are not read"})
	return m, nil
}

// readChunks finds the weights of the segments: behind the description, or in
// siblings. It returns where the file's own part of the model ends.
func (p *sentis) readChunks(in format.Input, segments flatbuf.Vector, at int64, m *graph.Model) (int64, error) {
	if segments.Len() > 1000 {
		return at, format.Errorf(format.ErrLimit, 0, "%d segments", segments.Len())
	}
	var siblings [][]byte
	var names []string
	for i := range segments.Len() {
		size := segments.Table(i).Uint64(1, 0)
		if data, n := bufferAt(in.Data[at:], size); data != nil {
			p.chunks = append(p.chunks, chunk{data: data})
			at += n
			continue
		}
		if size == 0 {
			p.chunks = append(p.chunks, chunk{})
			continue
		}
		if names == nil {
			names, siblings = p.siblings(in)
		}
		k, several := -1, false
		for j, b := range siblings {
			if data, n := bufferAt(b, size); data != nil && n == int64(len(b)) {
				several, k = k >= 0, j
			}
		}
		if k < 0 || several {
			missing := fmt.Sprintf("weights of segment %d (%d bytes) are in another object", i, size)
			p.chunks = append(p.chunks, chunk{missing: missing})
			m.Notes = append(m.Notes, graph.Note{Loses: true, Text: missing})
			continue
		}
		data, _ := bufferAt(siblings[k], size)
		p.chunks = append(p.chunks, chunk{data: data})
		m.Parts = append(m.Parts, graph.Part{Name: names[k], Found: true, Bytes: int64(len(siblings[k]))})
	}
	return at, nil
}

// siblings are the files beside in that are called like it, but for a number.
func (p *sentis) siblings(in format.Input) (names []string, data [][]byte) {
	names = []string{}
	if in.List == nil {
		return names, nil
	}
	stem, _, _ := strings.Cut(in.Name, "#")
	for _, n := range in.List() {
		if s, _, _ := strings.Cut(n, "#"); s != stem || n == in.Name {
			continue
		}
		b, err := in.Companion(n)
		if err != nil {
			continue
		}
		if names, data = append(names, n), append(data, b); len(names) >= maxSiblings {
			break
		}
	}
	return names, data
}

// bufferAt reads a size and a FlatBuffer of it whose one field holds size bytes.
func bufferAt(b []byte, size uint64) (data []byte, length int64) {
	if len(b) < 16 {
		return nil, 0
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n < 12 || n > int64(len(b))-4 || size > uint64(n) || !flatbuf.PlausibleRoot(b[4:4+n], n) {
		return nil, 0
	}
	fb := flatbuf.New(b[4 : 4+n])
	data = fb.Root().Bytes(0)
	if fb.Err() != nil || uint64(len(data)) != size {
		return nil, 0
	}
	if data == nil {
		data = []byte{}
	}
	return data, 4 + n
}

func (p *sentis) readPlan(plan flatbuf.Table) error {
	p.values = plan.Tables(planValues)
	if p.values.Len() > p.lim.Tensors {
		return format.Errorf(format.ErrLimit, 0, "%d values exceed the limit of %d", p.values.Len(), p.lim.Tensors)
	}
	operators := plan.Tables(planOperators)
	for i := range operators.Len() {
		p.kinds = append(p.kinds, flatfmt.Text(operators.Table(i).String(0), p.lim))
	}
	names := plan.Vector(planDims, 4)
	for i := range names.Len() {
		p.dims = append(p.dims, flatfmt.Text(names.String(i), p.lim))
	}
	// A value is a tensor or an attribute; attributes keep their place as tensors
	// that nothing uses, so that indexes stay those of the file.
	for i := range p.values.Len() {
		t, err := p.tensor(p.values.Table(i), i)
		if err != nil {
			return err
		}
		p.g.Tensors = append(p.g.Tensors, t)
	}
	inputs, outputs := plan.Vector(planInputs, 4), plan.Vector(planOutputs, 4)
	var err error
	if p.g.Inputs, err = p.ids(inputs); err != nil {
		return err
	}
	if p.g.Outputs, err = p.ids(outputs); err != nil {
		return err
	}
	if err := p.readChains(plan.Tables(planChains)); err != nil {
		return err
	}
	p.name(p.g.Inputs, plan.Vector(planInputNames, 4))
	p.name(p.g.Outputs, plan.Vector(planOutputNames, 4))
	p.dropAttributes()
	return nil
}

func (p *sentis) name(ids []graph.TensorID, names flatbuf.Vector) {
	for i, id := range ids {
		if i < names.Len() && id >= 0 {
			p.g.Tensors[id].Name = flatfmt.Text(names.String(i), p.lim)
		}
	}
}

func (p *sentis) ids(list flatbuf.Vector) ([]graph.TensorID, error) {
	out := make([]graph.TensorID, 0, list.Len())
	for i := range list.Len() {
		k := list.Int32(i)
		if k < -1 || int(k) >= p.values.Len() {
			return nil, format.Errorf(format.ErrMalformed, int64(list.Pos()), "value %d of %d", k, p.values.Len())
		}
		if k == -1 {
			out = append(out, graph.NoTensor)
			continue
		}
		out = append(out, graph.TensorID(k))
	}
	return out, nil
}

func (p *sentis) tensor(value flatbuf.Table, i int) (graph.Tensor, error) {
	out := graph.Tensor{Name: strconv.Itoa(i)}
	if value.Uint8(0, 0) != valueTensor {
		return out, nil
	}
	t := value.Table(1)
	if k := int(t.Int8(tensorType, 0)); k >= 0 && k < len(scalarTypes) {
		out.DType = scalarTypes[k]
	}
	sizes, dims := t.Vector(tensorSizes, 4), t.Tables(tensorDims)
	switch {
	case sizes.Len() > 64 || dims.Len() > 64:
		return out, format.Errorf(format.ErrMalformed, int64(t.Pos()), "tensor of rank %d", max(sizes.Len(), dims.Len()))
	case dims.Exists():
		var list []graph.Dim
		for k := range dims.Len() {
			list = append(list, p.dim(dims.Table(k)))
		}
		out.Shape = graph.ShapeOfDims(list...)
	case sizes.Exists():
		var list []graph.Dim
		for k := range sizes.Len() {
			n := sizes.Int32(k)
			if n < 0 {
				return out, format.Errorf(format.ErrMalformed, int64(t.Pos()), "tensor with a dimension of %d", n)
			}
			list = append(list, graph.DimOf(int64(n)))
		}
		out.Shape = graph.ShapeOfDims(list...)
	}
	if k := int(t.Uint32(tensorBuffer, 0)); k > 0 {
		out.Const = p.constant(&out, k-1, int64(t.Int32(tensorOffset, 0)), int64(t.Int32(tensorBytes, 0)))
	}
	return out, nil
}

func (p *sentis) dim(t flatbuf.Table) graph.Dim {
	v := t.Table(1)
	switch t.Uint8(0, 0) {
	case dimInt:
		if n := v.Int32(0, 0); n > 0 {
			return graph.DimOf(int64(n))
		}
	case dimParam:
		if k := int(v.Uint8(0, 0)); k < len(p.dims) && p.dims[k] != "" {
			return graph.SymbolDim(p.dims[k])
		} else {
			return graph.SymbolDim(fmt.Sprintf("d%d", k))
		}
	}
	return graph.Dim{}
}

// constant returns the value of a tensor in segment k. Elements of less than four
// bytes are stored with padding behind the last.
func (p *sentis) constant(t *graph.Tensor, k int, offset, length int64) *graph.Const {
	c := &graph.Const{StoredBytes: length}
	n, ok := t.Shape.Elements()
	size, fits := t.DType.ByteCount(n)
	switch {
	case k >= len(p.chunks):
		c.Missing = fmt.Sprintf("segment %d of %d", k, len(p.chunks))
	case p.chunks[k].missing != "":
		c.Missing = p.chunks[k].missing
	case !ok || !fits || offset < 0 || size > length || offset > int64(len(p.chunks[k].data))-size:
		c.Missing = fmt.Sprintf("%d bytes at %d do not fit shape %s of %s", length, offset, t.Shape, t.DType)
	default:
		c.Data = p.chunks[k].data[offset : offset+size : offset+size]
	}
	if length < 0 {
		c.StoredBytes = -1
	}
	return c
}

func (p *sentis) readChains(chains flatbuf.Vector) error {
	results := 0
	for i := range chains.Len() {
		c := chains.Table(i)
		list := c.Tables(2)
		n := graph.Node{Name: strconv.Itoa(i)}
		var err error
		if n.Inputs, err = p.ids(c.Vector(0, 4)); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("layer %d", i))
		}
		if n.Outputs, err = p.ids(c.Vector(1, 4)); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("layer %d", i))
		}
		if list.Len() == 0 || list.Table(0).Uint8(0, 0) != callKernel {
			continue // a constant that is an output
		}
		if len(p.g.Nodes) >= p.lim.Nodes {
			return format.Errorf(format.ErrLimit, int64(chains.Pos()), "more than %d layers", p.lim.Nodes)
		}
		k := int(list.Table(0).Table(1).Int32(0, 0))
		if k < 0 || k >= len(p.kinds) {
			return format.Errorf(format.ErrMalformed, int64(chains.Pos()), "layer %d: operator %d of %d", i, k, len(p.kinds))
		}
		n.SourceOp = p.kinds[k]
		if err := flatfmt.Count(&results, len(n.Outputs), p.lim.Tensors, "results"); err != nil {
			return err
		}
		if err := p.single.assign(p.g, &n); err != nil {
			return flatfmt.Wrap(err, fmt.Sprintf("layer %d", i))
		}
		p.g.Nodes = append(p.g.Nodes, n)
	}
	p.single.Finish(p.g)
	return nil
}

// single gives every result a tensor of its own.
type single struct {
	flatfmt.Single
	inputs map[graph.TensorID]bool // of the graph, from the first node on
}

// assign takes a node, which may not write what is given: inputs and constants.
func (s *single) assign(g *graph.Graph, n *graph.Node) error {
	if s.inputs == nil {
		s.inputs = map[graph.TensorID]bool{}
		for _, id := range g.Inputs {
			s.inputs[id] = true
		}
	}
	for _, id := range n.Outputs {
		if id >= 0 && (g.Tensors[id].Const != nil || s.inputs[id]) {
			return format.Errorf(format.ErrMalformed, -1, "%q is written, but given", g.Tensors[id].Name)
		}
	}
	s.Assign(g, n)
	return nil
}

// dropAttributes removes the tensors that stand for attributes.
func (p *sentis) dropAttributes() {
	used := make([]bool, len(p.g.Tensors))
	lists := [][]graph.TensorID{p.g.Inputs, p.g.Outputs}
	for i := range p.g.Nodes {
		lists = append(lists, p.g.Nodes[i].Inputs, p.g.Nodes[i].Outputs)
	}
	for _, l := range lists {
		for _, id := range l {
			if id >= 0 {
				used[id] = true
			}
		}
	}
	place, next := make([]graph.TensorID, len(used)), graph.TensorID(0)
	for i := range used {
		if used[i] {
			place[i] = next
			next++
		}
	}
	for _, l := range lists {
		for i, id := range l {
			if id >= 0 {
				l[i] = place[id]
			}
		}
	}
	i := -1
	p.g.Tensors = slices.DeleteFunc(p.g.Tensors, func(graph.Tensor) bool { i++; return !used[i] })
}
