package coreml

import (
	"encoding/json"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// espressoBuilder makes the graph of a compiled network.
type espressoBuilder struct {
	*builder
	shapes map[string]graph.Shape
	blobs  map[int64][]byte
}

// espressoOps are layers that need no attributes to be priced.
var espressoOps = map[string]graph.Op{
	"relu": graph.Relu, "prelu": graph.PRelu, "tanh": graph.Tanh, "sigmoid": graph.Sigmoid, "softmax": graph.Softmax, "concat": graph.Concat, "general_concat": graph.Concat,
	"flatten": graph.Flatten, "reshape": graph.Reshape, "general_slice": graph.Slice, "copy": graph.Identity, "squeeze": graph.Squeeze, "expand_dims": graph.Unsqueeze,
	"activation": graph.UnaryOther, "elementwise": graph.Add,
}

func (e *espressoBuilder) layer(raw json.RawMessage) error {
	var l espressoLayer
	var all map[string]json.RawMessage
	if err := json.Unmarshal(raw, &l); err != nil {
		return format.Errorf(format.ErrMalformed, -1, "layer: %v", err)
	}
	if err := json.Unmarshal(raw, &all); err != nil {
		return format.Errorf(format.ErrMalformed, -1, "layer: %v", err)
	}
	l.blobs = blobsOf(all)
	n := graph.Node{Name: e.p.text([]byte(l.Name)), SourceOp: e.p.text([]byte(l.Type))}
	for _, name := range strings.Split(l.Bottom, ",") {
		if name == "" {
			continue
		}
		id, err := e.value(name, false)
		if err != nil {
			return err
		}
		n.Inputs = append(n.Inputs, id)
	}
	for _, name := range strings.Split(l.Top, ",") {
		if name == "" {
			continue
		}
		id, err := e.value(name, true)
		if err != nil {
			return err
		}
		n.Outputs = append(n.Outputs, id)
	}
	if err := e.translate(&n, &l); err != nil {
		return err
	}
	switch {
	case l.HasRelu+l.FusedRelu > 0:
		n.Fused = graph.Relu
	case l.HasTanh > 0:
		n.Fused = graph.Tanh
	}
	return e.node(n)
}

// value returns the tensor of a name; what a layer writes again is a new one.
func (e *espressoBuilder) value(name string, write bool) (graph.TensorID, error) {
	t := graph.Tensor{DType: graph.Float32, Shape: e.shapes[name]}
	if write {
		return e.define(name, t)
	}
	id, err := e.resolve(name)
	if err == nil && !e.g.Tensors[id].Shape.IsRanked() {
		e.g.Tensors[id].DType, e.g.Tensors[id].Shape = t.DType, t.Shape
	}
	return id, err
}

// blobsOf gathers the ids of a layer's blobs: fields that begin with "blob_",
// and those of the object "weights".
func blobsOf(all map[string]json.RawMessage) map[string]int64 {
	out := map[string]int64{}
	take := func(key string, raw json.RawMessage) {
		var id int64
		if json.Unmarshal(raw, &id) == nil {
			out[key] = id
		}
	}
	for k, v := range all {
		if rest, ok := strings.CutPrefix(k, "blob_"); ok {
			take(rest, v)
		}
	}
	var inner map[string]json.RawMessage
	if json.Unmarshal(all["weights"], &inner) == nil {
		for k, v := range inner {
			take(k, v)
		}
	}
	return out
}

// weightWords are the names that a filter has by its type.
var weightWords = []struct {
	word  string
	dtype graph.DType
}{{"weights", graph.Float32}, {"weights_f16", graph.Float16}, {"W_S8", graph.Int8}, {"W_int8", graph.Int8}, {"W_t_int8", graph.Int8}}

// constant appends a blob as an operand of the given leading dimensions; the last
// one follows from its size where last is 0.
func (e *espressoBuilder) constant(n *graph.Node, name string, id int64, dt graph.DType, dims ...int64) error {
	data, ok := e.blobs[id]
	t := graph.Tensor{Name: name, DType: dt, Const: &graph.Const{StoredBytes: -1, Missing: "weights are not there"}}
	elems := int64(1)
	for _, d := range dims {
		if d <= 0 || elems > 1<<40/max(d, 1) {
			elems = 0
			break
		}
		elems *= d
	}
	if ok && elems > 0 && int64(len(data)) == elems*int64(dt.Bits()/8) {
		t.Shape, t.Const = graph.ShapeOf(dims...), &graph.Const{Data: data, StoredBytes: int64(len(data))}
	} else if ok {
		t.Shape, t.Const = graph.ShapeOf(int64(len(data))/int64(dt.Bits()/8)), &graph.Const{StoredBytes: int64(len(data)), Missing: "stored in an order of its own"}
	} else if elems > 0 {
		t.Shape = graph.ShapeOf(dims...)
	}
	tid, err := e.add("", t, true)
	n.Inputs = append(n.Inputs, tid)
	return err
}

// filter appends the layer's filter, if it has one, and says so.
func (e *espressoBuilder) filter(n *graph.Node, l *espressoLayer, dims func(elems int64) []int64) (bool, error) {
	for _, w := range weightWords {
		id, ok := l.blobs[w.word]
		if !ok {
			continue
		}
		return true, e.constant(n, l.Name+"."+w.word, id, w.dtype, dims(int64(len(e.blobs[id]))/int64(w.dtype.Bits()/8))...)
	}
	return false, nil
}

func (e *espressoBuilder) translate(n *graph.Node, l *espressoLayer) error {
	n.Op = espressoOps[l.Type]
	switch l.Type {
	case "convolution", "deconvolution":
		groups := max(l.Groups, 1)
		has, err := e.filter(n, l, func(elems int64) []int64 {
			in := l.K / groups
			if l.C > 0 && l.Nx > 0 && l.Ny > 0 && elems > 0 && l.C < 1<<24 && l.Nx < 1<<12 && l.Ny < 1<<12 {
				in = elems / (l.C * l.Nx * l.Ny)
			}
			if l.Type == "deconvolution" {
				return []int64{l.K, l.C / groups, l.Ny, l.Nx}
			}
			return []int64{l.C, in, l.Ny, l.Nx}
		})
		if err != nil || !has {
			return err
		}
		a := &graph.ConvAttrs{Data: graph.NCHW(2), Filter: graph.OIHW(2), Groups: groups, Window: espressoWindow(l, l.Nx, l.Ny)}
		n.Op, n.Attrs = graph.Conv, a
		if l.Type == "deconvolution" {
			n.Op, a.Filter = graph.ConvTranspose, graph.IOHW(2)
		}
		return e.bias(n, l, l.C)
	case "inner_product":
		has, err := e.filter(n, l, func(int64) []int64 { return []int64{l.NC, l.NB} })
		if err != nil || !has {
			return err
		}
		n.Op, n.Attrs = graph.FullyConnected, &graph.FullyConnectedAttrs{Axis: 1, OutFeatures: l.NC}
		return e.bias(n, l, l.NC)
	case "pool":
		n.Op = graph.MaxPool
		if l.AvgOrMax == 0 {
			n.Op = graph.AveragePool
		}
		n.Attrs = &graph.PoolAttrs{Data: graph.NCHW(2), Global: l.IsGlobal > 0, Window: espressoWindow(l, l.SizeX, l.SizeY)}
	case "batchnorm", "batch_norm":
		n.Op, n.Attrs = graph.BatchNormalization, &graph.AxisAttrs{Axis: 1}
		if id, ok := l.blobs["batchnorm_params"]; ok {
			return e.constant(n, l.Name+".params", id, graph.Float32, 4, l.C)
		}
	case "softmax", "concat", "general_concat":
		n.Attrs = &graph.AxisAttrs{Axis: 1}
	case "reshape":
		n.Attrs = &graph.ReshapeAttrs{}
	}
	return nil
}

func (e *espressoBuilder) bias(n *graph.Node, l *espressoLayer, size int64) error {
	if id, ok := l.blobs["biases"]; ok {
		return e.constant(n, l.Name+".biases", id, graph.Float32, size)
	}
	return nil
}

// espressoWindow is the window of a layer; pad_mode 1 is "same".
func espressoWindow(l *espressoLayer, kx, ky int64) graph.Window {
	w := graph.Window{Kernel: []int64{ky, kx}, Strides: []int64{max(l.StrideY, 1), max(l.StrideX, 1)}, PadBegin: []int64{l.PadT, l.PadL}, PadEnd: []int64{l.PadB, l.PadR}}
	if l.PadMode == 1 {
		w.PadMode, w.PadBegin, w.PadEnd = graph.PadSameUpper, nil, nil
	}
	return w
}

// ends sets the inputs, which no layer writes, and the outputs, which none reads.
func (e *espressoBuilder) ends() {
	read := make([]bool, len(e.g.Tensors))
	for i := range e.g.Nodes {
		for _, id := range e.g.Nodes[i].Inputs {
			read[id] = true
		}
	}
	for id := range e.g.Tensors {
		switch {
		case e.g.Tensors[id].Const != nil:
		case !e.written[id]:
			e.g.Inputs = append(e.g.Inputs, graph.TensorID(id))
		case !read[id]:
			e.g.Outputs = append(e.g.Outputs, graph.TensorID(id))
		}
	}
}
