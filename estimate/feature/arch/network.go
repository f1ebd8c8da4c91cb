package arch

import (
	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/graph/op"
)

// Network returns the network of an architecture string as a latency model
// sees it: its graph, shaped and costed as any other.
func Network(s string, rule Rule) (*feature.Network, error) {
	m, err := Graph(s, rule)
	if err != nil {
		return nil, err
	}
	shaped, _ := op.Infer(m)
	return feature.Of(s, shaped.Graphs[0], op.Costs(shaped)[0], feature.FusePointwise), nil
}
