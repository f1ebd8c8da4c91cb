package openvino

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// reader makes the model.
type reader struct {
	lim       format.Limits
	model     *graph.Model
	bin       []byte
	hasBin    bool
	constants int
	missing   int
	nodes     int
	tensors   int
}

// port is one end of an edge: layer id and port id.
type port struct{ layer, port string }

// graph reads <layers> and <edges> of a net or body as a graph and returns an
// error or nil; its index is the number of graphs before.
func (r *reader) graph(e *element, role graph.Role, depth int) error {
	if depth > r.lim.Depth {
		return format.Errorf(format.ErrLimit, e.offset, "bodies nested deeper than %d", r.lim.Depth)
	}
	g := &graph.Graph{Name: e.attr("name"), Role: role}
	r.model.Graphs = append(r.model.Graphs, g)
	layers := e.child("layers").all("layer")
	if r.nodes += len(layers); r.nodes > r.lim.Nodes {
		return format.Errorf(format.ErrLimit, e.offset, "more than %d layers", r.lim.Nodes)
	}
	from := map[port]port{}
	for _, x := range e.child("edges").all("edge") {
		from[port{x.attr("to-layer"), x.attr("to-port")}] = port{x.attr("from-layer"), x.attr("from-port")}
	}
	outs := map[port]graph.TensorID{}
	for _, l := range layers {
		for i, p := range l.child("output").all("port") {
			t, err := r.tensor(l, p, i)
			if err != nil {
				return err
			}
			outs[port{l.attr("id"), p.attr("id")}] = add(g, t)
		}
	}
	if r.tensors += len(g.Tensors); r.tensors > r.lim.Tensors {
		return format.Errorf(format.ErrLimit, e.offset, "more than %d tensors", r.lim.Tensors)
	}
	for _, l := range layers {
		if err := r.layer(g, l, from, outs, depth); err != nil {
			return err
		}
	}
	return nil
}

func add(g *graph.Graph, t graph.Tensor) graph.TensorID {
	g.Tensors = append(g.Tensors, t)
	return graph.TensorID(len(g.Tensors) - 1)
}

// tensor is the tensor of output port i of layer l.
func (r *reader) tensor(l, p *element, i int) (graph.Tensor, error) {
	t := graph.Tensor{Name: l.attr("name"), DType: dtype(p.attr("precision"))}
	if names := p.attr("names"); names != "" {
		t.Name, _, _ = strings.Cut(names, ",")
	} else if i > 0 {
		t.Name = fmt.Sprintf("%s:%d", t.Name, i)
	}
	if t.DType == graph.UnknownDType {
		t.DType = dtype(l.attr("precision")) // versions before 10
	}
	dims := p.all("dim")
	sizes := make([]int64, len(dims))
	for k, d := range dims {
		n, err := strconv.ParseInt(strings.TrimSpace(d.text), 10, 64)
		if err != nil {
			return t, format.Errorf(format.ErrMalformed, d.offset, "layer %q: dimension %q", clip(l.attr("name")), clip(d.text))
		}
		sizes[k] = n
	}
	t.Shape = graph.ShapeOf(sizes...)
	if l.attr("type") == "Const" && i == 0 {
		return r.constant(l, t)
	}
	return t, nil
}

// constant gives a Const layer's tensor its value by offset and size.
func (r *reader) constant(l *element, t graph.Tensor) (graph.Tensor, error) {
	d := l.child("data")
	if d == nil { // versions before 10
		d = l.child("blobs").child("custom")
	}
	if e := dtype(d.attr("element_type")); e != graph.UnknownDType {
		t.DType = e
	}
	if s := d.ints("shape"); s != nil {
		t.Shape = graph.ShapeOf(s...)
	}
	t.Const = r.blob(d)
	if n, ok := t.Shape.Elements(); ok && t.Const.Data != nil {
		if want, ok := t.DType.ByteCount(n); ok && want != int64(len(t.Const.Data)) {
			return t, format.Errorf(format.ErrMalformed, l.offset, "constant %q: %d bytes for shape %s of %s", clip(t.Name), len(t.Const.Data), t.Shape, t.DType)
		}
	}
	return t, nil
}

// blob is the value at offset and size of the weights file.
func (r *reader) blob(e *element) *graph.Const {
	r.constants++
	offset, size := e.int("offset", -1), e.int("size", -1)
	c := &graph.Const{StoredBytes: size}
	switch {
	case offset >= 0 && size >= 0 && r.hasBin && offset <= int64(len(r.bin)) && size <= int64(len(r.bin))-offset:
		c.Data = r.bin[offset : offset+size : offset+size]
	case r.hasBin:
		c.Missing = "beyond the end of the weights file"
		r.missing++
	default:
		c.Missing = missing
		r.missing++
	}
	if size < 0 {
		c.StoredBytes = -1
	}
	return c
}

