package tensorflow

import (
	"encoding/json"
	"errors"
	"sort"
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
	"github.com/gaugenn/gaugenn/graph/format/internal/protowire"
	"github.com/gaugenn/gaugenn/graph/format/internal/textproto"
	"github.com/gaugenn/gaugenn/graph/format/internal/textwire"
	"github.com/gaugenn/gaugenn/graph/format/internal/tfjs"
)

// webModel reads the graph model of TensorFlow.js: a GraphDef as JSON, whose
// constants have their values in shards.
func (p *parser) webModel() error {
	js, err := tfjs.Read(p.in)
	if err != nil {
		return err
	}
	data, err := textwire.FromJSON(js.Topology, schema, "GraphDef", textproto.Limits{Fields: 1 << 24})
	switch {
	case errors.Is(err, textwire.ErrLimit):
		return format.Errorf(format.ErrLimit, -1, "modelTopology: %v", err)
	case err != nil:
		return format.Errorf(format.ErrMalformed, -1, "modelTopology: %v", err)
	case !isWebGraph(data):
		return format.Errorf(format.ErrNotModel, -1, "modelTopology has no nodes")
	}
	p.meta("container", "tfjs")
	p.model.Producer = p.text([]byte(js.ConvertedBy))
	p.meta("generated_by", js.GeneratedBy)
	p.model.Parts, p.model.Notes = js.Parts, js.Notes
	p.weights = make(map[string]*graph.Tensor, len(js.Weights))
	for i := range js.Weights {
		p.weights[js.Weights[i].Name] = &js.Weights[i]
	}
	return p.graph(protowire.NewMessage(data), p.webSignature(js.Sign()))
}

// isWebGraph reports whether a converted topology has a node.
func isWebGraph(data []byte) bool {
	m := protowire.NewMessage(data)
	var f protowire.Field
	for m.Next(&f) {
		if f.Is(graphNode, protowire.Bytes) {
			return true
		}
	}
	return false
}

// webSignature reads the signature beside the topology, in order of names, and
// the shapes that it states of the inputs.
func (p *parser) webSignature(raw json.RawMessage) []signature {
	type infos map[string]struct {
		Name  string `json:"name"`
		Shape *struct {
			Dim []struct {
				Size json.Number `json:"size"`
			} `json:"dim"`
		} `json:"tensorShape"`
	}
	var s struct{ Inputs, Outputs infos }
	if len(raw) == 0 || json.Unmarshal(raw, &s) != nil {
		return nil
	}
	p.stated = map[string]graph.Shape{}
	names := func(m infos, inputs bool) []string {
		var out []string
		for k, v := range m {
			if v.Name == "" {
				v.Name = k
			}
			out = append(out, v.Name)
			if !inputs || v.Shape == nil || len(v.Shape.Dim) > 64 {
				continue
			}
			var dims []int64
			for _, d := range v.Shape.Dim {
				n, err := d.Size.Int64()
				if err != nil {
					n = -1
				}
				dims = append(dims, n)
			}
			node, _, _ := strings.Cut(v.Name, ":")
			p.stated[node] = graph.ShapeOf(dims...)
		}
		sort.Strings(out)
		return out[:min(len(out), 10000)]
	}
	return []signature{{name: "serving_default", inputs: names(s.Inputs, true), outputs: names(s.Outputs, false)}}
}
