package tengine

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

const name = "tengine"

// Format is Tengine's entry in the list of formats.
var Format = format.Format{
	Name:       name,
	Title:      "Tengine",
	Extensions: []string{"tmfile"},
	Magic:      "none: u16 version 1..3 at 0, u32 root offset at 8, verified whole",
	Container:  "own tables with file offsets",
	Reads:      "Nodes with parameters, tensors with shapes, types and quantisation, buffers; NCHW and NHWC.",
	ReadsNot:   "Device partitions (sub_info).",
	Match:      match,
	Parse:      Parse,
}

func match(h format.Head) format.Confidence {
	if len(h.Bytes) < 64 || h.Size >= 0 && h.Size < 64 {
		return format.No
	}
	b := h.Bytes
	main, sub, root := b[0], binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[8:])
	if main < 1 || main > 3 || b[1] != 0 || sub > 9 || binary.LittleEndian.Uint16(b[4:]) > 9 {
		return format.No
	}
	if root < 12 || h.Size >= 0 && int64(root)+16 > h.Size {
		return format.No
	}
	return format.Weak
}

// Parse reads a tmfile; a structure that does not verify is no model.
func Parse(in format.Input) (*graph.Model, error) {
	m, err := parse(in)
	if err != nil {
		return nil, format.In(err, name, in)
	}
	return m, nil
}

func parse(in format.Input) (*graph.Model, error) {
	if match(format.Head{Bytes: in.Data, Size: int64(len(in.Data))}) == format.No {
		return nil, format.Errorf(format.ErrNotModel, 0, "header is not Tengine's")
	}
	f := &file{data: in.Data, lim: in.Limits.OrDefault()}
	root := f.u32(8)
	m := &graph.Model{Format: name, FormatVersion: fmt.Sprintf("%d.%d.%d", f.data[0], f.data[2], f.data[4])}
	if name, ok := f.text(f.at(root, 3)); ok {
		m.Name = name
	}
	if k := f.at(root, 0); k < uint32(len(origins)) {
		m.Producer = origins[k]
	}
	graphs, ok := f.vector(f.at(root, 2))
	if !ok || len(graphs) == 0 || len(graphs) > 64 {
		return nil, format.Errorf(format.ErrNotModel, int64(root), "no subgraphs")
	}
	for _, at := range graphs {
		g, err := f.graph(at)
		if err != nil {
			return nil, err
		}
		m.Graphs = append(m.Graphs, g)
	}
	if f.bad {
		return nil, format.Errorf(format.ErrNotModel, int64(root), "tables outside the file")
	}
	for _, k := range f.unknown {
		m.Notes = append(m.Notes, graph.Note{Text: fmt.Sprintf("operator type %d is not known", k)})
	}
	if f.stripped > 0 {
		m.Notes = append(m.Notes, graph.Note{Loses: true, Text: fmt.Sprintf("%d constants have no value in the file", f.stripped)})
	}
	return m, nil
}

// origins are the formats that a model was converted from.
var origins = []string{"", "tengine", "caffe", "onnx", "mxnet", "tensorflow", "tflite", "darknet", "dla", "ncnn", "megengine", "oneflow"}

// file reads tables by offset. A read outside the file gives 0 and sets bad.
type file struct {
	data     []byte
	lim      format.Limits
	bad      bool
	unknown  []uint32
	stripped int
	nodes    int
	tensors  int
}

func (f *file) u32(at uint32) uint32 {
	if int64(at)+4 > int64(len(f.data)) {
		f.bad = true
		return 0
	}
	return binary.LittleEndian.Uint32(f.data[at:])
}

// at returns word i of the table at an offset.
func (f *file) at(table uint32, i int) uint32 {
	if at := int64(table) + 4*int64(i); at < math.MaxUint32 {
		return f.u32(uint32(at))
	}
	f.bad = true
	return 0
}

// vector returns the words of the vector at an offset; an offset of 0 is an
// empty one.
func (f *file) vector(at uint32) ([]uint32, bool) {
	if at == 0 {
		return nil, true
	}
	n := f.u32(at)
	if f.bad || int64(n) > (int64(len(f.data))-int64(at)-4)/4 {
		f.bad = true
		return nil, false
	}
	out := make([]uint32, n)
	for i := range out {
		out[i] = f.at(at, i+1)
	}
	return out, true
}

// text returns the string of the table at an offset.
func (f *file) text(at uint32) (string, bool) {
	if at == 0 {
		return "", true
	}
	size, data := f.u32(at), f.at(at, 1)
	if f.bad || int64(data)+int64(size) > int64(len(f.data)) || int64(size) > int64(f.lim.TextBytes) {
		f.bad = true
		return "", false
	}
	b := f.data[data : data+size]
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return string(b), true
}

var dataTypes = []graph.DType{graph.Float32, graph.Float16, graph.Int8, graph.Uint8, graph.Int32, graph.Int16}