// layer adds the node of a layer.
func (r *reader) layer(g *graph.Graph, l *element, from map[port]port, outs map[port]graph.TensorID, depth int) error {
	id := l.attr("id")
	n := graph.Node{Name: l.attr("name"), SourceOp: l.attr("type")}
	if n.SourceOp == "" {
		return format.Errorf(format.ErrMalformed, l.offset, "layer %q has no type", clip(id))
	}
	for _, p := range l.child("input").all("port") {
		src, ok := from[port{id, p.attr("id")}]
		t, known := outs[src]
		if !ok || !known {
			t = graph.NoTensor
		}
		n.Inputs = append(n.Inputs, t)
	}
	for _, p := range l.child("output").all("port") {
		n.Outputs = append(n.Outputs, outs[port{id, p.attr("id")}])
	}
	if dup := repeated(n.Outputs); dup {
		return format.Errorf(format.ErrMalformed, l.offset, "layer %q: two outputs of one port", clip(id))
	}
	c := &call{r: r, g: g, l: l, d: l.child("data"), n: &n}
	if version := l.attr("version"); version == "" && l.child("data") == nil {
		c.d = l
	}
	c.legacy()
	switch n.SourceOp {
	case "Parameter", "Input":
		n.Op = graph.InputOp
		g.Inputs = append(g.Inputs, n.Outputs...)
	case "Result":
		n.Op = graph.OutputOp
		g.Outputs = append(g.Outputs, n.Inputs...)
	case "Const":
		n.Op = graph.Constant
	default:
		if f, ok := layers[n.SourceOp]; ok {
			f(c)
		} else {
			n.Op = graph.Custom
		}
	}
	for _, body := range []string{"body", "then_body", "else_body"} {
		if b := l.child(body); b != nil {
			n.Subgraphs = append(n.Subgraphs, len(r.model.Graphs))
			if err := r.graph(b, graph.RoleBody, depth+1); err != nil {
				return err
			}
		}
	}
	g.Nodes = append(g.Nodes, n)
	return nil
}

func repeated(ids []graph.TensorID) bool {
	for i := range ids {
		for _, b := range ids[:i] {
			if ids[i] == b {
				return true
			}
		}
	}
	return false
}

// call is one layer being built; d holds its attributes.
type call struct {
	r    *reader
	g    *graph.Graph
	l, d *element
	n    *graph.Node
}

func (c *call) op(op graph.Op, a graph.Attrs) { c.n.Op, c.n.Attrs = op, a }

// shape returns the shape of input i.
func (c *call) shape(i int) graph.Shape {
	if t := c.g.Tensor(c.n.Input(i)); t != nil {
		return t.Shape
	}
	return graph.Shape{}
}

// outRank returns the rank of the first output, 0 if there is none.
func (c *call) outRank() int {
	if len(c.n.Outputs) == 0 {
		return 0
	}
	return c.g.Tensors[c.n.Outputs[0]].Shape.Len()
}

// legacy adds the weights and biases that versions before 10 keep in <blobs>
// of the layer itself as operands.
func (c *call) legacy() {
	blobs := c.l.child("blobs")
	if blobs == nil || c.n.SourceOp == "Const" {
		return
	}
	for _, b := range blobs.children {
		t := graph.Tensor{Name: c.n.Name + "." + b.name, DType: dtype(b.attr("precision"))}
		if t.DType == graph.UnknownDType {
			t.DType = dtype(c.l.attr("precision"))
		}
		t.Const = c.r.blob(b)
		if bits := int64(t.DType.Bits()); bits > 0 && t.Const.StoredBytes >= 0 && t.Const.StoredBytes < 1<<50 {
			t.Shape = graph.ShapeOf(t.Const.StoredBytes * 8 / bits)
		}
		c.n.Inputs = append(c.n.Inputs, add(c.g, t))
	}
}

var dtypes = map[string]graph.DType{
	"f64": graph.Float64, "f32": graph.Float32, "f16": graph.Float16, "bf16": graph.BFloat16, "i64": graph.Int64, "i32": graph.Int32,
	"i16": graph.Int16, "i8": graph.Int8, "i4": graph.Int4, "u64": graph.Uint64, "u32": graph.Uint32, "u16": graph.Uint16, "u8": graph.Uint8,
	"u4": graph.Uint4, "u2": graph.Uint2, "u1": graph.Uint1, "boolean": graph.Bool, "string": graph.String, "f8e4m3": graph.Float8E4M3FN,
	"f8e5m2": graph.Float8E5M2, "f8e8m0": graph.Float8E8M0, "f4e2m1": graph.Float4E2M1,
	"fp64": graph.Float64, "fp32": graph.Float32, "fp16": graph.Float16, "bool": graph.Bool, "bin": graph.Uint1,
}

// dtype reads an element type in either spelling.
func dtype(s string) graph.DType { return dtypes[strings.ToLower(s)] }

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
