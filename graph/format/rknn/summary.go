package rknn

import (
	"strings"

	"github.com/gaugenn/gaugenn/graph"
	"github.com/gaugenn/gaugenn/graph/format"
)

// summary is the JSON at the end of a file, as far as it is read.
type summary struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Platform string   `json:"ori_network_platform"`
	Network  string   `json:"network_platform"`
	Target   []string `json:"target_platform"`
	Nodes    []struct {
		Op   string `json:"op"`
		Name string `json:"name"`
		LID  string `json:"lid"`
	} `json:"nodes"`
	Tensors []struct {
		Size []int64 `json:"size"`
		URL  string  `json:"url"`
		ID   int     `json:"tensor_id"`
	} `json:"norm_tensor"`
	Graph []struct {
		Left  string `json:"left"`
		Right string `json:"right"`
		ID    int    `json:"right_tensor_id"`
	} `json:"graph"`
}

// describe takes over what the summary says of the file.
func (s *summary) describe(m *graph.Model, lim format.Limits) {
	m.FormatVersion, _, _ = strings.Cut(s.Version, "-")
	if s.Name != "rknn model" && len(s.Name) <= lim.TextBytes {
		m.Name = s.Name
	}
	from := s.Platform
	if from == "" {
		from = s.Network
	}
	addMeta(m, "converted_from", from)
	addMeta(m, "target", strings.Join(s.Target, " "))
}

// graph lists the operators with the inputs and outputs of the whole network: all
// that the summary of a compiled graph holds.
func (s *summary) graph(m *graph.Model, lim format.Limits) {
	g := &graph.Graph{}
	byID := map[int]graph.TensorID{}
	for _, t := range s.Tensors[:min(len(s.Tensors), lim.Tensors)] {
		if len(t.Size) > 64 {
			continue
		}
		byID[t.ID] = graph.TensorID(len(g.Tensors))
		g.Tensors = append(g.Tensors, graph.Tensor{Name: t.URL, Shape: graph.ShapeOf(t.Size...)})
	}
	for _, c := range s.Graph {
		id, ok := byID[c.ID]
		switch {
		case !ok || c.Right != "norm_tensor":
		case c.Left == "input":
			g.Inputs = append(g.Inputs, id)
		case c.Left == "output":
			g.Outputs = append(g.Outputs, id)
		}
	}
	for _, n := range s.Nodes[:min(len(s.Nodes), lim.Nodes)] {
		node := graph.Node{Name: n.Name, SourceOp: strings.TrimPrefix(strings.TrimPrefix(n.Op, "RKNN_OP_"), "VSI_NN_OP_")}
		if node.Name == "" {
			node.Name = n.LID
		}
		g.Nodes = append(g.Nodes, node)
	}
	m.Graphs = append(m.Graphs, g)
}
