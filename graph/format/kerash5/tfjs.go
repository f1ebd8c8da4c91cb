package kerash5

import (
	"encoding/json"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/tfjs"
)

// parseWeb reads the layers model of TensorFlow.js: a configuration as Keras
// writes it, and weights called "layer/kernel" in shards.
func parseWeb(in format.Input, lim format.Limits) (*graph.Model, error) {
	js, err := tfjs.Read(in)
	if err != nil {
		return nil, err
	}
	var top struct {
		Version string          `json:"keras_version"`
		Config  json.RawMessage `json:"model_config"`
		Class   string          `json:"class_name"`
	}
	if err := json.Unmarshal(js.Topology, &top); err != nil {
		return nil, format.Errorf(format.ErrMalformed, -1, "modelTopology: %v", err)
	}
	config := top.Config
	if len(config) == 0 && top.Class != "" { // written by tfjs itself
		config = js.Topology
	}
	if len(config) == 0 {
		return nil, format.Errorf(format.ErrNotModel, -1, "modelTopology without a configuration")
	}
	w := &weights{lim: lim, byLayer: map[string][]weight{}}
	for _, t := range js.Weights {
		path := strings.Split(t.Name, "/")
		if len(w.byLayer[path[0]]) == 0 {
			w.order = append(w.order, path[0])
		}
		w.byLayer[path[0]] = append(w.byLayer[path[0]], weight{path: path, tensor: t})
	}
	m, err := assemble(string(config), top.Version, w, nil, lim)
	if err != nil {
		return nil, err
	}
	m.Producer, m.Parts, m.Notes = clip(js.GeneratedBy), js.Parts, append(js.Notes, m.Notes...)
	m.Metadata = append(m.Metadata, graph.KeyValue{Key: "container", Value: "tfjs"})
	return m, nil
}
