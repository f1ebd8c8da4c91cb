package simulate

import (
	"sync"

	"github.com/gaugenn/gaugenn/estimate/feature"
	"github.com/gaugenn/gaugenn/graph"
)

// Work is a shaped graph with what every machine needs of it worked out once: its kernels by fusion rule and its arena. It is safe for
// concurrent use.
type Work struct {
	g     *graph.Graph
	costs []graph.Cost

	mu    sync.Mutex
	nets  map[feature.Fusion]*feature.Network
	arena *Arena
}

// NewWork returns the work of a shaped graph with its costs, one per node. Nothing is worked out before it is asked for.
func NewWork(g *graph.Graph, costs []graph.Cost) *Work {
	return &Work{g: g, costs: costs, nets: map[feature.Fusion]*feature.Network{}}
}

func (w *Work) network(f feature.Fusion) *feature.Network {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.nets[f]
	if n == nil {
		n = feature.Of(w.g.Name, w.g, w.costs, f)
		w.nets[f] = n
	}
	return n
}

func (w *Work) plan() Arena {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.arena == nil {
		a := PlanArena(w.g)
		w.arena = &a
	}
	return *w.arena
}

// RunWork is Run for a graph whose kernels and arena are kept from machine to machine; the results are the same.
func (m *Machine) RunWork(w *Work) (Result, error) {
	net := w.network(m.rules.fusion)
	res, err := m.RunNetwork(net)
	if err != nil {
		return Result{}, err
	}
	res.Memory = memoryOf(w.plan(), net, m.rules)
	return res, nil
}
