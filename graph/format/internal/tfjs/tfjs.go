// Package tfjs reads the container of TensorFlow.js models: a model.json that
// holds a topology (a GraphDef as JSON, or a Keras configuration) and lists the
// weights with names, types and shapes, and shards of their values beside it.
// Apps ship them in the folders of their web views.
//
// Source: tensorflow/tfjs, tfjs-core/src/io/types.ts (ModelJSON,
// WeightsManifestConfig) and io_utils.ts.
package tfjs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/jsonfmt"
)

// Kind says what a model.json's topology is.
type Kind uint8

// The kinds of topology.
const (
	None Kind = iota
	// Graph is a GraphDef as JSON.
	Graph
	// Layers is a Keras configuration.
	Layers
)

var (
	graphKey  = regexp.MustCompile(`"modelTopology"\s*:\s*\{\s*"(node|library|versions)"`)
	layersKey = regexp.MustCompile(`"modelTopology"\s*:\s*\{\s*"(keras_version|backend|model_config|class_name|config)"`)
)

// Match says by its first bytes what kind of model.json a file is.
func Match(b []byte) Kind {
	b = bytes.TrimLeft(b, "\ufeff \t\r\n")
	if len(b) == 0 || b[0] != '{' || !bytes.Contains(b, []byte(`"modelTopology"`)) && !bytes.Contains(b, []byte(`"weightsManifest"`)) {
		return None
	}
	switch {
	case bytes.Contains(b, []byte(`"graph-model"`)), graphKey.Match(b):
		return Graph
	case bytes.Contains(b, []byte(`"layers-model"`)), layersKey.Match(b):
		return Layers
	}
	return None
}

// Model is a model.json with its weights.
type Model struct {
	Format      string          `json:"format"`
	GeneratedBy string          `json:"generatedBy"`
	ConvertedBy string          `json:"convertedBy"`
	Topology    json.RawMessage `json:"modelTopology"`
	Signature   json.RawMessage `json:"signature"`
	User        struct {
		Signature json.RawMessage `json:"signature"`
	} `json:"userDefinedMetadata"`
	Manifest []group `json:"weightsManifest"`
	// Weights are the tensors in file order.
	Weights []graph.Tensor `json:"-"`
	// Parts are the shards.
	Parts []graph.Part `json:"-"`
	// Notes say which are missing.
	Notes []graph.Note `json:"-"`
}

// Sign returns the signature, which older converters keep among the user's words.
func (m *Model) Sign() json.RawMessage {
	if len(m.Signature) > 0 {
		return m.Signature
	}
	return m.User.Signature
}

// group is a list of weights whose values follow each other in its shards.
type group struct {
	Paths   []string `json:"paths"`
	Weights []spec   `json:"weights"`
}

type spec struct {
	Name         string  `json:"name"`
	Shape        []int64 `json:"shape"`
	DType        string  `json:"dtype"`
	Quantization *struct {
		DType string  `json:"dtype"`
		Scale float64 `json:"scale"`
		Min   float64 `json:"min"`
	} `json:"quantization"`
}

var dtypes = map[string]graph.DType{
	"float32": graph.Float32, "float16": graph.Float16, "int32": graph.Int32, "bool": graph.Bool, "uint8": graph.Uint8, "uint16": graph.Uint16, "string": graph.String, "complex64": graph.Complex64, "int8": graph.Int8,
}

