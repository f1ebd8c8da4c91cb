package coreml

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/jsonfmt"
)

// A compiled neural network (.mlmodelc of specification versions before ML
// Programs) is a JSON of layers, model.espresso.net, one of the shapes of all
// values, .espresso.shape, and weights: a u64 count, (u64 id, u64 size) of each
// blob, then the blobs. Facts: lutzroeder/netron espresso.js.

// isEspresso recognises the list of layers.
func isEspresso(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{' && bytes.Contains(b, []byte(`"layers"`)) && bytes.Contains(b, []byte(`"top"`)) && bytes.Contains(b, []byte(`"bottom"`)) &&
		(bytes.Contains(b, []byte(`"format_version"`)) || bytes.Contains(b, []byte(`"transform_params"`)) || bytes.Contains(b, []byte(`.espresso.weights"`)))
}

// isEspressoShape recognises the shapes.
func isEspressoShape(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return len(b) > 0 && b[0] == '{' && bytes.Contains(b[:min(len(b), 4096)], []byte(`"layer_shapes"`))
}

// espressoParts are the files beside the list of layers.
func espressoParts(name string) []string {
	stem := strings.TrimSuffix(name, ".net")
	return []string{stem + ".shape", stem + ".weights"}
}

// espressoLayer is one layer: the fields that convolutions and products use, and
// all of them by name.
type espressoLayer struct {
	Type, Name, Top, Bottom string
	C, K, Nx, Ny, NC, NB    int64
	Groups                  int64 `json:"n_groups"`
	StrideX                 int64 `json:"stride_x"`
	StrideY                 int64 `json:"stride_y"`
	PadL                    int64 `json:"pad_l"`
	PadR                    int64 `json:"pad_r"`
	PadT                    int64 `json:"pad_t"`
	PadB                    int64 `json:"pad_b"`
	PadMode                 int64 `json:"pad_mode"`
	SizeX                   int64 `json:"size_x"`
	SizeY                   int64 `json:"size_y"`
	AvgOrMax                int64 `json:"avg_or_max"`
	IsGlobal                int64 `json:"is_global"`
	HasRelu                 int64 `json:"has_relu"`
	FusedRelu               int64 `json:"fused_relu"`
	HasTanh                 int64 `json:"has_tanh"`
	blobs                   map[string]int64
}

func (p *parser) espresso() (*graph.Model, error) {
	var net struct {
		Storage string            `json:"storage"`
		Version json.Number       `json:"format_version"`
		Layers  []json.RawMessage `json:"layers"`
	}
	if err := jsonfmt.Unmarshal(p.in.Data, &net, "model.espresso.net"); err != nil {
		return nil, err
	}
	if len(net.Layers) == 0 || len(net.Layers) > p.limits.Nodes {
		return nil, format.Errorf(format.ErrLimit, -1, "%d layers", len(net.Layers))
	}
	p.model.FormatVersion = "espresso " + p.text([]byte(net.Version.String()))
	parts := espressoParts(p.in.Name)
	if net.Storage != "" {
		parts[1] = net.Storage
	}
	shapes, err := p.espressoShapes(parts[0])
	if err != nil {
		return nil, err
	}
	blobs := p.espressoBlobs(parts[1])
	b, err := p.newBuilder(graph.RoleMain, "")
	if err != nil {
		return nil, err
	}
	defer b.close()
	e := &espressoBuilder{builder: b, shapes: shapes, blobs: blobs}
	for i, raw := range net.Layers {
		if err := e.layer(raw); err != nil {
			return nil, fmt.Errorf("layer %d: %w", i, err)
		}
	}
	e.ends()
	return p.model, nil
}

// espressoShapes reads the shapes of values, [n, k, h, w].
func (p *parser) espressoShapes(file string) (map[string]graph.Shape, error) {
	data, ok := p.open(file)
	if !ok {
		return nil, nil
	}
	var s struct {
		Shapes map[string]struct{ N, K, H, W int64 } `json:"layer_shapes"`
	}
	if err := jsonfmt.Unmarshal(data, &s, file); err != nil {
		return nil, err
	}
	out := make(map[string]graph.Shape, len(s.Shapes))
	for name, v := range s.Shapes {
		out[name] = graph.ShapeOf(v.N, v.K, v.H, v.W)
	}
	return out, nil
}

// espressoBlobs reads the table of weights, nil where it is missing or wrong.
func (p *parser) espressoBlobs(file string) map[int64][]byte {
	data, ok := p.open(file)
	if !ok {
		return nil
	}
	word := func(i uint64) uint64 { return binary.LittleEndian.Uint64(data[8*i:]) }
	if len(data) < 8 || word(0) > uint64(len(data))/16 {
		p.lose("%s has no table of blobs", p.text([]byte(file)))
		return nil
	}
	n := word(0)
	out := make(map[int64][]byte, n)
	at := 8 + 16*n
	for i := range n {
		id, size := word(1+2*i), word(2+2*i)
		if at > uint64(len(data)) || size > uint64(len(data))-at {
			p.lose("blob %d of %d bytes lies behind %s", id, size, p.text([]byte(file)))
			return out
		}
		out[int64(id)] = data[at : at+size : at+size]
		at += size
	}
	return out
}