// Read parses the file and opens its shards.
func Read(in format.Input) (*Model, error) {
	lim := in.Limits.OrDefault()
	m := &Model{}
	if err := jsonfmt.Unmarshal(bytes.TrimPrefix(in.Data, []byte("\ufeff")), m, "model.json"); err != nil {
		return nil, err
	}
	if len(m.Topology) == 0 || m.Topology[0] != '{' {
		return nil, format.Errorf(format.ErrNotModel, -1, "model.json without a topology")
	}
	for i := range m.Manifest {
		if err := m.group(in, &m.Manifest[i], lim); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// group opens the shards of a group and places its weights in them.
func (m *Model) group(in format.Input, g *group, lim format.Limits) error {
	if len(g.Paths) > 4096 || len(g.Weights)+len(m.Weights) > lim.Tensors {
		return format.Errorf(format.ErrLimit, -1, "%d shards, %d weights", len(g.Paths), len(g.Weights))
	}
	shards := make([][]byte, len(g.Paths))
	missing := ""
	for i, p := range g.Paths {
		data, err := in.Companion(p)
		m.Parts = append(m.Parts, graph.Part{Name: p, Found: err == nil, Bytes: int64(len(data))})
		if err != nil && missing == "" {
			missing = fmt.Sprintf("shard %.200q not found", p)
			m.Notes = append(m.Notes, graph.Note{Loses: true, Text: missing + ": values of weights are missing"})
		}
		shards[i] = data
	}
	at := int64(0)
	for i := range g.Weights {
		t, size, err := g.Weights[i].tensor(lim)
		if err != nil {
			return err
		}
		switch {
		case missing != "":
			t.Const.Missing = missing
		case size < 0:
			// The size of a list of strings follows from its values alone: what comes
			// behind it cannot be placed.
			missing = "behind a list of strings"
			t.Const.Missing = missing
		default:
			place(t.Const, shards, at, size)
			at += size
		}
		m.Weights = append(m.Weights, t)
	}
	return nil
}

// tensor returns the weight without its value, and how many bytes that takes, -1
// where the list does not tell.
func (s *spec) tensor(lim format.Limits) (graph.Tensor, int64, error) {
	t := graph.Tensor{Name: s.Name, DType: dtypes[s.DType]}
	if len(s.Name) > lim.TextBytes || len(s.Shape) > 64 {
		return t, 0, format.Errorf(format.ErrLimit, -1, "weight of rank %d, name of %d bytes", len(s.Shape), len(s.Name))
	}
	for _, d := range s.Shape {
		if d < 0 {
			return t, 0, format.Errorf(format.ErrMalformed, -1, "weight %.40q of shape %v", s.Name, s.Shape)
		}
	}
	t.Shape = graph.ShapeOf(s.Shape...)
	if q := s.Quantization; q != nil {
		if dt, ok := dtypes[q.DType]; ok {
			t.DType = dt
		}
		if q.Scale != 0 && (t.DType == graph.Uint8 || t.DType == graph.Uint16) {
			// real = scale * q + min
			t.Quant = &graph.Quant{Scales: []float32{float32(q.Scale)}, ZeroPoints: []int64{zeroPoint(q.Min, q.Scale)}}
		}
	}
	n, known := t.Shape.Elements()
	size, sized := t.DType.ByteCount(n)
	if !known || !sized || t.DType == graph.String {
		size = -1
	}
	t.Const = &graph.Const{StoredBytes: size}
	return t, size, nil
}

// zeroPoint is the integer that stands for 0, as near as there is one.
func zeroPoint(least, scale float64) int64 {
	z := -least / scale
	if z != z || z > 1<<31 || z < -1<<31 {
		return 0
	}
	if z < 0 {
		return int64(z - .5)
	}
	return int64(z + .5)
}

// place finds size bytes at a position of the shards behind each other: a view
// where they lie in one shard.
func place(c *graph.Const, shards [][]byte, at, size int64) {
	var pieces [][]byte
	left := size
	for _, s := range shards {
		n := int64(len(s))
		if at >= n {
			at -= n
			continue
		}
		piece := s[at:min(n, at+left)]
		pieces = append(pieces, piece)
		at, left = 0, left-int64(len(piece))
		if left == 0 {
			break
		}
	}
	switch {
	case size == 0:
		c.Data = []byte{}
	case left > 0:
		c.Missing = "the shards end before it"
	case len(pieces) == 1:
		c.Data = pieces[0][:size:size]
	default:
		c.Decode = func() ([]byte, error) { return bytes.Join(pieces, nil), nil }
	}
}
